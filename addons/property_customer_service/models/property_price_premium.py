from odoo import api, fields, models


class PropertyPricePremium(models.Model):
    """What makes one unit dearer or cheaper than its base price. All that match are added up."""

    _name = 'property.price.premium'
    _description = 'Price Premium'
    _inherit = ['property.price.rule.mixin']
    _order = 'list_id, sequence, id'

    sequence = fields.Integer(default=10)
    name = fields.Char(compute='_compute_name', store=True, readonly=False, precompute=True, required=True)
    kind = fields.Selection([
        ('floor', "Floor premium"),
        ('stack', "Stack premium"),
        ('orientation', "Orientation premium"),
        ('area', "Area premium"),
        ('feature', "Feature premium"),
    ], required=True, default='floor')
    floor_from = fields.Integer("From Floor", default=1)
    floor_to = fields.Integer("To Floor", default=99)
    stair = fields.Char(help="Empty: every stair.")
    stack = fields.Char()
    orientation = fields.Selection(
        lambda self: self.env['property.unit']._fields['orientation']._description_selection(self.env))
    area_from = fields.Float("From Area (㎡)", digits=(16, 2))
    area_to = fields.Float("Below Area (㎡)", digits=(16, 2), help="0: no upper limit.")
    feature_id = fields.Many2one('property.unit.feature', ondelete='restrict')
    method = fields.Selection([
        ('amount', "Amount per ㎡"),
        ('step', "Amount per ㎡ for each floor above the first of the band"),
        ('percent', "Percent of the base price"),
        ('lump', "Amount per unit"),
    ], required=True, default='amount')
    value = fields.Float("Amount or Percent", required=True, digits=(16, 2), help="Negative for a discount. Yuan, or percent.")

    _floors_in_order = models.Constraint(
        "CHECK (kind != 'floor' OR floor_from <= floor_to)", "A floor band ends above the floor that it begins on.")
    _areas_in_order = models.Constraint(
        "CHECK (kind != 'area' OR area_to = 0 OR area_from < area_to)", "An area band ends above the area that it begins at.")
    _step_by_floor = models.Constraint(
        "CHECK (method != 'step' OR kind = 'floor')", "Only a floor band can count an amount for each floor.")
    _complete = models.Constraint(
        "CHECK ((kind != 'stack' OR stack IS NOT NULL) AND (kind != 'orientation' OR orientation IS NOT NULL)"
        " AND (kind != 'feature' OR feature_id IS NOT NULL))",
        "Say which stack, orientation or feature the premium is for.")

    @api.depends('kind', 'floor_from', 'floor_to', 'stair', 'stack', 'orientation', 'area_from', 'area_to', 'feature_id')
    def _compute_name(self):
        orientations = dict(self._fields['orientation']._description_selection(self.env))
        for premium in self:
            if premium.kind == 'floor':
                premium.name = self.env._("Floors %(low)s–%(high)s", low=premium.floor_from, high=premium.floor_to)
            elif premium.kind == 'stack':
                premium.name = self.env._("Stack %s", '-'.join(filter(None, (premium.stair, premium.stack))))
            elif premium.kind == 'orientation':
                premium.name = orientations.get(premium.orientation) or self.env._("Orientation")
            elif premium.kind == 'area':
                premium.name = (
                    self.env._("%(low)s–%(high)s ㎡", low=f'{premium.area_from:g}', high=f'{premium.area_to:g}')
                    if premium.area_to else self.env._("From %s ㎡", f'{premium.area_from:g}'))
            else:
                premium.name = premium.feature_id.name or self.env._("Feature")
