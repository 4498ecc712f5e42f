from odoo import api, fields, models
from odoo.exceptions import ValidationError


class PropertyParameterValue(models.Model):
    """A dated parameter may be another in one project."""

    _inherit = 'property.parameter.value'
    _scope_fields = ('project_id', 'company_id')

    project_id = fields.Many2one(
        'property.project', index='btree_not_null', ondelete='restrict', domain="[('company_id', '=?', company_id)]",
        help="Empty: every project that has no value of its own.")

    @api.onchange('project_id')
    def _onchange_project_id(self):
        if self.project_id:
            self.company_id = self.project_id.company_id

    @api.constrains('project_id', 'company_id')
    def _check_company_of_project(self):
        for value in self:
            if value.project_id and value.project_id.company_id != value.company_id:
                raise ValidationError(self.env._(
                    "%(project)s belongs to %(company)s: a value for it is a value of that company.",
                    project=value.project_id.name, company=value.project_id.company_id.name))
