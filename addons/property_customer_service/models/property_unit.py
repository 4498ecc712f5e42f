import re

from odoo import api, fields, models
from odoo.addons.property_base.tools.table_objects import Column, DeferredTriggers
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL
from odoo.tools.i18n import format_list

from .property_board_mixin import XID, Mark, Stamp

# What an active price list puts on a unit, and nobody else.
PRICE_FIELDS = ('price_line_id', 'list_price', 'unit_price', 'floor_price')
# What a board shows of a unit.
BOARD_FIELDS = (
    'building_id', 'active', 'stair', 'floor', 'name', 'stack', 'layout_id', 'usage', 'orientation', 'gross_area', 'inside_area',
    'price_line_id', 'list_price', 'unit_price', 'state', 'sealed', 'mortgaged', 'mortgage_consent', 'batch_id')
# States in which nobody has the unit, and the one that it begins in.
FREE_STATES = ('unreleased', 'available')
# Units that a sentence names, before it counts.
LISTED = 5
# Shared by the triggers of the three tables that one move of a unit writes: each looks at what its row may have broken.
# A plan that was made while the tables were small must not read them from end to end for each unit of a large move:
# hence no sequential scan, and an order that the primary key cannot give.
AGREES_FUNCTION = f"""
CREATE OR REPLACE FUNCTION property_unit_agrees() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
    moved integer;
    now_in varchar;
    agrees boolean := TRUE;
BEGIN
    IF TG_TABLE_NAME = 'property_unit' THEN
        moved := NEW.id;
    ELSIF TG_OP = 'DELETE' THEN
        moved := OLD.unit_id;
    ELSE
        moved := NEW.unit_id;
    END IF;
    SELECT state INTO now_in FROM property_unit WHERE id = moved;
    IF TG_TABLE_NAME != 'property_unit_movement' THEN
        agrees := (now_in NOT IN {FREE_STATES}) = EXISTS (SELECT FROM property_unit_allocation WHERE unit_id = moved);
    ELSE
        agrees := NEW.state_from = COALESCE(
            (SELECT state_to FROM property_unit_movement WHERE unit_id = moved AND id < NEW.id ORDER BY id + 0 DESC LIMIT 1),
            '{FREE_STATES[0]}');
    END IF;
    IF agrees AND TG_TABLE_NAME != 'property_unit_allocation' THEN
        agrees := now_in = COALESCE(
            (SELECT state_to FROM property_unit_movement WHERE unit_id = moved ORDER BY id + 0 DESC LIMIT 1), '{FREE_STATES[0]}');
    END IF;
    IF NOT agrees THEN
        RAISE EXCEPTION 'unit % refused by %', moved, TG_ARGV[0]
            USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME, CONSTRAINT = TG_ARGV[0], DETAIL = moved;
    END IF;
    RETURN NULL;
END $$
"""


