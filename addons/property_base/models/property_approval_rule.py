from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools.safe_eval import safe_eval


class PropertyApprovalRule(models.Model):
    """Who approves a kind of document, in which order. The first rule that fits a document is the document's.

    Requests copy the steps when they are submitted; a rule that has requests running is changed by making its next
    version, so that everybody can see which rule decided.
    """

    _name = 'property.approval.rule'
    _description = 'Approval Rule'
    _inherit = ['mail.thread']
    _order = 'type_id, sequence, id'

    sequence = fields.Integer(default=10, help="The first rule that fits is taken.")
    name = fields.Char(required=True, translate=True, tracking=True)
    active = fields.Boolean(default=True, tracking=True)
    version = fields.Integer(default=1, readonly=True, copy=False, aggregator=False)
    previous_id = fields.Many2one('property.approval.rule', "Version Before", readonly=True, copy=False, index='btree_not_null')
    type_id = fields.Many2one('property.approval.type', "Kind of Document", required=True, ondelete='restrict', index=True, tracking=True)
    res_model = fields.Char(related='type_id.res_model')
    subtype_id = fields.Many2one(
        'property.approval.subtype', "Case", ondelete='restrict', domain="[('type_id', '=', type_id)]", tracking=True,
        help="Empty: every case.")
    company_id = fields.Many2one('res.company', index='btree_not_null', tracking=True, help="Empty: every company.")
    condition_ids = fields.One2many('property.approval.condition', 'rule_id', "Fits When", copy=True)
    match = fields.Selection(
        [('all', "All conditions hold"), ('any', "Any condition holds")], "Conditions", required=True, default='all')
    domain = fields.Char("Further Filter", help="Fits only the documents that this filter finds.")
    step_ids = fields.One2many('property.approval.step', 'rule_id', "Steps", copy=True)
    refusal = fields.Char(
        translate=True, tracking=True,
        help="When it is filled in, a document that this rule fits cannot be submitted, and this sentence says why.")
    automatic = fields.Boolean(
        "Approved Without Steps", tracking=True,
        help="A document that none of the steps applies to is approved at once; else it cannot be submitted.")
    on_edit = fields.Selection(
        [('refuse', "Refuse the edit"), ('reset', "Take the edit and start over")], "Edit After Submission", required=True,
        default='refuse', tracking=True, help="What happens when a value that was submitted for approval is edited before the decision.")
    allow_return = fields.Boolean("May Be Returned", default=True)
    allow_reject = fields.Boolean("May Be Rejected", default=True)
    allow_delegate = fields.Boolean("May Be Delegated", default=True, help="Whoever stands in for an absent approver may decide.")
    allow_bulk = fields.Boolean("In Bulk", default=True, help="Several documents may be approved from the list at once.")
    note = fields.Text(translate=True)
    request_count = fields.Integer(compute='_compute_request_counts')
    running_count = fields.Integer(compute='_compute_request_counts')
    warning = fields.Text(compute='_compute_warning', help="Why documents of this rule would get stuck.")

    _steps_or_refusal = models.Constraint(
        "CHECK (automatic IS NOT TRUE OR refusal IS NULL)", "A rule cannot both refuse and approve by itself.")

    def _compute_request_counts(self):
        Request = self.env['property.approval.request']
        counts = dict(Request._read_group([('rule_id', 'in', self.ids)], ['rule_id'], ['__count']))
        running = dict(Request._read_group([('rule_id', 'in', self.ids), ('state', '=', 'pending')], ['rule_id'], ['__count']))
        for rule in self:
            rule.request_count = counts.get(rule, 0)
            rule.running_count = running.get(rule, 0)

    @api.depends('step_ids.approver', 'step_ids.group_id', 'step_ids.user_ids', 'step_ids.stand_in_group_id', 'step_ids.quorum',
                 'step_ids.field_path', 'company_id', 'automatic', 'refusal')
    @api.depends_context('company', 'lang')
    def _compute_warning(self):
        for rule in self:
            company = rule.company_id or self.env.company
            sentences = [sentence for step in rule.step_ids if (sentence := step._warning(company))]
            if not rule.step_ids and not rule.automatic and not rule.refusal:
                sentences.append(self.env._("The rule has no step: what it fits cannot be submitted."))
            rule.warning = '\n'.join(sentences) or False

    @api.depends('name', 'version')
    @api.depends_context('lang')
    def _compute_display_name(self):
        for rule in self:
            rule.display_name = self.env._("%(name)s v%(version)s", name=rule.name, version=rule.version) if rule.version > 1 else rule.name

    @api.constrains('type_id', 'subtype_id')
    def _check_subtype(self):
        for rule in self:
            if rule.subtype_id and rule.subtype_id.type_id != rule.type_id:
                raise ValidationError(self.env._("“%(case)s” is no case of “%(type)s”.", case=rule.subtype_id.name, type=rule.type_id.name))

    @api.constrains('domain', 'type_id')
    def _check_domain(self):
        for rule in self.filtered('domain'):
            if rule.res_model not in self.env:
                raise ValidationError(self.env._("The documents of “%s” are not installed yet: leave the filter empty.", rule.type_id.name))
            try:
                self.env[rule.res_model].sudo().search_count(rule._domain(), limit=1)
            except Exception as error:
                raise ValidationError(self.env._("“%s” is no filter of these documents.", rule.domain)) from error

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([{**vals, 'version': vals.get('version', 1) if self.env.su else 1} for vals in vals_list])

    def write(self, vals):
        # Where it stands among the rules and what it is called is not what it decides.
        if not vals.keys() <= {'active', 'sequence', 'name', 'note', 'message_follower_ids'}:
            self._check_free_to_change()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        self._check_free_to_change()
        if used := self.filtered(lambda rule: rule.sudo().request_count):
            raise UserError(self.env._("“%s” has decided on documents and is kept: archive it instead.", used[0].display_name))

    def _check_free_to_change(self):
        """:raise UserError: where requests of a rule are running"""
        running = self.env['property.approval.request'].sudo()._read_group(
            [('rule_id', 'in', self.ids), ('state', '=', 'pending')], ['rule_id'], ['__count'], limit=1)
        for rule, count in running:
            raise UserError(self.env._(
                "%(count)s requests are running by “%(rule)s”: make a new version of it, they go on by this one.",
                count=count, rule=rule.display_name))

    # ------------------------------------------------------------------ actions

    def action_new_version(self):
        """Archive this version and open the next one; what is running goes on by this one."""
        self.ensure_one()
        self.check_access('write')
        if not self.active:
            raise UserError(self.env._("“%s” is archived: make the next version of the one that is in force.", self.display_name))
        following = self.sudo().copy({'name': self.name, 'version': self.version + 1, 'previous_id': self.id}).sudo(self.env.su)
        self.active = False
        return following._get_records_action()

    def action_view_requests(self):
        self.ensure_one()
        action = self.env['ir.actions.act_window']._for_xml_id('property_base.property_approval_request_action')
        return {**action, 'domain': [('rule_id', '=', self.id)], 'context': {}}

    def action_simulate(self):
        self.ensure_one()
        action = self.env['ir.actions.act_window']._for_xml_id('property_base.property_approval_simulation_action')
        return {**action, 'context': {'default_type_id': self.type_id.id}}

    # ------------------------------------------------------------------ which rule

    @api.model
    def _of_documents(self, documents):
        """:return: the rules of their kind, as superuser, in the order in which they are tried"""
        rules = self.sudo().search([('type_id.code', '=', documents._approval_type)])
        # A company's own rule comes before everybody's.
        return rules.sorted(lambda rule: not rule.company_id)

    def _for_document(self, document, figures):
        """The first of these rules that fits.

        :param document: a record of ``property.approval.mixin``
        :param dict figures: its figures, metric code → number
        :return: the rule; empty where none fits
        """
        company, subtype = document._approval_company(), document._approval_subtype()
        return next((
            rule for rule in self
            if (not rule.company_id or rule.company_id == company) and (not rule.subtype_id or rule.subtype_id.code == subtype)
            and rule._fits(document, figures)), self.browse())

    def _fits(self, document, figures):
        self.ensure_one()
        if self.domain and not document.sudo().filtered_domain(self._domain()):
            return False
        return _match(self.match, self.condition_ids, document, figures)

    def _domain(self):
        return Domain(safe_eval(self.domain))

    def _steps_for(self, document, figures):
        """:return: the steps of this rule that a document with these figures takes"""
        self.ensure_one()
        return self.step_ids.filtered(lambda step: _match(step.match, step.condition_ids, document, figures))


def _match(match, conditions, document, figures):
    if not conditions:
        return True
    return (all if match == 'all' else any)(condition._holds(document, figures) for condition in conditions)
