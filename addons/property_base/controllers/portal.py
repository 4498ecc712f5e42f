from odoo import http
from odoo.addons.portal.controllers.portal import CustomerPortal
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.http import request

from ..models.property_document import OWED

PAPER = 'property.document'
LIMIT = 200


class PaperPortal(CustomerPortal):
    """The buyer's own papers: what is missing, what is here, and a way to send it.

    Portal users have no right on the model at all. Each route finds the papers of whoever is logged in by
    :meth:`property.document._own_domain` and goes no further with another's.
    """

    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        if 'paper_count' in counters:
            values['paper_count'] = request.env[PAPER].sudo().search_count(self._own_papers_domain())
        return values

    def _own_papers_domain(self):
        return request.env[PAPER]._own_domain(request.env.user)

    def _own_paper(self, paper_id):
        """:return: the paper, as superuser; none where it is not of whoever asks, or is not at all"""
        return request.env[PAPER].sudo().search(self._own_papers_domain() & Domain('id', '=', paper_id))

    def _papers_page(self, error=None, failed=None):
        papers = request.env[PAPER].sudo().search(self._own_papers_domain(), limit=LIMIT, order='document_name, id')
        own_files = papers._files().filtered(lambda file: file.create_uid == request.env.user).grouped('res_id')
        owed = papers.filtered(lambda paper: paper.state in OWED and not paper.done)
        received = papers.filtered(lambda paper: paper.state == 'received')
        megabytes = min((request.env['ir.attachment']._paper_megabytes(company) for company in papers.company_id), default=0)
        return request.render('property_base.portal_my_papers', {
            **self._prepare_portal_layout_values(),
            'page_name': 'papers',
            'sections': [section for section in (
                ('owed', owed.filtered('mandatory')),
                ('conditional', owed.filtered(lambda paper: not paper.mandatory)),
                ('received', received),
                ('done', papers - owed - received),
            ) if section[1]],
            'own_files': own_files,
            'megabytes': megabytes,
            'too_large': request.env._("This file is larger than %s MB: make it smaller or split it.", megabytes),
            'what_is_taken': request.env._(
                "PDF or photos (JPEG, PNG, HEIC, WebP), up to %s MB each. Only the colleagues who work on your case see them.", megabytes),
            'error': error,
            'failed': failed,
        }, status=422 if error else 200)

    @http.route('/my/papers', type='http', auth='user', website=True, readonly=True, methods=['GET'])
    def my_papers(self, **_kwargs):
        return self._papers_page()

    @http.route('/my/papers/<int:paper_id>/upload', type='http', auth='user', website=True, methods=['POST'])
    def upload_paper(self, paper_id, **_kwargs):
        paper = self._own_paper(paper_id)
        if not paper:
            raise request.not_found()
        files = [file for file in request.httprequest.files.getlist('files') if file.filename]
        try:
            with request.env.cr.savepoint():
                paper._upload([(file.filename, request.env['ir.attachment']._read_paper_upload(file, paper)) for file in files])
        except UserError as refusal:
            request.env.invalidate_all()
            return self._papers_page(str(refusal), paper.id)
        return request.redirect(f'/my/papers#paper-{paper.id}', code=303)

    @http.route('/my/papers/<int:paper_id>/files/<int:file_id>', type='http', auth='user', website=True, readonly=True, methods=['GET'])
    def download_paper_file(self, paper_id, file_id):
        """A file that the buyer sent; what the staff put beside it is the staff's."""
        file = self._own_paper(paper_id)._files().filtered(lambda file: file.id == file_id and file.create_uid == request.env.user)
        if not file:
            raise request.not_found()
        return request.env['ir.binary']._get_stream_from(file).get_response(as_attachment=True)
