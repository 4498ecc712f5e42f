from odoo import api, fields, models
from odoo.addons.property_base.tools.local_time import today
from odoo.addons.property_base.tools.table_objects import AppendOnly
from odoo.exceptions import UserError

from .property_buyer_merge import MovesWithMerge


class PropertyConsent(models.Model):
    """What a person said to one use of his data, each time that he said it; the last word on a use counts.

    What the contract needs rests on the contract and not on a consent. Sensitive data, and each recipient, need one of
    their own (Personal Information Protection Law, arts. 13–16, 23, 29).
    """

    _name = 'property.consent'
    _description = 'Consent'
    _order = 'date desc, id desc'
    _rec_name = 'purpose'

    partner_id = fields.Many2one('res.partner', "Buyer", required=True, readonly=True, index=True, ondelete='restrict')
    purpose = fields.Selection([
        ('sensitive', "Sensitive Data: Identity Papers, Accounts, Income"),
        ('sharing', "Giving Data to a Recipient"),
        ('marketing', "Offers and Invitations"),
        ('mailing', "Magazine and Birthday Greetings"),
    ], required=True, readonly=True)
    recipient = fields.Selection([
        ('bank', "Lending Bank"),
        ('provident_fund', "Housing Provident Fund"),
        ('property_company', "Property Management Company"),
        ('insurer', "Insurer"),
        ('other', "Another Recipient"),
    ], readonly=True)
    decision = fields.Selection([('given', "Given"), ('withdrawn', "Withdrawn")], required=True, readonly=True, default='given')
    date = fields.Date(required=True, readonly=True, default=lambda self: today(), help="The day on which the person said so.")
    channel = fields.Selection([
        ('paper', "Signed Paper"),
        ('desk', "At the Desk"),
        ('telephone', "By Telephone"),
        ('message', "By Message"),
        ('portal', "In the Portal"),
    ], "How", required=True, readonly=True, default='paper')
    text_version = fields.Char("Version of the Text", readonly=True, help="Which text the person was shown.")
    is_last_word = fields.Boolean(compute='_compute_is_last_word', export_string_translation=False)
    user_id = fields.Many2one(
        'res.users', "Recorded by", required=True, readonly=True, default=lambda self: self.env.user, ondelete='restrict')

    _recipient_of_sharing = models.Constraint(
        "CHECK ((purpose = 'sharing') = (recipient IS NOT NULL))",
        "Name the recipient where data is given to one, and nowhere else.")
    _text_of_given = models.Constraint(
        "CHECK (decision != 'given' OR text_version IS NOT NULL)",
        "Say which version of the text the person agreed to.")
    _append_only = AppendOnly(
        'purpose', 'recipient', 'decision', 'date', 'channel', 'text_version', 'user_id', 'create_uid', 'create_date',
        message="A consent is never changed or deleted: record the withdrawal as a line of its own.")
    _moves = MovesWithMerge("A consent is never changed or deleted: record the withdrawal as a line of its own.")

    def _compute_is_last_word(self):
        said = set()
        last = self.browse()
        for consent in self.search([('partner_id', 'in', self.partner_id.ids)]):
            use = (consent.partner_id, consent.purpose, consent.recipient)
            if use not in said:
                said.add(use)
                last += consent
        for consent in self:
            consent.is_last_word = consent._origin in last

    @api.model_create_multi
    def create(self, vals_list):
        consents = super().create([{**vals, 'user_id': self.env.uid} for vals in vals_list])
        for consent in consents:
            if consent.date > today():
                raise UserError(self.env._("A consent cannot be of a day that is yet to come."))
            if consent.decision == 'withdrawn' and not consent._is_given_before():
                raise UserError(self.env._("There is no such consent to withdraw."))
            if consent.partner_id.sudo().anonymised_on:
                raise UserError(self.env._("This file was made anonymous and stays so: make a new file for the person."))
        return consents

    def _is_given_before(self):
        others = self.sudo().search([
            ('partner_id', '=', self.partner_id.id), ('purpose', '=', self.purpose), ('recipient', '=', self.recipient),
            ('id', '!=', self.id)], limit=1)
        return others.decision == 'given'

    def action_withdraw(self):
        """Open the line of the withdrawal, as easily as the consent was given."""
        self.ensure_one()
        return {
            'type': 'ir.actions.act_window',
            'name': self.env._("Withdraw Consent"),
            'res_model': 'property.consent',
            'views': [(False, 'form')],
            'target': 'new',
            'context': {
                'default_partner_id': self.partner_id.id, 'default_purpose': self.purpose, 'default_recipient': self.recipient,
                'default_decision': 'withdrawn', 'default_channel': 'desk'},
        }

    @api.model
    def _last_words(self, partners, purpose, recipient=None):
        """:return: dict of partner id → ``given`` or ``withdrawn``, without those who never said anything"""
        words = {}
        for consent in self.search(
                [('partner_id', 'in', partners.ids), ('purpose', '=', purpose), ('recipient', '=', recipient or False)]):
            words.setdefault(consent.partner_id.id, consent.decision)
        return words
