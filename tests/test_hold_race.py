import contextlib
import threading
import time
from unittest.mock import patch

import psycopg2

from odoo import SUPERUSER_ID, api
from odoo.tests import BaseCase, get_db_name, tagged
from odoo.tools import mute_logger

import live
from estate import Estate

CLIENTS = 20
GATE = 7001
WITHIN = 60


@contextlib.contextmanager
def gate(name, table, event, when=""):
    """In the database ``name``, whoever comes to that statement waits for the gate to open.

    :param when: condition of a row trigger; without one, it is the whole statement that waits, before or after it
    :return: function that opens it
    """
    live.run_sql(name, f"""
        create function test_gate() returns trigger language plpgsql as $$
        begin perform pg_advisory_xact_lock_shared({GATE}); return new; end $$;
        create trigger test_gate {event} on {table} for each {'row' if when else 'statement'} {when} execute function test_gate()""")
    keeper = psycopg2.connect(dbname=name)
    keeper.autocommit = True
    try:
        with keeper.cursor() as cr:
            cr.execute("select pg_advisory_lock(%s)", [GATE])
        yield keeper.close
    finally:
        keeper.close()
        live.run_sql(name, "drop function test_gate cascade")


def wait_for(name, count):
    """Wait until ``count`` transactions stand at the gate.

    :return: ids of the database's own processes
    """
    deadline = time.monotonic() + WITHIN
    while True:
        backends = live.run_sql(name, f"""
            select pid from pg_locks where locktype = 'advisory' and objid = {GATE} and not granted
            and database = (select oid from pg_database where datname = '{name}')""")
        if len(backends) == count:
            return backends
        if time.monotonic() > deadline:
            raise AssertionError(f"{len(backends)} of {count} came to the gate")
        time.sleep(0.05)


@tagged("post_install", "-at_install")
class TestHoldRace(BaseCase):
    """Twenty server processes that want one unit at the same moment."""

    def prepare(self, env):
        estate = Estate(env, "race", 8)
        estate.release()
        self.unit = estate.units[0].id
        self.room = estate.units[0].full_name
        self.requests = estate.ask(CLIENTS * [estate.units[0]]).ids

    def test_twenty_processes_one_unit(self):
        with live.server(get_db_name(), "--workers", str(CLIENTS), "--db_maxconn", "8", prepare=self.prepare) as (url, name):
            manager = live.Client(url, name, "race-manager")
            answers = {}

            def approve(request):
                try:
                    answers[request] = manager.call("property.unit.request", "action_approve", [request])
                except live.Refused as refusal:
                    answers[request] = str(refusal)

            threads = [threading.Thread(target=approve, args=[request]) for request in self.requests]
            # All of them have begun, found the unit free, and stand before their INSERT.
            with gate(name, "property_unit_allocation", "before insert") as open_gate:
                for thread in threads:
                    thread.start()
                # A server process does one thing at a time: this many at the gate are this many processes.
                wait_for(name, CLIENTS)
                self.assertEqual(len(live.workers(name)), CLIENTS)
                open_gate()
                for thread in threads:
                    thread.join()
            winners = [request for request, answer in answers.items() if answer is True]
            self.assertEqual(len(winners), 1, answers)
            [winner] = live.run_sql(name, f"select name from property_unit_request where id = {winners[0]}")
            self.assertEqual({answer for request, answer in answers.items() if request not in winners}, {
                f"The operation cannot be completed: {self.room} is held by {winner}: choose another unit, or wait until it is free."})
            self.assertEqual(len(answers), CLIENTS)
            self.assertEqual(live.run_sql(name, f"""
                select u.state, a.request_id, m.state_from, m.state_to, m.document_name
                from property_unit u join property_unit_allocation a on a.unit_id = u.id
                join property_unit_movement m on m.unit_id = u.id and m.state_to = 'held' where u.id = {self.unit}"""),
                [f"held|{winners[0]}|available|held|{winner}"])
            self.assertEqual(live.run_sql(name, f"""
                select state, count(*) from property_unit_request where id in {tuple(self.requests)} group by 1 order by 1"""),
                ["active|1", f"submitted|{CLIENTS - 1}"])


