from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.property_inventory_report import LEVELS


class PropertyInventoryReport(models.TransientModel):
    """Asks for which projects and day the daily report is wanted, and shows it."""

    _name = 'property.inventory.report'
    _description = 'Daily Report'

    project_ids = fields.Many2many('property.project', string="Projects", default=lambda self: self._default_project_ids())
    date = fields.Date("Day", required=True, default=lambda self: self._default_date(), help="The day in each project's time zone.")
    level = fields.Selection('_levels', "Rows", required=True, default='layout')
    report_html = fields.Html("Daily Report", compute='_compute_report_html', sanitize=False)

    @api.model
    def _levels(self):
        names = {'project': self.env._("Projects"), 'building': self.env._("Buildings"), 'layout': self.env._("Buildings and layouts")}
        return [(level, names[level]) for level in LEVELS]

    @api.model
    def _default_project_ids(self):
        """:return: the projects of the user in which a unit has moved; any one where none has"""
        Project = self.env['property.project']
        moved = self.env['property.unit.movement']._read_group([], ['project_id'])
        return Project.search([('id', 'in', [project.id for [project] in moved])]) or Project.search([], limit=1)

    @api.model
    def _default_date(self):
        """:return: the last day that is closed; where none is, yesterday, or today where no unit had moved by yesterday"""
        last = self.env['property.inventory.close'].search([('state', '=', 'closed')], order='date desc', limit=1).date
        today = fields.Date.context_today(self)
        yesterday = today - timedelta(days=1)
        return last or (yesterday if self.env['property.unit.movement'].search_count([('date', '<=', yesterday)], limit=1) else today)

    @api.depends('project_ids', 'date', 'level')
    def _compute_report_html(self):
        for wizard in self:
            projects = wizard._projects()
            wizard.report_html = projects._inventory_screen(
                wizard.date, wizard.level)[0] if projects and wizard.date and wizard.level else False

    def action_print(self):
        self._check_asked()
        return self.env.ref('property_customer_service.action_report_inventory_asked').report_action(self)

    def action_export(self):
        self._check_asked()
        return self._projects()._action_export_inventory(self.date, self.level)

    def _check_asked(self):
        self.ensure_one()
        if not self.project_ids:
            raise UserError(self.env._("Choose at least one project."))

    def _projects(self):
        """:return: the projects in their own order, not in that of the choice"""
        return self.project_ids._origin.sorted()

    def _report_papers(self):
        self.ensure_one()
        return self._projects()._inventory_papers(self.date, self.level)

    def _report_filename(self):
        self.ensure_one()
        return self._projects()._inventory_filename(self.date)
