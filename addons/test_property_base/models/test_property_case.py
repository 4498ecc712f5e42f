from odoo import fields, models


class Case(models.Model):
    _name = 'test_property.case'
    _description = 'Document with a list of papers'
    _inherit = ['property.checklist.mixin', 'mail.thread']

    name = fields.Char()
    company_id = fields.Many2one('res.company', default=lambda self: self.env.company)
    partner_ids = fields.Many2many('res.partner')
    process = fields.Char(default='signing')
    payment_mode = fields.Char(default='lump_sum')
    due_date = fields.Date()

    def _checklist_process(self):
        return self.process

    def _checklist_payment_mode(self):
        return self.payment_mode

    def _checklist_partners(self):
        return self.partner_ids

    def _checklist_due_date(self, requirement):
        return self.due_date

    def action_make_checklist(self):
        self.check_access('write')
        self._make_checklist()