@tagged("post_install", "-at_install")
class TestExpiryRace(BaseCase):
    """The job that ends holds, while somebody else works at the same ones in a transaction of his own."""

    def setUp(self):
        super().setUp()
        self.name = self.enterContext(live.database(get_db_name()))
        with live.environment(self.name) as env:
            estate = Estate(env, "expiry", 8)
            estate.release()
            self.units = estate.units.ids
            requests = estate.ask(estate.units[:4])
            estate.as_post("manager", requests).action_approve()
            self.holds = requests.ids
            self.manager, self.vp = estate.users["manager"].id, estate.users["vp"].id
            self.company = estate.company.id
        self.sql("update property_unit_request set expiry = now() at time zone 'UTC' - interval '1 hour' where state = 'active'")

    def sql(self, query):
        return live.run_sql(self.name, query)

    def states(self):
        return self.sql(f"select state from property_unit_request where id in {tuple(self.holds)} order by id")

    def held(self):
        return [int(unit) for unit in self.sql("select unit_id from property_unit_allocation order by unit_id") if int(unit) in self.units]

    @contextlib.contextmanager
    def somebody(self, user=SUPERUSER_ID):
        """The first hold in a transaction that is still open."""
        with live.registry(self.name).cursor() as cr:
            env = api.Environment(cr, user, {"allowed_company_ids": [self.company], "lang": "en_US"})
            yield env["property.unit.request"].browse(self.holds[0])

    def run_job(self):
        with live.environment(self.name) as env:
            env["property.unit.request"]._cron_expire()

    def extend(self, hold):
        request = hold.create({
            "kind": "extend", "project_id": hold.project_id.id, "hold_id": hold.id, "unit_ids": hold.unit_ids.ids, "hours": 2, "reason": "x"})
        request.action_submit()
        return request.with_user(self.vp)

    def test_extended_at_the_same_time(self):
        with self.somebody(self.manager) as hold:
            self.extend(hold).action_approve()
            hold.env.flush_all()
            self.run_job()
            self.assertEqual(self.states(), ["active", "expired", "expired", "expired"], "the others end meanwhile")
        self.assertEqual(self.held(), self.units[:1])
        self.run_job()
        self.assertEqual((self.states()[0], self.held()), ("active", self.units[:1]), "it has its new time")

    def test_extended_in_between(self):
        """Extended after the job has read what is due: before its transaction has seen anything, and after."""
        Request = live.registry(self.name)["property.unit.request"]
        lock = Request._lock_due
        for has_seen, tries_needed in ((False, 1), (True, 2)):
            tries = []

            def extend_first(holds, has_seen=has_seen, tries=tries):
                if has_seen:
                    holds.env.cr.execute("SELECT FROM property_unit_request LIMIT 1")
                tries.append(holds.ids)
                if len(tries) == 1:
                    with self.somebody(self.manager) as hold:
                        self.extend(hold).action_approve()
                return lock(holds)
            with self.subTest(has_seen=has_seen), patch.object(Request, "_lock_due", extend_first), \
                    patch("odoo.service.model.time.sleep"), mute_logger("odoo.sql_db"):
                self.run_job()
                self.assertEqual(len(tries), tries_needed, "what has changed since is looked at anew")
                self.assertEqual(self.states(), ["active", "expired", "expired", "expired"])
                self.assertEqual(self.held(), self.units[:1])
            # Over again, so that there is something to do.
            self.sql(f"update property_unit_request set expiry = now() at time zone 'UTC' - interval '1 hour' where id = {self.holds[0]}")

    def test_given_up_at_the_same_time(self):
        with self.somebody() as hold:
            hold.action_release_hold()
            hold.env.flush_all()
            self.run_job()
            self.assertEqual(self.states(), ["active", "expired", "expired", "expired"])
        self.run_job()
        self.assertEqual((self.states()[0], self.held()), ("done", []))
        self.assertEqual(self.sql(f"""
            select count(*) from property_unit_movement where unit_id = {self.units[0]} and state_to = 'available' and state_from = 'held'"""), ["1"])

    def test_sold_at_the_same_time(self):
        """Somebody who takes the unit over has its allocation, and with it the hold."""
        for table, column in (("property_unit_allocation", "unit_id"), ("property_unit", "id")):
            with self.subTest(table), self.somebody() as hold:
                hold.env.cr.execute(f"UPDATE {table} SET write_date = now() WHERE {column} = %s", [self.units[0]])
                self.run_job()
                self.assertEqual(self.states()[0], "active")
                self.assertEqual(self.held(), self.units[:1])
        self.run_job()
        self.assertEqual((self.states()[0], self.held()), ("expired", []))
