import sys

from odoo import SUPERUSER_ID, api
from odoo.cli.command import Command
from odoo.exceptions import UserError
from odoo.modules.registry import Registry
from odoo.tools import config


class PropertyRotateKey(Command):
    """Encrypt all numbers of a database anew with the first key of the key file.

    To change the key: put a new one before the others in the key file (or let --new-key do it), run this command for
    each database, and take the old one out when no backup needs it any more. Users may go on working, and what was
    interrupted goes on where it stopped when it is run again.
    """

    name = 'property_rotate_key'

    def run(self, args):
        self.parser.add_argument('-c', '--config', help="Odoo's configuration file")
        self.parser.add_argument('-d', '--database', required=True)
        self.parser.add_argument('--new-key', action='store_true', help="make a new key and put it first in the key file")
        # The rest is Odoo's: how to reach the database, as the image's entry point says it.
        options, rest = self.parser.parse_known_args(args)
        if options.config:
            rest += ['-c', options.config]
        config.parse_config(['--no-http', '-d', options.database, '--log-level', 'warn', *rest], setup_logging=True)
        registry = Registry(options.database)
        if 'property.secret.key' not in registry:
            sys.exit(f"Error: property_base is not installed in the database {options.database}.")
        # Only now that the addons are loaded.
        from odoo.addons.property_base.models.property_secret_key import rotate  # noqa: PLC0415
        from odoo.addons.property_base.tools import key_ring  # noqa: PLC0415
        try:
            if options.new_key:
                print(f"The key {key_ring.add_key()} is the first of the key file now.")
            with registry.cursor() as cr:
                left = rotate(api.Environment(cr, SUPERUSER_ID, {}), lambda line: print(line, flush=True))
        except (UserError, key_ring.KeyFileError) as error:
            reason = {
                'unset': f"{key_ring.ENVIRONMENT} is not set",
                'unreadable': "the key file cannot be read or written",
                'malformed': "the key file is damaged",
            }.get(getattr(error, 'reason', None), str(error))
            sys.exit(f"Error: {reason}")
        sys.exit(bool(left))
