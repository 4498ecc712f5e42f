from odoo import api, models
from odoo.addons.property_base.tools.secret_field import CIPHER, HASH, MASK
from odoo.exceptions import UserError

_IDENTITY = (
    *(f'identity_number{suffix}' for suffix in (CIPHER, HASH, MASK)), 'identity_type', 'birth_date', 'sex', 'nationality_id')


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    """Odoo's own merge of partners, with what the buyer file has besides."""

    _inherit = 'base.partner.merge.automatic.wizard'

    def _merge(self, partner_ids, dst_partner=None, extra_checks=True):
        partners = self.env['res.partner'].browse(partner_ids).exists().sudo()
        if any(partner.anonymised_on for partner in partners):
            raise UserError(self.env._("A file that was made anonymous stays as it is and is merged with no other."))
        if len(partners.filtered('identity_number')) > 1:
            raise UserError(self.env._(
                "These files have an identity number each, so that they are different people: clear the number that is wrong first."))
        if len(partners.filtered('is_buyer').company_id) > 1:
            raise UserError(self.env._("Buyers of different companies are not merged: each company keeps its own file."))
        return super()._merge(partner_ids, dst_partner, extra_checks)

    @api.model
    def _update_foreign_keys(self, src_partners, dst_partner):
        buyers = (src_partners + dst_partner).sudo().filtered('is_buyer')
        papers = self._merge_papers(src_partners + dst_partner)
        # Papers may be owed by somebody who is in no buyer file yet.
        company = buyers.company_id or papers.company_id[:1]
        if company:
            self.env['property.buyer.merge'].sudo().create([{
                'source_id': source.id, 'target_id': dst_partner.id, 'company_id': company.id, 'user_id': self.env.uid,
            } for source in src_partners])
            self._merge_family(src_partners, dst_partner)
            self.env.flush_all()
        return super()._update_foreign_keys(src_partners, dst_partner)

    def _merge_papers(self, partners):
        """A document asks one person for a paper once; of two lines the one that was handed in stays.

        :return: the property.document that are left, as superuser
        """
        papers = self.env['property.document'].sudo().search([('partner_id', 'in', partners.ids)])
        gone = papers.browse()
        for same in papers.grouped(lambda paper: (paper.res_model, paper.res_id, paper.type_id)).values():
            handled = same.filtered(lambda paper: paper.log_ids or paper.file_count)
            if len(handled) > 1:
                raise UserError(self.env._(
                    "“%s” was handed in for each of these files, which therefore stay two.", handled[0].display_name))
            gone += same - (handled or same[0])
        gone.unlink()
        return papers - gone

    def _merge_family(self, src_partners, dst_partner):
        """Nobody becomes his own relative, or a relative twice; of two links that disagree the target's stays."""
        taken = {link.relative_id for link in dst_partner.sudo().family_ids} | {dst_partner}
        has_spouse = any(link.kind == 'spouse' for link in dst_partner.sudo().family_ids)
        for link in src_partners.sudo().family_ids:
            if link.relative_id in taken | set(src_partners) or (link.kind == 'spouse' and has_spouse):
                link.unlink()
            else:
                taken.add(link.relative_id)
                has_spouse = has_spouse or link.kind == 'spouse'

    @api.model
    def _update_values(self, src_partners, dst_partner):
        source = src_partners.sudo().filtered('identity_number')
        if not source:
            return super()._update_values(src_partners, dst_partner)
        kept = {name: source._fields[name].convert_to_write(source[name], source) for name in _IDENTITY}
        # First out of the one file, since no two may have it, and only then into the other.
        source.write(dict.fromkeys(_IDENTITY, False))
        source.flush_recordset()
        result = super()._update_values(src_partners, dst_partner)
        dst_partner.sudo().write({**kept, 'is_buyer': True})
        return result
