from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import psycopg2
from freezegun import freeze_time

from odoo import SUPERUSER_ID, api
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command, Date
from odoo.service.model import retrying
from odoo.tools import mute_logger

from .common import POSTS, PropertyCase

FROZEN = "A price list that is in force or has been no longer changes: make the next version."
NEXT = "Prices v1 is “In Force” and no longer changes: make the next version."
BY_ACTIONS = "The state moves only by its own actions, not by editing it."
HAS_NEXT = "This price list already has a next version: go on with that one, or cancel it first."
HISTORY = "The price history is never changed or deleted."


class PriceListCase(PropertyCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.List = cls.env['property.price.list']
        cls.Line = cls.env['property.price.list.line']
        cls.units = cls.make_units(cls.building, (1, 2))
        cls.price_list = cls.make_list(cls.units)
        cls.env.flush_all()

    def lines(self, price_list):
        """Everything that the database knows of a list's lines, but when they were last touched."""
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT to_jsonb(l) - 'write_uid' - 'write_date' FROM property_price_list_line l WHERE list_id = %s ORDER BY id",
            [price_list.id])
        return [row[0] for row in self.env.cr.fetchall()]

    def history(self, price_list):
        return self.sql(
            "SELECT unit_id, date, user_id, total::text, previous_total::text, unit_price::text, price_area::text"
            " FROM property_price_history WHERE list_id = %s ORDER BY unit_id", price_list.id)

    def prices(self, units):
        return self.sql(
            'SELECT list_price::text, unit_price::text, floor_price::text, price_line_id FROM property_unit'
            ' WHERE id IN %s ORDER BY id', tuple(units.ids))

    def next_version(self, price_list=None):
        self.env.flush_all()
        (price_list or self.price_list).action_new_version()
        return (price_list or self.price_list).next_ids.filtered(lambda each: each.state not in ('cancelled', 'rejected'))


