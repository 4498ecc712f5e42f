from unittest.mock import patch

import odoo.sql_db
import odoo.tools
from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, get_db_name, tagged

import live

STATE, BLOCK, EXPIRY = 12, 13, 15
XID = "select pg_current_xact_id()::text::bigint"


@tagged("post_install", "-at_install")
class TestBoardLiveness(BaseCase):
    """What a board is told and reads while several transactions run, which end in another order than they began."""

    def setUp(self):
        super().setUp()
        self.name = self.enterContext(live.database(get_db_name()))
        # Loaded as a server loads it: no tests are to be run in it.
        with patch.dict(odoo.tools.config._runtime_options, {"test_enable": False}):
            self.registry = Registry(self.name)
        self.addCleanup(odoo.sql_db.close_db, self.name)
        self.addCleanup(Registry.delete, self.name)
        env = self.begin()
        units = env["property.unit"].search(
            [("building_id.name", "=", "1号楼"), ("state", "=", "available"), ("sealed", "=", False)], limit=4)
        self.building, self.units = units.building_id.id, units.ids
        self.permit = units.building_id.permit_id.id
        self.users = {user.login: user.id for user in env["res.users"].search([("login", "in", ("consultant", "manager"))])}
        env.cr.rollback()

    def begin(self):
        """The ORM in a transaction of its own, which waits for nobody."""
        cr = self.registry.cursor()
        self.addCleanup(cr.close)
        env = api.Environment(cr, SUPERUSER_ID, {"lang": "en_US"})
        # Read here, so that the transaction's sight of the others begins now.
        env["res.lang"]._lang_get("en_US")
        cr.execute("set local lock_timeout = '3s'")
        return env

    def seal(self, env, *units):
        """Written, and not committed; returns the transaction's number."""
        env["property.unit"].browse(units).write({"sealed": True, "seal_note": "Court 12"})
        env.flush_all()
        env.cr.execute(XID)
        return env.cr.fetchone()[0]

    def hold(self, env, unit):
        """Asked for, approved and written, and not committed."""
        unit = env["property.unit"].browse(unit)
        company = unit.company_id.ids
        request = env["property.unit.request"].with_user(self.users["consultant"]).with_context(allowed_company_ids=company).create({
            "kind": "hold", "project_id": unit.project_id.id, "unit_ids": unit.ids, "hours": 5, "reason": "Race"})
        request.action_submit()
        request.with_user(self.users["manager"]).action_approve()
        env.flush_all()
        return request

    def read(self, version=None, cluster=None):
        """What a browser reads: a whole board, or the changes since a version."""
        env = self.begin()
        building = env["property.building"].browse(self.building)
        answer = building.get_board() if version is None else building.get_board_changes(version, cluster)
        env.cr.rollback()
        return answer

    def changed(self, board):
        answer = self.read(board["version"], board["cluster"])
        return "reload" if answer.get("reload") else {row[0]: row for row in answer["units"]}

    def messages(self):
        return [int(line) for line in live.run_sql(self.name, f"""
            delete from bus_bus where channel like '%property_board_{self.building}%'
            returning message::jsonb #>> '{{payload,version}}'""")]

    def test_whoever_began_first_and_ends_last_is_not_missed(self):
        first, second, third, _fourth = self.units
        self.messages()
        before = self.read()
        early, late = self.begin(), self.begin()
        early_number = self.seal(early, first)
        late_number = self.seal(late, second)
        self.assertGreater(late_number, early_number)
        late.cr.commit()
        self.assertEqual(self.messages(), [late_number])
        # Another board opens, and the first one reads: both see what is committed, and know that they have not seen all.
        between = self.read()
        rows = {row[0]: row for row in between["units"]}
        self.assertEqual((rows[first][BLOCK], rows[second][BLOCK]), (None, "sealed"))
        self.assertEqual(self.changed(before)[second][BLOCK], "sealed")
        self.assertNotIn(first, self.changed(before))
        # What is now announced is no smaller than what they have: they read it.
        early.cr.commit()
        self.assertEqual(self.messages(), [early_number])
        for board in (before, between):
            self.assertGreaterEqual(early_number, board["version"])
            self.assertEqual(self.changed(board)[first][BLOCK], "sealed")
        # What is read again is what is there: reading more than what changed, for the sake of who is still writing, does no harm.
        after = self.read()
        rows = {row[0]: row for row in after["units"]}
        self.assertEqual({row[0]: row for row in self.changed(after).values()}, {unit: rows[unit] for unit in self.changed(after)})
        # What was asleep all the time, or lost its messages, reads all that it has missed at once.
        env = self.begin()
        self.seal(env, third)
        env.cr.commit()
        self.assertEqual({first, second, third}, set(self.changed(before)) & set(self.units))

    def test_what_was_rolled_back_is_told_to_nobody(self):
        self.messages()
        before = self.read()
        env = self.begin()
        self.seal(env, self.units[0])
        env.cr.rollback()
        self.assertEqual(self.messages(), [])
        rows = {row[0]: row for row in before["units"]}
        self.assertEqual(self.changed(before), {unit: rows[unit] for unit in self.changed(before)})

    def test_holds_of_one_building_do_not_wait_for_one_another(self):
        """Neither for a permit that somebody is just writing, which marks the whole building."""
        first, second, _third, _fourth = self.units
        before = self.read()
        one, other, permit = self.begin(), self.begin(), self.begin()
        permit["property.permit"].browse(self.permit).action_revoke("Withdrawn")
        permit.flush_all()
        self.hold(one, first)
        hold = self.hold(other, second)
        expiry = hold.expiry.strftime("%Y-%m-%dT%H:%M:%SZ")
        other.cr.commit()
        changed = self.changed(before)
        self.assertEqual((changed[second][STATE], changed[second][EXPIRY]), ("held", expiry))
        self.assertNotIn(first, changed)
        one.cr.commit()
        self.assertEqual(self.changed(before)[first][STATE], "held")
        permit.cr.commit()
        self.assertEqual(self.changed(before), "reload")
        rows = {row[0]: row for row in self.read()["units"]}
        self.assertEqual({rows[unit][BLOCK] for unit in self.units[2:]}, {"no_permit"})

    def test_one_message_for_a_transaction_however_much_it_writes(self):
        self.messages()
        env = self.begin()
        self.hold(env, self.units[0])
        self.seal(env, self.units[1])
        number = self.seal(env, self.units[2])
        env.cr.commit()
        self.assertEqual(self.messages(), [number])
