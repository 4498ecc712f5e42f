from odoo import api, fields, models

from ..tools.table_objects import AppendOnly


class PropertyUnmasking(models.Model):
    """Who saw which number in full, when and why. It has ids and never the number."""

    _name = 'property.unmasking'
    _description = 'Unmasking'
    _order = 'id desc'
    _rec_name = 'res_id'

    res_model = fields.Char("Record Model", required=True, readonly=True)
    res_id = fields.Many2oneReference("Record", model_field='res_model', required=True, readonly=True)
    field = fields.Char(required=True, readonly=True)
    field_label = fields.Char("Number", compute='_compute_field_label')
    reason = fields.Char("Stated Reason", required=True, readonly=True)
    user_id = fields.Many2one('res.users', "By", required=True, readonly=True, ondelete='restrict')
    company_id = fields.Many2one('res.company', required=True, readonly=True, ondelete='restrict')
    by_hand = fields.Boolean(
        "On Screen", readonly=True, help="Somebody looked at it; otherwise it was put into a document.")

    _record_idx = models.Index('(res_model, res_id, id)')
    _user_idx = models.Index('(user_id, id)')
    _append_only = AppendOnly(
        'res_model', 'res_id', 'field', 'reason', 'user_id', 'company_id', 'by_hand', 'create_uid', 'create_date',
        message="The log of unmaskings is never changed or deleted.")

    @api.depends('res_model', 'field')
    def _compute_field_label(self):
        for log in self:
            log.field_label = self.env['ir.model.fields']._get(log.res_model, log.field).field_description or log.field

    def action_open_record(self):
        self.ensure_one()
        return {
            'type': 'ir.actions.act_window',
            'res_model': self.res_model,
            'res_id': self.res_id,
            'views': [(False, 'form')],
        }
