from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.exceptions import AccessError, UserError
from odoo.tests import TransactionCase, new_test_user
from odoo.tools import SQL

# The notices, written down again.
DAYS_OFF = {date(year, month, day) for year, months in {
    2025: {1: (1, 28, 29, 30, 31), 2: (1, 2, 3, 4), 4: (4, 5, 6), 5: (1, 2, 3, 4, 5, 31), 6: (1, 2), 10: (1, 2, 3, 4, 5, 6, 7, 8)},
    2026: {1: (1, 2, 3), 2: (15, 16, 17, 18, 19, 20, 21, 22, 23), 4: (4, 5, 6), 5: (1, 2, 3, 4, 5), 6: (19, 20, 21), 9: (25, 26, 27),
           10: (1, 2, 3, 4, 5, 6, 7)},
}.items() for month, days in months.items() for day in days}
WORKED = {date(*day) for day in (
    (2025, 1, 26), (2025, 2, 8), (2025, 4, 27), (2025, 9, 28), (2025, 10, 11),
    (2026, 1, 4), (2026, 2, 14), (2026, 2, 28), (2026, 5, 9), (2026, 9, 20), (2026, 10, 10))}
DATES = st.dates(date(2025, 1, 1), date(2026, 12, 31))
ONE = timedelta(days=1)


def is_worked(day):
    return day in WORKED or (day.weekday() < 5 and day not in DAYS_OFF)


def naive_add(day, days):
    if days == 0:
        while not is_worked(day):
            day += ONE
    for _day in range(abs(days)):
        day += ONE if days > 0 else -ONE
        while not is_worked(day):
            day += ONE if days > 0 else -ONE
    return day


