from freezegun import freeze_time

from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command, Date

from .common import PropertyCase

OVERLAP = "Another permit already covers this building in that time: end or revoke the earlier one first."
WHY = "Say why the permit is revoked."


class TestPermit(PropertyCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Permit = cls.as_user(cls, 'registration', cls.env['property.permit'])

    def make(self, name, date_from, date_to=False, buildings=None, **values):
        buildings = self.building if buildings is None else buildings
        return self.Permit.create({
            'name': name, 'project_id': self.project.id, 'date_issue': date_from, 'date_to': date_to,
            'coverage_ids': [Command.create({'building_id': building.id}) for building in buildings], **values})

    def coverages(self, permits):
        return self.sql(
            'SELECT building_id, date_from::text, date_to::text, revoked IS TRUE FROM property_permit_coverage'
            ' WHERE permit_id IN %s ORDER BY permit_id, building_id', tuple(permits.ids))

    # ------------------------------------------------------------------ overlap

    def test_one_after_the_other(self):
        """Permits that follow each other stand side by side, to the day."""
        permits = self.make('one', '2025-01-01', '2025-12-31') + self.make('two', '2026-01-01', '2026-12-31')
        permits += self.make('before', '2024-01-01', '2024-12-31') + self.make('three', '2027-01-01')
        self.assertEqual(self.coverages(permits), [
            (self.building.id, '2025-01-01', '2025-12-31', False), (self.building.id, '2026-01-01', '2026-12-31', False),
            (self.building.id, '2024-01-01', '2024-12-31', False), (self.building.id, '2027-01-01', None, False)])

    def test_two_buildings(self):
        permits = self.make('one', '2025-01-01') + self.make('two', '2025-01-01', buildings=self.building_2)
        self.assertEqual([row[0] for row in self.coverages(permits)], [self.building.id, self.building_2.id])

    def test_overlap(self):
        self.make('one', '2025-01-01', '2025-12-31')
        for date_from, date_to in (
            ('2025-12-31', '2026-12-31'), ('2024-06-01', '2025-01-01'), ('2025-05-01', '2025-05-01'),
            ('2024-01-01', False), ('2025-12-31', False), ('2024-01-01', '2027-01-01'),
        ):
            with self.subTest(date_from=date_from), self.refused_by_database(OVERLAP, 'property.permit.coverage'):
                self.make('two', date_from, date_to)
            with self.refused_by_database(OVERLAP, 'property.permit.coverage'):
                self.make('two', date_from, date_to, buildings=self.building_2 + self.building)
        with self.refused_by_database(OVERLAP, 'property.permit.coverage'):
            self.env.cr.execute(
                "INSERT INTO property_permit_coverage (permit_id, building_id, date_from)"
                " SELECT permit_id, building_id, '2025-06-01' FROM property_permit_coverage WHERE building_id = %s",
                [self.building.id])

    def test_building_twice_on_one_permit(self):
        with self.refused_by_database(OVERLAP, 'property.permit.coverage'):
            self.make('one', '2025-01-01', buildings=[self.building, self.building])

    def test_moving_dates_into_overlap(self):
        one, two = self.make('one', '2025-01-01', '2025-12-31'), self.make('two', '2026-01-01', '2026-12-31')
        before = self.coverages(one + two)
        for permit, values in (
            (one, {'date_to': '2026-01-01'}), (one, {'date_to': False}), (two, {'date_from': '2025-12-31'}),
            (one, {'date_from': '2026-06-01', 'date_to': '2026-06-02'}),
        ):
            with self.subTest(values=values), self.refused_by_database(OVERLAP, 'property.permit.coverage'):
                permit.write(values)
        with self.refused_by_database(OVERLAP, 'property.permit.coverage'):
            two.coverage_ids.permit_id = one
        self.assertEqual(self.coverages(one + two), before)
        one.date_to = '2025-06-30'
        self.env.flush_all()  # two requests
        two.date_from = '2025-07-01'
        self.assertEqual(
            [row[1:3] for row in self.coverages(one + two)], [('2025-01-01', '2025-06-30'), ('2025-07-01', '2026-12-31')])

    def test_revoked_permits_make_room(self):
        one = self.make('one', '2025-01-01')
        one.action_revoke("withdrawn by the authority")
        self.env.flush_all()  # two requests
        two = self.make('two', '2025-06-01')
        self.assertEqual([row[3] for row in self.coverages(one + two)], [True, False])
        with self.refused_by_database(OVERLAP, 'property.permit.coverage'):
            one.action_reinstate()
        self.assertTrue(one.revoked)
        two.action_revoke("ours was right")
        self.env.flush_all()
        one.action_reinstate()
        self.assertEqual([row[3] for row in self.coverages(one + two)], [False, True])
        self.assertFalse(one.revoke_reason)

    def test_dates_in_order(self):
        with self.refused_by_database("A permit cannot end before it begins: check its dates.", 'property.permit'):
            self.make('one', '2025-06-01', '2025-05-31')
        permit = self.make('one', '2025-06-01', '2025-06-01')
        with self.refused_by_database("A permit cannot end before it begins: check its dates.", 'property.permit'):
            permit.date_to = '2025-05-31'

    def test_number_twice(self):
        self.make('one', '2025-01-01')
        with self.refused_by_database("There is already a permit of this number.", 'property.permit'):
            self.make('one', '2026-01-01', buildings=self.building_2)

    def test_building_of_another_project(self):
        with self.refused("X1 belongs to Birch Lane and cannot be covered by a permit of Acorn Hill.", ValidationError):
            self.make('one', '2025-01-01', buildings=self.other_building)
        permit = self.make('one', '2025-01-01')
        sentence = "B1 belongs to Acorn Hill and cannot be covered by a permit of Birch Lane."
        with self.refused(sentence, ValidationError):
            permit.project_id = self.other_project
        with self.refused("X1 belongs to Birch Lane and cannot be covered by a permit of Acorn Hill.", ValidationError):
            permit.coverage_ids.building_id = self.other_building
        with self.refused("X1 belongs to Birch Lane and cannot be covered by a permit of Acorn Hill.", ValidationError):
            self.env['property.permit.coverage'].with_user(self.users['registration']).create(
                {'permit_id': permit.id, 'building_id': self.other_building.id})

    # ------------------------------------------------------------------ revoking

    def test_revoke_says_why(self):
        permit = self.make('one', '2025-01-01')
        for reason in ('', '   ', False, None, '\n'):
            with self.refused(WHY):
                permit.action_revoke(reason)
        wizard = self.env['property.permit.revoke'].with_user(self.users['registration'])
        with self.refused(WHY):
            wizard.create({'permit_id': permit.id, 'reason': ' '}).action_confirm()
        with self.refused_by_database(WHY, 'property.permit'):
            permit.write({'revoked': True})
        self.assertEqual(self.sql('SELECT revoked IS TRUE FROM property_permit WHERE id = %s', permit.id), [(False,)])
        wizard.create({'permit_id': permit.id, 'reason': ' court order '}).action_confirm()
        self.assertEqual(
            self.sql('SELECT revoked, revoke_reason FROM property_permit WHERE id = %s', permit.id), [(True, 'court order')])
        with self.refused_by_database(WHY, 'property.permit'):
            permit.write({'revoke_reason': ''})

    def test_revoke_asks_for_the_right(self):
        permit = self.make('one', '2025-01-01')
        for post in ('consultant', 'salesmanager', 'signing', 'service', 'finance', 'auditor', 'gm'):
            with self.assertRaises(UserError, msg=post):
                self.as_user(post, permit).action_revoke("because")
            with self.assertRaises(UserError, msg=post):
                self.as_user(post, permit).action_reinstate()
        self.assertFalse(permit.revoked)

    # ------------------------------------------------------------------ time

    def test_state_over_time(self):
        """By the project's midnight, whoever asks from wherever."""
        permit = self.make('one', '2026-06-01', '2026-06-30')
        self.assertEqual((permit.date_issue, permit.date_from), (Date.to_date('2026-06-01'),) * 2)
        for moment, state in (
            ('2026-05-31 15:59:59', 'future'), ('2026-05-31 16:00:00', 'valid'), ('2026-06-15 12:00:00', 'valid'),
            ('2026-06-30 15:59:59', 'valid'), ('2026-06-30 16:00:00', 'expired'),
        ):
            with self.subTest(moment=moment), freeze_time(moment):
                for tz in ('UTC', 'Pacific/Auckland', 'America/Los_Angeles'):
                    self.env.invalidate_all()
                    self.assertEqual(permit.with_context(tz=tz).state, state)
                    self.assertEqual(self.building.with_context(tz=tz).permit_id, permit if state == 'valid' else permit.browse())
                for other in ('future', 'valid', 'expired', 'revoked'):
                    found = self.Permit.search([('state', '=', other), ('project_id', '=', self.project.id)])
                    self.assertEqual(found, permit if other == state else permit.browse())
                    found = self.Permit.search([('state', '!=', other), ('project_id', '=', self.project.id)])
                    self.assertEqual(found, permit.browse() if other == state else permit)
        self.project.tz = 'America/New_York'
        with freeze_time('2026-06-01 03:59:59'):
            self.env.invalidate_all()
            self.assertEqual(permit.state, 'future')
        with freeze_time('2026-06-01 04:00:00'):
            self.env.invalidate_all()
            self.assertEqual(permit.state, 'valid')

    def test_state_of_a_revoked_permit(self):
        permit = self.make('one', '2020-01-01')
        self.assertEqual(permit.state, 'valid')
        permit.action_revoke("withdrawn")
        self.assertEqual(permit.state, 'revoked')
        self.assertFalse(self.building.permit_id)
        self.assertEqual(self.Permit.search([('state', 'in', ('revoked', 'future')), ('project_id', '=', self.project.id)]), permit)

    def test_searching_buildings_and_units_by_permit(self):
        units = self.make_units(self.building, (1,)), self.make_units(self.building_2, (1,))
        Building, Unit = self.env['property.building'], self.env['property.unit']
        here = [('project_id', '=', self.project.id)]
        permit = self.make('one', '2026-06-01', '2026-06-30')
        self.make('past', '2020-01-01', '2020-12-31', buildings=self.building_2)
        with freeze_time('2026-06-15'):
            self.env.invalidate_all()
            for domain, buildings in (
                ([('permit_id', '=', False)], self.building_2),
                ([('permit_id', '!=', False)], self.building),
                ([('permit_id', '=', permit.id)], self.building),
                ([('permit_id', '!=', permit.id)], self.building_2),
                ([('permit_id', 'in', [permit.id, False])], self.building + self.building_2),
                ([('permit_id.name', '=', 'one')], self.building),
                ([('permit_id.name', '=', 'past')], Building),
            ):
                with self.subTest(domain=domain):
                    self.assertEqual(Building.search(here + domain), buildings)
                    self.assertEqual(
                        Unit.search(here + domain), Unit.concat(*(each for each in units if each.building_id in buildings)))
        with freeze_time('2026-07-15'):
            self.env.invalidate_all()
            self.assertEqual(Building.search([*here, ('permit_id', '=', False)]), self.building + self.building_2)
            self.assertFalse(Unit.search([*here, ('permit_id', '!=', False)]))
