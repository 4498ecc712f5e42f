"""What a price table holds: its columns, the words for their values, and a unit's record."""
import re
import unicodedata
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import NamedTuple

from odoo.tools.translate import LazyTranslate

_lt = LazyTranslate(__name__, default_lang='en_US')

CENT = Decimal('0.01')
MAX_HEADING = 100

_HALF_WIDTH = {
    code + 0xFEE0: code
    for code in map(ord, '-#0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz')
}
# Control characters that are no white space, and what marks width or direction of text.
INVISIBLE = dict.fromkeys([
    *range(9), *range(14, 28), *range(127, 160), 0xAD, *range(0x200B, 0x2010), *range(0x202A, 0x202F),
    *range(0x2060, 0x206A), 0xFEFF,
])
CLEAN = {**_HALF_WIDTH, **INVISIBLE}


def round_half_up(value, places=CENT):
    """Return the Decimal rounded to the exponent of `places`, halves away from zero."""
    return value.quantize(places, rounding=ROUND_HALF_UP)


@lru_cache(maxsize=8192)
def clean(text):
    """Return the text with half-width letters and digits, single spaces and nothing invisible."""
    return ' '.join(text.translate(CLEAN).split())


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
_BRACKETED = re.compile(r'[(\[【][^万]*?[)\]】]')


def normalise_header(text):
    """Return a heading's comparable form: half-width, lower case, without spaces, brackets, punctuation and units.
    万元 is kept, since a column in ten thousands must not pass for one in yuan."""
    text = unicodedata.normalize('NFKC', str(text)[:MAX_HEADING]).lower()
    text = re.sub(r'\s+', '', _BRACKETED_UNIT.sub('', text))
    return re.sub(r'[\W_]+', '', _TRAILING_UNIT.sub('', text))


def bare_header(text):
    """Return a heading's comparable form without what stands in brackets, 万 excepted."""
    return normalise_header(_BRACKETED.sub('', unicodedata.normalize('NFKC', text)))


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
        'floor', _lt("Floor"), '楼层', 6,
        '层, 层次, 层号, 所在层, 所在楼层, 楼层号, 自然层, floor, floor no, storey, story, level'),
    'room': _spec(
        'text', _lt("Room"), '房号', 8,
        '室号, 室, 房间号, 房间, 房屋号, 房屋编号, 户号, 户室号, 门牌号, 铺号, 商铺号, 车位号, 车位编号, '
        '房号/车位号, 房号/铺号, room, room no, room number, unit, unit no, unit number, apartment, apartment no',
        required=True),
    'layout': _spec(
        'text', _lt("Layout"), '户型', 16,
        '房型, 室型, 户型名称, 户型结构, 房屋户型, layout, unit type, apartment type, house type'),
    'usage': _spec(
        'usage', _lt("Usage"), '用途', 8,
        '房屋用途, 规划用途, 设计用途, 使用性质, 房屋性质, 房屋类型, 房屋类别, 物业类型, 产品类型, 业态, '
        'usage, use, purpose, property type'),
    'orientation': _spec(
        'orientation', _lt("Orientation"), '朝向', 8, '房屋朝向, 方位, 方向, orientation, facing, aspect'),
    'pricing_mode': _spec(
        'pricing_mode', _lt("Pricing mode"), '计价方式', 14,
        '计价模式, 销售计价方式, 计价依据, pricing mode, pricing, price basis'),
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
        '实测公摊面积, 实测分摊, 分摊面积(实测), 公摊面积(实测), '
        'measured apportioned area, measured shared area, actual shared area'),
    'unit_price': _spec(
        'money', _lt("Unit price"), '单价（元/㎡）', 13,
        '备案单价, 销售单价, 申报单价, 拟售单价, 毛坯单价, 建筑面积单价, 建筑单价, 建面单价, 套内面积单价, '
        '套内建筑面积单价, 套内单价, 单位价格, unit price, price/m2, price per m2, price per sqm'),
    'total_price': _spec(
        'money', _lt("Total price"), '总价（元）', 16,
        '备案总价, 表价, 总价款, 总房价, 总房价款, 房屋总价, 销售总价, 申报总价, 拟售总价, 价格, 售价, 备案价, '
        '备案价格, total price, total, list price, price, amount'),
    'floor_price': _spec(
        'money', _lt("Floor price"), '底价（元）', 16,
        '销售底价, 底价总价, 总价底价, 最低价, 最低总价, floor price, reserve price, minimum price, bottom price'),
    'note': _spec(
        'text', _lt("Note"), '备注', 10, '说明, 备考, note, notes, remark, remarks, comment, comments', size=255),
}

