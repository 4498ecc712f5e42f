import re
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools import key_ring, masks
from ..tools.local_time import today
from ..tools.secret_field import CIPHER, HASH, MASK, Secret
from .property_secret_key import ring

SHORTEST_REASON = 4
#: So that nobody tries out all the numbers that a mask and a birthday leave.
MOST_NUMBERS = 20
# What looks like an identity number, an account or a mobile number has no place in a log.
_NUMBER_IN_REASON = re.compile(r'\d{14,}|(?<!\d)1[3-9]\d{9}(?!\d)')


class PropertySecretMixin(models.AbstractModel):
    """A model with numbers that are encrypted at rest: declare each as a ``tools.secret_field.Secret``.

    The plain number exists in the call that writes it and in the answer of :meth:`action_unmask`, and is never read
    otherwise. Masks are stored, so that all but the numbers works without the key.
    """

    _name = 'property.secret.mixin'
    _description = 'Record with encrypted numbers'

    secret_problem = fields.Char(compute='_compute_secret_problem', export_string_translation=False)

    def _compute_secret_problem(self):
        self.secret_problem = self.env['property.secret.key']._problem()

    @api.depends(lambda self: [name + MASK for name in self._secret_names()])
    def _compute_secrets(self):
        for name in self._secret_names():
            for record in self:
                record[name] = record[name + MASK]

    @api.model
    def _secret_names(self):
        """:return: names of the model's encrypted fields"""
        return [name for name, field in self._fields.items() if isinstance(field, Secret) and not field.related]

    # ------------------------------------------------------------------ hooks

    def _secret_normalise(self, name, text):
        """The one way of writing a number, by which it is found again.

        :return: the text to encrypt
        :raise UserError: one sentence, without the number, where it is none
        """
        return masks.normalise(text)

    def _secret_mask(self, name, value):
        """:return: what everybody may see of the number"""
        return masks.mask_identity(value)

    def _check_secret(self, name, hashes):
        """Called before a number is stored.

        :param list hashes: its hash by every key
        :raise UserError: where it must not be, such as where another record has it
        """

    def _prepare_secret_vals(self, name, value):
        """:return: dict of further values that follow from the number"""
        return {}

    def _unmaskable_names(self):
        """:return: names of the fields that :meth:`action_unmask` shows"""
        return self._secret_names()

    # ------------------------------------------------------------------ in

    @api.model
    def _secret_purpose(self, name):
        return f'{self._name}.{name}'

    def _inverse_secret(self, name):
        typed = {record: record[name] for record in self}
        # What was typed leaves the cache before anything else runs.
        self.invalidate_recordset([name], flush=False)
        keys = None
        for record_sudo, text in ((record.sudo(), text) for record, text in typed.items()):
            if (text or False) == (record_sudo[name + MASK] or False):
                continue
            vals = dict.fromkeys((name + CIPHER, name + HASH, name + MASK), False)
            if text:
                if keys is None:
                    keys = ring(self.env)
                    self.env['property.secret.key']._put_to_use(keys)
                value = record_sudo._secret_normalise(name, text)
                purpose = self._secret_purpose(name)
                hashes = keys.hashes(purpose, value)
                record_sudo._check_secret(name, hashes)
                vals = {
                    name + CIPHER: keys.encrypt(purpose, value),
                    name + HASH: hashes[0],
                    name + MASK: record_sudo._secret_mask(name, value),
                    **record_sudo._prepare_secret_vals(name, value),
                }
            record_sudo.write(vals)
        self.invalidate_recordset([name], flush=False)

    # ------------------------------------------------------------------ search

    def _secret_hashes(self, name, values):
        """:return: list of the hashes of the plain numbers, by every key"""
        self._check_field_access(self._fields[name], 'read')
        texts = {masks.normalise(value) for value in values if value}
        if len(texts) > MOST_NUMBERS and not self.env.su:
            raise UserError(self.env._("Look for at most %s numbers at a time.", MOST_NUMBERS))
        if not texts:
            return []
        keys, purpose = ring(self.env), self._secret_purpose(name)
        return [value for text in texts for value in keys.hashes(purpose, text)]

    def _secret_operator(self, name, operator):
        if operator not in ('in', 'not in'):
            raise UserError(self.env._(
                "“%s” is found by the whole number only.", self._fields[name].get_description(self.env, ['string'])['string']))

    def _search_secret(self, name, operator, value):
        self._secret_operator(name, operator)
        if operator == 'not in':
            return NotImplemented
        hashes, column = self._secret_hashes(name, value), self._fields[name + HASH]
        conditions = []
        if hashes:
            conditions.append(lambda identifier: SQL('%s IN %s', identifier, tuple(hashes)))
        if any(not text for text in value):
            conditions.append(lambda identifier: SQL('%s IS NULL', identifier))

        def to_sql(_model, alias, _query):
            identifier = SQL.identifier(alias, column.name, to_flush=column)
            return SQL('(%s)', SQL(' OR ').join(condition(identifier) for condition in conditions))

        if not conditions:
            return Domain.FALSE
        return Domain.custom(to_sql=to_sql, predicate=self._secret_predicate(name, operator, value))

    def _secret_predicate(self, name, operator, value):
        """:return: function of a record that says whether its number is one of those"""
        self._secret_operator(name, operator)
        wanted = set(self._secret_hashes(name, value))
        if any(not text for text in value):
            wanted.add(False)
        return lambda record: record.sudo()[name + HASH] in wanted

    # ------------------------------------------------------------------ out

    def action_unmask(self, name, reason):
        """Show one number in full to somebody who may see it; it is logged before it is read.

        :param str name: field of the number
        :param str reason: why it has to be seen
        :return: the number
        """
        if len(self) != 1:
            raise UserError(self.env._("Numbers are shown one at a time."))
        self.check_access('read')
        if name not in self._unmaskable_names():
            raise UserError(self.env._("This field has no number to show."))
        self._check_may_unmask(name)
        reason = (reason or '').strip() if isinstance(reason, str) else ''
        if len(reason) < SHORTEST_REASON:
            raise UserError(self.env._("Say in a few words why you need to see the number."))
        if _NUMBER_IN_REASON.search(masks.normalise(reason)):
            raise UserError(self.env._("Say why you need to see the number without writing a number of a person."))
        self._check_unmask_limit()
        return self._reveal(name, reason, by_hand=True).get(self.id)

    def _check_may_unmask(self, name):
        if not self.env.user.has_group('property_base.group_unmask'):
            raise AccessError(self.env._(
                "Numbers are shown in full to the signing team, the registration and title team, finance and the department manager."))
        # A number that Odoo keeps in plain text is out of the reach of those who are shown it by its mask.
        if name in self._secret_names():
            self._check_field_access(self._fields[name], 'read')

    def _check_unmask_limit(self):
        """Nobody copies the buyer file one number after the other."""
        limit = self.env['property.parameter']._get('unmask_daily_limit', today(), self.env.company)
        since = fields.Datetime.now() - timedelta(days=1)
        count = self.env['property.unmasking'].sudo().search_count(
            [('user_id', '=', self.env.uid), ('by_hand', '=', True), ('create_date', '>=', since)], limit=limit)
        if count >= limit:
            raise UserError(self.env._(
                "You have looked at %s numbers within a day, which is as many as anybody may: go on tomorrow, or ask the administrator.",
                limit))

    def _reveal(self, name, reason, by_hand=False):
        """Numbers in full, for a document that needs them; each is logged first, in a transaction of its own that stays
        whatever becomes of this one.

        :return: dict of record id → number, without those that have none
        """
        ring(self.env)
        is_secret = name in self._secret_names()
        having = self.filtered(lambda record: record.sudo()[name + CIPHER if is_secret else name])
        if by_hand and not having:
            raise UserError(self.env._("There is no number to show."))
        having._log_unmasking(name, reason, by_hand)
        return {record.id: decrypt(record, name) if is_secret else record.sudo()[name] for record in having}

    def _log_unmasking(self, name, reason, by_hand):
        vals_list = [{
            'res_model': self._name,
            'res_id': record.id,
            'field': name,
            'reason': reason,
            'user_id': self.env.uid,
            'company_id': record._unmasking_company().id,
            'by_hand': by_hand,
        } for record in self]
        with self.env.registry.cursor() as cr:
            self.env(cr=cr)['property.unmasking'].sudo().create(vals_list)

    def _unmasking_company(self):
        """:return: company whose auditors see that the number was seen"""
        record_sudo = self.sudo()
        return 'company_id' in self._fields and record_sudo.company_id or self.env.company


def decrypt(record, name):
    """The plain number, which nobody logs: for :meth:`PropertySecretMixin._reveal`, which does. No method, so that no
    server action can call it.

    :raise UserError: one sentence, where it cannot be read
    """
    try:
        return ring(record.env).decrypt(record._secret_purpose(name), record.sudo()[name + CIPHER])
    except key_ring.DecryptError as error:
        raise UserError(record.env._(
            "This number cannot be read: it was encrypted with a key that the key file does not hold.")) from error
