import re

from odoo import api, fields, models
from odoo.addons.property_base.tools.table_objects import Column
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from .property_board_mixin import XID, Mark, Stamp

# What an active price list puts on a unit, and nobody else.
PRICE_FIELDS = ('price_line_id', 'list_price', 'unit_price', 'floor_price')
# What a board shows of a unit.
BOARD_FIELDS = (
    'building_id', 'active', 'stair', 'floor', 'name', 'stack', 'layout_id', 'usage', 'orientation', 'gross_area', 'inside_area',
    'price_line_id', 'list_price', 'unit_price', 'state', 'sealed', 'mortgaged', 'mortgage_consent', 'batch_id')


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
    #: States in which nobody has the unit.
    _free_states = ('unreleased', 'available')
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
        now = fields.Datetime.now()
        for unit in self:
            unit.sale_block, unit.sale_block_reason = unit._sale_block(now)

    def _sale_block(self, now):
        """Why the unit cannot be sold now.

        :return: code of ``sale_block`` or False, and one sentence
        """
        block, sentence = self._offer_block(now)
        if block == 'sealed' or self.state == 'available':
            return block, sentence
        if self.state == 'unreleased':
            return 'not_released', self.env._("%s has not been released for sale.", self.full_name)
        allocation = self.sudo().allocation_ids
        return 'taken', self.env._(
            "%(unit)s is “%(state)s” (%(document)s).", unit=self.full_name, state=self._state_label(self.state),
            document=allocation._holder().name if allocation else '—')

    def _offer_block(self, now):
        """Why the unit cannot be offered, whoever has it: like :meth:`_sale_block`."""
        self.ensure_one()
        unit = self.full_name
        if self.sealed:
            return 'sealed', self.env._(
                "%(unit)s is sealed (%(note)s): nothing can be done with it.", unit=unit, note=self.seal_note or '')
        if self.mortgaged and not self.mortgage_consent:
            return 'mortgaged', self.env._("%s is under construction mortgage and the mortgagee has not consented.", unit)
        if not self.building_id.permit_id:
            return 'no_permit', self.env._(
                "No valid permit covers %(building)s: %(unit)s cannot be offered.", building=self.building_id.name, unit=unit)
        if not self.price_line_id:
            return 'no_price', self.env._("%s has no price in force.", unit)
        batch = self.batch_id
        if batch.date_open and batch.date_open > now or batch.date_close and batch.date_close <= now:
            return 'window', self.env._(
                "%(unit)s is outside the sales window of %(batch)s.", unit=unit, batch=batch.name)
        return False, self.env._("%s can be sold today.", unit)

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
        return super().write(vals)

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
        now = fields.Datetime.now()
        for unit in self:
            if unit.state != 'unreleased':
                raise UserError(unit.sale_block_reason)
            block, sentence = unit._offer_block(now)
            if block and block != 'window':
                raise UserError(sentence)

    def _move(self, to, document, reason, expiry=None):
        """Move the units to the state ``to``: the only way that a unit's state changes.

        Takes the units for the document (or hands them on, or gives them back) before it looks at them, so
        that two transactions cannot both find them free; checks them; writes the ledger; tells the boards.

        :param str to: state
        :param document: the record on whose behalf; a holder of ``property.unit.allocation`` where ``to`` is not free
        :param str reason: kept in the ledger
        :param datetime expiry: when a hold ends by itself (UTC)
        :raise UserError: one sentence, the first unit that cannot; nothing is moved then
        """
        document.ensure_one()
        units = self.sudo().sorted('id')
        if not units:
            return
        if to not in units._free_states:
            units._take(document, expiry)
        now = fields.Datetime.now()
        for unit in units:
            if to not in self._transitions.get(unit.state, ()):
                raise UserError(self.env._(
                    "%(unit)s is “%(state)s” and cannot become “%(to)s”.", unit=unit.full_name,
                    state=self._state_label(unit.state), to=self._state_label(to)))
            # Giving a unit back is never refused for what stands against offering it.
            block, sentence = unit._offer_block(now) if to != 'unreleased' and unit.state in self._free_states else (False, '')
            if block and (block != 'window' or to != 'available'):
                raise UserError(sentence)
        if to in units._free_states:
            units._give_back(document)
        units._write_movements(to, document, reason)
        units._transition(to)
        units._tell_boards()

    def _take(self, document, expiry):
        """Insert the allocations, units in the order of their ids; hand over those that the document's forerunner has."""
        holder = next(
            name for name in self.env['property.unit.allocation']._holders
            if self.env['property.unit.allocation']._fields[name].comodel_name == document._name)
        self.env.flush_all()
        self.env.cr.execute(SQL(
            """
            INSERT INTO property_unit_allocation (
                unit_id, %(holder)s, expiry, project_id, company_id, create_uid, create_date, write_uid, write_date)
            SELECT id, %(document)s, %(expiry)s, project_id, company_id, %(uid)s, %(now)s, %(uid)s, %(now)s
            FROM property_unit WHERE id IN %(units)s ORDER BY id
            """,
            holder=SQL.identifier(holder), document=document.id, expiry=expiry, units=tuple(self.ids),
            uid=self.env.uid, now=self.env.cr.now()))
        self.env['property.unit.allocation'].invalidate_model()
        self.invalidate_recordset(['allocation_ids', 'sale_block', 'sale_block_reason'])

    def _give_back(self, document):
        """Delete the allocations that the document has; another's is not touched, and its unit not freed."""
        taken = self.env['property.unit.allocation'].search([('unit_id', 'in', self.ids)])
        for allocation in taken:
            if allocation._holder() != document:
                raise UserError(allocation._holder_sentence())
        self.env.cr.execute(SQL("DELETE FROM property_unit_allocation WHERE unit_id IN %s", tuple(self.ids)))
        self.env['property.unit.allocation'].invalidate_model()
        self.invalidate_recordset(['allocation_ids', 'sale_block', 'sale_block_reason'])

    def _write_movements(self, to, document, reason):
        self.env.flush_all()
        for project, units in self.grouped('project_id').items():
            self.env.cr.execute(SQL(
                """
                INSERT INTO property_unit_movement (
                    unit_id, building_id, layout_id, project_id, company_id, currency_id, date, state_from, state_to,
                    document_model, document_id, document_name, reason, user_id, gross_area, list_price,
                    create_uid, create_date, write_uid, write_date)
                SELECT id, building_id, layout_id, project_id, company_id, currency_id, %(date)s, state, %(to)s,
                    %(model)s, %(document)s, %(name)s, %(reason)s, %(uid)s, gross_area, list_price,
                    %(uid)s, %(now)s, %(uid)s, %(now)s
                FROM property_unit WHERE id IN %(units)s ORDER BY id
                """,
                date=project._today(), to=to, model=document._name, document=document.id, name=document.name,
                reason=reason or None, units=tuple(units.ids), uid=self.env.uid, now=self.env.cr.now()))
        self.env['property.unit.movement'].invalidate_model()
        self.invalidate_recordset(['movement_ids'])
