import json

from odoo import models
from odoo.tools import SQL


class PropertyBuilding(models.Model):
    """What the sales-control board reads. For the time being: without holders, rights by post, or a version of its own."""

    _inherit = 'property.building'

    def get_board(self):
        """All that the board of one building shows."""
        self.ensure_one()
        self.check_access('read')
        layouts = self.env['property.layout'].search([('project_id', '=', self.project_id.id)])
        version, units = self._read_board_units(0)
        currency = self.currency_id
        return {
            'building': {
                'id': self.id, 'name': self.name, 'project_id': self.project_id.id,
                'project_name': self.project_id.name, 'permit': self.permit_id.display_name or False,
            },
            'version': version,
            'currency': {
                'symbol': currency.symbol, 'position': currency.position, 'decimals': currency.decimal_places},
            'layouts': [[layout.id, layout.display_name] for layout in layouts],
            'holders': {},
            'units': units,
            'rights': dict.fromkeys(('release', 'hold', 'unhold'), True),
        }

    def get_board_changes(self, since_version):
        """The rows of the units that changed after ``since_version``."""
        self.ensure_one()
        self.check_access('read')
        version, units = self._read_board_units(since_version)
        return {'version': max(version, since_version), 'units': units}

    def _read_board_units(self, since):
        """One statement: the newest version and the rows of the units that are newer than ``since``."""
        Unit = self.env['property.unit']
        Unit.flush_model()
        query = Unit._search([('building_id', '=', self.id)])
        query.order = None
        permit = bool(self.permit_id)
        changed = SQL("(extract(epoch from property_unit.write_date) * 1000)::bigint")
        block = SQL("""
            CASE WHEN sealed THEN 'sealed'
                 WHEN state = 'unreleased' THEN 'not_released'
                 WHEN state <> 'available' THEN NULL
                 WHEN NOT %s THEN 'no_permit'
                 WHEN mortgaged AND NOT COALESCE(mortgage_consent, false) THEN 'mortgaged'
                 WHEN COALESCE(list_price, 0) = 0 THEN 'no_price' END""", permit)
        rows = self.env.execute_query(query.select(SQL("""
            max(%(changed)s),
            json_agg(json_build_array(property_unit.id, stair, floor, property_unit.name, stack, layout_id, usage, orientation,
                gross_area, inside_area, unit_price, list_price, state, %(block)s, NULL, NULL))
                FILTER (WHERE %(changed)s > %(since)s)""", changed=changed, block=block, since=since)
        )) if not query.is_empty() else []
        version, units = rows[0] if rows else (0, [])
        return version or 0, (json.loads(units) if isinstance(units, str) else units) or []
