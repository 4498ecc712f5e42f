from odoo import api, fields, models
from odoo.addons.property_base.tools.table_objects import AppendOnly, Triggers

from .property_inventory_close_line import CLOSE_IS_OPEN, ROWS_OF_OPEN_CLOSE


class PropertyInventoryCloseDifference(models.Model):
    """A unit on which the lists disagreed when a day was closed, with what each of them said."""

    _name = 'property.inventory.close.difference'
    _description = 'Difference at a Daily Close'
    _order = 'date desc, id'
    _rec_name = 'unit_name'

    close_id = fields.Many2one('property.inventory.close', "Daily Close", required=True, readonly=True, index=True, ondelete='restrict')
    date = fields.Date("Day", required=True, readonly=True)
    project_id = fields.Many2one('property.project', required=True, readonly=True, index=True, ondelete='restrict')
    company_id = fields.Many2one('res.company', required=True, readonly=True, ondelete='restrict')
    unit_id = fields.Many2one('property.unit', required=True, readonly=True, index=True, ondelete='restrict')
    unit_name = fields.Char("Name of the Unit", required=True, readonly=True)
    said = fields.Json("What the Lists Said", required=True, readonly=True)
    sentence = fields.Char(compute='_compute_sentence')

    _append_only = AppendOnly(
        'close_id', 'date', 'project_id', 'company_id', 'unit_id', 'unit_name', 'said', 'create_uid', 'create_date',
        message="The differences of a closed day are never changed or deleted.")
    _of_open_close = Triggers(*ROWS_OF_OPEN_CLOSE, function=CLOSE_IS_OPEN, message="A closed day takes no more differences.")

    @api.depends('unit_name', 'said')
    @api.depends_context('lang')
    def _compute_sentence(self):
        for difference in self:
            difference.sentence = difference.close_id._difference_sentence(difference.unit_name, difference.said or [])
