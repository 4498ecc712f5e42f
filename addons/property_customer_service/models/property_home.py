from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

from .property_price_list_line import PRICE_MAKERS

PERMIT_DAYS = 60
SALES = ('group_sales_consultant',)
OFFICERS = ('group_signing', 'group_assistant_manager', 'group_department_manager')
HEADS = ('group_department_manager', 'group_vice_president', 'group_general_manager')
DECIDERS = (*OFFICERS, 'group_vice_president', 'group_general_manager')
PERMIT_KEEPERS = ('group_registration', 'group_signing', 'group_legal', 'group_assistant_manager', *HEADS, 'group_auditor')
CLOSERS = (*OFFICERS, 'group_vice_president', 'group_general_manager', 'group_finance', 'group_auditor')
STATES = ('unreleased', 'available', 'held', 'subscribed', 'contracted', 'registered', 'handed_over', 'titled')
SOLD = STATES[3:]


class PropertyHome(models.AbstractModel):
    _inherit = 'property.home'

    @api.model
    def _home_sections(self):
        todays = self._home_todays()
        sections = [
            *super()._home_sections(), self._home_holds(), self._home_ending(), self._home_closes(todays), self._home_movements(todays),
            self._home_totals(), self._home_releases(), self._home_prices(), self._home_permits(todays), self._home_uncovered(todays),
        ]
        return [section for section in sections if section]

    # ------------------------------------------------------------------ sales control

    def _home_holds(self):
        """What the user has on hold, what ends soonest first; what waits for a decision is among the approvals."""
        if not self._home_has_post(*SALES, *OFFICERS):
            return None
        Request = self.env['property.unit.request']
        domain = Domain('requester_id', '=', self.env.uid) & Domain('state', '=', 'active')
        requests, count = self._home_find(Request._name, domain, 'expiry, id')
        if not count and not self._home_has_post(*SALES):
            return None
        title = self.env._("My holds")
        return {
            'key': 'holds', 'title': title, 'icon': 'fa-hand-paper-o', 'count': count, 'task': True, 'tone': False,
            'action': self._home_list(title, Request._name, domain, ('list', 'kanban', 'form')),
            'rows': [self._home_request_row(request) for request in requests],
            'empty': self.env._("You hold nothing."),
        }

    def _home_ending(self):
        """Everybody's holds that end within a day."""
        if not self._home_has_post(*OFFICERS):
            return None
        Request = self.env['property.unit.request']
        domain = Domain('state', '=', 'active') & Domain('expiry', '<=', fields.Datetime.now() + timedelta(days=1))
        requests, count = self._home_find(Request._name, domain, 'expiry, id')
        title = self.env._("Holds that end within a day")
        return {
            'key': 'ending', 'title': title, 'icon': 'fa-clock-o', 'count': count, 'task': True, 'tone': False,
            'action': self._home_list(title, Request._name, domain, ('list', 'kanban', 'form')),
            'rows': [self._home_request_row(request) for request in requests],
            'empty': self.env._("No hold ends within a day."),
        }

    def _home_request_row(self, request):
        rooms = request.unit_ids[:1].full_name or request.name
        if request.unit_count > 1:
            rooms = self.env._("%(unit)s and %(count)s more", unit=rooms, count=request.unit_count - 1)
        requester = request.requester_id.sudo()
        return {
            'title': rooms,
            'text': ' · '.join(filter(None, (
                request.name, requester.name if requester != self.env.user else None, request.reason))),
            'until': self._home_moment(request.expiry),
            'tone': 'warning' if request.expiry <= fields.Datetime.now() + timedelta(hours=12) else False,
            'res_model': request._name, 'res_id': request.id,
        }

    def _home_releases(self):
        """What opens soon; the officers see what they prepare too."""
        Batch = self.env['property.release.batch']
        states = ('scheduled', 'submitted', 'draft') if self._home_has_post(*OFFICERS) else ('scheduled',)
        domain = Domain('state', 'in', states)
        batches, count = self._home_find(Batch._name, domain, 'date_open, id')
        if not count and not self._home_has_post(*SALES, *OFFICERS):
            return None
        title = self.env._("Releases that open soon")
        return {
            'key': 'releases', 'title': title, 'icon': 'fa-bullhorn', 'count': count, 'side': True,
            'action': self._home_list(title, Batch._name, domain),
            'rows': [{
                'title': batch.title, 'badge': False if batch.state == 'scheduled' else batch._state_label(batch.state),
                'text': self.env._("%(count)s units · %(project)s", count=batch.unit_count, project=batch.project_id.name),
                'at': self._home_moment(batch.date_open), 'res_model': batch._name, 'res_id': batch.id,
            } for batch in batches],
            'empty': self.env._("No release is scheduled."),
        }

    # ------------------------------------------------------------------ the stock

    def _home_totals(self):
        """Units by state in all projects that the user sees, and how far each project, or each building of the only one, is sold."""
        Unit = self.env['property.unit']
        labels = dict(Unit._fields['state']._description_selection(self.env))
        by_place, by_state = {}, dict.fromkeys(STATES, 0)
        for project, building, state, count in Unit._read_group([], ['project_id', 'building_id', 'state'], ['__count']):
            by_state[state] += count
            places = by_place.setdefault(project, {}).setdefault(building, {})
            places[state] = places.get(state, 0) + count
        total = sum(by_state.values())
        if not total:
            return None
        if len(by_place) == 1:
            [buildings] = by_place.values()
            rows = [
                self._home_place_row(building, figures, {
                    'type': 'ir.actions.client', 'tag': 'property_customer_service.board', 'name': self.env._("Sales Control Board"),
                    'path': 'sales-board', 'params': {'building_id': building.id}})
                for building, figures in sorted(buildings.items(), key=lambda item: (item[0].sequence, item[0].id))]
        else:
            rows = [
                self._home_place_row(
                    project, {state: sum(figures.get(state, 0) for figures in buildings.values()) for state in STATES},
                    self._home_list(project.name, Unit._name, [('project_id', '=', project.id)], ('list', 'kanban', 'form')))
                for project, buildings in sorted(by_place.items(), key=lambda item: (item[0].sequence, item[0].id))]
        title = self.env._("Units")
        return {
            'key': 'totals', 'title': title, 'icon': 'fa-building-o', 'count': total, 'side': True,
            'action': self._home_list(title, Unit._name, [], ('list', 'kanban', 'form')),
            'figures': [{
                'label': labels[state], 'value': by_state[state], 'class': f'o_unit_{state}',
                'action': self._home_list(labels[state], Unit._name, [('state', '=', state)], ('list', 'kanban', 'form')),
            } for state in STATES if by_state[state]],
            'rows': rows[:5],
            'empty': '',
        }

    def _home_place_row(self, place, figures, action):
        total, sold = sum(figures.values()), sum(figures.get(state, 0) for state in SOLD)
        return {
            'title': place.name,
            'text': self.env._(
                "%(available)s available, %(held)s held, %(rate)s sold", available=figures.get('available', 0),
                held=figures.get('held', 0), rate=f'{sold / total:.1%}'),
            'share': 100 * sold / total, 'action': action,
        }

    def _home_movements(self, todays):
        """What moved today, by each project's own calendar."""
        if not self._home_has_post(*SALES, *DECIDERS, 'group_finance', 'group_auditor'):
            return None
        Movement = self.env['property.unit.movement']
        domain = Domain.OR(
            Domain('project_id', 'in', projects.ids) & Domain('date', '=', today) for today, projects in todays.items())
        movements, count = self._home_find(Movement._name, domain)
        states = dict(self.env['property.unit']._fields['state']._description_selection(self.env))
        title = self.env._("Moved today")
        return {
            'key': 'movements', 'title': title, 'icon': 'fa-exchange', 'count': count,
            'action': self._home_list(title, Movement._name, domain, ('list',)),
            'rows': [{
                'title': movement.unit_id.full_name, 'at': self._home_moment(movement.create_date),
                'text': ' · '.join((
                    f'{states[movement.state_from]} → {states[movement.state_to]}', movement.document_name, movement._by())),
                'res_model': 'property.unit', 'res_id': movement.unit_id.id,
            } for movement in movements],
            'empty': self.env._("No unit has moved today."),
        }

    def _home_todays(self):
        """:return: dict of date → the projects, of those that the user sees, whose today it is"""
        return self.env['property.project'].search(Domain.TRUE).grouped(lambda project: project._today())

    # ------------------------------------------------------------------ prices, permits, daily close

    def _home_prices(self):
        """Price lists that are not in force yet."""
        if not any(self.env.user.has_group(group) for group in PRICE_MAKERS.split(',')) or not self._home_has_post(*SALES, *DECIDERS):
            return None
        PriceList = self.env['property.price.list']
        domain = Domain('state', 'in', ('draft', 'submitted', 'scheduled'))
        lists, count = self._home_find(PriceList._name, domain, 'date_effective, id')
        title = self.env._("Prices that wait to take effect")
        return {
            'key': 'prices', 'title': title, 'icon': 'fa-tag', 'count': count, 'side': True,
            'action': self._home_list(title, PriceList._name, domain),
            'rows': [{
                'title': price_list.display_name, 'badge': price_list._state_label(price_list.state),
                'text': self.env._(
                    "%(changed)s of %(count)s units change", changed=price_list.changed_count, count=price_list.line_count),
                'on': fields.Date.to_string(price_list.date_effective), 'res_model': price_list._name, 'res_id': price_list.id,
            } for price_list in lists],
            'empty': self.env._("All prices are in force."),
        }

    def _home_permits(self, todays):
        """Permits that end soon."""
        if not self._home_has_post(*PERMIT_KEEPERS):
            return None
        Permit = self.env['property.permit']
        domain = Domain('revoked', '=', False) & Domain.OR(
            Domain('project_id', 'in', projects.ids) & Domain('date_to', '>=', today)
            & Domain('date_to', '<=', today + timedelta(days=PERMIT_DAYS)) for today, projects in todays.items())
        permits, count = self._home_find(Permit._name, domain, 'date_to, id')
        title = self.env._("Permits that end soon")
        return {
            'key': 'permits', 'title': title, 'icon': 'fa-certificate', 'count': count, 'side': True, 'tone': 'warning',
            'action': self._home_list(title, Permit._name, domain),
            'rows': [{
                'title': permit.name, 'text': permit.project_id.name, 'tone': 'warning',
                'on': fields.Date.to_string(permit.date_to), 'res_model': permit._name, 'res_id': permit.id,
            } for permit in permits],
            'empty': self.env._("No permit ends within %s days.", PERMIT_DAYS),
        }

    def _home_uncovered(self, todays):
        """Buildings with units that no permit covers today."""
        if not self._home_has_post(*PERMIT_KEEPERS):
            return None
        Building = self.env['property.building']
        domain = Domain('unit_ids', '!=', False) & Domain.OR(
            Domain('project_id', 'in', projects.ids) & Domain('coverage_ids', 'not any', [
                ('revoked', '=', False), ('date_from', '<=', today), '|', ('date_to', '=', False), ('date_to', '>=', today)])
            for today, projects in todays.items())
        buildings, count = self._home_find(Building._name, domain)
        title = self.env._("Buildings without a permit")
        return {
            'key': 'uncovered', 'title': title, 'icon': 'fa-ban', 'count': count, 'side': True, 'tone': 'warning',
            'action': self._home_list(title, Building._name, domain, ('list', 'kanban', 'form')),
            'rows': [{
                'title': building.name,
                'text': self.env._(
                    "%(count)s units cannot be offered · %(project)s", count=building.unit_count, project=building.project_id.name),
                'res_model': building._name, 'res_id': building.id,
            } for building in buildings],
            'empty': self.env._("Every building that has units has a permit."),
        }

    def _home_closes(self, todays):
        """The days before today that nobody has closed."""
        Close = self.env['property.inventory.close']
        if not self._home_has_post(*CLOSERS):
            return None
        domain = Domain.OR(
            Domain('project_id', 'in', projects.ids) & Domain('date', '<', today) for today, projects in todays.items())
        waiting = domain & Domain('state', '!=', 'closed')
        closes, count = self._home_find(Close._name, waiting, 'date, id')
        last = Close.search(domain & Domain('state', '=', 'closed'), order='date desc, id desc', limit=1)
        title = self.env._("Days that are not closed")
        return {
            'key': 'closes', 'title': title, 'icon': 'fa-calendar-check-o', 'count': count, 'task': True, 'tone': 'danger',
            'action': self._home_list(title, Close._name, waiting),
            'rows': [{
                'title': close.display_name, 'text': close.project_id.name, 'on': fields.Date.to_string(close.date), 'tone': 'danger',
                'res_model': close._name, 'res_id': close.id,
            } for close in closes],
            'empty': self.env._("All days are closed, the last one is %s.", last.display_name) if last else self.env._(
                "No day is to be closed."),
        }
