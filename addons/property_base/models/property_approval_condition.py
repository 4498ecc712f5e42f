import operator
from decimal import Decimal

from odoo import api, fields, models
from odoo.tools import float_repr

OPERATORS = {'>': operator.gt, '>=': operator.ge, '<': operator.lt, '<=': operator.le, '=': operator.eq, '!=': operator.ne}


class PropertyApprovalCondition(models.Model):
    """A comparison of one figure of the document; of a rule, or of one of its steps."""

    _name = 'property.approval.condition'
    _description = 'Condition of an Approval'
    _order = 'id'

    rule_id = fields.Many2one('property.approval.rule', ondelete='cascade', index='btree_not_null')
    step_id = fields.Many2one('property.approval.step', ondelete='cascade', index='btree_not_null')
    metric_id = fields.Many2one('property.approval.metric', "Figure", required=True, ondelete='restrict')
    operator = fields.Selection(
        [('>', "more than"), ('>=', "at least"), ('<', "less than"), ('<=', "at most"), ('=', "exactly"), ('!=', "other than")],
        required=True, default='>')
    value = fields.Float(digits=(16, 4))
    parameter_id = fields.Many2one(
        'property.parameter', "Dated Parameter", ondelete='restrict', domain=[('kind', 'in', ('integer', 'decimal', 'percent'))],
        help="Takes the value that is in force on the day of the submission instead of a fixed one.")
    unit = fields.Char(related='metric_id.unit')

    _one_owner = models.Constraint(
        'CHECK (num_nonnulls(rule_id, step_id) = 1)', "A condition belongs to a rule or to a step of one.")

    @api.depends('metric_id.name', 'metric_id.unit', 'operator', 'value', 'parameter_id.name')
    @api.depends_context('lang')
    def _compute_display_name(self):
        signs = {'>=': '≥', '<=': '≤', '!=': '≠'}
        for condition in self:
            number = float_repr(condition.value, 4).rstrip('0').rstrip('.')
            condition.display_name = ' '.join(filter(None, (
                condition.metric_id.name, signs.get(condition.operator, condition.operator),
                condition.parameter_id.name or number, condition.metric_id.unit)))

    @api.model_create_multi
    def create(self, vals_list):
        conditions = super().create(vals_list)
        conditions._rules()._check_free_to_change()
        return conditions

    def write(self, vals):
        self._rules()._check_free_to_change()
        result = super().write(vals)
        if {'rule_id', 'step_id'} & vals.keys():
            self._rules()._check_free_to_change()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_running(self):
        self._rules()._check_free_to_change()

    def _rules(self):
        return self.rule_id | self.step_id.rule_id

    def _holds(self, document, figures):
        """Whether the document's figure compares as wanted; a figure that it does not have is 0.

        :param dict figures: metric code → number
        """
        self.ensure_one()
        if self.parameter_id:
            value = self.env['property.parameter']._get(
                self.parameter_id.code, document._approval_date(), document._approval_company(), **document._approval_scope())
            # Figures in percent are written as such, parameters as fractions.
            if self.parameter_id.kind == 'percent':
                value *= 100
        else:
            value = Decimal(float_repr(self.value, 4))
        return OPERATORS[self.operator](Decimal(str(figures.get(self.metric_id.code) or 0)), value)
