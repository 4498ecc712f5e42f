from odoo.tests import BaseCase, get_db_name, tagged

import live

BOARD = "/odoo/action-property_customer_service.property_board_action"


def select_unit(number, state=None):
    return f".o_property_unit[data-id='{number}']" + (f"[data-state='{state}']" if state else "")


@tagged("post_install", "-at_install")
class TestBoardBrowser(BaseCase):
    """Two people before one board: what one does the other sees, without a reload; at a desk, by keyboard and on a phone."""

    def serve(self):
        """The server and the browser, until the test is over."""
        self.url, self.name = self.enterContext(live.server(get_db_name()))
        self.chromium = self.enterContext(live.browser())
        self.pages = []

    def read(self, query):
        return live.run_sql(self.name, query)

    def unit(self, room):
        """:return: ids of a unit of building 1 and of its building"""
        [row] = self.read(f"select id, building_id from property_unit where full_name = '1号楼-{room}'")
        return row.split("|")

    def open_board(self, login, device=None):
        page = live.new_page(self.chromium, self.url, login, device)
        _unit, building = self.unit("1单元-2001")
        page.goto(f"{BOARD}?building_id={building}")
        page.wait_for_selector(".o_property_unit", timeout=60_000)
        page.evaluate("window.notReloaded = true")
        self.pages.append(page)
        return page

    def assertNothingWrong(self):
        self.assertEqual([error for page in self.pages for error in page.errors], [])
        self.assertTrue(all(page.evaluate("window.notReloaded") for page in self.pages))

    def selected(self, page):
        return sorted(page.eval_on_selector_all(".o_property_unit.o_selected", "cells => cells.map(cell => cell.dataset.id)"))

    def ask(self, page, kind, reason=None):
        """Presses the button of a request on the bar of what is selected, and fills in its dialog."""
        page.click(f".o_property_actions [data-kind={kind}]")
        page.wait_for_selector(".modal #o_request_reason")
        if reason:
            page.fill(".modal #o_request_reason", reason)
        page.click(".modal-footer .btn-primary")
        page.wait_for_selector(".modal", state="hidden")

    def test_release_appears_on_the_other_board(self):
        self.serve()
        unit, _building = self.unit("1单元-2601")
        officer, manager = (self.open_board(login) for login in ("signing", "manager"))
        for page in (officer, manager):
            page.wait_for_selector(select_unit(unit, "unreleased"))
        officer.click(select_unit(unit))
        self.ask(officer, "release")
        for page in (officer, manager):
            page.wait_for_selector(select_unit(unit, "available"), timeout=20_000)
        self.assertEqual(self.read(f"""
            select state_from, state_to, document_model from property_unit_movement where unit_id = {unit}"""),
            ["unreleased|available|property.unit.request"])
        self.assertNothingWrong()

    def test_two_units_are_asked_for_and_held_on_every_board(self):
        self.serve()
        units = [self.unit(room)[0] for room in ("1单元-2001", "1单元-2002")]
        consultant, officer = (self.open_board(login) for login in ("consultant", "signing"))
        available = officer.inner_text(".o_property_legend [data-state=available] b")
        consultant.click(select_unit(units[0], "available"))
        consultant.click(select_unit(units[1], "available"), modifiers=["Control"])
        self.assertEqual(self.selected(consultant), sorted(units))
        # Without a reason nothing is sent.
        requests = self.read("select count(*) from property_unit_request")
        consultant.click(".o_property_actions [data-kind=hold]")
        consultant.click(".modal-footer .btn-primary")
        consultant.wait_for_selector(".modal #o_request_reason.is-invalid")
        consultant.click(".modal-footer .btn-secondary")
        self.assertEqual(self.read("select count(*) from property_unit_request"), requests)
        self.ask(consultant, "hold", "父子两家同层选购")
        consultant.wait_for_selector(".o_notification")
        self.assertEqual(self.selected(consultant), [])
        [request] = self.read("""
            select id, state, kind, hours::int from property_unit_request where reason = '父子两家同层选购'""")
        number, *facts = request.split("|")
        self.assertEqual(facts, ["submitted", "hold", "24"])
        # It is decided elsewhere, and is on both boards.
        manager = live.new_page(self.chromium, self.url, "manager")
        manager.goto(f"/odoo/action-property_customer_service.property_unit_request_action/{number}")
        manager.click("button[name=action_approve]")
        for page in (consultant, officer):
            for unit in units:
                page.wait_for_selector(select_unit(unit, "held"), timeout=20_000)
            page.wait_for_function(
                "count => document.querySelector('.o_property_legend [data-state=available] b').innerText === count",
                arg=str(int(available) - 2))
        self.assertEqual(self.read(f"select full_name from property_unit where state = 'held' and id in ({','.join(units)}) order by 1"), [
            "1号楼-1单元-2001", "1号楼-1单元-2002"])
        self.assertEqual(manager.errors, [])
        self.assertNothingWrong()

    def test_filters_and_keys(self):
        self.serve()
        page = self.open_board("signing")
        first, second, third = (self.unit(f"1单元-{room}")[0] for room in ("2001", "2002", "2003"))
        held, available = (self.read(f"""
            select count(*) from property_unit u join property_building b on b.id = u.building_id
            where b.name = '1号楼' and u.state = '{state}'""")[0] for state in ("held", "available"))

        def bright():
            return page.eval_on_selector_all(".o_property_unit:not(.o_dim)", "cells => [...new Set(cells.map(cell => cell.dataset.state))]")

        page.click(".o_property_legend [data-state=held]")
        page.wait_for_selector(".o_property_unit.o_dim")
        self.assertEqual(bright(), ["held"])
        self.assertIn(held, page.inner_text(".o_board_matching"))
        page.click("[data-filter=select]")
        self.assertIn(held, page.inner_text(".o_selection_figures b"))
        page.click(".o_property_actions [data-kind=clear]")
        page.click("[data-filter=clear]")
        self.assertEqual(page.locator(".o_property_unit.o_dim").count(), 0)
        self.assertEqual(page.inner_text(".o_property_legend [data-state=available] b"), available)

        # By keys alone: to the search, to the room, along the floor with a selection, out of it, and into the unit.
        page.keyboard.press("/")
        page.keyboard.type("2001")
        page.keyboard.press("Enter")
        page.wait_for_function("unit => document.activeElement.shadowRoot?.activeElement?.dataset.id === unit || "
                               "document.activeElement.dataset.id === unit", arg=first)
        page.keyboard.press("Escape")
        page.keyboard.press("Space")
        self.assertEqual(self.selected(page), [first])
        page.keyboard.press("Shift+ArrowRight")
        page.keyboard.press("Shift+ArrowRight")
        page.wait_for_selector(f"{select_unit(third)}.o_selected")
        self.assertEqual(self.selected(page), sorted([first, second, third]))
        page.keyboard.press("Escape")
        page.wait_for_selector(".o_property_actions", state="hidden")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("Enter")
        page.wait_for_selector(".o_form_view")
        self.assertIn("2002", page.inner_text(".o_form_view"))
        self.assertNothingWrong()

    def test_a_phone(self):
        self.serve()
        unit, _building = self.unit("1单元-2003")
        page = self.open_board("consultant", live.PHONE)

        def assert_fits():
            self.assertLessEqual(page.evaluate("document.documentElement.scrollWidth"), live.PHONE["viewport"]["width"])

        assert_fits()
        page.locator(select_unit(unit, "available")).tap()
        page.wait_for_selector(".o_bottom_sheet_snapping")
        # What can be done stands within the screen, whatever the card says besides.
        hold = page.locator(".o_bottom_sheet [data-action=hold]")
        box = hold.bounding_box()
        self.assertLessEqual(box["y"] + box["height"], live.PHONE["viewport"]["height"])
        hold.tap()
        # The dialog takes the place of the sheet.
        page.wait_for_selector(".modal #o_request_reason")
        page.wait_for_selector(".o_bottom_sheet", state="detached")
        assert_fits()
        page.fill(".modal #o_request_reason", "客户在路上")
        page.locator(".modal-footer .btn-primary").tap()
        page.wait_for_selector(".modal", state="hidden")
        page.wait_for_selector(".o_notification")
        self.assertEqual(self.read("""
            select r.state, u.full_name from property_unit_request r join property_unit_property_unit_request_rel l
            on l.property_unit_request_id = r.id join property_unit u on u.id = l.property_unit_id
            where r.reason = '客户在路上'"""), ["submitted|1号楼-1单元-2003"])
        self.assertNothingWrong()
