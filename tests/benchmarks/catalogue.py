"""Import, list and repricing at the size of a large developer."""

import base64
import io
from decimal import Decimal

from odoo.addons.property_customer_service.tools import price_table
from odoo.tools import SQL

from bench_rows import row

IMPORTED = 50_000
REPRICED = 20_000
SHORT_LIST, LONG_LIST = 10_000, 500_000
LIST_FIELDS = {
    name: {} for name in (
        "currency_id", "stair", "floor", "name", "orientation", "gross_area", "inside_area", "unit_price", "list_price", "state")
} | {name: {"fields": {"display_name": {}}} for name in ("building_id", "layout_id")}


def as_manager(env, name):
    """A department manager of a company of its own, so that what other rows wrote is out of sight."""
    company = env["res.company"].create({"name": name})
    user = env["res.users"].create({
        "name": name, "login": name, "company_id": company.id, "company_ids": [(6, 0, company.ids)],
        "group_ids": [(6, 0, env.ref("property_base.group_department_manager").ids)],
    })
    return env(user=user, context={"allowed_company_ids": company.ids})


def records(count):
    """Flats on four stairs of 33 floors with four stacks each, as many buildings as it takes."""
    for index in range(count):
        rest, stack = divmod(index, 4)
        rest, floor = divmod(rest, 33)
        building, stair = divmod(rest, 4)
        large = stack % 2
        area = Decimal("118.37") if large else Decimal("89.56")
        inside = Decimal("94.02") if large else Decimal("70.88")
        price = Decimal(26000 + 90 * floor)
        layout = "A1 3室2厅2卫" if large else "A2 2室2厅1卫"
        yield price_table.Record(
            sequence=index + 1, building=f"{building + 1}号楼", stair=f"{stair + 1}单元", floor=floor + 1,
            room=f"{floor + 1:02d}{stack + 1:02d}", layout=layout, usage="residential", pricing_mode="gross",
            gross_area=area, inside_area=inside, shared_area=area - inside, unit_price=price,
            total_price=price_table.round_half_up(price * area))


def imported(env, name, count):
    """A project of ``count`` units with the wizard that is ready to import them."""
    stream = io.BytesIO()
    price_table.write_table(stream, {"project": name}, records(count))
    project = env["property.project"].create({"name": name})
    wizard = env["property.price.import"].create({
        "file": base64.b64encode(stream.getvalue()), "filename": "table.xlsx", "project_id": project.id})
    wizard.action_read()
    return wizard


def prepare_import(env):
    env = as_manager(env, "Import")
    wizard = imported(env, "Import", IMPORTED)
    project = env["property.project"].create({"name": "Load"})
    rows, buildings, layouts = [], {}, {}
    for record in records(IMPORTED):
        if record.building not in buildings:
            buildings[record.building] = env["property.building"].create({"project_id": project.id, "name": record.building})
        code, rooms = record.layout.split()
        if code not in layouts:
            layouts[code] = env["property.layout"].create({"project_id": project.id, "name": code, "rooms": rooms})
        rows.append([
            record.room, str(buildings[record.building].id), record.stair, str(record.floor), str(layouts[code].id),
            "Residential", "By gross area", str(record.gross_area), str(record.inside_area), str(record.shared_area)])
    return wizard, rows


def load_units(_env, prepared):
    wizard, rows = prepared
    result = wizard.env["property.unit"].load([
        "name", "building_id/.id", "stair", "floor", "layout_id/.id", "usage", "pricing_mode",
        "gross_area", "inside_area", "shared_area"], rows)
    assert len(result["ids"] or ()) == IMPORTED, result["messages"][:3]


@row("import", reference=load_units, aim=0.15, prepare=prepare_import)
def import_table(_env, prepared):
    wizard, _rows = prepared
    wizard.action_import()


