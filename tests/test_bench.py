import time

from odoo.tests import TransactionCase, tagged

import bench_rows


@tagged("post_install", "-at_install")
class TestBench(TransactionCase):
    def test_a_slow_row_misses_and_nothing_stays(self):
        def create(env, name):
            env["res.partner"].create({"name": name})

        def create_slowly(env, name):
            create(env, name)
            time.sleep(0.05)

        rows = {
            "fast": bench_rows.Row("fast", create, 0.9, create_slowly, lambda env: "bench fast"),
            "slow": bench_rows.Row("slow", create_slowly, 0.9, create, lambda env: "bench slow"),
            "alone": bench_rows.Row("alone", create, 5.0, None, lambda env: "bench alone"),
        }
        lines = []
        self.patch(bench_rows, "ROWS", rows)
        self.patch(self.env.cr, "rollback", lambda: None)
        self.assertEqual(bench_rows.run(self.env, [], 3, lines.append), ["slow"])
        self.assertEqual(len(lines), 4)
        self.assertIn("missed", lines[2])
        self.assertFalse(self.env["res.partner"].search([("name", "like", "bench ")]))
        with self.assertRaisesRegex(SystemExit, "no such row: none"):
            bench_rows.run(self.env, ["none"], 1, lines.append)
