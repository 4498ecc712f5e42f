from collections import Counter, defaultdict

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .property_board_mixin import Mark


class PropertyReleaseBatch(models.Model):
    """A release (推盘): which units are offered from which hour, at the prices in force; opened and closed as one act."""

    _name = 'property.release.batch'
    _description = 'Release'
    _inherit = ['property.approval.mixin', 'property.board.mixin']
    _board_fields = frozenset(['date_open', 'date_close'])
    _order = 'date_open desc, id desc'
    _sequence_code = 'property.release.batch'
    _approval_type = 'release'
    _transitions = {
        'draft': ('submitted', 'cancelled'),
        'submitted': ('scheduled', 'open', 'draft', 'rejected'),
        'scheduled': ('open', 'draft', 'cancelled'),
        'open': ('closed',),
        'closed': (),
        'rejected': (),
        'cancelled': (),
    }

    title = fields.Char(required=True, tracking=True)
    project_id = fields.Many2one(
        'property.project', required=True, index=True, ondelete='restrict',
        default=lambda self: self.env['property.project']._only_one())
    company_id = fields.Many2one(related='project_id.company_id', store=True, precompute=True, index=True)
    currency_id = fields.Many2one(related='company_id.currency_id')
    state = fields.Selection([
        ('draft', "Draft"), ('submitted', "In Approval"), ('scheduled', "Waiting to open"), ('open', "Open"), ('closed', "Closed"),
        ('rejected', "Rejected"), ('cancelled', "Cancelled"),
    ], required=True, readonly=True, copy=False, default='draft', tracking=True, index=True, group_expand='_expand_states')
    date_open = fields.Datetime("Opens", copy=False, tracking=True, help="Empty: as soon as it is opened.")
    date_close = fields.Datetime("Closes", copy=False, tracking=True, help="Empty: until it is closed.")
    unit_ids = fields.Many2many('property.unit', string="Units", copy=False)
    unit_count = fields.Integer("Number of Units", compute='_compute_figures')
    total = fields.Monetary("Value at List Price", compute='_compute_figures')
    available_count = fields.Integer("Available", compute='_compute_sold')
    held_count = fields.Integer("Held", compute='_compute_sold')
    sold_count = fields.Integer("Sold", compute='_compute_sold', help="Subscribed, contracted and further.")
    sold_share = fields.Float("Sold (%)", compute='_compute_sold', digits=(16, 1), help="Of all units of the release.")
    note = fields.Text()

    # Before it is open its hours are on no board, and its units are told of when they move.
    _board_mark = Mark("AFTER UPDATE OF date_open, date_close ON {table}", when="OLD.state = 'open'")
    _dates_in_order = models.Constraint(
        'CHECK (date_close IS NULL OR date_open IS NULL OR date_close >= date_open)', "A release closes after it opens.")

    @api.depends('unit_ids')
    def _compute_figures(self):
        new = self.filtered(lambda batch: not batch.id)
        figures = {}
        if saved := self - new:
            self.env.flush_all()
            # Not through the units, of which a page of releases may have a hundred thousand.
            figures = {batch: rest for batch, *rest in self.env.execute_query(SQL(
                """
                SELECT r.property_release_batch_id, count(*), COALESCE(sum(u.list_price), 0)
                FROM property_release_batch_property_unit_rel r JOIN property_unit u ON u.id = r.property_unit_id
                WHERE r.property_release_batch_id IN %s GROUP BY r.property_release_batch_id
                """, tuple(saved.ids)))}
        for batch in self:
            if batch in new:
                batch.unit_count, batch.total = len(batch.unit_ids), sum(batch.unit_ids.mapped('list_price'))
            else:
                batch.unit_count, batch.total = figures.get(batch.id, (0, 0))

    @api.depends('unit_ids', 'state')
    def _compute_sold(self):
        counts = defaultdict(Counter)
        for batch, state, count in self.env['property.unit']._read_group(
                [('batch_id', 'in', self.ids)], ['batch_id', 'state'], ['__count']):
            counts[batch.id][state] = count
        for batch in self:
            its = counts[batch._origin.id]
            batch.available_count, batch.held_count = its['available'], its['held']
            batch.sold_count = its.total() - its['available'] - its['held'] - its['unreleased']
            batch.sold_share = 100 * batch.sold_count / batch.unit_count if batch.unit_count else 0

    @api.depends('name', 'title')
    def _compute_display_name(self):
        for batch in self:
            batch.display_name = ' '.join(filter(None, (batch.id and batch.name, batch.title)))

    @api.model
    def _expand_states(self, states, domain):
        """:return: states in the order of the work"""
        return [state for state in self._transitions if state in states]

    @api.constrains('project_id', 'unit_ids')
    def _check_project(self):
        for batch in self:
            batch.unit_ids._check_of_project(batch.project_id)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_draft(self):
        if self.filtered(lambda batch: batch.state != 'draft'):
            raise UserError(self.env._("A release that was opened is kept: close or cancel it."))

    # ------------------------------------------------------------------ approval

    def _approval_guarded_fields(self):
        return ['title', 'project_id', 'unit_ids', 'unit_count', 'total', 'date_open', 'date_close']

    def _approval_key_fields(self):
        return ['unit_count', 'total', 'date_open', 'date_close']

    def _approval_figures(self):
        return {'amount': self.total}

    def _approval_scope(self):
        return {'project_id': self.project_id}

    def _check_submission(self):
        if not self.unit_ids:
            raise UserError(self.env._("%s has no units yet.", self.name))
        if self.date_close and self.date_close <= fields.Datetime.now():
            raise UserError(self.env._("%s would close before it opens: change its hours.", self.name))
        self.unit_ids._check_can_be_released()

    def _on_approved(self):
        """Offer all units of the release: now, or when its hour has come."""
        if self.date_close and self.date_close <= fields.Datetime.now():
            raise UserError(self.env._("%s would close before it opens: change its hours.", self.name))
        if self.date_open and self.date_open > fields.Datetime.now():
            self.unit_ids._check_can_be_released()
            self._transition('scheduled')
        else:
            self._action_open()

    # ------------------------------------------------------------------ actions

    def action_back_to_draft(self):
        """Take a release that waits for its hour back; it is to be approved again."""
        self.check_access('write')
        return self._transition('draft')

    def action_cancel(self):
        self.check_access('write')
        self.filtered(lambda batch: batch.state == 'submitted').action_withdraw()
        return self._transition('cancelled')

    def action_close(self):
        """Take back what nobody has taken; units that are held or sold stay with their documents."""
        self.check_access('write')
        for batch in self:
            batch._action_close()
        return True

    def action_view_units(self):
        self.ensure_one()
        return {
            **self.env['ir.actions.act_window']._for_xml_id('property_customer_service.property_unit_action'),
            'domain': [('id', 'in', self.unit_ids.ids)],
        }

    def action_view_available(self):
        return self._action_view_state(['available'])

    def action_view_held(self):
        return self._action_view_state(['held'])

    def action_view_sold(self):
        return self._action_view_state(['subscribed', 'contracted', 'registered', 'handed_over', 'titled'])

    def _action_view_state(self, states):
        self.ensure_one()
        return {
            **self.env['ir.actions.act_window']._for_xml_id('property_customer_service.property_unit_action'),
            'domain': [('batch_id', '=', self.id), ('state', 'in', states)],
        }

    def _action_open(self):
        self.ensure_one()
        self.unit_ids._move('available', self, self.title, batch_id=self.id)
        self._transition('open', **({} if self.date_open else {'date_open': fields.Datetime.now()}))

    def _action_close(self):
        self.ensure_one()
        now = fields.Datetime.now()
        self._transition('closed', date_close=min(self.date_close or now, now))
        # What another release or request has offered since is not this one's any more.
        free = self.unit_ids.sudo().filtered(lambda unit: unit.state == 'available' and unit.batch_id == self)
        free._move('unreleased', self, self.env._("Release closed"))

    def _board_buildings(self):
        return self.env['property.unit'].search([('batch_id', 'in', self.ids)]).building_id

    @api.model
    def _cron_open_scheduled(self):
        """Open and close what is due, one release at a time; one that cannot says why in its chatter."""
        now = fields.Datetime.now()
        opening = self.search([('state', '=', 'scheduled'), ('date_open', '<=', now)], order='date_open, id')
        closing = self.search([('state', '=', 'open'), ('date_close', '<=', now)], order='date_close, id')
        self.env['ir.cron']._commit_progress(remaining=len(opening + closing))
        for batch in opening + closing:
            try:
                with self.env.cr.savepoint():
                    if batch in opening:
                        batch._action_open()
                    else:
                        batch._action_close()
            except UserError as error:
                batch.message_post(body=self.env._("The release could not be opened: %s", error))
            self.env['ir.cron']._commit_progress(1)
