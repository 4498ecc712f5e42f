from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.service.model import call_kw, get_public_method
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from .test_approval import BY_HAND, OWN, ApprovalCase

ONE_AT_A_TIME = "%s is decided one at a time: open it."
ANOTHERS = "Nobody makes himself another's stand-in: the absent person names one, or a colleague does."


class AttackCase(ApprovalCase):

    def user(self, login, post, companies=None):
        companies = companies or self.company
        user = new_test_user(
            self.env, f'approval-{login}', groups=f'property_base.group_{post}', name=login, lang='en_US',
            company_id=companies[0].id, company_ids=[Command.set(companies.ids)])
        self.users = {**self.users, login: user}
        return user

    def delegate(self, absent, delegate, by=None, **values):
        return self.env['property.approval.delegation'].with_user(by or self.env.user).create({
            'user_id': self.users[absent].id, 'delegate_id': self.users[delegate].id, 'date_from': fields.Date.today(),
            'date_to': fields.Date.today() + timedelta(days=3), 'reason': 'Leave', **values})

    def asked(self, claim):
        return self.env['mail.activity'].search([
            ('res_model', '=', claim._name), ('res_id', '=', claim.id), ('approval_step_id', '!=', False)]).user_id

    def mine(self, login):
        return self.env['property.approval.request.step'].with_user(self.users[login]).search(
            [('mine', '=', True), ('type_id', '=', self.type.id)])

    def window(self, login, steps, **values):
        return self.env['property.approval.decide'].with_user(self.users[login]).create(
            {'request_step_ids': [Command.set(steps.ids)], **values})


