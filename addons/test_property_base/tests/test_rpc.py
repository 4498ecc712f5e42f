import json

from odoo.http import root
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from .test_append_only import SENTENCE
from .test_state_mixin import BY_ACTIONS, STARTS


@tagged('post_install', '-at_install')
class TestRpc(HttpCase):
    """The same attacks as anybody with a login can make them: through the web client's own route."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = new_test_user(cls.env, 'rpc-user', groups='property_base.group_user')
        cls.ticket = cls.env['test_property.ticket'].create({'name': 'T'})
        cls.log = cls.env['test_property.log'].create({'ticket_id': cls.ticket.id, 'what': 'happened'})

    def call(self, model, method, *args, **kwargs):
        """:return tuple: the result, and the sentence of a refusal"""
        if not getattr(self.session, 'uid', None):
            self.authenticate('rpc-user', 'rpc-user')
            self.session.context['lang'] = 'en_US'
            root.session_store.save(self.session)
        response = self.url_open(
            f'/web/dataset/call_kw/{model}/{method}', headers={'Content-Type': 'application/json'},
            data=json.dumps({'params': {'model': model, 'method': method, 'args': args, 'kwargs': kwargs}})).json()
        if 'error' in response:
            return None, response['error']['data']['message']
        return response['result'], None

    def state(self):
        self.env.invalidate_all()
        return self.ticket.state

    def test_it_works_at_all(self):
        self.assertEqual(self.call('test_property.ticket', 'action_open', self.ticket.ids), (True, None))
        self.assertEqual(self.state(), 'open')

    def test_state(self):
        ids = self.ticket.ids
        with mute_logger('odoo.http'):
            for context in (
                {}, {'property_transition': True}, {'property_transition': {'model': 'test_property.ticket', 'ids': ids, 'to': 'open'}},
                {'property_transition': ['test_property.ticket', ids, 'open']}, {'default_state': 'open'},
            ):
                self.assertEqual(
                    self.call('test_property.ticket', 'write', ids, {'state': 'open'}, context=context), (None, BY_ACTIONS))
                self.assertEqual(
                    self.call('test_property.ticket', 'create', [{'state': 'open'}], context=context), (None, STARTS))
                self.assertEqual(
                    self.call('test_property.ticket', 'web_save', ids, {'state': 'open'}, specification={'state': {}}, context=context),
                    (None, BY_ACTIONS))
            _result, refusal = self.call('test_property.ticket', '_transition', ids, 'done')
        self.assertIn("Private methods (such as 'test_property.ticket._transition') cannot be called remotely", refusal)
        self.assertEqual(self.state(), 'draft')

    def test_create_with_default(self):
        result, refusal = self.call('test_property.ticket', 'create', [{'name': 'x'}], context={'default_state': 'done'})
        self.assertIsNone(refusal)
        self.assertEqual(self.env['test_property.ticket'].browse(result).state, 'draft')

    def test_log(self):
        with mute_logger('odoo.http', 'odoo.sql_db'):
            for method, args in (('unlink', ()), ('write', ({'what': 'never happened'},))):
                self.assertEqual(
                    self.call('test_property.log', method, self.log.ids, *args),
                    (None, f"The operation cannot be completed: {SENTENCE}"))
        self.env.invalidate_all()
        self.assertEqual(self.log.what, 'happened')

    def test_clock(self):
        """A deadline is read and nothing else, by an administrator too."""
        promise = self.env['test_property.promise'].create({'name': 'P'})
        clock = promise._start_clock('filing', '2025-03-03')
        self.user.group_ids += self.env.ref('property_base.group_administrator')
        values = {'res_model': promise._name, 'res_id': promise.id, 'kind_id': clock.kind_id.id, 'count': 'days', 'start': '2025-01-01',
                  'due': '2099-01-01', 'due_date': '2099-01-01', 'timezone': 'UTC', 'region': 'CN'}
        with mute_logger('odoo.http', 'odoo.addons.base.models.ir_model', 'odoo.models'):
            for context in ({}, {'property_permit': True}, {'property_permit': {'ids': clock.ids}, 'property_transition': True}):
                for method, args in (
                    ('write', (clock.ids, {'due': '2099-01-01'})), ('write', (clock.ids, {'state': 'met'})), ('create', ([values],)),
                    ('write', (clock.ids, {'stopped': '2025-03-04', 'overdue': False})), ('unlink', (clock.ids,)), ('copy', (clock.ids,)),
                ):
                    result, refusal = self.call('property.clock', method, *args, context=context)
                    self.assertIsNone(result, method)
                    self.assertTrue(refusal, method)
            for method in ('_stop', '_permitted', '_cron_remind', '_cancel'):
                self.assertIn('cannot be called remotely', self.call('property.clock', method, clock.ids)[1])
            for method in ('_stop_clock', '_start_clock', '_cancel_clock'):
                self.assertIn('cannot be called remotely', self.call(promise._name, method, promise.ids, 'filing')[1])
        self.assertEqual(self.call('property.clock', 'read', clock.ids, ['due_date'])[0], [{'id': clock.id, 'due_date': '2025-04-02'}])
        self.env.invalidate_all()
        self.assertEqual((clock.state, str(clock.due_date), clock.stopped), ('running', '2025-04-02', False))
        self.assertEqual(self.env['property.clock'].search_count([('res_model', '=', promise._name), ('res_id', '=', promise.id)]), 1)
