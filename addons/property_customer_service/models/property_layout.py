from odoo import api, fields, models
from odoo.exceptions import UserError

from .property_board_mixin import Mark


class PropertyLayout(models.Model):
    """A layout (户型): rooms and plan shared by the units of one shape."""

    _name = 'property.layout'
    _description = 'Layout'
    _inherit = ['property.board.mixin', 'mail.thread', 'image.mixin']
    _order = 'project_id, name, id'
    _board_fields = frozenset(['name', 'rooms'])

    name = fields.Char("Code", required=True, help="As filed, e.g. A1.")
    rooms = fields.Char(help="As filed, e.g. 3室2厅2卫.")
    active = fields.Boolean(default=True)
    project_id = fields.Many2one('property.project', required=True, index=True, ondelete='restrict')
    company_id = fields.Many2one(related='project_id.company_id', store=True, index=True)
    usage = fields.Selection(lambda self: self.env['property.unit']._usages(), required=True, default='residential')
    bedrooms = fields.Integer()
    halls = fields.Integer("Living Rooms")
    baths = fields.Integer("Bathrooms")
    image_1920 = fields.Image("Plan", max_width=1920, max_height=1920)
    selling_points = fields.Text()
    unit_ids = fields.One2many('property.unit', 'layout_id', "Units")
    unit_count = fields.Integer(compute='_compute_unit_figures')
    area_min = fields.Float("Smallest (㎡)", digits=(16, 2), compute='_compute_unit_figures')
    area_max = fields.Float("Largest (㎡)", digits=(16, 2), compute='_compute_unit_figures')

    _name_project_uniq = models.Constraint(
        'UNIQUE (project_id, name)', "The project already has a layout of this code.")
    _board_mark = Mark("AFTER UPDATE OF name, rooms ON {table}")
    _counts_not_negative = models.Constraint(
        'CHECK (bedrooms >= 0 AND halls >= 0 AND baths >= 0)', "The number of rooms cannot be negative.")

    def _compute_unit_figures(self):
        figures = {
            layout: rest for layout, *rest in self.env['property.unit']._read_group(
                [('layout_id', 'in', self.ids)], ['layout_id'], ['__count', 'gross_area:min', 'gross_area:max'])
        }
        for layout in self:
            layout.unit_count, layout.area_min, layout.area_max = figures.get(layout, (0, 0, 0))

    @api.depends('name', 'rooms')
    def _compute_display_name(self):
        for layout in self:
            layout.display_name = ' '.join(filter(None, (layout.name, layout.rooms)))

    def write(self, vals):
        if 'project_id' in vals:
            for layout in self.sudo().with_context(active_test=False):
                if layout.project_id.id != vals['project_id'] and layout.unit_ids:
                    raise UserError(self.env._(
                        "%(layout)s has units and stays with its project.", layout=layout.name))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_in_a_close(self):
        row = self.env['property.inventory.close.line'].sudo().search([('layout_id', 'in', self.ids)], limit=1)
        if row:
            raise UserError(self.env._("%s stands in the report of a closed day: archive it instead.", row.layout_name))

    @api.ondelete(at_uninstall=False)
    def _unlink_except_with_units(self):
        for layout in self.sudo().with_context(active_test=False):
            if layout.unit_ids:
                raise UserError(self.env._("%(layout)s has units: archive it instead.", layout=layout.name))

    def action_view_units(self):
        self.ensure_one()
        action = self.env['ir.actions.act_window']._for_xml_id('property_customer_service.property_unit_action')
        action['domain'] = [('layout_id', '=', self.id)]
        action['context'] = {'default_layout_id': self.id}
        return action

    def _board_buildings(self):
        return self.project_id.building_ids
