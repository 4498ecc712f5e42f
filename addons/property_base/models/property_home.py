from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain

# Rows of a section; its number opens the list with the others.
ROWS = 5
DEADLINE_DAYS = 7
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
      (opens the form) or ``action``, and ``buttons`` (dicts of label and method: called with the record's id)
    - figures: dicts of label, value, and where they help class and action
    - empty: the sentence that stands there when there is nothing
    - side: whether it is for looking up, and stands aside
    """

    _name = 'property.home'
    _description = 'Today'

    @api.model
    def get_home(self):
        """What the user's post needs today.

        :return: dict of name, posts (text) and sections
        :raise AccessError: for whoever has no post
        """
        user = self.env.user
        if not user.has_group('property_base.group_user'):
            raise AccessError(self.env._("This page is for those who have a post in the department."))
        privileges = self.env.ref('property_base.module_category_property').sudo().privilege_ids
        posts = user.sudo().all_group_ids.filtered(lambda group: group.privilege_id in privileges)
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
        return [self._home_deadlines()]

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

    # ------------------------------------------------------------------ deadlines

    def _home_deadlines(self):
        today = fields.Date.context_today(self)
        domain = Domain('state', 'in', ('running', 'paused')) & Domain('due_date', '<=', today + timedelta(days=DEADLINE_DAYS))
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
