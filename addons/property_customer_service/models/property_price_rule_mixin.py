from odoo import api, fields, models
from odoo.exceptions import ValidationError


class PropertyPriceRuleMixin(models.AbstractModel):
    """A rule that a draft price list is generated from, for some of its units."""

    _name = 'property.price.rule.mixin'
    _description = 'Rule of a Price List'

    list_id = fields.Many2one('property.price.list', "Price List", required=True, index=True, ondelete='cascade')
    project_id = fields.Many2one(related='list_id.project_id')
    company_id = fields.Many2one(related='list_id.company_id', store=True, index=True)
    currency_id = fields.Many2one(related='list_id.currency_id')
    building_id = fields.Many2one(
        'property.building', domain="[('project_id', '=', project_id)]", ondelete='restrict', help="Empty: every building.")
    usage = fields.Selection(lambda self: self.env['property.unit']._usages(), help="Empty: every usage.")

    @api.constrains('list_id', 'building_id')
    def _check_building(self):
        for rule in self:
            if rule.building_id and rule.building_id.project_id != rule.list_id.project_id:
                raise ValidationError(self.env._(
                    "%(building)s belongs to another project than the price list.", building=rule.building_id.name))

    @api.model_create_multi
    def create(self, vals_list):
        rules = super().create(vals_list)
        rules.list_id._check_draft()
        return rules

    def write(self, vals):
        self.list_id._check_draft()
        result = super().write(vals)
        self.list_id._check_draft()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_draft(self):
        self.list_id._check_draft()
