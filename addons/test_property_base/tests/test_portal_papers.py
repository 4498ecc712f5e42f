import json

from odoo.fields import Command
from odoo.http import root
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .paper_case import EXE, JPEG, PDF, PNG, PaperMixin
from .test_paper_files import NO_TYPE


@tagged('post_install', '-at_install')
class TestPortalPapers(PaperMixin, HttpCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.setUpPapers()
        cls.login_user = cls.make_login('paper-buyer', cls.buyer)
        cls.case._make_checklist()
        papers = cls.case.document_ids
        cls.receipt_paper = papers.filtered(lambda paper: paper.type_id == cls.receipt)
        cls.form_paper = papers.filtered(lambda paper: paper.type_id == cls.form)
        cls.card = papers.filtered(lambda paper: paper.type_id == cls.identity and paper.partner_id == cls.buyer)
        cls.spouse_card = papers.filtered(lambda paper: paper.type_id == cls.identity and paper.partner_id == cls.spouse)
        cls.env.flush_all()

    @classmethod
    def make_login(cls, login, partner):
        partner.email = f'{login}@example.com'
        return cls.env['res.users'].create({
            'login': login, 'password': login, 'partner_id': partner.id, 'lang': 'en_US', 'company_id': cls.company.id,
            'company_ids': [Command.set(cls.company.ids)], 'group_ids': [Command.set(cls.env.ref('base.group_portal').ids)]})

    def login(self, login='paper-buyer'):
        self.authenticate(login, login)
        self.session.context['lang'] = 'en_US'
        root.session_store.save(self.session)

    def upload(self, paper, *files, token=True):
        data = {'csrf_token': self.csrf_token()} if token else {}
        return self.url_open(
            f'/my/papers/{paper.id}/upload', data=data, files=[('files', file) for file in files] or {'files': ('', b'')}, allow_redirects=False)

    def page(self):
        response = self.url_open('/my/papers')
        self.assertEqual(response.status_code, 200)
        return response.text

    # ------------------------------------------------------------------ the page

    def test_page(self):
        self.login()
        with self.unchanged():
            page = self.page()
        for text in ('Test Receipt', 'Test Form', 'Test Card', 'C-1', 'When an agent signs', 'To hand in', 'Only if it applies to you'):
            self.assertIn(text, page)
        self.assertEqual(page.count('class="card mb-2"'), 3, "not the spouse's")
        self.assertNotIn(f'paper-{self.spouse_card.id}"', page)
        self.assertIn('capture="environment"', page)
        counters = self.url_open('/my/counters', headers={'Content-Type': 'application/json'}, data=json.dumps({'params': {'counters': ['paper_count']}})).json()
        self.assertEqual(counters['result']['paper_count'], 3)

    def test_states_on_the_page(self):
        self.receive(self.receipt_paper)
        self.as_user('signing', self.receipt_paper)._reject('Not legible')
        self.as_user('manager', self.form_paper)._waive('No agent')
        self.receive(self.card)
        self.verify(self.card)
        self.login()
        page = self.page()
        for text in ('Not accepted', 'Not legible', 'Not needed', 'Accepted'):
            self.assertIn(text, page)
        self.assertNotIn('No agent', page, "an internal reason")
        self.assertEqual(page.count('class="o_property_paper_upload'), 1, "only the refused one takes a file")

    def test_nothing_asked(self):
        self.make_login('paper-stranger', self.env['res.partner'].create({'name': 'Stranger'}))
        self.login('paper-stranger')
        self.assertIn('Nothing is asked of you', self.page())

    # ------------------------------------------------------------------ uploads

    def test_upload(self):
        self.login()
        response = self.upload(self.receipt_paper, ('收据.jpg', JPEG), ('page two.pdf', PDF))
        self.assertEqual((response.status_code, response.headers['Location'].rpartition('/my/')[2]), (303, f'papers#paper-{self.receipt_paper.id}'))
        self.env.invalidate_all()
        self.assertEqual(self.receipt_paper.file_ids.mapped(lambda file: (file.name, file.raw, file.create_uid, file.public)), [
            ('收据.jpg', JPEG, self.login_user, False), ('page two.pdf', PDF, self.login_user, False)])
        self.assertEqual(self.receipt_paper.state, 'received')
        self.assertEqual(
            self.receipt_paper.log_ids.mapped(lambda row: (row.kind, row.user_id, row.partner_id, row.how, row.originals)),
            [('received', self.login_user, self.buyer, 'portal', 0)])
        page = self.page()
        self.assertIn('Being checked', page)
        file = self.receipt_paper.file_ids[0]
        response = self.url_open(f'/my/papers/{self.receipt_paper.id}/files/{file.id}')
        self.assertEqual((response.status_code, response.content), (200, JPEG))
        self.assertIn('attachment', response.headers['Content-Disposition'])
        # The original still has to be brought.
        self.assertRefused(
            "0 of 1 originals of “Test Receipt (C-1)” are here: receive the rest first.", self.as_user('registration', self.receipt_paper).action_verify)
        self.receive(self.receipt_paper)
        self.verify(self.receipt_paper)
        with self.unchanged():
            response = self.upload(self.receipt_paper, ('late.pdf', PDF))
            self.assertEqual(response.status_code, 422)
        self.assertIn('“Test Receipt” is “Verified” and takes no more files.', response.text)

    def test_refused_uploads(self):
        self.login()
        for paper, files, sentence in (
            (self.receipt_paper, [('contract.pdf', EXE)], NO_TYPE % 'contract.pdf'),
            (self.receipt_paper, [('good.pdf', PDF), ('contract.pdf', EXE)], NO_TYPE % 'contract.pdf'),
            (self.receipt_paper, [('large.pdf', PDF + bytes(50 * 1024 * 1024))],
             "“large.pdf” has 51 MB and no more than 10 MB are taken: make it smaller or split it."),
            (self.receipt_paper, [(f'{index}.pdf', PDF) for index in range(11)], "“Test Receipt” has 0 files and takes no more than 10."),
            (self.form_paper, [('x.png', PNG)], "“Test Form” is taken as a PDF only."),
            (self.receipt_paper, [], "Choose a photo or a PDF first."),
            (self.receipt_paper, [('empty.pdf', b'')], "“empty.pdf” is empty."),
        ):
            with self.subTest(sentence=sentence), self.unchanged():
                response = self.upload(paper, *files)
                self.assertEqual(response.status_code, 422)
                self.assertEqual(response.text.count('o_property_paper_error'), 1)
                self.assertIn(sentence, response.text)

    def test_without_a_token(self):
        self.login()
        with self.unchanged(), mute_logger('odoo.http'):
            self.assertEqual(self.upload(self.receipt_paper, ('x.pdf', PDF), token=False).status_code, 400)

    def test_get_changes_nothing(self):
        self.login()
        with self.unchanged():
            for url in ('/my/papers', f'/my/papers/{self.receipt_paper.id}/upload', f'/my/papers/{self.receipt_paper.id}/files/1'):
                self.url_open(url)
            self.assertEqual(self.url_open(f'/my/papers/{self.receipt_paper.id}/upload').status_code, 405)

    # ------------------------------------------------------------------ nobody else's

    def test_other_papers(self):
        """Another's paper is as if it did not exist."""
        mine, theirs = self.attach(self.card), self.attach(self.spouse_card)
        self.login()
        missing = self.env['property.document'].search([], order='id desc', limit=1)
        with self.unchanged():
            self.assertEqual(self.upload(self.spouse_card, ('x.pdf', PDF)).status_code, 404)
            self.assertEqual(self.upload(missing.browse(missing.id + 999), ('x.pdf', PDF)).status_code, 404)
        for url in (
            f'/my/papers/{self.spouse_card.id}/files/{theirs.id}', f'/my/papers/{self.card.id}/files/{theirs.id}',
            # What the staff put beside one's own paper is the staff's.
            f'/my/papers/{self.card.id}/files/{mine.id}',
            f'/web/content/{theirs.id}', f'/web/content/{mine.id}', f'/web/image/{theirs.id}?download=1',
        ):
            self.assertEqual(self.url_open(url).status_code, 404, url)

    def test_rpc(self):
        """The portal has no right on any of the models, whatever is asked."""
        file = self.attach(self.card)
        self.login()
        with self.unchanged(), mute_logger('odoo.http', 'odoo.addons.base.models.ir_model', 'odoo.addons.base.models.ir_rule'):
            for model, records in (
                ('property.document', self.card), ('property.document.log', None), ('property.document.loan', None),
                ('property.document.type', self.identity), ('property.document.requirement', self.requirements), ('property.archive.place', None),
                ('test_property.case', self.case), ('ir.attachment', file),
            ):
                ids = records.ids if records else [1]
                for method, args in (
                    ('search_read', ([],)), ('read', (ids, ['display_name'])), ('search_count', ([],)), ('name_search', ('',)),
                    ('web_search_read', ([], {'id': {}})), ('write', (ids, {'name': 'x'})), ('create', ([{'name': 'x'}],)), ('unlink', (ids,)),
                    ('export_data', (ids, ['id'])), ('copy', (ids,)), ('action_receive', (ids,)), ('action_verify', (ids,)), ('action_return', (ids,)),
                    ('action_make_checklist', (ids,)),
                ):
                    answer = self.url_open(
                        f'/web/dataset/call_kw/{model}/{method}', headers={'Content-Type': 'application/json'},
                        data=json.dumps({'params': {'model': model, 'method': method, 'args': args, 'kwargs': {}}})).json()
                    self.assertIn(answer.get('result'), (None, [], 0, {'length': 0, 'records': []}), (model, method))

    def test_anonymous(self):
        response = self.url_open('/my/papers')
        self.assertIn('/web/login', response.url)
        with self.unchanged():
            self.url_open(f'/my/papers/{self.card.id}/upload', data={}, files={'files': ('x.pdf', PDF)})

    def test_company_and_its_contacts(self):
        """A contact answers for the company's papers; contacts of one company do not see each other's."""
        Partner = self.env['res.partner']
        company = Partner.create({'name': 'Employer', 'is_company': True})
        one, two = Partner.create([{'name': 'One', 'parent_id': company.id}, {'name': 'Two', 'parent_id': company.id}])
        person = Partner.create({'name': 'Person'})
        child = Partner.create({'name': 'Child', 'parent_id': person.id, 'type': 'other'})
        papers = {}
        for partner in (company, one, two, person, child):
            case = self.make_case(name=f'For {partner.name}', partner_ids=[Command.set(partner.ids)])
            papers[partner] = case._make_checklist()
        for partner, seen in ((one, one + company), (two, two + company), (company, company), (person, person), (child, child)):
            domain = self.env['property.document']._own_domain(self.make_login(f'paper-{partner.id}', partner))
            self.assertEqual(self.env['property.document'].search(domain).partner_id, seen, partner.name)

    def test_staff_at_the_portal(self):
        """A colleague who buys himself sees there what he owes, and nothing else."""
        self.authenticate('paper-manager', 'paper-manager')
        self.assertIn(self.users['manager'].name, self.url_open('/my').text)
        self.assertNotIn('class="card mb-2"', self.page())
        with self.unchanged():
            self.assertEqual(self.upload(self.receipt_paper, ('x.pdf', PDF)).status_code, 404)
