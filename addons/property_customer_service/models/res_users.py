from odoo import fields, models

from .res_partner import TELEPHONE_FIELDS


class ResUsers(models.Model):
    _inherit = 'res.users'

    property_project_ids = fields.Many2many(
        'property.project', 'property_project_member_rel', 'user_id', 'project_id', "Posted to Projects", readonly=True)

    def _has_field_access(self, field, operation):
        """A user inherits his partner's telephone number: who may not see buyers' numbers sees colleagues' only."""
        if field.name in TELEPHONE_FIELDS and not self.env.su and self.env['res.partner']._telephone_is_hidden() \
                and not (self and all(user._is_internal() for user in self.sudo())):
            return False
        return super()._has_field_access(field, operation)
