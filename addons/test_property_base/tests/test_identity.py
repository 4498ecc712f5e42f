import string
from datetime import date

from hypothesis import assume, given
from hypothesis import strategies as st
from stdnum.cn import uscc

from odoo.addons.property_base.tools import identity, masks
from odoo.tests import BaseCase

TODAY = date(2026, 6, 1)
BIRTHS = st.dates(date(1900, 1, 1), TODAY)
AREAS = st.sampled_from(['110000', '110105', '310115', '440300', '650000'])
RESIDENCE = st.sampled_from(['810000', '820000', '830000'])
CREDIT = '0123456789ABCDEFGHJKLMNPQRTUWXY'


def id_number(area, birth, sequence):
    body = f'{area}{birth:%Y%m%d}{sequence:03}'
    return body + identity.id_check_char(body)


class TestIdentity(BaseCase):

    def parse(self, kind, text):
        return identity.parse(kind, text, TODAY)

    def assertNone(self, kind, text, reason):
        with self.assertRaises(identity.IdentityError) as refusal:
            self.parse(kind, text)
        self.assertEqual(refusal.exception.reason, reason, (kind, text))
        self.assertNotIn(text, [str(refusal.exception)], "errors are logged")

    def test_examples(self):
        """The example of the standard itself, and public codes of companies."""
        self.assertEqual(
            self.parse('mainland_id', '11010519491231002X'), identity.Identity('11010519491231002X', date(1949, 12, 31), 'female'))
        self.assertEqual(self.parse('credit_code', '91110000600037341L').number, '91110000600037341L')
        self.assertEqual(self.parse('business_licence', '110108000000016').number, '110108000000016')

    def test_ways_of_writing(self):
        for kind, text, number in (
            ('mainland_id', '１１０１０５１９４９１２３１００２ｘ', '11010519491231002X'),
            ('mainland_id', ' 110105 1949 1231 002x ', '11010519491231002X'),
            ('mainland_id', '110105-19491231-002X', '11010519491231002X'),
            ('passport', 'e 1234-5678', 'E12345678'),
            ('hk_macau_permit', 'ｈ１２３４５６７８', 'H12345678'),
            ('hk_macau_permit', 'M1234567800', 'M1234567800'),
            ('taiwan_permit', '12345678', '12345678'),
            ('taiwan_permit', '1234567890(b)'.replace('(', '').replace(')', ''), '1234567890B'),
            ('foreign_permanent', 'usa110012345678', 'USA110012345678'),
            ('credit_code', '91110000600037341l', '91110000600037341L'),
        ):
            with self.subTest(kind=kind, text=text):
                self.assertEqual(self.parse(kind, text).number, number)

    def test_refused(self):
        for kind, text, reason in (
            ('mainland_id', '', 'empty'), ('mainland_id', '  ', 'empty'), ('mainland_id', None, 'empty'),
            ('mainland_id', '110***********002X', 'masked'), ('mainland_id', '110105491231002', 'old'),
            ('mainland_id', '11010519491231002', 'shape'), ('mainland_id', '11010519491231002XX', 'shape'),
            ('mainland_id', '1101051949123100XX', 'shape'), ('mainland_id', 'ABC', 'shape'),
            ('mainland_id', '110105194912310021', 'check'), ('mainland_id', '11010519491231003X', 'check'),
            ('mainland_id', '81010519491231002X', 'area'), ('mainland_id', '00010519491231002X', 'area'),
            ('mainland_id', '11010519490231002X', 'birth'), ('mainland_id', id_number('110105', date(2026, 6, 2), 1), 'birth'),
            ('mainland_id', '11010518991231002X', 'birth'), ('mainland_id', '11010500000000002X', 'birth'),
            ('residence_permit', '11010519491231002X', 'area'), ('residence_permit', '810000194912310021', 'check'),
            ('residence_permit', '810000491231002', 'old'),
            ('passport', 'ABCDEFGH', 'shape'), ('passport', 'E123', 'shape'), ('passport', 'E12345678901234567', 'shape'),
            ('passport', '护照12345678', 'shape'),
            ('hk_macau_permit', '12345678', 'shape'), ('hk_macau_permit', 'T12345678', 'shape'), ('hk_macau_permit', 'H123456789', 'shape'),
            ('taiwan_permit', '123456789', 'shape'), ('taiwan_permit', 'T12345678', 'shape'),
            ('foreign_permanent', 'US1110012345678', 'shape'), ('foreign_permanent', '911840198001010011', 'check'),
            ('credit_code', '91110000600037341I', 'shape'), ('credit_code', '91110000600037341A', 'check'), ('credit_code', '110108000000016', 'shape'),
            ('business_licence', '110108000000017', 'check'), ('business_licence', '91110000600037341L', 'shape'),
        ):
            with self.subTest(kind=kind, text=text):
                self.assertNone(kind, text, reason)

    @given(AREAS, BIRTHS, st.integers(0, 999))
    def test_mainland_ids(self, area, birth, sequence):
        number = id_number(area, birth, sequence)
        self.assertEqual(self.parse('mainland_id', number), identity.Identity(number, birth, 'male' if sequence % 2 else 'female'))

    @given(RESIDENCE, BIRTHS, st.integers(0, 999))
    def test_residence_permits(self, area, birth, sequence):
        number = id_number(area, birth, sequence)
        self.assertEqual(self.parse('residence_permit', number).birth_date, birth)
        self.assertNone('mainland_id', number, 'area')

    @given(BIRTHS, st.integers(0, 999))
    def test_permanent_resident_cards(self, birth, sequence):
        number = id_number('911840', birth, sequence)
        self.assertEqual(self.parse('foreign_permanent', number).birth_date, birth)

    @given(AREAS, BIRTHS, st.integers(0, 999), st.integers(0, 17), st.sampled_from(string.digits))
    def test_one_digit_mistyped(self, area, birth, sequence, place, digit):
        """The check character finds every single wrong digit."""
        number = id_number(area, birth, sequence)
        assume(number[place] != digit)
        with self.assertRaises(identity.IdentityError):
            self.parse('mainland_id', number[:place] + digit + number[place + 1:])

    @given(AREAS, BIRTHS, st.integers(0, 999), st.integers(0, 16))
    def test_two_digits_exchanged(self, area, birth, sequence, place):
        number = id_number(area, birth, sequence)
        exchanged = number[:place] + number[place + 1] + number[place] + number[place + 2:]
        assume(exchanged != number)
        with self.assertRaises(identity.IdentityError):
            self.parse('mainland_id', exchanged)

    @given(st.text(CREDIT, min_size=17, max_size=17), st.sampled_from(CREDIT))
    def test_credit_codes(self, body, last):
        """Against python-stdnum's check character, which wants digits in the places of the district."""
        check = identity.credit_check_char(body)
        self.assertEqual(self.parse('credit_code', body + check).number, body + check)
        self.assertEqual(check, uscc.calc_check_digit(body))
        if last != check:
            self.assertNone('credit_code', body + last, 'check')

    @given(st.text(string.digits, min_size=14, max_size=14))
    def test_licences(self, body):
        check = identity.licence_check_digit(body)
        valid = [last for last in string.digits if last == check]
        self.assertEqual(len(valid), 1)
        self.assertEqual(self.parse('business_licence', body + check).number, body + check)

    @given(st.sampled_from(identity.KINDS), st.text(max_size=25))
    def test_anything_is_a_number_or_one_error(self, kind, text):
        try:
            parsed = self.parse(kind, text)
        except identity.IdentityError as error:
            self.assertIn(error.reason, ('empty', 'masked', 'old', 'shape', 'area', 'birth', 'check'))
        else:
            self.assertEqual(self.parse(kind, parsed.number), parsed, "the one way of writing it stays")

    def test_age(self):
        for birth, day, age in (
            (date(2008, 6, 2), TODAY, 17), (date(2008, 6, 1), TODAY, 18), (date(2008, 2, 29), date(2026, 2, 28), 17),
            (date(2008, 2, 29), date(2026, 3, 1), 18), (TODAY, TODAY, 0),
        ):
            self.assertEqual(identity.age_on(birth, day), age)


