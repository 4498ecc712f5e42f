from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

IDENTITY_GROUP = 'property_base.group_identity_papers'


class PropertyDocumentType(models.Model):
    """A kind of paper that the department asks for and keeps."""

    _name = 'property.document.type'
    _description = 'Type of Paper'
    _order = 'sequence, id'

    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True)
    sequence = fields.Integer(default=100)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one('res.company', index='btree_not_null', help="Empty: every company.")
    restricted = fields.Boolean(
        "Identity Paper",
        help="An identity paper, or as sensitive (income, bank statements, credit reports): only those who may see identity papers see it.")
    keep_original = fields.Boolean(
        "Original Is Kept", default=True, help="Otherwise the original is looked at and given back at once.")
    upload_kind = fields.Selection(
        [('any', "PDF or photos"), ('pdf', "PDF only"), ('image', "Photos only")], string="Files", required=True, default='any')
    retention = fields.Char(translate=True, help="How long it is kept, and by which rule.")

    _code_uniq = models.UniqueIndex('(code, COALESCE(company_id, 0))', "There is a type of paper with this code already.")

    def write(self, vals):
        if 'restricted' in vals and not vals['restricted'] and any(self.mapped('restricted')):
            self._check_sees_identity_papers()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_in_use(self):
        used = self.env['property.document'].sudo().search([('type_id', 'in', self.ids)], limit=1)
        if used:
            raise UserError(self.env._("“%s” is on lists of papers: archive it instead.", used.type_id.name))

    def _check_sees_identity_papers(self):
        """Whoever may not see these papers does not open them to everybody either."""
        if not self.env.su and not self.env.user.has_group(IDENTITY_GROUP):
            raise AccessError(self.env._("Only those who see identity papers may open a type of them to everybody."))
