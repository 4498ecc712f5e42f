from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models import property_unit_request
from ..models.property_unit import PropertyUnit
from .test_sales_control import SalesControlCase

SEAL_OFFICE = "The seal office has the file."
START = fields.Datetime.to_datetime('2026-03-02 01:00:00')


@tagged('post_install', '-at_install')
class TestExpiry(SalesControlCase):

    def setUp(self):
        super().setUp()
        with freeze_time(START):
            self.release()

    def hold_at(self, units, hours=24, **kwargs):
        with freeze_time(START):
            return self.hold(units, hours=hours, **kwargs)

    def expire(self, moment='2026-03-03 01:00:00'):
        self.run_cron('ir_cron_expire_holds', moment)

    def activities(self, holds):
        return holds.sudo().activity_ids.mapped(lambda activity: (activity.user_id, activity.summary))

    def test_ends_by_itself_and_says_so(self):
        hold, other = self.hold_at(self.units[:2]), self.hold_at(self.units[2:3], hours=24.5, approver='vp')
        hold.activity_schedule('mail.mail_activity_data_todo', summary='Left over', user_id=self.users['manager'].id)
        messages = hold.message_ids
        self.expire()
        self.assertEqual((hold.state, other.state), ('expired', 'active'))
        self.assertEqual(self.states(), [('available', 9), ('held', 1)])
        sentence = f"The time of the hold is over: {self.units[0].full_name} and {self.units[1].full_name} can be held again."
        self.assertIn(sentence, (hold.message_ids - messages).body)
        self.assertEqual(self.activities(hold), [
            (self.users['consultant'], f"{hold.name} is over: {self.units[0].full_name} and {self.units[1].full_name}")])
        self.assertFalse(self.activities(other))
        ledger = self.ledger()
        self.expire()
        self.assertEqual((self.ledger(), len(hold.activity_ids)), (ledger, 1), "once")

    def test_many_holds_cost_no_more_queries(self):
        units = self.make_units(self.building, range(10, 30), [f'{stack:02}' for stack in range(1, 5)])
        self.activate(self.make_list(units))
        with freeze_time(START):
            self.release(units)

        def queries(chosen):
            with freeze_time(START):
                holds = self.env['property.unit.request'].browse()
                for unit in chosen:
                    holds += self.hold(unit)
            self.env.flush_all()
            self.env.invalidate_all()
            with freeze_time('2026-03-04 00:00:00'):
                before = self.env.cr.sql_log_count
                holds.sudo()._expire()
                self.env.cr.flush()
            self.assertEqual(set(holds.mapped('state')), {'expired'})
            self.assertEqual(self.sql('SELECT count(*) FROM property_unit_allocation WHERE unit_id IN %s', tuple(chosen.ids)), [(0,)])
            return self.env.cr.sql_log_count - before
        queries(units[:1])
        few, many = queries(units[1:4]), queries(units[4:64])
        self.assertLessEqual(many, few)

    def test_batches(self):
        holds = [self.hold_at(unit) for unit in self.units[:5]]
        with patch.object(property_unit_request, 'BATCH', 2):
            self.expire()
        self.assertEqual([hold.state for hold in holds], 5 * ['expired'])
        self.assertEqual((self.states(), self.allocations()), ([('available', 10)], []))

    def test_one_that_cannot_end_stops_no_other(self):
        holds = [self.hold_at(unit) for unit in self.units[:4]]
        bad = self.units[2]
        check = PropertyUnit._check_move

        def refuse(units, to):
            if bad in units:
                raise UserError(SEAL_OFFICE)
            return check(units, to)
        for _time in range(2):
            with patch.object(PropertyUnit, '_check_move', refuse):
                self.expire()
            self.assertEqual([hold.state for hold in holds], ['expired', 'expired', 'active', 'expired'])
            self.assertEqual(self.allocations(), [(bad.id, holds[2].id)])
            self.assertEqual(holds[2].end_problem, SEAL_OFFICE)
            # Told once, to whoever approved it, and not with every run.
            self.assertEqual(self.activities(holds[2]), [
                (self.users['manager'], f"The hold could not be ended: {SEAL_OFFICE}")])
            self.assertEqual(len(holds[2].message_ids.filtered(lambda message: 'seal office' in (message.body or ''))), 1)
        self.expire()
        self.assertEqual((holds[2].state, holds[2].end_problem, self.allocations()), ('expired', False, []))

    def test_an_error_of_ours_reads_as_one_sentence(self):
        hold = self.hold_at(self.units[:1])
        with patch.object(PropertyUnit, '_check_move', side_effect=ZeroDivisionError), \
                mute_logger('odoo.addons.property_customer_service.models.property_unit_request'):
            self.expire()
        self.assertEqual((hold.state, hold.end_problem), ('active', "An unexpected error, which the server's log describes."))

    def test_what_went_on_is_not_freed(self):
        """Units that another document has by now stay with it, when the hold that had them before ends."""
        first, second = self.hold_at(self.units[:3]), self.hold_at(self.units[3:4], hours=24.5, approver='vp')
        # As a deal takes a unit over: the row changes its holder.
        self.env.cr.execute('UPDATE property_unit_allocation SET request_id = %s WHERE unit_id = %s', [second.id, self.units[1].id])
        self.env.invalidate_all()
        self.expire()
        self.assertEqual((first.state, second.state), ('expired', 'active'))
        self.assertEqual(self.allocations(), [(self.units[1].id, second.id), (self.units[3].id, second.id)])
        self.assertEqual(self.states(), [('available', 8), ('held', 2)])

    def test_extended_hold_lives_on(self):
        hold = self.hold_at(self.units[:2])
        with freeze_time(START + timedelta(hours=23)):
            extension = self.request(kind='extend', hours=24, hold_id=hold.id, units=self.units[:2])
            extension.action_submit()
            extension.with_user(self.users['vp']).action_approve()
        self.expire()
        self.assertEqual((hold.state, str(hold.expiry)), ('active', '2026-03-04 01:00:00'))
        self.assertEqual(set(self.units[:2].allocation_ids.mapped('expiry')), {hold.expiry})
        self.expire('2026-03-04 01:00:00')
        self.assertEqual((hold.state, self.allocations()), ('expired', []))

    def test_sealed_units_come_free_too(self):
        hold = self.hold_at(self.units[:1])
        self.units[0].write({'sealed': True, 'seal_note': 'Court 12'})
        self.permit.action_revoke('Withdrawn')
        self.expire()
        self.assertEqual((hold.state, self.units[0].state, self.units[0].sale_block), ('expired', 'available', 'sealed'))

    def test_boards_are_told_once(self):
        for unit in self.units[:3]:
            self.hold_at(unit)
        self.env.cr.flush()
        sent = []
        Bus = self.env.registry['bus.bus']
        with patch.object(Bus, '_sendone', lambda self, *message: sent.append(message)), freeze_time('2026-03-03 01:00:00'):
            self.env['property.unit.request'].search([('state', '=', 'active')]).sudo()._expire()
            self.env.cr.flush()
        self.assertEqual([message['building'] for channel, kind, message in sent if kind == 'property_board'], self.building.ids)


