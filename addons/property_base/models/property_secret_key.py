import contextlib
import time

import psycopg2

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, mute_logger, ormcache
from odoo.tools.sql import table_columns

from ..tools import key_ring
from ..tools.secret_field import CIPHER, HASH, Secret

BATCH = 1000
TRIES = 8


class PropertySecretKey(models.Model):
    """Which keys this database's numbers are encrypted with: their ids and fingerprints, never the keys.

    By them a key file that is another one is told before anything is written with it.
    """

    _name = 'property.secret.key'
    _description = 'Encryption Key'
    _order = 'id desc'

    name = fields.Char("Key", required=True, readonly=True)
    fingerprint = fields.Char(required=True, readonly=True)
    retired = fields.Boolean(readonly=True, help="Nothing is encrypted with it any more, but for backups of the time before.")

    _name_uniq = models.Constraint('UNIQUE (name)', "This key is known already.")

    def _problem(self):
        """:return: sentence that says why numbers can be neither read nor saved at present, or None"""
        try:
            ring(self.env)
        except UserError as error:
            return str(error)
        return None

    @ormcache()
    def _known(self):
        """:return: tuple of (key id, fingerprint, whether it is in use)"""
        return tuple((key.name, key.fingerprint, not key.retired) for key in self.sudo().search([]))

    def _put_to_use(self, keys):
        """Remember the current key before the first number is encrypted with it."""
        name = keys.current
        if (name, keys.fingerprint(name), True) in self._known():
            return
        # Two that are the first at one moment both go on; the second waits for the first here.
        self.env.cr.execute(SQL(
            """INSERT INTO property_secret_key (name, fingerprint, retired, create_uid, create_date, write_uid, write_date)
            VALUES (%(name)s, %(fingerprint)s, FALSE, %(uid)s, now() AT TIME ZONE 'UTC', %(uid)s, now() AT TIME ZONE 'UTC')
            ON CONFLICT (name) DO UPDATE SET retired = FALSE WHERE property_secret_key.retired""",
            name=name, fingerprint=keys.fingerprint(name), uid=self.env.uid))
        self.invalidate_model()
        self.env.registry.clear_cache()


def ring(env):
    """The keys of this database. A function and not a method, so that no server action can have them.

    :rtype: key_ring.KeyRing
    :raise UserError: one sentence, where there are none, or others than the numbers are encrypted with
    """
    try:
        keys = key_ring.load()
    except key_ring.KeyFileError as error:
        raise UserError({
            'unset': env._(
                "Encrypted numbers can be neither read nor saved: no key file is named, ask the administrator to set %s.",
                key_ring.ENVIRONMENT),
            'unreadable': env._(
                "Encrypted numbers can be neither read nor saved: the key file cannot be read, ask the administrator to put it back."),
            'malformed': env._(
                "Encrypted numbers can be neither read nor saved: the key file is damaged, ask the administrator to put it back."),
        }[error.reason]) from error
    for name, fingerprint, in_use in env['property.secret.key']._known():
        its = keys.fingerprint(name)
        if (in_use or its) and its != fingerprint:
            raise UserError(env._(
                "Encrypted numbers can be neither read nor saved: the key file is not the one that they were encrypted with,"
                " ask the administrator to put that one back."))
    return keys


def rotate(env, report):
    """Encrypt every number anew with the first key, and hash it anew; batches are committed, and what is done stays done.

    Searches ask for the hashes by all keys, so that a number is found before and after its turn.

    :param report: function that is called with one line of text at a time
    :return: number of records that stay as they are, since they cannot be read or another record has their number
    :raise UserError: before anything is changed, where the key file lacks a key that is in use
    """
    keys = ring(env)
    columns = [
        (model, name) for model in env.registry.values() if not model._abstract and model._auto
        for name, field in model._fields.items() if isinstance(field, Secret) and not field.related
        and name + CIPHER in table_columns(env.cr, model._table)]
    for key_id, count in _count_by_key(env, columns).items():
        if key_id not in keys.ids:
            raise UserError(env._(
                "The key file lacks the key %(key)s, which %(count)s numbers are encrypted with: nothing was changed.",
                key=key_id, count=count))
    env['property.secret.key']._put_to_use(keys)
    env.cr.commit()
    # Running servers have the list of keys in their caches.
    env.registry.signal_changes()
    left = 0
    for model, name in columns:
        left += _rotate_column(env[model._name], name, keys, report)
    if left:
        report(f"{left} numbers stay with their old key: see to the records above and run this again.")
    else:
        # Counted anew: somebody may have saved a number with the old key just before it was no longer the first.
        used = _count_by_key(env, columns)
        env['property.secret.key'].search([('name', 'not in', [*used, keys.current]), ('retired', '=', False)]).retired = True
        env.registry.clear_cache()
        env.cr.commit()
        env.registry.signal_changes()
        report(f"All numbers are encrypted with the key {keys.current}; older keys are needed for older backups only.")
    return left


