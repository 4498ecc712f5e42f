import base64
import csv
import io
from datetime import date
from pathlib import Path
from unittest.mock import patch

import openpyxl

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import SQL

from ..tools import price_table, sheet_reader
from .common import PropertyCase

DATA = Path(__file__).parent / 'data'
TABLE = DATA / 'price_filing_table.xlsx'
HEADINGS = ['楼栋', '单元', '楼层', '房号', '户型', '用途', '建筑面积', '套内面积', '分摊面积', '单价', '总价']
# Sheet row → what is put into which column (A = 1) of the good table, and the field that is at fault.
TEN_FAULTS = {
    11: (5, '0202', 'duplicate_room'),
    23: (9, 94.56, 'inside_above_gross'),
    44: (8, -89.56, 'not_positive'),
    62: (12, 1234567, 'total_mismatch'),
    77: (11, '面议', 'not_a_number'),
    105: (5, None, 'missing_room'),
    154: (7, '别的', 'unknown_usage'),
    207: (4, '顶层', 'not_a_floor'),
    264: (10, 3, 'shared_mismatch'),
    306: ((11, 12), None, 'no_price'),
}
TABLES = ('property_project', 'property_building', 'property_layout', 'property_unit', 'property_price_list',
          'property_price_list_line', 'property_permit')


def workbook(rows, title='Acorn Hill 商品房销售价格备案表（一房一价）', headings=HEADINGS):
    book = openpyxl.Workbook()
    sheet = book.active
    if title:
        sheet.append([title])
    sheet.append(headings)
    for row in rows:
        sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def flat(room, floor=1, building='B1', price=20000, area=100, layout='A 3室2厅2卫', stair='1', usage='住宅'):
    return [building, stair, floor, room, layout, usage, area, area * 0.8, area * 0.2, price, price * area]


