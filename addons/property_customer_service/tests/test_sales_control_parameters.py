from datetime import date

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .test_sales_control import SalesControlCase


@tagged('post_install', '-at_install')
class TestParameters(SalesControlCase):
    """Limits with dates, for all, for a company and for a project."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with freeze_time('2025-06-01'):
            cls.release()
        cls.limit = cls.env.ref('property_customer_service.parameter_hold_hours_department_manager')
        cls.Value = cls.env['property.parameter.value']

    def value(self, value, valid_from='2026-01-01', company=True, project=None, parameter=None, **more):
        return self.Value.create({
            'parameter_id': (parameter or self.limit).id, 'valid_from': valid_from, 'value': value,
            'company_id': self.company.id if company else False, 'project_id': project and project.id, **more})

    def approver(self, hours, day, project=None, **values):
        project = project or self.project
        request = self.env['property.unit.request'].new({'kind': 'hold', 'project_id': project.id, 'hours': hours, **values})
        with freeze_time(f'{day} 04:00:00'):
            figures = request._approval_figures()
            rule = self.env['property.approval.rule']._of_documents(request)._for_document(request, figures)
            group = rule._steps_for(request, figures).group_id
        return group.get_external_id()[group.id].removeprefix('property_base.group_')

    def test_as_shipped(self):
        for hours, post in ((1, 'department_manager'), (24, 'department_manager'), (24.1, 'vice_president'), (72, 'vice_president'),
                            (72.1, 'general_manager'), (8760, 'general_manager')):
            self.assertEqual(self.approver(hours, '2026-03-02'), post, hours)
        self.assertEqual(
            [(parameter.source, parameter.value_ids.mapped('value')) for parameter in self.env['property.parameter'].search(
                [('code', '=like', 'hold\\_hours\\_%')], order='code')],
            [('[A]', ['24']), ('[A], P7', ['24']), ('[A], P7', ['72'])])

    def test_by_day_company_and_project(self):
        self.value('48', '2026-03-01')
        self.value('12', '2026-03-01', project=self.project)
        for hours, day, project, post in (
            (24, '2026-02-28', self.project, 'department_manager'), (24, '2026-03-01', self.project, 'vice_president'),
            (12, '2026-03-01', self.project, 'department_manager'), (48, '2026-03-01', self.other_project, 'department_manager'),
            (48, '2026-02-28', self.other_project, 'vice_president'),
        ):
            with self.subTest(hours=hours, day=day, project=project.name):
                self.assertEqual(self.approver(hours, day, project), post)

    def test_the_day_is_the_projects(self):
        """A request of one in the morning in Shanghai is of that day, though it is still yesterday in UTC."""
        self.value('12', '2026-03-02', project=self.project)
        for moment, post in (('2026-03-01 15:59:59', 'department_manager'), ('2026-03-01 16:00:00', 'vice_president')):
            self.assertEqual(self.approver(24, '2030-01-01', submitted_at=fields.Datetime.to_datetime(moment)), post, moment)

    def test_a_later_limit_does_not_move_a_submitted_request(self):
        with freeze_time('2026-03-01 04:00:00'):
            request = self.request(hours=24)
            request.action_submit()
        self.value('12', '2026-03-02', project=self.project)
        with freeze_time('2026-03-05 04:00:00'):
            self.env.invalidate_all()
            self.assertEqual(request.approval_waiting_for, "Department Manager")
            request.with_user(self.users['manager']).action_approve()
            self.assertEqual(request.state, 'active')

    def test_extensions_add_up(self):
        """Three times eight hours are a day, and the next eight are the vice-president's."""
        with freeze_time('2026-03-02 01:00:00'):
            hold = self.hold(hours=8)
            for _time in range(2):
                extension = self.request(kind='extend', hours=8, hold_id=hold.id)
                extension.action_submit()
                extension.with_user(self.users['manager']).action_approve()
            extension = self.request(kind='extend', hours=8, hold_id=hold.id)
            extension.action_submit()
            self.assertNothing("waits for Vice-President", extension.with_user(self.users['manager']).action_approve)
            extension.with_user(self.users['vp']).action_approve()
        self.assertEqual(str(hold.expiry), '2026-03-03 09:00:00')

    def test_usual_hours(self):
        self.value('36', '2000-01-01', project=self.project, parameter=self.env.ref('property_customer_service.parameter_hold_hours_default'))
        Request = self.env['property.unit.request']
        values = {'reason': 'x', 'unit_ids': self.units[:1].ids, 'project_id': self.project.id}
        self.assertEqual(Request.create({**values, 'kind': 'hold'}).hours, 36)
        self.assertEqual(Request.create({**values, 'kind': 'hold', 'hours': 5}).hours, 5)
        self.assertEqual(Request.create({**values, 'kind': 'release'}).hours, 0)
        self.assertEqual(Request.new({'kind': 'hold', 'project_id': self.other_project.id}).hours, 24)

    def test_company_of_the_project(self):
        other = self.env['res.company'].create({'name': 'Beech Estates', 'currency_id': self.env.ref('base.CNY').id})
        sentence = "Acorn Hill belongs to Acorn Estates: a value for it is a value of that company."
        for company in (False, other.id):
            with self.refused(sentence), self.env.cr.savepoint():
                self.value('9', project=self.project, company_id=company)
        mine = self.value('9', project=self.project)
        # A project with parameters does not leave its company.
        empty = self.env['property.project'].create({'name': 'New', 'company_id': self.company.id})
        self.value('9', project=empty)
        with self.refused("New has parameters of its own and stays with its company."):
            empty.company_id = other
        self.assertEqual((mine.company_id, empty.company_id), (self.company, self.company))
        # Nor twice the same.
        with self.refused_by_database("This parameter has a value from that day on already.", 'property.parameter.value'):
            self.value('10', project=self.project)

    def test_who_sees_a_projects_values(self):
        own, other, all_ = (
            self.value('9', project=self.project), self.value('9', project=self.other_project), self.value('9'))
        for post, user in self.users.items():
            found = self.Value.with_user(user).search([('id', 'in', (own + other + all_).ids)])
            self.assertEqual(found, own + all_ if post in ('consultant', 'salesmanager') else own + other + all_, post)
        with self.assertRaises(AccessError):
            other.with_user(self.users['consultant']).read(['value'])
        # The rule is about who reads the list of values; calculations use them for everybody.
        self.assertEqual(self.env['property.parameter'].with_user(self.users['consultant'])._get(
            self.limit.code, date(2026, 5, 1), self.company, project_id=self.other_project), 9)


