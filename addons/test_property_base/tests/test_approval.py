from datetime import timedelta

import psycopg2
from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, TransactionCase, new_test_user, tagged
from odoo.tools import mute_logger

BY_HAND = "An approval moves by submitting, deciding and withdrawing, not by editing it."
NOT_BY_HAND = "A decision is made on its request, by whoever's turn it is, and not by hand."
KEPT = "A decision that was made is never changed or deleted."
OWN = "Nobody decides on an own request."


class ApprovalCase(TransactionCase):
    """Claims: the manager, then finance and legal side by side, then the vice-president above 100 and the general manager above 1,000."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env['res.lang']._activate_lang('en_US')
        cls.env = cls.env(context={**cls.env.context, 'lang': 'en_US', 'no_reset_password': True})
        cls.company = cls.env['res.company'].create({'name': 'Acorn Estates', 'currency_id': cls.env.ref('base.CNY').id})
        cls.users = {}
        for login, group in {
            'asker': 'group_sales_consultant', 'manager': 'group_department_manager', 'finance': 'group_finance',
            'legal': 'group_legal', 'vp': 'group_vice_president', 'gm': 'group_general_manager', 'service': 'group_service',
            'auditor': 'group_auditor', 'administrator': 'group_administrator',
        }.items():
            cls.users[login] = new_test_user(
                cls.env, f'approval-{login}', groups=f'property_base.{group}', name=login, email=f'{login}@example.com',
                company_id=cls.company.id, company_ids=[Command.set(cls.company.ids)], notification_type='email', lang='en_US')
        cls.portal = new_test_user(cls.env, 'approval-portal', groups='base.group_portal')
        cls.env = cls.env(context={**cls.env.context, 'allowed_company_ids': cls.company.ids})
        cls.metrics = {code: cls.env['property.approval.metric'].create({'code': f'test_{code}', 'name': code.title()})
                       for code in ('amount', 'discount', 'days')}
        cls.type = cls.env['property.approval.type'].create({
            'name': 'Claim', 'code': 'test_claim', 'metric_ids': [Command.set([metric.id for metric in cls.metrics.values()])],
            'subtype_ids': [Command.create({'code': code, 'name': code.title()}) for code in ('normal', 'special')]})
        cls.rule = cls.env['property.approval.rule'].create({
            'name': 'Claims', 'type_id': cls.type.id, 'step_ids': [
                Command.create({'sequence': 10, 'group_id': cls.post('department_manager'), 'stand_in_group_id': cls.post('vice_president'), 'may_limit': True}),
                Command.create({'sequence': 20, 'group_id': cls.post('finance')}),
                Command.create({'sequence': 20, 'group_id': cls.post('legal')}),
                Command.create({'sequence': 30, 'group_id': cls.post('vice_president'), 'stand_in_group_id': cls.post('general_manager'),
                                'may_limit': True, 'condition_ids': [cls.when('amount', '>', 100)]}),
                Command.create({'sequence': 40, 'group_id': cls.post('general_manager'), 'match': 'any',
                                'condition_ids': [cls.when('amount', '>', 1000), cls.when('days', '>', 30)]}),
            ]})

    @classmethod
    def post(cls, name):
        return cls.env.ref(f'property_base.group_{name}').id

    @classmethod
    def when(cls, metric, operator, value):
        return Command.create({'metric_id': cls.metrics[metric].id, 'operator': operator, 'value': value})

    def claim(self, user='asker', submit=True, **values):
        claim = self.env['test_property.claim'].with_user(self.users[user]).create({'amount': 50, 'discount': 3, **values})
        if submit:
            claim.action_submit()
        return claim

    def by(self, user, claim):
        return claim.with_user(self.users[user])

    def agree(self, claim, *users, **values):
        for user in users:
            self.by(user, claim).action_approve(**values)

    def request_of(self, claim):
        return claim.sudo().approval_request_ids.sorted('round')[-1]

    def steps(self, claim):
        return [(step.group_id.name or step.user_ids.mapped('name'), step.state) for step in self.request_of(claim).step_ids]

    def sql(self, query, *params):
        self.env.flush_all()
        self.env.cr.execute(query, params)
        return self.env.cr.fetchall()

    def facts(self):
        """What attacks must leave as it was."""
        return [self.sql(f'SELECT * FROM {table} ORDER BY id') for table in (
            'property_approval_request', 'property_approval_request_step', 'property_approval_decision', 'test_property_claim')]

    def assertRefused(self, sentence, function, *args, **kwargs):
        before = self.facts()
        with self.assertRaises(UserError) as refusal, self.env.cr.savepoint():
            function(*args, **kwargs)
        self.env.invalidate_all()
        self.assertEqual(str(refusal.exception), sentence)
        self.assertEqual(self.facts(), before)

    def assertRefusedByDatabase(self, sentence, model, query, *params):
        before = self.facts()
        with mute_logger('odoo.sql_db'), self.assertRaises(psycopg2.Error) as refusal, self.env.cr.savepoint():
            self.env.cr.execute(query, params)
        self.assertEqual(self.env[model]._sql_error_to_message(refusal.exception), sentence)
        self.assertEqual(self.facts(), before)


@tagged('post_install', '-at_install')
class TestApproval(ApprovalCase):

    # ------------------------------------------------------------------ the way through

    def test_steps_that_apply(self):
        for values, posts in (
            ({'amount': 50}, 3), ({'amount': 100}, 3), ({'amount': 100.01}, 4), ({'amount': 1000}, 4), ({'amount': 1001}, 5),
            ({'amount': 50, 'days': 30}, 3), ({'amount': 50, 'days': 31}, 4),
        ):
            with self.subTest(values):
                self.assertEqual(len(self.steps(self.claim(**values))), posts)

    def test_all_agree(self):
        claim = self.claim(amount=500)
        self.assertEqual(claim.state, 'submitted')
        self.assertEqual([state for _post, state in self.steps(claim)], ['pending', 'waiting', 'waiting', 'waiting'])
        self.agree(claim, 'manager', opinion='Fine')
        self.assertEqual([state for _post, state in self.steps(claim)], ['agreed', 'pending', 'pending', 'waiting'])
        # Side by side: legal may come first.
        self.agree(claim, 'legal')
        self.assertEqual([state for _post, state in self.steps(claim)], ['agreed', 'pending', 'agreed', 'waiting'])
        self.agree(claim, 'finance', 'vp')
        self.assertEqual((claim.state, claim.sudo().paid_by_id), ('paid', self.users['vp']))
        self.assertEqual(self.request_of(claim).state, 'approved')
        self.assertEqual(
            [(decision.user_id, decision.principal_id, decision.kind, decision.opinion) for decision in self.request_of(claim).decision_ids],
            [(self.users['manager'], self.users['manager'], 'agree', 'Fine')]
            + [(self.users[user], self.users[user], 'agree', False) for user in ('legal', 'finance', 'vp')])

    def test_case_company_and_order_of_rules(self):
        special = self.rule.copy({'name': 'Special', 'subtype_id': self.type.subtype_ids[1].id, 'sequence': 1})
        own = self.rule.copy({'name': 'Own', 'company_id': self.company.id, 'sequence': 99})
        self.assertEqual(self.request_of(self.claim(kind='normal')).rule_id, own)
        own.active = False
        self.assertEqual(self.request_of(self.claim(kind='special')).rule_id, special)
        self.assertEqual(self.request_of(self.claim(kind='normal')).rule_id, self.rule)
        special.write({'subtype_id': False, 'domain': "[('days', '=', 7)]"}) if not special.running_count else special.action_new_version()
        self.rule.copy({'name': 'Week', 'domain': "[('days', '=', 7)]", 'sequence': 0})
        self.assertEqual(self.request_of(self.claim(days=7)).rule_id.name, 'Week')
        self.assertEqual(self.request_of(self.claim(days=8)).rule_id, self.rule)

    def test_refusing_and_automatic_rules(self):
        refusing = self.env['property.approval.rule'].create({
            'name': 'No', 'type_id': self.type.id, 'sequence': 0, 'refusal': "A claim of a day is never paid.",
            'condition_ids': [self.when('days', '=', 1)]})
        claim = self.claim(submit=False, days=1)
        self.assertRefused("A claim of a day is never paid.", claim.action_submit)
        refusing.write({'refusal': False})
        self.assertRefused(f"No step of “No” applies to {claim.display_name}: ask the administrator to mend the rule.", claim.action_submit)
        refusing.automatic = True
        claim.action_submit()
        self.assertEqual((claim.state, self.request_of(claim).state), ('paid', 'approved'))
        self.env['property.approval.rule'].search([('type_id', '=', self.type.id)]).active = False
        other = self.claim(submit=False)
        self.assertRefused(f"No approval rule fits {other.display_name}: ask the administrator to make one.", other.action_submit)

    def test_threshold_by_dated_parameter(self):
        parameter = self.env['property.parameter'].create({'name': 'Limit', 'code': 'test_limit', 'kind': 'decimal'})
        for day, value in (('2020-01-01', '10'), ('2030-01-01', '1000')):
            self.env['property.parameter.value'].create({'parameter_id': parameter.id, 'valid_from': day, 'value': value})
        self.rule.step_ids[3].condition_ids.write({'parameter_id': parameter.id})
        self.assertEqual(len(self.steps(self.claim(amount=50))), 4)
        with freeze_time('2031-05-05'):
            self.assertEqual(len(self.steps(self.claim(amount=50))), 3)

    def test_quorum(self):
        second = new_test_user(self.env, 'approval-finance2', groups='property_base.group_finance', company_id=self.company.id,
                               company_ids=[Command.set(self.company.ids)])
        self.users = {**self.users, 'finance2': second}
        self.rule.step_ids[1].quorum = 2
        claim = self.claim()
        self.agree(claim, 'manager', 'finance')
        self.assertEqual(self.steps(claim)[1][1], 'pending')
        self.assertRefused(f"You have decided on {claim.name} already.", self.by('finance', claim).action_approve)
        self.agree(claim, 'legal')
        self.assertEqual(claim.state, 'submitted')
        self.agree(claim, 'finance2')
        self.assertEqual(claim.state, 'paid')

    def test_named_persons_and_a_person_of_the_document(self):
        self.rule.step_ids[1:].unlink()
        self.rule.step_ids.write({'approver': 'field', 'field_path': 'manager_id', 'group_id': False})
        claim = self.claim(manager_id=self.users['service'].id)
        self.assertRefused(f"{claim.name} waits for service: it is not your turn.", self.by('manager', claim).action_approve)
        self.agree(claim, 'service')
        self.assertEqual(claim.state, 'paid')
        # Nobody is named, or whoever asks is: the stand-in.
        for manager in (False, self.users['asker'].id):
            claim = self.claim(manager_id=manager)
            self.agree(claim, 'vp')
            self.assertEqual(claim.state, 'paid')
        self.rule.step_ids.write({'approver': 'users', 'user_ids': [Command.set((self.users['legal'] + self.users['gm']).ids)]})
        claim = self.claim()
        self.agree(claim, 'gm')
        self.assertEqual(claim.state, 'paid')
        with self.assertRaises(UserError) as refusal:
            self.rule.step_ids.write({'approver': 'field', 'field_path': 'company_id.name'})
        self.assertIn("leads to no person", str(refusal.exception))

    def test_failure_of_the_act_undoes_the_decision(self):
        claim = self.claim(note='fail')
        self.agree(claim, 'manager', 'finance')
        self.assertRefused("The till is empty.", self.by('legal', claim).action_approve)
        self.assertEqual(self.request_of(claim).state, 'pending')

    def test_granting_less(self):
        claim = self.claim(amount=500, discount=5)
        self.assertRefused("Grant more than nothing and at most 5.00.", self.by('manager', claim).action_approve, granted=6)
        self.agree(claim, 'manager', granted=3)
        self.assertRefused("The step “Finance” does not grant less than was asked.", self.by('finance', claim).action_approve, granted=1)
        self.agree(claim, 'finance', 'legal')
        # What was granted binds whoever comes after.
        self.assertRefused("Grant more than nothing and at most 3.00.", self.by('vp', claim).action_approve, granted=4)
        self.agree(claim, 'vp', granted=2.5)
        self.assertEqual((claim.state, claim.discount), ('paid', 2.5))
        self.assertRefused(
            f"{claim.name} is “Paid”: what was submitted for approval no longer changes.", claim.write, {'discount': 5})
        self.assertEqual(self.request_of(claim).decision_ids.mapped('granted'), [3, 0, 0, 2.5])

    # ------------------------------------------------------------------ back and again

    def test_return_and_submit_again(self):
        claim = self.claim(amount=90)
        self.assertRefused("Say why it is returned or rejected.", self.by('manager', claim).action_return, '  ')
        self.by('manager', claim).action_return('Too dear')
        self.assertEqual((claim.state, self.request_of(claim).state), ('draft', 'returned'))
        self.assertEqual(self.env['mail.activity'].search([('res_model', '=', claim._name), ('res_id', '=', claim.id)]).mapped('user_id'),
                         self.users['asker'])
        claim.write({'amount': 80})
        claim.action_submit()
        request = self.request_of(claim)
        self.assertEqual((request.round, len(claim.sudo().approval_request_ids)), (2, 2))
        row = next(row for row in request.with_user(self.users['manager']).values if row['name'] == 'amount')
        self.assertEqual((row['before'], row['then'], row['edited']), ('90.00', '80.00', True))
        self.agree(claim, 'manager', 'finance', 'legal')
        self.assertEqual(claim.state, 'paid')
        # The first submission still says what was asked then.
        first = claim.sudo().approval_request_ids.sorted('round')[0]
        self.assertEqual(next(row['then'] for row in first.values if row['name'] == 'amount'), '90.00')

    def test_reject(self):
        claim = self.claim()
        self.agree(claim, 'manager')
        self.by('legal', claim).action_reject('Not lawful')
        self.assertEqual((claim.state, self.request_of(claim).state), ('rejected', 'rejected'))
        self.assertEqual([state for _post, state in self.steps(claim)], ['agreed', 'skipped', 'rejected'])
        self.assertRefused(f"The approval of {claim.name} is “Rejected”: there is nothing to decide any more.",
                           self.by('finance', claim).action_approve)

    def test_rule_may_forbid_return_and_reject(self):
        self.rule.write({'allow_return': False, 'allow_reject': False})
        claim = self.claim()
        for action in ('action_return', 'action_reject'):
            self.assertRefused(f"By “Claims” {claim.name} cannot be returned or rejected in this way.",
                               getattr(self.by('manager', claim), action), 'No')

    def test_withdraw(self):
        claim = self.claim()
        self.assertRefused(f"{claim.name} was submitted by somebody else: only whoever asked withdraws.",
                           self.by('service', claim).action_withdraw)
        claim.action_withdraw('Mistake')
        self.assertEqual((claim.state, self.request_of(claim).state), ('draft', 'withdrawn'))
        self.assertFalse(self.env['mail.activity'].search([('res_model', '=', claim._name), ('res_id', '=', claim.id)]))
        self.assertRefused(f"The approval of {claim.name} is “Withdrawn”: there is nothing to decide any more.",
                           self.by('manager', claim).action_approve)
        self.assertRefused(f"{claim.name} is “Draft”: it is not in approval.", claim.action_withdraw)
        claim.action_submit()
        self.assertEqual(self.request_of(claim).round, 2)

    # ------------------------------------------------------------------ whose turn it is

    def test_not_in_turn_and_twice(self):
        claim = self.claim()
        for user in ('finance', 'vp', 'service', 'auditor'):
            self.assertRefused(f"{claim.name} waits for Department Manager: it is not your turn.", self.by(user, claim).action_approve)
        self.agree(claim, 'manager')
        self.assertRefused(f"{claim.name} waits for Finance, Legal: it is not your turn.", self.by('manager', claim).action_approve)
        draft = self.claim(submit=False)
        self.assertRefused(f"{draft.display_name} has not been submitted for approval.", self.by('manager', draft).action_approve)

    def test_requester_never_decides(self):
        claim = self.claim('manager')
        self.assertRefused(OWN, self.by('manager', claim).action_approve)
        # The only department manager asked himself: the stand-in decides.
        self.agree(claim, 'vp')
        self.assertEqual(self.steps(claim)[0][1], 'agreed')

    def test_delegation(self):
        self.delegate('manager', 'service')
        claim = self.claim()
        self.assertEqual(self.asked(claim), self.users['service'])
        self.agree(claim, 'service')
        decision = self.request_of(claim).decision_ids
        self.assertEqual((decision.user_id, decision.principal_id), (self.users['service'], self.users['manager']))
        # The absent one may still decide himself; and a delegation of another kind or time does not count.
        self.agree(self.claim(), 'manager')
        self.env['property.approval.delegation'].search([]).action_end()
        with freeze_time(fields.Datetime.now() + timedelta(days=1)):
            claim = self.claim()
            self.assertRefused(f"{claim.name} waits for Department Manager: it is not your turn.", self.by('service', claim).action_approve)

    def test_requester_does_not_decide_through_a_delegation(self):
        self.delegate('manager', 'asker')
        claim = self.claim()
        self.assertRefused(OWN, self.by('asker', claim).action_approve)
        # Nor does the stand-in of whoever asked decide in his name.
        self.delegate('vp', 'legal')
        claim = self.claim('vp', amount=500)
        self.agree(claim, 'manager', 'finance', 'legal')
        self.assertRefused(f"{claim.name} waits for Vice-President: it is not your turn.", self.by('legal', claim).action_approve)
        self.agree(claim, 'gm')
        self.assertEqual(claim.state, 'paid')

    def test_rule_without_delegation(self):
        self.rule.allow_delegate = False
        self.delegate('manager', 'service')
        claim = self.claim()
        self.assertRefused(f"{claim.name} waits for Department Manager: it is not your turn.", self.by('service', claim).action_approve)
        self.assertEqual(self.asked(claim), self.users['manager'])

    def test_who_may_delegate(self):
        Delegation = self.env['property.approval.delegation']
        vals = {'user_id': self.users['vp'].id, 'delegate_id': self.users['asker'].id, 'date_to': '2099-01-01', 'reason': 'x'}
        for user in ('asker', 'service'):
            with self.assertRaises(UserError):
                Delegation.with_user(self.users[user]).create({**vals, 'date_to': fields.Date.today()})
        own = Delegation.with_user(self.users['vp']).create({**vals, 'date_to': fields.Date.today()})
        with self.assertRaises(UserError) as refusal:
            own.write({'delegate_id': self.users['gm'].id})
        self.assertIn("keeps who stands in", str(refusal.exception))
        with self.assertRaises(UserError):
            own.unlink()
        for bad in ({'delegate_id': self.users['vp'].id}, {'date_to': '2000-01-01'}, {'date_to': '2099-01-01'}, {'delegate_id': self.portal.id}):
            with self.subTest(bad), mute_logger('odoo.sql_db'), self.assertRaises(Exception), self.env.cr.savepoint():
                Delegation.create({**vals, 'date_to': fields.Date.today(), **bad})

    def test_nobody_can_take_the_step(self):
        self.users['legal'].active = False
        self.assertIn("Nobody of Acorn Estates can decide on the step “Legal”.", self.rule.with_company(self.company).warning)
        claim = self.claim(submit=False)
        self.assertRefused(
            f"Nobody can take the step “Legal” of “Claims” for {claim.display_name}: ask the administrator to name an approver.",
            claim.action_submit)

    def delegate(self, absent, delegate, **values):
        return self.env['property.approval.delegation'].create({
            'user_id': self.users[absent].id, 'delegate_id': self.users[delegate].id, 'date_from': fields.Date.today(),
            'date_to': fields.Date.today() + timedelta(days=3), 'reason': 'Leave', **values})

    def asked(self, claim):
        return self.env['mail.activity'].search([
            ('res_model', '=', claim._name), ('res_id', '=', claim.id), ('approval_step_id', '!=', False)]).user_id

    def test_waiting_for_me(self):
        """The list finds what one may decide on, and nothing else, for everybody."""
        Step = self.env['property.approval.request.step']
        self.delegate('vp', 'service', type_ids=[Command.set(self.type.ids)])
        self.delegate('gm', 'finance', type_ids=[Command.set(self.env['property.approval.type'].search([('id', '!=', self.type.id)], limit=1).ids)])
        claims = [self.claim(amount=2000), self.claim('manager'), self.claim('vp', amount=500), self.claim('service')]
        self.agree(claims[0], 'manager')
        self.agree(claims[2], 'manager', 'legal', 'finance')
        for login, user in self.users.items():
            with self.subTest(login):
                found = Step.with_user(user).sudo().search([('mine', '=', True), ('type_id', '=', self.type.id)])
                pending = Step.sudo().search([('state', '=', 'pending'), ('type_id', '=', self.type.id)])
                self.assertEqual(found, pending.with_user(user).sudo().filtered('mine'))
                may = [claim for claim in claims for step in self.request_of(claim).step_ids
                       if step.state == 'pending' and not step.with_user(user).sudo()._refusal()]
                self.assertEqual(found.mapped('res_id'), [claim.id for claim in may])
        self.assertTrue(Step.with_user(self.users['service']).search([('mine', '=', True)]))

    def test_activities_and_mails(self):
        mails = self.env['mail.mail'].search([])
        claim = self.claim()
        self.assertEqual(self.asked(claim), self.users['manager'])
        self.agree(claim, 'manager')
        self.assertEqual(self.asked(claim), self.users['finance'] + self.users['legal'])
        self.agree(claim, 'finance')
        self.assertEqual(self.asked(claim), self.users['legal'])
        self.agree(claim, 'legal')
        self.assertFalse(self.asked(claim))
        sent = self.env['mail.mail'].search([]) - mails
        self.assertEqual(
            [(mail.recipient_ids.name, mail.subject) for mail in sent.sorted('id')],
            [('manager', f"To approve: {claim.name}"), ('finance', f"To approve: {claim.name}"), ('legal', f"To approve: {claim.name}"),
             ('asker', f"{claim.name}: Approved")])
        self.assertIn('50.00', sent.sorted('id')[0].body_html)
        # Many documents, one mail for each approver.
        mails += sent
        claims = self.env['test_property.claim'].with_user(self.users['asker']).create([{'amount': 10}, {'amount': 20}, {'amount': 30}])
        claims.action_submit()
        sent = self.env['mail.mail'].search([]) - mails
        self.assertEqual((sent.recipient_ids.name, sent.subject), ('manager', "3 approvals"))

    def test_in_bulk(self):
        claims = self.claim() + self.claim() + self.claim()
        Step = self.env['property.approval.request.step'].with_user(self.users['manager'])
        steps = Step.search([('mine', '=', True), ('type_id', '=', self.type.id)])
        self.assertEqual(len(steps), 3)
        steps.action_agree()
        self.assertEqual({state for claim in claims for _post, state in self.steps(claim)[:1]}, {'agreed'})
        self.env['property.approval.rule'].browse(self.rule.action_new_version()['res_id']).allow_bulk = False
        claims = self.claim() + self.claim()
        steps = Step.search([('mine', '=', True), ('type_id', '=', self.type.id)])
        self.assertRefused(f"{claims[0].name} is decided one at a time: open it.", steps.action_agree)
        steps[0].action_agree()
        # One of many that cannot: none is decided.
        third = self.claim('manager')
        self.assertRefused(OWN, (steps[1] + self.request_of(third).step_ids[0].with_user(self.users['manager'])).with_context()._decide, 'agree')

    # ------------------------------------------------------------------ the deadline of a step

    def test_deadline_and_stand_in(self):
        kind = self.env['property.clock.kind'].create({'name': 'Quick', 'code': 'test_approval', 'count': 'hours', 'amount': 4, 'reminder_offsets': '-1'})
        self.rule.step_ids[0].clock_kind_id = kind
        with freeze_time('2026-03-02 01:00:00'):
            claim = self.claim()
            step = self.request_of(claim).step_ids[0]
            self.assertEqual(step.due, fields.Datetime.to_datetime('2026-03-02 05:00:00'))
            self.assertRefused(f"{claim.name} waits for Department Manager: it is not your turn.", self.by('vp', claim).action_approve)
        self.run_reminders('2026-03-02 04:00:01')
        reminded = self.env['property.clock.reminder'].search([('clock_id.res_id', '=', step.id), ('clock_id.res_model', '=', step._name)])
        self.assertEqual(reminded.user_id, self.users['manager'])
        self.assertEqual((reminded.activity_id.res_model, reminded.activity_id.res_id), (claim._name, claim.id))
        self.run_reminders('2026-03-02 05:00:02')
        self.assertTrue(step.standing_in)
        with freeze_time('2026-03-02 05:10:00'):
            self.env.invalidate_all()
            self.assertIn(step, step.with_user(self.users['vp']).sudo().search([('mine', '=', True)]))
            self.agree(claim, 'vp')
        clock = self.env['property.clock'].search([('res_id', '=', step.id), ('res_model', '=', step._name)])
        self.assertEqual(clock.state, 'missed')
        with freeze_time('2026-03-02 06:00:00'):
            claim = self.claim()
            clock = self.env['property.clock'].search([('res_id', '=', self.request_of(claim).step_ids[0].id), ('res_model', '=', step._name)])
            self.by('manager', claim).action_return('No')
            self.assertEqual(clock.state, 'met')

    def run_reminders(self, moment):
        with freeze_time(moment), self.enter_registry_test_mode():
            self.env.ref('property_base.ir_cron_remind').sudo().method_direct_trigger()
        self.env.invalidate_all()

    # ------------------------------------------------------------------ guarded values

    def test_guarded_fields(self):
        claim = self.claim(line_ids=[Command.create({'name': 'a', 'price': 1})])
        frozen = f"{claim.name} is “Submitted”: what was submitted for approval no longer changes."
        for values in ({'amount': 60}, {'discount': 1}, {'kind': 'special'}, {'manager_id': self.users['vp'].id}, {'amount': 60, 'note': 'x'}):
            for record in (claim, claim.sudo(), self.by('administrator', claim)):
                self.assertRefused(frozen, record.write, values)
        self.assertRefused(frozen, claim.line_ids.write, {'price': 2})
        self.assertRefused(frozen, claim.line_ids.unlink)
        self.assertRefused(frozen, claim.write, {'line_ids': [Command.create({'price': 5})]})
        self.assertRefused(frozen, self.env['test_property.claim.line'].create, {'claim_id': claim.id, 'price': 5})
        for context in ({'property_permit': True}, {'property_permit': {'ids': claim.ids}}, {'property_transition': 'x'}):
            self.assertRefused(frozen, claim.with_context(**context).write, {'amount': 60})
        # What is not approved stays free, and a form that sends back what it was given is no edit.
        claim.write({'note': 'y', 'amount': 50, 'kind': 'normal', 'manager_id': False})
        claim.line_ids.write({'name': 'b'})
        self.agree(claim, 'manager', 'finance', 'legal')
        self.assertRefused(frozen.replace('Submitted', 'Paid'), claim.write, {'amount': 60})
        self.assertRefused(f"{claim.name} was submitted for approval and is kept with its history: cancel it instead.", claim.unlink)

    def test_edit_may_start_over(self):
        self.rule.on_edit = 'reset'
        claim = self.claim()
        self.agree(claim, 'manager')
        claim.write({'amount': 70})
        self.assertEqual((claim.state, claim.amount, self.request_of(claim).state), ('draft', 70, 'reset'))
        self.assertFalse(self.asked(claim))
        claim.action_submit()
        self.assertEqual([state for _post, state in self.steps(claim)], ['pending', 'waiting', 'waiting'])

    def test_change_behind_the_back_is_seen_at_the_decision(self):
        claim = self.claim()
        self.sql('UPDATE test_property_claim SET amount = 5000 WHERE id = %s RETURNING id', claim.id)
        self.env.invalidate_all()
        self.assertRefused(f"{claim.name} is no longer what was submitted (Amount): return it to be submitted again.",
                           self.by('manager', claim).action_approve)
        self.by('manager', claim).action_return('It was changed')
        self.assertEqual(claim.state, 'draft')

    def test_values_are_shown_to_those_who_may_see_them(self):
        claim = self.by('asker', self.env['test_property.claim'].create({'amount': 50, 'secret': 777}))
        claim.action_submit()
        request = self.request_of(claim)
        self.assertIn('secret', [row['name'] for row in request.with_user(self.users['manager']).sudo(False).values])
        self.assertNotIn('secret', [row['name'] for row in request.with_user(self.users['asker']).sudo(False).values])
        for field in ('snapshot', 'key_figures', 'asked'):
            for user in (self.users['asker'], self.users['administrator']):
                with self.assertRaises(AccessError):
                    request.with_user(user).sudo(False).read([field])

    # ------------------------------------------------------------------ rules under running requests

    def test_rule_is_frozen_while_requests_run(self):
        claim = self.claim()
        frozen = "1 requests are running by “Claims”: make a new version of it, they go on by this one."
        step = self.rule.step_ids[0]
        condition = self.rule.step_ids[3].condition_ids
        for function, *args in (
            (self.rule.write, {'on_edit': 'reset'}), (self.rule.write, {'step_ids': [Command.clear()]}), (self.rule.unlink,),
            (step.write, {'group_id': self.post('service')}), (step.unlink,), (condition.write, {'value': 1}), (condition.unlink,),
            (self.env['property.approval.step'].create, {'rule_id': self.rule.id, 'group_id': self.post('service')}),
            (self.env['property.approval.condition'].create, {'step_id': step.id, 'metric_id': self.metrics['days'].id}),
            (self.by('administrator', self.rule).write, {'allow_bulk': False}),
        ):
            self.assertRefused(frozen, function, *args)
        following = self.env['property.approval.rule'].browse(self.by('administrator', self.rule).action_new_version()['res_id'])
        following.step_ids[1:].unlink()
        self.assertEqual((following.version, following.previous_id, self.rule.active), (2, self.rule, False))
        self.assertEqual(len(self.steps(claim)), 3)
        self.agree(claim, 'manager', 'finance', 'legal')
        self.assertEqual(claim.state, 'paid')
        self.agree(other := self.claim(), 'manager')
        self.assertEqual(other.state, 'paid')
        self.assertRefused("“Claims” has decided on documents and is kept: archive it instead.", self.rule.unlink)

    def test_simulation(self):
        claim = self.claim(submit=False, amount=500)
        simulation = self.env['property.approval.simulation'].with_user(self.users['administrator']).create({
            'type_id': self.type.id, 'document': f'test_property.claim,{claim.id}'})
        self.assertEqual(simulation.rule_id, self.rule)
        self.assertEqual([(step['name'], step['applies'], step['who']) for step in simulation.result['steps']], [
            ('Department Manager', True, 'manager'), ('Finance', True, 'finance'), ('Legal', True, 'legal'),
            ('Vice-President', True, 'vp'), ('General Manager', False, 'gm')])
        self.assertEqual(simulation.result['figures'][0], ['Amount', '500.0'])

    def test_ribbon(self):
        claim = self.claim(submit=False, amount=500)
        self.assertEqual([step['name'] for step in claim.approval_ribbon['ahead']], ['Department Manager', 'Finance', 'Legal', 'Vice-President'])
        claim.action_submit()
        self.agree(claim, 'manager', opinion='Go')
        [submission] = claim.approval_ribbon['rounds']
        self.assertEqual([(step['name'], step['state']) for step in submission['steps']],
                         [('Department Manager', 'agreed'), ('Finance', 'pending'), ('Legal', 'pending'), ('Vice-President', 'waiting')])
        self.assertEqual(submission['steps'][0]['decisions'][0]['opinion'], 'Go')
        self.assertEqual(self.by('finance', claim).approval_can_decide, True)
        self.assertEqual(self.by('vp', claim).approval_can_decide, False)
        self.assertEqual(claim.approval_waiting_for, 'Finance, Legal')

    def test_decide_window(self):
        claim = self.claim(discount=5)
        action = self.by('manager', claim).action_decide()
        wizard = Form(self.env['property.approval.decide'].with_user(self.users['manager']).with_context(**action['context']))
        wizard.granted = 2
        wizard.opinion = 'Two will do'
        wizard.save().action_confirm()
        self.assertEqual(self.request_of(claim).granted, 2)
        action = self.by('legal', claim).action_decide()
        wizard = Form(self.env['property.approval.decide'].with_user(self.users['legal']).with_context(**action['context']))
        wizard.kind = 'reject'
        with self.assertRaises(AssertionError):
            wizard.save()
        wizard.opinion = 'No'
        wizard.save().action_confirm()
        self.assertEqual(claim.state, 'rejected')

    # ------------------------------------------------------------------ what it costs

    def test_query_budgets(self):
        asker, manager, legal = (self.users[user] for user in ('asker', 'manager', 'legal'))
        self.agree(self.claim(), 'manager', 'finance', 'legal')
        claims = self.env['test_property.claim'].with_user(asker).create([{'amount': 10 + number} for number in range(11)])
        self.env.flush_all()
        self.env.invalidate_all()
        with self.assertQueryCount(70):
            claims[0].action_submit()
            self.env.flush_all()
        self.env.invalidate_all()
        with self.assertQueryCount(110):
            claims[1:].action_submit()
            self.env.flush_all()
        self.env.invalidate_all()
        with self.assertQueryCount(70):
            claims[0].with_user(manager).action_approve()
            self.env.flush_all()
        steps = self.env['property.approval.request.step'].with_user(manager)
        self.env.invalidate_all()
        with self.assertQueryCount(23):
            steps.web_search_read([('mine', '=', True)], {
                'document_name': {}, 'summary': {}, 'name': {}, 'requester_id': {'fields': {'display_name': {}}}, 'due': {}, 'mine': {}}, limit=80)
        self.assertTrue(legal)


@tagged('post_install', '-at_install')
class TestApprovalAttacks(ApprovalCase):
    """Nobody makes a decision appear, edits one, or gets around one."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pending = cls.env['test_property.claim'].with_user(cls.users['asker']).create({'amount': 50})
        cls.pending.action_submit()
        cls.decided = cls.env['test_property.claim'].with_user(cls.users['asker']).create({'amount': 50})
        cls.decided.action_submit()
        cls.decided.with_user(cls.users['manager']).action_approve()
        cls.request = cls.pending.sudo().approval_request_ids
        cls.step = cls.request.step_ids[0]
        cls.decision = cls.decided.sudo().approval_request_ids.decision_ids
        cls.env.flush_all()

    def decision_vals(self, user='manager', **values):
        return {
            'request_id': self.request.id, 'request_step_id': self.step.id, 'company_id': self.company.id,
            'requester_id': self.users['asker'].id, 'user_id': self.users[user].id, 'principal_id': self.users[user].id,
            'kind': 'agree', 'date': '2026-01-01 00:00:00', **values}

    def contexts(self, records):
        yield {}
        for key in ('property_permit', 'property_transition'):
            for value in (True, 1, 'x', records.ids, {'ids': records.ids, 'model': records._name, 'spent': False}):
                yield {key: value}

    def test_create(self):
        for model, vals in (
            ('property.approval.decision', self.decision_vals()),
            ('property.approval.request', {'type_id': self.type.id, 'rule_id': self.rule.id, 'res_model': 'test_property.claim', 'res_id': self.pending.id,
                                           'document_name': 'x', 'company_id': self.company.id, 'requester_id': self.users['asker'].id,
                                           'round': 9, 'submitted_at': '2026-01-01', 'state': 'pending'}),
            ('property.approval.request.step', {'request_id': self.request.id, 'sequence': 1, 'type_id': self.type.id, 'res_model': 'x', 'res_id': 1,
                                                'document_name': 'x', 'company_id': self.company.id, 'requester_id': self.users['asker'].id,
                                                'approver': 'users', 'quorum': 1}),
        ):
            before = self.facts()
            for user in (*self.users.values(), self.portal, self.env.user):
                for context in self.contexts(self.env[model]):
                    with self.assertRaises(UserError), self.env.cr.savepoint():
                        self.env[model].with_user(user).with_context(**context).create(vals)
            # Not even superuser code that has not come by a decision.
            with self.assertRaises(UserError), self.env.cr.savepoint():
                self.env[model].sudo().create(vals)
            self.assertEqual(self.facts(), before)

    def test_write_and_unlink(self):
        for records, vals in (
            (self.decision, {'kind': 'reject'}), (self.decision, {'opinion': 'x'}), (self.request, {'state': 'approved'}),
            (self.request, {'rule_id': False}), (self.step, {'state': 'agreed'}), (self.step, {'user_ids': [Command.link(self.users['asker'].id)]}),
            (self.step, {'quorum': 0}), (self.pending, {'state': 'paid'}),
        ):
            for user in (*self.users.values(), self.portal):
                for context in self.contexts(records):
                    before = self.facts()
                    with self.assertRaises(UserError), self.env.cr.savepoint():
                        records.with_user(user).with_context(**context).write(vals)
                    self.assertEqual(self.facts(), before)
                if records != self.pending:
                    with self.assertRaises(UserError), self.env.cr.savepoint():
                        records.with_user(user).unlink()
        for records in (self.decision, self.request, self.step):
            self.assertRefused(NOT_BY_HAND if records == self.decision else BY_HAND, records.sudo().unlink)

    def test_import(self):
        before = self.facts()
        names, row = ['request_id/.id', 'request_step_id/.id', 'kind'], [str(self.request.id), str(self.step.id), 'agree']
        for user in self.users.values():
            result = self.env['property.approval.decision'].with_user(user).load(names, [row])
            self.assertFalse(result['ids'])
            result = self.env['property.approval.request'].with_user(user).load(['.id', 'state'], [[str(self.request.id), 'Approved']])
            self.assertFalse(result['ids'])
        self.assertEqual(self.facts(), before)

    def test_through_the_document(self):
        for values in ({'approval_request_ids': [Command.create({'state': 'approved'})]}, {'approval_request_ids': [Command.update(self.request.id, {'state': 'approved'})]},
                       {'approval_request_ids': [Command.delete(self.request.id)]}):
            before = self.facts()
            with self.assertRaises(UserError), self.env.cr.savepoint():
                self.pending.write(values)
            self.assertEqual(self.facts(), before)

    def test_private_methods_are_private(self):
        for model, name in (
            ('test_property.claim', '_on_approved'), ('property.approval.request', '_approve'), ('property.approval.request', '_end'),
            ('property.approval.request.step', '_decide'), ('property.approval.request.step', '_close'), ('property.approval.request', '_permitted'),
        ):
            self.assertTrue(callable(getattr(self.env[model], name)))

    def test_raw_sql_cannot_edit_a_decision(self):
        model = 'property.approval.decision'
        for query in (
            "UPDATE property_approval_decision SET kind = 'reject' WHERE id = %s", "UPDATE property_approval_decision SET opinion = 'x' WHERE id = %s",
            "UPDATE property_approval_decision SET user_id = 1 WHERE id = %s", "UPDATE property_approval_decision SET id = id + 1000 WHERE id = %s",
            "DELETE FROM property_approval_decision WHERE id = %s",
        ):
            self.assertRefusedByDatabase(KEPT, model, query, self.decision.id)
        self.assertRefusedByDatabase(KEPT, model, "TRUNCATE property_approval_decision CASCADE")

    def test_raw_sql_cannot_insert_one_that_does_not_fit(self):
        columns = ('request_id', 'request_step_id', 'company_id', 'requester_id', 'user_id', 'principal_id', 'kind', 'date')
        insert = f"INSERT INTO property_approval_decision ({', '.join(columns)}) VALUES ({', '.join(['%s'] * len(columns))})"
        asker = self.users['asker'].id
        done = self.decided.sudo().approval_request_ids
        for sentence, values in (
            ("Nobody decides on an own request, not on somebody's behalf either.", {'user_id': asker}),
            ("Nobody decides on an own request, not on somebody's behalf either.", {'principal_id': asker}),
            ("There is nothing to decide here: the request does not wait for this step.", {'requester_id': self.users['vp'].id}),
            ("There is nothing to decide here: the request does not wait for this step.", {'request_step_id': self.request.step_ids[1].id}),
            ("There is nothing to decide here: the request does not wait for this step.", {'request_id': done.id}),
            ("Say why it is returned or rejected.", {'kind': 'reject'}),
        ):
            vals = self.decision_vals(**values)
            self.assertRefusedByDatabase(sentence, 'property.approval.decision', insert, *(vals[name] for name in columns))

    def test_raw_sql_cannot_approve(self):
        self.assertRefusedByDatabase(
            "A request is approved by the decisions on all of its steps, and ends once.", 'property.approval.request',
            "UPDATE property_approval_request SET state = 'approved' WHERE id = %s", self.request.id)
        self.pending.action_withdraw()
        self.env.flush_all()
        self.assertRefusedByDatabase(
            "A request is approved by the decisions on all of its steps, and ends once.", 'property.approval.request',
            "UPDATE property_approval_request SET state = 'pending' WHERE id = %s", self.request.id)
        for query in ("UPDATE property_approval_request SET snapshot = '{}' WHERE id = %s", "DELETE FROM property_approval_request WHERE id = %s",
                      "UPDATE property_approval_request SET requester_id = 1 WHERE id = %s"):
            self.assertRefusedByDatabase("What was submitted for approval is never changed or deleted.", 'property.approval.request', query, self.request.id)
        for query in ("UPDATE property_approval_request_step SET group_id = NULL WHERE id = %s", "UPDATE property_approval_request_step SET quorum = 0 WHERE id = %s",
                      "DELETE FROM property_approval_request_step WHERE id = %s"):
            self.assertRefusedByDatabase("The steps of an approval stay as they were when it was submitted.", 'property.approval.request.step', query, self.step.id)

    def test_portal_sees_nothing(self):
        for model in ('property.approval.rule', 'property.approval.step', 'property.approval.condition', 'property.approval.request',
                      'property.approval.request.step', 'property.approval.decision', 'property.approval.delegation', 'property.approval.type'):
            with self.subTest(model), self.assertRaises(AccessError):
                self.env[model].with_user(self.portal).search_read([], ['id'])

    def test_others_see_their_own(self):
        Request = self.env['property.approval.request']
        other = new_test_user(self.env, 'approval-other', groups='property_base.group_sales_consultant', company_id=self.company.id,
                              company_ids=[Command.set(self.company.ids)])
        self.assertEqual(Request.with_user(self.users['asker']).search([('type_id', '=', self.type.id)]),
                         (self.request + self.decided.sudo().approval_request_ids).sorted('id', reverse=True))
        for model in ('property.approval.request', 'property.approval.request.step', 'property.approval.decision'):
            self.assertFalse(self.env[model].with_user(other).search([]))
        company_b = self.env['res.company'].create({'name': 'B'})
        stranger = new_test_user(self.env, 'approval-stranger', groups='property_base.group_auditor', company_id=company_b.id,
                                 company_ids=[Command.set(company_b.ids)])
        for model in ('property.approval.request', 'property.approval.request.step', 'property.approval.decision'):
            self.assertFalse(self.env[model].with_user(stranger).with_context(allowed_company_ids=company_b.ids).search([]))
