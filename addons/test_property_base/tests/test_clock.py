from datetime import date, datetime, timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo import SUPERUSER_ID, api
from odoo.addons.property_base.tools.permit import Permit
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.service.model import retrying
from odoo.tests import TransactionCase, new_test_user
from odoo.tools import mute_logger

WITH_ITS_DOCUMENT = "A deadline moves with its document, not by editing it."


class ClockCase(TransactionCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context={**cls.env.context, 'lang': 'en_US'})
        cls.company, cls.other_company = cls.env['res.company'].create([{'name': 'Acorn'}, {'name': 'Birch'}])
        cls.group = cls.env['res.groups'].create({'name': 'Escalation'})
        cls.user, cls.chief, cls.stranger = (
            new_test_user(
                cls.env, f'clock-{name}', groups='property_base.group_user', lang='en_US', company_id=company.id, company_ids=company.ids)
            for name, company in (('user', cls.company), ('chief', cls.company), ('stranger', cls.other_company)))
        cls.group.user_ids = [Command.set((cls.chief + cls.stranger).ids)]
        Kind = cls.env['property.clock.kind']
        cls.days, cls.working, cls.hours = Kind.create([
            {'code': 'test_days', 'name': 'Days', 'count': 'days', 'amount': 30, 'reminder_offsets': '-3,-1,0', 'escalation_group_id': cls.group.id,
             'escalation_after': 2},
            {'code': 'test_working', 'name': 'Working', 'count': 'working_days', 'amount': 7, 'reminder_offsets': '-1'},
            {'code': 'test_hours', 'name': 'Hours', 'count': 'hours', 'amount': 24, 'reminder_offsets': '-2'}])
        cls.promise = cls.make()

    @classmethod
    def make(cls, **vals):
        return cls.env['test_property.promise'].create({'name': 'P', 'company_id': cls.company.id, 'user_id': cls.user.id, **vals})

    def start(self, code='test_days', start=date(2025, 3, 3), promise=None, **kwargs):
        return (promise or self.promise)._start_clock(code, start, **kwargs)

    def assertRefused(self, sentence, function, *args, **kwargs):
        with self.assertRaises(UserError) as refusal:
            function(*args, **kwargs)
        self.assertEqual(str(refusal.exception), sentence)


