import io
import re
from datetime import timedelta

import openpyxl

from odoo.exceptions import AccessError, MissingError, UserError
from odoo.fields import Command
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from .common import POSTS, PropertyCase

EVERYBODY = tuple(POSTS)
SALES = ('consultant', 'salesmanager')
EDITORS = ('signing', 'assistant', 'manager', 'administrator')
HEADS = ('manager', 'administrator')
# The calculation behind a price is for those who set, check or approve prices.
PRICE_MAKERS = (
    'salesmanager', 'signing', 'assistant', 'manager', 'finance', 'cost', 'vp', 'gm', 'auditor', 'administrator')
FLOOR_PRICE = ('salesmanager', 'manager', 'finance', 'cost', 'vp', 'gm', 'auditor', 'administrator')
OFFICERS = ('signing', 'assistant', 'manager')
NOBODY = ()
# Buyers' papers: who has to do with them, who takes them in and keeps them, and who sees identity papers among them.
PAPER_READERS = tuple(post for post in POSTS if post not in ('engineering', 'design', 'cost'))
PAPER_KEEPERS = ('signing', 'registration', 'service', 'assistant', 'manager', 'finance')
IDENTITY_PAPERS = ('signing', 'registration', 'assistant', 'manager', 'finance', 'legal', 'auditor')
EVERYBODY_BUT_AUDITOR = tuple(post for post in EVERYBODY if post != 'auditor')
# One reads what one asked or is asked, and writes one's own absences: walked by the tests of approvals.
ONE_S_OWN = (
    'property.approval.request', 'property.approval.request.step', 'property.approval.decision', 'property.approval.delegation')
BUYER_EDITORS = (*SALES, 'signing', 'registration', 'service', 'assistant', 'manager')
BUYER_READERS = (*BUYER_EDITORS, 'finance', 'legal', 'vp', 'gm', 'auditor', 'administrator')

# Who reads, writes, creates and deletes what: the department's rules, written down independently of the access file.
MATRIX = {
    'property.project': (EVERYBODY, EDITORS, HEADS, HEADS),
    'property.permit': (
        EVERYBODY, ('registration', 'assistant', *HEADS), ('registration', *HEADS), HEADS),
    'property.permit.coverage': (EVERYBODY, *3 * (('registration', 'assistant', *HEADS),)),
    'property.building': (EVERYBODY, ('registration', *EDITORS), EDITORS, HEADS),
    'property.layout': (EVERYBODY, ('design', *EDITORS), ('design', *EDITORS), HEADS),
    'property.unit': (EVERYBODY, ('registration', *EDITORS), EDITORS, HEADS),
    'property.unit.feature': (EVERYBODY, EDITORS, EDITORS, HEADS),
    'property.price.list': (EVERYBODY, EDITORS, EDITORS, EDITORS),
    'property.price.list.line': (EVERYBODY, EDITORS, EDITORS, EDITORS),
    'property.price.base': (PRICE_MAKERS, EDITORS, EDITORS, EDITORS),
    'property.price.premium': (PRICE_MAKERS, EDITORS, EDITORS, EDITORS),
    'property.price.component': (PRICE_MAKERS, NOBODY, NOBODY, NOBODY),
    'property.price.history': (EVERYBODY, NOBODY, NOBODY, NOBODY),
    'property.import.mapping': (('auditor', *EDITORS), HEADS, HEADS, HEADS),
    # Moved by documents only; nobody edits them.
    'property.unit.allocation': (EVERYBODY, NOBODY, NOBODY, NOBODY),
    'property.unit.movement': (EVERYBODY, NOBODY, NOBODY, NOBODY),
    'property.unit.request': (
        EVERYBODY, (*SALES, *EDITORS), (*SALES, *EDITORS), ('signing', *HEADS)),
    'property.release.batch': (EVERYBODY, EDITORS, EDITORS, EDITORS),
    'property.inventory.close': (EVERYBODY, OFFICERS, OFFICERS, ('manager',)),
    # Written by the close only.
    'property.inventory.close.line': (EVERYBODY, NOBODY, NOBODY, NOBODY),
    'property.inventory.close.unit': (EVERYBODY, NOBODY, NOBODY, NOBODY),
    'property.inventory.close.difference': (EVERYBODY, NOBODY, NOBODY, NOBODY),
    'property.parameter': (EVERYBODY, *3 * (('administrator',),)),
    'property.parameter.value': (EVERYBODY, HEADS, HEADS, HEADS),
    'property.calendar.day': (EVERYBODY, ('administrator',), NOBODY, NOBODY),
    'property.clock.kind': (EVERYBODY, HEADS, ('administrator',), ('administrator',)),
    'property.clock': (EVERYBODY, NOBODY, NOBODY, NOBODY),
    'property.clock.reminder': (EVERYBODY, NOBODY, NOBODY, NOBODY),
    'property.document.type': (EVERYBODY, HEADS, HEADS, HEADS),
    'property.document.requirement': (EVERYBODY, HEADS, HEADS, HEADS),
    'property.archive.place': (PAPER_READERS, *3 * (('registration', 'assistant', *HEADS),)),
    'property.document': (PAPER_READERS, *3 * (PAPER_KEEPERS,)),
    'property.document.log': (PAPER_READERS, NOBODY, NOBODY, NOBODY),
    'property.document.loan': (PAPER_READERS, NOBODY, PAPER_KEEPERS, NOBODY),
    # Approvals: everybody reads what he asked or is asked, nobody writes; the administrator keeps the rules.
    'property.approval.type': (EVERYBODY, ('administrator',), ('administrator',), NOBODY),
    'property.approval.subtype': (EVERYBODY, ('administrator',), ('administrator',), NOBODY),
    'property.approval.metric': (EVERYBODY, ('administrator',), ('administrator',), NOBODY),
    'property.approval.rule': (EVERYBODY, *3 * (('administrator',),)),
    'property.approval.step': (EVERYBODY, *3 * (('administrator',),)),
    'property.approval.condition': (EVERYBODY, *3 * (('administrator',),)),
    'property.approval.request': (EVERYBODY, NOBODY, NOBODY, NOBODY),
    'property.approval.request.step': (EVERYBODY, NOBODY, NOBODY, NOBODY),
    'property.approval.decision': (EVERYBODY, NOBODY, NOBODY, NOBODY),
    'property.approval.delegation': (EVERYBODY, *3 * (EVERYBODY_BUT_AUDITOR,)),
    'property.approval.decide': (*3 * (EVERYBODY_BUT_AUDITOR,), NOBODY),
    'property.approval.simulation': (*3 * (EVERYBODY_BUT_AUDITOR,), NOBODY),
    # The buyer file: sales have their own buyers, and engineering, design and cost have none.
    'property.consent': (BUYER_READERS, NOBODY, BUYER_EDITORS, NOBODY),
    'property.family.link': (BUYER_READERS, *3 * (BUYER_EDITORS,)),
    'property.data.request': (
        ('service', 'assistant', 'legal', 'auditor', *HEADS), *2 * (('service', 'assistant', 'manager', 'legal'),), NOBODY),
    'property.buyer.merge': (('legal', 'auditor', *HEADS), NOBODY, NOBODY, NOBODY),
    'property.unmasking': (('legal', 'auditor', *HEADS), NOBODY, NOBODY, NOBODY),
    'property.secret.key': (('administrator',), NOBODY, NOBODY, NOBODY),
    # Wizards: for those who may do what they do.
    'property.document.handling': 4 * (PAPER_KEEPERS,),
    'property.price.import': 4 * (EDITORS,),
    'property.price.import.column': 4 * (EDITORS,),
    'property.price.import.finding': 4 * (EDITORS,),
    'property.price.reprice': 4 * (EDITORS,),
    'property.price.reprice.line': 4 * (EDITORS,),
    'property.permit.revoke': 4 * (('registration', 'assistant', *HEADS),),
    'property.calendar.year': 4 * (('administrator',),),
    'property.inventory.report': 4 * (EVERYBODY,),
}
OPERATIONS = ('read', 'write', 'create', 'unlink')
TRANSIENT = {model for model in MATRIX if model.startswith((
    'property.price.import', 'property.price.reprice', 'property.permit.revoke', 'property.calendar.year', 'property.document.handling',
    'property.approval.decide', 'property.approval.simulation', 'property.inventory.report'))}