def _count_by_key(env, columns):
    """:return: dict of key id → how many numbers are encrypted with it"""
    counts = {}
    for model, name in columns:
        for key_id, count in env.execute_query(SQL(
            "SELECT split_part(%(cipher)s, '.', 2), count(*) FROM %(table)s WHERE %(cipher)s IS NOT NULL GROUP BY 1",
            cipher=SQL.identifier(name + CIPHER), table=SQL.identifier(model._table))):
            counts[key_id] = counts.get(key_id, 0) + count
    return counts


def _rotate_column(model, name, keys, report):
    cr = model.env.cr
    names = {'table': SQL.identifier(model._table), 'cipher': SQL.identifier(name + CIPHER), 'hash': SQL.identifier(name + HASH)}
    purpose = model._secret_purpose(name)
    left, last, done, tries = 0, 0, 0, 0
    waiting = SQL("%(cipher)s IS NOT NULL AND split_part(%(cipher)s, '.', 2) != %(current)s", current=keys.current, **names)
    [(total,)] = model.env.execute_query(SQL("SELECT count(*) FROM %s WHERE %s", names['table'], waiting))
    while True:
        try:
            rows = model.env.execute_query(SQL(
                "SELECT id, %(cipher)s FROM %(table)s WHERE %(waiting)s AND id > %(last)s ORDER BY id LIMIT %(batch)s",
                waiting=waiting, last=last, batch=BATCH, **names))
            if not rows:
                cr.rollback()
                break
            new_rows = []
            damaged = []
            for record_id, token in rows:
                try:
                    value = keys.decrypt(purpose, token)
                except key_ring.DecryptError:
                    damaged.append(record_id)
                    continue
                new_rows.append((record_id, token, keys.encrypt(purpose, value), keys.hash(purpose, value)))
            doubles = _write_rows(cr, names, new_rows) if new_rows else []
            cr.commit()
        except psycopg2.errors.SerializationFailure:
            # Somebody saved one of them meanwhile: read them again.
            cr.rollback()
            tries += 1
            if tries > TRIES:
                raise
            time.sleep(0.1 * tries)
            continue
        for record_id in doubles:
            report(f"{model._name} {record_id}: another record has this number already, merge the two")
        for record_id in damaged:
            report(f"{model._name} {record_id}: the number cannot be read, enter it again")
        left += len(doubles) + len(damaged)
        last, tries = rows[-1][0], 0
        done += len(rows)
        report(f"{model._name}, {name}: {done} of {total}")
    return left


def _write_rows(cr, names, rows):
    """:return: ids of the rows whose number another row has under the new key"""
    def write(some):
        cr.execute(SQL(
            """UPDATE %(table)s SET %(cipher)s = new.cipher, %(hash)s = new.hash
            FROM (VALUES %(rows)s) AS new (id, old, cipher, hash) WHERE %(table)s.id = new.id AND %(table)s.%(cipher)s = new.old""",
            rows=SQL(', ').join(SQL('%s', row) for row in some), **names))

    with mute_logger('odoo.sql_db'):
        doubles = []
        with contextlib.suppress(psycopg2.errors.UniqueViolation):
            with cr.savepoint(flush=False):
                write(rows)
            return doubles
        for row in rows:
            try:
                with cr.savepoint(flush=False):
                    write([row])
            except psycopg2.errors.UniqueViolation:
                doubles.append(row[0])
        return doubles
