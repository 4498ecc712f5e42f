from odoo import api, fields, models
from odoo.exceptions import UserError

from .property_board_mixin import Mark


class PropertyReleaseBatch(models.Model):
    """A release (推盘): which units are offered from which hour, at the prices in force; opened and closed as one act."""

    _name = 'property.release.batch'
    _description = 'Release'
    _inherit = ['property.workflow.mixin', 'property.board.mixin']
    _board_fields = frozenset(['date_open', 'date_close'])
    _order = 'date_open desc, id desc'
    _sequence_code = 'property.release.batch'
    _transitions = {
        'draft': ('scheduled', 'open', 'cancelled'),
        'scheduled': ('open', 'draft', 'cancelled'),
        'open': ('closed',),
        'closed': (),
        'cancelled': (),
    }

    title = fields.Char(required=True, tracking=True)
    project_id = fields.Many2one('property.project', required=True, index=True, ondelete='restrict')
    company_id = fields.Many2one(related='project_id.company_id', store=True, precompute=True, index=True)
    currency_id = fields.Many2one(related='company_id.currency_id')
    state = fields.Selection([
        ('draft', "Draft"), ('scheduled', "Scheduled"), ('open', "Open"), ('closed', "Closed"), ('cancelled', "Cancelled"),
    ], required=True, readonly=True, copy=False, default='draft', tracking=True, index=True)
    date_open = fields.Datetime("Opens", copy=False, tracking=True, help="Empty: as soon as it is opened.")
    date_close = fields.Datetime("Closes", copy=False, tracking=True, help="Empty: until it is closed.")
    unit_ids = fields.Many2many('property.unit', string="Units", copy=False)
    unit_count = fields.Integer("Number of Units", compute='_compute_figures')
    total = fields.Monetary("Value at List Price", compute='_compute_figures')
    note = fields.Text()

    _board_mark = Mark("AFTER UPDATE OF date_open, date_close ON {table}")
    _dates_in_order = models.Constraint(
        'CHECK (date_close IS NULL OR date_open IS NULL OR date_close >= date_open)', "A release closes after it opens.")

    @api.depends('unit_ids')
    def _compute_figures(self):
        for batch in self:
            batch.unit_count = len(batch.unit_ids)
            batch.total = sum(batch.unit_ids.mapped('list_price'))

    @api.constrains('project_id', 'unit_ids')
    def _check_project(self):
        for batch in self:
            batch.unit_ids._check_of_project(batch.project_id)

    def write(self, vals):
        if {'unit_ids', 'project_id', 'date_open'} & vals.keys() and self.filtered(lambda batch: batch.state not in ('draft',)):
            raise UserError(self.env._("The units and hours of a release change only while it is a draft."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_draft(self):
        if self.filtered(lambda batch: batch.state != 'draft'):
            raise UserError(self.env._("A release that was opened is kept: close or cancel it."))

    def action_open(self):
        """Offer all units of the release: now, or when its hour has come.

        :raise UserError: one sentence, the first unit that cannot be offered; none is then
        """
        self._check_officer()
        for batch in self:
            if not batch.unit_ids:
                raise UserError(self.env._("%s has no units yet.", batch.name))
            if batch.date_close and batch.date_close <= fields.Datetime.now():
                raise UserError(self.env._("%s would close before it opens: change its hours.", batch.name))
            if batch.date_open and batch.date_open > fields.Datetime.now():
                batch.unit_ids._check_can_be_released()
                batch._transition('scheduled')
            else:
                batch._action_open()
        return True

    def action_back_to_draft(self):
        self._check_officer()
        return self._transition('draft')

    def action_cancel(self):
        self._check_officer()
        return self._transition('cancelled')

    def action_close(self):
        """Take back what nobody has taken; units that are held or sold stay with their documents."""
        self._check_officer()
        for batch in self:
            batch._transition('closed', date_close=fields.Datetime.now())
            free = batch.unit_ids.filtered(lambda unit: unit.state == 'available')
            free._move('unreleased', batch, self.env._("Release closed"))
        return True

    def action_view_units(self):
        self.ensure_one()
        action = self.env['ir.actions.act_window']._for_xml_id('property_customer_service.property_unit_action')
        action['domain'] = [('id', 'in', self.unit_ids.ids)]
        return action

    def _check_officer(self):
        """Only the sales-control officer and the department's heads offer units."""
        self.check_access('write')
        if not self.env.su and not self.env['property.unit.request']._is_officer():
            raise UserError(self.env._("Only the sales-control officer may offer units."))

    def _action_open(self):
        self.ensure_one()
        self.unit_ids._move('available', self, self.title)
        self.unit_ids.sudo().write({'batch_id': self.id})
        self._transition('open', **({} if self.date_open else {'date_open': fields.Datetime.now()}))

    def _board_buildings(self):
        return self.env['property.unit'].search([('batch_id', 'in', self.ids)]).building_id

    @api.model
    def _cron_open_scheduled(self):
        """Open what is due, one release at a time; one that cannot says why in its chatter."""
        due = self.search([('state', '=', 'scheduled'), ('date_open', '<=', fields.Datetime.now())], order='date_open, id')
        self.env['ir.cron']._commit_progress(remaining=len(due))
        for batch in due:
            try:
                with self.env.cr.savepoint():
                    batch._action_open()
            except UserError as error:
                batch.message_post(body=self.env._("The release could not be opened: %s", error))
            self.env['ir.cron']._commit_progress(1)
