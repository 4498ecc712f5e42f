from odoo import api, fields, models
from odoo.exceptions import UserError


class PropertyApprovalDecide(models.TransientModel):
    """The window in which somebody agrees, returns or rejects, with an opinion."""

    _name = 'property.approval.decide'
    _description = 'Decide on Approvals'

    request_step_ids = fields.Many2many('property.approval.request.step', string="Approvals", required=True, readonly=True)
    count = fields.Integer(compute='_compute_what')
    document_name = fields.Char(compute='_compute_what')
    values = fields.Json(compute='_compute_what')
    ribbon = fields.Json(compute='_compute_what')
    kind = fields.Selection(
        [('agree', "Agree"), ('return', "Return"), ('reject', "Reject")], "Decision", required=True, default='agree')
    allow_return = fields.Boolean(compute='_compute_what')
    allow_reject = fields.Boolean(compute='_compute_what')
    opinion = fields.Text()
    may_limit = fields.Boolean(compute='_compute_what')
    limit_text = fields.Char(compute='_compute_what')
    granted = fields.Float("Grant Only", digits=(16, 2), help="Empty: what was asked.")

    @api.depends('request_step_ids')
    def _compute_what(self):
        for wizard in self:
            # Whoever opened it chose them by their ids: only those that he sees.
            steps = wizard.request_step_ids._origin._filtered_access('read').sudo()
            step = steps[:1]
            rules = steps.request_id.rule_id
            wizard.count = len(steps)
            wizard.document_name = ', '.join(steps.mapped('document_name'))
            wizard.values = step.request_id.sudo(False).values if len(steps) == 1 else False
            wizard.ribbon = step.request_id.ribbon if len(steps) == 1 else False
            wizard.allow_return = all(rules.mapped('allow_return'))
            wizard.allow_reject = all(rules.mapped('allow_reject'))
            document = step.request_id._document() if step else None
            field = document._approval_limit_field if document is not None else None
            wizard.may_limit = len(steps) == 1 and step.may_limit and bool(field)
            wizard.limit_text = self.env._(
                "%(what)s, instead of %(asked)s", what=document._approval_label(field),
                asked=document._approval_text(field, step.request_id.granted or step.request_id.asked)) if wizard.may_limit else False

    def action_confirm(self):
        """Decide; the window stays open with its sentence when it cannot be."""
        self.ensure_one()
        if self.granted < 0:
            raise UserError(self.env._("Grant more than nothing, or leave it empty."))
        steps = self.request_step_ids
        steps.check_access('read')
        if self.kind == 'agree':
            steps._check_bulk()
        steps._decide(self.kind, self.opinion, self.granted or None)
        return {'type': 'ir.actions.act_window_close'}