@tagged('post_install', '-at_install')
class TestWhoDecides(AttackCase):
    """Nobody counts twice, and nobody decides for whom he may not."""

    def test_one_person_has_one_vote(self):
        """A quorum is of different people, also where one of them stands in for another."""
        self.user('finance2', 'finance')
        self.rule.step_ids[0].unlink()
        self.rule.step_ids[0].quorum = 2
        self.delegate('finance2', 'finance')
        claim = self.claim()
        self.agree(claim, 'finance')
        self.assertFalse(self.mine('finance'))
        self.assertRefused(f"You have decided on {claim.name} already.", self.by('finance', claim).action_approve)
        step = self.request_of(claim).step_ids[0]
        self.assertRefused(f"You have decided on {claim.name} already.", self.window('finance', step).action_confirm)
        self.assertRefusedByDatabase(
            "This person has decided on the step already.", 'property.approval.decision', """
            INSERT INTO property_approval_decision (request_id, request_step_id, company_id, requester_id, user_id, principal_id, kind, date)
            SELECT request_id, request_step_id, company_id, requester_id, user_id, %s, kind, date
            FROM property_approval_decision WHERE request_step_id = %s""", self.users['finance2'].id, step.id)
        self.agree(claim, 'legal', 'finance2')
        self.assertEqual(claim.state, 'paid')

    def test_stand_in_of_another_company(self):
        """Whoever stands in decides for his companies only, however many the absent one has."""
        other = self.env['res.company'].create({'name': 'Other'})
        self.users['manager'].company_ids += other
        self.user('stranger', 'service', other)
        self.delegate('manager', 'stranger')
        claim = self.claim()
        # He could not do anything, so the absent one hears of it.
        self.assertEqual(self.asked(claim), self.users['manager'])
        step = self.request_of(claim).step_ids[0]
        self.assertFalse(step.with_user(self.users['stranger']).with_context(allowed_company_ids=other.ids).search([('mine', '=', True)]))
        self.assertFalse(step.with_user(self.users['stranger']).sudo().mine)
        self.assertRefused(f"{claim.name} waits for Department Manager: it is not your turn.", self.by('stranger', claim).action_approve)
        for name in ('action_agree', 'action_decide'):
            with self.assertRaises(AccessError):
                getattr(step.with_user(self.users['stranger']).with_context(allowed_company_ids=other.ids), name)()
        # Nor by code that does not look who sees what.
        self.assertRefused(
            f"{claim.name} waits for Department Manager: it is not your turn.", step.with_user(self.users['stranger'])._decide, 'agree')
        self.assertFalse(self.request_of(claim).decision_ids)

    def test_stand_in_who_cannot_be_asked(self):
        """Where whoever stands in has left, or asks himself, the absent one is asked."""
        self.user('leaver', 'service')
        self.delegate('manager', 'leaver')
        self.assertEqual(self.asked(self.claim()), self.users['leaver'])
        self.users['leaver'].active = False
        self.assertEqual(self.asked(self.claim()), self.users['manager'])
        self.delegate('vp', 'asker')
        claim = self.claim(amount=500)
        self.agree(claim, 'manager', 'finance', 'legal')
        self.assertEqual(self.asked(claim), self.users['vp'])

    def test_circle_of_stand_ins(self):
        """Two who stand in for each other are asked as one another, and a stand-in's stand-in is nobody's."""
        self.delegate('finance', 'legal')
        self.delegate('legal', 'finance')
        self.delegate('service', 'vp')
        self.delegate('manager', 'service')
        claim = self.claim()
        self.assertEqual(self.asked(claim), self.users['service'])
        self.assertRefused(f"{claim.name} waits for Department Manager: it is not your turn.", self.by('vp', claim).action_approve)
        self.agree(claim, 'service')
        self.assertEqual(self.asked(claim), self.users['finance'] + self.users['legal'])
        # Each decides his own step first, and in the other's name then.
        self.agree(claim, 'legal', 'legal')
        self.assertEqual(claim.state, 'paid')
        self.assertEqual(
            self.request_of(claim).decision_ids.mapped('principal_id'), self.users['manager'] + self.users['finance'] + self.users['legal'])

    def test_several_delegations_add_up(self):
        other = self.env['property.approval.type'].search([('id', '!=', self.type.id)], limit=1)
        self.delegate('manager', 'service')
        self.delegate('manager', 'service', type_ids=[Command.set(other.ids)])
        self.delegate('vp', 'service', type_ids=[Command.set(other.ids)])
        self.delegate('vp', 'service', type_ids=[Command.set(self.type.ids)])
        claim = self.claim(amount=500)
        self.agree(claim, 'service', 'finance', 'legal')
        self.assertEqual(self.mine('service').mapped('res_id'), claim.ids)
        self.agree(claim, 'service')
        self.assertEqual(claim.state, 'paid')

    def test_nobody_takes_anothers_vote(self):
        """The heads enter absences for others, never to decide in their name themselves."""
        Delegation = self.env['property.approval.delegation']
        for head in ('manager', 'administrator'):
            before = Delegation.search_count([])
            with self.assertRaises(UserError) as refusal, self.env.cr.savepoint():
                self.delegate('gm', head, by=self.users[head])
            self.assertEqual(str(refusal.exception), ANOTHERS)
            self.assertEqual(Delegation.search_count([]), before)
            coming = self.delegate('gm', 'service', by=self.users[head], date_from=fields.Date.today() + timedelta(days=1))
            with self.assertRaises(UserError) as refusal, self.env.cr.savepoint():
                coming.write({'delegate_id': self.users[head].id})
            self.assertEqual(str(refusal.exception), ANOTHERS)
            # By import too.
            result = Delegation.with_user(self.users[head]).load(
                ['user_id/.id', 'delegate_id/.id', 'date_to', 'reason'],
                [[str(self.users['gm'].id), str(self.users[head].id), str(fields.Date.today()), 'x']])
            self.assertFalse(result['ids'])
            # Whoever stands in says when it is over, and no more.
            own = self.delegate('vp', head)
            with self.assertRaises(UserError) as refusal, self.env.cr.savepoint():
                own.with_user(self.users[head]).write({'date_to': fields.Date.today() + timedelta(days=300)})
            self.assertEqual(str(refusal.exception), ANOTHERS)
            own.with_user(self.users[head]).action_end()
            self.assertFalse(own.active)

    def test_auditor_decides_nothing(self):
        """He changes nothing, whoever names him."""
        with self.assertRaises(UserError) as refusal, self.env.cr.savepoint():
            self.delegate('manager', 'auditor')
        self.assertEqual(str(refusal.exception), "auditor has no post that decides and cannot stand in.")
        self.rule.step_ids[1:].unlink()
        self.rule.step_ids.write({'approver': 'users', 'group_id': False, 'stand_in_group_id': False,
                                  'user_ids': [Command.set(self.users['auditor'].ids)]})
        self.assertIn("Nobody of Acorn Estates can decide", self.rule.with_company(self.company).warning)
        claim = self.claim(submit=False)
        self.assertRefused(
            f"Nobody can take the step “auditor” of “Claims” for {claim.display_name}: ask the administrator to name an approver.",
            claim.action_submit)
        # Also where he loses the right while it waits for him.
        self.rule.step_ids.user_ids = self.users['service']
        claim.action_submit()
        self.users['service'].group_ids = self.env.ref('property_base.group_auditor')
        self.assertFalse(self.mine('service'))
        self.assertRefused(f"{claim.name} waits for service: it is not your turn.", self.by('service', claim).action_approve)

    def test_delegation_outlives_a_new_version(self):
        """What is running goes on by the old version of the rule, for those who stand in too."""
        self.delegate('manager', 'service')
        claim = self.claim()
        self.rule.action_new_version()
        self.assertFalse(self.rule.active)
        self.assertEqual(self.mine('service').mapped('res_id'), claim.ids)
        self.agree(claim, 'service')

    def test_sales_decide_from_the_list(self):
        """Sales see no requests but those that concern them: among these what they are to decide, or stand in for."""
        self.user('salesmanager', 'sales_manager')
        self.user('colleague', 'sales_manager')
        self.user('consultant', 'sales_consultant')
        self.rule.step_ids[2:].unlink()
        self.rule.step_ids[0].group_id = self.post('sales_manager')
        self.rule.step_ids[1].write({'approver': 'field', 'field_path': 'manager_id', 'group_id': False})
        claim = self.claim('service', manager_id=self.users['salesmanager'].id)
        self.assertEqual(self.mine('colleague').mapped('res_id'), claim.ids)
        self.mine('colleague').action_agree()
        self.delegate('salesmanager', 'consultant')
        self.assertEqual(self.mine('consultant').mapped('res_id'), claim.ids)
        action = self.by('consultant', claim).action_decide()
        window = Form(self.env['property.approval.decide'].with_user(self.users['consultant']).with_context(**action['context']))
        self.assertEqual(window.document_name, claim.name)
        window.save().action_confirm()
        self.assertEqual(claim.state, 'paid')
        self.user('outsider', 'sales_consultant')
        for model in ('property.approval.request', 'property.approval.request.step'):
            self.assertFalse(self.env[model].with_user(self.users['outsider']).search([('type_id', '=', self.type.id)]))


