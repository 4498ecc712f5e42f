"""Takes the README's pictures: CONFIGURATION DATABASE FOLDER."""

import sys
from pathlib import Path

from PIL import Image

import odoo.tools

import live

ACTION = "/odoo/action-property_customer_service."
TABLE = Path(__file__).parent.parent / "addons/property_customer_service/tests/data/price_filing_table_with_errors.xlsx"
COLOURS = 96


def take(page, path, address=None):
    if address:
        page.goto(address)
        page.wait_for_selector(".o_view_controller, .modal .o_form_view", timeout=60_000)
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
    with live.server(source) as (url, name), live.browser() as chromium:
        [unit] = live.run_sql(name, "select id from property_unit where full_name = '1号楼-1单元-2501'")
        [prices] = live.run_sql(name, "select id from property_price_list where version = 2")
        views = {
            "unit_list": f"{ACTION}property_unit_action",
            "unit_form": f"{ACTION}property_unit_action/{unit}",
            "unit_kanban": f"{ACTION}property_unit_action?view_type=kanban",
            "price_list": f"{ACTION}property_price_list_action/{prices}",
        }
        for suffix, device in (("", live.DESK), ("_phone", live.PHONE)):
            page = live.new_page(chromium, url, "manager", device)
            for picture, address in views.items():
                take(page, folder / f"{picture}{suffix}.png", address)
            import_pictures(page, folder, suffix)


if __name__ == "__main__":
    main(*sys.argv[1:])
