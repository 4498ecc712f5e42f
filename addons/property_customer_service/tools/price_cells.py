"""Turns the cells of a price table into typed values, or says what is wrong with them."""
import re
import unicodedata
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache, partial

from .price_fields import CODES, clean, round_half_up, squeeze
from .sheet_reader import Formula

MAX_NUMBER = Decimal('9999999999.99')
MIN_FLOOR, MAX_FLOOR = -20, 200
MAX_TEXT = 1000  # no column takes as much; what is longer is not even looked at


class CellFault(Exception):
    """A cell's value cannot be what its column says."""

    def __init__(self, code, **params):
        super().__init__(code)
        self.code = code
        self.params = params


_NUMBER = r'([+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)'
TYPED_NUMBER = {
    'area': re.compile(rf'{_NUMBER}\s*(?:m2|平方米|平米|平方|sqm)?'),
    'money': re.compile(
        rf'(?:[¥$]|rmb|cny|人民币)?\s*{_NUMBER}\s*(?:元|cny|rmb)?(?:/(?:m2|平方米|平米|套|个|sqm))?(?:整)?'),
}
_WHOLE = re.compile(r'[+-]?\d{1,9}')
_CHINESE_DIGITS = {digit: number for number, digit in enumerate('零一二三四五六七八九')} | {'两': 2, '〇': 0}
_COUNT = r'(\d{1,3}|[零〇一二两三四五六七八九十]{1,3})'
_FLOOR = re.compile(rf'(负|地下|b|-|地上|第)?{_COUNT}(?:层|楼|f)?')
_FLOOR_BELOW = {'负', '地下', 'b', '-'}
# What people type into a cell to which nothing applies.
BLANK_MARKS = {'/', '\\', '-', '--', '—', '——', '―', '–', '无', 'n/a', 'N/A'}
CELL_ERRORS = {'#REF!', '#N/A', '#VALUE!', '#DIV/0!', '#NAME?', '#NULL!', '#NUM!', '#SPILL!', '#CALC!', '#GETTING_DATA'}


def _plain_text(value):
    """Return the text of a cell ('' for a blank one); raise CellFault for what Excel made of it."""
    if value is None:
        return ''
    if isinstance(value, Formula):
        raise CellFault('formula', value=str(value)[:64])
    if isinstance(value, str):
        if len(value) > MAX_TEXT:
            raise CellFault('too_long', length=len(value), limit=MAX_TEXT)
        text = clean(value)
        if text in CELL_ERRORS:
            raise CellFault('cell_error', value=text)
        return text
    if isinstance(value, date | time | timedelta):
        shown = value.date() if isinstance(value, datetime) and value.time() == time() else value
        raise CellFault('date', value=str(shown))
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value)


def to_text(value, size):
    """Return the text, '' where a mark says that nothing applies, None where the cell is blank."""
    text = _plain_text(value)
    if not text:
        return None
    if text in BLANK_MARKS:
        return ''
    if len(text) > size:
        raise CellFault('too_long', length=len(text), limit=size)
    return text


@lru_cache(maxsize=8192, typed=True)  # typed: True and 1.0 are not the same cell
def to_number(value, kind):
    """Return the Decimal with two places, or None; a float counts as what a person sees, its shortest decimal form."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        number = Decimal(repr(value))
        if not number.is_finite():
            raise CellFault('not_a_number', value=str(value))
    elif isinstance(value, Decimal) and value.is_finite():
        number = value
    else:
        text = _plain_text(value)
        if not text or text in BLANK_MARKS:
            return None
        match = TYPED_NUMBER[kind].fullmatch(unicodedata.normalize('NFKC', text).lower())
        if not match:
            raise CellFault('not_a_number', value=text[:64])
        number = Decimal(match[1].replace(',', ''))
    if abs(number) > MAX_NUMBER:
        raise CellFault('too_large', value=f'{number:.6g}', limit=MAX_NUMBER)
    return round_half_up(number)


def _to_floor(value):
    """Return the floor's number, below ground negative: 12, "12F", "三层", "B1", "-1", "地下一层"."""
    text = _plain_text(value)
    if not text or text in BLANK_MARKS:
        return None
    floor = _floor_of(text.lower())
    if floor is None:
        raise CellFault('not_a_floor', value=text[:64])
    return floor


@lru_cache(maxsize=1024)
def _floor_of(text):
    if text in ('首层', '底层'):
        return 1
    match = _FLOOR.fullmatch(text.replace(' ', ''))
    if not match:
        return None
    floor = _count(match[2])
    if match[1] in _FLOOR_BELOW:
        floor = -floor
    return floor if MIN_FLOOR <= floor <= MAX_FLOOR else None


def _count(text):
    """Return the number below a hundred that Chinese or Arabic digits write."""
    if text.isdigit():
        return int(text)
    tens, ten, ones = text.rpartition('十')
    units = int(''.join(str(_CHINESE_DIGITS.get(digit, 0)) for digit in ones) or 0)
    return (_count(tens) if tens else 1) * 10 + units if ten else units


def _to_integer(value):
    """Return the whole number, or None for anything else: only the sequence, which identifies nothing."""
    try:
        text = _plain_text(value)
    except CellFault:
        return None
    return int(text) if _WHOLE.fullmatch(text) else None


def _to_code(kind):
    codes = CODES[kind]

    def convert(value):
        text = _plain_text(value)
        if not text or text in BLANK_MARKS:
            return None
        code = codes.get(text) or codes.get(squeeze(text))
        if not code:
            raise CellFault(f'unknown_{kind}', value=text[:64])
        return code
    return convert


CONVERTERS = {
    'integer': _to_integer,
    'floor': _to_floor,
    'area': partial(to_number, kind='area'),
    'money': partial(to_number, kind='money'),
    **{kind: _to_code(kind) for kind in CODES},
}

_LAYOUT_ROOMS = re.compile(rf'{_COUNT}\s*[室房].*')
_LAYOUT_COUNTS = {
    'bedrooms': re.compile(rf'{_COUNT}\s*[室房]'),
    'halls': re.compile(rf'{_COUNT}\s*厅'),
    'baths': re.compile(rf'{_COUNT}\s*卫'),
}


@lru_cache(maxsize=1024)
def layout_parts(text):
    """Return layout_code, layout_rooms, bedrooms, halls and baths of "A1 3室2厅2卫", "三房两厅", "SP 商铺" or "A1"."""
    if not text:
        return {}
    match = _LAYOUT_ROOMS.search(text)
    if match:
        code, rooms = text[:match.start()], match[0]
    else:
        code, _space, rooms = text.partition(' ')
    parts = {key: _count(found[1]) for key, pattern in _LAYOUT_COUNTS.items() if (found := pattern.search(rooms))}
    code = re.sub(r'户?型$', '', code.strip(' ()（）-—,，:：'))
    return {'layout_code': code or None, 'layout_rooms': rooms.strip(' ()（）') or None, **parts}
