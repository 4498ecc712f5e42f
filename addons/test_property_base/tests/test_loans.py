from unittest.mock import patch

from freezegun import freeze_time

from odoo import SUPERUSER_ID, api
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.service.model import retrying
from odoo.tests import Form, TransactionCase
from odoo.tools import format_date, mute_logger

from .paper_case import PaperCase, PaperMixin

AS_WRITTEN = "A loan stays as it was written down."


@freeze_time('2025-03-03 02:00:00')
class TestLoans(PaperCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.case._make_checklist()
        papers = cls.case.document_ids
        cls.receipt_paper = papers.filtered(lambda paper: paper.type_id == cls.receipt)
        cls.form_paper = papers.filtered(lambda paper: paper.type_id == cls.form)
        cls.card = papers.filtered(lambda paper: paper.type_id == cls.identity and paper.partner_id == cls.buyer)
        (cls.receipt_paper + cls.form_paper + cls.card).with_user(cls.users['signing']).action_receive()
        cls.env.flush_all()

    def lend(self, paper=None, borrower='legal', post='signing', purpose='Dispute', due_date='2025-03-10', **kwargs):
        return self.as_user(post, paper or self.receipt_paper)._lend(self.users[borrower], purpose, due_date, **kwargs)

    def test_lend_and_return(self):
        loan = self.lend()
        self.assertRegex(loan.name, r'^JY\d{4}-\d{5}$')
        self.assertEqual(
            (loan.state, loan.lent_by_id, loan.originals, loan.copies, str(loan.lent_on)),
            ('out', self.users['signing'], 1, 0, '2025-03-03 02:00:00'))
        self.assertEqual((self.receipt_paper.loan_id, self.receipt_paper.borrower_id), (loan, self.users['legal']))
        self.assertEqual(self.receipt_paper.originals_held, 1, "it is still ours")
        with freeze_time('2025-03-05 02:00:00'):
            self.as_user('registration', loan).action_return()
        self.env.invalidate_all()
        self.assertEqual(
            (loan.state, str(loan.returned_on), loan.returned_to_id, loan.days_out),
            ('returned', '2025-03-05 02:00:00', self.users['registration'], 2))
        self.assertFalse(self.receipt_paper.loan_id)
        # The same paper may go out again.
        self.assertEqual(self.lend(borrower='gm').state, 'out')

    def test_a_paper_that_is_out(self):
        loan = self.lend()
        sentence = f"“Test Receipt (C-1)” is out: Legal has it until 2025-03-10 ({loan.name})."
        self.assertRefused(sentence, lambda: self.lend(borrower='manager'))
        self.assertRefused(sentence, lambda: self.lend(self.form_paper + self.receipt_paper))
        its = self.as_user('signing', self.receipt_paper)
        self.assertRefused(sentence, lambda: its._give_back({its: (1, 0)}))

    def test_the_database_knows_one_loan_at_a_time(self):
        loan = self.lend()
        with self.unchanged(), mute_logger('odoo.sql_db'), self.assertRaises(Exception) as refusal, self.env.cr.savepoint():
            self.env.cr.execute("""
                INSERT INTO property_document_loan (name, document_id, borrower_id, purpose, originals, copies, lent_on, lent_by_id, due_date, state)
                SELECT 'X', document_id, borrower_id, purpose, originals, copies, lent_on, lent_by_id, due_date, 'out'
                FROM property_document_loan WHERE id = %s""", [loan.id])
        self.assertEqual(
            self.env['property.document.loan']._sql_error_to_message(refusal.exception),
            f"“Test Receipt (C-1)” is out: Legal has it until 2025-03-10 ({loan.name}).")

    def test_not_more_than_is_here(self):
        for numbers in ((2, 0), (0, 1)):
            self.assertRefused(
                "Only 1 originals and 0 copies of “Test Receipt (C-1)” are here.",
                lambda numbers=numbers: self.lend(numbers={self.receipt_paper.with_user(self.users['signing']): numbers}))
        income = self.paper(self.identity, self.spouse)
        self.assertDatabaseRefuses("Say how many originals or copies are lent.", 'property.document.loan', lambda: self.lend(income))
        self.assertDatabaseRefuses(
            "A paper is due back on the day that it is lent or later.", 'property.document.loan', lambda: self.lend(due_date='2025-03-02'))

    def test_who_borrows(self):
        """Nobody borrows what he may not see."""
        portal = self.env['res.users'].create({
            'name': 'P', 'login': 'paper-portal', 'company_id': self.company.id, 'company_ids': [Command.set(self.company.ids)],
            'group_ids': [Command.set(self.env.ref('base.group_portal').ids)]})
        for borrower, name, paper, title in (
            (self.users['engineering'], 'Engineering', self.receipt_paper, 'Test Receipt'), (self.users['service'], 'Service', self.card, 'Test Card'),
            (self.users['gm'], 'Gm', self.card, 'Test Card'), (portal, 'P', self.receipt_paper, 'Test Receipt'),
        ):
            self.assertRefused(
                f"{name} may not see “{title} (C-1)” and cannot borrow it.",
                lambda borrower=borrower, paper=paper: self.as_user('signing', paper)._lend(borrower, 'x', '2025-03-10'))
        self.assertTrue(self.lend(self.card, 'auditor'))

    def test_forged_values(self):
        loan = self.env['property.document.loan'].with_user(self.users['signing']).with_context(
            default_state='returned', default_returned_on='2025-01-01', default_lent_by_id=self.users['legal'].id).create({
                'document_id': self.receipt_paper.id, 'borrower_id': self.users['manager'].id, 'purpose': 'x', 'originals': 1,
                'due_date': '2025-03-10', 'lent_on': '2020-01-01', 'lent_by_id': self.users['legal'].id, 'name': 'Mine', 'returned_on': '2025-01-01'})
        self.env.flush_all()
        self.assertEqual(
            (str(loan.lent_on), loan.lent_by_id, loan.state, loan.returned_on), ('2025-03-03 02:00:00', self.users['signing'], 'out', False))
        self.assertNotEqual(loan.name, 'Mine')

    def test_returned_once(self):
        loan = self.lend()
        self.as_user('signing', loan).action_return()
        self.assertRefused(f"{loan.name} is “Back” and cannot become “Back”.", self.as_user('signing', loan).action_return)
        for statement in (
            "UPDATE property_document_loan SET returned_on = now()", "UPDATE property_document_loan SET returned_on = NULL, returned_to_id = NULL, state = 'out'",
            "UPDATE property_document_loan SET returned_to_id = 1", "UPDATE property_document_loan SET state = 'out'",
        ):
            self.assertDatabaseRefuses("A loan is returned once.", 'property.document.loan', lambda statement=statement: self.env.cr.execute(statement))

    def test_facts_stay(self):
        loan = self.lend()
        for statement in (
            "UPDATE property_document_loan SET borrower_id = 1", "UPDATE property_document_loan SET due_date = '2099-01-01'",
            "UPDATE property_document_loan SET purpose = 'x'", "UPDATE property_document_loan SET document_id = document_id + 1",
            "UPDATE property_document_loan SET originals = 9", "UPDATE property_document_loan SET lent_on = now()", "UPDATE property_document_loan SET name = 'x'",
            "UPDATE property_document_loan SET lent_by_id = 1", "DELETE FROM property_document_loan", "TRUNCATE property_document_loan",
        ):
            with self.subTest(statement=statement):
                self.assertDatabaseRefuses(AS_WRITTEN, 'property.document.loan', lambda statement=statement: self.env.cr.execute(statement))
        self.assertDatabaseRefuses(AS_WRITTEN, 'property.document.loan', loan.sudo().unlink)
        self.assertDatabaseRefuses(
            "A loan is returned to somebody at some time.", 'property.document.loan',
            lambda: self.env.cr.execute("UPDATE property_document_loan SET state = 'returned' WHERE id = %s", [loan.id]))
        for post in ('signing', 'manager'):
            its = self.as_user(post, loan)
            for vals in ({'due_date': '2099-01-01'}, {'state': 'returned'}, {'returned_on': '2025-03-03'}):
                with self.unchanged(), self.assertRaises(UserError), self.env.cr.savepoint():
                    its.write(vals)
        self.assertRefused("A loan is returned by its own action, not by editing it.", lambda: loan.sudo().write({'returned_on': '2025-03-03'}))

    def test_readers_return_nothing(self):
        loan = self.lend()
        for post in ('auditor', 'legal', 'gm'):
            with self.unchanged(), self.assertRaises(AccessError), self.env.cr.savepoint():
                self.as_user(post, loan).action_return()

    def test_identity_papers_on_loan(self):
        """Whoever does not see the paper sees no loan of it and no row of its log."""
        loan = self.lend(self.card)
        self.assertEqual(self.as_user('auditor', loan).read(['name'])[0]['id'], loan.id)
        for post in ('service', 'gm'):
            self.assertFalse(self.env['property.document.loan'].with_user(self.users[post]).search([]))
            with self.assertRaises(AccessError):
                self.as_user(post, loan).read(['name'])
            log = self.env['property.document.log'].with_user(self.users[post])
            self.assertEqual(log.search([]).document_id, self.receipt_paper + self.form_paper)
            self.assertFalse(log.search([('document_id', '=', self.card.id)]))

    # ------------------------------------------------------------------ the clock

    def test_clock(self):
        loan = self.lend()
        clock = loan.clock_ids
        self.assertEqual(
            (clock.kind_id.code, clock.state, str(clock.due_date), clock.user_id, clock.name, clock.company_id),
            ('archive_loan', 'running', '2025-03-10', self.users['legal'], loan.name, self.company))
        cron = self.env.ref('property_base.ir_cron_remind').sudo()
        for moment, reminded, escalated in (
            ('2025-03-08 23:59:00', 0, 0), ('2025-03-09 00:00:00', 1, 0), ('2025-03-10 00:00:00', 2, 0), ('2025-03-11 00:00:00', 3, 0),
            ('2025-03-13 16:00:00', 4, 1),
        ):
            with freeze_time(moment), self.enter_registry_test_mode():
                cron.method_direct_trigger()
            self.env.invalidate_all()
            self.assertEqual(len(clock.reminder_ids.filtered(lambda reminder: not reminder.escalation)), reminded, moment)
            self.assertEqual(
                self.users['assistant'] in clock.reminder_ids.filtered('escalation').user_id, bool(escalated), moment)
        self.assertTrue(clock.overdue)
        self.assertEqual(loan.sudo().activity_ids.user_id, self.users['legal'] + self.users['assistant'])
        with freeze_time('2025-03-14 02:00:00'):
            self.assertTrue(loan.is_overdue)
            self.as_user('signing', loan).action_return()
            self.env.invalidate_all()
            self.assertEqual((clock.state, loan.is_overdue), ('missed', False))
        self.assertFalse(loan.activity_ids)

    def test_returned_in_time(self):
        loan = self.lend()
        self.as_user('signing', loan).action_return()
        self.assertEqual(loan.clock_ids.state, 'met')

    # ------------------------------------------------------------------ several, by the dialog, and the slip

    def test_dialog_and_slip(self):
        papers = self.as_user('signing', self.receipt_paper + self.form_paper)
        action = papers.with_context(default_kind='lend').action_handle()
        wizard = Form(self.env['property.document.handling'].with_user(self.users['signing']).with_context(**action['context']))
        # Five working days from Monday 3 March.
        self.assertEqual(str(wizard.due_date), '2025-03-10')
        wizard.borrower_id = self.users['legal']
        wizard.purpose = 'Filing'
        result = wizard.save().action_apply()
        loans = self.env['property.document.loan'].search([('document_id', 'in', papers.ids)])
        self.assertEqual(len(loans), 2)
        self.assertEqual(result['report_name'], 'property_base.report_document_loan_slip')
        self.assertEqual([len(slip) for slip in loans._slips()], [2], "one slip for what one takes at once")
        other = self.lend(self.card, 'auditor')
        html = self.env['ir.actions.report'].with_user(self.users['signing'])._render_qweb_html(
            'property_base.report_document_loan_slip', (loans + other).ids)[0].decode()
        for text in (*loans.mapped('name'), other.name, 'Legal', 'Auditor', 'Filing', 'Test Receipt', 'Test Form', 'C-1', format_date(self.env, loans[0].due_date), 'Acorn Estates'):
            self.assertIn(text, html)
        self.assertEqual(html.count('class="page o_loan_slip"'), 2)
        self.assertEqual(html.count('class="article"'), 1, "one document for the PDF writer, which makes no more of them")
        # Nobody prints what he does not see.
        with self.assertRaises(AccessError):
            self.env['ir.actions.report'].with_user(self.users['service'])._render_qweb_html(
                'property_base.report_document_loan_slip', other.ids)

    def test_lists(self):
        loan = self.lend()
        Paper = self.env['property.document'].with_user(self.users['signing'])
        self.assertEqual(Paper.search([('loan_ids.state', '=', 'out'), ('res_id', '=', self.case.id)]), self.receipt_paper)
        overdue = self.env.ref('property_base.property_document_loan_view_search').arch
        self.assertIn("('due_date', '&lt;', 'today')", overdue)
        with freeze_time('2025-03-11 02:00:00'):
            self.assertEqual(
                self.env['property.document.loan'].search([('state', '=', 'out'), ('due_date', '<', 'today'), ('id', '=', loan.id)]), loan)


class TestLoanRace(PaperMixin, TransactionCase):

    def test_two_clerks_at_once(self):
        """The second learns in words who has the paper."""
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {'lang': 'en_US'})
            case = env['test_property.case'].create({'name': 'Race'})
            paper = env['property.document'].create({
                **case._prepare_paper_origin(), 'type_id': env['property.document.type'].create({'name': 'Raced', 'code': 'raced'}).id})
            paper._receive({paper: (1, 0)})
            ids = case.id, paper.id, paper.type_id.id
        borrower = self.env.ref('base.user_admin')

        def clean_up():
            # What is append-only for everybody is so for this test too: the triggers rest for a moment.
            with self.registry.cursor() as cr:
                cr.execute("SET session_replication_role = replica")
                cr.execute("DELETE FROM property_clock WHERE res_model = 'property.document.loan' AND res_id IN (SELECT id FROM property_document_loan WHERE document_id = %s)", [ids[1]])
                for table in ('mail_followers', 'mail_message'):
                    column = 'res_model' if table == 'mail_followers' else 'model'
                    cr.execute(f"DELETE FROM {table} WHERE {column} = 'property.document.loan' AND res_id IN (SELECT id FROM property_document_loan WHERE document_id = %s)", [ids[1]])
                cr.execute("DELETE FROM property_document_loan WHERE document_id = %s", [ids[1]])
                cr.execute("DELETE FROM property_document_log WHERE document_id = %s", [ids[1]])
                cr.execute("DELETE FROM property_document WHERE id = %s", [ids[1]])
                cr.execute("DELETE FROM test_property_case WHERE id = %s", [ids[0]])
                cr.execute("DELETE FROM property_document_type WHERE id = %s", [ids[2]])
                cr.execute("DELETE FROM mail_message WHERE model = 'test_property.case' AND res_id = %s", [ids[0]])
                cr.execute("SET session_replication_role = DEFAULT")

        self.addCleanup(clean_up)
        with self.registry.cursor() as first, self.registry.cursor() as second:
            one, two = (api.Environment(cr, SUPERUSER_ID, {'lang': 'en_US'})['property.document'].browse(ids[1]) for cr in (first, second))
            self.assertFalse(two.loan_id, "both have looked before either lends")
            loan = one._lend(borrower.with_env(one.env), 'First', '2099-01-01')
            one.env.flush_all()
            name, borrower_name = loan.name, borrower.name
            first.commit()

            def lend():
                # As if the other's row could not be seen yet.
                with patch.object(self.registry['property.document.loan'], '_refuse_taken', lambda self: None):
                    two._lend(borrower.with_env(two.env), 'Second', '2099-01-01')
                    two.env.flush_all()

            with mute_logger('odoo.sql_db'), self.assertRaises(ValidationError) as refusal:
                retrying(lend, two.env)
            second.rollback()
        self.assertIn(f"“Raced (Race)” is out: {borrower_name} has it until 2099-01-01 ({name}).", str(refusal.exception))
        with self.registry.cursor() as cr:
            cr.execute("SELECT count(*) FROM property_document_loan WHERE document_id = %s", [ids[1]])
            self.assertEqual(cr.fetchone(), (1,))
