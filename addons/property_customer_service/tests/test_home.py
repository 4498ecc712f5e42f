from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from .common import POSTS
from .test_sales_control import SalesControlCase

# What each post's page has, in its order.
ALL = {'deadlines', 'totals'}
SECTIONS = {
    'consultant': {'asked', 'papers', 'holds', 'movements', 'releases'},
    'salesmanager': {'asked', 'papers', 'holds', 'movements', 'releases', 'prices'},
    'signing': {
        'decisions', 'asked', 'loans', 'papers', 'ending', 'closes', 'movements', 'releases', 'prices', 'permits', 'uncovered'},
    'registration': {'loans', 'papers', 'permits', 'uncovered'},
    'service': {'loans', 'papers'},
    'assistant': {
        'decisions', 'asked', 'loans', 'papers', 'ending', 'closes', 'movements', 'releases', 'prices', 'permits', 'uncovered'},
    'manager': {'decisions', 'loans', 'papers', 'ending', 'closes', 'movements', 'releases', 'prices', 'permits', 'uncovered'},
    'finance': {'decisions', 'closes', 'movements'},
    'legal': {'permits', 'uncovered'},
    'engineering': set(),
    'design': set(),
    'cost': set(),
    'vp': {'decisions', 'closes', 'movements', 'prices', 'permits', 'uncovered'},
    'gm': {'decisions', 'closes', 'movements', 'prices', 'permits', 'uncovered'},
    'auditor': {'closes', 'movements', 'permits', 'uncovered'},
    'administrator': set(),
}


