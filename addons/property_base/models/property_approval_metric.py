from odoo import fields, models


class PropertyApprovalMetric(models.Model):
    """A figure of a document that rules compare: an amount, a discount, days. The document says what it is."""

    _name = 'property.approval.metric'
    _description = 'Figure of an Approved Document'
    _order = 'sequence, id'

    sequence = fields.Integer(default=10)
    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True)
    unit = fields.Char(translate=True, help="%, CNY, days … A yes or no is 1 or 0.")

    _code_uniq = models.UniqueIndex('(code)', "There is a figure with this code already.")
