import re

from dateutil.relativedelta import relativedelta
from lxml import etree

from odoo import api, fields, models
from odoo.addons.property_base.models.property_secret_mixin import MOST_NUMBERS
from odoo.addons.property_base.tools import identity, masks
from odoo.addons.property_base.tools.local_time import today
from odoo.addons.property_base.tools.secret_field import Secret
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command, Domain
from odoo.tools import SQL

POSTS = 'property_base.group_user'
UNMASK = 'property_base.group_unmask'
ADULT = 18
#: Who puts a legal hold on a file, lifts it, and makes a person anonymous.
KEEPERS = 'property_base.group_department_manager,property_base.group_legal'
TELEPHONE_FIELDS = ('phone', 'phone_sanitized', 'phone_mobile_search')
_TELEPHONE = re.compile(r'(?<![\w-])(?:phone|phone_sanitized|phone_mobile_search)(?![\w-])')
# What of a file stays when its person is made anonymous.
_MAY_CHANGE_WHEN_ANONYMOUS = {'active', 'message_follower_ids', 'message_ids', 'activity_ids', 'write_date', 'write_uid'}


class ResPartner(models.Model):
    """The buyer file (客户档案): a partner of one company whose identity paper, family and consents are kept.

    Whoever sees a mask and a birth date has all but two or three digits of an identity number, which its check digit
    nearly gives away: so the birth date is for those who may see the number, and the others see whether the person is
    of age.
    """

    _name = 'res.partner'
    _inherit = ['res.partner', 'property.secret.mixin']

    is_buyer = fields.Boolean("Buyer", help="The person or company is in the buyer file.")
    identity_type = fields.Selection([
        ('mainland_id', "Resident Identity Card"),
        ('passport', "Passport"),
        ('hk_macau_permit', "Hong Kong and Macau Residents' Permit"),
        ('taiwan_permit', "Taiwan Residents' Permit"),
        ('residence_permit', "Hong Kong, Macau and Taiwan Residence Permit"),
        ('foreign_permanent', "Foreign Permanent Resident Card"),
        ('credit_code', "Unified Social Credit Code"),
        ('business_licence', "Business Licence"),
    ], "Identity Paper", groups=POSTS, copy=False)
    identity_number = Secret("Identity Number", groups=POSTS)
    birth_date = fields.Date(groups=UNMASK, copy=False)
    is_minor = fields.Boolean("Minor", compute='_compute_is_minor', search='_search_is_minor', compute_sudo=True, groups=POSTS)
    sex = fields.Selection([('male', "Male"), ('female', "Female")], groups=POSTS, copy=False)
    nationality_id = fields.Many2one('res.country', groups=POSTS, ondelete='restrict')
    service_address = fields.Char("Address of Service", groups=POSTS, help="Where notices reach the buyer (送达地址).")
    phone_masked = fields.Char(
        "Telephone", compute='_compute_phone_masked', search='_search_phone_masked', compute_sudo=True)
    phone_digits = fields.Char(
        compute='_compute_phone_digits', store=True, groups=fields.NO_ACCESS, export_string_translation=False)
    phone_double = fields.Char(compute='_compute_phone_double', groups=POSTS, export_string_translation=False)
    consent_ids = fields.One2many('property.consent', 'partner_id', groups=POSTS)
    family_ids = fields.One2many('property.family.link', 'partner_id', groups=POSTS)
    data_request_ids = fields.One2many('property.data.request', 'partner_id', "Requests about Personal Data", groups=POSTS)
    data_request_count = fields.Integer(compute='_compute_data_request_count', groups=POSTS)
    legal_hold = fields.Boolean(
        tracking=True, groups=POSTS, help="Neither deleted nor made anonymous while a dispute or an authority needs the file.")
    anonymised_on = fields.Datetime("Anonymous Since", readonly=True, copy=False, groups=POSTS)

    # The nationality tells passports of one number apart; other numbers are nobody else's.
    _identity_uniq = models.UniqueIndex(
        "(identity_number_hash, company_id, (CASE WHEN identity_type = 'passport' THEN coalesce(nationality_id, 0) ELSE 0 END))"
        " WHERE identity_number_hash IS NOT NULL",
        lambda env, diag: env['res.partner']._double_by_database(diag))
    _buyer_company = models.Constraint(
        'CHECK (is_buyer IS NOT TRUE OR company_id IS NOT NULL)', "A buyer is in the file of one company: choose it.")
    _identity_of_buyer = models.Constraint(
        'CHECK (identity_number_hash IS NULL OR (is_buyer AND identity_type IS NOT NULL))',
        "An identity number belongs to a buyer and to a kind of paper.")
    _buyer_idx = models.Index('(company_id, user_id) WHERE is_buyer')
    _phone_idx = models.Index('(phone_digits) WHERE phone_digits IS NOT NULL')
    _phone_tail_idx = models.Index('(right(phone_digits, 4)) WHERE is_buyer')

    # ------------------------------------------------------------------ computes

    @api.depends('birth_date')
    def _compute_is_minor(self):
        day = today()
        for partner in self:
            partner.is_minor = bool(partner.birth_date) and identity.age_on(partner.birth_date, day) < ADULT

    def _search_is_minor(self, operator, value):
        if operator != 'in':
            return NotImplemented
        column, start = self._fields['birth_date'], today() - relativedelta(years=ADULT)

        def to_sql(_model, alias, _query):
            born_after = SQL('%s > %s', SQL.identifier(alias, 'birth_date', to_flush=column), start)
            parts = [SQL('%s', born_after)] if True in value else []
            if False in value:
                parts.append(SQL('(%s) IS NOT TRUE', born_after))
            return SQL('(%s)', SQL(' OR ').join(parts))

        return Domain.custom(to_sql=to_sql, predicate=lambda partner: partner.sudo().is_minor in value)

    @api.depends('phone')
    def _compute_phone_masked(self):
        for partner in self:
            partner.phone_masked = masks.mask_phone(partner.phone) or False

    @api.depends('phone')
    def _compute_phone_digits(self):
        for partner in self:
            partner.phone_digits = masks.normalise_phone(partner.phone) or False

    def _search_phone_masked(self, operator, value):
        """By the whole number, or by its last four digits, which the mask shows anyway."""
        if operator in ('ilike', 'like', '=ilike', '=like'):
            value = [value]
        elif operator != 'in':
            return NotImplemented
        numbers = {masks.normalise_phone(text) for text in value if text} - {''}
        if len(numbers) > MOST_NUMBERS and not self.env.su:
            raise UserError(self.env._("Look for at most %s numbers at a time.", MOST_NUMBERS))
        tails = {tail for text in value if text and len(tail := masks.normalise(text)) == 4 and tail.isdigit()}
        column, empty = self._fields['phone_digits'], not all(value)

        def to_sql(_model, alias, _query):
            digits = SQL.identifier(alias, 'phone_digits', to_flush=column)
            parts = [SQL('%s IN %s', digits, tuple(numbers))] if numbers else []
            if tails:
                parts.append(SQL('right(%s, 4) IN %s', digits, tuple(tails)))
            if empty:
                parts.append(SQL('%s IS NULL', digits))
            return SQL('(%s)', SQL(' OR ').join(parts)) if parts else SQL('FALSE')

        def matches(partner):
            digits = partner.sudo().phone_digits or ''
            return digits in numbers or digits[-4:] in tails or (empty and not digits)

        return Domain.custom(to_sql=to_sql, predicate=matches)

    @api.depends('phone', 'is_buyer', 'company_id')
    @api.depends_context('uid')
    def _compute_phone_double(self):
        self.phone_double = False
        for partner in self.filtered('is_buyer'):
            digits = masks.normalise_phone(partner.sudo().phone)
            others = digits and self.sudo().search([
                ('is_buyer', '=', True), ('company_id', '=', (partner.company_id or self.env.company).id),
                ('phone_digits', '=', digits), ('id', '!=', partner._origin.id)], limit=3)
            if others:
                partner.phone_double = self.env._(
                    "The telephone number %(phone)s is in the buyer file already, with %(names)s.",
                    phone=masks.mask_phone(digits), names=self.env._(", ").join(other._name_for_reader() for other in others))

    def _name_for_reader(self):
        """:return: the name, or for those who may not open the file its first character and who is responsible"""
        self.ensure_one()
        if self.sudo(False).has_access('read'):
            return self.sudo().name
        responsible = self.sudo().user_id.name
        name = masks.mask_name(self.sudo().name)
        return self.env._("%(name)s (of %(consultant)s)", name=name, consultant=responsible) if responsible else name

    def _compute_data_request_count(self):
        counts = dict(self.env['property.data.request']._read_group(
            [('partner_id', 'in', self.ids)], ['partner_id'], ['__count'])) if self.env['property.data.request'].has_access('read') else {}
        for partner in self:
            partner.data_request_count = counts.get(partner, 0)

    # ------------------------------------------------------------------ who sees what

    def _has_field_access(self, field, operation):
        if field.name in TELEPHONE_FIELDS and not self.env.su and self._telephone_is_hidden():
            return False
        return super()._has_field_access(field, operation)

    def _telephone_is_hidden(self):
        """Some posts have no calls to make. Whoever is not of the department sees what Odoo shows."""
        user = self.env.user
        return user.has_group(POSTS) and not user.has_groups('property_base.group_telephone,base.group_system')

    @api.model
    def get_view(self, view_id=None, view_type='form', **options):
        """Whoever may not see telephone numbers sees masks in Odoo's own views of partners too."""
        result = super().get_view(view_id, view_type, **options)
        if not self.env.su and self._telephone_is_hidden():
            tree = etree.fromstring(result['arch'])
            for node in tree.iter(etree.Element):
                if node.tag == 'field' and node.get('name') in TELEPHONE_FIELDS:
                    node.attrib.pop('widget', None)
                    node.set('readonly', '1')
                for name, value in node.attrib.items():
                    if name in ('name', 'for', 'filter_domain') or name.startswith('t-') or name in ('invisible', 'readonly', 'required'):
                        node.set(name, _TELEPHONE.sub('phone_masked', value))
            result['arch'] = etree.tostring(tree, encoding='unicode')
            result['models'] = {
                model: {*names, 'phone_masked'} if model == 'res.partner' else names for model, names in result['models'].items()}
        return result

    def _message_log(self, *, body='', **kwargs):
        """Odoo writes the number of a bank account into the chatter when it goes."""
        for bank in self.sudo().with_context(active_test=False).bank_ids if body else ():
            body = body.replace(bank.acc_number, masks.mask_account(bank.acc_number))
        return super()._message_log(body=body, **kwargs)

    # ------------------------------------------------------------------ checks and writing

    @api.constrains('identity_type', 'nationality_id', 'identity_number_hash')
    def _check_passport_nationality(self):
        for partner in self.sudo():
            if partner.identity_type == 'passport' and partner.identity_number_hash and not partner.nationality_id:
                raise ValidationError(self.env._("Choose the nationality of a passport's holder."))

    @api.model_create_multi
    def create(self, vals_list):
        vals_list = [dict(vals) for vals in vals_list]
        for vals in vals_list:
            if vals.get('identity_number'):
                vals['is_buyer'] = True
            if vals.get('is_buyer', self.env.context.get('default_is_buyer')):
                if not vals.get('company_id'):
                    vals['company_id'] = self.env.company.id
                # A consultant sees no others than his own.
                if not vals.get('user_id') and self.env.user.has_group('property_base.group_sales_consultant') \
                        and not self.env.user.has_group('property_base.group_sales_manager'):
                    vals['user_id'] = self.env.uid
        partners = super().create(vals_list)
        if any(vals.get('legal_hold') for vals in vals_list):
            self._check_keeper()
        return partners

    def write(self, vals):
        if not self.env.su or 'identity_number' in vals:
            self._check_anonymous(vals)
            self._check_identity_vals(vals)
        if 'legal_hold' in vals and any(partner.legal_hold != bool(vals['legal_hold']) for partner in self.sudo()):
            self._check_keeper()
        if vals.get('identity_number') or vals.get('is_buyer'):
            vals = {**vals, 'is_buyer': True}
            without_company = self.sudo().filtered(lambda partner: not partner.company_id)
            if without_company and not vals.get('company_id'):
                super(ResPartner, without_company.with_env(self.env)).write({'company_id': self.env.company.id})
        return super().write(vals)

    def _check_anonymous(self, vals):
        if set(vals) - _MAY_CHANGE_WHEN_ANONYMOUS and any(partner.anonymised_on for partner in self.sudo()):
            raise UserError(self.env._("This file was made anonymous and stays so: make a new file for the person."))

    def _check_identity_vals(self, vals):
        """What follows from a number changes with the number."""
        if not {'identity_type', 'identity_number', 'birth_date', 'sex', 'nationality_id', 'is_buyer'} & set(vals):
            return
        for partner in self.sudo():
            if not partner.identity_number or vals.get('identity_number', partner.identity_number) != partner.identity_number:
                continue
            if vals.get('identity_type', partner.identity_type) != partner.identity_type:
                raise UserError(self.env._("Enter the identity number again, together with the other kind of paper."))
            derived = self._derived_fields(partner.identity_type)
            for field in (self._fields[name] for name in derived & set(vals)):
                if field.convert_to_record(field.convert_to_cache(vals[field.name], partner), partner) != partner[field.name]:
                    raise UserError(self.env._(
                        "“%s” follows from the identity number: correct the number.",
                        field.get_description(self.env, ['string'])['string']))
            if vals.get('is_buyer') is False:
                raise UserError(self.env._("Whoever has an identity number stays in the buyer file: clear the number first."))

    @api.model
    def _derived_fields(self, kind):
        """:return: names of the fields that follow from a number of that kind"""
        names = set()
        if kind in ('mainland_id', 'residence_permit'):
            names |= {'birth_date', 'sex'}
        if kind in identity.CHINESE:
            names.add('nationality_id')
        return names

    def _check_keeper(self):
        if not self.env.su and not self.env.user.has_groups(KEEPERS):
            raise AccessError(self.env._("A legal hold is put and lifted by the department manager and by legal."))

    # ------------------------------------------------------------------ the identity number

    def _secret_normalise(self, name, text):
        return self._parse_identity(text).number

    def _parse_identity(self, text):
        kind = self.identity_type
        if not kind:
            raise UserError(self.env._("Choose the kind of identity paper, then enter its number."))
        try:
            return identity.parse(kind, text, today())
        except identity.IdentityError as error:
            raise UserError(self._identity_sentence(kind, error.reason)) from error

    @api.model
    def _identity_sentence(self, kind, reason):
        """:return: one sentence that says what is wrong with a number; the number is not in it, since sentences are logged"""
        if reason == 'shape':
            return {
                'mainland_id': self.env._("A resident identity number has 17 digits and a last character that is a digit or X."),
                'passport': self.env._("A passport number has 5 to 17 letters and digits."),
                'hk_macau_permit': self.env._(
                    "A permit of Hong Kong and Macau residents has the letter H or M and 8 or 10 digits."),
                'taiwan_permit': self.env._(
                    "A permit of Taiwan residents has 8 digits, or 10 digits and at most one letter."),
                'residence_permit': self.env._(
                    "A residence permit number has 17 digits and a last character that is a digit or X."),
                'foreign_permanent': self.env._(
                    "A permanent resident card has 18 digits that begin with 9, or three letters and 12 digits."),
                'credit_code': self.env._("A unified social credit code has 18 digits and capital letters, without I, O, S, V and Z."),
                'business_licence': self.env._(
                    "A business licence has 15 digits; a number of 18 characters is a unified social credit code."),
            }[kind]
        return {
            'empty': self.env._("Enter the identity number."),
            'masked': self.env._("Enter the whole number: stars cannot be part of it."),
            'old': self.env._("This is a number of 15 digits, which is no longer valid: enter the 18 digits of the present card."),
            'area': self.env._(
                "The first digits of a residence permit are 81, 82 or 83: look at the number again.")
            if kind == 'residence_permit' else
            self.env._("No province has the first two digits of this number: look at it again."),
            'birth': self.env._("The birth date in this number does not exist or is yet to come: look at the number again."),
            'check': self.env._("The last character does not fit the others: one of them is mistyped."),
        }[reason]

    def _prepare_secret_vals(self, name, value):
        parsed = self._parse_identity(value)
        vals = {}
        if parsed.birth_date:
            vals.update(birth_date=parsed.birth_date, sex=parsed.sex)
        if self.identity_type in identity.CHINESE:
            vals['nationality_id'] = self.env.ref('base.cn').id
        return vals

    def _check_secret(self, name, hashes):
        domain = [
            ('identity_number_hash', 'in', hashes), ('company_id', '=', (self.company_id or self.env.company).id), ('id', '!=', self.id)]
        if self.identity_type == 'passport':
            domain.append(('nationality_id', '=', self.nationality_id.id))
        # Also by keys that a rotation has not come to yet, which the index knows nothing of.
        double = self.sudo().with_context(active_test=False).search(domain, limit=1)
        if double:
            raise UserError(double._double_sentence())

    def _double_sentence(self):
        self.ensure_one()
        if not self.sudo(False).has_access('read'):
            return self.env._(
                "This identity number is in the buyer file already, with %s: ask for that file to be handed over to you.",
                self._name_for_reader())
        if not self.sudo().active:
            return self.env._(
                "This identity number is in the buyer file already, with %s, which is archived: bring that file back.",
                self._name_for_reader())
        return self.env._(
            "This identity number is in the buyer file already, with %s: open that file instead of making another.",
            self._name_for_reader())

    @api.model
    def _double_by_database(self, diag):
        """The sentence for whoever came second; read after the rollback, when the other's row can be seen."""
        value, company, *_rest = (diag and diag.message_detail or '').rpartition('=(')[2].split(', ') + ['']
        double = company.isdigit() and self.sudo().with_context(active_test=False).search(
            [('identity_number_hash', '=', value), ('company_id', '=', int(company))], limit=1)
        if not double:
            return self.env._("Somebody else has just entered this identity number: look for that file.")
        return double._double_sentence()

    # ------------------------------------------------------------------ for the documents

    @api.model
    def _find_buyers(self, identity_number=None, phone=None, company=None):
        """The people of the buyer file with that number, archived ones too; a caller without rights to them uses sudo.

        :param str identity_number: as typed; kept nowhere
        :param str phone: as typed
        :param company: the file of this company; of the current one by default
        :return: partners that have one of the two
        :raise UserError: where the key file is not there
        """
        either = Domain.FALSE
        if identity_number:
            either |= Domain('identity_number', '=', identity_number)
        if phone and (digits := masks.normalise_phone(phone)):
            either |= Domain('phone_masked', '=', digits)
        return self.with_context(active_test=False).search(
            either & Domain('is_buyer', '=', True) & Domain('company_id', '=', (company or self.env.company).id))

    def _is_immediate_family_of(self, other):
        """:return: whether ``other`` is the spouse, a parent or a child, to whom rights may pass without a sale"""
        self.ensure_one()
        return bool(self.env['property.family.link'].sudo().search_count([
            ('partner_id', '=', self.id), ('relative_id', '=', other.id),
            ('kind', 'in', self.env['property.family.link']._immediate)], limit=1))

    def _has_consent(self, purpose, recipient=None):
        """:return: whether the person's last word on that use of his data is a yes"""
        self.ensure_one()
        return self.env['property.consent'].sudo()._last_words(self, purpose, recipient).get(self.id) == 'given'

    def _make_buyer(self):
        """Take partners into the buyer file, as a document does that names them."""
        others = self.filtered(lambda partner: not partner.is_buyer)
        if others:
            others.write({'is_buyer': True})
        return self

    # ------------------------------------------------------------------ the end of a file

    def _erasure_refusal(self):
        """Hook: later documents add the deals that still need the person.

        :return: sentence that says why the file must be kept, or None
        """
        self.ensure_one()
        partner = self.sudo()
        if partner.legal_hold:
            return self.env._("The file of %s is under a legal hold: lift it first.", partner.name)
        if partner.user_ids.filtered(lambda user: not user.share):
            return self.env._("%s works here: the user has to leave first.", partner.name)
        line = self.env['account.move.line'].sudo().search(
            [('partner_id', '=', self.id), ('parent_state', '=', 'posted')], order='date desc', limit=1)
        if line:
            years = self.env['property.parameter']._get('voucher_retention_years', line.date, line.company_id)
            until = line.date + relativedelta(years=years)
            if until > today():
                return self.env._(
                    "There are vouchers of %(name)s, which must be kept until %(date)s.", name=partner.name, date=until)
        held = self.env['property.document'].sudo().search(
            [('partner_id', '=', self.id), '|', ('originals_held', '>', 0), ('copies_held', '>', 0)], limit=1)
        if held:
            return self.env._("“%s” is in the archive: give it back first.", held.display_name)
        return None

    def action_anonymise(self):
        """Take the person out of the file for good; the record, what hangs on it and the logs stay."""
        for partner in self:
            partner.check_access('write')
            if not self.env.user.has_groups(KEEPERS):
                raise AccessError(self.env._("A file is made anonymous by the department manager and by legal."))
            if partner.sudo().anonymised_on:
                raise UserError(self.env._("This file is anonymous already."))
            if refusal := partner._erasure_refusal():
                raise UserError(refusal)
            partner._anonymise()
        return True

    def _anonymise(self):
        self.ensure_one()
        partner = self.sudo().with_context(tracking_disable=True, mail_notrack=True)
        partner._anonymise_around()
        # Before its kind, which the database wants for a number.
        partner.identity_number = False
        partner.flush_recordset()
        partner.write({
            **self._prepare_anonymous_vals(),
            'anonymised_on': fields.Datetime.now(),
        })
        # Last, since what went before may have left messages too.
        partner.message_ids.unlink()
        partner._message_log(body=self.env._("The file was made anonymous by %s.", self.env.user.name))

    def _prepare_anonymous_vals(self):
        """:return: dict of the values that are left of a person"""
        vals = dict.fromkeys((
            'identity_type', 'birth_date', 'sex', 'nationality_id', 'service_address', 'phone', 'email', 'street',
            'street2', 'zip', 'city', 'state_id', 'country_id', 'vat', 'ref', 'website', 'comment', 'function', 'company_name',
            'company_registry', 'barcode', 'image_1920', 'parent_id', 'lang', 'tz'), False)
        vals.update({
            'name': self.env._("Anonymous %s", self.id), 'category_id': [Command.clear()], 'active': False,
            'partner_latitude': 0, 'partner_longitude': 0, 'is_company': self.is_company})
        if 'properties' in self._fields:
            vals['properties'] = False
        return vals

    def _anonymise_around(self):
        """What names the person elsewhere: chatter, files, family, accounts and the portal user."""
        users = self.with_context(active_test=False).user_ids
        users.api_key_ids._remove()
        for user in users:
            user.write({'login': f'anonymous-{user.id}', 'password': '', 'signature': False, 'active': False})
        self.family_ids.unlink()
        self.activity_ids.unlink()
        self.env['ir.attachment'].search([('res_model', '=', 'res.partner'), ('res_id', '=', self.id)]).unlink()
        self.env['property.document']._forget_person(self)
        self.env['mail.message'].search([('author_id', '=', self.id), ('email_from', '!=', False)]).write({'email_from': False})
        for bank in self.with_context(active_test=False).bank_ids:
            bank.message_ids.unlink()
            bank.write({
                'allow_out_payment': False, 'acc_number': f'{masks.mask_account(bank.acc_number)} #{bank.id}',
                'acc_holder_name': False, 'note': False, 'active': False})

    def action_open_buyer_file(self):
        self.ensure_one()
        return {
            'type': 'ir.actions.act_window',
            'res_model': 'res.partner',
            'res_id': self.id,
            'views': [(self.env.ref('property_customer_service.res_partner_view_form_buyer').id, 'form')],
        }

    def action_view_data_requests(self):
        self.ensure_one()
        return {
            **self.env['ir.actions.act_window']._for_xml_id('property_customer_service.property_data_request_action'),
            'domain': [('partner_id', '=', self.id)],
            'context': {'default_partner_id': self.id},
        }
