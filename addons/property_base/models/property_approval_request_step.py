import json
from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools import local_time
from ..tools.table_objects import AppendOnly
from .property_approval_step import _may_decide


class PropertyApprovalRequestStep(models.Model):
    """One step of a running or past approval, as the rule had it when the document was submitted."""

    _name = 'property.approval.request.step'
    _description = 'Step of an Approval'
    _inherit = ['property.guarded.mixin', 'property.state.mixin', 'property.clock.mixin']
    # Whoever has waited longest first; of one request, as they come.
    _order = 'started_at, id'
    _rec_name = 'document_name'
    _transitions = {
        'waiting': ('pending', 'skipped'),
        'pending': ('agreed', 'returned', 'rejected', 'skipped'),
        'agreed': (),
        'returned': (),
        'rejected': (),
        'skipped': (),
    }

    request_id = fields.Many2one('property.approval.request', required=True, readonly=True, ondelete='restrict', index=True)
    step_id = fields.Many2one('property.approval.step', readonly=True, ondelete='set null')
    # In the reader's language, without a computation: the approver's list is read all day.
    name = fields.Char("Step Name", readonly=True, translate=True)
    summary = fields.Char("Key Figures", readonly=True, translate=True)
    sequence = fields.Integer(required=True, readonly=True)
    # What lists of steps show and filter by, copied from the request: it never changes.
    type_id = fields.Many2one('property.approval.type', "Kind of Document", required=True, readonly=True, ondelete='restrict')
    res_model = fields.Char("Document Model", required=True, readonly=True)
    res_id = fields.Many2oneReference("Document", model_field='res_model', required=True, readonly=True)
    document_name = fields.Char("Document Number", required=True, readonly=True)
    company_id = fields.Many2one('res.company', required=True, readonly=True, ondelete='restrict')
    requester_id = fields.Many2one('res.users', "Asked By", required=True, readonly=True, ondelete='restrict')
    approver = fields.Selection([('group', "A post"), ('users', "Named persons"), ('field', "A person named in the document")],
                                required=True, readonly=True)
    group_id = fields.Many2one('res.groups', "Post", readonly=True, ondelete='restrict')
    stand_in_group_id = fields.Many2one('res.groups', "Stands In", readonly=True, ondelete='restrict')
    standing_in = fields.Boolean("Stand-in May Decide", readonly=True, help="Nobody else may, or the step is overdue.")
    user_ids = fields.Many2many('res.users', string="Persons", readonly=True)
    quorum = fields.Integer("How Many Must Agree", required=True, readonly=True, aggregator=None)
    may_limit = fields.Boolean("May Grant Less", readonly=True)
    allow_bulk = fields.Boolean("In Bulk", readonly=True)
    clock_kind_id = fields.Many2one('property.clock.kind', "Deadline", readonly=True, ondelete='restrict')
    state = fields.Selection([
        ('waiting', "Not Yet"), ('pending', "To Decide"), ('agreed', "Agreed"), ('returned', "Returned"), ('rejected', "Rejected"),
        ('skipped', "Not Needed Any More"),
    ], required=True, readonly=True, copy=False, default='waiting')
    started_at = fields.Datetime("Waiting Since", readonly=True)
    decided_at = fields.Datetime(readonly=True)
    due = fields.Datetime(readonly=True, help="By when it should be decided.")
    decision_ids = fields.One2many('property.approval.decision', 'request_step_id', readonly=True)
    request_state = fields.Selection(related='request_id.state', string="Approval")
    round = fields.Integer(readonly=True, aggregator=None)
    submitted_at = fields.Datetime(related='request_id.submitted_at')
    # Not as superuser: they hold what the reader may see.
    figures = fields.Json(related='request_id.figures', related_sudo=False)
    values = fields.Json(related='request_id.values', related_sudo=False)
    ribbon = fields.Json(related='request_id.ribbon')
    mine = fields.Boolean("Waits for Me", compute='_compute_mine', search='_search_mine')
    overdue = fields.Boolean(compute='_compute_overdue', search='_search_overdue')

    _request_idx = models.Index("(request_id, sequence, id)")
    _pending_idx = models.Index("(company_id, started_at, id) WHERE state = 'pending'")
    _append_only = AppendOnly(
        'request_id', 'name', 'summary', 'round', 'sequence', 'type_id', 'res_model', 'res_id', 'company_id', 'requester_id',
        'approver', 'group_id',
        'stand_in_group_id', 'quorum', 'may_limit', 'create_uid', 'create_date',
        message="The steps of an approval stay as they were when it was submitted.")

    def _guard_sentence(self):
        return self.env._("An approval moves by submitting, deciding and withdrawing, not by editing it.")

    @api.depends('due', 'state')
    def _compute_overdue(self):
        now = fields.Datetime.now()
        for step in self:
            step.overdue = step.state == 'pending' and bool(step.due) and step.due < now

    def _search_overdue(self, operator, value):
        if operator != 'in':
            return NotImplemented
        return Domain('state', '=', 'pending') & Domain('due', '<', fields.Datetime.now())

    # ------------------------------------------------------------------ whose turn it is

    @api.depends('state')
    @api.depends_context('uid')
    def _compute_mine(self):
        principals = self._my_principals()
        for step in self:
            step.mine = step.state == 'pending' and bool(step.sudo()._principal_of(principals))

    def _search_mine(self, operator, value):
        if operator != 'in' or set(value) != {True}:
            return NotImplemented
        if not self.env.user.has_group('property_base.group_approver'):
            return Domain.FALSE
        # In SQL: the list is opened all day, and its domain would be worked out anew for the rows and for their number.
        principals = self._my_principals()
        return Domain.custom(to_sql=lambda model, alias, _query: model._mine_sql(alias, principals), predicate=lambda step: step.mine)

    def _mine_sql(self, alias, principals):
        """:return: SQL condition: what :meth:`_principal_of` finds somebody for"""
        self.env['property.approval.decision'].flush_model(['request_step_id', 'principal_id', 'user_id'])
        step = {name: SQL.identifier(alias, name, to_flush=self._fields[name]) for name in (
            'id', 'state', 'group_id', 'standing_in', 'stand_in_group_id', 'requester_id', 'quorum', 'company_id', 'type_id', 'request_id')}
        named = self._fields['user_ids']
        turns = []
        for principal, types in principals.items():
            companies = set(principal._get_company_ids()) & set(self.env.user._get_company_ids())
            turns.append(SQL(
                """(%(group_id)s IN %(groups)s OR %(standing_in)s AND %(stand_in_group_id)s IN %(groups)s
                    OR EXISTS (SELECT FROM %(named)s n WHERE n.%(named_step)s = %(id)s AND n.%(named_user)s = %(principal)s))
                AND %(requester_id)s NOT IN %(own)s AND %(company_id)s IN %(companies)s
                AND (%(quorum)s = 1 OR NOT EXISTS (
                    SELECT FROM property_approval_decision d
                    WHERE d.request_step_id = %(id)s AND (d.principal_id = %(principal)s OR d.user_id = %(me)s)))
                AND %(of_type)s AND %(delegated)s""",
                **step, groups=tuple(principal.sudo()._get_group_ids()), own=(principal.id, self.env.uid), me=self.env.uid,
                principal=principal.id, companies=tuple(companies) or (0,), named=SQL.identifier(named.relation),
                named_step=SQL.identifier(named.column1), named_user=SQL.identifier(named.column2),
                of_type=SQL("%s IN %s", step['type_id'], tuple(types)) if types else SQL("TRUE"),
                delegated=SQL("TRUE") if principal == self.env.user else SQL(
                    "EXISTS (SELECT FROM property_approval_request r JOIN property_approval_rule l ON l.id = r.rule_id"
                    " WHERE r.id = %s AND l.allow_delegate)", step['request_id'])))
        return SQL("(%s = 'pending' AND (%s))", step['state'], SQL(" OR ").join(SQL("(%s)", turn) for turn in turns))

    @api.model
    def _my_principals(self):
        """:return: dict of user → ids of the kinds of document (none: all); the user himself comes first"""
        return {self.env.user: set(), **self.env['property.approval.delegation']._principals(self.env.user)}

    def _principal_of(self, principals=None):
        """On whose behalf the user may decide on the step.

        :return: res.users, empty where it is not his turn
        """
        self.ensure_one()
        me, nobody = self.env.user, self.env['res.users']
        if self.requester_id == me or not _may_decide(me, self.company_id) or me in self.decision_ids.user_id:
            return nobody
        for principal, types in (self._my_principals() if principals is None else principals).items():
            if principal == self.requester_id or types and self.type_id.id not in types:
                continue
            if principal != me and not self.request_id.rule_id.allow_delegate:
                continue
            if self._is_up_to(principal) and principal not in self.decision_ids.principal_id:
                return principal
        return nobody

    def _is_up_to(self, user):
        """Whether the step names this user, by post or by name."""
        if not _may_decide(user, self.company_id):
            return False
        groups = user.sudo()._get_group_ids()
        return self.group_id.id in groups or user in self.user_ids or self.standing_in and self.stand_in_group_id.id in groups

    def _able(self, users):
        """:return: those of the users who may decide on the step, if it names them"""
        users = users.filtered(lambda user: _may_decide(user, self.company_id))
        return users - self.decision_ids.principal_id - self.decision_ids.user_id - self.requester_id

    def _named_users(self):
        """:return: the users whom the step names and who may decide"""
        self.ensure_one()
        users = self.group_id.all_user_ids | self.user_ids
        return self._able(users | self.stand_in_group_id.all_user_ids if self.standing_in else users)

    def _asked_users(self):
        """:return: the users whom the step asks; whoever stands in for one that is away comes in his place"""
        asked = users = self._named_users()
        if self.request_id.rule_id.allow_delegate:
            for absent, delegates in self.env['property.approval.delegation']._delegates(users, self.type_id).items():
                # Where no stand-in may decide either, the absent person is the one who hears of it.
                if delegates := self._able(delegates):
                    asked = asked - absent | delegates
        return asked

    def _refusal(self, principals=None):
        """:return: why the user may not decide, in one sentence, or nothing"""
        self.ensure_one()
        if self.request_id.state != 'pending' or self.state not in ('waiting', 'pending'):
            if self.request_id.state == 'pending':
                return self.env._("The step “%(step)s” of %(document)s has been decided.", step=self.name, document=self.document_name)
            return self.request_id._ended_sentence()
        if self.requester_id == self.env.user:
            return self.env._("Nobody decides on an own request.")
        if self.state == 'pending' and self._principal_of(principals):
            return None
        if self.env.user in self.decision_ids.user_id:
            return self.env._("You have decided on %s already.", self.document_name)
        return self.env._("%(document)s waits for %(who)s: it is not your turn.", document=self.document_name,
                          who=self.request_id.waiting_for)

    def _who(self):
        self.ensure_one()
        return self.group_id.name if self.approver == 'group' else ', '.join(self.user_ids.mapped('name'))

    def _ribbon(self):
        return {
            'id': self.id,
            'sequence': self.sequence,
            'name': self.name,
            'state': self.state,
            'state_label': self._state_label(self.state),
            'who': self._who(),
            'quorum': self.quorum,
            'due': fields.Datetime.to_string(self.due) if self.due else False,
            'overdue': self.overdue,
            'standing_in': self.env._("or %s", self.stand_in_group_id.name) if self.standing_in and self.state == 'pending' else False,
            'decisions': [{
                'who': decision.user_id.name if decision.principal_id == decision.user_id else self.env._(
                    "%(user)s for %(principal)s", user=decision.user_id.name, principal=decision.principal_id.name),
                'kind': decision.kind,
                'kind_label': dict(decision._fields['kind']._description_selection(self.env))[decision.kind],
                'opinion': decision.opinion or False,
                'granted': decision.granted or False,
                'date': fields.Datetime.to_string(decision.date),
            } for decision in self.decision_ids],
        }

    # ------------------------------------------------------------------ starting and closing

    @api.model
    def _insert(self, vals_list):
        """Write the steps of new requests: in one statement, and what they are called in every language at once.

        :param vals_list: list of dicts of column → value; ``name`` and ``summary`` are dicts of language → text,
            ``user_ids`` a list of ids
        """
        if not vals_list:
            return
        self.env.flush_all()
        stamp = {'state': 'waiting', **dict.fromkeys(('create_uid', 'write_uid'), self.env.uid),
                 **dict.fromkeys(('create_date', 'write_date'), self.env.cr.now())}
        columns = [name for name in (*vals_list[0], *stamp) if name != 'user_ids']

        def value(name, vals):
            field, raw = self._fields[name], vals[name]
            if field.translate:
                return json.dumps(raw)
            return bool(raw) if field.type == 'boolean' else None if raw is False else raw
        rows = [SQL("%s", tuple(value(name, {**vals, **stamp}) for name in columns)) for vals in vals_list]
        ids = [row[0] for row in self.env.execute_query(SQL(
            "INSERT INTO property_approval_request_step (%s) VALUES %s RETURNING id",
            SQL(", ").join(map(SQL.identifier, columns)), SQL(", ").join(rows)))]
        named = [(step, user) for step, vals in zip(ids, vals_list, strict=True) for user in vals['user_ids']]
        if named:
            relation = self._fields['user_ids']
            self.env.cr.execute(SQL(
                "INSERT INTO %s (%s, %s) SELECT * FROM unnest(%s, %s)", SQL.identifier(relation.relation),
                SQL.identifier(relation.column1), SQL.identifier(relation.column2), *map(list, zip(*named, strict=True))))

    def _start(self):
        """It is their turn: the clocks run, and those who may decide hear of it."""
        if not self:
            return
        now = fields.Datetime.now()
        self._permitted()._transition('pending', started_at=now)
        for kind, steps in self.grouped('clock_kind_id').items():
            if kind:
                clocks = steps._start_clock(kind.code).sudo().grouped('res_id')
                for step in steps:
                    step._permitted().write({'due': clocks[step.id].due})
        self._open_to_stand_ins()
        self._ask()

    def _open_to_stand_ins(self):
        """Where those who were to decide have left since the submission, their stand-ins may.

        :return: the steps where it is so
        """
        deserted = self.browse()
        # One look for all that wait for the same people, of which there may be thousands. A step of one vote has none yet.
        closed = self.filtered(lambda step: step.stand_in_group_id and not step.standing_in and step.quorum == 1)
        for its in closed.grouped(lambda step: (step.group_id, step.user_ids, step.company_id, step.requester_id)).values():
            if not its[0]._named_users():
                deserted += its
        if deserted:
            deserted._permitted().write({'standing_in': True})
        return deserted

    @api.model
    def _cron_open_to_stand_ins(self):
        """People leave and change posts while requests wait for them."""
        self.sudo().search([
            ('state', '=', 'pending'), ('standing_in', '=', False), ('stand_in_group_id', '!=', False), ('quorum', '=', 1),
        ])._open_to_stand_ins()._ask()

    def _ask(self):
        """Activities and mails for whoever may decide; one statement for all, whatever number of documents."""
        todos, mails = [], defaultdict(list)
        for step in self:
            day = local_time.local_date(step.due) if step.due else None
            for user in step._asked_users():
                todos.append((
                    step.request_id._document(), user, lambda env, step=step: env._("To approve: %s", step.document_name), day, step.id))
                mails[user].append((step.request_id, self.with_context(lang=user.lang).env._("To approve: %s", step.document_name), False))
        self.env['property.workflow.mixin'].sudo()._make_todos(
            todos, self.env['ir.model.data']._xmlid_to_res_id('property_base.mail_activity_type_approval'))
        self.env['property.approval.request']._queue_mails(mails)

    def _drop_asking(self, users=None):
        """Nobody is asked any longer for what is decided."""
        condition = SQL("approval_step_id IN %s", tuple(self.ids))
        if users is not None:
            condition = SQL("%s AND user_id IN %s", condition, tuple(users.ids))
        self.env['property.workflow.mixin'].sudo()._delete_todos(condition)

    def _close(self, state):
        """End the steps: their clocks stop, their activities go."""
        if not self:
            return
        clocked = self.filtered('due')
        if state == 'skipped':
            clocked._cancel_clock()
        else:
            for kind, steps in clocked.grouped('clock_kind_id').items():
                steps._stop_clock(kind.code)
        self._drop_asking()
        self._permitted()._transition(state, decided_at=fields.Datetime.now())

    # ------------------------------------------------------------------ deciding

    def _decide(self, kind, opinion=False, granted=None):
        """Record the user's decision on each of the steps and act on it.

        :param str kind: agree, return or reject
        :param granted: less than was asked, where the step may grant less
        :raise UserError: one sentence; nothing is decided then
        """
        steps, principals = self.sudo(), self._my_principals()
        ended = self.env['property.approval.request'].sudo()
        for step in steps:
            step.request_id._lock()
            step.invalidate_recordset(['state'])
            if refusal := step._refusal(principals):
                raise UserError(refusal)
            step._check_decision(kind, opinion, granted)
            principal = step._principal_of(principals)
            self.env['property.approval.decision']._permitted().create({
                'request_id': step.request_id.id,
                'request_step_id': step.id,
                'company_id': step.company_id.id,
                'requester_id': step.requester_id.id,
                'user_id': self.env.uid,
                'principal_id': principal.id,
                'kind': kind,
                'opinion': opinion or False,
                'granted': granted or 0,
                'date': fields.Datetime.now(),
            })
            if granted:
                step.request_id._permitted().write({'granted': granted})
            if kind == 'agree':
                if len(step.decision_ids) < step.quorum:
                    step._drop_asking(self.env.user | principal)
                else:
                    step._close('agreed')
            else:
                step._close('returned' if kind == 'return' else 'rejected')
                step._send_back(kind)
                ended += step.request_id
        (steps.request_id - ended)._go_on()
        ended._tell_requester()

    def _check_decision(self, kind, opinion, granted):
        self.ensure_one()
        request, rule = self.request_id, self.request_id.rule_id
        if kind not in ('agree', 'return', 'reject'):
            raise UserError(self.env._("Agree, return or reject: there is no other decision."))
        if kind == 'return' and not rule.allow_return or kind == 'reject' and not rule.allow_reject:
            raise UserError(self.env._(
                "By “%(rule)s” %(document)s cannot be returned or rejected in this way.",
                rule=rule.display_name, document=request.document_name))
        if kind != 'agree' and not (opinion or '').strip():
            raise UserError(self.env._("Say why it is returned or rejected."))
        document = request._document()
        if document is None or not document.exists():
            raise UserError(self.env._("%s no longer exists.", request.document_name))
        if kind == 'agree' and (changed := document._approval_changes(request.snapshot)):
            raise UserError(self.env._(
                "%(document)s is no longer what was submitted (%(fields)s): return it to be submitted again.",
                document=request.document_name, fields=', '.join(changed)))
        if granted:
            limit = request.granted or request.asked
            if kind != 'agree' or not self.may_limit or not document._approval_limit_field:
                raise UserError(self.env._("The step “%s” does not grant less than was asked.", self.name))
            if not 0 < granted <= limit:
                raise UserError(self.env._(
                    "Grant more than nothing and at most %s.", document._approval_text(document._approval_limit_field, limit)))

    def _send_back(self, kind):
        """The document goes back to its requester, or is refused for good."""
        request = self.request_id
        request._end('returned' if kind == 'return' else 'rejected')
        document = request._document()
        if kind == 'return':
            document._transition(document._approval_returned_state)
            document._on_returned()
        else:
            document._transition(document._approval_rejected_state)
            document._on_rejected()

    # ------------------------------------------------------------------ actions

    def action_agree(self):
        """Agree to all of them, from the list."""
        self.check_access('read')
        self._check_bulk()
        self._decide('agree')
        return True

    def _check_bulk(self):
        """:raise UserError: where they cannot be agreed to at once"""
        if not self:
            raise UserError(self.env._("Choose what to decide on first."))
        if len(self) > 1 and (single := self.sudo().filtered(lambda step: not step.allow_bulk)):
            raise UserError(self.env._("%s is decided one at a time: open it.", single[0].document_name))

    def action_decide(self):
        """Open the window to agree, return or reject with an opinion."""
        self.check_access('read')
        for step in self:
            if refusal := step.sudo()._refusal():
                raise UserError(refusal)
        action = self.env['ir.actions.act_window']._for_xml_id('property_base.property_approval_decide_action')
        return {**action, 'context': {'default_request_step_ids': self.ids, **{
            f'default_{name}': value for name, value in self.env.context.items() if name == 'kind'}}}

    def action_open_document(self):
        self.ensure_one()
        return self.request_id.action_open_document()

    # ------------------------------------------------------------------ the step's deadline

    def _clock_company(self):
        return self.company_id

    def _clock_subject(self):
        return f'{self.document_name} · {self.name}'

    def _clock_responsible(self, kind):
        users = self.sudo()._asked_users()
        return users if len(users) == 1 else users.browse()

    def _clock_reminded(self, clock):
        return self._asked_users()

    def _clock_has_escalation(self, kind):
        return bool(self.stand_in_group_id or kind.escalation_group_id)

    def _clock_escalates_to(self, clock):
        return (self.stand_in_group_id or clock.kind_id.escalation_group_id).all_user_ids - self.requester_id

    def _clock_shown_on(self):
        return self.env[self.res_model].browse(self.res_id) if self.res_model in self.env else self

    def _on_clock_escalated(self):
        steps = self.filtered(lambda step: step.state == 'pending' and step.stand_in_group_id and not step.standing_in)
        for step in steps:
            step._permitted().write({'standing_in': True})
