from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tools import SQL

from .test_buyer import BuyerCase

PDF = b'%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n'


class TestBuyerPapers(BuyerCase):
    """A person's papers when files of him are merged, when he is forgotten, and in the sight of sales."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users['manager'].group_ids = [Command.link(cls.env.ref('base.group_partner_manager').id)]
        cls.paper_type, cls.other_type = cls.env['property.document.type'].create([
            {'name': 'Receipt', 'code': 'test_receipt'}, {'name': 'Form', 'code': 'test_form'}])
        cls.double = cls.make_buyer('Zhang again')
        cls.env.flush_all()

    def make_paper(self, partner, paper_type=None, project=None):
        project = project or self.project
        return self.env['property.document'].create({
            'res_model': project._name, 'res_id': project.id, 'document_name': project.name, 'project_id': project.id,
            'company_id': self.company.id, 'type_id': (paper_type or self.paper_type).id, 'partner_id': partner.id})

    def receive(self, paper):
        paper.with_user(self.users['signing']).action_receive()
        self.env.flush_all()
        self.env.invalidate_all()

    def merge(self, source, target):
        self.as_user('manager', self.env['base.partner.merge.automatic.wizard']).create({
            'partner_ids': [Command.set((source + target).ids)], 'dst_partner_id': target.id, 'state': 'selection'}).action_merge()
        self.env.invalidate_all()

    def test_merge_takes_the_papers_and_their_log(self):
        paper, other = self.make_paper(self.double), self.make_paper(self.buyer, self.other_type)
        self.receive(paper)
        self.merge(self.double, self.buyer)
        self.assertEqual((paper + other).partner_id, self.buyer)
        self.assertEqual(paper.log_ids.partner_id, self.buyer)

    def test_merge_of_people_who_are_in_no_buyer_file(self):
        one, two = self.env['res.partner'].create([{'name': 'One'}, {'name': 'Two'}])
        paper = self.make_paper(one)
        self.receive(paper)
        self.env['base.partner.merge.automatic.wizard']._merge((one + two).ids, two)
        self.env.invalidate_all()
        self.assertEqual((paper.partner_id, paper.log_ids.partner_id), (two, two))

    def test_merge_of_one_paper_twice(self):
        """The one that was handed in stays."""
        mine, theirs = self.make_paper(self.buyer), self.make_paper(self.double)
        self.receive(theirs)
        self.merge(self.double, self.buyer)
        self.assertFalse(mine.exists())
        self.assertEqual((theirs.partner_id, theirs.state), (self.buyer, 'received'))

    def test_merge_of_one_paper_handed_in_twice(self):
        mine, theirs = self.make_paper(self.buyer), self.make_paper(self.double)
        self.receive(mine)
        self.receive(theirs)
        with self.unchanged(), self.refused("“Receipt (Acorn Hill)” was handed in for each of these files, which therefore stay two."), \
                self.env.cr.savepoint():
            self.env['base.partner.merge.automatic.wizard']._merge((self.double + self.buyer).ids, self.buyer)
        self.assertEqual((mine.partner_id, theirs.partner_id), (self.buyer, self.double))

    def test_log_moves_by_a_merge_only(self):
        paper = self.make_paper(self.double)
        self.receive(paper)
        with self.refused_by_database("The log of papers is never changed or deleted.", 'property.document.log'):
            self.env.cr.execute("UPDATE property_document_log SET partner_id = %s WHERE document_id = %s", [self.buyer.id, paper.id])
        for column, value in (('user_id', 1), ('originals', 9), ('reason', 'x'), ('kind', 'waived')):
            with self.refused_by_database("The log of papers is never changed or deleted.", 'property.document.log'):
                self.env.cr.execute(SQL(
                    "UPDATE property_document_log SET %s = %s WHERE document_id = %s", SQL.identifier(column), value, paper.id))

    def test_forgotten(self):
        """His files go, those of verified papers too; which papers there were stays."""
        paper = self.make_paper(self.double)
        other = self.make_paper(self.buyer)
        for its in (paper, other):
            self.env['ir.attachment'].create({'name': 'card.pdf', 'raw': PDF, 'res_model': its._name, 'res_id': its.id})
            self.receive(its)
        paper.with_user(self.users['registration']).action_verify()
        paper.note = 'Lives with his mother'
        self.assertEqual(self.double._erasure_refusal(), "“Receipt (Acorn Hill)” is in the archive: give it back first.")
        its = paper.with_user(self.users['signing'])
        its._give_back({its: (1, 0)})
        self.env.flush_all()
        self.assertFalse(self.double._erasure_refusal())
        self.double.with_user(self.users['manager']).action_anonymise()
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual((paper.file_count, paper._files().ids, paper.note, paper.state), (0, [], False, 'returned'))
        self.assertEqual(len(paper.log_ids), 3)
        self.assertEqual(other.file_count, 1)

    def test_sales(self):
        """A consultant sees the papers of his own buyers, the sales manager those of his projects."""
        self.double.user_id = self.users['colleague']
        own, colleagues, nobodys = self.make_paper(self.buyer), self.make_paper(self.double), self.make_paper(self.env['res.partner'])
        elsewhere = self.make_paper(self.buyer, project=self.other_project)
        papers = own + colleagues + nobodys + elsewhere
        for paper in papers:
            self.receive(paper)
            paper._lend(self.users['manager'], 'Filing', '2099-01-01')
        for post, seen in (('consultant', own + nobodys), ('salesmanager', own + colleagues + nobodys), ('signing', papers)):
            user = self.users[post]
            for records, its in ((papers, seen), (papers.log_ids, seen.log_ids), (papers.loan_ids, seen.loan_ids)):
                found = self.env[records._name].with_user(user).search([('id', 'in', records.ids)])
                self.assertEqual(set(found.ids), set(its.ids), (post, records._name))
                for record in records - its:
                    with self.assertRaises(AccessError):
                        record.with_user(user).read(['display_name'])
