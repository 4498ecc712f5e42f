from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain

from ..tools import local_time

# Rows of a section; its number opens the list with the others.
ROWS = 5
DEADLINE_DAYS = 7
# Who asks for approvals, and decides on them, as a rule; the others see theirs when there are some.
ASKERS = ('group_sales_consultant', 'group_signing', 'group_assistant_manager')
DECIDERS = (
    'group_signing', 'group_assistant_manager', 'group_department_manager', 'group_finance', 'group_vice_president',
    'group_general_manager',
)
# Who collects papers, and lends them.
KEEPERS = ('group_signing', 'group_registration', 'group_service', 'group_assistant_manager', 'group_department_manager')
# Who looks after everybody's deadlines; the others see their own.
WATCHERS = ('group_assistant_manager', 'group_department_manager', 'group_administrator', 'group_auditor')


class PropertyHome(models.AbstractModel):
    """What each post needs today (今日工作): one page, whose sections the addons add by extending :meth:`_home_sections`.

    A section is a dict:

    - key, title, icon (Font Awesome)
    - count: the number beside the title; None where it says nothing. With ``task`` it is work to be done, and stands above too
    - action: what the number opens, an action's dict; see :meth:`_home_list`
    - rows: at most five dicts of title, and where they help text, badge, tone (``danger``, ``warning``, ``success``), one of
      ``until`` (ISO moment that is counted down to), ``at`` (ISO moment) and ``on`` (ISO date), ``res_model`` and ``res_id``
      (opens the form) or ``action``, and ``buttons`` (dicts of label and method, called on the record of the button's own
      ``res_model`` and ``res_id``; an action that it returns is opened)
    - figures: dicts of label, value, and where they help class and action
    - empty: the sentence that stands there when there is nothing
    - side: whether it is for looking up, and stands aside
    """

    _name = 'property.home'
    _description = "Today's Work"

    @api.model
    def get_home(self):
        """What the user's post needs today.

        :return: dict of name, posts (text) and sections
        :raise AccessError: for whoever has no post
        """
        user = self.env.user
        if not user.has_group('property_base.group_user'):
            raise AccessError(self.env._("This page is for those who have a post in the department."))
        posts = self.env['res.groups'].sudo().search([
            ('id', 'in', user._get_group_ids()),
            ('privilege_id.category_id', '=', self.env.ref('property_base.module_category_property').id)])
        # Of a post that includes another, the higher one.
        posts -= posts.implied_ids
        return {
            'name': user.name,
            'posts': ' · '.join(posts.mapped('name')),
            'sections': self._home_sections(),
        }

    @api.model
    def _home_sections(self):
        """Hook: the sections of the user's page, in their order.

        :return: list of dicts, see the class; those that are not for the user's posts are left out
        """
        return [section for section in (
            self._home_decisions(), self._home_asked(), self._home_deadlines(), self._home_loans(), self._home_papers(),
        ) if section]

    # ------------------------------------------------------------------ for the sections

    @api.model
    def _home_has_post(self, *groups):
        """:return: whether the user has one of the posts, named without their module"""
        return any(self.env.user.has_group(f'property_base.{group}') for group in groups)

    @api.model
    def _home_list(self, title, model, domain, views=('list', 'form'), **context):
        """:return: dict of the action that shows the records of ``domain``"""
        return {
            'type': 'ir.actions.act_window', 'name': title, 'res_model': model, 'domain': list(Domain(domain)),
            'views': [(False, view) for view in views], 'context': context,
        }

    @api.model
    def _home_find(self, model, domain, order=None):
        """The first records of a section, and how many there are.

        :return: the records, at most five, and their number
        """
        found = self.env[model].search(domain, order=order, limit=ROWS + 1)
        return found[:ROWS], self.env[model].search_count(domain) if len(found) > ROWS else len(found)

    @api.model
    def _home_moment(self, moment):
        """:return: a naive UTC moment as ISO text"""
        return moment and moment.strftime('%Y-%m-%dT%H:%M:%SZ')

    # ------------------------------------------------------------------ approvals

    def _home_decisions(self):
        """What waits for the user's decision; who decides as a rule reads that nothing does."""
        Step = self.env['property.approval.request.step']
        if not self._home_has_post('group_approver'):
            return None
        domain = [('mine', '=', True)]
        steps, count = self._home_find(Step._name, domain)
        if not count and not self._home_has_post(*DECIDERS):
            return None
        title = self.env._("Waits for my decision")
        return {
            'key': 'decisions', 'title': title, 'icon': 'fa-gavel', 'count': count, 'task': True,
            'tone': 'danger' if any(step.overdue for step in steps) else 'warning',
            'action': self._home_list(title, Step._name, domain, ('list', 'kanban', 'form')),
            'rows': [{
                'title': step.document_name, 'badge': step.type_id.name,
                'text': ' · '.join(filter(None, (step.requester_id.sudo().name, step.summary))),
                'until': self._home_moment(step.due), 'tone': 'danger' if step.overdue else False,
                'res_model': step.res_model, 'res_id': step.res_id,
                'buttons': [
                    {'label': label, 'method': method, 'res_model': Step._name, 'res_id': step.id}
                    for label, method in ((self.env._("Approve"), 'action_agree'), (self.env._("Decide…"), 'action_decide'))],
            } for step in steps],
            'empty': self.env._("Nothing waits for your decision."),
        }

    def _home_asked(self):
        """What the user has asked for, and who is to decide."""
        Request = self.env['property.approval.request']
        domain = Domain('requester_id', '=', self.env.uid) & Domain('state', '=', 'pending')
        requests, count = self._home_find(Request._name, domain, 'id')
        if not count and not self._home_has_post(*ASKERS):
            return None
        title = self.env._("Asked by me")
        return {
            'key': 'asked', 'title': title, 'icon': 'fa-paper-plane-o', 'count': count, 'task': True, 'tone': False,
            'action': self._home_list(title, Request._name, domain, ('list', 'kanban', 'form')),
            'rows': [{
                'title': request.document_name, 'badge': request.type_id.name,
                'text': ' · '.join((self.env._("waits for %s", request.waiting_for), request.summary)),
                'at': self._home_moment(request.submitted_at), 'res_model': request.res_model, 'res_id': request.res_id,
            } for request in requests],
            'empty': self.env._("Nothing that you asked for waits for a decision."),
        }

    # ------------------------------------------------------------------ deadlines

    def _home_deadlines(self):
        today = fields.Date.context_today(self)
        # Those of approvals stand with what is to be decided.
        domain = Domain('state', 'in', ('running', 'paused')) & Domain('res_model', '!=', 'property.approval.request.step')
        domain &= Domain('due_date', '<=', today + timedelta(days=DEADLINE_DAYS))
        if not self._home_has_post(*WATCHERS):
            domain &= Domain('user_id', '=', self.env.uid)
        clocks, count = self._home_find('property.clock', domain)
        title = self.env._("Deadlines")
        return {
            'key': 'deadlines', 'title': title, 'icon': 'fa-bell-o', 'count': count, 'task': True,
            'tone': 'danger' if any(clock.days_left < 0 for clock in clocks) else 'warning',
            'action': self._home_list(title, 'property.clock', domain),
            'rows': [{
                'title': clock.name or clock.kind_id.name, 'text': clock.kind_id.name, 'on': fields.Date.to_string(clock.due_date),
                'badge': self.env._("Overdue") if clock.days_left < 0 else False,
                'tone': 'danger' if clock.days_left < 0 else 'warning' if clock.days_left == 0 else False,
                'res_model': clock.res_model, 'res_id': clock.res_id,
            } for clock in clocks],
            'empty': self.env._("Nothing is due within a week."),
        }

    # ------------------------------------------------------------------ papers

    def _home_papers(self):
        """Papers that are still owed, what is due first; and those that somebody has to verify."""
        Paper = self.env['property.document']
        if not self._home_has_post(*KEEPERS, 'group_sales_consultant') or not Paper.has_access('read'):
            return None
        today = local_time.today()
        owed = Domain('counted', '=', True) & Domain('done', '=', False) & Domain('state', 'in', ('missing', 'rejected', 'returned'))
        papers, count = self._home_find(Paper._name, owed, 'due_date, id')
        received = Domain('state', '=', 'received')
        to_verify = Paper.search_count(received)
        title, verify_title = self.env._("Papers missing"), self.env._("To verify")
        return {
            'key': 'papers', 'title': title, 'icon': 'fa-files-o', 'count': count, 'side': True,
            'action': self._home_list(title, Paper._name, owed, ('list', 'kanban', 'form')),
            'figures': [{
                'label': verify_title, 'value': to_verify,
                'action': self._home_list(verify_title, Paper._name, received, ('list', 'kanban', 'form')),
            }] if to_verify else [],
            'rows': [{
                'title': paper.type_id.name, 'text': ' · '.join(filter(None, (paper.document_name, paper.reason))),
                'on': fields.Date.to_string(paper.due_date),
                'badge': paper._state_label(paper.state) if paper.state != 'missing' else False,
                'tone': 'danger' if paper.due_date and paper.due_date < today else False,
                'res_model': paper._name, 'res_id': paper.id,
            } for paper in papers],
            'empty': self.env._("No paper is missing."),
        }

    def _home_loans(self):
        """Papers that are out longer than they should be: everybody's for who keeps them, else those that the user has."""
        Loan = self.env['property.document.loan']
        if not Loan.has_access('read'):
            return None
        today = local_time.today()
        domain = Domain('state', '=', 'out') & Domain('due_date', '<', today)
        keeps = self._home_has_post(*KEEPERS)
        if not keeps:
            domain &= Domain('borrower_id', '=', self.env.uid)
        loans, count = self._home_find(Loan._name, domain, 'due_date, id')
        if not count and not keeps:
            return None
        title = self.env._("Loans overdue")
        return {
            'key': 'loans', 'title': title, 'icon': 'fa-archive', 'count': count, 'task': True, 'tone': 'danger',
            'action': self._home_list(title, Loan._name, domain, ('list', 'kanban', 'form')),
            'rows': [{
                'title': loan.document_id.display_name, 'text': ' · '.join((loan.borrower_id.sudo().name, loan.purpose)),
                'on': fields.Date.to_string(loan.due_date), 'tone': 'danger', 'res_model': loan._name, 'res_id': loan.id,
            } for loan in loans],
            'empty': self.env._("Every paper that was lent is back in time."),
        }
