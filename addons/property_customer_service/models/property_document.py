from odoo import fields, models


class PropertyDocument(models.Model):
    """Papers of a project's documents are seen with the project."""

    _inherit = 'property.document'

    project_id = fields.Many2one('property.project', readonly=True, index='btree_not_null', ondelete='restrict')
