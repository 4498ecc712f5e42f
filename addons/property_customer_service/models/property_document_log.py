from odoo import fields, models


class PropertyDocumentLog(models.Model):
    _inherit = 'property.document.log'

    project_id = fields.Many2one(related='document_id.project_id')
