from odoo import fields, models


class PropertyPriceBase(models.Model):
    """The price that the premiums are added to; the most particular one counts."""

    _name = 'property.price.base'
    _description = 'Base Price'
    _inherit = ['property.price.rule.mixin']
    _order = 'list_id, layout_id, building_id, id'

    layout_id = fields.Many2one(
        'property.layout', domain="[('project_id', '=', project_id)]", ondelete='restrict', help="Empty: every layout.")
    price = fields.Monetary(
        "Base Price", required=True, help="Per ㎡ of the priced area; for units priced as a whole, per unit.")

    _price_positive = models.Constraint('CHECK (price > 0)', "A base price must be greater than zero.")
    _scope_uniq = models.UniqueIndex(
        "(list_id, COALESCE(layout_id, 0), COALESCE(building_id, 0), COALESCE(usage, ''))",
        "There is already a base price for that building, layout and usage.")
