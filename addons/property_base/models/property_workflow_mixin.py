from odoo import api, fields, models
from odoo.exceptions import UserError


class PropertyWorkflowMixin(models.AbstractModel):
    """A document of the department: a number from a sequence, a guarded state, chatter and activities."""

    _name = 'property.workflow.mixin'
    _description = 'Document with a workflow'
    _inherit = ['property.state.mixin', 'mail.thread', 'mail.activity.mixin']

    #: Code of the ir.sequence that numbers the documents.
    _sequence_code = None

    name = fields.Char("Number", required=True, readonly=True, copy=False, default='/', index='trigram')

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([{**vals, 'name': self._next_number(vals)} for vals in vals_list])

    def write(self, vals):
        if 'name' in vals:
            raise UserError(self.env._("A document keeps the number that it was given."))
        return super().write(vals)

    def _next_number(self, vals):
        """The number of a new document.

        :param dict vals: the values that it is created with
        """
        return self.env['ir.sequence'].next_by_code(self._sequence_code) or '/'
