from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command

from .paper_case import PaperCase


class TestChecklist(PaperCase):

    def lines(self, case=None):
        return sorted((paper.type_id.code, paper.partner_id.name, paper.mandatory) for paper in (case or self.case).document_ids)

    # ------------------------------------------------------------------ what is asked for

    def test_from_each_buyer_or_once(self):
        made = self.case._make_checklist()
        self.assertEqual(self.lines(), [
            ('test_form', 'Buyer', False), ('test_identity', 'Buyer', True), ('test_identity', 'Spouse', True), ('test_receipt', 'Buyer', True)])
        self.assertEqual(made, self.case.document_ids)
        paper = self.paper(self.identity, self.spouse)
        self.assertEqual(
            (paper.originals, paper.copies, paper.state, paper.company_id, paper.document_name, paper.restricted),
            (1, 2, 'missing', self.company, 'C-1', True))
        self.assertEqual(self.paper(self.form).condition, 'When an agent signs')

    def test_again_adds_only_what_is_missing(self):
        self.case._make_checklist()
        self.receive(self.paper(self.receipt))
        before = self.rows('property_document')
        self.assertFalse(self.case._make_checklist())
        self.assertEqual(self.rows('property_document'), before)
        child = self.env['res.partner'].create({'name': 'Child'})
        self.case.write({'partner_ids': [Command.link(child.id)], 'payment_mode': 'commercial'})
        self.assertEqual(
            sorted((paper.type_id.code, paper.partner_id.name) for paper in self.case._make_checklist()),
            [('test_identity', 'Child'), ('test_income', 'Buyer'), ('test_income', 'Child'), ('test_income', 'Spouse')])
        self.assertEqual(self.rows('property_document')[:len(before)], before)

    def test_once_stays_once_when_the_first_buyer_changes(self):
        self.case._make_checklist()
        self.case.partner_ids = self.spouse
        self.assertFalse(self.case._make_checklist())

    def test_persons_and_companies(self):
        firm = self.env['res.partner'].create({'name': 'Firm', 'is_company': True})
        self.requirements[0].buyer_kind = 'person'
        self.env['property.document.requirement'].create(
            {'process': 'signing', 'type_id': self.income.id, 'per_buyer': True, 'buyer_kind': 'company'})
        case = self.make_case(partner_ids=[Command.set((self.buyer + firm).ids)])
        case._make_checklist()
        self.assertEqual(
            sorted((paper.type_id.code, paper.partner_id.name) for paper in case.document_ids if paper.type_id in self.identity + self.income),
            [('test_identity', 'Buyer'), ('test_income', 'Firm')])

    def test_payment_mode_and_process(self):
        for mode, expected in (('lump_sum', 0), ('provident', 0), ('commercial', 2)):
            case = self.make_case(payment_mode=mode)
            case._make_checklist()
            self.assertEqual(len(case.document_ids.filtered(lambda paper: paper.type_id == self.income)), expected, mode)
        case = self.make_case(process='title')
        self.assertFalse(case._make_checklist())
        case = self.make_case(process=False)
        self.assertFalse(case._make_checklist())

    def test_the_most_particular_row_counts(self):
        """A company's row before everybody's, a mode's before any; “not needed” takes the paper away."""
        other = self.env['res.company'].create({'name': 'Other'})
        Requirement = self.env['property.document.requirement']
        for vals, originals, needed in (
            ({'payment_mode': 'lump_sum', 'originals': 3}, 3, True),
            ({'company_id': other.id, 'originals': 7}, 3, True),
            ({'company_id': self.company.id, 'originals': 4}, 4, True),
            ({'company_id': self.company.id, 'payment_mode': 'lump_sum', 'necessity': 'not_needed'}, 0, False),
        ):
            Requirement.create({'process': 'signing', 'type_id': self.receipt.id, **vals})
            case = self.make_case()
            case._make_checklist()
            self.assertEqual(self.receipt in case.document_ids.type_id, needed)
            if needed:
                self.assertEqual(self.paper(self.receipt, case=case).originals, originals)

    def test_archived_types_are_not_asked_for(self):
        self.receipt.active = False
        self.case._make_checklist()
        self.assertNotIn(self.receipt, self.case.document_ids.type_id)

    def test_due_date_and_batch(self):
        cases = self.make_case(due_date='2025-03-01') + self.make_case()
        made = cases._make_checklist()
        self.assertEqual(len(made), 8)
        self.assertEqual([set(case.document_ids.mapped(lambda paper: str(paper.due_date))) for case in cases], [{'2025-03-01'}, {'False'}])

    def test_by_somebody_who_does_not_see_them(self):
        """The service team makes a list with identity papers on it, and does not see those."""
        case = self.as_user('service', self.case)
        case._make_checklist()
        self.env.invalidate_all()
        self.assertEqual(sorted(case.document_ids.mapped('type_id.code')), ['test_form', 'test_receipt'])
        self.assertEqual(case.checklist_summary, '0 of 3')
        self.assertEqual(len(case._checklist_missing()), 3, "a gate counts all of them")

    def test_default_sets(self):
        """The department's own rows, as they are delivered."""
        Requirement = self.env['property.document.requirement'].with_context(active_test=False)

        def needed(process, mode):
            rows = Requirement.search([('process', '=', process), ('id', 'not in', self.requirements.ids)])
            return {row.type_id.code: row for row in rows._needed(process, mode, {'company_id': self.company})}
        self.assertEqual(
            {code for code, row in needed('title', 'lump_sum').items() if row.necessity == 'mandatory'},
            {'sale_contract', 'filing_certificate', 'invoice', 'identity_card', 'marriage', 'deed_tax', 'maintenance_fund', 'survey', 'handover_sheet',
             'business_licence'})
        self.assertEqual(needed('title', 'commercial').keys() - needed('title', 'lump_sum').keys(), {'loan_contract'})
        mortgage = {mode: set(needed('mortgage', mode)) for mode in ('commercial', 'provident', 'combined')}
        self.assertEqual(mortgage['combined'], mortgage['commercial'] | mortgage['provident'])
        self.assertLessEqual(
            {'household_register', 'marriage', 'income', 'bank_statement', 'down_payment_receipt', 'sale_contract', 'credit_authorisation'},
            mortgage['commercial'])
        self.assertNotIn('income', mortgage['provident'])
        self.assertEqual(needed('signing', 'lump_sum')['marriage'].necessity, 'conditional')
        self.assertEqual(needed('signing', 'commercial')['marriage'].necessity, 'mandatory')
        # The law: no deed tax as a condition of the handover.
        self.assertNotIn('deed_tax', needed('handover', 'lump_sum'))
        card = needed('signing', 'any')['identity_card']
        self.assertEqual((card.per_buyer, card.buyer_kind), (True, 'person'))

    # ------------------------------------------------------------------ completeness

    def figures(self):
        self.env.invalidate_all()
        case = self.case
        self.env.cr.execute(
            "SELECT checklist_done, checklist_total, checklist_complete FROM test_property_case WHERE id = %s", [case.id])
        self.assertEqual(self.env.cr.fetchone(), (case.checklist_done, case.checklist_total, case.checklist_complete))
        return case.checklist_summary, round(case.checklist_progress), case.checklist_complete, len(case._checklist_missing())

    def test_completeness(self):
        self.env.flush_all()
        self.assertEqual(self.figures(), ('', 0, False, 0))
        self.case._make_checklist()
        self.env.flush_all()
        self.assertEqual(self.figures(), ('0 of 3', 0, False, 3))
        receipt, form = self.paper(self.receipt), self.paper(self.form)
        self.receive(receipt)
        self.assertEqual(self.figures(), ('0 of 3', 0, False, 3), "received is not verified")
        self.verify(receipt)
        self.env.flush_all()
        self.assertEqual(self.figures(), ('1 of 3', 33, False, 2))
        # What applies only sometimes counts from the moment that it is handed in.
        self.receive(form)
        self.env.flush_all()
        self.assertEqual(self.figures(), ('1 of 4', 25, False, 3))
        self.verify(form)
        self.as_user('manager', self.paper(self.identity, self.spouse))._waive('Abroad')
        self.receive(self.paper(self.identity, self.buyer))
        self.verify(self.paper(self.identity, self.buyer))
        self.env.flush_all()
        self.assertEqual(self.figures(), ('4 of 4', 100, True, 0))
        # Shown, verified and given back: it was here.
        card = self.as_user('signing', self.paper(self.identity, self.buyer))
        card._give_back({card: (1, 2)})
        self.env.flush_all()
        self.assertEqual((card.state, self.figures()), ('returned', ('4 of 4', 100, True, 0)))
        self.as_user('signing', receipt)._reject('Torn')
        self.env.flush_all()
        self.assertEqual(self.figures(), ('3 of 4', 75, False, 1))

    def test_given_back_unverified_is_owed_again(self):
        self.case._make_checklist()
        receipt = self.paper(self.receipt)
        self.receive(receipt)
        its = self.as_user('signing', receipt)
        its._give_back({its: (1, 0)})
        self.env.flush_all()
        self.assertEqual((receipt.state, receipt.done), ('returned', False))
        self.assertIn(receipt, self.case._checklist_missing())

    def test_overdue(self):
        """What applies only sometimes is not overdue before it is known to apply."""
        self.case.due_date = '2025-03-01'
        self.case._make_checklist()
        receipt, form = self.paper(self.receipt), self.paper(self.form)
        with freeze_time('2025-03-01 15:59:00'):  # still the first of March in Shanghai
            self.assertFalse(receipt.is_overdue)
        self.env.invalidate_all()
        with freeze_time('2025-03-01 16:00:00'):
            self.assertEqual((receipt.is_overdue, form.is_overdue), (True, False))
        self.receive(receipt)
        self.assertFalse(receipt.is_overdue)

    def test_search_by_completeness(self):
        other = self.make_case()
        (self.case + other)._make_checklist()
        for paper in other.document_ids:
            self.as_user('manager', paper)._waive('Not needed')
        self.env.flush_all()
        found = self.env['test_property.case'].search([('checklist_complete', '=', True), ('id', 'in', (self.case + other).ids)])
        self.assertEqual(found, other)

    # ------------------------------------------------------------------ the document goes, or asks for less

    def test_untouched_papers_go_with_the_document(self):
        self.case._make_checklist()
        papers = self.case.document_ids
        self.case.unlink()
        self.assertFalse(papers.exists())

    def test_a_document_with_received_papers_stays(self):
        self.case._make_checklist()
        self.receive(self.paper(self.receipt))
        self.assertRefused("C-1 has papers that were handed in: cancel it instead of deleting it.", self.case.unlink)
        self.assertTrue(self.case.exists())

    def test_drop_and_make_again(self):
        """A change of the payment mode: what was handed in stays, what is no longer asked for goes."""
        self.case.payment_mode = 'commercial'
        self.case._make_checklist()
        self.receive(self.paper(self.income, self.buyer))
        self.attach(self.paper(self.income, self.spouse))
        self.case.payment_mode = 'lump_sum'
        self.case._drop_checklist()
        self.assertEqual(self.case.document_ids.type_id, self.income, "received, and with a file")
        self.case._make_checklist()
        self.assertEqual(len(self.case.document_ids), 6)

    # ------------------------------------------------------------------ papers put on the list by hand

    def by_hand(self, post='signing', **vals):
        return self.env['property.document'].with_user(self.users[post]).create({
            'res_model': self.case._name, 'res_id': self.case.id, 'type_id': self.receipt.id, **vals})

    def test_by_hand(self):
        paper = self.by_hand(partner_id=self.buyer.id, copies=3)
        self.assertEqual((paper.document_name, paper.company_id, paper.copies, paper.state), ('C-1', self.company, 3, 'missing'))
        self.assertEqual(self.case.document_ids, paper.sudo())
        paper.unlink()
        self.assertFalse(self.case.document_ids)

    def test_by_hand_says_no_more_than_it_may(self):
        forged = {
            'verified_by_id': self.users['legal'].id, 'verified_on': '2025-01-01', 'reason': 'x', 'received_on': '2025-01-01',
            'company_id': self.env['res.company'].create({'name': 'X'}).id, 'document_name': 'Other', 'originals_held': 5, 'done': True,
            'requirement_id': self.requirements[0].id, 'state': 'missing'}
        for paper in (
            self.by_hand(partner_id=self.buyer.id, **forged),
            self.env['property.document'].with_user(self.users['signing']).with_context(
                **{f'default_{name}': value for name, value in forged.items()}).create({
                    'res_model': self.case._name, 'res_id': self.case.id, 'type_id': self.receipt.id, 'partner_id': self.spouse.id}),
        ):
            self.env.flush_all()
            self.env.invalidate_all()
            self.assertEqual(
                (paper.verified_by_id.id, paper.verified_on, paper.reason, paper.company_id, paper.document_name, paper.originals_held,
                 paper.done, paper.requirement_id.id, paper.state),
                (False, False, False, self.company, 'C-1', 0, False, False, 'missing'))
        with self.assertRaises(UserError), self.env.cr.savepoint():
            self.by_hand(type_id=self.form.id, state='verified')

    def test_by_hand_needs_a_document_that_one_sees(self):
        Paper = self.env['property.document'].with_user(self.users['signing'])
        for vals in (
            {}, {'res_model': 'res.partner', 'res_id': self.buyer.id}, {'res_model': self.case._name}, {'res_model': 'no.model', 'res_id': 1},
        ):
            self.assertRefused("Choose the document whose paper this is.", lambda vals=vals: Paper.create({'type_id': self.receipt.id, **vals}))
        self.env['ir.rule'].create({
            'name': 'none', 'model_id': self.env['ir.model']._get_id(self.case._name), 'domain_force': [(0, '=', 1)]})
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            self.by_hand()

    def test_identity_papers_by_hand(self):
        self.assertRefused(
            "Only those who see identity papers may ask for them.",
            lambda: self.by_hand('service', type_id=self.identity.id), AccessError)

    def test_twice(self):
        self.by_hand(partner_id=self.buyer.id)
        self.assertDatabaseRefuses(
            "This paper is on the document's list already.", 'property.document', lambda: self.by_hand(partner_id=self.buyer.id))
        self.by_hand()
        self.assertDatabaseRefuses("This paper is on the document's list already.", 'property.document', self.by_hand)

    def test_required_papers_are_not_deleted(self):
        self.case._make_checklist()
        receipt = self.paper(self.receipt)
        self.assertRefused(
            "“Test Receipt (C-1)” is required: the department manager may waive it.", self.as_user('manager', receipt).unlink)
        self.receive(receipt)
        self.assertRefused(
            "“Test Receipt (C-1)” was handed in and stays on the list with its history.", receipt.unlink)

    def test_the_document_cannot_let_go_of_a_paper(self):
        """Commands on the document's field are edits of the papers."""
        self.case._make_checklist()
        case = self.as_user('signing', self.case)
        receipt = self.paper(self.receipt)
        for command in (
            Command.unlink(receipt.id), Command.delete(receipt.id), Command.clear(), Command.update(receipt.id, {'state': 'verified'}),
            Command.update(receipt.id, {'verified_by_id': self.users['legal'].id}), Command.update(receipt.id, {'res_id': 0}),
            Command.update(receipt.id, {'mandatory': False}), Command.update(receipt.id, {'done': True}),
        ):
            with self.unchanged(), self.assertRaises(UserError), self.env.cr.savepoint():
                case.write({'document_ids': [command]})
                self.env.flush_all()

    # ------------------------------------------------------------------ budgets

    def test_budget_of_lists(self):
        """A hundred documents and their 400 papers: no query for each."""
        cases = self.env['test_property.case'].create([
            {'name': f'B-{index}', 'company_id': self.company.id, 'partner_ids': [Command.set((self.buyer + self.spouse).ids)]}
            for index in range(100)])
        self.env.flush_all()
        self.env.invalidate_all()
        with self.assertQueryCount(20):
            cases._make_checklist()
            self.env.flush_all()
        self.assertEqual(sum(cases.mapped('checklist_total')), 300)
        self.env.invalidate_all()
        with self.assertQueryCount(12):
            self.assertFalse(cases._make_checklist())
            self.env.flush_all()

    def test_budget_of_the_screens(self):
        """The list and the phone's cards of 80 papers, as the browser asks for them."""
        cases = self.env['test_property.case'].create([
            {'name': f'B-{index}', 'company_id': self.company.id, 'partner_ids': [Command.set((self.buyer + self.spouse).ids)]}
            for index in range(20)])
        cases._make_checklist()
        papers = cases.document_ids
        papers.with_user(self.users['signing']).filtered('mandatory').action_receive()
        Paper = self.env['property.document'].with_user(self.users['registration'])
        for view_type in ('list', 'kanban'):
            fields = Paper.get_views([(False, view_type)])['models']['property.document']['fields']
            specification = {
                name: {'fields': {'display_name': {}}} if field['type'] == 'many2one' else {} for name, field in fields.items()
                if field['type'] not in ('one2many', 'many2many')}
            self.assertIn('can_verify', specification)
            self.env.flush_all()
            self.env.invalidate_all()
            with self.assertQueryCount(22):
                result = Paper.web_search_read([('res_id', 'in', cases.ids), ('res_model', '=', cases._name)], specification, limit=80)
            self.assertEqual(len(result['records']), 80)
