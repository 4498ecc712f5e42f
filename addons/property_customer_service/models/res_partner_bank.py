from odoo import api, fields, models
from odoo.addons.property_base.tools import masks

#: Who works with account numbers in full.
BOOKKEEPERS = 'account.group_account_invoice,account.group_account_readonly,property_base.group_finance,base.group_system'
NUMBER_FIELDS = ('acc_number', 'sanitized_acc_number')


class ResPartnerBank(models.Model):
    """Odoo keeps the number in plain text, since payments need it: it is masked for whoever does not pay."""

    _name = 'res.partner.bank'
    _inherit = ['res.partner.bank', 'property.secret.mixin']

    # Computed from the number, which not everybody may read.
    acc_type = fields.Selection(compute_sudo=True)
    money_transfer_service = fields.Char(compute_sudo=True)
    acc_number_masked = fields.Char("Account", compute='_compute_acc_number_masked', compute_sudo=True)

    @api.depends('acc_number')
    def _compute_acc_number_masked(self):
        for bank in self:
            bank.acc_number_masked = masks.mask_account(bank.acc_number)

    @api.depends_context('uid')
    def _compute_display_name(self):
        if not self._numbers_are_hidden():
            return super()._compute_display_name()
        for bank in self:
            parts = (bank.acc_number_masked, bank.sudo().bank_id.name)
            bank.display_name = ' - '.join(part for part in parts if part)

    def _numbers_are_hidden(self):
        user = self.env.user
        return not self.env.su and user.has_group('property_base.group_user') and not user.has_groups(BOOKKEEPERS)

    def _has_field_access(self, field, operation):
        if field.name in NUMBER_FIELDS and self._numbers_are_hidden():
            return False
        return super()._has_field_access(field, operation)

    def _unmaskable_names(self):
        return [*super()._unmaskable_names(), 'acc_number']
