from odoo.addons.property_base.tools.table_objects import Column, Triggers
from odoo.tests import TransactionCase, tagged


@tagged("post_install", "-at_install")
class TestDatabaseRules(TransactionCase):
    """Odoo only logs a constraint that the database did not take: here every one that is declared is looked for."""

    def test_every_declared_rule_is_there(self):
        self.env.cr.execute("""
            SELECT conrelid::regclass::text, conname FROM pg_constraint
            UNION ALL SELECT indrelid::regclass::text, indexrelid::regclass::text FROM pg_index
            UNION ALL SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'O'
            UNION ALL SELECT attrelid::regclass::text, attname FROM pg_attribute WHERE NOT attisdropped AND attnum > 0""")
        there = set(self.env.cr.fetchall())
        missing = []
        count = 0
        for name, model in self.env.registry.items():
            if not name.startswith(("property.", "test_property.")) or model._abstract or not model._auto:
                continue
            for full_name, rule in model._table_objects.items():
                if isinstance(rule, Triggers):
                    names = rule._trigger_names(self.env[name])
                else:
                    names = [rule.name if isinstance(rule, Column) else full_name]
                missing += [each for each in names if (model._table, each) not in there]
                count += len(names)
        self.assertGreater(count, 100)
        self.assertFalse(missing)
