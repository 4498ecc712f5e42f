from odoo import api, fields, models
from odoo.exceptions import UserError


class PropertyApprovalType(models.Model):
    """A kind of document that is approved: what its rules may look at. Defined by the addon that has the document."""

    _name = 'property.approval.type'
    _description = 'Kind of Approved Document'
    _order = 'sequence, id'

    sequence = fields.Integer(default=10)
    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True, help="What the document calls itself.")
    res_model = fields.Char(
        "Document Model", compute='_compute_res_model', help="Empty until the addon that has the document is installed.")
    subtype_ids = fields.One2many('property.approval.subtype', 'type_id', "Cases")
    metric_ids = fields.Many2many('property.approval.metric', string="Figures", help="What conditions may compare.")
    rule_ids = fields.One2many('property.approval.rule', 'type_id', "Rules")
    rule_count = fields.Integer(compute='_compute_rule_count')

    _code_uniq = models.UniqueIndex('(code)', "There is a kind of document with this code already.")

    def _compute_rule_count(self):
        counts = dict(self.env['property.approval.rule']._read_group([('type_id', 'in', self.ids)], ['type_id'], ['__count']))
        for approval_type in self:
            approval_type.rule_count = counts.get(approval_type, 0)

    @api.depends('code')
    def _compute_res_model(self):
        models_of = {
            model._approval_type: name for name, model in self.env.registry.items()
            if not model._abstract and getattr(model, '_approval_type', None)}
        for approval_type in self:
            approval_type.res_model = models_of.get(approval_type.code, False)

    def _by_code(self, code):
        approval_type = self.sudo().search([('code', '=', code)])
        if not approval_type:
            raise UserError(self.env._("There is no kind of approved document “%s”: update the addons.", code))
        return approval_type

    def action_view_rules(self):
        self.ensure_one()
        action = self.env['ir.actions.act_window']._for_xml_id('property_base.property_approval_rule_action')
        return {**action, 'domain': [('type_id', '=', self.id)], 'context': {'default_type_id': self.id}}
