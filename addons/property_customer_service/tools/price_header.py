"""Finds the header of a price table, guesses what its columns mean, and reads the title above it."""
import re
from datetime import date, datetime
from typing import NamedTuple

from .price_fields import ALIASES, FIELDS, INVISIBLE, MAX_HEADING, MEASURED, bare_header, normalise_header
from .sheet_reader import HEAD_ROWS
from .table_error import TableError

MIN_HEADER_FIELDS = 3
MAX_TITLE = 500


class Column(NamedTuple):
    """A heading: `index` of the column from 0, its `text` with the group's text before it, and the two apart."""

    index: int
    text: str
    group: str = ''
    name: str = ''


class Header(NamedTuple):
    """`top` and `bottom`: indexes of the header's first and last row in the list of rows."""

    top: int
    bottom: int
    columns: list


def find_header(rows):
    """Return the Header among the first rows: the row, or two rows with groups above names, that name the most fields,
    the room's number among them. Raise TableError('no_header')."""
    header, _score = _best_header(rows)
    if not header:
        raise TableError('no_header', limit=HEAD_ROWS)
    return header


def header_score(rows):
    return _best_header(rows)[1]


def _best_header(rows):
    """Return (Header, number of fields it names), or (None, 0)."""
    best, best_score = None, MIN_HEADER_FIELDS - 1
    for top in range(min(len(rows), HEAD_ROWS)):
        for bottom in range(top, min(top + 2, len(rows))):
            header = Header(top, bottom, _columns(rows[top], rows[bottom] if bottom > top else None))
            fields = set(guess_mapping(header).values())
            # One row that says as much goes before two: the other is a title above it.
            if 'room' in fields and (len(fields), top - bottom) > (best_score, best.top - best.bottom if best else 0):
                best, best_score = header, len(fields)
    return best, best_score if best else 0


def _columns(upper, lower):
    """Return the Columns of a header of one row (`lower` None) or two, where a group's text stands only above its
    first name, as it does in merged cells."""
    columns = []
    group = ''
    for index in range(max(len(upper), len(lower or ()))):
        above, below = (_heading(row[index]) if row and index < len(row) else '' for row in (upper, lower))
        if above:
            group = above
        elif not below:
            group = ''
        if below and group:
            columns.append(Column(index, f'{group} {below}', group, below))
        elif below or above:
            columns.append(Column(index, below or above, '', below or above))
    return columns


def _heading(value):
    return ' '.join(value.split()) if isinstance(value, str) and len(value) <= MAX_HEADING else ''


def guess_mapping(header, remembered=None):
    """Return {column index: field key}, each field at most once. `remembered` is {normalised heading: key} from
    earlier imports and wins; an empty key there leaves the column out."""
    remembered = remembered or {}
    ranked = []
    for column in header.columns:
        key = remembered.get(normalise_header(column.text))
        if key in FIELDS:
            ranked.append((0, column.index, key))
        elif key is None or key:
            ranked.extend((rank, column.index, key) for rank, key in _guesses(column))
    mapping = {}
    for _rank, index, key in sorted(ranked):
        if index not in mapping and key not in mapping.values():
            mapping[index] = key
    return dict(sorted(mapping.items()))


def _guesses(column):
    """Yield (rank, key), the surest first: the whole heading, the name alone, the name without its brackets."""
    group, name = normalise_header(column.group), normalise_header(column.name)
    for rank, text in enumerate((group + name, name + group, name, bare_header(column.name)), 1):
        key = ALIASES.get(text)
        if key and rank > 2:
            if '实测' in group or 'measured' in group or 'actual' in group:
                key = MEASURED.get(key, key)
            elif '底价' in group or 'floorprice' in group:
                key = {'total_price': 'floor_price'}.get(key)
        if key:
            yield rank, key


_TITLE_LABELS = {
    'project': '项目名称|楼盘名称|项目|楼盘|project name|project',
    'developer': '开发企业名称|开发企业|开发单位|开发商|建设单位|企业名称|申报单位|developer',
    'permit': '预售许可证号|预售许可证编号|预售许可证|预售证号|许可证号|permit number|permit no\\.?|permit',
    'permit_date': '发证日期|发证时间|颁发日期|date of issue|issue date',
    'filing_date': '填报日期|填表日期|申报日期|备案日期|填报时间|制表日期|filing date|date of filing',
}
_ANY_LABEL = '|'.join(_TITLE_LABELS.values())
_TITLE_ITEM = {
    key: re.compile(rf'(?:^|\s)(?:{labels})\s*:\s*(\S.*?)(?=\s+(?:{_ANY_LABEL})\s*:|\s{{2,}}|$)', re.IGNORECASE)
    for key, labels in _TITLE_LABELS.items()
}
_LABEL = re.compile(rf'(?:{_ANY_LABEL})', re.IGNORECASE)
_DOCUMENT_NAME = re.compile(
    r'\s*(?:新建)?(?:商品房|商品住房|住宅|房屋|房源)?(?:预售|销售|现售)?(?:价格|价目|一房一价|备案|明码标价|公示).*$')
_TITLE_CHARACTERS = str.maketrans({'：': ':', '\u3000': '  ', '\n': '  ', **dict.fromkeys(map(chr, INVISIBLE))})
_DATE = re.compile(r'(\d{4})\s*[年./-]\s*(\d{1,2})\s*[月./-]\s*(\d{1,2})')


def read_title(rows, header):
    """Return what the rows above the header say, of: project, developer, permit (text), permit_date, filing_date
    (date). What is not there has no key."""
    lines = [_title_line(row) for row in rows[:header.top]]
    title = {}
    for key, pattern in _TITLE_ITEM.items():
        value = next((match[1].strip() for line in lines if (match := pattern.search(line))), None)
        if value and key.endswith('_date'):
            value = _date(value)
        if value:
            title[key] = value
    if 'project' not in title:
        name = next((_DOCUMENT_NAME.sub('', line) for line in lines if line and ':' not in line), '')
        if name.strip():
            title['project'] = name.strip()
    return title


def _title_line(row):
    """Return a row's cells as one text in which two spaces separate them and each label has its colon."""
    cells = []
    for value in row:
        if value is not None:
            shown = value.date() if isinstance(value, datetime) else value
            text = str(shown)[:MAX_TITLE].translate(_TITLE_CHARACTERS).strip()
            cells.append(f'{text}:' if _LABEL.fullmatch(text) else text)
    return '  '.join(cells)


def _date(text):
    match = _DATE.search(text)
    try:
        return date(*map(int, match.groups())) if match else None
    except ValueError:
        return None
