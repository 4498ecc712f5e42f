from datetime import date as Date
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..tools.working_days import parse_list

DEFAULT_REGION = 'CN'


class PropertyCalendarDay(models.Model):
    """Every day of the covered years, worked or not, with the running number of working days.

    A deadline is then a look-up: the working day whose number is so much higher. A weekend day that is worked
    (调休) is simply a working day. The days of a region are without gaps.
    """

    _name = 'property.calendar.day'
    _description = 'Calendar Day'
    _order = 'region, date'
    _rec_name = 'date'

    region = fields.Char(required=True, default=DEFAULT_REGION, readonly=True)
    date = fields.Date(required=True, readonly=True)
    working = fields.Boolean(string="Worked")
    number = fields.Integer(required=True, readonly=True, string="Running Number", aggregator=None)
    name = fields.Char(string="Occasion", help="The holiday, or why a weekend is worked.")
    is_exception = fields.Boolean(compute='_compute_is_exception', store=True, string="Exception")

    _region_date_uniq = models.UniqueIndex('(region, date)', "This day is in the calendar already.")
    # A working day has a number of its own; the days off after it repeat that number.
    _region_number_uniq = models.Index('(region, number) WHERE working')

    @api.depends('date', 'working')
    def _compute_is_exception(self):
        for day in self:
            day.is_exception = bool(day.date) and day.working != (day.date.weekday() < 5)

    @api.constrains('region', 'date')
    def _check_whole_years(self):
        """Days are made by :meth:`_generate`, which comes by no constraint."""
        raise UserError(self.env._("Days come a year at a time: use “Working Days of a Year”."))

    def write(self, vals):
        if not vals.keys() <= {'working', 'name'}:
            raise UserError(self.env._("Of a day only its occasion and whether it is worked can change."))
        result = super().write(vals)
        if 'working' in vals:
            for days in self.grouped('region').values():
                self._renumber(days[0].region, min(days.mapped('date')))
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("The calendar has no gaps: mark the day as worked or not instead."))

    # ------------------------------------------------------------------ counting

    @api.model
    def _add_working_days(self, date, days, region=DEFAULT_REGION):
        """The working day that is ``days`` after ``date``, which itself is not counted.

        0 is the day itself, or the next working day where it is none; -1 is the working day before.

        :return: date
        :raise UserError: outside of the covered years
        """
        # Between statements there may be days that the ORM has not written yet.
        self.flush_model(['region', 'date', 'working', 'number'])
        [[result]] = self.env.execute_query(SQL(
            "SELECT %s", self._sql_add_working_days(SQL("%s::date", date), SQL("%s::int", days), SQL("%s", region))))
        if result is None:
            self._raise_uncovered(region, date)
        return result

    @api.model
    def _working_days_between(self, start, end, region=DEFAULT_REGION):
        """How many working days there are after ``start`` up to and with ``end``; negative where ``end`` is earlier.

        :return: int
        :raise UserError: outside of the covered years
        """
        self.flush_model(['region', 'date', 'working', 'number'])
        numbers = dict(self.env.execute_query(SQL(
            "SELECT date, number FROM property_calendar_day WHERE region = %s AND date IN (%s, %s)", region, start, end)))
        for day in (start, end):
            if day not in numbers:
                self._raise_uncovered(region, day)
        return numbers[end] - numbers[start]

    @api.model
    def _sql_add_working_days(self, date, days, region):
        """The same as :meth:`_add_working_days` for a statement over many rows.

        :param SQL date: expression of a date
        :param SQL days: expression of an integer
        :param SQL region: expression of a region's code
        :return: SQL expression of a date; NULL outside of the covered years
        """
        return SQL(
            """(SELECT due.date FROM property_calendar_day AS start JOIN property_calendar_day AS due
                ON due.region = start.region AND due.working
                AND due.number = start.number + %(days)s + (NOT start.working AND %(days)s <= 0)::int
            WHERE start.region = %(region)s AND start.date = %(date)s)""", date=date, days=days, region=region)

    def _raise_uncovered(self, region, date):
        [[first, last]] = self.env.execute_query(SQL("SELECT min(date), max(date) FROM property_calendar_day WHERE region = %s", region))
        if not first:
            raise UserError(self.env._("There is no calendar of working days for the region “%s”.", region))
        raise UserError(self.env._(
            "The working days counted from %(date)s leave the calendar of “%(region)s”, which goes from %(first)s to %(last)s: "
            "add the missing year under Configuration › Working Days of a Year.", date=date, region=region, first=first, last=last))

    # ------------------------------------------------------------------ keeping

    @api.model
    def _generate(self, first_year, last_year, region=DEFAULT_REGION):
        """Make the days of these years, weekends off; days that are there stay as they are.

        :raise UserError: where a gap to the present days would come about
        """
        self.env.flush_all()
        [[first, last]] = self.env.execute_query(SQL("SELECT min(date), max(date) FROM property_calendar_day WHERE region = %s", region))
        start, end = Date(first_year, 1, 1), Date(last_year, 12, 31)
        if first and (start > last + timedelta(days=1) or end < first - timedelta(days=1)):
            raise UserError(self.env._("The calendar would have a gap: it goes from %(first)s to %(last)s.", first=first, last=last))
        self.env.cr.execute(SQL(
            """INSERT INTO property_calendar_day (
                region, date, working, is_exception, number, create_uid, create_date, write_uid, write_date)
            SELECT %(region)s, day::date, EXTRACT(isodow FROM day) < 6, false, 0, %(uid)s, now(), %(uid)s, now()
            FROM generate_series(%(start)s::timestamp, %(end)s, '1 day') AS day
            ON CONFLICT (region, date) DO NOTHING""", region=region, start=start, end=end, uid=self.env.uid))
        self._renumber(region, start)

    @api.model
    def _apply_list(self, text, region=DEFAULT_REGION, replace_year=None):
        """Mark the days of a typed list, see :func:`parse_list`.

        :param int replace_year: the list is the whole of this year: its other days are by their weekday
        """
        days = parse_list(text)
        self.env.flush_all()
        if replace_year:
            self.env.cr.execute(SQL(
                """UPDATE property_calendar_day SET working = EXTRACT(isodow FROM date) < 6, is_exception = false, name = NULL
                WHERE region = %s AND date BETWEEN %s AND %s AND (is_exception OR name IS NOT NULL)""",
                region, Date(replace_year, 1, 1), Date(replace_year, 12, 31)))
        if days:
            dates = sorted(days)
            self.env.cr.execute(SQL(
                """UPDATE property_calendar_day AS day SET working = listed.working, name = NULLIF(listed.name, ''),
                    is_exception = listed.working != (EXTRACT(isodow FROM day.date) < 6),
                    write_uid = %s, write_date = now() AT TIME ZONE 'UTC'
                FROM unnest(%s::date[], %s::boolean[], %s::text[]) AS listed(date, working, name)
                WHERE day.region = %s AND day.date = listed.date""",
                self.env.uid, dates, [days[day][0] for day in dates], [days[day][1] for day in dates], region))
            if self.env.cr.rowcount != len(days):
                self._raise_uncovered(region, dates[-1])
        changed = [*days, Date(replace_year, 1, 1)] if replace_year else list(days)
        if changed:
            self._renumber(region, min(changed))

    @api.model
    def _load_lists(self, text, first_year, last_year, region=DEFAULT_REGION):
        """At every update: make the days that are missing, and mark the listed days of the years that nobody has listed yet."""
        self._generate(first_year, last_year, region)
        listed = {day.year for [day] in self.env.execute_query(SQL(
            "SELECT date FROM property_calendar_day WHERE region = %s AND (is_exception OR name IS NOT NULL)", region))}
        self._apply_list('\n'.join(
            f"{day} {'班' if working else '休'} {name}"
            for day, (working, name) in parse_list(text).items() if day.year not in listed), region)

    @api.model
    def _renumber(self, region, start):
        """Number the working days from ``start`` on again, and move the clocks that count them."""
        self.env.flush_all()
        self.env.cr.execute(SQL(
            """UPDATE property_calendar_day AS day SET number = numbered.number
            FROM (
                SELECT id, COALESCE((
                    SELECT number FROM property_calendar_day WHERE region = %(region)s AND date < %(start)s ORDER BY date DESC LIMIT 1
                ), 0) + sum(working::int) OVER (ORDER BY date) AS number
                FROM property_calendar_day WHERE region = %(region)s AND date >= %(start)s
            ) AS numbered WHERE numbered.id = day.id AND day.number != numbered.number""", region=region, start=start))
        self.env.invalidate_all()
        self.env['property.clock'].sudo()._recompute_due_of_working_days(region, start)
