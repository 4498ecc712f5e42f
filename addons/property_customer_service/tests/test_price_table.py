import csv
import re
import struct
import time
import zipfile
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO, StringIO
from pathlib import Path
from unittest.mock import patch

import openpyxl
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from odoo.addons.property_customer_service.tools import (
    price_cells,
    price_fields,
    price_header,
    price_rows,
    price_table,
    sheet_reader,
)
from odoo.addons.property_customer_service.tools.price_table import Formula, Record, TableError
from odoo.tests.common import BaseCase, tagged

DATA = Path(__file__).parent / 'data'
GOOD = 'price_filing_table.xlsx'
HEADINGS = [
    '序号', '楼栋', '单元', '楼层', '房号', '户型', '用途', '建筑面积', '套内面积', '分摊面积', '单价', '总价', '备注',
]
UNIT = [1, '1号楼', '1单元', 3, '0301', 'A1 3室2厅2卫', '住宅', 100, 80, 20, 10000, 1000000, None]
TEN_FAULTS = [
    # row of the sheet, 序号, column (from 1), what is typed there, field, code
    (11, '7', 5, '0202', 'room', 'duplicate_room'),
    (23, '19', 9, 94.56, 'inside_area', 'inside_above_gross'),
    (44, '40', 8, -89.56, 'gross_area', 'not_positive'),
    (62, '58', 12, 1234567, 'total_price', 'total_mismatch'),
    (77, '73', 11, '面议', 'unit_price', 'not_a_number'),
    (105, '101', 5, None, 'room', 'missing_room'),
    (154, '150', 7, '别的', 'usage', 'unknown_usage'),
    (207, '203', 4, '顶层', 'floor', 'not_a_floor'),
    (264, '260', 10, 3, 'shared_area', 'shared_mismatch'),
    (306, '301', 11, None, 'total_price', 'no_price'),
]


def unit(**values):
    """Return a row of cells like UNIT with some of them replaced, by key of a field."""
    keys = price_table.FILING_FIELDS
    return [values.get(key, cell) for key, cell in zip(keys, UNIT, strict=True)]


def parse_rows(*rows, headings=HEADINGS, **options):
    rows = [headings, *rows]
    header = price_table.find_header(rows)
    return price_table.parse(rows, header, price_table.guess_mapping(header), **options)


def parse_file(data, filename=GOOD):
    table = price_table.read_table(data, filename)
    header = price_table.find_header(table.rows)
    mapping = price_table.guess_mapping(header)
    return price_table.read_title(table.rows, header), price_table.parse(table.rows, header, mapping)


def written(records, meta=None, **options):
    stream = BytesIO()
    price_table.write_table(stream, meta or {}, records, **options)
    return stream.getvalue()


def workbook_of(*rows):
    workbook = openpyxl.Workbook()
    for row in rows:
        workbook.active.append(row)
    return saved(workbook)


def saved(workbook):
    stream = BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def repacked(data, **replaced):
    """Return the archive with the contents of parts changed by functions, by last part of the name without suffix."""
    stream = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as source, zipfile.ZipFile(stream, 'w', zipfile.ZIP_DEFLATED) as target:
        for info in source.infolist():
            change = replaced.get(Path(info.filename).stem, lambda content: content)
            target.writestr(info.filename, change(source.read(info)))
    return stream.getvalue()


def without_rows(records):
    return [record._replace(row=0) for record in records]


