import base64
from contextlib import contextmanager

import psycopg2

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.http import Request
from odoo.tests import TransactionCase
from odoo.tools import SQL, mute_logger

PDF = b'%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n'
# The smallest PNG there is.
PNG = base64.b64decode(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==')
JPEG = b'\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00' + b'\xff\xd9'
HEIC = b'\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic' + bytes(64)
WEBP = b'RIFF\x24\x00\x00\x00WEBPVP8 ' + bytes(40)
EXE = b'MZ\x90\x00' + bytes(56) + b'\x40\x00\x00\x00PE\x00\x00' + bytes(200)

POSTS = {
    'signing': 'group_signing', 'registration': 'group_registration', 'service': 'group_service',
    'manager': 'group_department_manager', 'assistant': 'group_assistant_manager', 'auditor': 'group_auditor',
    'legal': 'group_legal', 'gm': 'group_general_manager', 'engineering': 'group_engineering',
}


class PaperMixin:
    """A case with a buyer, the posts that handle papers, and requirements of its own."""

    @classmethod
    def setUpPapers(cls):
        cls.env = cls.env(context={**cls.env.context, 'lang': 'en_US', 'tracking_disable': True, 'no_reset_password': True})
        # The demo data speaks Chinese; the sentences here are those of the source.
        cls.env['res.lang']._activate_lang('en_US')
        cls.env['ir.default'].set('res.partner', 'lang', 'en_US')
        cls.company = cls.env['res.company'].create({'name': 'Acorn Estates'})
        cls.env = cls.env(context={**cls.env.context, 'allowed_company_ids': cls.company.ids})
        cls.users = {post: cls.env['res.users'].create({
            'name': post.capitalize(), 'login': f'paper-{post}', 'password': f'paper-{post}', 'email': f'{post}@example.com',
            'company_id': cls.company.id, 'company_ids': [Command.set(cls.company.ids)],
            'group_ids': [Command.set((cls.env.ref(f'property_base.{group}') + cls.env.ref('base.group_allow_export')).ids)],
        }) for post, group in POSTS.items()}
        cls.buyer, cls.spouse = cls.env['res.partner'].create([{'name': 'Buyer'}, {'name': 'Spouse'}])
        # Requirements of the test alone: the department's own are data that changes.
        cls.env['property.document.requirement'].search([]).active = False
        Type = cls.env['property.document.type']
        cls.identity, cls.receipt, cls.income, cls.form = Type.create([
            {'code': 'test_identity', 'name': 'Test Card', 'restricted': True, 'keep_original': False},
            {'code': 'test_receipt', 'name': 'Test Receipt'},
            {'code': 'test_income', 'name': 'Test Income', 'restricted': True},
            {'code': 'test_form', 'name': 'Test Form', 'upload_kind': 'pdf'}])
        cls.requirements = cls.env['property.document.requirement'].create([
            {'process': 'signing', 'type_id': cls.identity.id, 'per_buyer': True, 'originals': 1, 'copies': 2, 'sequence': 10},
            {'process': 'signing', 'type_id': cls.receipt.id, 'sequence': 20},
            {'process': 'signing', 'type_id': cls.income.id, 'payment_mode': 'commercial', 'per_buyer': True, 'sequence': 30},
            {'process': 'signing', 'type_id': cls.form.id, 'necessity': 'conditional', 'condition': 'When an agent signs', 'sequence': 40}])
        cls.case = cls.make_case()

    @classmethod
    def make_case(cls, **vals):
        return cls.env['test_property.case'].create({
            'name': 'C-1', 'company_id': cls.company.id, 'partner_ids': [Command.set((cls.buyer + cls.spouse).ids)], **vals})

    def as_user(self, post, records):
        return records.with_user(self.users[post])

    def paper(self, paper_type, partner=None, case=None):
        papers = (case or self.case).document_ids.filtered(lambda paper: paper.type_id == paper_type)
        return papers.filtered(lambda paper: paper.partner_id == partner) if partner else papers[0]

    def receive(self, paper, post='signing'):
        self.as_user(post, paper).action_receive()
        self.env.invalidate_all()

    def verify(self, paper, post='registration'):
        self.as_user(post, paper).action_verify()
        self.env.invalidate_all()

    def attach(self, paper, post='signing', name='scan.pdf', raw=PDF):
        return self.env['ir.attachment'].with_user(self.users[post]).create({
            'name': name, 'raw': raw, 'res_model': paper._name, 'res_id': paper.id})

    def csrf_token(self):
        """Of an HttpCase's session."""
        return Request.csrf_token(self)

    def rows(self, table):
        self.env.flush_all()
        self.env.cr.execute(SQL('SELECT * FROM %s ORDER BY id', SQL.identifier(table)))
        return self.env.cr.fetchall()

    @contextmanager
    def unchanged(self):
        """Whatever happens within, the papers, their log, loans and files are as they were."""
        tables = ('property_document', 'property_document_log', 'property_document_loan', 'ir_attachment')
        before = {table: self.rows(table) for table in tables}
        yield
        self.env.invalidate_all()
        for table in tables:
            self.assertEqual(self.rows(table), before[table], table)

    def assertRefused(self, sentence, function, error=UserError):
        """One sentence, and nothing has changed."""
        with self.unchanged():
            with self.assertRaises(error) as refusal, self.env.cr.savepoint():
                function()
                self.env.flush_all()
            self.env.invalidate_all()
        self.assertEqual(str(refusal.exception), sentence)

    def assertDatabaseRefuses(self, sentence, model, function):
        with self.unchanged():
            with mute_logger('odoo.sql_db'), self.assertRaises(psycopg2.IntegrityError) as refusal, self.env.cr.savepoint():
                function()
                self.env.flush_all()
            self.env.invalidate_all()
        self.assertEqual(self.env[model]._sql_error_to_message(refusal.exception), sentence)


class PaperCase(PaperMixin, TransactionCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.setUpPapers()
