import ast

from odoo import api, models
from odoo.exceptions import UserError

from ..tools.secret_field import Secret


class IrFilters(models.Model):
    _inherit = 'ir.filters'

    @api.model_create_multi
    def create(self, vals_list):
        filters = super().create(vals_list)
        filters._check_secrets()
        return filters

    def write(self, vals):
        result = super().write(vals)
        if 'domain' in vals or 'model_id' in vals:
            self._check_secrets()
        return result

    def _check_secrets(self):
        """A saved search is plain text in the database, and no place for a number."""
        for saved in self:
            try:
                tree = ast.parse(saved.domain or '[]', mode='eval')
            except SyntaxError:
                continue
            field = self._secret_in(self.env.get(saved.model_id), tree.body)
            if field:
                raise UserError(self.env._(
                    "A search for an encrypted number is not kept: take “%s” out of it.",
                    field.get_description(self.env, ['string'])['string']))

    @api.model
    def _secret_in(self, model, node):
        """:return: the encrypted field whose number a part of a domain on ``model`` has, or None"""
        if model is None:
            return None
        items = getattr(node, 'elts', ())
        if len(items) != 3 or not (isinstance(items[0], ast.Constant) and isinstance(items[0].value, str) and len(items[0].value) > 1):
            return next((field for item in ast.iter_child_nodes(node) if (field := self._secret_in(model, item))), None)
        path, _operator, value = items
        field = None
        for name in path.value.split('.'):
            field = model._fields.get(name) if model is not None else None
            model = self.env[field.comodel_name] if field is not None and field.relational else None
        if isinstance(field, Secret):
            return None if isinstance(value, ast.Constant) and not value.value else field
        return self._secret_in(model, value)