# They hold nothing but a question of the user's own, to which the answer is what he may read anyway.
QUESTIONS = {'property.inventory.report'}
# What hangs on a project, and is seen with it.
OF_A_PROJECT = {
    'property.project': 'id', 'property.permit': 'project_id', 'property.permit.coverage': 'project_id',
    'property.building': 'project_id', 'property.layout': 'project_id', 'property.unit': 'project_id',
    'property.price.list': 'project_id', 'property.price.list.line': 'project_id', 'property.price.base': 'project_id',
    'property.price.premium': 'project_id', 'property.price.component': 'project_id', 'property.price.history': 'project_id',
    'property.unit.allocation': 'project_id', 'property.unit.movement': 'project_id', 'property.unit.request': 'project_id',
    'property.release.batch': 'project_id', 'property.inventory.close': 'project_id', 'property.inventory.close.line': 'project_id',
    'property.inventory.close.unit': 'project_id', 'property.inventory.close.difference': 'project_id',
    'property.document': 'project_id', 'property.document.log': 'project_id', 'property.document.loan': 'project_id',
}

# One for all companies.
OF_NO_COMPANY = (
    'property.approval.type', 'property.approval.subtype', 'property.approval.metric', 'property.approval.rule', 'property.approval.step',
    'property.approval.condition', 'property.parameter', 'property.clock.kind', 'property.calendar.day', 'property.secret.key')

# What a read that comes back empty is turned into, to be counted as a refusal.
NOTHING = "nothing was found"


