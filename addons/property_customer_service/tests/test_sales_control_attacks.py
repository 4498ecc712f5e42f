import json
from contextlib import suppress
from datetime import datetime, timedelta

from odoo import SUPERUSER_ID, api
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.http import root
from odoo.service.model import retrying
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from .common import POSTS, PropertyCase
from .test_sales_control import SalesControlCase

BY_DOCUMENTS = (
    "The state of B1-1-0101, the document that has it and its ledger would contradict each other: its documents move it, and nothing else.")


class AttackCase(SalesControlCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.batch = cls.release()
        cls.held = cls.hold(cls.units[1:2])
        # Everything so far is in order; what is broken from here on is the attack's.
        cls.env.cr.flush()
        cls.env.cr.execute('SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED')

    def everything(self):
        """All rows that a unit's move writes."""
        ids = tuple(self.units.ids)
        return [
            self.sql(f'SELECT * FROM {table} WHERE {column} IN %s ORDER BY id', ids) for table, column in (
                ('property_unit_allocation', 'unit_id'), ('property_unit_movement', 'unit_id'))
        ] + [self.sql('SELECT id, state FROM property_unit WHERE id IN %s ORDER BY id', ids)]


@tagged('post_install', '-at_install')
class TestDatabaseHolds(AttackCase):
    """State, allocation and ledger agree at the end of every transaction, whoever writes them."""

    def assertHeld(self, constraint, *statements):
        """The database refuses the statements, at the latest when the transaction would end; nothing of them stays."""
        before = self.everything()
        values = {
            'free': self.units[0].id, 'held': self.units[1].id, 'hold': self.held.id, 'project': self.project.id,
            'company': self.company.id, 'building': self.building.id, 'currency': self.company.currency_id.id}
        with self.subTest(statements), mute_logger('odoo.sql_db'):
            with self.assertRaises(Exception) as refusal, self.env.cr.savepoint(flush=False):
                for statement in (*statements, 'SET CONSTRAINTS ALL IMMEDIATE'):
                    self.env.cr.execute(statement, values)
            self.assertEqual(refusal.exception.diag.constraint_name, constraint)
            self.env.invalidate_all()
            self.assertEqual(self.everything(), before)
        return refusal.exception

    def test_state_without_allocation(self):
        for state in ('held', 'subscribed', 'contracted', 'registered', 'handed_over', 'titled', 'nonsense'):
            error = self.assertHeld('property_unit_agrees', f"UPDATE property_unit SET state = '{state}' WHERE id = %(free)s")
            self.assertEqual(self.env['property.unit']._sql_error_to_message(error), BY_DOCUMENTS)
        self.assertSentence(BY_DOCUMENTS)

    def test_allocation_without_state(self):
        insert = """
            INSERT INTO property_unit_allocation (unit_id, request_id, project_id, company_id)
            VALUES (%(free)s, %(hold)s, %(project)s, %(company)s)"""
        error = self.assertHeld('property_unit_allocation_agrees', insert)
        self.assertEqual(self.env['property.unit.allocation']._sql_error_to_message(error), BY_DOCUMENTS)
        self.assertHeld('property_unit_allocation_agrees', 'DELETE FROM property_unit_allocation WHERE unit_id = %(held)s')
        # State and allocation agree with each other, and the ledger knows of nothing.
        self.assertHeld('property_unit_agrees', insert, "UPDATE property_unit SET state = 'held' WHERE id = %(free)s")
        self.assertHeld(
            'property_unit_agrees', 'DELETE FROM property_unit_allocation WHERE unit_id = %(held)s',
            "UPDATE property_unit SET state = 'available' WHERE id = %(held)s")

    def test_free_states_without_ledger(self):
        self.assertHeld('property_unit_agrees', "UPDATE property_unit SET state = 'unreleased' WHERE id = %(free)s")

    def test_units_that_begin_elsewhere(self):
        for state in ('available', 'held'):
            self.assertHeld('property_unit_agrees', f"""
                INSERT INTO property_unit (name, full_name, building_id, project_id, company_id, floor, usage, pricing_mode, state)
                VALUES ('9999', '9999', %(building)s, %(project)s, %(company)s, 1, 'residential', 'gross', '{state}')""")

    def movement(self, unit, state_from, state_to):
        return f"""
            INSERT INTO property_unit_movement (
                unit_id, building_id, project_id, company_id, currency_id, date, state_from, state_to,
                document_model, document_id, document_name, user_id)
            VALUES (%({unit})s, %(building)s, %(project)s, %(company)s, %(currency)s, now(), '{state_from}', '{state_to}', 'x', 1, 'x', 1)"""

    def test_ledger_without_state(self):
        error = self.assertHeld('property_unit_movement_agrees', self.movement('free', 'available', 'unreleased'))
        self.assertEqual(self.env['property.unit.movement']._sql_error_to_message(error), BY_DOCUMENTS)
        # A line that does not begin where the one before ended, though the last one fits.
        self.assertHeld('property_unit_movement_agrees', self.movement('free', 'held', 'available'))
        self.assertHeld(
            'property_unit_movement_agrees', self.movement('free', 'unreleased', 'held'), self.movement('free', 'held', 'available'))

    def test_allocation_stays_with_its_unit(self):
        self.assertHeld('property_unit_allocation_stays', 'UPDATE property_unit_allocation SET unit_id = %(free)s WHERE unit_id = %(held)s')
        self.assertHeld('property_unit_allocation_stays', 'TRUNCATE property_unit_allocation')
        self.assertHeld('property_unit_allocation_stays', 'TRUNCATE property_unit CASCADE')

    def test_a_second_holder(self):
        self.assertHeld('property_unit_allocation_unit_uniq', """
            INSERT INTO property_unit_allocation (unit_id, request_id, project_id, company_id)
            SELECT unit_id, request_id, project_id, company_id FROM property_unit_allocation WHERE unit_id = %(held)s""")
        self.assertHeld('property_unit_allocation_one_holder', """
            UPDATE property_unit_allocation SET request_id = NULL WHERE unit_id = %(held)s""")

    def test_all_three_at_once_are_a_move(self):
        """What is whole goes through: the rule refuses contradictions, not documents."""
        with self.env.cr.savepoint(flush=False):
            self.units[2]._move('held', self.held, 'By the book', expiry=datetime(2030, 1, 1))
            self.env.flush_all()
            self.env.cr.execute('SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED')
        self.assertEqual(self.sql('SELECT state FROM property_unit WHERE id = %s', self.units[2].id), [('held',)])

    def test_half_a_move_by_server_code(self):
        """A state written by server code that forgot the rest is refused before COMMIT, with a sentence."""
        with self.refused_by_database(BY_DOCUMENTS, 'property.unit'):
            self.units[0]._transition('held')
        self.assertEqual(self.states(), [('available', 9), ('held', 1)])

    def test_sentence_through_the_retry_loop(self):
        with self.registry.cursor() as cr:
            unit = api.Environment(cr, SUPERUSER_ID, {'lang': 'en_US'})['property.unit'].search([('state', '=', 'unreleased')], limit=1)
            self.assertTrue(unit)
            name = unit.full_name
            with mute_logger('odoo.sql_db'), self.assertRaises(ValidationError) as refusal:
                retrying(lambda: unit._transition('available'), unit.env)
            self.assertEqual(
                str(refusal.exception), f"The operation cannot be completed: {BY_DOCUMENTS.replace('B1-1-0101', name)}")

    def test_an_upgrade_changes_nothing(self):
        triggers = """
            SELECT tgname, oid, tgdeferrable, tginitdeferred FROM pg_trigger WHERE tgname LIKE 'property_unit%%agrees%%' ORDER BY 1"""
        before = self.sql(triggers)
        self.assertEqual([(name, *rest) for name, _oid, *rest in before], [
            (f'property_unit_{name}', True, True) for name in ('agrees_0', 'agrees_1', 'allocation_agrees_0', 'movement_agrees_0')])
        for model in ('property.unit', 'property.unit.allocation', 'property.unit.movement'):
            self.env[model]._add_sql_constraints()
        self.assertEqual(self.sql(triggers), before)


@tagged('post_install', '-at_install')
class TestEveryPost(AttackCase):
    """What no post can do, tried by each of them and by one without a post."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        outsiders = {
            'nobody': new_test_user(cls.env, 'sc-nobody', groups='base.group_user', company_ids=cls.company.ids, company_id=cls.company.id),
            'portal': new_test_user(cls.env, 'sc-portal', groups='base.group_portal', company_ids=cls.company.ids, company_id=cls.company.id)}
        cls.everybody = {**cls.users, **outsiders}

    def attack(self, attempts):
        """Each attempt by everybody is refused, in one sentence, and changes nothing."""
        before = self.everything()
        for post, user in self.everybody.items():
            for name, attempt in attempts.items():
                with self.subTest(post=post, attempt=name), mute_logger('odoo.sql_db', 'odoo.models'), self.env.cr.savepoint() as savepoint:
                    with self.assertRaises(UserError):
                        attempt(user)
                    savepoint.rollback()
        self.env.invalidate_all()
        self.assertEqual(self.everything(), before)

    def test_states(self):
        forged = {'property_transition': {'model': 'property.unit', 'ids': self.units[0].ids, 'to': 'held', 'spent': False}}
        self.attack({
            'write': lambda user: self.units[0].with_user(user).write({'state': 'held'}),
            'write with a forged context': lambda user: self.units[0].with_user(user).with_context(**forged).write({'state': 'held'}),
            'web_save': lambda user: self.units[0].with_user(user).web_save({'state': 'unreleased'}, {'state': {}}),
            'create': lambda user: self.units.with_user(user).create({'name': '77', 'building_id': self.building.id, 'state': 'available'}),
            'of a request': lambda user: self.held.with_user(user).write({'state': 'done'}),
            'of a release': lambda user: self.batch.with_user(user).write({'state': 'closed'}),
            'by a command': lambda user: self.held.with_user(user).write({'unit_ids': [Command.update(self.units[1].id, {'state': 'available'})]}),
            'of units of a building': lambda user: self.building.with_user(user).write(
                {'unit_ids': [Command.update(self.units[0].id, {'state': 'held'})]}),
        })

    def test_allocations_and_ledger(self):
        allocation, movement = self.units[1].allocation_ids, self.units[1].movement_ids[:1]
        values = {'unit_id': self.units[0].id, 'request_id': self.held.id, 'project_id': self.project.id, 'company_id': self.company.id}
        line = {**values, 'building_id': self.building.id, 'currency_id': self.company.currency_id.id, 'date': '2026-01-01',
                'state_from': 'available', 'state_to': 'held', 'document_model': 'x', 'document_id': 1, 'document_name': 'x', 'user_id': 1}
        line.pop('request_id')
        self.attack({
            'take': lambda user: allocation.with_user(user).create(values),
            'take over': lambda user: allocation.with_user(user).write({'request_id': self.held.id}),
            'longer': lambda user: allocation.with_user(user).write({'expiry': '2099-01-01'}),
            'free': lambda user: allocation.with_user(user).unlink(),
            'copy': lambda user: allocation.with_user(user).copy(),
            'by the unit': lambda user: self.units[1].with_user(user).write({'allocation_ids': [Command.clear()]}),
            'by the unit, new': lambda user: self.units[0].with_user(user).write({'allocation_ids': [Command.create(values)]}),
            'write the ledger': lambda user: movement.with_user(user).write({'reason': 'x'}),
            'add to the ledger': lambda user: movement.with_user(user).create(line),
            'cut the ledger': lambda user: movement.with_user(user).unlink(),
            'by the unit, ledger': lambda user: self.units[1].with_user(user).write({'movement_ids': [Command.clear()]}),
        })

    def test_imports(self):
        """``load`` answers with a message instead of an error; nothing of it stays either."""
        before = self.everything()
        for post, user in self.everybody.items():
            for model, fields, row in (
                ('property.unit', ['.id', 'state'], [str(self.units[0].id), 'Held']),
                ('property.unit', ['name', 'building_id/.id', 'state'], ['88', str(self.building.id), 'Available']),
                ('property.unit.allocation', ['unit_id/.id', 'request_id/.id', 'project_id/.id', 'company_id/.id'],
                 [str(record.id) for record in (self.units[0], self.held, self.project, self.company)]),
                ('property.unit.movement', ['.id', 'reason'], [str(self.units[1].movement_ids[:1].id), 'x']),
                ('property.unit.request', ['.id', 'state'], [str(self.held.id), 'Done']),
                ('property.unit.request', ['.id', 'expiry'], [str(self.held.id), '2099-01-01 00:00:00']),
            ):
                with self.subTest(post=post, model=model, fields=fields), mute_logger('odoo.sql_db', 'odoo.models'), \
                        self.env.cr.savepoint() as savepoint:
                    Model = self.env[model].with_user(user)
                    if Model.has_access('read'):
                        result = Model.load(fields, [row])
                        self.assertFalse(result['ids'])
                        self.assertTrue(result['messages'])
                    else:
                        # Refused at once, or told by a message: either way there is none.
                        with suppress(AccessError):
                            self.assertFalse(Model.load(fields, [row])['ids'])
                    savepoint.rollback()
        self.env.invalidate_all()
        self.assertEqual(self.everything(), before)

    def test_requests(self):
        """Nobody decides on his own, decides on what is not his to decide, or moves what is another's."""
        mine = {post: self.request(post, units=self.units[2:3]) for post in ('consultant', 'salesmanager', 'signing', 'assistant', 'manager')}
        for request in mine.values():
            request.action_submit()
        before = self.everything()
        for requester, request in mine.items():
            for post, user in self.everybody.items():
                # The only department manager asked himself: the vice-president stands in.
                may = post == ('vp' if requester == 'manager' else 'manager')
                with self.subTest(requester=requester, post=post), self.env.cr.savepoint() as savepoint:
                    its = request.with_user(user)
                    if may:
                        self.assertTrue(its.approval_can_decide)
                    else:
                        with self.assertRaises(UserError):
                            its.action_approve()
                        with self.assertRaises(UserError):
                            its.action_reject('x')
                    for values in ({'approver_id': user.id}, {'decided_at': '2026-01-01'}, {'end_problem': 'x'}, {'submitted_at': '2020-01-01'},
                                   {'requester_id': self.users['gm'].id}, {'hours': 1}, {'unit_ids': self.units.ids}):
                        with self.assertRaises(UserError):
                            its.write(values)
                    savepoint.rollback()
        self.env.invalidate_all()
        self.assertEqual(self.everything(), before)
        self.assertEqual({request.state for request in mine.values()}, {'submitted'})

    def test_what_is_another_projects(self):
        """Sales neither see nor ask for the units of a project that they are not posted to."""
        units = self.make_units(self.other_building, [1])
        for post in ('consultant', 'salesmanager'):
            Request = self.env['property.unit.request'].with_user(self.users[post])
            with self.subTest(post):
                for kind in ('release', 'hold', 'extend', 'unhold'):
                    with self.assertRaises(AccessError):
                        Request.request_from_board(kind, units.ids, {'hours': 1, 'reason': 'x'})
                with self.assertRaises(UserError), self.env.cr.savepoint():
                    Request.create({'project_id': self.other_project.id, 'unit_ids': units.ids, 'reason': 'x', 'hours': 1})
                with self.assertRaises(UserError), self.env.cr.savepoint():
                    self.request(post, units=units)
                self.assertFalse(self.env['property.unit.movement'].with_user(self.users[post]).search([('project_id', '!=', self.project.id)]))

    def test_what_another_companys(self):
        company = self.env['res.company'].create({'name': 'Beech Estates', 'currency_id': self.env.ref('base.CNY').id})
        users = self.make_users({post: POSTS[post] for post in ('manager', 'signing', 'gm')}, company, 'beech')
        for post, user in users.items():
            held, batch, units = (
                records.with_user(user).with_context(allowed_company_ids=company.ids) for records in (self.held, self.batch, self.units))
            with self.subTest(post):
                for function in (held.action_release_hold, held.action_extend, held.action_approve, batch.action_close, batch.action_submit):
                    with self.assertRaises(AccessError), self.env.cr.savepoint():
                        function()
                for kind in ('release', 'hold', 'extend', 'unhold'):
                    with self.assertRaises(AccessError):
                        held.request_from_board(kind, units.ids, {'hours': 1, 'reason': 'x'})


@tagged('post_install', '-at_install')
class TestAttacksByRpc(HttpCase):
    """The doors that a login opens: the web client's route and /json/2."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context={'tracking_disable': True, 'no_reset_password': True, 'lang': 'en_US'})
        cls.company = cls.env['res.company'].create({'name': 'Acorn Estates', 'currency_id': cls.env.ref('base.CNY').id})
        cls.users = PropertyCase.make_users.__func__(cls, POSTS, cls.company)
        for user in cls.users.values():
            user.write({'password': user.login, 'lang': 'en_US'})
        cls.project = cls.env['property.project'].create({
            'name': 'Acorn Hill', 'company_id': cls.company.id, 'member_ids': [Command.set(cls.users['consultant'].ids)]})
        cls.building = cls.env['property.building'].create({'name': 'B1', 'project_id': cls.project.id})
        cls.units = PropertyCase.make_units.__func__(cls, cls.building, (1, 2))
        PropertyCase.activate.__func__(cls, PropertyCase.make_list.__func__(cls, cls.units, 10000))
        cls.env['property.permit'].create({
            'name': 'P-1', 'project_id': cls.project.id, 'date_issue': '2025-01-01',
            'coverage_ids': [Command.create({'building_id': cls.building.id})]})
        batch = cls.env['property.release.batch'].create({
            'title': 'First', 'project_id': cls.project.id, 'unit_ids': cls.units.ids})
        batch._transition('submitted')
        batch._on_approved()
        cls.hold = cls.env['property.unit.request'].with_user(cls.users['consultant']).create({
            'kind': 'hold', 'project_id': cls.project.id, 'unit_ids': cls.units[1].ids, 'hours': 24, 'reason': 'x'})
        cls.hold.action_submit()
        cls.hold.with_user(cls.users['manager']).action_approve()
        cls.env.cr.flush()

    def rows(self):
        self.env.invalidate_all()
        return (
            self.units.mapped('state'), [(a.unit_id.id, a.request_id.id) for a in self.units.allocation_ids], len(self.units.movement_ids),
            self.hold.state, self.hold.expiry)

    def web(self, model, method, *args, **kwargs):
        response = self.url_open(
            f'/web/dataset/call_kw/{model}/{method}', headers={'Content-Type': 'application/json'},
            data=json.dumps({'params': {'model': model, 'method': method, 'args': args, 'kwargs': kwargs}})).json()
        return response.get('result'), response.get('error', {}).get('data', {}).get('message')

    def json2(self, key, model, method, **arguments):
        response = self.url_open(f'/json/2/{model}/{method}', data=json.dumps(arguments), headers={
            'Content-Type': 'application/json', 'Authorization': f'bearer {key}'})
        return response.status_code, response.json()

    def test_web_client(self):
        before = self.rows()
        unit, held = self.units[0].ids, self.units[1].ids
        allocation, movement = self.units[1].allocation_ids.ids, self.units[1].movement_ids[:1].ids
        forged = {'property_transition': {'model': 'property.unit', 'ids': unit, 'to': 'held', 'spent': False}, 'default_state': 'held'}
        taking = [{'unit_id': unit[0], 'request_id': self.hold.id, 'project_id': self.project.id, 'company_id': self.company.id}]
        private = ('_move', '_transition', '_take', '_give_back', '_write_movements')
        for post, user in self.users.items():
            self.authenticate(user.login, user.login)
            self.session.context['lang'] = 'en_US'
            root.session_store.save(self.session)
            with mute_logger('odoo.http', 'odoo.sql_db', 'odoo.models', 'odoo.addons.base.models.ir_model', 'odoo.addons.base.models.ir_rule'):
                for model, method, args, kwargs in (
                    ('property.unit', 'write', (unit, {'state': 'held'}), {'context': forged}),
                    ('property.unit', 'write', (held, {'state': 'available'}), {}),
                    ('property.unit', 'web_save', (unit, {'state': 'held'}), {'specification': {}, 'context': forged}),
                    ('property.unit.allocation', 'create', (taking,), {'context': forged}),
                    ('property.unit.allocation', 'unlink', (allocation,), {}),
                    ('property.unit.allocation', 'write', (allocation, {'expiry': '2099-01-01 00:00:00'}), {}),
                    ('property.unit.movement', 'write', (movement, {'reason': 'x'}), {}),
                    ('property.unit.movement', 'unlink', (movement,), {}),
                    ('property.unit.request', 'write', (self.hold.ids, {'state': 'expired'}), {'context': forged}),
                    ('property.unit.request', 'write', (self.hold.ids, {'expiry': '2099-01-01 00:00:00'}), {}),
                    ('property.unit.request', 'action_approve', (self.hold.ids,), {'context': {'su': True, 'uid': 1}}),
                    ('property.unit.request', '_cron_expire', (), {}), ('property.unit.request', '_end', (self.hold.ids,), {}),
                    ('property.unit.request', '_decide', (self.hold.ids, ''), {}),
                    *(('property.unit', method, (unit, 'held', self.hold.id, 'x'), {}) for method in private),
                ):
                    result, refusal = self.web(model, method, *args, **kwargs)
                    self.assertIsNone(result, (post, model, method))
                    self.assertTrue(refusal, (post, model, method))
                    self.assertNotRegex(refusal, 'Traceback|psycopg|violates')
            self.assertEqual(self.rows(), before, post)

    def test_json_2(self):
        before = self.rows()
        unit, held = self.units[0].ids, self.units[1].ids
        with mute_logger('odoo.http', 'odoo.sql_db', 'odoo.models', 'odoo.addons.base.models.ir_model', 'odoo.addons.base.models.ir_rule'):
            for post in ('consultant', 'salesmanager', 'signing', 'manager', 'gm', 'administrator', 'auditor'):
                key = self.env['res.users.apikeys'].with_user(self.users[post]).sudo()._generate(
                    'rpc', 'attack', datetime.now() + timedelta(hours=1))
                self.env.flush_all()
                for model, method, arguments in (
                    ('property.unit', 'write', {'ids': unit, 'vals': {'state': 'held'}}),
                    ('property.unit', 'write', {'ids': held, 'vals': {'state': 'available'}, 'context': {'property_transition': True}}),
                    ('property.unit', '_move', {'ids': unit, 'to': 'held'}),
                    ('property.unit.allocation', 'unlink', {'ids': self.units[1].allocation_ids.ids}),
                    ('property.unit.movement', 'unlink', {'ids': self.units[1].movement_ids.ids}),
                    ('property.unit.request', 'action_approve', {'ids': self.hold.ids}),
                    ('property.unit.request', 'request_from_board', {'kind': 'hold', 'unit_ids': held, 'options': {'hours': 1}}),
                ):
                    status, answer = self.json2(key, model, method, **arguments)
                    self.assertGreaterEqual(status, 400, (post, model, method, answer))
                    self.assertTrue(answer['message'], (post, model, method))
                    self.assertNotRegex(answer['message'], 'Traceback|psycopg|violates')
                self.assertEqual(self.rows(), before, post)

    def test_the_loser_reads_who_won(self):
        """Through the server's own retry loop: the sentence names the document that has the unit."""
        requests = self.env['property.unit.request']
        for post in ('consultant', 'signing'):
            requests += requests.with_user(self.users[post]).create({
                'kind': 'hold', 'project_id': self.project.id, 'unit_ids': self.units[2].ids, 'hours': 24, 'reason': 'x'}).sudo(False)
        for request in requests:
            request.with_user(request.requester_id).action_submit()
        self.env.cr.flush()
        self.authenticate('test-manager', 'test-manager')
        self.session.context['lang'] = 'en_US'
        root.session_store.save(self.session)
        self.assertEqual(self.web('property.unit.request', 'action_approve', requests[0].ids), (True, None))
        with mute_logger('odoo.sql_db', 'odoo.http'):
            result, refusal = self.web('property.unit.request', 'action_approve', requests[1].ids)
        self.assertIsNone(result)
        self.assertEqual(
            refusal, f"The operation cannot be completed: {self.units[2].full_name} is held by {requests[0].name}:"
            " choose another unit, or wait until it is free.")
