from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import ormcache

from ..tools import parameter_value


class PropertyParameter(models.Model):
    """A number of the law or of the company that changes over time: its definition; the values have dates."""

    _name = 'property.parameter'
    _description = 'Dated Parameter'
    _inherit = ['mail.thread']
    _order = 'code'

    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True, help="What the calculations ask for.")
    kind = fields.Selection([
        ('integer', "Whole Number"),
        ('decimal', "Decimal Number"),
        ('percent', "Percentage"),
        ('text', "Text"),
        ('boolean', "Yes or No"),
    ], required=True, default='integer')
    unit = fields.Char(translate=True)
    source = fields.Char(translate=True, help="The article that says so, or [A] where it is a default of ours.")
    note = fields.Text(string="Explanation", translate=True)
    value_ids = fields.One2many('property.parameter.value', 'parameter_id', string="Values")
    value_count = fields.Integer(compute='_compute_value_count')

    _code_uniq = models.UniqueIndex('(code)', "There is a parameter with this code already.")

    def _compute_value_count(self):
        counts = dict(self.env['property.parameter.value']._read_group(
            [('parameter_id', 'in', self.ids)], ['parameter_id'], ['__count']))
        for parameter in self:
            parameter.value_count = counts.get(parameter, 0)

    def write(self, vals):
        for parameter in self:
            changed = any(name in vals and vals[name] != parameter[name] for name in ('code', 'kind'))
            if changed and parameter.sudo().value_ids:
                raise UserError(self.env._("“%s” has values: neither its code nor its kind changes any more.", parameter.name))
        self.env.registry.clear_cache()
        return super().write(vals)

    @api.model_create_multi
    def create(self, vals_list):
        self.env.registry.clear_cache()
        return super().create(vals_list)

    def unlink(self):
        self.env.registry.clear_cache()
        return super().unlink()

    @api.model
    def _get(self, code, date, company=None, **scope):
        """The value in force on a day: of the most particular scope, and there the latest.

        :param str code: the parameter's code
        :param date: the day of the document (of the contract, the filing …), never simply today
        :param company: the document's company
        :param scope: further records that values may be limited to, by the name of the field (``project_id=project``)
        :return: int, Decimal (a percentage as a fraction: 5 % is 0.05), str or bool, by the parameter's kind
        :raise UserError: where no value is in force
        """
        fields_of_scope = self.env['property.parameter.value']._scope_fields
        wanted = {'company_id': company.id if company else False}
        wanted.update((name, record.id if record else False) for name, record in scope.items())
        if unknown := set(wanted) - set(fields_of_scope):
            raise ValueError(f"no scope of parameters: {unknown}")
        best = None
        for valid_from, ids, value in self._values(code):
            if valid_from <= date and all(not its or its == wanted.get(name) for name, its in zip(fields_of_scope, ids, strict=True)):
                rank = (tuple(map(bool, ids)), valid_from)
                if best is None or rank > best[0]:
                    best = (rank, value)
        if best is None:
            parameter = self.sudo().search([('code', '=', code)])
            raise UserError(self.env._(
                "No value of the parameter “%(parameter)s” is in force on %(date)s: add one under Configuration › Parameters.",
                parameter=parameter.name or code, date=date))
        return best[1]

    @api.model
    @ormcache('code')
    def _values(self, code):
        """All values of a parameter.

        :return: tuple of (valid from, ids of the scope or False in the order of ``_scope_fields``, value)
        """
        Value = self.env['property.parameter.value'].sudo()
        return tuple(
            (value.valid_from, tuple(value[name].id for name in Value._scope_fields), parameter_value.parse(value.kind, value.value))
            for value in Value.search([('parameter_id.code', '=', code)]))
