from datetime import datetime

from odoo import fields, models
from odoo.exceptions import UserError

from ..tools.local_time import DEFAULT_TIMEZONE, local_date, start_of_day
from .property_calendar_day import DEFAULT_REGION


class PropertyClockMixin(models.AbstractModel):
    """A document that promises something by a day. Its actions start and stop the clocks."""

    _name = 'property.clock.mixin'
    _description = 'Document with deadlines'
    _inherit = ['mail.thread', 'mail.activity.mixin']

    clock_ids = fields.One2many(
        'property.clock', 'res_id', string="Deadlines", readonly=True, copy=False,
        domain=lambda self: [('res_model', '=', self._name)])

    def unlink(self):
        clocks = self.env['property.clock'].sudo().search([('res_model', '=', self._name), ('res_id', 'in', self.ids)])
        result = super().unlink()
        clocks._permitted().unlink()
        return result

    # ------------------------------------------------------------------ hooks

    def _clock_timezone(self):
        """:return: name of the time zone whose days the document's deadlines are counted in"""
        return DEFAULT_TIMEZONE

    def _clock_region(self):
        """:return: region of the calendar of working days"""
        return DEFAULT_REGION

    def _clock_company(self):
        """:return: the company that the deadline belongs to"""
        return self.company_id if 'company_id' in self._fields and self.company_id else self.env.company

    def _clock_scope(self):
        """:return: dict of further scopes of the dated parameters, such as ``{'project_id': project}``"""
        return {}

    def _clock_responsible(self, kind):
        """:return: the user who is reminded, unless the action names one"""
        if 'user_id' in self._fields and self.user_id:
            return self.user_id
        return self.env['res.users'] if self.env.user._is_superuser() else self.env.user

    def _clock_subject(self):
        """:return: text that says which document it is, without personal data"""
        return self.display_name

    def _clock_reminded(self, clock):
        """:return: the users who are reminded where nobody is responsible alone; none: the responsible one"""
        return self.env['res.users']

    def _clock_has_escalation(self, kind):
        """:return: whether anybody hears of it when the deadline is broken"""
        return bool(kind.escalation_group_id)

    def _clock_escalates_to(self, clock):
        """:return: the users who hear that the deadline is broken"""
        return clock.kind_id.escalation_group_id.all_user_ids

    def _clock_shown_on(self):
        """:return: the record that reminders are put on and that a list of deadlines opens"""
        return self

    def _on_clock_escalated(self):
        """The deadline of these documents was broken and its escalation has gone out."""

    def _clock_parameter_date(self, kind, start_date):
        """:return: the day by which the dated parameter is chosen; the day that the clock starts"""
        return start_date

    def _prepare_clock_vals(self, kind, start, responsible):
        """:return: dict of values of the new clock"""
        timezone, region = self._clock_timezone(), self._clock_region()
        company = self._clock_company()
        start = self._clock_moment(start)
        start_date = local_date(start, timezone)
        amount = kind._amount(self._clock_parameter_date(kind, start_date), company, **self._clock_scope())
        vals = {
            'name': self._clock_subject(),
            'res_model': self._name,
            'res_id': self.id,
            'kind_id': kind.id,
            'company_id': company.id,
            'user_id': (responsible or self._clock_responsible(kind)).id,
            'count': kind.count,
            'amount': amount,
            'timezone': timezone,
            'region': region,
            'start': start,
        }
        Clock = self.env['property.clock'].sudo()
        vals.update(Clock._prepare_due(kind.count, amount, start, timezone, region))
        vals.update(Clock.new(vals)._prepare_alarms(vals['due'], vals['due_date'], start))
        return vals

    # ------------------------------------------------------------------ for the documents' actions

    def _start_clock(self, kind_code, start=None, responsible=None):
        """Start a clock on each of the documents.

        :param str kind_code: code of the property.clock.kind
        :param start: naive UTC datetime, or the day in the project's time zone; now by default
        :param responsible: the user who is reminded
        :return: the new clocks
        :raise UserError: where it runs on one of them already
        """
        kind = self.env['property.clock.kind']._by_code(kind_code)
        if running := self._clocks(kind_code):
            raise UserError(self.env._("“%(kind)s” runs on %(document)s already.", kind=kind.name, document=running[0].name))
        return self.env['property.clock']._permitted().create(
            [document._prepare_clock_vals(kind, start, responsible) for document in self]).sudo(False)

    def _pause_clock(self, kind_code=None, since=None):
        """Let the running clocks stand still, of one kind or all."""
        for document in self:
            document._clocks(kind_code)._pause(document._clock_moment(since))

    def _resume_clock(self, kind_code=None, moment=None):
        """Let the paused clocks run on; the pause is added to what is due."""
        for document in self:
            document._clocks(kind_code)._resume(document._clock_moment(moment))

    def _stop_clock(self, kind_code, stopped=None):
        """The promise is kept: met where it was in time, missed where not.

        :param stopped: naive UTC datetime or day on which it happened; now by default
        :return: the clocks, none where none ran
        """
        result = self.env['property.clock']
        for document in self:
            clocks = document._clocks(kind_code)
            clocks._stop(document._clock_moment(stopped))
            result += clocks
        return result.sudo(False)

    def _cancel_clock(self, kind_code=None):
        """There is nothing to keep any more; counts neither as met nor as missed."""
        self._clocks(kind_code)._cancel()

    def _reassign_clock(self, responsible, kind_code=None):
        """Somebody else is responsible from now on."""
        clocks = self._clocks(kind_code)
        clocks._permitted().write({'user_id': responsible.id})
        clocks.reminder_ids.filtered(lambda reminder: not reminder.escalation).activity_id.filtered('active').with_context(
            mail_activity_quick_update=True).write({'user_id': responsible.id})

    def _clocks(self, kind_code=None):
        """:return: the open clocks of the documents, of one kind or all, as superuser"""
        domain = [('res_model', '=', self._name), ('res_id', 'in', self.ids), ('state', 'in', ('running', 'paused'))]
        if kind_code:
            domain.append(('kind_id', '=', self.env['property.clock.kind']._by_code(kind_code).id))
        return self.env['property.clock'].sudo().search(domain)

    def _clock_moment(self, moment):
        if moment is None:
            return fields.Datetime.now()
        if isinstance(moment, str):
            moment = fields.Datetime.to_datetime(moment) if len(moment) > 10 else fields.Date.to_date(moment)
        return moment if isinstance(moment, datetime) else start_of_day(moment, self._clock_timezone())
