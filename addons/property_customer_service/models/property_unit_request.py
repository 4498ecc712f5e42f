from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

# Who approves a hold, by its length in hours (P7); the last has no upper limit.
HOLD_APPROVERS = (
    (24, 'property_base.group_department_manager'),
    (72, 'property_base.group_vice_president'),
    (None, 'property_base.group_general_manager'),
)
OFFICERS = ('property_base.group_signing', 'property_base.group_assistant_manager', 'property_base.group_department_manager')


class PropertyUnitRequest(models.Model):
    """A request of sales control (P7): release units, hold them for a time, extend a hold, or give it up.

    Sales may ask; the units move when the request is approved, in the approver's transaction.
    """

    _name = 'property.unit.request'
    _description = 'Sales Control Request'
    _inherit = ['property.workflow.mixin']
    _order = 'id desc'
    _sequence_code = 'property.unit.request'
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
        [('release', "Release"), ('hold', "Hold"), ('extend', "Extend a hold"), ('unhold', "Give up a hold")],
        required=True, default='hold', tracking=True)
    project_id = fields.Many2one('property.project', required=True, index=True, ondelete='restrict')
    company_id = fields.Many2one(related='project_id.company_id', store=True, precompute=True, index=True)
    state = fields.Selection([
        ('draft', "Draft"), ('submitted', "To approve"), ('active', "Holding"), ('done', "Done"), ('expired', "Expired"),
        ('rejected', "Rejected"), ('cancelled', "Cancelled"),
    ], required=True, readonly=True, copy=False, default='draft', tracking=True, index=True)
    unit_ids = fields.Many2many('property.unit', string="Units")
    unit_count = fields.Integer("Number of Units", compute='_compute_unit_count')
    hold_id = fields.Many2one(
        'property.unit.request', index='btree_not_null', ondelete='restrict',
        domain="[('kind', '=', 'hold'), ('state', '=', 'active')]", help="The hold that is extended or given up.")
    reason = fields.Char(required=True, tracking=True)
    hours = fields.Float(tracking=True, help="How long the units are held, from the approval on.")
    expiry = fields.Datetime(readonly=True, copy=False, tracking=True)
    requester_id = fields.Many2one('res.users', readonly=True, default=lambda self: self.env.user, copy=False, ondelete='restrict')
    approver_id = fields.Many2one('res.users', "Decided By", readonly=True, copy=False, ondelete='restrict', tracking=True)
    decided_at = fields.Datetime(readonly=True, copy=False)
    decision_note = fields.Char(readonly=True, copy=False, tracking=True)
    approver_group_id = fields.Many2one('res.groups', "Approved By", compute='_compute_approver_group_id')
    can_decide = fields.Boolean(compute='_compute_can_decide')

    _hold_has_hours = models.Constraint(
        "CHECK (kind NOT IN ('hold', 'extend') OR hours > 0)", "Say for how many hours the units are held.")
    _hours_bounded = models.Constraint("CHECK (hours <= 8760)", "A hold cannot last longer than a year.")
    _expiry_idx = models.Index("(expiry) WHERE state = 'active'")

    @api.depends('unit_ids')
    def _compute_unit_count(self):
        for request in self:
            request.unit_count = len(request.unit_ids)

    @api.depends('kind', 'hours', 'hold_id.hours')
    def _compute_approver_group_id(self):
        for request in self:
            request.approver_group_id = self._approver_for(request)

    @api.depends('state', 'requester_id', 'approver_group_id')
    @api.depends_context('uid')
    def _compute_can_decide(self):
        for request in self:
            request.can_decide = request.state == 'submitted' and not request._refusal_to_decide()

    @api.constrains('project_id', 'unit_ids', 'kind', 'hold_id')
    def _check_units(self):
        for request in self:
            request.unit_ids._check_of_project(request.project_id)
            if request.kind in ('extend', 'unhold') and not request.hold_id:
                raise ValidationError(self.env._("Say which hold it is about."))

    @api.onchange('hold_id')
    def _onchange_hold_id(self):
        if self.hold_id:
            self.unit_ids = self.hold_id.unit_ids
            self.project_id = self.hold_id.project_id

    def write(self, vals):
        guarded = {'kind', 'project_id', 'unit_ids', 'hold_id', 'reason', 'hours', 'requester_id'} & vals.keys()
        if guarded and self.filtered(lambda request: request.state != 'draft'):
            raise UserError(self.env._("A request that was submitted no longer changes: withdraw it to a draft first."))
        if {'expiry', 'approver_id', 'decided_at', 'decision_note'} & vals.keys() and 'state' not in vals and not self.env.su:
            raise UserError(self.env._("A decision is made by its own actions, not by editing it."))
        return super().write(vals)

    @api.model_create_multi
    def create(self, vals_list):
        facts = ('expiry', 'approver_id', 'decided_at', 'decision_note')
        return super().create([
            {**vals, 'requester_id': self.env.uid, **dict.fromkeys(facts, False)} for vals in vals_list])

    @api.ondelete(at_uninstall=False)
    def _unlink_except_draft(self):
        if self.filtered(lambda request: request.state != 'draft'):
            raise UserError(self.env._("A request that was submitted is kept: cancel it instead."))

    # ------------------------------------------------------------------ actions

    def action_submit(self):
        """Ask for the decision; the officer's own releases and his giving up of holds need none."""
        self.check_access('write')
        for request in self:
            request._check_own()
            request._check_fit()
            request._transition('submitted')
            if request.kind in ('release', 'unhold') and request._is_officer():
                request._decide(self.env._("Officer's own power"))
            else:
                request._notify_approvers()
        return True

    def action_withdraw(self):
        self.check_access('write')
        for request in self:
            request._check_own()
        self.activity_unlink(['mail.mail_activity_data_todo'])
        return self._transition('draft')

    def action_cancel(self):
        self.check_access('write')
        for request in self:
            request._check_own()
        self.activity_unlink(['mail.mail_activity_data_todo'])
        return self._transition('cancelled')

    def action_approve(self):
        """Decide and act in one transaction: when the units cannot move, there is no decision either."""
        self.check_access('write')
        for request in self:
            request._check_may_decide()
            request._decide('')
        return True

    def action_reject(self, note=''):
        self.check_access('write')
        for request in self:
            request._check_may_decide()
            request._transition('rejected', approver_id=self.env.uid, decided_at=fields.Datetime.now(), decision_note=note)
        self.activity_feedback(['mail.mail_activity_data_todo'])
        return True

    def action_release_hold(self):
        """Give up a running hold: opens and submits the request for it."""
        self.ensure_one()
        if self.state != 'active':
            raise UserError(self.env._("%s holds nothing.", self.name))
        request = self.create({
            'kind': 'unhold', 'project_id': self.project_id.id, 'hold_id': self.id, 'unit_ids': self.unit_ids.ids,
            'reason': self.env._("Given up: %s", self.reason)})
        request.action_submit()
        return request._get_records_action() if request.state == 'submitted' else True

    @api.model
    def request_from_board(self, kind, unit_ids, options=None):
        """What the board's buttons do.

        :param str kind: release, hold or unhold
        :param list unit_ids: ids of units
        :param dict options: reason (text), hours (number)
        :return: dict of message and type (success or warning)
        :raise UserError: one sentence, when it cannot be
        """
        options = options or {}
        units = self.env['property.unit'].browse(unit_ids).exists()
        if kind not in ('release', 'hold', 'unhold') or not units:
            raise UserError(self.env._("Choose the units first."))
        units.check_access('read')
        if len(units.project_id) > 1:
            raise UserError(self.env._("Choose units of one project."))
        vals = {'kind': kind, 'project_id': units.project_id.id, 'reason': options.get('reason') or dict(
            self._fields['kind']._description_selection(self.env))[kind]}
        if kind == 'unhold':
            holds = units.sudo().allocation_ids.request_id
            if not holds:
                raise UserError(self.env._("None of these units is held."))
            requests = self.create([{**vals, 'hold_id': hold.id, 'unit_ids': hold.unit_ids.ids} for hold in holds])
        else:
            requests = self.create({**vals, 'unit_ids': units.ids, 'hours': float(options.get('hours') or 0)})
        requests.action_submit()
        waiting = requests.filtered(lambda request: request.state == 'submitted')
        if waiting:
            return {'type': 'warning', 'message': self.env._(
                "%(number)s was submitted; %(group)s decides.", number=', '.join(waiting.mapped('name')),
                group=waiting[0].approver_group_id.sudo().name)}
        return {'type': 'success', 'message': self.env._("%s is done.", ', '.join(requests.mapped('name')))}

    # ------------------------------------------------------------------ business methods

    @api.model
    def _approver_for(self, request):
        """The post that decides on a request, by its kind and the length of the hold.

        :return: res.groups
        """
        if request.kind in ('release', 'unhold'):
            return self.env.ref('property_base.group_signing')
        hours = request.hours + (request.hold_id.hours if request.kind == 'extend' else 0)
        return self.env.ref(next(group for limit, group in HOLD_APPROVERS if limit is None or hours <= limit))

    @api.model
    def _is_officer(self):
        return self.env.su or any(self.env.user.has_group(group) for group in OFFICERS)

    def _refusal_to_decide(self):
        """Why the user may not decide, in one sentence, or nothing."""
        self.ensure_one()
        if self.requester_id == self.env.user:
            return self.env._("Nobody decides on an own request.")
        # A higher post may do what a lower one may.
        groups = [group for _limit, group in HOLD_APPROVERS]
        needed = self.approver_group_id.sudo()
        xml_id = needed.get_external_id()[needed.id]
        allowed = groups[groups.index(xml_id):] if xml_id in groups else OFFICERS
        if not any(self.env.user.has_group(group) for group in allowed):
            return self.env._("%(group)s decides on %(request)s.", group=needed.name, request=self.name)
        return None

    def _check_may_decide(self):
        if self.state != 'submitted':
            raise UserError(self.env._(
                "%(request)s is “%(state)s”: there is nothing to decide.", request=self.name, state=self._state_label(self.state)))
        refusal = self._refusal_to_decide()
        if refusal:
            raise UserError(refusal)

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
            for unit in self.unit_ids:
                if unit.sale_block:
                    raise UserError(unit.sale_block_reason)
        elif self.hold_id.state != 'active':
            raise UserError(self.env._("%s no longer holds anything.", self.hold_id.name))

    def _decide(self, note):
        """Act on the request: the units, the money of their prices' day, the ledger and the people follow."""
        self.ensure_one()
        decision = {'approver_id': self.env.uid, 'decided_at': fields.Datetime.now(), 'decision_note': note}
        expiry = fields.Datetime.now() + timedelta(hours=self.hours)
        if self.kind == 'release':
            self.unit_ids._move('available', self, self.reason)
            self._transition('done', **decision)
        elif self.kind == 'hold':
            self.unit_ids._move('held', self, self.reason, expiry=expiry)
            self._transition('active', expiry=expiry, **decision)
        elif self.kind == 'extend':
            self._check_fit()
            hold = self.hold_id.sudo()
            expiry = hold.expiry + timedelta(hours=self.hours)
            hold._set_expiry(expiry)
            self._transition('done', expiry=expiry, **decision)
        else:
            self._check_fit()
            self.hold_id.sudo()._end_hold('done', self.reason)
            self._transition('done', **decision)
        self.activity_feedback(['mail.mail_activity_data_todo'])

    def _set_expiry(self, expiry):
        self.ensure_one()
        self.write({'expiry': expiry})
        self.env.flush_all()
        self.env.cr.execute("UPDATE property_unit_allocation SET expiry = %s WHERE request_id = %s", [expiry, self.id])
        self.env['property.unit.allocation'].invalidate_model()
        self.unit_ids._tell_boards()

    def _end_hold(self, state, reason):
        """Free the units that this hold still has. Those that went on into a deal are no longer its own."""
        self.ensure_one()
        units = self.env['property.unit.allocation'].sudo().search([('request_id', '=', self.id)]).unit_id
        units._move('available', self, reason)
        self._transition(state)

    def _notify_approvers(self):
        self.ensure_one()
        users = self.approver_group_id.sudo().all_user_ids.filtered(
            lambda user: self.company_id in user.company_ids and user != self.env.user and not user.share and user.id > 1)
        for user in users[:5]:
            self.activity_schedule('mail.mail_activity_data_todo', summary=self.env._("Decide on %s", self.name), user_id=user.id)

    @api.model
    def _cron_expire(self, limit=200):
        """End the holds whose time is over, one after the other; one that cannot be ended does not stop the rest."""
        due = self.sudo().search([('state', '=', 'active'), ('expiry', '<=', fields.Datetime.now())], order='expiry, id')
        self.env['ir.cron']._commit_progress(remaining=len(due))
        for request in due[:limit]:
            if not request.try_lock_for_update():
                continue
            try:
                with self.env.cr.savepoint():
                    request._end_hold('expired', self.env._("Expired"))
            except UserError as error:
                request.message_post(body=self.env._("The hold could not be ended: %s", error))
            self.env['ir.cron']._commit_progress(1)
        if len(due) > limit:
            self.env['ir.cron']._trigger()
