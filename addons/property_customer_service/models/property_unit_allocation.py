from odoo import api, fields, models
from odoo.addons.property_base.tools.table_objects import DeferredTriggers, Triggers
from odoo.exceptions import AccessError

from .property_board_mixin import StampAllocated
from .property_unit import AGREES_FUNCTION


class PropertyUnitAllocation(models.Model):
    """Who has a unit that is not free: one row for each such unit, and the database allows no second one.

    Written by ``property.unit._move`` only: inserted before anything is checked, so that of two that want
    one unit at one moment the second waits for the first and is then told who won.
    """

    _name = 'property.unit.allocation'
    _description = 'Unit Allocation'
    _order = 'unit_id, id'
    _rec_name = 'unit_id'

    unit_id = fields.Many2one('property.unit', required=True, readonly=True, index=True, ondelete='restrict')
    request_id = fields.Many2one('property.unit.request', "Hold", readonly=True, index='btree_not_null', ondelete='restrict')
    expiry = fields.Datetime(readonly=True, index='btree_not_null', help="When a hold frees the unit by itself.")
    project_id = fields.Many2one('property.project', required=True, readonly=True, index=True, ondelete='restrict')
    company_id = fields.Many2one('res.company', required=True, readonly=True, ondelete='restrict')

    _unit_uniq = models.UniqueIndex(
        '(unit_id)', lambda env, diag: env['property.unit.allocation']._taken_message(diag))
    # One holder; the documents of later stages join this list.
    _one_holder = models.Constraint('CHECK (num_nonnulls(request_id) = 1)', "A unit is held by exactly one document.")
    _agrees = DeferredTriggers(
        "AFTER INSERT OR DELETE ON {table} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION property_unit_agrees('{name}')",
        function=AGREES_FUNCTION,
        message=lambda env, diag: env['property.unit']._disagreement_message(diag),
    )
    _stays = Triggers(
        "BEFORE UPDATE OF id, unit_id ON {table} FOR EACH ROW EXECUTE FUNCTION property_refuse('{name}')",
        "BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION property_refuse('{name}')",
        message="An allocation stays with its unit: units are taken and given back one by one.",
    )

    _board_stamp = StampAllocated()

    #: Fields that may name the holder, in the order of the sale.
    _holders = ('request_id',)

    @api.model
    def _taken_message(self, diag):
        """The sentence for whoever came second; read after the rollback, when the winner's row can be seen."""
        detail = diag and diag.message_detail or ''
        digits = detail.rpartition('=(')[2].partition(')')[0]
        allocation = self.sudo().search([('unit_id', '=', int(digits))]) if digits.isdigit() else self
        if not allocation:
            return self.env._("Somebody else was first with one of these units: look at the board and choose again.")
        return allocation._holder_sentence()

    def _holder_sentence(self):
        self.ensure_one()
        holder = self._holder()
        return self.env._(
            "%(unit)s is held by %(document)s: choose another unit, or wait until it is free.",
            unit=self.unit_id.full_name, document=holder.name)

    @api.model
    def _holder_field(self, documents):
        """:return: name of the field that names documents of this model as holders; none where they cannot have a unit"""
        return next((name for name in self._holders if self._fields[name].comodel_name == documents._name), None)

    def _holder(self):
        """The document that has the unit."""
        self.ensure_one()
        return next((self[name] for name in self._holders if self[name]), None)

    @api.model_create_multi
    def create(self, vals_list):
        self._refuse()
        return super().create(vals_list)

    def write(self, vals):
        self._refuse()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_by_move(self):
        self._refuse()

    def _refuse(self):
        raise AccessError(self.env._("Units are taken and freed by their documents only."))