class AccessCase(PropertyCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company_b = cls.env['res.company'].create({'name': 'Beech Estates', 'currency_id': cls.env.ref('base.CNY').id})
        cls.users_b = cls.make_users({post: POSTS[post] for post in ('manager', 'auditor')}, cls.company_b, 'other')
        cls.feature = cls.env['property.unit.feature'].create({'name': 'Garden of the test', 'company_id': cls.company.id})
        cls.paper_type, cls.identity_type = cls.env['property.document.type'].create([
            {'name': 'Paper', 'code': 'access_test', 'company_id': cls.company.id},
            {'name': 'Identity', 'code': 'access_test_identity', 'restricted': True, 'company_id': cls.company.id}])
        cls.records = cls.make_estate(cls.project, cls.building, cls.layout)
        cls.other_records = cls.make_estate(cls.other_project, cls.other_building, cls.other_layout)
        cls.env['property.import.mapping'].create({'header': 'h', 'field': 'room', 'company_id': cls.company.id})
        cls.records.update(cls.make_shared())
        cls.env.flush_all()

    @classmethod
    def make_shared(cls):
        """One record of every shared mechanism.

        :return dict: model → record
        """
        parameter = cls.env['property.parameter'].create({'name': 'P', 'code': 'access_test', 'kind': 'integer'})
        value = cls.env['property.parameter.value'].create({
            'parameter_id': parameter.id, 'valid_from': '2099-01-01', 'value': '1', 'company_id': cls.company.id})
        kind = cls.env['property.clock.kind'].create({'name': 'K', 'code': 'access_test', 'amount': 1})
        clock = cls.env['property.clock']._permitted().create({
            'name': 'C', 'res_model': 'property.project', 'res_id': cls.project.id, 'kind_id': kind.id, 'count': 'days',
            'company_id': cls.company.id, 'project_id': cls.project.id, 'start': '2025-01-01', 'due': '2025-01-02',
            'due_date': '2025-01-02'}).with_context(property_permit=None)
        reminder = cls.env['property.clock.reminder'].create({'clock_id': clock.id})
        requirement = cls.env['property.document.requirement'].create({
            'type_id': cls.paper_type.id, 'process': 'signing', 'company_id': cls.company.id})
        place = cls.env['property.archive.place'].create({'name': 'Room', 'kind': 'room', 'company_id': cls.company.id})
        buyer, relative = cls.env['res.partner'].create([
            {'name': name, 'is_buyer': True, 'company_id': cls.company.id, 'user_id': cls.users['consultant'].id} for name in ('Zhang', 'Li')])
        link = cls.env['property.family.link'].create({'partner_id': buyer.id, 'relative_id': relative.id, 'kind': 'sibling'})
        consent = cls.env['property.consent'].create({'partner_id': buyer.id, 'purpose': 'mailing', 'text_version': '1'})
        request = cls.env['property.data.request'].create({'partner_id': buyer.id})
        merge = cls.env['property.buyer.merge'].create({
            'source_id': 1, 'target_id': buyer.id, 'company_id': cls.company.id, 'user_id': cls.users['manager'].id})
        unmasking = cls.env['property.unmasking'].create({
            'res_model': 'res.partner', 'res_id': buyer.id, 'field': 'identity_number', 'reason': 'A test', 'user_id': cls.users['manager'].id,
            'company_id': cls.company.id})
        return {record._name: record for record in (
            parameter, value, kind, clock, reminder, cls.env['property.calendar.day'].search([], limit=1),
            cls.paper_type, requirement, place, link, consent, request, merge,
            unmasking, cls.env['property.secret.key'].create({'name': 'access-test', 'fingerprint': 'x', 'retired': True}),
            *cls.make_approval())}

    @classmethod
    def make_paper(cls, project, paper_type):
        """A paper of the project that was taken in and lent to the manager."""
        paper = cls.env['property.document'].create({
            'res_model': project._name, 'res_id': project.id, 'document_name': project.name, 'project_id': project.id,
            'company_id': project.company_id.id, 'type_id': paper_type.id})
        paper._receive({paper: (1, 0)})
        paper._lend(cls.users['manager'], 'Filing', '2099-01-01')
        return paper

    @classmethod
    def make_approval(cls):
        """:return list: one record of every model of approvals, of a price list that the manager has agreed to"""
        units = cls.make_units(cls.other_building, (20,), layout_id=cls.other_layout.id)
        price_list = cls.make_list(units, title='In approval')
        price_list.with_user(cls.users['signing']).action_submit()
        price_list.with_user(cls.users['manager']).action_approve()
        request = price_list.approval_request_ids
        metric = cls.env['property.approval.metric'].create({'name': 'M', 'code': 'access_test'})
        rule = cls.env['property.approval.rule'].create({
            'name': 'R', 'type_id': request.type_id.id, 'sequence': 999, 'condition_ids': [Command.create({'metric_id': metric.id})],
            'step_ids': [Command.create({'group_id': cls.env.ref('property_base.group_finance').id})]})
        delegation = cls.env['property.approval.delegation'].create({
            'user_id': cls.users['gm'].id, 'delegate_id': cls.users['vp'].id, 'date_to': '2099-01-01', 'date_from': '2098-12-01', 'reason': 'x'})
        return [request.type_id, cls.env['property.approval.subtype'].search([], limit=1), metric, rule, rule.step_ids, rule.condition_ids,
                request, request.step_ids[0], request.decision_ids, delegation]

    @classmethod
    def make_estate(cls, project, building, layout):
        """One record of every model, with prices in force and the next version as a draft.

        :return dict: model → record
        """
        permit = cls.env['property.permit'].create({
            'name': f'Permit {project.name}', 'project_id': project.id, 'date_issue': '2020-01-01',
            'coverage_ids': [Command.create({'building_id': building.id})]})
        units = cls.make_units(building, (1,), layout_id=layout.id)
        price_list = cls.env['property.price.list'].create({
            'project_id': project.id, 'title': 'Prices', 'base_ids': [Command.create({'price': 1000})],
            'premium_ids': [Command.create({'kind': 'floor', 'value': 10})]})
        price_list.action_generate()
        price_list.line_ids.floor_price = 77777.77
        cls.activate(price_list)
        draft = price_list._create_next_version()
        batch = cls.env['property.release.batch'].create({'title': 'First', 'project_id': project.id, 'unit_ids': units[1].ids})
        batch._transition('submitted')
        batch._on_approved()
        hold = cls.env['property.unit.request'].create({
            'kind': 'hold', 'project_id': project.id, 'unit_ids': units[1].ids, 'hours': 24, 'reason': 'Waits'})
        hold._transition('submitted')
        hold._on_approved()
        close = cls.env['property.inventory.close'].create({'project_id': project.id, 'date': project._today()})
        row = {'close_id': close.id, 'date': close.date, 'project_id': project.id, 'company_id': close.company_id.id}
        line = cls.env['property.inventory.close.line'].create({
            **row, 'currency_id': close.currency_id.id, 'building_id': building.id, 'building_name': 'x'})
        known = cls.env['property.inventory.close.unit'].create(
            {**row, 'unit_id': units[0].id, 'building_id': building.id, 'unit_name': 'x'})
        difference = cls.env['property.inventory.close.difference'].create(
            {**row, 'unit_id': units[0].id, 'unit_name': 'x', 'said': [{'source': 'unit', 'states': ['held']}]})
        paper = cls.make_paper(project, cls.paper_type)
        return {
            'property.inventory.close': close, 'property.inventory.close.line': line, 'property.inventory.close.unit': known,
            'property.inventory.close.difference': difference,
            'property.document': paper, 'property.document.log': paper.log_ids, 'property.document.loan': paper.loan_ids,
            'property.release.batch': batch, 'property.unit.request': hold, 'property.unit.allocation': units[1].allocation_ids,
            'property.unit.movement': units[1].movement_ids[0],
            'property.project': project, 'property.permit': permit, 'property.permit.coverage': permit.coverage_ids,
            'property.building': building, 'property.layout': layout, 'property.unit': units[0],
            'property.unit.feature': cls.feature, 'property.price.list': price_list,
            'property.price.list.line': price_list.line_ids[0], 'property.price.base': price_list.base_ids,
            'property.price.premium': price_list.premium_ids, 'property.price.component': price_list.line_ids[0].component_ids[0],
            'property.price.history': units[0].price_history_ids, 'draft': draft,
        }

    def of(self, user, records):
        """The records as the user of another company meets them."""
        return records.with_user(user).with_context(allowed_company_ids=user.company_ids.ids)

    def allowed(self, function):
        """:return bool: whether the operation went past access rights and rules; nothing of it stays"""
        result = True
        try:
            with self.env.cr.savepoint() as savepoint, mute_logger('odoo.sql_db'):
                try:
                    function()
                    self.env.flush_all()
                finally:
                    self.env.clear()
                    savepoint.rollback()
        except (AccessError, MissingError):
            result = False
        return result


class TestMatrix(AccessCase):

    def test_complete(self):
        """A model that somebody adds has to say here who may do what with it."""
        modules = self.env['ir.module.module'].search(
            [('name', '=like', 'property%'), ('state', '=', 'installed')]).mapped('name')
        self.assertIn('property_customer_service', modules)
        models = {
            model.model for model in self.env['ir.model'].search([])
            if model.model.startswith('property.') and not self.env[model.model]._abstract}
        ours = {
            data.res_id for data in self.env['ir.model.data'].search(
                [('model', '=', 'ir.model'), ('module', 'in', modules), ('name', '=like', 'model_property%')])}
        models |= {
            model.model for model in self.env['ir.model'].browse(ours) if not self.env[model.model]._abstract}
        self.assertEqual(models, set(MATRIX))

    def test_matrix(self):
        wrong = []
        for model, expectations in MATRIX.items():
            for operation, posts in zip(OPERATIONS, expectations, strict=True):
                for post, user in self.users.items():
                    may = self.env[model].with_user(user).has_access(operation)
                    if may != (post in posts):
                        wrong.append(f'{post} {"may" if may else "may not"} {operation} {model}')
        self.assertFalse(wrong)

    def test_records(self):
        """The same on records: reading and writing them, with the rules."""
        wrong = []
        for model, (readers, writers, _creators, _deleters) in MATRIX.items():
            # Sales write their own requests only, which the tests of sales control walk.
            if model in TRANSIENT or model in ONE_S_OWN or model in ('property.import.mapping', 'property.unit.request'):
                continue
            record = self.records[model]
            field = {'property.price.component': 'amount', 'property.permit.coverage': 'area', 'property.price.base': 'price',
                     'property.price.premium': 'value', 'property.price.list.line': 'build_up',
                     'property.price.history': 'total', 'property.price.list': 'note', 'property.release.batch': 'note',
                     'property.unit.allocation': 'expiry', 'property.unit.movement': 'reason', 'property.inventory.close': 'note',
                     'property.inventory.close.line': 'held', 'property.inventory.close.unit': 'sealed',
                     'property.inventory.close.difference': 'unit_name',
                     'property.parameter.value': 'reason', 'property.clock.reminder': 'offset', 'property.approval.condition': 'value',
                     'property.document': 'note', 'property.document.log': 'reason', 'property.document.loan': 'purpose',
                     'property.document.requirement': 'condition',
                     'property.consent': 'channel',
                     'property.family.link': 'evidence', 'property.data.request': 'answer', 'property.buyer.merge': 'source_id',
                     'property.unmasking': 'reason'}.get(model, 'name')
            if model in ('property.price.base', 'property.price.premium'):
                record = self.records['draft'][{'property.price.base': 'base_ids', 'property.price.premium': 'premium_ids'}[model]]
            for post, user in self.users.items():
                its = self.env[model].browse(record.id).with_user(user)
                if self.allowed(lambda its=its: its.read(['display_name'])) != (post in readers):
                    wrong.append(f'{post} read {model}')
                value = record[field]
                if self.allowed(lambda its=its, value=value, field=field: its.write({field: value})) != (post in writers):
                    wrong.append(f'{post} write {model}')
        self.assertFalse(wrong)

    def test_create_and_unlink(self):
        """Each made and taken away again by each post, or refused."""
        values = {
            'property.project': {'name': 'N'},
            'property.permit': {'name': 'N', 'project_id': self.project.id, 'date_issue': '2020-01-01'},
            'property.permit.coverage': {'permit_id': self.records['property.permit'].id, 'building_id': self.building_2.id},
            'property.building': {'name': 'N', 'project_id': self.project.id},
            'property.layout': {'name': 'N', 'project_id': self.project.id},
            'property.unit': {'name': 'N', 'building_id': self.building.id},
            'property.unit.feature': {'name': 'N of the test'},
            'property.price.list': {'project_id': self.project.id},
            'property.price.list.line': {
                'list_id': self.records['draft'].id, 'unit_price': 5, 'unit_id': self.make_units(self.building_2, (9,))[0].id},
            'property.price.base': {'list_id': self.records['draft'].id, 'price': 5, 'usage': 'shop'},
            'property.price.premium': {'list_id': self.records['draft'].id, 'value': 5},
            'property.import.mapping': {'header': 'n', 'field': 'room'},
            'property.price.reprice': {'list_id': self.records['draft'].id},
            'property.price.import': {},
            'property.permit.revoke': {'permit_id': self.records['property.permit'].id, 'reason': 'x'},
            'property.inventory.close': {'project_id': self.project.id, 'date': self.project._today() - timedelta(days=1)},
            'property.inventory.report': {'project_ids': self.project.ids},
            'property.parameter': {'name': 'N', 'code': 'access_test_new'},
            'property.parameter.value': {
                'parameter_id': self.records['property.parameter'].id, 'valid_from': '2098-01-01', 'value': '1'},
            'property.clock.kind': {'name': 'N', 'code': 'access_test_new'},
            'property.calendar.year': {'year': 2031},
            'property.document.type': {'name': 'N', 'code': 'access_test_new', 'company_id': self.company.id},
            'property.document.requirement': {'type_id': self.paper_type.id, 'process': 'title', 'company_id': self.company.id},
            'property.archive.place': {'name': 'N'},
            'property.document.handling': {'kind': 'reject'},
            'property.approval.rule': {'name': 'N', 'type_id': self.records['property.approval.type'].id},
            'property.approval.step': {'rule_id': self.records['property.approval.rule'].id, 'approver': 'users'},
            'property.consent': {'partner_id': self.records['property.consent'].partner_id.id, 'purpose': 'marketing', 'text_version': '1'},
            'property.data.request': {'partner_id': self.records['property.consent'].partner_id.id},
        }
        self.env.flush_all()
        # A day to close beside the one that the estate has: something moved there and back.
        columns = 'building_id, project_id, company_id, currency_id, document_model, document_id, document_name, user_id'
        for state_from, state_to in (('unreleased', 'available'), ('available', 'unreleased')):
            self.env.cr.execute(f"""
                INSERT INTO property_unit_movement ({columns}, unit_id, state_from, state_to, date)
                SELECT {columns}, %s, %s, %s, date - 1 FROM property_unit_movement WHERE id = %s""", [
                    self.records['property.unit'].id, state_from, state_to, self.records['property.unit.movement'].id])
        wrong = []
        for model, vals in values.items():
            _readers, _writers, creators, deleters = MATRIX[model]
            for post, user in self.users.items():
                if self.allowed(lambda model=model, user=user, vals=vals: self.env[model].with_user(user).create(dict(vals))) \
                        != (post in creators):
                    wrong.append(f'{post} create {model}')

                def unlink(model=model, user=user, vals=vals):
                    # Wizards are their owner's.
                    made = self.env[model].with_user(user if model in TRANSIENT else self.env.user).sudo().create(dict(vals))
                    made.with_user(user).unlink()
                if self.allowed(unlink) != (post in deleters):
                    wrong.append(f'{post} unlink {model}')
        self.assertFalse(wrong)

    def test_every_field_can_be_read(self):
        """Whoever may read a record can open it: a field that he may not see is out of his sight, not in his way."""
        for model, (readers, *_rest) in MATRIX.items():
            if model in TRANSIENT or model == 'property.import.mapping':
                continue
            for post in readers:
                if model in ONE_S_OWN and post in SALES:
                    continue
                its = self.records[model].with_user(self.users[post])
                with self.subTest(model=model, post=post):
                    its.read()
                    its.web_read({name: {} for name in its.fields_get()})

    def test_how_prices_are_made(self):
        """Base prices, premiums and build-up are out of the sight of those who only sell or serve."""
        line, price_list = self.records['property.price.list.line'], self.records['property.price.list']
        for post, user in self.users.items():
            for records, field in (
                (line, 'build_up'), (line, 'component_ids'), (price_list, 'base_ids'), (price_list, 'premium_ids'),
            ):
                its = records.with_user(user)
                for attack in (
                    lambda its=its, field=field: its.read([field]), lambda its=its, field=field: its.export_data([field]),
                    lambda its=its, field=field: its.search([(field, '!=', False)]),
                    lambda its=its, field=field: its.web_read({field: {}}),
                ):
                    self.assertEqual(self.allowed(attack), post in PRICE_MAKERS, (post, field))

    def test_auditor_changes_nothing(self):
        auditor = self.users['auditor']
        for model, expectations in MATRIX.items():
            if model in QUESTIONS:
                continue
            self.assertFalse(any('auditor' in posts for posts in expectations[1:]), model)
            for operation in OPERATIONS[1:]:
                self.assertFalse(self.env[model].with_user(auditor).has_access(operation), (model, operation))

    def test_wizards_are_their_owners(self):
        wizard = self.env['property.price.reprice'].with_user(self.users['signing']).create(
            {'list_id': self.records['draft'].id, 'method': 'percent', 'value': 2})
        wizard.action_preview()
        importing = self.env['property.price.import'].with_user(self.users['signing']).create({'filename': 'x', 'file': 'eHg='})
        importing.write({'column_ids': [Command.create({'index': 0, 'header': 'x'})]})
        finding = self.env['property.price.import.finding'].with_user(self.users['signing']).create(
            {'wizard_id': importing.id, 'kind': 'fault', 'message': 'x'})
        question = self.env['property.inventory.report'].with_user(self.users['signing']).create({'project_ids': self.project.ids})
        self.env.flush_all()
        for user in (self.users['manager'], self.users['administrator'], self.users_b['manager']):
            for records in (wizard, wizard.line_ids, importing, importing.column_ids, finding, question):
                records = self.env[records._name].browse(records.ids)
                self.assertTrue(records)
                its = self.of(user, records)
                self.assertFalse(its.search([('id', 'in', records.ids)]))
                for operation in ('read', 'write', 'unlink'):
                    self.assertFalse(its.has_access(operation), (records._name, operation))


class TestOutsiders(AccessCase):

    def assertNothing(self, user):
        for model in MATRIX:
            Model = self.env[model].with_user(user)
            for operation in OPERATIONS:
                self.assertFalse(Model.has_access(operation), (model, operation))
            for function in (
                lambda Model=Model: Model.search([]), lambda Model=Model: Model.search_count([]),
                lambda Model=Model: Model.search_read([], ['id']), lambda Model=Model: Model.name_search(''),
                lambda Model=Model: Model._read_group([], [], ['__count']),
                lambda Model=Model: Model.formatted_read_group([], [], ['__count']),
            ):
                with self.assertRaises(AccessError, msg=model):
                    function()
            record = self.records.get(model)
            if record:
                with self.assertRaises(AccessError):
                    record.with_user(user).read(['id', 'display_name'])
                with self.assertRaises(UserError):
                    record.with_user(user).export_data(['id'])
                with self.assertRaises(AccessError):
                    record.with_user(user).write({})

    def test_portal(self):
        self.assertNothing(new_test_user(
            self.env, 'test-portal', groups='base.group_portal', company_id=self.company.id, company_ids=[Command.set(self.company.ids)]))

    def test_public(self):
        self.assertNothing(self.env.ref('base.public_user'))

    def test_internal_user_without_a_post(self):
        self.assertNothing(new_test_user(
            self.env, 'test-internal', groups='base.group_user', company_id=self.company.id, company_ids=[Command.set(self.company.ids)]))

    def test_property_user_without_a_post(self):
        """The common group, or a right such as that to see floor prices, is no post: it opens no project."""
        for group in ('group_user', 'group_floor_price', 'group_identity_papers'):
            user = new_test_user(
                self.env, f'test-{group}', groups=f'property_base.{group}',
                company_id=self.company.id, company_ids=[Command.set(self.company.ids)])
            for model in OF_A_PROJECT:
                Model = self.env[model].with_user(user)
                if Model.has_access('read'):
                    self.assertFalse(Model.search([]), (group, model))
                    self.assertEqual(Model.search_count([]), 0)
                    self.assertFalse(self.records[model].with_user(user).has_access('read'))

    def test_a_second_post_adds_up(self):
        """A consultant of one project who also stands in for the service team sees all projects, as that team does."""
        user = self.users['consultant']
        self.assertEqual(self.env['property.project'].with_user(user).search([]), self.project)
        user.group_ids = [Command.link(self.env.ref('property_base.group_service').id)]
        self.assertEqual(self.env['property.project'].with_user(user).search([]), self.project + self.other_project)


class TestCompanies(AccessCase):

    def test_other_company(self):
        """A manager and an auditor of another company find nothing, by whichever way they look."""
        mapping = self.env['property.import.mapping'].search([('company_id', '=', self.company.id)])
        for user in self.users_b.values():
            for model, record in {**self.records, 'property.import.mapping': mapping}.items():
                model = record._name
                if model in OF_NO_COMPANY:
                    continue
                Model, its = self.of(user, self.env[model]), self.of(user, record)
                with self.subTest(model=model, user=user.login):
                    self.assertTrue(Model.has_access('read'))
                    domain = [('id', '=', record.id)]
                    self.assertFalse(Model.search(domain))
                    self.assertEqual(Model.search_count(domain), 0)
                    self.assertFalse(Model.search_read(domain, ['id']))
                    self.assertFalse([name for id_, name in Model.name_search('', limit=None) if id_ == record.id])
                    self.assertFalse(Model.web_search_read(domain, {'display_name': {}})['records'])
                    self.assertEqual(Model._read_group(domain, [], ['__count']), [(0,)])
                    self.assertEqual(Model.formatted_read_group(domain, [], ['__count'])[0]['__count'], 0)
                    for function in (
                        lambda its=its: its.read(['display_name']), lambda its=its: its.export_data(['id', 'display_name']),
                        lambda its=its: its.web_read({'display_name': {}}), lambda its=its: its.write({}),
                        lambda its=its: its.unlink(), lambda its=its: its.copy(),
                    ):
                        self.assertFalse(self.allowed(function))

    def test_other_company_by_a_claimed_context(self):
        user = self.users_b['manager']
        Model = self.env['property.unit'].with_user(user).with_context(allowed_company_ids=[self.company.id])
        with self.assertRaises(AccessError):
            Model.search([])

    def test_records_for_another_company(self):
        """Nothing is made in another company, or moved there."""
        manager = self.users_b['manager']
        new_unit = self.make_units(self.building, (7,))[0]
        for model, values in (
            ('property.project', {'name': 'N', 'company_id': self.company.id}),
            ('property.building', {'name': 'N', 'project_id': self.project.id}),
            ('property.layout', {'name': 'N', 'project_id': self.project.id}),
            ('property.unit', {'name': 'N', 'building_id': self.building.id}),
            ('property.permit', {'name': 'N', 'project_id': self.project.id, 'date_issue': '2020-01-01'}),
            ('property.price.list', {'project_id': self.project.id}),
            ('property.price.list.line', {'list_id': self.records['draft'].id, 'unit_id': new_unit.id, 'unit_price': 5}),
            ('property.unit.feature', {'name': 'N of the test', 'company_id': self.company.id}),
            ('property.import.mapping', {'header': 'n', 'field': 'room', 'company_id': self.company.id}),
            ('property.document.type', {'name': 'N', 'code': 'access_test_new', 'company_id': self.company.id}),
            ('property.document.requirement', {'type_id': self.paper_type.id, 'process': 'title', 'company_id': self.company.id}),
            ('property.archive.place', {'name': 'N', 'company_id': self.company.id}),
            ('property.document.loan', {
                'document_id': self.records['property.document'].id, 'borrower_id': manager.id, 'purpose': 'x', 'due_date': '2099-01-01', 'originals': 1}),
        ):
            self.assertFalse(
                self.allowed(lambda model=model, values=values: self.of(manager, self.env[model]).create(values)), model)

    def test_wizards_do_not_reach_over(self):
        manager = self.users_b['manager']
        for model, values, method in (
            ('property.price.reprice', {'list_id': self.records['draft'].id, 'method': 'percent', 'value': 2}, 'action_preview'),
            ('property.permit.revoke', {'permit_id': self.records['property.permit'].id, 'reason': 'x'}, 'action_confirm'),
        ):
            def run(model=model, values=values, method=method):
                getattr(self.of(manager, self.env[model]).create(values), method)()
            self.assertFalse(self.allowed(run), model)


class TestProjects(AccessCase):

    def test_sales_see_their_projects(self):
        """On every model of the catalogue, by every way of looking."""
        for post in SALES:
            user = self.users[post]
            for model, path in OF_A_PROJECT.items():
                if post not in MATRIX[model][0]:
                    continue
                Model = self.env[model].with_user(user)
                with self.subTest(post=post, model=model):
                    own, other = self.records[model], self.other_records[model]
                    found = Model.search([])
                    self.assertIn(own.id, found.ids)
                    projects = found.sudo() if path == 'id' else found.sudo()[path]
                    self.assertEqual(projects.ids, self.project.ids)
                    self.assertEqual(Model.search_count([]), len(found))
                    self.assertEqual(Model._read_group([], [], ['__count']), [(len(found),)])
                    self.assertEqual(Model.formatted_read_group([], [], ['__count'])[0]['__count'], len(found))
                    self.assertFalse(Model.search([('id', '=', other.id)]))
                    self.assertFalse([name for id_, name in Model.name_search('', limit=None) if id_ == other.id])
                    self.assertTrue(self.allowed(lambda own=own, user=user: own.with_user(user).read(['display_name'])))
                    for name, function in {
                        'read': lambda other=other, user=user: other.with_user(user).read(['display_name']),
                        'web_read': lambda other=other, user=user: other.with_user(user).web_read({'display_name': {}}),
                        'export': lambda other=other, user=user: other.with_user(user).export_data(['display_name']),
                    }.items():
                        self.assertFalse(self.allowed(function), name)

    def test_other_posts_see_all_projects(self):
        for post in set(POSTS) - set(SALES):
            for model in OF_A_PROJECT:
                if post not in MATRIX[model][0]:
                    continue
                found = self.env[model].with_user(self.users[post]).search([])
                self.assertLessEqual(
                    {self.records[model].id, self.other_records[model].id}, set(found.ids), (post, model))

    def test_posting_opens_and_closes(self):
        user = self.users['consultant']
        Unit = self.env['property.unit'].with_user(user)
        self.other_project.member_ids = user
        self.assertEqual(Unit.search([]).project_id, self.project + self.other_project)
        self.project.member_ids = False
        self.assertEqual(Unit.search([]).project_id, self.other_project)
        self.project.manager_id = user
        self.assertEqual(Unit.search([]).project_id, self.project + self.other_project)

    def test_drafts(self):
        """Consultants see prices that are or were in force; the sales manager the drafts of his projects too."""
        draft, active = self.records['draft'], self.records['property.price.list']
        lists, lines = (self.env[model].with_user(self.users['consultant']) for model in ('property.price.list', 'property.price.list.line'))
        self.assertEqual(lists.search([]), active)
        self.assertEqual(lines.search([]).list_id, active)
        self.assertEqual(lines.search_count([('list_id', '=', draft.id)]), 0)
        self.assertFalse(self.allowed(lambda: draft.with_user(self.users['consultant']).read(['title'])))
        self.assertFalse(self.allowed(lambda: draft.line_ids.with_user(self.users['consultant']).read(['total'])))
        self.assertFalse(active.with_user(self.users['consultant']).next_ids)
        self.assertEqual(
            self.records['property.unit'].with_user(self.users['consultant']).price_line_ids.list_id, active)
        self.assertEqual(
            self.env['property.unit'].with_user(self.users['consultant']).search(
                [('price_line_ids.list_id', '=', draft.id)]), self.env['property.unit'])
        self.assertEqual(self.env['property.price.list'].with_user(self.users['salesmanager']).search([]), draft + active)
        for state in ('scheduled', 'cancelled'):
            self.env.cr.execute('UPDATE property_price_list SET state = %s WHERE id = %s', [state, draft.id])
            self.env.invalidate_all()
            self.assertEqual(lists.search([]), active)
            self.assertEqual(lines.search([]).list_id, active)


class TestMenus(AccessCase):

    def test_menus(self):
        """A post sees no menu that it could not open."""
        roots = self.env.ref('property_base.menu_root')
        for post, user in self.users.items():
            Menu = self.env['ir.ui.menu'].with_user(user)
            visible = Menu.browse(Menu._visible_menu_ids())
            ours = visible.filtered(lambda menu: menu.parent_path.startswith(f'{roots.id}/'))
            self.assertIn(roots.id, ours.ids, post)
            for menu in ours:
                if action := menu.sudo().action:
                    if action._name == 'ir.actions.client':  # the board
                        self.assertTrue(self.env['property.building'].with_user(user).has_access('read'), (post, menu.complete_name))
                        continue
                    Model = self.env[action.res_model].with_user(user)
                    self.assertTrue(Model.has_access('read'), (post, menu.complete_name))
                    Model.get_views([(False, mode) for mode in action.view_mode.split(',')])
                elif menu != roots:
                    self.assertTrue(ours.filtered(lambda child, menu=menu: child.parent_id == menu), (post, menu.complete_name))

    def test_outsiders_see_no_menu(self):
        user = new_test_user(self.env, 'test-internal', groups='base.group_user')
        Menu = self.env['ir.ui.menu'].with_user(user)
        self.assertNotIn(self.env.ref('property_base.menu_root').id, Menu._visible_menu_ids())

    def test_configuration(self):
        configuration = self.env.ref('property_base.menu_configuration').id
        for post, user in self.users.items():
            self.assertEqual(configuration in self.env['ir.ui.menu'].with_user(user)._visible_menu_ids(), post in HEADS, post)


class TestIdentityPapers(AccessCase):

    def test_posts(self):
        """Only the posts that need them, whichever way somebody looks; sales see none, not even of their own projects."""
        paper = self.make_paper(self.project, self.identity_type)
        file = self.env['ir.attachment'].create({
            'name': 'card.pdf', 'raw': b'%PDF-1.4\n%%EOF\n', 'res_model': paper._name, 'res_id': paper.id})
        for post, user in self.users.items():
            sees = post in IDENTITY_PAPERS
            for records in (paper, paper.log_ids, paper.loan_ids, file):
                Model, its = self.env[records._name].with_user(user), self.env[records._name].browse(records.ids).with_user(user)
                with self.subTest(post=post, model=records._name):
                    self.assertEqual(self.allowed(lambda its=its: its.read(['display_name'])), sees)
                    self.assertEqual(self.allowed(lambda its=its: its.export_data(['display_name'])), sees)
                    self.assertEqual(its.has_access('read'), sees)
                    if Model.has_access('read'):
                        self.assertEqual(Model.search([('id', 'in', records.ids)]).ids, records.ids if sees else [])
                        self.assertEqual(Model._read_group([('id', 'in', records.ids)], [], ['__count']), [(len(records) if sees else 0,)])

    def test_right_by_itself(self):
        """The right given to a consultant opens the identity papers of his own projects, and no other project's."""
        consultant = self.users['consultant']
        own, other = self.make_paper(self.project, self.identity_type), self.make_paper(self.other_project, self.identity_type)
        Paper = self.env['property.document'].with_user(consultant)
        self.assertFalse(Paper.search([('id', 'in', (own + other).ids)]))
        consultant.group_ids = [Command.link(self.env.ref('property_base.group_identity_papers').id)]
        self.assertEqual(Paper.search([('id', 'in', (own + other).ids)]), own)


class TestFloorPrice(AccessCase):

    def test_fields_and_paths(self):
        """Without the right there is no way to read, find, sort, sum or set a floor price; with it there is."""
        for model in ('property.unit', 'property.price.list.line', 'property.price.history'):
            record = self.records[model]
            for post, user in self.users.items():
                if post not in MATRIX[model][0]:
                    continue
                Model, its = self.env[model].with_user(user), self.env[model].browse(record.id).with_user(user)
                for name, attack in {
                    'read': lambda its=its: its.read(['floor_price']),
                    'attribute': lambda its=its: its.floor_price,
                    'mapped': lambda its=its: its.mapped('floor_price'),
                    'search_read': lambda Model=Model: Model.search_read([], ['floor_price']),
                    'domain': lambda Model=Model: Model.search([('floor_price', '>', 70000)]),
                    'filtered_domain': lambda its=its: its.filtered_domain([('floor_price', '>', 70000)]),
                    'order': lambda Model=Model: Model.search([], order='floor_price desc'),
                    'read_group': lambda Model=Model: Model._read_group([], [], ['floor_price:max']),
                    'read_group by': lambda Model=Model: Model._read_group([], ['floor_price'], ['__count']),
                    'having': lambda Model=Model: Model._read_group([], ['project_id'], ['__count'], having=[('floor_price:max', '>', 0)]),
                    'formatted_read_group': lambda Model=Model: Model.formatted_read_group([], ['project_id'], ['floor_price:sum']),
                    'read_group order': lambda Model=Model: Model._read_group([], ['project_id'], ['__count'], order='floor_price:max'),
                    'export': lambda its=its: its.export_data(['floor_price']),
                    'web_read': lambda its=its: its.web_read({'floor_price': {}}),
                    'web_search_read': lambda Model=Model: Model.web_search_read([], {'floor_price': {}}),
                    'web_search_read order': lambda Model=Model: Model.web_search_read([], {'id': {}}, order='floor_price'),
                    'project domain': lambda user=user, model=model: self.env['property.project'].with_user(user).search(
                        [(f'building_ids.unit_ids{ {"property.unit": "", "property.price.list.line": ".price_line_ids", "property.price.history": ".price_history_ids"}[model] }.floor_price', '>', 1)]),
                }.items():
                    with self.subTest(model=model, post=post, attack=name):
                        self.assertEqual(self.allowed(attack), post in FLOOR_PRICE, name)

    def test_related_paths(self):
        unit = self.records['property.unit']
        for post, user in self.users.items():
            its = unit.with_user(user)
            for name, attack in {
                'export': lambda its=its: its.export_data(['price_line_id/floor_price']),
                'export history': lambda its=its: its.export_data(['price_history_ids/floor_price']),
                'mapped': lambda its=its: its.mapped('price_line_id.floor_price'),
                'mapped history': lambda its=its: its.mapped('price_history_ids.floor_price'),
                'domain': lambda its=its: its.search([('price_line_id.floor_price', '>', 1)]),
                'any': lambda its=its: its.search([('price_history_ids', 'any', [('floor_price', '>', 1)])]),
                'order': lambda its=its: its.search([], order='price_line_id.floor_price'),
                'group': lambda its=its: its._read_group([], ['price_line_id.floor_price']),
                'specification': lambda its=its: its.web_read({'price_line_id': {'fields': {'floor_price': {}}}}),
                'specification of rows': lambda its=its: its.web_read({'price_history_ids': {'fields': {'floor_price': {}}}}),
                'below': lambda its=its: its.search([('price_line_ids.below_floor_price', '=', True)]),
                'line below': lambda its=its: its.price_line_ids.search([('below_floor_price', '=', True)]),
                'line not below': lambda its=its: its.price_line_ids.search([('below_floor_price', '!=', True)]),
                'count below': lambda its=its: its.price_line_ids.search_count([('below_floor_price', '=', True)]),
                'filter below': lambda its=its: its.price_line_ids.filtered_domain([('below_floor_price', '=', True)]),
                'read below': lambda its=its: its.price_line_ids.read(['below_floor_price']),
            }.items():
                if name in ('order', 'group'):
                    # Refused to everybody, or to those without the right: never a result.
                    if post in FLOOR_PRICE:
                        continue
                    with self.assertRaises(Exception) as refusal, self.env.cr.savepoint():  # noqa: B017
                        attack()
                    self.assertIsInstance(refusal.exception, (AccessError, ValueError))
                    continue
                with self.subTest(post=post, attack=name):
                    self.assertEqual(self.allowed(attack), post in FLOOR_PRICE, name)

    def test_not_in_fields_or_views(self):
        for model in ('property.unit', 'property.price.list.line', 'property.price.history'):
            for post, user in self.users.items():
                if post not in MATRIX[model][0]:
                    continue
                Model = self.env[model].with_user(user)
                self.assertEqual('floor_price' in Model.fields_get(), post in FLOOR_PRICE, (model, post))
                self.assertEqual('floor_price' in Model.get_views([(False, 'list'), (False, 'form')])['models'][model]['fields'],
                                 post in FLOOR_PRICE, (model, post))
                self.assertNotIn(
                    'floor_price', ' '.join(view['arch'] for view in Model.get_views([(False, 'list'), (False, 'form')])['views'].values())
                    if post not in FLOOR_PRICE else '')
                # All fields at once are those that one may see.
                record = self.records[model].with_user(user)
                self.assertEqual('floor_price' in record.read()[0], post in FLOOR_PRICE)

    def test_writing(self):
        """The signing team edits drafts, and neither sets nor learns a floor price by it."""
        line = self.records['draft'].line_ids[0].with_user(self.users['signing'])
        manager = line.with_user(self.users['manager'])
        for function in (
            lambda: line.write({'floor_price': 1}),
            lambda: line.web_save({'floor_price': 1}, {'floor_price': {}}),
            lambda: line.create({'list_id': line.list_id.id, 'unit_id': self.make_units(self.building_2, (8,))[0].id, 'unit_price': 5, 'floor_price': 1}),
            lambda: line.list_id.write({'line_ids': [Command.update(line.id, {'floor_price': 1})]}),
            lambda: line.with_context(default_floor_price=1).create(
                {'list_id': line.list_id.id, 'unit_id': self.make_units(self.building_2, (8,))[0].id, 'unit_price': 5}),
        ):
            self.assertFalse(self.allowed(function))
        self.assertTrue(self.allowed(lambda: manager.write({'floor_price': 1})))
        result = line.load(['.id', 'floor_price'], [[str(line.id), '1']])
        self.assertFalse(result['ids'])
        self.assertTrue(result['messages'])
        self.env.invalidate_all()
        self.assertEqual(line.sudo().floor_price, 77777.77)
        values = line.onchange({'list_id': line.list_id.id, 'unit_id': line.unit_id.id, 'unit_price': 5}, ['unit_price'],
                               {'unit_price': {}, 'total': {}, 'unit_id': {}})['value']
        self.assertNotIn('floor_price', values)
        with self.assertRaises(AccessError):
            line.onchange({'floor_price': 5}, ['floor_price'], {'floor_price': {}})

    def test_copy_and_versions(self):
        """A copy that somebody without the right makes has the floor prices, and does not show them."""
        draft = self.records['draft']
        draft.action_cancel()
        self.env.flush_all()
        following = self.records['property.price.list'].with_user(self.users['signing'])._create_next_version()
        self.assertEqual(following.sudo().line_ids.mapped('floor_price'), [77777.77] * 2)
        with self.assertRaises(AccessError):
            following.line_ids.mapped('floor_price')
        self.assertNotIn('floor_price', self.records['property.unit'].with_user(self.users['signing']).copy_data()[0])

    def test_nothing_leaks_by_message(self):
        """Activation says which unit is below its floor price, and not the figure."""
        draft = self.records['draft']
        draft.line_ids[0].unit_price = 1
        with self.assertRaises(UserError) as refusal:
            draft.with_user(self.users['manager']).action_submit()
        self.assertNotRegex(str(refusal.exception), r'77.?777')
        self.env.invalidate_all()
        # Whoever may not see it is not told.
        draft.with_user(self.users['signing']).action_submit()
        self.assertEqual(draft.state, 'submitted')


@tagged('post_install', '-at_install')
class TestExport(HttpCase):
    """The exported file, as each post downloads it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context={'tracking_disable': True, 'no_reset_password': True, 'lang': 'en_US'})
        cls.company = cls.env['res.company'].create({'name': 'Acorn Estates', 'currency_id': cls.env.ref('base.CNY').id})
        cls.users = PropertyCase.make_users.__func__(cls, POSTS, cls.company)
        for user in cls.users.values():
            user.password = user.login
        cls.outsider = new_test_user(cls.env, 'test-outsider', groups='base.group_portal', password='test-outsider')
        project = cls.env['property.project'].create({
            'name': 'Acorn Hill', 'company_id': cls.company.id, 'manager_id': cls.users['salesmanager'].id,
            'member_ids': [Command.set(cls.users['consultant'].ids)]})
        building = cls.env['property.building'].create({'name': 'B1', 'project_id': project.id})
        units = PropertyCase.make_units.__func__(cls, building, (1,))
        cls.price_list = PropertyCase.make_list.__func__(cls, units, 10000)
        cls.price_list.line_ids.floor_price = 77777.77
        PropertyCase.activate.__func__(cls, cls.price_list)
        cls.draft = cls.price_list._create_next_version()
        cls.env.flush_all()

    def download(self, login, price_list):
        """:return: the status, and all cells of the file"""
        self.authenticate(login, login)
        response = self.url_open(f'/property/price_list/{price_list.id}/xlsx')
        if response.status_code != 200 or 'spreadsheet' not in response.headers.get('Content-Type', ''):
            return response.status_code, None
        sheet = openpyxl.load_workbook(io.BytesIO(response.content)).active
        return response.status_code, [cell for row in sheet.iter_rows(values_only=True) for cell in row if cell is not None]

    def test_floor_price(self):
        for post in POSTS:
            status, cells = self.download(f'test-{post}', self.price_list)
            self.assertEqual(status, 200, post)
            self.assertTrue(any(str(cell) in ('1000000', '1000000.0') for cell in cells), "the prices are there")
            shown = [cell for cell in cells if re.search(r'底价|77777', str(cell))]
            self.assertEqual(bool(shown), post in FLOOR_PRICE, post)

    def test_who(self):
        for login, price_list, status in (
            ('test-consultant', self.draft, 404), ('test-salesmanager', self.draft, 200), ('test-outsider', self.price_list, 404),
            ('test-manager', self.price_list.browse(self.draft.id + 1000), 404),
        ):
            self.assertEqual(self.download(login, price_list)[0], status, login)
        self.price_list.project_id.member_ids = False
        self.env.flush_all()
        self.assertEqual(self.download('test-consultant', self.price_list)[0], 404)
        self.logout()
        response = self.url_open(f'/property/price_list/{self.price_list.id}/xlsx')
        self.assertIn('/web/login', response.url)
