from odoo import fields, models
from odoo.exceptions import UserError


class Claim(models.Model):
    _name = 'test_property.claim'
    _description = 'Document with approvals'
    _inherit = ['property.approval.mixin']
    _sequence_code = 'test_property.document'
    _approval_type = 'test_claim'
    _approval_limit_field = 'discount'
    _transitions = {
        'draft': ('submitted', 'cancelled'),
        'submitted': ('paid', 'draft', 'rejected'),
        'paid': (),
        'rejected': (),
        'cancelled': (),
    }

    state = fields.Selection([
        ('draft', "Draft"), ('submitted', "Submitted"), ('paid', "Paid"), ('rejected', "Rejected"), ('cancelled', "Cancelled"),
    ], required=True, copy=False, default='draft')
    company_id = fields.Many2one('res.company', required=True, default=lambda self: self.env.company)
    kind = fields.Selection([('normal', "Normal"), ('special', "Special")], default='normal')
    amount = fields.Float(digits=(16, 2))
    discount = fields.Float(digits=(16, 2), groups='base.group_user')
    secret = fields.Float(digits=(16, 2), groups='property_base.group_floor_price')
    days = fields.Integer()
    manager_id = fields.Many2one('res.users')
    line_ids = fields.One2many('test_property.claim.line', 'claim_id')
    note = fields.Char()
    paid_by_id = fields.Many2one('res.users')

    def _approval_guarded_fields(self):
        return ['kind', 'amount', 'discount', 'secret', 'days', 'manager_id', 'line_ids.price']

    def _approval_key_fields(self):
        return ['amount', 'discount']

    def _approval_subtype(self):
        return self.kind

    def _approval_figures(self):
        return {'test_amount': self.amount, 'test_discount': self.discount, 'test_days': self.days}

    def _check_submission(self):
        if self.amount < 0:
            raise UserError(self.env._("A claim is for more than nothing."))

    def _on_approved(self):
        if self.note == 'fail':
            raise UserError(self.env._("The till is empty."))
        self._transition('paid', paid_by_id=self.env.uid)


class ClaimLine(models.Model):
    _name = 'test_property.claim.line'
    _description = 'Line of a claim'
    _inherit = ['property.approval.line.mixin']
    _approval_parent = 'claim_id'
    _approval_guarded = ('price',)

    claim_id = fields.Many2one('test_property.claim', required=True, ondelete='cascade')
    name = fields.Char()
    price = fields.Float(digits=(16, 2))
