from odoo import fields, models


class PropertyClockReminder(models.Model):
    """What has been sent, so that nothing is sent twice."""

    _name = 'property.clock.reminder'
    _description = 'Reminder of a Deadline'
    _order = 'id desc'
    _rec_name = 'clock_id'

    clock_id = fields.Many2one('property.clock', required=True, readonly=True, ondelete='cascade', index=True)
    offset = fields.Integer(readonly=True, aggregator=None)
    escalation = fields.Boolean(readonly=True)
    user_id = fields.Many2one('res.users', readonly=True, string="Reminded")
    activity_id = fields.Many2one('mail.activity', readonly=True, ondelete='set null', index='btree_not_null')

    _offset_uniq = models.UniqueIndex(
        '(clock_id, escalation, "offset", COALESCE(user_id, 0))', "This reminder has been sent.")
