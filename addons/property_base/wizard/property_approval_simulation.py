from odoo import api, fields, models
from odoo.fields import Domain


class PropertyApprovalSimulation(models.TransientModel):
    """Who would approve this document, if it were submitted as it is today?"""

    _name = 'property.approval.simulation'
    _description = 'Who Would Approve'

    type_id = fields.Many2one('property.approval.type', "Kind of Document", required=True)
    document = fields.Reference('_document_models')
    rule_id = fields.Many2one('property.approval.rule', compute='_compute_result')
    result = fields.Json(
        compute='_compute_result', help="The figures of the document, and every step with whether it applies and whom it asks.")
    sentence = fields.Char(compute='_compute_result')

    @api.model
    def _document_models(self):
        types = self.env['property.approval.type'].sudo().search(Domain.TRUE)
        return [(kind.res_model, kind.name) for kind in types if kind.res_model]

    @api.onchange('type_id')
    def _onchange_type_id(self):
        if self.type_id and (not self.document or self.document._name != self.type_id.res_model):
            model = self.type_id.res_model
            self.document = self.env[model].search([], limit=1) if model and self.env[model].has_access('read') else False

    @api.depends('document')
    def _compute_result(self):
        for simulation in self:
            simulation.rule_id = simulation.result = simulation.sentence = False
            if simulation.document:
                simulation._simulate(simulation.document)

    def _simulate(self, document):
        document.check_access('read')
        figures = document.sudo()._approval_figures()
        metrics = {metric.code: metric for metric in self.env['property.approval.metric'].sudo().search([])}
        rule = self.env['property.approval.rule']._of_documents(document)._for_document(document.sudo(), figures)
        self.rule_id = rule.sudo(False)
        if not rule:
            self.sentence = self.env._("No rule fits: it could not be submitted.")
        elif rule.refusal:
            self.sentence = rule.refusal
        applies = rule._steps_for(document.sudo(), figures) if rule else rule.step_ids
        if rule and not rule.refusal and not applies:
            self.sentence = self.env._("No step applies: approved at once.") if rule.automatic else self.env._(
                "No step applies: it could not be submitted.")
        company = document.sudo()._approval_company()
        self.result = {
            'figures': [
                [metrics[code].name, f'{value} {metrics[code].unit or ""}'.strip()] for code, value in figures.items() if code in metrics],
            'steps': [{
                'name': step.display_name,
                'condition': step.condition_text,
                'applies': step in applies,
                'who': ', '.join(step._people(document.sudo(), company).mapped('name')),
                'quorum': step.quorum,
                'warning': step._warning(company),
            } for step in rule.step_ids],
        }
