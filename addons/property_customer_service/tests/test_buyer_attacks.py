from odoo.addons.mail.tools.discuss import Store
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .test_buyer import PHONE, PLAIN, BuyerCase

BIRTH = '1985-03-12'
#: Who sees whole telephone numbers, and who sees birth dates.
TELEPHONE = ('consultant', 'salesmanager', 'signing', 'registration', 'service', 'assistant', 'manager', 'finance')
BIRTHDAYS = ('signing', 'registration', 'manager', 'finance')


@tagged('post_install', '-at_install')
class TestWaysToANumber(BuyerCase):
    """The ways by which Odoo hands out values beside reading the record: none gives more than the record itself."""

    def tried(self, *functions):
        """:return: what came back of them, as text; what is refused gives nothing"""
        shown = []
        for function in functions:
            self.env.invalidate_all()
            try:
                with self.env.cr.savepoint(), mute_logger('odoo.models', 'odoo.sql_db', 'odoo.addons.base.models.ir_rule', 'odoo.addons.base.models.ir_model'):
                    shown.append(function())
                    self.env.flush_all()
            except (AccessError, UserError, ValueError, KeyError):
                continue
        self.env.invalidate_all()
        return str(shown)

    def assertShowsNoMore(self, post, shown, way):
        self.assertNotIn(PLAIN, shown, (post, way))
        if post not in TELEPHONE:
            self.assertNotIn(PHONE, shown, (post, way))
        if post not in BIRTHDAYS:
            self.assertNotIn(BIRTH, shown, (post, way))
            self.assertNotIn('1985', shown, (post, way))

    def test_groups_and_aggregates(self):
        for post in self.users:
            Partner = self.env['res.partner'].with_user(self.users[post])
            domain = [('is_buyer', '=', True)]
            for name in ('phone', 'phone_sanitized', 'phone_digits', 'identity_number', 'identity_number_mask', 'identity_number_hash', 'birth_date'):
                by = [f'{name}:month'] if name == 'birth_date' else [name]
                shown = self.tried(
                    lambda: Partner.formatted_read_group(domain, by, ['__count']), lambda: Partner.web_read_group(domain, by, ['__count']),
                    lambda: Partner.formatted_read_group(domain, [], [f'{name}:min', f'{name}:max']),
                    lambda: Partner.formatted_read_group(domain, [], [f'{name}:array_agg']),
                    lambda: Partner._read_group(domain, [], [f'{name}:array_agg_distinct']), lambda: Partner._read_group(domain, [], [f'{name}:max']),
                    lambda: Partner.read_progress_bar(domain, name, {'field': name, 'colors': {}}),
                    lambda: Partner.search_panel_select_range(name), lambda: Partner.search_panel_select_multi_range(name),
                )
                self.assertShowsNoMore(post, shown, name)

    def test_names(self):
        """No number is in a name, and nobody is found in a chooser by one that he may not see."""
        for post in self.users:
            Partner = self.env['res.partner'].with_user(self.users[post])
            for context in ({}, {'show_address': True, 'show_email': True, 'show_vat': True, 'formatted_display_name': True, 'partner_show_db_id': True}):
                there = Partner.with_context(**context)
                self.assertShowsNoMore(post, self.tried(
                    lambda: there.name_search('Zhang'), lambda: there.browse(self.buyer.id).display_name,
                    lambda: there.web_name_search('Zhang', {'display_name': {}}), lambda: there.get_mention_suggestions('Zhang'),
                ), context)
            for number in (PLAIN, PHONE, PHONE[3:]):
                if post not in TELEPHONE or number == PLAIN:
                    self.assertEqual(self.tried(lambda: Partner.name_search(number), lambda: Partner.name_search(number, operator='=')), '[[], []]', post)

    def test_through_what_points_at_the_buyer(self):
        """By paths of other models: reading, exporting, searching and grouping."""
        family = self.env['property.family.link'].create({
            'partner_id': self.buyer.id, 'relative_id': self.make_buyer('Li').id, 'kind': 'spouse'})
        request = self.env['property.data.request'].create({'partner_id': self.buyer.id, 'kind': 'copy'})
        login = new_test_user(self.env, 'test-zhang', groups='base.group_portal', partner_id=self.buyer.id)
        message = self.buyer.message_post(body='x', author_id=self.buyer.id)
        self.env.flush_all()
        for post, user in self.users.items():
            for record, path in ((family, 'partner_id'), (request, 'partner_id'), (message, 'author_id'), (login, 'partner_id'), (self.buyer, 'family_ids')):
                its = record.with_user(user)
                for name in ('phone', 'phone_sanitized', 'birth_date', 'identity_number'):
                    self.assertShowsNoMore(post, self.tried(
                        lambda: its.web_read({path: {'fields': {name: {}}}}), lambda: its.export_data([f'{path}/{name}']),
                        lambda: its._read_group([], [f'{path}.{name}']), lambda: its.mapped(f'{path}.{name}'),
                    ), (record._name, path, name))
            its = login.with_user(user)
            self.assertShowsNoMore(post, self.tried(
                lambda: its.read(['phone']), lambda: its.export_data(['phone']), lambda: its.web_read({'phone': {}}),
                lambda: its.search([], limit=500).read(['phone'])), 'res.users')

    def test_guests_of_a_meeting(self):
        """A guest list is no telephone directory."""
        event = self.as_user('signing', self.env['calendar.event']).create({
            'name': 'Signing', 'start': '2026-03-02 01:00:00', 'stop': '2026-03-02 02:00:00',
            'partner_ids': [Command.set((self.buyer + self.env['res.users'].union(*self.users.values()).partner_id).ids)]})
        attendee = event.sudo().attendee_ids.filtered(lambda its: its.partner_id == self.buyer)
        self.env.flush_all()
        for post, user in self.users.items():
            self.env.invalidate_all()
            its = attendee.with_user(user)
            seen = post in TELEPHONE
            shown = self.tried(
                lambda: its.read(['phone']), lambda: its.export_data(['phone']), lambda: its.web_read({'phone': {}}),
                lambda: its.search([('partner_id', '=', self.buyer.id)]).read(['phone']),
                lambda: event.with_user(user).web_read({'attendee_ids': {'fields': {'phone': {}}}}))
            self.assertEqual(PHONE in shown, seen, post)
            if not seen:
                self.assertIn('139****1234', shown, post)
                self.assertNotIn(PHONE, self.tried(lambda: its.search([('phone', '=', PHONE)]), lambda: its.partner_id.phone), post)

    def test_cards_messages_and_letters(self):
        for post, user in self.users.items():
            its = self.buyer.with_user(user)
            self.assertShowsNoMore(post, self.tried(
                lambda: its._get_vcard_file(), lambda: Store().add(its, ['name', 'email', 'phone']).get_result(),
                lambda: its.message_get_suggested_recipients() if hasattr(its, 'message_get_suggested_recipients') else None,
                lambda: its._message_get_suggested_recipients(), lambda: its.avatar_128 and None,
                lambda: its.onchange({'phone': False, 'birth_date': False}, [], {'phone': {}, 'birth_date': {}, 'identity_number': {}}),
                lambda: its.copy().read(), lambda: its.default_get(['phone', 'birth_date']),
            ), 'cards')
            # The letter of somebody who may write letters shows what he may see.
            self.assertShowsNoMore(post, self.tried(
                lambda: self.env['mail.render.mixin'].with_user(user)._render_template(
                    '{{ object.identity_number }} {{ object.phone }} {{ object.birth_date }}', 'res.partner', its.ids),
                lambda: self.env['mail.template'].with_user(user).create({
                    'name': 'T', 'model_id': self.env['ir.model']._get_id('res.partner'), 'subject': '{{ object.sudo().phone }} {{ object.sudo().birth_date }}',
                })._render_field('subject', its.ids),
                lambda: self.env['mail.compose.message'].with_user(user).create({
                    'model': 'res.partner', 'res_ids': str(its.ids), 'composition_mode': 'mass_mail', 'subject': '{{ object.sudo().birth_date }}',
                    'body': '<p t-out="object.sudo().phone"/>'})._prepare_mail_values(its.ids),
                lambda: self.env['sms.composer'].with_user(user).create({
                    'composition_mode': 'comment', 'res_model': 'res.partner', 'res_id': self.buyer.id, 'body': 'x'}).read(),
            ), 'letters')

    def test_nobody_of_the_department_writes_templates(self):
        """A template runs expressions as superuser, for who may write one: that is none of the posts."""
        for post, user in self.users.items():
            self.assertFalse(user.has_group('mail.group_mail_template_editor'), post)
