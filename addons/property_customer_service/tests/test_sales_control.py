from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import PropertyCase


class SalesControlCase(PropertyCase):
    """Ten priced units under a permit, released for sale."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # What a job writes is in the requester's language.
        for user in cls.users.values():
            user.lang = 'en_US'
        cls.units = cls.make_units(cls.building, range(1, 6))
        cls.price_list = cls.make_list(cls.units)
        cls.activate(cls.price_list)
        cls.permit = cls.env['property.permit'].create({
            'name': 'P-1', 'project_id': cls.project.id, 'date_issue': '2025-01-01',
            'coverage_ids': [fields.Command.create({'building_id': cls.building.id})]})
        cls.env.flush_all()

    @classmethod
    def release(cls, units=None, **values):
        batch = cls.env['property.release.batch'].with_user(cls.users['signing']).create({
            'title': 'First', 'project_id': cls.project.id, 'unit_ids': (cls.units if units is None else units).ids, **values})
        cls.open(batch)
        return batch

    @classmethod
    def open(cls, batch):
        batch.action_submit()
        batch.with_user(cls.users['manager']).action_approve()

    @classmethod
    def request(cls, post='consultant', kind='hold', units=None, hours=24, **values):
        return cls.env['property.unit.request'].with_user(cls.users[post]).create({
            'kind': kind, 'project_id': cls.project.id, 'unit_ids': (cls.units[:1] if units is None else units).ids,
            'hours': hours, 'reason': 'A customer comes tomorrow', **values})

    @classmethod
    def hold(cls, units=None, hours=24, post='consultant', approver='manager'):
        request = cls.request(post, units=units, hours=hours)
        request.action_submit()
        request.with_user(cls.users[approver]).action_approve()
        return request

    def run_cron(self, name, moment):
        with freeze_time(moment), self.enter_registry_test_mode():
            self.env.ref(f'property_customer_service.{name}').sudo().method_direct_trigger()
        self.env.invalidate_all()

    def states(self, units=None):
        return self.sql(
            'SELECT state, count(*) FROM property_unit WHERE id IN %s GROUP BY 1 ORDER BY 1', tuple((units or self.units).ids))

    def ledger(self):
        return self.sql('SELECT count(*) FROM property_unit_movement WHERE project_id = %s', self.project.id)[0][0]

    def allocations(self):
        return self.sql(
            'SELECT unit_id, request_id FROM property_unit_allocation WHERE project_id = %s ORDER BY 1', self.project.id)

    def assertNothing(self, sentence, function, *arguments):
        """Refused with that sentence; states, allocations and ledger as they were."""
        before = self.states(), self.allocations(), self.ledger()
        with self.assertRaises(UserError) as refusal, self.env.cr.savepoint():
            function(*arguments)
        self.env.invalidate_all()
        self.assertIn(sentence, str(refusal.exception))
        self.assertNotIn('\n', str(refusal.exception))
        self.assertEqual((self.states(), self.allocations(), self.ledger()), before)


@tagged('post_install', '-at_install')
class TestSalesControl(SalesControlCase):

    # ------------------------------------------------------------------ releases

    def test_release_opens_as_one_act(self):
        batch = self.release()
        self.assertEqual(self.states(), [('available', 10)])
        self.assertEqual(batch.state, 'open')
        self.assertEqual(self.sql("""
            SELECT DISTINCT state_from, state_to, document_model, document_id, document_name, user_id, list_price, gross_area
            FROM property_unit_movement WHERE project_id = %s""", self.project.id),
            [('unreleased', 'available', 'property.release.batch', batch.id, batch.name, self.users['manager'].id, 1000000, 100)])
        self.assertEqual(self.allocations(), [])
        self.assertFalse(self.units[0].sale_block)

    def test_release_of_one_bad_unit_releases_none(self):
        other = self.make_units(self.other_building, [1], ['01'])
        cases = (
            ("has no price in force", self.make_units(self.building, [9], ['01'])),
            ("belongs to Birch Lane", other),
        )
        for sentence, bad in cases:
            with self.subTest(sentence):
                self.assertNothing(sentence, self.release, self.units | bad)
        self.units[3].write({'sealed': True, 'seal_note': 'Court 12'})
        self.assertNothing("is sealed (Court 12)", self.release)
        self.units[3].sealed = False
        self.units[3].mortgaged = True
        self.assertNothing("the mortgagee has not consented", self.release)
        self.units[3].mortgage_consent = True
        self.permit.action_revoke('Withdrawn')
        self.assertNothing("No valid permit covers B1", self.release)

    def test_only_the_officer_offers(self):
        for post in ('consultant', 'salesmanager', 'registration', 'finance', 'auditor', 'vp'):
            with self.subTest(post), self.assertRaises(AccessError):
                self.env['property.release.batch'].with_user(self.users[post]).create(
                    {'title': 'Mine', 'project_id': self.project.id, 'unit_ids': self.units.ids})

    def test_scheduled_release_and_window(self):
        with freeze_time('2026-03-01 00:00:00'):
            batch = self.env['property.release.batch'].create({
                'title': 'Spring', 'project_id': self.project.id, 'unit_ids': self.units.ids,
                'date_open': '2026-03-02 01:00:00', 'date_close': '2026-03-03 01:00:00'})
            self.open(batch)
            self.assertEqual((batch.state, self.states()), ('scheduled', [('unreleased', 10)]))
        self.run_cron('ir_cron_open_releases', '2026-03-02 00:59:59')
        self.assertEqual(batch.state, 'scheduled')
        self.run_cron('ir_cron_open_releases', '2026-03-02 01:00:01')
        self.assertFalse(batch.message_ids.filtered(lambda message: 'could not be opened' in (message.body or '')).mapped('body'))
        with freeze_time('2026-03-02 01:00:01'):
            self.assertEqual((batch.state, self.states()), ('open', [('available', 10)]))
            self.assertFalse(self.units[0].sale_block)
        with freeze_time('2026-03-03 01:00:01'):
            self.env.invalidate_all()
            self.assertEqual(self.units[0].sale_block, 'window')
            request = self.request()
            self.assertNothing("outside the sales window", request.action_submit)

    def test_closing_takes_back_what_is_free(self):
        batch = self.release()
        hold = self.hold(self.units[:2])
        batch.action_close()
        self.assertEqual(self.states(), [('held', 2), ('unreleased', 8)])
        self.assertEqual(self.allocations(), [(unit.id, hold.id) for unit in self.units[:2]])

    # ------------------------------------------------------------------ holds

    def test_hold_takes_and_gives_back(self):
        with freeze_time('2026-03-02 01:00:00'):
            self.release()
            hold = self.hold(self.units[:2], hours=24)
            self.assertEqual(hold.state, 'active')
            self.assertEqual(hold.expiry, fields.Datetime.to_datetime('2026-03-03 01:00:00'))
        self.assertEqual(self.allocations(), [(unit.id, hold.id) for unit in self.units[:2]])
        self.assertEqual(self.units[0].sale_block, 'taken')
        self.assertIn(hold.name, self.units[0].sale_block_reason)
        self.run_cron('ir_cron_expire_holds', '2026-03-03 00:59:59')
        self.assertEqual(hold.state, 'active')
        self.run_cron('ir_cron_expire_holds', '2026-03-03 01:00:00')
        self.assertEqual(hold.state, 'expired')
        self.assertEqual((self.states(), self.allocations()), ([('available', 10)], []))
        self.assertEqual(self.sql(
            'SELECT state_from, state_to, reason FROM property_unit_movement WHERE document_id = %s AND document_model = %s ORDER BY id',
            hold.id, 'property.unit.request'), 2 * [('available', 'held', 'A customer comes tomorrow')] + 2 * [('held', 'available', 'Expired')])

    def test_who_approves_by_length(self):
        self.release()
        for hours, refused, approver in (
            (24, 'signing', 'manager'), (24.5, 'manager', 'vp'), (72, 'manager', 'vp'), (73, 'vp', 'gm'),
        ):
            with self.subTest(hours):
                request = self.request(hours=hours)
                request.action_submit()
                self.assertEqual(request.state, 'submitted')
                if refused != 'signing':
                    self.assertNothing("it is not your turn", request.with_user(self.users[refused]).action_approve)
                request.with_user(self.users[approver]).action_approve()
                self.assertEqual(request.state, 'active')
                request.with_user(self.users['signing']).action_release_hold()
                self.assertEqual((request.state, self.allocations()), ('done', []))

    def test_nobody_approves_an_own_request(self):
        self.release()
        request = self.request('manager')
        request.action_submit()
        self.assertNothing("own request", request.action_approve)
        self.assertNothing("it is not your turn", request.with_user(self.users['signing']).action_approve)
        request.with_user(self.users['vp']).action_approve()
        self.assertEqual(request.state, 'active')
        self.assertNothing("nothing to decide", request.with_user(self.users['gm']).action_approve)

    def test_second_hold_is_told_who_won(self):
        self.release()
        first, second = self.request(), self.request('salesmanager')
        first.action_submit()
        second.action_submit()
        first.with_user(self.users['manager']).action_approve()
        with mute_logger('odoo.sql_db'), self.assertRaises(Exception) as refusal, self.env.cr.savepoint():
            second.with_user(self.users['manager']).action_approve()
        sentence = self.env['property.unit.allocation']._sql_error_to_message(refusal.exception)
        self.assertEqual(
            sentence, f"{self.units[0].full_name} is held by {first.name}: choose another unit, or wait until it is free.")
        self.env.invalidate_all()
        self.assertEqual((second.state, self.allocations()), ('submitted', [(self.units[0].id, first.id)]))

    def test_losing_hold_frees_nothing(self):
        self.release()
        winner = self.hold()
        loser = self.request('salesmanager', units=self.units[1:2])
        loser.action_submit()
        loser.with_user(self.users['salesmanager']).action_cancel()
        self.assertEqual(self.allocations(), [(self.units[0].id, winner.id)])
        # Not even server code gives back what another document has.
        self.assertNothing(winner.name, self.units[:1]._move, 'available', loser, 'Mistake')

    def test_extend(self):
        with freeze_time('2026-03-02 01:00:00'):
            self.release()
            hold = self.hold(hours=24)
            extension = self.request(kind='extend', hours=30, hold_id=hold.id)
            extension.action_submit()
            # 24 and 30 hours are more than the manager's 24.
            self.assertNothing("it is not your turn", extension.with_user(self.users['manager']).action_approve)
            extension.with_user(self.users['vp']).action_approve()
        self.assertEqual(hold.expiry, fields.Datetime.to_datetime('2026-03-04 07:00:00'))
        self.assertEqual(self.units[0].allocation_ids.expiry, hold.expiry)

    def test_bad_holds(self):
        self.release(self.units[:8])
        self.assertNothing("has not been released", self.request(units=self.units[9:]).action_submit)
        self.units[0].write({'sealed': True, 'seal_note': 'Court 12'})
        self.assertNothing("is sealed", self.request().action_submit)
        self.units[0].sealed = False
        self.hold()
        self.assertNothing("is “Held” (SC", self.request().action_submit)
        self.assertNothing("Choose the units first", self.request(units=self.units[:0]).action_submit)
        for hours in (0, -5, 9000):
            with self.subTest(hours), mute_logger('odoo.sql_db'), self.assertRaises(Exception), self.env.cr.savepoint():
                self.request(hours=hours).flush_recordset()
        self.assertEqual(len(self.allocations()), 1)

    def test_sealed_after_the_request(self):
        self.release()
        request = self.request()
        request.action_submit()
        self.units[0].write({'sealed': True, 'seal_note': 'Court 12'})
        self.assertNothing("is sealed", request.with_user(self.users['manager']).action_approve)
        self.assertEqual(request.state, 'submitted')

    # ------------------------------------------------------------------ attacks

    def test_nobody_moves_a_unit_by_hand(self):
        self.release()
        unit = self.units[0]
        for post, user in self.users.items():
            for values, context in (({'state': 'held'}, {}), ({'state': 'available'}, {'property_transition': {'to': 'available'}})):
                with self.subTest(post, values=values), self.assertRaises(UserError):
                    unit.with_user(user).with_context(**context).write(values)
        self.assertEqual(self.states(), [('available', 10)])
        Allocation = self.env['property.unit.allocation']
        hold = self.hold()
        for post, user in self.users.items():
            with self.subTest(post):
                with self.assertRaises(UserError):
                    Allocation.with_user(user).create({
                        'unit_id': self.units[1].id, 'request_id': hold.id, 'project_id': self.project.id, 'company_id': self.company.id})
                with self.assertRaises(UserError):
                    self.units[0].allocation_ids.with_user(user).write({'request_id': False})
                with self.assertRaises(UserError):
                    self.units[0].allocation_ids.with_user(user).unlink()
        self.assertEqual(self.allocations(), [(self.units[0].id, hold.id)])

    def test_ledger_is_append_only(self):
        self.release()
        for statement in (
            "UPDATE property_unit_movement SET state_to = 'held'", 'DELETE FROM property_unit_movement', 'TRUNCATE property_unit_movement',
        ):
            with self.subTest(statement), mute_logger('odoo.sql_db'), self.assertRaises(Exception) as refusal, self.env.cr.savepoint():
                self.env.cr.execute(statement)
            self.assertEqual(refusal.exception.diag.constraint_name, 'property_unit_movement_append_only')
        self.assertEqual(self.ledger(), 10)

    def test_database_allows_one_holder(self):
        self.release()
        hold, other = self.hold(), self.hold(self.units[1:2])
        with mute_logger('odoo.sql_db'), self.assertRaises(Exception) as refusal, self.env.cr.savepoint():
            self.env.cr.execute("""
                INSERT INTO property_unit_allocation (unit_id, request_id, project_id, company_id)
                SELECT unit_id, %s, project_id, company_id FROM property_unit_allocation WHERE request_id = %s""", [other.id, hold.id])
        self.assertEqual(refusal.exception.diag.constraint_name, 'property_unit_allocation_unit_uniq')

    def test_request_is_frozen_once_submitted(self):
        self.release()
        request = self.request(hours=24)
        request.action_submit()
        for values in ({'hours': 8}, {'unit_ids': self.units.ids}, {'reason': 'x'}, {'expiry': '2030-01-01 00:00:00'}, {'state': 'active'},
                       {'requester_id': self.users['gm'].id}, {'approver_id': self.users['gm'].id}):
            with self.subTest(values), self.assertRaises(UserError):
                request.write(values)
        forged = self.request(requester_id=self.users['gm'].id, approver_id=self.users['gm'].id, expiry='2030-01-01 00:00:00')
        self.assertEqual((forged.requester_id, forged.approver_id, forged.expiry), (self.users['consultant'], self.env['res.users'], False))
        with self.assertRaises(UserError):
            forged.with_user(self.users['salesmanager']).write({'reason': 'Somebody else'})

    # ------------------------------------------------------------------ the board's buttons

    def test_board_buttons(self):
        Request = self.env['property.unit.request']
        officer, consultant = (Request.with_user(self.users[post]) for post in ('signing', 'consultant'))
        answer = officer.request_from_board('release', self.units.ids)
        self.assertEqual((answer['type'], self.states()), ('success', [('available', 10)]))
        answer = consultant.request_from_board('hold', self.units[:2].ids, {'reason': 'Back tomorrow', 'hours': 24})
        self.assertEqual(answer['type'], 'warning')
        self.assertIn("Department Manager decides", answer['message'])
        request = Request.search([('kind', '=', 'hold')], limit=1)
        request.with_user(self.users['manager']).action_approve()
        self.assertEqual(self.states(), [('available', 8), ('held', 2)])
        officer.request_from_board('unhold', self.units[:1].ids)
        self.assertEqual((self.states(), request.state), ([('available', 9), ('held', 1)], 'active'), "the others are still held")
        officer.request_from_board('unhold', self.units[1:2].ids)
        self.assertEqual((self.states(), request.state), ([('available', 10)], 'done'))
        for kind, ids in (('sell', self.units.ids), ('hold', []), ('unhold', self.units[:1].ids)):
            with self.subTest(kind), self.assertRaises(UserError):
                consultant.request_from_board(kind, ids, {'reason': 'x', 'hours': 1})

    def test_queries_do_not_grow_with_the_units(self):
        units = self.make_units(self.building, range(10, 40), [f'{stack:02}' for stack in range(1, 11)])
        prices = self.env['property.price.list'].create({'project_id': self.project.id, 'title': 'More'})
        self.env['property.price.list.line'].create([{'list_id': prices.id, 'unit_id': unit.id, 'unit_price': 100} for unit in units])
        self.activate(prices)

        def queries(chosen):
            batch = self.env['property.release.batch'].create({'title': 'T', 'project_id': self.project.id, 'unit_ids': chosen.ids})
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.open(batch)
            self.env.flush_all()
            return self.env.cr.sql_log_count - before
        queries(units[:1])
        # The ORM writes a hundred records at a time.
        self.assertEqual(queries(units[1:3]), queries(units[3:103]))