class TestActivation(PriceListCase):

    def test_who_may_submit(self):
        for post in set(POSTS) - {'signing', 'assistant', 'manager', 'administrator'}:
            with self.assertRaises(AccessError, msg=post):
                self.as_user(post, self.price_list).action_submit()
        self.assertEqual(self.sql('SELECT state FROM property_price_list WHERE id = %s', self.price_list.id), [('draft',)])

    def test_approval(self):
        """Department, finance, vice-president; what they approved is what takes effect."""
        self.as_user('signing', self.price_list).action_submit()
        for post, others in (('manager', 'finance vp gm signing'), ('finance', 'manager vp gm'), ('vp', 'manager finance gm cost')):
            for other in others.split():
                with self.assertRaises(UserError, msg=other):
                    self.as_user(other, self.price_list).action_approve()
            self.assertEqual(self.price_list.state, 'submitted')
            self.assertFalse(self.history(self.price_list))
            with self.refused("Prices v1 is “In Approval” and no longer changes: make the next version."):
                self.as_user('manager', self.price_list.line_ids[0]).unit_price = 1
            self.as_user(post, self.price_list).action_approve()
        self.assertEqual(
            self.sql('SELECT state, activated_by_id FROM property_price_list WHERE id = %s', self.price_list.id),
            [('active', self.users['vp'].id)])
        self.assertEqual(len(self.history(self.price_list)), 4)

    def test_price_cut_goes_to_the_general_manager(self):
        self.activate(self.price_list)
        for unit_price, posts in ((9500, 3), (9499, 4)):
            following = self.next_version()
            following.line_ids.unit_price = unit_price
            self.as_user('signing', following).action_submit()
            self.assertEqual(len(following.approval_request_ids.step_ids), posts)
            self.as_user('manager', following).action_reject('Not now')
        self.assertEqual(self.price_list.state, 'active')
        self.assertTrue(self.next_version())

    def test_floor_price_is_not_found_out_by_submitting(self):
        self.price_list.line_ids[0].floor_price = 1000000.01
        with self.refused("The price of B1-1-0101 is below its floor price."):
            self.as_user('manager', self.price_list).action_submit()
        self.as_user('signing', self.price_list).action_submit()
        self.as_user('manager', self.price_list).action_approve()
        self.as_user('finance', self.price_list).action_approve()
        with self.refused("The price of B1-1-0101 is below its floor price."):
            self.as_user('vp', self.price_list).action_approve()
        self.assertEqual(self.price_list.state, 'submitted')

    def test_state_is_not_written(self):
        for post in ('gm', 'manager', 'administrator'):
            with self.refused(BY_ACTIONS):
                self.as_user(post, self.price_list).write({'state': 'active'})
            with self.refused(BY_ACTIONS):
                self.as_user(post, self.price_list).sudo().with_context(property_transition={'to': 'active'}).write(
                    {'state': 'active'})
        with self.refused("A new record starts as “Draft”: leave its state out, it moves by its own actions."):
            self.as_user('manager', self.List).create({'project_id': self.project.id, 'state': 'active'})
        copied = self.as_user('manager', self.List).with_context(default_state='active').create({'project_id': self.project.id})
        self.assertEqual(self.sql('SELECT state FROM property_price_list WHERE id = %s', copied.id), [('draft',)])

    def test_prices_and_history(self):
        self.price_list.line_ids[0].unit_price = 12345.67
        self.price_list.line_ids[1].write({'pricing_mode': 'inside', 'unit_price': 12500})
        self.price_list.line_ids[2].write({'pricing_mode': 'unit', 'unit_price': 0, 'total': 888888.88})
        self.price_list.line_ids[3].floor_price = 950000
        with freeze_time('2026-03-01 15:30:00'):  # 23:30 in Shanghai
            self.activate(self.as_user('manager', self.price_list))
        lines = self.price_list.line_ids
        self.assertEqual(self.prices(self.units), [
            ('1234567.00', '12345.67', '0.00', lines[0].id), ('1000000.00', '12500.00', '0.00', lines[1].id),
            ('888888.88', '0.00', '0.00', lines[2].id), ('1000000.00', '10000.00', '950000.00', lines[3].id)])
        today, manager = date(2026, 3, 1), self.users['manager'].id
        self.assertEqual(self.history(self.price_list), [
            (self.units[0].id, today, manager, '1234567.00', '0.00', '12345.67', '100.00'),
            (self.units[1].id, today, manager, '1000000.00', '0.00', '12500.00', '80.00'),
            (self.units[2].id, today, manager, '888888.88', '0.00', '0.00', '0.00'),
            (self.units[3].id, today, manager, '1000000.00', '0.00', '10000.00', '100.00')])
        self.assertEqual(self.units.mapped('pricing_mode'), ['gross', 'inside', 'unit', 'gross'])
        self.assertEqual(self.price_list.date_effective, today)
        # What the ORM computes is what the statement wrote.
        self.env.add_to_compute(self.units._fields['list_price'], self.units)
        self.env.add_to_compute(self.units._fields['floor_price'], self.units)
        self.assertEqual([row[0] for row in self.prices(self.units)], ['1234567.00', '1000000.00', '888888.88', '1000000.00'])
        self.assertEqual([row[2] for row in self.prices(self.units)], ['0.00', '0.00', '0.00', '950000.00'])

    def test_today_is_the_projects(self):
        with freeze_time('2026-03-01 16:00:00'):  # past midnight in Shanghai
            self.activate(self.price_list)
        self.assertEqual(self.price_list.date_effective, date(2026, 3, 2))
        self.assertEqual({row[1] for row in self.history(self.price_list)}, {date(2026, 3, 2)})

    def test_nothing_to_activate(self):
        with self.refused("Nothing v1 has no prices yet."):
            self.activate(self.List.create({'project_id': self.project.id, 'title': 'Nothing'}))

    def test_twice(self):
        self.activate(self.price_list)
        before = self.history(self.price_list)
        with self.assertRaises(UserError):
            self.activate(self.price_list)
        self.assertEqual(self.history(self.price_list), before)

    def test_stale_area(self):
        self.units[1].gross_area = 101
        self.assertTrue(self.price_list.line_ids[1].area_is_stale)
        self.assertEqual(self.Line.search([('list_id', '=', self.price_list.id), ('area_is_stale', '=', True)]), self.price_list.line_ids[1])
        with self.refused("The area of B1-1-0102 has changed since it was priced: price it again."):
            self.activate(self.price_list)
        # Priced again by typing, in both senses: the area follows, or the unit goes back.
        self.units[1].gross_area = 100
        self.activate(self.price_list)
        self.assertEqual(self.price_list.state, 'active')

    def test_below_floor_price(self):
        line = self.price_list.line_ids[0]
        line.floor_price = 1000000.01
        self.assertTrue(line.below_floor_price)
        self.assertEqual(self.Line.search([('list_id', '=', self.price_list.id), ('below_floor_price', '=', True)]), line)
        with self.refused("The price of B1-1-0101 is below its floor price."):
            self.activate(self.price_list)
        line.floor_price = 1000000
        self.activate(self.price_list)
        self.assertEqual(self.price_list.state, 'active')

    def test_priced_by_another_list(self):
        self.activate(self.price_list)
        other = self.make_list(self.units[1], title='Other')
        with self.refused("B1-1-0102 is priced by Prices v1: make the next version of that list."):
            self.activate(other)
        self.assertEqual(self.units[1].price_list_id, self.price_list)
        self.assertEqual(other.state, 'draft')

    def test_unit_of_another_project(self):
        alien = self.make_units(self.other_building, (1,))
        with self.refused("X1-1-0101 belongs to Birch Lane and not to Acorn Hill."):
            self.Line.create({'list_id': self.price_list.id, 'unit_id': alien[0].id, 'unit_price': 1})
        with self.refused("Prices v1 already prices units of another project.", ValidationError):
            self.price_list.project_id = self.other_project

    def test_bad_prices(self):
        line = self.price_list.line_ids[0]
        for values, sentence in (
            ({'unit_price': 0}, None),
            ({'unit_price': -5}, None),
            ({'pricing_mode': 'unit', 'total': 0}, "A price must be greater than zero."),
            ({'pricing_mode': 'unit', 'total': -1}, "A price must be greater than zero."),
            ({'total': 5}, "The total is not the unit price times the area: correct one of them."),
            ({'total': 1000002}, "The total is not the unit price times the area: correct one of them."),
            ({'floor_price': -1}, "A floor price cannot be negative."),
        ):
            with self.subTest(values=values):
                if sentence:
                    with self.refused_by_database(sentence, 'property.price.list.line'):
                        line.write(values)
                else:
                    with self.assertRaises(psycopg2.errors.CheckViolation), mute_logger('odoo.sql_db'), self.env.cr.savepoint():
                        line.write(values)
                        self.env.flush_all()
                    self.env.invalidate_all()
        with self.refused_by_database("A unit stands in a price list only once.", 'property.price.list.line'):
            self.Line.create({'list_id': self.price_list.id, 'unit_id': self.units[0].id, 'unit_price': 1})
        self.assertEqual([line['total'] for line in self.lines(self.price_list)], [1000000] * 4)


