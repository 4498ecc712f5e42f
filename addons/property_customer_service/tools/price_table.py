"""The price filing table of a presale, one price per unit (一房一价): reading, checking and writing it.

Areas are in ㎡ and money in yuan, both Decimal with two places; no value is a float. Of Odoo only the marking of
terms for translation is used here.

    table = read_table(data, filename)
    header = find_header(table.rows)
    mapping = guess_mapping(header, remembered)
    result = parse(table.rows, header, mapping)
    write_table(stream, read_title(table.rows, header), result.records)
"""
import math
import re
import unicodedata
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

import xlsxwriter

from odoo.tools.translate import LazyTranslate

from . import sheet_reader
from .sheet_reader import Formula
from .table_error import MESSAGES, TableError

__all__ = [
    'FIELDS', 'MESSAGES', 'Column', 'Fault', 'FieldSpec', 'Formula', 'Header', 'Record', 'Result', 'Skipped',
    'TableError', 'find_header', 'guess_mapping', 'normalise_header', 'parse', 'read_table', 'read_title',
    'round_half_up', 'write_table',
]

CENT = Decimal('0.01')
MAX_NUMBER = Decimal('9999999999.99')
MIN_FLOOR, MAX_FLOOR = -20, 200
MIN_HEADER_FIELDS = 3

_lt = LazyTranslate(__name__, default_lang='en_US')


# -- fields ------------------------------------------------------------------------------------------------------------

class FieldSpec(NamedTuple):
    """A column that a price table may have.

    `kind`: text, integer, floor, area, money, usage, orientation or pricing_mode. `required`: no unit without it.
    `label`: name for the screen, translated where it is shown. `caption` and `width`: heading and width (in
    characters) when written. `aliases`: normalised headings that mean this field. `size`: longest text.
    """

    kind: str
    label: str
    caption: str
    width: int
    aliases: frozenset
    required: bool = False
    size: int = 64


_BRACKETED_UNIT = re.compile(
    r'[(\[【]\s*(?:单位)?:?\s*(?:(?:人民币)?元|rmb|cny|yuan)?\s*(?:[/每]|per)?\s*'
    r'(?:m2|平方米|平米|平方|sq\.?\s?m\.?|套|个|unit)?\s*[)\]】]')
_TRAILING_UNIT = re.compile(r'(?<=[价额款])元(?:/?m2|/?平方米|/套)?$|(?<=[面积积])(?:m2|平方米)$')
_BRACKETS = re.compile(r'[(\[【].*?[)\]】]')


def normalise_header(text):
    """Return a heading's comparable form: half-width, lower case, without spaces, brackets, punctuation and units.
    万元 is kept, since a column in ten thousands must not pass for one in yuan."""
    text = unicodedata.normalize('NFKC', str(text)).lower()
    text = re.sub(r'\s+', '', _BRACKETED_UNIT.sub('', text))
    return re.sub(r'[\W_]+', '', _TRAILING_UNIT.sub('', text))


def _spec(kind, label, caption, width, aliases, **options):
    names = (caption, *(name.strip() for name in aliases.split(',')))
    return FieldSpec(kind, label, caption, width, frozenset(filter(None, map(normalise_header, names))), **options)


