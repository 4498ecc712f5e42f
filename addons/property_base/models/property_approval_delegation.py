from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from ..tools import local_time

MANAGERS = ('property_base.group_department_manager', 'property_base.group_administrator')


class PropertyApprovalDelegation(models.Model):
    """Who decides for somebody who is away. It ends by itself, and what was decided by it names both."""

    _name = 'property.approval.delegation'
    _description = 'Approval During Absence'
    _inherit = ['mail.thread']
    _order = 'date_from desc, id desc'
    _rec_name = 'user_id'

    user_id = fields.Many2one(
        'res.users', "Absent", required=True, default=lambda self: self.env.user, ondelete='restrict', index=True, tracking=True,
        domain="[('share', '=', False)]")
    delegate_id = fields.Many2one(
        'res.users', "Stands In", required=True, ondelete='restrict', index=True, tracking=True, domain="[('share', '=', False)]")
    date_from = fields.Date("From", required=True, default=lambda self: local_time.today(), tracking=True)
    date_to = fields.Date("To", required=True, tracking=True)
    type_ids = fields.Many2many('property.approval.type', string="Only for", help="Empty: every kind of document.")
    reason = fields.Char(required=True)
    active = fields.Boolean(default=True, tracking=True)
    state = fields.Selection([
        ('coming', "Coming"), ('running', "Running"), ('over', "Over"),
    ], compute='_compute_state')

    _not_oneself = models.Constraint('CHECK (user_id != delegate_id)', "Nobody stands in for himself: choose another person.")
    _dates_in_order = models.Constraint(
        "CHECK (date_to >= date_from AND date_to <= date_from + 366)", "An absence ends after it begins, and within a year.")

    @api.depends('date_from', 'date_to')
    def _compute_state(self):
        today = local_time.today()
        for delegation in self:
            if not delegation.date_from or not delegation.date_to:
                delegation.state = 'coming'
            elif delegation.date_to < today:
                delegation.state = 'over'
            else:
                delegation.state = 'running' if delegation.date_from <= today else 'coming'

    @api.constrains('user_id', 'delegate_id', 'date_from', 'date_to')
    def _check_delegate(self):
        for delegation in self:
            if not delegation.delegate_id.sudo().has_group('property_base.group_approver') or delegation.delegate_id.sudo().share:
                raise ValidationError(self.env._("%s has no post that decides and cannot stand in.", delegation.delegate_id.name))
            if not delegation.sudo().user_id.company_ids & delegation.sudo().delegate_id.company_ids:
                raise ValidationError(self.env._("%s works for other companies and cannot stand in.", delegation.delegate_id.name))

    @api.model_create_multi
    def create(self, vals_list):
        delegations = super().create(vals_list)
        delegations._check_own()
        return delegations

    def write(self, vals):
        # Whoever stands in may say that it is over.
        self._check_own(taking=vals.get('active', True))
        # What was decided by it must still be understood.
        begun = self.filtered(lambda delegation: delegation.state != 'coming')
        if begun and vals.keys() & {'user_id', 'delegate_id', 'date_from', 'type_ids'}:
            raise UserError(self.env._("An absence that has begun keeps who stands in from when on: end it and enter another one."))
        result = super().write(vals)
        self._check_own(taking=vals.get('active', True))
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_begun(self):
        self._check_own(taking=False)
        if self.filtered(lambda delegation: delegation.state != 'coming'):
            raise UserError(self.env._("An absence that has begun is kept: end it today instead."))

    def action_end(self):
        """End it today."""
        for delegation in self:
            if delegation.state == 'coming':
                delegation.active = False
            elif delegation.state == 'running':
                delegation.write({'date_to': max(local_time.today(), delegation.date_from), 'active': False})
        return True

    def _check_own(self, taking=True):
        """One may send a stand-in for oneself; the department's head and the administrator for everybody, but nobody
        takes another's vote for himself."""
        if self.env.su:
            return
        if taking and self.filtered(lambda delegation: delegation.delegate_id == self.env.user and delegation.user_id != self.env.user):
            raise UserError(self.env._("Nobody makes himself another's stand-in: the absent person names one, or a colleague does."))
        if any(self.env.user.has_group(group) for group in MANAGERS):
            return
        if self.filtered(lambda delegation: delegation.user_id != self.env.user):
            raise UserError(self.env._("You may name a stand-in for yourself only."))

    @api.model
    def _principals(self, user):
        """For whom a user decides today besides himself.

        :return: dict of principal (res.users) → ids of the kinds of document that it is for; none: all
        """
        kinds = self._fields['type_ids']
        self.flush_model()
        self.env['res.users'].flush_model(['active'])
        today = local_time.today()
        result = {}
        for absent_id, type_ids in self.env.execute_query(SQL(
                """SELECT d.user_id, ARRAY(SELECT t.%(kind)s FROM %(relation)s t WHERE t.%(delegation)s = d.id)
                FROM property_approval_delegation d JOIN res_users u ON u.id = d.user_id AND u.active
                WHERE d.active AND d.delegate_id = %(user)s AND d.date_from <= %(today)s AND d.date_to >= %(today)s ORDER BY d.id""",
                kind=SQL.identifier(kinds.column2), relation=SQL.identifier(kinds.relation), delegation=SQL.identifier(kinds.column1),
                user=user.id, today=today)):
            absent, types = self.env['res.users'].browse(absent_id), set(type_ids)
            before = result.get(absent)
            # Of several, each adds to the others.
            result[absent] = types if before is None else types | before if types and before else set()
        return result

    @api.model
    def _delegates(self, users, approval_type):
        """:return: dict of absent user → who stands in today for that kind of document"""
        today = local_time.today()
        result = {}
        for delegation in self.sudo().search([('user_id', 'in', users.ids), ('date_from', '<=', today), ('date_to', '>=', today)]):
            if not delegation.type_ids or approval_type in delegation.type_ids:
                result[delegation.user_id] = result.get(delegation.user_id, self.env['res.users']) | delegation.delegate_id
        return result
