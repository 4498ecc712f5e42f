import json

from odoo import http
from odoo.addons.web.controllers.binary import Binary
from odoo.exceptions import UserError
from odoo.http import request

PAPER = 'property.document'


class PaperBinary(Binary):

    @http.route()
    def upload_attachment(self, model, id, ufile, callback=None):  # pylint: disable=redefined-builtin
        """Files of papers: the refusal reaches the user in its own words, and one refused file keeps all of them out."""
        if model != PAPER or callback:
            return super().upload_attachment(model, id, ufile, callback)
        Attachment = request.env['ir.attachment']
        try:
            paper = request.env[PAPER].browse(int(id) or []).exists()
            paper.check_access('write')
            with request.env.cr.savepoint():
                attachments = Attachment.create([{
                    'name': file.filename,
                    'raw': Attachment._read_paper_upload(file, paper.sudo()),
                    'res_model': model,
                    'res_id': int(id),
                } for file in request.httprequest.files.getlist('ufile')])
        except UserError as refusal:
            return json.dumps([{'error': str(refusal)}])
        return json.dumps([{
            'filename': attachment.name,
            'mimetype': attachment.mimetype,
            'id': attachment.id,
            'size': attachment.file_size,
        } for attachment in attachments])
