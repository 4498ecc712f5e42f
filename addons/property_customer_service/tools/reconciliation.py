"""What the daily close holds against each other: lists that each say which state a unit is in."""
from typing import NamedTuple

from odoo.tools import SQL


class Source(NamedTuple):
    """A list that knows of units by itself.

    code: kept with a difference
    label: what the user calls the list
    claims: SQL of unit_id, states (text[]: those that the list allows, none where it contradicts itself) and document
        (text), at most one row for each unit
    otherwise: the states that a unit may have of which the list says nothing
    """

    code: str
    label: str
    claims: SQL
    otherwise: tuple


def differences(project_id, sources):
    """The units whose state one of the sources denies, in one statement.

    :return: SQL of unit_id, unit_name and said: JSON, a list of {source, states or null, document or null}
    """
    said, joins, agreed = [SQL("jsonb_build_object('source', 'unit', 'states', ARRAY[u.state])")], [], []
    for number, source in enumerate(sources):
        alias = SQL.identifier(f's{number}')
        said.append(SQL(
            "jsonb_build_object('source', %s, 'states', %s.states, 'document', %s.document)", source.code, alias, alias))
        joins.append(SQL("LEFT JOIN (%s) %s ON %s.unit_id = u.id", source.claims, alias, alias))
        agreed.append(SQL("u.state = ANY(COALESCE(%s.states, %s::text[]))", alias, list(source.otherwise)))
    return SQL(
        """
        SELECT u.id AS unit_id, u.full_name AS unit_name, jsonb_build_array(%(said)s) AS said
        FROM property_unit u %(joins)s
        WHERE u.project_id = %(project)s AND NOT (%(agreed)s)
        ORDER BY u.id
        """,
        said=SQL(", ").join(said), joins=SQL(" ").join(joins), agreed=SQL(" AND ").join(agreed), project=project_id)
