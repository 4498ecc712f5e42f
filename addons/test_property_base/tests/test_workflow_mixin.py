from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import TransactionCase, new_test_user

from .test_state_mixin import BY_ACTIONS, STARTS


class TestWorkflowMixin(TransactionCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = new_test_user(cls.env, 'document-user', groups='property_base.group_user')
        cls.Document = cls.env['test_property.document'].with_user(cls.user)

    def setUp(self):
        super().setUp()
        # A sequence of the database is not rolled back.
        self.env['ir.sequence'].search([('code', '=', 'test_property.document')]).number_next = 7

    def test_numbers(self):
        documents = self.Document.create([{}, {'name': '/'}, {}])
        self.assertEqual(documents.mapped('name'), ['TD-0007', 'TD-0008', 'TD-0009'])
        self.assertEqual(documents[0].copy().name, 'TD-0010')

    def test_number_of_an_import(self):
        result = self.Document.load(['amount'], [['5'], ['6']])
        self.assertFalse(result['messages'])
        self.assertEqual(self.Document.browse(result['ids']).mapped('name'), ['TD-0007', 'TD-0008'])

    def test_create_leaves_the_values_alone(self):
        values = [{'amount': 1}, {'amount': 2}]
        self.Document.create(values)
        self.assertEqual(values, [{'amount': 1}, {'amount': 2}])

    def test_state_is_guarded(self):
        document = self.Document.create({})
        for function, values, sentence in (
            (document.write, {'state': 'signed'}, BY_ACTIONS),
            (document.sudo().write, {'state': 'signed'}, BY_ACTIONS),
            (self.Document.create, {'state': 'signed'}, STARTS),
            (document.copy, {'state': 'signed'}, STARTS),
        ):
            with self.assertRaises(UserError) as refusal:
                function(values)
            self.assertEqual(str(refusal.exception), sentence)
        self.assertEqual(document.with_context(default_state='signed').copy().state, 'draft')

    def test_signing_is_tracked(self):
        document = self.Document.create({})
        self.env.flush_all()
        self.flush_tracking()
        document.action_sign()
        self.flush_tracking()
        tracked = document.message_ids.sudo().tracking_value_ids
        self.assertEqual(
            [(value.field_id.name, value.old_value_char, value.new_value_char) for value in tracked],
            [('state', 'Draft', 'Signed')])
        self.assertTrue(document.signed_on)
        self.assertEqual(tracked.mail_message_id.author_id, self.user.partner_id)

    def test_chatter_cannot_carry_a_state(self):
        """Followers, activities and messages are written with the document, never its state."""
        document = self.Document.create({})
        document.message_post(body="x")
        with self.assertRaises(UserError):
            document.write({'activity_ids': [Command.clear()], 'state': 'signed'})
        self.assertEqual(document.state, 'draft')

    def flush_tracking(self):
        self.env.flush_all()
        self.cr.precommit.run()
