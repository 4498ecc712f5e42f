import os
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from unittest.mock import patch

import odoo.tools
from odoo.addons.property_base.tools import key_ring
from odoo.addons.property_base.tools.identity import id_check_char
from odoo.tests import BaseCase, get_db_name, tagged

import live
from test_buyer_race import Client

MANY = 12_000
PURPOSE = "res.partner.identity_number"
KEYS_IN_USE = """
    select split_part(identity_number_cipher, '.', 2), count(*) from res_partner
    where identity_number_cipher is not null group by 1 order by 1"""


def number_of(index):
    body = f"110000{1950 + index // 1000}0101{index % 1000:03}"
    return body + id_check_char(body)


@tagged("post_install", "-at_install")
class TestKeyRotation(BaseCase):
    """The command in a process of its own, on committed rows: killed, gone on with, and under a running server."""

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        # The demo data is encrypted with the installation's key, which stays the second one here.
        self.key_file = Path(folder.name) / "property.keys"
        self.key_file.write_text(Path(os.environ[key_ring.ENVIRONMENT]).read_text())
        self.key_file.chmod(0o600)
        # As docker/odoo-bin calls it: commands of addons are looked for before -c is read.
        self.startPatcher(patch.dict(os.environ, {
            key_ring.ENVIRONMENT: str(self.key_file), "ODOO_RC": odoo.tools.config["config"]}))

    def command(self, name, *options):
        return [sys.executable, "-m", "odoo", "property_rotate_key", "-c", odoo.tools.config["config"], "-d", name, *options]

    def rotate(self, name, *options):
        return subprocess.run(self.command(name, *options), capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)

    def fill(self, name):
        """Buyers by the thousand, their ciphers made by the very tool."""
        ring = key_ring.load()
        numbers = [number_of(index) for index in range(MANY)]
        rows = "\n".join(
            f"Many {index}\t{ring.encrypt(PURPOSE, number)}\t{ring.hash(PURPOSE, number)}" for index, number in enumerate(numbers))
        subprocess.run(["psql", "-d", name, "-v", "ON_ERROR_STOP=1", "-Xqc", "create table many (name text, cipher text, hash text)",
                        "-c", "copy many from stdin"], input=rows, text=True, check=True)
        live.run_sql(name, """
            insert into res_partner (name, complete_name, type, active, is_buyer, company_id, partner_share, identity_type,
                identity_number_cipher, identity_number_hash, identity_number_mask, autopost_bills)
            select name, name, 'contact', true, true, (select company_id from res_partner where is_buyer limit 1), true, 'mainland_id',
                cipher, hash, 'x', 'ask' from many""")
        return numbers

    def test_killed_and_gone_on_with(self):
        with live.server(get_db_name()) as (url, name):
            numbers = self.fill(name)
            before = dict(row.split("|") for row in live.run_sql(name, KEYS_IN_USE))
            [old] = before
            client = Client(url, name, "signing")

            def assert_found(index):
                found, refusal = client.call("res.partner", "search_read", [("identity_number", "=", numbers[index])], ["name"])
                self.assertIsNone(refusal)
                self.assertEqual([partner["name"] for partner in found], [f"Many {index}"])

            process = subprocess.Popen(self.command(name, "--new-key"), stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)
            lines = []
            for line in process.stdout:
                lines.append(line.strip())
                if line.startswith("res.partner, identity_number: 3000 of"):
                    process.send_signal(signal.SIGKILL)
                    break
            process.wait()
            process.stdout.close()
            self.assertEqual(process.returncode, -signal.SIGKILL)
            new = key_ring.load().current
            self.assertEqual(lines[0], f"The key {new} is the first of the key file now.")
            counts = {key: int(count) for key, count in (row.split("|") for row in live.run_sql(name, KEYS_IN_USE))}
            self.assertEqual(counts.keys(), {old, new}, "some of them, and not all")
            # The server, which runs all the while, has read the file again by itself.
            for index in (0, 1, MANY // 2, MANY - 1):
                assert_found(index)
            self.assertIn("is in the buyer file already", client.call(
                "res.partner", "create", [{"name": "Double", "is_buyer": True, "identity_type": "mainland_id", "identity_number": numbers[MANY - 1]}])[1])

            result = self.rotate(name)
            self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
            self.assertIn(f"All numbers are encrypted with the key {new}; older keys are needed for older backups only.", result.stdout)
            total = sum(map(int, before.values()))
            self.assertEqual(live.run_sql(name, KEYS_IN_USE), [f"{new}|{total}"])
            self.assertEqual(live.run_sql(name, "select name, retired from property_secret_key order by id"), [f"{old}|t", f"{new}|f"])
            # The old key goes.
            self.key_file.write_text(self.key_file.read_text().splitlines()[0])
            for index in (0, MANY - 1):
                assert_found(index)
            [partner] = client.call("res.partner", "search", [("identity_number", "=", numbers[7])])[0]
            self.assertEqual(client.call("res.partner", "action_unmask", [partner], "identity_number", "After the rotation"), (numbers[7], None))
            self.assertEqual(live.run_sql(name, "select reason from property_unmasking order by id desc limit 1"), ["After the rotation"])

    def test_refusals(self):
        with live.database(get_db_name()) as name:
            before = live.run_sql(name, KEYS_IN_USE)
            self.key_file.write_text(key_ring.new_line())
            result = self.rotate(name)
            self.assertEqual((result.returncode, result.stdout), (1, ""))
            self.assertEqual(result.stderr.strip().splitlines()[-1],
                             "Error: Encrypted numbers can be neither read nor saved: the key file is not the one that they were encrypted with,"
                             " ask the administrator to put that one back.")
            self.key_file.unlink()
            result = self.rotate(name, "--new-key")
            self.assertEqual(result.stderr.strip().splitlines()[-1], "Error: the key file cannot be read or written")
            self.assertEqual(live.run_sql(name, KEYS_IN_USE), before)

    def test_key_file_of_the_installation(self):
        """Made by the installer, for its owner alone, outside of what is backed up."""
        self.doCleanups()
        file = Path(os.environ[key_ring.ENVIRONMENT])
        self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600)
        self.assertNotIn("filestore", file.parts)
        self.assertTrue(key_ring.load().ids)