ALIASES = {alias: key for key, spec in FIELDS.items() for alias in spec.aliases}
MEASURED = {
    'gross_area': 'measured_gross_area',
    'inside_area': 'measured_inside_area',
    'shared_area': 'measured_shared_area',
}
AREAS = (tuple(MEASURED), tuple(MEASURED.values()))


def label(key, translate=str):
    """Return what a field is called on the screen.

    `translate` makes text of a term: `env._` in a user's language; without it English, or the language of the request.
    """
    return translate(FIELDS[key].label)


def squeeze(text):
    """Return a text's form for comparison: half-width, lower case, letters and digits only."""
    return re.sub(r'[\W_]+', '', unicodedata.normalize('NFKC', text).lower())


# What people write for a code; the first is what is written back, and the code itself is understood too.
_WORDS = {
    'usage': {
        'residential': '住宅, 普通住宅, 商品住宅, 成套住宅, 高层住宅, 小高层, 多层住宅, 洋房, 别墅, 公寓, 居住, 住房, '
                       'apartment, house, villa, dwelling, home',
        'shop': '商业, 商铺, 店铺, 店面, 门面, 门面房, 底商, 铺位, 商业服务, 商业用房, 商业用途, 商业网点, '
                '商业服务网点, 网点, 营业用房, retail, commercial, store',
        'office': '办公, 办公用房, 办公楼, 写字楼, 商务办公, 商业办公, offices',
        'parking': '车位, 车库, 停车位, 停车, 地下车位, 地下车库, 地上车位, 机动车位, 机动车停车位, 产权车位, '
                   '人防车位, parking space, parking place, parking lot, garage, carport, car park',
        'storage': '储藏室, 储藏间, 储藏, 储物间, 仓储, 仓库, 地下室, 杂物间, 杂物房, 自行车库, 非机动车库, '
                   'storeroom, cellar, warehouse',
        'other': '其他, 其它, 配套, 配套用房, 公建, 公建配套, 公共配套, 公共服务, 物业用房, 物业管理用房, 社区用房, '
                 '幼儿园, 会所, others',
    },
    'orientation': {
        'south': '南, 朝南, 正南, 南向, s',
        'north': '北, 朝北, 正北, 北向, n',
        'east': '东, 朝东, 正东, 东向, e',
        'west': '西, 朝西, 正西, 西向, w',
        'southeast': '东南, 南东, 朝东南, 东南向, se',
        'southwest': '西南, 南西, 朝西南, 西南向, sw',
        'northeast': '东北, 北东, 朝东北, 东北向, ne',
        'northwest': '西北, 北西, 朝西北, 西北向, nw',
        'north_south': '南北, 北南, 南北向, 南北通, 南北通透, 朝南北, ns, sn, south-north, north and south',
        'east_west': '东西, 西东, 东西向, 朝东西, ew, we, west-east, east and west',
    },
    'pricing_mode': {
        'inside': '按套内建筑面积, 套内, 按套内, 套内面积, 按套内面积, 套内建筑面积, 套内计价, 按套内计价, '
                  '按套内面积计价, 套内建筑面积计价, 按套内建筑面积计价, inside area, by inside area',
        'gross': '按建筑面积, 建筑面积, 建面, 按建面, 建筑面积计价, 按建筑面积计价, '
                 'gross area, by gross area, gross floor area',
        'unit': '按套, 套, 按套计价, 按套(单元)计价, 按个, 按个计价, 按间, 按间计价, 按位, 按位计价, 整售, '
                'by unit, per unit, whole unit',
    },
}
CODES = {
    kind: {squeeze(word): code for code, words in codes.items() for word in (code, *words.split(','))}
    for kind, codes in _WORDS.items()
}
WRITTEN_CODES = {code: words.partition(',')[0] for codes in _WORDS.values() for code, words in codes.items()}
# Units of these usages stand in no stair; of these have an area, however they are priced.
WITHOUT_STAIR = {'shop', 'parking', 'storage', 'other'}
WITH_AREA = {'residential', 'shop', 'office'}


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
