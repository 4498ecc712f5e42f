from odoo import fields, models


class Promise(models.Model):
    _name = 'test_property.promise'
    _description = 'Document with deadlines'
    _inherit = ['property.clock.mixin']

    name = fields.Char()
    company_id = fields.Many2one('res.company')
    user_id = fields.Many2one('res.users')
    timezone = fields.Char(default='Asia/Shanghai')

    def _clock_timezone(self):
        return self.timezone or super()._clock_timezone()
