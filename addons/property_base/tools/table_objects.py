"""Rules that hold against everyone, because the database holds them.

They are declared on a model like Odoo's own constraints, and a violation reaches the user as the one
sentence that they were declared with: the trigger raises an integrity error that names the constraint.
"""
from odoo import models
from odoo.tools import SQL, sql

# Raised under the name of the declaration, so that Odoo finds its message.
_REFUSE = """
CREATE OR REPLACE FUNCTION property_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'refused by %', TG_ARGV[0]
        USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME, CONSTRAINT = TG_ARGV[0];
END $$
"""


def create_functions(cr):
    cr.execute(_REFUSE)


def drop_functions(cr):
    """Every trigger function of ours, also those that :class:`Triggers` brought: by their prefix."""
    cr.execute(
        "SELECT proname FROM pg_proc WHERE proname LIKE 'property\\_%'"
        " AND prorettype = 'trigger'::regtype AND pronamespace = current_schema::regnamespace")
    for row in cr.fetchall():
        # A trigger function has no arguments.
        cr.execute(SQL("DROP FUNCTION IF EXISTS %s() CASCADE", SQL.identifier(row[0])))


class Triggers(models.Constraint):
    """One or more triggers of a table, kept in step with their declaration.

    :param definitions: one or more ``CREATE TRIGGER`` clauses after the trigger's name, e.g.
        ``BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION f('{name}')``;
        ``{table}`` and ``{name}`` are filled in, and the function refuses under ``{name}``
    :param function: a ``CREATE OR REPLACE FUNCTION`` statement that they need, made before them
    :param message: the sentence that the user reads
    """

    _create = SQL("CREATE TRIGGER")

    def __init__(self, *definitions, function='', message=''):
        super().__init__(';\n'.join(definitions), message)
        self._definitions = definitions
        self._function = function

    def _trigger_names(self, model):
        """:return: list of the triggers' names, one for each definition"""
        return [sql.make_identifier(f'{self.full_name(model)}_{index}') for index in range(len(self._definitions))]

    def apply_to_database(self, model):
        cr = model.env.cr
        name = self.full_name(model)
        if self._function:
            cr.execute(self._function)
        for trigger, definition in zip(self._trigger_names(model), self._definitions, strict=True):
            wanted = definition.format(table=model._table, name=name)
            cr.execute(SQL(
                "SELECT obj_description(oid, 'pg_trigger') FROM pg_trigger WHERE tgname = %s AND tgrelid = %s::regclass",
                trigger, model._table,
            ))
            row = cr.fetchone()
            if row and row[0] == wanted:
                continue
            cr.execute(SQL("DROP TRIGGER IF EXISTS %s ON %s", SQL.identifier(trigger), SQL.identifier(model._table)))
            cr.execute(SQL("%s %s " + wanted.replace('%', '%%'), self._create, SQL.identifier(trigger)))
            cr.execute(SQL(
                "COMMENT ON TRIGGER %s ON %s IS %s", SQL.identifier(trigger), SQL.identifier(model._table), wanted,
            ))


class DeferredTriggers(Triggers):
    """A rule over several tables, which holds at the end of a transaction and not after each of its statements.

    :param definitions: as of :class:`Triggers`, with ``DEFERRABLE INITIALLY DEFERRED`` before ``FOR EACH ROW``, e.g.
        ``AFTER INSERT ON {table} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION f('{name}')``
    """

    _create = SQL("CREATE CONSTRAINT TRIGGER")

    def check_when_flushed(self, model):
        """Have the rule looked at when the cursor is flushed, once for all that was written until then.

        COMMIT looks in any case, but Odoo words for the user only what was refused before it.
        """
        cr = model.env.cr
        if 'property.deferred' not in cr.precommit.data:
            cr.precommit.data['property.deferred'] = set()
            cr.precommit.add(lambda: _check_deferred(cr))
        cr.precommit.data['property.deferred'].update(self._trigger_names(model))


def _check_deferred(cr):
    triggers = SQL(", ").join(SQL.identifier(name) for name in sorted(cr.precommit.data.pop('property.deferred')))
    cr.execute(SQL("SET CONSTRAINTS %s IMMEDIATE; SET CONSTRAINTS %s DEFERRED", triggers, triggers))


class AppendOnly(Triggers):
    """The table is a log: rows come, and the facts in them neither change nor go.

    Only the fact columns are guarded, since ``create`` itself and later upgrades write stored computes.

    :param facts: the columns that hold the facts; the id is always one
    """

    def __init__(self, *facts, message):
        super().__init__(
            f"BEFORE DELETE OR UPDATE OF {', '.join(('id', *facts))} ON {{table}}"
            " FOR EACH ROW EXECUTE FUNCTION property_refuse('{name}')",
            "BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION property_refuse('{name}')",
            message=message,
        )


class Column(models.Constraint):
    """A column that the database alone fills: the ORM does not know it, so nobody reads or writes it by RPC.

    It is called after its declaration: ``_stamp = Column(...)`` is the column ``stamp``.

    :param kind: its SQL type
    :param default: SQL expression for new rows; those that are there when the column is made have NULL
    """

    def __init__(self, kind, default):
        super().__init__(f'{kind} DEFAULT {default}')
        self._kind, self._default = kind, default

    def apply_to_database(self, model):
        table, column = SQL.identifier(model._table), SQL.identifier(self.name)
        if not sql.column_exists(model.env.cr, model._table, self.name):
            model.env.cr.execute(SQL("ALTER TABLE %s ADD COLUMN %s %s", table, column, SQL(self._kind)))
        model.env.cr.execute(SQL("ALTER TABLE %s ALTER COLUMN %s SET DEFAULT %s", table, column, SQL(self._default)))