class TestClock(ClockCase):

    def test_oracles(self):
        """The worked deadlines of the department's rules."""
        for code, start, due in (
            ('filing', date(2025, 3, 3), date(2025, 4, 2)), ('title_documents', date(2025, 7, 10), date(2025, 9, 8)),
            ('title', date(2025, 7, 10), date(2025, 10, 8)), ('filing_target', date(2025, 9, 26), date(2025, 10, 13)),
        ):
            clock = self.start(code, start)
            self.assertEqual((clock.start_date, clock.due_date, clock.state), (start, due, 'running'), code)
            self.assertEqual(clock.due, datetime.combine(due, datetime.min.time()) + timedelta(hours=15, minutes=59, seconds=59))

    def test_values(self):
        clock = self.start()
        self.assertEqual(clock.user_id, self.user)
        self.assertEqual(clock.company_id, self.company)
        self.assertEqual((clock.name, clock.res_model, clock.res_id), ('P', 'test_property.promise', self.promise.id))
        self.assertEqual(self.promise.clock_ids, clock)
        self.assertEqual(clock.remind_at, datetime(2025, 3, 30, 0, 0), "8 o'clock in Shanghai")
        self.assertEqual(clock.escalate_at, datetime(2025, 4, 4, 16, 0))
        working = self.start('test_working', promise=self.promise.with_user(self.user), responsible=self.chief)
        self.assertEqual(working.user_id, self.chief)
        self.assertFalse(working.env.su or self.promise.with_user(self.user)._stop_clock('test_working').env.su)
        self.assertIsNone(working.env.context.get('property_permit'))

    def test_document_of_the_same_id(self):
        other = self.env['test_property.document'].create({})
        clock = self.start()
        self.env.cr.execute("UPDATE property_clock SET res_model = %s WHERE id = %s", [other._name, clock.id])
        self.env.invalidate_all()
        self.assertFalse(self.promise.clock_ids)
        self.start()

    def test_start_in_the_night(self):
        """The day is the project's: an evening in London is the next morning in Shanghai."""
        for moment, timezone, start, due in (
            ('2025-03-02 15:59:59', 'Asia/Shanghai', '2025-03-02', '2025-04-01 15:59:59'),
            ('2025-03-02 16:00:00', 'Asia/Shanghai', '2025-03-03', '2025-04-02 15:59:59'),
            ('2025-03-02 16:00:00', 'UTC', '2025-03-02', '2025-04-01 23:59:59'),
        ):
            with freeze_time(moment):
                clock = self.start(start=None, promise=self.make(timezone=timezone))
            self.assertEqual((str(clock.start_date), str(clock.due)), (start, due))
        clock = self.start('test_hours', datetime(2025, 3, 2, 15, 30))
        self.assertEqual((str(clock.due), str(clock.due_date)), ('2025-03-03 15:30:00', '2025-03-03'))

    def test_stop(self):
        for stopped, state in (
            (datetime(2025, 4, 2, 15, 59, 59), 'met'), (datetime(2025, 4, 2, 16, 0), 'missed'), (date(2025, 4, 2), 'met'),
            (date(2025, 4, 3), 'missed'), (date(2025, 3, 3), 'met'), ('2025-04-02', 'met'), (None, 'missed'),
        ):
            promise = self.make()
            self.start(promise=promise)
            clock = promise._stop_clock('test_days', stopped)
            self.assertEqual(clock.state, state)
            self.assertEqual(clock.overdue, state == 'missed')
            self.assertTrue(clock.stopped)
            self.assertFalse(clock.remind_at or clock.escalate_at)
            self.assertFalse(promise._stop_clock('test_days'), "it runs no more")
        self.assertTrue(self.start(promise=promise), "the next one may start")

    @freeze_time('2025-03-10 04:00:00')
    def test_stop_when(self):
        self.start()
        self.assertRefused(
            "What has not happened yet neither stops nor pauses a deadline.", self.promise._stop_clock, 'test_days', date(2025, 3, 11))
        self.assertRefused("The deadline “Days” began only after that day.", self.promise._stop_clock, 'test_days', date(2025, 3, 2))
        self.assertEqual(self.promise._stop_clock('test_days', date(2025, 3, 10)).state, 'met')

    def test_pause_over_a_weekend(self):
        """Thursday to Monday: 4 days, 2 working days, and the hours that it was."""
        clocks = {code: self.start(code, datetime(2025, 3, 11, 2)) for code in ('test_days', 'test_working', 'test_hours')}
        self.assertEqual([str(clock.due_date) for clock in clocks.values()], ['2025-04-10', '2025-03-20', '2025-03-12'])
        with freeze_time('2025-03-11 20:00:00'):
            self.promise._pause_clock('test_hours')
        with freeze_time('2025-03-13 08:00:00'):
            self.promise._pause_clock()
            self.assertEqual({clock.state for clock in clocks.values()}, {'paused'})
        self.assertEqual(str(clocks['test_hours'].paused_since), '2025-03-11 20:00:00', "paused before, and stays so")
        with freeze_time('2025-03-17 02:00:00'):
            self.promise._resume_clock()
        self.assertEqual({clock.state for clock in clocks.values()}, {'running'})
        self.assertEqual([str(clock.due_date) for clock in clocks.values()], ['2025-04-14', '2025-03-24', '2025-03-17'])
        self.assertEqual([clock.paused_days for clock in clocks.values()], [4, 2, 0])
        self.assertEqual(str(clocks['test_hours'].due), '2025-03-17 08:00:00')
        self.assertEqual(clocks['test_hours'].paused_seconds, 5 * 86400 + 6 * 3600)
        self.assertEqual(str(clocks['test_days'].remind_at), '2025-04-11 00:00:00')
        self.assertFalse(any(clock.paused_since for clock in clocks.values()))
        # Over Saturday and Sunday nothing is lost.
        with freeze_time('2025-03-22 01:00:00'):
            self.promise._pause_clock('test_working')
        with freeze_time('2025-03-23 01:00:00'):
            self.promise._resume_clock('test_working')
        self.assertEqual(str(clocks['test_working'].due_date), '2025-03-24')

    def test_stop_while_paused(self):
        clock = self.start()
        self.promise._pause_clock(since=date(2025, 3, 31))
        self.promise._stop_clock('test_days', date(2025, 5, 31))
        self.assertEqual((clock.state, str(clock.due_date)), ('met', '2025-06-02'))

    def test_pause_does_not_heal(self):
        clock = self.start()
        self.promise._pause_clock(since=date(2025, 4, 10))
        self.promise._resume_clock(moment=date(2025, 4, 20))
        self.assertTrue(clock.overdue)
        self.promise._stop_clock('test_days', date(2025, 4, 20))
        self.assertEqual((clock.state, str(clock.due_date)), ('missed', '2025-04-12'))

    def test_cancel(self):
        clock = self.start()
        self.promise._cancel_clock()
        self.assertEqual(clock.state, 'cancelled')
        self.assertFalse(clock.overdue)

    def test_reassign(self):
        clock = self.start()
        self.promise._reassign_clock(self.chief)
        self.assertEqual(clock.user_id, self.chief)

    def test_calendar_changes(self):
        clock, before = self.start('test_working', date(2027, 9, 28)), self.start('test_working', date(2027, 9, 1), self.make())
        days = self.start(start=date(2027, 9, 28))
        self.assertEqual((str(clock.due_date), str(before.due_date)), ('2027-10-07', '2027-09-10'))
        self.env['property.calendar.year'].create({'year': 2027, 'days': '2027-10-01..2027-10-07 休 国庆节'}).action_apply()
        self.assertEqual((str(clock.due_date), str(before.due_date), str(days.due_date)), ('2027-10-14', '2027-09-10', '2027-10-28'))
        self.assertEqual(str(clock.remind_at), '2027-10-13 00:00:00')

    def test_kpi(self):
        """Timeliness is counted by one read."""
        promises = self.env['test_property.promise'].create([{'name': str(index), 'company_id': self.company.id} for index in range(4)])
        promises._start_clock('test_days', date(2025, 3, 3))
        for promise, day in zip(promises, (1, 2, 3), strict=False):
            promise._stop_clock('test_days', date(2025, 4, day))
        self.assertEqual(dict(self.env['property.clock']._read_group([('kind_id', '=', self.days.id)], ['state'], ['__count'])), {
            'met': 2, 'missed': 1, 'running': 1})

    def test_start_in_batch(self):
        promises = self.env['test_property.promise'].create([{'name': str(index)} for index in range(50)])
        promises[0]._start_clock('test_days', date(2025, 3, 3))
        self.env.flush_all()
        with self.assertQueryCount(12):
            promises[1:]._start_clock('test_days', date(2025, 3, 3))
            self.env.flush_all()

    def test_document_goes(self):
        clock = self.start()
        self.promise.with_user(self.user).unlink()
        self.assertFalse(clock.exists())

    # ------------------------------------------------------------------ attacks

    def test_write(self):
        clock = self.start()
        for user in (self.user, self.env.ref('base.user_admin')):
            for vals in ({'state': 'met'}, {'due': '2099-01-01'}, {'stopped': '2025-03-04'}, {'overdue': False}, {'user_id': self.chief.id},
                         {'kind_id': self.working.id}, {'name': 'x'}, {}):
                its = clock.with_user(user)
                with self.assertRaises(UserError):
                    its.write(vals)
                for context in ({}, {'property_permit': True}, {'property_permit': {'ids': clock.ids}},
                                {'property_transition': True, 'property_permit': 1}):
                    self.assertRefused(WITH_ITS_DOCUMENT, its.sudo().with_context(**context).write, vals)
            with self.assertRaises(AccessError):
                its.unlink()
            self.assertRefused(WITH_ITS_DOCUMENT, its.sudo().unlink)
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual((clock.state, str(clock.due_date), clock.stopped, clock.name), ('running', '2025-04-02', False, 'P'))

    def test_write_through_the_document(self):
        clock = self.start()
        for commands in ([Command.update(clock.id, {'due': '2099-01-01'})], [Command.delete(clock.id)],
                         [Command.create({'kind_id': self.days.id, 'due': '2099-01-01', 'due_date': '2099-01-01', 'start': '2025-01-01'})]):
            for promise in (self.promise.with_user(self.user), self.promise):
                with self.assertRaises(UserError), self.env.cr.savepoint():
                    promise.write({'clock_ids': commands})
        self.assertEqual(str(clock.due_date), '2025-04-02')

    def test_create(self):
        vals = {'name': 'x', 'res_model': 'test_property.promise', 'res_id': self.promise.id, 'kind_id': self.days.id, 'count': 'days',
                'start': '2025-01-01', 'due': '2099-01-01', 'due_date': '2099-01-01', 'timezone': 'UTC', 'region': 'CN'}
        Clock = self.env['property.clock']
        for user in (self.user, self.env.ref('base.user_admin')):
            with self.assertRaises(UserError):
                Clock.with_user(user).create(vals)
            for context in ({}, {'property_permit': True}, {'property_permit': {}}):
                self.assertRefused(WITH_ITS_DOCUMENT, Clock.with_user(user).sudo().with_context(**context).create, vals)
            self.assertFalse(Clock.with_user(user).load(['name', 'due'], [['x', '2099-01-01']])['ids'])
        clock = self.start()
        self.assertRefused(WITH_ITS_DOCUMENT, clock.copy)
        self.assertFalse(self.promise.copy().clock_ids)

    def test_permit_covers_its_own_clocks(self):
        clock, other = self.start(), self.start(promise=self.make())
        permit = Permit(clock)
        self.assertRefused(WITH_ITS_DOCUMENT, other.sudo().with_context(property_permit=permit).write, {'due': '2099-01-01'})
        self.assertRefused(WITH_ITS_DOCUMENT, (clock + other).sudo().with_context(property_permit=permit).write, {'due': '2099-01-01'})
        clock.sudo().with_context(property_permit=permit).write({'name': 'y'})
        self.assertRefused(WITH_ITS_DOCUMENT, clock.sudo().with_context(property_permit=permit).write, {'name': 'z'})
        self.assertRefused(
            "The state moves only by its own actions, not by editing it.", clock._permitted().write, {'state': 'met'})

    def test_runs_already(self):
        self.start()
        self.assertRefused("“Days” runs on P already.", self.start)
        self.start('test_working')
        self.promise._pause_clock('test_days')
        self.assertRefused("“Days” runs on P already.", self.start)

    def test_companies(self):
        clock = self.start()
        self.assertEqual(clock.with_user(self.user).state, 'running')
        self.assertFalse(self.env['property.clock'].with_user(self.stranger).search([('id', '=', clock.id)]))
        with self.assertRaises(AccessError):
            clock.with_user(self.stranger).read(['name'])
        self.assertFalse(self.env['property.clock'].with_user(new_test_user(self.env, 'clock-nobody', 'base.group_portal')).has_access('read'))

    def test_moves_are_not_for_rpc(self):
        for name in ('start', 'pause', 'resume', 'stop', 'cancel', 'reassign'):
            self.assertFalse(hasattr(self.promise, f'{name}_clock'))
            self.assertTrue(hasattr(self.promise, f'_{name}_clock'))

    def test_two_transactions_start_it(self):
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            promise_id = env['test_property.promise'].create({'name': 'contested'}).id

        def clean_up():
            with self.registry.cursor() as cr:
                api.Environment(cr, SUPERUSER_ID, {})['test_property.promise'].browse(promise_id).unlink()

        self.addCleanup(clean_up)
        tries = []
        with self.registry.cursor() as first, self.registry.cursor() as second:
            one, two = (api.Environment(cr, SUPERUSER_ID, {})['test_property.promise'].browse(promise_id) for cr in (first, second))
            self.assertEqual((one.name, two.name), ('contested', 'contested'), "both have looked before either starts")
            self.assertFalse(two._clocks('filing'))
            one._start_clock('filing', date(2025, 3, 3))
            first.commit()

            def start():
                tries.append(1)
                # Whoever has looked before the other committed sees none.
                two._start_clock('filing', date(2025, 3, 3))

            with patch('odoo.service.model.time.sleep'), mute_logger('odoo.sql_db'), self.assertRaises(ValidationError) as refusal:
                retrying(start, two.env)
            second.rollback()
        self.assertEqual(str(refusal.exception), "The operation cannot be completed: This deadline runs on the document already.")
        self.assertEqual(tries, [1])

    # ------------------------------------------------------------------ kinds

    def test_kind_is_checked(self):
        for vals in ({'reminder_offsets': 'x'}, {'reminder_offsets': '1.5'},
                     {'parameter_id': self.env['property.parameter'].create({'code': 't', 'name': 't', 'kind': 'text'}).id}):
            with self.assertRaises(ValidationError):
                self.days.write(vals)
        self.days.reminder_offsets = ' 0， -1,,-1 '
        self.assertEqual(self.days._offsets(), [-1, 0])

    def test_kind_changes_nothing_that_runs(self):
        clock = self.start()
        self.days.write({'amount': 5, 'count': 'working_days'})
        self.promise._pause_clock(since=date(2025, 3, 10))
        self.promise._resume_clock(moment=date(2025, 3, 11))
        self.assertEqual(str(clock.due_date), '2025-04-03')

    def test_parameter_of_the_company(self):
        self.env['property.parameter.value'].create({
            'parameter_id': self.env.ref('property_base.parameter_filing_days').id, 'valid_from': '2025-01-01', 'value': '20',
            'company_id': self.company.id})
        self.assertEqual(str(self.start('filing').due_date), '2025-03-23')
        self.assertEqual(str(self.start('filing', promise=self.make(company_id=self.other_company.id)).due_date), '2025-04-02')
        self.assertEqual(str(self.start('filing', date(2024, 12, 31), self.make()).due_date), '2025-01-30')
