from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.property_calendar_day import DEFAULT_REGION
from ..tools import local_time
from ..tools.working_days import ListError, parse_list


class PropertyCalendarYear(models.TransientModel):
    """The State Council's list of a year, typed or pasted by the administrator."""

    _name = 'property.calendar.year'
    _description = 'Working Days of a Year'

    region = fields.Char(required=True, default=DEFAULT_REGION)
    year = fields.Integer(required=True, default=lambda self: local_time.today().year + 1)
    days = fields.Text(
        string="Holidays and Worked Weekends", compute='_compute_days', store=True, readonly=False,
        help="A day or a run of days on each line, then 休 (holiday) or 班 (worked), then the occasion: "
             "2026-02-15..2026-02-23 休 春节")

    @api.depends('region', 'year')
    def _compute_days(self):
        for wizard in self:
            wizard.days = ''
            if not 2000 <= wizard.year <= 2100:
                continue
            days = self.env['property.calendar.day'].search([
                ('region', '=', wizard.region), ('date', '>=', f'{wizard.year}-01-01'), ('date', '<=', f'{wizard.year}-12-31'),
                '|', ('is_exception', '=', True), ('name', '!=', False)])
            wizard.days = '\n'.join(f"{day.date} {'班' if day.working else '休'} {day.name or ''}".strip() for day in days)

    def action_apply(self):
        self.ensure_one()
        if not 2000 <= self.year <= 2100:
            raise UserError(self.env._("“%s” is no year of a calendar.", self.year))
        try:
            days = parse_list(self.days or '')
        except ListError as error:
            raise UserError(self.env._(
                "Line %(number)s cannot be read: “%(line)s”. Write 2026-02-15..2026-02-23 休 春节, and 班 for a worked weekend.",
                number=error.number, line=error.line)) from error
        if other := [day for day in days if day.year != self.year]:
            raise UserError(self.env._("%(date)s is not in %(year)s.", date=other[0], year=str(self.year)))
        Day = self.env['property.calendar.day'].sudo()
        Day._generate(self.year, self.year, self.region)
        Day._apply_list(self.days or '', self.region, replace_year=self.year)
        return {'type': 'ir.actions.act_window_close'}
