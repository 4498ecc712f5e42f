from odoo.tests import Form, tagged

from .test_sales_control import SalesControlCase


@tagged('post_install', '-at_install')
class TestRequests(SalesControlCase):
    """What the requests' screens and the board's buttons do, and what they answer to mistakes."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.release(cls.units[:8])

    def board(self, post, *args):
        return self.env['property.unit.request'].with_user(self.users[post]).request_from_board(*args)

    def todos(self, request):
        return request.sudo().activity_ids.mapped(lambda activity: (activity.user_id, activity.summary))

    # ------------------------------------------------------------------ the board's buttons

    def test_extend_from_the_board(self):
        hold = self.hold(self.units[:2], hours=8)
        expiry = hold.expiry
        answer = self.board('consultant', 'extend', self.units[:1].ids, {'hours': 8, 'reason': 'Wife comes tomorrow'})
        request = self.env['property.unit.request'].search([], limit=1)
        self.assertEqual((request.kind, request.hold_id, request.unit_ids, request.hours), ('extend', hold, self.units[:2], 8))
        self.assertEqual(answer, {'type': 'warning', 'ids': request.ids, 'message': f"{request.name} was submitted; Department Manager decides."})
        request.with_user(self.users['manager']).action_approve()
        self.assertEqual((hold.expiry - expiry).total_seconds(), 8 * 3600)
        self.assertEqual(set(self.units[:2].allocation_ids.mapped('expiry')), {hold.expiry})

    def test_extend_two_holds_at_once(self):
        holds = self.hold(self.units[:1], hours=4), self.hold(self.units[1:2], hours=4)
        self.board('consultant', 'extend', self.units[:2].ids, {'hours': 2, 'reason': 'x'})
        requests = self.env['property.unit.request'].search([('kind', '=', 'extend'), ('project_id', '=', self.project.id)], order='id')
        self.assertEqual([request.hold_id for request in requests], list(holds))

    def test_usual_hours_from_the_board(self):
        self.board('consultant', 'hold', self.units[:1].ids, {'reason': 'x'})
        self.assertEqual(self.env['property.unit.request'].search([], limit=1).hours, 24)

    def test_mistakes_on_the_board(self):
        """Each one clear sentence, and not even a draft is left."""
        self.hold(self.units[:1])
        count = self.env['property.unit.request'].search_count([])
        room = self.units[0].full_name
        for kind, units, options, sentence in (
            ('hold', self.units[1:2], {'hours': 0}, "Say for how many hours the units are held: a number from 1 to 8760."),
            ('hold', self.units[1:2], {'hours': -3}, "Say for how many hours"),
            ('hold', self.units[1:2], {'hours': 'tomorrow'}, "Say for how many hours"),
            ('hold', self.units[1:2], {'hours': [1]}, "Say for how many hours"),
            ('hold', self.units[1:2], {'hours': float('nan')}, "Say for how many hours"),
            ('hold', self.units[1:2], {'hours': float('inf')}, "Say for how many hours"),
            ('hold', self.units[1:2], {'hours': 8761}, "Say for how many hours"),
            ('hold', self.units[:2], {'hours': 4}, f"{room} is “Held” (SC"),
            ('hold', self.units[9:], {'hours': 4}, "has not been released for sale."),
            ('hold', self.units[:0], {'hours': 4}, "Choose the units first."),
            ('sell', self.units[1:2], {}, "Choose the units first."),
            ('release', self.units[1:2], {}, f"{self.units[1].full_name} was released already."),
            ('release', self.units[:1], {}, f"{room} is “Held” (SC"),
            ('extend', self.units[1:2], {'hours': 4}, "None of these units is held."),
            ('unhold', self.units[1:2], {}, "None of these units is held."),
        ):
            with self.subTest(kind=kind, options=options):
                self.assertNothing(sentence, self.board, 'consultant', kind, units.ids, options)
                self.assertEqual(self.env['property.unit.request'].search_count([]), count)
        for ids in (None, ['x'], [None], [10 ** 9], 'abc'):
            with self.subTest(ids=ids):
                self.assertNothing("Choose the units first.", self.board, 'consultant', 'hold', ids, {'hours': 4})

    # ------------------------------------------------------------------ the decision

    def test_reject_with_a_note(self):
        first, second = self.request(units=self.units[:1]), self.request(units=self.units[1:2])
        (first + second).action_submit()
        self.assertEqual(self.todos(first), [(self.users['manager'], f"To approve: {first.name}")])
        action = (first + second).with_user(self.users['manager']).action_decide()
        wizard = self.env['property.approval.decide'].with_user(self.users['manager']).with_context(**action['context']).create({
            'kind': 'reject', 'opinion': 'The floor is promised'})
        wizard.action_confirm()
        for request in (first, second):
            self.assertEqual(
                (request.state, request.decision_note, request.approver_id), ('rejected', 'The floor is promised', self.users['manager']))
            self.assertEqual(self.todos(request), [(self.users['consultant'], f"{request.name} was rejected: The floor is promised")])
        self.assertEqual((self.states(), self.allocations()), ([('available', 8), ('unreleased', 2)], []))

    def test_reject_needs_a_reason_and_a_decider(self):
        request = self.request()
        request.action_submit()
        self.assertNothing("Say why it is returned or rejected.", request.with_user(self.users['manager']).action_reject)
        self.assertNothing("Nobody decides on an own request.", request.action_reject, 'x')
        for post in ('signing', 'vp', 'gm'):
            self.assertNothing(f"{request.name} waits for Department Manager: it is not your turn.",
                               request.with_user(self.users[post]).action_reject, 'x')
        self.assertEqual(request.state, 'submitted')

    def test_to_dos_go_with_the_decision(self):
        for action, post in (('action_approve', 'manager'), ('action_withdraw', 'consultant'), ('action_cancel', 'consultant')):
            request = self.request(units=self.units[4:5])
            request.action_submit()
            self.assertTrue(self.todos(request))
            getattr(request.with_user(self.users[post]), action)()
            self.assertFalse(self.todos(request), action)
            if action == 'action_approve':
                request.with_user(self.users['signing']).action_release_hold()

    def test_what_is_for_me(self):
        mine, long, own = self.request(), self.request(hours=48), self.request('manager')
        (mine + long + own).sudo(False)
        for request in (mine, long, own):
            request.with_user(request.requester_id).action_submit()
        for post, found in (('manager', mine), ('vp', long + own), ('gm', mine[:0]), ('signing', mine[:0]), ('consultant', mine[:0])):
            Request = self.env['property.unit.request'].with_user(self.users[post])
            self.assertEqual(set(Request.search([('approval_can_decide', '=', True)]).ids), set(found.ids), post)

    def test_many_submitted_cost_no_query_each(self):
        def queries(units):
            requests = self.env['property.unit.request']
            for unit in units:
                requests += self.request(units=unit)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            requests.action_submit()
            self.env.flush_all()
            return self.env.cr.sql_log_count - before
        one, four = queries(self.units[:1]), queries(self.units[1:5])
        self.assertLess(four - one, 3 * 3, "a few for each document, and no e-mail for each approver")

    # ------------------------------------------------------------------ the form

    def test_give_up_some_units(self):
        hold = self.hold(self.units[:3])
        request = self.request('signing', kind='unhold', hold_id=hold.id, units=self.units[:2], hours=0)
        request.action_submit()
        self.assertEqual((request.state, hold.state), ('done', 'active'))
        self.assertEqual(self.allocations(), [(self.units[2].id, hold.id)])
        # The ledger names the document that had them.
        self.assertEqual(self.sql(
            'SELECT DISTINCT document_name FROM property_unit_movement WHERE state_from = %s AND project_id = %s',
            'held', self.project.id), [(hold.name,)])
        again = self.request('signing', kind='unhold', hold_id=hold.id, units=self.units[:2], hours=0)
        self.assertNothing(f"{hold.name} no longer holds these units.", again.action_submit)

    def test_extension_is_filled_in(self):
        hold = self.hold(self.units[:2], hours=4)
        action = hold.with_user(self.users['consultant']).action_extend()
        form = Form(self.env['property.unit.request'].with_user(self.users['consultant']).with_context(**action['context']))
        self.assertEqual((form.kind, form.hold_id, form.hours, form.project_id), ('extend', hold, 24, self.project))
        form.reason = "Still thinking"
        request = form.save()
        self.assertEqual(request.unit_ids, self.units[:2])

    def test_mistakes_on_the_form(self):
        hold = self.hold(self.units[:2])
        for values, sentence in (
            ({'kind': 'extend', 'hold_id': False}, "Say which hold it is about."),
            ({'kind': 'unhold', 'hold_id': hold.id, 'units': self.units[2:3]}, f"{self.units[2].full_name} is not among the units of {hold.name}."),
        ):
            with self.subTest(values):
                self.assertNothing(sentence, lambda values=values: self.request(**values))
        release = self.request('signing', kind='release', units=self.units[8:])
        self.assertNothing("is no hold.", lambda: self.request(kind='extend', hold_id=release.id, units=self.units[8:]))
        hold.with_user(self.users['signing']).action_release_hold()
        for function in (hold.action_extend, hold.with_user(self.users['signing']).action_release_hold):
            self.assertNothing(f"{hold.name} holds nothing.", function)
