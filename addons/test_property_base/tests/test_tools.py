import re
from base64 import b64decode
from datetime import date, datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.property_base.tools.local_time import end_of_day, local_date, start_of_day
from odoo.addons.property_base.tools.parameter_value import normalise, parse
from odoo.addons.property_base.tools.qr_code import qr_code
from odoo.addons.property_base.tools.working_days import ListError, parse_list
from odoo.tests import BaseCase

DATES = st.dates(date(2000, 1, 1), date(2050, 1, 1))
ZONES = st.sampled_from(['Asia/Shanghai', 'UTC', 'Asia/Urumqi', 'America/New_York', 'Pacific/Kiritimati'])


class TestTools(BaseCase):

    def test_parameter_values(self):
        for kind, text, stored, value in (
            ('integer', '30', '30', 30), ('integer', ' 3０ ', '30', 30), ('integer', '50,000', '50000', 50000), ('integer', '-3', '-3', -3),
            ('integer', '7.0', '7', 7), ('decimal', '3.50', '3.5', Decimal('3.5')), ('decimal', '100', '100', Decimal(100)),
            ('percent', '3.5%', '3.5', Decimal('0.035')), ('percent', '２０％', '20', Decimal('0.2')), ('percent', '0.01', '0.01', Decimal('0.0001')),
            ('decimal', '-0', '0', Decimal(0)), ('boolean', '是', 'true', True), ('boolean', 'No', 'false', False), ('text', ' A ', 'A', 'A'),
        ):
            with self.subTest(kind=kind, text=text):
                self.assertEqual(normalise(kind, text), stored)
                self.assertEqual((parse(kind, stored), type(parse(kind, stored))), (value, type(value)))

    def test_no_parameter_values(self):
        for kind, text in (
            ('integer', '3.5'), ('integer', ''), ('integer', 'x'), ('integer', '5,00'), ('integer', '1e3'), ('decimal', 'nan'),
            ('decimal', 'Infinity'), ('decimal', '1_000'), ('percent', '%'), ('percent', '5%%'), ('boolean', 'maybe'), ('text', ' '),
            ('decimal', None), ('boolean', False),
        ):
            with self.subTest(kind=kind, text=text), self.assertRaises(ValueError):
                normalise(kind, text)

    @given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-10**9, max_value=10**9, places=6))
    def test_decimals_come_back(self, number):
        stored = normalise('decimal', f'{number:f}')
        self.assertEqual(parse('decimal', stored), number)
        self.assertEqual(normalise('decimal', stored), stored)

    @given(DATES, ZONES)
    def test_days_begin_and_end(self, day, zone):
        first, last = start_of_day(day, zone), end_of_day(day, zone)
        self.assertEqual((local_date(first, zone), local_date(last, zone)), (day, day))
        self.assertEqual(local_date(last.replace(microsecond=999999), zone), day)

    def test_midnight_in_shanghai(self):
        self.assertEqual(local_date(datetime(2025, 4, 2, 15, 59, 59)), date(2025, 4, 2))
        self.assertEqual(local_date(datetime(2025, 4, 2, 16, 0)), date(2025, 4, 3))
        self.assertEqual(end_of_day(date(2025, 4, 2)), datetime(2025, 4, 2, 15, 59, 59))

    def test_list(self):
        self.assertEqual(parse_list("""
            2025-01-26 班
            2025-1-28至2025-1-30　休　春节 （假）  # a note
            2025-10-01 holiday National Day
        """), {
            date(2025, 1, 26): (True, ''), date(2025, 1, 28): (False, '春节 (假)'), date(2025, 1, 29): (False, '春节 (假)'),
            date(2025, 1, 30): (False, '春节 (假)'), date(2025, 10, 1): (False, 'National Day')})

    def test_no_list(self):
        for text, number in (
            ('2025-01-26', 1), ('\n2025-02-30 休', 2), ('2025-01-02..2025-01-01 休', 1), ('2025-01-02 maybe', 1),
            ('2025-01-02 休\n2025-01-02 班', 2), ('2025-01-02..2026-01-01 休', 1), ('holiday', 1),
        ):
            with self.subTest(text=text), self.assertRaises(ListError) as error:
                parse_list(text)
            self.assertEqual(error.exception.number, number)

    def test_qr_code(self):
        """The three eyes by which a reader finds it stand in their corners, and every text has a code of its own."""
        def dark(text):
            head, data = qr_code(text).split(',')
            self.assertEqual(head, 'data:image/svg+xml;base64')
            image = b64decode(data).decode()
            size = int(re.search(r'viewBox="0 0 (\d+) \1"', image)[1])
            return size, {(int(x), int(y)) for x, y in re.findall(r'M(\d+) (\d+)h1v1h-1z', image)}
        size, modules = dark('https://example.com/odoo/1')
        eye = {(x, y) for x in range(7) for y in range(7) if {x, y} & {0, 6} or 2 <= x <= 4 and 2 <= y <= 4}
        for left, top in ((0, 0), (size - 7, 0), (0, size - 7)):
            self.assertEqual({(x - left, y - top) for x, y in modules if 0 <= x - left < 7 and 0 <= y - top < 7}, eye)
        self.assertNotEqual(dark('https://example.com/odoo/2')[1], modules)
        self.assertGreater(dark(100 * 'x')[0], size)
