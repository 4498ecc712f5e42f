from random import randint

from odoo import api, fields, models
from odoo.exceptions import UserError


class PropertyUnitFeature(models.Model):
    """A named feature that may carry a premium: garden, terrace, lake view, next to the substation…"""

    _name = 'property.unit.feature'
    _description = 'Unit Feature'
    _order = 'name, id'

    name = fields.Char(required=True, translate=True)
    color = fields.Integer(default=lambda self: randint(1, 11))
    company_id = fields.Many2one('res.company', index=True, help="Empty: for all companies.")

    _name_company_uniq = models.UniqueIndex(
        "(COALESCE(company_id, 0), (name->>'en_US'))", "There is already a feature of this name.")

    @api.ondelete(at_uninstall=False)
    def _unlink_except_in_price_lists(self):
        premium = self.env['property.price.premium'].sudo().search([('feature_id', 'in', self.ids)], limit=1)
        if premium:
            raise UserError(self.env._(
                "%(feature)s stands in price lists and cannot be deleted.", feature=premium.feature_id.name))