class TestWorkingDays(TransactionCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Day = cls.env['property.calendar.day'].with_context(lang='en_US')
        cls.administrator = new_test_user(cls.env, 'calendar-admin', groups='property_base.group_administrator')
        cls.user = new_test_user(cls.env, 'calendar-user', groups='property_base.group_department_manager')

    def day(self, text):
        return self.Day.search([('region', '=', 'CN'), ('date', '=', text)])

    def test_shipped_days(self):
        days = self.Day.search([('region', '=', 'CN'), ('date', '>=', '2025-01-01'), ('date', '<=', '2026-12-31')])
        self.assertEqual(len(days), 730)
        self.assertEqual([day.date for day in days if day.working != is_worked(day.date)], [])
        self.assertEqual([day.date for day in days if day.is_exception != (is_worked(day.date) != (day.date.weekday() < 5))], [])
        self.assertEqual(self.Day.search_count([('region', '=', 'CN')]), 2557, "2024 to 2030 without a gap")

    def test_numbers_run(self):
        number = 0
        for day in self.Day.search([('region', '=', 'CN')]):
            number += day.working
            self.assertEqual(day.number, number)

    def test_against_a_loop(self):
        @settings(max_examples=300, deadline=None)
        @given(DATES, st.integers(-60, 60))
        def check(day, days):
            expected = naive_add(day, days)
            # Beyond the two years, the loop knows no list.
            if date(2025, 1, 1) <= expected <= date(2026, 12, 31):
                self.assertEqual(self.Day._add_working_days(day, days), expected)
        check()

    def test_between_against_a_loop(self):
        @settings(max_examples=200, deadline=None)
        @given(DATES, DATES)
        def check(start, end):
            first, last = min(start, end), max(start, end)
            count = sum(is_worked(first + timedelta(days=index)) for index in range(1, (last - first).days + 1))
            self.assertEqual(self.Day._working_days_between(start, end), count if start <= end else -count)
        check()

    def test_examples(self):
        for start, days, expected in (
            (date(2025, 1, 24), 1, date(2025, 1, 26)), (date(2025, 1, 26), 2, date(2025, 2, 5)), (date(2025, 9, 30), 1, date(2025, 10, 9)),
            (date(2025, 10, 9), 2, date(2025, 10, 11)), (date(2025, 10, 1), 0, date(2025, 10, 9)), (date(2025, 10, 1), -1, date(2025, 9, 30)),
            (date(2025, 10, 9), 0, date(2025, 10, 9)), (date(2025, 10, 9), -1, date(2025, 9, 30)),
        ):
            with self.subTest(start=start, days=days):
                self.assertEqual(self.Day._add_working_days(start, days), expected)

    def test_join(self):
        rows = self.env.execute_query(SQL(
            """SELECT day, days, %s FROM generate_series('2025-03-01'::timestamp, '2025-11-30', '1 day') AS moment,
                LATERAL (SELECT moment::date AS day) AS d, generate_series(-3, 3) AS days""",
            self.Day._sql_add_working_days(SQL("day"), SQL("days"), SQL("'CN'"))))
        self.assertEqual(len(rows), 275 * 7)
        self.assertEqual([row for row in rows if row[2] != naive_add(row[0], row[1])], [])

    def test_outside(self):
        for function, sentence in (
            (lambda: self.Day._add_working_days(date(2023, 5, 1), 1), "from 2024-01-01 to 2030-12-31"),
            (lambda: self.Day._add_working_days(date(2030, 12, 30), 5), "from 2024-01-01 to 2030-12-31"),
            (lambda: self.Day._working_days_between(date(2030, 1, 1), date(2031, 1, 1)), "from 2024-01-01 to 2030-12-31"),
            (lambda: self.Day._add_working_days(date(2025, 5, 1), 1, 'XX'), "no calendar of working days for the region “XX”"),
        ):
            with self.assertRaises(UserError) as refusal:
                function()
            self.assertIn(sentence, str(refusal.exception))

    def test_edit_a_day(self):
        last = self.day('2030-12-31').number
        self.day('2027-10-04').with_user(self.administrator).write({'working': False, 'name': '国庆节'})
        self.test_numbers_run()
        self.assertEqual(self.day('2030-12-31').number, last - 1)
        self.assertTrue(self.day('2027-10-04').is_exception)
        self.assertEqual(self.Day._add_working_days(date(2027, 10, 1), 1), date(2027, 10, 5))

    def test_who_edits(self):
        day = self.day('2027-10-04')
        with self.assertRaises(AccessError):
            day.with_user(self.user).working = False
        for vals in ({'number': 1}, {'date': '2027-10-05'}, {'region': 'XX'}, {'working': False, 'number': 1}):
            with self.assertRaises(UserError):
                day.with_user(self.administrator).write(vals)
        with self.assertRaises(UserError):
            day.unlink()
        with self.assertRaises(UserError), self.env.cr.savepoint():
            self.Day.create({'date': '2040-01-01', 'number': 1})
        self.env.flush_all()
        self.assertTrue(day.working)

    def test_year(self):
        Year = self.env['property.calendar.year'].with_user(self.administrator).with_context(lang='en_US')
        Year.create({'year': 2027, 'days': "2027-01-01..2027-01-03 休 元旦\n2027-02-20 班"}).action_apply()
        self.assertEqual([(str(day.date), day.working, day.name) for day in self.Day.search([
            ('region', '=', 'CN'), ('date', '>=', '2027-01-01'), ('date', '<=', '2027-12-31'), '|', ('is_exception', '=', True), ('name', '!=', False)])], [
            ('2027-01-01', False, '元旦'), ('2027-01-02', False, '元旦'), ('2027-01-03', False, '元旦'), ('2027-02-20', True, False)])
        self.test_numbers_run()
        again = Year.create({'year': 2027})
        self.assertEqual(again.days, "2027-01-01 休 元旦\n2027-01-02 休 元旦\n2027-01-03 休 元旦\n2027-02-20 班")
        again.days = "2027-01-01 休 元旦"
        again.action_apply()
        self.assertTrue(self.day('2027-01-04').working)
        self.assertFalse(self.day('2027-02-20').working, "the list replaces the year's earlier one")
        self.test_numbers_run()
        Year.create({'year': 2031, 'days': ''}).action_apply()
        self.assertEqual(self.Day.search_count([('region', '=', 'CN')]), 2922)
        self.test_numbers_run()

    def test_update_leaves_what_was_typed(self):
        day = self.day('2026-10-10')
        day.working = False
        self.Day._load_lists("2026-10-10 班\n2027-01-01 休 元旦", 2024, 2030)
        self.assertFalse(day.working)
        self.assertFalse(self.day('2027-01-01').working)
        self.Day._load_lists("2027-01-04 休", 2024, 2030)
        self.assertTrue(self.day('2027-01-04').working)
        self.test_numbers_run()

    def test_year_refused(self):
        Year = self.env['property.calendar.year'].with_user(self.administrator).with_context(lang='en_US')
        for year, days, sentence in (
            (2027, '2027-01-01 x', "Line 1 cannot be read: “2027-01-01 x”"), (2027, '2026-01-01 休', "2026-01-01 is not in 2027."),
            (2035, '', "The calendar would have a gap"), (0, '', "is no year"),
        ):
            with self.assertRaises(UserError) as refusal:
                Year.create({'year': year, 'days': days}).action_apply()
            self.assertIn(sentence, str(refusal.exception))

    def test_another_region(self):
        self.env['property.calendar.year'].create({'region': 'HK', 'year': 2026, 'days': '2026-07-01 休'}).action_apply()
        self.assertEqual(self.Day._add_working_days(date(2026, 6, 30), 1, 'HK'), date(2026, 7, 2))
        self.assertEqual(self.Day._add_working_days(date(2026, 6, 30), 1), date(2026, 7, 1))
