from contextlib import contextmanager
from datetime import date, timedelta

import psycopg2
from lxml import etree

from odoo.addons.property_base.models.property_secret_mixin import decrypt
from odoo.addons.property_base.tools.identity import id_check_char
from odoo.addons.property_base.tools.local_time import today
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, new_test_user
from odoo.tools import SQL, mute_logger

from .common import POSTS, PropertyCase

PLAIN = '11000019850312001' + id_check_char('11000019850312001')
CHILD = '110000201509010034'[:17] + id_check_char('110000201509010034'[:17])
PHONE = '13900001234'
ACCOUNT = '6217000000000009876'
REASON = "Prepares the contract"


class BuyerCase(PropertyCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users['colleague'] = new_test_user(
            cls.env, 'test-colleague', groups='property_base.group_sales_consultant', company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)])
        cls.buyer = cls.make_buyer('Zhang', PLAIN, phone=PHONE, user_id=cls.users['consultant'].id)
        cls.env.flush_all()

    @classmethod
    def make_buyer(cls, name, number=None, kind='mainland_id', **values):
        return cls.env['res.partner'].create({
            'name': name, 'is_buyer': True, 'company_id': cls.company.id, 'user_id': False,
            **({'identity_type': kind, 'identity_number': number} if number else {}), **values})

    def assertDenied(self, function, *errors):
        """Refused with one of these errors; not assertRaises, which takes one class only."""
        try:
            with self.env.cr.savepoint(), mute_logger('odoo.models', 'odoo.sql_db', 'odoo.addons.base.models.ir_rule'):
                result = function()
        except (AccessError, *errors):
            self.env.invalidate_all()
        else:
            self.fail(f"not refused: {result!r}")

    def all_values(self, record):
        """:return: text with every value that the record's user may read, field by field, by reading and by export"""
        values = []
        for name in record.fields_get():
            for function in (lambda: record.read([name]), lambda: record.export_data([name])['datas']):
                try:
                    with mute_logger('odoo.models', 'odoo.addons.base.models.ir_model'):
                        values.append(function())
                except AccessError:  # of what hangs on it, such as journals
                    continue
        self.assertGreater(len(values), 50)
        return str(values)

    @contextmanager
    def unchanged(self):
        """Nothing of the buyer file is another when it is over."""
        def rows():
            return [self.sql(f'SELECT * FROM {table} ORDER BY id') for table in (
                'res_partner', 'property_family_link', 'property_consent', 'property_unmasking', 'property_buyer_merge')]
        before = rows()
        yield
        self.env.invalidate_all()
        self.assertEqual(rows(), before)


class TestIdentityNumber(BuyerCase):

    def test_what_follows_from_it(self):
        buyer = self.buyer
        self.assertEqual((buyer.identity_number, buyer.birth_date, buyer.sex, buyer.nationality_id.code, buyer.is_minor),
                         (f'110***********{PLAIN[-4:]}', date(1985, 3, 12), 'male', 'CN', False))
        child = self.make_buyer('Child', CHILD)
        self.assertTrue(child.is_minor)
        self.assertEqual(buyer.search([('is_minor', '=', True), ('id', 'in', (buyer + child).ids)]), child)
        self.assertEqual((buyer + child).filtered_domain([('is_minor', '=', False)]), buyer)

    def test_kinds(self):
        for kind, number, nationality, mask, derived in (
            ('passport', 'x 0000 0001', 'us', 'X*****001', (False, False, 'US')),
            ('hk_macau_permit', 'h00000001', None, 'H*****001', (False, False, 'CN')),
            ('taiwan_permit', '00000001', None, '0****001', (False, False, 'CN')),
            ('residence_permit', '81000019900101002' + id_check_char('81000019900101002'), None, None, (date(1990, 1, 1), 'female', 'CN')),
            ('foreign_permanent', '91184019900101003' + id_check_char('91184019900101003'), 'us', None, (date(1990, 1, 1), 'male', 'US')),
            ('credit_code', '91110000MA0000000H', None, '911***********000H', (False, False, False)),
            ('business_licence', '110108000000016', None, '110********0016', (False, False, False)),
        ):
            with self.subTest(kind=kind):
                buyer = self.make_buyer(kind, number, kind, **({'nationality_id': self.env.ref(f'base.{nationality}').id} if nationality else {}))
                if mask:
                    self.assertEqual(buyer.identity_number, mask)
                self.assertEqual((buyer.birth_date, buyer.sex, buyer.nationality_id.code), derived)
                self.assertEqual(self.env['res.partner']._find_buyers(number), buyer)

    def test_bad_numbers(self):
        """One clear sentence each, without the number, and nothing is half done."""
        for kind, number, sentence in (
            ('mainland_id', PLAIN[:17] + ('1' if PLAIN[17] != '1' else '2'), "The last character does not fit the others: one of them is mistyped."),
            ('mainland_id', '110105491231002', "This is a number of 15 digits, which is no longer valid: enter the 18 digits of the present card."),
            ('mainland_id', '11000019850312', "A resident identity number has 17 digits and a last character that is a digit or X."),
            ('mainland_id', '990000198503120013', "No province has the first two digits of this number: look at it again."),
            ('mainland_id', '110000198513120013', "The birth date in this number does not exist or is yet to come: look at the number again."),
            ('mainland_id', f'110***********{PLAIN[-4:]}', "Enter the whole number: stars cannot be part of it."),
            ('mainland_id', ' - ', "Enter the identity number."),
            (False, PLAIN, "Choose the kind of identity paper, then enter its number."),
            ('passport', 'ABC', "A passport number has 5 to 17 letters and digits."),
            ('hk_macau_permit', '12345678', "A permit of Hong Kong and Macau residents has the letter H or M and 8 or 10 digits."),
            ('taiwan_permit', '1', "A permit of Taiwan residents has 8 digits, or 10 digits and at most one letter."),
            ('residence_permit', 'X', "A residence permit number has 17 digits and a last character that is a digit or X."),
            ('residence_permit', PLAIN, "The first digits of a residence permit are 81, 82 or 83: look at the number again."),
            ('foreign_permanent', '1', "A permanent resident card has 18 digits that begin with 9, or three letters and 12 digits."),
            ('credit_code', '1', "A unified social credit code has 18 digits and capital letters, without I, O, S, V and Z."),
            ('business_licence', '91110000MA0000000H', "A business licence has 15 digits; a number of 18 characters is a unified social credit code."),
        ):
            with self.subTest(number=number), self.unchanged():
                Partner = self.env['res.partner'].with_user(self.users['signing'])
                with self.refused(sentence), self.env.cr.savepoint():
                    Partner.create({'name': 'N', 'is_buyer': True, 'identity_type': kind, 'identity_number': number})
                empty = self.make_buyer('Empty')
                with self.refused(sentence), self.env.cr.savepoint():
                    empty.with_user(self.users['signing']).write({'name': 'M', 'identity_type': kind, 'identity_number': number})
                empty.unlink()
                with mute_logger('odoo.sql_db'):
                    result = Partner.load(['name', 'is_buyer', 'identity_type', 'identity_number'], [['L', '1', kind or '', number]])
                self.assertIn(sentence, str(result['messages']))
                self.assertFalse(result['ids'])

    def test_passport_has_a_nationality(self):
        with self.unchanged(), self.refused("Choose the nationality of a passport's holder.", ValidationError), self.env.cr.savepoint():
            self.make_buyer('N', 'X00000009', 'passport')

    def test_kind_changes_with_the_number(self):
        with self.refused("Enter the identity number again, together with the other kind of paper."):
            self.as_user('signing', self.buyer).identity_type = 'passport'
        with self.refused("Enter the identity number again, together with the other kind of paper."):
            self.as_user('signing', self.buyer).write({'identity_type': 'passport', 'identity_number': self.buyer.identity_number})
        self.as_user('signing', self.buyer).write({
            'identity_type': 'passport', 'identity_number': 'X00000008', 'nationality_id': self.env.ref('base.cn').id})
        self.assertEqual((self.buyer.identity_number, self.buyer.identity_type), ('X*****008', 'passport'))

    def test_derived_values_stay(self):
        for vals, label in (
            ({'birth_date': '1990-01-01'}, "Birth Date"), ({'sex': 'female'}, "Sex"), ({'sex': False}, "Sex"),
            ({'nationality_id': self.env.ref('base.us').id}, "Nationality"),
        ):
            with self.refused(f"“{label}” follows from the identity number: correct the number."):
                self.as_user('manager', self.buyer).write(vals)
        self.as_user('manager', self.buyer).write({'birth_date': '1985-03-12', 'sex': 'male'})
        free = self.make_buyer('P', 'X00000007', 'passport', nationality_id=self.env.ref('base.us').id)
        self.as_user('signing', free).write({'birth_date': '1990-01-01', 'sex': 'female', 'nationality_id': self.env.ref('base.uk').id})
        self.assertEqual((free.birth_date, free.sex), (date(1990, 1, 1), 'female'))

    def test_form(self):
        """As it is entered: kind, number, save; then it reads as its mask, and the rest is there."""
        view = self.env.ref('property_customer_service.res_partner_view_form_buyer')
        with Form(self.as_user('signing', self.env['res.partner']).with_context(default_is_buyer=True), view) as form:
            form.name = 'Li'
            form.identity_type = 'mainland_id'
            form.identity_number = CHILD
            form.phone = '139 0000 4321'
        buyer = form.record
        self.assertEqual((buyer.identity_number, buyer.birth_date, buyer.company_id, buyer.phone_masked),
                         (f'110***********{CHILD[-4:]}', date(2015, 9, 1), self.company, '139****4321'))
        with Form(buyer, view) as form:
            self.assertEqual(form.identity_number, buyer.identity_number)
            form.email = 'li@example.com'
        self.assertEqual(decrypt(buyer, 'identity_number'), CHILD)

    def test_consultant_enters(self):
        view = self.env.ref('property_customer_service.res_partner_view_form_buyer')
        with Form(self.as_user('consultant', self.env['res.partner']).with_context(default_is_buyer=True), view) as form:
            form.name = 'Li'
            form.identity_type = 'mainland_id'
            form.identity_number = CHILD
            self.assertNotIn('birth_date', form._view['fields'])
        self.assertEqual((form.record.user_id, form.record.identity_number), (self.users['consultant'], f'110***********{CHILD[-4:]}'))

    def test_only_of_buyers(self):
        """A number takes a partner into the buyer file, and he stays while he has it."""
        contact = self.env['res.partner'].create({'name': 'C'})
        contact.write({'identity_type': 'mainland_id', 'identity_number': CHILD})
        self.assertEqual((contact.is_buyer, contact.company_id), (True, self.company))
        with self.refused("Whoever has an identity number stays in the buyer file: clear the number first."):
            self.as_user('manager', contact).is_buyer = False
        for statement in ("is_buyer = FALSE", "company_id = NULL", "identity_type = NULL"):
            with mute_logger('odoo.sql_db'), self.assertRaises(psycopg2.errors.CheckViolation), self.env.cr.savepoint():
                self.env.cr.execute(f"UPDATE res_partner SET {statement} WHERE id = %s", [contact.id])  # pylint: disable=sql-injection


