from odoo import fields, models


class MailActivity(models.Model):
    _inherit = 'mail.activity'

    approval_step_id = fields.Many2one(
        'property.approval.request.step', readonly=True, ondelete='set null', index='btree_not_null',
        help="What it asks to decide; it goes when that is decided.")
