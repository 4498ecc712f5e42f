from odoo.tests import BaseCase, get_db_name, tagged

import live

BOARD = "/odoo/action-property_customer_service.property_board_action"


@tagged("post_install", "-at_install")
class TestBoardBrowser(BaseCase):
    """Two people before one board: what one does the other sees, without a reload."""

    def test_release_and_hold_appear_on_the_other_board(self):
        with live.server(get_db_name()) as (url, name), live.browser() as chromium:
            [row] = live.run_sql(name, "select id, building_id from property_unit where full_name = '1号楼-1单元-2501'")
            unit, building = row.split("|")
            officer, manager = (live.new_page(chromium, url, login) for login in ("signing", "manager"))
            for page in (officer, manager):
                page.goto(f"{BOARD}?building_id={building}")
                page.wait_for_selector(f".o_property_unit[data-id='{unit}'][data-state='unreleased']", timeout=60_000)
                page.evaluate("window.notReloaded = true")
            officer.click(f".o_property_unit[data-id='{unit}']")
            officer.click(".o_property_actions [data-kind=release]")
            dialog = officer.locator(".modal button.btn-primary")
            dialog.wait_for()
            dialog.click()
            for page in (officer, manager):
                page.wait_for_selector(f".o_property_unit[data-id='{unit}'][data-state='available']", timeout=20_000)
            self.assertTrue(manager.evaluate("window.notReloaded"))
            self.assertEqual(live.run_sql(name, f"""
                select state_from, state_to, document_model from property_unit_movement where unit_id = {unit}"""),
                ["unreleased|available|property.unit.request"])
            self.assertEqual(officer.errors + manager.errors, [])
