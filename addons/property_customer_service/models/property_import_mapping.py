from odoo import api, fields, models

from ..tools import price_table


class PropertyImportMapping(models.Model):
    """What a column heading of an office's price table stands for, remembered from the last import."""

    _name = 'property.import.mapping'
    _description = 'Remembered Column'
    _order = 'header'
    _rec_name = 'header'

    header = fields.Char(required=True, help="The heading without spaces, brackets and units.")
    field = fields.Selection('_field_selection', "Stands For", required=True)
    company_id = fields.Many2one('res.company', required=True, index=True, default=lambda self: self.env.company)

    _header_uniq = models.Constraint('UNIQUE (company_id, header)', "The heading is already known.")

    @api.model
    def _field_selection(self):
        return [*self._table_fields(), ('skip', self.env._("Left out"))]

    @api.model
    def _table_fields(self):
        """:return: list of (key, label in the user's language): what the columns of a price table may stand for"""
        return [(key, price_table.label(key, self.env._)) for key in price_table.FIELDS]

    @api.model
    def _remembered(self):
        """:return: heading → field key, for the user's company"""
        return {mapping.header: mapping.field for mapping in self.sudo().search([('company_id', '=', self.env.company.id)])}

    @api.model
    def _remember(self, columns):
        """:param dict columns: heading → field key, or None for a column that is left out"""
        known = {
            mapping.header: mapping
            for mapping in self.sudo().search([('company_id', '=', self.env.company.id), ('header', 'in', list(columns))])
        }
        for header, field in columns.items():
            if header in known:
                known[header].field = field or 'skip'
        self.sudo().create([
            {'header': header, 'field': field or 'skip'} for header, field in columns.items() if header not in known])
