from odoo import api, fields, models
from odoo.exceptions import UserError


class PropertyArchivePlace(models.Model):
    """Where papers lie: a room, a cabinet in it, a box in that."""

    _name = 'property.archive.place'
    _description = 'Place of the Archive'
    _parent_store = True
    _order = 'complete_name, id'
    _rec_name = 'complete_name'
    _check_company_auto = True

    name = fields.Char(required=True)
    kind = fields.Selection([('room', "Room"), ('cabinet', "Cabinet"), ('box', "Box")], required=True, default='box')
    parent_id = fields.Many2one('property.archive.place', "Lies In", index=True, ondelete='restrict', check_company=True)
    parent_path = fields.Char(index=True)
    child_ids = fields.One2many('property.archive.place', 'parent_id', "Places In It")
    complete_name = fields.Char("Place", compute='_compute_complete_name', store=True, recursive=True)
    company_id = fields.Many2one('res.company', index='btree_not_null', help="Empty: every company.")
    active = fields.Boolean(default=True)
    note = fields.Char()
    paper_count = fields.Integer("Papers", compute='_compute_paper_count')

    _name_uniq = models.UniqueIndex(
        '(name, COALESCE(parent_id, 0), COALESCE(company_id, 0)) WHERE active IS TRUE', "There is a place of this name here already.")

    @api.depends('name', 'parent_id.complete_name')
    def _compute_complete_name(self):
        for place in self:
            place.complete_name = f'{place.parent_id.complete_name} / {place.name}' if place.parent_id else place.name

    def _compute_paper_count(self):
        """Papers in the place and in those within."""
        counts = {place.parent_path: count for place, count in self.env['property.document']._read_group(
            [('place_id', 'child_of', self.ids)], ['place_id'], ['__count'])}
        for place in self:
            place.paper_count = sum(
                count for path, count in counts.items() if place.parent_path and path.startswith(place.parent_path))

    @api.constrains('parent_id')
    def _check_parent(self):
        if self._has_cycle():
            raise UserError(self.env._("A place does not lie in itself."))

    @api.ondelete(at_uninstall=False)
    def _unlink_except_in_use(self):
        used = self.env['property.document'].sudo().search([('place_id', 'in', self.ids)], limit=1)
        if used:
            raise UserError(self.env._("Papers lie in “%s”: move them first, or archive it.", used.place_id.complete_name))

    def action_view_papers(self):
        self.ensure_one()
        action = self.env['ir.actions.act_window']._for_xml_id('property_base.property_document_action')
        return {**action, 'domain': [('place_id', 'child_of', self.id)], 'context': {}}
