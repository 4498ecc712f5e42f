from odoo import api, fields, models
from odoo.addons.property_base.tools.table_objects import Triggers
from odoo.exceptions import UserError
from odoo.tools import SQL, float_round

# Who sees how a price is computed: those who set, check or approve prices.
PRICE_MAKERS = 'property_base.group_floor_price,property_base.group_signing,property_base.group_assistant_manager'
_FROZEN_FUNCTION = """
CREATE OR REPLACE FUNCTION property_price_list_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM property_price_list
        WHERE state != 'draft' AND id IN (
            CASE WHEN TG_OP != 'INSERT' THEN OLD.list_id END, CASE WHEN TG_OP != 'DELETE' THEN NEW.list_id END)
    ) THEN
        RAISE EXCEPTION 'refused by %', TG_ARGV[0]
            USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME, CONSTRAINT = TG_ARGV[0];
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$
"""
# The facts of a price: stored computes and upgrades may touch the other columns.
_FACTS = ('list_id', 'unit_id', 'pricing_mode', 'price_area', 'unit_price', 'total', 'floor_price')
_OLD, _NEW = (', '.join(f'{side}.{fact}' for fact in _FACTS) for side in ('OLD', 'NEW'))


class PropertyPriceListLine(models.Model):
    """One unit's price in one list. The database refuses every change once the list is no draft."""

    _name = 'property.price.list.line'
    _description = 'Unit Price'
    _order = 'list_id, id'
    _rec_name = 'unit_id'

    list_id = fields.Many2one('property.price.list', "Price List", required=True, index=True, ondelete='cascade')
    unit_id = fields.Many2one('property.unit', required=True, index=True, ondelete='restrict')
    state = fields.Selection(related='list_id.state')
    version = fields.Integer(related='list_id.version')
    project_id = fields.Many2one(related='list_id.project_id', store=True, precompute=True)
    building_id = fields.Many2one(related='unit_id.building_id', store=True, precompute=True)
    layout_id = fields.Many2one(related='unit_id.layout_id', store=True, precompute=True)
    floor = fields.Integer(related='unit_id.floor')
    usage = fields.Selection(related='unit_id.usage')
    company_id = fields.Many2one(related='list_id.company_id', store=True, precompute=True, index=True)
    currency_id = fields.Many2one(related='list_id.currency_id', store=True, precompute=True)
    pricing_mode = fields.Selection(
        lambda self: self.env['property.unit']._pricing_modes(), required=True,
        compute='_compute_pricing', store=True, readonly=False, precompute=True)
    price_area = fields.Float(
        "Priced Area (㎡)", digits=(16, 2), compute='_compute_price_area', store=True, precompute=True)
    unit_price = fields.Monetary("Price per ㎡", aggregator='avg')
    total = fields.Monetary("Price", compute='_compute_total', store=True, readonly=False, precompute=True, required=True)
    floor_price = fields.Monetary(groups='property_base.group_floor_price', help="The lowest price that may be agreed.")
    previous_unit_price = fields.Monetary(
        "Before, per ㎡", readonly=True, aggregator=False, compute='_compute_previous', store=True, precompute=True)
    previous_total = fields.Monetary(
        "Before", readonly=True, compute='_compute_previous', store=True, precompute=True)
    change = fields.Monetary(compute='_compute_change', store=True, precompute=True)
    area_is_stale = fields.Boolean(compute='_compute_area_is_stale', search='_search_area_is_stale')
    below_floor_price = fields.Boolean(
        compute='_compute_below_floor_price', search='_search_below_floor_price', compute_sudo=True,
        groups='property_base.group_floor_price')
    change_percent = fields.Float("Change (%)", digits=(16, 2), compute='_compute_change_percent')
    build_up = fields.Json("Build-up", readonly=True, copy=False, groups=PRICE_MAKERS)
    component_ids = fields.One2many('property.price.component', 'line_id', "Build-up Rows", groups=PRICE_MAKERS)

    _unit_uniq = models.Constraint('UNIQUE (list_id, unit_id)', "A unit stands in a price list only once.")
    _total_positive = models.Constraint('CHECK (total > 0)', "A price must be greater than zero.")
    _unit_price_positive = models.Constraint(
        "CHECK (pricing_mode = 'unit' OR unit_price > 0)", "A price per square metre must be greater than zero.")
    _total_is_product = models.Constraint(
        "CHECK (pricing_mode = 'unit' OR abs(total - unit_price * price_area) <= greatest(1, price_area * 0.005))",
        "The total is not the unit price times the area: correct one of them.")
    # Whether it lies below the price is looked at on activation, by somebody who may see it: refused
    # here, it could be found out by trying.
    _floor_price_not_negative = models.Constraint(
        'CHECK (floor_price >= 0)', "A floor price cannot be negative.")
    _frozen = Triggers(
        "BEFORE INSERT OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION property_price_list_frozen('{name}')",
        f"BEFORE UPDATE ON {{table}} FOR EACH ROW WHEN (({_OLD}) IS DISTINCT FROM ({_NEW}))"
        " EXECUTE FUNCTION property_price_list_frozen('{name}')",
        "BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION property_refuse('{name}')",
        function=_FROZEN_FUNCTION,
        message="A price list that is in force or has been no longer changes: make the next version.",
    )

    @api.depends('unit_id')
    def _compute_pricing(self):
        for line in self:
            line.pricing_mode = line.unit_id.pricing_mode or 'gross'

    @api.depends('unit_id', 'pricing_mode')
    def _compute_price_area(self):
        for line in self:
            line.price_area = line._area_of_unit()

    @api.depends('unit_price', 'price_area')
    def _compute_total(self):
        for line in self:
            if line.price_area:
                line.total = float_round(line.unit_price * line.price_area, precision_digits=2)

    @api.depends('unit_id')
    def _compute_previous(self):
        for line in self:
            line.previous_unit_price = line.unit_id.unit_price
            line.previous_total = line.unit_id.list_price

    @api.depends('total', 'previous_total')
    def _compute_change(self):
        for line in self:
            line.change = line.total - line.previous_total if line.previous_total else 0.0

    @api.depends('change', 'previous_total')
    def _compute_change_percent(self):
        for line in self:
            line.change_percent = 100 * line.change / line.previous_total if line.previous_total else 0.0

    @api.depends('price_area', 'pricing_mode', 'unit_id.gross_area', 'unit_id.inside_area')
    def _compute_area_is_stale(self):
        for line in self:
            line.area_is_stale = line.price_area != line._area_of_unit()

    def _search_area_is_stale(self, operator, value):
        if operator != 'in' or True not in value:
            return NotImplemented
        self.flush_model(['unit_id', 'pricing_mode', 'price_area'])
        self.env['property.unit'].flush_model(['gross_area', 'inside_area'])
        return [('id', 'in', SQL("""(
            SELECT l.id FROM property_price_list_line l JOIN property_unit u ON u.id = l.unit_id
            WHERE l.price_area IS DISTINCT FROM
                CASE l.pricing_mode WHEN 'gross' THEN u.gross_area WHEN 'inside' THEN u.inside_area ELSE 0 END
        )"""))]

    @api.depends('total', 'floor_price')
    def _compute_below_floor_price(self):
        for line in self:
            line.below_floor_price = line.floor_price > line.total

    def _search_below_floor_price(self, operator, value):
        # A searched field is replaced before its groups are looked at, and prices could be tried until it answers.
        self._check_field_access(self._fields['below_floor_price'], 'read')
        if operator != 'in' or True not in value:
            return NotImplemented
        self.flush_model(['floor_price', 'total'])
        return [('id', 'in', SQL("(SELECT id FROM property_price_list_line WHERE floor_price > total)"))]

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        for line in lines:
            if line.unit_id.project_id != line.project_id:
                raise UserError(self.env._(
                    "%(unit)s belongs to %(other)s and not to %(project)s.", unit=line.unit_id.full_name,
                    other=line.unit_id.project_id.name, project=line.project_id.name))
        lines.list_id._check_draft()
        return lines

    def write(self, vals):
        if vals.keys() - {'build_up'}:
            self.list_id._check_draft()
        if {'list_id', 'unit_id'} & vals.keys():
            raise UserError(self.env._("A price stays with its unit and its list: delete the row and add another."))
        # A price that is typed in has no build-up any more.
        if {'unit_price', 'total', 'pricing_mode'} & vals.keys():
            vals = {**vals, 'build_up': False}
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_draft(self):
        self.list_id._check_draft()

    def _area_of_unit(self):
        """The unit's area in ㎡ that the price counts; 0 for a unit that is priced as a whole."""
        self.ensure_one()
        return {'gross': self.unit_id.gross_area, 'inside': self.unit_id.inside_area}.get(self.pricing_mode, 0.0)
