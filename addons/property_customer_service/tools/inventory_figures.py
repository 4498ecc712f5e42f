"""The figures of sales control as SQL: one statement, however many units and movements there are.

Every function returns :class:`odoo.tools.SQL`. A day's figures are counted from *units* (one row for each unit that
counts, with the state that the ledger gives it) and from the movements of that day.
"""
from odoo.tools import SQL

STATES = ('unreleased', 'available', 'held', 'subscribed', 'contracted', 'registered', 'handed_over', 'titled')
#: Who has a unit in one of these has bought it (去化).
SOLD = ('subscribed', 'contracted', 'registered', 'handed_over', 'titled')
COUNTS = ('total', *STATES, 'expiring', 'sealed', 'sold')
SUMS = ('sold_area', 'sold_amount')
FLOWS = tuple(f'{state}_{way}' for state in STATES for way in ('in', 'out'))
#: What is counted for each building and layout, in the order of the columns.
FIGURES = (*COUNTS, *SUMS, *FLOWS)

_FREE = ('unreleased', 'available')


def live_units(scopes, day):
    """The units as they stand now, in the states that the movements up to ``day`` gave them.

    What the ledger does not know is as it is now: building, layout, seal and existence. A unit that was entered after
    the day does not count, nor one that is archived unless somebody has it.

    :param scopes: list of (project id, first moment of the day, first moment of the next), naive UTC
    :return: unit_id, project_id, building_id, layout_id, unit_name, state, sealed, expiring, gross_area, list_price
    """
    rows = SQL(", ").join(SQL("(%s, %s::timestamp, %s::timestamp)", *scope) for scope in scopes)
    return SQL(
        """
        SELECT u.id AS unit_id, u.project_id, u.building_id, u.layout_id, u.full_name AS unit_name,
            COALESCE(l.state_to, 'unreleased') AS state, COALESCE(u.sealed, false) AS sealed,
            COALESCE(r.expiry >= s.day_start AND r.expiry < s.day_end, false) AS expiring,
            l.gross_area, l.list_price
        FROM (VALUES %(rows)s) AS s(project_id, day_start, day_end)
        JOIN property_unit u ON u.project_id = s.project_id
        LEFT JOIN (%(last)s) l ON l.unit_id = u.id
        LEFT JOIN property_unit_request r
            ON l.state_to = 'held' AND l.document_model = 'property.unit.request' AND r.id = l.document_id
        WHERE u.create_date < s.day_end AND (u.active OR l.state_to NOT IN %(free)s)
        """,
        rows=rows, free=_FREE,
        last=_last_movements(SQL("m.project_id IN %s AND m.date <= %s", tuple(scope[0] for scope in scopes), day)))


def closed_units(project_id, day):
    """The units as the closes up to ``day`` knew them: from append-only rows alone.

    :return: the columns of :func:`live_units`, for the units that counted
    """
    return SQL(
        """
        SELECT k.unit_id, k.project_id, k.building_id, k.layout_id, k.unit_name, COALESCE(l.state_to, 'unreleased') AS state,
            k.sealed, k.expiring, l.gross_area, l.list_price
        FROM (%(known)s) k LEFT JOIN (%(last)s) l ON l.unit_id = k.unit_id
        WHERE k.counted
        """,
        known=known_units(project_id, day),
        last=_last_movements(SQL(
            "m.project_id = %(project)s AND m.close_id IN"
            " (SELECT id FROM property_inventory_close WHERE project_id = %(project)s AND date <= %(day)s)",
            project=project_id, day=day)))


def known_units(project_id, day):
    """The newest row of each unit in ``property.inventory.close.unit`` up to ``day``."""
    return SQL(
        "SELECT DISTINCT ON (unit_id) * FROM property_inventory_close_unit"
        " WHERE project_id = %s AND date <= %s ORDER BY unit_id, date DESC", project_id, day)


def _last_movements(condition):
    # A unit's movements follow one another, so that the newest id is the last.
    return SQL(
        "SELECT DISTINCT ON (m.unit_id) m.unit_id, m.state_to, m.gross_area, m.list_price, m.document_model, m.document_id"
        " FROM property_unit_movement m WHERE %s ORDER BY m.unit_id, m.id DESC", condition)


def moved(project_id, day, close_id=None, follows=False):
    """Which movements ``m`` are those of the day.

    :param close_id: the close that has counted them; without one the day is not closed
    :param bool follows: whether the day before is closed: what came after that close belongs to this day
    """
    if close_id:
        counted = SQL("m.close_id = %s", close_id)
        # The first close of a project counts all that was before it, which is not the day's.
        return counted if follows else SQL("(%s AND m.date = %s)", counted, day)
    late = SQL(" OR m.close_id IS NULL AND m.date < %s", day) if follows else SQL()
    return SQL("(m.project_id = %s AND (m.date = %s%s))", project_id, day, late)


def figures(units, movements):
    """The figures of each building and layout.

    :param units: the units that count, see :func:`live_units`
    :param movements: the condition that the day's movements ``m`` meet
    :return: project_id, building_id, layout_id and :data:`FIGURES`
    """
    columns = {
        'total': SQL("sum(units)"),
        **{state: SQL("sum(units) FILTER (WHERE state = %s)", state) for state in STATES},
        'expiring': SQL("sum(units) FILTER (WHERE state = 'held' AND expiring)"),
        'sealed': SQL("sum(units) FILTER (WHERE sealed)"),
        'sold': SQL("sum(units) FILTER (WHERE state IN %s)", SOLD),
        'sold_area': SQL("sum(gross_area) FILTER (WHERE state IN %s)", SOLD),
        'sold_amount': SQL("sum(list_price) FILTER (WHERE state IN %s)", SOLD),
        **{f'{state}_{way}': SQL("sum(%s) FILTER (WHERE state = %s)", SQL.identifier(f'moved_{way}'), state)
           for state in STATES for way in ('in', 'out')},
    }
    return SQL(
        """
        SELECT project_id, building_id, layout_id, %(columns)s
        FROM (
            SELECT project_id, building_id, layout_id, state, 1 AS units, expiring, sealed, gross_area, list_price,
                0 AS moved_in, 0 AS moved_out
            FROM (%(units)s) u
            UNION ALL
            SELECT m.project_id, m.building_id, m.layout_id, way.state, 0, false, false, 0, 0, way.moved_in, 1 - way.moved_in
            FROM property_unit_movement m
            CROSS JOIN LATERAL (VALUES (m.state_to, 1), (m.state_from, 0)) AS way(state, moved_in)
            WHERE %(movements)s
        ) fact
        GROUP BY project_id, building_id, layout_id
        """,
        units=units, movements=movements,
        columns=SQL(", ").join(SQL("COALESCE(%s, 0) AS %s", value, SQL.identifier(name)) for name, value in columns.items()))


def named(counted):
    """The figures with the names of buildings and layouts as they are now, and ``position``, their order.

    :param counted: see :func:`figures`
    """
    return SQL(
        """
        SELECT f.*, b.name AS building_name, NULLIF(concat_ws(' ', y.name, y.rooms), '') AS layout_name,
            row_number() OVER (ORDER BY f.project_id, b.sequence, b.id, y.name NULLS LAST, y.id) AS position
        FROM (%s) f JOIN property_building b ON b.id = f.building_id LEFT JOIN property_layout y ON y.id = f.layout_id
        """, counted)


def columns(names=FIGURES, prefix=None):
    """:return: the names, parted by commas, each with the prefix of a table"""
    return SQL(", ").join(SQL.identifier(prefix, name) if prefix else SQL.identifier(name) for name in names)
