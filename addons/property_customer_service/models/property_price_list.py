from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools import price_table
from ..tools.server_rows import server_rows
from .property_price_list_line import PRICE_MAKERS

# What the list keeps by itself: its place among the versions, and who put it in force.
_KEPT_FIELDS = {'version', 'previous_id', 'activated_at', 'activated_by_id'}
# Columns that the filing form does not have, written where any unit uses them.
_EXTRA_COLUMNS = {
    'orientation': SQL("bool_or(u.orientation IS NOT NULL)"),
    'pricing_mode': SQL("bool_or(l.pricing_mode = 'inside')"),
    'measured_gross_area': SQL("bool_or(u.measured_gross_area > 0)"),
    'measured_inside_area': SQL("bool_or(u.measured_inside_area > 0)"),
    'measured_shared_area': SQL("bool_or(u.measured_shared_area > 0)"),
}


class PropertyPriceList(models.Model):
    """A price list (一房一价表): the prices of some units of a project, as filed.

    It is written while a draft and frozen from then on; a change of price is the next version, and the
    one before stays as it was. Prices reach the units when the list takes effect.
    """

    _name = 'property.price.list'
    _description = 'Price List'
    _inherit = ['property.approval.mixin']
    _order = 'project_id, version desc, id desc'
    _sequence_code = 'property.price.list'
    _approval_type = 'price_list'
    _transitions = {
        'draft': ('submitted', 'cancelled'),
        'submitted': ('scheduled', 'active', 'draft', 'rejected'),
        'scheduled': ('active', 'draft', 'cancelled'),
        'active': ('superseded',),
        'superseded': (),
        'rejected': (),
        'cancelled': (),
    }

    title = fields.Char(required=True, default=lambda self: self.env._("Price list"), tracking=True)
    project_id = fields.Many2one('property.project', required=True, index=True, ondelete='restrict')
    company_id = fields.Many2one(related='project_id.company_id', store=True, precompute=True, index=True)
    currency_id = fields.Many2one(related='company_id.currency_id', store=True, precompute=True)
    version = fields.Integer(readonly=True, copy=False, default=1, aggregator=False)
    previous_id = fields.Many2one('property.price.list', "Previous Version", readonly=True, copy=False, index='btree_not_null')
    next_ids = fields.One2many('property.price.list', 'previous_id', "Next Versions")
    state = fields.Selection([
        ('draft', "Draft"),
        ('submitted', "In Approval"),
        ('scheduled', "Scheduled"),
        ('active', "In Force"),
        ('superseded', "Superseded"),
        ('rejected', "Rejected"),
        ('cancelled', "Cancelled"),
    ], required=True, readonly=True, copy=False, default='draft', tracking=True, index=True)
    source = fields.Selection([
        ('manual', "Typed in"), ('import', "Imported"), ('generated', "Generated"), ('repriced', "Repriced"),
    ], required=True, readonly=True, copy=False, default='manual')
    date_effective = fields.Date("Effective From", tracking=True, copy=False, help="Empty: from its approval.")
    activated_at = fields.Datetime(readonly=True, copy=False)
    activated_by_id = fields.Many2one('res.users', readonly=True, copy=False)
    filing_number = fields.Char(help="The number that the authority gave the filed prices.", tracking=True)
    date_filing = fields.Date("Filed On", tracking=True)
    rounding = fields.Selection(
        [('0.01', "0.01"), ('1', "1"), ('10', "10"), ('100', "100")], "Round Unit Price to", required=True, default='1')
    base_ids = fields.One2many('property.price.base', 'list_id', "Base Prices", copy=True, groups=PRICE_MAKERS)
    premium_ids = fields.One2many('property.price.premium', 'list_id', "Premiums", copy=True, groups=PRICE_MAKERS)
    line_ids = fields.One2many('property.price.list.line', 'list_id', "Prices")
    line_count = fields.Integer("Units", compute='_compute_totals')
    total = fields.Monetary(compute='_compute_totals')
    total_area = fields.Float("Area (㎡)", digits=(16, 2), compute='_compute_totals')
    average_price = fields.Monetary("Average per ㎡", compute='_compute_totals')
    previous_total = fields.Monetary("Same Units Before", compute='_compute_totals')
    change_total = fields.Monetary("Change", compute='_compute_totals')
    changed_count = fields.Integer("Units Changed", compute='_compute_totals')
    import_checksum = fields.Char(readonly=True, copy=False, index='btree_not_null', help="SHA-256 of the imported file.")
    note = fields.Text()

    _version_uniq = models.UniqueIndex(
        "(previous_id) WHERE previous_id IS NOT NULL AND state NOT IN ('cancelled', 'rejected')",
        "This price list already has a next version: go on with that one, or cancel it first.")

    def _compute_totals(self):
        figures = {
            price_list: rest for price_list, *rest in self.env['property.price.list.line']._read_group(
                [('list_id', 'in', self.ids)], ['list_id'],
                ['__count', 'total:sum', 'price_area:sum', 'previous_total:sum', 'change:sum'])
        }
        priced_by_area = dict(self.env['property.price.list.line']._read_group(
            [('list_id', 'in', self.ids), ('price_area', '>', 0)], ['list_id'], ['total:sum']))
        changed = dict(self.env['property.price.list.line']._read_group(
            [('list_id', 'in', self.ids), ('change', '!=', 0)], ['list_id'], ['__count']))
        for price_list in self:
            count, total, area, before, change = figures.get(price_list, (0, 0, 0, 0, 0))
            price_list.line_count = count
            price_list.total = total
            price_list.total_area = area
            price_list.average_price = priced_by_area.get(price_list, 0) / area if area else 0
            price_list.previous_total = before
            price_list.change_total = change
            price_list.changed_count = changed.get(price_list, 0)

    @api.depends('name', 'title', 'version')
    def _compute_display_name(self):
        for price_list in self:
            price_list.display_name = self.env._(
                "%(title)s v%(version)s", title=price_list.title or price_list.name, version=price_list.version)

    @api.constrains('project_id')
    def _check_project(self):
        for price_list in self:
            if self.env['property.price.list.line'].sudo().search_count(
                [('list_id', '=', price_list.id), ('unit_id.project_id', '!=', price_list.project_id.id)], limit=1,
            ):
                raise ValidationError(self.env._(
                    "%(list)s already prices units of another project.", list=price_list.display_name))

    @api.model
    def default_get(self, fields):
        return {name: value for name, value in super().default_get(fields).items() if name == 'version' or name not in _KEPT_FIELDS}

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su and any(vals.get(name) for vals in vals_list for name in _KEPT_FIELDS):
            self._refuse_kept_fields()
        return super().create(vals_list)

    def write(self, vals):
        # With a state, they come from the list's own actions.
        if not self.env.su and 'state' not in vals and _KEPT_FIELDS & vals.keys():
            self._refuse_kept_fields()
        frozen = {'project_id', 'rounding', 'base_ids', 'premium_ids', 'line_ids'} & vals.keys()
        if frozen:
            self._check_draft()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_draft(self):
        for price_list in self:
            if price_list.state != 'draft':
                raise UserError(self.env._(
                    "%(list)s is no draft: price lists that were in force are kept, cancel the others.",
                    list=price_list.display_name))

    # ------------------------------------------------------------------ actions

    def action_unschedule(self):
        """Take a list that waits for its date back to draft; it is to be approved again."""
        self.check_access('write')
        for price_list in self:
            if price_list.state != 'scheduled':
                raise UserError(self.env._("%(list)s is not scheduled.", list=price_list.display_name))
        return self._transition('draft')

    def action_cancel(self):
        self.check_access('write')
        return self._transition('cancelled')

    def action_new_version(self):
        """Open the draft that follows this list, with the same prices and rules."""
        self.ensure_one()
        return self._create_next_version()._get_records_action()

    def action_generate(self):
        """Compute the prices of a draft from its base prices and premiums."""
        self.ensure_one()
        self.check_access('write')
        self._check_draft()
        if not self.base_ids:
            raise UserError(self.env._("Enter at least one base price first."))
        self._check_areas()
        if not self._generate_lines():
            raise UserError(self.env._("No unit matches the base prices: check their buildings and layouts."))
        self.write({'source': 'generated'} if self.source == 'manual' else {})
        kept = self.line_ids.search_count([('list_id', '=', self.id), ('write_date', '<', self.env.cr.now())])
        if kept:
            self.message_post(body=self.env._("%s units match no base price and keep the price that they had.", kept))
        return self.action_view_lines()

    def action_reprice(self):
        self.ensure_one()
        action = self.env['ir.actions.act_window']._for_xml_id('property_customer_service.property_price_reprice_action')
        action['context'] = {'default_list_id': self.id}
        return action

    def action_view_lines(self):
        self.ensure_one()
        action = self.env['ir.actions.act_window']._for_xml_id('property_customer_service.property_price_list_line_action')
        action['domain'] = [('list_id', '=', self.id)]
        action['context'] = {'default_list_id': self.id}
        return action

    def action_view_changes(self):
        action = self.action_view_lines()
        action['domain'].append(('change', '!=', 0))
        return action

    def action_export(self):
        self.ensure_one()
        self.check_access('read')
        return {'type': 'ir.actions.act_url', 'url': f'/property/price_list/{self.id}/xlsx', 'target': 'download'}

    # ------------------------------------------------------------------ business methods

    def _approval_guarded_fields(self):
        return ['title', 'project_id', 'date_effective', 'line_count', 'total', 'average_price', 'changed_count', 'change_total']

    def _approval_key_fields(self):
        return ['line_count', 'total', 'changed_count', 'change_total', 'date_effective']

    def _approval_figures(self):
        before = self.previous_total
        return {'amount': self.total, 'price_cut': max(0, -100 * self.change_total / before) if before else 0}

    def _approval_scope(self):
        return {'project_id': self.project_id}

    def _check_submission(self):
        # Whoever may not see floor prices could find them out by submitting until it passes.
        self._check_activation(with_floor_prices=self.env.user.has_group('property_base.group_floor_price'))

    def _on_approved(self):
        """Put the prices in force: today, or on the effective date when that is still to come."""
        self._check_activation()
        if self.date_effective and self.date_effective > self.project_id._today():
            self._transition('scheduled')
        else:
            self._action_activate()

    def _check_areas(self):
        """:raise UserError: when a unit that a base price is for has no area that it could be priced by"""
        missing = Domain('gross_area', '=', 0) & Domain('pricing_mode', '=', 'gross')
        missing |= Domain('inside_area', '=', 0) & Domain('pricing_mode', '=', 'inside')
        fits = Domain.OR(
            Domain.AND(
                Domain(name, '=', base[name].id if name.endswith('_id') else base[name])
                for name in ('building_id', 'layout_id', 'usage') if base[name])
            for base in self.base_ids)
        unit = self.env['property.unit'].search(
            Domain('project_id', '=', self.project_id.id) & missing & fits, limit=1)
        if unit:
            raise UserError(self.env._("%(unit)s has no area to be priced by: enter it first.", unit=unit.full_name))

    def _refuse_kept_fields(self):
        raise UserError(self.env._("The versions of a price list and who activated them are recorded by its own actions."))

    def _check_draft(self):
        for price_list in self:
            if price_list.state != 'draft':
                raise UserError(self.env._(
                    "%(list)s is “%(state)s” and no longer changes: make the next version.",
                    list=price_list.display_name, state=price_list._state_label(price_list.state)))

    def _check_activation(self, with_floor_prices=True):
        """:raise UserError: why the list cannot take effect, in one sentence"""
        self.ensure_one()
        # Prices that were changed just now are written while the list is still a draft.
        self.env.flush_all()
        lines = self.env['property.price.list.line'].sudo()
        if not lines.search_count([('list_id', '=', self.id)], limit=1):
            raise UserError(self.env._("%(list)s has no prices yet.", list=self.display_name))
        # A day that passes while the list is in approval is no fault: the prices then take effect at once.
        if self.state == 'draft' and self.date_effective and self.date_effective < self.project_id._today():
            raise UserError(self.env._(
                "Prices cannot take effect in the past: give %(list)s a later date, or none.", list=self.display_name))
        if self.previous_id and self.previous_id.state not in ('active', 'superseded', 'cancelled', 'rejected'):
            raise UserError(self.env._(
                "%(previous)s comes first: have it approved, or cancel it.", previous=self.previous_id.display_name))
        other = lines.search([
            ('list_id', '=', self.id), ('unit_id.price_line_id', '!=', False),
            ('unit_id.price_line_id.list_id', 'not in', self.previous_id.ids + self.ids),
        ], limit=1)
        if other:
            raise UserError(self.env._(
                "%(unit)s is priced by %(list)s: make the next version of that list.",
                unit=other.unit_id.full_name, list=other.unit_id.price_line_id.list_id.display_name))
        stale = lines.search([('list_id', '=', self.id), ('area_is_stale', '=', True)], limit=1)
        if stale:
            raise UserError(self.env._(
                "The area of %(unit)s has changed since it was priced: price it again.", unit=stale.unit_id.full_name))
        below = with_floor_prices and lines.search([('list_id', '=', self.id), ('below_floor_price', '=', True)], limit=1)
        if below:
            raise UserError(self.env._("The price of %(unit)s is below its floor price.", unit=below.unit_id.full_name))
        if self.previous_id.state == 'active':
            dropped = lines.search([
                ('list_id', '=', self.previous_id.id),
                ('unit_id', 'not in', lines._search([('list_id', '=', self.id)]).subselect('unit_id')),
            ], limit=1)
            if dropped:
                raise UserError(self.env._(
                    "%(unit)s is in the version before and missing here: every unit keeps a price.",
                    unit=dropped.unit_id.full_name))

    def _action_activate(self):
        """Freeze the list, put its prices on the units and into the history, end the version before."""
        self.ensure_one()
        now, today = fields.Datetime.now(), self.project_id._today()
        if self.previous_id.state == 'active':
            self.previous_id._transition('superseded')
        self._transition(
            'active', activated_at=now, activated_by_id=self.env.uid,
            date_effective=max(self.date_effective or today, today))
        self._apply_prices()

    def _apply_prices(self):
        """Set-based: 20,000 units in two statements, then the ORM forgets what it knew of them."""
        Unit, Line, History = self.env['property.unit'], self.env['property.price.list.line'], self.env['property.price.history']
        self.env.flush_all()
        self.env.cr.execute(SQL(
            """
            INSERT INTO property_price_history (
                unit_id, list_id, project_id, company_id, currency_id, date, user_id,
                pricing_mode, price_area, unit_price, total, floor_price, previous_total,
                create_uid, create_date, write_uid, write_date)
            SELECT l.unit_id, l.list_id, u.project_id, l.company_id, l.currency_id, %(date)s, %(uid)s,
                l.pricing_mode, l.price_area, l.unit_price, l.total, l.floor_price, u.list_price,
                %(uid)s, %(now)s, %(uid)s, %(now)s
            FROM property_price_list_line l JOIN property_unit u ON u.id = l.unit_id
            WHERE l.list_id = %(list)s
              AND (u.price_line_id IS NULL OR u.list_price IS DISTINCT FROM l.total
                OR u.unit_price IS DISTINCT FROM l.unit_price OR u.floor_price IS DISTINCT FROM l.floor_price)
            ORDER BY l.unit_id
            """,
            date=self.date_effective, uid=self.env.uid, now=self.env.cr.now(), list=self.id,
        ))
        self.env.cr.execute(SQL(
            """
            UPDATE property_unit u
            SET price_line_id = l.id, list_price = l.total, unit_price = l.unit_price, floor_price = l.floor_price,
                pricing_mode = l.pricing_mode, write_uid = %(uid)s, write_date = %(now)s
            FROM property_price_list_line l WHERE l.list_id = %(list)s AND u.id = l.unit_id
            """,
            uid=self.env.uid, now=self.env.cr.now(), list=self.id,
        ))
        Unit.invalidate_model()
        Line.invalidate_model()
        History.invalidate_model()
        buildings = self.env['property.price.list.line']._read_group([('list_id', '=', self.id)], ['building_id'])
        self.env['property.building'].union(*(building for [building] in buildings))._tell_boards()

    def _create_next_version(self, with_lines=True):
        """The draft that follows an active list.

        :param bool with_lines: copy the prices too; else the caller makes them
        :raise UserError: when the list is not active
        """
        self.ensure_one()
        self.check_access('write')
        if self.state != 'active':
            raise UserError(self.env._(
                "%(list)s is “%(state)s”: only an active price list has a next version.",
                list=self.display_name, state=self._state_label(self.state)))
        following = self.sudo().copy({
            'title': self.title,
            'version': self.version + 1,
            'previous_id': self.id,
            'source': 'repriced',
        }).sudo(self.env.su)
        if with_lines:
            following._copy_lines(self)
        return following

    def _copy_lines(self, source):
        self.env.flush_all()
        self.env.cr.execute(SQL(
            """
            INSERT INTO property_price_list_line (
                list_id, unit_id, project_id, building_id, layout_id, company_id, currency_id,
                pricing_mode, price_area, unit_price, total, floor_price, previous_unit_price, previous_total, change,
                build_up, create_uid, create_date, write_uid, write_date)
            SELECT %(to)s, l.unit_id, l.project_id, l.building_id, l.layout_id, l.company_id, l.currency_id,
                l.pricing_mode, l.price_area, l.unit_price, l.total, l.floor_price, l.unit_price, l.total, 0,
                l.build_up, %(uid)s, %(now)s, %(uid)s, %(now)s
            FROM property_price_list_line l WHERE l.list_id = %(from)s ORDER BY l.id
            """,
            **{'to': self.id, 'from': source.id, 'uid': self.env.uid, 'now': self.env.cr.now()},
        ))
        self.env['property.price.list.line'].invalidate_model()
        self.invalidate_recordset()

    def _generate_lines(self):
        """Compute every unit's price from the base prices and premiums; one statement for all of them.

        A unit takes the most particular base price (building and layout, then layout, then building).
        Every premium that matches is added; percentages are of the base price. The sum is rounded
        half-up to the list's rounding and multiplied by the area. The steps stay with the line.

        :return: the number of units priced
        """
        self.ensure_one()
        self.env.flush_all()
        self.env.cr.execute(SQL(
            """
            WITH unit AS (
                SELECT u.id, u.project_id, u.building_id, u.layout_id, u.pricing_mode, u.company_id, u.currency_id,
                    u.unit_price AS before, u.list_price AS before_total, u.floor_price, b.price AS base, t.steps,
                    a.area, b.price + COALESCE(t.amount, 0) AS exact,
                    round((b.price + COALESCE(t.amount, 0)) / %(rounding)s) * %(rounding)s AS rounded
                FROM property_unit u
                -- Per unit over the few rules of the list, so that no plan depends on how many units are expected.
                CROSS JOIN LATERAL (
                    SELECT b.price FROM property_price_base b
                    WHERE b.list_id = %(list)s
                        AND (b.building_id IS NULL OR b.building_id = u.building_id)
                        AND (b.layout_id IS NULL OR b.layout_id = u.layout_id)
                        AND (b.usage IS NULL OR b.usage = u.usage)
                    ORDER BY (b.layout_id IS NOT NULL) DESC, (b.building_id IS NOT NULL) DESC, (b.usage IS NOT NULL) DESC
                    LIMIT 1
                ) b
                CROSS JOIN LATERAL (
                    SELECT CASE u.pricing_mode WHEN 'gross' THEN u.gross_area WHEN 'inside' THEN u.inside_area ELSE 0 END AS area
                ) a
                CROSS JOIN LATERAL (
                    SELECT sum(s.amount) AS amount,
                        jsonb_agg(jsonb_build_array(p.kind, p.name, s.amount) ORDER BY p.sequence, p.id) AS steps
                    FROM property_price_premium p
                    CROSS JOIN LATERAL (
                        SELECT CASE p.method
                            WHEN 'percent' THEN round(b.price * p.value / 100, 2)
                            WHEN 'step' THEN p.value * (u.floor - p.floor_from)
                            WHEN 'lump' THEN CASE WHEN a.area > 0 THEN round(p.value / a.area, 2) ELSE p.value END
                            ELSE p.value END AS amount
                    ) s
                    WHERE p.list_id = %(list)s
                        AND (p.building_id IS NULL OR p.building_id = u.building_id)
                        AND (p.usage IS NULL OR p.usage = u.usage)
                        AND CASE p.kind
                            WHEN 'floor' THEN u.floor BETWEEN p.floor_from AND p.floor_to
                            WHEN 'stack' THEN u.stack = p.stack AND (p.stair IS NULL OR p.stair = u.stair)
                            WHEN 'orientation' THEN u.orientation = p.orientation
                            WHEN 'area' THEN u.gross_area >= p.area_from AND (p.area_to = 0 OR u.gross_area < p.area_to)
                            ELSE EXISTS (
                                SELECT FROM property_unit_property_unit_feature_rel f
                                WHERE f.property_unit_id = u.id AND f.property_unit_feature_id = p.feature_id)
                            END
                ) t
                WHERE u.project_id = %(project)s AND u.active
            )
            INSERT INTO property_price_list_line AS line (
                list_id, unit_id, project_id, building_id, layout_id, company_id, currency_id,
                pricing_mode, price_area, unit_price, total, floor_price, previous_unit_price, previous_total, change,
                build_up, create_uid, create_date, write_uid, write_date)
            SELECT %(list)s, id, project_id, building_id, layout_id, company_id, currency_id,
                pricing_mode, area,
                CASE WHEN area > 0 THEN rounded ELSE 0 END,
                CASE WHEN area > 0 THEN round(rounded * area, 2) ELSE rounded END,
                floor_price, COALESCE(before, 0), COALESCE(before_total, 0),
                CASE WHEN before_total > 0
                    THEN CASE WHEN area > 0 THEN round(rounded * area, 2) ELSE rounded END - before_total ELSE 0 END,
                jsonb_build_array(jsonb_build_array('base', NULL, base)) || COALESCE(steps, '[]'::jsonb)
                    || CASE WHEN rounded = exact THEN '[]'::jsonb
                        ELSE jsonb_build_array(jsonb_build_array('rounding', NULL, rounded - exact)) END,
                %(uid)s, %(now)s, %(uid)s, %(now)s
            FROM unit ORDER BY id
            ON CONFLICT (list_id, unit_id) DO UPDATE SET
                pricing_mode = EXCLUDED.pricing_mode, price_area = EXCLUDED.price_area,
                unit_price = EXCLUDED.unit_price, total = EXCLUDED.total,
                previous_unit_price = EXCLUDED.previous_unit_price, previous_total = EXCLUDED.previous_total,
                change = EXCLUDED.change, build_up = EXCLUDED.build_up,
                write_uid = EXCLUDED.write_uid, write_date = EXCLUDED.write_date
            """,
            list=self.id, project=self.project_id.id, rounding=SQL(self.rounding), uid=self.env.uid, now=self.env.cr.now(),
        ))
        count = self.env.cr.rowcount
        self.env['property.price.list.line'].invalidate_model()
        self.invalidate_recordset()
        return count

    def _write_xlsx(self, stream):
        """Write the list as the filing table that it came from, straight from the database.

        :param stream: a binary file; floor prices are in it for those who may see them only
        """
        self.ensure_one()
        self.check_access('read')
        self.env.flush_all()
        cr = self.env.cr
        where = SQL("FROM property_price_list_line l JOIN property_unit u ON u.id = l.unit_id WHERE l.list_id = %s", self.id)
        cr.execute(SQL("SELECT %s %s", SQL(", ").join(_EXTRA_COLUMNS.values()), where))
        extra = [name for name, used in zip(_EXTRA_COLUMNS, cr.fetchone(), strict=True) if used]
        with_floor_price = self.env.user.has_group('property_base.group_floor_price') and bool(
            self.env['property.price.list.line'].search_count([('list_id', '=', self.id), ('floor_price', '>', 0)], limit=1))
        permit = self.env['property.permit'].search(
            [('coverage_ids.building_id.unit_ids.price_line_ids.list_id', '=', self.id)], limit=1)
        meta = {
            'project': self.project_id.name,
            'developer': self.project_id.developer_name or self.company_id.name,
            'permit': permit.name,
            'permit_date': permit.date_issue,
            'filing_date': self.date_filing,
        }
        columns = list(price_table.FIELDS)
        query = SQL(
            """
            SELECT row_number() OVER (ORDER BY b.sequence, b.id, u.stair NULLS FIRST, l.id)::int,
                b.name, u.stair, u.floor, u.name, NULLIF(concat_ws(' ', y.name, y.rooms), ''),
                u.usage, u.orientation, l.pricing_mode, u.gross_area, u.inside_area, u.shared_area,
                u.measured_gross_area, u.measured_inside_area, u.measured_shared_area,
                CASE WHEN l.pricing_mode != 'unit' THEN l.unit_price END, l.total, l.floor_price, u.note
            FROM property_price_list_line l
            JOIN property_unit u ON u.id = l.unit_id
            JOIN property_building b ON b.id = u.building_id
            LEFT JOIN property_layout y ON y.id = u.layout_id
            WHERE l.list_id = %s
            ORDER BY b.sequence, b.id, u.stair NULLS FIRST, l.id
            """, self.id)
        with server_rows(cr, query, f'price_list_{self.id}') as rows:
            price_table.write_table(stream, meta, (
                price_table.Record(**dict(zip(columns, row, strict=True))) for row in rows), with_floor_price, extra)

    @api.model
    def _cron_activate_scheduled(self):
        """Activate the lists whose date has come, each in its project's time zone, one at a time."""
        due = self.search([('state', '=', 'scheduled')], order='date_effective, id').filtered(
            lambda price_list: price_list.date_effective <= price_list.project_id._today())
        self.env['ir.cron']._commit_progress(remaining=len(due))
        for price_list in due:
            try:
                with self.env.cr.savepoint():
                    price_list._check_activation()
                    price_list._action_activate()
            except UserError as error:
                price_list.message_post(body=self.env._("The price list did not take effect: %s", error))
            self.env['ir.cron']._commit_progress(1)
