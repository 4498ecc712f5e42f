from datetime import date
from decimal import Decimal

import psycopg2
from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import TransactionCase, new_test_user
from odoo.tools import mute_logger


class TestParameter(TransactionCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context={**cls.env.context, 'lang': 'en_US'})
        cls.company, cls.other = cls.env['res.company'].create([{'name': 'Acorn'}, {'name': 'Birch'}])
        cls.users = {name: new_test_user(
            cls.env, f'parameter-{name}', groups=f'property_base.group_{name}', company_id=cls.company.id, company_ids=cls.company.ids)
            for name in ('administrator', 'department_manager', 'auditor', 'signing')}
        cls.parameter = cls.env['property.parameter'].create({'code': 'test_days', 'name': 'Test days', 'kind': 'integer'})
        cls.Parameter, cls.Value = cls.env['property.parameter'], cls.env['property.parameter.value']

    def add(self, valid_from, value, company=None, parameter=None, user=None):
        return self.Value.with_user(user or self.env.user).create({
            'parameter_id': (parameter or self.parameter).id, 'valid_from': valid_from, 'value': value, 'company_id': company and company.id})

    def get(self, day, company=None, code='test_days'):
        return self.Parameter._get(code, date.fromisoformat(day), company)

    def test_by_date(self):
        self.add('2020-01-01', '30')
        self.add('2025-01-01', '20')
        for day, value in (('2020-01-01', 30), ('2024-12-31', 30), ('2025-01-01', 20), ('2099-01-01', 20)):
            self.assertEqual(self.get(day), value)
            self.assertIsInstance(self.get(day), int)
        with self.assertRaises(UserError) as refusal:
            self.get('2019-12-31')
        self.assertEqual(
            str(refusal.exception),
            "No value of the parameter “Test days” is in force on 2019-12-31: add one under Configuration › Parameters.")
        with self.assertRaises(UserError) as refusal:
            self.get('2025-01-01', code='nowhere')
        self.assertIn("“nowhere”", str(refusal.exception))

    def test_by_company(self):
        self.add('2020-01-01', '30')
        self.add('2025-01-01', '20')
        self.add('2022-01-01', '10', self.company)
        self.assertEqual(self.get('2021-01-01', self.company), 30)
        self.assertEqual(self.get('2022-01-01', self.company), 10)
        self.assertEqual(self.get('2025-06-01', self.company), 10, "its own before a later one of everybody")
        self.assertEqual(self.get('2025-06-01', self.other), 20)
        self.assertEqual(self.get('2025-06-01'), 20)
        with self.assertRaises(ValueError):
            self.Parameter._get('test_days', date(2025, 6, 1), self.company, warehouse_id=self.company)

    def test_cache_follows(self):
        value = self.add('2099-01-01', '30')
        self.assertEqual(self.get('2099-01-01'), 30)
        value.value = '31'
        self.assertEqual(self.get('2099-01-01'), 31)
        self.add('2099-02-01', '32')
        self.assertEqual(self.get('2099-02-01'), 32)
        value.unlink()
        with self.assertRaises(UserError):
            self.get('2099-01-01')
        self.get('2099-02-01')
        with self.assertQueryCount(0):
            self.get('2099-02-01')

    def test_kinds(self):
        for kind, text, value in (('decimal', '3.50', Decimal('3.5')), ('percent', '5%', Decimal('0.05')), ('text', 'x', 'x'), ('boolean', '是', True)):
            parameter = self.Parameter.create({'code': f'test_{kind}', 'name': kind, 'kind': kind})
            self.add('2025-01-01', text, parameter=parameter)
            self.assertEqual(self.get('2025-01-01', code=f'test_{kind}'), value)
        for other, text in ((self.parameter, 'x'), (self.parameter, '3.5'), (self.parameter, ''), (parameter, 'maybe')):
            with self.assertRaises(ValidationError) as refusal:
                self.add('2026-01-01', text, parameter=other)
            self.assertIn(f"“{text}” is no value for “{other.name}”: type ", str(refusal.exception))

    @mute_logger('odoo.sql_db')
    def test_unique(self):
        self.add('2025-01-01', '30')
        self.add('2025-01-01', '31', self.company)
        for company in (None, self.company):
            with self.assertRaises(psycopg2.errors.UniqueViolation), self.env.cr.savepoint():
                self.add('2025-01-01', '32', company)
        with self.assertRaises(psycopg2.errors.UniqueViolation), self.env.cr.savepoint():
            self.Parameter.create({'code': 'test_days', 'name': 'Twice'})

    def test_index_follows_the_scopes(self):
        self.env.cr.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'property_parameter_value_scope_uniq'")
        definition = self.env.cr.fetchone()[0]
        for name in self.Value._scope_fields:
            self.assertIn(f'COALESCE({name}, 0)', definition)

    @freeze_time('2026-03-15 17:00:00')  # 16 March, 01:00 in Shanghai
    def test_in_force_is_not_edited(self):
        past, today, future = self.add('2020-01-01', '30'), self.add('2026-03-16', '31'), self.add('2026-03-17', '32')
        for user in (self.env.user, *(self.users[name] for name in ('administrator', 'department_manager'))):
            for value in (past, today):
                for vals in ({'value': '99'}, {'valid_from': '2026-05-01'}, {'company_id': self.company.id}):
                    with self.assertRaises(UserError) as refusal:
                        value.with_user(user).write(vals)
                    self.assertIn("is in force and documents were made by it: add a new value valid from", str(refusal.exception))
                with self.assertRaises(UserError):
                    value.with_user(user).unlink()
            self.assertTrue(past.with_user(user).write({'value': '30', 'valid_from': '2020-01-01'}), "nothing changes")
        manager = self.users['department_manager']
        future.with_user(manager).value = '33'
        with self.assertRaises(UserError):
            future.with_user(manager).valid_from = '2026-03-15'
        self.assertEqual(self.get('2026-03-17'), 33)
        future.with_user(manager).unlink()
        self.assertEqual(self.get('2026-03-17'), 31)

    @freeze_time('2026-03-15 17:00:00')
    def test_who_adds(self):
        self.add('2026-03-16', '30', user=self.users['department_manager'])
        with self.assertRaises(UserError) as refusal:
            self.add('2026-03-15', '30', user=self.users['department_manager'])
        self.assertEqual(str(refusal.exception), "Only an administrator may add a value valid from a past day: choose today or a later day.")
        self.add('2026-03-15', '30', user=self.users['administrator'])
        for name in ('auditor', 'signing'):
            with self.assertRaises(AccessError):
                self.add('2027-01-01', '30', user=self.users[name])
            with self.assertRaises(AccessError):
                self.parameter.with_user(self.users[name]).value_ids[0].unlink()
            self.assertEqual(len(self.parameter.with_user(self.users[name]).value_ids), 2)

    def test_never_silently(self):
        future = self.add('2099-01-01', '30', user=self.users['department_manager'])
        future.with_user(self.users['department_manager']).value = '31'
        future.with_user(self.users['administrator']).unlink()
        messages = self.parameter.message_ids.sorted('id').filtered(lambda message: '2099' in (message.body or ''))
        self.assertEqual(messages.mapped(lambda message: str(message.body)), [
            '<p>New value 30 from 2099-01-01 on (everywhere)</p>',
            '<p>Value 30 from 2099-01-01 on (everywhere) became 31 from 2099-01-01 on (everywhere)</p>',
            '<p>Value 31 from 2099-01-01 on (everywhere) was taken away before it came into force</p>'])
        self.assertEqual(messages.author_id, (self.users['department_manager'] + self.users['administrator']).partner_id)

    def test_definition_stays(self):
        self.parameter.code = 'test_days_2'
        self.add('2025-01-01', '30')
        for vals in ({'code': 'x'}, {'kind': 'text'}):
            with self.assertRaises(UserError):
                self.parameter.with_user(self.users['administrator']).write(vals)
        self.parameter.write({'name': 'Renamed', 'kind': 'integer'})
        with mute_logger('odoo.sql_db'), self.assertRaises(psycopg2.errors.ForeignKeyViolation), self.env.cr.savepoint():
            self.parameter.unlink()

    def test_other_companies(self):
        mine, theirs = self.add('2025-01-01', '1', self.company), self.add('2025-01-01', '2', self.other)
        found = self.Value.with_user(self.users['signing']).search([('parameter_id', '=', self.parameter.id)])
        self.assertEqual(found, mine)
        with self.assertRaises(AccessError):
            self.Value.browse(theirs.id).with_user(self.users['administrator']).read(['value'])

    def test_shipped(self):
        for code, value in (('filing_days', 30), ('filing_target_days', 7), ('title_documents_days', 60), ('title_days', 90), ('data_request_days', 15)):
            self.assertEqual(self.Parameter._get(code, date(2025, 3, 3)), value)