@tagged('post_install', '-at_install')
class TestPriceTableFile(BaseCase):
    """What is read from a file, and what is refused with one sentence."""

    def assertRefused(self, code, data, filename='table.xlsx'):
        with self.assertRaises(TableError) as caught:
            table = price_table.read_table(data, filename)
            price_table.find_header(table.rows)
        self.assertEqual(caught.exception.code, code)
        self.assertEqual(str(caught.exception), price_table.sentence(code, caught.exception.params))

    def good(self):
        return (DATA / GOOD).read_bytes()

    def test_filed_table(self):
        table = price_table.read_table(self.good(), GOOD)
        self.assertEqual(table.sheet_name, '备案价格表')
        self.assertEqual(len(table.rows), 1208)
        title, result = parse_file(self.good())
        self.assertEqual(title, {
            'project': '云栖花园一期',
            'developer': '云栖置业有限公司',
            'permit': '京房售证字(2025)086号',
            'permit_date': date(2025, 2, 18),
            'filing_date': date(2025, 2, 20),
        })
        self.assertEqual((result.faults, result.warnings), ([], []))
        self.assertEqual(len(result.records), 1196)
        self.assertEqual([record.sequence for record in result.records], list(range(1, 1197)))
        self.assertEqual(
            [(skipped.row, skipped.reason) for skipped in result.skipped],
            [(269, 'subtotal'), (534, 'subtotal'), (759, 'subtotal'), (784, 'subtotal'), (1205, 'subtotal'),
             (1206, 'total'), (1207, 'empty'), (1208, 'note')])
        self.assertEqual(result.records[0], Record(
            row=5, sequence=1, building='1号楼', stair='1单元', floor=1, room='0101', layout='A1 3室2厅2卫',
            usage='residential', pricing_mode='gross', gross_area=Decimal('118.37'), inside_area=Decimal('94.02'),
            shared_area=Decimal('24.35'), unit_price=Decimal('26890.00'), total_price=Decimal('3182969.30'),
            layout_code='A1', layout_rooms='3室2厅2卫', bedrooms=3, halls=2, baths=2))
        self.assertEqual(result.records[-1], Record(
            row=1204, sequence=1196, building='地下车库', floor=-2, room='P420', layout='CW 车位', usage='parking',
            pricing_mode='unit', gross_area=Decimal('13.25'), inside_area=Decimal('13.25'), shared_area=Decimal('0.00'),
            total_price=Decimal('160000.00'), note='按套计价', layout_code='CW', layout_rooms='车位'))
        typed_as_text = result.records[25]
        self.assertEqual(
            (typed_as_text.row, typed_as_text.unit_price), (30, Decimal('26630.00')))
        sums = {}
        for record in result.records:
            self.assertFalse(any(isinstance(value, float) for value in record))
            sums[record.building] = sums.get(record.building, 0) + record.total_price
        self.assertEqual(sums, {
            '1号楼': Decimal('806832005.40'), '2号楼': Decimal('850107455.40'), '3号楼': Decimal('678955592.40'),
            'S1商业': Decimal('128512120.00'), '地下车库': Decimal('67200000.00')})

    def test_table_with_errors(self):
        _title, result = parse_file((DATA / 'price_filing_table_with_errors.xlsx').read_bytes())
        expected = [fault for fault in TEN_FAULTS if fault[0] not in (105, 306)]  # the file left those two whole
        self.assertEqual(
            [(fault.row, fault.sequence, fault.field, fault.code) for fault in result.faults],
            [(row, sequence, field, code) for row, sequence, _column, _typed, field, code in expected])
        self.assertEqual(len(result.records), 1196 - len(expected))

    def test_ten_faults_in_one_pass(self):
        workbook = openpyxl.load_workbook(DATA / GOOD)
        sheet = workbook.active
        for row, _sequence, column, typed, *_expected in TEN_FAULTS:
            sheet.cell(row, column).value = typed
        sheet.cell(306, 12).value = None
        _title, result = parse_file(saved(workbook))
        self.assertEqual(
            [(fault.row, fault.sequence, fault.field, fault.code) for fault in result.faults],
            [(row, sequence, field, code) for row, sequence, _column, _typed, field, code in TEN_FAULTS])
        self.assertEqual(result.faults[0].params['other'], 10)
        self.assertEqual(result.warnings, [])
        for fault in result.faults:
            self.assertTrue(price_table.sentence(fault.code, fault.params))

    def test_messages_cover_the_codes(self):
        source = ''.join(Path(module.__file__).read_text() for module in (
            price_cells, price_header, price_rows, sheet_reader))
        used = set(re.findall(r"(?:TableError|CellFault)\('(\w+)'", source))
        used |= set(re.findall(r"= \('(\w+)', \{", source))
        used |= {f'unknown_{kind}' for kind in ('usage', 'orientation', 'pricing_mode')}
        used |= {'total_rounding', 'subtotal_sum', 'subtotal_count', 'floor_price_above_total'}
        self.assertEqual(used, set(price_table.MESSAGES))

    def test_refused_files(self):
        good = self.good()
        document = BytesIO()
        with zipfile.ZipFile(document, 'w') as archive:
            archive.writestr('word/document.xml', '<document/>')
        for code, data, filename in (
            ('empty_file', b'', 'a.xlsx'),
            ('not_a_table', b'MZ\x90\0\x03' + bytes(500), 'a.xlsx'),
            ('not_a_table', b'MZ\x90\x01\x03' + bytes(500), 'a.csv'),
            ('not_a_table', b'%PDF-1.7\n%\xe2\xe3\n', 'a.xlsx'),
            ('not_a_table', b'%PDF-1.7\nplain', 'a.csv'),
            ('not_a_table', b'\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'a.csv'),
            ('not_a_table', '序号,房号'.encode(), 'a.xlsx'),
            ('not_a_workbook', document.getvalue(), 'a.xlsx'),
            ('not_a_workbook', b'PK\x05\x06' + bytes(18), 'a.xlsx'),
            ('old_format', sheet_reader._OLE + bytes(600), 'a.xls'),
            ('password', sheet_reader._OLE + bytes(600) + 'EncryptedPackage'.encode('utf-16-le'), 'a.xlsx'),
            ('corrupt', good[:len(good) // 2], 'a.xlsx'),
            ('corrupt', good[:20000] + bytes(100) + good[20100:], 'a.xlsx'),
            ('empty_sheet', workbook_of(), 'a.xlsx'),
            ('empty_sheet', b' \n\n', 'a.csv'),
            ('no_header', workbook_of(['a', 'b'], [1, 2]), 'a.xlsx'),
        ):
            with self.subTest(code=code, filename=filename):
                self.assertRefused(code, data, filename)

    def test_too_large(self):
        with patch.object(sheet_reader, 'MAX_BYTES', 1000):
            self.assertRefused('file_too_large', self.good())

    def test_bombs(self):
        with patch.object(sheet_reader, 'MAX_UNCOMPRESSED', 500_000):
            self.assertRefused('bomb', self.good())
        with patch.object(sheet_reader, 'MAX_TREE', 1000):
            self.assertRefused('bomb', self.good())
        blank = b' ' * (sheet_reader.RATIO_FROM + 1)
        self.assertRefused('bomb', repacked(self.good(), sheet1=lambda content: blank))
        self.assertRefused('bomb', repacked(self.good(), theme1=lambda content: content + blank))

    def test_part_larger_than_it_claims(self):
        data = bytearray(self.good())
        size = struct.pack('<I', 790563)
        self.assertIn(size, data)
        self.assertRefused('corrupt', bytes(data.replace(size, struct.pack('<I', 5000))))

    def test_document_type(self):
        declared = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'

        def declare(content):
            start = content.index(b'?>') + 2 if content.startswith(b'<?xml') else 0
            return content[:start] + declared + content[start:]

        def declare_wide(content):
            return declare(re.sub(rb'^<\?xml.*?\?>', b'', content)).decode().encode('utf-16')

        for part in ('sheet1', 'workbook', 'styles', 'workbook.xml'):
            self.assertRefused('unsafe_xml', repacked(self.good(), **{part: declare}))
        self.assertRefused('unsafe_xml', repacked(self.good(), sheet1=declare_wide))

    def test_rows_and_columns_are_bounded(self):
        workbook = openpyxl.Workbook()
        workbook.active.append(HEADINGS)
        workbook.active.cell(sheet_reader.MAX_ROWS + 1, 1).value = 1
        self.assertRefused('too_many_rows', saved(workbook))
        workbook = openpyxl.Workbook()
        workbook.active.append(HEADINGS)
        workbook.active.cell(2, 5000).value = 1
        self.assertRefused('too_many_columns', saved(workbook))
        self.assertRefused('too_many_columns', ('房号,楼栋,单元,总价\n' + ',' * 300 + '1').encode(), 'a.csv')

    def test_sheet_that_lies_about_its_size(self):
        for claim in (b'A1', b'A1:XFD1048576', b'nonsense'):
            data = repacked(self.good(), sheet1=lambda content, claim=claim: content.replace(b'A1:M1208', claim))
            self.assertEqual(len(parse_file(data)[1].records), 1196)

        def add_styled_row(content):
            return content.replace(b'</sheetData>', b'<row r="1048576"><c r="XFD1048576" s="1"/></row></sheetData>')

        table = price_table.read_table(repacked(self.good(), sheet1=add_styled_row), GOOD)
        self.assertEqual(len(table.rows), 1208)

    def test_first_visible_sheet_with_a_header(self):
        workbook = openpyxl.Workbook()
        workbook.active.title = '说明'
        workbook.active.append(['填表说明'])
        hidden = workbook.create_sheet('旧表')
        hidden.append(HEADINGS)
        hidden.sheet_state = 'hidden'
        workbook.create_sheet('空表')
        for number in (1, 2):
            sheet = workbook.create_sheet(f'表{number}')
            sheet.append(HEADINGS)
            sheet.append(unit())
        self.assertEqual(price_table.read_table(saved(workbook), 'a.xlsx').sheet_name, '表1')

    def test_cells(self):
        workbook = openpyxl.Workbook()
        sheet = workbook.active
        sheet.append(HEADINGS)
        sheet.append(unit(
            sequence='=ROW()', total_price='=H2*K2', room=301.0, floor='_x0031_0层', note='a_x005F_x0041_',
            gross_area=datetime(2025, 2, 18), inside_area=True))
        sheet['H2'].number_format = 'yyyy"年"m"月"d"日"'
        rows = price_table.read_table(saved(workbook), 'a.xlsx').rows
        self.assertEqual(rows[1], [
            '=ROW()', '1号楼', '1单元', '10层', 301, 'A1 3室2厅2卫', '住宅', datetime(2025, 2, 18), True, 20, 10000,
            '=H2*K2', 'a_x0041_'])
        self.assertEqual([isinstance(cell, Formula) for cell in rows[1]].count(True), 2)

    def test_rich_text_without_phonetic_guide(self):
        def rich(content):
            runs = '<r><t>1</t></r><r><t>号楼</t></r><rPh sb="0" eb="1"><t>hao</t></rPh>'
            return content.replace('<t>1号楼</t>'.encode(), runs.encode())

        data = repacked(workbook_of(HEADINGS, unit()), sharedStrings=rich)
        self.assertEqual(parse_file(data)[1].records[0].building, '1号楼')

    def test_csv(self):
        expected = parse_rows(unit(note='第一行\n第二行; 完')).records
        for delimiter in ',;\t':
            stream = StringIO()
            csv.writer(stream, delimiter=delimiter).writerows([HEADINGS, unit(note='第一行\n第二行; 完')])
            for encoding in ('utf-8', 'utf-8-sig', 'utf-16', 'utf-16-le', 'utf-16-be', 'gbk', 'gb18030'):
                with self.subTest(delimiter=delimiter, encoding=encoding):
                    _title, result = parse_file(stream.getvalue().encode(encoding), 'A.CSV')
                    self.assertEqual(result.records, expected)

    def test_csv_keeps_leading_zeros_and_row_numbers(self):
        data = '房号,楼栋,总价,用途\n\n="0101",1号楼,"1,000,000",车位\n'.encode()
        self.assertEqual(
            [(record.row, record.room, record.total_price) for record in parse_file(data, 'a.csv')[1].records],
            [(3, '0101', Decimal('1000000.00'))])


@tagged('post_install', '-at_install')
class TestPriceTableHeader(BaseCase):

    def mapping(self, *rows, remembered=None):
        header = price_table.find_header(rows)
        return header, price_table.guess_mapping(header, remembered)

    def test_normalised(self):
        for text, expected in (
            ('单价（元/㎡）', '单价'), ('总价 (元)', '总价'), ('建筑\n面积（m²）', '建筑面积'), ('房号*', '房号'),
            ('Gross Area (m²)', 'grossarea'), ('單元', '單元'), ('单元', '单元'), ('总价元', '总价'),
            ('总价（万元）', '总价万元'), ('Ｕｎｉｔ　Ｎｏ．', 'unitno'),
        ):
            self.assertEqual(price_table.normalise_header(text), expected)

    def test_no_heading_means_two_things(self):
        aliases = [alias for spec in price_table.FIELDS.values() for alias in spec.aliases]
        self.assertEqual(len(aliases), len(set(aliases)))

    def test_one_row_below_titles(self):
        header, mapping = self.mapping(
            ['云栖花园 一房一价表'], ['开发企业：甲'],
            ['幢号', '室号', '建筑面积（㎡）', '备案总价（元）', '随便'], ['1', '101', 1, 2, 3])
        self.assertEqual((header.top, header.bottom), (2, 2))
        self.assertEqual(mapping, {0: 'building', 1: 'room', 2: 'gross_area', 3: 'total_price'})
        self.assertEqual(price_table.read_title([['云栖花园 一房一价表'], ['开发企业：甲']], header), {
            'project': '云栖花园', 'developer': '甲'})

    def test_groups(self):
        header, mapping = self.mapping(
            ['楼栋', '房号', '面积（㎡）', None, None, '实测面积', None, None, '底价', None, '备案价格'],
            [None, None, '建筑', '套内', '分摊', '建筑面积', '套内面积', '分摊面积', '单价', '总价', '单价', '总价'])
        self.assertEqual((header.top, header.bottom), (0, 1))
        self.assertEqual(header.columns[3].text, '面积（㎡） 套内')
        self.assertEqual(list(mapping.values()), [
            'building', 'room', 'gross_area', 'inside_area', 'shared_area', 'measured_gross_area',
            'measured_inside_area', 'measured_shared_area', 'floor_price', 'unit_price', 'total_price'])
        self.assertNotIn(8, mapping)

    def test_english(self):
        _header, mapping = self.mapping([
            'No.', 'Building', 'Floor', 'Unit No.', 'Gross area (m²)', 'Unit price (CNY/m²)', 'Total price',
            'Floor price'])
        self.assertEqual(list(mapping.values()), [
            'sequence', 'building', 'floor', 'room', 'gross_area', 'unit_price', 'total_price', 'floor_price'])

    def test_remembered_wins(self):
        row = ['楼栋', '房号', '总价', '优惠价', '备注']
        _header, mapping = self.mapping(row, remembered={'优惠价': 'total_price', '备注': '', '房号': 'no such key'})
        self.assertEqual(mapping, {0: 'building', 1: 'room', 3: 'total_price'})

    def test_each_field_once_and_ten_thousands_never(self):
        _header, mapping = self.mapping(
            ['楼栋', '房号', '总价（万元）', '总价（含装修）', '备案总价', '单价（元）（含税）'])
        self.assertEqual(mapping, {0: 'building', 1: 'room', 4: 'total_price', 5: 'unit_price'})

    def test_no_header(self):
        for rows in ([], [['楼栋', '单元', '楼层', '总价']], [[]] * 60 + [HEADINGS]):
            with self.assertRaises(TableError):
                price_table.find_header(rows)

    def test_title_cells(self):
        rows = [
            ['项目名称', '云栖花园二期', None, '开发商：', '甲公司'],
            ['预售许可证号：', '京(2025)1号', '发证日期', datetime(2025, 2, 18), '备案日期：2025/2/30'],
            HEADINGS]
        self.assertEqual(price_table.read_title(rows, price_table.find_header(rows)), {
            'project': '云栖花园二期', 'developer': '甲公司', 'permit': '京(2025)1号',
            'permit_date': date(2025, 2, 18)})

    def test_long_heading_is_not_searched(self):
        rows = [['(' * 32000] * 13, HEADINGS, unit()]
        self.assertEqual(price_table.find_header(rows).top, 1)
        price_table.read_title(rows, price_table.find_header(rows))


@tagged('post_install', '-at_install')
class TestPriceTableRows(BaseCase):

    def assertFault(self, code, field=None, **values):
        result = parse_rows(unit(**values))
        self.assertEqual([(fault.code, fault.field) for fault in result.faults], [(code, field or next(iter(values)))])
        self.assertTrue(price_table.sentence(code, result.faults[0].params))
        self.assertEqual(result.records, [])

    def record(self, **values):
        result = parse_rows(unit(**values))
        self.assertEqual(result.faults, [])
        return result.records[0]

    def test_one_fault_per_cause(self):
        for code, field, values in (
            ('missing_room', 'room', {'room': None}),
            ('missing_room', 'room', {'room': ' '}),
            ('missing_building', 'building', {'building': None}),
            ('not_positive', 'gross_area', {'gross_area': -100}),
            ('not_positive', 'inside_area', {'inside_area': 0}),
            ('negative', 'shared_area', {'shared_area': -20}),
            ('inside_above_gross', 'inside_area', {'inside_area': 120}),
            ('shared_mismatch', 'shared_area', {'shared_area': '20.02'}),
            ('total_mismatch', 'total_price', {'total_price': '1000001.01'}),
            ('not_positive', 'unit_price', {'unit_price': 0}),
            ('not_positive', 'total_price', {'total_price': -1000000}),
            ('no_price', 'total_price', {'total_price': None, 'unit_price': None}),
            ('missing_area', 'gross_area', {'gross_area': None, 'inside_area': None, 'shared_area': None}),
            ('unknown_usage', 'usage', {'usage': '别的'}),
            ('formula', 'total_price', {'total_price': Formula('=H2*K2')}),
            ('formula', 'room', {'room': Formula('=A1')}),
            ('date', 'gross_area', {'gross_area': datetime(2025, 2, 18)}),
            ('date', 'room', {'room': datetime(2025, 3, 2)}),
            ('cell_error', 'unit_price', {'unit_price': '#REF!'}),
            ('too_large', 'total_price', {'total_price': 1e10}),
            ('too_large', 'total_price', {'total_price': '9' * 40}),
            ('too_large', 'total_price', {'total_price': None, 'unit_price': 9999999999}),
            ('too_long', 'building', {'building': '楼' * 65}),
            ('too_long', 'note', {'note': '注' * 256}),
            ('too_long', 'gross_area', {'gross_area': '1' * 1001}),
        ):
            with self.subTest(values=values):
                self.assertFault(code, field, **values)

    def test_not_a_number(self):
        for value in (
            '面议', '1.2.3', '1,00', '118,37', '1e5', 'nan', 'inf', float('nan'), float('inf'), True, '12 34',
        ):
            with self.subTest(value=value):
                self.assertFault('not_a_number', gross_area=value)

    def test_independent_faults_of_one_row(self):
        result = parse_rows(unit(usage='别的', gross_area=-1, floor='顶层'))
        self.assertEqual({fault.code for fault in result.faults}, {'unknown_usage', 'not_positive', 'not_a_floor'})

    def test_floors(self):
        for value, floor in (
            (3, 3), (3.0, 3), ('-1', -1), ('B1', -1), ('b2层', -2), ('1F', 1), ('3层', 3), ('第3层', 3), ('三层', 3),
            ('十二层', 12), ('二十', 20), ('三十三层', 33), ('地下一层', -1),
            ('负一层', -1), ('负2层', -2), ('首层', 1),
            ('１２', 12), (None, None), ('/', None), ('-', None),
        ):
            with self.subTest(value=value):
                self.assertEqual(self.record(floor=value).floor, floor)
        for value in ('顶层', '1-2层', 2.5, '夹层', 9999, '9' * 900, True):
            with self.subTest(value=value):
                self.assertFault('not_a_floor', floor=value)
        self.assertFault('date', floor=datetime(2025, 1, 2))

    def test_typed_numbers(self):
        for value, area in (
            ('118.37㎡', '118.37'), ('118.37 m²', '118.37'), ('１１８．３７平方米', '118.37'), ('1,118.37', '1118.37'),
            (118.37, '118.37'), (118.375, '118.38'), (118.37499999999999, '118.37'), (118, '118.00'),
            (Decimal('118.365'), '118.37'),
        ):
            with self.subTest(value=value):
                record = self.record(gross_area=value, inside_area=None, shared_area=None, total_price=None)
                self.assertEqual(str(record.gross_area), area)
        self.assertEqual(self.record(unit_price='￥10,000.00元/㎡').unit_price, Decimal('10000.00'))

    def test_codes(self):
        for text, code in (('住宅', 'residential'), ('商铺', 'shop'), ('写字楼', 'office'), ('地下车位', 'parking'),
                           ('储藏室', 'storage'), ('其它', 'other'), ('Parking Space', 'parking'), (None, None)):
            self.assertEqual(self.record(usage=text).usage, code)
        headings = [*HEADINGS[:-1], '朝向']
        for text, code in (('南', 'south'), ('朝南', 'south'), ('南北通透', 'north_south'), ('东南向', 'southeast'),
                           ('North-South', 'north_south'), ('SE', 'southeast'), ('/', None)):
            self.assertEqual(parse_rows(unit(note=text), headings=headings).records[0].orientation, code)
        self.assertEqual(parse_rows(unit(note='上'), headings=headings).faults[0].code, 'unknown_orientation')
        headings = [*HEADINGS[:-1], '计价方式']
        for text, code in (('按套内建筑面积', 'inside'), ('按建筑面积计价', 'gross'), ('按套', 'unit')):
            total = {'inside': 800000, 'gross': 1000000, 'unit': 123}[code]
            result = parse_rows(unit(note=text, total_price=total), headings=headings)
            self.assertEqual(result.records[0].pricing_mode, code)
        self.assertEqual(parse_rows(unit(note='随便'), headings=headings).faults[0].code, 'unknown_pricing_mode')

    def test_pricing_modes(self):
        self.assertEqual(self.record().pricing_mode, 'gross')
        self.assertEqual(self.record(total_price=800000).pricing_mode, 'inside')
        self.assertEqual(self.record(unit_price=None).pricing_mode, 'unit')
        self.assertEqual(self.record(note='按套计价').pricing_mode, 'unit')
        self.assertEqual(self.record(note='按套内面积计价', total_price=800000).pricing_mode, 'inside')
        parking = self.record(usage='车位', gross_area=None, inside_area=None, shared_area=None, total_price=None)
        self.assertEqual((parking.pricing_mode, parking.total_price), ('unit', Decimal('10000.00')))

    def test_price_computed(self):
        record = self.record(
            gross_area=88.885, inside_area=None, shared_area=None, unit_price=10000.5, total_price=None)
        self.assertEqual(record.total_price, Decimal('888944.45'))  # 88.89 × 10,000.50 = 888,944.445
        headings = [*HEADINGS[:-1], '计价方式']
        result = parse_rows(
            unit(note='按建筑面积', unit_price=None, gross_area=99, inside_area=None), headings=headings)
        self.assertEqual(result.records[0].unit_price, Decimal('10101.01'))

    def test_totals_off_by_rounding(self):
        for area, total, code in (
            (100, '1000001.00', 'total_rounding'), (1000, '10000005.00', 'total_rounding'), (100, 1000000, None),
        ):
            result = parse_rows(unit(gross_area=area, inside_area=None, shared_area=None, total_price=total))
            self.assertEqual([warning.code for warning in result.warnings], [code] if code else [])
            self.assertEqual(result.records[0].total_price, Decimal(total))

    def test_shared_area_off_by_a_cent(self):
        self.assertEqual(self.record(shared_area='20.01').shared_area, Decimal('20.01'))

    def test_layouts(self):
        for text, parts in (
            ('A1 3室2厅2卫', ('A1', '3室2厅2卫', 3, 2, 2)), ('三房两厅一卫', (None, '三房两厅一卫', 3, 2, 1)),
            ('A1户型(3室2厅)', ('A1', '3室2厅', 3, 2, None)), ('SP 商铺', ('SP', '商铺', None, None, None)),
            ('B2', ('B2', None, None, None, None)), (None, (None,) * 5),
        ):
            record = self.record(layout=text)
            self.assertEqual(
                (record.layout_code, record.layout_rooms, record.bedrooms, record.halls, record.baths), parts)

    def test_room_stored_as_number(self):
        self.assertEqual(self.record(room=101.0).room, '101')
        self.assertEqual(self.record(room='\u200b０１０１\u3000').room, '0101')

    def test_duplicates(self):
        result = parse_rows(
            unit(), unit(stair='2单元'), unit(room='０３０１ '), unit(building='2号楼'), unit(room='s01'),
            unit(room='S01'), unit(room='1-12'), unit(room='11-2'), unit(gross_area=-1, room='9'), unit(room='9'))
        self.assertEqual(
            [(fault.row, fault.code, fault.params.get('other')) for fault in result.faults],
            [(4, 'duplicate_room', 2), (7, 'duplicate_room', 6), (10, 'not_positive', None),
             (11, 'duplicate_room', 10)])

    def test_blank_building_and_stair(self):
        result = parse_rows(
            unit(room='1'), unit(room='2', building=None, stair=None), unit(room='3', building=None, stair='2单元'),
            unit(room='4', building=None, stair=None), unit(room='S1', building=None, stair=None, usage='商铺'),
            unit(room='5', building=None, stair='/'), unit(room='1', building='2号楼', stair=None),
            ['2号楼小计'], unit(room='6', building=None), unit(room='7', building='3号楼'))
        self.assertEqual(
            [(record.building, record.stair, record.room) for record in result.records],
            [('1号楼', '1单元', '1'), ('1号楼', '1单元', '2'), ('1号楼', '2单元', '3'), ('1号楼', '2单元', '4'),
             ('1号楼', None, 'S1'), ('1号楼', None, '5'), ('2号楼', None, '1'), ('3号楼', '1单元', '7')])
        self.assertEqual([(fault.row, fault.code) for fault in result.faults], [(10, 'missing_building')])

    def test_unreadable_building_is_one_fault(self):
        result = parse_rows(unit(building='#REF!'), unit(building=None, room='2'))
        self.assertEqual([(fault.row, fault.code) for fault in result.faults], [(2, 'cell_error')])

    def test_building_default(self):
        headings = [None, None, *HEADINGS[2:]]
        result = parse_rows(unit(building=None), headings=headings, building_default='8号楼')
        self.assertEqual(result.records[0].building, '8号楼')
        with self.assertRaises(TableError) as caught:
            parse_rows(unit(), headings=headings)
        self.assertEqual(caught.exception.params['keys'], ['building'])

    def test_rows_that_are_no_units(self):
        result = parse_rows(
            unit(), HEADINGS, [], ['1单元小计', *[None] * 10, 1000000, '1套'], unit(stair='2单元', building=None),
            ['本页小计', *[None] * 10, 1000000], unit(room='9', building=None),
            ['1号楼合计', *[None] * 10, 3000000, '3套'],
            [None, '5号楼'], unit(building=None), ['小 计', *[None] * 10, 1000000],
            ['总计：4套', *[None] * 10, '4,000,000.00'],
            [5], ['注：1. 本表一式三份', '2. 共4页', '盖章后有效'], ['制表人：', None, None, '审核人：'])
        self.assertEqual(result.faults, [])
        self.assertEqual(result.warnings, [])
        self.assertEqual([record.building for record in result.records], ['1号楼'] * 3 + ['5号楼'])
        self.assertEqual([record.stair for record in result.records], ['1单元', '2单元', '1单元', '1单元'])
        self.assertEqual(
            [skipped.reason for skipped in result.skipped],
            ['header', 'empty', 'subtotal', 'subtotal', 'subtotal', 'heading', 'subtotal', 'total', 'empty', 'note',
             'note'])

    def test_subtotals_that_differ(self):
        result = parse_rows(
            unit(), unit(room='2'), ['1号楼小计', *[None] * 10, 2000001, '3套'], ['合计：2套', *[None] * 10, 1])
        self.assertEqual(
            [(warning.row, warning.code, warning.params) for warning in result.warnings],
            [(4, 'subtotal_sum', {'value': Decimal('2000001.00'), 'expected': Decimal('2000000.00')}),
             (4, 'subtotal_count', {'value': 3, 'expected': 2}),
             (5, 'subtotal_sum', {'value': Decimal('1.00'), 'expected': Decimal('2000000.00')})])

    def test_subtotal_of_a_faulty_block_is_not_compared(self):
        result = parse_rows(unit(), unit(room='2', total_price='面议'), ['1号楼小计', *[None] * 10, 2000001, '2套'])
        self.assertEqual(result.warnings, [])

    def test_floor_price_above_total(self):
        headings = [*HEADINGS[:-1], '底价']
        result = parse_rows(unit(note=1000001), headings=headings)
        self.assertEqual([warning.code for warning in result.warnings], ['floor_price_above_total'])
        self.assertEqual(result.records[0].floor_price, Decimal('1000001.00'))

    def test_long_text_in_every_row(self):
        start = time.process_time()
        result = parse_rows(unit(), *[['长' * 1_000_000, *cells] for cells in ([None], [None] * 3 + ['1'])] * 2000)
        self.assertLess(time.process_time() - start, 5)
        self.assertEqual({skipped.reason for skipped in result.skipped}, {'note'})

    def test_no_units(self):
        with self.assertRaises(TableError) as caught:
            parse_rows(['合计', *[None] * 10, 1])
        self.assertEqual(caught.exception.code, 'no_units')

    @settings(max_examples=200, deadline=None, database=None)
    @given(st.lists(st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.decimals(allow_nan=False), st.text(max_size=80),
        st.datetimes(),
        st.sampled_from(['/', '小计', '合计：3套', '盖章：', '房号', '1,000', '按套', '地下一层', '#REF!']),
        st.text('=ROW()', max_size=9).map(Formula),
    ), max_size=14))
    def test_any_cells_are_read_or_faulted(self, cells):
        result = parse_rows(unit(room='Z'), cells)
        self.assertGreaterEqual(len(result.records) + len(result.faults) + len(result.skipped), 2)
        for finding in (*result.faults, *result.warnings):
            self.assertTrue(price_table.sentence(finding.code, finding.params))
        for record in result.records:
            self.assertFalse(any(isinstance(value, float) for value in record))


# What a cell can hold after reading: clean text that is no mark, no error and no subtotal.
TEXT = st.text(
    st.characters(codec='utf-8', exclude_categories=('Cs', 'Co', 'Cn')), min_size=1, max_size=20,
).map(price_fields.clean).filter(
    lambda text: text and not price_cells.BLANK_MARKS & {text} and not price_cells.CELL_ERRORS & {text}
    and not price_rows._SUBTOTAL.search(''.join(text.split())))
NAME = TEXT | st.sampled_from(
    ['1号楼', '2号楼', '=1+1', '@SUM(A1)', '-1', '+86', 'http://x.cn', '_x0041_', '0101'])
AREA = st.decimals(Decimal('0.01'), Decimal('99999.99'), places=2)
MONEY = st.decimals(Decimal('0.01'), Decimal('99999.99'), places=2)


@st.composite
def typed_units(draw):
    """Return cells of every field as a person types them, without a fault."""
    gross, shared = draw(AREA), draw(st.none() | AREA)
    inside = gross - shared if shared is not None and shared < gross else None
    mode = draw(st.sampled_from(['gross', 'inside', 'unit'] if inside else ['gross', 'unit']))
    area = {'gross': gross, 'inside': inside}.get(mode)
    unit_price = draw(MONEY if area else st.none() | MONEY)
    total = price_table.round_half_up(unit_price * area) if area else draw(MONEY)
    assume(total > 0)
    cells = {
        'sequence': draw(st.none() | st.integers(1, 99999)),
        'building': draw(NAME),
        'stair': draw(st.none() | NAME),
        'floor': draw(st.none() | st.integers(-5, 60)),
        'room': draw(NAME),
        'layout': draw(st.none() | st.sampled_from(['A1 3室2厅2卫', 'SP 商铺', '=cmd']) | TEXT),
        'usage': draw(st.none() | st.sampled_from(['住宅', '商业', '办公', '车位', '储藏室', '其他'])),
        'orientation': draw(st.none() | st.sampled_from(['南', '南北通透', '东南', 'west'])),
        'pricing_mode': {'gross': '按建筑面积', 'inside': '按套内建筑面积', 'unit': '按套'}[mode],
        'gross_area': gross, 'inside_area': inside, 'shared_area': shared if inside else None,
        'measured_gross_area': draw(st.none() | AREA), 'measured_inside_area': None, 'measured_shared_area': None,
        'unit_price': unit_price, 'total_price': draw(st.sampled_from([total, None])) if unit_price else total,
        'floor_price': draw(st.none() | MONEY),
        'note': draw(st.none() | TEXT),
    }
    return [cells[key] for key in price_table.FIELDS]


@tagged('post_install', '-at_install')
class TestPriceTableWritten(BaseCase):

    def test_filed_table_comes_back(self):
        title, result = parse_file((DATA / GOOD).read_bytes())
        data = written(result.records, title)
        self.assertEqual(parse_file(data), (title, result))

    def test_looks_like_the_filed_table(self):
        title, result = parse_file((DATA / GOOD).read_bytes())
        ours = openpyxl.load_workbook(BytesIO(written(result.records, title))).active
        filed = openpyxl.load_workbook(DATA / GOOD).active
        self.assertEqual(ours.freeze_panes, 'A5')
        merged, filed_merged = ({str(area) for area in sheet.merged_cells.ranges} for sheet in (ours, filed))
        self.assertEqual(merged - filed_merged, {'A1206:G1206'})
        self.assertEqual(filed_merged - merged, set())
        for row in (1, 3, 4, 5, 260, 269, 760, 761, 784, 785, 786, 1205, 1207, 1208):
            for mine, theirs in zip(ours[row], filed[row], strict=True):
                self.assertEqual(mine.value, theirs.value, mine.coordinate)
        self.assertEqual(ours['A1206'].value, '合计：1196套')
        self.assertEqual(ours['L5'].number_format, '#,##0.00')
        self.assertEqual([ours.column_dimensions[name].width > 5 for name in 'ABCDEFGHIJKLM'], [True] * 13)

    def test_floor_price_and_further_columns(self):
        record = Record(
            row=5, building='1号楼', room='1', pricing_mode='unit', orientation='south', total_price=Decimal('10.00'),
            floor_price=Decimal('9.00'), measured_gross_area=Decimal('1.00'))
        extra = ('orientation', 'pricing_mode', 'measured_gross_area')
        _title, result = parse_file(written([record], with_floor_price=True, extra=extra))
        self.assertEqual(result.records, [record])
        _title, result = parse_file(written([record]))
        self.assertEqual(result.records, [
            record._replace(floor_price=None, orientation=None, measured_gross_area=None)])

    def test_text_stays_text(self):
        records = [Record(
            building='=HYPERLINK("http://x.cn")', room='+1', layout='@x', note='-2+3', floor=-1,
            total_price=Decimal(1))]
        sheet = openpyxl.load_workbook(BytesIO(written(records, {'project': '=1+1', 'developer': '=2'}))).active
        cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
        self.assertNotIn('f', {cell.data_type for cell in cells})
        self.assertEqual((sheet['D5'].value, sheet['D5'].data_type), (-1, 'n'))
        self.assertEqual((sheet['E5'].value, sheet['E5'].data_type), ('+1', 's'))

    def test_records_are_not_kept(self):
        seen = []

        def records():
            for number in range(3):
                seen.append(number)
                yield Record(building='1号楼', room=str(number), total_price=Decimal(1))

        written(records())
        self.assertEqual(seen, [0, 1, 2])

    @settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(typed_units(), min_size=1, max_size=8))
    def test_what_is_written_is_read_again(self, rows):
        rows.sort(key=lambda cells: cells[1])
        headings = [spec.caption for spec in price_table.FIELDS.values()]
        records = parse_rows(*rows, headings=headings).records
        assume(records)
        data = written(records, with_floor_price=True, extra=price_table.FIELDS)
        _title, result = parse_file(data)
        self.assertEqual(result.faults, [])
        self.assertEqual(without_rows(result.records), without_rows(records))
