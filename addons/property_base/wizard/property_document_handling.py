from odoo import api, fields, models
from odoo.exceptions import UserError


class PropertyDocumentHandling(models.TransientModel):
    """What happens to papers and needs more than a click: numbers, a reason, a borrower."""

    _name = 'property.document.handling'
    _description = 'Handling of Papers'

    kind = fields.Selection([
        ('receive', "Receive"),
        ('give_back', "Give Back"),
        ('reject', "Do Not Accept"),
        ('waive', "Waive"),
        ('lend', "Lend Out"),
    ], required=True, default='receive')
    document_ids = fields.Many2many('property.document', string="Papers")
    paper_count = fields.Integer(compute='_compute_paper_count')
    originals = fields.Integer(compute='_compute_numbers', store=True, readonly=False)
    copies = fields.Integer(compute='_compute_numbers', store=True, readonly=False)
    how = fields.Selection(
        [('in_person', "In Person"), ('courier', "By Courier"), ('colleague', "Through a Colleague")], required=True, default='in_person')
    partner_id = fields.Many2one(
        'res.partner', "From or To", compute='_compute_partner_id', store=True, readonly=False)
    place_id = fields.Many2one('property.archive.place', compute='_compute_place_id', store=True, readonly=False)
    reason = fields.Char("Why")
    borrower_id = fields.Many2one('res.users', "Lent To", default=lambda self: self.env.user, domain=[('share', '=', False)])
    purpose = fields.Char()
    due_date = fields.Date("Due Back", compute='_compute_due_date', store=True, readonly=False)

    @api.depends('document_ids')
    def _compute_paper_count(self):
        for wizard in self:
            wizard.paper_count = len(wizard.document_ids)

    @api.depends('kind', 'document_ids')
    def _compute_numbers(self):
        for wizard in self:
            # Not the dialog's own draft of it: what is here is computed in the database.
            paper = wizard.document_ids._origin if len(wizard.document_ids) == 1 else self.env['property.document']
            wizard.originals, wizard.copies = wizard._numbers_of(paper) if paper else (0, 0)

    @api.depends('document_ids')
    def _compute_partner_id(self):
        for wizard in self:
            partners = wizard.document_ids.partner_id
            wizard.partner_id = partners if len(partners) == 1 else False

    @api.depends('document_ids')
    def _compute_place_id(self):
        for wizard in self:
            places = wizard.document_ids.place_id
            wizard.place_id = places if len(places) == 1 else False

    @api.depends('kind', 'document_ids')
    def _compute_due_date(self):
        for wizard in self:
            company = wizard.document_ids.company_id[:1] or self.env.company
            wizard.due_date = self.env['property.document.loan']._default_due_date(company) if wizard.kind == 'lend' else False

    def _numbers_of(self, paper):
        """:return: (originals, copies) that the dialog is about, for a paper of which nothing else is said"""
        if self.kind == 'receive':
            return paper._numbers_lacking()
        return paper.originals_held, paper.copies_held

    def _numbers(self):
        """:return: dict of (originals, copies) by paper: as typed for one, for several all that each lacks or has"""
        if len(self.document_ids) == 1:
            return {self.document_ids: (self.originals, self.copies)}
        return {paper: self._numbers_of(paper) for paper in self.document_ids}

    def action_apply(self):
        self.ensure_one()
        papers = self.document_ids
        if not papers:
            raise UserError(self.env._("Choose the papers first."))
        reason = (self.reason or '').strip()
        if self.kind in ('reject', 'waive') and not reason:
            raise UserError(self.env._("Say why."))
        if self.kind == 'receive':
            papers._receive(self._numbers(), self.how, self.partner_id, self.place_id)
        elif self.kind == 'give_back':
            papers._give_back(self._numbers(), self.how, self.partner_id)
        elif self.kind == 'reject':
            papers._reject(reason)
        elif self.kind == 'waive':
            papers._waive(reason)
        else:
            return self._lend()
        return {'type': 'ir.actions.act_window_close'}

    def _lend(self):
        if not (self.borrower_id and (self.purpose or '').strip() and self.due_date):
            raise UserError(self.env._("Say who borrows the papers, what for and until when."))
        loans = self.document_ids._lend(self.borrower_id, self.purpose.strip(), self.due_date, self._numbers())
        # The slip is signed before the papers leave.
        return {**loans.action_print_slip(), 'close_on_report_download': True}
