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
        self.assertRegex(lines[1], r"^fast +[0-9.]+ ms +[0-9.]+ ms +0\.[0-9]{2} +≤ 0\.90$")
        self.assertRegex(lines[3], r"^alone +[0-9.]+ ms +– +– +≤ 5\.00 s$")
        with self.assertRaisesRegex(SystemExit, "no such row: none"):
            bench_rows.run(self.env, ["none"], 1, lines.append)

    def test_rates_have_a_least_ratio_and_clean_up(self):
        done = []

        def prepare(env):
            yield 10
            done.append("cleaned up")

        rows = {
            "enough": bench_rows.Row("enough", lambda env, n: 4 * n, 0.3, lambda env, n: 10 * n, prepare, rate=True),
            "too few": bench_rows.Row("too few", lambda env, n: 2 * n, 0.3, lambda env, n: 10 * n, prepare, rate=True),
        }
        lines = []
        self.patch(bench_rows, "ROWS", rows)
        self.patch(self.env.cr, "rollback", lambda: None)
        self.assertEqual(bench_rows.run(self.env, [], 3, lines.append), ["too few"])
        self.assertRegex(lines[1], r"^enough +40\.0 /s +100\.0 /s +0\.40 +≥ 0\.30$")
        self.assertRegex(lines[2], r"^too few +20\.0 /s +100\.0 /s +0\.20 +≥ 0\.30  missed$")
        self.assertEqual(done, 2 * ["cleaned up"])
