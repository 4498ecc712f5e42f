"""Reads the cells of an uploaded .xlsx or .csv file that nobody vouches for.

Only the standard library: a general spreadsheet library took 5 to 6 seconds for 50,000 rows where this takes 3, padded
every row to the last column that anybody ever formatted, refused workbooks for faults in their styles, and lets the
parser of the day decide what a DOCTYPE may do.
"""
import csv
import posixpath
import re
import zipfile
import zlib
from datetime import datetime, timedelta
from io import BytesIO, StringIO
from itertools import islice
from typing import NamedTuple
from xml.etree import ElementTree
from xml.parsers import expat

from .table_error import TableError

MAX_BYTES = 20 * 1024 ** 2
MAX_UNCOMPRESSED = 400 * 1024 ** 2
MAX_PARTS = 10_000
MAX_RATIO = 200
RATIO_FROM = 8 * 1024 ** 2
MAX_TREE = 32 * 1024 ** 2  # of a part that is held as a tree: workbook, relations, styles
MAX_ROWS = 200_000
MAX_COLUMNS = 200
HEAD_ROWS = 50

_OLE = b'\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1'
_ZIP = (b'PK\x03\x04', b'PK\x05\x06')
_TEXT_SUFFIXES = ('.csv', '.tsv', '.txt')
_ESCAPED = re.compile(r'_x(?![dD][89a-fA-F])([0-9A-Fa-f]{4})_')  # but no half of a surrogate pair
_CONTROL = re.compile(r'[\x00-\x08\x0e-\x1f]')
_QUOTED = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.|_.')
# Excel's built-in date and time formats; 27–36 and 50–58 are those of the Chinese and Japanese editions.
_DATE_FORMATS = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}


class Formula(str):
    """The text of a formula, with its equals sign, in place of the cell's value."""

    __slots__ = ()


class Table(NamedTuple):
    """One sheet: `rows[i]` is the sheet's row i + 1; a row is a list of str, int, float, datetime, bool, Formula or
    None, without trailing blanks, so that rows differ in length and an empty row is an empty list."""

    rows: list
    sheet_name: str


def read(data, filename, score):
    """Return the Table of `data` (bytes): of a workbook the first visible sheet whose first rows `score` (a function
    of rows that returns a number) finds recognisable, else the first visible one that is not empty.
    Raise TableError."""
    if not data:
        raise TableError('empty_file')
    if len(data) > MAX_BYTES:
        raise TableError('file_too_large', size=f'{len(data) / 1024 ** 2:.1f}', limit=MAX_BYTES // 1024 ** 2)
    if data.startswith(_OLE):
        encrypted = 'EncryptedPackage'.encode('utf-16-le') in data
        raise TableError('password') if encrypted else TableError('old_format', filename=filename)
    if data.startswith(_ZIP):
        return _read_workbook(data, filename, score)
    if filename.lower().endswith(_TEXT_SUFFIXES):
        return _read_text(data, filename, score)
    raise TableError('not_a_table', filename=filename)


def _filled(text):
    return None if not text or text.isspace() else text


# -- text ------------------------------------------------------------------------------------------------------------

def _read_text(data, filename, score):
    text = _decode(data)
    if text is None or _CONTROL.search(text) or text.startswith('%PDF-'):
        raise TableError('not_a_table', filename=filename)
    heads = {delimiter: list(islice(_text_rows(text, delimiter), HEAD_ROWS)) for delimiter in ',;\t'}
    delimiter = max(heads, key=lambda key: (score(heads[key]), sum(map(len, heads[key]))))
    rows = _collect(enumerate(_text_rows(text, delimiter), 1))
    if not rows:
        raise TableError('empty_sheet')
    return Table(rows, filename)


def _decode(data):
    if data.startswith((b'\xff\xfe', b'\xfe\xff')):
        encodings = ('utf-16',)
    elif b'\0' in data[:4096]:  # the upper halves of delimiters and digits
        encodings = ('utf-16-le' if data[1:4096:2].count(0) > data[:4096:2].count(0) else 'utf-16-be',)
    else:
        encodings = ('utf-8-sig', 'gb18030')
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def _text_rows(text, delimiter):
    try:
        for row in csv.reader(StringIO(text, newline=''), delimiter=delimiter):
            # One cell more than allowed is enough to refuse the row.
            beyond = [cell for cell in row[MAX_COLUMNS:] if cell.strip()][:1]
            yield [_text_cell(cell) for cell in row[:MAX_COLUMNS] + beyond]
    except csv.Error:
        raise TableError('corrupt') from None


def _text_cell(cell):
    if cell.startswith('="') and cell.endswith('"'):  # what programs write so that Excel keeps the leading zeros
        cell = cell[2:-1]
    return _filled(cell)


# -- workbook --------------------------------------------------------------------------------------------------------

def _read_workbook(data, filename, score):
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            workbook = _Workbook(archive, filename)
            candidate = None
            for name, part in workbook.visible_sheets():
                rows = workbook.rows(part)
                if score(rows[:HEAD_ROWS]):
                    return Table(rows, name)
                if rows and not candidate:
                    candidate = Table(rows, name)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, ElementTree.ParseError, expat.ExpatError, EOFError,
            KeyError, IndexError, ValueError, NotImplementedError, OSError, zlib.error):
        raise TableError('corrupt') from None
    if not candidate:
        raise TableError('empty_sheet')
    return candidate


