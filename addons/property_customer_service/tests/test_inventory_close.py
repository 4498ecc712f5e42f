import io
import subprocess
import unicodedata
from datetime import date, datetime, timedelta

import openpyxl
import psycopg2
from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import BaseCase, Form, HttpCase, tagged
from odoo.tools import SQL, format_date, mute_logger

from ..tools.inventory_figures import FIGURES, FLOWS, SOLD, STATES
from ..tools.paper import Paper, lines
from ..tools.reconciliation import Source
from .common import POSTS, PropertyCase
from .test_sales_control import SalesControlCase

# Ten in the morning in the project's time zone; six in the evening is ten in UTC.
MONDAY, TUESDAY, WEDNESDAY, THURSDAY = (f'2026-03-0{day} 02:00:00' for day in range(2, 6))
DAY_1, DAY_2, DAY_3, DAY_4 = (date(2026, 3, day) for day in range(2, 6))


class InventoryCloseCase(SalesControlCase):
    """Ten units of two layouts for sale in building 1, and two in building 2 that stay unreleased."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.units[:5].layout_id, cls.units[5:].layout_id = cls.layout, cls.layout_2
        cls.kept = cls.make_units(cls.building_2, [30])
        # They are older than the days that the tests speak of.
        cls.age(cls.units | cls.kept)

    @classmethod
    def age(cls, units, moment='2026-01-01 00:00:00'):
        cls.env.flush_all()
        cls.env.cr.execute('UPDATE property_unit SET create_date = %s WHERE id IN %s', [moment, tuple(units.ids)])
        units.invalidate_recordset()

    def make_close(self, day, post='signing', project=None, **values):
        return self.env['property.inventory.close'].with_user(self.users[post]).create(
            {'project_id': (project or self.project).id, 'date': day, **values})

    def closed(self, day, post='signing', **values):
        close = self.make_close(day, post, **values)
        close.action_close()
        return close

    def first_day(self):
        """Monday: all ten released, four of layout A held, one of them until the evening; one of layout B sealed."""
        with freeze_time(MONDAY):
            self.release()
            self.holds = self.hold(self.units[:3], hours=24) | self.hold(self.units[3:4], hours=10)
            self.units[9].write({'sealed': True, 'seal_note': 'Court 12'})
            self.env.flush_all()

    def sell(self, units, *states):
        """Move units along by server code: the documents of the later states are not there yet."""
        for state in states:
            units.sudo()._write_movements(state, dict.fromkeys(units.ids, self.holds[0]), 'Sold')
            units.sudo()._transition(state)
        self.env.flush_all()

    def lines(self, close):
        """The rows of the table: (building, layout) → figures that are not 0."""
        rows = self.sql(f"""
            SELECT building_name, layout_name, {', '.join(FIGURES)} FROM property_inventory_close_line WHERE close_id = %s ORDER BY id""", close.id)
        return {(building, layout): {name: figure for name, figure in zip(FIGURES, row, strict=True) if figure}
                for building, layout, *row in rows}

    def report(self, day, project=None):
        """What the report of the day says, as plain values."""
        reports, total = (project or self.project)._inventory_report(day)
        plain = []
        for report in reports:
            plain.append({
                'close': report['close'].id, 'total': report['total'], 'buildings': report['buildings'],
                'movements': report['movements'], 'differences': report['differences']})
        return plain, total

    def sheet(self, day, level='layout', project=None):
        stream = io.BytesIO()
        (project or self.project)._write_inventory_xlsx(stream, day, level)
        stream.seek(0)
        return {sheet.title: [list(row) for row in sheet.iter_rows(values_only=True)] for sheet in openpyxl.load_workbook(stream)}

    def tables(self):
        """All that a refused close could have written."""
        return [self.sql(f'SELECT * FROM {table} ORDER BY id') for table in (
            'property_inventory_close', 'property_inventory_close_line', 'property_inventory_close_unit',
            'property_inventory_close_difference', 'property_unit_movement', 'property_clock')]

    def assertUnchanged(self, sentence, function, *arguments, error=UserError):
        """Refused with that one sentence, and no row of any table is another."""
        before = self.tables()
        with self.assertRaises(error) as refusal, self.env.cr.savepoint():
            function(*arguments)
        self.env.invalidate_all()
        self.assertEqual(str(refusal.exception), sentence)
        self.assertSentence(sentence)
        self.assertEqual(self.tables(), before)


@tagged('post_install', '-at_install')
class TestFigures(InventoryCloseCase):

    def test_states_are_those_of_the_unit(self):
        self.assertEqual(list(STATES), [state for state, _label in self.env['property.unit']._fields['state'].selection])
        self.assertFalse(set(SOLD) & set(self.env['property.unit']._free_states))

    def test_figures_of_two_days(self):
        self.first_day()
        with freeze_time('2026-03-02 10:30:00'):
            monday = self.closed(DAY_1)
        self.assertEqual(self.lines(monday), {
            ('B1', 'A'): {
                'total': 5, 'available': 1, 'held': 4, 'expiring': 1, 'unreleased_out': 5, 'available_in': 5, 'available_out': 4, 'held_in': 4},
            ('B1', 'B'): {'total': 5, 'available': 5, 'sealed': 1, 'unreleased_out': 5, 'available_in': 5},
            ('B2', None): {'total': 2, 'unreleased': 2},
        })
        self.assertEqual(
            (monday.state, monday.total, monday.available, monday.held, monday.sold, monday.sell_through, monday.movement_count),
            ('closed', 12, 6, 4, 0, 0, 14))
        self.assertEqual(monday.closed_by_id, self.users['signing'])
        self.assertEqual(monday.closed_at, datetime(2026, 3, 2, 10, 30))
        # Half past eight in the evening: after the close, so it is Tuesday's.
        self.run_cron('ir_cron_expire_holds', '2026-03-02 12:30:00')
        with freeze_time(TUESDAY):
            self.sell(self.units[4:5], 'subscribed')
            self.sell(self.units[5:7], 'subscribed', 'contracted', 'registered')
            self.units[6].gross_area = 120
            self.sell(self.units[6:7], 'handed_over', 'titled')
            tuesday = self.make_close(DAY_2, 'manager', reason='The deals are entered tomorrow')
            tuesday.action_close()
        self.assertEqual(self.lines(tuesday), {
            ('B1', 'A'): {
                'total': 5, 'available': 1, 'held': 3, 'expiring': 3, 'subscribed': 1, 'sold': 1, 'sold_area': 100, 'sold_amount': 1000000,
                'available_in': 1, 'held_out': 1, 'available_out': 1, 'subscribed_in': 1},
            ('B1', 'B'): {
                'total': 5, 'available': 3, 'registered': 1, 'titled': 1, 'sealed': 1, 'sold': 2, 'sold_area': 220, 'sold_amount': 2000000,
                'available_out': 2, 'subscribed_in': 2, 'subscribed_out': 2, 'contracted_in': 2, 'contracted_out': 2,
                'registered_in': 2, 'registered_out': 1, 'handed_over_in': 1, 'handed_over_out': 1, 'titled_in': 1},
            ('B2', None): {'total': 2, 'unreleased': 2},
        })
        self.assertEqual((tuesday.sold, tuesday.sell_through, tuesday.sold_area, tuesday.sold_amount), (3, 0.25, 320, 3000000))
        self.assertEqual(self.sql(
            'SELECT sell_through::text FROM property_inventory_close_line WHERE close_id = %s ORDER BY id', tuesday.id),
            [('0.2000',), ('0.4000',), ('0.0000',)])
        # What stood in the evening is what stood the evening before, and what came, less what went.
        for key, figures in self.lines(tuesday).items():
            before = self.lines(monday)[key]
            for state in STATES:
                self.assertEqual(
                    figures.get(state, 0), before.get(state, 0) + figures.get(f'{state}_in', 0) - figures.get(f'{state}_out', 0), (key, state))

    def test_hold_that_ends_at_midnight_ends_the_next_day(self):
        with freeze_time(MONDAY):
            self.release()
            # 14 hours after ten in the morning; one second less is today.
            self.hold(self.units[:1], hours=14)
            self.hold(self.units[1:2], hours=14 - 1 / 3600)
            close = self.closed(DAY_1)
        self.assertEqual(self.lines(close)['B1', 'A']['expiring'], 1)

    def test_first_close_counts_what_was_before(self):
        """The movements of the days before belong to the first close, and are not those of its day."""
        self.first_day()
        with freeze_time(WEDNESDAY):
            self.holds[0].with_user(self.users['signing']).action_release_hold()
            close = self.closed(DAY_3)
        self.assertEqual(close.movement_count, 17)
        self.assertEqual(self.sql('SELECT count(*) FROM property_unit_movement WHERE close_id IS DISTINCT FROM %s AND project_id = %s', close.id, self.project.id), [(0,)])
        self.assertEqual(self.lines(close)['B1', 'A'], {'total': 5, 'available': 4, 'held': 1, 'available_in': 3, 'held_out': 3})
        self.assertEqual(close._count_wrong_lines(), 0)

    def test_day_of_the_projects_time_zone(self):
        """Half past seven in the evening of Monday in UTC is Tuesday in China."""
        with freeze_time(MONDAY):
            self.release()
        with freeze_time('2026-03-02 19:30:00'):
            self.hold(self.units[:1])
            monday, tuesday = self.closed(DAY_1), self.closed(DAY_2)
        self.assertEqual((monday.movement_count, tuesday.movement_count), (10, 1))
        self.assertEqual(self.lines(monday)['B1', 'A'], {'total': 5, 'available': 5, 'unreleased_out': 5, 'available_in': 5})
        self.assertEqual(self.lines(tuesday)['B1', 'A'], {'total': 5, 'available': 4, 'held': 1, 'available_out': 1, 'held_in': 1})

    def test_archived_units(self):
        """Archived, a unit no longer counts, unless somebody has it."""
        self.first_day()
        (self.units[0] | self.units[4] | self.kept[0]).active = False
        with freeze_time(MONDAY):
            close = self.closed(DAY_1)
        self.assertEqual(
            {key: (figures['total'], figures.get('held', 0), figures.get('available', 0)) for key, figures in self.lines(close).items()},
            {('B1', 'A'): (4, 4, 0), ('B1', 'B'): (5, 0, 5), ('B2', None): (1, 0, 0)})

    def test_provisional_is_what_the_close_freezes(self):
        """The report before the close and the one after it say the same."""
        self.first_day()
        with freeze_time('2026-03-02 10:30:00'):
            before = self.report(DAY_1)
            self.assertFalse(before[0][0].pop('close'))
            close = self.closed(DAY_1)
            after = self.report(DAY_1)
            self.assertEqual(after[0][0].pop('close'), close.id)
        self.assertEqual(before, after)
        # What comes that evening is the next day's, also while that one is not closed.
        self.run_cron('ir_cron_expire_holds', '2026-03-02 12:30:00')
        with freeze_time(TUESDAY):
            self.hold(self.units[4:5])
            before = self.report(DAY_2)
            self.closed(DAY_2)
            after = self.report(DAY_2)
        self.assertEqual({**before[0][0], 'close': None}, {**after[0][0], 'close': None})
        self.assertEqual((after[1]['held_in'], after[1]['held_out']), (1, 1))

    def test_days_that_are_not_closed(self):
        """Counted by the dates of the movements, whatever is closed later."""
        self.first_day()
        with freeze_time(WEDNESDAY):
            self.holds[0].with_user(self.users['signing']).action_release_hold()
            expected = [(12, 0, 0, 0), (12, 6, 4, 14), (12, 6, 4, 0), (12, 9, 1, 3)]
            for closing in (False, True):
                if closing:
                    self.closed(DAY_3)
                found = []
                for day in (DAY_1 - timedelta(days=1), DAY_1, DAY_2, DAY_3):
                    _reports, total = self.report(day)
                    found.append((total['total'], total['available'], total['held'], sum(total[name] for name in FLOWS if name.endswith('_in'))))
                self.assertEqual(found, expected, closing)

    def test_several_projects(self):
        self.first_day()
        self.make_units(self.other_building, [1], layout_id=self.other_layout.id)
        self.age(self.other_building.unit_ids)
        with freeze_time(MONDAY):
            self.closed(DAY_1)
            both = self.project | self.other_project
            reports, total = both._inventory_report(DAY_1)
            alone = self.project._inventory_report(DAY_1)[0][0]
        self.assertEqual([report['project'] for report in reports], list(both))
        self.assertEqual([bool(report['close']) for report in reports], [True, False])
        self.assertEqual(reports[0]['total'], alone['total'])
        self.assertEqual((reports[1]['total']['total'], reports[1]['total']['unreleased']), (2, 2))
        self.assertEqual((total['total'], total['held'], total['unreleased']), (14, 4, 4))
        self.assertEqual(reports[1]['buildings'][0]['layouts'][0]['layout_name'], 'A')

    def test_nothing_there(self):
        """A project without units has a report of zeros, and no rate."""
        empty = self.env['property.project'].create({'name': 'Cedar', 'company_id': self.company.id})
        [report], total = empty._inventory_report(DAY_1)
        self.assertEqual((report['buildings'], report['total']['total'], report['total']['rate'], total['total']), ([], 0, None, 0))
        self.assertIn('—', empty._inventory_screen(DAY_1)[0])

    def test_queries_do_not_grow(self):
        """The same number of statements for two units and for hundreds."""
        def count(function):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            function()
            self.env.flush_all()
            return self.env.cr.sql_log_count - before
        with freeze_time(MONDAY):
            self.release(self.units[:2])
            # What a user may do is read once.
            self.closed(DAY_1)
        units = self.make_units(self.building, range(10, 40), [f'{stack:02}' for stack in range(1, 11)])
        self.age(units)
        prices = self.env['property.price.list'].create({'project_id': self.project.id, 'title': 'More'})
        self.env['property.price.list.line'].create([{'list_id': prices.id, 'unit_id': unit.id, 'unit_price': 100} for unit in units])
        self.activate(prices)
        found = []
        for moment, day, released in ((TUESDAY, DAY_2, self.units[2:3]), (WEDNESDAY, DAY_3, units)):
            with freeze_time(moment):
                self.release(released)
                close = self.make_close(day)
                found.append([count(function) for function in (
                    lambda: self.project._inventory_report(day), close.action_close, lambda: self.project._inventory_report(day))])
                self.assertEqual(close.movement_count, len(released))
        few, many = found
        for name, first, second, most in zip(('provisional', 'close', 'closed'), few, many, (6, 25, 6), strict=True):
            self.assertLessEqual(second, first, name)
            self.assertLessEqual(first, most, name)

@tagged('post_install', '-at_install')
class TestFrozen(InventoryCloseCase):

    def test_past_day_stays_as_it_was(self):
        """Whatever comes later: movements of the same day, of later days, new units, other layouts, names and seals."""
        self.first_day()
        with freeze_time('2026-03-02 10:30:00'):
            monday = self.closed(DAY_1)
            self.assertEqual(monday._count_wrong_lines(), 0)
            before = self.report(DAY_1), self.sheet(DAY_1), self.lines(monday)

            def same():
                self.env.flush_all()
                self.env.invalidate_all()
                self.assertEqual((self.report(DAY_1), self.sheet(DAY_1), self.lines(monday)), before)
                self.assertEqual(monday._count_wrong_lines(), 0)
            # Still on Monday.
            self.hold(self.units[5:6])
            same()
        with freeze_time(TUESDAY):
            self.age(self.make_units(self.building, [20], layout_id=self.layout.id), TUESDAY)
            same()
            self.kept[0].layout_id = self.layout
            self.units[0].layout_id = self.layout_2
            self.kept[1].building_id = self.building
            same()
            self.layout.name, self.building.name, self.units[0].name = 'Z', 'Tower', '9999'
            same()
            self.units[9].sealed = False
            self.units[8].write({'sealed': True, 'seal_note': 'Court 13'})
            (self.units[7] | self.kept[0]).active = False
            same()
            self.holds[1].sudo()._set_expiry(fields.Datetime.now() + timedelta(days=1))
            self.holds[0].with_user(self.users['signing']).action_release_hold()
            self.sell(self.units[4:5], 'subscribed')
            same()
            tuesday = self.closed(DAY_2, 'manager', reason='As agreed')
            same()
        self.assertEqual(tuesday.movement_count, 1 + 3 + 1)
        self.assertEqual(tuesday._count_wrong_lines(), 0)
        self.assertEqual(
            {key: figures['total'] for key, figures in self.lines(tuesday).items()},
            {('Tower', 'Z'): 6, ('Tower', 'B'): 5, ('Tower', None): 1})
        with freeze_time(WEDNESDAY):
            self.closed(DAY_3, 'manager', reason='As before')
            same()
            self.assertEqual(tuesday._count_wrong_lines(), 0)

    def test_movement_belongs_to_the_close_that_counted_it(self):
        self.first_day()
        with freeze_time('2026-03-02 10:30:00'):
            monday = self.closed(DAY_1)
            self.hold(self.units[5:6])
        with freeze_time(TUESDAY):
            self.hold(self.units[6:7])
            tuesday = self.closed(DAY_2)
        self.assertEqual(self.sql(
            'SELECT close_id, date, count(*) FROM property_unit_movement WHERE project_id = %s GROUP BY 1, 2 ORDER BY 1, 2', self.project.id),
            [(monday.id, DAY_1, 14), (tuesday.id, DAY_1, 1), (tuesday.id, DAY_2, 1)])
        [report] = self.project._inventory_report(DAY_2)[0]
        self.assertEqual([movement['names'] for movement in report['movements']], [[self.units[5].full_name], [self.units[6].full_name]])

    def test_only_what_changed_is_written_again(self):
        """The first close knows every unit; each after that writes the units of which something is other."""
        self.first_day()
        with freeze_time(TUESDAY):
            monday, tuesday = self.closed(DAY_1), self.closed(DAY_2)
        rows = "SELECT unit_id, counted, sealed, expiring FROM property_inventory_close_unit WHERE close_id = %s ORDER BY unit_id"
        known = self.sql(rows, monday.id)
        self.assertEqual([row[0] for row in known], sorted((self.units | self.kept).ids))
        self.assertEqual([row[0] for row in known if row[2]], self.units[9].ids)
        self.assertEqual([row[0] for row in known if row[3]], self.units[3].ids)
        # The hold of Monday evening is no longer one that ends on the day; those of Tuesday morning are.
        self.assertEqual(self.sql(rows, tuesday.id), [
            *((unit.id, True, False, True) for unit in self.units[:3]), (self.units[3].id, True, False, False)])

    def test_counted_units_are_not_deleted(self):
        self.first_day()
        with freeze_time(MONDAY):
            self.closed(DAY_1)
        name = self.kept[0].full_name
        self.assertUnchanged(f"{name} stands in the report of a closed day: archive it instead.", self.kept[0].unlink)
        self.units[:5].layout_id = False
        self.assertUnchanged("A stands in the report of a closed day: archive it instead.", self.layout.unlink)
        self.assertTrue(self.make_units(self.building_2, [7]).unlink())

    # ------------------------------------------------------------------ attacks

    def test_database_keeps_a_closed_day(self):
        self.first_day()
        self.holds[0].sudo()._transition('expired')
        with freeze_time(MONDAY):
            close = self.closed(DAY_1, 'manager', reason='The holds are looked at')
        self.assertEqual(close.difference_count, 3)
        line = 'property_inventory_close_line'
        for constraint, statement in (
            ('property_inventory_close_frozen', "UPDATE property_inventory_close SET sold = 99"),
            ('property_inventory_close_frozen', "UPDATE property_inventory_close SET state = 'draft'"),
            ('property_inventory_close_frozen', "UPDATE property_inventory_close SET reason = 'x'"),
            ('property_inventory_close_frozen', "UPDATE property_inventory_close SET closed_by_id = 1"),
            ('property_inventory_close_frozen', "DELETE FROM property_inventory_close"),
            ('property_inventory_close_frozen', "TRUNCATE property_inventory_close CASCADE"),
            ('property_inventory_close_frozen', "INSERT INTO property_inventory_close (name, project_id, date, state) SELECT 'x', project_id, '2020-01-01', 'closed' FROM property_inventory_close"),
            (f'{line}_append_only', f"UPDATE {line} SET held = 0"),
            (f'{line}_append_only', f"UPDATE {line} SET building_name = 'x'"),
            (f'{line}_append_only', f"DELETE FROM {line}"),
            (f'{line}_append_only', f"TRUNCATE {line}"),
            (f'{line}_of_open_close', f"""INSERT INTO {line} (close_id, date, project_id, company_id, currency_id, building_id, building_name)
                SELECT close_id, date, project_id, company_id, currency_id, building_id, 'x' FROM {line}"""),
            ('property_inventory_close_unit_append_only', "UPDATE property_inventory_close_unit SET sealed = true"),
            ('property_inventory_close_unit_append_only', "DELETE FROM property_inventory_close_unit"),
            ('property_inventory_close_unit_of_open_close', """INSERT INTO property_inventory_close_unit (close_id, date, project_id, company_id, unit_id, building_id, unit_name)
                SELECT close_id, date, project_id, company_id, unit_id, building_id, 'x' FROM property_inventory_close_unit"""),
            ('property_inventory_close_difference_append_only', "UPDATE property_inventory_close_difference SET said = '[]'"),
            ('property_inventory_close_difference_append_only', "DELETE FROM property_inventory_close_difference"),
            ('property_inventory_close_difference_of_open_close', """INSERT INTO property_inventory_close_difference (close_id, date, project_id, company_id, unit_id, unit_name, said)
                SELECT close_id, date, project_id, company_id, unit_id, 'x', '[]' FROM property_inventory_close_difference"""),
            ('property_unit_movement_counted_once', "UPDATE property_unit_movement SET close_id = NULL"),
        ):
            self.assertRefusedByDatabase(constraint, statement)

    def test_database_keeps_the_count_of_a_movement(self):
        self.first_day()
        other = self.make_list(self.make_units(self.other_building, [1]))
        self.activate(other)
        self.env['property.permit'].create({
            'name': 'P-2', 'project_id': self.other_project.id, 'date_issue': '2025-01-01',
            'coverage_ids': [fields.Command.create({'building_id': self.other_building.id})]})
        with freeze_time(MONDAY):
            batch = self.env['property.release.batch'].create(
                {'title': 'X', 'project_id': self.other_project.id, 'unit_ids': self.other_building.unit_ids.ids})
            batch._transition('submitted')
            batch._on_approved()
            monday, foreign = self.closed(DAY_1), self.make_close(DAY_1, project=self.other_project)
        with freeze_time(TUESDAY):
            self.hold(self.units[4:5])
            tuesday = self.make_close(DAY_2)
        movement = self.sql('SELECT max(id) FROM property_unit_movement WHERE project_id = %s', self.project.id)[0][0]
        for close in (monday, foreign):
            # Closed already, or of another project.
            self.assertRefusedByDatabase(
                'property_unit_movement_counted_once', f'UPDATE property_unit_movement SET close_id = {close.id} WHERE id = {movement}')
        self.assertRefusedByDatabase(
            'property_unit_movement_counted_once', f'UPDATE property_unit_movement SET close_id = {tuesday.id} WHERE close_id = {monday.id}')
        columns = """unit_id, building_id, project_id, company_id, currency_id, date, state_from, state_to,
            document_model, document_id, document_name, user_id"""
        self.assertRefusedByDatabase('property_unit_movement_counted_once', f"""
            INSERT INTO property_unit_movement ({columns}, close_id) SELECT {columns}, {tuesday.id} FROM property_unit_movement WHERE id = {movement}""")
        self.assertRefusedByDatabase('property_inventory_close_day_uniq', f"""
            INSERT INTO property_inventory_close (name, project_id, company_id, date, state)
            SELECT 'x', project_id, company_id, date, 'draft' FROM property_inventory_close WHERE id = {monday.id}""")
        # The one that may: the next close of its own project.
        with freeze_time(TUESDAY):
            tuesday.action_close()
        self.assertEqual(self.sql('SELECT close_id FROM property_unit_movement WHERE id = %s', movement), [(tuesday.id,)])

    def assertRefusedByDatabase(self, constraint, statement):
        self.env.flush_all()
        with self.subTest(statement), mute_logger('odoo.sql_db'), self.assertRaises(psycopg2.IntegrityError) as refusal, self.env.cr.savepoint():
            self.env.cr.execute(statement)  # pylint: disable=sql-injection
        self.assertEqual(refusal.exception.diag.constraint_name, constraint)

    def test_nobody_writes_figures(self):
        """By RPC as every post: neither the figures of a draft nor a closed day, nor a state."""
        self.first_day()
        with freeze_time(TUESDAY):
            close, draft = self.closed(DAY_1), self.make_close(DAY_2)
            before = self.tables()
            for post, user in self.users.items():
                closed, open_, line, known = (records.with_user(user) for records in (
                    close, draft, close.line_ids[0], self.env['property.inventory.close.unit'].search([('close_id', '=', close.id)], limit=1)))
                movement = self.units[0].movement_ids[0].with_user(user)
                for attack in (
                    lambda: closed.write({'sold': 5}), lambda: closed.write({'note': 'x'}), lambda: closed.unlink(),
                    lambda: closed.write({'state': 'draft'}), lambda: closed.action_close(),
                    lambda: open_.write({'state': 'closed'}), lambda: open_.with_context(property_transition={'to': 'closed'}).write({'state': 'closed'}),
                    lambda: open_.write({'sold': 5}), lambda: open_.write({'closed_by_id': user.id}), lambda: open_.write({'difference_count': 0}),
                    lambda: open_.write({'date': DAY_4}), lambda: open_.write({'project_id': self.other_project.id}), lambda: open_.write({'name': 'DC-1'}),
                    lambda: open_.create({'project_id': self.project.id, 'date': DAY_1 - timedelta(days=1)}),
                    lambda: open_.create({'project_id': self.project.id, 'date': DAY_2, 'state': 'closed'}),
                    lambda: line.write({'held': 0}), lambda: line.unlink(), lambda: line.copy(), lambda: known.write({'sealed': True}), lambda: known.unlink(),
                    lambda: movement.write({'close_id': draft.id}),
                ):
                    with self.subTest(post), mute_logger('odoo.sql_db'), self.assertRaises(Exception) as refusal, self.env.cr.savepoint():
                        attack()
                        self.env.flush_all()
                    self.assertIsInstance(refusal.exception, (UserError, psycopg2.IntegrityError))
                    self.env.invalidate_all()
            self.assertEqual(self.tables(), before)

    def test_values_that_come_along_are_not_taken(self):
        self.first_day()
        with freeze_time(MONDAY):
            close = self.env['property.inventory.close'].with_user(self.users['signing']).with_context(
                default_sold=7, default_state='closed', default_closed_by_id=self.users['gm'].id).create(
                {'project_id': self.project.id, 'date': DAY_1, 'total': 9, 'closed_by_id': self.users['gm'].id, 'movement_count': 3})
        self.assertEqual(
            (close.state, close.total, close.sold, close.movement_count, close.closed_by_id.id, close.user_id),
            ('draft', 0, 0, 0, False, self.users['signing']))

    def test_who_closes(self):
        self.first_day()
        with freeze_time(TUESDAY):
            close = self.make_close(DAY_1)
            for post in POSTS:
                if post not in ('signing', 'assistant', 'manager'):
                    with self.subTest(post), self.assertRaises(AccessError):
                        close.with_user(self.users[post]).action_close()
                    with self.subTest(post), self.assertRaises(AccessError):
                        self.make_close(DAY_2, post)
            for post, day in (('signing', DAY_1), ('assistant', DAY_2)):
                close = close if day == DAY_1 else self.make_close(day, post)
                close.with_user(self.users[post]).action_close()
                self.assertEqual((close.state, close.closed_by_id), ('closed', self.users[post]))
        with freeze_time(WEDNESDAY):
            self.assertEqual(self.closed(DAY_3, 'manager').closed_by_id, self.users['manager'])


@tagged('post_install', '-at_install')
class TestOrder(InventoryCloseCase):

    def test_nothing_to_close(self):
        with freeze_time(MONDAY):
            self.assertUnchanged("No unit of Acorn Hill has moved yet: there is nothing to close.", self.make_close, DAY_1)

    def test_order(self):
        day_1, day_2, day_3, day_4 = (format_date(self.env, day) for day in (DAY_1, DAY_2, DAY_3, DAY_4))
        with freeze_time(TUESDAY):
            self.release()
        with freeze_time(WEDNESDAY):
            self.assertUnchanged(f"No unit of Acorn Hill had moved by {day_1}: the first day to close is {day_2}.", self.make_close, DAY_1)
            self.assertUnchanged(f"{day_4} has not come yet in Acorn Hill: close today, or a day before.", self.make_close, DAY_4)
            tuesday, wednesday = self.make_close(DAY_2), self.make_close(DAY_3)
            # Nothing is closed yet, but a day was begun.
            self.assertUnchanged(
                f"{day_2} is not closed yet: the days of Acorn Hill are closed one after the other.", wednesday.action_close)
            tuesday.action_close()
            self.assertUnchanged("Acorn Hill 2026-03-03 was closed by signing already.", tuesday.action_close)
            self.assertUnchanged("Acorn Hill 2026-03-03 was closed by signing already.", tuesday.with_user(self.users['manager']).action_close)
        with freeze_time(THURSDAY):
            thursday = self.make_close(DAY_4)
            self.assertUnchanged(
                f"{day_3} is not closed yet: the days of Acorn Hill are closed one after the other.", thursday.action_close)
            # Not even where nobody has begun that day.
            wednesday.with_user(self.users['manager']).unlink()
            self.assertUnchanged(
                f"{day_3} is not closed yet: the days of Acorn Hill are closed one after the other.", thursday.action_close)
            # Several at once are closed in their order.
            (thursday | self.make_close(DAY_3)).action_close()
            self.assertEqual(thursday.state, 'closed')
            self.assertUnchanged(
                f"{day_1} cannot be closed any more: the first close of Acorn Hill was on {day_2}.", self.make_close, DAY_1)

    def test_one_close_a_day(self):
        self.first_day()
        with freeze_time(MONDAY):
            self.make_close(DAY_1)
            before = self.tables()
            with self.refused_by_database("There is a daily close of this project and day already.", 'property.inventory.close'):
                self.make_close(DAY_1, 'manager')
        self.assertEqual(self.tables(), before)

    def test_refused_close_of_several_closes_none(self):
        day_2 = format_date(self.env, DAY_2)
        self.first_day()
        with freeze_time(WEDNESDAY):
            closes = self.make_close(DAY_1) | self.make_close(DAY_3)
            self.assertUnchanged(
                f"{day_2} is not closed yet: the days of Acorn Hill are closed one after the other.", closes.action_close)


@tagged('post_install', '-at_install')
class TestReconciliation(InventoryCloseCase):

    def differences(self, close):
        return self.sql('SELECT unit_id, said FROM property_inventory_close_difference WHERE close_id = %s ORDER BY unit_id', close.id)

    def said(self, unit, allocation, hold, ledger):
        """What the lists said of a unit: each a state and a document, or nothing."""
        def claim(source, states, document):
            return {'source': source, 'states': states, 'document': document}
        return [{'source': 'unit', 'states': [unit]}, *(
            claim(source, *its) for source, its in (('allocation', allocation), ('hold', hold), ('ledger', ledger)))]

    def test_lists_agree(self):
        self.first_day()
        with freeze_time(MONDAY):
            close = self.make_close(DAY_1)
            self.assertEqual((close.found_count, close._find_differences()), (0, []))
            close.action_close()
        self.assertEqual((close.difference_count, self.differences(close)), (0, []))

    def test_each_difference_is_found(self):
        """One unit for each list that is wrong; only raw SQL makes them so, with the database's own check switched off."""
        self.first_day()
        held, batch = self.holds[0], self.units[4].movement_ids.document_name
        with freeze_time(MONDAY):
            evening = self.holds[1]
            self.env.flush_all()
            tables = ('property_unit', 'property_unit_allocation')
            self.env.cr.execute('SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED')
            for table in tables:
                self.env.cr.execute(f'ALTER TABLE {table} DISABLE TRIGGER USER')
            for statement, *parameters in (
                # A unit whose state somebody changed, one whose holder is gone, one held without a request.
                ("UPDATE property_unit SET state = 'available' WHERE id = %s", self.units[0].id),
                ("DELETE FROM property_unit_allocation WHERE unit_id = %s", self.units[1].id),
                ("UPDATE property_unit SET state = 'held' WHERE id = %s", self.units[4].id),
                # A hold that claims what another holds, and one that lists a unit which is free.
                ("INSERT INTO property_unit_property_unit_request_rel (property_unit_request_id, property_unit_id) VALUES (%s, %s)", evening.id, self.units[2].id),
                ("INSERT INTO property_unit_property_unit_request_rel (property_unit_request_id, property_unit_id) VALUES (%s, %s)", evening.id, self.units[5].id),
                # A unit of which the ledger knows nothing.
                ("UPDATE property_unit SET state = 'available' WHERE id = %s", self.kept[0].id),
            ):
                self.env.cr.execute(statement, parameters)
            for table in tables:
                self.env.cr.execute(f'ALTER TABLE {table} ENABLE TRIGGER USER')
            self.env.invalidate_all()
            close = self.make_close(DAY_1, 'manager')
            self.assertEqual(close.found_count, 6)
            self.assertUnchanged(
                f"The lists disagree on 6 units, {self.units[0].full_name} first: the department manager closes the day, with a reason.",
                close.with_user(self.users['signing']).action_close)
            self.assertUnchanged(
                f"The lists disagree on 6 units, {self.units[0].full_name} first: write the reason before you close the day.",
                close.action_close)
            close.reason = '   '
            self.assertUnchanged(
                f"The lists disagree on 6 units, {self.units[0].full_name} first: write the reason before you close the day.",
                close.action_close)
            close.reason = 'Entered by hand, put right tomorrow'
            # The reason is the manager's, and so is the close.
            self.assertUnchanged(
                f"The lists disagree on 6 units, {self.units[0].full_name} first: the department manager closes the day, with a reason.",
                close.with_user(self.users['assistant']).action_close)
            close.action_close()
        self.assertEqual((close.state, close.difference_count, close.closed_by_id), ('closed', 6, self.users['manager']))
        self.assertEqual(dict(self.differences(close)), {
            self.units[0].id: self.said('available', (['held'], held.name), (['held'], held.name), (['held'], held.name)),
            self.units[1].id: self.said('held', (None, None), ([], held.name), (['held'], held.name)),
            self.units[2].id: self.said('held', (['held'], held.name), ([], f'{held.name}, {evening.name}'), (['held'], held.name)),
            self.units[4].id: self.said('held', (None, None), (None, None), (['available'], batch)),
            self.units[5].id: self.said('available', (None, None), ([], evening.name), (['available'], batch)),
            self.kept[0].id: self.said('available', (None, None), (None, None), (None, None)),
        })
        # The figures are the ledger's, whatever the units say.
        self.assertEqual(self.lines(close)['B1', 'A']['held'], 4)
        self.assertEqual(
            close.difference_ids[3].sentence,
            f"{self.units[4].full_name} – unit list: “Held”; holder: nothing; holds: nothing; ledger: “Available” {batch}")
        with self.refused_by_database(
                "A closed day is never changed or deleted: what comes later belongs to the next close.", 'property.inventory.close'):
            close.reason = 'Another'

    def test_reason_is_the_managers(self):
        self.first_day()
        with freeze_time(MONDAY):
            close = self.make_close(DAY_1)
            for post in ('signing', 'assistant'):
                self.assertUnchanged(
                    "Only the department manager writes the reason for differences.",
                    close.with_user(self.users[post]).write, {'reason': 'x'})
                self.assertUnchanged(
                    "Only the department manager writes the reason for differences.",
                    close.with_user(self.users[post]).write, {'reason': False})
            self.assertUnchanged("Only the department manager writes the reason for differences.", lambda: self.make_close(DAY_1, reason='x'))

    def test_database_wants_the_reason(self):
        self.first_day()
        with freeze_time(MONDAY):
            close = self.make_close(DAY_1)
        for values in ("difference_count = 1, closed_at = now(), closed_by_id = 1", "difference_count = 1, reason = ' ', closed_at = now(), closed_by_id = 1", "closed_by_id = 1"):
            with self.subTest(values), mute_logger('odoo.sql_db'), self.assertRaises(psycopg2.IntegrityError), self.env.cr.savepoint():
                self.env.cr.execute(f"UPDATE property_inventory_close SET state = 'closed', {values} WHERE id = {close.id}")

    def test_another_source(self):
        """What the next issues add: one more list, of which the close says what it says."""
        Close = self.env.registry['property.inventory.close']
        present = Close._reconciliation_sources
        unit = self.units[4].id

        def sources(close):
            return [*present(close), Source('receipts', 'receipts', SQL(
                "SELECT %s AS unit_id, ARRAY['subscribed'] AS states, 'R-1' AS document", unit), STATES)]
        self.patch(Close, '_reconciliation_sources', sources)
        self.first_day()
        with freeze_time(MONDAY):
            close = self.closed(DAY_1, 'manager', reason='The deal is entered tomorrow')
        self.assertEqual(close.difference_ids.unit_id, self.units[4])
        self.assertEqual(close.difference_ids.said[-1], {'source': 'receipts', 'states': ['subscribed'], 'document': 'R-1'})
        self.assertIn("receipts: “Subscribed” R-1", close.difference_ids.sentence)


