import json
from contextlib import contextmanager

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .test_sales_control import SalesControlCase

# Where a row of the board has what.
ID, PLACE, FIGURES, STATE, BLOCK, HOLDER, EXPIRY, HOLD, MINE = 0, slice(1, 5), slice(8, 12), 12, 13, 14, 15, 16, 17


class BoardCase(SalesControlCase):
    """Ten units, and ways to see what a board that was read before would still be told of."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.units_2 = cls.make_units(cls.building_2, [1])
        cls.env.flush_all()

    def board(self, post='manager', building=None):
        return (building or self.building).with_user(self.users[post]).get_board()

    def rows(self, post='manager', building=None):
        return {row[ID]: row for row in self.board(post, building)['units']}

    def changes(self, building=None, since=None, cluster=None):
        """What a board reads that has read all before the present transaction."""
        self.env.flush_all()
        building = (building or self.building).with_user(self.users['manager'])
        [[mine]] = self.sql("SELECT pg_current_xact_id()::text::bigint")
        return building.get_board_changes(mine if since is None else since, cluster or building.get_board()['cluster'])

    def changed(self, building=None):
        """:return: ids of the units that a board is told of, or 'reload'"""
        answer = self.changes(building)
        return 'reload' if answer.get('reload') else sorted(row[ID] for row in answer['units'])

    def forget(self):
        """As if all that is there had been written by transactions that are long over, and told."""
        self.env.flush_all()
        self.sql("UPDATE property_unit SET board_xid = 5 WHERE company_id = %s RETURNING id", self.company.id)
        self.sql("UPDATE property_building SET board_xid = 5 WHERE company_id = %s RETURNING id", self.company.id)
        self.messages()

    def messages(self):
        """:return: list of the messages to boards that this transaction would send"""
        self.env.cr.flush()
        rows = self.sql("DELETE FROM bus_bus WHERE channel LIKE '%%property_board%%' RETURNING channel, message")
        return [(json.loads(channel)[-1], json.loads(message)) for channel, message in rows]

    @contextmanager
    def told(self, changed, building=None):
        """What happens within is told to the boards of the building, and to no other's."""
        building = building or self.building
        self.forget()
        yield
        [(channel, message)] = self.messages()
        self.assertEqual(channel, f'property_board_{building.id}')
        [[version]] = self.sql("SELECT pg_current_xact_id()::text::bigint")
        self.assertEqual(message, {'type': 'property_board', 'payload': {'building': building.id, 'version': version}})
        self.assertEqual(self.changed(building), changed if isinstance(changed, str) else sorted(changed.ids))
        other = self.building_2 if building == self.building else self.building
        self.assertEqual(self.changed(other), [])


