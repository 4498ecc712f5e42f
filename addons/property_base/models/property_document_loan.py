from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_datetime

from ..tools.local_time import local_date, today
from ..tools.qr_code import qr_code
from ..tools.table_objects import AppendOnly, Triggers

CLOCK = 'archive_loan'


class PropertyDocumentLoan(models.Model):
    """A paper that left the archive: who has it, what for and until when. The facts stay as they were written."""

    _name = 'property.document.loan'
    _description = 'Archive Loan'
    _inherit = ['property.workflow.mixin', 'property.clock.mixin']
    _order = 'id desc'
    _sequence_code = 'property.document.loan'
    _transitions = {'out': ('returned',), 'returned': ()}

    document_id = fields.Many2one('property.document', "Paper", required=True, readonly=True, index=True, ondelete='restrict')
    document_name = fields.Char(related='document_id.document_name')
    type_id = fields.Many2one(related='document_id.type_id', string="Kind of Paper")
    place_id = fields.Many2one(related='document_id.place_id')
    company_id = fields.Many2one(related='document_id.company_id', store=True, index=True)
    restricted = fields.Boolean(related='document_id.restricted', store=True)
    borrower_id = fields.Many2one('res.users', "Lent To", required=True, readonly=True, index=True, ondelete='restrict')
    purpose = fields.Char(required=True, readonly=True)
    originals = fields.Integer(readonly=True)
    copies = fields.Integer(readonly=True)
    lent_on = fields.Datetime(required=True, readonly=True)
    lent_by_id = fields.Many2one('res.users', required=True, readonly=True, ondelete='restrict')
    due_date = fields.Date("Due Back", required=True, readonly=True)
    state = fields.Selection(
        [('out', "Out"), ('returned', "Back")], required=True, readonly=True, copy=False, default='out', index=True)
    returned_on = fields.Datetime(readonly=True, copy=False)
    returned_to_id = fields.Many2one('res.users', readonly=True, copy=False, ondelete='restrict')
    is_overdue = fields.Boolean("Overdue", compute='_compute_is_overdue')
    days_out = fields.Integer(compute='_compute_is_overdue')

    _paper_out_uniq = models.UniqueIndex(
        '(document_id) WHERE returned_on IS NULL', lambda env, diag: env['property.document.loan']._taken_message(diag))
    _something_lent = models.Constraint(
        'CHECK (originals >= 0 AND copies >= 0 AND originals + copies > 0)', "Say how many originals or copies are lent.")
    _due_later = models.Constraint('CHECK (due_date >= lent_on::date)', "A paper is due back on the day that it is lent or later.")
    _returned_whole = models.Constraint(
        "CHECK ((returned_on IS NULL) = (state = 'out') AND (returned_on IS NULL) = (returned_to_id IS NULL))",
        "A loan is returned to somebody at some time.")
    _append_only = AppendOnly(
        'name', 'document_id', 'borrower_id', 'purpose', 'originals', 'copies', 'lent_on', 'lent_by_id', 'due_date',
        'create_uid', 'create_date', message="A loan stays as it was written down.")
    _returned_once = Triggers(
        "BEFORE UPDATE OF returned_on, returned_to_id, state ON {table} FOR EACH ROW WHEN (OLD.returned_on IS NOT NULL)"
        " EXECUTE FUNCTION property_refuse('{name}')",
        message="A loan is returned once.")

    @api.depends('due_date', 'state', 'lent_on', 'returned_on')
    def _compute_is_overdue(self):
        for loan in self:
            loan.is_overdue = loan.state == 'out' and bool(loan.due_date) and loan.due_date < today()
            end = local_date(loan.returned_on) if loan.returned_on else today()
            loan.days_out = (end - local_date(loan.lent_on)).days if loan.lent_on else 0

    @api.model_create_multi
    def create(self, vals_list):
        vals_list = [{
            **vals, 'lent_on': fields.Datetime.now(), 'lent_by_id': self.env.uid, 'returned_on': False, 'returned_to_id': False,
        } for vals in vals_list]
        papers = self.env['property.document'].browse(vals['document_id'] for vals in vals_list if vals.get('document_id'))
        papers.check_access('write')
        # Those who are sure to be refused are refused in words; two at once meet the index.
        self.sudo().search([('document_id', 'in', papers.ids), ('state', '=', 'out')], limit=1)._refuse_taken()
        loans = super().create(vals_list)
        for loan in loans:
            loan._check_can_be_lent()
        for borrower, its in loans.grouped('borrower_id').items():
            its._start_clock(CLOCK, responsible=borrower)
        return loans

    def write(self, vals):
        if {'returned_on', 'returned_to_id'} & vals.keys() and 'state' not in vals:
            raise UserError(self.env._("A loan is returned by its own action, not by editing it."))
        return super().write(vals)

    def _check_can_be_lent(self):
        paper = self.document_id
        if self.originals > paper.originals_held or self.copies > paper.copies_held:
            raise UserError(self.env._(
                "Only %(originals)s originals and %(copies)s copies of “%(paper)s” are here.",
                originals=paper.originals_held, copies=paper.copies_held, paper=paper.display_name))
        borrower = self.borrower_id
        its = paper.with_user(borrower).with_context(allowed_company_ids=borrower.company_ids.ids)
        if borrower.share or not borrower.active or not its.has_access('read'):
            raise UserError(self.env._(
                "%(borrower)s may not see “%(paper)s” and cannot borrow it.", borrower=borrower.name, paper=paper.display_name))

    # ------------------------------------------------------------------ actions

    def action_return(self):
        """Write down that the papers are back, once."""
        self.check_access('read')
        self.document_id.check_access('write')
        self.sudo()._transition('returned', returned_on=fields.Datetime.now(), returned_to_id=self.env.uid)
        self._stop_clock(CLOCK)
        return True

    def action_print_slip(self):
        return self.env.ref('property_base.report_document_loan').report_action(self)

    # ------------------------------------------------------------------ who has it

    @api.model
    def _taken_message(self, diag):
        """The sentence for whoever came second; read after the rollback, when the other's row can be seen."""
        detail = diag and diag.message_detail or ''
        digits = detail.rpartition('=(')[2].partition(')')[0]
        loan = self.sudo().search([('document_id', '=', int(digits)), ('state', '=', 'out')]) if digits.isdigit() else self
        return loan._taken_sentence() if loan else self.env._("This paper has just been lent: look who has it.")

    def _taken_sentence(self):
        self.ensure_one()
        return self.env._(
            "“%(paper)s” is out: %(borrower)s has it until %(date)s (%(number)s).",
            paper=self.document_id.display_name, borrower=self.borrower_id.name, date=self.due_date, number=self.name)

    def _refuse_taken(self):
        if self:
            raise UserError(self._taken_sentence())

    # ------------------------------------------------------------------ the clock

    def _prepare_clock_vals(self, kind, start, responsible):
        """The day is the loan's own, not the kind's."""
        vals = super()._prepare_clock_vals(kind, start, responsible)
        Clock = self.env['property.clock'].sudo()
        vals.update(count='days', amount=(self.due_date - vals['start_date']).days)
        vals.update(Clock._prepare_due('days', vals['amount'], vals['start'], vals['timezone'], vals['region']))
        vals.update(Clock.new(vals)._prepare_alarms(vals['due'], vals['due_date'], vals['start']))
        return vals

    def _clock_subject(self):
        return self.name

    @api.model
    def _default_due_date(self, company):
        """:return: the day that a paper lent today is due back by the kind of deadline"""
        kind = self.env['property.clock.kind']._by_code(CLOCK)
        start = fields.Datetime.now()
        amount = kind._amount(local_date(start), company)
        return self.env['property.clock'].sudo()._prepare_due(
            kind.count, amount, start, self._clock_timezone(), self._clock_region())['due_date']

    def _slips(self):
        """:return: list of loans that go on one slip: what one person took for one purpose on one day"""
        return list(self.sorted('id').grouped(
            lambda loan: (loan.company_id, loan.borrower_id, loan.purpose, loan.due_date, local_date(loan.lent_on))).values())

    def _slip_date(self, moment):
        return format_datetime(self.env, moment, tz=self._clock_timezone(), dt_format='short')

    def _slip_qr(self):
        """:return: address of a picture that holds the way back to the loan, whole and without the network"""
        return qr_code(f'{self.get_base_url()}/odoo/{self._name}/{self.id}')