def _collect(numbered_rows):
    """Return the rows as a list without trailing blanks, from pairs (number from 1, cells)."""
    rows = []
    for number, cells in numbered_rows:
        while cells and cells[-1] is None:
            cells.pop()
        if not cells:
            continue
        if number > MAX_ROWS:
            raise TableError('too_many_rows', limit=MAX_ROWS)
        if len(cells) > MAX_COLUMNS:
            raise TableError('too_many_columns', limit=MAX_COLUMNS)
        rows.extend([] for _ in range(number - len(rows)))
        rows[number - 1] = cells
    return rows


class _Workbook:
    """An opened .xlsx archive: its parts are looked at before they are parsed."""

    def __init__(self, archive, filename):
        self.archive = archive
        infos = archive.infolist()
        self.parts = {info.filename.replace('\\', '/').lower(): info for info in infos}
        if any(info.flag_bits & 1 for info in infos):
            raise TableError('password')
        if 'xl/workbook.xml' not in self.parts:
            raise TableError('not_a_workbook', filename=filename)
        if len(infos) > MAX_PARTS or sum(info.file_size for info in infos) > MAX_UNCOMPRESSED or any(
            info.file_size > RATIO_FROM and info.file_size > MAX_RATIO * info.compress_size for info in infos
        ):
            raise TableError('bomb')
        root = self._tree('xl/workbook.xml')
        self.namespace = root.tag.rpartition('}')[0] + '}'
        self.value_tag, self.formula_tag, self.inline_tag = (self.namespace + tag for tag in ('v', 'f', 'is'))
        properties = root.find(self.namespace + 'workbookPr')
        since_1904 = properties is not None and properties.get('date1904') in ('1', 'true')
        self.epoch = datetime(1904, 1, 1) if since_1904 else datetime(1899, 12, 30)
        self.sheets = [
            (sheet.get('name'), next((value for key, value in sheet.attrib.items() if key.endswith('}id')), None))
            for sheet in root.iter(self.namespace + 'sheet')
            if sheet.get('state', 'visible') == 'visible'
        ]
        self.targets = {}
        self.strings = []
        self.date_styles = set()
        for relation in self._tree('xl/_rels/workbook.xml.rels'):
            part = posixpath.normpath(posixpath.join('/xl', relation.get('Target', ''))).lstrip('/').lower()
            kind = relation.get('Type', '').rpartition('/')[2]
            if kind == 'worksheet':
                self.targets[relation.get('Id')] = part
            elif kind == 'sharedStrings' and part in self.parts:
                self.strings = list(self._strings(part))
            elif kind == 'styles' and part in self.parts:
                self.date_styles = self._date_styles(self._tree(part))

    def visible_sheets(self):
        sheets = [(name, self.targets[key]) for name, key in self.sheets if key in self.targets]
        if not sheets:
            raise TableError('no_sheet')
        return sheets

    def rows(self, part):
        return _collect(self._numbered_rows(part))

    def _check(self, part):
        """Unpack the part once without keeping it. The archive module stops at the size that the directory claims and
        then compares the checksum, so that a part which claims less than it holds ends here; only these two methods
        of compression are unpacked piece by piece."""
        if self.parts[part].compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise TableError('corrupt')
        parser = expat.ParserCreate()
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        with self.archive.open(self.parts[part]) as stream:
            parser.ParseFile(stream)

    @staticmethod
    def _refuse_doctype(*_args):
        raise TableError('unsafe_xml')

    def _tree(self, part):
        if self.parts[part].file_size > MAX_TREE:
            raise TableError('bomb')
        self._check(part)
        with self.archive.open(self.parts[part]) as stream:
            return ElementTree.parse(stream).getroot()

    def _strings(self, part):
        self._check(part)
        with self.archive.open(self.parts[part]) as stream:
            for _event, element in ElementTree.iterparse(stream):
                if element.tag == self.namespace + 'si':
                    yield _filled(self._text(element))
                    element.clear()

    def _text(self, item):
        """Return the text of a plain or rich string; phonetic guides (rPh) are not part of it."""
        text_tag = self.namespace + 't'
        if len(item) == 1 and item[0].tag == text_tag:
            text = item[0].text or ''
        else:
            parts = (text_tag, self.namespace + 'r')
            text = ''.join(node.text or '' for child in item if child.tag in parts for node in child.iter(text_tag))
        return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if '_x' in text else text

    def _date_styles(self, root):
        """Return the numbers (as text) of the cell styles that show a number as a date or a time."""
        tag = self.namespace
        custom = {
            node.get('numFmtId')
            for node in root.iter(tag + 'numFmt')
            if re.search('[dmyhs]', _QUOTED.sub('', node.get('formatCode', '')).lower().replace('general', ''))
        }
        formats = root.find(tag + 'cellXfs')
        return {
            str(index)
            for index, style in enumerate(formats if formats is not None else ())
            if style.get('numFmtId') in custom or int(style.get('numFmtId') or 0) in _DATE_FORMATS
        }

    def _numbered_rows(self, part):
        """Yield (row number, cells) of the rows as they come; the sheet's own word on its size is not asked."""
        self._check(part)
        row_tag, cell_tag = self.namespace + 'row', self.namespace + 'c'
        columns = {}
        number = 0
        with self.archive.open(self.parts[part]) as stream:
            for _event, element in ElementTree.iterparse(stream):
                if element.tag != row_tag:
                    continue
                number = int(element.get('r') or number + 1)
                if number < 1:
                    raise TableError('corrupt')
                cells = []
                column = -1
                for cell in element:
                    if cell.tag != cell_tag:
                        continue
                    letters = (cell.get('r') or '').rstrip('0123456789')
                    if not letters:
                        column += 1
                    elif letters in columns:
                        column = columns[letters]
                    else:
                        column = columns[letters] = _column_index(letters)
                    value = self._value(cell)
                    if value is None:
                        continue
                    if column >= MAX_COLUMNS:
                        raise TableError('too_many_columns', limit=MAX_COLUMNS)
                    if column > len(cells):
                        cells.extend([None] * (column - len(cells)))
                    cells[column:column + 1] = [value]
                element.clear()
                yield number, cells

    def _value(self, cell):
        text = None
        for child in cell:
            tag = child.tag
            if tag == self.value_tag:
                text = child.text
            elif tag == self.formula_tag:
                return Formula('=' + (child.text or ''))
            elif tag == self.inline_tag:
                text = self._text(child)
        if not text:
            return None
        kind = cell.get('t', 'n')
        if kind == 'n':
            return self._number(text, cell.get('s'))
        if kind == 's':
            return self.strings[int(text)]
        if kind == 'b':
            return text == '1'
        if kind == 'd':
            return _iso_date(text)
        return _filled(text)

    def _number(self, text, style):
        number = float(text)
        if style in self.date_styles:
            try:
                return self.epoch + timedelta(days=number)
            except (OverflowError, ValueError):
                return '#VALUE!'
        return int(number) if number.is_integer() and abs(number) < 1e15 else number


def _iso_date(text):
    try:
        return datetime.fromisoformat(text)
    except ValueError:  # a time of day, a duration
        return text


def _column_index(letters):
    """Return the index from 0 of a column called A … XFD."""
    if len(letters) > 3 or not (letters.isascii() and letters.isalpha()):
        raise TableError('corrupt')
    index = 0
    for letter in letters.upper():
        index = index * 26 + ord(letter) - 64
    return index - 1