class TestFreeze(PriceListCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.price_list.base_ids = [Command.create({'price': 9000})]
        cls.price_list.premium_ids = [Command.create({'kind': 'floor', 'value': 1})]
        cls.activate(cls.price_list)
        cls.extra = cls.make_units(cls.building_2, (1,))
        cls.env.flush_all()

    def test_orm(self):
        before = self.lines(self.price_list)
        line = self.price_list.line_ids[0]
        for post in ('manager', 'administrator', 'signing'):
            for its in (self.as_user(post, line), self.as_user(post, line).sudo()):
                for values in ({'unit_price': 5}, {'total': 5}, {'pricing_mode': 'unit'}, {'list_id': self.price_list.id}):
                    with self.refused(NEXT):
                        its.write(values)
                with self.refused(NEXT):
                    its.unlink()
                with self.refused_by_database(FROZEN, 'property.price.list.line'):
                    its.create({'list_id': self.price_list.id, 'unit_id': self.extra[0].id, 'unit_price': 5})
                price_list = its.list_id
                for values in (
                    {'line_ids': [Command.update(line.id, {'unit_price': 5})]}, {'rounding': '10'},
                    {'line_ids': [Command.clear()]}, {'base_ids': [Command.clear()]}, {'premium_ids': [Command.clear()]},
                    {'project_id': self.other_project.id},
                ):
                    with self.refused(NEXT):
                        price_list.write(values)
                for rules in (price_list.base_ids, price_list.premium_ids):
                    with self.refused(NEXT):
                        rules.write({'usage': 'shop'})
                    with self.refused(NEXT):
                        rules.unlink()
                with self.refused(NEXT):
                    price_list.base_ids.create({'list_id': price_list.id, 'price': 1, 'usage': 'shop'})
                with self.refused("Prices v1 is “In Force”: what was submitted for approval no longer changes."):
                    price_list.write({'date_effective': '2030-01-01'})
                with self.refused(
                        "Prices v1 is no draft: price lists that were in force are kept, cancel the others."):
                    price_list.unlink()
                with self.refused(NEXT):
                    price_list.action_generate()
        with self.refused(NEXT):
            self.as_user('manager', line).write({'floor_price': 5})
        self.assertEqual(self.lines(self.price_list), before)

    def test_moving_a_line_into_an_active_list(self):
        draft = self.make_list(self.extra)
        before = self.lines(self.price_list)
        with self.refused("A price stays with its unit and its list: delete the row and add another."):
            draft.line_ids[0].list_id = self.price_list
        with self.refused_by_database(FROZEN, 'property.price.list.line'):
            self.env.cr.execute(
                'UPDATE property_price_list_line SET list_id = %s WHERE id = %s', [self.price_list.id, draft.line_ids[0].id])
        self.assertEqual(self.lines(self.price_list), before)

    def test_sql(self):
        before = self.lines(self.price_list)
        arguments = {'list': self.price_list.id, 'unit': self.extra[0].id, 'line': self.price_list.line_ids[0].id}
        for statement in (
            "UPDATE property_price_list_line SET total = total + 1 WHERE id = %(line)s",
            "UPDATE property_price_list_line SET unit_price = 5, total = 500 WHERE list_id = %(list)s",
            "UPDATE property_price_list_line SET floor_price = 1 WHERE id = %(line)s",
            "UPDATE property_price_list_line SET floor_price = NULL WHERE id = %(line)s",
            "UPDATE property_price_list_line SET pricing_mode = 'unit' WHERE id = %(line)s",
            "UPDATE property_price_list_line SET price_area = 99.5 WHERE id = %(line)s",
            "UPDATE property_price_list_line SET unit_id = %(unit)s WHERE id = %(line)s",
            "DELETE FROM property_price_list_line WHERE id = %(line)s",
            "TRUNCATE property_price_list_line CASCADE",
            "INSERT INTO property_price_list_line (list_id, unit_id, pricing_mode, price_area, unit_price, total, project_id)"
            " SELECT list_id, %(unit)s, pricing_mode, price_area, unit_price, total, project_id"
            " FROM property_price_list_line WHERE id = %(line)s",
            "INSERT INTO property_price_list_line (list_id, unit_id, pricing_mode, price_area, unit_price, total)"
            " SELECT list_id, unit_id, pricing_mode, price_area, 1, price_area FROM property_price_list_line WHERE id = %(line)s"
            " ON CONFLICT (list_id, unit_id) DO UPDATE SET unit_price = 1, total = EXCLUDED.total",
        ):
            with self.subTest(statement=statement):
                self.env.cr.execute('UPDATE property_unit SET price_line_id = NULL WHERE price_line_id = %(line)s', arguments)
                with self.refused_by_database(FROZEN, 'property.price.list.line'):
                    self.env.cr.execute(statement, arguments)
        self.assertEqual(self.lines(self.price_list), before)

    def test_computes_still_follow(self):
        """Stored copies of what belongs to the unit are no facts: a frozen list does not stop the catalogue."""
        self.units[0].write({'layout_id': self.layout.id, 'building_id': self.building_2.id, 'stair': '7'})
        self.assertEqual(
            self.sql('SELECT layout_id, building_id FROM property_price_list_line WHERE id = %s', self.price_list.line_ids[0].id),
            [(self.layout.id, self.building_2.id)])
        self.units[0].gross_area = 105
        self.assertEqual(
            self.sql('SELECT price_area::text, total::text FROM property_price_list_line WHERE id = %s', self.price_list.line_ids[0].id),
            [('100.00', '1000000.00')])

    def test_superseded_and_scheduled_are_frozen(self):
        following = self.next_version()
        following.date_effective = Date.add(following.project_id._today(), days=3)
        self.activate(following)
        self.assertEqual(following.state, 'scheduled')
        for price_list in (following, self.price_list):
            line = price_list.line_ids[0]
            with self.assertRaises(UserError):
                line.unit_price = 5
            self.env.invalidate_all()
            with self.refused_by_database(FROZEN, 'property.price.list.line'):
                self.env.cr.execute('DELETE FROM property_price_list_line WHERE id = %s', [line.id])
            if price_list == following:
                following.action_unschedule()
                following.line_ids[0].unit_price = 10001
                following.date_effective = False
                self.activate(following)
        self.assertEqual(self.price_list.state, 'superseded')

    def test_history_is_append_only(self):
        history = self.env['property.price.history'].search([('list_id', '=', self.price_list.id)])
        self.assertEqual(len(history), 4)
        for post in ('manager', 'administrator', 'gm', 'signing'):
            its = self.as_user(post, history[0])
            for method, args in (('write', ({'total': 1},)), ('unlink', ()), ('copy', ())):
                with self.assertRaises(AccessError):
                    getattr(its, method)(*args)
            with self.assertRaises(AccessError):
                its.create(history[0].copy_data()[0])
        for attack in (
            lambda: history[0].write({'total': 1}), lambda: history.sudo().unlink(),
            lambda: self.env.cr.execute('UPDATE property_price_history SET total = 1, previous_total = 1'),
            lambda: self.env.cr.execute('UPDATE property_price_history SET user_id = 1'),
            lambda: self.env.cr.execute("UPDATE property_price_history SET date = '2020-01-01'"),
            lambda: self.env.cr.execute('UPDATE property_price_history SET create_date = now()'),
            lambda: self.env.cr.execute('DELETE FROM property_price_history'),
            lambda: self.env.cr.execute('TRUNCATE property_price_history'),
        ):
            before = self.sql('SELECT * FROM property_price_history ORDER BY id')
            with self.refused_by_database(HISTORY, 'property.price.history'):
                attack()
            self.assertEqual(self.sql('SELECT * FROM property_price_history ORDER BY id'), before)


class TestVersions(PriceListCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.activate(cls.price_list)
        cls.env.flush_all()

    def test_next_version(self):
        before = self.lines(self.price_list)
        following = self.as_user('signing', self.price_list)._create_next_version()
        self.assertFalse(following.env.su)
        self.assertEqual(following.create_uid, self.users['signing'])
        following = following.with_env(self.env)
        self.assertEqual((following.version, following.previous_id, following.state, following.title), (2, self.price_list, 'draft', 'Prices'))
        self.assertEqual(following.display_name, "Prices v2")
        own = ('id', 'list_id', 'previous_total', 'previous_unit_price', 'change', 'create_uid', 'create_date')
        self.assertEqual(
            [{name: value for name, value in line.items() if name not in own} for line in self.lines(following)],
            [{name: value for name, value in line.items() if name not in own} for line in before])
        self.assertEqual([line['previous_total'] for line in self.lines(following)], [1000000] * 4)
        following.line_ids[0].unit_price = 11000
        following.line_ids[1].floor_price = 1
        self.assertEqual([line['change'] for line in self.lines(following)], [100000, 0, 0, 0])
        old_history = self.history(self.price_list)
        self.activate(self.as_user('vp', following))
        self.assertEqual(self.lines(self.price_list), before, "the version before stays to the last column")
        self.assertEqual(self.history(self.price_list), old_history)
        self.assertEqual(self.price_list.state, 'superseded')
        # The history has what changed, and no row for what did not.
        self.assertEqual([(row[0], row[3], row[4]) for row in self.history(following)], [
            (self.units[0].id, '1100000.00', '1000000.00'), (self.units[1].id, '1000000.00', '1000000.00')])
        self.assertEqual([row[0] for row in self.prices(self.units)], ['1100000.00', '1000000.00', '1000000.00', '1000000.00'])
        self.assertEqual([row[3] for row in self.prices(self.units)], following.line_ids.ids)
        for post in ('signing', 'manager'):
            with self.refused("Prices v1 is “Superseded”: only an active price list has a next version."):
                self.as_user(post, self.price_list).action_new_version()

    def test_dropped_unit(self):
        following = self.next_version()
        following.line_ids[3].unlink()
        with self.refused("B1-1-0202 is in the version before and missing here: every unit keeps a price."):
            self.activate(following)
        self.assertEqual((self.price_list.state, following.state), ('active', 'draft'))
        self.assertEqual(self.history(following), [])

    def test_added_unit(self):
        following = self.next_version()
        [extra] = self.make_units(self.building_2, (1,), stacks=('01',))
        following.line_ids = [Command.create({'unit_id': extra.id, 'unit_price': 20000})]
        self.activate(following)
        self.assertEqual([row[0] for row in self.history(following)], [extra.id])
        self.assertEqual(extra.list_price, 2000000)

    def test_two_next_versions(self):
        self.next_version()
        with self.refused_by_database(HAS_NEXT, 'property.price.list'):
            self.price_list.action_new_version()
        self.price_list.next_ids.action_cancel()
        self.env.flush_all()  # two requests
        self.next_version()
        self.assertEqual(sorted(self.price_list.next_ids.mapped('state')), ['cancelled', 'draft'])

    def test_previous_waits(self):
        """The version after a draft cannot overtake it."""
        following = self.next_version()
        third = following.copy({'previous_id': following.id, 'version': 3, 'title': 'Prices'})
        third._copy_lines(following)
        with self.refused("Prices v2 comes first: have it approved, or cancel it."):
            self.activate(third)

    def test_cancel(self):
        with self.refused("Prices v1 is “In Force” and cannot become “Cancelled”."):
            self.as_user('manager', self.price_list).action_cancel()
        following = self.next_version()
        self.as_user('signing', following).action_cancel()
        with self.assertRaises(UserError):
            self.activate(following)
        self.assertEqual([row[3] for row in self.prices(self.units)], self.price_list.line_ids.ids)

    def test_version_numbers_are_given(self):
        """A list cannot be made, by whoever edits lists, to look like the successor of another."""
        sentence = "The versions of a price list and who activated them are recorded by its own actions."
        following = self.next_version()
        before = self.sql('SELECT * FROM property_price_list WHERE project_id = %s ORDER BY id', self.project.id)
        for post in ('signing', 'gm', 'administrator'):
            for values in (
                {'previous_id': self.price_list.id}, {'version': 7}, {'activated_by_id': self.users['gm'].id},
                {'activated_at': '2020-01-01 00:00:00'},
            ):
                for price_list in (following, self.price_list):
                    with self.refused(sentence):
                        self.as_user(post, price_list).write(values)
                if post != 'gm':
                    with self.refused(sentence):
                        self.as_user(post, self.List).create({'project_id': self.project.id, **values})
                    with self.refused(sentence):
                        self.as_user(post, following).copy(values)
        self.assertEqual(self.sql('SELECT * FROM property_price_list WHERE project_id = %s ORDER BY id', self.project.id), before)
        made = self.as_user('signing', self.List).with_context(
            default_version=9, default_previous_id=following.id, default_activated_by_id=self.users['gm'].id,
        ).create({'project_id': self.project.id})
        self.assertFalse(made.previous_id or made.activated_by_id)

    def test_two_transactions_make_a_next_version(self):
        """Each finds none when it looks; the index lets one through and words the refusal of the other."""
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            project = env['property.project'].create({'name': 'Contested', 'company_id': env.ref('base.main_company').id})
            building = env['property.building'].create({'name': 'B1', 'project_id': project.id})
            unit = env['property.unit'].create({'name': '0101', 'building_id': building.id, 'gross_area': 100})
            price_list = env['property.price.list'].create({'project_id': project.id})
            env['property.price.list.line'].create({'list_id': price_list.id, 'unit_id': unit.id, 'unit_price': 5})
            cr.flush()
            # In force, without a history row, which nothing could clean up again.
            cr.execute("UPDATE property_price_list SET state = 'active' WHERE id = %s", [price_list.id])

        def clean_up():
            with self.registry.cursor() as cr:
                cr.execute("UPDATE property_price_list SET state = 'draft', previous_id = NULL WHERE project_id = %s", [project.id])
                for table in ('property_price_list_line', 'property_price_list', 'property_unit', 'property_building'):
                    cr.execute(f'DELETE FROM {table} WHERE project_id = %s', [project.id])
                cr.execute('DELETE FROM property_project WHERE id = %s', [project.id])

        self.addCleanup(clean_up)
        with self.registry.cursor() as first, self.registry.cursor() as second, mute_logger('odoo.sql_db'):
            one, two = (
                api.Environment(cr, SUPERUSER_ID, {'lang': 'en_US'})['property.price.list'].browse(price_list.id)
                for cr in (first, second))
            self.assertFalse(one.next_ids or two.next_ids)
            one._create_next_version()
            first.commit()
            with self.assertRaises(ValidationError) as refusal:
                retrying(two._create_next_version, two.env)
            second.rollback()
        self.assertEqual(str(refusal.exception), f"The operation cannot be completed: {HAS_NEXT}")
        with self.registry.cursor() as cr:
            cr.execute('SELECT count(*) FROM property_price_list WHERE previous_id = %s', [price_list.id])
            self.assertEqual(cr.fetchone()[0], 1)


class TestSchedule(PriceListCase):

    def run_cron(self, moment):
        with freeze_time(moment), self.enter_registry_test_mode():
            self.env.ref('property_customer_service.ir_cron_activate_price_lists').sudo().method_direct_trigger()
        self.env.invalidate_all()

    def test_schedule(self):
        self.price_list.date_effective = '2026-06-01'
        with freeze_time('2026-05-20 08:00:00'):
            self.activate(self.as_user('manager', self.price_list))
        self.assertEqual(self.price_list.state, 'scheduled')
        self.assertFalse(any(self.units.mapped('list_price')) or self.history(self.price_list))
        self.run_cron('2026-05-31 15:59:00')
        self.assertEqual(self.price_list.state, 'scheduled')
        self.run_cron('2026-05-31 16:00:00')  # 1 June, 00:00 in Shanghai
        self.assertEqual(self.price_list.state, 'active')
        self.assertEqual(self.price_list.date_effective, date(2026, 6, 1))
        self.assertEqual([row[1] for row in self.history(self.price_list)], [date(2026, 6, 1)] * 4)
        self.assertEqual([row[0] for row in self.prices(self.units)], ['1000000.00'] * 4)

    def test_time_zone_of_another_project(self):
        self.project.tz = 'America/New_York'
        self.price_list.date_effective = '2026-06-01'
        with freeze_time('2026-05-20 08:00:00'):
            self.activate(self.price_list)
        self.run_cron('2026-06-01 03:59:00')
        self.assertEqual(self.price_list.state, 'scheduled')
        self.run_cron('2026-06-01 04:00:00')
        self.assertEqual(self.price_list.state, 'active')

    def test_one_that_fails_does_not_stop_the_rest(self):
        other = self.make_list(self.make_units(self.building_2, (1,)), title='Other')
        (self.price_list + other).date_effective = '2026-06-01'
        with freeze_time('2026-05-20 08:00:00'):
            self.activate(self.price_list + other)
        self.units[0].gross_area = 101
        self.run_cron('2026-06-02 00:00:00')
        self.assertEqual((self.price_list.state, other.state), ('scheduled', 'active'))
        self.assertIn(
            "The price list did not take effect: The area of B1-1-0101 has changed since it was priced: price it again.",
            self.price_list.message_ids[0].body)
        self.assertEqual(self.history(self.price_list), [])

    def test_unschedule(self):
        self.price_list.date_effective = Date.add(self.project._today(), days=1)
        self.activate(self.price_list)
        for post in ('gm', 'consultant', 'finance'):
            with self.assertRaises(AccessError):
                self.as_user(post, self.price_list).action_unschedule()
        self.as_user('signing', self.price_list).action_unschedule()
        self.assertEqual(self.price_list.state, 'draft')
        with self.refused("Prices v1 is not scheduled."):
            self.as_user('signing', self.price_list).action_unschedule()

    def test_date_of_a_scheduled_list(self):
        """The day was approved with the prices: nobody brings it forward."""
        self.price_list.date_effective = Date.add(self.project._today(), days=30)
        self.activate(self.price_list)
        for post in ('signing', 'manager', 'administrator'):
            for day in (self.project._today(), False):
                with self.refused("Prices v1 is “Scheduled”: what was submitted for approval no longer changes."):
                    self.as_user(post, self.price_list).date_effective = day
        self.run_cron('2026-01-01')
        self.assertEqual(self.price_list.state, 'scheduled')


class TestBudgets(PriceListCase):

    def count(self, function):
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        function()
        self.env.flush_all()
        return self.env.cr.sql_log_count - before

    def test_queries_do_not_grow_with_the_units(self):
        """10 units or 300: activation, generation and the next version take the same number of statements."""
        counts = []
        for size, building in ((5, self.building_2), (150, self.building_2.copy({'name': 'B3'}))):
            units = self.make_units(building, range(1, size + 1), stair=f's{size}')
            price_list = self.make_list(units)
            price_list.base_ids = [Command.create({'price': 9000, 'building_id': building.id})]
            price_list.premium_ids = [
                Command.create({'kind': 'floor', 'value': 1, 'method': 'step'}),
                Command.create({'kind': 'stack', 'stack': '01', 'value': 1, 'method': 'percent'})]
            units._read_group([], [], ['__count'])
            generate = self.count(price_list._generate_lines)
            activate = self.count(lambda: self.activate(price_list))
            following = []
            version = self.count(lambda price_list=price_list, following=following: following.append(price_list._create_next_version()))
            again = self.count(lambda: self.activate(following[0]))
            totals = self.count(lambda following=following: following[0].total)
            counts.append((generate, activate, version, again, totals))
            self.assertEqual(len(units.filtered(lambda unit: unit.price_line_id.list_id == following[0])), size * 2)
        self.assertEqual(counts[0], counts[1])
        for count, budget in zip(counts[1], (4, 40, 25, 40, 8), strict=True):
            self.assertLessEqual(count, budget, counts)

    def test_totals_of_many_lists(self):
        lists = self.price_list
        for stair in ('a', 'b', 'c'):
            lists += self.make_list(self.make_units(self.building_2, (1, 2), stair=stair))
        one, all_of_them = (
            self.count(lambda records=records: records.mapped('total')) for records in (lists[:1], lists))
        self.assertEqual(one, all_of_them)


class TestFigures(PriceListCase):

    def test_totals(self):
        self.price_list.line_ids[0].write({'pricing_mode': 'unit', 'total': 150000, 'unit_price': 0})
        self.price_list.line_ids[1].unit_price = 12345.67
        self.assertEqual(
            (self.price_list.line_count, self.price_list.total, self.price_list.total_area, self.price_list.change_total),
            (4, 150000 + 1234567 + 2000000, 300, 0))
        self.assertAlmostEqual(self.price_list.average_price, 10781.89)

    def test_total_is_rounded_half_up(self):
        """Unit price × area, once, at the end, away from zero at a half."""
        for area, price, total in (
            (88.55, 10000.1, '885508.86'),   # 885,508.855
            (101.15, 9999.9, '1011489.89'),  # 1,011,489.885
            (0.5, 0.01, '0.01'),             # 0.005
            (118.37, 26888, '3182732.56'),
            (89.56, 38600, '3457016.00'),
        ):
            exact = (Decimal(str(area)) * Decimal(str(price))).quantize(Decimal('0.01'), ROUND_HALF_UP)
            self.assertEqual(str(exact), total)
            self.units[0].gross_area = area if area > 80 else 100
            self.units[0].write({'gross_area': area, 'inside_area': 0})
            price_list = self.make_list(self.units[0], price)
            self.assertEqual(
                self.sql('SELECT total::text FROM property_price_list_line WHERE list_id = %s', price_list.id), [(total,)])
