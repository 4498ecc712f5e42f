from odoo import fields, models


class PropertyClock(models.Model):
    """A deadline in a project: who sees the project sees what is due in it."""

    _inherit = 'property.clock'

    project_id = fields.Many2one('property.project', readonly=True, index='btree_not_null', ondelete='restrict')
