from datetime import datetime

import pytz

from odoo import api, fields, models
from odoo.exceptions import UserError


class PropertyProject(models.Model):
    """An estate (楼盘): the company, currency and time zone of everything in it."""

    _name = 'property.project'
    _description = 'Project'
    _inherit = ['mail.thread', 'mail.activity.mixin', 'image.mixin']
    _order = 'sequence, name, id'
    _check_company_auto = True

    name = fields.Char(required=True, tracking=True, index='trigram')
    code = fields.Char(help="Short code, used in document numbers.")
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        'res.company', required=True, index=True, default=lambda self: self.env.company, tracking=True)
    currency_id = fields.Many2one(related='company_id.currency_id', store=True)
    tz = fields.Selection(
        '_tz_get', string="Time Zone", required=True, default='Asia/Shanghai',
        help="“Today” and every deadline of the project are counted in this time zone.")
    promotion_name = fields.Char(help="The name in advertisements, where it differs from the filed one.")
    developer_name = fields.Char("Developer", help="As it stands on the permit; the company's name when empty.")
    street = fields.Char("Address")
    district = fields.Char()
    city = fields.Char()
    land_certificate = fields.Char("Land Use Certificate")
    land_area = fields.Float("Land Area (㎡)", digits=(16, 2))
    date_start = fields.Date("Start of Works")
    date_completion = fields.Date("Planned Completion")
    date_handover = fields.Date("Planned Handover", tracking=True)
    manager_id = fields.Many2one('res.users', "Sales Manager", tracking=True, domain="[('share', '=', False)]")
    member_ids = fields.Many2many(
        'res.users', 'property_project_member_rel', 'project_id', 'user_id', "Posted Staff",
        domain="[('share', '=', False)]", help="Consultants see only the projects that they are posted to.")
    note = fields.Html()
    building_ids = fields.One2many('property.building', 'project_id', "Buildings")
    permit_ids = fields.One2many('property.permit', 'project_id', "Permits")
    layout_ids = fields.One2many('property.layout', 'project_id', "Layouts")
    building_count = fields.Integer(compute='_compute_counts')
    permit_count = fields.Integer(compute='_compute_counts')
    layout_count = fields.Integer(compute='_compute_counts')
    unit_count = fields.Integer(compute='_compute_unit_figures')
    unit_area = fields.Float("Total Gross Area (㎡)", digits=(16, 2), compute='_compute_unit_figures')
    unit_value = fields.Monetary("Value at List Price", compute='_compute_unit_figures')
    price_list_count = fields.Integer(compute='_compute_counts')

    _name_company_uniq = models.Constraint(
        'UNIQUE (company_id, name)', "There is already a project of this name in the company.")

    @api.model
    def _tz_get(self):
        return [(tz, tz) for tz in sorted(pytz.all_timezones, key=lambda tz: (tz.startswith('Etc/'), tz))]

    def _compute_counts(self):
        for field, model in (
            ('building_count', 'property.building'),
            ('permit_count', 'property.permit'),
            ('layout_count', 'property.layout'),
            ('price_list_count', 'property.price.list'),
        ):
            counts = dict(self.env[model]._read_group([('project_id', 'in', self.ids)], ['project_id'], ['__count']))
            for project in self:
                project[field] = counts.get(project, 0)

    def _compute_unit_figures(self):
        groups = self.env['property.unit']._read_group(
            [('project_id', 'in', self.ids)], ['project_id'], ['__count', 'gross_area:sum', 'list_price:sum'])
        figures = {project: rest for project, *rest in groups}
        for project in self:
            project.unit_count, project.unit_area, project.unit_value = figures.get(project, (0, 0, 0))

    def write(self, vals):
        # Units, prices and later the deals carry the company's currency and books. Not a constraint: by the
        # time that it looks, the units have followed.
        if 'company_id' in vals:
            for project in self:
                if project.company_id.id != vals['company_id'] and project._has('property.unit'):
                    raise UserError(self.env._(
                        "%(project)s already has units and stays with its company.", project=project.name))
                if project.company_id.id != vals['company_id'] and project._has('property.parameter.value'):
                    raise UserError(self.env._(
                        "%(project)s has parameters of its own and stays with its company.", project=project.name))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_in_use(self):
        for project in self:
            if project._has('property.unit'):
                raise UserError(self.env._("%(project)s has units: archive it instead.", project=project.name))
            if any(project._has(model) for model in (
                'property.building', 'property.layout', 'property.permit', 'property.price.list',
            )):
                raise UserError(self.env._(
                    "%(project)s has buildings, layouts, permits or price lists: archive it instead.",
                    project=project.name))

    def _has(self, model):
        """:return: whether the project has any record of ``model``, archived or out of the user's sight too"""
        self.ensure_one()
        return bool(self.env[model].sudo().with_context(active_test=False).search_count(
            [('project_id', '=', self.id)], limit=1))

    @api.model
    def _only_one(self):
        """:return: the project of somebody who sees but one, else none"""
        projects = self.search([], limit=2)
        return projects if len(projects) == 1 else self.browse()

    def _today(self):
        """The project's own calendar date, whoever asks and from wherever."""
        self.ensure_one()
        return datetime.now(pytz.timezone(self.tz)).date()

    def action_view_units(self):
        return self._action_view('property_customer_service.property_unit_action')

    def action_view_buildings(self):
        return self._action_view('property_customer_service.property_building_action')

    def action_view_layouts(self):
        return self._action_view('property_customer_service.property_layout_action')

    def action_view_permits(self):
        return self._action_view('property_customer_service.property_permit_action')

    def action_view_price_lists(self):
        return self._action_view('property_customer_service.property_price_list_action')

    def _action_view(self, xml_id):
        self.ensure_one()
        action = self.env['ir.actions.act_window']._for_xml_id(xml_id)
        action['domain'] = [('project_id', '=', self.id)]
        action['context'] = {'default_project_id': self.id}
        return action