@tagged('post_install', '-at_install')
class TestDeadline(InventoryCloseCase):

    def clocks(self, closes):
        return closes.clock_ids.sudo()

    def test_evening_makes_the_close_and_its_deadline(self):
        with freeze_time(MONDAY):
            self.release()
        Close = self.env['property.inventory.close']
        # Not yet evening: no close of Monday, and Sunday had no movement.
        self.run_cron('ir_cron_prepare_closes', '2026-03-02 09:59:00')
        self.assertFalse(Close.search([('project_id', '=', self.project.id)]))
        self.run_cron('ir_cron_prepare_closes', '2026-03-02 10:00:00')
        monday = Close.search([('project_id', '=', self.project.id)])
        self.assertEqual((monday.date, monday.state, monday.user_id), (DAY_1, 'draft', self.users['signing']))
        clock = self.clocks(monday)
        self.assertEqual((clock.kind_id.code, clock.user_id, clock.state), ('daily_close', self.users['signing'], 'running'))
        # Half past nine of Tuesday in China.
        self.assertEqual(clock.due, datetime(2026, 3, 3, 1, 30))
        self.assertEqual((clock.due_date, clock.company_id), (DAY_2, self.company))
        self.run_cron('ir_cron_prepare_closes', '2026-03-02 10:30:00')
        self.assertEqual(len(Close.search([('project_id', '=', self.project.id)])), 1)
        # The reminder of half past seven in the evening.
        with freeze_time('2026-03-02 11:30:01'), self.enter_registry_test_mode():
            self.env.ref('property_base.ir_cron_remind').sudo().method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual(monday.activity_ids.user_id, self.users['signing'])
        with freeze_time('2026-03-03 01:30:00'):
            monday.with_user(self.users['signing']).action_close()
        self.assertEqual((clock.state, clock.stopped), ('met', datetime(2026, 3, 3, 1, 30)))
        self.assertFalse(monday.activity_ids)

    def test_late_close_is_missed(self):
        self.first_day()
        with freeze_time('2026-03-03 01:30:01'):
            close = self.closed(DAY_1)
        self.assertEqual(self.clocks(close).state, 'missed')

    def test_days_that_nobody_made(self):
        """Three days without the job: each has its close, and no day that was made already has two."""
        self.first_day()
        with freeze_time(MONDAY):
            self.closed(DAY_1)
        with freeze_time(WEDNESDAY):
            self.make_close(DAY_3)
        self.run_cron('ir_cron_prepare_closes', '2026-03-06 02:00:00')
        self.assertEqual(
            self.sql('SELECT date, state FROM property_inventory_close WHERE project_id = %s ORDER BY 1', self.project.id),
            [(DAY_1, 'closed'), (DAY_2, 'draft'), (DAY_3, 'draft'), (DAY_4, 'draft')])

    def test_project_that_is_over(self):
        self.first_day()
        self.project.active = False
        self.run_cron('ir_cron_prepare_closes', '2026-03-06 02:00:00')
        self.assertEqual(self.sql('SELECT count(*) FROM property_inventory_close'), [(0,)])

    def test_officer(self):
        """Whoever closed the last day; who takes it over is reminded."""
        self.first_day()
        with freeze_time(MONDAY):
            self.closed(DAY_1, 'assistant')
        self.run_cron('ir_cron_prepare_closes', '2026-03-03 10:00:00')
        tuesday = self.env['property.inventory.close'].search([('date', '=', DAY_2), ('project_id', '=', self.project.id)])
        self.assertEqual((tuesday.user_id, self.clocks(tuesday).user_id), 2 * (self.users['assistant'],))
        tuesday.with_user(self.users['manager']).user_id = self.users['signing']
        self.assertEqual(self.clocks(tuesday).user_id, self.users['signing'])

    def test_deleted_draft(self):
        self.first_day()
        with freeze_time(MONDAY):
            close = self.make_close(DAY_1)
            clock = self.clocks(close)
            self.assertTrue(clock)
            close.with_user(self.users['manager']).unlink()
        self.assertFalse(clock.exists())

    def test_form(self):
        """The day that comes next is offered."""
        self.first_day()
        with freeze_time(WEDNESDAY):
            self.closed(DAY_1)
            with Form(self.env['property.inventory.close'].with_user(self.users['signing'])) as form:
                form.project_id = self.project
                self.assertEqual(form.date, DAY_2)
            self.assertIn('B1', form.record.report_html)


