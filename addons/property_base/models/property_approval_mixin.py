import hashlib
import json

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import float_repr, format_date, format_datetime, formatLang

from ..tools.local_time import today
from ..tools.permit import Permit

# Of a long list the snapshot keeps how many there were and a checksum.
LONGEST_LIST = 200


class PropertyApprovalMixin(models.AbstractModel):
    """A document that is decided on by the rules of its kind before anything happens.

    The model declares :attr:`_approval_type` and its states, implements :meth:`_approval_guarded_fields` and
    :meth:`_on_approved`, and calls :meth:`action_submit` only. What is guarded is frozen from the submission on.
    """

    _name = 'property.approval.mixin'
    _description = 'Document with approvals'
    _inherit = ['property.workflow.mixin']

    #: Code of the property.approval.type.
    _approval_type = None
    #: Where the document waits, goes back to when it is returned or withdrawn, and ends when it is rejected.
    _approval_submitted_state = 'submitted'
    _approval_returned_state = 'draft'
    _approval_rejected_state = 'rejected'
    #: States in which guarded fields may be edited.
    _approval_editable_states = ('draft',)
    #: The field that an approver may lower, where a step lets him.
    _approval_limit_field = None

    approval_request_ids = fields.One2many(
        'property.approval.request', 'res_id', "Approvals", readonly=True, copy=False, domain=lambda self: [('res_model', '=', self._name)])
    approval_count = fields.Integer("Times Submitted", compute='_compute_approval_count')
    approval_ribbon = fields.Json(
        "Approval", compute='_compute_approval_ribbon', help="The steps: who, when, what they said, and who is next.")
    approval_waiting_for = fields.Char("Waits For", compute='_compute_approval_waiting')
    approval_can_decide = fields.Boolean("Waits for Me", compute='_compute_approval_waiting', search='_search_approval_can_decide')
    approval_can_withdraw = fields.Boolean(compute='_compute_approval_waiting')

    # ------------------------------------------------------------------ hooks

    def _approval_guarded_fields(self):
        """:return: names of the fields that are approved; ``lines.name`` for a field of a one2many's records"""
        raise NotImplementedError

    def _on_approved(self):
        """Act on the approval, in the transaction of the last decision, as superuser with the approver as user.

        An error undoes the decision too, and its sentence is what the approver reads.
        """
        raise NotImplementedError

    def _on_returned(self):
        """After the document went back to whoever asked."""

    def _on_rejected(self):
        """After the document was refused for good."""

    def _on_withdrawn(self):
        """After whoever asked took the document back."""

    def _check_submission(self):
        """:raise UserError: one sentence, when the document is not fit to be asked about"""

    def _approval_figures(self):
        """:return: dict of metric code → number that rules and steps may compare; a percentage is 1.5 for 1.5 %"""
        return {}

    def _approval_subtype(self):
        """:return: code of the case, where the kind of document has cases"""
        return None

    def _approval_company(self):
        """:return: whose rules and approvers"""
        return self.company_id

    def _approval_scope(self):
        """:return: dict of further scopes of dated parameters, such as ``{'project_id': project}``"""
        return {}

    def _approval_date(self):
        """:return: the day by which dated parameters are chosen"""
        return today()

    def _approval_name(self):
        """:return: what lists of approvals call the document, without personal data"""
        return self.display_name

    def _approval_key_fields(self):
        """:return: names of the few fields that an approver sees in the list; the guarded ones by default"""
        return self._approval_guarded_fields()

    # ------------------------------------------------------------------ fields

    def _compute_approval_count(self):
        counts = dict(self.env['property.approval.request'].sudo()._read_group(
            [('res_model', '=', self._name), ('res_id', 'in', self.ids)], ['res_id'], ['__count']))
        for document in self:
            document.approval_count = counts.get(document.id, 0)

    @api.depends('approval_request_ids.state', 'approval_request_ids.decision_ids', 'state')
    @api.depends_context('uid', 'lang')
    def _compute_approval_ribbon(self):
        for document in self:
            requests = document.sudo().approval_request_ids.sorted('round')
            document.approval_ribbon = {
                'rounds': [request._ribbon() for request in requests],
                'ahead': document._approval_ahead() if document.state in document._approval_editable_states else [],
            }

    def _approval_ahead(self):
        """Who will be asked when the document is submitted as it is; empty while that cannot be said."""
        self.ensure_one()
        if not self.id or not isinstance(self.id, int):
            return []
        figures = self.sudo()._approval_figures()
        rule = self.env['property.approval.rule']._of_documents(self)._for_document(self.sudo(), figures)
        return [{'name': step.display_name, 'who': step._who(), 'sequence': step.sequence}
                for step in rule._steps_for(self.sudo(), figures)] if rule and not rule.refusal else []

    @api.depends('approval_request_ids.state', 'state')
    @api.depends_context('uid', 'lang')
    def _compute_approval_waiting(self):
        steps = self.env['property.approval.request.step'].sudo().search([
            ('res_model', '=', self._name), ('res_id', 'in', self.ids), ('state', '=', 'pending')])
        principals = steps._my_principals() if steps else {}
        by_document = steps.grouped('res_id')
        for document in self:
            pending = by_document.get(document.id, steps.browse())
            document.approval_waiting_for = ', '.join(step._who() for step in pending) or False
            document.approval_can_decide = any(step._principal_of(principals) for step in pending)
            document.approval_can_withdraw = bool(pending) and pending[0].requester_id == self.env.user

    def _search_approval_can_decide(self, operator, value):
        if operator != 'in' or set(value) != {True}:
            return NotImplemented
        steps = self.env['property.approval.request.step'].sudo()._search([('mine', '=', True), ('res_model', '=', self._name)])
        return [('id', 'in', steps.subselect('res_id'))]

    # ------------------------------------------------------------------ guard

    def write(self, vals):
        # What comes with a state comes from the document's own action, or is refused for the state.
        if 'state' not in vals and (guarded := self._approval_top_fields() & vals.keys()):
            permit = self.env.context.get('property_permit')
            if isinstance(permit, Permit) and permit.spend(self):
                self = self.with_context(property_permit=None)  # noqa: PLW0642  (used up here, and no further)
            else:
                self._approval_guard({name: vals[name] for name in guarded})
        return super().write(vals)

    def _check_can_become(self, to):
        result = super()._check_can_become(to)
        # Where the approval goes on, the document does not go its own way: each end of a request comes before the state.
        waiting = self.filtered(lambda document: document.state == document._approval_submitted_state)
        if waiting and (running := self.env['property.approval.request'].sudo().search(
                [('res_model', '=', self._name), ('res_id', 'in', waiting.ids), ('state', '=', 'pending')], limit=1)):
            raise UserError(self.env._(
                "%s is in approval: it moves when that is decided, or when whoever asked withdraws it.", running.document_name))
        return result

    def _approval_top_fields(self):
        # What is below the document guards itself: property.approval.line.mixin.
        return {name for name in self._approval_guarded_fields() if '.' not in name}

    def _approval_guard(self, vals):
        """Refuse an edit of what was submitted, or start over where the rule says so.

        :param dict vals: guarded values that are about to be written; empty for a record below the document
        """
        frozen = self.filtered(lambda document: document.state not in document._approval_editable_states)
        for document in frozen:
            if vals and not any(document._approval_would_change(name, value) for name, value in vals.items()):
                continue
            request = document.sudo().approval_request_ids.filtered(lambda request: request.state == 'pending')
            if request and request.rule_id.on_edit == 'reset':
                request._lock()
                request._end('reset')
                document._transition(document._approval_returned_state)
                document.message_post(body=self.env._("Edited after its submission: it is to be submitted again."))
                continue
            raise UserError(self.env._(
                "%(document)s is “%(state)s”: what was submitted for approval no longer changes.",
                document=document.display_name, state=document._state_label(document.state)))

    def _approval_would_change(self, name, value):
        # What a form sends back unchanged is no edit.
        field = self._fields[name]
        if field.type in ('one2many', 'many2many'):
            return bool(value)
        return field.convert_to_cache(value, self, validate=False) != field.convert_to_cache(self[name], self)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_submitted(self):
        if submitted := self.filtered(lambda document: document.sudo().approval_request_ids):
            raise UserError(self.env._(
                "%s was submitted for approval and is kept with its history: cancel it instead.", submitted[0].display_name))

    # ------------------------------------------------------------------ actions

    def action_submit(self):
        """Ask for approval by the rule that fits; the first approvers hear of it.

        :raise UserError: one sentence, the first document that cannot be submitted; none is then
        """
        self.check_access('write')
        for document in self:
            document._check_submission()
        self._submit_for_approval()
        return True

    def _submit_for_approval(self):
        """Ask for approval without looking again whether the documents are fit; an action that has looked calls it."""
        self.env['property.approval.request']._submit(self)

    def action_withdraw(self, note=''):
        """Take the documents back before they are decided."""
        self.check_access('write')
        requests = self._running_requests()
        requests._withdraw(note)
        self._transition(self._approval_returned_state)
        self._on_withdrawn()
        return True

    def action_approve(self, opinion='', granted=None):
        """Agree, in the user's own turn.

        :param float granted: less than was asked, where the step may grant less
        """
        steps = self._my_steps()
        steps._check_bulk()
        steps._decide('agree', opinion, granted)
        return True

    def action_return(self, opinion=''):
        """Send the documents back to whoever asked, with the reason."""
        self._my_steps()._decide('return', opinion)
        return True

    def action_reject(self, opinion=''):
        """Refuse the documents for good, with the reason."""
        self._my_steps()._decide('reject', opinion)
        return True

    def action_decide(self):
        """Open the window to agree, return or reject with an opinion."""
        return self._my_steps().action_decide()

    def action_view_approvals(self):
        self.ensure_one()
        action = self.env['ir.actions.act_window']._for_xml_id('property_base.property_approval_request_action')
        return {**action, 'domain': [('res_model', '=', self._name), ('res_id', '=', self.id)], 'context': {}}

    def _running_requests(self):
        requests = self.sudo().approval_request_ids.filtered(lambda request: request.state == 'pending')
        if idle := self.filtered(lambda document: document.id not in requests.mapped('res_id')):
            raise UserError(self.env._("%(document)s is “%(state)s”: it is not in approval.", document=idle[0].display_name,
                                       state=idle[0]._state_label(idle[0].state)))
        return requests.sudo(False)

    def _my_steps(self):
        """The step of each document that the user may decide on; where there is none, one that says why."""
        self.check_access('read')
        steps = self.env['property.approval.request.step']
        principals = steps._my_principals()
        for document in self:
            requests = document.sudo().approval_request_ids.sorted('round')
            if not requests:
                raise UserError(self.env._("%s has not been submitted for approval.", document.display_name))
            pending = requests[-1].step_ids.filtered(lambda step: step.state == 'pending')
            steps += next((step for step in pending if step._principal_of(principals)), (pending or requests[-1].step_ids)[:1])
            if not steps:
                raise UserError(requests[-1]._ended_sentence())
        return steps.sudo(False)

    # ------------------------------------------------------------------ what was asked

    def _approval_snapshot(self):
        """:return: list of [guarded field, raw value that JSON can hold, with the names that were seen]"""
        self.ensure_one()
        snapshot = []
        for path in self._approval_guarded_fields():
            name, _dot, inner = path.partition('.')
            if inner:
                snapshot.append([path, [[line.id, line.display_name, _raw(line, inner)] for line in self[name]]])
            else:
                snapshot.append([path, _raw(self, name)])
        # As it will come back from the database.
        return json.loads(json.dumps(snapshot, default=str))

    def _approval_key_figures(self):
        return json.loads(json.dumps([[name, _raw(self, name)] for name in self._approval_key_fields()], default=str))

    def _approval_changes(self, snapshot):
        """:return: labels of the guarded fields that are no longer as in the snapshot; names of records do not count"""
        self.ensure_one()
        now = dict(self._approval_snapshot())
        return [self._approval_label(name) for name, raw in snapshot if _without_names(now.get(name)) != _without_names(raw)]

    def _approval_asked(self):
        return self[self._approval_limit_field] if self._approval_limit_field else 0

    def _approval_limit(self, granted):
        """Put what was granted in place of what was asked."""
        self.ensure_one()
        if granted < self[self._approval_limit_field]:
            self.with_context(property_permit=Permit(self)).write({self._approval_limit_field: granted})

    # ------------------------------------------------------------------ how values read

    @api.model
    def _approval_field(self, path):
        """:return: the field that a guarded name means, or None where it is gone"""
        name, _dot, inner = path.partition('.')
        field = self._fields.get(name)
        return self.env[field.comodel_name]._fields.get(inner) if inner and field is not None else field

    @api.model
    def _approval_label(self, path):
        field = self._approval_field(path)
        return field._description_string(self.env) if field is not None else path

    @api.model
    def _approval_may_read(self, path):
        name, _dot, inner = path.partition('.')
        field = self._fields.get(name)
        if field is None or not self._has_field_access(field, 'read'):
            return False
        if inner:
            below = self.env[field.comodel_name]
            return inner in below._fields and below._has_field_access(below._fields[inner], 'read')
        return True

    @api.model
    def _approval_is_restricted(self, path):
        """:return: whether only some posts may read the field"""
        name, _dot, inner = path.partition('.')
        return bool(self._fields[name].groups or inner and self._approval_field(path).groups)

    @api.model
    def _approval_text(self, path, raw):
        """A stored value in words, in the user's language."""
        field = self._approval_field(path)
        if '.' in path:
            return '; '.join(f"{name}: {self._approval_word(field, value)}" for _id, name, value in raw or [])
        return self._approval_word(field, raw)

    @api.model
    def _approval_word(self, field, raw):
        kind = field.type if field is not None else 'char'
        if kind == 'boolean':
            return self.env._("yes") if raw else self.env._("no")
        if kind in ('integer', 'float', 'monetary'):
            return self._approval_number(field, raw or 0)
        if raw in (False, None, '', []):
            return '—'
        if kind == 'many2one':
            return raw[1]
        if kind in ('one2many', 'many2many'):
            if isinstance(raw, dict):
                return self.env._("%s records", raw['count'])
            names = ', '.join(name for _id, name in raw[:5])
            return names if len(raw) <= 5 else self.env._("%(names)s and %(count)s more", names=names, count=len(raw) - 5)
        if kind == 'selection':
            return dict(field._description_selection(self.env)).get(raw, raw)
        if kind == 'date':
            return format_date(self.env, raw)
        if kind == 'datetime':
            return format_datetime(self.env, raw)
        return str(raw)

    @api.model
    def _approval_number(self, field, number):
        if field.type == 'integer':
            return formatLang(self.env, number, digits=0)
        digits = field.get_digits(self.env) if field.type == 'float' else (16, 2)
        if digits is None:
            return float_repr(number, 4).rstrip('0').rstrip('.')
        return formatLang(self.env, number, digits=digits[1])


def _raw(record, name):
    field, value = record._fields[name], record[name]
    if field.type == 'many2one':
        return [value.id, value.display_name] if value else False
    if field.type in ('one2many', 'many2many'):
        if len(value) > LONGEST_LIST:
            return {'count': len(value), 'sha256': hashlib.sha256(repr(sorted(value.ids)).encode()).hexdigest()}
        return [[each.id, each.display_name] for each in value.sorted('id')]
    if field.type in ('integer', 'boolean', 'float', 'monetary'):
        return value
    return str(value) if value else False


def _without_names(raw):
    """Records by their ids, since a record may be renamed."""
    if isinstance(raw, list):
        if len(raw) == 2 and isinstance(raw[0], int) and isinstance(raw[1], str):
            return raw[0]
        if len(raw) == 3 and isinstance(raw[0], int) and isinstance(raw[1], str):
            return [raw[0], _without_names(raw[2])]
        return [_without_names(item) for item in raw]
    return raw
