from odoo import api, fields, models
from odoo.exceptions import ValidationError


class PropertyClockKind(models.Model):
    """A promise that the department keeps: how long it takes, when to remind, and who hears when it is broken."""

    _name = 'property.clock.kind'
    _description = 'Kind of Deadline'
    _order = 'sequence, code'

    sequence = fields.Integer(default=10)
    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True)
    active = fields.Boolean(default=True)
    count = fields.Selection([
        ('days', "Calendar Days"),
        ('working_days', "Working Days"),
        ('hours', "Hours"),
    ], string="Counted In", required=True, default='days')
    parameter_id = fields.Many2one(
        'property.parameter', ondelete='restrict', domain=[('kind', '=', 'integer')],
        help="The dated parameter that says how many; without one, the fixed number.")
    amount = fields.Integer(string="Fixed Number")
    reminder_offsets = fields.Char(
        string="Reminders", default='-3,-1,0',
        help="Days before (-) or after the due day, parted by commas; hours for a deadline that is counted in hours.")
    escalation_group_id = fields.Many2one('res.groups', string="Escalates To", ondelete='restrict')
    escalation_after = fields.Integer(
        string="Escalates After", help="Days after the due day; hours for a deadline that is counted in hours.")
    source = fields.Char(translate=True, help="The article that says so, or [A] where it is a default of ours.")

    _code_uniq = models.UniqueIndex('(code)', "There is a kind of deadline with this code already.")
    _amount_positive = models.Constraint('CHECK (amount >= 0 AND escalation_after >= 0)', "A deadline is not in the past.")

    @api.constrains('reminder_offsets')
    def _check_reminder_offsets(self):
        for kind in self:
            try:
                kind._offsets()
            except ValueError:
                raise ValidationError(self.env._(
                    "“%s” is no list of reminders: type whole numbers parted by commas, such as -3,-1,0.",
                    kind.reminder_offsets)) from None

    @api.constrains('parameter_id')
    def _check_parameter(self):
        for kind in self:
            if kind.parameter_id and kind.parameter_id.kind != 'integer':
                raise ValidationError(self.env._("“%s” is no whole number of days or hours.", kind.parameter_id.name))

    def _offsets(self):
        """:return: list of the reminders' offsets, the earliest first"""
        text = (self.reminder_offsets or '').replace('，', ',')
        return sorted({int(part) for part in text.split(',') if part.strip()})

    @api.model
    def _by_code(self, code):
        """:return: the kind; a deactivated one too, since documents go on promising"""
        kind = self.sudo().with_context(active_test=False).search([('code', '=', code)])
        if not kind:
            raise ValueError(f"no kind of deadline {code!r}")
        return kind

    def _amount(self, date, company, **scope):
        """:return: int, how many days or hours for a document of that day"""
        if self.parameter_id:
            return self.env['property.parameter']._get(self.parameter_id.code, date, company, **scope)
        return self.amount
