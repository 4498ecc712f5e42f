from odoo import fields, models


class PropertyUnitRequestReject(models.TransientModel):
    _name = 'property.unit.request.reject'
    _description = 'Reject Requests'

    request_ids = fields.Many2many(
        'property.unit.request', required=True, default=lambda self: self.env.context.get('active_ids'))
    note = fields.Char("Why", required=True)

    def action_confirm(self):
        self.ensure_one()
        self.request_ids.action_reject(self.note)
        return {'type': 'ir.actions.act_window_close'}
