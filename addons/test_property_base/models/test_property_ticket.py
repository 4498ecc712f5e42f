from odoo import api, fields, models


class Spy(models.AbstractModel):
    """Stands below the guard and looks what is left of the transition."""

    _name = 'test_property.spy'
    _description = 'Spy below the state guard'

    def write(self, vals):
        result = super().write(vals)
        self._spy(vals)
        return result

    def _spy(self, vals):
        """Replaced by the tests."""


class Ticket(models.Model):
    _name = 'test_property.ticket'
    _description = 'Ticket with a guarded state'
    _inherit = ['property.state.mixin', 'test_property.spy']
    _transitions = {
        'draft': ('open', 'cancelled'),
        'open': ('done', 'draft'),
        'done': (),
        'cancelled': (),
    }

    name = fields.Char()
    # Not readonly, as on any document: the guard has to do without, and a related field finds a way in.
    state = fields.Selection([
        ('draft', "Draft"), ('open', "Open"), ('done', "Done"), ('cancelled', "Cancelled"),
    ], required=True, copy=False, default='draft')
    parent_id = fields.Many2one('test_property.ticket', index=True, ondelete='cascade')
    child_ids = fields.One2many('test_property.ticket', 'parent_id')
    parent_state = fields.Selection(related='parent_id.state', readonly=False, string="State of the parent")
    rank = fields.Integer(compute='_compute_rank', store=True)

    @api.depends('state')
    def _compute_rank(self):
        for ticket in self:
            ticket.rank = list(self._transitions).index(ticket.state or 'draft')

    def action_open(self):
        return self._transition('open')

    def action_done(self):
        return self._transition('done')

    def action_reset(self):
        return self._transition('draft')