FIELDS = {
    'sequence': _spec('integer', _lt("Sequence"), '序号', 6, '编号, 项次, sequence, no, seq, serial, serial no'),
    'building': _spec(
        'text', _lt("Building"), '楼栋', 10,
        '栋号, 栋, 幢, 幢号, 楼号, 楼栋号, 楼幢, 楼幢号, 楼宇, 楼座, 座栋, 楼栋名称, 所在楼栋, 楼名, '
        'building, building no, building name, block, tower', required=True),
    'stair': _spec('text', _lt("Stair"), '单元', 8, '单元号, 单元名称, 梯号, stair, staircase, entrance, core'),
    'floor': _spec(
        'floor', _lt("Floor"), '楼层', 6, '层, 层次, 层号, 所在层, 所在楼层, 楼层号, 自然层, floor, floor no, storey, story, level'),
    'room': _spec(
        'text', _lt("Room"), '房号', 8,
        '室号, 室, 房间号, 房间, 房屋号, 房屋编号, 户号, 户室号, 门牌号, 铺号, 商铺号, 车位号, 车位编号, '
        '房号/车位号, 房号/铺号, room, room no, room number, unit, unit no, unit number, apartment, apartment no',
        required=True),
    'layout': _spec(
        'text', _lt("Layout"), '户型', 16, '房型, 室型, 户型名称, 户型结构, 房屋户型, layout, unit type, apartment type, house type'),
    'usage': _spec(
        'usage', _lt("Usage"), '用途', 8,
        '房屋用途, 规划用途, 设计用途, 使用性质, 房屋性质, 房屋类型, 房屋类别, 物业类型, 产品类型, 业态, '
        'usage, use, purpose, property type'),
    'orientation': _spec('orientation', _lt("Orientation"), '朝向', 8, '房屋朝向, 方位, 方向, orientation, facing, aspect'),
    'pricing_mode': _spec(
        'pricing_mode', _lt("Pricing mode"), '计价方式', 14, '计价模式, 销售计价方式, 计价依据, pricing mode, pricing, price basis'),
    'gross_area': _spec(
        'area', _lt("Gross area"), '预测建筑面积', 13,
        '建筑面积, 建面, 预测面积, 预售面积, 预售建筑面积, 暂测建筑面积, 房屋建筑面积, 建筑面积(预测), 销售面积, 面积, '
        'gross area, gross floor area, gfa, built area, built-up area, area'),
    'inside_area': _spec(
        'area', _lt("Inside area"), '套内建筑面积', 13,
        '套内面积, 套内, 预测套内建筑面积, 预测套内面积, 暂测套内建筑面积, 套内建筑面积(预测), 套内面积(预测), '
        '面积(套内), inside area, net area, internal area, carpet area'),
    'shared_area': _spec(
        'area', _lt("Apportioned area"), '分摊面积', 10,
        '公摊面积, 公摊, 分摊, 分摊建筑面积, 公用分摊面积, 共有分摊面积, 分摊共有建筑面积, 分摊的共有建筑面积, '
        '公用分摊建筑面积, 预测分摊面积, 预测公摊面积, 分摊面积(预测), apportioned area, shared area, common area'),
    'measured_gross_area': _spec(
        'area', _lt("Measured gross area"), '实测建筑面积', 13,
        '实测面积, 建筑面积(实测), 实测建面, measured gross area, measured area, actual area, actual gross area'),
    'measured_inside_area': _spec(
        'area', _lt("Measured inside area"), '实测套内建筑面积', 16,
        '实测套内面积, 实测套内, 套内建筑面积(实测), 套内面积(实测), measured inside area, actual inside area'),
    'measured_shared_area': _spec(
        'area', _lt("Measured apportioned area"), '实测分摊面积', 13,
        '实测公摊面积, 实测分摊, 分摊面积(实测), 公摊面积(实测), measured apportioned area, measured shared area, actual shared area'),
    'unit_price': _spec(
        'money', _lt("Unit price"), '单价（元/㎡）', 13,
        '备案单价, 销售单价, 申报单价, 拟售单价, 毛坯单价, 建筑面积单价, 建筑单价, 建面单价, 套内面积单价, '
        '套内建筑面积单价, 套内单价, 单位价格, price/m2, price per m2, unit price, price per sqm'),
    'total_price': _spec(
        'money', _lt("Total price"), '总价（元）', 16,
        '备案总价, 表价, 总价款, 总房价, 总房价款, 房屋总价, 销售总价, 申报总价, 拟售总价, 价格, 售价, 备案价, 备案价格, '
        'total price, total, list price, price, amount'),
    'floor_price': _spec(
        'money', _lt("Floor price"), '底价（元）', 16,
        '销售底价, 底价总价, 总价底价, 最低价, 最低总价, floor price, reserve price, minimum price, bottom price'),
    'note': _spec('text', _lt("Note"), '备注', 10, '说明, 备考, note, notes, remark, remarks, comment, comments', size=255),
}

_ALIASES = {alias: key for key, spec in FIELDS.items() for alias in spec.aliases}
_MEASURED = {
    'gross_area': 'measured_gross_area',
    'inside_area': 'measured_inside_area',
    'shared_area': 'measured_shared_area',
}
_AREAS = (tuple(_MEASURED), tuple(_MEASURED.values()))


def _spellings(text):
    """Return {spelling: code} of lines `code: spelling, spelling …`; the code is a spelling of itself."""
    return {
        _squeeze(spelling): code
        for code, _colon, names in (line.partition(':') for line in text.strip().splitlines())
        for spelling in (code, *names.split(','))
    }


def _squeeze(text):
    """Return a text's form for comparison: half-width, lower case, letters and digits only."""
    return re.sub(r'[\W_]+', '', unicodedata.normalize('NFKC', text).lower())


