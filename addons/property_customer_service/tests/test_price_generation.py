from decimal import ROUND_HALF_UP, Decimal

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from psycopg2.errors import CheckViolation

from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Command
from odoo.tools import mute_logger

from .common import PropertyCase

CENT = Decimal('0.01')


def half_up(value, step):
    step = Decimal(step)
    return (Decimal(value) / step).quantize(Decimal(1), ROUND_HALF_UP) * step


def price_of(unit, bases, premiums, rounding):
    """The price of a unit from first principles, without the ORM and without SQL.

    :param dict unit: its building, layout, usage, floor, stair, stack, orientation, features, mode and areas (Decimal)
    :param list bases: dicts of building, layout, usage, price
    :param list premiums: dicts as in the model
    :return: (price per ㎡ or 0, total), or None where no base price matches
    """
    fitting = [
        base for base in bases
        if all(base.get(name) in (None, unit[name]) for name in ('building', 'layout', 'usage'))
    ]
    if not fitting:
        return None
    base = max(fitting, key=lambda each: tuple(each.get(name) is not None for name in ('layout', 'building', 'usage')))
    area = {'gross': unit['gross'], 'inside': unit['inside'], 'unit': Decimal(0)}[unit['mode']]
    price = base['price']
    for premium in premiums:
        if any(premium.get(name) not in (None, unit[name]) for name in ('building', 'usage')):
            continue
        applies = {
            'floor': lambda p: p['floor_from'] <= unit['floor'] <= p['floor_to'],
            'stack': lambda p: unit['stack'] == p['stack'] and p.get('stair') in (None, unit['stair']),
            'orientation': lambda p: unit['orientation'] == p['orientation'],
            'area': lambda p: p['area_from'] <= unit['gross'] and (not p['area_to'] or unit['gross'] < p['area_to']),
            'feature': lambda p: p['feature'] in unit['features'],
        }[premium['kind']](premium)
        if not applies:
            continue
        value = premium['value']
        if premium['method'] == 'percent':
            value = half_up(base['price'] * value / 100, CENT)
        elif premium['method'] == 'step':
            value = value * (unit['floor'] - premium['floor_from'])
        elif premium['method'] == 'lump' and area:
            value = half_up(value / area, CENT)
        price += value
    rounded = half_up(price, rounding)
    return (rounded, half_up(rounded * area, CENT)) if area else (Decimal(0), rounded)


