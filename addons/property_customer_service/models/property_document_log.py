from odoo import fields, models
from odoo.addons.property_base.models.property_document_log import FACTS, NEVER
from odoo.addons.property_base.tools.table_objects import AppendOnly

from .property_buyer_merge import MovesWithMerge


class PropertyDocumentLog(models.Model):
    """What a person handed in moves to the file that his is merged into."""

    _inherit = 'property.document.log'

    project_id = fields.Many2one(related='document_id.project_id')

    _append_only = AppendOnly(*(name for name in FACTS if name != 'partner_id'), message=NEVER)
    _moves = MovesWithMerge(NEVER)
