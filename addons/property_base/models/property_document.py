from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

from ..tools.local_time import today
from ..tools.paper_file import ACCEPT
from ..tools.permit import Permit

# What whoever keeps the papers may change by hand, and what only the department's heads may.
FREE = {'due_date', 'place_id', 'note', 'file_ids'}
REQUIRED_NUMBERS = {'mandatory', 'originals', 'copies'}
HEADS = ('property_base.group_assistant_manager', 'property_base.group_department_manager')
WAIVER = 'property_base.group_department_manager'
# What still has to be handed in.
OWED = ('missing', 'rejected', 'returned')


class PropertyDocument(models.Model):
    """A paper that a document asks for: from whom, whether it is here and checked, where it lies and who has it.

    Its state moves by its actions alone; each writes a row of ``property.document.log``.
    """

    _name = 'property.document'
    _description = 'Paper'
    _inherit = ['property.state.mixin']
    _order = 'id'
    _rec_names_search = ['document_name', 'type_id']
    _check_company_auto = True
    _transitions = {
        'missing': ('received', 'waived'),
        'received': ('verified', 'rejected', 'returned'),
        'verified': ('rejected', 'returned'),
        'rejected': ('received', 'waived'),
        'returned': ('received', 'waived'),
        'waived': ('missing',),
    }

    res_model = fields.Char("Document Model", required=True, readonly=True)
    res_id = fields.Many2oneReference("Document ID", model_field='res_model', required=True, readonly=True, index=True)
    document_name = fields.Char("Document", readonly=True, index='trigram', help="Which document, without personal data.")
    company_id = fields.Many2one('res.company', required=True, readonly=True, index=True)
    type_id = fields.Many2one('property.document.type', "Paper", required=True, readonly=True, index=True, ondelete='restrict')
    restricted = fields.Boolean(related='type_id.restricted', store=True)
    requirement_id = fields.Many2one('property.document.requirement', readonly=True, index='btree_not_null', ondelete='set null')
    condition = fields.Char(related='requirement_id.condition')
    partner_id = fields.Many2one('res.partner', "Owed By", readonly=True, index='btree_not_null', ondelete='restrict')
    mandatory = fields.Boolean(default=True, help="Otherwise it counts only once it is handed in.")
    originals = fields.Integer("Originals Asked For", default=1)
    copies = fields.Integer("Copies Asked For")
    due_date = fields.Date("Due On")
    state = fields.Selection([
        ('missing', "Missing"),
        ('received', "To Verify"),
        ('verified', "Verified"),
        ('rejected', "Not Accepted"),
        ('returned', "Given Back"),
        ('waived', "Waived"),
    ], required=True, readonly=True, copy=False, default='missing')
    done = fields.Boolean(compute='_compute_done', store=True, help="Verified, also when given back since, or waived.")
    counted = fields.Boolean(compute='_compute_done', store=True, help="Counts in the document's “5 of 7”.")
    originals_held = fields.Integer("Originals Here", compute='_compute_held', store=True)
    copies_held = fields.Integer("Copies Here", compute='_compute_held', store=True)
    originals_ratio = fields.Char("Originals", compute='_compute_ratios', help="How many are here, of how many.")
    copies_ratio = fields.Char("Copies", compute='_compute_ratios', help="How many are here, of how many.")
    received_on = fields.Datetime(readonly=True, copy=False)
    verified_on = fields.Datetime(readonly=True, copy=False)
    verified_by_id = fields.Many2one('res.users', readonly=True, copy=False, ondelete='restrict')
    reason = fields.Char("Why", readonly=True, copy=False, help="Why it was rejected or waived.")
    place_id = fields.Many2one(
        'property.archive.place', index='btree_not_null', ondelete='restrict', check_company=True)
    note = fields.Text()
    file_ids = fields.Many2many('ir.attachment', string="Files", compute='_compute_file_ids', inverse='_inverse_file_ids')
    # Stored, so that a file which comes while somebody verifies the paper is a conflict and not a surprise.
    file_count = fields.Integer("Number of Files", compute='_compute_file_count', store=True)
    log_ids = fields.One2many('property.document.log', 'document_id', "Receipt Log", readonly=True)
    loan_ids = fields.One2many('property.document.loan', 'document_id', "Loans", readonly=True)
    loan_id = fields.Many2one('property.document.loan', "Out on Loan", compute='_compute_loan_id')
    borrower_id = fields.Many2one('res.users', "Lent To", compute='_compute_loan_id')
    can_handle = fields.Boolean(compute='_compute_can_handle')
    can_receive = fields.Boolean(compute='_compute_can_handle', help="By one click: all that is lacking.")
    can_verify = fields.Boolean(compute='_compute_can_handle')
    is_overdue = fields.Boolean("Overdue", compute='_compute_is_overdue')

    # One line for each type and person; NULLS are told apart by no index.
    _paper_uniq = models.UniqueIndex(
        '(res_model, res_id, type_id, COALESCE(partner_id, 0))', "This paper is on the document's list already.")
    _numbers_positive = models.Constraint('CHECK (originals >= 0 AND copies >= 0)', "A number of papers is not negative.")
    _held_positive = models.Constraint(
        'CHECK (originals_held >= 0 AND copies_held >= 0)', "More is given back than is here.")
    _owed_idx = models.Index("(company_id, due_date) WHERE state IN ('missing', 'rejected', 'returned')")
    _to_verify_idx = models.Index("(company_id, received_on) WHERE state = 'received'")

    # ------------------------------------------------------------------ computes

    @api.depends('type_id.name', 'document_name')
    def _compute_display_name(self):
        for paper in self:
            paper.display_name = f'{paper.type_id.name} ({paper.document_name})' if paper.document_name else paper.type_id.name

    @api.depends('state', 'verified_by_id', 'mandatory')
    def _compute_done(self):
        for paper in self:
            paper.done = paper.state in ('verified', 'waived') or (paper.state == 'returned' and bool(paper.verified_by_id))
            paper.counted = paper.mandatory or paper.state not in ('missing', 'waived')

    @api.depends('log_ids.originals', 'log_ids.copies')
    def _compute_held(self):
        sums = {paper.id: rest for paper, *rest in self.env['property.document.log']._read_group(
            [('document_id', 'in', self.ids)], ['document_id'], ['originals:sum', 'copies:sum'])}
        for paper in self:
            paper.originals_held, paper.copies_held = sums.get(paper._origin.id, (0, 0))

    @api.depends('originals', 'originals_held', 'copies', 'copies_held')
    def _compute_ratios(self):
        for paper in self:
            for name in ('originals', 'copies'):
                asked, held = paper[name], paper[f'{name}_held']
                paper[f'{name}_ratio'] = f'{held}/{asked}' if asked or held else False

    def _files(self):
        """:return: ir.attachment of the papers, as superuser: whoever sees the paper sees its files"""
        return self.env['ir.attachment'].sudo().search(
            [('res_model', '=', self._name), ('res_id', 'in', self.ids)], order='id')

    def _compute_file_ids(self):
        files = self._files().grouped('res_id')
        for paper in self:
            paper.file_ids = files.get(paper._origin.id, self.env['ir.attachment']).sudo(False)

    def _inverse_file_ids(self):
        for paper in self:
            files = paper._files().sudo(False)
            (files - paper.file_ids).unlink()
            (paper.file_ids - files).write({'res_model': self._name, 'res_id': paper.id})

    @api.depends('res_model', 'res_id')
    def _compute_file_count(self):
        counts = dict(self.env['ir.attachment'].sudo()._read_group(
            [('res_model', '=', self._name), ('res_id', 'in', self.ids)], ['res_id'], ['__count']))
        for paper in self:
            paper.file_count = counts.get(paper._origin.id, 0)

    def _files_changed(self):
        self.invalidate_recordset(['file_ids'])
        self.env.add_to_compute(self._fields['file_count'], self)

    @api.depends('loan_ids.state')
    def _compute_loan_id(self):
        loans = self.env['property.document.loan'].search([('document_id', 'in', self.ids), ('state', '=', 'out')]).grouped('document_id')
        for paper in self:
            paper.loan_id = loans.get(paper)
            paper.borrower_id = paper.loan_id.borrower_id

    @api.depends('state', 'done', 'originals', 'copies', 'originals_held', 'copies_held')
    @api.depends_context('uid')
    def _compute_can_handle(self):
        may = self.has_access('write')
        received = self.filtered(lambda paper: may and paper.state == 'received')
        own = received._received_by(self.env.uid)
        for paper in self:
            paper.can_handle = may
            paper.can_receive = may and paper.state in OWED and not paper.done and any(paper._numbers_lacking())
            paper.can_verify = paper in received and paper not in own

    @api.depends('state', 'due_date', 'done', 'counted')
    def _compute_is_overdue(self):
        for paper in self:
            owed = paper.counted and not paper.done and paper.state in OWED
            paper.is_overdue = owed and bool(paper.due_date) and paper.due_date < today()

    # ------------------------------------------------------------------ guard

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            vals_list = [self._prepare_by_hand(vals) for vals in vals_list]
        return super().create(vals_list)

    def write(self, vals):
        if not self.env.su and 'state' not in vals:
            if vals.keys() - FREE - REQUIRED_NUMBERS:
                raise UserError(self.env._("A paper is received, verified and given back by its own actions, not by editing it."))
            if vals.keys() & REQUIRED_NUMBERS and not self._is_one_of(HEADS):
                raise AccessError(self.env._("Only the department's heads change what is asked for."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_handled(self):
        for paper in self:
            if paper.sudo().log_ids or paper.file_count:
                raise UserError(self.env._("“%s” was handed in and stays on the list with its history.", paper.display_name))
            if not self.env.su and paper.requirement_id:
                raise UserError(self.env._("“%s” is required: the department manager may waive it.", paper.display_name))

    def _prepare_by_hand(self, vals):
        """The values of a paper that a user puts on a document's list; everything else is the mechanism's.

        :raise UserError: where the document has no list of papers, or the user does not see it
        """
        # Defaults of the context and of the user count as values.
        vals = {**self.default_get([*FREE, *REQUIRED_NUMBERS, 'res_model', 'res_id', 'type_id', 'partner_id']), **vals}
        Document = self.env.get(vals.get('res_model'))
        if Document is None or not hasattr(Document, '_make_checklist') or not vals.get('res_id'):
            raise UserError(self.env._("Choose the document whose paper this is."))
        document = Document.browse(vals['res_id'])
        document.check_access('read')
        if vals.get('type_id'):
            self._check_type_allowed(self.env['property.document.type'].browse(vals['type_id']))
        return {
            **dict.fromkeys(self._facts(), False),
            **{name: vals[name] for name in (*FREE, *REQUIRED_NUMBERS, 'type_id', 'partner_id', 'state') if name in vals},
            **document.sudo()._prepare_paper_origin(),
        }

    def _check_type_allowed(self, paper_type):
        # The rule on the new row says the same, but nobody understands it.
        if paper_type.sudo().restricted and not self.env.user.has_group('property_base.group_identity_papers'):
            raise AccessError(self.env._("Only those who see identity papers may ask for them."))

    def _facts(self):
        """:return: names of the fields that only actions set"""
        return ('requirement_id', 'received_on', 'verified_on', 'verified_by_id', 'reason')

    def _is_one_of(self, groups):
        return self.env.su or any(self.env.user.has_group(group) for group in groups)

    # ------------------------------------------------------------------ actions

    def action_receive(self):
        """Take in, here and now and from the person who owes it, all that is asked for and not here yet."""
        self._receive({paper: paper._numbers_lacking() for paper in self})
        return True

    def action_verify(self):
        """Say that the papers are right: whoever received them may not."""
        self.check_access('write')
        own = self._received_by(self.env.uid)
        for paper in self:
            paper._check_can_become('verified')
            if paper in own:
                raise UserError(self.env._("You received “%s” yourself: a colleague has to verify it.", paper.display_name))
            paper._check_complete()
        self._transition('verified', verified_by_id=self.env.uid, verified_on=fields.Datetime.now())
        self._log('verified')
        return True

    def action_require(self):
        """Take a waiver back."""
        self._check_waiver()
        self._transition('missing', reason=False)
        self._log('required')
        return True

    def action_handle(self):
        """Open the dialog for what needs more than a click; the context's ``default_kind`` says for what."""
        action = self.env['ir.actions.act_window']._for_xml_id('property_base.property_document_handling_action')
        kind = self.env.context.get('default_kind')
        kinds = dict(self.env['property.document.handling']._fields['kind']._description_selection(self.env))
        return {
            **action,
            'name': kinds.get(kind) or action['name'],
            'context': {'default_kind': kind, 'default_document_ids': self.ids},
        }

    def action_open_document(self):
        self.ensure_one()
        return {
            'type': 'ir.actions.act_window',
            'res_model': self.res_model,
            'res_id': self.res_id,
            'views': [(False, 'form')],
        }

    def action_return_loan(self):
        self.loan_id.action_return()
        return True

    # ------------------------------------------------------------------ business methods

    def _receive(self, numbers, how='in_person', partner=None, place=None):
        """Take papers in.

        :param dict numbers: (originals, copies) by paper
        :param str how: of ``property.document.log``
        :param partner: who brought them; the person who owes them by default
        :param place: where they are put; where they lay by default
        """
        self.check_access('write')
        for paper in self:
            if paper.state != 'received':
                paper._check_can_become('received')
            if not any(numbers[paper]) and not paper.file_count:
                raise UserError(self.env._("Say how many originals or copies of “%s” were handed in.", paper.display_name))
        vals = {'received_on': fields.Datetime.now(), 'reason': False, 'verified_by_id': False, 'verified_on': False}
        if place:
            vals['place_id'] = place.id
        there = self.filtered(lambda paper: paper.state == 'received')
        (self - there)._transition('received', **vals)
        there.sudo().write(vals)
        self._log('received', numbers, how, partner)

    def _give_back(self, numbers, how='in_person', partner=None):
        """Give papers back; with the last of them the paper is no longer here.

        :param dict numbers: (originals, copies) by paper
        """
        self.check_access('write')
        for paper in self:
            originals, copies = numbers[paper]
            if originals < 0 or copies < 0 or originals + copies == 0:
                raise UserError(self.env._("Say how many originals or copies of “%s” are given back.", paper.display_name))
            if originals > paper.originals_held or copies > paper.copies_held:
                raise UserError(self.env._(
                    "Only %(originals)s originals and %(copies)s copies of “%(paper)s” are here.",
                    originals=paper.originals_held, copies=paper.copies_held, paper=paper.display_name))
            paper.sudo().loan_id._refuse_taken()
        self._log('returned', {paper: (-numbers[paper][0], -numbers[paper][1]) for paper in self}, how, partner)
        gone = self.filtered(lambda paper: not paper.originals_held and not paper.copies_held)
        gone.filtered(lambda paper: paper.state in ('received', 'verified'))._transition('returned')
        gone.place_id = False

    def _reject(self, reason):
        self.check_access('write')
        self._transition('rejected', reason=reason, verified_by_id=False, verified_on=False)
        self._log('rejected', reason=reason)

    def _waive(self, reason):
        self._check_waiver()
        self._transition('waived', reason=reason)
        self._log('waived', reason=reason)

    def _lend(self, borrower, purpose, due_date, numbers=None):
        """Give papers of the archive out.

        :param numbers: (originals, copies) by paper; all that is here by default
        :return: property.document.loan, one for each paper
        """
        vals_list = []
        for paper in self:
            originals, copies = numbers[paper] if numbers else (paper.originals_held, paper.copies_held)
            vals_list.append({
                'document_id': paper.id, 'borrower_id': borrower.id, 'purpose': purpose, 'due_date': due_date,
                'originals': originals, 'copies': copies})
        return self.env['property.document.loan'].create(vals_list)

    def _log(self, kind, numbers=None, how=False, partner=None, reason=False):
        """One row for each paper; the log is nobody's to write."""
        rows = []
        for paper in self:
            originals, copies = numbers[paper] if numbers else (0, 0)
            giver = (partner or paper.partner_id) if numbers else partner
            rows.append({
                'document_id': paper.id, 'kind': kind, 'user_id': self.env.uid, 'partner_id': giver.id if giver else False,
                'originals': originals, 'copies': copies, 'how': how, 'reason': reason})
        self.env['property.document.log'].sudo().create(rows)

    def _numbers_lacking(self):
        return max(self.originals - self.originals_held, 0), max(self.copies - self.copies_held, 0)

    def _received_by(self, user_id):
        """:return: those of the papers that the user took in, since they were last rejected"""
        rows = self.env['property.document.log'].sudo().search_fetch(
            [('document_id', 'in', self.ids), ('kind', 'in', ('received', 'rejected'))], ['document_id', 'kind', 'user_id'], order='id')
        receivers = defaultdict(set)
        for row in rows:
            if row.kind == 'rejected':
                receivers[row.document_id.id].clear()
            else:
                receivers[row.document_id.id].add(row.user_id.id)
        return self.filtered(lambda paper: user_id in receivers[paper.id])

    def _check_complete(self):
        """All that is asked for is here; a file does for copies."""
        self.ensure_one()
        if self.originals_held < self.originals:
            raise UserError(self.env._(
                "%(held)s of %(asked)s originals of “%(paper)s” are here: receive the rest first.",
                held=self.originals_held, asked=self.originals, paper=self.display_name))
        if self.copies_held < self.copies and not self.file_count:
            raise UserError(self.env._(
                "%(held)s of %(asked)s copies of “%(paper)s” are here: receive the rest or add a scan first.",
                held=self.copies_held, asked=self.copies, paper=self.display_name))

    def _check_waiver(self):
        self.check_access('write')
        if not self._is_one_of((WAIVER,)):
            raise AccessError(self.env._("Only the department manager decides that a paper is not needed."))

    @api.model
    def _forget_person(self, partner):
        """Take out of a person's papers what tells about him: the files, those of verified papers too, and what was written
        beside them. Which papers there were, and who handled them, stays."""
        papers = self.sudo().search([('partner_id', '=', partner.id)])
        files = papers._files()
        files.with_context(property_permit=Permit(files)).unlink()
        papers.write({'note': False, 'reason': False})

    # ------------------------------------------------------------------ the buyer's own papers

    @api.model
    def _own_domain(self, user):
        """The papers of whoever is logged in to the portal.

        A person's are those that he or she owes. Contacts of a company that buys answer for the company's papers too, but
        never for each other's: colleagues and family stand below one parent, and identity papers are among these.

        :param user: res.users
        :return: Domain
        """
        partner = user.sudo().partner_id
        company = partner.commercial_partner_id
        return Domain('partner_id', 'in', (partner + (company if company.is_company else partner)).ids)

    def _may_upload(self):
        self.ensure_one()
        return self.state in ('received', *OWED) and not (self.state == 'returned' and self.done)

    def _asked_sentence(self):
        """:return: what the buyer reads about how many are wanted, and in which form"""
        self.ensure_one()
        if self.originals and self.copies:
            return self.env._(
                "Originals: %(originals)s, copies: %(copies)s. Send a photo now and bring the original with you.",
                originals=self.originals, copies=self.copies)
        if self.originals:
            return self.env._("Originals: %s. Send a photo now and bring the original with you.", self.originals)
        return self.env._("A photo or a scan will do.")

    def _upload(self, files):
        """Take in files that the person who owes the paper sends through the portal. The caller has checked whose it is.

        :param list files: tuples of name and content (bytes)
        :raise UserError: one sentence, with nothing stored
        """
        self.ensure_one()
        if not files:
            raise UserError(self.env._("Choose a photo or a PDF first."))
        if not self._may_upload():
            raise UserError(self.env._(
                "“%(paper)s” is “%(state)s” and takes no more files.", paper=self.type_id.name, state=self._state_label(self.state)))
        self.env['ir.attachment'].sudo().create([
            {'name': name, 'raw': content, 'res_model': self._name, 'res_id': self.id} for name, content in files])
        self.sudo()._receive({self: (0, 0)}, how='portal', partner=self.env.user.partner_id)

    def _accept(self):
        """:return: what a file chooser offers for the paper"""
        return ACCEPT[self.type_id.upload_kind]
