from threading import Thread

import psycopg2

from odoo import SUPERUSER_ID, api
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.service.model import retrying
from odoo.tests import TransactionCase
from odoo.tools import mute_logger

from .common import PropertyCase

TAKEN = "The building already has a unit of this number on that stair."
FROM_LIST = "The price of a unit comes from the active price list: change it there, in a new version."
BY_ACTIONS = "The state moves only by its own actions, not by editing it."
STARTS = "A new record starts as “Not released”: leave its state out, it moves by its own actions."


class TestUnit(PropertyCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Unit = cls.env['property.unit']
        cls.units = cls.make_units(cls.building, (1, 2))
        cls.unit = cls.units[0]

    # ------------------------------------------------------------------ rooms

    def test_one_call_makes_many(self):
        units = self.as_user('signing', self.Unit).create([
            {'name': f'09{stack}', 'floor': 9, 'building_id': self.building.id} for stack in ('01', '02', '03')])
        self.assertEqual(
            self.sql('SELECT name, full_name, stack, state, project_id, company_id FROM property_unit'
                     ' WHERE id IN %s ORDER BY id', tuple(units.ids)),
            [(f'09{stack}', f'B1-09{stack}', stack, 'unreleased', self.project.id, self.company.id)
             for stack in ('01', '02', '03')])

    def test_room_twice(self):
        values = {'building_id': self.building.id, 'floor': 1}
        with self.refused_by_database(TAKEN, 'property.unit'):
            self.Unit.create({**values, 'name': '0101', 'stair': '1'})
        with self.refused_by_database(TAKEN, 'property.unit'):
            self.Unit.create([{**values, 'name': 'P1'}, {**values, 'name': 'P1'}])
        with self.refused_by_database(TAKEN, 'property.unit'):
            self.Unit.create([{**values, 'name': 'P1', 'stair': ''}, {**values, 'name': 'P1', 'stair': False}])
        with self.refused_by_database(TAKEN, 'property.unit'):
            self.units[1].name = '0101'
        with self.refused_by_database(TAKEN, 'property.unit'):
            self.env.cr.execute(
                "INSERT INTO property_unit (name, stair, building_id, floor, usage, pricing_mode, state)"
                " VALUES ('0101', '1', %s, 1, 'shop', 'unit', 'unreleased')", [self.building.id])
        # An archived unit keeps its number.
        self.unit.active = False
        with self.refused_by_database(TAKEN, 'property.unit'):
            self.Unit.create({**values, 'name': '0101', 'stair': '1'})
        # On another stair or in another building it is another room.
        self.Unit.create([
            {**values, 'name': '0101', 'stair': '2'}, {**values, 'name': '0101'},
            {**values, 'name': '0101', 'stair': '1', 'building_id': self.building_2.id}])
        self.assertEqual(self.sql("SELECT count(*) FROM property_unit WHERE project_id = %s AND name = '0101'", self.project.id), [(4,)])

    def test_load(self):
        Unit = self.as_user('signing', self.Unit)
        fields = ['name', 'stair', 'floor', 'building_id/.id', 'gross_area']
        building = str(self.building.id)
        self.assertLoadRefused(
            Unit, fields, [['0901', '1', '9', building, '88.5'], ['0901', '1', '9', building, '88.5']], TAKEN)
        self.assertLoadRefused(Unit, fields, [['0102', '1', '1', building, '88.5']], TAKEN)
        result = Unit.load(fields, [['0901', '1', '9', building, '88.5'], ['0902', '1', '9', building, '90.25']])
        self.assertFalse(result['messages'])
        self.assertEqual(
            self.sql('SELECT full_name, gross_area::text FROM property_unit WHERE id IN %s ORDER BY id', tuple(result['ids'])),
            [('B1-1-0901', '88.50'), ('B1-1-0902', '90.25')])

    # ------------------------------------------------------------------ prices and state

    def test_prices_are_refused(self):
        line = self.make_list(self.units[1]).line_ids
        for post in ('manager', 'administrator', 'signing'):
            Unit, unit = self.as_user(post, self.Unit), self.as_user(post, self.unit)
            for values in ({'list_price': 1.0}, {'unit_price': 1}, {'price_line_id': line.id}, {'list_price': 0}):
                for writable in (unit, unit.sudo()):
                    with self.refused(FROM_LIST):
                        writable.write(values)
                if any(values.values()):
                    with self.refused(FROM_LIST):
                        Unit.create({'name': 'N1', 'building_id': self.building.id, **values})
                    with self.refused(FROM_LIST):
                        unit.copy({'name': 'N1', **values})
        with self.refused(FROM_LIST):
            self.as_user('manager', self.unit).write({'floor_price': 1})
        with self.refused(FROM_LIST):
            self.as_user('manager', self.unit).web_save({'list_price': 5}, {'list_price': {}})
        with self.refused(FROM_LIST):
            self.as_user('manager', self.building).write({'unit_ids': [Command.update(self.unit.id, {'list_price': 5})]})
        for field in ('list_price', 'unit_price', 'floor_price'):
            self.assertLoadRefused(self.as_user('manager', self.Unit), ['.id', field], [[str(self.unit.id), '5']], FROM_LIST)
        [prices] = self.sql('SELECT list_price, unit_price, floor_price, price_line_id FROM property_unit WHERE id = %s', self.unit.id)
        self.assertFalse(any(prices), prices)

    def test_prices_as_defaults(self):
        """Not by a default either: of the context, the user or everybody."""
        line = self.make_list(self.units[1]).line_ids
        self.env['ir.default'].set('property.unit', 'price_line_id', line.id)
        self.env['ir.default'].set('property.unit', 'list_price', 5.0)
        unit = self.as_user('manager', self.Unit).with_context(
            default_price_line_id=line.id, default_list_price=1, default_unit_price=1, default_floor_price=1,
        ).create({'name': 'N1', 'building_id': self.building.id})
        [prices] = self.sql('SELECT list_price, unit_price, floor_price, price_line_id FROM property_unit WHERE id = %s', unit.id)
        self.assertFalse(any(prices), prices)

    def test_state_is_refused(self):
        for post in ('administrator', 'manager', 'signing'):
            unit = self.as_user(post, self.unit)
            for context in ({}, {'property_transition': True}, {'property_transition': {'to': 'available'}}):
                with self.refused(BY_ACTIONS):
                    unit.with_context(**context).write({'state': 'available'})
                with self.refused(BY_ACTIONS):
                    unit.sudo().with_context(**context).write({'state': 'available'})
            with self.refused(STARTS):
                self.as_user(post, self.Unit).create({'name': 'N', 'building_id': self.building.id, 'state': 'available'})
            with self.refused("B1-1-0101 is “Not released” and cannot become “Held”."):
                unit._transition('held')
        new = self.Unit.with_context(default_state='available').create({'name': 'N', 'building_id': self.building.id})
        self.assertEqual(self.sql('SELECT DISTINCT state FROM property_unit WHERE project_id = %s', self.project.id), [('unreleased',)])
        self.assertEqual(new.state, 'unreleased')

    # ------------------------------------------------------------------ layout, areas

    def test_layout_of_another_project(self):
        sentence = "The layout A belongs to another project than B1-1-0101."
        with self.refused(sentence, ValidationError):
            self.unit.layout_id = self.other_layout
        with self.refused("The layout A belongs to another project than B1-N.", ValidationError):
            self.Unit.create({'name': 'N', 'building_id': self.building.id, 'layout_id': self.other_layout.id})
        self.unit.layout_id = self.layout
        with self.refused("The layout A belongs to another project than X1-1-0101.", ValidationError):
            self.unit.building_id = self.other_building
        with self.refused("A has units and stays with its project."):
            self.layout.project_id = self.other_project
        self.env.flush_all()

    def test_priced_unit_stays_in_its_project(self):
        self.make_list(self.unit)
        with self.refused("X1-1-0101 has prices and stays in its project.", ValidationError):
            self.unit.building_id = self.other_building
        self.unit.building_id = self.building_2
        self.assertEqual(self.unit.full_name, 'B2-1-0101')

    def test_areas(self):
        for prefix, sentence in (
            ('', "Areas cannot be negative, and the inside area cannot exceed the gross area."),
            ('measured_', "Measured areas cannot be negative, and the inside area cannot exceed the gross area."),
        ):
            for values in (
                {'gross_area': -1, 'inside_area': 0}, {'inside_area': -0.01}, {'shared_area': -1},
                {'gross_area': 80, 'inside_area': 80.01},
            ):
                values = {prefix + name: value for name, value in values.items()}
                with self.subTest(values=values), self.refused_by_database(sentence, 'property.unit'):
                    self.unit.write(values)
                with self.refused_by_database(sentence, 'property.unit'):
                    self.Unit.create({'name': 'N', 'building_id': self.building.id, **values})
            self.unit.write({f'{prefix}gross_area': 80.01, f'{prefix}inside_area': 80.01})
            self.env.flush_all()
        self.unit.write({'gross_area': 0, 'inside_area': 77.7})  # only the inside area is known yet
        self.env.flush_all()

    def test_areas_have_two_decimals(self):
        self.unit.write({'gross_area': 118.37, 'inside_area': 0.1 + 0.2})
        self.assertEqual(
            self.sql('SELECT gross_area::text, inside_area::text FROM property_unit WHERE id = %s', self.unit.id),
            [('118.37', '0.30')])

    # ------------------------------------------------------------------ names

    def test_stack(self):
        for stair, (floor, name, stack) in enumerate((
            (1, '0101', '01'), (1, '101', '01'), (12, '1203', '03'), (12, '01203', '03'), (3, '1203', None),
            (-1, '-101', None), (1, 'S101', None), (1, '01', None), (11, '1101', '01'), (1, '1101', None), (0, '001', None),
        ), start=10):
            unit = self.Unit.create({'name': name, 'floor': floor, 'stair': str(stair), 'building_id': self.building.id})
            self.assertEqual(self.sql('SELECT stack FROM property_unit WHERE id = %s', unit.id), [(stack,)], (floor, name))
        unit.write({'name': '0207', 'floor': 2})
        self.assertEqual(self.sql('SELECT stack FROM property_unit WHERE id = %s', unit.id), [('07',)])
        unit.stack = 'east'
        self.assertEqual(self.sql('SELECT stack FROM property_unit WHERE id = %s', unit.id), [('east',)])
        typed = self.Unit.create({'name': 'V1', 'stack': 'west', 'building_id': self.building.id})
        self.assertEqual(typed.stack, 'west')

    def test_renaming_the_building(self):
        shop = self.Unit.create({'name': 'S1', 'building_id': self.building.id, 'usage': 'shop'})
        self.as_user('signing', self.building).name = 'Tower 1'
        self.assertEqual(
            self.sql('SELECT full_name FROM property_unit WHERE building_id = %s ORDER BY id', self.building.id),
            [(name,) for name in ('Tower 1-1-0101', 'Tower 1-1-0102', 'Tower 1-1-0201', 'Tower 1-1-0202', 'Tower 1-S1')])
        self.assertEqual(self.Unit.name_search('Tower 1-S1'), [(shop.id, 'Tower 1-S1')])
        self.assertEqual(shop.with_context(show_project=True).display_name, 'Acorn Hill Tower 1-S1')

    # ------------------------------------------------------------------ leaving

    def test_unlink(self):
        used = "B1-1-0101 has been priced or offered: archive it instead."
        price_list = self.make_list(self.unit)
        for post in ('manager', 'administrator'):
            with self.refused(used):
                self.as_user(post, self.unit).unlink()
        self.activate(price_list)
        with self.refused(used):
            self.as_user('manager', self.unit).unlink()
        with self.refused(used):
            self.units.unlink()
        self.assertEqual(self.sql('SELECT count(*) FROM property_unit WHERE id IN %s', tuple(self.units.ids)), [(4,)])
        self.units[1].unlink()
        self.assertEqual(self.sql('SELECT count(*) FROM property_unit WHERE id IN %s', tuple(self.units.ids)), [(3,)])

    def test_unlink_what_is_sold(self):
        self.env.flush_all()
        self.env.cr.execute("UPDATE property_unit SET state = 'held' WHERE id = %s", [self.unit.id])
        self.env.invalidate_all()
        with self.refused("B1-1-0101 has been priced or offered: archive it instead."):
            self.unit.unlink()

    def test_unlink_building_and_layout(self):
        with self.refused("B1 has units: archive it instead."):
            self.as_user('manager', self.building).unlink()
        self.units.layout_id = self.layout
        with self.refused("A has units: archive it instead."):
            self.as_user('manager', self.layout).unlink()
        self.units.active = False
        with self.refused("A has units: archive it instead."):
            self.as_user('manager', self.layout).unlink()
        with self.refused("B1 has units: archive it instead."):
            self.as_user('manager', self.building).unlink()
        self.as_user('manager', self.building_2).unlink()
        self.as_user('manager', self.layout_2).unlink()
        self.assertFalse(self.building_2.exists() or self.layout_2.exists())

    def test_unlink_feature(self):
        feature = self.env['property.unit.feature'].create({'name': 'Terrace of the test'})
        price_list = self.make_list(self.unit)
        self.env['property.price.premium'].create(
            {'list_id': price_list.id, 'kind': 'feature', 'feature_id': feature.id, 'value': 1})
        with self.refused("Terrace of the test stands in price lists and cannot be deleted."):
            self.as_user('manager', feature).unlink()
        price_list.premium_ids.unlink()
        self.as_user('manager', feature).unlink()
        self.assertFalse(feature.exists())

    # ------------------------------------------------------------------ who

    def test_registration_enters_measured_areas(self):
        unit = self.as_user('registration', self.unit)
        unit.write({'measured_gross_area': 101.5, 'measured_inside_area': 81, 'measured_shared_area': 20.5})
        self.assertEqual(
            self.sql('SELECT measured_gross_area::text FROM property_unit WHERE id = %s', unit.id), [('101.50',)])
        with self.assertRaises(AccessError):
            self.as_user('registration', self.Unit).create({'name': 'N', 'building_id': self.building.id})


class TestUnitConcurrency(TransactionCase):

    def test_two_transactions_make_one_room(self):
        """Both insert before either commits: one room stands, and the loser reads one sentence."""
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            project = env['property.project'].create({'name': 'Contested estate', 'company_id': self.env.ref('base.main_company').id})
            building = env['property.building'].create({'name': 'B1', 'project_id': project.id})
            cr.flush()
        self.addCleanup(self.clean_up, project.id)
        values = {'name': '0101', 'stair': '1', 'building_id': building.id}
        outcome = []

        def second():
            with self.registry.cursor() as cr:
                env = api.Environment(cr, SUPERUSER_ID, {})
                try:
                    retrying(lambda: env['property.unit'].create(dict(values)).flush_recordset(), env)
                except (UserError, psycopg2.Error) as error:
                    outcome.append(error)
                cr.rollback()

        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            env['property.unit'].create(dict(values)).flush_recordset()
            thread = Thread(target=second)
            with mute_logger('odoo.sql_db'):
                thread.start()
                thread.join(0.5)
                self.assertTrue(thread.is_alive(), "the second waits for the first to be decided")
                cr.commit()
                thread.join(20)
        self.assertFalse(thread.is_alive())
        [error] = outcome
        self.assertIsInstance(error, ValidationError)
        self.assertEqual(str(error), f"The operation cannot be completed: {TAKEN}")
        with self.registry.cursor() as cr:
            cr.execute('SELECT count(*) FROM property_unit WHERE building_id = %s', [building.id])
            self.assertEqual(cr.fetchone()[0], 1)

    def clean_up(self, project_id):
        with self.registry.cursor() as cr:
            for table in ('property_unit', 'property_building'):
                cr.execute(f'DELETE FROM {table} WHERE project_id = %s', [project_id])
            cr.execute('DELETE FROM property_project WHERE id = %s', [project_id])