def filled(env, name, count):
    """A manager's environment with ``count`` units: the first by import, the others as copies of its rows."""
    env = as_manager(env, name)
    wizard = imported(env, name, min(count, SHORT_LIST))
    wizard.action_import()
    env.flush_all()
    copies = count // SHORT_LIST - 1
    if copies:
        env.cr.execute(SQL(
            """
            WITH building AS (
                INSERT INTO property_building (name, project_id, company_id, sequence, active)
                SELECT b.name || ' ' || n, b.project_id, b.company_id, b.sequence, TRUE
                FROM property_building b CROSS JOIN generate_series(1, %(copies)s) n WHERE b.project_id = %(project)s
                RETURNING id, name
            )
            INSERT INTO property_unit (
                name, full_name, building_id, project_id, company_id, currency_id, stair, floor, stack, layout_id, usage,
                pricing_mode, gross_area, inside_area, shared_area, measured_gross_area, measured_inside_area,
                measured_shared_area, state, active)
            SELECT u.name, c.name || '-' || u.stair || '-' || u.name, c.id, u.project_id, u.company_id, u.currency_id, u.stair,
                u.floor, u.stack, u.layout_id, u.usage, u.pricing_mode, u.gross_area, u.inside_area, u.shared_area, 0, 0, 0,
                u.state, TRUE
            FROM building c JOIN property_building b ON b.project_id = %(project)s AND c.name LIKE b.name || ' %%'
            JOIN property_unit u ON u.building_id = b.id
            """, copies=copies, project=wizard.project_id.id))
    env.cr.execute("ANALYZE property_unit")
    env.invalidate_all()
    assert env["property.unit"].search_count([]) == count
    return env


def prepare_lists(env):
    return filled(env, "Short list", SHORT_LIST), filled(env, "Long list", LONG_LIST)


def read_list(env):
    found = env["property.unit"].web_search_read([], LIST_FIELDS, limit=80, count_limit=10001)
    assert len(found["records"]) == 80


def read_short_list(_env, prepared):
    read_list(prepared[0])


@row("list", reference=read_short_list, aim=1.3, prepare=prepare_lists)
def read_long_list(_env, prepared):
    read_list(prepared[1])


def in_force(price_list):
    price_list._check_submission()
    price_list._transition("submitted")
    price_list._on_approved()


def prepare_reprice(env):
    env = as_manager(env, "Reprice")
    wizard = imported(env, "Reprice", REPRICED)
    wizard.action_import()
    price_list = wizard.list_id
    price_list.write({
        "base_ids": [(0, 0, {"price": 25000})],
        # Six of these match every unit.
        "premium_ids": [(0, 0, premium) for premium in (
            {"kind": "floor", "floor_from": 1, "floor_to": 33, "method": "step", "value": 90},
            {"kind": "floor", "floor_from": 1, "floor_to": 16, "value": -50},
            {"kind": "floor", "floor_from": 17, "floor_to": 33, "value": 120},
            *({"kind": "stack", "stack": f"0{stack}", "value": 10 * stack} for stack in range(1, 5)),
            {"kind": "area", "area_from": 0, "area_to": 90, "method": "percent", "value": 1},
            {"kind": "area", "area_from": 90, "area_to": 0, "method": "percent", "value": 2},
            {"kind": "area", "area_from": 50, "area_to": 0, "method": "lump", "value": 2000},
            {"kind": "feature", "feature_id": env["property.unit.feature"].create({"name": "Lift"}).id, "value": 30},
        )],
    })
    units = env["property.unit"].search([])
    units.write({"feature_ids": [(4, price_list.premium_ids.feature_id.id)]})
    in_force(price_list)
    env.flush_all()
    return price_list, units


def write_float(_env, prepared):
    _price_list, units = prepared
    units.write({"measured_gross_area": 100.0})


@row("reprice", reference=write_float, aim=3, prepare=prepare_reprice)
def reprice(_env, prepared):
    price_list, _units = prepared
    version = price_list._create_next_version(with_lines=False)
    assert version._generate_lines() == REPRICED
    assert len(version.line_ids[:1].component_ids) == 8  # base, six premiums, rounding
