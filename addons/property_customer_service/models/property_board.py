import json

from odoo import fields, models
from odoo.tools import SQL


class PropertyBuilding(models.Model):
    """What the sales-control board reads: one statement to JSON, whatever the size of the building."""

    _inherit = 'property.building'

    def get_board(self):
        """All that the board of one building shows.

        :return: dict of building, version (the newest movement), currency, layouts, units (rows), rights
        """
        self.ensure_one()
        self.check_access('read')
        layouts = self.env['property.layout'].search([('project_id', '=', self.project_id.id)])
        currency = self.currency_id
        version, units = self._read_board_units()
        may_ask = self.env['property.unit.request'].has_access('create')
        return {
            'building': {
                'id': self.id, 'name': self.name, 'project_id': self.project_id.id,
                'project_name': self.project_id.name, 'permit': self.permit_id.display_name or False,
            },
            'version': version,
            'currency': {
                'symbol': currency.symbol, 'position': currency.position, 'decimals': currency.decimal_places},
            'layouts': [[layout.id, layout.display_name] for layout in layouts],
            'units': units,
            'rights': dict.fromkeys(('release', 'hold', 'unhold'), may_ask),
        }

    def get_board_changes(self, since_version):
        """The rows of the units that moved after the movement ``since_version``.

        :param int since_version: the version that the board shows
        :return: dict of version and units
        """
        self.ensure_one()
        self.check_access('read')
        version, units = self._read_board_units(int(since_version))
        return {'version': version, 'units': units}

    def _read_board_units(self, since=None):
        """The newest movement of the building, and the rows of its units: those that the user may see, and with
        ``since`` those that moved after it."""
        Unit = self.env['property.unit']
        self.env.flush_all()
        domain = [('building_id', '=', self.id)]
        moved = SQL(
            "u.id IN (SELECT unit_id FROM property_unit_movement WHERE building_id = %s AND id > %s)", self.id, since
        ) if since is not None else SQL("TRUE")
        version, units = self.env.execute_query(SQL(
            """
            SELECT (SELECT max(id) FROM property_unit_movement WHERE building_id = %(building)s), json_agg(json_build_array(
                u.id, u.stair, u.floor, u.name, u.stack, u.layout_id, u.usage, u.orientation, u.gross_area, u.inside_area,
                u.unit_price, u.list_price, u.state,
                CASE WHEN u.sealed THEN 'sealed'
                    WHEN u.state = 'unreleased' THEN 'not_released'
                    WHEN u.state != 'available' THEN NULL
                    WHEN u.mortgaged AND u.mortgage_consent IS NOT TRUE THEN 'mortgaged'
                    WHEN NOT %(permit)s THEN 'no_permit'
                    WHEN u.price_line_id IS NULL THEN 'no_price'
                    WHEN b.date_open > %(now)s OR b.date_close <= %(now)s THEN 'window' END,
                concat_ws(' ', r.name, p.name), to_char(a.expiry, 'YYYY-MM-DD"T"HH24:MI:SS"Z"')))
            FROM property_unit u
            LEFT JOIN property_release_batch b ON b.id = u.batch_id
            LEFT JOIN property_unit_allocation a ON a.unit_id = u.id
            LEFT JOIN property_unit_request r ON r.id = a.request_id
            LEFT JOIN res_users s ON s.id = r.requester_id
            LEFT JOIN res_partner p ON p.id = s.partner_id
            WHERE u.id IN %(units)s AND %(moved)s
            """,
            building=self.id, permit=bool(self.permit_id), now=fields.Datetime.now(), moved=moved,
            units=Unit._search(domain, order='id').subselect(),
        ))[0]
        return version or 0, (json.loads(units) if isinstance(units, str) else units) or []