_CODES = {
    'usage': _spellings("""
residential:住宅,普通住宅,商品住宅,成套住宅,高层住宅,小高层,多层住宅,洋房,别墅,公寓,居住,住房,apartment,house,villa,dwelling,home
shop:商业,商铺,店铺,店面,门面,门面房,底商,铺位,商业服务,商业用房,商业用途,商业网点,商业服务网点,网点,营业用房,retail,commercial,store
office:办公,办公用房,办公楼,写字楼,商务办公,商业办公,offices
parking:车位,车库,停车位,停车,地下车位,地下车库,地上车位,机动车位,机动车停车位,产权车位,人防车位,parking space,parking place,parking lot,garage,carport,car park
storage:储藏室,储藏间,储藏,储物间,仓储,仓库,地下室,杂物间,杂物房,自行车库,非机动车库,storeroom,cellar,warehouse
other:其他,其它,配套,配套用房,公建,公建配套,公共配套,公共服务,物业用房,物业管理用房,社区用房,幼儿园,会所,others
"""),
    'orientation': _spellings("""
south:南,朝南,正南,南向,s
north:北,朝北,正北,北向,n
east:东,朝东,正东,东向,e
west:西,朝西,正西,西向,w
southeast:东南,南东,朝东南,东南向,se,south-east
southwest:西南,南西,朝西南,西南向,sw,south-west
northeast:东北,北东,朝东北,东北向,ne,north-east
northwest:西北,北西,朝西北,西北向,nw,north-west
north_south:南北,北南,南北向,南北通,南北通透,朝南北,ns,sn,north-south,south-north,south and north
east_west:东西,西东,东西向,朝东西,ew,we,east-west,west-east,east and west
"""),
    'pricing_mode': _spellings("""
inside:套内,按套内,套内面积,按套内面积,套内建筑面积,按套内建筑面积,套内计价,按套内计价,按套内面积计价,套内建筑面积计价,按套内建筑面积计价,inside area,by inside area
gross:建筑面积,按建筑面积,建面,按建面,建筑面积计价,按建筑面积计价,gross area,by gross area,gross floor area
unit:套,按套,按套计价,按套(单元)计价,按个,按个计价,按间,按间计价,按位,按位计价,整售,by unit,per unit,whole unit
"""),
}
_WRITTEN_CODES = {
    'residential': '住宅', 'shop': '商业', 'office': '办公', 'parking': '车位', 'storage': '储藏室', 'other': '其他',
    'south': '南', 'north': '北', 'east': '东', 'west': '西', 'southeast': '东南', 'southwest': '西南',
    'northeast': '东北', 'northwest': '西北', 'north_south': '南北', 'east_west': '东西',
    'inside': '按套内建筑面积', 'gross': '按建筑面积', 'unit': '按套',
}
# Units of these usages stand in no stair, and may be priced without an area.
_WITHOUT_STAIR = {'shop', 'parking', 'storage', 'other'}
_WITHOUT_AREA = {'parking', 'storage', 'other'}


class Record(NamedTuple):
    """One unit: `row` of the sheet, then FIELDS, then what the layout's text says: its code ("A1"), the rooms as typed
    ("3室2厅2卫") and their numbers. Text is never empty: None instead."""

    row: int = 0
    sequence: int | None = None
    building: str | None = None
    stair: str | None = None
    floor: int | None = None
    room: str | None = None
    layout: str | None = None
    usage: str | None = None
    orientation: str | None = None
    pricing_mode: str | None = None
    gross_area: Decimal | None = None
    inside_area: Decimal | None = None
    shared_area: Decimal | None = None
    measured_gross_area: Decimal | None = None
    measured_inside_area: Decimal | None = None
    measured_shared_area: Decimal | None = None
    unit_price: Decimal | None = None
    total_price: Decimal | None = None
    floor_price: Decimal | None = None
    note: str | None = None
    layout_code: str | None = None
    layout_rooms: str | None = None
    bedrooms: int | None = None
    halls: int | None = None
    baths: int | None = None


class Fault(NamedTuple):
    """What is wrong in one cell: `row` of the sheet, the `sequence` text that stands there (序号, '' if none), the key
    of the `field`, `code` of MESSAGES and its `params`."""

    row: int
    sequence: str
    field: str
    code: str
    params: dict


class Skipped(NamedTuple):
    """A row that is no unit; `reason`: empty, header, heading, subtotal, total or note (signatures and remarks)."""

    row: int
    reason: str


class Result(NamedTuple):
    """`records`: the units without a fault. `faults`, `warnings`: lists of Fault. `skipped`: list of Skipped."""

    records: list
    faults: list
    warnings: list
    skipped: list


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


def round_half_up(value, places=CENT):
    """Return the Decimal rounded to the exponent of `places`, halves away from zero."""
    return value.quantize(places, rounding=ROUND_HALF_UP)


# -- file and header ---------------------------------------------------------------------------------------------------

def read_table(data, filename):
    """Return a Table (rows, sheet_name) of an .xlsx or .csv file given as bytes; raise TableError.
    See sheet_reader.Table for what the rows hold."""
    return sheet_reader.read(data, filename, _header_score)


def find_header(rows):
    """Return the Header among the first rows: the row, or two rows with groups above names, that name the most fields,
    the room's number among them. Raise TableError('no_header')."""
    header, _score = _best_header(rows)
    if not header:
        raise TableError('no_header', limit=sheet_reader.HEAD_ROWS)
    return header


def _header_score(rows):
    return _best_header(rows)[1]


def _best_header(rows):
    """Return (Header, number of fields it names), or (None, 0)."""
    best, best_score = None, 0
    for top in range(min(len(rows), sheet_reader.HEAD_ROWS)):
        for bottom in (top, top + 1):
            if bottom < len(rows):
                header = Header(top, bottom, _columns(rows[top], rows[bottom] if bottom > top else None))
                fields = set(guess_mapping(header).values())
                if 'room' in fields and max(len(fields), MIN_HEADER_FIELDS - 1) > max(best_score, MIN_HEADER_FIELDS - 1):
                    best, best_score = header, len(fields)
    return best, best_score


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
    return ' '.join(value.split()) if isinstance(value, str) else ''


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
    bare = normalise_header(_BRACKETS.sub('', column.name)) if '万' not in column.name else ''
    for rank, text in enumerate((group + name, name + group, name, bare), 1):
        key = _ALIASES.get(text)
        if key and rank > 2:
            if '实测' in group or 'measured' in group or 'actual' in group:
                key = _MEASURED.get(key, key)
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
    r'\s*(?:新建)?(?:商品房|商品住房|住宅|房屋|房源)?(?:预售|销售|现售)?(?:价格|价目|一房一价|备案价格|明码标价).*$')
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
        if isinstance(value, datetime):
            value = value.date().isoformat()
        if value is not None:
            text = str(value).replace('：', ':').replace('\u3000', '  ').replace('\n', '  ').strip()
            cells.append(f'{text}:' if _LABEL.fullmatch(text) else text)
    return '  '.join(cells)


