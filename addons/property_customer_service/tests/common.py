from contextlib import contextmanager

import psycopg2

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import TransactionCase
from odoo.tools import mute_logger

# One user for each post; the sales posts are posted to the first project only.
POSTS = {
    'consultant': 'group_sales_consultant',
    'salesmanager': 'group_sales_manager',
    'signing': 'group_signing',
    'registration': 'group_registration',
    'service': 'group_service',
    'assistant': 'group_assistant_manager',
    'manager': 'group_department_manager',
    'finance': 'group_finance',
    'legal': 'group_legal',
    'engineering': 'group_engineering',
    'design': 'group_design',
    'cost': 'group_cost',
    'vp': 'group_vice_president',
    'gm': 'group_general_manager',
    'auditor': 'group_auditor',
    'administrator': 'group_administrator',
}


class PropertyCase(TransactionCase):
    """A small estate, one user for each post, and ways to say how something must be refused."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context={'tracking_disable': True, 'no_reset_password': True, 'lang': 'en_US'})
        cls.company = cls.env['res.company'].create({'name': 'Acorn Estates', 'currency_id': cls.env.ref('base.CNY').id})
        cls.users = cls.make_users(POSTS, cls.company)
        cls.env = cls.env(context={**cls.env.context, 'allowed_company_ids': cls.company.ids})
        cls.project = cls.env['property.project'].create({
            'name': 'Acorn Hill',
            'company_id': cls.company.id,
            'manager_id': cls.users['salesmanager'].id,
            'member_ids': [Command.set(cls.users['consultant'].ids)],
        })
        cls.other_project = cls.env['property.project'].create({'name': 'Birch Lane', 'company_id': cls.company.id})
        cls.building, cls.building_2 = cls.env['property.building'].create([
            {'name': 'B1', 'project_id': cls.project.id}, {'name': 'B2', 'project_id': cls.project.id}])
        cls.other_building = cls.env['property.building'].create({'name': 'X1', 'project_id': cls.other_project.id})
        cls.layout, cls.layout_2 = cls.env['property.layout'].create([
            {'name': 'A', 'project_id': cls.project.id}, {'name': 'B', 'project_id': cls.project.id}])
        cls.other_layout = cls.env['property.layout'].create({'name': 'A', 'project_id': cls.other_project.id})

    @classmethod
    def make_users(cls, posts, company, prefix='test'):
        """:return dict: post → user of the company"""
        users = cls.env['res.users'].create([{
            'name': post, 'login': f'{prefix}-{post}', 'email': f'{prefix}-{post}@example.com', 'tz': 'UTC',
            'company_id': company.id, 'company_ids': [Command.set(company.ids)],
            # With the right to export, so that a refused export is ours and not Odoo's.
            'group_ids': [Command.set((cls.env.ref(f'property_base.{group}') + cls.env.ref('base.group_allow_export')).ids)],
        } for post, group in posts.items()])
        return dict(zip(posts, users, strict=True))

    # ------------------------------------------------------------------ the estate

    @classmethod
    def make_units(cls, building, floors, stacks=('01', '02'), stair='1', **values):
        """Flats of 100 ㎡ (inside 80 ㎡), named by floor and stack."""
        return cls.env['property.unit'].create([{
            'name': f'{floor:02}{stack}', 'floor': floor, 'stair': stair, 'building_id': building.id,
            'gross_area': 100, 'inside_area': 80, 'shared_area': 20, **values,
        } for floor in floors for stack in stacks])

    @classmethod
    def make_list(cls, units, unit_price=10000, **values):
        price_list = cls.env['property.price.list'].create({'project_id': units.project_id.id, 'title': 'Prices', **values})
        cls.env['property.price.list.line'].create([
            {'list_id': price_list.id, 'unit_id': unit.id, 'unit_price': unit_price, 'floor_price': 0} for unit in units])
        return price_list

    @classmethod
    def activate(cls, price_lists):
        """Put in force as the last decision does it; who decides is another test's."""
        for price_list in price_lists.sudo():
            price_list._check_submission()
            price_list._transition('submitted')
            price_list._on_approved()

    def as_user(self, post, records):
        return records.with_user(self.users[post])

    def sql(self, query, *params):
        self.env.flush_all()
        self.env.cr.execute(query, params)  # pylint: disable=sql-injection
        return self.env.cr.fetchall()

    # ------------------------------------------------------------------ refusals

    def assertSentence(self, text):
        """What the user reads is one sentence, and nothing of Python or PostgreSQL."""
        self.assertRegex(text, r'^[^\n]{10,240}\.$')
        self.assertNotRegex(text, r'Traceback|psycopg|violat|constraint|property_|DETAIL|relation')

    @contextmanager
    def refused(self, sentence, error=UserError):
        with self.assertRaises(error) as refusal:
            yield
        self.assertEqual(str(refusal.exception), sentence)
        self.assertSentence(sentence)
        self.env.invalidate_all()

    @contextmanager
    def refused_by_database(self, sentence, model):
        """An integrity error whose constraint words itself as ``sentence`` to the user."""
        with mute_logger('odoo.sql_db'), self.assertRaises(psycopg2.IntegrityError) as refusal, self.env.cr.savepoint():
            yield
            self.env.flush_all()
        self.assertEqual(self.env[model]._sql_error_to_message(refusal.exception), sentence)
        self.assertSentence(sentence)
        self.env.invalidate_all()

    def assertLoadRefused(self, model, fields, rows, sentence):
        """``load()`` writes nothing and says why."""
        table = model._table
        before = self.sql(f'SELECT * FROM {table} ORDER BY id')
        with mute_logger('odoo.sql_db'):
            result = model.load(fields, rows)
        self.assertFalse(result['ids'])
        self.assertIn(sentence, ' | '.join(message['message'] for message in result['messages']))
        self.env.invalidate_all()
        self.assertEqual(self.sql(f'SELECT * FROM {table} ORDER BY id'), before)
