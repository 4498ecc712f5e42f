from pathlib import Path

from odoo.tests import BaseCase, get_db_name, tagged

import live

DATA = Path(__file__).resolve().parent.parent / "addons" / "property_customer_service" / "tests" / "data"


@tagged("post_install", "-at_install")
class TestImportBrowser(BaseCase):
    """The filed table through the wizard, as the department manager does it."""

    def through_the_wizard(self, page, file):
        page.goto("/odoo/action-property_customer_service.property_price_import_action")
        page.wait_for_selector(".modal .o_form_view")
        page.set_input_files(".modal input[type=file]", file)
        page.wait_for_function(
            "name => [...document.querySelectorAll('.modal input')].some(input => input.value === name)", arg=file.name)
        page.click(".modal button[name=action_read]")
        page.wait_for_selector(".modal [name=column_ids] .o_data_row")
        page.click(".modal button[name=action_check]")
        page.wait_for_selector(".modal [name=row_count]:visible")

    def test_filed_table(self):
        with live.server(get_db_name()) as (url, name), live.browser() as chromium:
            # The demo estate is this table: its name is given away first.
            live.run_sql(name, "update property_project set name = 'Another estate', promotion_name = null")
            live.run_sql(name, "update property_price_list set import_checksum = null")
            live.run_sql(name, "update property_permit set name = 'Another permit'")
            before = live.run_sql(name, "select count(*) from property_unit")
            page = live.new_page(chromium, url, "manager")
            self.through_the_wizard(page, DATA / "price_filing_table_with_errors.xlsx")
            # The file as it is shared holds eight of its ten faults.
            self.assertEqual(
                [int(cell) for cell in page.locator(".modal [name=fault_ids] .o_data_row td[name=row]").all_inner_texts()],
                [11, 23, 44, 62, 77, 154, 207, 264])
            self.assertEqual(live.run_sql(name, "select count(*) from property_unit"), before)
            self.through_the_wizard(page, DATA / "price_filing_table.xlsx")
            self.assertEqual(page.inner_text(".modal [name=new_count]").replace(",", ""), "1196")
            page.click(".modal button[name=action_import]")
            page.wait_for_selector(".modal button[name=action_open_list]:visible", timeout=60_000)
            self.assertEqual(live.run_sql(name, """
                select count(*), sum(l.total) from property_unit u join property_project p on p.id = u.project_id
                join property_price_list_line l on l.unit_id = u.id where p.name = '云栖花园一期'"""), ["1196|2531607173.20"])
            page.click(".modal button[name=action_open_list]")
            page.wait_for_selector(".o_form_view button[name=action_submit]")
            self.assertEqual(page.errors, [])
