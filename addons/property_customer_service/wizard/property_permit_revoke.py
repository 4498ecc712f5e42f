from odoo import fields, models


class PropertyPermitRevoke(models.TransientModel):
    _name = 'property.permit.revoke'
    _description = 'Revoke a Permit'

    permit_id = fields.Many2one('property.permit', required=True)
    reason = fields.Char(required=True)

    def action_confirm(self):
        self.ensure_one()
        self.permit_id.action_revoke(self.reason)
        return {'type': 'ir.actions.act_window_close'}
