from datetime import date

import psycopg2

from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw, get_public_method
from odoo.tests import tagged
from odoo.tools import mute_logger

from .test_sales_control import SalesControlCase

LIMIT = "“%s” says who approves: only the administrator sets it."

# Kind, case, figures → who decides, in order, or the sentence of a refusal: domain.md §2, written down independently of the data.
MANAGER = 'project_id.manager_id'
MATRIX = (
    ('price_list', None, {'price_cut': 5}, 'department_manager finance vice_president'),
    ('price_list', None, {'price_cut': 5.01}, 'department_manager finance vice_president general_manager'),
    ('release', None, {}, 'department_manager'),
    ('unit_request', 'release', {'officer': 0}, 'signing'),
    ('unit_request', 'release', {'officer': 1}, ''),
    ('unit_request', 'unhold', {'officer': 0}, 'signing'),
    ('unit_request', 'hold', {'hours': 24}, 'department_manager'),
    ('unit_request', 'hold', {'hours': 72}, 'vice_president'),
    ('unit_request', 'extend', {'hours': 72.01}, 'general_manager'),
    ('subscription', None, {'discount': 0}, 'signing department_manager'),
    ('subscription', None, {'discount': 1}, f'signing {MANAGER} department_manager'),
    ('subscription', None, {'discount': 1.01}, f'signing {MANAGER} department_manager vice_president'),
    ('subscription', None, {'discount': 3}, f'signing {MANAGER} department_manager vice_president'),
    ('subscription', None, {'discount': 3.01}, f'signing {MANAGER} department_manager vice_president general_manager'),
    ('subscription', None, {'discount': 0, 'below_floor': 1}, 'signing department_manager general_manager'),
    ('subscription_change', 'transfer', {}, f'{MANAGER} department_manager'),
    ('subscription_change', 'payment', {}, f'{MANAGER} department_manager'),
    ('deferral', None, {'amount': 50000, 'days': 30}, 'department_manager finance general_manager'),
    ('deferral', None, {'amount': 50000.01, 'days': 30}, 'department_manager finance general_manager headquarters'),
    ('deferral', None, {'amount': 1, 'days': 31}, 'department_manager finance general_manager headquarters'),
    ('deferral', None, {'amount': 1, 'days': 1, 'first_payment': 1},
     "The first payment cannot be deferred: agree on another payment plan, or cancel."),
    ('contract', None, {}, 'signing department_manager finance'),
    ('contract', None, {'deviations': 1}, 'signing department_manager finance legal vice_president general_manager'),
    ('contract', None, {'supplements': 1}, 'signing department_manager finance legal vice_president general_manager'),
    ('contract', None, {'below_floor': 1}, 'signing department_manager finance legal vice_president general_manager'),
    ('contract_change', 'payment', {}, 'registration department_manager finance'),
    ('contract_change', 'unit', {'filed': 1}, 'registration department_manager finance legal vice_president general_manager'),
    ('contract_change', 'supplement', {'supplements': 1}, 'registration department_manager finance legal vice_president general_manager'),
    ('engineering_change', None, {'amount': 10000}, 'design engineering cost department_manager'),
    ('engineering_change', None, {'amount': 10000.01}, 'design engineering cost vice_president'),
    ('engineering_change', None, {'amount': 50000}, 'design engineering cost vice_president'),
    ('engineering_change', None, {'amount': 50000.01}, 'design engineering cost general_manager'),
    ('cancellation', 'unsigned', {}, f'{MANAGER} department_manager finance vice_president general_manager'),
    ('cancellation', 'signed', {'ground': 1}, f'{MANAGER} department_manager finance legal vice_president general_manager'),
    ('cancellation', 'signed', {'ground': 0},
     "A signed contract is not returned without a ground of the law or of the contract:"
     " record the ground, or the exception of the general manager."),
    ('penalty_waiver', None, {'amount': 1000}, 'department_manager finance'),
    ('penalty_waiver', None, {'amount': 1000.01}, 'general_manager'),
    ('compensation', None, {'amount': 1000}, 'assistant_manager'),
    ('compensation', None, {'amount': 5000}, 'department_manager'),
    ('compensation', None, {'amount': 50000}, 'vice_president'),
    ('compensation', None, {'amount': 50000.01}, 'general_manager'),
    ('referral_reward', None, {}, 'department_manager finance vice_president'),
)