def _date(text):
    match = _DATE.search(text)
    try:
        return date(*map(int, match.groups())) if match else None
    except ValueError:
        return None


# -- cells -------------------------------------------------------------------------------------------------------------

class _CellFault(Exception):
    """A cell's value cannot be what its column says."""

    def __init__(self, code, **params):
        super().__init__(code)
        self.code = code
        self.params = params


_NUMBER = r'([+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)'
_TYPED_NUMBER = {
    'area': re.compile(rf'{_NUMBER}\s*(?:m2|平方米|平米|平方|sqm)?'),
    'money': re.compile(rf'(?:[¥$]|rmb|cny|人民币)?\s*{_NUMBER}\s*(?:元|cny|rmb)?(?:/(?:m2|平方米|平米|套|个|sqm))?(?:整)?'),
}
_WHOLE = re.compile(r'[+-]?\d+')
_CHINESE_DIGITS = {digit: number for number, digit in enumerate('零一二三四五六七八九')} | {'两': 2, '〇': 0}
_COUNT = r'(\d+|[零〇一二两三四五六七八九十]+)'
_FLOOR = re.compile(rf'(负|地下|b|-|地上|第)?{_COUNT}(?:层|楼|f)?')
_FLOOR_BELOW = {'负', '地下', 'b', '-'}
_HALF_WIDTH = {code + 0xFEE0: code for code in (*range(ord('0'), ord('9') + 1), *range(ord('A'), ord('Z') + 1),
                                                 *range(ord('a'), ord('z') + 1), ord('-'), ord('#'))}
_INVISIBLE = dict.fromkeys([*range(9), *range(14, 28), 127, 0xAD, *range(0x200B, 0x2010), 0x2060, 0xFEFF])
_CLEAN = {**_HALF_WIDTH, **_INVISIBLE}
# What people type into a cell to which nothing applies.
_BLANK_MARKS = {'/', '\\', '-', '--', '—', '——', '―', '–', '无', 'n/a', 'N/A'}
_ERRORS = {'#REF!', '#N/A', '#VALUE!', '#DIV/0!', '#NAME?', '#NULL!', '#NUM!', '#SPILL!', '#CALC!', '#GETTING_DATA'}


def _clean(text):
    """Return the text with half-width letters and digits, single spaces and nothing invisible."""
    return ' '.join(text.translate(_CLEAN).split())


def _plain_text(value):
    """Return the text of a cell ('' for a blank one); raise _CellFault for what Excel made of it."""
    if value is None:
        return ''
    if isinstance(value, Formula):
        raise _CellFault('formula', value=str(value)[:64])
    if isinstance(value, str):
        text = _clean(value)
        if text in _ERRORS:
            raise _CellFault('cell_error', value=text)
        return text
    if isinstance(value, (date, time, timedelta)):
        shown = value.date() if isinstance(value, datetime) and value.time() == time() else value
        raise _CellFault('date', value=str(shown))
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value)


def _to_text(value, size):
    """Return the text, '' where a mark says that nothing applies, None where the cell is blank."""
    text = _plain_text(value)
    if not text:
        return None
    if text in _BLANK_MARKS:
        return ''
    if len(text) > size:
        raise _CellFault('too_long', length=len(text), limit=size)
    return text


def _to_number(value, kind):
    """Return the Decimal with two places, or None; a float counts as what a person sees, its shortest decimal form."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if not math.isfinite(value):
            raise _CellFault('not_a_number', value=str(value))
        number = Decimal(repr(value))
    elif isinstance(value, Decimal) and value.is_finite():
        number = value
    else:
        text = _plain_text(value)
        if not text or text in _BLANK_MARKS:
            return None
        match = _TYPED_NUMBER[kind].fullmatch(unicodedata.normalize('NFKC', text).lower())
        if not match:
            raise _CellFault('not_a_number', value=text[:64])
        number = Decimal(match[1].replace(',', ''))
    if abs(number) > MAX_NUMBER:
        raise _CellFault('too_large', value=f'{number:.6g}', limit=MAX_NUMBER)
    return round_half_up(number)


def _to_area(value):
    return _to_number(value, 'area')


def _to_money(value):
    return _to_number(value, 'money')


def _to_floor(value):
    """Return the floor's number, below ground negative: 12, "12F", "三层", "B1", "-1", "地下一层"."""
    text = _plain_text(value)
    if not text or text in _BLANK_MARKS - {'-'}:
        return None
    floor = _floor_of(text.lower())
    if floor is None:
        raise _CellFault('not_a_floor', value=text[:64])
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
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return int(value) if math.isfinite(value) and value == int(value) else None
    return int(value) if isinstance(value, str) and _WHOLE.fullmatch(value.strip()) and len(value) < 10 else None


