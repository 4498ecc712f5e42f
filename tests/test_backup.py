import base64
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from odoo import tools
from odoo.tests import TransactionCase, tagged

from live import run_sql

DOCKER = Path(__file__).resolve().parent.parent / "docker"
ATTACHMENTS = "select id, name, store_fname, checksum from ir_attachment order by id"


def file_contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@tagged("post_install", "-at_install")
class TestBackup(TransactionCase):
    """docker/backup and docker/restore on the real server, into databases of the test's own."""

    def setUp(self):
        super().setUp()
        self.source = self.env.cr.dbname
        self.copy = f"{self.source}_backup"
        self.filestore = Path(tools.config["data_dir"]) / "filestore"
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.addCleanup(self.drop_copy)

    def drop_copy(self):
        run_sql("postgres", f'drop database if exists "{self.copy}" with (force)')
        shutil.rmtree(self.filestore / self.copy, ignore_errors=True)

    def call(self, script, *arguments, **environment):
        return subprocess.run(
            [DOCKER / script, *map(str, arguments)],
            env={**os.environ, "DATA_DIR": tools.config["data_dir"], **environment},
            capture_output=True, text=True, check=False,
        )

    def backup(self, database, **environment):
        result = self.call("backup", self.folder, DB=database, **environment)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("The key file of the encrypted numbers is not in the backup: keep it as well, in another place", result.stderr)
        return Path(result.stdout.strip())

    def restore(self, *arguments):
        result = self.call("restore", *arguments)
        self.assertEqual(result.returncode, 0, result.stderr)

    def assertRefused(self, sentence, *arguments):
        """Refused with that sentence, and nothing left behind."""
        databases = run_sql("postgres", "select datname from pg_database order by 1")
        folders = sorted(os.listdir(self.filestore))
        result = self.call("restore", *arguments)
        self.assertEqual(result.returncode, 1)
        errors = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
        self.assertEqual(len(errors), 1, result.stderr)
        self.assertIn(sentence, errors[0])
        self.assertEqual(run_sql("postgres", "select datname from pg_database order by 1"), databases)
        self.assertEqual(sorted(os.listdir(self.filestore)), folders)

    def test_there_and_back(self):
        live = self.backup(self.source)
        self.restore(live, self.copy)
        self.assertEqual(run_sql(self.copy, ATTACHMENTS), run_sql(self.source, ATTACHMENTS))
        stored = file_contents(self.filestore / self.copy)
        for name in run_sql(self.copy, "select distinct store_fname from ir_attachment where store_fname is not null"):
            self.assertEqual(stored[Path(name)], (self.filestore / self.source / name).read_bytes())

        # The copy gets a document of its own, and comes back with it after it was lost.
        (self.filestore / self.copy / "ab").mkdir(exist_ok=True)
        (self.filestore / self.copy / "ab" / "abcontract").write_text("认购书 3-1201")
        run_sql(self.copy, "insert into ir_attachment (name, type, store_fname) values ('认购书', 'binary', 'ab/abcontract')")
        rows, files = run_sql(self.copy, ATTACHMENTS), file_contents(self.filestore / self.copy)
        saved = self.backup(self.copy)
        self.drop_copy()
        self.restore(saved)
        self.assertEqual(run_sql(self.copy, ATTACHMENTS), rows)
        self.assertEqual(file_contents(self.filestore / self.copy), files)

        self.assertRefused("already", saved)
        self.assertEqual(run_sql(self.copy, ATTACHMENTS), rows)
        run_sql(self.copy, "update ir_attachment set name = 'spoilt'")
        self.restore("--force", saved)
        self.assertEqual(run_sql(self.copy, ATTACHMENTS), rows)

        # Encrypted numbers are in it, and what opens them is not.
        key = Path(os.environ["PROPERTY_KEY_FILE"]).read_text().split(":")[1].strip()
        unpacked = self.folder / "unpacked"
        unpacked.mkdir()
        subprocess.run(["tar", "-C", unpacked, "-xf", saved], check=True)
        rows_of_backup = subprocess.run(
            ["pg_restore", "-f", "-", unpacked / "database.dump"], check=True, capture_output=True).stdout
        self.assertIn(b"identity_number_cipher", rows_of_backup)
        for secret in (key.encode(), base64.b64decode(key)):
            for content in (rows_of_backup, (unpacked / "filestore.tar").read_bytes(), saved.read_bytes()):
                self.assertNotIn(secret, content)
        shutil.rmtree(unpacked)

        # What is cut off, or changed by a single byte, is not restored.
        content = bytearray(saved.read_bytes())
        broken = self.folder / "broken.backup"
        for size in (0, 1000, len(content) // 2):
            broken.write_bytes(content[:size])
            self.assertRefused("not a whole backup", "--force", broken)
        content[len(content) // 2] ^= 1
        broken.write_bytes(content)
        self.assertRefused("damaged", "--force", broken)
        self.assertEqual(run_sql(self.copy, ATTACHMENTS), rows)

        # Retention looks at this database's old backups only.
        old = self.folder / f"{self.copy}-20200101T000000Z.backup"
        other = self.folder / "another-20200101T000000Z.backup"
        for path in (old, other):
            path.write_text("")
            os.utime(path, (0, 0))
        kept = self.backup(self.copy, KEEP_DAYS="7")
        self.assertEqual({old.exists(), saved.exists() and kept.exists() and other.exists()}, {False, True})
        self.assertEqual([path.name for path in self.folder.iterdir() if path.name.startswith(".")], [])

    def test_nothing_to_back_up(self):
        result = self.call("backup", self.folder, DB="no_such_database")
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertIn("Error: there is no database 'no_such_database'.", result.stderr)
        self.assertEqual(os.listdir(self.folder), [])
