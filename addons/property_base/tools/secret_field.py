"""A field whose value goes in and does not come out."""
from odoo import fields

#: Ends of the names of the columns that stand behind such a field.
CIPHER, HASH, MASK = '_cipher', '_hash', '_mask'


class Secret(fields.Char):
    """A personal number on a model with ``property.secret.mixin``.

    It is written as any text and reads as its mask (``110***********002X``). Three columns stand behind it, out of
    everybody's reach: ``<name>_cipher`` is encrypted with a key that lies outside the database, ``<name>_hash`` is its
    keyed hash, which ``=`` and ``in`` search by, and ``<name>_mask`` is what is read. The number itself is had by
    ``action_unmask`` alone. The hash has no index: declare one, most often a unique one.
    """

    def __init__(self, *args, **kwargs):
        # A model that inherits by delegation has it as a related field, of the ORM's own making.
        if 'related' not in kwargs:
            kwargs = {'compute': '_compute_secrets', 'compute_sudo': True, 'copy': False, **kwargs}
        super().__init__(*args, **kwargs)

    def __set_name__(self, owner, name):
        super().__set_name__(owner, name)
        if getattr(owner, 'pool', None) is not None:
            return
        for suffix in (CIPHER, HASH, MASK):
            column = fields.Char(
                readonly=True, copy=False, prefetch=suffix == MASK, groups=fields.NO_ACCESS, export_string_translation=False)
            setattr(owner, name + suffix, column)
            column.__set_name__(owner, name + suffix)

    def _get_attrs(self, model_class, name):
        attrs = super()._get_attrs(model_class, name)
        if not attrs.get('related'):
            # The ORM calls an inverse once for all the fields that share it, so that each needs its own.
            attrs['inverse'] = f'_inverse_{name}'
            attrs['search'] = f'_search_{name}'
            attrs['readonly'] = False
        return attrs

    def determine_inverse(self, records):
        if not self.related:
            return records._inverse_secret(self.name)
        result = super().determine_inverse(records)
        # What was typed does not stay in the cache; the number's own record sees to itself.
        records.invalidate_recordset([self.name], flush=False)
        return result

    def determine_domain(self, records, operator, value):
        if self.related:
            return super().determine_domain(records, operator, value)
        return records._search_secret(self.name, operator, value)

    def filter_function(self, records, field_expr, operator, value):
        # What is in the cache is the mask.
        if self.related:
            return super().filter_function(records, field_expr, operator, value)
        return records._secret_predicate(self.name, operator, value)
