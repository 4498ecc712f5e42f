import logging
from collections import defaultdict
from datetime import datetime, time, timedelta

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..tools.local_time import DEFAULT_TIMEZONE, end_of_day, local_date, start_of_day, today

_logger = logging.getLogger(__name__)

BATCH = 200
# A reminder is there when people come to work.
MORNING = time(8)
RETRY_AFTER = timedelta(hours=1)


class PropertyClock(models.Model):
    """One promise on one document. Only the methods of ``property.clock.mixin`` and the cron move it."""

    _name = 'property.clock'
    _description = 'Deadline'
    _inherit = ['property.guarded.mixin', 'property.state.mixin']
    _order = 'due, id'
    _transitions = {
        'running': ('paused', 'met', 'missed', 'cancelled'),
        'paused': ('running', 'met', 'missed', 'cancelled'),
        'met': (),
        'missed': (),
        'cancelled': (),
    }

    name = fields.Char(string="Subject", readonly=True, help="Which document, without personal data.")
    res_model = fields.Char(string="Document Model", required=True, readonly=True)
    res_id = fields.Many2oneReference(string="Document", model_field='res_model', required=True, readonly=True, index=True)
    kind_id = fields.Many2one('property.clock.kind', string="Deadline", required=True, readonly=True, ondelete='restrict', index=True)
    company_id = fields.Many2one('res.company', readonly=True, index=True)
    user_id = fields.Many2one('res.users', string="Responsible", readonly=True, index='btree_not_null')
    # As they were when it started: editing the kind does not move what is promised.
    count = fields.Selection([
        ('days', "Calendar Days"),
        ('working_days', "Working Days"),
        ('hours', "Hours"),
    ], string="Counted In", required=True, readonly=True)
    amount = fields.Integer(readonly=True, string="Allowed", aggregator='avg')
    timezone = fields.Char(required=True, readonly=True, default=DEFAULT_TIMEZONE)
    region = fields.Char(required=True, readonly=True, default='CN')
    start = fields.Datetime(required=True, readonly=True)
    start_date = fields.Date(readonly=True)
    due = fields.Datetime(string="Due At", required=True, readonly=True, help="The last moment that is in time.")
    due_date = fields.Date(string="Due On", required=True, readonly=True, help="The day in the project's time zone.")
    paused_since = fields.Datetime(readonly=True)
    paused_days = fields.Integer(readonly=True, help="Days, in the kind's own count, that pauses have added.")
    paused_seconds = fields.Integer(readonly=True, help="Real time that it stood still.", aggregator=None)
    stopped = fields.Datetime(readonly=True)
    state = fields.Selection([
        ('running', "Running"),
        ('paused', "Paused"),
        ('met', "Met"),
        ('missed', "Missed"),
        ('cancelled', "Cancelled"),
    ], required=True, readonly=True, copy=False, default='running')
    overdue = fields.Boolean(readonly=True)
    remind_at = fields.Datetime(readonly=True)
    escalate_at = fields.Datetime(readonly=True)
    escalated_on = fields.Datetime(readonly=True)
    reminder_ids = fields.One2many('property.clock.reminder', 'clock_id', readonly=True)
    days_left = fields.Integer(compute='_compute_days_left', help="Calendar days to the due day; negative when it is over.")

    _document_kind_uniq = models.UniqueIndex(
        "(res_model, res_id, kind_id) WHERE state IN ('running', 'paused')", "This deadline runs on the document already.")
    _open_idx = models.Index("(company_id, due) WHERE state IN ('running', 'paused')")
    _overdue_idx = models.Index("(due) WHERE state = 'running' AND overdue IS NOT TRUE")
    _remind_idx = models.Index("(remind_at, id) WHERE state = 'running' AND remind_at IS NOT NULL")
    _escalate_idx = models.Index("(escalate_at, id) WHERE state = 'running' AND escalate_at IS NOT NULL")

    @api.depends('due_date', 'state', 'timezone')
    def _compute_days_left(self):
        for clock in self:
            is_open = clock.due_date and clock.state in ('running', 'paused')
            clock.days_left = (clock.due_date - today(clock.timezone)).days if is_open else 0

    # ------------------------------------------------------------------ guard

    def _guard_sentence(self):
        return self.env._("A deadline moves with its document, not by editing it.")

    # ------------------------------------------------------------------ counting

    @api.model
    def _prepare_due(self, count, amount, start, timezone, region, paused_days=0, paused_seconds=0):
        """Where a clock ends.

        :return: dict of ``start_date``, ``due`` (naive UTC, the last moment in time) and ``due_date``
        """
        start_date = local_date(start, timezone)
        if count == 'hours':
            due = start + timedelta(hours=amount, seconds=paused_seconds)
            due_date = local_date(due, timezone)
        else:
            if count == 'days':
                due_date = start_date + timedelta(days=amount + paused_days)
            else:
                due_date = self.env['property.calendar.day']._add_working_days(start_date, amount + paused_days, region)
            due = end_of_day(due_date, timezone)
        return {'start_date': start_date, 'due': due, 'due_date': due_date}

    def _prepare_alarms(self, due, due_date, start, sent=()):
        """When to remind next, and when to escalate.

        :param sent: offsets of which reminders went out
        :return: dict of ``remind_at`` and ``escalate_at``
        """
        kind, document = self.kind_id, self.env[self.res_model].sudo().browse(self.res_id)
        moments = [
            moment for offset, moment in self._moments(kind, due, due_date)
            if moment > start and not any(other >= offset for other in sent)]
        unit = 'hours' if self.count == 'hours' else 'days'
        return {
            'remind_at': min(moments, default=False),
            'escalate_at': document._clock_has_escalation(kind) and due + timedelta(seconds=1, **{unit: kind.escalation_after}),
        }

    def _moments(self, kind, due, due_date):
        """:return: list of (offset, when its reminder is due)"""
        if self.count == 'hours':
            return [(offset, due + timedelta(hours=offset)) for offset in kind._offsets()]
        return [
            (offset, start_of_day(due_date + timedelta(days=offset), self.timezone)
             + (datetime.combine(due_date, MORNING) - datetime.combine(due_date, time())))
            for offset in kind._offsets()]

    def _set_alarms(self):
        for clock in self:
            vals = clock._prepare_alarms(
                clock.due, clock.due_date, clock.start, clock.reminder_ids.filtered(lambda r: not r.escalation).mapped('offset'))
            if clock.escalated_on:
                vals['escalate_at'] = False
            clock._permitted().write(vals)

    @api.model
    def _recompute_due_of_working_days(self, region, start):
        """A day from ``start`` on became a working day or a day off: move the open clocks that count it."""
        clocks = self.search([
            ('state', 'in', ('running', 'paused')), ('count', '=', 'working_days'), ('region', '=', region), ('due_date', '>=', start)])
        for clock in clocks:
            vals = clock._prepare_due(
                clock.count, clock.amount, clock.start, clock.timezone, clock.region, clock.paused_days, clock.paused_seconds)
            if vals['due'] != clock.due:
                clock._permitted().write({**vals, 'overdue': clock.state == 'running' and vals['due'] < fields.Datetime.now()})
                clock._set_alarms()

    # ------------------------------------------------------------------ moves, called by the documents

    def _pause(self, since):
        for clock in self.filtered(lambda clock: clock.state == 'running'):
            clock._check_moment(since)
            clock._permitted()._transition('paused', paused_since=since)

    def _prepare_resume(self, moment):
        """:return: dict of the values that the end of a pause at ``moment`` changes"""
        since = self.paused_since
        first, last = local_date(since, self.timezone), local_date(max(moment, since), self.timezone)
        days = 0
        if self.count == 'days':
            days = (last - first).days
        elif self.count == 'working_days':
            days = self.env['property.calendar.day']._working_days_between(first, last, self.region)
        vals = {
            'paused_days': self.paused_days + days,
            'paused_seconds': self.paused_seconds + max(int((moment - since).total_seconds()), 0),
            'paused_since': False,
        }
        vals.update(self._prepare_due(
            self.count, self.amount, self.start, self.timezone, self.region, vals['paused_days'], vals['paused_seconds']))
        return vals

    def _resume(self, moment):
        for clock in self.filtered(lambda clock: clock.state == 'paused'):
            clock._check_moment(moment, clock.paused_since)
            vals = clock._prepare_resume(moment)
            clock._permitted()._transition('running', **vals, overdue=vals['due'] < fields.Datetime.now())
            clock._set_alarms()

    def _stop(self, stopped):
        for clock in self:
            clock._check_moment(stopped)
            vals = clock._prepare_resume(stopped) if clock.state == 'paused' else {}
            met = stopped <= vals.get('due', clock.due)
            clock._permitted()._transition(
                'met' if met else 'missed', **vals, stopped=stopped, overdue=not met, remind_at=False, escalate_at=False)
        self._drop_activities()

    def _cancel(self):
        for clock in self:
            clock._permitted()._transition(
                'cancelled', stopped=fields.Datetime.now(), overdue=False, remind_at=False, escalate_at=False)
        self._drop_activities()

    def _check_moment(self, moment, earliest=None):
        if moment > fields.Datetime.now():
            raise UserError(self.env._("What has not happened yet neither stops nor pauses a deadline."))
        if local_date(moment, self.timezone) < local_date(earliest or self.start, self.timezone):
            raise UserError(self.env._("The deadline “%s” began only after that day.", self.kind_id.name))

    def _drop_activities(self):
        """Nobody is told any longer to do what is done."""
        self.reminder_ids.activity_id.filtered('active').unlink()

    def _document(self):
        """:return: what promises, as superuser"""
        self.ensure_one()
        siblings = self.browse(self._prefetch_ids).filtered(lambda clock: clock.res_model == self.res_model)
        return self.env[self.res_model].sudo().browse(self.res_id).with_prefetch(siblings.mapped('res_id'))

    def action_open_document(self):
        self.ensure_one()
        document = self._document()._clock_shown_on()
        return {
            'type': 'ir.actions.act_window',
            'res_model': document._name,
            'res_id': document.id,
            'views': [(False, 'form')],
        }

    # ------------------------------------------------------------------ reminders

    @api.model
    def _cron_remind(self):
        """Mark what is overdue, remind the responsible, escalate: each once, in batches."""
        now = fields.Datetime.now()
        self._mark_overdue(now)
        for field, send in (('remind_at', PropertyClock._send_reminders), ('escalate_at', PropertyClock._send_escalations)):
            domain = [('state', '=', 'running'), (field, '<=', now)]
            while clocks := self.search(domain, limit=BATCH, order=f'{field}, id').try_lock_for_update():
                clocks._send_safely(send, field, now)
                if not self.env['ir.cron']._commit_progress(len(clocks), remaining=self.search_count(domain)):
                    return

    @api.model
    def _mark_overdue(self, now):
        self.env.flush_all()
        self.env.cr.execute(SQL(
            """UPDATE property_clock SET overdue = true, write_date = now() AT TIME ZONE 'UTC'
            WHERE state = 'running' AND overdue IS NOT TRUE AND due < %s""", now))
        if self.env.cr.rowcount:
            self.invalidate_model(['overdue'])

    def _send_safely(self, send, field, now):
        """All at once; where that fails, one at a time, and the failing ones again later."""
        try:
            with self.env.cr.savepoint():
                send(self, now)
            return
        except psycopg2.OperationalError:
            raise
        except Exception:
            if len(self) == 1:
                _logger.exception("The deadline %s could not be notified of", self.id)
            else:
                _logger.info("A batch of deadlines could not be notified of at once; one at a time now")
        self.env.invalidate_all(flush=False)
        if len(self) == 1:
            self._permitted().write({field: now + RETRY_AFTER})
            return
        for clock in self:
            clock._send_safely(send, field, now)

    def _drop_orphans(self):
        """:return: the clocks whose document is there; those of deleted documents or models are cancelled"""
        kept = self.browse()
        for model, clocks in self.grouped('res_model').items():
            existing = set(self.env[model].sudo().browse(clocks.mapped('res_id')).exists().ids) if model in self.env else ()
            kept += clocks.filtered(lambda clock, existing=existing: clock.res_id in existing)
        (self - kept)._cancel()
        return kept

    def _send_reminders(self, now):
        clocks = self._drop_orphans()
        notices = []
        for clock in clocks:
            passed = [offset for offset, moment in clock._moments(clock.kind_id, clock.due, clock.due_date) if moment <= now]
            # Where the cron was late, the last one is enough.
            if passed and clock.remind_at:
                notices += [(clock, user, max(passed), False) for user in clock._document()._clock_reminded(clock) or [clock.user_id]]
        clocks._drop_activities()
        self._notify(notices)
        clocks._set_alarms()

    def _send_escalations(self, now):
        clocks = self._drop_orphans()
        notices = []
        for clock in clocks:
            users = clock._document()._clock_escalates_to(clock).filtered(
                lambda user, clock=clock: user.active and not user.share
                and (not clock.company_id or clock.company_id in user.company_ids))
            notices += [(clock, user, clock.kind_id.escalation_after, True) for user in users]
        self._notify(notices)
        clocks._permitted().write({'escalate_at': False, 'escalated_on': now})
        for model, escalated in clocks.grouped('res_model').items():
            self.env[model].sudo().browse(escalated.mapped('res_id'))._on_clock_escalated()

    def _notify(self, notices):
        """Make the activities and log them.

        :param notices: list of (clock, user or none, offset, whether it is an escalation)
        """
        todo = self.env.ref('mail.mail_activity_data_todo', raise_if_not_found=False)
        by_language = defaultdict(dict)
        values = []
        for clock, user, _offset, escalation in notices:
            if not user.active:
                continue
            names = by_language[user.lang]
            key = (clock.kind_id, escalation)
            if key not in names:
                kind = clock.kind_id.with_context(lang=user.lang)
                names[key] = kind.env._("Overdue: %s", kind.name) if escalation else kind.name
            document = clock._document()._clock_shown_on()
            values.append({
                'activity_type_id': todo.id if todo else False,
                'res_model_id': self.env['ir.model']._get_id(document._name),
                'res_id': document.id,
                'user_id': user.id,
                'date_deadline': clock.due_date,
                'summary': names[key],
                'automated': True,
            })
        # The activity is the notification: an e-mail for each costs 36 queries and is read later than the list.
        activities = iter(self.env['mail.activity'].with_context(mail_activity_quick_update=True).create(values))
        self.env['property.clock.reminder'].create([{
            'clock_id': clock.id,
            'offset': offset,
            'escalation': escalation,
            'user_id': user.id,
            'activity_id': next(activities).id if user.active else False,
        } for clock, user, offset, escalation in notices])
