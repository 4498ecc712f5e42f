import base64
import json
from unittest.mock import patch

from odoo.addons.property_base.models.ir_attachment import IrAttachment
from odoo.addons.property_base.tools.paper_file import clean_name, content_type
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.http import root
from odoo.tests import BaseCase, HttpCase, tagged
from odoo.tools import mute_logger

from .paper_case import EXE, HEIC, JPEG, PDF, PNG, WEBP, PaperCase, PaperMixin

NO_TYPE = "“%s” is no PDF, JPEG, PNG, HEIC or WebP file: take a photo or save it as a PDF."
KEPT_HERE = "A paper's file is kept here, and is neither a link nor public."
LARGE = PDF + bytes(10 * 1024 * 1024)


class TestPaperFileTools(BaseCase):

    def test_content_type(self):
        for content, mimetype in (
            (PDF, 'application/pdf'), (PNG, 'image/png'), (JPEG, 'image/jpeg'), (HEIC, 'image/heic'), (WEBP, 'image/webp'),
            (EXE, None), (b'', None), (b'hello', None), (b'<html><body>%PDF-1.4</body></html>', None), (b'<svg xmlns="x"/>', None),
            (b'PK\x03\x04' + bytes(40), None), (b'\n\n' + PDF, None), (b'MZ' + bytes(20) + PDF, None), (b'GIF89a' + bytes(30), None),
            (b'#!/bin/sh\n', None), (b'\x7fELF' + bytes(60), None), (b'\x00\x00\x00\x18ftypmp42' + bytes(40), None),
        ):
            self.assertEqual(content_type(content), mimetype, content[:12])

    def test_clean_name(self):
        for name, cleaned in (
            ('身份证 正面.jpg', '身份证 正面.pdf'), ('contract.exe', 'contract.pdf'), ('../../etc/passwd', 'passwd.pdf'),
            ('C:\\Users\\me\\scan.PDF', 'scan.pdf'), ('a\x00b\r\nc.pdf', 'a b c.pdf'), ('gpj.\u202egnp.exe', 'gpj. gnp.pdf'), ('...', 'file.pdf'),
            ('', 'file.pdf'), (None, 'file.pdf'), ('.pdf', 'file.pdf'), ('x' * 300 + '.pdf', 'x' * 80 + '.pdf'), ('a<b>|c?.png', 'a b c.pdf'),
            ('v1.2 final', 'v1.2 final.pdf'),
        ):
            self.assertEqual(clean_name(name, '.pdf'), cleaned)


