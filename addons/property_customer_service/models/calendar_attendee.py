from odoo import api, fields, models
from odoo.addons.property_base.tools import masks


class CalendarAttendee(models.Model):
    _inherit = 'calendar.attendee'

    # Odoo reads it as superuser, whoever was invited and whoever looks.
    phone = fields.Char(related=None, compute='_compute_phone', compute_sudo=False)

    @api.depends('partner_id.phone')
    @api.depends_context('uid')
    def _compute_phone(self):
        """The telephone number as the reader sees it with the person: in full, or its mask."""
        hidden = self.env['res.partner']._telephone_is_hidden()
        readable = self.partner_id._filtered_access('read')
        for attendee in self:
            phone = attendee.sudo().partner_id.phone
            masked = hidden or attendee.partner_id not in readable
            attendee.phone = masks.mask_phone(phone) if phone and masked else phone