@tagged('post_install', '-at_install')
class TestBoard(BoardCase):

    def test_board_says_what_the_units_say(self):
        self.release(self.units[:8])
        hold = self.hold(self.units[:1])
        self.units[1].write({'sealed': True, 'seal_note': 'Court 12'})
        self.units[2].mortgaged = True
        self.env.flush_all()
        board = self.board()
        rows = {row[ID]: row for row in board['units']}
        self.assertEqual(set(rows), set(self.units.ids))
        for unit in self.units:
            row = rows[unit.id]
            self.assertEqual(row[PLACE], [unit.stair, unit.floor, unit.name, unit.stack])
            self.assertEqual(row[FIGURES], [unit.gross_area, unit.inside_area, unit.unit_price, unit.list_price])
            self.assertEqual(row[STATE], unit.state)
            self.assertEqual(row[BLOCK] or False, unit.sale_block if unit.sale_block != 'taken' else False)
        held = rows[self.units[0].id]
        self.assertEqual(held[HOLDER:], [
            f"{hold.name} {self.users['consultant'].name}", hold.expiry.strftime('%Y-%m-%dT%H:%M:%SZ'), hold.id, False])
        self.assertEqual(self.rows('consultant')[self.units[0].id][MINE], True)
        self.assertIsNone(rows[self.units[1].id][MINE])
        self.assertEqual(board['movements'][0][:3], [self.units[0].id, 'available', 'held'])
        self.assertEqual(board['movements'][0][4], self.users['manager'].name)
        self.assertEqual(board['building']['permit'], 'P-1')
        self.permit.action_revoke('Withdrawn')
        self.assertEqual(self.rows()[self.units[3].id][BLOCK], 'no_permit')
        self.assertFalse(self.board()['building']['permit'])

    def test_board_of_another_project(self):
        self.make_units(self.other_building, [1])
        foreign = self.other_building.with_user(self.users['consultant'])
        version, cluster = self.board()['version'], self.board()['cluster']
        for read in (foreign.get_board, lambda: foreign.get_board_changes(version, cluster),
                     self.env['property.unit'].with_user(self.users['consultant']).browse(foreign.sudo().unit_ids.ids[:1]).get_board_details):
            with self.assertRaises(AccessError):
                read()
        self.assertEqual(foreign.get_board_counts(self.other_project.id), [])
        self.assertTrue(self.other_building.with_user(self.users['signing']).get_board()['units'])

    def test_rights_by_post(self):
        ask = {'release': 'ask', 'hold': 'ask', 'extend': 'ask', 'unhold': 'ask', 'others': False}
        do = {'release': 'do', 'hold': 'ask', 'extend': 'ask', 'unhold': 'do', 'others': True}
        nothing = dict.fromkeys(ask, False)
        for post, rights in (
            ('consultant', ask), ('salesmanager', ask), ('signing', do), ('assistant', do), ('manager', do),
            ('registration', nothing), ('finance', nothing), ('vp', nothing), ('auditor', nothing), ('design', nothing),
        ):
            with self.subTest(post):
                self.assertEqual(self.board(post)['rights'], rights)

    def test_counts_of_the_tabs(self):
        self.release(self.units[:4])
        self.hold(self.units[:1])
        self.assertEqual(self.building.with_user(self.users['consultant']).get_board_counts(self.project.id), [
            {'id': self.building.id, 'name': 'B1', 'units': 10, 'available': 3},
            {'id': self.building_2.id, 'name': 'B2', 'units': 2, 'available': 0}])

    def test_details_of_a_card(self):
        self.release()
        hold = self.hold(self.units[:1])
        waiting = self.request('salesmanager', units=self.units[1:2])
        waiting.action_submit()
        details = self.units[0].with_user(self.users['vp']).get_board_details()
        self.assertEqual(details['hold'], {
            'id': hold.id, 'name': hold.name, 'reason': hold.reason, 'requester': 'consultant', 'approver': 'manager'})
        self.assertEqual([(move['from'], move['to'], move['user']) for move in details['movements']], [
            ('available', 'held', 'manager'), ('unreleased', 'available', 'manager')])
        self.assertIn(hold.name, details['sentence'])
        details = self.units[1].with_user(self.users['manager']).get_board_details()
        self.assertEqual(details['waiting'], [{
            'id': waiting.id, 'name': waiting.name, 'kind': 'hold', 'requester': 'salesmanager', 'can_decide': True,
            'waits_for': "Department Manager"}])
        self.assertFalse(details['hold'])
        self.assertFalse(self.units[1].with_user(self.users['consultant']).get_board_details()['waiting'][0]['can_decide'])

    def test_approver_is_told_before(self):
        Request = self.env['property.unit.request'].with_user(self.users['consultant'])
        for hours, group in ((24, "Department Manager"), (25, "Vice-President"), (73, "General Manager")):
            self.assertEqual(Request.get_board_approver('hold', hours, self.project.id), [group])
        self.release()
        hold = self.hold(hours=24)
        self.assertEqual(Request.get_board_approver('extend', 30, self.project.id, hold.ids), ["Vice-President"])
        with self.assertRaises(AccessError):
            Request.with_user(self.users['auditor']).get_board_approver('hold', 24, self.project.id)
        with self.assertRaises(AccessError):
            Request.get_board_approver('hold', 24, self.other_project.id)
        # Giving up is the officer's: he is asked by sales, and asks nobody himself.
        self.assertEqual(Request.get_board_approver('unhold', 0, self.project.id, hold.ids), ["Signing Team"])
        self.assertEqual(Request.with_user(self.users['signing']).get_board_approver('unhold', 0, self.project.id, hold.ids), [])

    # ------------------------------------------------------------------ what a board is told

    def test_moves_are_told(self):
        with self.told(self.units):
            self.release()
        with self.told(self.units[4:6]):
            self.hold(self.units[4:6])

    def test_extension_is_told(self):
        self.release()
        hold = self.hold(self.units[:2])
        with self.told(self.units[:2]):
            extension = self.request(kind='extend', hours=30, hold_id=hold.id, units=hold.unit_ids)
            extension.action_submit()
            extension.with_user(self.users['vp']).action_approve()
        self.assertEqual(self.rows()[self.units[0].id][EXPIRY], hold.expiry.strftime('%Y-%m-%dT%H:%M:%SZ'))

    def test_flags_and_facts_are_told(self):
        for values in (
            {'sealed': True, 'seal_note': 'Court 12'}, {'sealed': False}, {'mortgaged': True}, {'mortgage_consent': True},
            {'layout_id': self.layout.id}, {'orientation': 'south'}, {'usage': 'office'}, {'gross_area': 99}, {'inside_area': 70},
            {'name': '0199'}, {'stair': '9'}, {'stack': '77'},
        ):
            with self.subTest(values), self.told(self.units[3:4]):
                self.units[3].write(values)

    def test_what_the_board_does_not_show_is_not_told(self):
        self.forget()
        self.units.write({'note': 'Corner', 'seal_note': 'x', 'mortgagee': 'Bank', 'measured_gross_area': 101})
        self.building.write({'elevator_count': 3})
        self.permit.write({'supervised_bank': 'Bank'})
        self.assertEqual((self.messages(), self.changed()), ([], []))

    def test_prices_are_told_when_they_take_effect(self):
        self.forget()
        following = self.price_list._create_next_version()
        following.line_ids[0].unit_price = 12000
        self.assertEqual((self.messages(), self.changed()), ([], []))
        with self.told(self.units):
            self.activate(following)
        self.assertEqual(self.rows()[following.line_ids[0].unit_id.id][FIGURES][2:], [12000, 1200000])

    def test_permits_are_told(self):
        with self.told('reload'):
            self.permit.action_revoke('Withdrawn')
        with self.told('reload'):
            self.permit.action_reinstate()
        with self.told('reload'):
            self.permit.date_to = '2040-01-01'
        with self.told('reload'):
            self.permit.name = 'P-1a'
        with self.told('reload'):
            self.permit.coverage_ids.unlink()
        with self.told('reload'):
            self.permit.coverage_ids = [fields.Command.create({'building_id': self.building.id})]
        with self.told('reload'):
            self.permit.unlink()

    def test_hours_of_a_release_are_told(self):
        batch = self.release()
        with self.told('reload'):
            # Frozen for everybody since it was approved; what its code writes is told nevertheless.
            batch._transition('closed', date_close=fields.Datetime.now())

    def test_names_are_told(self):
        with self.told('reload'):
            self.building.name = 'B1a'
        self.forget()
        self.layout.name = 'A9'
        # A layout is of the whole project.
        self.assertEqual({channel for channel, _message in self.messages()}, {
            f'property_board_{building.id}' for building in self.building | self.building_2})
        self.assertEqual((self.changed(), self.changed(self.building_2)), ('reload', 'reload'))

    def test_units_that_come_and_go_are_told(self):
        self.forget()
        new = self.make_units(self.building, [8], ['01'])
        self.assertEqual([channel for channel, _message in self.messages()], [f'property_board_{self.building.id}'])
        self.assertEqual(self.changed(), new.ids)
        with self.told('reload'):
            new.active = False
        with self.told('reload'):
            new.active = True
        self.forget()
        new.building_id = self.building_2
        self.assertEqual((self.changed(), self.changed(self.building_2)), ('reload', 'reload'))
        with self.told('reload', self.building_2):
            new.unlink()

    def test_import_is_told(self):
        """Raw SQL that writes units: the database stamps, whoever writes."""
        self.forget()
        self.sql("UPDATE property_unit SET layout_id = %s WHERE id = %s RETURNING id", self.layout.id, self.units[2].id)
        self.assertEqual(self.changed(), self.units[2].ids)

    def test_one_message_for_each_building(self):
        self.forget()
        self.units[:3].sealed = True
        self.env.flush_all()
        self.units[3:5].sealed = True
        self.units_2.sealed = True
        self.assertEqual([channel for channel, _message in self.messages()], [
            f'property_board_{building.id}' for building in self.building | self.building_2])

    def test_what_was_undone_does_not_hurt(self):
        self.forget()
        with self.assertRaises(UserError), self.env.cr.savepoint():
            self.make_units(self.building, [9]).flush_recordset()
            raise UserError(self.building.name)
        self.units[0].sealed = True
        self.assertEqual(len(self.messages()), 1)

    # ------------------------------------------------------------------ versions

    def test_nobody_forges_a_stamp(self):
        [[mine]] = self.sql("SELECT pg_current_xact_id()::text::bigint")
        self.assertNotIn('board_xid', self.env['property.unit']._fields)
        self.forget()
        self.sql("UPDATE property_unit SET board_xid = 7, sealed = TRUE WHERE id = %s RETURNING id", self.units[0].id)
        self.assertEqual(self.sql("SELECT board_xid FROM property_unit WHERE id = %s", self.units[0].id), [(mine,)])

    def test_restored_into_another_cluster(self):
        """Stamps of a cluster that was further say nothing, and a version of another one is not believed."""
        board = self.board()
        self.assertRegex(board['cluster'], r'^\d+\.\d+\.\d+$')
        self.forget()
        self.sql("UPDATE property_unit SET board_xid = 10^15 WHERE building_id = %s RETURNING id", self.building.id)
        self.sql("UPDATE property_building SET board_xid = 10^15 WHERE id = %s RETURNING id", self.building.id)
        self.assertEqual(self.changed(), [])
        self.units[4].sealed = True
        self.assertEqual(self.changed(), self.units[4].ids)
        self.assertEqual(self.changes(cluster='1.1.1'), {'reload': True})
        self.assertEqual(self.changes(since=10**15), {'reload': True})

    def test_version_is_a_number(self):
        board = self.building.with_user(self.users['manager'])
        cluster = board.get_board()['cluster']
        for bad, error in (('x', ValueError), (None, TypeError), ({'a': 1}, TypeError), ('1; DROP TABLE property_unit', ValueError)):
            with self.subTest(bad), self.assertRaises(error):
                board.get_board_changes(bad, cluster)

    # ------------------------------------------------------------------ the clock

    def test_next_change_by_the_clock(self):
        with freeze_time('2026-03-01 00:00:00'):
            self.assertIsNone(self.board()['next_change'])
            batch = self.env['property.release.batch'].create({
                'title': 'Spring', 'project_id': self.project.id, 'unit_ids': self.units.ids, 'date_close': '2026-03-03 01:00:00'})
            self.open(batch)
            self.assertEqual(self.board()['next_change'], 2 * 86400 + 3600)
            self.assertEqual(self.board()['now'], '2026-03-01T00:00:00Z')
            # The permit ends with the day of Shanghai, eight hours before London's.
            self.permit.date_to = '2026-03-01'
            self.assertEqual(self.board()['next_change'], 16 * 3600)
            self.assertIsNone(self.rows()[self.units[0].id][BLOCK])
            self.assertIsNone(self.board(building=self.building_2)['next_change'])
        with freeze_time('2026-03-01 16:00:00'):
            self.env.invalidate_all()
            self.assertEqual(self.rows()[self.units[0].id][BLOCK], 'no_permit')

    # ------------------------------------------------------------------ queries

    def test_queries_do_not_grow_with_the_building(self):
        self.release()
        self.hold(self.units[:3])
        more = self.make_units(self.building, range(20, 60), [f'{stack:02}' for stack in range(1, 11)])
        self.assertEqual(len(more), 400)
        self.env.flush_all()
        board = self.building.with_user(self.users['manager'])
        read = board.get_board()
        self.assertEqual(len(read['units']), 410)
        for limit, function in (
            (9, board.get_board), (6, lambda: board.get_board_changes(read['version'], read['cluster'])),
            (6, lambda: board.get_board_counts(self.project.id)),
        ):
            self.env.invalidate_all()
            function()
            self.env.invalidate_all()
            with self.assertQueryCount(limit):
                function()
