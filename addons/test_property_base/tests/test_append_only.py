import psycopg2

from odoo import SUPERUSER_ID, api
from odoo.addons.property_base.hooks import _uninstall_hook
from odoo.exceptions import ValidationError
from odoo.service.model import retrying
from odoo.tests import TransactionCase, new_test_user
from odoo.tools import mute_logger

SENTENCE = "What was logged stays logged."
TABLE = 'test_property_log'


class TestAppendOnly(TransactionCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = new_test_user(cls.env, 'log-user', groups='property_base.group_user,base.group_system')
        cls.ticket = cls.env['test_property.ticket'].create({'name': 'T'})
        cls.log = cls.env['test_property.log'].create({'ticket_id': cls.ticket.id, 'what': 'happened'})
        cls.env.flush_all()

    def rows(self):
        self.env.flush_all()
        self.env.cr.execute(f'SELECT * FROM {TABLE} ORDER BY id')
        return self.env.cr.fetchall()

    def triggers(self):
        self.env.cr.execute(
            """SELECT tgname, oid, tgenabled, obj_description(oid, 'pg_trigger') FROM pg_trigger
            WHERE tgrelid = %s::regclass AND NOT tgisinternal ORDER BY tgname""", [TABLE])
        return self.env.cr.fetchall()

    def assertRefused(self, function):
        before = self.rows()
        with mute_logger('odoo.sql_db'), self.assertRaises(psycopg2.errors.CheckViolation) as refusal, \
                self.env.cr.savepoint():
            function()
            self.env.flush_all()
        self.assertEqual(refusal.exception.diag.constraint_name, 'test_property_log_append_only')
        self.assertEqual(refusal.exception.diag.table_name, TABLE)
        self.assertEqual(self.env['test_property.log']._sql_error_to_message(refusal.exception), SENTENCE)
        self.env.invalidate_all()
        self.assertEqual(self.rows(), before)

    def test_orm(self):
        for log in (self.log, self.log.sudo(), self.log.with_user(self.user), self.log.with_user(self.user).sudo()):
            self.assertRefused(lambda log=log: log.write({'what': 'never happened'}))
            self.assertRefused(lambda log=log: log.write({'ticket_id': self.ticket.copy().id}))
            self.assertRefused(lambda log=log: log.unlink())

    def test_sql(self):
        for statement in (
            f"UPDATE {TABLE} SET what = 'never happened'",
            f"UPDATE {TABLE} SET what = what",
            f"UPDATE {TABLE} SET create_uid = 1",
            f"UPDATE {TABLE} SET create_date = now()",
            f"UPDATE {TABLE} SET id = id + 1000",
            f"DELETE FROM {TABLE}",
            f"TRUNCATE {TABLE}",
            f"TRUNCATE {TABLE} CASCADE",
            f"INSERT INTO {TABLE} (id, ticket_id, what) VALUES (%(id)s, %(ticket)s, 'x')"
            " ON CONFLICT (id) DO UPDATE SET what = EXCLUDED.what",
            f"WITH gone AS (DELETE FROM {TABLE} RETURNING *) SELECT * FROM gone",
        ):
            with self.subTest(statement=statement):
                self.assertRefused(lambda statement=statement: self.env.cr.execute(
                    statement, {'id': self.log.id, 'ticket': self.ticket.id}))

    def test_what_it_is_about_stays(self):
        with mute_logger('odoo.sql_db'), self.assertRaises(psycopg2.errors.ForeignKeyViolation), self.env.cr.savepoint():
            self.ticket.unlink()
        self.assertTrue(self.log.exists())

    def test_create_and_recompute(self):
        """Rows come, and the computes that are kept with them still follow."""
        logs = self.env['test_property.log'].with_user(self.user).create([
            {'ticket_id': self.ticket.id, 'what': 'again'}, {'ticket_id': self.ticket.id, 'what': 'and again'}])
        self.env.flush_all()
        self.assertEqual([row[0] for row in self.rows()], [self.log.id, *logs.ids])
        self.ticket.name = 'renamed'
        self.env.flush_all()
        self.env.cr.execute(f'SELECT label FROM {TABLE} ORDER BY id')
        self.assertEqual(
            [row[0] for row in self.env.cr.fetchall()],
            ['renamed: happened', 'renamed: again', 'renamed: and again'])

    def test_sentence_for_the_user(self):
        """Through Odoo's own retry loop, on a real cursor: an error of validation, and one sentence."""
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            ticket = env['test_property.ticket'].create({'name': 'kept'})
            log = env['test_property.log'].create({'ticket_id': ticket.id, 'what': 'kept'})
            env.flush_all()
            cr.execute("SELECT 1")

            def attack():
                log = env['test_property.log'].create({'ticket_id': env['test_property.ticket'].create({}).id, 'what': 'x'})
                env.flush_all()
                log.unlink()

            with mute_logger('odoo.sql_db'), self.assertRaises(ValidationError) as refusal:
                retrying(attack, env)
            self.assertEqual(str(refusal.exception), f"The operation cannot be completed: {SENTENCE}")
            self.assertFalse(log.exists(), "rolled back")

    def test_applied_again(self):
        """An upgrade that changes nothing touches nothing."""
        before = self.triggers()
        self.assertEqual([(name, enabled) for name, _oid, enabled, _comment in before], [
            ('test_property_log_append_only_0', 'O'), ('test_property_log_append_only_1', 'O')])
        self.assertEqual([comment for *_rest, comment in before], [
            "BEFORE DELETE OR UPDATE OF id, ticket_id, what, create_uid, create_date ON test_property_log"
            " FOR EACH ROW EXECUTE FUNCTION property_refuse('test_property_log_append_only')",
            "BEFORE TRUNCATE ON test_property_log"
            " FOR EACH STATEMENT EXECUTE FUNCTION property_refuse('test_property_log_append_only')"])
        for _time in range(2):
            self.env['test_property.log']._add_sql_constraints()
        self.assertEqual(self.triggers(), before)

    def test_applied_where_it_is_missing_or_another(self):
        expected = [(name, comment) for name, _oid, _enabled, comment in self.triggers()]
        self.env.cr.execute(f"""
            DROP TRIGGER test_property_log_append_only_0 ON {TABLE};
            COMMENT ON TRIGGER test_property_log_append_only_1 ON {TABLE} IS 'as declared by an earlier version';
        """)
        self.env['test_property.log']._add_sql_constraints()
        self.assertEqual([(name, comment) for name, _oid, _enabled, comment in self.triggers()], expected)
        self.assertRefused(lambda: self.env.cr.execute(f"DELETE FROM {TABLE}"))

    def test_uninstall_takes_the_functions(self):
        functions = "SELECT count(*) FROM pg_proc WHERE proname = 'property_refuse'"
        self.env.cr.execute(functions)
        self.assertEqual(self.env.cr.fetchone()[0], 1)
        with self.env.cr.savepoint(flush=False) as savepoint:
            _uninstall_hook(self.env)
            self.env.cr.execute(functions)
            self.assertEqual(self.env.cr.fetchone()[0], 0)
            self.assertFalse(self.triggers())
            savepoint.rollback()
        self.assertEqual(len(self.triggers()), 2)
