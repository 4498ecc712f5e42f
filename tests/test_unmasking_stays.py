import subprocess
import sys

import odoo.tools
from odoo.tests import BaseCase, get_db_name, tagged

import live

SCRIPT = """
partner = env['res.partner'].with_user(env.ref('property_base.user_signing')).search([('identity_number', '!=', False)], limit=1)
number = partner._reveal('identity_number', 'Shown, then everything was rolled back')[partner.id]
env.cr.rollback()
print('shown', partner.id, len(number))
"""


@tagged("post_install", "-at_install")
class TestUnmaskingStays(BaseCase):
    """The line is committed before the number is read, whatever becomes of the transaction that asked."""

    def test_rolled_back(self):
        with live.database(get_db_name()) as name:
            result = subprocess.run(
                [sys.executable, "-m", "odoo", "shell", "-c", odoo.tools.config["config"], "-d", name, "--no-http", "--log-level", "warn"],
                input=SCRIPT, capture_output=True, text=True, check=False)
            [line] = [line for line in result.stdout.splitlines() if "shown" in line]
            _shown, partner, length = line[line.index("shown"):].split()
            self.assertGreaterEqual(int(length), 8)
            self.assertEqual(live.run_sql(name, "select res_model, res_id, field, reason, by_hand from property_unmasking"),
                             [f"res.partner|{partner}|identity_number|Shown, then everything was rolled back|f"])
