"""Takes the README's pictures: CONFIGURATION DATABASE FOLDER."""

import sys
from pathlib import Path

from PIL import Image

import odoo.tools

import live

ACTION = "/odoo/action-property_customer_service."
BASE_ACTION = "/odoo/action-property_base."
TABLE = Path(__file__).parent.parent / "addons/property_customer_service/tests/data/price_filing_table_with_errors.xlsx"
COLOURS = 96
# What is asked for on the day of the pictures: rooms, hours, and what for.
HOLDS = (
    (("1号楼-1单元-1902",), 12, "客户晚上带父母复看"),
    (("1号楼-2单元-1801", "1号楼-2单元-1802"), 24, "姐妹两家同层选购"),
    (("2号楼-1单元-1703",), 20, "客户已交意向资料，等待配偶签字"),
    (("2号楼-2单元-1604",), 24, "外地客户今晚到京，明早看房"),
)
RETURNED = (("1号楼-2单元-2301",), 24, "客户要考虑一下")


class Day:
    """A day's work on the demo estate, done by the product's own actions; afterwards holds the ids of what the pictures show."""

    def __init__(self):
        self.request = self.prices = self.buyer = self.close = None

    def prepare(self, env):
        self.env = env
        self.ask_for_holds()
        self.hand_in_papers()
        self.close_the_day()
        self.buyer = env.ref("property_customer_service.buyer_zhang_jia").id

    def as_post(self, post, records):
        user = self.env.ref(f"property_base.user_{post}")
        return records.with_user(user).with_context(lang="zh_CN", allowed_company_ids=user.company_id.ids)

    def hold(self, rooms, hours, reason):
        units = self.env["property.unit"].search([("full_name", "in", rooms)])
        request = self.as_post("consultant", self.env["property.unit.request"]).create({
            "kind": "hold", "project_id": units.project_id.id, "unit_ids": units.ids, "hours": hours, "reason": reason})
        request.action_submit()
        return request

    def ask_for_holds(self):
        """The manager sends one of them back; it comes again with other values, and shows both times."""
        again = self.hold(*RETURNED)
        self.as_post("manager", again).action_return("请写明客户何时签约，预留缩短为半天")
        again.write({"hours": 12, "reason": "客户今晚签认购书"})
        again.action_submit()
        for wanted in HOLDS:
            self.hold(*wanted)
        self.request = self.env["property.approval.request"].search(
            [("res_model", "=", again._name), ("res_id", "=", again.id)], order="round desc", limit=1).id
        self.prices = self.env["property.approval.request"].search([("res_model", "=", "property.price.list")], limit=1).id

    def hand_in_papers(self):
        company = self.env.ref("property_base.company_yunqi")
        case = self.env["test_property.case"].create({
            "name": "YQ-1-2402", "company_id": company.id, "process": "subscription",
            "partner_ids": self.env.ref("property_customer_service.buyer_zhang_jia").ids})
        case.action_make_checklist()
        papers = case.document_ids
        self.as_post("signing", papers[:-2]).action_receive()
        self.as_post("registration", papers[:-3]).action_verify()

    def close_the_day(self):
        project = self.env.ref("property_customer_service.project_yunqi")
        close = self.as_post("signing", self.env["property.inventory.close"]).create({"project_id": project.id, "date": project._today()})
        close.action_close()
        self.close = close.id


def take(page, path, address=None, wait_for=".o_view_controller, .modal .o_form_view"):
    if address:
        page.goto(address)
        page.wait_for_selector(wait_for, timeout=60_000)
    page.wait_for_timeout(1500)
    page.screenshot(path=path)
    # A palette is a quarter of the size, and looks the same.
    Image.open(path).convert("RGB").convert("P", palette=Image.Palette.ADAPTIVE, colors=COLOURS).save(path, optimize=True)


def import_pictures(page, folder, suffix):
    page.goto(f"{ACTION}property_price_import_action")
    page.wait_for_selector(".modal .o_form_view")
    page.set_input_files(".modal input[type=file]", TABLE)
    page.wait_for_function(
        "name => [...document.querySelectorAll('.modal input')].some(input => input.value === name)", arg=TABLE.name)
    page.click(".modal button[name=action_read]")
    page.wait_for_selector(".modal button[name=action_check]:visible")
    take(page, folder / f"import_columns{suffix}.png")
    page.click(".modal button[name=action_check]")
    page.wait_for_selector(".modal button[name=action_other_file]:visible")
    take(page, folder / f"import_faults{suffix}.png")


def main(configuration, source, folder):
    odoo.tools.config.parse_config(["-c", configuration])
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    day = Day()
    with live.server(source, prepare=day.prepare) as (url, name), live.browser() as chromium:
        [unit] = live.run_sql(name, "select id from property_unit where full_name = '1号楼-1单元-2501'")
        [prices] = live.run_sql(name, "select id from property_price_list where version = 2")
        views = {
            "home": ("/odoo/action-property_base.property_home_action", ".o_home_section"),
            "waiting": ("/odoo/waiting-for-me",),
            "approval": (f"{BASE_ACTION}property_approval_request_action/{day.request}", ".o_property_ribbon_step"),
            "approval_steps": (f"{BASE_ACTION}property_approval_request_action/{day.prices}", ".o_property_ribbon_step"),
            "buyer": (f"{ACTION}res_partner_action_buyer/{day.buyer}",),
            "papers": (f"{BASE_ACTION}property_document_action", ".o_data_row, .o_kanban_record"),
            "daily_report": (f"{ACTION}property_inventory_close_action/{day.close}", ".o_field_html table"),
            "board": (f"{ACTION}property_board_action", ".o_property_unit"),
            "unit_list": (f"{ACTION}property_unit_action",),
            "unit_form": (f"{ACTION}property_unit_action/{unit}",),
            "unit_kanban": (f"{ACTION}property_unit_action?view_type=kanban",),
            "price_list": (f"{ACTION}property_price_list_action/{prices}",),
        }
        for suffix, device in (("", live.DESK), ("_phone", live.PHONE)):
            page = live.new_page(chromium, url, "manager", device)
            # A phone shows the cards whatever it is asked for.
            for picture, view in views.items() if device is live.DESK else [item for item in views.items() if item[0] != "unit_list"]:
                take(page, folder / f"{picture}{suffix}.png", *view)
            import_pictures(page, folder, suffix)


if __name__ == "__main__":
    main(*sys.argv[1:])
