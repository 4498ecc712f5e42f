from odoo import fields, models
from odoo.addons.property_base.tools.table_objects import AppendOnly


class PropertyPriceHistory(models.Model):
    """Every price that a unit has had, written when a list takes effect. Nobody changes or deletes it."""

    _name = 'property.price.history'
    _description = 'Price History'
    _order = 'id desc'
    _rec_name = 'unit_id'

    unit_id = fields.Many2one('property.unit', required=True, readonly=True, index=True, ondelete='restrict')
    list_id = fields.Many2one('property.price.list', "Price List", required=True, readonly=True, index=True, ondelete='restrict')
    project_id = fields.Many2one('property.project', required=True, readonly=True, index=True, ondelete='restrict')
    company_id = fields.Many2one('res.company', required=True, readonly=True, index=True, ondelete='restrict')
    currency_id = fields.Many2one('res.currency', required=True, readonly=True, ondelete='restrict')
    date = fields.Date("Effective From", required=True, readonly=True)
    user_id = fields.Many2one('res.users', "Activated By", required=True, readonly=True, ondelete='restrict')
    pricing_mode = fields.Selection(lambda self: self.env['property.unit']._pricing_modes(), required=True, readonly=True)
    price_area = fields.Float("Priced Area (㎡)", digits=(16, 2), readonly=True)
    unit_price = fields.Monetary("Price per ㎡", readonly=True, aggregator='avg')
    total = fields.Monetary("Price", required=True, readonly=True)
    floor_price = fields.Monetary(readonly=True, groups='property_base.group_floor_price')
    previous_total = fields.Monetary("Before", readonly=True)

    _append_only = AppendOnly(
        'unit_id', 'list_id', 'project_id', 'company_id', 'currency_id', 'date', 'user_id', 'pricing_mode',
        'price_area', 'unit_price', 'total', 'floor_price', 'previous_total', 'create_uid', 'create_date',
        message="The price history is never changed or deleted.")
