from odoo import api, fields, models
from odoo.exceptions import UserError

#: What one is to the other → what the other is to the one.
MIRROR = {
    'spouse': 'spouse', 'parent': 'child', 'child': 'parent', 'sibling': 'sibling', 'grandparent': 'grandchild',
    'grandchild': 'grandparent', 'other': 'other',
}
_MIRROR_CASES = ' '.join(f"WHEN '{kind}' THEN '{mirror}'" for kind, mirror in MIRROR.items() if kind != mirror)


class PropertyFamilyLink(models.Model):
    """Who is whose spouse, parent, child: one row for each of the two, and the database keeps them in step."""

    _name = 'property.family.link'
    _description = 'Family Link'
    _order = 'partner_id, kind, id'
    _rec_name = 'relative_id'

    partner_id = fields.Many2one('res.partner', "Person", required=True, readonly=True, index=True, ondelete='cascade')
    relative_id = fields.Many2one('res.partner', required=True, index=True, ondelete='cascade')
    kind = fields.Selection([
        ('spouse', "Spouse"),
        ('parent', "Parent"),
        ('child', "Child"),
        ('sibling', "Brother or Sister"),
        ('grandparent', "Grandparent"),
        ('grandchild', "Grandchild"),
        ('other', "Other Relative"),
    ], "Relation", required=True, help="What the relative is to the person.")
    mirror_kind = fields.Char(required=True, readonly=True, export_string_translation=False)
    evidence = fields.Char(help="The paper that proves it, such as the household register or the marriage certificate.")
    relative_is_minor = fields.Boolean(related='relative_id.is_minor')
    relative_phone = fields.Char(related='relative_id.phone_masked')

    #: To whom rights pass without a sale.
    _immediate = ('spouse', 'parent', 'child')

    _pair_uniq = models.Constraint('UNIQUE (partner_id, relative_id)', "These two are linked already.")
    _pair_kind_uniq = models.Constraint('UNIQUE (partner_id, relative_id, kind)', "These two are linked already.")
    _not_oneself = models.Constraint('CHECK (partner_id != relative_id)', "Nobody is a relative of himself or herself.")
    _kinds_fit = models.Constraint(
        f'CHECK (mirror_kind = CASE kind {_MIRROR_CASES} ELSE kind END)',
        "What one is to the other and the other to the one do not fit.")
    _both_sides = models.Constraint(
        'FOREIGN KEY (relative_id, partner_id, mirror_kind) REFERENCES property_family_link (partner_id, relative_id, kind)'
        ' ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED',
        "A family link stands with both.")
    _one_spouse = models.UniqueIndex(
        "(partner_id) WHERE kind = 'spouse'", "One of the two has a spouse already: remove that link first.")

    @api.model_create_multi
    def create(self, vals_list):
        links = super().create([{**vals, 'mirror_kind': MIRROR.get(vals.get('kind'))} for vals in vals_list])
        for link in links:
            link.relative_id.check_access('read')
            if link.partner_id.sudo().company_id != link.relative_id.sudo().company_id:
                raise UserError(self.env._("Family links are between people of one company's buyer file."))
        # The other side may be somebody whose file another consultant keeps.
        super(PropertyFamilyLink, self.sudo()).create([link._prepare_mirror_vals() for link in links])
        return links

    def _prepare_mirror_vals(self):
        return {
            'partner_id': self.relative_id.id, 'relative_id': self.partner_id.id, 'kind': self.mirror_kind, 'mirror_kind': self.kind,
            'evidence': self.evidence}

    def write(self, vals):
        if any(name in vals and any(link[name].id != vals[name] for link in self) for name in ('partner_id', 'relative_id')):
            raise UserError(self.env._("A link stays between its two people: remove it and make another."))
        vals, mirrored = dict(vals), {}
        vals.pop('mirror_kind', None)
        if 'evidence' in vals:
            mirrored['evidence'] = vals['evidence']
        if 'kind' in vals:
            vals['mirror_kind'] = MIRROR.get(vals['kind'])
            mirrored.update(kind=vals['mirror_kind'], mirror_kind=vals['kind'])
        # Looked for before the one side is another.
        mirrors = self._mirrors() if mirrored else self.browse()
        result = super().write(vals)
        super(PropertyFamilyLink, mirrors).write(mirrored)
        return result

    def unlink(self):
        mirrors = self._mirrors()
        result = super().unlink()
        super(PropertyFamilyLink, mirrors.exists()).unlink()
        return result

    def _mirrors(self):
        """:return: the rows of the other side, as superuser"""
        pairs = {(link.relative_id.id, link.partner_id.id) for link in self}
        links = self.sudo().search([
            ('partner_id', 'in', [partner for partner, _relative in pairs]),
            ('relative_id', 'in', [relative for _partner, relative in pairs])])
        return links.filtered(lambda link: (link.partner_id.id, link.relative_id.id) in pairs)
