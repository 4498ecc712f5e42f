from odoo import fields, models


class PropertyDocumentLoan(models.Model):
    _inherit = 'property.document.loan'

    project_id = fields.Many2one(related='document_id.project_id', store=True, index='btree_not_null')