def _to_code(kind):
    codes = _CODES[kind]

    def convert(value):
        text = _plain_text(value)
        if not text or text in _BLANK_MARKS:
            return None
        code = codes.get(text) or codes.get(_squeeze(text))
        if not code:
            raise _CellFault(f'unknown_{kind}', value=text[:64])
        return code
    return convert


_CONVERTERS = {
    'integer': _to_integer, 'floor': _to_floor, 'area': _to_area, 'money': _to_money,
    **{kind: _to_code(kind) for kind in _CODES},
}

_LAYOUT_ROOMS = re.compile(rf'{_COUNT}\s*[室房].*')
_LAYOUT_COUNTS = {
    'bedrooms': re.compile(rf'{_COUNT}\s*[室房]'),
    'halls': re.compile(rf'{_COUNT}\s*厅'),
    'baths': re.compile(rf'{_COUNT}\s*卫'),
}


@lru_cache(maxsize=1024)
def _layout_parts(text):
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


# -- rows --------------------------------------------------------------------------------------------------------------

_SUBTOTAL = re.compile(r'(小计|subtotal|sub-total)|(合计|总计|共计|累计|grandtotal|^total)', re.IGNORECASE)
_SUBTOTAL_ALONE = re.compile(r'(?:小计|合计|总计|共计|subtotal|grand ?total|total)[:：]?', re.IGNORECASE)
_UNITS_STATED = re.compile(r'(\d+)\s*(?:套|户|间|个|units?)', re.IGNORECASE)
_NOTE = re.compile(r'盖章|签字|签章|签名|填报|制表|审核|复核|负责人|经办|联系电话|[:：]$|^(?:注|说明|备注)\s*[:：\d]')
_PER_UNIT_NOTE = re.compile(r'按[套个间位](?!内)')


def parse(rows, header, mapping, building_default=None):
    """Return the Result for the rows below `header`, read by `mapping` {column index: field key}.

    All faults of the sheet come in one pass, one per cause; a row with a fault is no record. A blank building, and in
    it a blank stair, is that of the row above, up to the next subtotal; `building_default` (text) stands in where
    there is none. Raise TableError('missing_columns') without the columns that every unit needs, or 'no_units'.
    """
    fields = set(mapping.values())
    missing = [key for key, spec in FIELDS.items() if spec.required and key not in fields]
    if building_default and 'building' in missing:
        missing.remove('building')
    if not fields & {'unit_price', 'total_price'}:
        missing.append('total_price')
    if missing:
        raise TableError('missing_columns', keys=missing, fields=', '.join(FIELDS[key].caption for key in missing))
    parser = _Parser(rows, header, mapping, building_default)
    for index in range(header.bottom + 1, len(rows)):
        parser.read_row(index + 1, rows[index])
    if not parser.result.records and not parser.result.faults:
        raise TableError('no_units')
    return parser.result


class _Sum:
    """What a subtotal is compared with; `known` while every row's total could be read."""

    __slots__ = ('count', 'known', 'total')

    def __init__(self):
        self.count = 0
        self.known = True
        self.total = Decimal()

    def add(self, total):
        self.count += 1
        if total is None:
            self.known = False
        else:
            self.total += total