@tagged('post_install', '-at_install')
class TestFiles(InventoryCloseCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env['res.lang']._activate_lang('zh_CN')
        cls.env['ir.module.module']._load_module_terms(['property_base', 'property_customer_service'], ['zh_CN'])
        cls.project.name, cls.building.name, cls.layout.name = '云栖花园', '1号楼', 'A1'
        cls.layout.rooms = '3室2厅2卫'
        cls.users['signing'].name, cls.users['manager'].name = '张晓', '李经理'
        cls.users['signing'].lang = 'zh_CN'

    def pdf_text(self, report, records):
        """What is on the paper, by ``pdftotext -layout``; and how many pages, and their size."""
        content, kind = self.env['ir.actions.report'].with_user(self.users['signing']).with_context(
            force_report_rendering=True, lang='zh_CN')._render_qweb_pdf(f'property_customer_service.{report}', records.ids)
        self.assertEqual(kind, 'pdf')
        text, info, fonts = (subprocess.run(command, input=content, capture_output=True, check=True).stdout.decode() for command in (
            ['pdftotext', '-layout', '-', '-'], ['pdfinfo', '-'], ['pdffonts', '-']))
        self.assertRegex(fonts, '(?i)cjk|wqy|wenquanyi', "no font with Chinese glyphs is embedded")
        self.assertRegex(info, r'Page size: +84[12](\.\d+)? x 59[45]')
        # The font names some characters by their look-alikes among the radicals.
        return unicodedata.normalize('NFKC', text).replace('戶', '户')

    def test_pdf_of_a_closed_day(self):
        self.first_day()
        with freeze_time('2026-03-02 10:30:00'):
            self.sell(self.units[4:5], 'subscribed')
            close = self.closed(DAY_1, 'manager', reason='认购单明日补录')
            text = self.pdf_text('report_inventory_daily', close)
        for wanted in (
            '销控日报', '云栖花园', '2026年3月2日', close.name, '1号楼', 'A1 3室2厅2卫', 'B2', '小计', '合计', '待售', '可售', '预留', '认购',
            '去化率', '查封', '李经理', '日结人', '客户服务部经理', '认购单明日补录', '1,000,000.00', '100.00', '20.00%', '8.33%', '+4', '−5',
            '可售 → 预留', self.holds[0].name, 'A customer comes tomorrow', self.units[4].full_name, '2026/3/2 18:30',
        ):
            self.assertIn(wanted, text)
        self.assertNotIn('未日结', text)
        row = next(line for line in text.splitlines() if 'A1 3室2厅2卫' in line)
        # 5 units: 0 unreleased, 0 available, 4 held, 1 subscribed, with what came and went; 1 ends today, none sealed, 1 sold.
        self.assertEqual(row.split(), [
            'A1', '3室2厅2卫', '5', '0', '−5', '0', '+5', '−5', '4', '+4', '1', '+1', '0', '0', '0', '0', '1', '0', '1', '20.00%', '100.00', '1,000,000.00'])

    def test_pdf_of_a_day_that_is_not_closed(self):
        self.first_day()
        with freeze_time(MONDAY):
            text = self.pdf_text('report_inventory_daily', self.make_close(DAY_1))
        self.assertIn('未日结', text)
        self.assertNotIn('张晓 2026', text)

    def test_pdf_of_several_projects(self):
        self.first_day()
        with freeze_time(TUESDAY):
            self.closed(DAY_1)
            wizard = self.env['property.inventory.report'].with_user(self.users['signing']).create(
                {'project_ids': (self.project | self.other_project).ids, 'date': DAY_1})
            text = self.pdf_text('report_inventory_asked', wizard)
        pages = text.split('\f')
        self.assertIn('全部项目', pages[0])
        self.assertIn('Birch Lane', pages[0])
        self.assertTrue(any('张晓' in page and '1号楼' in page for page in pages[1:]))

    def test_pdf_pages(self):
        """A long table is parted by us and not by the end of a page: every page of it has its head."""
        buildings = self.env['property.building'].create([{'name': f'{number}栋', 'project_id': self.project.id} for number in range(100, 145)])
        self.age(self.env['property.unit'].create([{'name': '0101', 'building_id': building.id, 'gross_area': 90} for building in buildings]))
        self.first_day()
        with freeze_time(MONDAY):
            text = self.pdf_text('report_inventory_daily', self.closed(DAY_1))
        pages = [page for page in text.split('\f') if page.strip()]
        tables = [page for page in pages if '小计' in page]
        self.assertGreaterEqual(len(tables), 3)
        for page in tables:
            self.assertEqual((page.count('去化率'), page.count('总套数')), (1, 1))
        for building in buildings:
            self.assertEqual(text.count(building.name), 1)
        self.assertIn('日结人', pages[-1])

    def test_xlsx(self):
        self.first_day()
        with freeze_time('2026-03-02 10:30:00'):
            self.sell(self.units[4:5], 'subscribed')
            self.closed(DAY_1, 'manager', reason='认购单明日补录')
        sheets = self.sheet(DAY_1, project=self.project.with_context(lang='zh_CN'))
        self.assertEqual(list(sheets), ['销控日报', '变动流水', '差异'])
        figures, movements, differences = sheets.values()
        self.assertEqual((figures[0][0], figures[1][0]), ('销控日报', '2026年3月2日'))
        self.assertEqual(figures[2][:9], ['楼栋', '户型', '总套数', '待售', None, None, '可售', None, None])
        self.assertEqual(figures[3][3:6], ['套数', '+', '−'])
        self.assertRegex(figures[4][0], '^云栖花园 .*李经理')
        total = len(STATES) * 3
        flat = {'unreleased': (0, 0, 5), 'available': (0, 5, 5), 'held': (4, 4, 0), 'subscribed': (1, 1, 0)}
        self.assertEqual(figures[5][:3], ['1号楼', 'A1 3室2厅2卫', 5])
        self.assertEqual(figures[5][3:3 + total], [figure for state in STATES for figure in flat.get(state, (0, 0, 0))])
        self.assertEqual(figures[5][3 + total:], [1, 0, 1, 0.2, 100, 1000000])
        totals = next(row for row in figures if row[0] == '合计')
        self.assertEqual((totals[2], totals[3 + total + 2:]), (12, [1, 1 / 12, 100, 1000000]))
        self.assertIn('原因：认购单明日补录', [row[0] for row in figures])
        # Every movement, in its order, with dates and numbers that are dates and numbers.
        self.assertEqual(len(movements), 1 + 15)
        self.assertEqual(movements[0][:4], ['项目', '日期', '时间', '楼栋'])
        self.assertEqual(movements[1][:2] + movements[1][3:9], [
            '云栖花园', datetime(2026, 3, 2), '1号楼', self.units[0].full_name, 'A1 3室2厅2卫', '待售', '可售', self.units[0].movement_ids[-1].document_name])
        self.assertEqual(movements[1][-2:], [100, 1000000])
        # What a job does, it does by itself.
        self.assertEqual(movements[-1][10], '系统自动')
        self.assertNotIn('系统自动', movements[1])
        self.assertIsInstance(movements[1][2], datetime)
        self.assertEqual(differences[0], ['项目', '差异'])
        self.assertIn('认购', differences[1][1])
        stream = io.BytesIO()
        self.project._write_inventory_xlsx(stream, DAY_1)
        book = openpyxl.load_workbook(stream)
        self.assertEqual([book.worksheets[0].cell(6, column).number_format for column in (3, 31, 32, 33)], ['#,##0', '0.00%', '#,##0.00', '#,##0.00'])
        self.assertEqual(book.worksheets[1].cell(2, 2).number_format, 'yyyy-mm-dd')

    def test_xlsx_levels(self):
        self.first_day()
        with freeze_time(MONDAY):
            rows = {level: [row[:3] for row in self.sheet(DAY_1, level)['Daily report'][5:]] for level in ('project', 'building', 'layout')}
            both = self.sheet(DAY_1, 'project', self.project | self.other_project)['Daily report']
        self.assertEqual(rows['project'], [['Grand total', None, 12]])
        self.assertEqual(rows['building'], [['1号楼', None, 10], ['B2', None, 2], ['Grand total', None, 12]])
        self.assertEqual(rows['layout'], [
            ['1号楼', 'A1 3室2厅2卫', 5], ['1号楼', 'B', 5], ['1号楼 in all', None, 10], ['B2', '—', 2], ['B2 in all', None, 2], ['Grand total', None, 12]])
        self.assertEqual(both[-1][:3], ['All projects', None, 12])
        self.assertEqual(both[-2][2 + 1 + 24 + 3], '—')

    def test_text_is_never_a_formula(self):
        self.layout.name = '=1+1'
        self.first_day()
        stream = io.BytesIO()
        with freeze_time(MONDAY):
            self.project._write_inventory_xlsx(stream, DAY_1)
        cell = openpyxl.load_workbook(stream).worksheets[0].cell(6, 2)
        self.assertEqual((cell.value, cell.data_type), ('=1+1 3室2厅2卫', 's'))

    def test_markup_is_shown_as_text(self):
        self.layout.name = '<b onclick="x">A</b>'
        self.first_day()
        with freeze_time(MONDAY):
            html = str(self.project._inventory_screen(DAY_1)[0])
        self.assertIn('&lt;b onclick=', html)
        self.assertNotIn('<b onclick=', html)

    def test_long_day(self):
        """A printed row of movements names some units and says how many there are."""
        units = self.make_units(self.building, range(10, 40), [f'{stack:02}' for stack in range(1, 11)])
        prices = self.make_list(units)
        self.activate(prices)
        with freeze_time(MONDAY):
            self.release(units)
            [report], _total = self.project._inventory_report(DAY_1)
        [movement] = report['movements']
        self.assertEqual((movement['units'], len(movement['names'])), (300, 12))


@tagged('post_install', '-at_install')
class TestPaper(BaseCase):

    def test_part(self):
        def part(first, rest, heights, head=1):
            return Paper(first, rest).part(heights, lambda height: height, head)
        for arguments, expected in (
            ((5, 9, []), []),
            ((5, 9, [1, 1, 2]), [(False, [1, 1, 2])]),
            ((5, 9, [1, 3, 1]), [(False, [1, 3]), (True, [1])]),
            ((1, 4, [2, 1, 1]), [(True, [2, 1]), (True, [1])]),
            # What is higher than a page has one to itself.
            ((5, 6, [1, 20, 1]), [(False, [1]), (True, [20]), (True, [1])]),
        ):
            with self.subTest(arguments):
                self.assertEqual(part(*arguments), expected)
        paper = Paper(5, 9)
        paper.part([1, 1], lambda height: height, 1)
        self.assertEqual([paper.place(2), paper.place(1), paper.place(8)], [False, True, False])

    def test_lines(self):
        self.assertEqual([lines(text, 4) for text in ('', 'abcd', 'abcde', '房源', '房源a')], [1, 1, 2, 1, 2])


@tagged('post_install', '-at_install')
class TestAsked(InventoryCloseCase):
    """The wizard, as each post uses it."""

    def test_defaults(self):
        self.first_day()
        Wizard = self.env['property.inventory.report'].with_user(self.users['consultant'])
        with freeze_time(WEDNESDAY):
            self.assertEqual((Wizard.create({}).date, Wizard.create({}).project_ids), (DAY_2, self.project))
            self.closed(DAY_1)
            self.assertEqual(Wizard.create({}).date, DAY_1)

    def test_every_post_reads(self):
        self.first_day()
        with freeze_time(MONDAY):
            self.closed(DAY_1)
            for post, user in self.users.items():
                wizard = self.env['property.inventory.report'].with_user(user).create({'project_ids': self.project.ids, 'date': DAY_1})
                self.assertIn('B1', wizard.report_html, post)
                self.assertIn(f'projects={self.project.id}&day=2026-03-02&level=layout', wizard.action_export()['url'])
                self.assertEqual(wizard.action_print()['report_name'], 'property_customer_service.report_inventory_asked')

    def test_other_projects_are_out_of_sight(self):
        self.first_day()
        consultant = self.users['consultant']
        for day in (DAY_1, DAY_2):
            with self.assertRaises(AccessError):
                self.other_project.with_user(consultant)._inventory_report(day)
        wizard = self.env['property.inventory.report'].with_user(consultant).create({'date': DAY_1, 'project_ids': self.project.ids})
        wizard.sudo().project_ids = self.other_project
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertFalse(wizard.report_html)

    def test_without_a_project(self):
        wizard = self.env['property.inventory.report'].with_user(self.users['signing']).create({'project_ids': False})
        self.assertFalse(wizard.report_html)
        for action in (wizard.action_print, wizard.action_export):
            with self.refused("Choose at least one project."):
                action()


@tagged('post_install', '-at_install')
class TestDownload(HttpCase):
    """The file by its address."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context={'tracking_disable': True, 'no_reset_password': True, 'lang': 'en_US'})
        cls.company = cls.env['res.company'].create({'name': 'Acorn Estates', 'currency_id': cls.env.ref('base.CNY').id})
        cls.users = PropertyCase.make_users.__func__(cls, {post: POSTS[post] for post in ('consultant', 'auditor')}, cls.company)
        for user in cls.users.values():
            user.password = user.login
        cls.project, cls.other = cls.env['property.project'].create([
            {'name': '云栖', 'company_id': cls.company.id, 'member_ids': [fields.Command.set(cls.users['consultant'].ids)]},
            {'name': 'Birch Lane', 'company_id': cls.company.id}])
        PropertyCase.make_units.__func__(cls, cls.env['property.building'].create({'name': 'B1', 'project_id': cls.project.id}), (1,))
        cls.env.flush_all()

    def test_download(self):
        project, other = self.project.id, self.other.id
        for login, query, status in (
            ('test-consultant', f'projects={project}&day=2099-03-02', 200),
            ('test-consultant', f'projects={project}&day=2099-03-02&level=building', 200),
            ('test-auditor', f'projects={project},{other}&day=2099-03-02', 200),
            ('test-consultant', f'projects={project},{other}&day=2099-03-02', 404),
            ('test-consultant', f'projects={other}&day=2099-03-02', 404),
            ('test-auditor', f'projects={other + 1000}&day=2099-03-02', 404),
            ('test-auditor', 'projects=&day=2099-03-02', 404),
            ('test-auditor', f'projects={project}&day=yesterday', 404),
            ('test-auditor', f'projects={project}', 404),
            ('test-auditor', f'projects={project}&day=2099-03-02&level=unit', 404),
            ('test-auditor', 'projects=1;drop&day=2099-03-02', 404),
        ):
            with self.subTest(query, login=login):
                self.authenticate(login, login)
                response = self.url_open(f'/property/inventory_report/xlsx?{query}')
                self.assertEqual(response.status_code, status)
                if status == 200:
                    self.assertIn('spreadsheet', response.headers['Content-Type'])
                    sheet = openpyxl.load_workbook(io.BytesIO(response.content)).worksheets[0]
                    self.assertIn(2, [cell.value for cell in sheet['C']])
        self.logout()
        self.assertIn('/web/login', self.url_open(f'/property/inventory_report/xlsx?projects={project}&day=2099-03-02').url)
