from collections import Counter

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..tools import local_time


class PropertyWorkflowMixin(models.AbstractModel):
    """A document of the department: a number from a sequence, a guarded state, chatter and activities."""

    _name = 'property.workflow.mixin'
    _description = 'Document with a workflow'
    _inherit = ['property.state.mixin', 'mail.thread', 'mail.activity.mixin']

    #: Code of the ir.sequence that numbers the documents.
    _sequence_code = None

    name = fields.Char("Number", required=True, readonly=True, copy=False, default='/', index='trigram')

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([{**vals, 'name': self._next_number(vals)} for vals in vals_list])

    def write(self, vals):
        if 'name' in vals:
            raise UserError(self.env._("A document keeps the number that it was given."))
        return super().write(vals)

    def _next_number(self, vals):
        """The number of a new document.

        :param dict vals: the values that it is created with
        """
        return self.env['ir.sequence'].next_by_code(self._sequence_code) or '/'

    @api.model
    def _todo_type(self):
        return self.env['ir.model.data']._xmlid_to_res_id('mail.mail_activity_data_todo', raise_if_not_found=False)

    @api.model
    def _addressees(self, users):
        """What it takes to tell users something, in one statement: the ORM would read all of them, their partners and companies.

        :return: dict of id → (partner, environment in their language, today in their time zone), of those who are active
        """
        if not users:
            return {}
        self.env['res.partner'].flush_model(['lang', 'tz'])
        rows = self.env.execute_query(SQL(
            "SELECT u.id, p.id, p.lang, p.tz FROM res_users u JOIN res_partner p ON p.id = u.partner_id"
            " WHERE u.active AND u.id IN %s", tuple(users.ids)))
        environments = {lang: self.with_context(lang=lang).env for lang in {lang for *_rest, lang, _tz in rows}}
        return {
            user: (self.env['res.partner'].browse(partner), environments[lang], local_time.today(tz or local_time.DEFAULT_TIMEZONE))
            for user, partner, lang, tz in rows}

    def _make_todos(self, todos):
        """Make to-dos of today, all in one statement.

        The list is the message: an e-mail for each costs 36 queries and is read later than the list, and whoever has
        something to do with a document does not therefore want everything that is said about it.

        :param todos: list of (document, user, function of an environment in the user's language that returns the summary)
        """
        addressees = self._addressees(self.env['res.users'].union(*(user for _document, user, _summary in todos)))
        rows = []
        for document, user, summary in todos:
            if user.id in addressees:
                _partner, env, today = addressees[user.id]
                rows.append((
                    self.env['ir.model']._get_id(document._name), document._name, document.id, document.display_name, user.id,
                    today, summary(env)))
        if not rows:
            return
        models, names, ids, titles, users, days, summaries = map(list, zip(*rows, strict=True))
        self.env.cr.execute(SQL(
            """
            INSERT INTO mail_activity (
                res_model_id, res_model, res_id, res_name, user_id, date_deadline, summary,
                activity_type_id, automated, active, create_uid, create_date, write_uid, write_date)
            SELECT t.*, %s, TRUE, TRUE, %s, %s, %s, %s FROM unnest(%s, %s, %s, %s, %s, %s, %s) t
            """,
            self._todo_type() or None, self.env.uid, self.env.cr.now(), self.env.uid, self.env.cr.now(),
            models, names, ids, titles, users, days, summaries))
        self._todos_changed('activity_created', Counter(addressees[user][0].id for user in users))

    def _drop_todos(self):
        """Nobody has to do any longer what :meth:`_make_todos` asked for. What people planned themselves stays."""
        if not self:
            return
        self.env['mail.activity'].flush_model()
        # The ORM would look for attachments, external ids and defaults of each, and forget all that it has read.
        dropped = self.env.execute_query(SQL(
            "DELETE FROM mail_activity WHERE res_model = %s AND res_id IN %s AND activity_type_id = %s AND automated AND active"
            " RETURNING (SELECT partner_id FROM res_users WHERE id = user_id), date_deadline <= %s",
            self._name, tuple(self.ids), self._todo_type() or None, fields.Date.today()))
        self._todos_changed('activity_deleted', Counter(partner for partner, is_due in dropped if partner and is_due))

    def _todos_changed(self, what, counts):
        """Have the people's own lists follow, and what is read of them here.

        :param counts: dict of partner id → number
        """
        for partner, count in counts.items():
            self.env['res.partner'].browse(partner)._bus_send(
                'mail.activity/updated', {what: True, 'count_diff': count if what == 'activity_created' else -count})
        self.env['mail.activity'].invalidate_model()
        self.invalidate_recordset([name for name in self._fields if name.startswith('activity_')])
