from odoo import fields, models


class Document(models.Model):
    _name = 'test_property.document'
    _description = 'Document with a workflow'
    _inherit = ['property.workflow.mixin']
    _sequence_code = 'test_property.document'
    _transitions = {'draft': ('signed',), 'signed': ()}

    state = fields.Selection(
        [('draft', "Draft"), ('signed', "Signed")],
        required=True, readonly=True, copy=False, default='draft', tracking=True)
    amount = fields.Float()
    signed_on = fields.Date(copy=False)

    def action_sign(self):
        return self._transition('signed', signed_on=fields.Date.today())