class GenerationCase(PropertyCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.features = cls.env['property.unit.feature'].create([
            {'name': 'Garden of the test'}, {'name': 'View of the test'}])
        cls.price_list = cls.env['property.price.list'].create({'project_id': cls.project.id, 'title': 'Prices'})

    def figures(self, price_list=None):
        """:return dict: unit → (unit price, total) as Decimals, from the database"""
        rows = self.sql(
            'SELECT unit_id, unit_price::text, total::text FROM property_price_list_line WHERE list_id = %s', (price_list or self.price_list).id)
        return {unit: (Decimal(unit_price), Decimal(total)) for unit, unit_price, total in rows}

    def assertBuiltUp(self, price_list=None):
        """The build-up of every price adds up to it."""
        price_list = price_list or self.price_list
        rows = self.sql(
            """SELECT l.id, CASE WHEN l.price_area > 0 THEN l.unit_price ELSE l.total END,
                (SELECT round(sum((step->>2)::numeric), 2) FROM jsonb_array_elements(l.build_up) step)
            FROM property_price_list_line l WHERE list_id = %s ORDER BY id""", price_list.id)
        self.assertTrue(rows)
        for _line, price, built_up in rows:
            self.assertEqual(price, built_up)
        components = self.env['property.price.component']._read_group(
            [('list_id', '=', price_list.id)], ['line_id'], ['amount:sum'], order='line_id')
        self.assertEqual([line.id for line, _amount in components], [row[0] for row in rows])
        for (_line, amount), (_id, price, _built_up) in zip(components, rows, strict=True):
            self.assertAlmostEqual(amount, float(price), 2)


class TestGeneration(GenerationCase):

    def generate(self):
        self.price_list.action_generate()
        self.assertBuiltUp()
        return self.figures()

    def test_by_hand(self):
        """Base 10,800 (the layout in the building) + 3 floors × 50 + stack 200 + 3 % of the base (324) + area band 100
        + garden 30,000 ÷ 118.37 (253.44) = 11,827.44; by the list's rounding; × 118.37 ㎡."""
        [unit] = self.make_units(
            self.building, (5,), stacks=('01',), gross_area=118.37, orientation='south', layout_id=self.layout.id,
            feature_ids=[Command.set(self.features[0].ids)])
        self.price_list.write({
            'base_ids': [
                Command.create({'price': 10000}),
                Command.create({'price': 10500, 'layout_id': self.layout.id}),
                Command.create({'price': 10600, 'building_id': self.building.id}),
                Command.create({'price': 10800, 'building_id': self.building.id, 'layout_id': self.layout.id}),
                Command.create({'price': 99999, 'layout_id': self.layout_2.id}),
            ],
            'premium_ids': [
                Command.create({'kind': 'floor', 'method': 'step', 'floor_from': 2, 'floor_to': 6, 'value': 50}),
                Command.create({'kind': 'floor', 'method': 'amount', 'floor_from': 6, 'floor_to': 99, 'value': 7777}),
                Command.create({'kind': 'stack', 'stack': '01', 'value': 200}),
                Command.create({'kind': 'stack', 'stack': '01', 'stair': '2', 'value': 7777}),
                Command.create({'kind': 'stack', 'stack': '02', 'value': 7777}),
                Command.create({'kind': 'orientation', 'orientation': 'south', 'method': 'percent', 'value': 3}),
                Command.create({'kind': 'area', 'area_from': 90, 'area_to': 120, 'value': 100}),
                Command.create({'kind': 'area', 'area_from': 0, 'area_to': 118.37, 'value': 7777}),
                Command.create({'kind': 'feature', 'feature_id': self.features[0].id, 'method': 'lump', 'value': 30000}),
                Command.create({'kind': 'feature', 'feature_id': self.features[1].id, 'value': 7777}),
                Command.create({'kind': 'floor', 'value': 7777, 'usage': 'shop'}),
                Command.create({'kind': 'floor', 'value': 7777, 'building_id': self.building_2.id}),
            ],
        })
        for rounding, unit_price, total in (
            ('0.01', '11827.44', '1400014.07'), ('1', '11827.00', '1399961.99'), ('10', '11830.00', '1400317.10'),
            ('100', '11800.00', '1396766.00'),
        ):
            self.price_list.rounding = rounding
            self.assertEqual(self.generate(), {unit.id: (Decimal(unit_price), Decimal(total))}, rounding)
        steps = self.price_list.line_ids.component_ids.mapped(lambda step: (step.kind, step.amount))
        self.assertEqual(steps, [
            ('base', 10800), ('floor', 150), ('stack', 200), ('orientation', 324), ('area', 100), ('feature', 253.44),
            ('rounding', -27.44)])

    def test_most_particular_base(self):
        """Layout and building, then layout, then building, then usage, then the rest."""
        units = self.make_units(self.building, (1,), stacks=('01', '02', '03'), layout_id=self.layout.id)
        units += self.make_units(self.building_2, (1,), layout_id=self.layout.id)
        units[2].layout_id = self.layout_2
        units[4].write({'layout_id': False, 'usage': 'shop'})
        bases = [
            {'price': 1000}, {'price': 2000, 'usage': 'shop'}, {'price': 3000, 'building_id': self.building.id},
            {'price': 4000, 'layout_id': self.layout.id},
            {'price': 5000, 'layout_id': self.layout.id, 'building_id': self.building.id},
        ]
        self.price_list.base_ids = [Command.create(values) for values in reversed(bases)]
        figures = self.generate()
        self.assertEqual([figures[unit.id][0] for unit in units], [5000, 5000, 3000, 4000, 2000])
        with self.refused_by_database("There is already a base price for that building, layout and usage.", 'property.price.base'):
            self.price_list.base_ids = [Command.create({'price': 1})]

    def test_rounding_is_half_up(self):
        units = self.make_units(self.building, (1,), stacks=('01',))
        for price, rounding, expected in (
            (10004.5, '1', 10005), (10005.5, '1', 10006), (10005, '10', 10010), (10015, '10', 10020), (10050, '100', 10100),
            (10049.99, '100', 10000), (10000.004, '0.01', 10000),
        ):
            self.price_list.rounding = rounding
            self.price_list.base_ids = [Command.clear(), Command.create({'price': price})]
            self.assertEqual(self.generate()[units.id][0], expected, (price, rounding))
        # 0.01 % of 10,050 is 1.005, which is 1.01, and as a discount −1.01.
        self.price_list.rounding = '0.01'
        self.price_list.base_ids.price = 10050
        self.price_list.premium_ids = [Command.create({'kind': 'floor', 'method': 'percent', 'value': 0.01})]
        self.assertEqual(self.generate()[units.id][0], Decimal('10051.01'))
        self.price_list.premium_ids.value = -0.01
        self.assertEqual(self.generate()[units.id][0], Decimal('10048.99'))

    def test_modes(self):
        """By inside area, and as a whole: there premiums are amounts of the unit."""
        inside, whole = self.make_units(self.building, (3,))
        inside.pricing_mode, whole.pricing_mode = 'inside', 'unit'
        self.price_list.base_ids = [Command.create({'price': 150000})]
        self.price_list.premium_ids = [
            Command.create({'kind': 'floor', 'value': 100}),
            Command.create({'kind': 'floor', 'method': 'lump', 'value': 8000}),
            Command.create({'kind': 'floor', 'method': 'percent', 'value': 1}),
        ]
        self.assertEqual(self.generate(), {
            inside.id: (Decimal(151700), Decimal(12136000)),  # 150,000 + 100 + 8,000 ÷ 80 + 1,500, × 80 ㎡
            whole.id: (Decimal(0), Decimal(159600)),
        })
        self.assertEqual(self.price_list.line_ids.mapped('price_area'), [80, 0])

    def test_scope(self):
        units = self.make_units(self.building, (1, 2))
        units[3].active = False
        self.make_units(self.other_building, (1,))
        self.price_list.base_ids = [Command.create({'price': 10})]
        self.assertEqual(set(self.generate()), set(units[:3].ids))
        self.assertEqual(self.price_list.source, 'generated')

    def test_again(self):
        """A second run replaces the prices, keeps floor prices, and makes no second row."""
        units = self.make_units(self.building, (1,))
        self.price_list.base_ids = [Command.create({'price': 10})]
        self.generate()
        lines = self.price_list.line_ids
        lines.floor_price = 700
        lines[0].unit_price = 33
        self.assertFalse(lines[0].build_up, "a typed price has no build-up")
        self.price_list.base_ids.price = 20
        self.assertEqual(self.generate(), {unit.id: (20, 2000) for unit in units})
        self.assertEqual(self.price_list.line_ids, lines)
        self.assertEqual(lines.mapped('floor_price'), [700, 700])

    def test_refusals(self):
        units = self.make_units(self.building, (1,))
        with self.refused("Enter at least one base price first."):
            self.price_list.action_generate()
        self.price_list.base_ids = [Command.create({'price': 10, 'layout_id': self.layout.id})]
        with self.refused("No unit matches the base prices: check their buildings and layouts."):
            self.price_list.action_generate()
        units.layout_id = self.layout
        self.price_list.premium_ids = [Command.create({'kind': 'floor', 'value': -10})]
        with mute_logger('odoo.sql_db'), self.assertRaises(CheckViolation) as refusal, self.env.cr.savepoint():
            self.price_list.action_generate()
        self.assertSentence(self.env['property.price.list.line']._sql_error_to_message(refusal.exception))
        self.env.invalidate_all()
        self.assertFalse(self.price_list.line_ids)
        with self.refused("X1 belongs to another project than the price list.", ValidationError):
            self.price_list.base_ids.building_id = self.other_building
        for post in ('consultant', 'salesmanager', 'finance', 'auditor', 'cost'):
            with self.assertRaises(AccessError):
                self.as_user(post, self.price_list).action_generate()

    def test_unit_without_area(self):
        self.make_units(self.building, (1,), stacks=('01',), gross_area=0, inside_area=0, shared_area=0)
        self.price_list.base_ids = [Command.create({'price': 10})]
        with self.refused("B1-1-0101 has no area to be priced by: enter it first."):
            self.price_list.action_generate()

    def test_bad_rules(self):
        create = self.price_list.premium_ids.create
        for values, sentence in (
            ({'kind': 'floor', 'floor_from': 5, 'floor_to': 4}, "A floor band ends above the floor that it begins on."),
            ({'kind': 'area', 'area_from': 90, 'area_to': 90}, "An area band ends above the area that it begins at."),
            ({'kind': 'stack', 'stack': '01', 'method': 'step'}, "Only a floor band can count an amount for each floor."),
            ({'kind': 'stack'}, "Say which stack, orientation or feature the premium is for."),
            ({'kind': 'orientation'}, "Say which stack, orientation or feature the premium is for."),
            ({'kind': 'feature'}, "Say which stack, orientation or feature the premium is for."),
        ):
            with self.subTest(values=values), self.refused_by_database(sentence, 'property.price.premium'):
                create({'list_id': self.price_list.id, 'value': 1, **values})
        for price in (0, -1):
            with self.refused_by_database("A base price must be greater than zero.", 'property.price.base'):
                self.price_list.base_ids.create({'list_id': self.price_list.id, 'price': price})


CENTS = st.integers(-20000, 40000).map(lambda cents: Decimal(cents) / 100)
AREAS = st.integers(3000, 20000).map(lambda cents: Decimal(cents) / 100)
ORIENTATIONS = ('south', 'north', 'east_west', None)
PREMIUMS = st.one_of(
    st.fixed_dictionaries({
        'kind': st.just('floor'), 'method': st.sampled_from(['amount', 'step', 'percent', 'lump']),
        'floor_from': st.integers(-2, 4), 'floor_to': st.integers(4, 9)}),
    st.fixed_dictionaries({
        'kind': st.just('stack'), 'method': st.sampled_from(['amount', 'percent', 'lump']),
        'stack': st.sampled_from(['01', '02']), 'stair': st.sampled_from([None, '1', '2'])}),
    st.fixed_dictionaries({
        'kind': st.just('orientation'), 'method': st.sampled_from(['amount', 'percent', 'lump']),
        'orientation': st.sampled_from(ORIENTATIONS[:3])}),
    st.fixed_dictionaries({
        'kind': st.just('area'), 'method': st.sampled_from(['amount', 'percent', 'lump']),
        'area_from': AREAS, 'area_to': st.sampled_from([Decimal(0), Decimal(250)])}),
    st.fixed_dictionaries({
        'kind': st.just('feature'), 'method': st.sampled_from(['amount', 'percent', 'lump']), 'feature': st.integers(0, 1)}),
).flatmap(lambda premium: st.fixed_dictionaries({
    **{name: st.just(value) for name, value in premium.items()},
    'value': CENTS if premium['method'] != 'percent' else st.integers(-900, 900).map(lambda cents: Decimal(cents) / 100),
    'building': st.sampled_from([None, 0, 1]), 'usage': st.sampled_from([None, None, 'shop'])}))
UNITS = st.lists(st.fixed_dictionaries({
    'building': st.integers(0, 1), 'layout': st.sampled_from([0, 1, None]),
    'usage': st.sampled_from(['residential', 'shop']), 'floor': st.integers(1, 8), 'stair': st.sampled_from(['1', '2', None]),
    'stack': st.sampled_from(['01', '02', None]), 'orientation': st.sampled_from(ORIENTATIONS),
    'features': st.sets(st.integers(0, 1)), 'mode': st.sampled_from(['gross', 'inside', 'unit']), 'gross': AREAS,
}), min_size=1, max_size=5)
BASES = st.lists(
    st.fixed_dictionaries({
        'building': st.sampled_from([None, 0, 1]), 'layout': st.sampled_from([None, 0, 1]),
        'usage': st.sampled_from([None, 'shop']),
        'price': st.integers(500000, 9000000).map(lambda cents: Decimal(cents) / 100)}),
    min_size=1, max_size=4, unique_by=lambda base: (base['building'], base['layout'], base['usage']))


class TestGenerationProperty(GenerationCase):

    @settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate])
    @given(units=UNITS, bases=BASES, premiums=st.lists(PREMIUMS, max_size=6), rounding=st.sampled_from(['0.01', '1', '10', '100']))
    def test_sql_equals_first_principles(self, units, bases, premiums, rounding):
        with self.env.cr.savepoint() as savepoint:
            self.compare(units, bases, premiums, rounding)
            savepoint.rollback()
        self.env.invalidate_all()

    def compare(self, units, bases, premiums, rounding):
        buildings, layouts = (self.building, self.building_2), (self.layout, self.layout_2)

        def record(options, index):
            return options[index].id if index is not None else False

        for unit in units:
            unit['inside'] = half_up(unit['gross'] * Decimal('0.8'), CENT)
        records = self.env['property.unit'].create([{
            'name': f'U{index}', 'building_id': record(buildings, unit['building']), 'layout_id': record(layouts, unit['layout']),
            'usage': unit['usage'], 'floor': unit['floor'], 'stair': unit['stair'], 'stack': unit['stack'],
            'orientation': unit['orientation'], 'pricing_mode': unit['mode'], 'gross_area': float(unit['gross']),
            'inside_area': float(unit['inside']),
            'feature_ids': [Command.set([self.features[feature].id for feature in unit['features']])],
        } for index, unit in enumerate(units)])
        price_list = self.env['property.price.list'].create({
            'project_id': self.project.id, 'rounding': rounding,
            'base_ids': [Command.create({
                'building_id': record(buildings, base['building']), 'layout_id': record(layouts, base['layout']),
                'usage': base['usage'], 'price': float(base['price'])}) for base in bases],
            'premium_ids': [Command.create({
                'building_id': record(buildings, premium['building']),
                **({'feature_id': self.features[premium['feature']].id} if premium['kind'] == 'feature' else {}),
                **{name: float(value) if isinstance(value, Decimal) else value for name, value in premium.items()
                   if name not in ('building', 'feature')}}) for premium in premiums],
        })
        expected = {
            unit.id: price for unit, values in zip(records, units, strict=True)
            if (price := price_of(values, bases, premiums, rounding))}
        price_list._generate_lines()
        self.assertEqual(self.figures(price_list), expected)
        if expected:
            self.assertBuiltUp(price_list)