class _Parser:
    """The state of one pass over the rows of a sheet."""

    def __init__(self, rows, header, mapping, building_default):
        self.result = Result([], [], [], [])
        self.building_default = building_default
        self.columns = [(index, key, self._converter(key)) for index, key in mapping.items()]
        self.index = {key: index for index, key in mapping.items()}
        self.heading_texts = {value for row in rows[:header.bottom + 1] for value in row if isinstance(value, str)}
        self.rooms = {}
        self.total = _Sum()
        self.by_building = {}
        self._end_block()

    @staticmethod
    def _converter(key):
        spec = FIELDS[key]
        if spec.kind == 'text':
            return lambda value: _to_text(value, spec.size)
        return _CONVERTERS[spec.kind]

    def _cell(self, cells, key):
        index = self.index.get(key, len(cells))
        return cells[index] if index < len(cells) else None

    def _end_block(self):
        self.building = None
        self.building_unreadable = False
        self.stair = None
        self.block = _Sum()

    def read_row(self, row, cells):
        reason = self._skip_reason(cells)
        if not reason:
            self._read_unit(row, cells)
            return
        self.result.skipped.append(Skipped(row, reason))
        if reason == 'heading':
            self._end_block()
            self.building = _clean(self._cell(cells, 'building'))
        elif reason in ('subtotal', 'total'):
            self._check_subtotal(row, cells, reason)

    # What a row is

    def _skip_reason(self, cells):
        """Return why the row is no unit, or None."""
        present = [value for value in cells if value is not None]
        if not present:
            return 'empty'
        room = self._cell(cells, 'room')
        if room is not None and room not in self.heading_texts and not self._is_subtotal_word(room):
            return None
        texts = [value for value in present if isinstance(value, str)]
        if len(texts) == len(present) and self.heading_texts.issuperset(texts):
            return 'header'
        subtotal = self._subtotal_text(cells)
        if subtotal:
            word = _SUBTOTAL.search(subtotal)
            prefix = subtotal[:word.start()]
            known = prefix and (prefix in self.by_building or prefix == self.stair or prefix.startswith('本'))
            return 'subtotal' if word[1] or known else 'total'
        if room is not None:
            return None
        if len(present) == 1 and self._cell(cells, 'building') is not None and texts and not _NOTE.search(texts[0]):
            return 'heading'
        if not any(map(self._is_numeric, present)) and (len(present) <= 2 or any(map(_NOTE.search, texts))):
            return 'note'
        return None

    @staticmethod
    def _is_subtotal_word(value):
        return isinstance(value, str) and bool(_SUBTOTAL_ALONE.fullmatch(value.replace(' ', '')))

    @staticmethod
    def _is_numeric(value):
        if isinstance(value, str):
            return bool(_TYPED_NUMBER['area'].fullmatch(unicodedata.normalize('NFKC', value.strip()).lower()))
        return isinstance(value, (int, float, Decimal))

    def _subtotal_text(self, cells):
        """Return the text that makes the row a subtotal, without spaces, or None."""
        first = next(value for value in cells if value is not None)
        for value in (first, *(self._cell(cells, key) for key in ('sequence', 'building', 'stair', 'floor', 'room'))):
            if isinstance(value, str):
                text = ''.join(value.translate(_CLEAN).split())
                if _SUBTOTAL.search(text):
                    return text
        return None

    def _check_subtotal(self, row, cells, reason):
        """Warn where the stated sum or number of units is that of neither the rows since the last subtotal nor the
        building; end the block unless the subtotal is only a stair's or a page's."""
        text = self._subtotal_text(cells)
        prefix = text[:_SUBTOTAL.search(text).start()]
        if reason == 'total':
            sums = [self.total]
        else:
            sums = [self.by_building.get(prefix, self.block), self.block]
        try:
            stated = _to_money(self._cell(cells, 'total_price'))
        except _CellFault:
            stated = None
        if stated is not None and all(each.known and each.total != stated for each in sums):
            self._warn(row, '', 'total_price', 'subtotal_sum', value=stated, expected=sums[0].total)
        for value in cells:
            count = isinstance(value, str) and _UNITS_STATED.search(value)
            if count and all(each.count != int(count[1]) for each in sums):
                self._warn(row, '', 'sequence', 'subtotal_count', value=int(count[1]), expected=sums[0].count)
        if prefix and (prefix == self.stair or prefix.startswith('本页')):
            self.block = _Sum()
        else:
            self._end_block()

    def _warn(self, row, sequence, field, code, **params):
        self.result.warnings.append(Fault(row, sequence, field, code, params))

    # A unit

    def _read_unit(self, row, cells):
        values = {}
        faults = {}
        for index, key, convert in self.columns:
            try:
                values[key] = convert(cells[index]) if index < len(cells) else None
            except _CellFault as fault:
                values[key] = None
                faults[key] = (fault.code, fault.params)
        self._place(values, faults)
        _check_signs(values, faults)
        for areas in _AREAS:
            _check_areas(values, faults, *areas)
        rounding = _price(values, faults)
        other = self._other_row(row, values, faults)
        if other:
            place = {key: values.get(key) or '' for key in ('building', 'stair', 'room')}
            faults['room'] = ('duplicate_room', {**place, 'other': other})
        self._sum(values, faults)
        if faults or rounding or values.get('floor_price'):
            sequence = self._cell(cells, 'sequence')
            self._report(row, '' if sequence is None else _clean(str(sequence)), values, faults, rounding)
        if not faults:
            self.result.records.append(Record(row, **values, **_layout_parts(values.get('layout'))))

    def _report(self, row, sequence, values, faults, rounding):
        self.result.faults.extend(Fault(row, sequence, key, *faults[key]) for key in FIELDS if key in faults)
        if faults:
            return
        if rounding:
            self._warn(row, sequence, 'total_price', 'total_rounding', **rounding)
        floor_price, total = values.get('floor_price'), values['total_price']
        if floor_price and floor_price > total:
            self._warn(row, sequence, 'floor_price', 'floor_price_above_total', value=floor_price, total=total)

    def _place(self, values, faults):
        """Fill in building and stair from the rows above."""
        typed = values.get('building')
        if typed or 'building' in faults:
            if typed != self.building:
                self.stair = None
            self.building = typed
            self.building_unreadable = 'building' in faults
        building = values['building'] = self.building or self.building_default
        if not building and not self.building_unreadable:
            faults['building'] = ('missing_building', {})
        stair = values.get('stair')
        if stair:
            self.stair = stair
        elif stair is None and self.building and values.get('usage') not in _WITHOUT_STAIR:
            values['stair'] = self.stair
        for key in ('stair', 'layout', 'note', 'room'):
            values[key] = values.get(key) or None
        if not values['room'] and 'room' not in faults:
            faults['room'] = ('missing_room', {})

    def _other_row(self, row, values, faults):
        """Return the row above that holds the same room, or None."""
        if not values['room'] or not values['building'] or 'stair' in faults:
            return None
        key = tuple(_squeeze_cached(values[name]) for name in ('building', 'stair', 'room'))
        first = self.rooms.setdefault(key, row)
        return first if first != row else None

    def _sum(self, values, faults):
        total = None if faults else values['total_price']
        of_building = self.by_building.setdefault((values['building'] or '').replace(' ', ''), _Sum())
        for each in (self.total, self.block, of_building):
            each.add(total)