class Paper:
    """What a rule asks of a document, for kinds of which there are none yet."""

    def __init__(self, case, kind, subtype):
        self.case, self._approval_type, self.subtype = case, kind, subtype

    def sudo(self):
        return self

    def _approval_company(self):
        return self.case.company

    def _approval_subtype(self):
        return self.subtype

    def _approval_date(self):
        return date.today()

    def _approval_scope(self):
        return {'project_id': self.case.project}


@tagged('post_install', '-at_install')
class TestDefaultMatrix(SalesControlCase):

    def test_as_shipped(self):
        names = {group.id: name.removeprefix('property_base.group_') for group, name in (
            (self.env['res.groups'].browse(key), name) for key, name in self.env['res.groups'].search([]).get_external_id().items())}
        for kind, subtype, figures, expected in MATRIX:
            with self.subTest(kind=kind, subtype=subtype, figures=figures):
                paper = Paper(self, kind, subtype)
                rule = self.env['property.approval.rule']._of_documents(paper)._for_document(paper, figures)
                steps = rule._steps_for(paper, figures)
                self.assertEqual(
                    rule.refusal or ' '.join(step.field_path or names[step.group_id.id] for step in steps.sorted('sequence')), expected)
                # What needs nobody is said to, and no other rule approves by itself.
                self.assertEqual(rule.automatic, kind == 'unit_request' and subtype in ('release', 'unhold'))

    def test_every_kind_has_its_line(self):
        kinds = self.env['property.approval.type'].search([('rule_ids', '!=', False)])
        ours = kinds.filtered(lambda kind: kind.get_external_id()[kind.id].startswith('property_customer_service.'))
        self.assertEqual({kind for kind, *_rest in MATRIX}, set(ours.mapped('code')))


