from odoo import api, models
from odoo.addons.property_base.tools.table_objects import Triggers
from odoo.exceptions import MissingError
from odoo.tools import SQL

#: The id of the transaction, as a number that a browser can hold.
XID = 'pg_current_xact_id()::text::bigint'

# What the declarations below make; dropped with the addon.
FUNCTIONS = ('property_board_stamp', 'property_board_stamp_allocated', 'property_board_mark_of', 'property_board_mark')


def drop_functions(cr):
    for name in FUNCTIONS:
        cr.execute(SQL("DROP FUNCTION IF EXISTS %s CASCADE", SQL.identifier(name)))


class Stamp(Triggers):
    """Stamps a row's ``board_xid`` where one of its columns changed.

    :param columns: what the boards show of the row
    """

    def __init__(self, *columns):
        old, new = (', '.join(f'{row}.{column}' for column in columns) for row in ('OLD', 'NEW'))
        super().__init__(
            "BEFORE UPDATE ON {table} FOR EACH ROW"
            f" WHEN (({old}) IS DISTINCT FROM ({new})) EXECUTE FUNCTION property_board_stamp()",
            function=f"""
            CREATE OR REPLACE FUNCTION property_board_stamp() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                NEW.board_xid := {XID};
                RETURN NEW;
            END $$
            """)


class StampAllocated(Triggers):
    """Stamps the units whose allocation changed: its holder, or when it expires."""

    def __init__(self):
        super().__init__(
            "AFTER UPDATE ON {table} REFERENCING NEW TABLE AS changed FOR EACH STATEMENT"
            " EXECUTE FUNCTION property_board_stamp_allocated()",
            function=f"""
            CREATE OR REPLACE FUNCTION property_board_stamp_allocated() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                UPDATE property_unit u SET board_xid = {XID} FROM changed
                WHERE u.id = changed.unit_id AND u.board_xid IS DISTINCT FROM {XID};
                RETURN NULL;
            END $$
            """)


class Mark(Triggers):
    """Marks the buildings that a row concerns as a whole, so that their boards are read anew.

    A building's row is written once in a transaction, and never by a hold: holds do not wait for one another here.

    :param events: such as ``AFTER UPDATE OF name ON {table}``
    :param when: SQL condition on OLD and NEW, of all of them
    """

    def __init__(self, *events, when='TRUE'):
        super().__init__(
            *(f'{event} FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION property_board_mark_of()' for event in events),
            function=f"""
            CREATE OR REPLACE FUNCTION property_board_mark(buildings integer[]) RETURNS void LANGUAGE plpgsql AS $$
            BEGIN
                UPDATE property_building SET board_xid = {XID}
                WHERE id = ANY(buildings) AND board_xid IS DISTINCT FROM {XID};
            END $$;
            CREATE OR REPLACE FUNCTION property_board_mark_of() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                CASE TG_TABLE_NAME
                    WHEN 'property_permit' THEN
                        PERFORM property_board_mark(ARRAY(
                            SELECT building_id FROM property_permit_coverage WHERE permit_id = NEW.id));
                    WHEN 'property_release_batch' THEN
                        PERFORM property_board_mark(ARRAY(
                            SELECT DISTINCT building_id FROM property_unit WHERE batch_id = NEW.id));
                    WHEN 'property_layout' THEN
                        PERFORM property_board_mark(ARRAY(
                            SELECT id FROM property_building WHERE project_id = NEW.project_id));
                    ELSE
                        IF TG_OP != 'INSERT' THEN
                            PERFORM property_board_mark(ARRAY[OLD.building_id]);
                        END IF;
                        IF TG_OP != 'DELETE' THEN
                            PERFORM property_board_mark(ARRAY[NEW.building_id]);
                        END IF;
                END CASE;
                RETURN NULL;
            END $$
            """)


class PropertyBoardMixin(models.AbstractModel):
    """What a sales-control board shows of a record: when that changes, the boards of its buildings hear of it.

    Two halves. The database stamps what changed with the id of the transaction (:class:`Stamp`, :class:`Mark`): that
    is what a board reads, and holds whoever writes in whichever way. This class sends the message that makes
    the open boards read: one for each building and transaction, when it commits.
    """

    _name = 'property.board.mixin'
    _description = 'Shown on a sales-control board'

    #: Stored fields that the board shows.
    _board_fields = frozenset()

    def _board_buildings(self):
        """:return: the buildings whose boards show these records"""
        return self.building_id

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        records._tell_boards()
        return records

    def _write_multi(self, vals_list):
        # Here and not in write(): what is computed and stored passes here too.
        result = super()._write_multi(vals_list)
        self.browse(
            record_id for record_id, vals in zip(self._ids, vals_list, strict=True) if not self._board_fields.isdisjoint(vals)
        )._tell_boards()
        return result

    def unlink(self):
        buildings = self.sudo()._board_buildings()
        self._waiting_for_boards().difference_update(self.ids)
        result = super().unlink()
        buildings.exists()._tell_boards()
        return result

    def _waiting_for_boards(self):
        """:return: set of the ids of this model that changed in this transaction, to be told of at its end"""
        data = self.env.cr.precommit.data
        if 'property.board' not in data:
            data['property.board'] = {}
            self.env.cr.precommit.add(self.env['property.board.mixin']._send_board_versions)
        return data['property.board'].setdefault(self._name, set())

    def _tell_boards(self):
        """Have the boards that show these records read what changed, once this transaction is committed."""
        if self:
            self._waiting_for_boards().update(self.ids)

    @api.model
    def _send_board_versions(self):
        """“Building X, version n”, and no more: anybody may listen. The version is the id of this transaction."""
        changed = self.env.cr.precommit.data.pop('property.board')
        buildings = set()
        for model, ids in changed.items():
            records = self.env[model].sudo().with_context(active_test=False).browse(ids)
            try:
                buildings.update(records._board_buildings().ids)
            except MissingError:
                # Made within a savepoint that was undone.
                buildings.update(records.exists()._board_buildings().ids)
        if buildings:
            [[version]] = self.env.execute_query(SQL("SELECT %s", SQL(XID)))
            for building in sorted(buildings):
                self.env['bus.bus']._sendone(
                    f'property_board_{building}', 'property_board', {'building': building, 'version': version})