@lru_cache(maxsize=4096)
def _squeeze_cached(text):
    """As _squeeze, keeping signs that tell rooms apart: "1-12" is not "11-2"."""
    return unicodedata.normalize('NFKC', text).casefold().replace(' ', '') if text else ''


def _check_signs(values, faults):
    for key, spec in FIELDS.items():
        value = values.get(key)
        if spec.kind not in ('area', 'money') or value is None or value > 0:
            continue
        if key not in ('shared_area', 'measured_shared_area'):
            faults[key] = ('not_positive', {'value': value})
        elif value < 0:
            faults[key] = ('negative', {'value': value})


def _check_areas(values, faults, gross_key, inside_key, shared_key):
    """Compare three areas that are readable; a cent of a square metre is the rounding of typed values."""
    gross, inside, shared = (
        None if key in faults else values.get(key) for key in (gross_key, inside_key, shared_key))
    if gross is None or inside is None:
        return
    if inside > gross:
        faults[inside_key] = ('inside_above_gross', {'inside': inside, 'gross': gross})
    elif shared is not None and abs(shared - (gross - inside)) > CENT:
        faults[shared_key] = ('shared_mismatch', {'value': shared, 'expected': gross - inside})


def _tolerance(area):
    """Return how far a total may be from unit price × area: a yuan, for totals in whole yuan, or what a unit price
    rounded to 0.01 makes of a large area."""
    return max(Decimal(1), area * Decimal('0.005'))


def _price(values, faults):
    """Settle pricing mode, unit price and total; return {value, expected} of a total that is off by rounding."""
    unit_price, total = values.setdefault('unit_price'), values.setdefault('total_price')
    values.setdefault('pricing_mode')
    if faults.keys() & {'unit_price', 'total_price', 'pricing_mode'}:
        return None
    if unit_price is None and total is None:
        faults['total_price'] = ('no_price', {})
        return None
    areas = {mode: values.get(f'{mode}_area') for mode in ('gross', 'inside')}
    unreadable = {mode for mode in areas if f'{mode}_area' in faults}
    mode = values['pricing_mode'] or _pricing_mode(values, unit_price, total, areas)
    values['pricing_mode'] = mode
    if mode == 'unit':
        values['total_price'] = unit_price if total is None else total
        return None
    area = areas[mode]
    if mode in unreadable:
        return None
    if area is None:
        if not unreadable:
            faults[f'{mode}_area'] = ('missing_area', {})
        return None
    if unit_price is None:
        values['unit_price'] = round_half_up(total / area)
        if not values['unit_price']:
            faults['total_price'] = ('not_positive', {'value': total})
        return None
    expected = round_half_up(unit_price * area)
    if total is None:
        if expected > MAX_NUMBER:
            faults['total_price'] = ('too_large', {'value': expected, 'limit': MAX_NUMBER})
        values['total_price'] = expected
        return None
    if abs(total - expected) <= _tolerance(area):
        return {'value': total, 'expected': expected} if total != expected else None
    if not unreadable:
        faults['total_price'] = ('total_mismatch', {'value': total, 'expected': expected})
    return None


def _pricing_mode(values, unit_price, total, areas):
    """Return the mode that the prices and the note tell where no column does."""
    if unit_price is None or _PER_UNIT_NOTE.search(values['note'] or ''):
        return 'unit'
    for mode, area in areas.items():
        if area and (total is None or abs(total - unit_price * area) <= _tolerance(area)):
            return mode
    if not any(areas.values()) and values.get('usage') in _WITHOUT_AREA and total in (None, unit_price):
        return 'unit'
    return 'gross'


# -- writing -----------------------------------------------------------------------------------------------------------

FILING_FIELDS = (
    'sequence', 'building', 'stair', 'floor', 'room', 'layout', 'usage', 'gross_area', 'inside_area', 'shared_area',
    'unit_price', 'total_price', 'note',
)
_GROUPS = {
    **dict.fromkeys(_AREAS[0], '面积（㎡）'),
    **dict.fromkeys(_AREAS[1], '实测面积（㎡）'),
    **dict.fromkeys(('unit_price', 'total_price'), '备案价格（元）'),
}
_TITLE_CAPTIONS = {
    'developer': '开发企业', 'permit': '预售许可证号', 'permit_date': '发证日期', 'filing_date': '填报日期',
}
_HEADER_TOP = 2


def write_table(stream, meta, records, with_floor_price=False, extra=()):
    """Write the filing table as .xlsx to the binary `stream`.

    `meta` has the keys of read_title; `records` is an iterable of Record in the order of the sheet, the units of a
    building together, read once and not kept. Their `sequence` is written as it is. `extra`: further keys of FIELDS
    that the filing form does not have (orientation, pricing_mode, measured areas). What is written is read again as
    the same records, if `extra` names every field that they use.
    """
    wanted = {*FILING_FIELDS, *extra, *(('floor_price',) if with_floor_price else ())}
    workbook = xlsxwriter.Workbook(stream, {'constant_memory': True})
    _Writer(workbook, [key for key in FIELDS if key in wanted]).write(meta, records)
    workbook.close()