class TestPaperFiles(PaperCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.case._make_checklist()
        papers = cls.case.document_ids
        cls.receipt_paper = papers.filtered(lambda paper: paper.type_id == cls.receipt)
        cls.form_paper = papers.filtered(lambda paper: paper.type_id == cls.form)
        cls.card = papers.filtered(lambda paper: paper.type_id == cls.identity and paper.partner_id == cls.buyer)
        cls.env.flush_all()

    def files(self, paper):
        return paper._files().mapped(lambda file: (file.name, file.mimetype, file.raw))

    # ------------------------------------------------------------------ what goes in

    def test_good_files(self):
        for name, raw, stored, mimetype in (
            ('a.pdf', PDF, 'a.pdf', 'application/pdf'), ('b.JPG', JPEG, 'b.jpg', 'image/jpeg'), ('c.png', PNG, 'c.png', 'image/png'),
            ('d.heic', HEIC, 'd.heic', 'image/heic'), ('e.webp', WEBP, 'e.webp', 'image/webp'), ('really a photo.pdf', PNG, 'really a photo.png', 'image/png'),
        ):
            file = self.attach(self.receipt_paper, name=name, raw=raw)
            self.assertEqual((file.name, file.mimetype, file.raw), (stored, mimetype, raw), "kept as it came")
        self.assertEqual(self.receipt_paper.file_count, 6)
        file = self.env['ir.attachment'].with_user(self.users['signing']).create({
            'name': 'x.pdf', 'datas': base64.b64encode(PDF), 'mimetype': 'text/html', 'res_model': 'property.document', 'res_id': self.receipt_paper.id})
        self.assertEqual((file.raw, file.mimetype), (PDF, 'application/pdf'))

    def test_a_large_photo_is_not_scaled(self):
        """A photo is evidence."""
        calls = []
        with patch('odoo.tools.image.ImageProcess.__init__', lambda *args, **kwargs: calls.append(args)):
            self.attach(self.receipt_paper, name='x.png', raw=PNG)
        self.assertFalse(calls)

    def test_bad_files(self):
        """By every way that a file comes in: created, imported, written, with defaults, by a superuser's method."""
        Attachment = self.env['ir.attachment'].with_user(self.users['signing'])
        base = {'res_model': 'property.document', 'res_id': self.receipt_paper.id}
        for vals, sentence in (
            ({'name': 'contract.pdf', 'raw': EXE}, NO_TYPE % 'contract.pdf'),
            ({'name': 'contract.pdf', 'datas': base64.b64encode(EXE)}, NO_TYPE % 'contract.pdf'),
            ({'name': 'contract.pdf', 'raw': EXE, 'mimetype': 'application/pdf'}, NO_TYPE % 'contract.pdf'),
            ({'name': 'page.pdf', 'raw': '<html>%PDF-1.4</html>'}, NO_TYPE % 'page.pdf'),
            ({'name': 'large.pdf', 'raw': LARGE}, "“large.pdf” has 11 MB and no more than 10 MB are taken: make it smaller or split it."),
            ({'name': 'large.pdf', 'datas': base64.b64encode(PDF + bytes(50 * 1024 * 1024)).decode()},
             "“large.pdf” has 51 MB and no more than 10 MB are taken: make it smaller or split it."),
            ({'name': 'empty.pdf'}, "“empty.pdf” is empty."),
            ({'name': 'empty.pdf', 'raw': b''}, "“empty.pdf” is empty."),
            ({'name': 'x.pdf', 'datas': '!'}, "“x.pdf” is empty."),
            ({'name': 'x', 'type': 'url', 'url': 'https://example.com/x.pdf'}, KEPT_HERE),
            ({'name': 'x.pdf', 'raw': PDF, 'url': '/x.pdf'}, KEPT_HERE),
            ({'name': 'x.pdf', 'raw': PDF, 'public': True}, KEPT_HERE),
            ({'name': 'x.pdf', 'raw': PDF, 'res_field': 'note'}, KEPT_HERE),
        ):
            for model in (Attachment, Attachment.sudo()):
                self.assertRefused(sentence, lambda vals=vals, model=model: model.create({**base, **vals}))
            # Not one of several either.
            self.assertRefused(sentence, lambda vals=vals: Attachment.create([{**base, 'name': 'good.pdf', 'raw': PDF}, {**base, **vals}]))

    def test_bad_files_by_defaults(self):
        Attachment = self.env['ir.attachment'].with_user(self.users['signing'])
        for context, vals, sentence in (
            ({'default_res_model': 'property.document', 'default_res_id': self.receipt_paper.id}, {'name': 'x.pdf', 'raw': EXE}, NO_TYPE % 'x.pdf'),
            ({'default_res_model': 'property.document', 'default_res_id': self.receipt_paper.id, 'default_raw': EXE}, {'name': 'x.pdf'}, "“x.pdf” is empty."),
            ({'default_public': True}, {'name': 'x.pdf', 'raw': PDF, 'res_model': 'property.document', 'res_id': self.receipt_paper.id}, KEPT_HERE),
        ):
            self.assertRefused(sentence, lambda context=context, vals=vals: Attachment.with_context(**context).create(vals))
        file = Attachment.with_context(default_datas=base64.b64encode(EXE), default_raw=EXE, default_access_token='t').create({
            'name': 'x.pdf', 'raw': PDF, 'res_model': 'property.document', 'res_id': self.receipt_paper.id})
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual((file.raw, file.access_token, file.public), (PDF, False, False))

    def test_other_files_are_not_touched(self):
        """Files of anything else are as free as they were, also beside a paper's in one call."""
        first, paper_file, second = self.env['ir.attachment'].with_user(self.users['signing']).create([
            {'name': 'x.exe', 'raw': EXE}, {'name': 'y.exe', 'raw': PDF, 'res_model': 'property.document', 'res_id': self.receipt_paper.id},
            {'name': 'z', 'raw': b'text', 'res_model': 'test_property.case', 'res_id': self.case.id}])
        self.assertEqual([(file.name, file.raw) for file in (first, paper_file, second)], [('x.exe', EXE), ('y.pdf', PDF), ('z', b'text')])

    def test_kind_of_the_type(self):
        self.assertRefused("“Test Form” is taken as a PDF only.", lambda: self.attach(self.form_paper, name='x.png', raw=PNG))
        self.form.upload_kind = 'image'
        self.assertRefused("“Test Form” is taken as a photo only.", lambda: self.attach(self.form_paper))
        self.attach(self.form_paper, name='x.png', raw=PNG)

    def test_number_and_size_are_parameters(self):
        values = self.env['property.parameter.value']
        for code, value in (('paper_file_count', 2), ('paper_file_megabytes', 1)):
            values.create({
                'parameter_id': self.env.ref(f'property_base.parameter_{code}').id, 'valid_from': '2001-01-01', 'value': value, 'company_id': self.company.id})
        self.attach(self.receipt_paper)
        self.assertRefused(
            "“Test Receipt” has 1 files and takes no more than 2.",
            lambda: self.env['ir.attachment'].with_user(self.users['signing']).create([
                {'name': f'{index}.pdf', 'raw': PDF, 'res_model': 'property.document', 'res_id': self.receipt_paper.id} for index in range(2)]))
        self.assertRefused(
            "“x.pdf” has 2 MB and no more than 1 MB are taken: make it smaller or split it.",
            lambda: self.attach(self.receipt_paper, name='x.pdf', raw=PDF + bytes(1024 * 1024)))

    def test_virus_scan_hook(self):
        def scan(attachments, name, content):
            raise UserError(attachments.env._('%s is infected.', name))
        with patch.object(IrAttachment, '_scan_paper_file', scan):
            self.assertRefused('scan.pdf is infected.', lambda: self.attach(self.receipt_paper))

    # ------------------------------------------------------------------ what is in stays as it is

    def test_files_are_not_changed(self):
        file = self.attach(self.receipt_paper)
        file.name = '../收据.exe'
        self.assertEqual(file.name, '收据.pdf')
        file.write({'raw': PDF, 'mimetype': 'application/pdf', 'public': False, 'res_id': self.receipt_paper.id})
        for its in (file, file.sudo()):
            for vals, sentence in (
                ({'raw': EXE}, "A paper's file is not replaced: add the new one and delete the old one."),
                ({'raw': PDF + b' '}, "A paper's file is not replaced: add the new one and delete the old one."),
                ({'datas': base64.b64encode(EXE)}, "A paper's file is not replaced: add the new one and delete the old one."),
                ({'mimetype': 'text/html'}, "A paper's file is not replaced: add the new one and delete the old one."),
                ({'public': True}, KEPT_HERE), ({'access_token': 'x'}, KEPT_HERE), ({'type': 'url', 'url': 'https://x'}, KEPT_HERE),
                ({'url': '/x'}, KEPT_HERE), ({'res_field': 'note'}, KEPT_HERE),
                ({'res_id': self.card.id}, "A paper's file stays with its paper."), ({'res_id': False}, "A paper's file stays with its paper."),
                ({'res_model': 'test_property.case', 'res_id': self.case.id}, "A paper's file stays with its paper."),
            ):
                self.assertRefused(sentence, lambda its=its, vals=vals: its.write(vals))
            self.assertRefused(KEPT_HERE, its.generate_access_token)
        stray = self.env['ir.attachment'].with_user(self.users['signing']).create({'name': 'x.exe', 'raw': EXE})
        for vals in ({'res_model': 'property.document', 'res_id': self.receipt_paper.id}, {'res_model': 'property.document'}):
            self.assertRefused(
                "A file of something else does not become a paper's: upload it to the paper.", lambda vals=vals: stray.write(vals))

    def test_sent_before_the_paper_was_saved(self):
        """The form's widget sends first and saves then."""
        signing = self.users['signing']
        good, photo = self.env['ir.attachment'].with_user(signing).create([
            {'name': 'x.pdf', 'raw': PDF, 'res_model': 'property.document', 'res_id': 0},
            {'name': 'x.png', 'raw': PNG, 'res_model': 'property.document', 'res_id': 0}])
        self.assertRefused(
            "“Test Form” is taken as a PDF only.", lambda: self.form_paper.with_user(signing).write({'file_ids': [Command.link(photo.id)]}))
        self.form_paper.with_user(signing).write({'file_ids': [Command.link(good.id)]})
        self.env.invalidate_all()
        self.assertEqual(self.form_paper.file_ids, good)
        self.form_paper.with_user(signing).write({'file_ids': [Command.unlink(good.id)]})
        self.assertFalse(good.exists())

    def test_verified_files_stay(self):
        file = self.attach(self.receipt_paper)
        self.receive(self.receipt_paper)
        self.verify(self.receipt_paper)
        sentence = "“Test Receipt (C-1)” is verified: its files stay."
        for its in (file, file.sudo()):
            self.assertRefused(sentence, its.unlink)
        self.assertRefused(sentence, lambda: self.attach(self.receipt_paper))
        self.assertRefused(sentence, lambda: self.receipt_paper.with_user(self.users['signing']).write({'file_ids': [Command.clear()]}))
        self.as_user('signing', self.receipt_paper)._reject('Wrong one')
        self.env.invalidate_all()
        file.unlink()

    def stored_count(self):
        self.env.flush_all()
        self.env.cr.execute("SELECT file_count FROM property_document WHERE id = %s", [self.receipt_paper.id])
        return self.env.cr.fetchone()[0]

    def test_count_is_kept_with_the_paper(self):
        """A file writes the paper's row, so that it cannot come unseen while somebody verifies."""
        self.assertEqual(self.stored_count(), 0)
        files = self.attach(self.receipt_paper) + self.attach(self.receipt_paper)
        self.assertEqual(self.stored_count(), 2)
        files[0].unlink()
        self.assertEqual(self.stored_count(), 1)
        unsaved = self.env['ir.attachment'].with_user(self.users['signing']).create(
            {'name': 'x.pdf', 'raw': PDF, 'res_model': 'property.document', 'res_id': 0})
        self.as_user('signing', self.receipt_paper).write({'file_ids': [Command.link(unsaved.id)]})
        self.assertEqual(self.stored_count(), 2)
        self.as_user('signing', self.receipt_paper).write({'file_ids': [Command.clear()]})
        self.assertEqual(self.stored_count(), 0)

    def test_a_file_does_for_copies(self):
        """Ordinary copies may be scans; originals may not."""
        self.receive(self.card)
        its = self.as_user('signing', self.card)
        its._give_back({its: (0, 2)})
        with self.assertRaises(UserError), self.env.cr.savepoint():
            self.as_user('registration', self.card).action_verify()
        self.attach(self.card)
        self.verify(self.card)
        self.assertEqual(self.card.state, 'verified')

    # ------------------------------------------------------------------ who sees what

    def test_identity_papers(self):
        """On every way of looking, for those who may and for those who may not."""
        self.receive(self.card)
        file, other = self.attach(self.card, name='card.pdf'), self.attach(self.receipt_paper, name='receipt.pdf')
        for post, sees in (('signing', True), ('registration', True), ('assistant', True), ('manager', True), ('legal', True), ('auditor', True),
                           ('service', False), ('gm', False)):
            user = self.users[post]
            Paper, Attachment = self.env['property.document'].with_user(user), self.env['ir.attachment'].with_user(user)
            card, its = Paper.browse(self.card.id), Attachment.browse(file.id)
            with self.subTest(post=post):
                self.assertEqual(card in Paper.search([]), sees)
                self.assertIn(Paper.browse(self.receipt_paper.id), Paper.search([]))
                self.assertEqual(card in Paper.browse(self.case.with_user(user).document_ids.ids), sees)
                self.assertEqual(bool(Paper.search_count([('id', '=', card.id)])), sees)
                self.assertEqual(bool(Paper._read_group([('id', '=', card.id)], ['type_id'], ['__count'])), sees)
                self.assertEqual(self.card.id in [id_ for id_, _name in Paper.name_search('Test Card', limit=None)], sees)
                self.assertFalse(Paper.name_search('no such paper'))
                self.assertEqual(its in Attachment.search([('res_model', '=', 'property.document')]), sees)
                self.assertEqual(its in Attachment.search([('id', 'in', (file + other).ids)]), sees)
                self.assertEqual(its in Attachment.search([('name', 'in', ('card.pdf', 'receipt.pdf'))]), sees)
                self.assertIn(Attachment.browse(other.id), Attachment.search([('res_model', '=', 'property.document')]))
                self.assertEqual(Attachment.search_count([('checksum', '=', file.checksum), ('name', '=', 'card.pdf')]), int(sees))
                for function in (
                    lambda card=card: card.read(['display_name']), lambda card=card: card.export_data(['type_id/name', 'file_ids/name']),
                    lambda card=card: card.web_read({'file_ids': {'fields': {'name': {}}}}), lambda card=card: card.log_ids.read(['kind']),
                    lambda its=its: its.read(['raw']), lambda its=its: its.raw, lambda its=its: its.read(['index_content', 'name']),
                    lambda its=its: its.export_data(['datas']), lambda its=its: its.copy({'res_model': False, 'res_id': False}),
                    lambda card=card: card.copy_data(), lambda its=its: self.env['ir.binary'].with_user(its.env.user)._find_record(
                        res_model='ir.attachment', res_id=its.id, field='raw'),
                ):
                    self.env.invalidate_all()
                    if sees:
                        function()
                        continue
                    with self.unchanged(), self.assertRaises(AccessError), self.env.cr.savepoint():
                        self.assertTrue(function(), "an empty answer would be one that tells nothing")
                        raise AssertionError("nothing refused it")

    def test_identity_papers_cannot_be_found_by_guessing(self):
        """Conditions on a document's papers and files tell nothing about those that one does not see."""
        self.attach(self.card, name='card.pdf')
        Case = self.env['test_property.case'].with_user(self.users['service'])
        for domain in (
            [('document_ids.restricted', '=', True)], [('document_ids.type_id.code', '=', 'test_identity')],
            [('document_ids.partner_id', '=', self.spouse.id)],
        ):
            self.assertFalse(Case.search([('id', '=', self.case.id), *domain]), domain)
        self.assertTrue(Case.search([('id', '=', self.case.id), ('document_ids.type_id.code', '=', 'test_receipt')]))

    def test_writing_to_identity_papers(self):
        service = self.users['service']
        for function in (
            lambda: self.attach(self.card, 'service'), lambda: self.attach(self.card, 'service', raw=EXE),
            lambda: self.as_user('service', self.card).action_receive(), lambda: self.as_user('service', self.card).write({'note': 'x'}),
            lambda: self.env['property.document.handling'].with_user(service).create(
                {'kind': 'receive', 'document_ids': [Command.set(self.card.ids)]}).action_apply(),
        ):
            with self.unchanged(), self.assertRaises(AccessError), self.env.cr.savepoint():
                function()
        stray = self.env['ir.attachment'].with_user(service).create({'name': 'x.pdf', 'raw': PDF, 'res_model': 'property.document', 'res_id': 0})
        with self.unchanged(), self.assertRaises(AccessError), self.env.cr.savepoint():
            stray.write({'res_id': self.card.id})

    def test_chatter(self):
        """A message elsewhere does not carry a file to somebody who may not see it."""
        file = self.attach(self.card)
        document = self.env['test_property.document'].with_user(self.users['service']).create({})
        for function in (
            lambda: document.message_post(body='x', attachment_ids=file.ids),
            lambda: document.message_post(body='x').write({'attachment_ids': [Command.link(file.id)]}),
            lambda: self.env['mail.message'].with_user(self.users['service']).create({
                'model': document._name, 'res_id': document.id, 'body': 'x', 'attachment_ids': [Command.set(file.ids)]}),
        ):
            with self.assertRaises(AccessError), self.env.cr.savepoint():
                function()
        # Nor does one of a colleague who may see it give it away.
        self.assertFalse(document.message_ids.attachment_ids)

    def test_other_company(self):
        company = self.env['res.company'].create({'name': 'Birch'})
        user = self.env['res.users'].create({
            'name': 'B', 'login': 'paper-b', 'company_id': company.id, 'company_ids': [Command.set(company.ids)],
            'group_ids': [Command.set(self.env.ref('property_base.group_department_manager').ids)]})
        file = self.attach(self.card)
        Paper = self.env['property.document'].with_user(user).with_context(allowed_company_ids=company.ids)
        self.assertFalse(Paper.search([]))
        for records in (self.card, file):
            with self.assertRaises(AccessError):
                records.with_env(Paper.env).read(['display_name'])


@tagged('post_install', '-at_install')
class TestPaperFilesByHttp(PaperMixin, HttpCase):
    """As the staff's browser sends and fetches them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.setUpPapers()
        cls.case._make_checklist()
        cls.card = cls.case.document_ids.filtered(lambda paper: paper.type_id == cls.identity and paper.partner_id == cls.buyer)
        cls.receipt_paper = cls.case.document_ids.filtered(lambda paper: paper.type_id == cls.receipt)
        cls.env.flush_all()

    def login(self, post):
        self.authenticate(f'paper-{post}', f'paper-{post}')
        self.session.context['lang'] = 'en_US'
        root.session_store.save(self.session)

    def upload(self, paper, *files):
        return json.loads(self.url_open('/web/binary/upload_attachment', data={
            'csrf_token': self.csrf_token(), 'model': 'property.document', 'id': paper.id}, files=[('ufile', file) for file in files]).content)

    def test_upload(self):
        self.login('signing')
        [answer] = self.upload(self.receipt_paper, ('收据.exe', PDF))
        self.assertEqual((answer['filename'], answer['mimetype']), ('收据.pdf', 'application/pdf'))
        self.env.invalidate_all()
        self.assertEqual(self.receipt_paper.file_ids.name, '收据.pdf')

    def test_refused_uploads(self):
        self.login('signing')
        for files, sentence in (
            ([('contract.pdf', EXE)], NO_TYPE % 'contract.pdf'),
            ([('good.pdf', PDF), ('contract.pdf', EXE)], NO_TYPE % 'contract.pdf'),
            ([('large.pdf', PDF + bytes(50 * 1024 * 1024))], "“large.pdf” has 51 MB and no more than 10 MB are taken: make it smaller or split it."),
        ):
            with self.unchanged():
                self.assertEqual(self.upload(self.receipt_paper, *files), [{'error': sentence}])
        self.login('service')
        with self.unchanged():
            [answer] = self.upload(self.card, ('x.pdf', PDF))
        self.assertIn('error', answer)

    def test_download(self):
        file = self.attach(self.card)
        for post, status in (('signing', 200), ('auditor', 200), ('service', 404), ('gm', 404), ('engineering', 404)):
            self.login(post)
            for url in (
                f'/web/content/{file.id}', f'/web/content/ir.attachment/{file.id}/raw', f'/web/content/ir.attachment/{file.id}/datas?download=1',
                f'/web/content?model=ir.attachment&id={file.id}', f'/web/content/{file.id}?access_token=x',
            ):
                response = self.url_open(url)
                self.assertEqual(response.status_code, 404 if 'token' in url else status, (post, url))
                self.assertEqual(PDF in response.content, response.status_code == 200)
            response = self.url_open('/mail/attachment/zip', data={
                'file_ids': str(file.id), 'zip_name': 'x.zip', 'csrf_token': self.csrf_token()}) if status == 404 else None
            self.assertFalse(response and b'%PDF' in response.content)
        self.logout(keep_db=True)
        self.assertEqual(self.url_open(f'/web/content/{file.id}').status_code, 404)

    def call(self, model, method, *args, **kwargs):
        return self.url_open(
            f'/web/dataset/call_kw/{model}/{method}', headers={'Content-Type': 'application/json'},
            data=json.dumps({'params': {'model': model, 'method': method, 'args': args, 'kwargs': kwargs}})).json()

    def test_rpc(self):
        """The attacks that anybody with a login can make."""
        self.receive(self.receipt_paper)
        self.login('signing')
        ids = self.receipt_paper.ids
        with self.unchanged(), mute_logger('odoo.http', 'odoo.sql_db', 'odoo.addons.base.models.ir_model', 'odoo.models'):
            for model, method, args, kwargs in (
                ('property.document', 'action_verify', (ids,), {}), ('property.document', '_receive', (ids, {}), {}),
                ('property.document', '_log', (ids, 'verified'), {}), ('property.document', '_waive', (ids, 'x'), {}),
                ('property.document', 'write', (ids, {'state': 'verified'}), {'context': {'property_transition': True}}),
                ('property.document', 'write', (ids, {'verified_by_id': 2}), {}), ('property.document', 'write', (ids, {'originals': 0}), {}),
                ('property.document', 'web_save', (ids, {'state': 'verified'}), {'specification': {}}), ('property.document', 'unlink', (ids,), {}),
                ('property.document.log', 'create', ([{'document_id': ids[0], 'kind': 'verified', 'user_id': 2}],), {}),
                ('property.document.log', 'unlink', (self.receipt_paper.log_ids.ids,), {}),
                ('property.document.loan', 'create', ([{'document_id': ids[0], 'borrower_id': self.users['engineering'].id, 'purpose': 'x',
                                                        'originals': 1, 'due_date': '2099-01-01'}],), {}),
                ('test_property.case', '_make_checklist', (self.case.ids,), {}), ('test_property.case', '_drop_checklist', (self.case.ids,), {}),
                ('test_property.case', 'write', (self.case.ids, {'document_ids': [[1, ids[0], {'state': 'verified'}]]}), {}),
                ('ir.attachment', 'create', ([{'name': 'x.pdf', 'raw': '<script>', 'res_model': 'property.document', 'res_id': ids[0]}],), {}),
            ):
                answer = self.call(model, method, *args, **kwargs)
                self.assertIn('error', answer, (model, method, args))