@tagged('post_install', '-at_install')
class TestReleaseHours(SalesControlCase):

    def test_a_release_closes_at_its_hour(self):
        with freeze_time(START):
            batch = self.release(date_close=START + timedelta(hours=8))
            hold = self.hold(self.units[:1])
        self.run_cron('ir_cron_open_releases', START + timedelta(hours=7))
        self.assertEqual(batch.state, 'open')
        self.run_cron('ir_cron_open_releases', START + timedelta(hours=9))
        self.assertEqual((batch.state, batch.date_close), ('closed', START + timedelta(hours=8)))
        self.assertEqual(self.states(), [('held', 1), ('unreleased', 9)])
        # What was held then goes back to where the others are, and not to where nobody could offer it again.
        self.run_cron('ir_cron_expire_holds', START + timedelta(hours=25))
        self.assertEqual((hold.state, self.states()), ('expired', [('unreleased', 10)]))
        self.assertEqual(self.sql(
            'SELECT state_from, state_to, document_name FROM property_unit_movement WHERE unit_id = %s ORDER BY id DESC LIMIT 2',
            self.units[0].id), [('available', 'unreleased', batch.name), ('held', 'available', hold.name)])

    def test_released_again(self):
        """By another release, or by a request: the hours of the closed one do not count any more."""
        with freeze_time(START):
            batch = self.release()
            batch.action_close()
        second = self.release(self.units[:5])
        self.assertEqual((second.state, self.units[0].sale_block), ('open', False))
        request = self.request('signing', kind='release', units=self.units[5:])
        request.action_submit()
        self.assertEqual((request.state, self.units[5].batch_id, self.units[5].sale_block), ('done', self.env['property.release.batch'], False))
        again = self.request('signing', kind='release', units=self.units[5:])
        self.assertNothing("was released already", again.action_submit)