class TestMasks(BaseCase):

    def test_examples(self):
        for mask, text, masked in (
            (masks.mask_identity, '110105194912311234', '110***********1234'), (masks.mask_identity, 'E12345678', 'E*****678'),
            (masks.mask_identity, '12345678', '1****678'), (masks.mask_identity, 'AB1234', 'A****4'), (masks.mask_identity, 'A1', '**'),
            (masks.mask_phone, '13800005678', '138****5678'), (masks.mask_phone, '+86 138-0000-5678', '138****5678'),
            (masks.mask_phone, '０１０－８８８８５６７８', '010****5678'), (masks.mask_phone, '12345', '****45'), (masks.mask_phone, 'none', '****'),
            (masks.mask_phone, '', ''), (masks.mask_phone, None, ''), (masks.mask_phone, False, ''),
            (masks.mask_account, '6217 0000 0000 1234 567', '****4567'), (masks.mask_account, '123456', '****56'),
            (masks.mask_account, '1234', '****'), (masks.mask_account, '', ''),
            (masks.mask_name, '张三', '张**'), (masks.mask_name, '欧阳修', '欧**'), (masks.mask_name, ' John Smith', 'J**'), (masks.mask_name, False, ''),
        ):
            with self.subTest(mask=mask.__name__, text=text):
                self.assertEqual(mask(text), masked)

    def test_phones(self):
        for text, number in (
            ('138 0000 5678', '13800005678'), ('+8613800005678', '13800005678'), ('008613800005678', '13800005678'), ('8613800005678', '13800005678'),
            ('(010) 8888-5678', '01088885678'), ('+1 (202) 555-0100', '+12025550100'), ('001 202 555 0100', '+12025550100'), ('12+34567', '1234567'), ('110', ''), ('', ''), (None, ''),
        ):
            self.assertEqual(masks.normalise_phone(text), number, text)

    @given(st.text(string.ascii_uppercase + string.digits, min_size=1, max_size=25))
    def test_half_stays_hidden(self, number):
        masked = masks.mask_identity(number)
        self.assertEqual(len(masked), len(number))
        self.assertGreaterEqual(masked.count('*') * 2, len(number))
        self.assertTrue(all(shown in ('*', char) for shown, char in zip(masked, number, strict=True)))

    @given(st.text(string.digits, min_size=5, max_size=25))
    def test_phones_and_accounts_hide(self, number):
        for mask in (masks.mask_phone, masks.mask_account):
            self.assertIn('****', mask(number))
            self.assertLessEqual(len(mask(number).replace('*', '')), 7)
            self.assertNotEqual(mask(number), number)

    @given(st.text(max_size=30))
    def test_normalised_once(self, text):
        for normalise in (masks.normalise, masks.normalise_phone):
            self.assertEqual(normalise(normalise(text)), normalise(text))