class PropertyUnit(models.Model):
    """A unit for sale (房源): flat, shop, office or parking place.

    Its state is moved by sales control only, its prices by the activation of a price list only.
    """

    _name = 'property.unit'
    _description = 'Unit'
    _inherit = ['property.state.mixin', 'property.board.mixin', 'mail.thread', 'mail.activity.mixin']
    # By ids, so that an index gives the order and no other table is joined.
    _order = 'company_id.id, project_id.id, building_id.id, stair, floor, name, id'
    _rec_name = 'full_name'

    # Back only by the document that frees the unit; see _move.
    _transitions = {
        'unreleased': ('available',),
        'available': ('unreleased', 'held', 'subscribed'),
        'held': ('available', 'subscribed'),
        'subscribed': ('available', 'contracted'),
        'contracted': ('available', 'registered'),
        'registered': ('available', 'handed_over'),
        'handed_over': ('titled',),
        'titled': (),
    }
    _free_states = FREE_STATES
    _board_fields = frozenset(BOARD_FIELDS)

    name = fields.Char("Room", required=True, help="The room number as filed, e.g. 0101.")
    full_name = fields.Char(
        "Unit", compute='_compute_full_name', store=True, precompute=True, index='trigram')
    active = fields.Boolean(default=True)
    building_id = fields.Many2one('property.building', required=True, ondelete='restrict')  # _board_idx begins with it
    project_id = fields.Many2one(related='building_id.project_id', store=True, precompute=True)
    company_id = fields.Many2one(related='building_id.company_id', store=True, precompute=True)
    currency_id = fields.Many2one(related='company_id.currency_id', store=True, precompute=True)
    stair = fields.Char(help="The stair or entrance (单元); shops and parking places have none.")
    floor = fields.Integer(required=True, default=1, aggregator=False)
    stack = fields.Char(
        compute='_compute_stack', store=True, readonly=False, precompute=True,
        help="The vertical line of flats that this one belongs to: the last two digits of its room number.")
    layout_id = fields.Many2one('property.layout', index=True, ondelete='restrict')
    usage = fields.Selection('_usages', required=True, default='residential')
    orientation = fields.Selection([
        ('south', "South"), ('north', "North"), ('east', "East"), ('west', "West"),
        ('southeast', "Southeast"), ('southwest', "Southwest"),
        ('northeast', "Northeast"), ('northwest', "Northwest"),
        ('north_south', "North and south"), ('east_west', "East and west"),
    ])
    pricing_mode = fields.Selection('_pricing_modes', required=True, default='gross')
    gross_area = fields.Float("Gross Area (㎡)", digits=(16, 2), help="Predicted gross area (预测建筑面积).")
    inside_area = fields.Float("Inside Area (㎡)", digits=(16, 2), help="Predicted inside area (预测套内面积).")
    shared_area = fields.Float("Shared Area (㎡)", digits=(16, 2), help="Predicted apportioned area (分摊面积).")
    measured_gross_area = fields.Float("Measured Gross Area (㎡)", digits=(16, 2))
    measured_inside_area = fields.Float("Measured Inside Area (㎡)", digits=(16, 2))
    measured_shared_area = fields.Float("Measured Shared Area (㎡)", digits=(16, 2))
    feature_ids = fields.Many2many('property.unit.feature', string="Features")
    mortgaged = fields.Boolean(
        "Under Construction Mortgage", tracking=True,
        help="Sold only with the mortgagee's consent, and the buyer is told.")
    mortgagee = fields.Char(tracking=True)
    mortgage_consent = fields.Boolean("Mortgagee Consents", tracking=True)
    sealed = fields.Boolean(tracking=True, help="Seized by a court or authority: nothing can be done with it.")
    seal_note = fields.Char("Sealing Document", tracking=True, help="Court or authority, document number, date.")
    state = fields.Selection([
        ('unreleased', "Not released"),
        ('available', "Available"),
        ('held', "Held"),
        ('subscribed', "Subscribed"),
        ('contracted', "Contracted"),
        ('registered', "Registered"),
        ('handed_over', "Handed over"),
        ('titled', "Titled"),
    ], required=True, readonly=True, copy=False, default='unreleased')
    permit_id = fields.Many2one(related='building_id.permit_id')
    price_line_id = fields.Many2one(
        'property.price.list.line', readonly=True, copy=False, index='btree_not_null', ondelete='restrict')
    price_list_id = fields.Many2one(related='price_line_id.list_id')
    list_price = fields.Monetary("List Price", related='price_line_id.total', store=True)
    unit_price = fields.Monetary("Price per ㎡", related='price_line_id.unit_price', store=True, aggregator='avg')
    floor_price = fields.Monetary(
        related='price_line_id.floor_price', store=True, groups='property_base.group_floor_price')
    price_line_ids = fields.One2many('property.price.list.line', 'unit_id', "Prices in Lists")
    price_history_ids = fields.One2many('property.price.history', 'unit_id')
    batch_id = fields.Many2one(
        'property.release.batch', "Release", readonly=True, copy=False, index='btree_not_null', ondelete='restrict')
    allocation_ids = fields.One2many('property.unit.allocation', 'unit_id')
    movement_ids = fields.One2many('property.unit.movement', 'unit_id')
    sale_block = fields.Selection([
        ('not_released', "Not released"),
        ('taken', "Taken"),
        ('sealed', "Sealed"),
        ('mortgaged', "Mortgaged without consent"),
        ('no_permit', "No permit"),
        ('no_price', "No price"),
        ('window', "Outside the sales window"),
    ], "Why Not for Sale", compute='_compute_sale_block', help="Empty: it can be sold today.")
    sale_block_reason = fields.Char("Can It Be Sold Today?", compute='_compute_sale_block')
    note = fields.Char("Remarks")

    _room_uniq = models.UniqueIndex(
        "(building_id, COALESCE(stair, ''), name)", lambda env, diag: env['property.unit']._room_taken_message(diag))
    _list_idx = models.Index("(company_id, project_id, building_id, stair, floor, name, id)")
    _state_idx = models.Index("(project_id, state)")
    _board_xid = Column('bigint', XID)
    _board_idx = models.Index("(building_id, board_xid)")
    _board_stamp = Stamp(*BOARD_FIELDS)
    _board_mark = Mark("AFTER DELETE ON {table}", "AFTER UPDATE OF building_id, active ON {table}")
    _predicted_areas = models.Constraint(
        'CHECK (gross_area >= 0 AND inside_area >= 0 AND shared_area >= 0 AND (gross_area = 0 OR inside_area <= gross_area))',
        "Areas cannot be negative, and the inside area cannot exceed the gross area.")
    _measured_areas = models.Constraint(
        'CHECK (measured_gross_area >= 0 AND measured_inside_area >= 0 AND measured_shared_area >= 0'
        ' AND (measured_gross_area = 0 OR measured_inside_area <= measured_gross_area))',
        "Measured areas cannot be negative, and the inside area cannot exceed the gross area.")
    _agrees = DeferredTriggers(
        # What is free and new has neither document nor ledger; imports of many thousand units need no look.
        f"AFTER INSERT ON {{table}} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.state != '{FREE_STATES[0]}')"
        " EXECUTE FUNCTION property_unit_agrees('{name}')",
        "AFTER UPDATE OF state ON {table} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state)"
        " EXECUTE FUNCTION property_unit_agrees('{name}')",
        function=AGREES_FUNCTION,
        message=lambda env, diag: env['property.unit']._disagreement_message(diag),
    )

    @api.model
    def _usages(self):
        return [
            ('residential', self.env._("Residential")),
            ('shop', self.env._("Shop")),
            ('office', self.env._("Office")),
            ('parking', self.env._("Parking")),
            ('storage', self.env._("Storage")),
            ('other', self.env._("Other")),
        ]

    @api.model
    def _pricing_modes(self):
        return [
            ('gross', self.env._("By gross area")),
            ('inside', self.env._("By inside area")),
            ('unit', self.env._("Per unit")),
        ]

    @api.depends('name', 'stair', 'building_id.name')
    def _compute_full_name(self):
        for unit in self:
            unit.full_name = '-'.join(filter(None, (unit.building_id.name, unit.stair, unit.name)))

    @api.depends('name', 'floor')
    def _compute_stack(self):
        for unit in self:
            match = re.fullmatch(rf'0*{unit.floor}([0-9]{{2}})', unit.name or '') if unit.floor > 0 else None
            unit.stack = match[1] if match else unit.stack and False

    @api.depends(
        'state', 'sealed', 'mortgaged', 'mortgage_consent', 'price_line_id', 'building_id.coverage_ids', 'batch_id.date_open',
        'batch_id.date_close', 'allocation_ids')
    def _compute_sale_block(self):
        rows = {row['id']: row for row in self._origin._read_sale(fields.Datetime.now())}
        for unit in self:
            row = rows.get(unit._origin.id) or {'state': 'unreleased', 'offer': None, 'unit': unit.full_name or ''}
            unit.sale_block = self._sale_block(row)
            unit.sale_block_reason = self._sale_sentence(unit.sale_block, row)

    def _read_sale(self, now, condition=None, limit=None, visible=False):
        """What stands against offering the units, and the names for saying so: one statement, however many they are.

        :param SQL condition: which of them, on the unit ``u`` and ``offer.block``
        :param bool visible: leave out what the user may not see, or what is not there
        :return: list of dicts, units in the order of their ids, of id, state, offer (what stands against offering the
            unit, whoever has it: a code of ``sale_block`` or None), unit, seal_note, building, release, document
        """
        if not self:
            return []
        self.env.flush_all()
        Allocation = self.env['property.unit.allocation']
        units = self._search([('id', 'in', self.ids)]).subselect() if visible else tuple(self.ids)
        self.env.cr.execute(SQL(
            """
            SELECT u.id, u.state, offer.block AS offer, u.full_name AS unit, u.seal_note, building.name AS building,
                release.name AS release, COALESCE(%(holders)s) AS document
            FROM property_unit u
            JOIN property_project project ON project.id = u.project_id
            JOIN property_building building ON building.id = u.building_id
            LEFT JOIN property_release_batch release ON release.id = u.batch_id
            LEFT JOIN property_unit_allocation a ON a.unit_id = u.id
            CROSS JOIN LATERAL (SELECT CASE
                WHEN u.sealed THEN 'sealed'
                WHEN u.mortgaged AND u.mortgage_consent IS NOT TRUE THEN 'mortgaged'
                WHEN NOT EXISTS (
                    SELECT FROM property_permit_coverage c
                    CROSS JOIN LATERAL (SELECT (%(now)s::timestamp AT TIME ZONE 'UTC' AT TIME ZONE project.tz)::date AS day) today
                    WHERE c.building_id = u.building_id AND c.revoked IS NOT TRUE AND c.date_from <= today.day
                        AND (c.date_to IS NULL OR c.date_to >= today.day)) THEN 'no_permit'
                WHEN u.price_line_id IS NULL THEN 'no_price'
                WHEN release.date_open > %(now)s OR release.date_close <= %(now)s THEN 'window'
            END AS block) offer
            WHERE u.id IN %(units)s AND (%(condition)s) ORDER BY u.id LIMIT %(limit)s
            """,
            holders=SQL(", ").join(
                SQL("(SELECT name FROM %s WHERE id = %s)", SQL.identifier(self.env[Allocation._fields[name].comodel_name]._table),
                    SQL.identifier('a', name)) for name in Allocation._holders),
            now=now, units=units, condition=condition or SQL("TRUE"), limit=limit))
        return self.env.cr.dictfetchall()

    @api.model
    def _sale_block(self, row):
        """:return: why a unit of :meth:`_read_sale` cannot be sold, as a code, or False"""
        if row['offer'] == 'sealed' or row['state'] == 'available':
            return row['offer'] or False
        return 'not_released' if row['state'] == 'unreleased' else 'taken'

    @api.model
    def _sale_sentence(self, block, row):
        """:return: the same in one sentence"""
        unit = row['unit']
        if block == 'sealed':
            return self.env._(
                "%(unit)s is sealed (%(note)s): nothing can be done with it.", unit=unit, note=row['seal_note'] or '')
        if block == 'mortgaged':
            return self.env._("%s is under construction mortgage and the mortgagee has not consented.", unit)
        if block == 'no_permit':
            return self.env._(
                "No valid permit covers %(building)s: %(unit)s cannot be offered.", building=row['building'], unit=unit)
        if block == 'no_price':
            return self.env._("%s has no price in force.", unit)
        if block == 'window':
            return self.env._("%(unit)s is outside the sales window of %(batch)s.", unit=unit, batch=row['release'])
        if block == 'not_released':
            return self.env._("%s has not been released for sale.", unit)
        if block == 'taken':
            return self.env._(
                "%(unit)s is “%(state)s” (%(document)s).", unit=unit, state=self._state_label(row['state']),
                document=row['document'] or '—')
        return self.env._("%s can be sold today.", unit)

    @api.depends('full_name', 'project_id.name')
    @api.depends_context('show_project')
    def _compute_display_name(self):
        for unit in self:
            unit.display_name = ' '.join(filter(None, (
                self.env.context.get('show_project') and unit.project_id.name, unit.full_name)))

    @api.constrains('building_id', 'layout_id')
    def _check_layout_project(self):
        for unit in self:
            if unit.layout_id and unit.layout_id.project_id != unit.project_id:
                raise ValidationError(self.env._(
                    "The layout %(layout)s belongs to another project than %(unit)s.",
                    layout=unit.layout_id.display_name, unit=unit.full_name))

    @api.constrains('building_id')
    def _check_building_change(self):
        for unit in self.sudo():
            if unit.price_line_ids.list_id.project_id - unit.project_id:
                raise ValidationError(self.env._("%(unit)s has prices and stays in its project.", unit=unit.full_name))

    @api.onchange('inside_area', 'gross_area')
    def _onchange_areas(self):
        if self.gross_area and self.inside_area and self.gross_area >= self.inside_area:
            self.shared_area = self.gross_area - self.inside_area

    @api.model
    def default_get(self, fields):
        # No default is a price either: neither the context's nor one that a user has set.
        return {name: value for name, value in super().default_get(fields).items() if name not in PRICE_FIELDS}

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._refuse_prices(vals)
        return super().create(vals_list)

    def write(self, vals):
        self._refuse_prices(vals)
        if 'state' in vals:
            self._agrees.check_when_flushed(self)
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_in_a_close(self):
        row = self.env['property.inventory.close.unit'].sudo().search([('unit_id', 'in', self.ids)], limit=1)
        if row:
            raise UserError(self.env._("%s stands in the report of a closed day: archive it instead.", row.unit_name))

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        for unit in self.sudo():
            if unit.state != 'unreleased' or unit.price_line_ids or unit.price_history_ids:
                raise UserError(self.env._(
                    "%(unit)s has been priced or offered: archive it instead.", unit=unit.full_name))

    def action_view_prices(self):
        self.ensure_one()
        action = self.env['ir.actions.act_window']._for_xml_id('property_customer_service.property_price_history_action')
        action['domain'] = [('unit_id', '=', self.id)]
        return action

    def _refuse_prices(self, vals):
        if any(vals.get(name) for name in PRICE_FIELDS) or any(name in vals and self for name in PRICE_FIELDS):
            raise UserError(self.env._(
                "The price of a unit comes from the active price list: change it there, in a new version."))

    @api.model
    def _room_taken_message(self, diag):
        return self.env._("The building already has a unit of this number on that stair.")

    @api.model
    def _disagreement_message(self, diag):
        """The sentence for whoever wrote a state, an allocation or a ledger row by itself."""
        unit = self.sudo().browse(int(diag.message_detail)) if diag and (diag.message_detail or '').isdigit() else self
        return self.env._(
            "The state of %s, the document that has it and its ledger would contradict each other: its documents move it,"
            " and nothing else.", unit.exists().full_name or self.env._("the unit"))

    # ------------------------------------------------------------------ sales control

    def _check_of_project(self, project):
        """:raise ValidationError: the first unit that belongs to another project"""
        other = next((unit for unit in self if unit.project_id != project), None)
        if other:
            raise ValidationError(self.env._(
                "%(unit)s belongs to %(other)s and not to %(project)s.", unit=other.full_name,
                other=other.project_id.name, project=project.name))

    def _check_can_be_released(self):
        """:raise UserError: the first unit that cannot be offered, whatever the hour"""
        self._check_releasable(self._read_sale(
            fields.Datetime.now(), SQL("u.state != 'unreleased' OR offer.block != 'window'"), limit=1))

    def _check_for_sale(self):
        """:raise UserError: the first unit that cannot be sold now"""
        self._check_sellable(self._read_sale(
            fields.Datetime.now(), SQL("u.state != 'available' OR offer.block IS NOT NULL"), limit=1))

    @api.model
    def _check_releasable(self, rows):
        """:param rows: of :meth:`_read_sale`"""
        for row in rows:
            if row['state'] == 'available':
                raise UserError(self.env._("%s was released already.", row['unit']))
            block = row['offer'] if row['state'] == 'unreleased' else 'taken'
            if block and block != 'window':
                raise UserError(self._sale_sentence(block, row))

    @api.model
    def _check_sellable(self, rows):
        """:param rows: of :meth:`_read_sale`"""
        for row in rows:
            if block := self._sale_block(row):
                raise UserError(self._sale_sentence(block, row))

    def _listed(self):
        """:return: the names of a few of the units, in a sentence"""
        names = self[:LISTED].mapped('full_name')
        if len(self) > LISTED:
            names.append(self.env._("%s more", len(self) - LISTED))
        return format_list(self.env, names, lang_code=self.env.lang)

    def _move(self, to, documents, reason, expiry=None, **vals):
        """Move the units to the state ``to``: the only way that a unit's state changes.

        Takes the units for the document (or gives them back) before it looks at them, so that two transactions
        cannot both find them free; checks them; writes the ledger; tells the boards.

        :param str to: state
        :param documents: the record on whose behalf, a holder of ``property.unit.allocation`` where ``to`` is not free;
            several holders of one model may give back at once, each the units that it has
        :param str reason: kept in the ledger
        :param datetime expiry: when a hold ends by itself (UTC)
        :param vals: further values that are written with the state
        :raise UserError: one sentence, the first unit that cannot; nothing is moved then
        """
        # Browsed anew: what is read of one is read of all, wherever they came from.
        units = self.sudo().browse(sorted(self.ids))
        if not units:
            return
        movers = units._give_back(documents) if to in units._free_states else units._take(documents, expiry)
        units._check_move(to)
        units._write_movements(to, movers, reason)
        # The ledger is their history: no field of a move is tracked in the chatter.
        units.with_context(mail_notrack=True)._transition(to, **vals)
        units._tell_boards()
        if to == 'available':
            units._withdraw_what_closed()
        for Model in (self.env['property.unit.allocation'], self.env['property.unit.movement']):
            Model._agrees.check_when_flushed(Model)

    def _withdraw_what_closed(self):
        """Take back what comes free after the release that offered it was closed: another release offers it again."""
        for batch, units in self.grouped('batch_id').items():
            if batch.state == 'closed':
                units._move('unreleased', batch, self.env._("Release closed"))

    def _check_move(self, to):
        """:raise UserError: the first unit that has no way to the state ``to``, or cannot be offered"""
        ways = tuple(state for state, following in self._transitions.items() if to in following)
        # Giving a unit back is never refused for what stands against offering it, nor releasing it for the hour.
        blocked = {
            'unreleased': SQL("FALSE"),
            'available': SQL("u.state IN %s AND offer.block != 'window'", self._free_states),
        }.get(to, SQL("u.state IN %s AND offer.block IS NOT NULL", self._free_states))
        for row in self._read_sale(fields.Datetime.now(), SQL("u.state NOT IN %s OR %s", ways, blocked), limit=1):
            if row['state'] in ways:
                raise UserError(self._sale_sentence(row['offer'], row))
            raise UserError(self.env._(
                "%(unit)s is “%(state)s” and cannot become “%(to)s”.", unit=row['unit'],
                state=self._state_label(row['state']), to=self._state_label(to)))

    def _take(self, document, expiry):
        """Insert the allocations, units in the order of their ids.

        :return: dict of unit id → the document
        """
        document.ensure_one()
        Allocation = self.env['property.unit.allocation']
        self.env.flush_all()
        self.env.cr.execute(SQL(
            """
            INSERT INTO property_unit_allocation (
                unit_id, %(holder)s, expiry, project_id, company_id, create_uid, create_date, write_uid, write_date)
            SELECT id, %(document)s, %(expiry)s, project_id, company_id, %(uid)s, %(now)s, %(uid)s, %(now)s
            FROM property_unit WHERE id IN %(units)s ORDER BY id
            """,
            holder=SQL.identifier(Allocation._holder_field(document)), document=document.id, expiry=expiry,
            units=tuple(self.ids), uid=self.env.uid, now=self.env.cr.now()))
        self._allocations_changed()
        return dict.fromkeys(self.ids, document)

    def _give_back(self, documents):
        """Delete the allocations that the documents have; another's is not touched, and its unit not freed.

        :return: dict of unit id → the document that had it, or the only one where nobody had it
        :raise UserError: the first unit that another document has
        """
        Allocation = self.env['property.unit.allocation']
        movers = {}
        self.env.flush_all()
        if holder := Allocation._holder_field(documents):
            rows = self.env.execute_query(SQL(
                "DELETE FROM property_unit_allocation WHERE unit_id IN %(units)s AND %(holder)s IN %(documents)s"
                " RETURNING unit_id, %(holder)s",
                units=tuple(self.ids), holder=SQL.identifier(holder), documents=tuple(documents.ids)))
            by_id = dict(zip(documents.ids, documents, strict=True))
            movers = {unit: by_id[document] for unit, document in rows}
            self._allocations_changed()
        if len(movers) < len(self):
            if others := Allocation.search([('unit_id', 'in', self.ids)], limit=1):
                raise UserError(others._holder_sentence())
            movers = {**dict.fromkeys(self.ids, documents.ensure_one()), **movers}
        return movers

    def _allocations_changed(self):
        self.env['property.unit.allocation'].invalidate_model()
        self.invalidate_recordset(['allocation_ids', 'sale_block', 'sale_block_reason'])

    def _write_movements(self, to, movers, reason):
        """Write the ledger.

        :param dict movers: unit id → the document on whose behalf it moves
        """
        self.env.flush_all()
        for project, units in self.grouped('project_id').items():
            self.env.cr.execute(SQL(
                """
                INSERT INTO property_unit_movement (
                    unit_id, building_id, layout_id, project_id, company_id, currency_id, date, state_from, state_to,
                    document_model, document_id, document_name, reason, user_id, gross_area, list_price,
                    create_uid, create_date, write_uid, write_date)
                SELECT u.id, u.building_id, u.layout_id, u.project_id, u.company_id, u.currency_id, %(date)s, u.state, %(to)s,
                    %(model)s, m.document, m.name, %(reason)s, %(uid)s, u.gross_area, u.list_price,
                    %(uid)s, %(now)s, %(uid)s, %(now)s
                FROM unnest(%(units)s, %(documents)s, %(names)s) AS m(unit, document, name)
                JOIN property_unit u ON u.id = m.unit ORDER BY u.id
                """,
                date=project._today(), to=to, model=movers[units[0].id]._name, reason=reason or None,
                units=units.ids, documents=[movers[unit].id for unit in units.ids], names=[movers[unit].name for unit in units.ids],
                uid=self.env.uid, now=self.env.cr.now()))
        self.env['property.unit.movement'].invalidate_model()
        self.invalidate_recordset(['movement_ids'])
