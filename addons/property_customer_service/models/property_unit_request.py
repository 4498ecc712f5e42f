import logging
import math
from collections import Counter
from datetime import timedelta

import psycopg2

from odoo import api, fields, models
from odoo.addons.property_base.tools.local_time import DEFAULT_TIMEZONE, local_date
from odoo.exceptions import UserError, ValidationError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY, retrying
from odoo.tools import SQL

_logger = logging.getLogger(__name__)

LONGEST_HOLD = 365 * 24
# Holds that end in one transaction.
BATCH = 1000
# What only the actions write.
DECISION = frozenset(('expiry', 'submitted_at', 'approver_id', 'decided_at', 'decision_note', 'end_problem'))
OFFICERS = ('property_base.group_signing', 'property_base.group_assistant_manager', 'property_base.group_department_manager')


class PropertyUnitRequest(models.Model):
    """A request of sales control (P7): release units, hold them for a time, extend a hold, or give it up.

    Sales may ask; the units move when the request is approved, in the approver's transaction.
    """

    _name = 'property.unit.request'
    _description = 'Sales Control Request'
    _inherit = ['property.approval.mixin']
    _order = 'id desc'
    _sequence_code = 'property.unit.request'
    _approval_type = 'unit_request'
    _approval_limit_field = 'hours'
    _transitions = {
        'draft': ('submitted', 'cancelled'),
        'submitted': ('active', 'done', 'rejected', 'draft', 'cancelled'),
        'active': ('done', 'expired'),
        'done': (),
        'expired': (),
        'rejected': (),
        'cancelled': (),
    }

    kind = fields.Selection(
        [('release', "Release of units"), ('hold', "Hold"), ('extend', "Extend a hold"), ('unhold', "Give up a hold")],
        required=True, default='hold', tracking=True)
    project_id = fields.Many2one(
        'property.project', required=True, index=True, ondelete='restrict',
        default=lambda self: self.env['property.project']._only_one())
    company_id = fields.Many2one(related='project_id.company_id', store=True, precompute=True, index=True)
    state = fields.Selection([
        ('draft', "Draft"), ('submitted', "To approve"), ('active', "Holding"), ('done', "Done"), ('expired', "Expired"),
        ('rejected', "Rejected"), ('cancelled', "Cancelled"),
    ], required=True, readonly=True, copy=False, default='draft', tracking=True, index=True, group_expand='_expand_states')
    unit_ids = fields.Many2many('property.unit', string="Units")
    unit_count = fields.Integer("Number of Units", compute='_compute_units')
    unit_names = fields.Char("Room Numbers", compute='_compute_units')
    hold_id = fields.Many2one(
        'property.unit.request', index='btree_not_null', ondelete='restrict',
        domain="[('kind', '=', 'hold'), ('state', '=', 'active')]", help="The hold that is extended or given up.")
    later_ids = fields.One2many('property.unit.request', 'hold_id', "Extensions and Returns")
    later_count = fields.Integer(compute='_compute_later_count')
    reason = fields.Char(required=True, tracking=True)
    hours = fields.Float(
        compute='_compute_hours', store=True, readonly=False, precompute=True, tracking=True, aggregator=False,
        help="How long the units are held, from the approval on; of an extension, how much longer.")
    expiry = fields.Datetime(readonly=True, copy=False, tracking=True)
    hours_left = fields.Float(compute='_compute_hours_left', help="Until a running hold is over; negative after that.")
    end_problem = fields.Char("Could Not Be Ended", readonly=True, copy=False, help="Why the units are still held after the time.")
    requester_id = fields.Many2one(
        'res.users', readonly=True, default=lambda self: self.env.user, copy=False, index=True, ondelete='restrict')
    submitted_at = fields.Datetime("Submitted On", readonly=True, copy=False)
    approver_id = fields.Many2one('res.users', "Decided By", readonly=True, copy=False, ondelete='restrict', tracking=True)
    decided_at = fields.Datetime(readonly=True, copy=False)
    decision_note = fields.Char(readonly=True, copy=False, tracking=True)
    is_own = fields.Boolean(compute='_compute_is_own', help="The user's own, or the user is the officer.")

    _hold_has_hours = models.Constraint(
        "CHECK (kind NOT IN ('hold', 'extend') OR hours > 0)", "Say for how many hours the units are held.")
    _hours_bounded = models.Constraint(f"CHECK (hours <= {LONGEST_HOLD})", "A hold cannot last longer than a year.")
    _expiry_idx = models.Index("(expiry) WHERE state = 'active'")

    @api.depends('unit_ids')
    def _compute_units(self):
        for request in self:
            request.unit_count = len(request.unit_ids)
            request.unit_names = request.unit_ids._listed()

    @api.depends('name', 'unit_ids')
    @api.depends_context('show_units')
    def _compute_display_name(self):
        for request in self:
            units = request.unit_ids if self.env.context.get('show_units') else ()
            request.display_name = ' '.join(filter(None, (
                units and units[0].full_name, len(units) > 1 and f'+{len(units) - 1}', request.name)))

    @api.depends('state', 'expiry')
    def _compute_hours_left(self):
        now = fields.Datetime.now()
        for request in self:
            running = request.state == 'active' and request.expiry
            request.hours_left = (request.expiry - now) / timedelta(hours=1) if running else 0

    @api.model
    def _expand_states(self, states, domain):
        """:return: states in the order of the work, those where somebody has to do something also when they are empty"""
        return [state for state in self._transitions if state in states or state in ('submitted', 'active')]

    @api.depends('later_ids')
    def _compute_later_count(self):
        counts = dict(self._read_group([('hold_id', 'in', self.ids)], ['hold_id'], ['__count']))
        for request in self:
            request.later_count = counts.get(request, 0)

    @api.depends('kind', 'project_id')
    def _compute_hours(self):
        for request in self:
            if request.kind not in ('hold', 'extend'):
                request.hours = 0
            elif not request.hours:
                request.hours = request._parameter('hold_hours_default')

    @api.depends('requester_id')
    @api.depends_context('uid')
    def _compute_is_own(self):
        officer = self._is_officer()
        for request in self:
            request.is_own = officer or request.requester_id == self.env.user

    @api.constrains('project_id', 'unit_ids', 'kind', 'hold_id')
    def _check_units(self):
        for request in self:
            request.unit_ids._check_of_project(request.project_id)
            if request.kind not in ('extend', 'unhold'):
                continue
            if not request.hold_id:
                raise ValidationError(self.env._("Say which hold it is about."))
            if request.hold_id.kind != 'hold':
                raise ValidationError(self.env._("%s is no hold.", request.hold_id.name))
            if foreign := request.unit_ids - request.hold_id.unit_ids:
                raise ValidationError(self.env._(
                    "%(unit)s is not among the units of %(hold)s.", unit=foreign[0].full_name, hold=request.hold_id.name))

    @api.onchange('hold_id')
    def _onchange_hold_id(self):
        if self.hold_id:
            self.unit_ids = self.hold_id._held_units()
            self.project_id = self.hold_id.project_id

    def write(self, vals):
        if 'requester_id' in vals and not self.env.su:
            raise UserError(self.env._("A request stays with whoever made it."))
        if vals.keys() & DECISION and 'state' not in vals and not self.env.su:
            raise UserError(self.env._("A decision is made by its own actions, not by editing it."))
        return super().write(vals)

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([
            {**vals, 'requester_id': self.env.uid, **dict.fromkeys(DECISION, False)} for vals in vals_list])

    @api.ondelete(at_uninstall=False)
    def _unlink_except_draft(self):
        if self.filtered(lambda request: request.state != 'draft'):
            raise UserError(self.env._("A request that was submitted is kept: cancel it instead."))

    # ------------------------------------------------------------------ actions

    def action_cancel(self):
        """Give the requests up; those that wait are withdrawn first."""
        self.check_access('write')
        for request in self:
            request._check_own()
        self.filtered(lambda request: request.state == 'submitted').action_withdraw()
        return self._transition('cancelled')

    def action_release_hold(self):
        """Give up a running hold: opens and submits the request for it."""
        self.ensure_one()
        self._check_holds()
        request = self.create(self._prepare_unhold_vals(self._held_units()))
        request.action_submit()
        return request._get_records_action() if request.state == 'submitted' else True

    def action_extend(self):
        """Ask for more time: opens a new request, filled in."""
        self.ensure_one()
        self._check_holds()
        return {
            'type': 'ir.actions.act_window',
            'name': self.env._("Extend a Hold"),
            'res_model': self._name,
            'views': [(False, 'form')],
            'context': {
                'default_kind': 'extend', 'default_project_id': self.project_id.id, 'default_hold_id': self.id,
                'default_unit_ids': [fields.Command.set(self._held_units().ids)]},
        }

    def action_view_units(self):
        self.ensure_one()
        action = self.env['ir.actions.act_window']._for_xml_id('property_customer_service.property_unit_action')
        action['domain'] = [('id', 'in', self.unit_ids.ids)]
        return action

    def action_view_movements(self):
        self.ensure_one()
        action = self.env['ir.actions.act_window']._for_xml_id('property_customer_service.property_unit_movement_action')
        action['domain'] = [('document_model', '=', self._name), ('document_id', '=', self.id)]
        return action

    def action_view_later(self):
        self.ensure_one()
        action = self.env['ir.actions.act_window']._for_xml_id('property_customer_service.property_unit_request_action')
        action['domain'] = [('hold_id', '=', self.id)]
        action['context'] = {}
        return action

    @api.model
    def request_from_board(self, kind, unit_ids, options=None):
        """What the board's buttons do.

        :param str kind: release, hold, extend or unhold; the last two act on the holds that the units are in
        :param list unit_ids: ids of units
        :param dict options: reason (text), hours (number; the usual ones without it)
        :return: dict of message, type (success or warning) and ids of the requests
        :raise UserError: one sentence, when it cannot be
        """
        options = dict(options or {})
        units = self.env['property.unit'].browse({unit_id for unit_id in unit_ids or () if isinstance(unit_id, int)})
        # One statement says which of them there are, which the user may see, and what stands against them: most of
        # those who come too late end here.
        rows = units._read_sale(fields.Datetime.now(), visible=True)
        if len(rows) < len(units):
            units.exists().check_access('read')
        units = units.browse(row['id'] for row in rows)
        kinds = dict(self._fields['kind']._description_selection(self.env))
        if kind not in kinds or not units:
            raise UserError(self.env._("Choose the units first."))
        if kind == 'release':
            units._check_releasable(rows)
        elif kind == 'hold':
            units._check_sellable(rows)
        vals = {'reason': str(options.get('reason') or '').strip() or kinds[kind]}
        if kind in ('hold', 'extend') and options.get('hours') is not None:
            vals['hours'] = self._hours_from(options['hours'])
        # Made and submitted in one act: a line in the chatter for each says nothing that the request does not.
        requests = self.with_context(mail_create_nolog=True).create(self._prepare_board_vals(kind, units, vals))
        requests._submit_for_approval()
        waiting = requests.filtered(lambda request: request.state == 'submitted')
        if waiting:
            return {'type': 'warning', 'ids': requests.ids, 'message': self.env._(
                "%(number)s was submitted; %(group)s decides.", number=', '.join(waiting.mapped('name')),
                group=waiting[0].approval_waiting_for)}
        return {'type': 'success', 'ids': requests.ids, 'message': self.env._("%s is done.", ', '.join(requests.mapped('name')))}

    def _prepare_board_vals(self, kind, units, vals):
        """:return: list of dicts of values, a request for each hold or one for all units"""
        if len(units.project_id) > 1:
            raise UserError(self.env._("Choose units of one project."))
        vals = {'kind': kind, 'project_id': units.project_id.id, **vals}
        if kind in ('release', 'hold'):
            return [{**vals, 'unit_ids': units.ids}]
        allocations = units.sudo().allocation_ids.filtered('request_id')
        if not allocations:
            raise UserError(self.env._("None of these units is held."))
        return [
            {**vals, 'hold_id': hold.id, 'unit_ids': (its.unit_id if kind == 'unhold' else hold._held_units()).ids}
            for hold, its in allocations.grouped('request_id').items()]

    def _prepare_unhold_vals(self, units):
        return {
            'kind': 'unhold', 'project_id': self.project_id.id, 'hold_id': self.id, 'unit_ids': units.ids,
            'reason': self.env._("Given up: %s", self.reason)}

    @api.model
    def _hours_from(self, value):
        """:raise UserError: where what came from the browser is no number of hours"""
        try:
            hours = float(value)
        except (TypeError, ValueError):
            hours = math.nan
        if not 0 < hours <= LONGEST_HOLD:
            raise UserError(self.env._("Say for how many hours the units are held: a number from 1 to %s.", LONGEST_HOLD))
        return hours

    # ------------------------------------------------------------------ approval

    def _approval_guarded_fields(self):
        return ['kind', 'project_id', 'unit_ids', 'hold_id', 'reason', 'hours']

    def _approval_key_fields(self):
        return ['kind', 'unit_names', 'hours', 'reason'] if self.kind in ('hold', 'extend') else ['kind', 'unit_names', 'reason']

    def _approval_subtype(self):
        return self.kind

    def _approval_figures(self):
        """How long the units would be held in all, and whether the sales-control officer asks."""
        hours = self.hours
        if self.kind == 'extend' and self.hold_id.decided_at:
            hours += (self.hold_id.expiry - self.hold_id.decided_at) / timedelta(hours=1)
        return {'hours': hours, 'officer': int(self.env.user._is_superuser() or self.sudo(False)._is_officer())}

    def _approval_scope(self):
        return {'project_id': self.project_id}

    def _approval_date(self):
        return local_date(self.submitted_at or fields.Datetime.now(), self.project_id.tz or DEFAULT_TIMEZONE)

    def _check_submission(self):
        self._check_own()
        self._check_fit()

    def _submit_for_approval(self):
        self._decision({'submitted_at': fields.Datetime.now()})
        return super()._submit_for_approval()

    def _on_approved(self):
        for request in self:
            request._act()

    def _on_rejected(self):
        decision = self.approval_request_ids.sorted('round')[-1].decision_ids[-1:]
        self._decision({'approver_id': self.env.uid, 'decided_at': decision.date, 'decision_note': decision.opinion})
        self._make_todos([
            (request, request.requester_id, lambda env, request=request: env._(
                "%(request)s was rejected: %(note)s", request=request.name, note=decision.opinion or '—'))
            for request in self])

    def _decision(self, vals):
        return self.sudo().with_context(mail_notrack=True).write(vals)

    def _parameter(self, code):
        """A dated parameter as it is on the request's day: of its submission, today before that."""
        return self.env['property.parameter']._get(code, self._approval_date(), self.company_id, project_id=self.project_id)

    @api.model
    def _is_officer(self):
        return self.env.su or any(self.env.user.has_group(group) for group in OFFICERS)

    def _check_own(self):
        if not self.env.su and self.requester_id != self.env.user and not self._is_officer():
            raise UserError(self.env._("%s is somebody else's request.", self.name))

    def _check_fit(self):
        """What can be said before anybody decides: the units, one by one."""
        if not self.unit_ids:
            raise UserError(self.env._("Choose the units first."))
        if self.kind == 'release':
            self.unit_ids._check_can_be_released()
        elif self.kind == 'hold':
            self.unit_ids._check_for_sale()
        else:
            self.hold_id._check_holds()
            if not self.hold_id._held_units() & self.unit_ids:
                raise UserError(self.env._("%s no longer holds these units.", self.hold_id.name))

    def _check_holds(self):
        if self.kind != 'hold' or self.state != 'active':
            raise UserError(self.env._("%s holds nothing.", self.name))

    # ------------------------------------------------------------------ what follows from the approval

    def _act(self):
        """Act on the request: the units, the money of their prices' day, the ledger and the people follow."""
        self.ensure_one()
        # Who decided, when and until when stands in the request, what moved in the ledger: no message repeats it.
        self = self.with_context(mail_notrack=True)  # noqa: PLW0642
        opinion = self.approval_request_ids.sorted('round')[-1:].decision_ids[-1:].opinion
        decision = {'approver_id': self.env.uid, 'decided_at': fields.Datetime.now(), 'decision_note': opinion}
        if self.kind == 'release':
            # Not of a release that was closed before; its hours are over.
            self.unit_ids._move('available', self, self.reason, batch_id=False)
            self._transition('done', **decision)
        elif self.kind == 'hold':
            expiry = fields.Datetime.now() + timedelta(hours=self.hours)
            self.unit_ids._move('held', self, self.reason, expiry=expiry)
            self._transition('active', expiry=expiry, **decision)
        else:
            hold = self.hold_id.sudo()
            self._check_fit()
            if self.kind == 'extend':
                decision['expiry'] = hold.expiry + timedelta(hours=self.hours)
                hold._set_expiry(decision['expiry'])
            else:
                hold._give_up(self.unit_ids, self.reason)
            self._transition('done', **decision)
        self._tell_decision()

    def _tell_decision(self):
        """A word on the requester's screen, if he is there."""
        if self.requester_id == self.env.user:
            return
        for partner, env, _today in self._addressees(self.requester_id).values():
            partner._bus_send('simple_notification', {
                'type': 'success', 'message': env._("%(request)s was approved: %(reason)s", request=self.name, reason=self.reason)})

    def _set_expiry(self, expiry):
        self.ensure_one()
        self.write({'expiry': expiry, 'end_problem': False})
        self.env.flush_all()
        self.env.cr.execute("UPDATE property_unit_allocation SET expiry = %s WHERE request_id = %s", [expiry, self.id])
        self.env['property.unit.allocation'].invalidate_model()
        self._held_units()._tell_boards()

    def _held_units(self):
        """The units that the holds still have. Those that went on into a deal are no longer theirs."""
        return self.env['property.unit.allocation'].sudo().search([('request_id', 'in', self.ids)], order='id').unit_id

    def _give_up(self, units, reason):
        """Free those of the units that the hold still has; it is over with the last one."""
        self.ensure_one()
        held = self._held_units()
        (held & units)._move('available', self, reason)
        if not held - units:
            self._transition('done')

    # ------------------------------------------------------------------ expiry

    @api.model
    def _cron_expire(self):
        """End the holds whose time is over, a batch in each transaction; one that cannot be ended does not stop the rest."""
        ids = self.sudo().search([('state', '=', 'active'), ('expiry', '<=', fields.Datetime.now())], order='id').ids
        progress = self.env['ir.cron']._commit_progress
        progress(remaining=len(ids))
        for start in range(0, len(ids), BATCH):
            holds = self.sudo().browse(ids[start:start + BATCH])
            try:
                retrying(holds._expire, self.env)
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                _logger.info("Somebody works at holds that are over; they end with the next run")
            if not progress(len(holds)):
                return

    def _expire(self):
        """End those of the holds whose time is over and which nobody else works at."""
        self._lock_due()._end_safely()

    def _lock_due(self):
        """Lock the holds whose time is over, with what they hold.

        Who extends, gives up or sells at the same moment goes first: what is locked is left out, and what has changed
        since this transaction began fails it as a conflict, after which it is looked at anew.

        :return: the holds that are all ours now
        """
        if not self:
            return self
        query = self.env.execute_query
        ids = [row[0] for row in query(SQL(
            "SELECT id FROM property_unit_request WHERE id IN %s AND state = 'active' AND expiry <= %s"
            " ORDER BY id FOR NO KEY UPDATE SKIP LOCKED", tuple(self.ids), fields.Datetime.now()))]
        if not ids:
            return self.browse()
        held = dict(query(SQL(
            "SELECT request_id, count(*) FROM property_unit_allocation WHERE request_id IN %s GROUP BY request_id", tuple(ids))))
        locked = Counter(row[0] for row in query(SQL(
            "SELECT a.request_id FROM property_unit_allocation a JOIN property_unit u ON u.id = a.unit_id WHERE a.request_id IN %s"
            " ORDER BY a.unit_id FOR UPDATE OF a SKIP LOCKED FOR NO KEY UPDATE OF u SKIP LOCKED", tuple(ids))))
        return self.browse(hold for hold in ids if locked[hold] == held.get(hold, 0))

    def _end_safely(self):
        """End the holds together; where that fails, in halves, until the one is found that cannot be ended."""
        if not self:
            return
        try:
            with self.env.cr.savepoint():
                self._end()
        except psycopg2.OperationalError:
            raise
        except Exception as error:
            if len(self) == 1:
                self._note_end_problem(error)
                return
            half = len(self) // 2
            self[:half]._end_safely()
            self[half:]._end_safely()

    def _end(self):
        """Free what the holds still have, and say so to those who asked for them, in their language."""
        self._drop_todos()
        for lang, holds in self.grouped(lambda hold: hold.requester_id.lang).items():
            # The message says it; a tracking value for each would be a message for each.
            holds.with_context(lang=lang, mail_notrack=True)._end_of_one_language()

    def _end_of_one_language(self):
        allocations = self.env['property.unit.allocation'].search([('request_id', 'in', self.ids)], order='id')
        units = allocations.unit_id
        units.fetch(['full_name'])
        rooms = {hold: its.unit_id._listed() for hold, its in allocations.grouped('request_id').items()}
        units._move('available', self, self.env._("Expired"))
        self._transition('expired', end_problem=False)
        self.browse(hold.id for hold in rooms)._message_log_batch({
            hold.id: self.env._("The time of the hold is over: %s can be held again.", names) for hold, names in rooms.items()})
        self._make_todos([
            (hold, hold.requester_id, lambda env, hold=hold, names=names: env._(
                "%(hold)s is over: %(units)s", hold=hold.name, units=names))
            for hold, names in rooms.items()])

    def _note_end_problem(self, error):
        """Keep the reason, and tell whoever decided once and not with every run."""
        if isinstance(error, UserError):
            problem = str(error)
        else:
            _logger.error("The hold %s could not be ended", self.name, exc_info=error)
            problem = self.env._("An unexpected error, which the server's log describes.")
        if self.end_problem != problem:
            self.write({'end_problem': problem})
            self._message_log(body=self.env._("The hold could not be ended: %s", problem))
            self._make_todos([(self, self.approver_id, lambda env: env._("The hold could not be ended: %s", problem))])
