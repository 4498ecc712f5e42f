from odoo import api, fields, models
from odoo.exceptions import UserError

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

    def _make_todos(self, todos):
        """Make to-dos, all at once: the list is the message, for an e-mail to each costs 36 queries and is read later.

        :param todos: list of (document, user, function of an environment in the user's language that returns the summary)
        """
        todo = self.env.ref('mail.mail_activity_data_todo', raise_if_not_found=False)
        environments = {}
        values = []
        for document, user, summary in todos:
            if not user.active:
                continue
            if user.lang not in environments:
                environments[user.lang] = self.with_context(lang=user.lang).env
            values.append({
                'activity_type_id': todo.id if todo else False,
                'res_model_id': self.env['ir.model']._get_id(document._name),
                'res_id': document.id,
                'user_id': user.id,
                'date_deadline': local_time.today(user.tz or local_time.DEFAULT_TIMEZONE),
                'summary': summary(environments[user.lang]),
                'automated': True,
            })
        self.env['mail.activity'].sudo().with_context(mail_activity_quick_update=True).create(values)
