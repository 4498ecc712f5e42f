from odoo import fields, models
from odoo.addons.property_base.tools.table_objects import AppendOnly, Triggers

from ..tools.inventory_figures import FIGURES

# Rows join a close while it is being made; once it is closed there are no more.
CLOSE_IS_OPEN = """
CREATE OR REPLACE FUNCTION property_inventory_close_is_open() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM property_inventory_close
    WHERE id = NEW.close_id AND project_id = NEW.project_id AND state = 'draft' FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'refused by %', TG_ARGV[0]
            USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME, CONSTRAINT = TG_ARGV[0];
    END IF;
    RETURN NEW;
END $$
"""
ROWS_OF_OPEN_CLOSE = (
    "BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION property_inventory_close_is_open('{name}')",)


class PropertyInventoryCloseLine(models.Model):
    """The frozen figures of one day, building and layout."""

    _name = 'property.inventory.close.line'
    _description = 'Daily Figures'
    _order = 'date desc, close_id desc, id'
    _rec_name = 'building_name'

    close_id = fields.Many2one('property.inventory.close', "Daily Close", required=True, readonly=True, ondelete='restrict')
    date = fields.Date("Day", required=True, readonly=True)
    project_id = fields.Many2one('property.project', required=True, readonly=True, ondelete='restrict')
    company_id = fields.Many2one('res.company', required=True, readonly=True, ondelete='restrict')
    currency_id = fields.Many2one('res.currency', required=True, readonly=True, ondelete='restrict')
    building_id = fields.Many2one('property.building', required=True, readonly=True, ondelete='restrict')
    layout_id = fields.Many2one('property.layout', readonly=True, ondelete='restrict')
    building_name = fields.Char("Name of the Building", required=True, readonly=True, help="As it was on that day.")
    layout_name = fields.Char("Name of the Layout", readonly=True, help="As it was on that day.")
    total = fields.Integer("Units in All", readonly=True)
    unreleased = fields.Integer("Not Released", readonly=True)
    available = fields.Integer(readonly=True)
    held = fields.Integer(readonly=True)
    expiring = fields.Integer("Of Which End That Day", readonly=True, help="Held units whose hold ends on the day.")
    subscribed = fields.Integer(readonly=True)
    contracted = fields.Integer(readonly=True)
    registered = fields.Integer(readonly=True)
    handed_over = fields.Integer(readonly=True)
    titled = fields.Integer(readonly=True)
    sealed = fields.Integer(readonly=True, help="In whatever state they are.")
    sold = fields.Integer(readonly=True, help="Subscribed, contracted, registered, handed over or titled.")
    sell_through = fields.Float("Sell-through Rate", digits=(16, 4), readonly=True, aggregator=False)
    sold_area = fields.Float("Area Sold (㎡)", digits=(16, 2), readonly=True)
    sold_amount = fields.Monetary("Sold at List Price", readonly=True)
    unreleased_in = fields.Integer("Not Released +", readonly=True)
    unreleased_out = fields.Integer("Not Released −", readonly=True)
    available_in = fields.Integer("Available +", readonly=True)
    available_out = fields.Integer("Available −", readonly=True)
    held_in = fields.Integer("Held +", readonly=True)
    held_out = fields.Integer("Held −", readonly=True)
    subscribed_in = fields.Integer("Subscribed +", readonly=True)
    subscribed_out = fields.Integer("Subscribed −", readonly=True)
    contracted_in = fields.Integer("Contracted +", readonly=True)
    contracted_out = fields.Integer("Contracted −", readonly=True)
    registered_in = fields.Integer("Registered +", readonly=True)
    registered_out = fields.Integer("Registered −", readonly=True)
    handed_over_in = fields.Integer("Handed Over +", readonly=True)
    handed_over_out = fields.Integer("Handed Over −", readonly=True)
    titled_in = fields.Integer("Titled +", readonly=True)
    titled_out = fields.Integer("Titled −", readonly=True)

    _line_uniq = models.UniqueIndex(
        '(close_id, building_id, COALESCE(layout_id, 0))', "A building and layout has one row of figures in a close.")
    _project_date_idx = models.Index('(project_id, date)')
    _append_only = AppendOnly(
        'close_id', 'date', 'project_id', 'company_id', 'currency_id', 'building_id', 'layout_id', 'building_name', 'layout_name',
        *FIGURES, 'sell_through', 'create_uid', 'create_date',
        message="The figures of a closed day are never changed or deleted.")
    _of_open_close = Triggers(
        *ROWS_OF_OPEN_CLOSE, function=CLOSE_IS_OPEN, message="A closed day takes no more figures.")
