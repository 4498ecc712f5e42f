from odoo import api, fields, models
from odoo.addons.property_base.tools.table_objects import Column
from odoo.exceptions import UserError

from .property_board_mixin import XID, Stamp


class PropertyBuilding(models.Model):
    _name = 'property.building'
    _description = 'Building'
    _inherit = ['property.board.mixin', 'mail.thread', 'mail.activity.mixin']
    _order = 'project_id, sequence, id'
    _board_fields = frozenset(['name', 'active', 'project_id'])

    name = fields.Char(required=True, tracking=True, help="As filed, e.g. 1号楼.")
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    project_id = fields.Many2one('property.project', required=True, index=True, ondelete='restrict', tracking=True)
    company_id = fields.Many2one(related='project_id.company_id', store=True, index=True)
    currency_id = fields.Many2one(related='project_id.currency_id')
    police_number = fields.Char(help="The building's number in the registry of addresses, once given.")
    structure = fields.Selection([
        ('frame', "Frame"), ('shear_wall', "Shear wall"), ('frame_shear', "Frame and shear wall"),
        ('brick', "Brick and concrete"), ('other', "Other"),
    ])
    floor_max = fields.Integer("Top Floor", compute='_compute_unit_figures')
    floor_min = fields.Integer("Lowest Floor", compute='_compute_unit_figures')
    elevator_count = fields.Integer("Lifts")
    date_topped_out = fields.Date("Topped Out On")
    date_completion_filed = fields.Date("Completion Filed On", tracking=True)
    coverage_ids = fields.One2many('property.permit.coverage', 'building_id', "Permits")
    permit_id = fields.Many2one('property.permit', "Valid Permit", compute='_compute_permit_id', search='_search_permit_id')
    unit_ids = fields.One2many('property.unit', 'building_id', "Units")
    unit_count = fields.Integer(compute='_compute_unit_figures')
    unit_value = fields.Monetary("Value at List Price", compute='_compute_unit_figures')
    color = fields.Integer()

    _name_project_uniq = models.Constraint(
        'UNIQUE (project_id, name)', "The project already has a building of this name.")
    # What concerns the building as a whole changed in that transaction; see property.board.mixin.
    _board_xid = Column('bigint', XID)
    _board_stamp = Stamp('name', 'active', 'project_id')

    @api.depends('coverage_ids.date_from', 'coverage_ids.date_to', 'coverage_ids.revoked')
    def _compute_permit_id(self):
        for building in self:
            building.permit_id = building._valid_permit()

    def _valid_permit(self):
        """The permit that covers the building today, in its project's time zone; empty when none does."""
        self.ensure_one()
        if not self.project_id:
            return self.env['property.permit']
        today = self.project_id._today()
        return self.coverage_ids.filtered(
            lambda coverage: not coverage.revoked and coverage.date_from and coverage.date_from <= today
            and (not coverage.date_to or coverage.date_to >= today)
        ).permit_id[:1]

    def _search_permit_id(self, operator, value):
        if operator not in ('in', 'any'):
            return NotImplemented
        buildings = self.search([('coverage_ids', '!=', False)])
        without = self.search([('coverage_ids', '=', False)]) if operator == 'in' and False in value else self.browse()
        if operator == 'any':
            permits = self.env['property.permit'].search(value)
            found = buildings.filtered(lambda building: building.permit_id in permits)
        else:
            found = buildings.filtered(lambda building: (building.permit_id.id or False) in value)
        return [('id', 'in', (found | without).ids)]

    def _compute_unit_figures(self):
        figures = {
            building: rest for building, *rest in self.env['property.unit']._read_group(
                [('building_id', 'in', self.ids)], ['building_id'],
                ['__count', 'list_price:sum', 'floor:max', 'floor:min'])
        }
        for building in self:
            (building.unit_count, building.unit_value,
             building.floor_max, building.floor_min) = figures.get(building, (0, 0, 0, 0))

    def write(self, vals):
        # Not a constraint: by the time that it looks, the units have followed into the other project.
        if 'project_id' in vals:
            for building in self.sudo().with_context(active_test=False):
                if building.project_id.id == vals['project_id']:
                    continue
                if building.unit_ids:
                    raise UserError(self.env._(
                        "%(building)s has units and stays with its project.", building=building.name))
                if building.coverage_ids:
                    raise UserError(self.env._(
                        "%(building)s stands on a permit and stays with its project.", building=building.name))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_with_units(self):
        for building in self:
            if building.sudo().with_context(active_test=False).unit_ids:
                raise UserError(self.env._("%(building)s has units: archive it instead.", building=building.name))

    @api.depends('name', 'project_id.name')
    @api.depends_context('show_project')
    def _compute_display_name(self):
        for building in self:
            building.display_name = (
                f'{building.project_id.name} {building.name}' if self.env.context.get('show_project') else building.name)

    def _board_buildings(self):
        return self

    def action_view_units(self):
        self.ensure_one()
        action = self.env['ir.actions.act_window']._for_xml_id('property_customer_service.property_unit_action')
        action['domain'] = [('building_id', '=', self.id)]
        action['context'] = {'default_building_id': self.id}
        return action