@tagged('post_install', '-at_install')
class TestPriceImport(PropertyCase):

    def wizard(self, data, post='manager', filename='table.xlsx', **values):
        return self.env['property.price.import'].with_user(self.users[post]).create({
            'file': base64.b64encode(data), 'filename': filename, 'company_id': self.company.id, **values})

    def checked(self, data, post='manager', **values):
        wizard = self.wizard(data, post, **values)
        wizard.action_read()
        wizard.action_check()
        return wizard

    def imported(self, data, post='manager', **values):
        wizard = self.checked(data, post, **values)
        self.assertFalse(wizard.fault_ids, wizard.fault_ids.mapped('message'))
        wizard.action_import()
        return wizard

    def counts(self):
        self.env.flush_all()
        found = []
        for table in TABLES:
            self.env.cr.execute(SQL("SELECT count(*) FROM %s", SQL.identifier(table)))
            found.append(self.env.cr.fetchone()[0])
        return found

    def assertRefused(self, sentence, function):
        """Refused with that sentence, nothing written."""
        before = self.counts()
        with self.assertRaises(UserError) as refusal:
            function()
        self.assertIn(sentence, str(refusal.exception))
        self.assertNotIn('\n', str(refusal.exception))
        self.assertEqual(self.counts(), before)

    # ------------------------------------------------------------------ the filed table

    def test_filed_table_makes_the_estate(self):
        wizard = self.imported(TABLE.read_bytes())
        project = wizard.project_id
        self.assertEqual((project.name, project.developer_name, project.company_id), ('云栖花园一期', '云栖置业有限公司', self.company))
        units = self.env['property.unit'].search([('project_id', '=', project.id)])
        self.assertEqual(len(units), 1196)
        self.assertEqual(
            {building.name: building.unit_count for building in project.building_ids},
            {'1号楼': 264, '2号楼': 264, '3号楼': 224, 'S1商业': 24, '地下车库': 420})
        self.assertEqual(
            {(layout.name, layout.rooms, layout.usage, layout.bedrooms, layout.baths): layout.unit_count for layout in project.layout_ids},
            {('A1', '3室2厅2卫', 'residential', 3, 2): 188, ('A2', '2室2厅1卫', 'residential', 2, 1): 376,
             ('B1', '4室2厅2卫', 'residential', 4, 2): 188, ('SP', '商铺', 'shop', 0, 0): 24, ('CW', '车位', 'parking', 0, 0): 420})
        prices = wizard.list_id
        self.assertEqual((prices.state, prices.source, prices.line_count), ('draft', 'import', 1196))
        # The five subtotals of the sheet.
        self.assertAlmostEqual(prices.total, 806832005.4 + 850107455.4 + 678955592.4 + 128512120 + 67200000, 2)
        line = prices.line_ids.filtered(lambda line: line.unit_id.full_name == '1号楼-1单元-0101')
        self.assertEqual((line.pricing_mode, line.price_area, line.unit_price, line.total), ('gross', 118.37, 26890, 3182969.3))
        parking = prices.line_ids.filtered(lambda line: line.unit_id.full_name == '地下车库-P420')
        self.assertEqual((parking.pricing_mode, parking.unit_price, parking.total), ('unit', 0, 160000))
        self.assertEqual((parking.unit_id.floor, parking.unit_id.stair, parking.unit_id.note), (-2, False, '按套计价'))
        # "90.68㎡" and "27,660" were typed as text.
        self.assertEqual(units.filtered(lambda unit: unit.full_name == '1号楼-2单元-3302').gross_area, 90.68)
        self.assertEqual(project.permit_ids.name, '京房售证字(2025)086号')
        self.assertEqual(len(project.permit_ids.coverage_ids), 5)
        self.assertEqual(sum(project.permit_ids.coverage_ids.mapped('unit_count')), 1196)
        self.assertEqual(
            self.env['ir.attachment'].search([('res_model', '=', 'property.price.list'), ('res_id', '=', prices.id)]).raw,
            TABLE.read_bytes())

    def test_ten_faults_are_named_by_row_and_nothing_is_imported(self):
        book = openpyxl.load_workbook(TABLE)
        for row, (columns, value, _code) in TEN_FAULTS.items():
            for column in columns if isinstance(columns, tuple) else (columns,):
                book.active.cell(row, column).value = value
        stream = io.BytesIO()
        book.save(stream)
        before = self.counts()
        wizard = self.checked(stream.getvalue())
        self.assertEqual(wizard.fault_ids.sorted('row').mapped('row'), list(TEN_FAULTS))
        self.assertEqual(wizard.fault_count, 10)
        with self.assertRaisesRegex(UserError, "10 faults, the first in row 11"):
            wizard.action_import()
        self.assertEqual(self.counts(), before)
        result = wizard._parse()
        self.assertEqual({fault.row: fault.code for fault in result.faults}, {row: code for row, (*_, code) in TEN_FAULTS.items()})

    def test_exported_table_imports_without_a_change(self):
        wizard = self.imported(TABLE.read_bytes())
        for activated in (False, True):
            if activated:
                self.activate(wizard.list_id)
            stream = io.BytesIO()
            wizard.list_id.with_user(self.users['manager'])._write_xlsx(stream)
            again = self.checked(stream.getvalue())
            self.assertFalse(again.fault_ids)
            self.assertEqual((again.new_count, again.changed_count, again.unchanged_count), (0, 0, 1196))
            self.assertFalse(again.warning_count)
            self.assertRefused("nothing new", again.action_import)

    # ------------------------------------------------------------------ what create and write would have done

    def stored(self, model, domain):
        """The stored columns of the records, without what tells two equal records apart."""
        skipped = {'id', 'create_date', 'write_date', 'create_uid', 'write_uid', 'unit_id', 'list_id', 'building_id'}
        names = [
            name for name, field in self.env[model]._fields.items()
            if field.store and field.column_type and name not in skipped]
        self.env.flush_all()
        self.env.invalidate_all()
        return [
            {name: record[name] for name in names}
            for record in self.env[model].sudo().search(domain).sorted(lambda line: (line if model == 'property.unit' else line.unit_id).full_name)]

    def test_same_columns_as_the_orm(self):
        rows = [
            flat('0101'), flat('0102', area=89.56, price=26090), flat('1101', floor=11), flat('33-02', floor=33, layout='B'),
            flat('S01', stair=None, usage='商业', layout=None), flat('0201', floor=2, building='B2'),
            ['B2', None, -1, 'P001', '车位', '车位', 13.25, 13.25, 0, None, 160000],
        ]
        self.imported(workbook(rows), project_id=self.project.id)
        ours = self.stored('property.unit', [('project_id', '=', self.project.id)])
        our_lines = self.stored('property.price.list.line', [('project_id', '=', self.project.id)])
        self.assertEqual(len(ours), 7)
        records = price_table.parse([HEADINGS, *rows], header := price_table.find_header([HEADINGS, *rows]), price_table.guess_mapping(header)).records
        self.env['property.price.list.line'].search([('project_id', '=', self.project.id)]).unlink()
        self.env['property.unit'].search([('project_id', '=', self.project.id)]).unlink()
        layouts = {layout.name: layout.id for layout in self.project.layout_ids}
        buildings = {building.name: building.id for building in self.project.building_ids}
        price_list = self.env['property.price.list'].create({'project_id': self.project.id})
        for record in records:
            unit = self.env['property.unit'].create({
                'name': record.room, 'building_id': buildings[record.building], 'stair': record.stair, 'floor': record.floor,
                'layout_id': layouts.get(record.layout_code), 'usage': record.usage, 'pricing_mode': record.pricing_mode,
                'orientation': record.orientation, 'note': record.note,
                **{name: float(getattr(record, name) or 0) for name in (
                    'gross_area', 'inside_area', 'shared_area', 'measured_gross_area', 'measured_inside_area', 'measured_shared_area')},
            })
            self.env['property.price.list.line'].create({
                'list_id': price_list.id, 'unit_id': unit.id, 'unit_price': float(record.unit_price or 0),
                'total': float(record.total_price)})
        self.assertEqual(self.stored('property.unit', [('project_id', '=', self.project.id)]), ours)
        self.assertEqual(self.stored('property.price.list.line', [('project_id', '=', self.project.id)]), our_lines)

    # ------------------------------------------------------------------ a table over an estate that is there

    def test_update_shows_and_makes_the_next_version(self):
        first = self.imported(workbook([flat('0101'), flat('0102'), flat('0201', floor=2)]), project_id=self.project.id)
        self.activate(first.list_id)
        unit = self.env['property.unit'].search([('full_name', '=', 'B1-1-0102')])
        unit.stack = '99'  # typed by hand: an import that leaves the floor leaves this
        second = self.checked(
            workbook([flat('0101'), flat('0102', price=21000), flat('0201', floor=2, area=90), flat('0202', floor=2)]),
            project_id=self.project.id)
        self.assertEqual((second.new_count, second.changed_count, second.unchanged_count), (1, 2, 1))
        self.assertEqual(second.other_ids.mapped('name'), ['B1-1-0102', 'B1-1-0201'])
        self.assertIn('2000000.00 → 2100000.00', second.other_ids[0].message)
        self.assertIn('100.00 → 90.00', second.other_ids[1].message)
        second.action_import()
        version = second.list_id
        self.assertEqual((version.version, version.previous_id, version.state), (2, first.list_id, 'draft'))
        self.assertEqual(version.line_ids.mapped('total'), [2000000, 2100000, 1800000, 2000000])
        self.assertEqual(first.list_id.line_ids.mapped('total'), [2000000, 2000000, 2000000])
        self.assertEqual(unit.stack, '99')
        self.assertEqual(unit.list_price, 2000000)  # until the version takes effect
        self.activate(version)
        self.assertEqual(unit.list_price, 2100000)

    def test_draft_is_written_over(self):
        first = self.imported(workbook([flat('0101')]), project_id=self.project.id)
        second = self.imported(workbook([flat('0101', price=22000)]), project_id=self.project.id)
        self.assertEqual(second.list_id, first.list_id)
        self.assertEqual(first.list_id.line_ids.total, 2200000)

    def test_unit_with_a_live_deal_is_not_touched(self):
        first = self.imported(workbook([flat('0101'), flat('0102')]), project_id=self.project.id)
        self.activate(first.list_id)
        unit = self.env['property.unit'].search([('full_name', '=', 'B1-1-0102')])
        self.env.cr.execute("UPDATE property_unit SET state = 'subscribed' WHERE id = %s", [unit.id])
        unit.invalidate_recordset()
        wizard = self.checked(workbook([flat('0101', price=21000), flat('0102', price=21000)]), project_id=self.project.id)
        self.assertEqual(wizard.fault_ids.mapped('row'), [4])
        self.assertIn('B1-1-0102', wizard.fault_ids.message)
        self.assertRefused("Row 4", wizard.action_import)
        # Unchanged, it may stand in the table.
        wizard = self.checked(workbook([flat('0101', price=21000), flat('0102')]), project_id=self.project.id)
        self.assertFalse(wizard.fault_ids)

    def test_columns_that_the_table_lacks_stay_as_they_are(self):
        self.imported(workbook([flat('0101')]), project_id=self.project.id)
        unit = self.env['property.unit'].search([('full_name', '=', 'B1-1-0101')])
        unit.write({'orientation': 'south', 'note': 'kept'})
        self.imported(workbook([flat('0101', price=23000)]), project_id=self.project.id)
        self.assertEqual((unit.orientation, unit.note), ('south', 'kept'))

    def test_corrected_mapping_is_remembered(self):
        headings = [*HEADINGS[:3], 'Nr.', *HEADINGS[4:]]
        headings[3] = '房号编码X'
        data = workbook([flat('0101')], headings=[*HEADINGS[:4], '户型代码Z', *HEADINGS[5:]])
        wizard = self.wizard(data, project_id=self.project.id)
        wizard.action_read()
        column = wizard.column_ids.filtered(lambda column: column.header == '户型代码Z')
        self.assertFalse(column.field)
        column.field = 'layout'
        wizard.action_check()
        again = self.wizard(data, project_id=self.project.id)
        again.action_read()
        self.assertEqual(again.column_ids.filtered(lambda column: column.header == '户型代码Z').field, 'layout')
        # Whoever looks after them reads and chooses names, not codes.
        mapping = self.env['property.import.mapping'].search([('field', '=', 'layout'), ('header', 'like', '户型代码')])
        self.assertEqual(mapping._fields['field'].convert_to_export(mapping.field, mapping), self.env['property.unit']._fields['layout_id'].string)
        names = dict(mapping._fields['field']._description_selection(self.env))
        self.assertEqual(names['skip'], "Left out")
        self.assertFalse([key for key, name in names.items() if name == key])

    # ------------------------------------------------------------------ refusals

    def test_same_file_twice(self):
        data = workbook([flat('0101')])
        first = self.imported(data, project_id=self.project.id)
        wizard = self.wizard(data, project_id=self.project.id)
        wizard.action_read()
        self.assertRefused("This very file was imported on", wizard.action_check)
        first.list_id.action_cancel()
        wizard.action_check()

    def test_table_of_another_project(self):
        wizard = self.wizard(workbook([flat('0101')], title='Birch Lane 商品房销售价格备案表'), project_id=self.project.id)
        self.assertRefused("the table of “Birch Lane” and not of Acorn Hill", wizard.action_read)

    def test_files_that_are_no_table(self):
        for data, filename, sentence in (
            (b'', 'empty.xlsx', "The file is empty."),
            (b'MZ\x90\x00' + bytes(2000), 'setup.xlsx', "is neither an .xlsx workbook nor a .csv"),
            (b'x' * (price_table.MAX_BYTES + 1) if hasattr(price_table, 'MAX_BYTES') else b'x,' * 11_000_000, 'huge.csv', "the limit is"),
            (workbook([], headings=['a', 'b']), 'other.xlsx', "No header row"),
            (workbook([flat('0101', price=0)]), 'zero.xlsx', None),
        ):
            with self.subTest(filename):
                wizard = self.wizard(data or b' ', project_id=self.project.id, filename=filename)
                if sentence == "The file is empty.":
                    wizard.file = base64.b64encode(b'')
                    sentence = "Choose the file"
                if sentence:
                    self.assertRefused(sentence, wizard.action_read)
                else:
                    wizard.action_read()
                    wizard.action_check()
                    self.assertEqual(set(wizard.fault_ids.mapped('row')), {3})
                    self.assertRefused("faults, the first in row 3", wizard.action_import)

    def test_files_that_cannot_be_read_change_nothing(self):
        """By the wizard, and not by the reader alone: protected, empty, cut off, bombs, larger than is taken."""
        good = TABLE.read_bytes()
        blank = io.BytesIO()
        openpyxl.Workbook().save(blank)
        protected = sheet_reader._OLE + bytes(600) + 'EncryptedPackage'.encode('utf-16-le')
        for data, limit in (
            (protected, None), (good[:len(good) // 2], None), (blank.getvalue(), None), (good, {'MAX_UNCOMPRESSED': 500_000}), (good, {'MAX_BYTES': 1000}),
        ):
            for lang in ('en_US', 'zh_CN'):
                wizard = self.wizard(data, project_id=self.project.id).with_context(lang=lang)
                before = self.counts()
                with patch.multiple(sheet_reader, **(limit or {'MAX_BYTES': sheet_reader.MAX_BYTES})), self.assertRaises(UserError) as refusal, self.env.cr.savepoint():
                    wizard.action_read()
                sentence = str(refusal.exception)
                self.assertNotIn('\n', sentence)
                self.assertRegex(sentence, '[\u4e00-\u9fff].*。$' if lang == 'zh_CN' else r'^[^\u4e00-\u9fff]*\.$')
                self.assertEqual(self.counts(), before)

    def test_formulas_and_dates_are_faults(self):
        for value in ('=2*50', date(2026, 1, 1), 'today', -1, 0):
            row = flat('0102')
            row[6] = value
            wizard = self.checked(workbook([flat('0101'), row]), project_id=self.project.id)
            self.assertEqual(set(wizard.fault_ids.mapped('row')), {4}, value)
            self.assertRefused("the first in row 4", wizard.action_import)

    def test_comma_separated(self):
        """The same table as text, in the encoding that a Chinese office saves."""
        rows = [flat('0101'), flat('0102', price=21000)]
        for number, encoding in enumerate(('utf-8-sig', 'gb18030')):
            building = f'T{number}'
            stream = io.StringIO()
            csv.writer(stream).writerows([HEADINGS, *([building, *row[1:]] for row in rows)])
            wizard = self.imported(stream.getvalue().encode(encoding), project_id=self.project.id, filename='table.csv')
            self.assertEqual(
                self.env['property.price.list.line'].search([('building_id.name', '=', building)]).mapped(
                    lambda line: (line.unit_id.name, line.total)), [('0101', 2000000), ('0102', 2100000)])
            self.assertTrue(wizard.list_id)

    def test_two_columns_for_one_field(self):
        wizard = self.wizard(workbook([flat('0101')]), project_id=self.project.id)
        wizard.action_read()
        wizard.column_ids.filtered(lambda column: column.header == '单元').field = 'room'
        self.assertRefused("Two columns stand for “Room”", wizard.action_check)

    def test_who_may_import(self):
        data = workbook([flat('0101')])
        for post in ('consultant', 'salesmanager', 'registration', 'finance', 'auditor', 'gm'):
            with self.subTest(post), self.assertRaises(AccessError):
                self.wizard(data, post)
        self.imported(data, 'signing', project_id=self.project.id)
        wizard = self.wizard(workbook([flat('0101')], title='New Estate 商品房销售价格备案表'), 'signing')
        wizard.action_read()
        self.assertRefused("only the department manager may make one", wizard.action_check)

    def test_floor_prices_only_by_who_may_see_them(self):
        headings = [*HEADINGS, '底价']
        data = workbook([[*flat('0101'), 1900000]], headings=headings)
        wizard = self.wizard(data, 'signing', project_id=self.project.id)
        wizard.action_read()
        self.assertNotIn('floor_price', dict(wizard.column_ids._fields['field']._description_selection(wizard.env)))
        self.env['property.price.import.column'].sudo().browse(wizard.column_ids[-1].id).write({'field': 'floor_price'})
        self.assertRefused("You may not set floor prices", wizard.action_check)
        wizard = self.imported(data, 'manager', project_id=self.project.id)
        self.assertEqual(wizard.list_id.line_ids.floor_price, 1900000)
        for post, seen in (('manager', True), ('signing', False)):
            stream = io.BytesIO()
            wizard.list_id.with_user(self.users[post])._write_xlsx(stream)
            texts = {cell.value for row in openpyxl.load_workbook(stream).active.iter_rows() for cell in row}
            self.assertEqual(any('底价' in str(text) for text in texts), seen)
            self.assertEqual(1900000 in texts, seen)

    def test_queries_do_not_grow_with_the_rows(self):
        def queries(count, building):
            wizard = self.checked(workbook([
                flat(f'{floor:02}{stack:02}', floor, building=building) for floor in range(1, count + 1) for stack in range(1, 5)
            ]), project_id=self.project.id)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            wizard.action_import()
            self.env.flush_all()
            return self.env.cr.sql_log_count - before
        queries(2, 'Warm')
        self.assertEqual(queries(2, 'C1'), queries(60, 'C2'))

    def test_money_is_exact(self):
        wizard = self.imported(workbook([flat('0101', price=26890, area=118.37)]), project_id=self.project.id)
        self.env.flush_all()
        self.env.cr.execute("SELECT total::text, unit_price::text, price_area::text FROM property_price_list_line WHERE list_id = %s", [wizard.list_id.id])
        self.assertEqual(self.env.cr.fetchone(), ('3182969.30', '26890.00', '118.37'))