@tagged('post_install', '-at_install')
class TestWhileRequestsRun(AttackCase):
    """People and rules change under running requests."""

    def run_cron(self):
        with self.enter_registry_test_mode():
            self.env.ref('property_base.ir_cron_stand_in').sudo().method_direct_trigger()
        self.env.invalidate_all()

    def test_post_that_is_emptied(self):
        claim = self.claim()
        self.env.ref('property_base.group_department_manager').user_ids = False
        self.assertRefused(f"{claim.name} waits for Department Manager: it is not your turn.", self.by('vp', claim).action_approve)
        self.run_cron()
        self.assertEqual(self.asked(claim), self.users['vp'] + self.users['manager'])
        self.assertEqual(self.mine('vp').mapped('res_id'), claim.ids)
        self.agree(claim, 'vp')
        self.assertEqual(self.steps(claim)[0][1], 'agreed')

    def test_person_who_leaves(self):
        self.rule.step_ids[0].write({'approver': 'users', 'group_id': False, 'user_ids': [Command.set(self.users['service'].ids)]})
        claims = [self.claim(), self.claim('vp')]
        self.run_cron()
        self.assertFalse(any(self.request_of(claim).step_ids[0].standing_in for claim in claims))
        self.users['service'].active = False
        self.run_cron()
        self.assertTrue(all(self.request_of(claim).step_ids[0].standing_in for claim in claims))
        self.agree(claims[0], 'vp')
        # The stand-in who asked himself does not.
        self.assertRefused(OWN, self.by('vp', claims[1]).action_approve)
        claims[1].action_withdraw()
        self.assertRefused(
            f"Nobody can take the step “{self.rule.step_ids[0].display_name}” of “Claims” for {claims[1].display_name}:"
            " ask the administrator to name an approver.", claims[1].action_submit)

    def test_person_who_left_before_his_turn(self):
        claim = self.claim(amount=500)
        self.agree(claim, 'manager', 'finance')
        self.users['vp'].active = False
        self.agree(claim, 'legal')
        self.assertEqual(self.asked(claim), self.users['gm'])
        self.agree(claim, 'gm')
        self.assertEqual(claim.state, 'paid')

    def test_steps_and_conditions_do_not_move_into_a_running_rule(self):
        other = self.rule.copy({'name': 'Other', 'active': False})
        claim = self.claim()
        frozen = "1 requests are running by “Claims”: make a new version of it, they go on by this one."
        condition = other.step_ids[3].condition_ids[0]
        for records, values in (
            (other.step_ids[0], {'rule_id': self.rule.id}), (condition, {'step_id': self.rule.step_ids[0].id}),
            (condition, {'step_id': False, 'rule_id': self.rule.id}),
        ):
            for user in (self.env.user, self.users['administrator']):
                before = (self.rule.step_ids.ids, self.rule.condition_ids.ids)
                self.assertRefused(frozen, records.with_user(user).write, values)
                self.assertEqual((self.rule.step_ids.ids, self.rule.condition_ids.ids), before)
        self.assertEqual(len(self.steps(claim)), 3)

    def test_what_a_rule_needs_stays(self):
        """Posts, persons and companies of approvals are not deleted from under them."""
        group = self.env['res.groups'].create({'name': 'Council'})
        group.user_ids = self.users['service']
        self.rule.step_ids[0].group_id = group
        claim = self.claim()
        for record in (group, self.users['asker'], self.type):
            with mute_logger('odoo.sql_db'), self.assertRaises(Exception), self.env.cr.savepoint():
                record.sudo().unlink()
        self.env.invalidate_all()
        self.assertTrue(group.exists() and self.users['asker'].exists() and self.type.exists())
        self.agree(claim, 'service')


