"""Writes the daily report of sales control as .xlsx."""
from datetime import date, datetime
from itertools import chain

import xlsxwriter

from .inventory_figures import STATES

_MOVEMENT_WIDTHS = (16, 11, 17, 10, 20, 14, 9, 9, 14, 26, 14, 11, 16)
# In the order of the columns: key of the caption and of the figure, and the kind of its cells.
_BEFORE = (('total', 'count'),)
_AFTER = (
    ('expiring', 'count'), ('sealed', 'count'), ('sold', 'count'), ('rate', 'rate'), ('sold_area', 'area'), ('sold_amount', 'money'))


def write_report(stream, values, movements):
    """Write the figures, the movements and the differences, one sheet each, from top to bottom: nothing is held.

    :param stream: a binary file
    :param dict values: see ``property.project._inventory_sheet``
    :param movements: iterable of rows, read once: text, dates and numbers in the order of ``movement_captions``
    """
    with xlsxwriter.Workbook(stream, {'constant_memory': True}) as workbook:
        _Writer(workbook, values).write_all(movements)


class _Writer:

    def __init__(self, workbook, values):
        self.workbook = workbook
        self.values = values
        self.captions = values['captions']
        frame = {'border': 1, 'valign': 'vcenter'}
        kinds = {
            'text': {}, 'count': {'num_format': '#,##0'}, 'rate': {'num_format': '0.00%'}, 'area': {'num_format': '#,##0.00'},
            'money': {'num_format': '#,##0.00'}, 'date': {'num_format': 'yyyy-mm-dd'}, 'datetime': {'num_format': 'yyyy-mm-dd hh:mm'}}
        self.formats = {kind: workbook.add_format({**frame, **style}) for kind, style in kinds.items()}
        self.sums = {kind: workbook.add_format({**frame, **style, 'bold': True, 'bg_color': '#EEF2F7'}) for kind, style in kinds.items()}
        self.title = workbook.add_format({'bold': True, 'font_size': 16, 'align': 'center', 'valign': 'vcenter'})
        self.head = workbook.add_format({**frame, 'bold': True, 'align': 'center', 'text_wrap': True, 'bg_color': '#DCE6F1'})
        self.block = workbook.add_format({**frame, 'bold': True})
        self.sheet, self.row = None, 0

    def write_all(self, movements):
        figures, moves, differences = self.values['sheets']
        self._write_figures(figures)
        self._write_rows(moves, self.values['movement_captions'], _MOVEMENT_WIDTHS, movements)
        found = [(block['name'], sentence) for block in self.values['blocks'] for sentence in block['differences']]
        if found:
            self._write_rows(differences, self.values['difference_captions'], (16, 110), found)

    # ------------------------------------------------------------------ the figures

    def _write_figures(self, name):
        self._open(name)
        last = 1 + len(_BEFORE) + 3 * len(STATES) + len(_AFTER)
        self.sheet.set_column(0, 1, 14)
        self.sheet.set_column(2, last - 2, 7)
        self.sheet.set_column(last - 2, last - 2, 10)
        self.sheet.set_column(last - 1, last - 1, 13)
        self.sheet.set_column(last, last, 19)
        self.sheet.freeze_panes(4, 2)
        self.sheet.repeat_rows(2, 3)
        self._write_wide(self.values['title'], last, self.title)
        self._write_wide(self.values['day'], last, None)
        self._write_head()
        for block in self.values['blocks']:
            self._write_wide(f"{block['name']}    {block['status']}", last, self.block)
            for building, layout, row in block['rows']:
                self._write_figure_row(building, layout, row, self.formats if layout else self.sums)
            self._write_figure_row(self.captions['project_total'], '', block['total'], self.sums)
            if block['reason']:
                self._write_wide(block['reason'], last, self.block)
        if self.values['total']:
            self._write_figure_row(self.captions['all'], '', self.values['total'], self.sums, self.values['with_amount'])

    def _write_head(self):
        """The names of the states above, their columns below. merge_range() would write the lower row before the upper
        one is finished, so the cells are written here and the merged areas only entered in the sheet's list."""
        top, bottom = self.row, self.row + 1
        single = [(0, 'building'), (1, 'layout'), (2, 'total')]
        first = 2 + len(_BEFORE)
        after = first + 3 * len(STATES)
        single += [(after + index, key) for index, (key, _kind) in enumerate(_AFTER)]
        upper = {index: self.captions[key] for index, key in single}
        lower = {}
        for number, state in enumerate(STATES):
            index = first + 3 * number
            upper[index] = self.values['states'][state]
            lower.update(zip(range(index, index + 3), (self.captions[key] for key in ('count', 'in', 'out')), strict=True))
            self.sheet.merge.append([top, index, top, index + 2])
        self.sheet.merge.extend([top, index, bottom, index] for index, _key in single)
        for row, texts in ((top, upper), (bottom, lower)):
            for index in range(after + len(_AFTER)):
                self._write(row, index, texts.get(index), self.head)
        self.row += 2

    def _write_figure_row(self, building, layout, figures, formats, with_amount=True):
        cells = [(figures[key], kind) for key, kind in _BEFORE]
        cells += [(figures[key], 'count') for state in STATES for key in (state, f'{state}_in', f'{state}_out')]
        cells += [('—' if key == 'rate' and figures[key] is None else figures[key], kind) for key, kind in _AFTER]
        if not with_amount:
            cells[-1] = (None, 'money')
        for index, (value, kind) in enumerate(chain(((building, 'text'), (layout, 'text')), cells)):
            self._write(self.row, index, value, formats[kind])
        self.row += 1

    def _write_wide(self, text, last, cell_format):
        self.sheet.merge_range(self.row, 0, self.row, last, '', cell_format)
        self.sheet.write_string(self.row, 0, text, cell_format)
        self.row += 1

    # ------------------------------------------------------------------ the other sheets

    def _write_rows(self, name, captions, widths, rows):
        self._open(name)
        for index, (caption, width) in enumerate(zip(captions, widths, strict=True)):
            self.sheet.set_column(index, index, width)
            self._write(0, index, caption, self.head)
        self.sheet.freeze_panes(1, 0)
        self.sheet.repeat_rows(0)
        for number, row in enumerate(rows, start=1):
            for index, value in enumerate(row):
                kind = ('datetime' if isinstance(value, datetime) else 'date' if isinstance(value, date)
                        else 'text' if value is None or isinstance(value, str) else 'area')
                self._write(number, index, value, self.formats[kind])

    def _open(self, name):
        self.sheet = self.workbook.add_worksheet(name)
        self.sheet.set_landscape()
        self.sheet.set_paper(9)
        self.sheet.fit_to_pages(1, 0)
        self.sheet.ignore_errors({'number_stored_as_text': 'A1:XFD1048576'})
        self.row = 0

    def _write(self, row, index, value, cell_format):
        if value is None or value == '':
            self.sheet.write_blank(row, index, None, cell_format)
        elif isinstance(value, str):  # never as a formula or a link, whatever it begins with
            self.sheet.write_string(row, index, value, cell_format)
        elif isinstance(value, date):
            self.sheet.write_datetime(row, index, value, cell_format)
        else:
            self.sheet.write_number(row, index, value, cell_format)
