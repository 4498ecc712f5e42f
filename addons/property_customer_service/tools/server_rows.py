"""Rows that pass from the database into a file without being held."""
from contextlib import contextmanager

import psycopg2.extensions


@contextmanager
def server_rows(cr, query, name):
    """A cursor on the server's side, executed, to be iterated over. Odoo reads numeric as float; here it stays decimal.

    :param odoo.tools.SQL query: what is read
    :param str name: of the cursor, letters, digits and underscores
    """
    with cr._cnx.cursor(name=name) as rows:
        rows.itersize = 2000
        psycopg2.extensions.register_type(psycopg2.extensions.DECIMAL, rows)
        rows.execute(cr.mogrify(query))
        yield rows
