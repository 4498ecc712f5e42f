"""Identity papers of persons and companies in China: what their numbers look like, and what follows from them. No ORM."""
import re
from dataclasses import dataclass
from datetime import date

from .masks import normalise

# GB 11643-1999: weights and check characters of the 18-digit number.
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECK = '10X98765432'
# GB/T 2260: the provinces of the mainland. Numbers of persons name a county, so "0000" after a province is nobody's.
_PROVINCES = frozenset(
    '11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65'.split())
# GB 32100-2015: its alphabet leaves out the letters that look like digits.
_CREDIT_ALPHABET = '0123456789ABCDEFGHJKLMNPQRTUWXY'
_CREDIT_WEIGHTS = tuple(3 ** index % 31 for index in range(17))
_FIRST_BIRTH = date(1900, 1, 1)

#: Shapes of the numbers that have no more to them than their shape.
_SHAPES = {
    'passport': r'(?=.*\d)[A-Z0-9]{5,17}',
    # The letter says Hong Kong or Macau; cards before 2013 have two more digits for the issue.
    'hk_macau_permit': r'[HM]\d{8}(\d{2})?',
    # Cards have 8 digits, the booklets before 2015 ten and a letter.
    'taiwan_permit': r'\d{8}|\d{10}[A-Z]?',
}
KINDS = (
    'mainland_id', 'passport', 'hk_macau_permit', 'taiwan_permit', 'residence_permit', 'foreign_permanent',
    'credit_code', 'business_licence')
#: Kinds that persons have; the others are of companies.
PERSONAL = KINDS[:6]
#: Kinds whose holders are Chinese citizens.
CHINESE = ('mainland_id', 'hk_macau_permit', 'taiwan_permit', 'residence_permit')


class IdentityError(ValueError):
    """A number that is none of its kind; ``reason`` says why, and the number itself is not in the error.

    Reasons: ``empty``, ``masked``, ``old``, ``shape``, ``area``, ``birth``, ``check``.
    """

    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Identity:
    """A number in the one way of writing it, and what it says of its holder (None where it says nothing)."""

    number: str
    birth_date: date | None = None
    sex: str | None = None


def parse(kind, text, today):
    """Check a number and read what it says.

    :param str kind: one of :data:`KINDS`
    :param str text: as typed: full-width characters, blanks, hyphens and small letters are understood
    :param date today: nobody is born after it
    :rtype: Identity
    :raise IdentityError: where it is no number of that kind
    """
    number = normalise(text)
    if not number:
        raise IdentityError('empty')
    if '*' in number:
        raise IdentityError('masked')
    if kind in ('mainland_id', 'residence_permit'):
        return _parse_id(kind, number, today)
    if kind == 'foreign_permanent':
        # The card of 2023 has the shape of a resident's number behind a 9, the one before it a country and 12 digits.
        if number.startswith('9'):
            return _parse_id(kind, number, today)
        _match(r'[A-Z]{3}\d{12}', number)
    elif kind == 'credit_code':
        _match(f'[{_CREDIT_ALPHABET}]{{18}}', number)
        if credit_check_char(number[:17]) != number[17]:
            raise IdentityError('check')
    elif kind == 'business_licence':
        _match(r'\d{15}', number)
        if licence_check_digit(number[:14]) != number[14]:
            raise IdentityError('check')
    else:
        _match(_SHAPES[kind], number)
    return Identity(number)


def _match(pattern, number):
    if not re.fullmatch(pattern, number):
        raise IdentityError('shape')


def _parse_id(kind, number, today):
    if re.fullmatch(r'\d{15}', number):
        raise IdentityError('old')
    _match(r'\d{17}[\dX]', number)
    areas = {'residence_permit': ('81', '82', '83'), 'mainland_id': _PROVINCES}.get(kind)
    if areas and number[:2] not in areas:
        raise IdentityError('area')
    try:
        birth = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError as error:
        raise IdentityError('birth') from error
    if not _FIRST_BIRTH <= birth <= today:
        raise IdentityError('birth')
    if id_check_char(number[:17]) != number[17]:
        raise IdentityError('check')
    return Identity(number, birth, 'male' if int(number[16]) % 2 else 'female')


def id_check_char(digits):
    """:return: the 18th character that belongs to the first 17 digits of a resident's number (GB 11643)"""
    return _ID_CHECK[sum(int(digit) * weight for digit, weight in zip(digits, _ID_WEIGHTS, strict=True)) % 11]


def credit_check_char(code):
    """:return: the 18th character that belongs to the first 17 of a unified social credit code (GB 32100)"""
    total = sum(_CREDIT_ALPHABET.index(char) * weight for char, weight in zip(code, _CREDIT_WEIGHTS, strict=True))
    return _CREDIT_ALPHABET[-total % 31]


def licence_check_digit(digits):
    """:return: the 15th digit that belongs to the first 14 of a business licence (GS 15-2006: ISO 7064, MOD 11,10)"""
    product = 10
    for digit in digits:
        product = ((product + int(digit)) % 10 or 10) * 2 % 11
    return str((11 - product) % 10)


def age_on(birth, day):
    """:return: the full years that somebody born on ``birth`` has completed on ``day``"""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
