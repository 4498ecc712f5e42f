from odoo import fields, models


class ResUsers(models.Model):
    _inherit = 'res.users'

    # Record rules go by it: whoever stands in reads what he is to decide on.
    approval_delegation_ids = fields.One2many(
        'property.approval.delegation', 'user_id', groups=fields.NO_ACCESS, export_string_translation=False)