@tagged('post_install', '-at_install')
class TestDocumentsInApproval(SalesControlCase):
    """What the desk submits, attacked by every post that has nothing to decide."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.release(cls.units[:4])
        cls.held = cls.request(units=cls.units[:1])
        cls.held.action_submit()
        cls.batch = cls.env['property.release.batch'].with_user(cls.users['signing']).create({
            'title': 'Next', 'project_id': cls.project.id, 'unit_ids': cls.units[5:].ids})
        cls.batch.action_submit()
        following = cls.price_list.with_user(cls.users['signing'])._create_next_version()
        following.line_ids[0].with_user(cls.users['signing']).unit_price = 11000
        following.action_submit()
        cls.following = following
        cls.documents = [cls.held, cls.batch, following]
        cls.env.flush_all()

    def facts(self):
        return [self.sql(f'SELECT * FROM {table} ORDER BY id') for table in (
            'property_approval_request', 'property_approval_request_step', 'property_approval_decision')] + [
            self.sql("SELECT id, state, kind, hours, reason, approver_id FROM property_unit_request WHERE id = %s", self.held.id),
            self.sql('SELECT * FROM property_unit_property_unit_request_rel ORDER BY 1, 2'),
            self.sql("SELECT id, state, title, project_id, date_open, date_close FROM property_release_batch WHERE id = %s", self.batch.id),
            self.sql('SELECT * FROM property_release_batch_property_unit_rel ORDER BY 1, 2'),
            self.sql("SELECT id, state, title, project_id, date_effective FROM property_price_list WHERE id = %s", self.following.id),
            self.sql("SELECT id, total, unit_price FROM property_price_list_line WHERE list_id = %s ORDER BY id", self.following.id),
            self.sql("SELECT id, state, list_price FROM property_unit WHERE project_id = %s ORDER BY id", self.project.id),
            self.allocations()]

    def test_every_public_method(self):
        asking = {'browse', 'export_data', 'load_views', 'get_views', 'get_view', 'fields_get'}
        attacks = ((), ({'state': 'active', 'hours': 1, 'unit_ids': [], 'title': 'x', 'date_effective': '2099-01-01'},), ('x', 1))
        tried = set()
        for document in self.documents:
            names = [name for name in dir(type(document)) if not name.startswith('_') and name not in asking]
            requester = document.sudo().approval_request_ids.requester_id
            for post in ('consultant', 'salesmanager', 'signing', 'registration', 'assistant', 'finance', 'vp', 'auditor', 'administrator'):
                user = self.users[post]
                model = self.env[document._name].with_user(user)
                # Nothing waits for them.
                self.assertFalse(document.with_user(user).sudo().approval_can_decide, post)
                for name in names:
                    if user == requester and name in ('action_withdraw', 'action_cancel'):
                        continue  # It is theirs.
                    try:
                        method = get_public_method(model, name)
                    except (AccessError, AttributeError):
                        continue
                    tried.add(name)
                    first = [] if getattr(method, '_api_model', False) else [document.ids]
                    savepoint = self.env.cr.savepoint()
                    before = self.facts()
                    for arguments in attacks:
                        context = {'property_permit': True, 'property_transition': True, 'active_ids': document.ids, 'default_state': 'active'}
                        inner = self.env.cr.savepoint()
                        try:
                            with mute_logger('odoo.sql_db', 'odoo.models', 'odoo.addons.base.models.ir_model', 'odoo.addons.base.models.ir_rule'):
                                call_kw(model, name, [*first, *arguments], {'context': context})
                                self.env.flush_all()
                        except Exception:
                            inner.rollback()
                        inner.close(rollback=False)
                    changed = [i for i, (one, other) in enumerate(zip(before, self.facts(), strict=True)) if one != other]
                    savepoint.rollback()
                    savepoint.close(rollback=False)
                    # A copy is a draft of its own and takes its units along.
                    self.assertFalse(set(changed) - ({4, 6} if name in ('copy', 'create', 'copy_multi') else set()), (document._name, name, post))
        self.assertLessEqual({'write', 'unlink', 'copy', 'web_save', 'load', 'action_approve', 'action_reject', 'action_submit', 'action_cancel'}, tried)

    def test_import(self):
        for document, column, value in (
            (self.held, 'hours', '2'), (self.held, 'state', 'Holding'), (self.batch, 'title', 'x'), (self.batch, 'state', 'Open'),
            (self.following, 'title', 'x'), (self.following, 'date_effective', '2099-01-01'), (self.following, 'state', 'In Force'),
            (self.batch, 'unit_ids/.id', str(self.units[4].id)),
        ):
            for post in self.users:
                before = self.facts()
                with mute_logger('odoo.sql_db'):
                    result = self.env[document._name].with_user(self.users[post]).load(['.id', column], [[str(document.id), value]])
                self.assertFalse(result['ids'], (column, post))
                self.env.invalidate_all()
                self.assertEqual(self.facts(), before)

    def test_lines_of_a_list_in_approval(self):
        line = self.following.line_ids[0]
        for post in ('signing', 'assistant', 'manager', 'administrator'):
            for function, *arguments in (
                (line.with_user(self.users[post]).write, {'unit_price': 1}), (line.with_user(self.users[post]).unlink,),
                (self.following.with_user(self.users[post]).write, {'line_ids': [(1, line.id, {'unit_price': 1})]}),
                (self.following.with_user(self.users[post]).action_generate,),
            ):
                before = self.facts()
                with self.assertRaises(UserError) as refusal, self.env.cr.savepoint():
                    function(*arguments)
                self.env.invalidate_all()
                self.assertIn("no longer changes", str(refusal.exception))
                self.assertEqual(self.facts(), before)

    def test_nobody_raises_his_own_limit(self):
        """The hours up to which somebody decides alone are not his to set."""
        Value = self.env['property.parameter.value']
        limit = self.env.ref('property_customer_service.parameter_hold_hours_department_manager')
        shipped = limit.value_ids
        request = self.request(units=self.units[1:2], hours=1000)
        for post in ('manager', 'vp', 'signing', 'assistant'):
            before = self.sql('SELECT * FROM property_parameter_value ORDER BY id')
            for function, *arguments in (
                (Value.with_user(self.users[post]).create, {'parameter_id': limit.id, 'value': '9999', 'company_id': self.company.id}),
                (shipped.with_user(self.users[post]).write, {'value': '9999'}),
                (shipped.with_user(self.users[post]).unlink,),
            ):
                with self.assertRaises(UserError) as refusal, self.env.cr.savepoint():
                    function(*arguments)
                self.env.invalidate_all()
                if post == 'manager' and function.__name__ != 'unlink':  # Which stays for being in force, too.
                    self.assertEqual(str(refusal.exception), LIMIT % limit.name)
            self.assertEqual(self.sql('SELECT * FROM property_parameter_value ORDER BY id'), before)
        # By a value of something else that becomes one of the limit.
        other = self.env['property.parameter'].search([('kind', '=', limit.kind), ('id', '!=', limit.id)], limit=1)
        future = Value.with_user(self.users['manager']).create({
            'parameter_id': other.id, 'value': '9999', 'company_id': self.company.id, 'valid_from': '2099-01-01'})
        with self.refused(LIMIT % limit.name):
            future.write({'parameter_id': limit.id})
        request.action_submit()
        self.assertEqual(request.approval_waiting_for, "General Manager")
        Value.with_user(self.users['administrator']).create({'parameter_id': limit.id, 'value': '48', 'company_id': self.company.id})


@tagged('post_install', '-at_install')
class TestBadHolds(SalesControlCase):
    """Whatever stands against a sale stands against a hold, when it is asked for and when it is decided."""

    def spoil(self, how):
        unit = self.units[0]
        if how == 'sealed':
            unit.write({'sealed': True, 'seal_note': 'Court 12'})
        elif how == 'mortgaged':
            unit.write({'mortgaged': True, 'mortgage_consent': False})
        elif how == 'unpermitted':
            self.permit.action_revoke('Withdrawn')
        elif how == 'held':
            self.hold(self.units[:1])
        else:
            # As a document of a later stage does it: the state and its line in the ledger.
            self.hold(self.units[:1])
            columns = [name for [name] in self.sql(
                "SELECT column_name FROM information_schema.columns WHERE table_name = 'property_unit_movement'"
                " AND column_name NOT IN ('id', 'state_from', 'state_to')")]
            self.sql(f'''
                INSERT INTO property_unit_movement (state_from, state_to, {', '.join(columns)})
                SELECT 'held', 'subscribed', {', '.join(columns)} FROM property_unit_movement WHERE unit_id = %s ORDER BY id DESC LIMIT 1
                RETURNING id''', unit.id)
            self.sql("UPDATE property_unit SET state = 'subscribed' WHERE id = %s RETURNING id", unit.id)
            self.env.invalidate_all()
        self.env.flush_all()

    def test_each(self):
        for how, sentence in (
            ('sealed', "is sealed (Court 12)"), ('mortgaged', "the mortgagee has not consented"), ('unpermitted', "No valid permit covers B1"),
            ('held', "is “Held” (SC"), ('sold', "is “Subscribed”"),
        ):
            with self.subTest(how):
                savepoint = self.env.cr.savepoint()
                self.release()
                early, late = self.request(), self.request()
                early.action_submit()
                self.spoil(how)
                self.assertNothing(sentence, late.action_submit)
                if how in ('held', 'sold'):
                    # The database says it, in the words that test_hold_race reads over HTTP.
                    with mute_logger('odoo.sql_db'), self.assertRaises(psycopg2.IntegrityError) as refusal, self.env.cr.savepoint():
                        early.with_user(self.users['manager']).action_approve()
                    self.env.invalidate_all()
                    self.assertIn(self.units[0].full_name, self.env['property.unit.allocation']._sql_error_to_message(refusal.exception))
                else:
                    self.assertNothing(sentence, early.with_user(self.users['manager']).action_approve)
                self.assertNothing(
                    sentence, self.env['property.unit.request'].with_user(self.users['consultant']).request_from_board, 'hold', self.units[:1].ids)
                self.assertEqual((early.state, late.state), ('submitted', 'draft'))
                savepoint.rollback()
                savepoint.close(rollback=False)
                self.env.invalidate_all()

    def test_time_that_is_over(self):
        self.release()
        for hours in (0, -1):
            with self.refused_by_database("Say for how many hours the units are held.", 'property.unit.request'):
                self.request(hours=hours)
            with self.refused("Say for how many hours the units are held: a number from 1 to 8760."):
                self.env['property.unit.request'].with_user(self.users['consultant']).request_from_board('hold', self.units[:1].ids, {'hours': hours})
        with self.refused_by_database("A hold cannot last longer than a year.", 'property.unit.request'):
            self.request(hours=8761)
        # An expiry is not typed in at all.
        with self.refused("A decision is made by its own actions, not by editing it."):
            self.request().write({'expiry': '2020-01-01 00:00:00'})
        self.assertEqual(self.allocations(), [])

    def test_release_that_would_be_over(self):
        for values, sentence in (
            ({'date_close': '2020-01-01 00:00:00'}, "would close before it opens"), ({'unit_ids': []}, "has no units yet"),
        ):
            batch = self.env['property.release.batch'].with_user(self.users['signing']).create({
                'title': 'First', 'project_id': self.project.id, 'unit_ids': self.units.ids, **values})
            self.assertNothing(sentence, batch.action_submit)
            self.assertEqual(batch.state, 'draft')
        with self.refused_by_database("A release closes after it opens.", 'property.release.batch'):
            self.env['property.release.batch'].with_user(self.users['signing']).create({
                'title': 'First', 'project_id': self.project.id, 'date_open': '2026-02-02', 'date_close': '2026-02-01'})
