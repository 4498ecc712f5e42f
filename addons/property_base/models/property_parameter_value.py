from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..tools import local_time, parameter_value


class PropertyParameterValue(models.Model):
    """What a parameter is from a day on. What has been in force is history: documents were made by it."""

    _name = 'property.parameter.value'
    _description = 'Value of a Dated Parameter'
    _order = 'parameter_id, valid_from desc, id desc'
    _rec_name = 'value'

    #: The many2one fields that limit a value, the most particular one first. An addon that adds a narrower scope adds
    #: the field and prepends its name; the unique index and :meth:`property.parameter._get` follow.
    _scope_fields = ('company_id',)

    parameter_id = fields.Many2one('property.parameter', required=True, ondelete='restrict', index=True)
    kind = fields.Selection(related='parameter_id.kind')
    unit = fields.Char(related='parameter_id.unit')
    valid_from = fields.Date(required=True, default=lambda self: local_time.today())
    company_id = fields.Many2one('res.company', index='btree_not_null', help="Empty: every company that has no value of its own.")
    value = fields.Char(required=True)
    reason = fields.Char("Basis", help="The notice or decision that sets this value.")

    _scope_uniq = models.UniqueIndex(
        lambda registry: "(parameter_id, valid_from, {})".format(', '.join(
            f'COALESCE({name}, 0)' for name in registry['property.parameter.value']._scope_fields)),
        "This parameter has a value from that day on already.")

    @api.depends('value', 'valid_from', 'parameter_id.name')
    def _compute_display_name(self):
        for value in self:
            value.display_name = f'{value.parameter_id.name or ""} {value.valid_from or ""}: {value.value or ""}'.strip()

    @api.model_create_multi
    def create(self, vals_list):
        vals_list = [dict(vals) for vals in vals_list]
        for vals in vals_list:
            if vals.get('parameter_id'):
                parameter = self.env['property.parameter'].browse(vals['parameter_id'])
                vals['value'] = self._normalise(parameter, vals.get('value'))
        values = super().create(vals_list)
        values._check_not_backdated()
        values._check_no_own_limit()
        self.env.registry.clear_cache()
        # What is shipped is nobody's change, and would stand there in English.
        if not (self.env.su and self.env.context.get('install_mode')):
            values._log(lambda value: self.env._("New value %s", value._describe()))
        return values

    def write(self, vals):
        self.check_access('write')
        # What does not change is not a change: a form sends back what it was given.
        vals = {name: value for name, value in vals.items() if any(
            record._fields[name].convert_to_cache(value, record, validate=False) != record._fields[name].convert_to_cache(
                record[name], record) for record in self)}
        if not vals:
            return True
        self._check_no_own_limit()
        if self._facts() & vals.keys():
            self._check_not_in_force()
        if 'value' in vals:
            for parameter in self.parameter_id:
                vals['value'] = self._normalise(parameter, vals['value'])
        before = {record: record._describe() for record in self}
        result = super().write(vals)
        self._check_not_backdated()
        self._check_no_own_limit()
        self.env.registry.clear_cache()
        self._log(lambda record: self.env._("Value %(before)s became %(after)s", before=before[record], after=record._describe()))
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_limit(self):
        self._check_no_own_limit()

    @api.ondelete(at_uninstall=False)
    def _unlink_except_in_force(self):
        if in_force := self.filtered(lambda value: value.valid_from <= local_time.today()):
            raise UserError(self.env._("%s has been in force and stays: add a new value valid from a later day.", in_force[0].display_name))

    def unlink(self):
        self._log(lambda value: self.env._("Value %s was taken away before it came into force", value._describe()))
        self.env.registry.clear_cache()
        return super().unlink()

    @api.constrains('parameter_id', 'value')
    def _check_value(self):
        for value in self:
            if value.value != self._normalise(value.parameter_id, value.value):
                raise ValidationError(self.env._("“%s” is not written as a value of this kind.", value.value))

    def _facts(self):
        """:return: names of the fields that say what is in force from when on and for whom"""
        return {'parameter_id', 'valid_from', 'value', *self._scope_fields}

    def _check_not_in_force(self):
        for value in self:
            if value.valid_from <= local_time.today():
                raise UserError(self.env._(
                    "%s is in force and documents were made by it: add a new value valid from the day of the change.",
                    value.display_name))

    def _check_not_backdated(self):
        """Only who sets the system up enters the past: a value dated back changes documents that exist."""
        if self.env.su or self.env.user.has_group('property_base.group_administrator'):
            return
        if any(value.valid_from < local_time.today() for value in self):
            raise UserError(self.env._("Only an administrator may add a value valid from a past day: choose today or a later day."))

    def _check_no_own_limit(self):
        """Up to which amount somebody decides alone is set by who keeps the rules, not by who decides."""
        if self.env.su or self.env.user.has_group('property_base.group_administrator'):
            return
        if condition := self.env['property.approval.condition'].sudo().search([('parameter_id', 'in', self.parameter_id.ids)], limit=1):
            raise UserError(self.env._("“%s” says who approves: only the administrator sets it.", condition.parameter_id.name))

    def _normalise(self, parameter, text):
        try:
            return parameter_value.normalise(parameter.kind, text)
        except ValueError:
            raise ValidationError(self.env._(
                "“%(text)s” is no value for “%(parameter)s”: type %(expected)s.",
                text=text or '', parameter=parameter.name, expected=self._expected(parameter.kind))) from None

    def _expected(self, kind):
        return {
            'integer': self.env._("a whole number, such as 30"),
            'decimal': self.env._("a number, such as 3.5"),
            'percent': self.env._("a percentage, such as 3.5"),
            'boolean': self.env._("yes or no"),
            'text': self.env._("a text"),
        }[kind]

    def _describe(self):
        scope = ', '.join(self.sudo()[name].display_name for name in self._scope_fields if self[name])
        return self.env._("%(value)s from %(date)s on (%(scope)s)", value=self.value, date=self.valid_from,
                          scope=scope or self.env._("everywhere"))

    def _log(self, sentence):
        for value in self:
            value.parameter_id.sudo()._message_log(body=sentence(value), author_id=self.env.user.partner_id.id)
