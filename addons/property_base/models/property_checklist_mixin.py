from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import UserError

from .property_document_requirement import ANY


class PropertyChecklistMixin(models.AbstractModel):
    """A document that asks for papers. It says which process it is in; :meth:`_make_checklist` does the rest."""

    _name = 'property.checklist.mixin'
    _description = 'Document with a list of papers'

    document_ids = fields.One2many('property.document', 'res_id', "Papers", copy=False)
    checklist_total = fields.Integer(
        "Papers Asked For", compute='_compute_checklist', compute_sudo=True, store=True, copy=False)
    checklist_done = fields.Integer("Papers Done", compute='_compute_checklist', compute_sudo=True, store=True, copy=False)
    checklist_complete = fields.Boolean(
        "Papers Complete", compute='_compute_checklist', compute_sudo=True, store=True, copy=False)
    checklist_progress = fields.Float("Papers (%)", compute='_compute_checklist_summary', aggregator=None)
    checklist_summary = fields.Char("Completeness", compute='_compute_checklist_summary')

    @api.depends('document_ids.done', 'document_ids.counted')
    def _compute_checklist(self):
        counts = {}
        for res_id, done, count in self.env['property.document']._read_group(
                [('res_model', '=', self._name), ('res_id', 'in', self.ids), ('counted', '=', True)], ['res_id', 'done'], ['__count']):
            counts[res_id, done] = count
        for document in self:
            done, open_ = counts.get((document.id, True), 0), counts.get((document.id, False), 0)
            document.checklist_done = done
            document.checklist_total = done + open_
            document.checklist_complete = bool(done) and not open_

    @api.depends('checklist_done', 'checklist_total')
    def _compute_checklist_summary(self):
        for document in self:
            done, total = document.checklist_done, document.checklist_total
            document.checklist_progress = 100 * done / total if total else 0
            document.checklist_summary = self.env._("%(done)s of %(total)s", done=done, total=total) if total else ''

    @api.ondelete(at_uninstall=False)
    def _unlink_except_papers_handed_in(self):
        if handled := self._papers().filtered('log_ids'):
            raise UserError(self.env._(
                "%s has papers that were handed in: cancel it instead of deleting it.", handled[0].document_name))

    def unlink(self):
        papers = self._papers()
        result = super().unlink()
        papers.unlink()
        return result

    # ------------------------------------------------------------------ hooks

    def _checklist_process(self):
        """:return: the process of ``property.document.requirement`` that the document is in, or nothing"""
        return False

    def _checklist_payment_mode(self):
        """:return: the payment mode of ``property.document.requirement``; “any” finds the rows for all modes only"""
        return ANY

    def _checklist_partners(self):
        """:return: res.partner who owe the papers, the one who answers for the rest of them first"""
        return self.partner_id if 'partner_id' in self._fields else self.env['res.partner']

    def _checklist_company(self):
        """:return: the company whose papers they are"""
        return self.company_id if 'company_id' in self._fields and self.company_id else self.env.company

    def _checklist_scope(self):
        """:return: dict of further scopes of the requirements, such as ``{'project_id': project}``"""
        return {}

    def _checklist_due_date(self, requirement):
        """:return: the day by which the paper has to be here, or nothing"""
        return False

    def _checklist_subject(self):
        """:return: text that says which document it is, without personal data"""
        return self.display_name

    def _prepare_paper_origin(self):
        """:return: dict of the values that say which document a paper belongs to"""
        return {
            'res_model': self._name,
            'res_id': self.id,
            'document_name': self._checklist_subject(),
            'company_id': self._checklist_company().id,
        }

    def _prepare_paper_vals(self, requirement, partner):
        """:return: dict of the values of a new paper"""
        return {
            **self._prepare_paper_origin(),
            'type_id': requirement.type_id.id,
            'requirement_id': requirement.id,
            'partner_id': partner.id,
            'mandatory': requirement.necessity == 'mandatory',
            'originals': requirement.originals,
            'copies': requirement.copies,
            'due_date': self._checklist_due_date(requirement),
        }

    # ------------------------------------------------------------------ for the documents' actions

    def _make_checklist(self):
        """Put on each document's list the papers that its process asks for and that are not on it yet.

        May be called again whenever buyers, payment mode or requirements have changed; what is there stays as it is.

        :return: the new property.document
        """
        documents = self.sudo()
        rows = self.env['property.document.requirement'].sudo().search(
            [('process', 'in', list({document._checklist_process() for document in documents}))])
        there = defaultdict(set)
        for paper in documents._papers():
            there[paper.res_id, paper.type_id.id].add(paper.partner_id.id)
        vals_list = []
        for document in documents:
            scope = {'company_id': document._checklist_company(), **document._checklist_scope()}
            partners = document._checklist_partners()
            for row in rows._needed(document._checklist_process(), document._checklist_payment_mode(), scope):
                owners = there.get((document.id, row.type_id.id), ())
                owing = row._owing(partners)
                if row.per_buyer:
                    owing = [partner for partner in owing if partner.id not in owners]
                elif owners:
                    owing = []
                vals_list += [document._prepare_paper_vals(row, partner) for partner in owing]
        return self.env['property.document'].sudo().create(vals_list).sudo(self.env.su)

    def _drop_checklist(self):
        """Take what was never handed in off the lists: the documents are cancelled, or ask for other papers from now on."""
        self._papers().filtered(lambda paper: paper.state == 'missing' and not paper.log_ids and not paper.file_count).unlink()

    def _checklist_missing(self):
        """:return: property.document that count and are not done, as superuser: a gate asks for all, whoever passes it"""
        return self._papers().filtered(lambda paper: paper.counted and not paper.done)

    def _papers(self):
        """:return: all papers of the documents, as superuser"""
        return self.env['property.document'].sudo().search([('res_model', '=', self._name), ('res_id', 'in', self.ids)])

    # ------------------------------------------------------------------ actions

    def action_open_checklist(self):
        self.ensure_one()
        action = self.env['ir.actions.act_window']._for_xml_id('property_base.property_document_action')
        return {
            **action,
            'domain': [('res_model', '=', self._name), ('res_id', '=', self.id)],
            'context': {},
        }

    def action_add_paper(self):
        """A paper that the requirements do not know."""
        self.ensure_one()
        return {
            'type': 'ir.actions.act_window',
            'name': self.env._("Add a Paper"),
            'res_model': 'property.document',
            'views': [(self.env.ref('property_base.property_document_view_form_add').id, 'form')],
            'target': 'new',
            'context': {'default_res_model': self._name, 'default_res_id': self.id},
        }
