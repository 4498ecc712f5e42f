import json

from odoo import SUPERUSER_ID, api, fields, models
from odoo.tools import SQL

LATEST_MOVEMENTS = 6
CARD_LINES = 3

# Which database this is: after it was restored, or another server took over, a browser's version means nothing.
CLUSTER = SQL("""
    (SELECT concat_ws('.', system.system_identifier, checkpoint.timeline_id, database.oid)
     FROM pg_control_system() system, pg_control_checkpoint() checkpoint, pg_database database
     WHERE database.datname = current_database())""")
# Every transaction with a smaller id is over, and what it wrote is in this very read.
VERSION = SQL("pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
# No transaction that this read can see has this id, or a greater one. A database that was restored has stamps of the cluster
# that it came from: those lie in the future, and say nothing.
FUTURE = SQL(
    "GREATEST(pg_snapshot_xmax(pg_current_snapshot())::text::bigint, pg_current_xact_id_if_assigned()::text::bigint + 1)")


class PropertyBuilding(models.Model):
    """What the sales-control board reads: one statement to JSON, whatever the size of the building.

    Ids are given when a transaction begins and seen when it commits, so no newest id says what a board has seen. A
    board keeps the oldest transaction that was still running when it read (``version``); whatever it
    has not seen is stamped with that or a later one (``board_xid``, see ``property.board.mixin``). What it then reads
    may be more than what changed, and reading it twice changes nothing.
    """

    _inherit = 'property.building'

    def get_board(self):
        """All that the board of one building shows.

        :return: dict of building, version, cluster, now, next_change (seconds until the clock alone changes something,
            or None), currency, layouts ([id, name]), units (rows), movements (rows, newest first), rights
        """
        self.ensure_one()
        self.check_access('read')
        layouts = self.env['property.layout'].search([('project_id', '=', self.project_id.id)])
        currency = self.currency_id
        read = self._read_board()
        del read['reload']
        return {
            **read,
            'building': {
                'id': self.id, 'name': self.name, 'project_id': self.project_id.id,
                'project_name': self.project_id.name, 'permit': self.permit_id.display_name or False,
            },
            'currency': {
                'symbol': currency.symbol, 'position': currency.position, 'decimals': currency.decimal_places},
            'layouts': [[layout.id, layout.display_name] for layout in layouts],
            'rights': self.env['property.unit.request']._board_rights(),
        }

    def get_board_changes(self, since_version, cluster):
        """What a board does not show yet.

        :param int since_version: the version that the board shows
        :param str cluster: the cluster that the version is of
        :return: dict of version, cluster, now, next_change, units and movements; or of reload alone, when all of it is to
            be read anew
        """
        self.ensure_one()
        self.check_access('read')
        read = self._read_board(int(since_version), str(cluster))
        return {'reload': True} if read.pop('reload') else read

    @api.model
    def get_board_counts(self, project_id):
        """The figures on the tabs of a project's buildings.

        :return: list of dict of id, name, units and available, in the buildings' order
        """
        buildings = self.search([('project_id', '=', int(project_id))])
        figures = {}
        for building, state, count in self.env['property.unit']._read_group(
                [('building_id', 'in', buildings.ids)], ['building_id', 'state'], ['__count']):
            of_building = figures.setdefault(building.id, {'units': 0, 'available': 0})
            of_building['units'] += count
            if state == 'available':
                of_building['available'] = count
        return [
            {'id': building.id, 'name': building.name, 'units': 0, 'available': 0, **figures.get(building.id, {})}
            for building in buildings]

    def _read_board(self, since=None, cluster=None):
        """The rows of the building's units that the user may see, and with ``since`` those that changed after it.

        :return: dict of version, cluster, now, next_change, reload, units and movements
        """
        self.env.flush_all()
        now = fields.Datetime.now()
        changed = SQL("TRUE") if since is None else SQL("u.board_xid >= %s AND u.board_xid < %s", since, FUTURE)
        reload = SQL("FALSE") if since is None else SQL(
            "(%(cluster)s != %(known)s OR %(since)s > %(future)s"
            " OR EXISTS (SELECT FROM property_building WHERE id = %(building)s AND board_xid >= %(since)s AND board_xid < %(future)s))",
            cluster=CLUSTER, known=cluster, since=since, building=self.id, future=FUTURE)
        [row] = self.env.execute_query_dict(SQL(
            """
            SELECT %(version)s AS version, %(cluster)s AS cluster, %(reload)s AS reload, to_char(%(now)s, %(iso)s) AS now,
                (
                    SELECT extract(epoch FROM min(moment) - %(now)s) FROM (
                        SELECT unnest(ARRAY[b.date_open, b.date_close]) AS moment
                        FROM property_release_batch b
                        WHERE b.id IN (SELECT DISTINCT batch_id FROM property_unit WHERE building_id = %(building)s)
                        UNION ALL
                        SELECT unnest(ARRAY[c.date_from, c.date_to + 1])::timestamp AT TIME ZONE p.tz AT TIME ZONE 'UTC'
                        FROM property_permit_coverage c JOIN property_project p ON p.id = c.project_id
                        WHERE c.building_id = %(building)s AND c.revoked IS NOT TRUE
                    ) moments WHERE moment > %(now)s
                )::float AS next_change,
                (
                    SELECT json_agg(json_build_array(
                        u.id, u.stair, u.floor, u.name, u.stack, u.layout_id, u.usage, u.orientation, u.gross_area, u.inside_area,
                        u.unit_price, u.list_price, u.state,
                        CASE WHEN u.sealed THEN 'sealed'
                            WHEN u.state = 'unreleased' THEN 'not_released'
                            WHEN u.state != 'available' THEN NULL
                            WHEN u.mortgaged AND u.mortgage_consent IS NOT TRUE THEN 'mortgaged'
                            WHEN NOT %(permit)s THEN 'no_permit'
                            WHEN u.price_line_id IS NULL THEN 'no_price'
                            WHEN b.date_open > %(now)s OR b.date_close <= %(now)s THEN 'window' END,
                        concat_ws(' ', r.name, p.name), to_char(a.expiry, %(iso)s), a.request_id, r.requester_id = %(user)s))
                    FROM property_unit u
                    LEFT JOIN property_release_batch b ON b.id = u.batch_id
                    LEFT JOIN property_unit_allocation a ON a.unit_id = u.id
                    LEFT JOIN property_unit_request r ON r.id = a.request_id
                    LEFT JOIN res_users s ON s.id = r.requester_id
                    LEFT JOIN res_partner p ON p.id = s.partner_id
                    -- The building twice: what the user may see of it is not looked up row by row.
                    WHERE u.building_id = %(building)s AND u.id IN %(units)s AND %(changed)s
                ) AS units,
                (
                    SELECT json_agg(json_build_array(
                        m.unit_id, m.state_from, m.state_to, to_char(m.create_date, %(iso)s),
                        %(by)s) ORDER BY m.id DESC)
                    FROM (
                        SELECT * FROM property_unit_movement WHERE building_id = %(building)s ORDER BY id DESC LIMIT %(latest)s
                    ) m
                    JOIN res_users s ON s.id = m.user_id JOIN res_partner p ON p.id = s.partner_id
                ) AS movements
            """,
            version=VERSION, cluster=CLUSTER, reload=reload, building=self.id, permit=bool(self.permit_id), now=now,
            changed=changed, user=self.env.uid, latest=LATEST_MOVEMENTS,
            by=self.env['property.unit.movement']._by_sql(), iso='YYYY-MM-DD"T"HH24:MI:SS"Z"',
            units=self.env['property.unit']._search([('building_id', '=', self.id)], order='id').subselect(),
        ))
        for name in ('units', 'movements'):
            row[name] = (json.loads(row[name]) if isinstance(row[name], str) else row[name]) or []
        return row


class PropertyUnit(models.Model):
    """What a unit's card on the board says beyond its row."""

    _inherit = 'property.unit'

    def get_board_details(self):
        """What is read when a card opens, and not for every unit of a building.

        :return: dict of id, sentence (whether it can be sold, and why not), hold (dict or False), waiting (list of dicts,
            the requests for it that nobody has decided on) and movements (list of dicts, newest first)
        """
        self.ensure_one()
        self.check_access('read')
        Request = self.env['property.unit.request']
        holds = self.allocation_ids.request_id
        waiting = Request.search([('unit_ids', 'in', self.ids), ('state', '=', 'submitted')], limit=CARD_LINES)
        movements = self.env['property.unit.movement'].search([('unit_id', '=', self.id)], limit=CARD_LINES)
        return {
            'id': self.id,
            'sentence': self.sale_block_reason,
            'hold': bool(holds) and {
                'id': holds.id, 'name': holds.name, 'reason': holds.reason, 'requester': holds.requester_id.sudo().name,
                'approver': holds.approver_id.sudo().name or False},
            'waiting': [{
                'id': request.id, 'name': request.name, 'kind': request.kind, 'requester': request.requester_id.sudo().name,
                'can_decide': request.approval_can_decide, 'waits_for': request.approval_waiting_for,
            } for request in waiting],
            'movements': [{
                'from': movement.state_from, 'to': movement.state_to, 'document': movement.document_name,
                'user': movement._by(), 'reason': movement.reason or False,
                'date': movement.create_date.strftime('%Y-%m-%dT%H:%M:%SZ'),
            } for movement in movements],
        }


class PropertyUnitMovement(models.Model):
    """Who moved a unit, in a name that says something."""

    _inherit = 'property.unit.movement'

    @api.model
    def _by_itself(self):
        return self.env._("By itself")

    def _by(self):
        """:return: name of whoever moved the unit; jobs move it by themselves"""
        self.ensure_one()
        user = self.user_id.sudo()
        return self._by_itself() if user.id == SUPERUSER_ID else user.name

    @api.model
    def _by_sql(self):
        """:return: SQL, the same of a movement ``m`` whose user has the partner ``p``"""
        return SQL("CASE WHEN m.user_id = %s THEN %s ELSE p.name END", SUPERUSER_ID, self._by_itself())


class PropertyUnitRequest(models.Model):
    """What the board's buttons do, and for whom they are there."""

    _inherit = 'property.unit.request'

    @api.model
    def _board_rights(self):
        """:return: dict of request kind → ``do`` (at once), ``ask`` (somebody decides) or False"""
        may_ask = self.has_access('create')
        officer = may_ask and self._is_officer()
        at_once = 'do' if officer else may_ask and 'ask'
        return {
            'release': at_once, 'hold': may_ask and 'ask', 'extend': may_ask and 'ask', 'unhold': at_once,
            # Of other people's holds too.
            'others': officer,
        }

    @api.model
    def get_board_approver(self, kind, hours, project_id, hold_ids=()):
        """Who would decide on a request, told before it is made.

        :param str kind: of the request
        :param float hours: how long, or how much longer; 0 where no time is asked for
        :param int project_id: the project of the units
        :param list hold_ids: the holds that are extended or given up
        :return: names of the posts or persons in their order, the usual case is one; none where it is approved by itself
        """
        self.check_access('create')
        holds = self.browse(hold_ids).exists() if kind in ('extend', 'unhold') else self.browse()
        holds.check_access('read')
        project = self.env['property.project'].browse(project_id)
        project.check_access('read')
        names = []
        for hold in holds or [holds]:
            request = self.new({'kind': kind, 'hours': hours, 'project_id': project.id, 'hold_id': hold.id})
            figures = request._approval_figures()
            rule = self.env['property.approval.rule']._of_documents(self)._for_document(request.sudo(), figures)
            names += [step._who() for step in rule._steps_for(request.sudo(), figures)] if rule else []
        return list(dict.fromkeys(names))
