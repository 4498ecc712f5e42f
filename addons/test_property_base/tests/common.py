import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from odoo.addons.property_base.tools import key_ring
from odoo.tests import TransactionCase, new_test_user


class SecretCase(TransactionCase):
    """A key file of the test's own, and users with and without the right to unmask."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.key_file = Path(folder.name) / 'keys'
        cls.startClassPatcher(patch.dict(os.environ, {key_ring.ENVIRONMENT: str(cls.key_file)}))
        # The database may know other keys, of its demo data.
        cls.env.cr.execute("UPDATE property_secret_key SET retired = TRUE")
        cls.env.registry.clear_cache()
        cls.first = f'first:{key_ring.new_line().split(":")[1]}'
        cls.second = f'second:{key_ring.new_line().split(":")[1]}'
        cls.key_file.write_text(cls.first)
        cls.user = new_test_user(cls.env, 'secret-user', groups='property_base.group_user,base.group_allow_export')
        cls.signer = new_test_user(cls.env, 'secret-signer', groups='property_base.group_signing,base.group_allow_export')
        cls.admin = new_test_user(cls.env, 'secret-admin', groups='property_base.group_administrator,base.group_system,base.group_allow_export')

    def use_keys(self, *lines):
        """The key file from now on, to the end of the test."""
        before = self.key_file.read_text()
        self.addCleanup(self._write, before)
        self._write('\n'.join(lines))

    def _write(self, text):
        # Another file each time, so that a clock of whole seconds does not matter.
        self.key_file.with_suffix('.new').write_text(text)
        self.key_file.with_suffix('.new').replace(self.key_file)

    @contextmanager
    def without_key_file(self):
        with patch.dict(os.environ):
            del os.environ[key_ring.ENVIRONMENT]
            yield
