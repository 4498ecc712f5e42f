import base64
import binascii
from collections import defaultdict

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import clean_context

from ..tools.local_time import today
from ..tools.paper_file import clean_name, content_type, kind_and_extension
from ..tools.permit import Permit

PAPER = 'property.document'
MEGABYTE = 1024 * 1024
# What decides whose file it is and who may read it.
_DECIDING = ('res_model', 'res_id', 'res_field', 'type', 'url', 'public', 'access_token')
_CONTENT = {'raw', 'datas', 'db_datas', 'mimetype', 'type', 'url', 'public', 'access_token', 'res_field'}


class IrAttachment(models.Model):
    """Files of papers: only what a paper can be goes in, whoever brings it and by whichever way, and nothing is shared by link."""

    _inherit = 'ir.attachment'

    @api.model_create_multi
    def create(self, vals_list):
        defaults = self.default_get(list(_DECIDING))
        full = [{**defaults, **vals} for vals in vals_list]
        of_papers = [vals.get('res_model') == PAPER for vals in full]
        if not any(of_papers):
            return super().create(vals_list)
        self.check_access('create')
        # Defaults of the context are among the values by now; none may come after the look at them.
        clean = self.with_context(clean_context(self.env.context))
        checked = clean._prepare_paper_files([vals for vals, its in zip(full, of_papers, strict=True) if its])
        files = super(IrAttachment, clean).create(checked)
        for file, vals in zip(files, checked, strict=True):
            if file.checksum != self._compute_checksum(vals['raw']):
                raise UserError(self.env._("“%s” changed while it was stored: try again.", file.name))
        files.sudo()._papers_of_files()._files_changed()
        others = iter(super().create([vals for vals, its in zip(vals_list, of_papers, strict=True) if not its]))
        files = iter(files.with_env(self.env))
        return self.browse(next(files if its else others).id for its in of_papers)

    def write(self, vals):
        papers = self.sudo().filtered(lambda attachment: attachment.res_model == PAPER)
        if papers:
            self.check_access('write')
            # Before a word about it: whoever may not see the paper learns nothing of it.
            self.env[PAPER].browse(vals.get('res_id') or []).exists().check_access('write')
            vals = papers._prepare_paper_write(vals)
        if vals.get('res_model') == PAPER and len(papers) < len(self):
            raise UserError(self.env._("A file of something else does not become a paper's: upload it to the paper."))
        result = super().write(vals)
        if papers and 'res_id' in vals:
            papers._papers_of_files()._files_changed()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_verified(self):
        permit = self.env.context.get('property_permit')
        if isinstance(permit, Permit) and permit.spend(self):
            return
        for paper in self.sudo()._papers_of_files():
            if paper.verified_by_id:
                raise UserError(self.env._("“%s” is verified: its files stay.", paper.display_name))

    def unlink(self):
        papers = self.sudo()._papers_of_files()
        result = super().unlink()
        papers._files_changed()
        return result

    def _postprocess_contents(self, values):
        # A paper's photo is evidence: it is kept as it came, and no picture library opens what a stranger sent.
        if values.get('res_model') == PAPER:
            values['mimetype'] = self._compute_mimetype(values)
            return values
        return super()._postprocess_contents(values)

    # ------------------------------------------------------------------ files of papers

    def _papers_of_files(self):
        ids = {attachment.res_id for attachment in self if attachment.res_model == PAPER and attachment.res_id}
        return self.env[PAPER].browse(ids).exists()

    def _prepare_paper_files(self, vals_list):
        """Look at the files of papers that are about to be stored.

        :return: list of values with the content in ``raw`` (bytes), the type by content, and a safe name
        :raise UserError: one sentence about the first file that cannot be taken
        """
        result = []
        coming = defaultdict(int)
        for vals in vals_list:
            paper = self.env[PAPER].browse(vals.get('res_id') or []).exists()
            paper.check_access('write')
            result.append(self._prepare_paper_file(vals, paper.sudo()))
            coming[paper.sudo()] += 1
        for paper, count in coming.items():
            if paper:
                self._check_paper_takes(paper, count)
        return result

    def _prepare_paper_file(self, vals, paper):
        vals = dict(vals)
        name = vals.get('name') or ''
        if vals.get('type', 'binary') != 'binary' or vals.get('url') or vals.get('public') or vals.get('res_field'):
            raise UserError(self.env._("A paper's file is kept here, and is neither a link nor public."))
        content = self._paper_content(name, vals, paper)
        mimetype = content_type(content)
        self._check_paper_type(name, mimetype, paper)
        self._scan_paper_file(name, content)
        for field in ('datas', 'db_datas', 'access_token', 'store_fname', 'checksum', 'file_size'):
            vals.pop(field, None)
        vals.update(name=clean_name(name, kind_and_extension(mimetype)[1]), raw=content, mimetype=mimetype, type='binary', public=False)
        return vals

    def _paper_content(self, name, vals, paper):
        """:return: bytes, not more than the limit"""
        content = vals.get('raw')
        if isinstance(content, str):
            content = content.encode()
        if not content:
            datas = vals.get('datas') or b''
            # Four characters stand for three bytes: a file that is far too large is not even decoded.
            self._check_paper_size(name, len(datas) * 3 // 4 - 2, paper)
            try:
                content = base64.b64decode(datas)
            except (binascii.Error, ValueError):
                content = b''
        self._check_paper_size(name, len(content), paper)
        if not content:
            raise UserError(self.env._("“%s” is empty.", name))
        return content

    @api.model
    def _read_paper_upload(self, file, paper):
        """The content of a file that is uploaded to a paper, looked at before it is in memory.

        :param file: werkzeug's FileStorage
        :param paper: property.document, as superuser, or none yet
        """
        size = file.seek(0, 2) or file.tell()
        file.seek(0)
        self._check_paper_size(file.filename, size, paper)
        return file.read()

    def _check_paper_size(self, name, size, paper):
        limit = self._paper_megabytes(paper.company_id or self.env.company)
        if size > limit * MEGABYTE:
            raise UserError(self.env._(
                "“%(name)s” has %(size)s MB and no more than %(limit)s MB are taken: make it smaller or split it.",
                name=name, size=-(-size // MEGABYTE), limit=limit))

    @api.model
    def _paper_megabytes(self, company):
        """:return: int, what a file of a paper may have today"""
        return self.env['property.parameter']._get('paper_file_megabytes', today(), company)

    def _check_paper_type(self, name, mimetype, paper):
        if not mimetype:
            raise UserError(self.env._("“%s” is no PDF, JPEG, PNG, HEIC or WebP file: take a photo or save it as a PDF.", name))
        wanted = paper.type_id.upload_kind or 'any'
        if wanted not in ('any', kind_and_extension(mimetype)[0]):
            raise UserError(
                self.env._("“%s” is taken as a PDF only.", paper.type_id.name) if wanted == 'pdf'
                else self.env._("“%s” is taken as a photo only.", paper.type_id.name))

    def _check_paper_takes(self, paper, count):
        if paper.verified_by_id:
            raise UserError(self.env._("“%s” is verified: its files stay.", paper.display_name))
        limit = self.env['property.parameter']._get('paper_file_count', today(), paper.company_id)
        if paper.file_count + count > limit:
            raise UserError(self.env._(
                "“%(paper)s” has %(count)s files and takes no more than %(limit)s.",
                paper=paper.type_id.name, count=paper.file_count, limit=limit))

    def _scan_paper_file(self, name, content):
        """Hook for a virus scanner: does nothing by default.

        :param str name: the name that the file came with
        :param bytes content: the whole file
        :raise UserError: where the file must not be stored
        """

    def _prepare_paper_write(self, vals):
        """What may be written on files of papers: another name, and the paper of a file that was sent before it was saved."""
        vals = dict(vals)
        for attachment in self:
            if any(name in vals and (vals[name] or False) != (attachment[name] or False) for name in ('res_model', 'res_id')) \
                    and attachment.res_id:
                raise UserError(self.env._("A paper's file stays with its paper."))
            changed = {name for name in _CONTENT & vals.keys() if not attachment._is_same(name, vals[name])}
            if changed & {'public', 'access_token', 'url', 'type', 'res_field'}:
                raise UserError(self.env._("A paper's file is kept here, and is neither a link nor public."))
            if changed:
                raise UserError(self.env._("A paper's file is not replaced: add the new one and delete the old one."))
            if vals.get('name'):
                vals['name'] = clean_name(vals['name'], kind_and_extension(attachment.mimetype)[1])
        if vals.get('res_id'):
            unsaved = self.filtered(lambda attachment: not attachment.res_id)
            paper = self.env[PAPER].sudo().browse(vals['res_id']).exists()
            for attachment in unsaved:
                self._check_paper_type(attachment.name, attachment.mimetype, paper)
            if unsaved:
                self._check_paper_takes(paper, len(unsaved))
        return vals

    def _is_same(self, name, value):
        if name in ('raw', 'datas', 'db_datas'):
            content = base64.b64decode(value or b'') if name == 'datas' else (value or b'')
            return self._compute_checksum(content) == self.checksum
        return (value or False) == (self[name] or False)
