from odoo import api, models
from odoo.addons.property_base.tools import masks

#: Fields that Odoo tracks and that hold a number of a person.
_MASKS = {
    'res.partner': {'phone': masks.mask_phone, 'vat': masks.mask_identity},
    'res.partner.bank': {'acc_number': masks.mask_account, 'sanitized_acc_number': masks.mask_account},
}


class MailTrackingValue(models.Model):
    _inherit = 'mail.tracking.value'

    @api.model
    def _create_tracking_values(self, initial_value, new_value, col_name, col_info, record):
        """The chatter says that a number changed, and shows no more of it than a list does."""
        mask = _MASKS.get(record._name, {}).get(col_name)
        if mask:
            initial_value, new_value = (value and mask(value) for value in (initial_value, new_value))
        return super()._create_tracking_values(initial_value, new_value, col_name, col_info, record)
