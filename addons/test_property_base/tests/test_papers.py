from contextlib import suppress

import psycopg2

from odoo.addons.property_base.hooks import _uninstall_hook
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form
from odoo.tools import mute_logger

from .paper_case import PaperCase

BY_ACTIONS = "A paper is received, verified and given back by its own actions, not by editing it."
NEVER = "The log of papers is never changed or deleted."
SECOND = "Whoever received a paper does not verify it: a colleague has to."


class TestPapers(PaperCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.case._make_checklist()
        cls.receipt_paper = cls.case.document_ids.filtered(lambda paper: paper.type_id == cls.receipt)
        cls.card = cls.case.document_ids.filtered(lambda paper: paper.type_id == cls.identity and paper.partner_id == cls.buyer)
        cls.env.flush_all()

    def log(self, paper):
        return [(row.kind, row.user_id.login, row.partner_id.name, row.originals, row.copies, row.how) for row in paper.sudo().log_ids.sorted('id')]

    def handle(self, papers, kind, post='signing', **values):
        """Through the dialog, as in the browser."""
        papers = self.as_user(post, papers)
        action = papers.with_context(default_kind=kind).action_handle()
        wizard = Form(self.env['property.document.handling'].with_user(self.users[post]).with_context(**action['context']))
        for name, value in values.items():
            setattr(wizard, name, value)
        result = wizard.save().action_apply()
        self.env.invalidate_all()
        return result

    # ------------------------------------------------------------------ the way of a paper

    def test_whole_way(self):
        card = self.card
        self.handle(card, 'receive', originals=1, copies=1, how='courier')
        self.assertEqual((card.state, card.originals_held, card.copies_held), ('received', 1, 1))
        self.assertRefused(
            "1 of 2 copies of “Test Card (C-1)” are here: receive the rest or add a scan first.", self.as_user('registration', card).action_verify)
        self.receive(card, 'assistant')
        self.assertEqual((card.originals_held, card.copies_held), (1, 2), "one click takes what is lacking")
        self.verify(card)
        self.assertEqual((card.state, card.verified_by_id, card.done), ('verified', self.users['registration'], True))
        self.handle(card, 'give_back', originals=1, copies=0)
        self.assertEqual((card.state, card.originals_held, card.copies_held), ('verified', 0, 2), "the copies stay")
        self.handle(card, 'give_back', originals=0, copies=2)
        self.assertEqual((card.state, card.done), ('returned', True))
        self.assertEqual(self.log(card), [
            ('received', 'paper-signing', 'Buyer', 1, 1, 'courier'), ('received', 'paper-assistant', 'Buyer', 0, 1, 'in_person'),
            ('verified', 'paper-registration', False, 0, 0, False), ('returned', 'paper-signing', 'Buyer', -1, 0, 'in_person'),
            ('returned', 'paper-signing', 'Buyer', 0, -2, 'in_person')])

    def test_reject_and_again(self):
        self.receive(self.receipt_paper)
        self.handle(self.receipt_paper, 'reject', reason='Not legible')
        self.assertEqual((self.receipt_paper.state, self.receipt_paper.reason, self.receipt_paper.originals_held), ('rejected', 'Not legible', 1))
        self.handle(self.receipt_paper, 'give_back')
        self.assertEqual((self.receipt_paper.state, self.receipt_paper.originals_held), ('rejected', 0))
        # Who received the first one may verify what a colleague received after it.
        self.receive(self.receipt_paper, 'registration')
        self.assertFalse(self.receipt_paper.reason)
        self.verify(self.receipt_paper, 'signing')
        self.assertEqual(self.receipt_paper.state, 'verified')

    def test_found_wrong_later(self):
        self.receive(self.receipt_paper)
        self.verify(self.receipt_paper)
        self.handle(self.receipt_paper, 'reject', reason='Forged')
        self.assertEqual((self.receipt_paper.state, self.receipt_paper.verified_by_id.id, self.receipt_paper.done), ('rejected', False, False))

    def test_several_at_once(self):
        papers = self.receipt_paper + self.card
        self.handle(papers, 'receive')
        self.assertEqual(papers.mapped('state'), ['received'] * 2)
        self.assertEqual([(paper.originals_held, paper.copies_held) for paper in papers], [(1, 0), (1, 2)])
        self.as_user('registration', papers).action_verify()
        self.handle(papers, 'give_back')
        self.env.invalidate_all()
        self.assertEqual(papers.mapped('state'), ['returned'] * 2)

    def test_place(self):
        room = self.env['property.archive.place'].create({'name': 'Room', 'kind': 'room', 'company_id': self.company.id})
        box = self.env['property.archive.place'].create({'name': 'Box', 'parent_id': room.id, 'company_id': self.company.id})
        self.handle(self.receipt_paper, 'receive', place_id=box)
        self.assertEqual((self.receipt_paper.place_id.complete_name, room.paper_count, box.paper_count), ('Room / Box', 1, 1))
        self.assertRefused("Papers lie in “Room / Box”: move them first, or archive it.", box.unlink)
        self.handle(self.receipt_paper, 'give_back')
        self.assertFalse(self.receipt_paper.place_id)
        with self.assertRaises(UserError), self.env.cr.savepoint():
            room.parent_id = box

    def test_every_pair_of_states(self):
        """Of the 36 pairs exactly the declared ones are ways."""
        states = list(self.receipt_paper._transitions)
        gone = set()
        for state in states:
            for to in states:
                self.env.flush_all()
                self.env.cr.execute("UPDATE property_document SET state = %s WHERE id = %s", [state, self.receipt_paper.id])
                self.env.invalidate_all()
                with suppress(UserError):
                    self.receipt_paper._transition(to)
                    gone.add((state, to))
        self.assertEqual(gone, {
            ('missing', 'received'), ('missing', 'waived'), ('received', 'verified'), ('received', 'rejected'), ('received', 'returned'),
            ('verified', 'rejected'), ('verified', 'returned'), ('rejected', 'received'), ('rejected', 'waived'),
            ('returned', 'received'), ('returned', 'waived'), ('waived', 'missing')})

    # ------------------------------------------------------------------ bad input

    def test_refusals(self):
        receipt, card = self.as_user('signing', self.receipt_paper), self.as_user('signing', self.card)
        self.assertRefused("Test Receipt (C-1) is “Missing” and cannot become “Verified”.", receipt.action_verify)
        self.assertRefused("Test Receipt (C-1) is “Missing” and cannot become “Not Accepted”.", lambda: receipt._reject('x'))
        self.assertRefused(
            "Say how many originals or copies of “Test Receipt (C-1)” were handed in.", lambda: receipt._receive({receipt: (0, 0)}))
        self.assertRefused(
            "Only 0 originals and 0 copies of “Test Receipt (C-1)” are here.", lambda: receipt._give_back({receipt: (1, 0)}))
        for numbers in ((0, 0), (-1, 2), (-1, -1)):
            self.assertRefused(
                "Say how many originals or copies of “Test Receipt (C-1)” are given back.", lambda numbers=numbers: receipt._give_back({receipt: numbers}))
        self.assertDatabaseRefuses(
            "Papers come in by being received and go out by being given back.", 'property.document.log',
            lambda: receipt._receive({receipt: (-1, 2)}))
        self.receive(receipt)
        self.verify(receipt)
        self.assertRefused("Test Receipt (C-1) is “Verified” and cannot become “To Verify”.", receipt.action_receive)
        # All or none.
        self.receive(card)
        self.assertRefused(
            "Test Receipt (C-1) is “Verified” and cannot become “Verified”.", self.as_user('registration', receipt + card).action_verify)

    def test_dialog_refusals(self):
        self.receive(self.receipt_paper)
        Wizard = self.env['property.document.handling'].with_user(self.users['signing'])
        for vals, sentence in (
            ({'kind': 'reject', 'document_ids': self.receipt_paper.ids, 'reason': '  '}, "Say why."),
            ({'kind': 'receive'}, "Choose the papers first."),
            ({'kind': 'lend', 'document_ids': self.receipt_paper.ids, 'borrower_id': self.users['legal'].id, 'purpose': ' '},
             "Say who borrows the papers, what for and until when."),
        ):
            wizard = Wizard.create(vals)
            self.assertRefused(sentence, wizard.action_apply)

    # ------------------------------------------------------------------ the second person

    def test_receiver_does_not_verify(self):
        self.receive(self.receipt_paper)
        self.assertRefused(
            "You received “Test Receipt (C-1)” yourself: a colleague has to verify it.", self.as_user('signing', self.receipt_paper).action_verify)
        self.assertFalse(self.as_user('signing', self.receipt_paper).can_verify)
        self.env.invalidate_all()
        self.assertTrue(self.as_user('registration', self.receipt_paper).can_verify)
        # The manager neither, and not a receiver of a part, and not as superuser in his own name.
        its = self.as_user('manager', self.receipt_paper)
        its._receive({its: (0, 1)})
        for post in ('signing', 'manager'):
            self.assertRefused(
                "You received “Test Receipt (C-1)” yourself: a colleague has to verify it.",
                self.as_user(post, self.receipt_paper).sudo().action_verify)
        self.verify(self.receipt_paper)

    def test_second_person_in_the_database(self):
        self.receive(self.receipt_paper)
        insert = """INSERT INTO property_document_log (document_id, kind, date, user_id, originals, copies)
            VALUES (%s, 'verified', now(), %s, 0, 0)"""
        self.assertDatabaseRefuses(SECOND, 'property.document.log', lambda: self.env.cr.execute(
            insert, [self.receipt_paper.id, self.users['signing'].id]))
        with self.env.cr.savepoint():
            self.env.cr.execute(insert, [self.receipt_paper.id, self.users['registration'].id])

    # ------------------------------------------------------------------ who may

    def test_waiver(self):
        for post in ('signing', 'assistant'):
            self.assertRefused(
                "Only the department manager decides that a paper is not needed.",
                lambda post=post: self.as_user(post, self.receipt_paper)._waive('x'), AccessError)
        self.handle(self.receipt_paper, 'waive', 'manager', reason='Paid from abroad')
        self.assertEqual((self.receipt_paper.state, self.receipt_paper.reason, self.receipt_paper.done), ('waived', 'Paid from abroad', True))
        self.assertRefused(
            "Only the department manager decides that a paper is not needed.", self.as_user('signing', self.receipt_paper).action_require, AccessError)
        self.as_user('manager', self.receipt_paper).action_require()
        self.env.invalidate_all()
        self.assertEqual((self.receipt_paper.state, self.receipt_paper.done), ('missing', False))
        self.assertEqual([row.kind for row in self.receipt_paper.log_ids.sorted('id')], ['waived', 'required'])

    def test_readers_do_nothing(self):
        for post in ('auditor', 'legal', 'gm', 'engineering'):
            its = self.as_user(post, self.receipt_paper)
            for function in (
                its.action_receive, its.action_verify, its.action_require, lambda its=its: its.write({'note': 'x'}),
                lambda its=its: its._reject('x'), lambda its=its: its._waive('x'), lambda its=its: its._give_back({its: (1, 0)}), its.unlink,
                lambda its=its: its._lend(self.users['manager'], 'x', '2099-01-01'),
            ):
                with self.unchanged(), self.assertRaises(AccessError), self.env.cr.savepoint():
                    function()
                    self.env.flush_all()

    def test_what_may_be_edited(self):
        receipt = self.as_user('signing', self.receipt_paper)
        receipt.write({'note': 'Comes on Friday', 'due_date': '2025-03-07'})
        for vals in (
            {'verified_by_id': self.users['legal'].id}, {'verified_on': '2025-01-01'}, {'res_id': 1}, {'res_model': 'res.partner'},
            {'type_id': self.form.id}, {'partner_id': self.spouse.id}, {'company_id': 1}, {'originals_held': 5}, {'done': True},
            {'reason': 'x'}, {'restricted': False}, {'log_ids': [(5,)]}, {'note': 'x', 'received_on': '2025-01-01'}, {'document_name': 'x'},
        ):
            self.assertRefused(BY_ACTIONS, lambda vals=vals: receipt.write(vals))
        self.assertRefused(
            "The state moves only by its own actions, not by editing it.", lambda: receipt.write({'state': 'verified', 'verified_by_id': 2}))
        for name, value in (('originals', 0), ('copies', 0), ('mandatory', False)):
            self.assertRefused(
                "Only the department's heads change what is asked for.", lambda name=name, value=value: receipt.write({name: value}), AccessError)
        self.as_user('assistant', self.receipt_paper).write({'originals': 2, 'mandatory': False})
        self.assertEqual((self.receipt_paper.originals, self.receipt_paper.counted), (2, False))

    def test_import(self):
        """``load()`` is an edit like any other."""
        Paper = self.env['property.document'].with_user(self.users['signing'])
        with self.unchanged(), mute_logger('odoo.sql_db'):
            for fields, row in (
                (['.id', 'state'], [str(self.receipt_paper.id), 'verified']),
                (['.id', 'verified_by_id/.id'], [str(self.receipt_paper.id), str(self.users['legal'].id)]),
            ):
                result = Paper.load(fields, [row])
                self.assertFalse(result['ids'])
                self.assertTrue(result['messages'])
        with self.unchanged(), self.assertRaises(AccessError), self.env.cr.savepoint():
            self.env['property.document.log'].with_user(self.users['manager']).create({
                'document_id': self.receipt_paper.id, 'kind': 'received', 'user_id': self.users['legal'].id})

    # ------------------------------------------------------------------ the log

    def test_log_is_append_only(self):
        self.receive(self.receipt_paper)
        row = self.receipt_paper.log_ids
        for statement in (
            "UPDATE property_document_log SET user_id = 1", "UPDATE property_document_log SET originals = 0", "DELETE FROM property_document_log",
            "UPDATE property_document_log SET reason = 'x'", "UPDATE property_document_log SET date = now()", "TRUNCATE property_document_log",
            "UPDATE property_document_log SET kind = 'rejected'", "UPDATE property_document_log SET partner_id = NULL",
            "UPDATE property_document_log SET how = 'portal'", "UPDATE property_document_log SET document_id = document_id + 1",
        ):
            with self.subTest(statement=statement):
                self.assertDatabaseRefuses(NEVER, 'property.document.log', lambda statement=statement: self.env.cr.execute(statement))
        for records in (row, row.sudo()):
            self.assertDatabaseRefuses(NEVER, 'property.document.log', lambda records=records: records.write({'user_id': 1}))
            self.assertDatabaseRefuses(NEVER, 'property.document.log', records.unlink)
        with self.unchanged(), mute_logger('odoo.sql_db'), self.assertRaises(psycopg2.errors.ForeignKeyViolation), self.env.cr.savepoint():
            self.env.cr.execute("DELETE FROM property_document WHERE id = %s", [self.receipt_paper.id])

    def test_held_never_below_nothing(self):
        self.assertDatabaseRefuses("More is given back than is here.", 'property.document', lambda: self.env['property.document.log'].sudo().create(
            {'document_id': self.receipt_paper.id, 'kind': 'returned', 'originals': -1, 'user_id': self.users['signing'].id}))

    def test_uninstall_takes_the_function(self):
        count = "SELECT count(*) FROM pg_proc WHERE proname = 'property_document_second_person'"
        self.env.cr.execute(count)
        self.assertEqual(self.env.cr.fetchone(), (1,))
        with self.env.cr.savepoint(flush=False) as savepoint:
            _uninstall_hook(self.env)
            self.env.cr.execute(count)
            self.assertEqual(self.env.cr.fetchone(), (0,))
            savepoint.rollback()

    def test_type_in_use_stays(self):
        self.assertRefused("“Test Receipt” is on lists of papers: archive it instead.", self.receipt.unlink)

    def test_opening_a_type_to_everybody(self):
        """An administrator who may not see identity papers does not make them visible by a tick."""
        administrator = self.env['res.users'].create({
            'name': 'A', 'login': 'paper-administrator', 'company_id': self.company.id, 'company_ids': [(6, 0, self.company.ids)],
            'group_ids': [(6, 0, self.env.ref('property_base.group_administrator').ids)]})
        self.assertRefused(
            "Only those who see identity papers may open a type of them to everybody.",
            lambda: self.identity.with_user(administrator).write({'restricted': False}), AccessError)
        self.identity.with_user(self.users['manager']).restricted = False
        self.env.flush_all()
        self.assertFalse(self.card.restricted)
