from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from .property_board_mixin import Mark


class PropertyPermit(models.Model):
    """A presale permit (预售许可证), or the filing that stands in for it when the building is complete.

    No unit is offered and no money taken without one (商品房销售管理办法 art. 22).
    """

    _name = 'property.permit'
    _description = 'Presale Permit'
    _inherit = ['property.board.mixin', 'mail.thread', 'mail.activity.mixin']
    _order = 'date_issue desc, name, id'
    _board_fields = frozenset(['name'])

    name = fields.Char("Permit Number", required=True, tracking=True, index='trigram')
    kind = fields.Selection(
        [('presale', "Presale permit"), ('completed', "Filing for completed units")],
        required=True, default='presale', tracking=True)
    project_id = fields.Many2one('property.project', required=True, index=True, ondelete='restrict', tracking=True)
    company_id = fields.Many2one(related='project_id.company_id', store=True, index=True)
    authority = fields.Char("Issuing Authority")
    date_issue = fields.Date("Issued On", required=True, tracking=True)
    date_from = fields.Date(
        "Valid From", required=True, tracking=True,
        compute='_compute_date_from', store=True, readonly=False, precompute=True)
    date_to = fields.Date("Valid Until", tracking=True, help="Empty: until it is revoked.")
    revoked = fields.Boolean(readonly=True, copy=False, tracking=True)
    revoke_reason = fields.Char(readonly=True, copy=False)
    supervised_bank = fields.Char("Supervising Bank")
    supervised_account = fields.Char(help="The account that the whole price is paid into.")
    attachment_ids = fields.Many2many('ir.attachment', string="Scans")
    coverage_ids = fields.One2many('property.permit.coverage', 'permit_id', "Buildings", copy=True)
    building_count = fields.Integer(compute='_compute_building_count')
    state = fields.Selection(
        [('future', "Not yet valid"), ('valid', "Valid"), ('expired', "Expired"), ('revoked', "Revoked")],
        compute='_compute_state', search='_search_state')

    _name_company_uniq = models.Constraint(
        'UNIQUE (company_id, name)', "There is already a permit of this number.")
    _dates_in_order = models.Constraint(
        'CHECK (date_to IS NULL OR date_to >= date_from)', "A permit cannot end before it begins: check its dates.")
    _board_mark = Mark("AFTER UPDATE OF name ON {table}")
    _revoked_with_reason = models.Constraint(
        "CHECK (revoked IS NOT TRUE OR COALESCE(trim(revoke_reason), '') != '')", "Say why the permit is revoked.")

    @api.depends('date_issue')
    def _compute_date_from(self):
        for permit in self:
            permit.date_from = permit.date_from or permit.date_issue

    @api.depends('coverage_ids')
    def _compute_building_count(self):
        for permit in self:
            permit.building_count = len(permit.coverage_ids)

    @api.depends('date_from', 'date_to', 'revoked')
    def _compute_state(self):
        for permit in self:
            today = permit.project_id._today() if permit.project_id else fields.Date.context_today(permit)
            if permit.revoked:
                permit.state = 'revoked'
            elif permit.date_from and permit.date_from > today:
                permit.state = 'future'
            elif permit.date_to and permit.date_to < today:
                permit.state = 'expired'
            else:
                permit.state = 'valid'

    def _search_state(self, operator, value):
        if operator != 'in':
            return NotImplemented
        permits = self.search([('company_id', 'in', self.env.companies.ids)])
        return [('id', 'in', permits.filtered(lambda permit: permit.state in value).ids)]

    @api.constrains('project_id', 'coverage_ids')
    def _check_project(self):
        for permit in self:
            for building in permit.coverage_ids.building_id:
                if building.project_id != permit.project_id:
                    raise ValidationError(self.env._(
                        "%(building)s belongs to %(other)s and cannot be covered by a permit of %(project)s.",
                        building=building.name, other=building.project_id.name, project=permit.project_id.name))

    def action_revoke(self, reason):
        """Take the permit out of force, as the authority did.

        :param str reason: what the authority decided, kept with the permit
        """
        if not (reason or '').strip():
            raise UserError(self.env._("Say why the permit is revoked."))
        self.check_access('write')
        self.write({'revoked': True, 'revoke_reason': reason.strip()})

    def action_reinstate(self):
        self.check_access('write')
        self.write({'revoked': False, 'revoke_reason': False})

    def _board_buildings(self):
        return self.coverage_ids.building_id


class PropertyPermitCoverage(models.Model):
    """One building of a permit. The database refuses two permits over one building at one time."""

    _name = 'property.permit.coverage'
    _description = 'Building Covered by a Permit'
    _inherit = ['property.board.mixin']
    _order = 'permit_id, building_id'
    _rec_name = 'building_id'
    _board_fields = frozenset(['permit_id', 'building_id', 'date_from', 'date_to', 'revoked'])

    permit_id = fields.Many2one('property.permit', required=True, index=True, ondelete='cascade')
    building_id = fields.Many2one('property.building', required=True, index=True, ondelete='restrict')
    project_id = fields.Many2one(related='permit_id.project_id', store=True, precompute=True, index=True)
    company_id = fields.Many2one(related='permit_id.company_id', store=True, precompute=True, index=True)
    # Inserted with the row: the constraint looks at once, and takes missing dates for all of time.
    date_from = fields.Date(related='permit_id.date_from', store=True, precompute=True)
    date_to = fields.Date(related='permit_id.date_to', store=True, precompute=True)
    revoked = fields.Boolean(related='permit_id.revoked', store=True, precompute=True)
    unit_count = fields.Integer("Units on the Permit")
    area = fields.Float("Area on the Permit (㎡)", digits=(16, 2))

    _board_mark = Mark(
        "AFTER INSERT OR DELETE ON {table}", "AFTER UPDATE OF permit_id, building_id, date_from, date_to, revoked ON {table}")
    _no_overlap = models.Constraint(
        "EXCLUDE USING gist (building_id WITH =, daterange(date_from, date_to, '[]') WITH &&) WHERE (revoked IS NOT TRUE)",
        "Another permit already covers this building in that time: end or revoke the earlier one first.")

    @api.constrains('permit_id', 'building_id')
    def _check_project(self):
        self.permit_id._check_project()
