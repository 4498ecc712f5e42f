import threading
import time
from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time

import odoo.sql_db
import odoo.tools
from odoo import SUPERUSER_ID, api, fields
from odoo.exceptions import UserError
from odoo.modules.registry import Registry
from odoo.service.model import retrying
from odoo.tests import BaseCase, get_db_name, tagged

import live

FIGURES = """select building_id, layout_id, total, unreleased, available, held, available_in, available_out, held_in, held_out
    from property_inventory_close_line where close_id = {} order by id"""


@tagged("post_install", "-at_install")
class TestCloseConcurrency(BaseCase):
    """The daily close among transactions that it does not see, on a database of its own."""

    def setUp(self):
        super().setUp()
        self.name = self.enterContext(live.database(get_db_name()))
        # Loaded as a server loads it: no tests are to be run in it.
        with patch.dict(odoo.tools.config._runtime_options, {"test_enable": False}):
            self.registry = Registry(self.name)
        self.addCleanup(odoo.sql_db.close_db, self.name)
        self.addCleanup(Registry.delete, self.name)
        with self.transaction() as env:
            company = env["res.users"].search([("login", "=", "signing")]).company_id
            project = env["property.project"].create({"name": "Race", "company_id": company.id})
            building = env["property.building"].create({"name": "B1", "project_id": project.id})
            units = env["property.unit"].create([{
                "name": f"{number:03}", "building_id": building.id, "gross_area": 100, "inside_area": 80} for number in range(40)])
            prices = env["property.price.list"].create({"project_id": project.id, "title": "Prices"})
            env["property.price.list.line"].create(
                [{"list_id": prices.id, "unit_id": unit.id, "unit_price": 10000} for unit in units])
            prices._transition("submitted")
            prices._on_approved()
            env["property.permit"].create({
                "name": "P-race", "project_id": project.id, "date_issue": "2020-01-01",
                "coverage_ids": [fields.Command.create({"building_id": building.id})]})
            batch = env["property.release.batch"].create({"title": "First", "project_id": project.id, "unit_ids": units.ids})
            batch._transition("submitted")
            batch._on_approved()
            self.project, self.units, self.today = project.id, units.ids, project._today()

    def transaction(self, login=None):
        """A transaction that is committed where it succeeds; as superuser, or as a demo user."""
        return _Transaction(self.registry, login)

    def make_close(self, env, day=None):
        return env["property.inventory.close"].create({"project_id": self.project, "date": day or self.today})

    def hold(self, env, *unit_ids):
        """A hold of the units, approved; the caller commits."""
        request = env["property.unit.request"].create({
            "kind": "hold", "project_id": self.project, "unit_ids": list(unit_ids), "hours": 24, "reason": "Race"})
        request._transition("submitted")
        request._on_approved()
        return request

    def sql(self, query):
        return live.run_sql(self.name, query)

    def counted(self, close):
        return int(self.sql(f"select count(*) from property_unit_movement where close_id = {close}")[0])

    def close_tomorrow(self):
        with freeze_time(fields.Datetime.now() + timedelta(days=1)), self.transaction("signing") as env:
            close = self.make_close(env, self.today + timedelta(days=1))
            close.action_close()
            return close.id

    def assertAsCounted(self, *closes):
        """The figures are those that the ledger gives."""
        with self.transaction() as env:
            for close in env["property.inventory.close"].browse(closes):
                self.assertEqual((close.state, close._count_wrong_lines()), ("closed", 0))

    def test_movement_that_the_close_does_not_see(self):
        """It was written before the close and is committed after it: it belongs to the next one."""
        mover, closer = self.transaction(), self.transaction("signing")
        with mover as moving:
            self.hold(moving, self.units[0])
            moving.flush_all()
            with closer as closing:
                close = self.make_close(closing)
                close.action_close()
                first = close.id
        before = self.sql(FIGURES.format(first))
        self.assertEqual(self.counted(first), 40)
        self.assertEqual(self.sql(f"select held, available from property_inventory_close where id = {first}"), ["0|40"])
        self.assertEqual(self.sql("select count(*) from property_unit_movement where state_to = 'held' and close_id is null"
                                  f" and project_id = {self.project}"), ["1"])
        self.assertAsCounted(first)
        second = self.close_tomorrow()
        self.assertEqual(self.counted(second), 1)
        self.assertEqual(self.sql(f"select date from property_unit_movement where close_id = {second}"), [str(self.today)])
        self.assertEqual(self.sql(f"select held, available, movement_count from property_inventory_close where id = {second}"), ["1|39|1"])
        self.assertEqual(self.sql(FIGURES.format(first)), before)
        self.assertAsCounted(first, second)

    def test_two_close_one_day(self):
        with self.transaction() as env:
            close = self.make_close(env).id
        refusals = []

        def come_second():
            with self.registry.cursor() as cr:
                env = api.Environment(cr, SUPERUSER_ID, {"lang": "en_US"})
                try:
                    retrying(env["property.inventory.close"].browse(close).action_close, env)
                except UserError as error:
                    refusals.append(str(error))
        with self.transaction("manager") as env:
            env["property.inventory.close"].browse(close).action_close()
            env.flush_all()
            second = threading.Thread(target=come_second)
            second.start()
            self.wait_for_lock()
        second.join(60)
        [refusal] = refusals
        self.assertRegex(refusal, r"^Race \S+ was closed by .+ already\.$")
        self.assertEqual(self.sql(f"select count(*) from property_inventory_close_line where close_id = {close}"), ["1"])
        self.assertEqual(self.counted(close), 40)
        self.assertAsCounted(close)

    def wait_for_lock(self):
        """Until another transaction waits for one of ours."""
        deadline = time.monotonic() + 30
        while self.sql(f"select count(*) from pg_stat_activity where datname = '{self.name}' and wait_event_type = 'Lock'") == ["0"]:
            self.assertLess(time.monotonic(), deadline, "nobody waits")
            time.sleep(0.05)

    def test_close_amid_movements(self):
        """Four that hold and give up units while the day is closed: each movement belongs to one close, and both add up."""
        closed = threading.Event()
        failures = []

        def move(units):
            try:
                for number in range(12):
                    if number == 8:
                        closed.wait(60)
                    with self.transaction() as env:
                        request = self.hold(env, *units)
                    with self.transaction() as env:
                        hold = env["property.unit.request"].browse(request.id)
                        hold._give_up(hold._held_units(), "Race")
                with self.transaction() as env:
                    self.hold(env, units[0])
            except Exception as error:
                failures.append(error)
        movers = [threading.Thread(target=move, args=(self.units[start:start + 3],)) for start in (0, 10, 20, 30)]
        for mover in movers:
            mover.start()
        time.sleep(0.5)

        def close_day(env):
            close = self.make_close(env)
            close.action_close()
            return close.id
        # As a request of the web client is run: where a movement gets in the way, once more.
        with self.transaction("signing") as env:
            first = retrying(lambda: close_day(env), env)
        before = self.sql(FIGURES.format(first))
        closed.set()
        for mover in movers:
            mover.join(120)
        self.assertEqual(failures, [])
        self.assertEqual(self.sql(FIGURES.format(first)), before)
        self.assertAsCounted(first)
        second = self.close_tomorrow()
        self.assertAsCounted(first, second)
        # 40 released, 4 × 12 × (3 held and 3 given back), and 4 held in the end.
        self.assertEqual(self.counted(first) + self.counted(second), 40 + 4 * 12 * 6 + 4)
        self.assertGreaterEqual(self.counted(second), 4 * 4 * 6 + 4)
        self.assertEqual(self.sql(f"select held, available from property_inventory_close where id = {second}"), ["4|36"])


class _Transaction:

    def __init__(self, registry, login):
        self.registry, self.login = registry, login

    def __enter__(self):
        self.cr = self.registry.cursor()
        env = api.Environment(self.cr, SUPERUSER_ID, {"lang": "en_US"})
        user = env["res.users"].search([("login", "=", self.login)]) if self.login else env.user
        return api.Environment(self.cr, user.id, {"lang": "en_US", "allowed_company_ids": user.company_ids.ids})

    def __exit__(self, kind, error, trace):
        try:
            if kind is None:
                self.cr.commit()
        finally:
            self.cr.close()
