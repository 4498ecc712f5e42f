"""The State Council's yearly list of holidays and worked weekends, as people type or paste it."""
import re
import unicodedata
from datetime import date, timedelta

_LINE = re.compile(
    r'(?P<first>\d{4}-\d{1,2}-\d{1,2})(?:\s*(?:\.\.|至|到|~)\s*(?P<last>\d{4}-\d{1,2}-\d{1,2}))?'
    r'\s+(?P<what>\S+)(?:\s+(?P<name>.+))?')
_WORKING = {
    **dict.fromkeys(('holiday', 'off', '休', '放假'), False),
    **dict.fromkeys(('working', 'work', 'workday', '班', '上班', '调休', '补班'), True),
}
_LONGEST = timedelta(days=31)


class ListError(ValueError):
    """A line of a list that cannot be read."""

    def __init__(self, number, line):
        super().__init__(f'{number}: {line}')
        self.number = number
        self.line = line


def parse_list(text):
    """Read a list of the days that are not what their weekday says.

    One line for a day or a run of days: ``2025-01-28..2025-02-04 休 春节`` or ``2025-01-26 班``; empty lines
    and what follows a # are left out.

    :return: dict of date → (whether it is worked, name or ``''``)
    :raise ListError: at the first line that cannot be read, or that contradicts an earlier one
    """
    days = {}
    for number, line in enumerate(text.splitlines(), start=1):
        content = unicodedata.normalize('NFKC', line).split('#')[0].strip()
        if not content:
            continue
        match = _LINE.fullmatch(content)
        working = match and _WORKING.get(match['what'].casefold())
        if working is None:
            raise ListError(number, line)
        try:
            first = _date(match['first'])
            last = _date(match['last'] or match['first'])
        except ValueError as error:
            raise ListError(number, line) from error
        if not timedelta(0) <= last - first <= _LONGEST:
            raise ListError(number, line)
        day = first
        while day <= last:
            if day in days and days[day][0] != working:
                raise ListError(number, line)
            days[day] = (working, (match['name'] or '').strip())
            day += timedelta(days=1)
    return days


def _date(text):
    return date(*map(int, text.split('-')))
