"""What people type for a parameter, and what calculations get: no float on the way."""
import re
import unicodedata
from decimal import Decimal

_WORDS = {
    **dict.fromkeys(('1', 'true', 'yes', '是'), 'true'),
    **dict.fromkeys(('0', 'false', 'no', '否'), 'false'),
}
_NUMBER = re.compile(r'[+-]?\d+(\.\d+)?|[+-]?\d{1,3}(,\d{3})+(\.\d+)?')


def normalise(kind, text):
    """The one way of writing a value of ``kind``.

    Full-width digits, thousands' commas and a percent sign are understood.

    :return: the text to store: an integer, a decimal, a percentage without its sign, ``true`` or ``false``, or the text
    :raise ValueError: where the text is no value of that kind
    """
    text = unicodedata.normalize('NFKC', str(text or '')).strip()
    if kind == 'text':
        if not text:
            raise ValueError(text)
        return text
    if kind == 'boolean':
        if text.casefold() not in _WORDS:
            raise ValueError(text)
        return _WORDS[text.casefold()]
    if kind == 'percent':
        text = text.removesuffix('%').strip()
    if not _NUMBER.fullmatch(text):
        raise ValueError(text)
    number = Decimal(text.replace(',', ''))
    if kind == 'integer':
        if number != number.to_integral_value():
            raise ValueError(text)
        return str(int(number))
    # Not normalize(), which writes 100 as 1E+2.
    text = f'{number:f}'
    if '.' in text:
        text = text.rstrip('0').rstrip('.')
    return '0' if text in ('-0', '+0') else text


def parse(kind, text):
    """:return: the int, Decimal, str or bool that a stored text stands for; a percentage as a fraction (5 % is 0.05)"""
    if kind == 'integer':
        return int(text)
    if kind == 'decimal':
        return Decimal(text)
    if kind == 'percent':
        return Decimal(text) / 100
    if kind == 'boolean':
        return text == 'true'
    return text
