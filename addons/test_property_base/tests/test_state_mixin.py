from unittest.mock import patch

import psycopg2

from odoo import SUPERUSER_ID, api
from odoo.addons.property_base.models.property_state_mixin import Transition
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.service.model import retrying
from odoo.tests import TransactionCase, new_test_user
from odoo.tools import mute_logger

BY_ACTIONS = "The state moves only by its own actions, not by editing it."
STARTS = "A new record starts as “Draft”: leave its state out, it moves by its own actions."


class TestStateMixin(TransactionCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Ticket = cls.env['test_property.ticket']
        cls.user = new_test_user(cls.env, 'ticket-user', groups='property_base.group_user')
        cls.ticket, cls.other = cls.Ticket.create([{'name': 'one'}, {'name': 'two'}])
        cls.document = cls.env['test_property.document'].create({})

    def state_in_database(self, record=None):
        record = record or self.ticket
        self.env.flush_all()
        self.env.cr.execute(f'SELECT state FROM {record._table} WHERE id = %s', [record.id])
        return self.env.cr.fetchone()[0]

    def assertRefused(self, sentence, function, *args, **kwargs):
        with self.assertRaises(UserError) as refusal:
            function(*args, **kwargs)
        self.assertEqual(str(refusal.exception), sentence)

    # ------------------------------------------------------------------ create

    def test_create_in_a_later_state(self):
        for user in (self.env.user, self.user):
            Ticket = self.Ticket.with_user(user)
            count = Ticket.search_count([])
            self.assertRefused(STARTS, Ticket.create, {'state': 'done'})
            self.assertRefused(STARTS, Ticket.create, [{}, {'state': 'open'}])
            self.assertRefused(STARTS, Ticket.sudo().create, {'state': 'cancelled'})
            self.assertRefused(STARTS, Ticket.create, {'state': False})
            self.assertRefused(
                STARTS, Ticket.create, {'name': 'parent', 'child_ids': [Command.create({'state': 'done'})]})
            self.assertRefused(STARTS, self.ticket.with_user(user).copy, {'state': 'done'})
            self.assertEqual(Ticket.search_count([]), count)

    def test_create_in_the_initial_state_by_name(self):
        self.assertEqual(self.state_in_database(self.Ticket.create({'state': 'draft'})), 'draft')

    def test_create_with_default_in_context(self):
        ticket = self.Ticket.with_user(self.user).with_context(default_state='done').create({'name': 'x'})
        self.assertEqual(self.state_in_database(ticket), 'draft')

    def test_create_with_forged_transition_in_context(self):
        forged = Transition(self.Ticket, 'done')
        for value in (True, 'done', {'to': 'done'}, forged):
            self.assertRefused(
                STARTS, self.Ticket.with_context(property_transition=value, default_state='done').create, {'state': 'done'})

    def test_create_with_user_default(self):
        self.env['ir.default'].with_user(self.user).set('test_property.ticket', 'state', 'done', user_id=True)
        self.env['ir.default'].set('test_property.ticket', 'state', 'open')
        self.assertEqual(self.Ticket.with_user(self.user).default_get(['state'])['state'], 'done', "the attack is in place")
        self.assertEqual(self.state_in_database(self.Ticket.with_user(self.user).create({'name': 'x'})), 'draft')
        self.assertEqual(self.state_in_database(self.Ticket.create({'name': 'y'})), 'draft')

    def test_load(self):
        Ticket = self.Ticket.with_user(self.user)
        count = Ticket.search_count([])
        result = Ticket.load(['name', 'state'], [['first', 'draft'], ['second', 'done']])
        self.assertFalse(result['ids'])
        self.assertIn(STARTS, [message['message'] for message in result['messages']])
        result = Ticket.load(['.id', 'state'], [[str(self.ticket.id), 'open']])
        self.assertFalse(result['ids'])
        self.assertIn(BY_ACTIONS, [message['message'] for message in result['messages']])
        self.env.invalidate_all()
        self.assertEqual(Ticket.search_count([]), count)
        self.assertEqual(self.state_in_database(), 'draft')

    def test_copy_starts_again(self):
        self.ticket.action_open()
        self.assertEqual(self.state_in_database(self.ticket.copy()), 'draft')
        self.assertEqual(self.state_in_database(), 'open')

    # ------------------------------------------------------------------ write

    def test_write(self):
        for user in (self.env.user, self.user):
            ticket = self.ticket.with_user(user)
            for state in ('open', 'draft', 'done', False):
                self.assertRefused(BY_ACTIONS, ticket.write, {'state': state})
                self.assertRefused(BY_ACTIONS, ticket.sudo().write, {'name': 'changed', 'state': state})
                self.assertRefused(BY_ACTIONS, setattr, ticket, 'state', state)
                self.assertRefused(BY_ACTIONS, ticket.update, {'state': state})
                self.assertRefused(BY_ACTIONS, ticket.web_save, {'state': state}, {'state': {}})
        self.assertEqual(self.state_in_database(), 'draft')
        self.assertEqual(self.ticket.name, 'one')

    def test_write_through_a_related_field(self):
        child = self.Ticket.create({'parent_id': self.ticket.id})
        self.assertRefused(BY_ACTIONS, child.write, {'parent_state': 'open'})
        self.assertEqual(self.state_in_database(), 'draft')

    def test_write_through_the_parent(self):
        child = self.Ticket.create({'parent_id': self.ticket.id})
        commands = [Command.update(child.id, {'state': 'open'})]
        self.assertRefused(BY_ACTIONS, self.ticket.write, {'child_ids': commands})
        # The parent's own transition covers the parent alone.
        self.assertRefused(BY_ACTIONS, self.ticket._transition, 'open', child_ids=commands)
        self.env.invalidate_all()
        self.assertEqual(self.state_in_database(child), 'draft')

    def test_forged_transition(self):
        to_open = Transition(self.ticket, 'open')
        for forged in (
            True, 1, 'open', 'Transition', {'model': self.ticket._name, 'ids': self.ticket.ids, 'to': 'open'},
            [self.ticket._name, self.ticket.ids, 'open'], (self.ticket.id,), Transition,
            Transition(self.other, 'open'), Transition(self.ticket + self.other, 'open'), Transition(self.Ticket, 'open'),
            Transition(self.ticket, 'done'), Transition(self.document, 'open'), [to_open],
        ):
            with self.subTest(forged=forged):
                self.assertRefused(
                    BY_ACTIONS, self.ticket.with_context(property_transition=forged).write, {'state': 'open'})
        self.assertRefused(
            BY_ACTIONS, (self.ticket + self.other).with_context(property_transition=to_open).write, {'state': 'open'})
        self.assertRefused(BY_ACTIONS, self.ticket.with_context(property_transition=to_open).write, {'state': 'done'})
        self.assertEqual(self.state_in_database(), 'draft')
        self.assertEqual(self.state_in_database(self.other), 'draft')

    def test_same_id_of_another_model(self):
        document = self.env['test_property.document'].browse(self.document.id)
        transition = Transition(document, 'open')
        twin = self.Ticket.search([('id', '=', document.id)])
        if not twin:
            self.env.cr.execute(
                "INSERT INTO test_property_ticket (id, state) VALUES (%s, 'draft') RETURNING id", [document.id])
            twin = self.Ticket.browse(self.env.cr.fetchone()[0])
        self.assertRefused(BY_ACTIONS, twin.with_context(property_transition=transition).write, {'state': 'open'})

    def test_transition_is_used_once(self):
        transition = Transition(self.ticket, 'open')
        self.ticket.with_context(property_transition=transition).write({'state': 'open'})
        self.ticket.action_reset()
        self.assertRefused(
            BY_ACTIONS, self.ticket.with_context(property_transition=transition).write, {'state': 'open'})
        self.assertEqual(self.state_in_database(), 'draft')

    def test_transition_does_not_leak(self):
        """Whatever runs below the guard finds no transition in its context, for whichever record."""
        child = self.Ticket.create({'parent_id': self.ticket.id})
        seen = []

        def spy(records, vals):
            seen.append((records.ids, records.env.context.get('property_transition')))
            if records == self.ticket:
                seen.append('tried')
                with self.assertRaises(UserError):
                    child.with_env(records.env).write({'state': vals['state']})
                with self.assertRaises(UserError):
                    records.write({'state': vals['state']})

        with patch.object(self.registry['test_property.ticket'], '_spy', spy):
            self.ticket.action_open()
        self.assertEqual(seen, [(self.ticket.ids, None), 'tried'])
        self.assertEqual(self.state_in_database(), 'open')
        self.assertEqual(self.state_in_database(child), 'draft')

    def test_transition_is_not_left_on_the_records(self):
        self.ticket.action_open()
        self.assertNotIn('property_transition', self.ticket.env.context)
        self.assertRefused(BY_ACTIONS, self.ticket.write, {'state': 'done'})

    # ------------------------------------------------------------------ transitions

    def test_every_pair_of_states(self):
        """Of the 16 pairs exactly the four declared ones go through."""
        labels = dict(self.Ticket._fields['state'].selection)
        gone = set()
        for state in labels:
            for to in labels:
                ticket = self.Ticket.create({'name': 'T'})
                self.env.flush_all()
                self.env.cr.execute("UPDATE test_property_ticket SET state = %s WHERE id = %s", [state, ticket.id])
                ticket.invalidate_recordset()
                try:
                    ticket._transition(to)
                except UserError as refusal:
                    self.assertEqual(
                        str(refusal), f'T is “{labels[state]}” and cannot become “{labels[to]}”.')
                    self.assertEqual(self.state_in_database(ticket), state)
                else:
                    self.assertEqual(self.state_in_database(ticket), to)
                    gone.add((state, to))
        self.assertEqual(gone, {('draft', 'open'), ('draft', 'cancelled'), ('open', 'done'), ('open', 'draft')})

    def test_unknown_state(self):
        self.assertRefused("one is “Draft” and cannot become “nowhere”.", self.ticket._transition, 'nowhere')

    def test_all_or_none(self):
        self.other.action_open()
        self.assertRefused(
            "two is “Open” and cannot become “Open”.", (self.ticket + self.other)._transition, 'open', name='changed')
        self.assertEqual(self.state_in_database(), 'draft')
        self.assertEqual(self.ticket.name, 'one')

    def test_values_come_with_the_transition(self):
        (self.ticket + self.other)._transition('open', name='together')
        self.assertEqual((self.ticket + self.other).mapped('name'), ['together', 'together'])
        self.assertEqual((self.ticket + self.other).mapped('rank'), [1, 1], "stored computes follow")

    def test_values_cannot_turn_the_transition(self):
        with self.assertRaises(TypeError):
            self.ticket._transition('open', to='done')
        self.ticket._transition('open', state='done')
        self.assertEqual(self.state_in_database(), 'open')

    def test_transition_asks_for_write_access(self):
        self.env['ir.model.access'].search([('model_id.model', '=', 'test_property.ticket')]).perm_write = False
        with self.assertRaises(UserError):
            self.ticket.with_user(self.user).action_open()
        self.assertEqual(self.state_in_database(), 'draft')

    # ------------------------------------------------------------------ concurrency

    def test_two_transactions_at_once(self):
        """The second finds, on its second try, that the first was there before, and is told so."""
        with self.registry.cursor() as cr:
            ticket_id = api.Environment(cr, SUPERUSER_ID, {})['test_property.ticket'].create({'name': 'contested'}).id

        def clean_up():
            with self.registry.cursor() as cr:
                cr.execute("DELETE FROM test_property_ticket WHERE id = %s", [ticket_id])

        self.addCleanup(clean_up)
        tries = []
        with self.registry.cursor() as first, self.registry.cursor() as second:
            one = api.Environment(first, SUPERUSER_ID, {})['test_property.ticket'].browse(ticket_id)
            two = api.Environment(second, self.env.user.id, {})['test_property.ticket'].browse(ticket_id)
            self.assertEqual((one.state, two.state), ('draft', 'draft'), "both have looked before either moves")
            one.action_open()
            first.commit()

            def move():
                tries.append(two.state)
                two._transition('cancelled')
                two.flush_recordset()

            with patch('odoo.service.model.time.sleep'), mute_logger('odoo.sql_db'), \
                    self.assertRaises(UserError) as refusal:
                retrying(move, two.env)
            second.rollback()
        self.assertEqual(str(refusal.exception), "contested is “Open” and cannot become “Cancelled”.")
        self.assertEqual(tries, ['draft', 'open'])
        with self.registry.cursor() as cr:
            cr.execute("SELECT state FROM test_property_ticket WHERE id = %s", [ticket_id])
            self.assertEqual(cr.fetchone()[0], 'open')

    def test_the_database_stops_a_late_writer(self):
        with self.registry.cursor() as cr:
            ticket_id = api.Environment(cr, SUPERUSER_ID, {})['test_property.ticket'].create({'name': 'contested'}).id

        def clean_up():
            with self.registry.cursor() as cr:
                cr.execute("DELETE FROM test_property_ticket WHERE id = %s", [ticket_id])

        self.addCleanup(clean_up)
        with self.registry.cursor() as first, self.registry.cursor() as second:
            one = api.Environment(first, SUPERUSER_ID, {})['test_property.ticket'].browse(ticket_id)
            two = api.Environment(second, SUPERUSER_ID, {})['test_property.ticket'].browse(ticket_id)
            self.assertEqual((one.state, two.state), ('draft', 'draft'))
            one.action_open()
            first.commit()
            with mute_logger('odoo.sql_db'), self.assertRaises(psycopg2.errors.SerializationFailure):
                two.action_open()
                two.flush_recordset()
            second.rollback()