@tagged('post_install', '-at_install')
class TestSideDoors(AttackCase):
    """The ways around the buttons."""

    def test_bulk_by_the_document(self):
        self.rule.allow_bulk = False
        claims = self.claim() + self.claim()
        self.assertRefused(ONE_AT_A_TIME % claims[0].name, self.by('manager', claims).action_approve)
        steps = self.env['property.approval.request.step'].search([('res_id', 'in', claims.ids), ('type_id', '=', self.type.id), ('state', '=', 'pending')])
        self.assertRefused(ONE_AT_A_TIME % claims[0].name, self.window('manager', steps).action_confirm)
        self.agree(claims[0], 'manager')
        # Giving several back at once loosens nothing.
        self.by('manager', claims[1]).action_return('No')

    def test_window_shows_nothing_that_one_does_not_see(self):
        """A window on steps that somebody chose by guessing their ids."""
        self.user('outsider', 'sales_consultant')
        claim = self.claim(amount=777)
        self.agree(claim, 'manager', opinion='Between us')
        steps = self.request_of(claim).step_ids
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            self.window('outsider', steps)
        draft = self.env['property.approval.decide'].with_user(self.users['outsider']).onchange(
            {'request_step_ids': [Command.link(step) for step in steps.ids[:1]]}, ['request_step_ids'],
            {'request_step_ids': {'fields': {}}, 'document_name': {}, 'values': {}, 'ribbon': {}})
        self.assertNotIn(claim.name, str(draft))
        self.assertNotIn('Between us', str(draft))
        # One that was opened while he still saw them.
        window = self.window('service', steps)
        self.users['service'].group_ids = self.env.ref('property_base.group_sales_consultant')
        self.env.invalidate_all()
        self.assertEqual(window.read(['document_name', 'values', 'ribbon', 'count']), [
            {'id': window.id, 'document_name': '', 'values': False, 'ribbon': False, 'count': 0}])
        self.assertRefused("Choose what to decide on first.", window.action_confirm)
        empty = self.window('manager', steps.browse())
        self.assertRefused("Choose what to decide on first.", empty.action_confirm)
        # Nor is somebody else's window anyone's.
        others = self.window('finance', steps[1])
        with self.assertRaises(AccessError):
            others.with_user(self.users['legal']).action_confirm()

    def test_steps_show_values_to_those_who_may_see_them(self):
        """As the request itself does: a step that passes them on is no way around."""
        claim = self.by('asker', self.env['test_property.claim'].create({'amount': 50, 'secret': 777}))
        claim.action_submit()
        step = self.request_of(claim).step_ids[0]
        for login, sees in (('manager', True), ('asker', False), ('service', False)):
            self.env.invalidate_all()
            [row] = step.with_user(self.users[login]).sudo(False).read(['values', 'figures', 'summary'])
            self.assertEqual('777' in str(row), sees, login)
            self.env.invalidate_all()
            [row] = step.request_id.with_user(self.users[login]).sudo(False).read(['values', 'figures', 'summary'])
            self.assertEqual('777' in str(row), sees, login)

    def test_forged_arguments(self):
        claim = self.claim()
        step = self.request_of(claim).step_ids[0].with_user(self.users['manager'])
        for granted in (-1, 4, float('nan'), float('inf')):
            self.assertRefused("Grant more than nothing and at most 3.00.", self.by('manager', claim).action_approve, granted=granted)
        for context in ({'active_ids': step.ids, 'active_model': step._name}, {'default_request_step_ids': step.ids},
                        {'property_permit': True, 'uid': self.users['manager'].id}, {'default_kind': 'agree'}):
            for login in ('asker', 'service', 'administrator'):
                window = self.env['property.approval.decide'].with_user(self.users[login]).with_context(**context).create({
                    'request_step_ids': [Command.set(step.ids)]})
                before = self.facts()
                with self.assertRaises(UserError), self.env.cr.savepoint():
                    window.action_confirm()
                self.assertEqual(self.facts(), before)
        self.assertRefused("Agree, return or reject: there is no other decision.", step._decide, 'approve')

    def test_document_of_another_state_by_its_actions(self):
        """What is decided is not decided again, and what was withdrawn is not either."""
        claim = self.claim()
        self.agree(claim, 'manager', 'finance', 'legal')
        ended = f"The approval of {claim.name} is “Approved”: there is nothing to decide any more."
        for login in ('manager', 'finance', 'legal', 'vp'):
            self.assertRefused(ended, self.by(login, claim).action_approve)
            self.assertRefused(ended, self.by(login, claim).action_reject, 'x')
        self.assertRefused(f"{claim.name} is “Paid”: it is not in approval.", claim.action_withdraw)
        self.assertRefused(f"{claim.name} is “Paid” and cannot become “Submitted”.", claim.action_submit)
        pending = self.claim()
        self.assertRefused(f"{pending.name} is “Submitted” and cannot become “Submitted”.", pending.action_submit)

    def test_company_switch(self):
        """The companies that somebody claims are not his."""
        other = self.env['res.company'].create({'name': 'Other'})
        self.user('stranger', 'department_manager', other)
        claim = self.claim()
        step = self.request_of(claim).step_ids[0]
        for companies in (other.ids, self.company.ids, (other + self.company).ids, []):
            forged = {'allowed_company_ids': companies}
            for call in (
                lambda forged=forged: self.by('stranger', claim).with_context(**forged).action_approve(),
                lambda forged=forged: step.with_user(self.users['stranger']).with_context(**forged).action_agree(),
                lambda forged=forged: self.env['property.approval.decide'].with_user(self.users['stranger']).with_context(**forged).create(
                    {'request_step_ids': [Command.set(step.ids)]}).action_confirm(),
            ):
                before = self.facts()
                with self.assertRaises(UserError), self.env.cr.savepoint():
                    call()
                self.env.invalidate_all()
                self.assertEqual(self.facts(), before)
        # Whoever has both companies but works in the other one meets the rule of the company that he works in.
        self.users['manager'].company_ids += other
        with self.assertRaises(AccessError):
            step.with_user(self.users['manager']).with_context(allowed_company_ids=other.ids).action_agree()
        step.with_user(self.users['manager']).with_context(allowed_company_ids=self.company.ids).action_agree()
        self.assertEqual(self.steps(claim)[0][1], 'agreed')

    def test_every_public_method(self):
        """Whoever has nothing to decide calls whatever there is, with whatever arguments: nothing moves."""
        claim = self.claim()
        self.agree(done := self.claim(), 'manager')
        self.delegate('vp', 'legal')
        requests = (claim + done).sudo().approval_request_ids
        records = [claim + done, requests, requests.step_ids, requests.decision_ids, self.rule, self.rule.step_ids]
        # What needs more of a client than a call, or asks only.
        asking = {'browse', 'export_data', 'load_views', 'get_views', 'get_view', 'fields_get'}
        tried = set()
        for recs in records:
            names = [name for name in dir(type(recs)) if not name.startswith('_') and name not in asking]
            for login in ('service', 'auditor', 'asker'):
                model = self.env[recs._name].with_user(self.users[login])
                for name in names:
                    if login == 'asker' and name == 'action_withdraw':
                        continue  # It is his.
                    try:
                        method = get_public_method(model, name)
                    except (AccessError, AttributeError):
                        continue
                    tried.add(name)
                    before = self.facts()
                    first = [] if getattr(method, '_api_model', False) else [recs.ids]
                    for arguments in ((), ({'state': 'approved', 'kind': 'agree', 'amount': 1},), ([{'state': 'approved'}],), ('agree', 1)):
                        context = {'property_permit': True, 'property_transition': True, 'active_ids': recs.ids, 'active_model': recs._name}
                        savepoint = self.env.cr.savepoint()
                        try:
                            with mute_logger('odoo.sql_db', 'odoo.models', 'odoo.addons.base.models.ir_model'):
                                call_kw(model, name, [*first, *arguments], {'context': context})
                        except Exception:
                            savepoint.rollback()
                        savepoint.close(rollback=False)
                    self.env.flush_all()
                    after = self.facts()
                    self.assertEqual(after[:3], before[:3], f'{recs._name}.{name} by {login}')
                    # A claim may be written where nobody guards it, and new ones may come: these two stay what they are.
                    self.assertEqual([(each.state, each.amount, each.discount) for each in (claim, done)], [('submitted', 50, 3)] * 2)
        self.assertLessEqual({'write', 'create', 'unlink', 'copy', 'load', 'action_approve', 'action_agree', 'action_submit'}, tried)

    def test_records_of_approvals_by_their_children(self):
        """Written through what points at them."""
        claim = self.claim()
        request = self.request_of(claim)
        step = request.step_ids[0]
        for records, values in (
            (self.claim(), {'approval_request_ids': [Command.link(request.id)]}), (claim, {'approval_request_ids': [Command.clear()]}),
            (self.users['service'], {'approval_delegation_ids': [Command.create({
                'delegate_id': self.users['asker'].id, 'date_to': fields.Date.today(), 'reason': 'x'})]}),
            (step, {'user_ids': [Command.link(self.users['asker'].id)]}),
        ):
            before = self.facts(), self.env['property.approval.delegation'].search_count([])
            with self.assertRaises(UserError), self.env.cr.savepoint():
                records.with_user(self.users['asker']).write(values)
            self.env.invalidate_all()
            self.assertEqual((self.facts(), self.env['property.approval.delegation'].search_count([])), before)
        with self.assertRaises(UserError) as refusal, self.env.cr.savepoint():
            request.sudo().write({'step_ids': [Command.update(step.id, {'quorum': 1})]})
        self.assertEqual(str(refusal.exception), BY_HAND)

    def test_document_does_not_leave_its_approval(self):
        """An action of a document that forgets the approval meets the mechanism."""
        claim = self.claim()
        sentence = f"{claim.name} is in approval: it moves when that is decided, or when whoever asked withdraws it."
        for to in ('draft', 'paid', 'rejected'):
            self.assertRefused(sentence, claim._transition, to)
            self.assertRefused(sentence, claim.sudo()._transition, to)
        claim.action_withdraw()
        claim._transition('cancelled')
        self.assertEqual(claim.state, 'cancelled')