@tagged('post_install', '-at_install')
class TestHome(SalesControlCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.paper_types = cls.env['property.document.type'].create([
            {'name': 'Receipt', 'code': 'test_receipt'}, {'name': 'Form', 'code': 'test_form'}])

    def home(self, post):
        """:return: dict of key → section"""
        self.env.flush_all()
        sections = self.env['property.home'].with_user(self.users[post]).get_home()['sections']
        found = {section['key']: section for section in sections}
        self.assertEqual(len(found), len(sections))
        return found

    def test_sections_of_each_post(self):
        self.assertEqual(set(SECTIONS), set(POSTS))
        for post, sections in SECTIONS.items():
            with self.subTest(post):
                self.assertEqual(set(self.home(post)), sections | ALL)

    def test_every_number_opens_its_list(self):
        self.release()
        self.hold(self.units[:2])
        self.request(units=self.units[2:3]).action_submit()
        self.request('salesmanager', 'release', self.make_units(self.building_2, [1])).write({'reason': 'x'})
        self.price_list._create_next_version()
        self.permit.date_to = fields.Date.add(fields.Date.today(), days=20)
        for post in POSTS:
            sections = self.home(post)
            for key, section in sections.items():
                action = section['action']
                with self.subTest(post, key=key):
                    self.assertEqual(action['type'], 'ir.actions.act_window')
                    found = self.env[action['res_model']].with_user(self.users[post]).search(action['domain'])
                    self.assertEqual(len(found), section['count'])
                    self.assertLessEqual(len(section['rows']), 5)
                    self.assertTrue(section['rows'] or section['empty'])
                for figure in section.get('figures', ()):
                    domain = figure['action']['domain']
                    self.assertEqual(self.env['property.unit'].with_user(self.users[post]).search_count(domain), figure['value'])

    def test_own_holds_and_what_was_asked(self):
        with freeze_time('2026-03-02 01:00:00'):
            self.release()
            later = self.hold(self.units[:1], hours=20)
            sooner = self.hold(self.units[1:3], hours=5)
            waiting = self.request(units=self.units[3:4])
            waiting.action_submit()
            self.hold(self.units[4:5], post='salesmanager')
            sections = self.home('consultant')
        section = sections['holds']
        self.assertEqual([row['res_id'] for row in section['rows']], [sooner.id, later.id])
        self.assertEqual(section['rows'][0]['title'], f'{self.units[1].full_name} and 1 more')
        self.assertEqual(section['rows'][0]['until'], '2026-03-02T06:00:00Z')
        self.assertEqual([row['tone'] for row in section['rows']], ['warning', False])
        [row] = sections['asked']['rows']
        self.assertEqual((row['res_model'], row['res_id']), (waiting._name, waiting.id))
        self.assertIn("waits for Department Manager", row['text'])

    def test_decisions_are_those_that_the_user_may_take(self):
        self.release()
        day, days, week = (self.request(units=unit, hours=hours) for unit, hours in zip(self.units[:3], (24, 72, 168), strict=True))
        own = self.request('manager', units=self.units[3:4])
        offer = self.request('consultant', 'release', self.make_units(self.building_2, [1]))
        self.activate(self.make_list(offer.unit_ids))
        self.permit.coverage_ids = [fields.Command.create({'building_id': self.building_2.id})]
        for request in (day, days, week, own, offer):
            request.action_submit()
        # Nobody but he himself is department manager: the vice-president stands in.
        for post, expected in (('manager', day), ('vp', days | own), ('gm', week), ('signing', offer), ('assistant', self.env[day._name])):
            with self.subTest(post):
                section = self.home(post)['decisions']
                self.assertEqual([row['res_id'] for row in section['rows']], expected.ids)
                self.assertEqual(section['count'], len(expected))
        self.assertEqual([row['res_id'] for row in self.home('manager')['asked']['rows']], own.ids)
        # The button does it.
        button = self.home('manager')['decisions']['rows'][0]['buttons'][0]
        getattr(self.env[button['res_model']].with_user(self.users['manager']).browse(button['res_id']), button['method'])()
        self.assertEqual(day.state, 'active')
        self.assertEqual(self.home('manager')['decisions']['count'], 0)

    def test_nothing_of_other_projects(self):
        self.release()
        foreign = self.make_units(self.other_building, [1])
        self.activate(self.make_list(foreign))
        self.env['property.permit'].create({
            'name': 'P-2', 'project_id': self.other_project.id, 'date_issue': '2025-01-01',
            'coverage_ids': [fields.Command.create({'building_id': self.other_building.id})]})
        batch = self.env['property.release.batch'].with_user(self.users['signing']).create({
            'title': 'Far', 'project_id': self.other_project.id, 'unit_ids': foreign.ids})
        self.open(batch)
        sections = self.home('consultant')
        self.assertEqual(sections['totals']['count'], 10)
        self.assertEqual(sections['movements']['count'], 10)
        self.assertNotIn('Far', str(sections))
        self.assertNotIn(foreign[0].full_name, str(sections))
        # The officer sees both, by project.
        self.assertEqual([row['title'] for row in self.home('signing')['totals']['rows']], ['Acorn Hill', 'Birch Lane'])
        self.assertEqual(self.home('signing')['movements']['count'], 12)

    def test_totals(self):
        self.release(self.units[:6])
        self.hold(self.units[:2])
        section = self.home('consultant')['totals']
        self.assertEqual([(figure['class'], figure['value']) for figure in section['figures']], [
            ('o_unit_unreleased', 4), ('o_unit_available', 4), ('o_unit_held', 2)])
        [row] = section['rows']
        self.assertEqual((row['title'], row['text']), ('B1', '4 available, 2 held, 0.0% sold'))
        self.assertEqual(row['action']['params'], {'building_id': self.building.id})

    def test_releases_and_prices(self):
        with freeze_time('2026-03-01 00:00:00'):
            batch = self.env['property.release.batch'].with_user(self.users['signing']).create({
                'title': 'Spring', 'project_id': self.project.id, 'unit_ids': self.units.ids, 'date_open': '2026-03-05 01:00:00'})
            self.assertEqual(self.home('signing')['releases']['count'], 1)
            self.assertEqual(self.home('consultant')['releases']['count'], 0)
            self.open(batch)
            [row] = self.home('consultant')['releases']['rows']
            self.assertEqual((row['title'], row['at'], row['res_id']), ('Spring', '2026-03-05T01:00:00Z', batch.id))
            self.assertEqual(self.home('vp')['releases']['count'], 1)
        following = self.price_list._create_next_version()
        following.line_ids[0].unit_price = 12000
        [row] = self.home('manager')['prices']['rows']
        self.assertEqual((row['res_id'], row['text']), (following.id, '1 of 10 units change'))
        self.assertNotIn('prices', self.home('consultant'))

    def test_permits(self):
        self.make_units(self.building_2, [1])
        with freeze_time('2026-03-01 00:00:00'):
            def titles(key):
                section = self.home('registration')[key]
                self.assertEqual(self.env[section['action']['res_model']].search_count(section['action']['domain']), section['count'])
                return [row['title'] for row in section['rows']]
            self.assertEqual((titles('permits'), titles('uncovered')), ([], ['B2']))
            self.permit.date_to = '2026-04-01'
            self.assertEqual((titles('permits'), titles('uncovered')), (['P-1'], ['B2']))
            self.permit.date_to = '2026-02-28'
            self.assertEqual((titles('permits'), titles('uncovered')), ([], ['B1', 'B2']))
            self.permit.date_to = False
            self.assertEqual(titles('uncovered'), ['B2'])
            self.permit.action_revoke('Withdrawn')
            self.assertEqual((titles('permits'), titles('uncovered')), ([], ['B1', 'B2']))
        self.assertNotIn('permits', self.home('consultant'))

    def test_deadlines_of_the_responsible_and_of_the_watchers(self):
        Clock = self.env['property.clock']
        kind = self.env['property.clock.kind']._by_code('filing')
        with freeze_time('2026-03-01 00:00:00'):
            vals = {
                'name': 'SC-1', 'res_model': 'property.unit', 'res_id': self.units[0].id, 'kind_id': kind.id, 'company_id': self.company.id,
                'user_id': self.users['registration'].id, 'count': 'days', 'amount': 3, 'start': '2026-02-20 00:00:00'}
            Clock._permitted().create([
                {**vals, 'due': '2026-02-27 15:59:59', 'due_date': '2026-02-27'},
                {**vals, 'res_id': self.units[1].id, 'due': '2026-03-20 15:59:59', 'due_date': '2026-03-20'}])
            section = self.home('registration')['deadlines']
            self.assertEqual((section['count'], section['tone']), (1, 'danger'))
            self.assertEqual(section['rows'][0]['on'], '2026-02-27')
            self.assertEqual(self.home('manager')['deadlines']['count'], 1)
            self.assertEqual(self.home('service')['deadlines']['count'], 0)

    def test_only_for_those_with_a_post(self):
        Home = self.env['property.home']
        internal = new_test_user(self.env, 'no-post', 'base.group_user')
        portal = new_test_user(self.env, 'buyer', 'base.group_portal')
        for user in (internal, portal, self.env.ref('base.public_user')):
            with self.subTest(user.login), self.assertRaises(AccessError):
                Home.with_user(user).get_home()
        bare = new_test_user(self.env, 'bare', 'property_base.group_user')
        self.assertEqual([section['key'] for section in Home.with_user(bare).get_home()['sections']], ['deadlines'])

    def test_empty_page(self):
        for post in POSTS:
            for key, section in self.home(post).items():
                if not section['count'] and key != 'totals':
                    with self.subTest(post, key=key):
                        self.assertRegex(section['empty'], r'^[^\n]{10,120}\.$')

    def test_queries_do_not_grow(self):
        more = self.make_units(self.building, range(11, 20))
        self.activate(self.make_list(more))
        self.release(self.units | more)
        # Each section is longer than what it shows: more make no difference.
        for unit in self.units[:6]:
            self.hold(unit)
        for unit in more[:6]:
            self.request(units=unit).action_submit()
        Home = self.env['property.home']

        def queries(post):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            Home.with_user(self.users[post]).get_home()
            return self.env.cr.sql_log_count - before
        posts = ('consultant', 'manager', 'vp', 'registration')
        for post in posts:
            queries(post)
        few = [queries(post) for post in posts]
        for unit in self.units[6:]:
            self.hold(unit)
        for unit in more[6:]:
            self.request(units=unit).action_submit()
        self.assertEqual([queries(post) for post in posts], few)
        self.assertLessEqual(max(few), 46, few)

    def test_days_that_nobody_closed(self):
        with freeze_time('2026-03-02 01:00:00'):
            self.release()
            close = self.env['property.inventory.close'].with_user(self.users['signing']).create({
                'project_id': self.project.id, 'date': '2026-03-02'})
            self.assertEqual(self.home('signing')['closes']['count'], 0)
        with freeze_time('2026-03-03 01:00:00'):
            for post in ('signing', 'manager', 'vp', 'finance', 'auditor'):
                self.assertEqual([row['res_id'] for row in self.home(post)['closes']['rows']], close.ids)
            close.action_close()
            section = self.home('signing')['closes']
            self.assertEqual((section['count'], section['rows']), (0, []))
            self.assertIn('2026-03-02', section['empty'])

    def test_loans_of_the_keepers_and_of_the_borrower(self):
        papers = self.env['property.document'].create([{
            'res_model': self.project._name, 'res_id': self.project.id, 'document_name': 'Acorn Hill', 'project_id': self.project.id,
            'company_id': self.company.id, 'type_id': paper_type.id, 'due_date': '2026-03-05'} for paper_type in self.paper_types])
        with freeze_time('2026-03-01 01:00:00'):
            section = self.home('registration')['papers']
            self.assertEqual([row['res_id'] for row in section['rows']], papers.ids)
            self.assertEqual((section['figures'], [row['tone'] for row in section['rows']]), ([], [False, False]))
            papers[0].with_user(self.users['registration']).action_receive()
            loan = self.env['property.document.loan'].with_user(self.users['registration']).create({
                'document_id': papers[0].id, 'borrower_id': self.users['finance'].id, 'purpose': 'Audit', 'originals': 1,
                'due_date': '2026-03-02'})
            self.assertEqual(self.home('registration')['loans']['count'], 0)
            self.assertNotIn('loans', self.home('finance'))
        with freeze_time('2026-03-06 01:00:00'):
            section = self.home('registration')['papers']
            self.assertEqual([(row['res_id'], row['tone']) for row in section['rows']], [(papers[1].id, 'danger')])
            self.assertEqual([figure['value'] for figure in section['figures']], [1])
            for post in ('registration', 'manager', 'finance'):
                self.assertEqual([row['res_id'] for row in self.home(post)['loans']['rows']], loan.ids)
            self.assertNotIn('loans', self.home('legal'))
            loan.action_return()
            self.assertEqual(self.home('registration')['loans']['rows'], [])
            self.assertNotIn('loans', self.home('finance'))
