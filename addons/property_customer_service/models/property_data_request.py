from odoo import api, fields, models
from odoo.addons.property_base.tools.local_time import today
from odoo.exceptions import UserError


class PropertyDataRequest(models.Model):
    """A person asks for a copy of his data, its correction or its deletion, and has an answer within the time limit."""

    _name = 'property.data.request'
    _description = 'Request about Personal Data'
    _inherit = ['property.workflow.mixin', 'property.clock.mixin']
    _order = 'id desc'
    _sequence_code = 'property.data.request'
    _transitions = {
        'received': ('answered', 'refused', 'withdrawn'),
        'answered': (),
        'refused': (),
        'withdrawn': (),
    }

    partner_id = fields.Many2one('res.partner', "Buyer", required=True, index=True, ondelete='restrict', tracking=True)
    company_id = fields.Many2one('res.company', related='partner_id.company_id', store=True, index=True)
    kind = fields.Selection([
        ('copy', "Copy"),
        ('correct', "Correction"),
        ('delete', "Deletion"),
    ], required=True, default='copy', tracking=True)
    state = fields.Selection([
        ('received', "Received"),
        ('answered', "Answered"),
        ('refused', "Refused"),
        ('withdrawn', "Withdrawn"),
    ], required=True, readonly=True, copy=False, default='received', tracking=True)
    received_on = fields.Date(required=True, default=lambda self: today())
    due_date = fields.Date("Due", compute='_compute_due_date', compute_sudo=True)
    user_id = fields.Many2one('res.users', "Responsible", default=lambda self: self.env.user, domain="[('share', '=', False)]")
    answer = fields.Text(copy=False, help="What the person was told, without numbers of a person.")
    answered_on = fields.Date(readonly=True, copy=False)

    @api.depends('clock_ids.due_date')
    def _compute_due_date(self):
        for request in self:
            request.due_date = request.clock_ids[:1].due_date

    @api.model_create_multi
    def create(self, vals_list):
        requests = super().create(vals_list)
        for request in requests:
            if request.received_on > today():
                raise UserError(self.env._("A request cannot be of a day that is yet to come."))
            request._start_clock('data_request', start=request.received_on)
        return requests

    def write(self, vals):
        fixed = {'partner_id', 'kind', 'received_on'} & set(vals)
        if fixed and any(request[name] != request._fields[name].convert_to_record(
                request._fields[name].convert_to_cache(vals[name], request), request) for request in self for name in fixed):
            raise UserError(self.env._("The request stays as it was received: withdraw it and enter another."))
        return super().write(vals)

    def action_answer(self):
        """The person has what he asked for; a deletion makes his file anonymous."""
        for request in self:
            request._check_answer()
            if request.kind == 'delete':
                request.partner_id.action_anonymise()
            request._end('answered')
        return True

    def action_refuse(self):
        for request in self:
            request._check_answer()
            request._end('refused')
        return True

    def action_withdraw(self):
        """The person no longer asks for it."""
        self._transition('withdrawn')
        self._cancel_clock('data_request')
        return True

    def _check_answer(self):
        if not (self.answer or '').strip():
            raise UserError(self.env._("Write down what the person is told first."))

    def _end(self, state):
        self._transition(state, answered_on=today())
        self._stop_clock('data_request')