class TestDoubles(BuyerCase):

    def test_same_number(self):
        """Refused with what to do, by whoever asks: the file, or who has it."""
        vals = {'name': 'Double', 'is_buyer': True, 'identity_type': 'mainland_id', 'identity_number': f'{PLAIN[:6]} {PLAIN[6:]}'.lower()}
        for post, sentence in (
            ('signing', "This identity number is in the buyer file already, with Zhang: open that file instead of making another."),
            ('consultant', "This identity number is in the buyer file already, with Zhang: open that file instead of making another."),
            ('colleague', "This identity number is in the buyer file already, with Z** (of consultant): ask for that file to be handed over to you."),
        ):
            with self.subTest(post=post), self.unchanged(), self.refused(sentence), self.env.cr.savepoint():
                self.as_user(post, self.env['res.partner']).create(dict(vals))
        self.buyer.active = False
        with self.refused("This identity number is in the buyer file already, with Zhang, which is archived: bring that file back."):
            self.as_user('signing', self.env['res.partner']).create(dict(vals))
        other = self.make_buyer('Other')
        with self.refused("This identity number is in the buyer file already, with Zhang, which is archived: bring that file back."):
            self.as_user('signing', other).write({'identity_type': 'mainland_id', 'identity_number': PLAIN})

    def test_held_by_the_database(self):
        """Without a look beforehand, as for two at one moment (tests/test_buyer_race.py has them)."""
        self.patch(type(self.env['res.partner']), '_check_secret', lambda *args: None)
        self.make_buyer('Another', PLAIN, company_id=self.env['res.company'].create({'name': 'Beech'}).id)
        with mute_logger('odoo.sql_db'), self.assertRaises(psycopg2.errors.UniqueViolation) as refusal, self.env.cr.savepoint():
            self.make_buyer('Double', PLAIN)
            self.env.flush_all()
        sentence = self.env['res.partner'].with_user(self.users['signing'])._sql_error_to_message(refusal.exception)
        self.assertEqual(sentence, "This identity number is in the buyer file already, with Zhang: open that file instead of making another.")
        self.assertNotIn(PLAIN, str(refusal.exception))

    def test_where_it_is_no_double(self):
        other_company = self.env['res.company'].create({'name': 'Beech Estates'})
        self.assertTrue(self.make_buyer('Elsewhere', PLAIN, company_id=other_company.id))
        first = self.make_buyer('US', 'X12345678', 'passport', nationality_id=self.env.ref('base.us').id)
        second = self.make_buyer('GB', 'X12345678', 'passport', nationality_id=self.env.ref('base.uk').id)
        self.env.flush_all()
        self.assertEqual(self.env['res.partner']._find_buyers('X12345678'), first + second)
        with self.refused("This identity number is in the buyer file already, with US: open that file instead of making another."):
            self.make_buyer('US', 'X12345678', 'passport', nationality_id=self.env.ref('base.us').id)

    def test_same_phone(self):
        """A warning and no refusal: families share a telephone."""
        view = self.env.ref('property_customer_service.res_partner_view_form_buyer')
        form = Form(self.as_user('signing', self.env['res.partner']).with_context(default_is_buyer=True), view)
        form.name = 'Wife'
        form.phone = '+86 139-0000-1234'
        self.assertEqual(form.phone_double, "The telephone number 139****1234 is in the buyer file already, with Zhang.")
        wife = form.save()
        self.assertEqual(wife.phone_double, "The telephone number 139****1234 is in the buyer file already, with Zhang.")
        form = Form(self.as_user('colleague', self.env['res.partner']).with_context(default_is_buyer=True), view)
        form.name = 'Friend'
        form.phone = PHONE
        self.assertEqual(
            form.phone_double, "The telephone number 139****1234 is in the buyer file already, with W**, Z** (of consultant).")
        form.phone = '13900009999'
        self.assertFalse(form.phone_double)

    def test_find(self):
        Partner = self.env['res.partner']
        self.assertEqual(Partner._find_buyers(PLAIN.lower()), self.buyer)
        self.assertEqual(Partner._find_buyers(phone='0086 139 0000 1234'), self.buyer)
        self.assertEqual(Partner._find_buyers(PLAIN, '110'), self.buyer)
        self.assertFalse(Partner._find_buyers() + Partner._find_buyers(CHILD) + Partner._find_buyers(phone='none') + Partner._find_buyers(''))
        self.assertFalse(Partner._find_buyers(PLAIN, company=self.env['res.company'].create({'name': 'Beech'})))
        self.assertFalse(self.as_user('colleague', Partner)._find_buyers(PLAIN))
        self.buyer.active = False
        self.assertEqual(Partner._find_buyers(PLAIN), self.buyer)

    def test_find_by_telephone(self):
        Partner = self.as_user('signing', self.env['res.partner'])
        for operator, value, found in (
            ('ilike', '1234', True), ('ilike', '139-0000-1234', True), ('=', PHONE, True), ('in', ['x', PHONE], True), ('ilike', '0000', False),
            ('ilike', '13900001', False), ('!=', PHONE, False), ('=', False, False), ('!=', False, True),
        ):
            with self.subTest(operator=operator, value=value):
                domain = [('phone_masked', operator, value), ('id', '=', self.buyer.id)]
                self.assertEqual(bool(Partner.search(domain)), found)
        # The mask leaves ten thousand numbers, which nobody tries out.
        with self.refused("Look for at most 20 numbers at a time."):
            self.as_user('auditor', self.env['res.partner']).search([('phone_masked', 'in', [f'1390000{tail}' for tail in range(1200, 1240)])])

    def test_search_is_one_index_scan(self):
        self.env.cr.execute('SET LOCAL enable_seqscan = off')
        query = self.env['res.partner']._search([('identity_number', '=', PLAIN)], order='id')
        self.env.cr.execute(SQL('EXPLAIN %s', query.select()))
        self.assertIn('res_partner_identity_uniq', str(self.env.cr.fetchall()))
        with self.assertQueryCount(1):
            self.env['res.partner'].search([('identity_number', '=', PLAIN)], order='id')


