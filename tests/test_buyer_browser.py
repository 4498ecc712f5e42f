from odoo.addons.property_base.tools.identity import id_check_char
from odoo.tests import BaseCase, get_db_name, tagged

import live

BUYERS = "/odoo/action-property_customer_service.res_partner_action_buyer"
BODY = "11000019880808020"
NUMBER = BODY + id_check_char(BODY)
MASK = f"110***********{NUMBER[-4:]}"
NUMBER_FIELD = ".o_field_widget[name=identity_number]"


@tagged("post_install", "-at_install")
class TestBuyerBrowser(BaseCase):
    """A buyer is entered, found by the number, and the number is looked at: on a desk and on a phone."""

    def test_from_entry_to_unmasking(self):
        with live.server(get_db_name()) as (url, name), live.browser() as chromium:
            # Odoo's robot greets each user once, over the whole of a phone's screen.
            live.run_sql(name, "update res_users set odoobot_state = 'disabled'")
            page = live.new_page(chromium, url, "signing")
            page.goto(f"{BUYERS}/new")
            page.wait_for_selector(".o_form_view")
            page.fill(".o_field_widget[name=name] input", "测试客户")
            self.choose(page, "identity_type", "居民身份证")
            page.fill(f"{NUMBER_FIELD} input", f"{NUMBER[:6]} {NUMBER[6:14]} {NUMBER[14:]}")
            page.click(".o_form_button_save")
            page.wait_for_function("selector => document.querySelector(selector)?.value.includes('*')", arg=f"{NUMBER_FIELD} input")
            self.assertEqual(page.input_value(f"{NUMBER_FIELD} input"), MASK)
            self.assertEqual(live.run_sql(name, "select birth_date, sex, identity_number_mask from res_partner where name = '测试客户'"),
                             [f"1988-08-08|female|{MASK}"])

            # A number that is mistyped is refused in one sentence, and the form stays.
            page.fill(f"{NUMBER_FIELD} input", NUMBER[:17] + ("1" if NUMBER[17] != "1" else "2"))
            page.click(".o_form_button_save")
            dialog = page.locator(".modal", has_text="校验码与其余数字不符：号码有误，请核对。")
            dialog.wait_for()
            dialog.locator("button.btn-primary").click()
            page.click(".o_form_button_cancel")

            page.goto(BUYERS)
            page.wait_for_selector(".o_data_row")
            page.locator(".o_searchview_input").press_sequentially(NUMBER)
            page.locator(".o_searchview_autocomplete .o-dropdown-item", has_text="证件号码").click()
            page.wait_for_function("document.querySelectorAll('.o_data_row').length === 1")
            self.assertEqual(page.inner_text(".o_data_row td[name=identity_number]"), MASK)
            self.assertEqual([error for error in page.errors if "Odoo Server Error" not in error and "RPC_ERROR" not in error], [])

            [partner] = live.run_sql(name, "select id from res_partner where name = '测试客户'")
            phone = live.new_page(chromium, url, "signing", live.PHONE)
            phone.goto(f"{BUYERS}/{partner}")
            phone.click(f"{NUMBER_FIELD} button")
            phone.click(".modal .btn-primary")
            phone.wait_for_selector(".modal .invalid-feedback")
            self.assertEqual(live.run_sql(name, "select count(*) from property_unmasking"), ["0"])
            phone.fill("#o_unmask_reason", "核对网签信息")
            phone.click(".modal .btn-primary")
            phone.wait_for_selector(".o_property_number")
            self.assertEqual(phone.inner_text(".o_property_number"), NUMBER)
            phone.click(".modal .btn-secondary")
            phone.wait_for_selector(".modal", state="detached")
            self.assertNotIn(NUMBER, phone.content())
            self.assertEqual(
                live.run_sql(name, "select res_id, field, reason, by_hand, u.login from property_unmasking l join res_users u on u.id = l.user_id"),
                [f"{partner}|identity_number|核对网签信息|t|signing"])
            self.assertEqual(phone.errors, [])

            consultant = live.new_page(chromium, url, "consultant")
            [own] = live.run_sql(name, "select id from res_partner where name = '张甲'")
            consultant.goto(f"{BUYERS}/{own}")
            consultant.wait_for_selector(f"{NUMBER_FIELD} input")
            self.assertEqual(consultant.locator(f"{NUMBER_FIELD} button").count(), 0)

    def choose(self, page, field, label):
        widget = page.locator(f".o_field_widget[name={field}]")
        if widget.locator("select").count():
            widget.locator("select").select_option(label=label)
        else:
            widget.locator("input").click()
            page.locator(".o_select_menu_item, .dropdown-item", has_text=label).first.click()
