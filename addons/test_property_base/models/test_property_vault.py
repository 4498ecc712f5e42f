from odoo import fields, models
from odoo.addons.property_base.tools import masks
from odoo.addons.property_base.tools.secret_field import Secret
from odoo.exceptions import UserError


class Vault(models.Model):
    _name = 'test_property.vault'
    _description = 'Record with two encrypted numbers'
    _inherit = ['property.secret.mixin', 'mail.thread']

    name = fields.Char(tracking=True)
    company_id = fields.Many2one('res.company', default=lambda self: self.env.company)
    code = fields.Char()
    number = Secret("Number")
    account = Secret("Account", groups='property_base.group_user')
    parent_id = fields.Many2one('test_property.vault')
    child_ids = fields.One2many('test_property.vault', 'parent_id')
    parent_number = fields.Char("Number of the Parent", related='parent_id.number')
    parent_cipher = fields.Char("Cipher of the Parent", related='parent_id.number_cipher')

    _number_uniq = models.UniqueIndex('(number_hash) WHERE number_hash IS NOT NULL', "This number is here already.")

    def _secret_normalise(self, name, text):
        value = super()._secret_normalise(name, text)
        if not value.isalnum():
            raise UserError(self.env._("A number has letters and digits only."))
        return value

    def _secret_mask(self, name, value):
        return masks.mask_account(value) if name == 'account' else super()._secret_mask(name, value)


class VaultOwner(models.Model):
    _name = 'test_property.vault.owner'
    _description = 'Record that inherits an encrypted number by delegation'
    _inherits = {'test_property.vault': 'vault_id'}

    vault_id = fields.Many2one('test_property.vault', required=True, ondelete='restrict')