class TestMasked(BuyerCase):
    """Where plain numbers must not be: fields, chatter, mail, bus, logs of the server."""

    def setUp(self):
        super().setUp()
        self.registry_enter_test_mode()
        # What was made in the class is not tracked until this has run.
        self.cr.precommit.run()
        self.env = self.env(context={**self.env.context, 'tracking_disable': False})
        self.buyer = self.buyer.with_env(self.env)

    def assertNowhere(self, *numbers):
        self.env.flush_all()
        self.cr.precommit.run()
        self.env.flush_all()
        for table in ('mail_message', 'mail_tracking_value', 'mail_mail', 'mail_notification', 'bus_bus', 'ir_logging', 'property_unmasking'):
            for number in numbers:
                self.assertFalse(self.sql(f'SELECT t::text FROM {table} t WHERE strpos(t::text, %s) > 0', number), table)

    def test_columns(self):
        hidden = ('identity_number_cipher', 'identity_number_hash', 'identity_number_mask', 'phone_digits')
        for post, user in self.users.items():
            its = self.buyer.with_user(user)
            for name in hidden:
                for function in (
                    lambda: its.read([name]), lambda: its[name], lambda: its.search([(name, '!=', False)]), lambda: its.filtered_domain([(name, '!=', False)]),
                    lambda: its._read_group([], [name]), lambda: its.export_data([name]), lambda: its.search([], order=name), lambda: its.write({name: 'x'}),
                    lambda: its.web_read({name: {}}), lambda: self.users['signing'].with_user(user).read([name]),
                    lambda: self.env['property.consent'].with_user(user).search([(f'partner_id.{name}', '!=', False)]),
                    lambda: self.env['account.move'].with_user(user).search([(f'partner_id.{name}', '!=', False)]),
                ):
                    with self.subTest(post=post, name=name):
                        self.assertDenied(function, UserError, ValueError)
                self.assertNotIn(name, its.fields_get())

    def test_nothing_plain_in_any_field(self):
        """All that a post can read of the file, all fields of it, has no identity number and no birth date but where it may."""
        for post in (*POSTS, 'colleague'):
            its = self.buyer.with_user(self.users[post])
            if not its.has_access('read'):
                continue
            values = self.all_values(its)
            self.assertNotIn(PLAIN, values, post)
            self.assertEqual('1985' in values, post in ('signing', 'registration', 'manager', 'finance'), post)
            self.assertEqual(PHONE in values, post in ('consultant', 'salesmanager', 'signing', 'registration', 'service', 'assistant', 'manager', 'finance'), post)

    def test_birth_date(self):
        """With the mask it would give the number away: only those who may unmask see it, on no path others."""
        for post in POSTS:
            its = self.buyer.with_user(self.users[post])
            if not its.has_access('read'):
                continue
            for function in (
                lambda: its.read(['birth_date']), lambda: its.search([('birth_date', '<', '1990-01-01')]), lambda: its._read_group([], ['birth_date:year']),
                lambda: its.export_data(['birth_date']), lambda: its.search([], order='birth_date'), lambda: its.filtered_domain([('birth_date', '<', '1990-01-01')]),
            ):
                if post in ('signing', 'registration', 'manager', 'finance'):
                    function()
                else:
                    with self.subTest(post=post), self.assertRaises(AccessError), mute_logger('odoo.models'):
                        function()

    def test_telephone(self):
        for post in ('legal', 'vp', 'gm', 'auditor', 'administrator'):
            its = self.buyer.with_user(self.users[post])
            self.assertEqual(its.phone_masked, '139****1234')
            for function in (
                lambda: its.read(['phone']), lambda: its.search([('phone', 'like', '139')]), lambda: its.export_data(['phone']), lambda: its._read_group([], ['phone']),
                lambda: its.filtered_domain([('phone', '=', PHONE)]), lambda: its.search([], order='phone'),
                lambda: self.env['account.move'].with_user(self.users[post]).search([('partner_id.phone', '=', PHONE)]),
            ):
                with self.subTest(post=post), self.assertRaises(AccessError), mute_logger('odoo.models'):
                    function()
            self.assertNotIn('phone', its.fields_get())
        portal = new_test_user(self.env, 'test-buyer', groups='base.group_portal', partner_id=self.buyer.id)
        self.env.flush_all()
        for post in ('auditor', 'engineering', 'colleague'):
            with self.subTest(post=post), self.assertRaises(AccessError), mute_logger('odoo.models', 'odoo.addons.base.models.ir_rule'):
                portal.with_user(self.users[post]).read(['phone'])

    def test_views(self):
        """No view of ours shows a number in full in a list or a card."""
        for view in self.env['ir.ui.view'].search([('model', '=', 'res.partner'), ('type', 'in', ('list', 'kanban')), ('mode', '=', 'primary')]):
            for post in ('signing', 'auditor'):
                arch = self.as_user(post, self.env['res.partner']).get_view(view.id, view.type)['arch']
                if view.name.startswith('res.partner') and view.xml_id.startswith(('property_', 'base.view_partner_tree', 'base.res_partner_kanban_view')):
                    self.assertNotIn('name="phone"', arch, view.name)
                    self.assertIn('phone_masked', arch, view.name)

    def test_other_views(self):
        """Odoo's own views of partners hold together for those who see masks only: every field in them is there."""
        for view in self.env['ir.ui.view'].search([('model', '=', 'res.partner'), ('mode', '=', 'primary'), ('type', 'in', ('form', 'list', 'kanban', 'search'))]):
            for post in ('auditor', 'signing'):
                views = self.as_user(post, self.env['res.partner']).get_views([(view.id, view.type)])
                arch, known = views['views'][view.type]['arch'], views['models']['res.partner']['fields']
                self.assertEqual('phone' in known and 'name="phone"' in arch, post == 'signing' and 'name="phone"' in arch, view.xml_id)
                tree = etree.fromstring(arch)
                for node in tree.xpath('//field[not(ancestor::field)]'):
                    self.assertIn(node.get('name'), known, (view.xml_id, post))
                if post == 'auditor':
                    self.assertNotRegex(arch, r'record\.phone\b|name="phone"|not phone\b', view.xml_id)

    def test_chatter(self):
        buyer = self.as_user('signing', self.buyer)
        buyer.message_subscribe(self.env['res.partner'].create({'name': 'F', 'email': 'follower@example.com'}).ids)
        buyer.write({'phone': '139 0000 7777', 'identity_number': CHILD, 'vat': PLAIN})
        self.assertNowhere(PLAIN, CHILD, PHONE, '0000 7777', '13900007777')
        values = self.env['mail.tracking.value'].search([('mail_message_id', 'in', self.buyer.message_ids.ids)])
        self.assertIn(('139****1234', '139****7777'), values.mapped(lambda value: (value.old_value_char, value.new_value_char)))

    def test_unmasking(self):
        shown = self.as_user('signing', self.buyer).action_unmask('identity_number', REASON)
        self.assertEqual(shown, PLAIN)
        log = self.env['property.unmasking'].search([('res_model', '=', 'res.partner'), ('res_id', '=', self.buyer.id)])
        self.assertEqual((log.user_id, log.reason, log.company_id), (self.users['signing'], REASON, self.company))
        self.assertNowhere(PLAIN)
        for post in POSTS:
            if post not in ('signing', 'registration', 'finance', 'manager'):
                with self.subTest(post=post), self.assertRaises(AccessError), mute_logger('odoo.addons.base.models.ir_rule'):
                    self.as_user(post, self.buyer).action_unmask('identity_number', REASON)
        portal = new_test_user(self.env, 'test-buyer', groups='base.group_portal', partner_id=self.buyer.id)
        with self.assertRaises(AccessError):
            self.buyer.with_user(portal).action_unmask('identity_number', REASON)

    def test_server_log(self):
        self.patch(type(self.env['res.partner']), '_check_secret', lambda *args: None)
        with self.assertLogs('odoo', 'INFO') as log:
            for function in (lambda: self.make_buyer('Double', PLAIN) and self.env.flush_all(), lambda: self.make_buyer('X', CHILD[:17] + '?')):
                # Not assertRaises, which keeps the log quiet.
                try:
                    with self.env.cr.savepoint():
                        function()
                except (UserError, psycopg2.Error):
                    self.env.invalidate_all()
                else:
                    self.fail("not refused")
        self.assertTrue(any('bad query' in line for line in log.output), "the log is looked at")
        self.assertFalse([line for line in log.output if PLAIN in line or CHILD[:17] in line])


