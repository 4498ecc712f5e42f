import os
import signal
import threading
import time

from odoo.tests import BaseCase, get_db_name, tagged

import live
from estate import Estate
from test_hold_race import WITHIN, gate, wait_for

UNITS = 2000


@tagged("post_install", "-at_install")
class TestKill(BaseCase):
    """A server process that is killed in the middle of a release of 2,000 units leaves all or nothing."""

    def prepare(self, env):
        estate = Estate(env, "kill", UNITS)
        batch = estate.as_post("officer", env["property.release.batch"]).create({
            "title": "All at once", "project_id": estate.project.id, "unit_ids": estate.units.ids})
        batch.action_submit()
        self.batch = batch.id
        self.project, self.middle = estate.project.id, estate.units[UNITS // 2].id

    def rows(self, name):
        """States of the units, lines of the ledger, state of the release, and the messages about it."""
        return live.run_sql(name, f"""
            select 'unit', state, count(*) from property_unit where project_id = {self.project} group by state
            union all select 'ledger', state_to, count(*) from property_unit_movement where project_id = {self.project} group by state_to
            union all select 'release', state, 1 from property_release_batch where id = {self.batch}
            union all select 'message', '', count(*) from mail_message where model = 'property.release.batch' and res_id = {self.batch}
            order by 1, 2""")

    def open_release(self, url, name):
        """In a thread of its own; an answer that never comes is none."""
        answers = []

        def call():
            try:
                answers.append(live.Client(url, name, "kill-manager").call("property.release.batch", "action_approve", [self.batch]))
            except Exception as error:  # noqa: BLE001
                answers.append(error)
        thread = threading.Thread(target=call)
        thread.start()
        return thread, answers

    def wait_for_end(self, name, backend):
        """The database notices by and by that nobody is there any more."""
        deadline = time.monotonic() + WITHIN
        while live.run_sql(name, f"select 1 from pg_stat_activity where pid = {backend}"):
            self.assertLess(time.monotonic(), deadline, "the transaction of the killed process goes on")
            time.sleep(0.05)

    def test_killed_in_the_middle(self):
        with live.server(get_db_name(), "--workers", "1", prepare=self.prepare) as (url, name):
            before = self.rows(name)
            self.assertEqual(before[-1], f"unit|unreleased|{UNITS}")
            for table, event, when in (
                ("property_unit_movement", "after insert", ""),
                ("property_unit", "before update", f"when (new.id = {self.middle})"),
                ("property_release_batch", "after update", ""),
            ):
                with self.subTest(table):
                    with gate(name, table, event, when) as open_gate:
                        thread, answers = self.open_release(url, name)
                        [backend] = wait_for(name, 1)
                        [process] = live.workers(name)
                        os.kill(process, signal.SIGKILL)
                        thread.join(WITHIN)
                        self.assertIsInstance(answers[0], OSError, "the connection broke off, and there was no answer")
                        open_gate()
                        self.wait_for_end(name, backend)
                    self.assertEqual(self.rows(name), before)
            # The server has put another process in its place; the release goes through as if nothing had been.
            thread, answers = self.open_release(url, name)
            thread.join(WITHIN)
            self.assertEqual(answers, [True])
            self.assertEqual([row for row in self.rows(name) if not row.startswith("message")], [
                f"ledger|available|{UNITS}", "release|open|1", f"unit|available|{UNITS}"])
