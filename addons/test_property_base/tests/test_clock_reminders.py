import ast
from datetime import date
from unittest.mock import patch

from freezegun import freeze_time
from lxml import etree

from odoo.tests import new_test_user
from odoo.tools import mute_logger

from .test_clock import ClockCase


class TestReminders(ClockCase):

    def cron(self, moment):
        with freeze_time(moment), self.enter_registry_test_mode():
            self.env.ref('property_base.ir_cron_remind').sudo().method_direct_trigger()
        self.env.invalidate_all()

    def activities(self, promise=None):
        return (promise or self.promise).with_context(active_test=False).activity_ids

    def sent(self, clock):
        return [(reminder.offset, reminder.user_id.login) for reminder in clock.reminder_ids.sorted('id')]

    def test_each_once(self):
        clock = self.start()  # due 2025-04-02
        for moment, sent in (
            ('2025-03-29 23:59:59', 0), ('2025-03-30 00:00:00', 1), ('2025-03-30 00:00:00', 1), ('2025-03-31 23:00:00', 1),
            ('2025-04-01 00:30:00', 2), ('2025-04-02 00:00:00', 3), ('2025-04-02 15:59:00', 3), ('2025-04-03 09:00:00', 3),
        ):
            self.cron(moment)
            self.assertEqual(len(clock.reminder_ids), sent, moment)
            self.assertEqual(len(self.activities()), min(sent, 1), "the last one replaces the earlier")
        self.assertEqual(self.sent(clock), [(-3, 'clock-user'), (-1, 'clock-user'), (0, 'clock-user')])
        activity = self.activities()
        self.assertEqual((activity.user_id, str(activity.date_deadline), activity.summary, activity.automated), (self.user, '2025-04-02', 'Days', True))

    def test_late_cron_reminds_once(self):
        clock = self.start()
        self.cron('2025-04-02 01:00:00')
        self.assertEqual(self.sent(clock), [(0, 'clock-user')])
        self.assertFalse(clock.remind_at)

    def test_started_late(self):
        """What was to be said before it began is not said."""
        self.days.amount = 2
        clock = self.start()  # due 2025-03-05
        self.assertEqual(str(clock.remind_at), '2025-03-04 00:00:00')

    def test_overdue(self):
        clock, hours = self.start(), self.start('test_hours')
        self.cron('2025-04-02 15:59:59')
        self.assertEqual((clock.overdue, clock.state, hours.overdue), (False, 'running', True))
        self.cron('2025-04-02 16:00:00')
        self.assertEqual((clock.overdue, clock.state), (True, 'running'))

    def test_paused_is_silent(self):
        clock = self.start()
        self.promise._pause_clock(since=date(2025, 3, 29))
        self.cron('2025-05-01 00:00:00')
        self.assertFalse(clock.overdue or clock.reminder_ids)

    def test_escalates_once(self):
        clock = self.start()
        self.cron('2025-04-04 15:59:59')
        self.assertFalse(clock.escalated_on)
        for _time in range(2):
            self.cron('2025-04-04 16:00:00')
            self.assertEqual([(r.offset, r.user_id) for r in clock.reminder_ids if r.escalation], [(2, self.chief)], "not another company's")
        self.assertEqual(str(clock.escalated_on), '2025-04-04 16:00:00')
        self.assertEqual(set(self.activities().mapped(lambda activity: (activity.user_id.login, activity.summary))), {
            ('clock-user', 'Days'), ('clock-chief', 'Overdue: Days')})
        self.promise._stop_clock('test_days')
        self.assertFalse(self.promise.activity_ids, "nobody is told any longer")
        self.assertEqual(len(clock.reminder_ids), 2)

    def test_in_the_readers_language(self):
        self.env['res.lang']._activate_lang('zh_CN')
        self.days.with_context(lang='zh_CN').name = '备案'
        self.user.lang = 'zh_CN'
        self.start()
        self.cron('2025-04-01 00:00:00')
        self.assertEqual(self.activities().summary, '备案')

    def test_done_activity_is_left(self):
        self.start()
        self.cron('2025-03-30 00:00:00')
        self.activities().with_user(self.user).action_feedback()
        self.cron('2025-04-01 00:00:00')
        self.assertEqual(len(self.promise.activity_ids), 1)

    def test_nobody_to_remind(self):
        gone = new_test_user(self.env, 'clock-gone', 'property_base.group_user')
        clocks = self.start(promise=self.make(user_id=gone.id)), self.start(promise=self.make(user_id=False), responsible=None)
        gone.active = False
        self.cron('2025-04-01 00:00:00')
        self.assertEqual([len(clock.reminder_ids) for clock in clocks], [1, 1])
        self.assertFalse(self.activities())

    def test_deleted_document(self):
        clock = self.start()
        self.env.cr.execute("DELETE FROM test_property_promise WHERE id = %s", [self.promise.id])
        self.env.invalidate_all()
        self.cron('2025-04-01 00:00:00')
        self.assertEqual(clock.state, 'cancelled')

    def test_reassigned(self):
        self.start()
        self.cron('2025-04-01 00:00:00')
        self.promise._reassign_clock(self.chief)
        self.assertEqual(self.promise.activity_ids.user_id, self.chief)

    def test_one_fails(self):
        """The one that fails is tried again later; the others are reminded."""
        promises = self.env['test_property.promise'].create([
            {'name': str(index), 'company_id': self.company.id, 'user_id': self.user.id} for index in range(5)])
        clocks = promises._start_clock('test_days', date(2025, 3, 3))
        Activity = self.registry['mail.activity']
        create = Activity.create

        def fail(records, vals_list):
            if any(vals['res_id'] == promises[2].id for vals in vals_list):
                raise ValueError("broken")
            return create(records, vals_list)

        with patch.object(Activity, 'create', fail), self.assertLogs('odoo.addons.property_base.models.property_clock', 'ERROR') as logs:
            self.cron('2025-03-30 00:00:00')
        self.assertEqual(len(logs.output), 1)
        self.assertEqual([len(clock.reminder_ids) for clock in clocks], [1, 1, 0, 1, 1])
        self.assertEqual(str(clocks[2].remind_at), '2025-03-30 01:00:00')
        self.cron('2025-03-30 00:30:00')
        self.assertFalse(clocks[2].reminder_ids)
        self.cron('2025-03-30 01:00:00')
        self.assertEqual([len(clock.reminder_ids) for clock in clocks], [1] * 5)

    def test_many(self):
        """More than a batch, at a cost that does not grow with the e-mails nobody reads."""
        promises = self.env['test_property.promise'].create([
            {'name': str(index), 'company_id': self.company.id, 'user_id': self.user.id} for index in range(300)])
        clocks = promises._start_clock('test_days', date(2025, 3, 3))
        self.env.flush_all()
        mails = self.env['mail.mail'].search_count([])
        with freeze_time('2025-03-30 00:00:00'), patch.object(type(self.env['ir.cron']), '_commit_progress', lambda *args, **kwargs: 9):
            before = self.env.cr.sql_log_count
            self.env['property.clock']._cron_remind()
            self.env.flush_all()
            queries = self.env.cr.sql_log_count - before
        self.assertEqual(len(clocks.reminder_ids), 300)
        self.assertLess(queries, 300)
        self.assertEqual(self.env['mail.mail'].search_count([]), mails)

    @mute_logger('odoo.addons.base.models.ir_cron')
    def test_filters(self):
        """The list's filters find what they say."""
        with freeze_time('2025-04-02 03:00:00'):  # a Wednesday
            due = {day: self.start(promise=self.make(name=str(day)), start=date(2025, 3, day)) for day in (1, 2, 3, 6, 7, 8)}
            arch = self.env.ref('property_base.property_clock_view_search').arch
            filters = {node.get('name'): node.get('domain') for node in etree.fromstring(arch).iter('filter') if node.get('domain')}
            found = {}
            for name in ('overdue', 'today', 'week'):
                domain = ast.literal_eval(filters[name])
                clocks = self.env['property.clock'].with_context(tz='Asia/Shanghai').search([*domain, ('id', 'in', [c.id for c in due.values()])])
                found[name] = sorted(clocks.mapped('due_date'))
        self.assertEqual({name: [day.day for day in days] for name, days in found.items()}, {
            'overdue': [31, 1], 'today': [2], 'week': [31, 1, 2, 5, 6]})
