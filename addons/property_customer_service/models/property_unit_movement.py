from odoo import fields, models
from odoo.addons.property_base.tools.table_objects import AppendOnly, DeferredTriggers, Triggers

from .property_inventory_close_line import CLOSE_IS_OPEN
from .property_unit import AGREES_FUNCTION


class PropertyUnitMovement(models.Model):
    """Every change of a unit's state, with the document that made it. Nobody changes or deletes it.

    Reports of a day are counted from here, so that yesterday's report is the same tomorrow: the figures
    that they add up are kept with the movement.
    """

    _name = 'property.unit.movement'
    _description = 'Unit Movement'
    _order = 'id desc'
    _rec_name = 'unit_id'

    unit_id = fields.Many2one('property.unit', required=True, readonly=True, ondelete='restrict')
    building_id = fields.Many2one('property.building', required=True, readonly=True, ondelete='restrict')
    layout_id = fields.Many2one('property.layout', readonly=True, ondelete='restrict')
    project_id = fields.Many2one('property.project', required=True, readonly=True, ondelete='restrict')
    company_id = fields.Many2one('res.company', required=True, readonly=True, ondelete='restrict')
    currency_id = fields.Many2one('res.currency', required=True, readonly=True, ondelete='restrict')
    date = fields.Date(required=True, readonly=True, help="The day in the project's time zone.")
    state_from = fields.Selection(
        lambda self: self.env['property.unit']._fields['state']._description_selection(self.env), "From", readonly=True, required=True)
    state_to = fields.Selection(
        lambda self: self.env['property.unit']._fields['state']._description_selection(self.env), "To", readonly=True, required=True)
    document_model = fields.Char(readonly=True, required=True)
    document_id = fields.Many2oneReference(model_field='document_model', readonly=True, required=True)
    document_name = fields.Char("Document Number", readonly=True, required=True)
    reason = fields.Char(readonly=True)
    user_id = fields.Many2one('res.users', "By", required=True, readonly=True, ondelete='restrict')
    gross_area = fields.Float("Gross Area (㎡)", digits=(16, 2), readonly=True)
    list_price = fields.Monetary(readonly=True)
    close_id = fields.Many2one(
        'property.inventory.close', "Counted By", readonly=True, index='btree_not_null', ondelete='restrict',
        help="The daily close in whose report it stands.")

    _unit_idx = models.Index("(unit_id, id)")
    _building_idx = models.Index("(building_id, id)")
    _project_date_idx = models.Index("(project_id, date)")
    _uncounted_idx = models.Index("(project_id, date) WHERE close_id IS NULL")
    _document_idx = models.Index("(document_model, document_id)")
    _append_only = AppendOnly(
        'unit_id', 'building_id', 'layout_id', 'project_id', 'company_id', 'currency_id', 'date', 'state_from', 'state_to',
        'document_model', 'document_id', 'document_name', 'reason', 'user_id', 'gross_area', 'list_price',
        'create_uid', 'create_date',
        message="The ledger of a unit's movements is never changed or deleted.")
    _agrees = DeferredTriggers(
        "AFTER INSERT ON {table} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION property_unit_agrees('{name}')",
        function=AGREES_FUNCTION,
        message=lambda env, diag: env['property.unit']._disagreement_message(diag),
    )
    _counted_once = Triggers(
        "BEFORE INSERT ON {table} FOR EACH ROW WHEN (NEW.close_id IS NOT NULL) EXECUTE FUNCTION property_refuse('{name}')",
        "BEFORE UPDATE ON {table} FOR EACH ROW WHEN (OLD.close_id IS NOT NULL AND OLD.close_id IS DISTINCT FROM NEW.close_id)"
        " EXECUTE FUNCTION property_refuse('{name}')",
        "BEFORE UPDATE ON {table} FOR EACH ROW WHEN (OLD.close_id IS NULL AND NEW.close_id IS NOT NULL)"
        " EXECUTE FUNCTION property_inventory_close_is_open('{name}')",
        function=CLOSE_IS_OPEN,
        message="A movement is counted once, by the next close of its project, and stays with it.")
