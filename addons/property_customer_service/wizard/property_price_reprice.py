from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL


class PropertyPriceReprice(models.TransientModel):
    """Change many prices at once: shown unit by unit, with totals, before anything is written."""

    _name = 'property.price.reprice'
    _description = 'Reprice'

    list_id = fields.Many2one('property.price.list', "Price List", required=True)
    list_state = fields.Selection(related='list_id.state')
    project_id = fields.Many2one(related='list_id.project_id')
    company_id = fields.Many2one(related='list_id.company_id')
    currency_id = fields.Many2one(related='list_id.currency_id')
    building_ids = fields.Many2many('property.building', string="Buildings", domain="[('project_id', '=', project_id)]")
    layout_ids = fields.Many2many('property.layout', string="Layouts", domain="[('project_id', '=', project_id)]")
    usage = fields.Selection(lambda self: self.env['property.unit']._usages())
    floor_from = fields.Integer("From Floor")
    floor_to = fields.Integer("To Floor")
    method = fields.Selection([
        ('percent', "Percent"),
        ('amount', "Amount per ㎡"),
        ('lump', "Amount per unit"),
        ('set', "Set price per ㎡"),
    ], required=True, default='percent')
    value = fields.Float(digits=(16, 2), help="Negative to lower prices.")
    rounding = fields.Selection(
        lambda self: self.env['property.price.list']._fields['rounding'].selection, required=True,
        compute='_compute_rounding', store=True, readonly=False, precompute=True)
    move_floor_price = fields.Boolean(
        "Move Floor Prices Too", groups='property_base.group_floor_price',
        help="By the same percentage as the price of the unit.")
    reason = fields.Char(help="Kept with each changed price.")
    step = fields.Selection([('ask', "Adjustment"), ('preview', "Preview")], default='ask', required=True)
    line_ids = fields.One2many('property.price.reprice.line', 'wizard_id', "Changes")
    unit_count = fields.Integer("Units", compute='_compute_totals')
    total_before = fields.Monetary("Before", compute='_compute_totals')
    total_after = fields.Monetary("After", compute='_compute_totals')
    total_change = fields.Monetary("Change", compute='_compute_totals')
    percent_change = fields.Float("Change (%)", digits=(16, 2), compute='_compute_totals')

    @api.depends('list_id')
    def _compute_rounding(self):
        for wizard in self:
            wizard.rounding = wizard.list_id.rounding or '1'

    @api.depends('step')
    def _compute_totals(self):
        figures = {
            wizard: rest for wizard, *rest in self.env['property.price.reprice.line']._read_group(
                [('wizard_id', 'in', self.ids)], ['wizard_id'], ['__count', 'old_total:sum', 'new_total:sum'])
        }
        for wizard in self:
            count, before, after = figures.get(wizard, (0, 0, 0))
            wizard.unit_count = count
            wizard.total_before = before
            wizard.total_after = after
            wizard.total_change = after - before
            wizard.percent_change = 100 * (after - before) / before if before else 0

    def action_preview(self):
        """Compute every new price into the preview; nothing else is written."""
        self.ensure_one()
        self._check_list()
        if self.method == 'set' and self.value <= 0:
            raise UserError(self.env._("A price per square metre must be greater than zero."))
        if not self.value:
            raise UserError(self.env._("Enter by how much the prices change."))
        self.line_ids.unlink()
        self._fill_preview()
        if not self.line_ids:
            raise UserError(self.env._("No price changes: no unit of the list matches, or all keep their price."))
        wrong = self.line_ids.search([('wizard_id', '=', self.id), ('new_total', '<=', 0)], limit=1)
        if wrong:
            raise UserError(self.env._(
                "%(unit)s would have a price of zero or less: check the change.", unit=wrong.unit_id.full_name))
        self.step = 'preview'
        return self._reopen()

    def action_back(self):
        self.ensure_one()
        self.step = 'ask'
        return self._reopen()

    def action_view_changes(self):
        self.ensure_one()
        return {
            'type': 'ir.actions.act_window',
            'name': self.env._("Changes"),
            'res_model': 'property.price.reprice.line',
            'view_mode': 'list',
            'domain': [('wizard_id', '=', self.id)],
        }

    def action_apply(self):
        """Write the previewed prices: into the draft, or into the next version of a list in force."""
        self.ensure_one()
        self._check_list()
        if self.step != 'preview' or not self.line_ids:
            raise UserError(self.env._("Look at the preview first."))
        target = self.list_id
        if target.state == 'active':
            target = target._create_next_version()
        self._apply_to(target)
        target.message_post(body=self.env._(
            "%(count)s prices changed from %(before)s to %(after)s in total. %(reason)s",
            count=self.unit_count, before=self.currency_id.format(self.total_before),
            after=self.currency_id.format(self.total_after), reason=self.reason or ''))
        return target._get_records_action()

    def _check_list(self):
        self.list_id.check_access('write')
        if self.list_id.state not in ('draft', 'active'):
            raise UserError(self.env._(
                "%(list)s is “%(state)s”: reprice a draft or the list in force.",
                list=self.list_id.display_name, state=self.list_id._state_label(self.list_id.state)))

    def _scope(self):
        """:return: which lines ``l`` of units ``u`` the change is for"""
        conditions = [SQL("l.list_id = %s", self.list_id.id)]
        if self.building_ids:
            conditions.append(SQL("u.building_id IN %s", tuple(self.building_ids.ids)))
        if self.layout_ids:
            conditions.append(SQL("u.layout_id IN %s", tuple(self.layout_ids.ids)))
        if self.usage:
            conditions.append(SQL("u.usage = %s", self.usage))
        if self.floor_from:
            conditions.append(SQL("u.floor >= %s", self.floor_from))
        if self.floor_to:
            conditions.append(SQL("u.floor <= %s", self.floor_to))
        return SQL(" AND ").join(conditions)

    def _fill_preview(self):
        """One statement. ``basis`` is the price that moves: per ㎡, or of the unit where it is priced whole."""
        self.env.flush_all()
        moved = {
            'percent': SQL("basis * (1 + %s::numeric / 100)", self.value),
            'amount': SQL("CASE WHEN area > 0 THEN basis + %s::numeric ELSE basis END", self.value),
            'lump': SQL("CASE WHEN area > 0 THEN basis + %(value)s::numeric / area ELSE basis + %(value)s::numeric END", value=self.value),
            'set': SQL("CASE WHEN area > 0 THEN %s::numeric ELSE basis END", self.value),
        }[self.method]
        self.env.cr.execute(SQL(
            """
            WITH old AS (
                SELECT l.id, l.unit_id, l.price_area AS area, l.unit_price, l.total,
                    CASE WHEN l.price_area > 0 THEN l.unit_price ELSE l.total END AS basis
                FROM property_price_list_line l JOIN property_unit u ON u.id = l.unit_id WHERE %(scope)s
            ), moved AS (
                SELECT *, CASE WHEN %(moved)s = basis THEN basis
                    ELSE round(%(moved)s / %(rounding)s) * %(rounding)s END AS result FROM old
            )
            INSERT INTO property_price_reprice_line (
                wizard_id, unit_id, area, old_unit_price, old_total, new_unit_price, new_total, currency_id,
                create_uid, create_date, write_uid, write_date)
            SELECT %(wizard)s, unit_id, area, unit_price, total,
                CASE WHEN area > 0 THEN result ELSE 0 END,
                CASE WHEN area > 0 THEN round(result * area, 2) ELSE result END,
                %(currency)s, %(uid)s, %(now)s, %(uid)s, %(now)s
            FROM moved WHERE result != basis ORDER BY id
            """,
            scope=self._scope(), moved=moved, rounding=SQL(self.rounding), wizard=self.id,
            currency=self.currency_id.id, uid=self.env.uid, now=self.env.cr.now(),
        ))
        self.line_ids.invalidate_model()
        self.invalidate_recordset()

    def _apply_to(self, target):
        self.env.flush_all()
        floor_price = SQL(
            "round(l.floor_price * p.new_total / p.old_total, 2)" if self.sudo().move_floor_price else "l.floor_price")
        self.env.cr.execute(SQL(
            """
            UPDATE property_price_list_line l
            SET unit_price = p.new_unit_price, total = p.new_total,
                change = CASE WHEN l.previous_total > 0 THEN p.new_total - l.previous_total ELSE 0 END,
                floor_price = %(floor_price)s,
                build_up = CASE WHEN jsonb_typeof(l.build_up) = 'array' THEN l.build_up
                        ELSE jsonb_build_array(jsonb_build_array('base', NULL,
                            CASE WHEN p.area > 0 THEN p.old_unit_price ELSE p.old_total END)) END
                    || jsonb_build_array(jsonb_build_array('adjustment', %(reason)s::text,
                        CASE WHEN p.area > 0 THEN p.new_unit_price - p.old_unit_price ELSE p.new_total - p.old_total END)),
                write_uid = %(uid)s, write_date = %(now)s
            FROM property_price_reprice_line p
            WHERE p.wizard_id = %(wizard)s AND l.list_id = %(list)s AND l.unit_id = p.unit_id
                AND (l.price_area, l.unit_price, l.total) = (p.area, p.old_unit_price, p.old_total)
            """,
            floor_price=floor_price, reason=self.reason or None, uid=self.env.uid, now=self.env.cr.now(),
            wizard=self.id, list=target.id,
        ))
        if self.env.cr.rowcount != self.unit_count:
            raise UserError(self.env._("Prices have changed since the preview: look at it again."))
        self.env['property.price.list.line'].invalidate_model()
        target.invalidate_recordset()

    def _reopen(self):
        return {
            'type': 'ir.actions.act_window',
            'res_model': self._name,
            'res_id': self.id,
            'view_mode': 'form',
            'target': 'new',
            'name': self.env._("Reprice"),
        }


class PropertyPriceRepriceLine(models.TransientModel):
    _name = 'property.price.reprice.line'
    _description = 'Previewed Price Change'
    _order = 'wizard_id, id'
    _rec_name = 'unit_id'

    wizard_id = fields.Many2one('property.price.reprice', required=True, index=True, ondelete='cascade')
    unit_id = fields.Many2one('property.unit', required=True, ondelete='cascade')
    currency_id = fields.Many2one('res.currency')
    area = fields.Float("Priced Area (㎡)", digits=(16, 2))
    old_unit_price = fields.Monetary("Before, per ㎡", aggregator=False)
    old_total = fields.Monetary("Before")
    new_unit_price = fields.Monetary("After, per ㎡", aggregator=False)
    new_total = fields.Monetary("After")
    change = fields.Monetary(compute='_compute_change')

    @api.depends('old_total', 'new_total')
    def _compute_change(self):
        for line in self:
            line.change = line.new_total - line.old_total
