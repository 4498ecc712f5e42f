from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError


class PropertyApprovalStep(models.Model):
    """One step of an approval rule: who decides, when it applies, and by when. Steps of equal sequence run side by side."""

    _name = 'property.approval.step'
    _description = 'Step of an Approval Rule'
    _order = 'rule_id, sequence, id'

    rule_id = fields.Many2one('property.approval.rule', required=True, ondelete='cascade', index=True)
    type_id = fields.Many2one(related='rule_id.type_id')
    res_model = fields.Char(related='rule_id.type_id.res_model')
    sequence = fields.Integer(default=10, required=True, help="Steps of equal sequence run side by side.")
    name = fields.Char("Title", translate=True, help="Empty: the post.")
    approver = fields.Selection([
        ('group', "A post"), ('users', "Named persons"), ('field', "A person named in the document"),
    ], "Who Decides", required=True, default='group')
    group_id = fields.Many2one('res.groups', "Post", ondelete='restrict')
    user_ids = fields.Many2many('res.users', string="Persons", domain="[('share', '=', False)]")
    field_path = fields.Char("Field of the Document", help="Such as project_id.manager_id.")
    quorum = fields.Integer("How Many Must Agree", default=1, required=True)
    stand_in_group_id = fields.Many2one(
        'res.groups', "Stands In", ondelete='restrict',
        help="Decides where nobody else may (the only approver asked himself), and when the step is overdue.")
    match = fields.Selection(
        [('all', "All conditions hold"), ('any', "Any condition holds")], "Conditions", required=True, default='all')
    condition_ids = fields.One2many('property.approval.condition', 'step_id', "Applies When", copy=True)
    condition_text = fields.Char("Applies", compute='_compute_condition_text')
    may_limit = fields.Boolean("May Grant Less", help="The approver may agree to less than was asked; that limit then binds.")
    clock_kind_id = fields.Many2one('property.clock.kind', "Deadline", ondelete='restrict')

    _approver_named = models.Constraint(
        "CHECK (approver != 'group' OR group_id IS NOT NULL)", "Choose the post that decides on the step.")
    _field_named = models.Constraint(
        "CHECK (approver != 'field' OR COALESCE(field_path, '') != '')", "Choose the field of the document that names the approver.")
    _quorum_positive = models.Constraint('CHECK (quorum BETWEEN 1 AND 50)', "At least one person must agree, and fifty are plenty.")

    @api.depends('condition_ids.display_name', 'match')
    @api.depends_context('lang')
    def _compute_condition_text(self):
        for step in self:
            joint = self.env._(" and ") if step.match == 'all' else self.env._(" or ")
            step.condition_text = joint.join(step.condition_ids.mapped('display_name')) or self.env._("Always")

    @api.depends('name', 'group_id.name', 'user_ids.name', 'field_path')
    @api.depends_context('lang')
    def _compute_display_name(self):
        for step in self:
            step.display_name = step.name or step.group_id.sudo().name or ', '.join(step.user_ids.mapped('name')) or step.field_path

    @api.constrains('approver', 'field_path', 'rule_id')
    def _check_field_path(self):
        for step in self:
            if step.approver == 'field' and step.res_model in self.env and not step._path_leads_to_users():
                raise ValidationError(self.env._(
                    "“%s” leads to no person: choose a field of the document that names a user.", step.field_path))

    @api.model_create_multi
    def create(self, vals_list):
        steps = super().create(vals_list)
        steps.rule_id._check_free_to_change()
        return steps

    def write(self, vals):
        self.rule_id._check_free_to_change()
        result = super().write(vals)
        # Nor does a step come to another rule that has requests running.
        if 'rule_id' in vals:
            self.rule_id._check_free_to_change()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_running(self):
        self.rule_id._check_free_to_change()

    # ------------------------------------------------------------------ who

    def _path_leads_to_users(self):
        model = self.env[self.res_model]
        for name in self.field_path.split('.'):
            field = model._fields.get(name)
            if field is None or not field.relational:
                return False
            model = self.env[field.comodel_name]
        return model._name == 'res.users'

    def _who(self):
        """:return: the post or the persons that the step asks, in words"""
        self.ensure_one()
        return self.group_id.name if self.approver == 'group' else ', '.join(self.user_ids.mapped('name')) or self.display_name

    def _people(self, document, company):
        """:return: who may decide on the step for a document of the company"""
        self.ensure_one()
        if self.approver == 'field':
            users = document.sudo().mapped(self.field_path)
        else:
            users = self.group_id.sudo().all_user_ids if self.approver == 'group' else self.user_ids
        return users.filtered(lambda user: _may_decide(user, company))

    def _warning(self, company):
        """:return: why nobody could decide on the step, in one sentence, or nothing"""
        self.ensure_one()
        if self.approver == 'field':
            return None
        people = self._people(None, company)
        standing_in = self.stand_in_group_id.sudo().all_user_ids.filtered(lambda user: _may_decide(user, company))
        if len(people) >= self.quorum or standing_in and self.quorum == 1:
            return None
        if people:
            return self.env._("Step “%(step)s” needs %(quorum)s persons, and there are %(count)s.",
                              step=self.display_name, quorum=self.quorum, count=len(people))
        return self.env._("Nobody of %(company)s can decide on the step “%(step)s”.", company=company.name, step=self.display_name)

    def _prepare_request_step_vals(self, document):
        """What a request keeps of the step.

        :raise UserError: where nobody can take it for this document
        """
        self.ensure_one()
        company, requester = document._approval_company(), self.env.user
        candidates = self._people(document, company) - requester
        standing_in = False
        if len(candidates) < self.quorum:
            standing_in = self.quorum == 1 and any(
                user != requester and _may_decide(user, company) for user in self.stand_in_group_id.all_user_ids)
            if not standing_in:
                raise UserError(self.env._(
                    "Nobody can take the step “%(step)s” of “%(rule)s” for %(document)s: ask the administrator to name an approver.",
                    step=self.display_name, rule=self.rule_id.display_name, document=document.display_name))
        return {
            'step_id': self.id,
            'name': {
                code: self.with_context(lang=code).display_name for code in {'en_US', *dict(self.env['res.lang'].get_installed())}},
            'sequence': self.sequence,
            'approver': self.approver,
            'group_id': self.group_id.id if self.approver == 'group' else False,
            'user_ids': candidates.ids if self.approver != 'group' else [],
            'stand_in_group_id': self.stand_in_group_id.id,
            'standing_in': standing_in,
            'quorum': self.quorum,
            'may_limit': self.may_limit,
            'clock_kind_id': self.clock_kind_id.id,
        }


def _may_decide(user, company):
    """Whether somebody decides on documents of the company at all: an auditor changes nothing, whatever names him."""
    return user.active and not user.share and user.id != 1 and company in user.company_ids and user.has_group(
        'property_base.group_approver')
