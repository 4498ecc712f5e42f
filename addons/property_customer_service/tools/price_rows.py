"""Reads the rows of a price table in one pass: units, faults, warnings and rows that are no units."""
import re
import unicodedata
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from .price_cells import CONVERTERS, MAX_NUMBER, TYPED_NUMBER, CellFault, layout_parts, to_number, to_text
from .price_fields import AREAS, CENT, CLEAN, FIELDS, WITH_AREA, WITHOUT_STAIR, Record, clean, round_half_up
from .table_error import TableError

HALF_CENT = CENT / 2
START = 100  # of a text tells what kind of row it is in


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


_SUBTOTAL = re.compile(r'(小计|subtotal|sub-total)|(合计|总计|共计|累计|grandtotal|^total)', re.IGNORECASE)
_SUBTOTAL_ALONE = re.compile(r'(?:小计|合计|总计|共计|subtotal|grand ?total|total)[:：]?', re.IGNORECASE)
_UNITS_STATED = re.compile(r'(\d{1,9})\s*(?:套|户|间|个|units?)', re.IGNORECASE)
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
        self.numbers = [key for key in self.index if FIELDS[key].kind in ('area', 'money')]
        self.areas = [keys for keys in AREAS if keys[0] in self.index and keys[1] in self.index]
        self.heading_texts = {
            value[:START] for row in rows[:header.bottom + 1] for value in row if isinstance(value, str)}
        self.rooms = {}
        self.total = _Sum()
        self.by_building = {}
        self._end_block()

    @staticmethod
    def _converter(key):
        spec = FIELDS[key]
        if spec.kind == 'text':
            return lambda value: to_text(value, spec.size)
        return CONVERTERS[spec.kind]

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
            self.building = clean(self._cell(cells, 'building'))
        elif reason in ('subtotal', 'total'):
            self._check_subtotal(row, cells)

    # What a row is

    def _skip_reason(self, cells):
        """Return why the row is no unit, or None."""
        present = [value for value in cells if value is not None]
        if not present:
            return 'empty'
        room = self._cell(cells, 'room')
        if room is not None and room not in self.heading_texts and not self._is_subtotal_word(room):
            return None
        texts = [value[:START] for value in present if isinstance(value, str)]
        if len(texts) == len(present) and self.heading_texts.issuperset(texts):
            return 'header'
        reason, _of_what = self._subtotal(cells)
        if reason or room is not None:
            return reason
        if len(present) == 1:
            if self._cell(cells, 'sequence') is not None and not texts:
                return 'empty'  # the numbers were there before the units
            building = self._cell(cells, 'building')
            if texts and building and len(building) <= FIELDS['building'].size and not _NOTE.search(building):
                return 'heading'
        if not any(map(self._is_numeric, present)) and (len(present) <= 2 or any(map(_NOTE.search, texts))):
            return 'note'
        return None

    @staticmethod
    def _is_subtotal_word(value):
        return isinstance(value, str) and bool(_SUBTOTAL_ALONE.fullmatch(value[:START].replace(' ', '')))

    @staticmethod
    def _is_numeric(value):
        if isinstance(value, str):
            return bool(TYPED_NUMBER['area'].fullmatch(unicodedata.normalize('NFKC', value[:START].strip()).lower()))
        return isinstance(value, int | float | Decimal)

    def _subtotal(self, cells):
        """Return ('subtotal' or 'total', the name before that word), or (None, None)."""
        first = next(value for value in cells if value is not None)
        for value in (first, *(self._cell(cells, key) for key in ('sequence', 'building', 'stair', 'floor', 'room'))):
            if isinstance(value, str):
                text = ''.join(value[:START].translate(CLEAN).split())
                word = _SUBTOTAL.search(text)
                if word:
                    name = text[:word.start()]
                    known = name and (name in self.by_building or name == self.stair or name.startswith('本'))
                    return 'subtotal' if word[1] or known else 'total', name
        return None, None

    def _check_subtotal(self, row, cells):
        """Warn where the stated sum or number of units is that of neither the rows since the last subtotal nor the
        building; end the block unless the subtotal is only a stair's or a page's."""
        reason, name = self._subtotal(cells)
        sums = [self.total] if reason == 'total' else [self.by_building.get(name, self.block), self.block]
        try:
            stated = to_number(self._cell(cells, 'total_price'), 'money')
        except CellFault:
            stated = None
        if stated is not None and all(each.known and each.total != stated for each in sums):
            self._warn(row, '', 'total_price', 'subtotal_sum', value=stated, expected=sums[0].total)
        for value in cells:
            count = isinstance(value, str) and _UNITS_STATED.search(value[:START])
            if count and all(each.count != int(count[1]) for each in sums):
                self._warn(row, '', 'sequence', 'subtotal_count', value=int(count[1]), expected=sums[0].count)
        if name and (name == self.stair or name.startswith('本页')):
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
            except CellFault as fault:
                values[key] = None
                faults[key] = (fault.code, fault.params)
        self._place(values, faults)
        self._check_signs(values, faults)
        for areas in self.areas:
            _check_areas(values, faults, *areas)
        rounding = _price(values, faults)
        other = self._other_row(row, values, faults)
        if other:
            place = {key: values.get(key) or '' for key in ('building', 'stair', 'room')}
            faults['room'] = ('duplicate_room', {**place, 'other': other})
        self._sum(values, faults)
        if faults or rounding or values.get('floor_price'):
            sequence = self._cell(cells, 'sequence')
            self._report(row, '' if sequence is None else clean(str(sequence)[:64]), values, faults, rounding)
        if not faults:
            self.result.records.append(Record(row, **values, **layout_parts(values.get('layout'))))

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
        elif stair is None and self.building and values.get('usage') not in WITHOUT_STAIR:
            values['stair'] = self.stair
        for key in ('stair', 'layout', 'note', 'room'):
            values[key] = values.get(key) or None
        if not values['room'] and 'room' not in faults:
            faults['room'] = ('missing_room', {})

    def _check_signs(self, values, faults):
        for key in self.numbers:
            value = values[key]
            if value is None or value > 0:
                continue
            if key not in ('shared_area', 'measured_shared_area'):
                faults[key] = ('not_positive', {'value': value})
            elif value < 0:
                faults[key] = ('negative', {'value': value})

    def _other_row(self, row, values, faults):
        """Return the row above that holds the same room, or None."""
        if not values['room'] or not values['building'] or 'stair' in faults:
            return None
        key = tuple(_comparable(values[name]) for name in ('building', 'stair', 'room'))
        first = self.rooms.setdefault(key, row)
        return first if first != row else None

    def _sum(self, values, faults):
        total = None if faults else values['total_price']
        of_building = self.by_building.setdefault((values['building'] or '').replace(' ', ''), _Sum())
        for each in (self.total, self.block, of_building):
            each.add(total)


