import psycopg2

from odoo.addons.property_base.models import property_secret_key, property_secret_mixin
from odoo.addons.property_base.models.property_secret_key import rotate
from odoo.addons.property_base.models.property_secret_mixin import decrypt
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form
from odoo.tools import mute_logger

from .common import SecretCase

PLAIN = '6217003810012345678'
OTHER = '6217003810087654321'
HIDDEN = ('number_cipher', 'number_hash', 'number_mask', 'account_cipher', 'account_hash', 'account_mask')
REASON = "Prints the contract"


class VaultCase(SecretCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.vault = cls.env['test_property.vault'].create({'name': 'V', 'number': PLAIN, 'account': OTHER})
        cls.env.flush_all()

    def columns(self, vault=None):
        self.env.flush_all()
        self.env.cr.execute('SELECT * FROM test_property_vault WHERE id = %s', [(vault or self.vault).id])
        return dict(zip((column.name for column in self.env.cr.description), self.env.cr.fetchone(), strict=True))

    def plain_of(self, vault, name='number'):
        return decrypt(vault, name) if vault.sudo()[f'{name}_cipher'] else None


class TestSecretIn(VaultCase):

    def test_stored(self):
        columns = self.columns()
        self.assertEqual((columns['number_mask'], columns['account_mask']), ('621************5678', '****4321'))
        self.assertNotIn(PLAIN, str(columns))
        self.assertNotIn(OTHER, str(columns))
        self.assertTrue(columns['number_cipher'].startswith('1.first.'))
        self.assertEqual((self.plain_of(self.vault), self.plain_of(self.vault, 'account')), (PLAIN, OTHER))

    def test_reads_as_mask_at_once(self):
        """Not what was typed, by whichever way it came in, from the same transaction."""
        Vault = self.env['test_property.vault'].with_user(self.user)
        created = Vault.create({'number': '１２３４５６７８９０１２３４５'})
        self.assertEqual(created.number, '123********2345')
        saved = created.web_save({'number': 'abc 1234 5678 9012 345'}, {'number': {}})
        self.assertEqual(saved[0]['number'], 'ABC***********2345')
        self.assertEqual(created.read(['number'])[0]['number'], 'ABC***********2345')
        created.number = '999 888 777 666 555'
        self.assertEqual((created.number, created.sudo().number), ('999********6555', '999********6555'))
        with Form(created) as form:
            self.assertEqual(form.number, '999********6555')
            form.number = '1111 2222 3333 4444'
        self.assertEqual(created.number, '111*********4444')
        result = Vault.load(['name', 'number'], [['imported', '5555666677778888']])
        imported = Vault.browse(result['ids'])
        self.assertEqual((imported.number, self.plain_of(imported)), ('555*********8888', '5555666677778888'))
        parent = Vault.create({'child_ids': [Command.create({'number': '4444555566667777'})]})
        self.assertEqual(parent.child_ids.number, '444*********7777')

    def test_unchanged_where_the_mask_comes_back(self):
        before = self.columns()
        self.vault.write({'number': self.vault.number, 'name': 'Renamed'})
        after = self.columns()
        self.assertEqual((after['number_cipher'], after['name']), (before['number_cipher'], 'Renamed'))
        with self.without_key_file():
            self.vault.with_user(self.user).web_save({'number': self.vault.number, 'name': 'Again'}, {})
        self.assertEqual(self.columns()['name'], 'Again')

    def test_cleared(self):
        self.vault.number = False
        self.assertEqual({self.columns()[name] for name in HIDDEN[:3]}, {None})
        self.assertFalse(self.vault.number)
        self.assertEqual(self.plain_of(self.vault), None)

    def test_one_of_several(self):
        """Each its own number in one write of many, and a refusal leaves all as they were."""
        vaults = self.env['test_property.vault'].create([{'number': f'100020003000400{index}'} for index in range(5)])
        self.assertEqual([self.plain_of(vault) for vault in vaults], [f'100020003000400{index}' for index in range(5)])
        before = [self.columns(vault) for vault in vaults]
        with self.assertRaisesRegex(UserError, r"^A number has letters and digits only\.$"), self.env.cr.savepoint():
            vaults.with_user(self.user).write({'number': 'what?', 'account': '777788889999'})
        self.env.invalidate_all()
        self.assertEqual([self.columns(vault) for vault in vaults], before)

    def test_not_copied(self):
        copy = self.vault.copy()
        self.assertFalse(copy.number or copy.account or any(self.columns(copy)[name] for name in HIDDEN))

    def test_queries(self):
        """No query for each record."""
        self.env['test_property.vault'].create({'number': '12345678'})
        self.env.flush_all()
        with self.assertQueryCount(__system__=12):
            self.env['test_property.vault'].create([{'name': 'x', 'number': f'{10**15 + index}'} for index in range(50)])
            self.env.flush_all()
        vaults = self.env['test_property.vault'].search([('name', '=', 'x')])
        self.env.invalidate_all()
        with self.assertQueryCount(__system__=1):
            self.assertEqual(len(set(vaults.mapped('number'))), 50)

    def test_unique_by_hash(self):
        with mute_logger('odoo.sql_db'), self.assertRaises(psycopg2.errors.UniqueViolation) as refusal, self.env.cr.savepoint():
            self.env['test_property.vault'].create({'number': f' {PLAIN[:6]}-{PLAIN[6:]} '})
            self.env.flush_all()
        self.assertEqual(self.env['test_property.vault']._sql_error_to_message(refusal.exception), "This number is here already.")
        self.assertNotIn(PLAIN, str(refusal.exception))


class TestSecretOut(VaultCase):

    def assertDenied(self, function, *errors):
        """Refused with one of these errors; not assertRaises, which takes one class only."""
        try:
            with self.env.cr.savepoint(), mute_logger('odoo.models', 'odoo.sql_db', 'odoo.addons.base.models.ir_rule'):
                result = function()
        except (AccessError, *errors) as refusal:
            self.assertNotIn(PLAIN, str(refusal))
        else:
            self.fail(f"not refused: {result!r}")
        self.env.invalidate_all()

    def test_columns_are_out_of_reach(self):
        """On every path, for every user who is not the superuser, an administrator too."""
        self.env['test_property.vault'].create({'number': '1111222233334444', 'account': '1111222233335555', 'parent_id': self.vault.id})
        for user in (self.user, self.signer, self.admin):
            its = self.vault.with_user(user)
            Vault = its.browse()
            for name in HIDDEN:
                for attack, function in {
                    'read': lambda: its.read([name]),
                    'attribute': lambda: its[name],
                    'mapped': lambda: its.mapped(name),
                    'search_read': lambda: Vault.search_read([], [name]),
                    'web_read': lambda: its.web_read({name: {}}),
                    'web_search_read': lambda: Vault.web_search_read([], {name: {}}),
                    'domain': lambda: Vault.search([(name, '!=', False)]),
                    'like': lambda: Vault.search([(name, 'like', '1.')]),
                    'search_count': lambda: Vault.search_count([(name, '=', 'x')]),
                    'filtered_domain': lambda: its.filtered_domain([(name, '!=', False)]),
                    'any': lambda: Vault.search([('child_ids', 'any', [(name, '!=', False)])]),
                    'path': lambda: Vault.search([(f'parent_id.{name}', '!=', False)]),
                    'order': lambda: Vault.search([], order=name),
                    'group': lambda: Vault._read_group([], [name], ['__count']),
                    'aggregate': lambda: Vault._read_group([], [], [f'{name}:max']),
                    'formatted_read_group': lambda: Vault.formatted_read_group([], [name], ['__count']),
                    'group order': lambda: Vault._read_group([], ['parent_id'], ['__count'], order=f'{name}:max'),
                    'export': lambda: its.export_data([name]),
                    'export of a path': lambda: its.export_data([f'child_ids/{name}']),
                    'write': lambda: its.write({name: 'x'}),
                    'create': lambda: Vault.create({name: 'x'}),
                    'create by default': lambda: Vault.with_context(**{f'default_{name}': 'x'}).create({}),
                    'default_get': lambda: its.web_save({name: 'x'}, {}),
                    'onchange': lambda: its.onchange({name: 'x'}, [name], {name: {}}),
                }.items():
                    with self.subTest(user=user.login, column=name, attack=attack):
                        self.assertDenied(function, UserError, ValueError)
                self.assertNotIn(name, Vault.fields_get())
                self.assertNotIn(name, its.read()[0])
                self.assertIn('messages', result := Vault.load(['name', name], [['x', 'y']]))
                self.assertFalse(result['ids'])

    def test_related_fields_give_masks_and_no_ciphers(self):
        child = self.env['test_property.vault'].create({'parent_id': self.vault.id}).with_user(self.admin)
        self.assertEqual(child.parent_number, '621************5678')
        self.assertDenied(lambda: child.parent_cipher)
        self.assertDenied(lambda: child.search([('parent_cipher', '!=', False)]))
        self.assertEqual(child.search([('parent_number', '=', PLAIN)]), child)

    def test_delegation(self):
        owner = self.env['test_property.vault.owner'].create({'vault_id': self.vault.id}).with_user(self.user)
        self.assertEqual(owner.number, '621************5678')
        for name in HIDDEN:
            self.assertDenied(lambda: owner.read([name]))
            self.assertDenied(lambda: owner.search([(name, '!=', False)]))
            self.assertNotIn(name, owner.fields_get())
        self.assertEqual(owner.search([('number', '=', PLAIN)]), owner)
        owner.number = '1111222233334444'
        self.assertEqual((owner.number, self.plain_of(self.vault)), ('111*********4444', '1111222233334444'))

    def test_groups_of_the_field(self):
        """A secret with groups: whoever is not in them sees not even the mask, and cannot search for the number."""
        outsider = self.env.ref('base.user_demo', raise_if_not_found=False) or self.user.copy({'login': 'secret-outsider'})
        outsider.group_ids = self.env.ref('base.group_user')
        its = self.vault.with_user(outsider)
        self.assertEqual(its.read(['number'])[0]['number'], '621************5678')
        for function in (
            lambda: its.read(['account']), lambda: its.search([('account', '=', OTHER)]), lambda: its.filtered_domain([('account', '=', OTHER)]),
            lambda: its.write({'account': 'x'}), lambda: its.create({'account': 'x'}),
        ):
            self.assertDenied(function)

    def test_search(self):
        Vault = self.env['test_property.vault'].with_user(self.user)
        empty = Vault.create({'name': 'empty'})
        for domain, found in (
            ([('number', '=', PLAIN)], True), ([('number', 'in', ['x', PLAIN])], True), ([('number', '=', f'{PLAIN[:4]} {PLAIN[4:]}')], True),
            ([('number', '=', OTHER)], False), ([('account', '=', OTHER)], True), ([('number', '!=', PLAIN)], False), ([('number', 'not in', [OTHER])], True),
            ([('number', '!=', False)], True), ([('number', '=', False)], False), ([('number', 'in', [PLAIN, False])], True),
            ([('number', 'in', [])], False), ([('number', '=', self.vault.number)], False), (['!', ('number', '=', PLAIN)], False),
        ):
            with self.subTest(domain=domain):
                self.assertEqual(self.vault in Vault.search(domain), found)
                self.assertEqual(self.vault in (self.vault + empty).with_user(self.user).filtered_domain(domain), found)
        self.assertEqual(Vault.search([('number', '=', False), ('id', 'in', (self.vault + empty).ids)]), empty)
        self.assertEqual(self.vault.with_user(self.user).search([('parent_id.number', '=', PLAIN)]), Vault)

    def test_search_by_parts(self):
        """Nothing but the whole number finds it, and nobody tries out all that a mask leaves."""
        Vault = self.env['test_property.vault'].with_user(self.signer)
        for operator in ('like', 'ilike', '=like', '=ilike', 'not like', 'not ilike', '>', '<=', 'child_of'):
            for path in (lambda: Vault.search([('number', operator, PLAIN)]), lambda: self.vault.with_user(self.signer).filtered_domain([('number', operator, PLAIN)])):
                with self.subTest(operator=operator):
                    self.assertDenied(path, UserError, ValueError)
        with self.assertRaisesRegex(UserError, r"^“Number” is found by the whole number only\.$"):
            Vault.search([('number', 'ilike', '6217')])
        guesses = [f'{index}' for index in range(20)]
        self.assertEqual(Vault.search([('number', 'in', [PLAIN, *guesses[1:]])]), self.vault)
        with self.assertRaisesRegex(UserError, r"^Look for at most 20 numbers at a time\.$"):
            Vault.search([('number', 'in', [PLAIN, *guesses])])
        with self.assertRaises(UserError):
            self.vault.with_user(self.signer).filtered_domain([('number', 'in', [PLAIN, *guesses])])
        for function in (
            lambda: Vault._read_group([], ['number'], ['__count']), lambda: Vault.search([], order='number'),
            lambda: Vault.formatted_read_group([], ['number'], ['__count']), lambda: Vault._read_group([], [], ['number:max']),
        ):
            self.assertDenied(function, UserError, ValueError)

    def test_private_methods(self):
        """What logs cannot be called by RPC; what decrypts, and the keys, are no methods at all."""
        for name in ('_reveal', '_log_unmasking', '_inverse_secret', '_search_secret', '_secret_hashes'):
            self.assertTrue(name.startswith('_') and hasattr(self.vault, name))
        for model in ('property.secret.key', 'property.secret.mixin', 'test_property.vault'):
            self.assertFalse([name for name in dir(self.env[model]) if {'ring', 'decrypt'} & set(name.split('_'))])

    def test_server_action(self):
        """Code of an administrator gets a number as everybody does: with a line in the log."""
        self.registry_enter_test_mode()
        action = self.env['ir.actions.server'].create({
            'name': 'A', 'model_id': self.env['ir.model']._get_id('test_property.vault'), 'state': 'code'})
        for code in (
            "record.write({'name': record.sudo().number})", "record.write({'name': record.sudo()._unmasked('number')})", "record.write({'name': decrypt(record, 'number')})",
            "record.write({'name': record._reveal.__globals__['decrypt'](record, 'number')})", "import os",
            "record.write({'name': record.action_unmask('number', 'By an administrator')})",
        ):
            try:
                with self.env.cr.savepoint(), mute_logger('odoo.addons.base.models.ir_actions'):
                    action.code = code
                    action.with_user(self.admin).with_context(active_model='test_property.vault', active_id=self.vault.id).run()
            except Exception:  # of whatever kind  # noqa: BLE001
                self.env.invalidate_all()
            self.assertNotIn(PLAIN, self.vault.name, code)
        action.code = "record.write({'name': record._reveal('number', 'By an administrator')[record.id]})"
        action.with_user(self.admin).with_context(active_model='test_property.vault', active_id=self.vault.id).run()
        self.assertEqual(self.vault.name, PLAIN)
        self.assertEqual(self.env['property.unmasking'].search([('res_id', '=', self.vault.id)]).user_id, self.admin)

    def test_chatter_and_bus_and_mail(self):
        """Nothing of it goes out by the ways that a change goes out."""
        follower = self.env['res.partner'].create({'name': 'F', 'email': 'f@example.com'})
        self.vault.message_subscribe(follower.ids)
        self.env.flush_all()
        self.cr.precommit.run()
        self.vault.with_user(self.user).write({'number': '8888777766665555', 'name': 'Another'})
        self.env.flush_all()
        self.cr.precommit.run()
        self.env.flush_all()
        self.assertTrue(self.env['mail.tracking.value'].search([('mail_message_id', 'in', self.vault.message_ids.ids)]))
        for table in ('mail_message', 'mail_tracking_value', 'mail_mail', 'bus_bus', 'ir_logging', 'mail_notification'):
            self.env.cr.execute(f'SELECT count(*) FROM {table} t WHERE t::text ~ %s', ['8888777766665555|6217003810012345678'])
            self.assertEqual(self.env.cr.fetchone()[0], 0, table)

    def test_server_log(self):
        """What goes in, what is searched for and what is refused leaves no trace in the log, at the level of a server."""
        Vault = self.env['test_property.vault'].with_user(self.user)
        with self.assertLogs('odoo', 'INFO') as log:
            Vault.create({'number': '8888777766665555'})
            Vault.search([('number', '=', PLAIN)])
            for function in (
                lambda: (Vault.create({'number': PLAIN}), self.env.flush_all()), lambda: Vault.create({'number': f'{OTHER}?'}),
                lambda: Vault.search([('number', 'like', PLAIN)]), lambda: self.vault.with_user(self.user).read(['number_cipher']),
            ):
                # Not assertRaises, which keeps the log quiet.
                try:
                    with self.env.cr.savepoint():
                        function()
                except (UserError, psycopg2.Error) as refusal:
                    for plain in (PLAIN, OTHER):
                        self.assertNotIn(plain, str(refusal))
                else:
                    self.fail("not refused")
                self.env.invalidate_all()
        self.assertTrue(any('bad query' in line for line in log.output), "the log is looked at")
        for plain in (PLAIN, OTHER, '8888777766665555'):
            self.assertFalse([line for line in log.output if plain in line])

    def test_saved_searches(self):
        """A search for a number is not kept."""
        Filters = self.env['ir.filters'].with_user(self.user)
        vals = {'name': 'F', 'model_id': 'test_property.vault', 'user_ids': [Command.set(self.user.ids)]}
        sentence = r"^A search for an encrypted number is not kept: take “Number” out of it\.$"
        with self.assertRaisesRegex(UserError, sentence):
            Filters.create({**vals, 'domain': f"[('number', '=', '{PLAIN}')]"})
        kept = Filters.create({**vals, 'domain': "[('name', '=', 'number')]"})
        with self.assertRaisesRegex(UserError, sentence):
            kept.domain = f"['&', ('name', '=', 'x'), ('parent_id.number', 'in', ['{PLAIN}'])]"
        with self.assertRaisesRegex(UserError, sentence):
            Filters.create_filter({**vals, 'domain': f"[[\"number\", \"=\", \"{PLAIN}\"]]"})
        for domain in (
            f"[('child_ids', 'any', [('number', '=', '{PLAIN}')])]", f"['|', ('create_uid', '=', uid), ('number', '=', '{PLAIN}')]",
            f"[('create_date', '>', context_today().strftime('%Y-%m-%d')), '!', ('number', 'in', ['{PLAIN}'])]",
        ):
            with self.assertRaisesRegex(UserError, sentence):
                Filters.create({**vals, 'domain': domain})
        self.assertTrue(Filters.create({**vals, 'name': 'G', 'domain': "[('number', '=', False)]"}))


class TestUnmask(VaultCase):

    def setUp(self):
        super().setUp()
        # The log has a transaction of its own, which sees this test's users and records so.
        self.registry_enter_test_mode()

    def logs(self):
        return self.env['property.unmasking'].search([('res_model', '=', 'test_property.vault')], order='id')

    def test_shown_and_logged(self):
        with self.assertQueryCount(22):
            shown = self.vault.with_user(self.signer).action_unmask('number', f' {REASON} ')
        self.assertEqual(shown, PLAIN)
        log = self.logs()
        self.assertEqual(
            (log.res_id, log.field, log.reason, log.user_id, log.company_id, log.by_hand, log.field_label),
            (self.vault.id, 'number', REASON, self.signer, self.vault.company_id, True, "Number"))
        self.env.cr.execute('SELECT t::text FROM property_unmasking t')
        self.assertNotIn(PLAIN, str(self.env.cr.fetchall()))
        self.assertEqual(self.vault.with_user(self.signer).number, '621************5678', "and reads as its mask again")

    def test_refused(self):
        signer = self.vault.with_user(self.signer)
        empty = self.env['test_property.vault'].create({}).with_user(self.signer)
        for function, sentence in (
            (lambda: self.vault.with_user(self.user).action_unmask('number', REASON),
             "Numbers are shown in full to the signing team, the registration and title team, finance and the department manager."),
            (lambda: self.vault.with_user(self.admin).action_unmask('number', REASON),
             "Numbers are shown in full to the signing team, the registration and title team, finance and the department manager."),
            (lambda: signer.action_unmask('number', ''), "Say in a few words why you need to see the number."),
            (lambda: signer.action_unmask('number', None), "Say in a few words why you need to see the number."),
            (lambda: signer.action_unmask('number', '  abc  '), "Say in a few words why you need to see the number."),
            (lambda: signer.action_unmask('number', ['contract']), "Say in a few words why you need to see the number."),
            (lambda: signer.action_unmask('number', f'it is {PLAIN}'), "Say why you need to see the number without writing a number of a person."),
            (lambda: signer.action_unmask('number', 'of 138 0000 5678'), "Say why you need to see the number without writing a number of a person."),
            (lambda: signer.action_unmask('number_cipher', REASON), "This field has no number to show."),
            (lambda: signer.action_unmask('name', REASON), "This field has no number to show."),
            (lambda: empty.action_unmask('number', REASON), "There is no number to show."),
            (lambda: (signer + empty).action_unmask('number', REASON), "Numbers are shown one at a time."),
            (lambda: signer.browse().action_unmask('number', REASON), "Numbers are shown one at a time."),
        ):
            with self.subTest(sentence=sentence), self.assertRaises(UserError) as refusal:
                function()
            self.assertEqual(str(refusal.exception), sentence)
        self.assertFalse(self.logs())

    def test_of_a_record_out_of_sight(self):
        self.env['ir.rule'].create({
            'name': 'None', 'model_id': self.env['ir.model']._get_id('test_property.vault'), 'domain_force': "[('name', '=', 'X')]"})
        with self.assertRaises(AccessError), mute_logger('odoo.addons.base.models.ir_rule'):
            self.vault.with_user(self.signer).action_unmask('number', REASON)
        self.assertFalse(self.logs())

    def test_no_log_no_number(self):
        """Where the log cannot be written, nothing is shown."""
        self.patch(type(self.env['property.unmasking']), 'create', lambda *args: (_ for _ in ()).throw(OSError("disk full")))
        with self.assertRaises(OSError):
            self.vault.with_user(self.signer).action_unmask('number', REASON)
        decrypted = []
        self.patch(property_secret_mixin, 'decrypt', lambda record, name: decrypted.append(name))
        with self.assertRaises(OSError):
            self.vault.with_user(self.signer)._reveal('number', REASON)
        self.assertFalse(decrypted)

    def test_limit_of_a_day(self):
        parameter = self.env.ref('property_base.parameter_unmask_daily_limit')
        self.env['property.parameter.value'].create({'parameter_id': parameter.id, 'valid_from': '2001-01-01', 'value': '3'})
        for _time in range(3):
            self.vault.with_user(self.signer).action_unmask('number', REASON)
        with self.assertRaises(UserError) as refusal:
            self.vault.with_user(self.signer).action_unmask('number', REASON)
        self.assertEqual(str(refusal.exception),
                         "You have looked at 3 numbers within a day, which is as many as anybody may: go on tomorrow, or ask the administrator.")
        self.assertEqual(len(self.logs()), 3)
        # What documents print is another matter, and so is what others look at.
        self.assertEqual(self.vault.with_user(self.signer)._reveal('number', "Printed"), {self.vault.id: PLAIN})
        self.env.cr.execute("ALTER TABLE property_unmasking DISABLE TRIGGER USER; UPDATE property_unmasking SET create_date = create_date - interval '25 hours'; ALTER TABLE property_unmasking ENABLE TRIGGER USER")
        self.env.invalidate_all()
        self.assertEqual(self.vault.with_user(self.signer).action_unmask('number', REASON), PLAIN)

    def test_for_documents(self):
        """Several at once by code, each with its line, in one insert."""
        vaults = self.env['test_property.vault'].create([{'number': f'20003000400050{index:02}'} for index in range(12)] + [{}])
        self.env.flush_all()
        shown = vaults._reveal('number', "Contract C-1")
        self.assertEqual(list(shown.values()), [f'20003000400050{index:02}' for index in range(12)])
        self.assertEqual(self.logs().mapped('res_id'), vaults[:12].ids)
        self.assertFalse(any(self.logs().mapped('by_hand')))

    def test_append_only(self):
        self.vault.with_user(self.signer).action_unmask('number', REASON)
        log = self.logs()
        for user in (self.admin, self.signer):
            for operation in ('write', 'create', 'unlink'):
                self.assertFalse(log.with_user(user).has_access(operation))
        sentence = "The log of unmaskings is never changed or deleted."
        for function in (
            lambda: log.sudo().write({'reason': 'x'}), lambda: log.sudo().unlink(), lambda: log.sudo().write({'user_id': 1}),
            lambda: self.env.cr.execute("UPDATE property_unmasking SET reason = 'x'"), lambda: self.env.cr.execute("UPDATE property_unmasking SET create_date = now()"),
            lambda: self.env.cr.execute("UPDATE property_unmasking SET res_id = 1, by_hand = FALSE"),
            lambda: self.env.cr.execute("DELETE FROM property_unmasking"), lambda: self.env.cr.execute("TRUNCATE property_unmasking"),
        ):
            with mute_logger('odoo.sql_db'), self.assertRaises(psycopg2.errors.CheckViolation) as refusal, self.env.cr.savepoint():
                function()
                self.env.flush_all()
            self.assertEqual(self.env['property.unmasking']._sql_error_to_message(refusal.exception), sentence)
            self.env.invalidate_all()
        self.assertEqual(self.logs().reason, REASON)


class TestKeys(VaultCase):
    """What there is without the key, with another one, and while keys change."""

    UNSET = ("Encrypted numbers can be neither read nor saved: no key file is named, ask the administrator to set PROPERTY_KEY_FILE.")
    UNREADABLE = "Encrypted numbers can be neither read nor saved: the key file cannot be read, ask the administrator to put it back."
    MALFORMED = "Encrypted numbers can be neither read nor saved: the key file is damaged, ask the administrator to put it back."
    ANOTHER = ("Encrypted numbers can be neither read nor saved: the key file is not the one that they were encrypted with,"
               " ask the administrator to put that one back.")

    def assertUnreadable(self, sentence):
        """Form, unmask, save, search say so; all else goes on."""
        before = self.columns()
        self.env.invalidate_all()
        its = self.vault.with_user(self.signer)
        self.assertEqual(its.secret_problem, sentence)
        for function in (
            lambda: its.action_unmask('number', REASON), lambda: its.write({'number': '1234567890'}), lambda: its.create({'number': '1234567890'}),
            lambda: its.web_save({'name': 'N', 'number': '1234567890'}, {}), lambda: its.search([('number', '=', PLAIN)]),
            lambda: its._reveal('number', REASON), lambda: rotate(self.env, lambda line: None),
        ):
            with self.assertRaises(UserError) as refusal, self.env.cr.savepoint():
                function()
            self.assertEqual(str(refusal.exception), sentence)
            self.env.invalidate_all()
        self.assertEqual(self.columns(), before)
        its.name = 'Renamed'
        self.assertEqual(its.web_read({'name': {}, 'number': {}, 'secret_problem': {}}), [
            {'id': its.id, 'name': 'Renamed', 'number': '621************5678', 'secret_problem': sentence}])
        with Form(its) as form:
            form.name = 'By form'
        self.assertEqual(its.search([('number', '!=', False), ('id', '=', its.id)]), its)
        self.assertEqual(its.export_data(['number'])['datas'], [['621************5678']])
        self.assertFalse(self.env['property.unmasking'].search([('res_model', '=', 'test_property.vault'), ('res_id', '=', its.id)]))
        its.name = 'V'

    def test_absent(self):
        self.assertFalse(self.vault.secret_problem)
        with self.without_key_file():
            self.assertUnreadable(self.UNSET)
        self.use_keys('')
        self.key_file.unlink()
        self.assertUnreadable(self.UNREADABLE)

    def test_damaged(self):
        self.use_keys('nonsense')
        self.assertUnreadable(self.MALFORMED)
        self.use_keys()
        self.assertUnreadable(self.MALFORMED)

    def test_another(self):
        """A file of other keys, and one whose key has the same name."""
        self.use_keys(self.second)
        self.assertUnreadable(self.ANOTHER)
        self.use_keys(self.second.replace('second', 'first'))
        self.assertUnreadable(self.ANOTHER)
        self.use_keys(self.second, self.second.replace('second', 'first'))
        self.assertUnreadable(self.ANOTHER)

    def test_back_again(self):
        with self.without_key_file():
            self.assertTrue(self.vault.secret_problem)
        self.env.invalidate_all()
        self.assertFalse(self.vault.secret_problem)
        self.assertEqual(self.plain_of(self.vault), PLAIN)

    def test_one_number_damaged(self):
        """It says so, and no other number suffers."""
        other = self.env['test_property.vault'].create({'number': '1234567890123456'})
        self.env.flush_all()
        self.env.cr.execute("UPDATE test_property_vault SET number_cipher = overlay(number_cipher placing 'AAAAAA' from 12) WHERE id = %s", [self.vault.id])
        self.env.invalidate_all()
        with self.assertRaisesRegex(UserError, r"^This number cannot be read: it was encrypted with a key that the key file does not hold\.$"):
            self.plain_of(self.vault)
        self.assertEqual(self.plain_of(other), '1234567890123456')

    def test_new_number_with_new_key(self):
        """A new first key is used at once; the old numbers are read, found and unique as before."""
        self.use_keys(self.second, self.first)
        other = self.env['test_property.vault'].create({'number': '1234567890123456'})
        self.assertTrue(self.columns(other)['number_cipher'].startswith('1.second.'))
        self.assertEqual((self.plain_of(self.vault), self.plain_of(other)), (PLAIN, '1234567890123456'))
        for vault, number in ((self.vault, PLAIN), (other, '1234567890123456')):
            self.assertEqual(vault.search([('number', '=', number)]), vault)
        self.use_keys(self.first)
        self.assertEqual(self.vault.secret_problem, self.ANOTHER, "a number waits that only the second key opens")

    def test_who_sees_the_keys(self):
        keys = self.env['property.secret.key']
        self.assertTrue(keys.with_user(self.admin).search([('name', '=', 'first')]))
        for user in (self.user, self.signer):
            with self.assertRaises(AccessError):
                keys.with_user(user).search([])
        for operation in ('write', 'create', 'unlink'):
            self.assertFalse(keys.with_user(self.admin).has_access(operation))
        secret = self.first.split(':')[1]
        self.env.cr.execute('SELECT t::text FROM property_secret_key t')
        self.assertNotIn(secret[:12], str(self.env.cr.fetchall()))


class TestRotation(VaultCase):
    """In the test's own transaction: its commits are left out. tests/test_key_rotation.py has real ones."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.cr.execute("DELETE FROM test_property_vault WHERE number_cipher NOT LIKE '1.first.%'")
        cls.vaults = cls.env['test_property.vault'].create([
            {'name': f'{index}', 'number': f'{10**15 + index}', 'account': f'{10**12 + index}'} for index in range(25)])
        cls.env.flush_all()

    def setUp(self):
        super().setUp()
        # Only what this test made can be read with its keys.
        self.env.cr.execute("SELECT relname FROM pg_class WHERE relname = 'res_partner' AND EXISTS (SELECT 1 FROM information_schema.columns WHERE table_name = 'res_partner' AND column_name = 'identity_number_cipher')")
        if self.env.cr.fetchone():
            self.env.cr.execute("UPDATE res_partner SET identity_number_cipher = NULL, identity_number_hash = NULL")
        self.env.invalidate_all()
        self.patch(self.cr, 'commit', lambda: None)
        self.patch(self.cr, 'rollback', lambda: None)

    def rotate(self):
        lines = []
        left = rotate(self.env, lines.append)
        self.env.invalidate_all()
        return left, lines

    def assertReadable(self):
        for index, vault in enumerate(self.vaults):
            self.assertEqual((self.plain_of(vault), self.plain_of(vault, 'account')), (f'{10**15 + index}', f'{10**12 + index}'))
            self.assertEqual(vault.search([('number', '=', f'{10**15 + index}')]), vault)
            self.assertEqual(vault.search([('account', '=', f'{10**12 + index}')]), vault)

    def keys_used(self, column='number_cipher'):
        self.env.flush_all()
        self.env.cr.execute(f"SELECT split_part({column}, '.', 2), count(*) FROM test_property_vault WHERE {column} IS NOT NULL GROUP BY 1")
        return dict(self.env.cr.fetchall())

    def test_rotation(self):
        before = self.columns()
        self.use_keys(self.second, self.first)
        left, lines = self.rotate()
        self.assertEqual(left, 0)
        self.assertEqual(self.keys_used(), {'second': 26})
        self.assertIn("test_property.vault, number: 26 of 26", lines)
        self.assertEqual(lines[-1], "All numbers are encrypted with the key second; older keys are needed for older backups only.")
        after = self.columns()
        for name in ('number_cipher', 'number_hash', 'account_cipher', 'account_hash'):
            self.assertNotEqual(before[name], after[name])
        for name in ('write_date', 'write_uid', 'number_mask', 'name'):
            self.assertEqual(before[name], after[name])
        self.assertReadable()
        # The old key may go.
        self.use_keys(self.second)
        self.assertFalse(self.vault.secret_problem)
        self.assertReadable()
        # And again there is nothing to do.
        self.assertEqual(self.rotate(), (0, lines[-1:]))

    def test_in_batches(self):
        """Interrupted after any batch, everything is readable and found, and it goes on where it stopped."""
        self.patch(property_secret_key, 'BATCH', 10)
        self.use_keys(self.second, self.first)

        class Interrupted(Exception):
            pass

        seen = []
        for stop in (1, 2, 4):
            def report(line, stop=stop):
                seen.append(line)
                if sum('number:' in each or 'account:' in each for each in seen) >= stop:
                    raise Interrupted

            # Not assertRaises, which undoes what was done before.
            try:
                rotate(self.env, report)
                self.fail("it was not interrupted")
            except Interrupted:
                self.env.invalidate_all()
            self.assertReadable()
        self.assertEqual((self.keys_used(), self.keys_used('account_cipher')), ({'second': 26}, {'first': 16, 'second': 10}))
        self.assertEqual(self.rotate()[0], 0)
        self.assertEqual(self.keys_used(), {'second': 26})
        self.assertReadable()

    def test_key_is_missing(self):
        """Nothing is changed where a number could not be read."""
        self.env.cr.execute("UPDATE test_property_vault SET number_cipher = replace(number_cipher, '.first.', '.lost.') WHERE id = %s", [self.vault.id])
        self.env.invalidate_all()
        self.use_keys(self.second, self.first)
        before = self.keys_used()
        with self.assertRaisesRegex(UserError, r"^The key file lacks the key lost, which 1 numbers are encrypted with: nothing was changed\.$"):
            self.rotate()
        self.assertEqual(self.keys_used(), before)

    def test_double_across_keys(self):
        """Two that have one number under two keys: it says which, keeps both, and the old key with them."""
        self.use_keys(self.second, self.first)
        double = self.env['test_property.vault'].create({'number': f'{10**15 + 3}'})
        self.env.flush_all()
        left, lines = self.rotate()
        self.assertEqual(left, 1)
        self.assertIn(f"test_property.vault {self.vaults[3].id}: another record has this number already, merge the two", lines)
        self.assertEqual(self.keys_used(), {'second': 26, 'first': 1})
        self.assertEqual((self.plain_of(double), self.plain_of(self.vaults[3])), (f'{10**15 + 3}', f'{10**15 + 3}'))
        self.assertEqual(double.search([('number', '=', f'{10**15 + 3}')]), double + self.vaults[3])
        self.vaults[3].number = False
        self.env.flush_all()
        self.assertEqual(self.rotate()[0], 0)

    def test_damaged(self):
        self.env.cr.execute("UPDATE test_property_vault SET number_cipher = overlay(number_cipher placing 'AAAAAA' from 12) WHERE id = %s", [self.vault.id])
        self.use_keys(self.second, self.first)
        left, lines = self.rotate()
        self.assertEqual(left, 1)
        self.assertIn(f"test_property.vault {self.vault.id}: the number cannot be read, enter it again", lines)
        self.assertReadable()
