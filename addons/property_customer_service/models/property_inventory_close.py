import logging
from datetime import datetime, time, timedelta

import psycopg2
import pytz

from odoo import api, fields, models
from odoo.addons.property_base.tools.qr_code import qr_code
from odoo.addons.property_base.tools.table_objects import Triggers
from odoo.exceptions import UserError
from odoo.tools import SQL, format_date

from ..tools import inventory_figures as figures
from ..tools.reconciliation import Source, differences
from .property_unit_request import OFFICERS

_logger = logging.getLogger(__name__)

# The report of a day is due by this hour of the next (domain.md §8).
DUE_AT = time(9, 30)
# Recorded by the close itself.
_KEPT_FIELDS = (
    'closed_at', 'closed_by_id', 'total', 'available', 'held', 'sold', 'sell_through', 'sold_area', 'sold_amount',
    'movement_count', 'difference_count')
_FACTS = ('name', 'project_id', 'company_id', 'currency_id', 'date', 'state', 'reason', 'note', *_KEPT_FIELDS)
_OLD, _NEW = (', '.join(f'{side}.{fact}' for fact in _FACTS) for side in ('OLD', 'NEW'))


class PropertyInventoryClose(models.Model):
    """The daily close of sales control (日清日毕): counts the day's movements, freezes its figures, reconciles the lists.

    A movement belongs to the one close that counted it, so that the report of a closed day never changes: what comes
    after the close, or could not be seen by it, belongs to the next one.
    """

    _name = 'property.inventory.close'
    _description = 'Daily Close'
    _inherit = ['property.workflow.mixin', 'property.clock.mixin']
    _order = 'date desc, id desc'
    _mail_post_access = 'read'
    _sequence_code = 'property.inventory.close'
    _transitions = {
        'draft': ('closed',),
        'closed': (),
    }

    project_id = fields.Many2one('property.project', required=True, index=True, ondelete='restrict')
    company_id = fields.Many2one(related='project_id.company_id', store=True, precompute=True, index=True)
    currency_id = fields.Many2one(related='company_id.currency_id', store=True, precompute=True)
    date = fields.Date("Day", required=True, help="The day in the project's time zone.")
    state = fields.Selection(
        [('draft', "To close"), ('closed', "Day closed")],
        required=True, readonly=True, copy=False, default='draft', tracking=True, index=True)
    user_id = fields.Many2one(
        'res.users', "Officer", compute='_compute_user_id', store=True, readonly=False, precompute=True,
        domain="[('share', '=', False)]", help="Who is reminded to close the day.")
    closed_at = fields.Datetime(readonly=True, copy=False)
    closed_by_id = fields.Many2one('res.users', readonly=True, copy=False, ondelete='restrict')
    reason = fields.Char(
        "Reason for the Differences", copy=False, tracking=True,
        help="Written by the department manager, who alone closes a day with differences.")
    note = fields.Text(copy=False)
    line_ids = fields.One2many('property.inventory.close.line', 'close_id', "Figures")
    difference_ids = fields.One2many('property.inventory.close.difference', 'close_id', "Differences")
    total = fields.Integer("Units in All", readonly=True, copy=False, aggregator=False)
    available = fields.Integer(readonly=True, copy=False, aggregator=False)
    held = fields.Integer(readonly=True, copy=False, aggregator=False)
    sold = fields.Integer(readonly=True, copy=False, aggregator=False)
    sell_through = fields.Float("Sell-through Rate", digits=(16, 4), readonly=True, copy=False, aggregator='avg')
    sold_area = fields.Float("Area Sold (㎡)", digits=(16, 2), readonly=True, copy=False, aggregator=False)
    sold_amount = fields.Monetary("Sold at List Price", readonly=True, copy=False, aggregator=False)
    movement_count = fields.Integer("Movements Counted", readonly=True, copy=False)
    difference_count = fields.Integer("Number of Differences", readonly=True, copy=False)
    found_count = fields.Integer("Differences Found Now", compute='_compute_report_html')
    report_html = fields.Html("Daily Report", compute='_compute_report_html', sanitize=False)

    _day_uniq = models.UniqueIndex('(project_id, date)', "There is a daily close of this project and day already.")
    _closed_by_somebody = models.Constraint(
        "CHECK (state != 'closed' OR closed_at IS NOT NULL AND closed_by_id IS NOT NULL)", "Say who closed the day, and when.")
    _differences_have_reason = models.Constraint(
        "CHECK (state != 'closed' OR difference_count = 0 OR COALESCE(trim(reason), '') != '')",
        "Write the reason for the differences first.")
    _frozen = Triggers(
        "BEFORE INSERT ON {table} FOR EACH ROW WHEN (NEW.state != 'draft') EXECUTE FUNCTION property_refuse('{name}')",
        "BEFORE DELETE ON {table} FOR EACH ROW WHEN (OLD.state = 'closed') EXECUTE FUNCTION property_refuse('{name}')",
        f"BEFORE UPDATE ON {{table}} FOR EACH ROW WHEN (OLD.state = 'closed' AND ({_OLD}) IS DISTINCT FROM ({_NEW}))"
        " EXECUTE FUNCTION property_refuse('{name}')",
        "BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION property_refuse('{name}')",
        message="A closed day is never changed or deleted: what comes later belongs to the next close.")

    @api.depends('project_id')
    def _compute_user_id(self):
        for close in self:
            close.user_id = self.env.user if not self.env.su and self._is_officer() else close._usual_officer()

    @api.depends('name', 'project_id.name', 'date')
    def _compute_display_name(self):
        for close in self:
            close.display_name = ' '.join(filter(None, (close.project_id.name, fields.Date.to_string(close.date))))

    @api.depends('project_id', 'date', 'state', 'reason')
    def _compute_report_html(self):
        for close in self:
            close.report_html, close.found_count = close.project_id._inventory_screen(
                close.date, draft=close._draft()) if close.project_id and close.date else (False, 0)

    @api.onchange('project_id')
    def _onchange_project_id(self):
        if self.project_id:
            self.date = self._next_day()

    @api.model_create_multi
    def create(self, vals_list):
        if any(vals.get('reason') for vals in vals_list):
            self._check_may_give_reason()
        closes = super().create([{**vals, **dict.fromkeys(_KEPT_FIELDS, False)} for vals in vals_list])
        for close in closes:
            close._check_day()
            close._start_clock('daily_close', close._clock_start(), close.user_id)
        return closes

    def write(self, vals):
        if 'reason' in vals:
            self._check_may_give_reason()
        if {'project_id', 'date'} & vals.keys():
            raise UserError(self.env._("A daily close stays with its project and day: delete it and make another."))
        if set(_KEPT_FIELDS) & vals.keys() and 'state' not in vals:
            raise UserError(self.env._("The figures of a day are recorded by its close, not by editing them."))
        result = super().write(vals)
        if 'user_id' in vals:
            for close in self:
                close._reassign_clock(close.user_id, 'daily_close')
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_closed(self):
        if self.filtered(lambda close: close.state == 'closed'):
            raise UserError(self.env._("A closed day is never changed or deleted: what comes later belongs to the next close."))

    # ------------------------------------------------------------------ actions

    def action_close(self):
        """Count the day's movements, freeze its figures and reconcile the lists, in one transaction.

        :raise UserError: one sentence, when the day cannot be closed; nothing is changed then
        """
        self.check_access('write')
        if not self._is_officer():
            raise UserError(self.env._("Only the sales-control officers close the day."))
        for close in self.sorted('date'):
            close._action_close()
        return True

    def action_view_movements(self):
        self.ensure_one()
        action = self.env['ir.actions.act_window']._for_xml_id('property_customer_service.property_unit_movement_action')
        action['domain'] = [('close_id', '=', self.id)]
        return action

    def action_export(self):
        self.ensure_one()
        return self.project_id._action_export_inventory(self.date)

    def action_recompute(self):
        """Count a closed day once more from the ledger, and say whether it still gives the frozen figures."""
        self.ensure_one()
        self.check_access('read')
        if self.state != 'closed':
            raise UserError(self.env._("%s is not closed yet: there is nothing to compare.", self.display_name))
        wrong = self._count_wrong_lines()
        return {
            'type': 'ir.actions.client',
            'tag': 'display_notification',
            'params': {
                'type': 'danger' if wrong else 'success',
                'message': self.env._("The ledger gives other figures in %s rows.", wrong) if wrong
                else self.env._("Counted again from the ledger: every figure is the same."),
            },
        }

    # ------------------------------------------------------------------ deadline and people

    def _clock_timezone(self):
        return self.project_id.tz

    def _clock_scope(self):
        return {'project_id': self.project_id}

    def _clock_start(self):
        """The moment from which the deadline's hours count: 24 of them end when the report is due."""
        due = pytz.timezone(self.project_id.tz).localize(datetime.combine(self.date + timedelta(days=1), DUE_AT))
        return due.astimezone(pytz.utc).replace(tzinfo=None) - timedelta(hours=24)

    @api.model
    def _is_officer(self):
        return self.env['property.unit.request']._is_officer()

    @api.model
    def _is_manager(self):
        return self.env.su or self.env.user.has_group('property_base.group_department_manager')

    def _check_may_give_reason(self):
        if not self._is_manager():
            raise UserError(self.env._("Only the department manager writes the reason for differences."))

    def _usual_officer(self):
        """:return: who closed the project's last day, if still an officer; else the first of the first post that has any"""
        self.ensure_one()
        posts = [self.env.ref(group).sudo().all_user_ids.filtered(
            lambda user: user.active and not user.share and self.company_id in user.company_ids and user.id > 1)
            for group in OFFICERS]
        last = self.sudo().search(
            [('project_id', '=', self.project_id.id), ('state', '=', 'closed')], order='date desc', limit=1).closed_by_id
        if any(last in users for users in posts):
            return last.sudo(False)
        return next((users.sorted('id')[0] for users in posts if users), self.env['res.users']).sudo(False)

    # ------------------------------------------------------------------ order of the days

    def _next_day(self):
        """:return: the first day of the project that has no close yet, today at the latest"""
        latest = self.sudo().search([('project_id', '=', self.project_id.id)], order='date desc', limit=1).date
        today = self.project_id._today()
        return min(latest + timedelta(days=1), today) if latest else today

    def _check_day(self):
        """:raise UserError: when the day cannot be closed, whatever is closed before it"""
        self.ensure_one()
        project, day = self.project_id, self.date
        if day > project._today():
            raise UserError(self.env._(
                "%(day)s has not come yet in %(project)s: close today, or a day before.", day=self._day(), project=project.name))
        [(first_close, first_movement)] = self.env.execute_query(SQL(
            """SELECT (SELECT min(date) FROM property_inventory_close WHERE project_id = %(project)s AND state = 'closed'),
                (SELECT min(date) FROM property_unit_movement WHERE project_id = %(project)s)""", project=project.id))
        if first_close and day < first_close:
            raise UserError(self.env._(
                "%(day)s cannot be closed any more: the first close of %(project)s was on %(first)s.",
                day=self._day(), project=project.name, first=self._day(first_close)))
        if not first_movement:
            raise UserError(self.env._("No unit of %s has moved yet: there is nothing to close.", project.name))
        if day < first_movement:
            raise UserError(self.env._(
                "No unit of %(project)s had moved by %(day)s: the first day to close is %(first)s.",
                day=self._day(), project=project.name, first=self._day(first_movement)))

    def _check_order(self):
        """:raise UserError: when a day before this one is not closed yet"""
        self._check_day()
        Close = self.sudo()
        last = Close.search([('project_id', '=', self.project_id.id), ('state', '=', 'closed')], order='date desc', limit=1)
        if last:
            missing = last.date + timedelta(days=1)
        else:
            missing = Close.search([('project_id', '=', self.project_id.id)], order='date', limit=1).date
        if missing < self.date:
            raise UserError(self.env._(
                "%(missing)s is not closed yet: the days of %(project)s are closed one after the other.",
                missing=self._day(missing), project=self.project_id.name))

    def _day(self, day=None):
        return format_date(self.env, day or self.date)

    # ------------------------------------------------------------------ the close

    def _action_close(self):
        self.ensure_one()
        # Whoever comes second waits here, and is told below after the retry.
        self.env.flush_all()
        self.env.cr.execute(SQL("SELECT id FROM property_inventory_close WHERE id = %s FOR UPDATE", self.id))
        if self.state != 'draft':
            raise UserError(self.env._(
                "%(close)s was closed by %(user)s already.", close=self.display_name, user=self.closed_by_id.sudo().name))
        self._check_order()
        count = self._check_differences()
        movement_count = self._count_movements()
        self._write_units()
        self._write_lines()
        self._write_differences()
        self._transition(
            'closed', closed_at=fields.Datetime.now(), closed_by_id=self.env.uid, movement_count=movement_count,
            difference_count=count, **self._sum_lines())
        self._stop_clock('daily_close')

    def _check_differences(self):
        """:return: how many units the lists disagree on; refuses where nobody has answered for them"""
        found = self._find_differences()
        if found and not self._is_manager():
            raise UserError(self.env._(
                "The lists disagree on %(count)s units, %(unit)s first: the department manager closes the day, with a reason.",
                count=len(found), unit=found[0]['unit_name']))
        if found and not (self.reason or '').strip():
            raise UserError(self.env._(
                "The lists disagree on %(count)s units, %(unit)s first: write the reason before you close the day.",
                count=len(found), unit=found[0]['unit_name']))
        return len(found)

    def _count_movements(self):
        """Take the movements that belong to this close: all up to its day that no close has counted yet.

        One that another transaction is just writing is not among them, and belongs to the next close.

        :return: how many
        """
        self.env.cr.execute(SQL(
            "UPDATE property_unit_movement SET close_id = %s WHERE project_id = %s AND close_id IS NULL AND date <= %s",
            self.id, self.project_id.id, self.date))
        count = self.env.cr.rowcount
        self.env['property.unit.movement'].invalidate_model(['close_id'])
        return count

    def _write_units(self):
        """Write what the ledger of movements does not know of the units, where it has changed since the last close."""
        facts = ('building_id', 'layout_id', 'unit_name', 'sealed', 'expiring', 'counted')
        self.env.cr.execute(SQL(
            """
            WITH known AS (%(known)s), live AS (%(live)s), now AS (
                SELECT COALESCE(l.unit_id, k.unit_id) AS unit_id, COALESCE(l.building_id, k.building_id) AS building_id,
                    CASE WHEN l.unit_id IS NULL THEN k.layout_id ELSE l.layout_id END AS layout_id,
                    COALESCE(l.unit_name, k.unit_name) AS unit_name, COALESCE(l.sealed, false) AS sealed,
                    COALESCE(l.expiring, false) AS expiring, l.unit_id IS NOT NULL AS counted
                FROM live l FULL JOIN known k ON k.unit_id = l.unit_id
            )
            INSERT INTO property_inventory_close_unit (
                close_id, date, project_id, company_id, unit_id, %(facts)s, create_uid, create_date, write_uid, write_date)
            SELECT %(close)s, %(day)s, %(project)s, %(company)s, n.unit_id, %(now_facts)s, %(uid)s, %(now)s, %(uid)s, %(now)s
            FROM now n LEFT JOIN known k ON k.unit_id = n.unit_id
            WHERE k.unit_id IS NULL OR (%(now_facts)s) IS DISTINCT FROM (%(known_facts)s)
            ORDER BY n.unit_id
            """,
            known=figures.known_units(self.project_id.id, self.date), live=figures.live_units([self._scope()], self.date),
            facts=figures.columns(facts), now_facts=figures.columns(facts, 'n'), known_facts=figures.columns(facts, 'k'),
            **self._stamp()))

    def _write_lines(self):
        self.env.cr.execute(SQL(
            """
            INSERT INTO property_inventory_close_line (
                close_id, date, project_id, company_id, currency_id, building_id, layout_id, building_name, layout_name,
                %(figures)s, sell_through, create_uid, create_date, write_uid, write_date)
            SELECT %(close)s, %(day)s, %(project)s, %(company)s, %(currency)s, building_id, layout_id, building_name, layout_name,
                %(figures)s, round(sold::numeric / NULLIF(total, 0), 4), %(uid)s, %(now)s, %(uid)s, %(now)s
            FROM (%(named)s) f ORDER BY position
            """,
            figures=figures.columns(), named=figures.named(self._figures()), currency=self.currency_id.id, **self._stamp()))
        self.env['property.inventory.close.line'].invalidate_model()
        self.invalidate_recordset(['line_ids'])

    def _write_differences(self):
        self.env.cr.execute(SQL(
            """
            INSERT INTO property_inventory_close_difference (
                close_id, date, project_id, company_id, unit_id, unit_name, said, create_uid, create_date, write_uid, write_date)
            SELECT %(close)s, %(day)s, %(project)s, %(company)s, unit_id, unit_name, said, %(uid)s, %(now)s, %(uid)s, %(now)s
            FROM (%(found)s) d ORDER BY unit_id
            """,
            found=differences(self.project_id.id, self._reconciliation_sources()), **self._stamp()))
        self.env['property.inventory.close.difference'].invalidate_model()
        self.invalidate_recordset(['difference_ids'])

    def _stamp(self):
        return {
            'close': self.id, 'day': self.date, 'project': self.project_id.id, 'company': self.company_id.id,
            'uid': self.env.uid, 'now': self.env.cr.now()}

    def _scope(self):
        """:return: the project, the first moment of the day in its time zone, and the first of the next"""
        return self.project_id._inventory_scope(self.date)

    def _figures(self):
        """The figures of a day that is closed (or is just being), from append-only rows alone: movements that closes
        have counted, and units as they knew them."""
        follows = bool(self.sudo().search_count(
            [('project_id', '=', self.project_id.id), ('state', '=', 'closed'), ('date', '<', self.date)], limit=1))
        return figures.figures(
            figures.closed_units(self.project_id.id, self.date),
            figures.moved(self.project_id.id, self.date, self.id, follows))

    def _sum_lines(self):
        names = ('total', 'available', 'held', 'sold', 'sold_area', 'sold_amount')
        [row] = self.env.execute_query_dict(SQL(
            "SELECT %s FROM property_inventory_close_line WHERE close_id = %s",
            SQL(", ").join(SQL("COALESCE(sum(%s), 0) AS %s", SQL.identifier(name), SQL.identifier(name)) for name in names), self.id))
        return {**row, 'sell_through': row['sold'] / row['total'] if row['total'] else 0}

    def _count_wrong_lines(self):
        """:return: how many rows the frozen figures and those of the ledger do not have in common"""
        self.env.flush_all()
        columns = figures.columns(('building_id', 'layout_id', *figures.FIGURES))
        frozen = SQL("SELECT %s FROM property_inventory_close_line WHERE close_id = %s", columns, self.id)
        counted = SQL("SELECT %s FROM (%s) f", columns, self._figures())
        [(wrong,)] = self.env.execute_query(SQL(
            "SELECT count(*) FROM ((%(a)s EXCEPT ALL %(b)s) UNION ALL (%(b)s EXCEPT ALL %(a)s)) d", a=frozen, b=counted))
        return wrong

    # ------------------------------------------------------------------ reconciliation

    def _reconciliation_sources(self):
        """The lists that must agree with the units' states when a day is closed; issues to come add theirs.

        :return: list of :class:`~..tools.reconciliation.Source`, for the units of ``project_id``
        """
        Request = self.env['property.unit.request']
        units = Request._fields['unit_ids']
        project = self.project_id.id
        return [
            Source('allocation', self.env._("holder"), SQL(
                """SELECT a.unit_id, CASE WHEN a.request_id IS NOT NULL THEN ARRAY['held'] ELSE %s::text[] END AS states,
                    r.name AS document
                FROM property_unit_allocation a LEFT JOIN property_unit_request r ON r.id = a.request_id
                WHERE a.project_id = %s""", list(figures.SOLD), project), self.env['property.unit']._free_states),
            # A hold whose unit went on into a deal says nothing of it any more.
            Source('hold', self.env._("holds"), SQL(
                """SELECT l.%(unit)s AS unit_id, string_agg(r.name, ', ' ORDER BY r.id) AS document,
                    CASE WHEN bool_and(a.request_id IS NOT DISTINCT FROM r.id) THEN ARRAY['held'] ELSE ARRAY[]::text[] END AS states
                FROM property_unit_request r JOIN %(relation)s l ON l.%(request)s = r.id
                LEFT JOIN property_unit_allocation a ON a.unit_id = l.%(unit)s
                WHERE r.project_id = %(project)s AND r.kind = 'hold' AND r.state = 'active'
                    AND (a.id IS NULL OR a.request_id IS NOT NULL)
                GROUP BY l.%(unit)s""",
                unit=SQL.identifier(units.column2), request=SQL.identifier(units.column1),
                relation=SQL.identifier(units.relation), project=project),
                tuple(state for state in figures.STATES if state != 'held')),
            Source('ledger', self.env._("ledger"), SQL(
                """SELECT DISTINCT ON (m.unit_id) m.unit_id, ARRAY[m.state_to]::text[] AS states, m.document_name AS document
                FROM property_unit_movement m WHERE m.project_id = %s ORDER BY m.unit_id, m.id DESC""", project), ('unreleased',)),
        ]

    def _find_differences(self):
        """:return: list of dict (unit_id, unit_name, said): the units on which the lists disagree now"""
        self.ensure_one()
        self.env.flush_all()
        return self.env.execute_query_dict(differences(self.project_id.id, self._reconciliation_sources()))

    def _difference_sentences(self):
        """:return: list of sentences: the differences of a closed day, or those that there are now"""
        self.ensure_one()
        if self.state == 'closed':
            return self.difference_ids.mapped('sentence')
        return [self._difference_sentence(found['unit_name'], found['said']) for found in self._find_differences()]

    def _difference_sentence(self, unit_name, said):
        """What each list says of a unit, in one sentence.

        :param list said: dicts of source, states and document, as ``property.inventory.close.difference`` keeps them
        """
        labels = {'unit': self.env._("unit list"), **{source.code: source.label for source in self._reconciliation_sources()}}
        states = dict(self.env['property.unit']._fields['state']._description_selection(self.env))
        claims = []
        for claim in said:
            names = '/'.join(states.get(state, state) for state in claim['states'] or ())
            what = ' '.join(filter(None, (names and f'“{names}”', claim.get('document')))) or self.env._("nothing")
            claims.append(self.env._("%(list)s: %(what)s", list=labels.get(claim['source'], claim['source']), what=what))
        return self.env._("%(unit)s – %(claims)s", unit=unit_name, claims=self.env._("; ").join(claims))

    # ------------------------------------------------------------------ report

    def _draft(self):
        """:return: itself while it is to be made, so that its report says what the reconciliation would find"""
        return self if self.state == 'draft' else self.browse()

    def _report_papers(self):
        self.ensure_one()
        return self.project_id._inventory_papers(self.date, draft=self._draft())

    def _qr_code(self):
        """:return: str, the code that leads back to the close, as the address of an image"""
        self.ensure_one()
        return qr_code(f'{self.get_base_url()}/mail/view?model={self._name}&res_id={self.id}')

    def _report_filename(self):
        self.ensure_one()
        return self.project_id._inventory_filename(self.date)

    # ------------------------------------------------------------------ cron

    @api.model
    def _cron_prepare(self):
        """At the end of a project's day, make the close of that day, and of those before that nobody made."""
        rows = self.env.execute_query(SQL(
            """SELECT p.id, min(m.date), COALESCE(c.closed + 1, c.first), c.made
            FROM property_project p JOIN property_unit_movement m ON m.project_id = p.id
            CROSS JOIN LATERAL (
                SELECT max(date) FILTER (WHERE state = 'closed') AS closed, min(date) AS first, array_agg(date) AS made
                FROM property_inventory_close WHERE project_id = p.id) c
            WHERE p.active GROUP BY p.id, c.closed, c.first, c.made ORDER BY p.id"""))
        self.env['ir.cron']._commit_progress(remaining=len(rows))
        for project_id, first_movement, following, made in rows:
            last = self.env['property.project'].browse(project_id)._evening()
            first = following or max(last, first_movement)
            missing = [day for day in (first + timedelta(days=n) for n in range((last - first).days + 1)) if day not in (made or ())]
            try:
                with self.env.cr.savepoint():
                    self.create([{'project_id': project_id, 'date': day} for day in missing])
            except (UserError, psycopg2.IntegrityError) as error:
                _logger.warning("No daily close was made for project %s: %s", project_id, error)
            self.env['ir.cron']._commit_progress(1)
