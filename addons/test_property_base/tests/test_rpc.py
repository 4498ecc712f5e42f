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
