from decimal import Decimal

from odoo.exceptions import AccessError

from .common import PropertyCase
from .test_price_generation import half_up
from .test_price_list import HAS_NEXT


class TestReprice(PropertyCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.units = cls.make_units(cls.building, (1, 2), layout_id=cls.layout.id)
        cls.units += cls.make_units(cls.building_2, (1,), gross_area=118.37)
        cls.price_list = cls.make_list(cls.units)
        cls.price_list.line_ids[5].write({'pricing_mode': 'unit', 'unit_price': 0, 'total': 150000})
        cls.price_list.line_ids[0].floor_price = 900000
        cls.env.flush_all()

    def wizard(self, method, value, post='signing', price_list=None, **values):
        return self.env['property.price.reprice'].with_user(self.users[post]).create(
            {'list_id': (price_list or self.price_list).id, 'method': method, 'value': value, **values})

    def prices(self, price_list=None):
        return self.sql(
            'SELECT unit_id, unit_price::numeric(16, 2)::text, total::numeric(16, 2)::text FROM property_price_list_line WHERE list_id = %s ORDER BY unit_id',
            (price_list or self.price_list).id)

    def preview(self, wizard):
        return self.sql(
            'SELECT unit_id, new_unit_price::numeric(16, 2)::text, new_total::numeric(16, 2)::text FROM property_price_reprice_line'
            ' WHERE wizard_id = %s ORDER BY unit_id', wizard.id)

    def test_preview_is_what_is_applied(self):
        before = self.prices()
        for method, value, rounding in (
            ('percent', 2, '1'), ('percent', -3.33, '10'), ('amount', 123.45, '0.01'), ('lump', 10000, '1'), ('set', 12345, '1'),
            ('lump', -10000, '100'),
        ):
            with self.subTest(method=method, value=value), self.env.cr.savepoint() as savepoint:
                wizard = self.wizard(method, value, rounding=rounding)
                wizard.action_preview()
                self.assertEqual(self.prices(), before, "a preview writes nothing")
                previewed = self.preview(wizard)
                self.assertTrue(previewed)
                expected = {}
                for unit, unit_price, total in before:
                    area = Decimal(str(self.price_list.line_ids.filtered(lambda line, unit=unit: line.unit_id.id == unit).price_area))
                    basis = Decimal(unit_price) if area else Decimal(total)
                    change = Decimal(str(value))
                    new = {
                        'percent': basis * (1 + change / 100), 'amount': basis + (change if area else 0),
                        'lump': basis + (change / area if area else change), 'set': change if area else basis,
                    }[method]
                    new = basis if new == basis else half_up(new, rounding)
                    if new != basis:
                        expected[unit] = (new, half_up(new * area, '0.01')) if area else (Decimal(0), new)
                self.assertEqual(
                    {unit: (Decimal(unit_price), Decimal(total)) for unit, unit_price, total in previewed}, expected)
                after = sum(total for _price, total in expected.values())
                old = sum(Decimal(total) for unit, _price, total in before if unit in expected)
                self.assertEqual(wizard.unit_count, len(expected))
                self.assertAlmostEqual(wizard.total_before, float(old), 2)
                self.assertAlmostEqual(wizard.total_after, float(after), 2)
                self.assertAlmostEqual(wizard.total_change, float(after - old), 2)
                wizard.action_apply()
                self.assertEqual(self.prices(), sorted(
                    [row for row in before if row[0] not in expected] + previewed), "what was shown, and nothing else")
                self.assertBuildUp()
                savepoint.rollback()
            self.env.invalidate_all()

    def assertBuildUp(self, price_list=None):
        rows = self.sql(
            """SELECT CASE WHEN price_area > 0 THEN unit_price ELSE total END,
                (SELECT sum((step->>2)::numeric) FROM jsonb_array_elements(build_up) step)
            FROM property_price_list_line WHERE list_id = %s AND jsonb_typeof(build_up) = 'array'""",
            (price_list or self.price_list).id)
        self.assertTrue(rows)
        for price, built_up in rows:
            self.assertEqual(price, built_up)

    def test_by_hand(self):
        """2 % on 10,000 is 10,200; 118.37 ㎡ of it 1,207,374.00. The whole-priced place: 153,000."""
        wizard = self.wizard('percent', 2, reason="lake side")
        wizard.action_preview()
        wizard.action_apply()
        self.assertEqual([row[1:] for row in self.prices()], [
            ('10200.00', '1020000.00')] * 4 + [('10200.00', '1207374.00'), ('0.00', '153000.00')])
        self.assertEqual(
            self.price_list.line_ids[0].component_ids.mapped(lambda step: (step.kind, step.label, step.amount)),
            [('base', False, 10000), ('adjustment', 'lake side', 200)])

    def test_scope(self):
        for values, units in (
            ({'building_ids': [(6, 0, self.building_2.ids)]}, self.units[4:]),
            ({'layout_ids': [(6, 0, self.layout.ids)]}, self.units[:4]),
            ({'floor_from': 2}, self.units[2:4]),
            ({'floor_to': 1}, self.units[:2] + self.units[4:]),
            ({'usage': 'residential', 'floor_from': 1, 'floor_to': 1, 'layout_ids': [(6, 0, self.layout.ids)]}, self.units[:2]),
        ):
            wizard = self.wizard('percent', 10, **values)
            wizard.action_preview()
            self.assertEqual([row[0] for row in self.preview(wizard)], units.ids, values)
        with self.refused("No price changes: no unit of the list matches, or all keep their price."):
            self.wizard('percent', 10, usage='shop').action_preview()
        with self.refused("No price changes: no unit of the list matches, or all keep their price."):
            self.wizard('set', 10000).action_preview()

    def test_zero_and_less(self):
        before = self.prices()
        for method, value, sentence in (
            ('set', 0, "A price per square metre must be greater than zero."),
            ('set', -1, "A price per square metre must be greater than zero."),
            ('percent', 0, "Enter by how much the prices change."),
            ('percent', -100, "B1-1-0101 would have a price of zero or less: check the change."),
            ('amount', -10000, "B1-1-0101 would have a price of zero or less: check the change."),
            ('lump', -150000, "B2-1-0102 would have a price of zero or less: check the change."),
            ('lump', -5000000, "B1-1-0101 would have a price of zero or less: check the change."),
        ):
            wizard = self.wizard(method, value)
            with self.subTest(method=method, value=value), self.refused(sentence):
                wizard.action_preview()
            self.assertEqual(self.prices(), before)
        with self.refused("Look at the preview first."):
            self.wizard('percent', 5).action_apply()

    def test_active_list(self):
        self.activate(self.price_list)
        before = self.sql('SELECT * FROM property_price_list_line WHERE list_id = %s ORDER BY id', self.price_list.id)
        history = self.sql('SELECT count(*) FROM property_price_history')
        wizard = self.wizard('percent', 2, floor_from=2)
        wizard.action_preview()
        self.assertFalse(self.price_list.next_ids, "a preview makes no version")
        wizard.action_apply()
        following = self.price_list.next_ids
        self.assertEqual((following.state, following.version), ('draft', 2))
        self.assertEqual(
            self.sql('SELECT * FROM property_price_list_line WHERE list_id = %s ORDER BY id', self.price_list.id), before)
        self.assertEqual(self.sql('SELECT count(*) FROM property_price_history'), history)
        self.assertEqual([row[1] for row in self.prices(following)], ['10000.00'] * 2 + ['10200.00'] * 2 + ['10000.00', '0.00'])
        self.assertEqual(self.sql(
            'SELECT change::numeric(16, 2)::text FROM property_price_list_line WHERE list_id = %s ORDER BY unit_id', following.id),
            [(change,) for change in ('0.00', '0.00', '20000.00', '20000.00', '0.00', '0.00')])
        self.assertEqual(self.units.mapped('list_price')[:4], [1000000] * 4, "the units keep their prices until it is in force")
        self.assertBuildUp(following)
        with self.refused_by_database(HAS_NEXT, 'property.price.list'):
            wizard.action_apply()

    def test_preview_that_is_out_of_date(self):
        wizard = self.wizard('percent', 2)
        wizard.action_preview()
        self.price_list.line_ids[0].unit_price = 20000
        self.env.flush_all()
        with self.refused("Prices have changed since the preview: look at it again."), self.env.cr.savepoint():
            wizard.action_apply()
        self.assertEqual(self.prices()[0][1], '20000.00')
        wizard.action_preview()
        wizard.action_apply()
        self.assertEqual(self.prices()[0][1], '20400.00')
        with self.refused("Prices have changed since the preview: look at it again."), self.env.cr.savepoint():
            wizard.action_apply()

    def test_other_states(self):
        self.price_list.action_cancel()
        with self.refused("Prices v1 is “Cancelled”: reprice a draft or the list in force."):
            self.wizard('percent', 2).action_preview()

    def test_floor_prices(self):
        wizard = self.wizard('percent', 10, post='manager', move_floor_price=True)
        wizard.action_preview()
        wizard.action_apply()
        self.assertEqual(self.price_list.line_ids.mapped('floor_price'), [990000, 0, 0, 0, 0, 0])
        wizard = self.wizard('percent', 10, post='signing')
        wizard.action_preview()
        wizard.action_apply()
        self.assertEqual(self.price_list.line_ids.mapped('floor_price'), [990000, 0, 0, 0, 0, 0])
        with self.assertRaises(AccessError):
            self.wizard('percent', 10, post='signing', move_floor_price=True)
        # The right is not to be had by a default.
        with self.assertRaises(AccessError):
            self.env['property.price.reprice'].with_user(self.users['signing']).with_context(
                default_move_floor_price=True).create({'list_id': self.price_list.id, 'method': 'percent', 'value': 10})
        self.assertEqual(self.price_list.line_ids.mapped('floor_price'), [990000, 0, 0, 0, 0, 0])

    def test_who(self):
        for post in ('consultant', 'salesmanager', 'registration', 'finance', 'vp', 'gm', 'auditor', 'cost'):
            with self.assertRaises(AccessError, msg=post):
                self.wizard('percent', 2, post=post)
        wizard = self.wizard('percent', 2, post='signing')
        with self.assertRaises(AccessError):
            self.as_user('assistant', wizard).action_preview()