class _Writer:
    """One sheet, written from top to bottom: in constant memory a row that was left cannot be written again."""

    def __init__(self, workbook, keys):
        self.keys = keys
        self.last = len(keys) - 1
        self.first_number = next(index for index, key in enumerate(keys) if FIELDS[key].kind == 'area')
        self.column = {key: index for index, key in enumerate(keys)}
        self.sheet = workbook.add_worksheet('备案价格表')
        frame = {'border': 1, 'valign': 'vcenter'}
        self.title = workbook.add_format({'bold': True, 'font_size': 16, 'align': 'center', 'valign': 'vcenter'})
        self.head = workbook.add_format({**frame, 'bold': True, 'align': 'center', 'text_wrap': True})
        self.sum_text = workbook.add_format({**frame, 'bold': True})
        self.sum_money = workbook.add_format({**frame, 'bold': True, 'num_format': '#,##0.00'})
        formats = {'area': {'num_format': '0.00'}, 'money': {'num_format': '#,##0.00'}}
        self.formats = [workbook.add_format({**frame, **formats.get(FIELDS[key].kind, {})}) for key in keys]
        self.row = 0

    def write(self, meta, records):
        self._lay_out()
        self._write_title(meta)
        self._write_header()
        count, total = 0, Decimal()
        for building, group in groupby(records, key=lambda record: record.building):
            block_count, block_total = self._write_block(group)
            self._write_sum(f'{building}小计', block_total, f'{block_count}套')
            count += block_count
            total += block_total
        self._write_sum(f'合计：{count}套', total)
        self.sheet.write_string(self.row + 1, 0, '填报单位（盖章）：')
        self.sheet.write_string(self.row + 1, self.first_number, '价格主管部门（盖章）：')

    def _lay_out(self):
        sheet = self.sheet
        for index, key in enumerate(self.keys):
            sheet.set_column(index, index, FIELDS[key].width)
        sheet.freeze_panes(_HEADER_TOP + 2, 0)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(_HEADER_TOP, _HEADER_TOP + 1)
        sheet.ignore_errors({'number_stored_as_text': 'A1:XFD1048576'})

    def _write_title(self, meta):
        dates = {key: f'{value.year}年{value.month}月{value.day}日'
                 for key, value in meta.items() if isinstance(value, date)}
        info = (f'{caption}：{dates.get(key, meta[key])}' for key, caption in _TITLE_CAPTIONS.items() if meta.get(key))
        self.sheet.set_row(0, 26)
        self.sheet.merge_range(0, 0, 0, self.last, '', self.title)
        self.sheet.write_string(0, 0, f"{meta.get('project') or ''}  商品房销售价格备案表（一房一价）".strip(), self.title)
        self.sheet.merge_range(1, 0, 1, self.last, '')
        self.sheet.write_string(1, 0, '    '.join(info))
        self.row = _HEADER_TOP

    def _write_header(self):
        """Write groups above names. merge_range() would write the lower row before the upper one is finished, so the
        cells are written here and the merged areas only entered in the sheet's list."""
        top, bottom = _HEADER_TOP, _HEADER_TOP + 1
        columns = [(index, _GROUPS.get(key)) for index, key in enumerate(self.keys)]
        seen = set()
        for index, group in columns:
            text = group or FIELDS[self.keys[index]].caption
            self.sheet.write_string(top, index, '' if group in seen else text, self.head)
            seen.add(group or index)
        for index, group in columns:
            text = FIELDS[self.keys[index]].caption if group else ''
            self.sheet.write_string(bottom, index, text, self.head)
        for group, members in groupby(columns, key=lambda column: column[1]):
            indexes = [index for index, _group in members]
            if group:
                self.sheet.merge.append([top, indexes[0], top, indexes[-1]])
            else:
                self.sheet.merge.extend([top, index, bottom, index] for index in indexes)
        self.row = bottom + 1

    def _write_block(self, records):
        """Write the units of one building; return their number and the sum of their totals. Where units stand in
        no stair only the first names the building."""
        count, total = 0, Decimal()
        stair = None
        for record in records:
            values = record._asdict()
            if count and not record.stair:
                values['building'] = None
                if stair and record.usage not in _WITHOUT_STAIR:
                    values['stair'] = '/'  # or it would be read as the stair above
            stair = record.stair or stair
            for index, key in enumerate(self.keys):
                self._write_cell(index, values[key])
            self.row += 1
            count += 1
            total += record.total_price or 0
        return count, total

    def _write_cell(self, index, value):
        cell_format = self.formats[index]
        if value is None:
            self.sheet.write_blank(self.row, index, None, cell_format)
        elif isinstance(value, str):  # never as a formula or a link, whatever it begins with
            self.sheet.write_string(self.row, index, _WRITTEN_CODES.get(value, value), cell_format)
        else:
            self.sheet.write_number(self.row, index, value, cell_format)

    def _write_sum(self, text, total, units=''):
        self.sheet.merge_range(self.row, 0, self.row, self.first_number - 1, '', self.sum_text)
        self.sheet.write_string(self.row, 0, text, self.sum_text)
        for index in range(self.first_number, self.last + 1):
            self.sheet.write_blank(self.row, index, None, self.sum_text)
        self.sheet.write_number(self.row, self.column['total_price'], total, self.sum_money)
        self.sheet.write_string(self.row, self.column['note'], units, self.sum_text)
        self.row += 1