class TestBankAccounts(BuyerCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bank = cls.env['res.bank'].create({'name': 'Bank of the Test'})
        cls.account = cls.env['res.partner.bank'].create({'acc_number': ACCOUNT, 'partner_id': cls.buyer.id, 'bank_id': cls.bank.id})
        cls.env.flush_all()

    def setUp(self):
        super().setUp()
        self.registry_enter_test_mode()

    def test_masked(self):
        masked = '****9876 - Bank of the Test'
        for post in POSTS:
            its = self.account.with_user(self.users[post])
            if post in ('consultant', 'salesmanager', 'service', 'engineering', 'design', 'cost', 'administrator'):
                self.assertFalse(its.has_access('read'), post)
                continue
            self.assertEqual((its.display_name, its.acc_number_masked), (masked if post != 'finance' else f'{ACCOUNT} - Bank of the Test', '****9876'), post)
            for function in (
                lambda: its.read(['acc_number']), lambda: its.search([('acc_number', '=', ACCOUNT)]), lambda: its.export_data(['sanitized_acc_number']),
                lambda: its.search([('sanitized_acc_number', 'like', '6217')]), lambda: its._read_group([], ['acc_number']),
            ):
                if post == 'finance':
                    function()
                else:
                    with self.subTest(post=post), self.assertRaises(AccessError), mute_logger('odoo.models'):
                        function()
            self.assertEqual(ACCOUNT in self.all_values(its), post == 'finance', post)

    def test_display_name_of_many_users(self):
        """What one user may see does not get into another's cache."""
        for post, shown in (('finance', ACCOUNT), ('signing', '****9876'), ('finance', ACCOUNT), ('auditor', '****9876')):
            self.assertIn(shown, self.account.with_user(self.users[post]).display_name)

    def test_unmask(self):
        self.assertEqual(self.as_user('signing', self.account).action_unmask('acc_number', "Compares the refund"), ACCOUNT)
        log = self.env['property.unmasking'].search([('res_model', '=', 'res.partner.bank')])
        self.assertEqual((log.res_id, log.field, log.company_id), (self.account.id, 'acc_number', self.company))
        with self.assertRaises(AccessError):
            self.as_user('auditor', self.account).action_unmask('acc_number', REASON)

    def test_chatter(self):
        self.env = self.env(context={**self.env.context, 'tracking_disable': False})
        other = self.as_user('finance', self.env['res.partner.bank']).create({'acc_number': '6217000000000001111', 'partner_id': self.buyer.id})
        other.acc_number = '6217000000000002222'
        other.unlink()
        self.env.flush_all()
        self.cr.precommit.run()
        self.env.flush_all()
        bodies = ' '.join(self.buyer.message_ids.mapped('body'))
        self.assertIn('****2222', bodies)
        for table in ('mail_message', 'mail_tracking_value'):
            self.assertFalse(self.sql(f"SELECT 1 FROM {table} t WHERE t::text ~ '621700000000000(1111|2222)'"))
        self.assertTrue(self.sql("SELECT 1 FROM mail_tracking_value WHERE old_value_char = '****1111' AND new_value_char = '****2222'"))

    def test_finance_keeps_buyers_accounts_only(self):
        vendor = self.env['res.partner'].create({'name': 'Vendor'})
        with self.assertRaises(AccessError), mute_logger('odoo.addons.base.models.ir_rule'):
            self.as_user('finance', self.env['res.partner.bank']).create({'acc_number': '1', 'partner_id': vendor.id})


class TestWhoSees(BuyerCase):

    def test_posts(self):
        """Consultants their own, their sales manager the team's and nobody's, the others all or none."""
        own, colleagues, nobodys = self.buyer, self.make_buyer('B', user_id=self.users['colleague'].id), self.make_buyer('C')
        for post in (*POSTS, 'colleague'):
            expected = {
                'consultant': own, 'colleague': colleagues, 'salesmanager': own + nobodys,
                'engineering': own.browse(), 'design': own.browse(), 'cost': own.browse(),
            }.get(post, own + colleagues + nobodys)
            Partner = self.as_user(post, self.env['res.partner'])
            with self.subTest(post=post):
                domain = [('id', 'in', (own + colleagues + nobodys).ids)]
                self.assertEqual(Partner.search(domain).sorted('id').ids, expected.ids)
                self.assertEqual(Partner.search_count(domain), len(expected))
                self.assertEqual(Partner._read_group(domain, [], ['__count']), [(len(expected),)])
                for buyer in own + colleagues + nobodys:
                    self.assertEqual(buyer.with_user(self.users[post]).has_access('read'), buyer in expected)
                # Everybody else's partners are there as before.
                self.assertTrue(Partner.search_count([('id', '=', self.company.partner_id.id)]))
                self.assertTrue(self.users['manager'].partner_id.with_user(self.users[post]).name)
        self.project.member_ids += self.users['colleague']
        self.assertEqual(self.as_user('salesmanager', self.env['res.partner']).search([('id', 'in', (own + colleagues).ids)]), own + colleagues)

    def test_who_edits(self):
        editors = ('consultant', 'salesmanager', 'signing', 'registration', 'service', 'assistant', 'manager', 'finance', 'legal')
        vendor = self.env['res.partner'].create({'name': 'Vendor'})
        for post in POSTS:
            with self.subTest(post=post):
                self.assertEqual(self.buyer.with_user(self.users[post]).has_access('write'), post in editors)
                self.assertFalse(self.buyer.with_user(self.users[post]).has_access('unlink'))
                for other in (vendor, self.users['manager'].partner_id, self.company.partner_id):
                    self.assertFalse(other.with_user(self.users[post]).has_access('write'))
                with self.assertRaises(AccessError), mute_logger('odoo.addons.base.models.ir_rule', 'odoo.addons.base.models.ir_model'), self.env.cr.savepoint():
                    self.as_user(post, self.env['res.partner']).create({'name': 'A vendor'})
        with self.assertRaises(AccessError), mute_logger('odoo.addons.base.models.ir_rule'):
            self.as_user('consultant', self.env['res.partner']).create({'name': 'N', 'is_buyer': True, 'user_id': self.users['colleague'].id})
        for post in ('consultant', 'signing'):
            with self.assertRaises(AccessError), mute_logger('odoo.addons.base.models.ir_rule'):
                self.as_user(post, vendor).write({'is_buyer': True})
        # Odoo's own right over contacts stays with whoever has it, also beside a post.
        self.users['engineering'].group_ids += self.env.ref('base.group_partner_manager')
        self.assertTrue(self.as_user('engineering', vendor).has_access('write'))
        self.assertFalse(self.as_user('engineering', self.buyer).has_access('write'))

    def test_without_a_post(self):
        """Odoo's users without a post see other partners as ever, and no buyer; bookkeepers see their debtors."""
        for groups, sees in (
            ('base.group_user', False), ('base.group_user,base.group_partner_manager', False), ('property_base.group_user', False),
            ('property_base.group_unmask', False), ('property_base.group_telephone', False),
            ('account.group_account_invoice', True), ('account.group_account_readonly', True),
        ):
            user = new_test_user(self.env, f'test-{groups}', groups=groups, company_id=self.company.id, company_ids=[Command.set(self.company.ids)])
            with self.subTest(groups=groups):
                self.assertEqual(self.buyer.with_user(user).has_access('read'), sees)
                self.assertTrue(self.company.partner_id.with_user(user).has_access('read'))
                self.assertTrue(self.env['res.partner'].with_user(user).search_count([]))
                if sees and not user.has_group('property_base.group_user'):
                    with self.assertRaises(AccessError), mute_logger('odoo.models'):
                        self.buyer.with_user(user).read(['identity_number'])
                self.assertEqual(self.env['res.partner'].with_user(user).search([('is_buyer', '=', True), ('id', '=', self.buyer.id)]), self.buyer if sees else self.buyer.browse())
        manager = new_test_user(self.env, 'test-contacts', groups='base.group_partner_manager', company_id=self.company.id, company_ids=[Command.set(self.company.ids)])
        vendor = self.env['res.partner'].with_user(manager).create({'name': 'Vendor'})
        vendor.write({'phone': '1', 'name': 'V'})
        vendor.unlink()

    def test_portal(self):
        """A buyer at home sees himself, and no other buyer: not of his family, not of the company that he stands for."""
        firm = self.make_buyer('Firm', is_company=True)
        clerk, other_clerk = (self.make_buyer(name, parent_id=firm.id) for name in ('Clerk', 'Other'))
        wife = self.make_buyer('Wife')
        self.env['property.family.link'].create({'partner_id': self.buyer.id, 'relative_id': wife.id, 'kind': 'spouse'})
        everybody = self.buyer + firm + clerk + other_clerk + wife
        for partner, seen in ((self.buyer, self.buyer), (clerk, firm + clerk)):
            user = new_test_user(self.env, f'portal-{partner.name}', groups='base.group_portal', partner_id=partner.id)
            Partner = self.env['res.partner'].with_user(user)
            self.assertEqual(Partner.search([('id', 'in', everybody.ids)]).sorted('id').ids, seen.ids)
            for other in everybody - seen:
                with self.assertRaises(AccessError), mute_logger('odoo.addons.base.models.ir_rule'):
                    other.with_user(user).read(['name'])
            for name in ('identity_number', 'birth_date', 'sex', 'service_address', 'identity_number_cipher', 'consent_ids', 'family_ids'):
                with self.assertRaises(AccessError), mute_logger('odoo.models'):
                    partner.with_user(user).read([name])
            for model in ('property.consent', 'property.family.link', 'property.data.request', 'property.unmasking', 'property.secret.key', 'property.buyer.merge'):
                self.assertFalse(self.env[model].with_user(user).has_access('read'), model)

    def test_companies(self):
        other = self.env['res.company'].create({'name': 'Beech Estates'})
        users = self.make_users({post: POSTS[post] for post in ('manager', 'auditor', 'signing')}, other, 'other')
        for user in users.values():
            Partner = self.env['res.partner'].with_user(user).with_context(allowed_company_ids=other.ids)
            self.assertFalse(Partner.search([('id', '=', self.buyer.id)]))
            self.assertFalse(Partner._find_buyers(PLAIN) + Partner._find_buyers(PLAIN, company=self.company))
            self.assertFalse(Partner.search([('identity_number', '=', PLAIN)]))
        elsewhere = self.env['res.partner'].with_user(users['signing']).with_context(allowed_company_ids=other.ids).create(
            {'name': 'E', 'is_buyer': True, 'identity_type': 'mainland_id', 'identity_number': PLAIN})
        self.assertEqual(elsewhere.company_id, other)


class TestFamily(BuyerCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.wife = cls.make_buyer('Wife', user_id=cls.users['consultant'].id)
        cls.child = cls.make_buyer('Child', CHILD, user_id=cls.users['colleague'].id)

    def link(self, partner, relative, kind):
        return self.env['property.family.link'].create({'partner_id': partner.id, 'relative_id': relative.id, 'kind': kind, 'evidence': 'Register'})

    def check_database(self):
        """What a commit would look at."""
        self.env.flush_all()
        self.env.cr.execute('SET CONSTRAINTS ALL IMMEDIATE')
        self.env.cr.execute('SET CONSTRAINTS ALL DEFERRED')

    def test_both_sides(self):
        for kind, mirror in (('spouse', 'spouse'), ('parent', 'child'), ('child', 'parent'), ('sibling', 'sibling'), ('grandparent', 'grandchild'), ('grandchild', 'grandparent'), ('other', 'other')):
            link = self.link(self.buyer, self.wife, kind)
            self.check_database()
            self.assertEqual((self.wife.family_ids.relative_id, self.wife.family_ids.kind, self.wife.family_ids.evidence), (self.buyer, mirror, 'Register'))
            self.wife.family_ids.write({'kind': 'parent', 'evidence': 'Another'})
            self.check_database()
            self.assertEqual((link.kind, link.evidence), ('child', 'Another'))
            self.wife.family_ids.unlink()
            self.check_database()
            self.assertFalse(self.sql('SELECT 1 FROM property_family_link WHERE %s IN (partner_id, relative_id)', self.buyer.id))

    def test_immediate(self):
        self.link(self.buyer, self.wife, 'spouse')
        self.link(self.buyer, self.child, 'child')
        uncle = self.make_buyer('Uncle')
        self.link(self.buyer, uncle, 'sibling')
        for one, other, expected in (
            (self.buyer, self.wife, True), (self.wife, self.buyer, True), (self.child, self.buyer, True), (self.buyer, self.child, True),
            (self.wife, self.child, False), (self.buyer, uncle, False), (self.buyer, self.buyer, False),
        ):
            self.assertEqual(one._is_immediate_family_of(other), expected)

    def test_refused(self):
        self.link(self.buyer, self.wife, 'spouse')
        other_company = self.env['res.company'].create({'name': 'Beech'})
        elsewhere = self.make_buyer('E', company_id=other_company.id)
        with self.unchanged():
            for partner, relative, kind, sentence in (
                (self.buyer, self.wife, 'sibling', "These two are linked already."), (self.wife, self.buyer, 'sibling', "These two are linked already."),
                (self.buyer, self.buyer, 'other', "Nobody is a relative of himself or herself."),
                (self.buyer, self.child, 'spouse', "One of the two has a spouse already: remove that link first."),
                (self.child, self.wife, 'spouse', "One of the two has a spouse already: remove that link first."),
            ):
                with self.subTest(sentence=sentence), self.refused_by_database(sentence, 'property.family.link'):
                    self.link(partner, relative, kind)
            with self.refused("Family links are between people of one company's buyer file."), self.env.cr.savepoint():
                self.link(self.buyer, elsewhere, 'sibling')
            with self.refused("A link stays between its two people: remove it and make another."):
                self.buyer.family_ids.relative_id = self.child

    def test_one_side_alone(self):
        """By raw SQL neither: the database wants both rows, of kinds that fit, and takes both away."""
        self.link(self.buyer, self.wife, 'child')
        self.check_database()
        for statement in (
            "INSERT INTO property_family_link (partner_id, relative_id, kind, mirror_kind) VALUES (%(one)s, %(three)s, 'sibling', 'sibling')",
            "UPDATE property_family_link SET kind = 'sibling', mirror_kind = 'sibling' WHERE partner_id = %(one)s",
            "UPDATE property_family_link SET kind = 'parent' WHERE partner_id = %(one)s",
            "UPDATE property_family_link SET relative_id = %(three)s WHERE partner_id = %(one)s",
        ):
            with self.subTest(statement=statement), mute_logger('odoo.sql_db'), self.assertRaises(psycopg2.IntegrityError), self.env.cr.savepoint(flush=False):
                self.env.cr.execute(statement, {'one': self.buyer.id, 'three': self.child.id})
                self.env.cr.execute('SET CONSTRAINTS ALL IMMEDIATE')
        self.env.cr.execute('SET CONSTRAINTS ALL DEFERRED')
        self.env.cr.execute("DELETE FROM property_family_link WHERE partner_id = %s", [self.buyer.id])
        self.assertFalse(self.sql('SELECT 1 FROM property_family_link WHERE %s IN (partner_id, relative_id)', self.buyer.id))

    def test_of_a_colleagues_buyer(self):
        """A consultant links his own buyers, and nobody whom he cannot see."""
        links = self.as_user('consultant', self.env['property.family.link'])
        links.create({'partner_id': self.buyer.id, 'relative_id': self.wife.id, 'kind': 'spouse'})
        for partner, relative in ((self.buyer, self.child), (self.child, self.buyer)):
            with self.assertRaises(AccessError), mute_logger('odoo.addons.base.models.ir_rule'), self.env.cr.savepoint():
                links.create({'partner_id': partner.id, 'relative_id': relative.id, 'kind': 'other'})


class TestConsent(BuyerCase):

    def consent(self, **vals):
        return self.as_user('signing', self.env['property.consent']).create({
            'partner_id': self.buyer.id, 'purpose': 'marketing', 'text_version': '2026-01', **vals})

    def test_last_word(self):
        self.assertFalse(self.buyer._has_consent('marketing'))
        given = self.consent(date='2026-01-05')
        self.consent(purpose='sharing', recipient='bank', date='2026-01-05')
        self.assertTrue(self.buyer._has_consent('marketing'))
        self.assertTrue(self.buyer._has_consent('sharing', 'bank'))
        self.assertFalse(self.buyer._has_consent('sharing', 'insurer'))
        self.assertFalse(self.buyer._has_consent('mailing'))
        action = self.as_user('signing', given).action_withdraw()
        with Form(self.as_user('signing', self.env['property.consent']).with_context(**action['context'])) as form:
            self.assertEqual((form.purpose, form.decision), ('marketing', 'withdrawn'))
        self.assertFalse(self.buyer._has_consent('marketing'))
        self.assertTrue(self.buyer._has_consent('sharing', 'bank'))
        self.assertEqual(self.buyer.consent_ids.mapped('decision').count('given'), 2, "what was said stays said")
        self.consent()
        self.assertTrue(self.buyer._has_consent('marketing'))

    def test_who_recorded_it(self):
        self.assertEqual(self.consent(user_id=self.users['manager'].id).user_id, self.users['signing'])

    def test_refused(self):
        with self.unchanged():
            for vals, sentence in (
                ({'purpose': 'sharing'}, "Name the recipient where data is given to one, and nowhere else."),
                ({'recipient': 'bank'}, "Name the recipient where data is given to one, and nowhere else."),
                ({'text_version': False}, "Say which version of the text the person agreed to."),
            ):
                with self.subTest(vals=vals), self.refused_by_database(sentence, 'property.consent'):
                    self.consent(**vals)
            for vals, sentence in (
                ({'date': today() + timedelta(days=1)}, "A consent cannot be of a day that is yet to come."),
                ({'decision': 'withdrawn'}, "There is no such consent to withdraw."),
            ):
                with self.subTest(vals=vals), self.refused(sentence), self.env.cr.savepoint():
                    self.consent(**vals)
            with self.assertRaises(AccessError), mute_logger('odoo.addons.base.models.ir_rule'), self.env.cr.savepoint():
                self.as_user('colleague', self.env['property.consent']).create({'partner_id': self.buyer.id, 'purpose': 'mailing', 'text_version': '1'})

    def test_append_only(self):
        consent, other = self.consent(), self.make_buyer('Other')
        self.env.flush_all()
        sentence = "A consent is never changed or deleted: record the withdrawal as a line of its own."
        for function in (
            lambda: consent.sudo().write({'decision': 'withdrawn'}), lambda: consent.sudo().unlink(), lambda: consent.sudo().write({'partner_id': other.id}),
            lambda: self.env.cr.execute("UPDATE property_consent SET date = '2020-01-01'"), lambda: self.env.cr.execute("DELETE FROM property_consent"),
            lambda: self.env.cr.execute("UPDATE property_consent SET partner_id = %s", [other.id]), lambda: self.env.cr.execute("TRUNCATE property_consent"),
        ):
            with self.refused_by_database(sentence, 'property.consent'):
                function()
        with mute_logger('odoo.sql_db'), self.assertRaises(psycopg2.errors.ForeignKeyViolation), self.env.cr.savepoint():
            self.buyer.sudo().unlink()


class TestMerge(BuyerCase):
    """Odoo's own merge of partners: what hangs on a file goes along, and no two people become one."""

    def setUp(self):
        super().setUp()
        # Odoo's merge is for those who may manage contacts.
        self.users['manager'].group_ids += self.env.ref('base.group_partner_manager')
        self.other = self.make_buyer('Zhang again', phone=PHONE, user_id=self.users['consultant'].id)
        self.wife, self.child = self.make_buyer('Wife'), self.make_buyer('Child', CHILD)

    def merge(self, source, target, post='manager'):
        wizard = self.as_user(post, self.env['base.partner.merge.automatic.wizard']).create({
            'partner_ids': [Command.set((source + target).ids)], 'dst_partner_id': target.id})
        wizard.action_merge()
        self.env.flush_all()
        self.env.cr.execute('SET CONSTRAINTS ALL IMMEDIATE')
        self.env.cr.execute('SET CONSTRAINTS ALL DEFERRED')
        self.env.invalidate_all()
        self.assertFalse(source.exists())

    def test_number_goes_along(self):
        """From a file with a number into one without, and the other way round."""
        self.merge(self.buyer, self.other)
        self.assertEqual((self.other.identity_number, self.other.birth_date, self.other.sex, self.other.nationality_id.code),
                         (f'110***********{PLAIN[-4:]}', date(1985, 3, 12), 'male', 'CN'))
        self.assertEqual(decrypt(self.other, 'identity_number'), PLAIN)
        self.assertEqual(self.env['res.partner']._find_buyers(PLAIN), self.other)
        third = self.make_buyer('Third')
        self.merge(third, self.other)
        self.assertEqual(decrypt(self.other, 'identity_number'), PLAIN)
        self.assertEqual(self.env['property.buyer.merge'].search([], limit=2).mapped(lambda merge: (merge.source_id, merge.target_id, merge.user_id)), [
            (third.id, self.other.id, self.users['manager']), (self.buyer.id, self.other.id, self.users['manager'])])

    def test_into_a_plain_contact(self):
        contact = self.env['res.partner'].create({'name': 'Contact', 'company_id': self.company.id})
        self.users['manager'].group_ids += self.env.ref('base.group_system')
        self.merge(self.buyer, contact)
        self.assertTrue(contact.is_buyer)
        self.assertEqual(decrypt(contact, 'identity_number'), PLAIN)

    def test_links_and_consents_go_along(self):
        Link = self.env['property.family.link']
        for partner, relative, kind in (
            (self.buyer, self.wife, 'spouse'), (self.buyer, self.child, 'child'), (self.other, self.child, 'child'), (self.buyer, self.other, 'sibling'),
        ):
            Link.create({'partner_id': partner.id, 'relative_id': relative.id, 'kind': kind})
        self.env['property.consent'].create([{'partner_id': partner.id, 'purpose': 'mailing', 'text_version': '1'} for partner in self.buyer + self.other])
        consents = (self.buyer + self.other).consent_ids
        self.merge(self.buyer, self.other)
        self.assertEqual(self.other.family_ids.mapped(lambda link: (link.relative_id, link.kind)), [(self.child, 'child'), (self.wife, 'spouse')])
        self.assertEqual((self.wife.family_ids.relative_id, self.child.family_ids.relative_id), (self.other, self.other))
        self.assertEqual(consents.partner_id, self.other)
        self.assertEqual(len(consents.exists()), 2)

    def test_two_people(self):
        """Two numbers are two people."""
        with self.unchanged(), self.refused(
                "These files have an identity number each, so that they are different people: clear the number that is wrong first."), self.env.cr.savepoint():
            self.merge(self.buyer, self.child)

    def test_two_companies_and_the_anonymous(self):
        other_company = self.env['res.company'].create({'name': 'Beech'})
        elsewhere = self.make_buyer('E', company_id=other_company.id)
        with self.refused("Buyers of different companies are not merged: each company keeps its own file."):
            self.env['base.partner.merge.automatic.wizard']._merge((elsewhere + self.other).ids, self.other)
        self.wife._anonymise()
        with self.refused("A file that was made anonymous stays as it is and is merged with no other."):
            self.env['base.partner.merge.automatic.wizard']._merge((self.wife + self.other).ids, self.other)

    def test_log(self):
        self.merge(self.buyer, self.other)
        merge = self.env['property.buyer.merge'].search([], limit=1)
        for function in (
            lambda: merge.sudo().unlink(), lambda: merge.sudo().write({'target_id': 1}), lambda: self.env.cr.execute("DELETE FROM property_buyer_merge"),
            lambda: self.env.cr.execute("UPDATE property_buyer_merge SET source_id = 1"),
        ):
            with self.refused_by_database("The log of merged files is never changed or deleted.", 'property.buyer.merge'):
                function()

    def test_plain_contacts(self):
        """Other partners merge as ever."""
        one, other = self.env['res.partner'].create([{'name': 'One'}, {'name': 'Other'}])
        self.merge(one, other)
        self.assertFalse(self.env['property.buyer.merge'].search([('source_id', '=', one.id)]))


class TestEnd(BuyerCase):
    """Requests about personal data, legal holds, and the end of a file."""

    def setUp(self):
        super().setUp()
        self.wife = self.make_buyer('Wife')

    def test_anonymise(self):
        buyer = self.buyer
        self.env['property.family.link'].create({'partner_id': buyer.id, 'relative_id': self.wife.id, 'kind': 'spouse'})
        consent = self.env['property.consent'].create({'partner_id': buyer.id, 'purpose': 'mailing', 'text_version': '1'})
        bank = self.env['res.partner.bank'].create({'acc_number': ACCOUNT, 'partner_id': buyer.id})
        user = new_test_user(self.env, 'zhang@example.com', groups='base.group_portal', partner_id=buyer.id)
        buyer.write({'email': 'zhang@example.com', 'street': 'Secret Street 1', 'comment': 'Likes the lake', 'service_address': 'Secret Street 2'})
        buyer.message_post(body="He lives in Secret Street", author_id=buyer.id, email_from='zhang@example.com')
        self.env['ir.attachment'].create({'name': 'Zhang.pdf', 'res_model': 'res.partner', 'res_id': buyer.id, 'raw': b'x'})
        elsewhere = self.project.message_post(body="Hello", author_id=buyer.id, email_from='"Zhang" <zhang@example.com>')
        self.env.flush_all()
        self.as_user('manager', buyer).action_anonymise()
        self.env.flush_all()
        self.assertEqual((buyer.name, buyer.active, buyer.is_buyer, buyer.company_id), (f'Anonymous {buyer.id}', False, True, self.company))
        for table, column in (('res_partner', 'id'), ('res_users', 'partner_id'), ('res_partner_bank', 'partner_id')):
            [row] = self.sql(f'SELECT t::text FROM {table} t WHERE {column} = %s', buyer.id)
            for trace in ('Zhang', 'zhang', PHONE, ACCOUNT, 'Secret', 'lake', '1985', '110***', PLAIN):
                self.assertNotIn(trace, str(row), table)
        self.assertFalse(user.active)
        self.assertFalse(self.sql("SELECT 1 FROM ir_attachment WHERE res_model = 'res.partner' AND res_id = %s AND name = 'Zhang.pdf'", buyer.id))
        self.assertEqual(len(buyer.message_ids), 1, "who made it so, and nothing else")
        self.assertFalse(elsewhere.email_from)
        self.assertFalse(self.wife.family_ids)
        self.assertEqual((consent.exists().partner_id, bank.exists().partner_id), (buyer, buyer))
        # It is over for good; the number is free for a new file.
        for vals in ({'name': 'Zhang'}, {'identity_type': 'mainland_id', 'identity_number': PLAIN}, {'phone': PHONE}):
            with self.refused("This file was made anonymous and stays so: make a new file for the person."):
                self.as_user('manager', buyer).write(vals)
        with self.refused("This file is anonymous already."):
            self.as_user('manager', buyer).action_anonymise()
        self.assertTrue(self.make_buyer('Zhang', PLAIN))

    def test_refused(self):
        for post in POSTS:
            if post not in ('manager', 'legal'):
                with self.subTest(post=post), self.assertRaises(AccessError), mute_logger('odoo.addons.base.models.ir_rule', 'odoo.addons.base.models.ir_model'):
                    self.as_user(post, self.buyer).action_anonymise()
        with self.assertRaises(AccessError):
            self.as_user('signing', self.buyer).legal_hold = True
        self.as_user('legal', self.buyer).legal_hold = True
        with self.unchanged(), self.refused("The file of Zhang is under a legal hold: lift it first."):
            self.as_user('manager', self.buyer).action_anonymise()
        with self.assertRaises(AccessError):
            self.as_user('signing', self.buyer).legal_hold = False
        self.as_user('legal', self.buyer).legal_hold = False
        self.patch(type(self.buyer), '_erasure_refusal', lambda partner: "There is a contract of his.")
        with self.unchanged(), self.refused("There is a contract of his."):
            self.as_user('manager', self.buyer).action_anonymise()

    def test_vouchers(self):
        """Whoever has vouchers is kept as long as they are."""
        self.company._load_chinese_chart()
        journal = self.env['account.journal'].search([('company_id', '=', self.company.id), ('type', '=', 'general')], limit=1)
        accounts = self.env['account.account'].search([('company_ids', 'in', self.company.ids), ('account_type', '=', 'asset_current')], limit=1)
        move = self.env['account.move'].create({'journal_id': journal.id, 'date': '2025-03-01', 'line_ids': [
            Command.create({'account_id': accounts.id, 'partner_id': self.buyer.id, 'debit': 5}), Command.create({'account_id': accounts.id, 'credit': 5})]})
        self.assertIsNone(self.buyer._erasure_refusal(), "a draft is no voucher")
        move.action_post()
        with self.unchanged(), self.refused("There are vouchers of Zhang, which must be kept until 2055-03-01."):
            self.as_user('manager', self.buyer).action_anonymise()
        self.env['property.parameter.value'].create({
            'parameter_id': self.env.ref('property_customer_service.parameter_voucher_retention_years').id, 'valid_from': '1991-01-01', 'value': '1'})
        self.assertIsNone(self.buyer._erasure_refusal())

    def test_data_request(self):
        request = self.as_user('service', self.env['property.data.request']).create({'partner_id': self.buyer.id, 'kind': 'copy', 'received_on': '2025-03-03'})
        self.assertEqual((request.state, request.due_date, request.user_id), ('received', date(2025, 3, 24), self.users['service']))
        self.assertRegex(request.name, r'^DR\d{4}-\d{4}$')
        with self.refused("Write down what the person is told first."):
            request.action_answer()
        for vals in ({'partner_id': self.wife.id}, {'kind': 'delete'}, {'received_on': '2025-03-04'}):
            with self.refused("The request stays as it was received: withdraw it and enter another."):
                request.write(vals)
        request.answer = "A copy went by registered mail."
        request.action_answer()
        self.assertEqual((request.state, request.answered_on, request.clock_ids.state), ('answered', today(), 'missed'))
        with self.refused("A request cannot be of a day that is yet to come."), self.env.cr.savepoint():
            self.as_user('service', self.env['property.data.request']).create({'partner_id': self.buyer.id, 'received_on': today() + timedelta(days=1)})
        other = self.as_user('service', self.env['property.data.request']).create({'partner_id': self.buyer.id})
        other.action_withdraw()
        self.assertEqual((other.state, other.clock_ids.state), ('withdrawn', 'cancelled'))

    def test_deletion_on_request(self):
        """Those who may end a file answer it; while the file must be kept it cannot be answered, only refused."""
        request = self.as_user('service', self.env['property.data.request']).create({
            'partner_id': self.buyer.id, 'kind': 'delete', 'answer': "The file is gone."})
        with self.assertRaises(AccessError):
            request.action_answer()
        self.buyer.legal_hold = True
        with self.refused("The file of Zhang is under a legal hold: lift it first."):
            self.as_user('manager', request).action_answer()
        self.assertEqual(request.state, 'received')
        self.buyer.legal_hold = False
        self.as_user('manager', request).action_answer()
        self.assertTrue(self.buyer.anonymised_on)
        self.assertEqual((request.state, request.clock_ids.state), ('answered', 'met'))
