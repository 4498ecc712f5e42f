from odoo import api, fields, models
from odoo.addons.property_base.tools.table_objects import AppendOnly


class Log(models.Model):
    _name = 'test_property.log'
    _description = 'Log that only grows'

    ticket_id = fields.Many2one('test_property.ticket', required=True, ondelete='restrict')
    what = fields.Char(required=True)
    # Not a fact: it follows the ticket.
    label = fields.Char(compute='_compute_label', store=True)

    _append_only = AppendOnly(
        'ticket_id', 'what', 'create_uid', 'create_date', message="What was logged stays logged.")

    @api.depends('what', 'ticket_id.name')
    def _compute_label(self):
        for log in self:
            log.label = f'{log.ticket_id.name}: {log.what}'
