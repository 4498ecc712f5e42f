"""What of a personal number may be seen, and the one way of writing it. No ORM."""
import re
import unicodedata

STAR = '*'


def normalise(text):
    """:return: the number in the one way of writing it: half-width, capital letters, no blanks and hyphens"""
    text = unicodedata.normalize('NFKC', str(text or '')).upper()
    return unicodedata.normalize('NFKC', re.sub(r'[\s\-‐-―·.]', '', text))


def normalise_phone(text):
    """:return: digits of a telephone number, without China's own prefix and with a + before another country's; '' for none"""
    text = re.sub(r'[^\d+]', '', unicodedata.normalize('NFKC', str(text or '')))
    if text.startswith('00'):
        text = f'+{text[2:]}'
    text = text[:1] + text[1:].replace('+', '')
    if re.fullmatch(r'\+86\d+|86(1\d{10})', text):
        text = text.removeprefix('+').removeprefix('86')
    return text if len(text) > 4 else ''


def _keep(text, first, last):
    return text[:first] + STAR * (len(text) - first - last) + text[len(text) - last:]


def mask_identity(number):
    """First three and last four characters of a long number; fewer of a short one, of which half stays hidden at least."""
    if len(number) >= 15:
        return _keep(number, 3, 4)
    if len(number) >= 8:
        return _keep(number, 1, 3)
    return _keep(number, 1, 1) if len(number) > 3 else STAR * len(number)


def mask_phone(text):
    """138****5678; of a short number the last two."""
    number = normalise_phone(text)
    if not number:
        return STAR * 4 if text else ''
    if len(number) < 10:
        return STAR * 4 + number[-2:]
    # As many stars as digits would give away the country of a foreign number; four look like what people know.
    return number[:3] + STAR * 4 + number[-4:]


def mask_account(text):
    """The last four of a bank account; of a short one the last two."""
    number = normalise(text)
    if not number:
        return ''
    return STAR * 4 + number[-4 if len(number) >= 10 else -2:] if len(number) > 4 else STAR * 4


def mask_name(text):
    """The first character of a name: 张**."""
    text = (text or '').strip()
    return text[:1] + STAR * 2 if text else ''
