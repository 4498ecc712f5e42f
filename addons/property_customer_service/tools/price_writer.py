"""Writes units as the price filing table that developers hand in."""
from datetime import date
from decimal import Decimal
from itertools import groupby

import xlsxwriter

from .price_fields import AREAS, CODES, FIELDS, WITHOUT_STAIR, WRITTEN_CODES

FILING_FIELDS = (
    'sequence', 'building', 'stair', 'floor', 'room', 'layout', 'usage', 'gross_area', 'inside_area', 'shared_area',
    'unit_price', 'total_price', 'note',
)
_GROUPS = {
    **dict.fromkeys(AREAS[0], '面积（㎡）'),
    **dict.fromkeys(AREAS[1], '实测面积（㎡）'),
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
    with xlsxwriter.Workbook(stream, {'constant_memory': True}) as workbook:
        _Writer(workbook, [key for key in FIELDS if key in wanted]).write_all(meta, records)


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

    def write_all(self, meta, records):
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
        title = f"{meta.get('project') or ''}  商品房销售价格备案表（一房一价）".strip()
        self.sheet.write_string(0, 0, title, self.title)
        self.sheet.merge_range(1, 0, 1, self.last, '')
        self.sheet.write_string(1, 0, '    '.join(info))
        self.row = _HEADER_TOP

    def _write_header(self):
        """Write groups above names. merge_range() would write the lower row before the upper one is finished, so the
        cells are written here and the merged areas only entered in the sheet's list."""
        top, bottom = _HEADER_TOP, _HEADER_TOP + 1
        columns = [(index, _GROUPS.get(key)) for index, key in enumerate(self.keys)]
        captions = [FIELDS[key].caption for key in self.keys]
        previous = ''
        for index, group in columns:
            self._write_caption(top, index, captions[index] if not group else group if group != previous else None)
            previous = group
        for index, group in columns:
            self._write_caption(bottom, index, captions[index] if group else None)
        for group, members in groupby(columns, key=lambda column: column[1]):
            indexes = [index for index, _group in members]
            if not group:
                self.sheet.merge.extend([top, index, bottom, index] for index in indexes)
            elif len(indexes) > 1:  # Excel refuses a merged area of one cell
                self.sheet.merge.append([top, indexes[0], top, indexes[-1]])
        self.row = bottom + 1

    def _write_caption(self, row, index, text):
        if text:
            self.sheet.write_string(row, index, text, self.head)
        else:
            self.sheet.write_blank(row, index, None, self.head)

    def _write_block(self, records):
        """Write the units of one building; return their number and the sum of their totals. Where units stand in
        no stair only the first names the building."""
        count, total = 0, Decimal()
        stair = None
        for record in records:
            values = record._asdict()
            if count and not record.stair:
                values['building'] = None
                if stair and record.usage not in WITHOUT_STAIR:
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
            text = WRITTEN_CODES[value] if FIELDS[self.keys[index]].kind in CODES else value
            self.sheet.write_string(self.row, index, text, cell_format)
        else:
            self.sheet.write_number(self.row, index, value, cell_format)

    def _write_sum(self, text, total, units=''):
        self.sheet.merge_range(self.row, 0, self.row, self.first_number - 1, '', self.sum_text)
        self.sheet.write_string(self.row, 0, text, self.sum_text)
        for index in range(self.first_number, self.last + 1):
            self.sheet.write_blank(self.row, index, None, self.sum_text)
        self.sheet.write_number(self.row, self.column['total_price'], total, self.sum_money)
        if units:
            self.sheet.write_string(self.row, self.column['note'], units, self.sum_text)
        self.row += 1
