from collections import defaultdict
from datetime import datetime, time, timedelta

import pytz
from markupsafe import Markup

from odoo import models
from odoo.addons.property_base.tools.local_time import start_of_day
from odoo.tools import SQL, file_open, format_date, formatLang
from odoo.tools.misc import format_datetime

from ..tools import inventory_figures as figures
from ..tools.inventory_writer import write_report
from ..tools.paper import Paper, lines
from ..tools.server_rows import server_rows

# From this hour on the office's day is over, and its close is made.
EVENING = time(18)
# How many units a printed row of movements names; the .xlsx has them all.
NAMED_UNITS = 12
STYLE = 'property_customer_service/static/src/inventory_report/inventory_report.css'
#: The finest rows of a report, the coarsest first.
LEVELS = ('project', 'building', 'layout')


class PropertyProject(models.Model):
    """The daily report of sales control (销控日报), for any day and any number of projects.

    A closed day is read from its frozen figures; any other is counted from the movements by their dates, with the units
    as they stand now, and is provisional.
    """

    _inherit = 'property.project'

    def _evening(self):
        """:return: the newest day of the project that is over, or as good as over"""
        self.ensure_one()
        now = datetime.now(pytz.timezone(self.tz))
        return now.date() if now.time() >= EVENING else now.date() - timedelta(days=1)

    def _inventory_scope(self, day):
        """:return: the project's id, the first moment of the day in its time zone, and the first of the next (UTC)"""
        self.ensure_one()
        return self.id, start_of_day(day, self.tz), start_of_day(day + timedelta(days=1), self.tz)

    # ------------------------------------------------------------------ the figures

    def _inventory_report(self, day, draft=None):
        """The report of a day, in four statements however many projects, units and movements there are.

        :param date day: in each project's own time zone
        :param draft: a close that is to be made: what its reconciliation would find is in the report
        :return: list of dict, one for each project: project, day, close (none: provisional), buildings (dicts of name, total
            and layouts), total, movements, reconciled, differences (sentences); and the total of all. Totals and layouts are
            dicts of :data:`~..tools.inventory_figures.FIGURES`, rate (None of nothing) and layout_name
        :raise AccessError: where the user may not see a project
        """
        self.check_access('read')
        self.env['property.inventory.close'].check_access('read')
        self.env.flush_all()
        closes = self._inventory_closes(day)
        rows, movements = defaultdict(list), self._inventory_movements(day, closes)
        for row in self._inventory_figures(day, closes):
            rows[row['project_id']].append({**row, 'rate': row['sold'] / row['total'] if row['total'] else None})
        nothing = {**dict.fromkeys(figures.FIGURES, 0), 'rate': None}
        reports = []
        for project, (close, _follows) in closes.items():
            its = rows[project.id]
            checked = close or draft and draft.project_id == project and draft
            reports.append({
                'project': project, 'day': day, 'close': close,
                'buildings': [{
                    'name': building['building_name'], 'total': building,
                    'layouts': [row for row in its if row['level'] == 'layout' and row['building_id'] == building['building_id']],
                } for building in its if building['level'] == 'building'],
                'total': next((row for row in its if row['level'] == 'project'), nothing),
                'movements': movements[project.id],
                'reconciled': bool(checked), 'differences': checked._difference_sentences() if checked else [],
            })
        return reports, next(iter(rows[None]), nothing)

    def _inventory_closes(self, day):
        """:return: dict of project → (its close of that day, if it is closed; whether one comes before it, or, of a day that is
            not closed, the day before)"""
        found = {
            project_id: (close_id, first < day if close_id else last == day - timedelta(days=1))
            for project_id, close_id, first, last in self.env.execute_query(SQL(
                """SELECT project_id, max(id) FILTER (WHERE date = %s), min(date), max(date)
                FROM property_inventory_close WHERE project_id IN %s AND state = 'closed' GROUP BY project_id""",
                day, tuple(self.ids) or (0,)))}
        Close = self.env['property.inventory.close'].sudo()
        return {
            project: (Close.browse(close_id), follows)
            for project in self for close_id, follows in [found.get(project.id, (None, False))]}

    def _inventory_moved(self, day, closes):
        """:return: SQL, the condition that the day's movements ``m`` of the projects meet"""
        return SQL("(%s)", SQL(" OR ").join(
            figures.moved(project.id, day, close.id, follows) for project, (close, follows) in closes.items()) or SQL("FALSE"))

    def _inventory_figures(self, day, closes):
        """:return: list of dict: the figures of each layout, building and project, and of all (see ``level``), with names"""
        closed = {project: its for project, its in closes.items() if its[0]}
        provisional = {project: its for project, its in closes.items() if not its[0]}
        columns = figures.columns((
            'position', 'project_id', 'building_id', 'layout_id', 'building_name', 'layout_name', *figures.FIGURES))
        parts = []
        if closed:
            parts.append(SQL(
                "SELECT %s FROM (SELECT id AS position, * FROM property_inventory_close_line WHERE close_id IN %s) f",
                columns, tuple(close.id for close, _follows in closed.values())))
        if provisional:
            counted = figures.figures(
                figures.live_units([project._inventory_scope(day) for project in provisional], day),
                self._inventory_moved(day, provisional))
            parts.append(SQL("SELECT %s FROM (%s) f", columns, figures.named(counted)))
        return self.env.execute_query_dict(SQL(
            """
            SELECT project_id, building_id, building_name, layout_name, %(sums)s,
                CASE GROUPING(project_id, building_id, layout_id)
                    WHEN 0 THEN 'layout' WHEN 1 THEN 'building' WHEN 3 THEN 'project' ELSE 'all' END AS level
            FROM (%(rows)s) f
            GROUP BY GROUPING SETS (
                (project_id, building_id, building_name, layout_id, layout_name), (project_id, building_id, building_name),
                (project_id), ())
            ORDER BY min(position)
            """,
            rows=SQL(" UNION ALL ").join(parts), sums=SQL(", ").join(
                SQL("COALESCE(sum(%s), 0) AS %s", SQL.identifier(name), SQL.identifier(name)) for name in figures.FIGURES)))

    def _inventory_movements(self, day, closes):
        """:return: dict of project id → list of dict: the day's movements, those of one document and way together"""
        result = defaultdict(list)
        for row in self.env.execute_query_dict(SQL(
            """
            SELECT m.project_id, m.document_name, m.state_from, m.state_to, m.reason, %(by)s AS user_name, m.date,
                min(m.create_date) AS moment, count(*) AS units, (array_agg(%(name)s ORDER BY m.unit_id))[:%(limit)s] AS names
            FROM property_unit_movement m JOIN property_unit u ON u.id = m.unit_id
            JOIN res_users s ON s.id = m.user_id JOIN res_partner p ON p.id = s.partner_id
            WHERE %(moved)s
            GROUP BY m.project_id, m.document_model, m.document_id, m.document_name, m.state_from, m.state_to, m.reason, m.date,
                m.user_id, p.id
            ORDER BY min(m.id)
            """, by=self.env['property.unit.movement']._by_sql(), name=self._inventory_unit_name(day), limit=NAMED_UNITS,
            moved=self._inventory_moved(day, closes))):
            result[row['project_id']].append(row)
        return result

    def _inventory_unit_name(self, day):
        """:return: SQL, the name of the unit ``u`` of a movement ``m``, on a closed day as its close knew it"""
        return SQL(
            """CASE WHEN m.close_id IS NULL THEN u.full_name ELSE COALESCE((
                SELECT k.unit_name FROM property_inventory_close_unit k
                WHERE k.project_id = m.project_id AND k.unit_id = m.unit_id AND k.date <= %s ORDER BY k.date DESC LIMIT 1
            ), u.full_name) END""", day)

    # ------------------------------------------------------------------ on paper and in a sheet

    def _inventory_papers(self, day, level='layout', draft=None):
        """:return: list of Markup, one for each sheet: that of all projects, where there are several, and one for each"""
        values = self._inventory_report_values(day, level, draft)
        with file_open(STYLE) as style:
            values['style'] = Markup(style.read())
        sheets = [None] * bool(values['summary']) + (values['reports'] if level != 'project' else [])
        return [
            self.env['ir.qweb']._render('property_customer_service.inventory_report_paper', {
                **values, 'report': report, **(self._inventory_pages(report, level) if report else {})})
            for report in sheets]

    def _inventory_pages(self, report, level):
        """:return: dict of the parts of a report, each a list of (whether a page break comes before, rows)"""
        paper = Paper(first=33, rest=36)
        # The layouts of a building stay together, where a page has room for them.
        buildings = paper.part(
            report['buildings'], lambda building: 1 + (len(building['layouts']) if level == 'layout' else 0), head=1)
        if buildings:
            paper.room -= 1
        return {
            'building_parts': buildings or [(False, [])],
            'difference_parts': paper.part(report['differences'], lambda sentence: 0.75 * lines(sentence, 190), head=1.5),
            'movement_parts': paper.part(report['movements'], lambda movement: 0.35 + 0.75 * max(
                lines(', '.join(movement['names']), 150), lines(movement['reason'] or '', 24), lines(movement['user_name'], 16)), head=3),
            'sign_break': paper.place(4),
        }

    def _inventory_screen(self, day, level='layout', draft=None):
        """:return: Markup, the report as it stands on a form; and the number of differences in it"""
        values = self._inventory_report_values(day, level, draft)
        return self.env['ir.qweb']._render('property_customer_service.inventory_report_screen', values), sum(
            len(report['differences']) for report in values['reports'])

    def _inventory_report_values(self, day, level, draft):
        """What the templates of the report show.

        :param str level: one of :data:`LEVELS`
        :param draft: see :meth:`_inventory_report`
        """
        env = self.env
        reports, total = self._inventory_report(day, draft)
        return {
            'reports': reports, 'level': level, 'total': total, 'states': list(self._inventory_state_labels().items()),
            'summary': reports if len(reports) > 1 or level == 'project' else [],
            'one_currency': len(self.currency_id) <= 1,
            'number': lambda value: formatLang(env, value, digits=0),
            'decimal': lambda value: formatLang(env, value, digits=2),
            'percent': lambda rate: '—' if rate is None else f'{formatLang(env, 100 * rate, digits=2)}%',
            'long_day': lambda value: format_date(env, value, date_format='long'),
            'moment': lambda value, project: format_datetime(env, value, tz=project.tz, dt_format='short'),
        }

    def _inventory_state_labels(self):
        labels = dict(self.env['property.unit']._fields['state']._description_selection(self.env))
        return {state: labels[state] for state in figures.STATES}

    def _inventory_filename(self, day):
        """:return: name of the file without its ending"""
        return '_'.join((self.env._("Daily report"), *self[:3].mapped('name'), str(day)))

    def _action_export_inventory(self, day, level='layout'):
        ids = ','.join(map(str, self.ids))
        return {
            'type': 'ir.actions.act_url', 'target': 'download',
            'url': f'/property/inventory_report/xlsx?projects={ids}&day={day}&level={level}'}

    def _write_inventory_xlsx(self, stream, day, level='layout'):
        """Write the report, every movement of the day and the differences as .xlsx, straight from the database.

        :param stream: a binary file
        """
        reports, total = self._inventory_report(day)
        query = SQL(
            """
            SELECT m.project_id, m.date, m.create_date, COALESCE(l.building_name, b.name), %(name)s,
                CASE WHEN l.id IS NULL THEN NULLIF(concat_ws(' ', y.name, y.rooms), '') ELSE l.layout_name END,
                m.state_from, m.state_to, m.document_name, m.reason, %(by)s, m.gross_area, m.list_price
            FROM property_unit_movement m JOIN property_unit u ON u.id = m.unit_id
            JOIN property_building b ON b.id = m.building_id LEFT JOIN property_layout y ON y.id = m.layout_id
            LEFT JOIN property_inventory_close_line l
                ON l.close_id = m.close_id AND l.building_id = m.building_id AND COALESCE(l.layout_id, 0) = COALESCE(m.layout_id, 0)
            JOIN res_users s ON s.id = m.user_id JOIN res_partner p ON p.id = s.partner_id
            WHERE %(moved)s ORDER BY m.project_id, m.id
            """, by=self.env['property.unit.movement']._by_sql(), name=self._inventory_unit_name(day),
            moved=self._inventory_moved(day, self._inventory_closes(day)))
        with server_rows(self.env.cr, query, 'inventory_movements') as rows:
            write_report(stream, self._inventory_sheet(reports, total, day, level), self._inventory_sheet_movements(rows))

    def _inventory_sheet(self, reports, total, day, level):
        """:return: dict of what :func:`~..tools.inventory_writer.write_report` writes, in the user's language"""
        env = self.env
        return {
            'title': env._("Sales Control Daily Report"),
            'day': format_date(env, day, date_format='long'),
            'blocks': [self._inventory_sheet_block(report, level) for report in reports],
            'total': total if len(reports) > 1 else None,
            'with_amount': len(self.currency_id) <= 1,
            'states': self._inventory_state_labels(),
            'sheets': (env._("Daily report"), env._("Movements"), env._("Differences")),
            'captions': {
                'building': env._("Building"), 'layout': env._("Layout"), 'total': env._("Units in all"),
                'count': env._("Count"), 'in': '+', 'out': '−',
                'expiring': env._("Hold ends that day"), 'sealed': env._("Sealed"), 'sold': env._("Sold"),
                'rate': env._("Sell-through rate"), 'sold_area': env._("Area sold (㎡)"), 'sold_amount': env._("Sold at list price"),
                'all': env._("All projects"), 'project_total': env._("Grand total"),
            },
            'movement_captions': (
                env._("Project"), env._("Day"), env._("Time"), env._("Building"), env._("Unit"), env._("Layout"), env._("From"),
                env._("To"), env._("Document"), env._("Reason"), env._("By"), env._("Gross Area (㎡)"), env._("List Price")),
            'difference_captions': (env._("Project"), env._("Difference")),
        }

    def _inventory_sheet_block(self, report, level):
        """:return: dict of name, status, rows (building, layout, figures), total, differences and reason of one project"""
        close, rows = report['close'], []
        for building in report['buildings'] if level != 'project' else ():
            name = building['name']
            if level == 'layout':
                rows += [(name, layout['layout_name'] or '—', layout) for layout in building['layouts']]
                name = self.env._("%s in all", name)
            rows.append((name, '', building['total']))
        return {
            'name': report['project'].name,
            'status': self.env._(
                "Closed by %(user)s, %(moment)s", user=close.closed_by_id.name,
                moment=format_datetime(self.env, close.closed_at, tz=report['project'].tz),
            ) if close else self.env._("Provisional: the day is not closed"),
            'rows': rows, 'total': report['total'], 'differences': report['differences'],
            'reason': self.env._("Reason: %s", close.reason) if close.reason else None,
        }

    def _inventory_sheet_movements(self, rows):
        """:return: iterator of the rows of the sheet of movements, in the user's language and the projects' time"""
        labels = self._inventory_state_labels()
        projects = {project.id: (project.name, pytz.timezone(project.tz)) for project in self}
        for project_id, day, moment, building, unit, layout, state_from, state_to, *rest in rows:
            name, zone = projects[project_id]
            local = pytz.utc.localize(moment).astimezone(zone).replace(tzinfo=None, microsecond=0)
            yield (name, day, local, building, unit, layout, labels[state_from], labels[state_to], *rest)
