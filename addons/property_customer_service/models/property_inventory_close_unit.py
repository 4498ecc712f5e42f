from odoo import fields, models
from odoo.addons.property_base.tools.table_objects import AppendOnly, Triggers

from .property_inventory_close_line import CLOSE_IS_OPEN, ROWS_OF_OPEN_CLOSE


class PropertyInventoryCloseUnit(models.Model):
    """What a close knew of a unit beside its state, which the ledger of movements keeps.

    A close writes a row for each unit of which something has changed since the close before, so that the newest row up
    to a day is what was known on it: whether the unit counted, its building, layout and name, and whether it was sealed.
    """

    _name = 'property.inventory.close.unit'
    _description = 'Unit at a Daily Close'
    _order = 'date desc, id desc'
    _rec_name = 'unit_name'

    close_id = fields.Many2one('property.inventory.close', "Daily Close", required=True, readonly=True, ondelete='restrict')
    date = fields.Date("Day", required=True, readonly=True)
    project_id = fields.Many2one('property.project', required=True, readonly=True, ondelete='restrict')
    company_id = fields.Many2one('res.company', required=True, readonly=True, ondelete='restrict')
    unit_id = fields.Many2one('property.unit', required=True, readonly=True, index=True, ondelete='restrict')
    building_id = fields.Many2one('property.building', required=True, readonly=True, ondelete='restrict')
    layout_id = fields.Many2one('property.layout', readonly=True, ondelete='restrict')
    unit_name = fields.Char("Name of the Unit", required=True, readonly=True)
    counted = fields.Boolean(readonly=True, help="Not archived, or in somebody's hands.")
    sealed = fields.Boolean(readonly=True)
    expiring = fields.Boolean("Hold Ends That Day", readonly=True)

    _unit_uniq = models.UniqueIndex('(close_id, unit_id)', "A close knows a unit once.")
    _known_idx = models.Index('(project_id, unit_id, date)')
    _append_only = AppendOnly(
        'close_id', 'date', 'project_id', 'company_id', 'unit_id', 'building_id', 'layout_id', 'unit_name', 'counted', 'sealed',
        'expiring', 'create_uid', 'create_date', message="What a close knew of a unit is never changed or deleted.")
    _of_open_close = Triggers(*ROWS_OF_OPEN_CLOSE, function=CLOSE_IS_OPEN, message="A closed day takes no more units.")
