from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import SQL

from ..tools.table_objects import AppendOnly, Triggers

OPEN_STEPS = ('waiting', 'pending')


class PropertyApprovalRequest(models.Model):
    """One submission of one document: what was asked, frozen, and how it was decided.

    A document that comes back and is submitted again has a further request; the earlier ones stay as they were.
    """

    _name = 'property.approval.request'
    _description = 'Approval Request'
    _inherit = ['property.guarded.mixin', 'property.state.mixin']
    _order = 'id desc'
    _rec_name = 'document_name'
    _transitions = {
        'pending': ('approved', 'returned', 'rejected', 'withdrawn', 'reset'),
        'approved': (),
        'returned': (),
        'rejected': (),
        'withdrawn': (),
        'reset': (),
    }

    type_id = fields.Many2one('property.approval.type', "Kind of Document", required=True, readonly=True, ondelete='restrict', index=True)
    rule_id = fields.Many2one('property.approval.rule', required=True, readonly=True, ondelete='restrict', index=True)
    res_model = fields.Char("Document Model", required=True, readonly=True)
    res_id = fields.Many2oneReference("Document", model_field='res_model', required=True, readonly=True)
    document_name = fields.Char("Document Number", required=True, readonly=True, index='trigram')
    company_id = fields.Many2one('res.company', required=True, readonly=True, ondelete='restrict')
    requester_id = fields.Many2one('res.users', "Asked By", required=True, readonly=True, ondelete='restrict')
    round = fields.Integer(
        required=True, readonly=True, aggregator=None, help="How often the document has been submitted, this time included.")
    submitted_at = fields.Datetime(required=True, readonly=True)
    decided_at = fields.Datetime("Ended At", readonly=True)
    state = fields.Selection([
        ('pending', "In Approval"), ('approved', "Approved"), ('returned', "Returned"), ('rejected', "Rejected"),
        ('withdrawn', "Withdrawn"), ('reset', "Edited Again"),
    ], required=True, readonly=True, copy=False, default='pending')
    end_note = fields.Char(readonly=True, help="Why it was withdrawn.")
    # Values may be ones that not everybody may see: read through what is computed from them only.
    snapshot = fields.Json(readonly=True, groups=fields.NO_ACCESS)
    key_figures = fields.Json("Key Figures as Submitted", readonly=True, groups=fields.NO_ACCESS)
    asked = fields.Float(readonly=True, digits=(16, 4), aggregator=None, groups=fields.NO_ACCESS)
    granted = fields.Float(readonly=True, digits=(16, 4), aggregator=None)
    decision_count = fields.Integer(readonly=True, default=0)
    step_ids = fields.One2many('property.approval.request.step', 'request_id', "Steps", readonly=True)
    decision_ids = fields.One2many('property.approval.decision', 'request_id', "Decisions", readonly=True)
    summary = fields.Char("Key Figures", compute='_compute_summary')
    figures = fields.Json(compute='_compute_summary')
    values = fields.Json(compute='_compute_values', help="Every value as the approvers saw it, with the one before and the one today.")
    ribbon = fields.Json(compute='_compute_ribbon')
    waiting_for = fields.Char(compute='_compute_waiting_for')
    can_withdraw = fields.Boolean(compute='_compute_can_withdraw')

    _running_uniq = models.UniqueIndex(
        "(res_model, res_id) WHERE state = 'pending'", "This document is in approval already.")
    _round_uniq = models.UniqueIndex('(res_model, res_id, round)', "This submission has been recorded already.")
    _requester_idx = models.Index("(requester_id, id)")
    _company_state_idx = models.Index("(company_id, state, id)")
    _append_only = AppendOnly(
        'type_id', 'rule_id', 'res_model', 'res_id', 'document_name', 'company_id', 'requester_id', 'round', 'submitted_at', 'snapshot',
        'key_figures', 'asked', 'create_uid', 'create_date', message="What was submitted for approval is never changed or deleted.")
    # An end is an end, and only full agreement is approval, whatever code says so.
    _ends_once = Triggers(
        "BEFORE UPDATE OF state ON {table} FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state)"
        " EXECUTE FUNCTION property_approval_ends('{name}')",
        function="""
            CREATE OR REPLACE FUNCTION property_approval_ends() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF OLD.state != 'pending' OR NEW.state = 'approved' AND EXISTS (
                    SELECT FROM property_approval_request_step s WHERE s.request_id = NEW.id AND s.quorum > (
                        SELECT count(*) FROM property_approval_decision d WHERE d.request_step_id = s.id AND d.kind = 'agree')
                ) THEN
                    RAISE EXCEPTION 'refused by %', TG_ARGV[0]
                        USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME, CONSTRAINT = TG_ARGV[0];
                END IF;
                RETURN NEW;
            END $$""",
        message="A request is approved by the decisions on all of its steps, and ends once.")

    def _guard_sentence(self):
        return self.env._("An approval moves by submitting, deciding and withdrawing, not by editing it.")

    # ------------------------------------------------------------------ what is shown

    def _document(self):
        """:return: the document, as superuser; empty where its model is gone"""
        self.ensure_one()
        if self.res_model not in self.env:
            return None
        siblings = self.browse(self._prefetch_ids).filtered(lambda request: request.res_model == self.res_model)
        return self.env[self.res_model].sudo().browse(self.res_id).with_prefetch(siblings.mapped('res_id'))

    @api.depends('key_figures')
    @api.depends_context('uid', 'lang')
    def _compute_summary(self):
        for request in self:
            request.figures = request._readable(request.sudo().key_figures or [])
            request.summary = ' · '.join(f"{label} {text}" for _name, label, text in request.figures)

    def _summaries(self):
        """The key figures in a line, in every language; what only some may see is not among them.

        :return: dict of language code → text
        """
        self.ensure_one()
        model = self.env[self.res_model]
        open_to_all = [[name, raw] for name, raw in self.key_figures or [] if not model._approval_is_restricted(name)]
        texts = {}
        for code in {'en_US', *dict(self.env['res.lang'].get_installed())}:
            translated = model.with_context(lang=code)
            texts[code] = ' · '.join(
                f"{translated._approval_label(name)} {translated._approval_text(name, raw)}" for name, raw in open_to_all)
        return texts

    def _readable(self, values):
        """:return: list of [field, label, text] of those stored [field, raw value] that the user may read"""
        if self.res_model not in self.env:
            return []
        model = self.env[self.res_model]
        return [[name, model._approval_label(name), model._approval_text(name, raw)]
                for name, raw in values if model._approval_may_read(name)]

    @api.depends('snapshot')
    @api.depends_context('uid', 'lang')
    def _compute_values(self):
        for request in self:
            document = request._document()
            before = request._previous()
            before = {name: text for name, _label, text in before._readable(before.sudo().snapshot or [])} if before else {}
            now = {}
            if document is not None and document.exists():
                now = {name: text for name, _label, text in request._readable(document._approval_snapshot())}
            request.values = [
                {'name': name, 'label': label, 'before': before.get(name), 'then': text, 'now': now.get(name),
                 'edited': name in before and before[name] != text, 'since': name in now and now[name] != text}
                for name, label, text in request._readable(request.sudo().snapshot or [])]

    def _previous(self):
        self.ensure_one()
        return self.sudo().search([
            ('res_model', '=', self.res_model), ('res_id', '=', self.res_id), ('round', '<', self.round)], order='round desc', limit=1)

    @api.depends('step_ids.state', 'decision_ids', 'state')
    @api.depends_context('uid', 'lang')
    def _compute_ribbon(self):
        for request in self:
            request.ribbon = request.sudo()._ribbon()

    def _ribbon(self):
        """What the row of steps on a document shows.

        :return: dict of state, requester, submitted (UTC text), round, steps
        """
        self.ensure_one()
        return {
            'state': self.state,
            'state_label': self._state_label(self.state),
            'requester': self.requester_id.name,
            'submitted': fields.Datetime.to_string(self.submitted_at),
            'ended': fields.Datetime.to_string(self.decided_at) if self.decided_at else False,
            'note': self.end_note or False,
            'round': self.round,
            'steps': [step._ribbon() for step in self.step_ids],
        }

    @api.depends('step_ids.state')
    def _compute_waiting_for(self):
        for request in self:
            request.waiting_for = ', '.join(
                step._who() for step in request.sudo().step_ids if step.state == 'pending') if request.state == 'pending' else False

    @api.depends('state', 'requester_id')
    @api.depends_context('uid')
    def _compute_can_withdraw(self):
        for request in self:
            request.can_withdraw = request.state == 'pending' and request.requester_id == self.env.user

    # ------------------------------------------------------------------ submitting

    @api.model
    def _submit(self, documents):
        """Freeze what is asked, move the documents, and ask the first approvers.

        :param documents: records of one model of ``property.approval.mixin``
        :return: the requests, as superuser
        :raise UserError: one sentence; nothing is submitted then
        """
        rules = self.env['property.approval.rule']._of_documents(documents)
        plans = [self._plan(document, rules) for document in documents]
        approval_type = self.env['property.approval.type']._by_code(documents._approval_type)
        rounds = dict(self.sudo()._read_group(
            [('res_model', '=', documents._name), ('res_id', 'in', documents.ids)], ['res_id'], ['round:max']))
        documents._transition(documents._approval_submitted_state)
        now = fields.Datetime.now()
        requests = self._permitted().create([{
            'type_id': approval_type.id,
            'rule_id': rule.id,
            'res_model': document._name,
            'res_id': document.id,
            'document_name': document._approval_name(),
            'company_id': document._approval_company().id,
            'requester_id': self.env.uid,
            'round': rounds.get(document.id, 0) + 1,
            'submitted_at': now,
            'snapshot': document.sudo()._approval_snapshot(),
            'key_figures': document.sudo()._approval_key_figures(),
            'asked': document._approval_asked(),
        } for document, (rule, _steps) in zip(documents, plans, strict=True)])
        requests = requests.with_context(property_permit=None)
        self.env['property.approval.request.step']._insert([{
            **vals,
            'request_id': request.id,
            'type_id': approval_type.id,
            'res_model': request.res_model,
            'res_id': request.res_id,
            'document_name': request.document_name,
            'company_id': request.company_id.id,
            'requester_id': self.env.uid,
            'round': request.round,
            'allow_bulk': rule.allow_bulk,
            'summary': request._summaries(),
        } for request, (rule, steps) in zip(requests, plans, strict=True) for vals in steps])
        requests.invalidate_recordset(['step_ids'])
        requests._go_on()
        return requests

    @api.model
    def _plan(self, document, rules):
        """:return: (rule, list of values of the request's steps)"""
        figures = document.sudo()._approval_figures()
        rule = rules._for_document(document, figures)
        if not rule:
            raise UserError(self.env._(
                "No approval rule fits %s: ask the administrator to make one.", document.display_name))
        if rule.refusal:
            raise UserError(rule.refusal)
        steps = [step._prepare_request_step_vals(document) for step in rule._steps_for(document.sudo(), figures)]
        if not steps and not rule.automatic:
            raise UserError(self.env._(
                "No step of “%(rule)s” applies to %(document)s: ask the administrator to mend the rule.",
                rule=rule.display_name, document=document.display_name))
        return rule, steps

    def _go_on(self):
        """Start the next steps of running requests; approve those that have none left."""
        started = self.env['property.approval.request.step']
        approved = self.browse()
        for request in self:
            steps = request.step_ids
            if steps.filtered(lambda step: step.state == 'pending'):
                continue
            waiting = steps.filtered(lambda step: step.state == 'waiting')
            if waiting:
                sequence = min(waiting.mapped('sequence'))
                started += waiting.filtered(lambda step, sequence=sequence: step.sequence == sequence)
            else:
                approved += request
        approved._approve()
        started._start()

    # ------------------------------------------------------------------ ending

    def _approve(self):
        """All steps agree: the document acts on it, in this very transaction and with the approver as user."""
        if not self:
            return
        self._end('approved')
        for request in self:
            document = request._document()
            if request.granted:
                document._approval_limit(request.granted)
            document._on_approved()
        self._tell_requester()

    def _end(self, state, note=False):
        """End the requests; what nobody decided any more is skipped, and nobody is asked any longer."""
        left = self.step_ids.filtered(lambda step: step.state in OPEN_STEPS)
        left._close('skipped')
        self._permitted()._transition(state, decided_at=fields.Datetime.now(), end_note=note)
        # In the database before the document may be submitted again.
        self.flush_recordset(['state'])

    def _withdraw(self, note=False):
        for request in self:
            if request.state != 'pending':
                raise UserError(request._ended_sentence())
            if request.requester_id != self.env.user and not self.env.su:
                raise UserError(self.env._("%s was submitted by somebody else: only whoever asked withdraws.", request.document_name))
        self.sudo()._lock()
        self.sudo()._end('withdrawn', note)

    def _ended_sentence(self):
        self.ensure_one()
        return self.env._(
            "The approval of %(document)s is “%(state)s”: there is nothing to decide any more.",
            document=self.document_name, state=self._state_label(self.state))

    def _lock(self):
        """Of two that decide at one moment the second starts over and sees what the first did.

        :raise UserError: where the approval has ended
        """
        self.flush_recordset()
        for request in self:
            self.env.cr.execute(SQL(
                "UPDATE property_approval_request SET decision_count = decision_count + 1 WHERE id = %s AND state = 'pending'", request.id))
            if not self.env.cr.rowcount:
                raise UserError(request._ended_sentence())
        self.invalidate_recordset(['decision_count'])

    def action_withdraw(self):
        """Take the document back before it is decided."""
        for request in self:
            request._document().with_user(self.env.user).sudo(False).action_withdraw()
        return True

    def action_open_document(self):
        self.ensure_one()
        return {'type': 'ir.actions.act_window', 'res_model': self.res_model, 'res_id': self.res_id, 'views': [(False, 'form')]}

    # ------------------------------------------------------------------ telling people

    def _tell_requester(self):
        """Whoever asked reads how it ended; what came back is a task of his."""
        todos, mails = [], defaultdict(list)
        for request in self:
            requester = request.requester_id
            if requester == self.env.user or not requester.active or requester.id == 1:
                continue
            in_his_language = request.with_context(lang=requester.lang)
            opinion = request.decision_ids[-1:].opinion if request.state in ('returned', 'rejected') else False
            text = in_his_language.env._("%(document)s: %(state)s", document=request.document_name,
                                         state=in_his_language._state_label(request.state))
            if request.state == 'returned':
                todos.append((request._document(), requester, lambda _env, text=text, opinion=opinion: f'{text}: {opinion}'))
            mails[requester].append((request, text, opinion))
        self.env['property.workflow.mixin'].sudo()._make_todos(todos)
        self._queue_mails(mails)

    @api.model
    def _queue_mails(self, mails):
        """One mail a person, whatever number of documents it is about; sent by Odoo's mail queue.

        :param dict mails: user → list of (request, text, opinion or False)
        """
        values = []
        for user, lines in mails.items():
            if not user.email or user.notification_type != 'email':
                continue
            env = self.with_context(lang=user.lang).env
            values.append({
                'subject': lines[0][1] if len(lines) == 1 else env._("%s approvals", len(lines)),
                'body_html': env['ir.qweb']._render('property_base.approval_mail', {
                    'user': user, 'base_url': self.browse().get_base_url(), 'lines': [{
                        'text': text, 'opinion': opinion,
                        'figures': request.with_user(user).with_context(lang=user.lang).sudo(False).figures,
                        'url': f'/mail/view?model={request.res_model}&res_id={request.res_id}',
                    } for request, text, opinion in lines]}, minimal_qcontext=True, raise_if_not_found=False),
                'recipient_ids': [Command.link(user.partner_id.id)],
                'author_id': self.env.user.partner_id.id,
                'email_from': self.env.user.email_formatted or self.env.company.email_formatted,
                'auto_delete': True,
            })
        if values:
            self.env['mail.mail'].sudo().create(values)
