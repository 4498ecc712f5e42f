from odoo import api, models
from odoo.exceptions import UserError

from ..tools.permit import Permit


class PropertyGuardedMixin(models.AbstractModel):
    """Records that are made, changed and deleted by the product's own methods only, whoever asks: these call
    :meth:`_permitted` for each such call."""

    _name = 'property.guarded.mixin'
    _description = 'Records written by their own methods only'

    def _permitted(self):
        """:return: the same records as superuser, which the very next create, write or unlink may touch"""
        return self.sudo().with_context(property_permit=Permit(self))

    def _spend_permit(self):
        permit = self.env.context.get('property_permit')
        if not (isinstance(permit, Permit) and permit.spend(self)):
            raise UserError(self._guard_sentence())
        # Used up here: hooks and other records below must not find it.
        return self.with_context(property_permit=None)

    def _guard_sentence(self):
        """:return: the sentence for whoever tries to write them by hand"""
        return self.env._("These records are kept by the system and not edited by hand.")

    @api.model_create_multi
    def create(self, vals_list):
        self.check_access('create')
        return super(PropertyGuardedMixin, self._spend_permit()).create(vals_list)

    def write(self, vals):
        self.check_access('write')
        return super(PropertyGuardedMixin, self._spend_permit()).write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_permitted(self):
        self._spend_permit()