@lru_cache(maxsize=4096)
def _comparable(text):
    """Return what two spellings of a name share; signs stay, since "1-12" is not "11-2"."""
    return unicodedata.normalize('NFKC', text).casefold().replace(' ', '') if text else ''


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


def _fits(total, unit_price, area):
    """Return whether the total is unit price × area within a yuan, for totals in whole yuan, or within what a unit
    price rounded to 0.01 makes of a large area."""
    return abs(total - round_half_up(unit_price * area)) <= max(1, area * HALF_CENT)


def _price(values, faults):
    """Settle pricing mode, unit price and total; return {value, expected} of a total that is off by rounding."""
    unit_price, total = values.setdefault('unit_price'), values.setdefault('total_price')
    values.setdefault('pricing_mode')
    if faults.keys() & {'unit_price', 'total_price', 'pricing_mode'}:
        return None
    if unit_price is None and total is None:
        faults['total_price'] = ('no_price', {})
        return None
    unreadable = {mode for mode in ('gross', 'inside') if f'{mode}_area' in faults}
    areas = {mode: None if mode in unreadable else values.get(f'{mode}_area') for mode in ('gross', 'inside')}
    mode = values['pricing_mode'] or _pricing_mode(values, unit_price, total, areas)
    values['pricing_mode'] = mode
    if mode == 'unit':
        values['total_price'] = unit_price if total is None else total
        if 'gross_area' in values and values.get('usage') in WITH_AREA and not (unreadable or any(areas.values())):
            faults['gross_area'] = ('missing_area', {})
        return None
    area = areas[mode]
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
    if total != expected and _fits(total, unit_price, area):
        return {'value': total, 'expected': expected}
    if total != expected and not unreadable:
        faults['total_price'] = ('total_mismatch', {'value': total, 'expected': expected})
    return None


def _pricing_mode(values, unit_price, total, areas):
    """Return the mode that the prices and the note tell where no column does."""
    if unit_price is None or _PER_UNIT_NOTE.search(values['note'] or ''):
        return 'unit'
    for mode, area in areas.items():
        if area and (total is None or _fits(total, unit_price, area)):
            return mode
    if not any(areas.values()) and values.get('usage') not in WITH_AREA and total in (None, unit_price):
        return 'unit'
    return 'gross'
