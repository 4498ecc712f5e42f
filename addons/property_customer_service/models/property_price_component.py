from odoo import fields, models
from odoo.tools import SQL


class PropertyPriceComponent(models.Model):
    """The build-up of each price, row by row: a view of the steps that are kept with the price.

    They are kept as one value of the row that they explain, which makes a version of 20,000 units with
    six premiums each 20,000 rows and not 160,000.
    """

    _name = 'property.price.component'
    _description = 'Price Build-up'
    _auto = False
    _order = 'line_id, sequence'
    _rec_name = 'label'

    line_id = fields.Many2one('property.price.list.line', "Price", readonly=True)
    list_id = fields.Many2one('property.price.list', "Price List", readonly=True)
    unit_id = fields.Many2one('property.unit', readonly=True)
    project_id = fields.Many2one('property.project', readonly=True)
    company_id = fields.Many2one('res.company', readonly=True)
    currency_id = fields.Many2one('res.currency', readonly=True)
    sequence = fields.Integer(readonly=True)
    kind = fields.Selection([
        ('base', "Base price"),
        ('floor', "Floor premium"),
        ('stack', "Stack premium"),
        ('orientation', "Orientation premium"),
        ('area', "Area premium"),
        ('feature', "Feature premium"),
        ('adjustment', "Adjustment"),
        ('rounding', "Rounding"),
    ], readonly=True)
    label = fields.Char("Premium", readonly=True)
    amount = fields.Monetary(readonly=True, help="Per ㎡ of the priced area; for units priced as a whole, per unit.")

    @property
    def _table_query(self):
        return SQL("""
            SELECT l.id::bigint * 64 + step.n AS id, l.id AS line_id, l.list_id, l.unit_id, l.project_id, l.company_id,
                l.currency_id, step.n::integer AS sequence, step.value->>0 AS kind, step.value->>1 AS label,
                (step.value->>2)::numeric AS amount
            FROM property_price_list_line l
            CROSS JOIN LATERAL jsonb_array_elements(l.build_up) WITH ORDINALITY AS step (value, n)
            WHERE jsonb_typeof(l.build_up) = 'array'
        """)