@tagged('post_install', '-at_install')
class TestDeadlinesOfProjects(SalesControlCase):

    def clock(self, project, user=None):
        kind = self.env['property.clock.kind'].search([], limit=1)
        return self.env['property.clock']._permitted().create({
            'name': 'C', 'res_model': 'property.unit.request', 'kind_id': kind.id, 'count': 'days',
            'company_id': self.company.id, 'start': '2025-01-01', 'due': '2025-01-02', 'due_date': '2025-01-02',
            'project_id': project.id, 'user_id': user and user.id, 'state': 'running', 'res_id': project.id or 1}).with_context(
                property_permit=None)

    def test_who_sees_what_is_due(self):
        own, other, none = self.clock(self.project), self.clock(self.other_project), self.clock(self.env['property.project'])
        reminders = self.env['property.clock.reminder'].create([{'clock_id': clock.id} for clock in (own, other, none)])
        for post, user in self.users.items():
            sales = post in ('consultant', 'salesmanager')
            Clock, Reminder = self.env['property.clock'].with_user(user), self.env['property.clock.reminder'].with_user(user)
            self.assertEqual(set(Clock.search([('id', 'in', (own + other + none).ids)])), {own} if sales else {own, other, none}, post)
            self.assertEqual(Reminder.search([('id', 'in', reminders.ids)]).clock_id, own if sales else own + other + none, post)

    def test_ones_own_is_seen(self):
        theirs = self.clock(self.other_project, self.users['consultant'])
        self.assertTrue(theirs.with_user(self.users['consultant']).has_access('read'))
        self.assertFalse(theirs.with_user(self.users['salesmanager']).has_access('read'))

    def test_grouped_by_project(self):
        self.clock(self.project)
        groups = self.env['property.clock'].with_user(self.users['manager'])._read_group(
            [('project_id', '=', self.project.id)], ['project_id'], ['__count'])
        self.assertEqual(groups, [(self.project, 1)])
