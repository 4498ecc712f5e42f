from odoo import fields, models


class PropertyApprovalSubtype(models.Model):
    """A case within a kind of document that may have rules of its own, such as the kind of a change."""

    _name = 'property.approval.subtype'
    _description = 'Case of an Approved Document'
    _order = 'type_id, sequence, id'

    sequence = fields.Integer(default=10)
    type_id = fields.Many2one('property.approval.type', "Kind of Document", required=True, ondelete='cascade', index=True)
    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True)

    _code_uniq = models.UniqueIndex('(type_id, code)', "This kind of document has a case with this code already.")
