"""The board, the race for units and the end of holds at the size of a large developer."""

import json
import random
import threading
import time
from unittest.mock import patch

from odoo.tools import SQL

import live
from bench_rows import row
from estate import Estate

BOARD_FIELDS = (
    "stair", "floor", "name", "stack", "layout_id", "usage", "orientation", "gross_area", "inside_area", "unit_price",
    "list_price", "state", "sale_block")
CLIENTS, RACED, WORKERS = 64, 500, 4
HOLDS, EXPIRED = 50_000, 5_000


# ---------------------------------------------------------------------- board

def prepare_board(count):
    """A building of ``count`` released units, a tenth of them held.

    :return: function of (env) that returns the building as its manager sees it
    """
    def prepare(env):
        estate = Estate(env, f"Board {count}", count)
        building = estate.units[0].building_id
        env.cr.execute("UPDATE property_unit SET building_id = %s, stair = stair || ' ' || building_id WHERE project_id = %s", [
            building.id, estate.project.id])
        env.invalidate_all()
        estate.release()
        held = estate.units[::10]
        request = estate.as_post("consultant", env["property.unit.request"]).create({
            "kind": "hold", "project_id": estate.project.id, "unit_ids": held.ids, "hours": 24, "reason": "Board"})
        request.action_submit()
        estate.as_post("manager", request).action_approve()
        env.flush_all()
        env.cr.execute("ANALYZE property_unit, property_unit_allocation, property_unit_movement")
        building = estate.as_post("manager", building)
        assert len(building.get_board()["units"]) == count
        return building
    return prepare


def get_board(_env, building):
    return json.dumps(building.get_board())


def search_read(_env, building):
    """Odoo's own way to the same fields, with the holders."""
    found = building.env["property.unit"].web_search_read([("building_id", "=", building.id)], {
        **{name: {} for name in BOARD_FIELDS},
        "allocation_ids": {"fields": {"expiry": {}, "request_id": {"fields": {"name": {}, "requester_id": {"fields": {"name": {}}}}}}}})
    return json.dumps(found, default=str)


def bare_sql(_env, building):
    """What the board shows of the units, from the tables to JSON: no right, no rule, nothing around it."""
    [[units]] = building.env.execute_query(SQL(
        """
        SELECT json_agg(json_build_array(
            u.id, u.stair, u.floor, u.name, u.stack, u.layout_id, u.usage, u.orientation, u.gross_area, u.inside_area,
            u.unit_price, u.list_price, u.state, u.sealed, u.mortgaged, u.mortgage_consent, u.price_line_id,
            b.date_open, b.date_close, r.name, p.name, a.expiry))::text
        FROM property_unit u
        LEFT JOIN property_release_batch b ON b.id = u.batch_id
        LEFT JOIN property_unit_allocation a ON a.unit_id = u.id
        LEFT JOIN property_unit_request r ON r.id = a.request_id
        LEFT JOIN res_users s ON s.id = r.requester_id
        LEFT JOIN res_partner p ON p.id = s.partner_id
        WHERE u.building_id = %s
        """, building.id))
    return units


for _count in (2_000, 10_000):
    row(f"board {_count:,} units: web_search_read", reference=search_read, aim=0.4, prepare=prepare_board(_count))(get_board)
    row(f"board {_count:,} units: bare SQL", reference=bare_sql, aim=3, prepare=prepare_board(_count))(get_board)


# ---------------------------------------------------------------------- hold race

# Calls of each client to the trivial route.
TRIVIAL = 50


class Race:
    """A server of its own with released units, and clients that all call at once."""

    def __init__(self, url, name, units):
        self.name, self.units = name, units
        self.clients = {post: live.Client(url, name, f"race-{post}") for post in ("consultant", "manager")}
        # What a reverse proxy does: the server's own queue takes so many, and forgets some of the others for a minute.
        self.door = threading.BoundedSemaphore(8 * WORKERS)

    def call(self, post, *args):
        with self.door:
            return self.clients[post].call(*args)

    def at_once(self, work):
        """:return: calls a second, of all clients together; ``work(random)`` returns how many it made"""
        counts, errors = [], []

        def client(seed):
            try:
                counts.append(work(random.Random(seed)))
            except Exception as error:  # noqa: BLE001
                errors.append(error)
        threads = [threading.Thread(target=client, args=[seed]) for seed in range(CLIENTS)]
        start = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.perf_counter() - start
        assert not errors, errors[0]
        return sum(counts) / seconds

    def rush(self):
        """The hour that a release opens: everybody asks for random units, until there is none left.

        What was free is approved at once; whoever comes too late reads who was first.
        """
        held = []

        def client(chance):
            calls = 0
            while len(held) < RACED:
                calls += 1
                try:
                    answer = self.call(
                        "consultant", "property.unit.request", "request_from_board", "hold", [chance.choice(self.units)],
                        {"reason": "Race", "hours": 24})
                    calls += 1
                    self.call("manager", "property.unit.request", "action_approve", answer["ids"])
                    held.append(answer["ids"])
                except live.Refused as refusal:
                    assert "is held by SC" in str(refusal) or "is “Held” (SC" in str(refusal), refusal
            return calls
        return self.at_once(client)

    def free(self):
        """Give everything back, and nothing was held twice."""
        with live.environment(self.name) as env:
            Request = env["property.unit.request"]
            Request.search([("state", "=", "submitted")]).action_cancel()
            holds = Request.search([("state", "=", "active"), ("reason", "=", "Race")])
            env.cr.execute("SELECT unit_id FROM property_unit_allocation WHERE unit_id IN %s", [tuple(self.units)])
            held = [unit for [unit] in env.cr.fetchall()]
            assert sorted(held) == sorted(holds.unit_ids.ids) and len(held) == len(holds) == len(set(held)), "a unit is held twice"
            holds._end()
        return len(held)


def prepare_race(env):
    units = []

    def prepare(env):
        estate = Estate(env, "race", RACED)
        estate.release()
        units.extend(estate.units.ids)
    with live.server(env.cr.dbname, "--workers", str(WORKERS), prepare=prepare) as (url, name):
        yield Race(url, name, units)


def trivial_route(_env, race):
    """Everybody reads his own name."""
    def client(_chance):
        for _time in range(TRIVIAL):
            race.call("consultant", "res.users", "read", race.clients["consultant"].uid, ["name"])
        return TRIVIAL
    return race.at_once(client)


@row("hold race", reference=trivial_route, aim=0.3, prepare=prepare_race, rate=True)
def hold_race(_env, race):
    rate = race.rush()
    assert race.free() == RACED
    return rate


# ---------------------------------------------------------------------- expiry

def prepare_expiry(env):
    """50,000 holds of one unit each, of which the time of every tenth is over."""
    estate = Estate(env, "Expiry", HOLDS)
    requester = estate.users["consultant"]
    env.flush_all()
    values = {"project": estate.project.id, "company": estate.company.id, "user": requester.id, "model": "property.unit.request"}
    for statement in (
        """INSERT INTO property_unit_request (
                name, kind, project_id, company_id, state, reason, hours, expiry, requester_id, approver_id, decided_at, create_uid,
                create_date, write_date, write_uid)
            SELECT 'X' || id, 'hold', project_id, company_id, 'active', 'Expiry', 24,
                now() AT TIME ZONE 'UTC' + CASE WHEN row_number() OVER (ORDER BY id) %% 10 = 0 THEN -1 ELSE 1 END * interval '1 hour',
                %(user)s, %(user)s, now() AT TIME ZONE 'UTC' - interval '25 hours', %(user)s, now(), now(), %(user)s
            FROM property_unit WHERE project_id = %(project)s""",
        """INSERT INTO property_unit_property_unit_request_rel (property_unit_request_id, property_unit_id)
            SELECT r.id, substr(r.name, 2)::integer FROM property_unit_request r WHERE r.project_id = %(project)s""",
        """INSERT INTO mail_followers (res_model, res_id, partner_id)
            SELECT %(model)s, r.id, u.partner_id FROM property_unit_request r JOIN res_users u ON u.id = r.requester_id
            WHERE r.project_id = %(project)s""",
        """INSERT INTO property_unit_allocation (unit_id, request_id, expiry, project_id, company_id)
            SELECT property_unit_id, property_unit_request_id, r.expiry, r.project_id, r.company_id
            FROM property_unit_property_unit_request_rel l JOIN property_unit_request r ON r.id = l.property_unit_request_id
            WHERE r.project_id = %(project)s""",
        *(f"""INSERT INTO property_unit_movement (
                unit_id, building_id, layout_id, project_id, company_id, currency_id, date, state_from, state_to, document_model,
                document_id, document_name, user_id)
            SELECT u.id, building_id, layout_id, u.project_id, u.company_id, currency_id, now(), '{before}', '{after}', %(model)s,
                a.request_id, 'X' || u.id, %(user)s
            FROM property_unit u JOIN property_unit_allocation a ON a.unit_id = u.id WHERE u.project_id = %(project)s"""
          for before, after in (("unreleased", "available"), ("available", "held"))),
        "UPDATE property_unit SET state = 'held' WHERE project_id = %(project)s",
        "SET CONSTRAINTS ALL IMMEDIATE", "SET CONSTRAINTS ALL DEFERRED",
        "ANALYZE property_unit, property_unit_request, property_unit_allocation, property_unit_movement, mail_followers",
    ):
        env.cr.execute(statement, values)
    env.invalidate_all()
    return env(su=True)["property.unit.request"].browse(), estate


def expire_in_sql(env, prepared):
    """The same rows, one statement, and nothing but them."""
    _requests, estate = prepared
    env.cr.execute(
        """
        WITH due AS (
            SELECT r.id, r.name, r.requester_id, a.unit_id FROM property_unit_request r JOIN property_unit_allocation a ON a.request_id = r.id
            WHERE r.state = 'active' AND r.expiry <= now() AT TIME ZONE 'UTC'
        ), freed AS (
            DELETE FROM property_unit_allocation WHERE request_id IN (SELECT id FROM due)
        ), ended AS (
            UPDATE property_unit_request SET state = 'expired', write_date = now(), write_uid = 1 WHERE id IN (SELECT id FROM due)
        ), moved AS (
            INSERT INTO property_unit_movement (
                unit_id, building_id, layout_id, project_id, company_id, currency_id, date, state_from, state_to, document_model,
                document_id, document_name, reason, user_id, gross_area, list_price, create_uid, create_date, write_uid, write_date)
            SELECT u.id, building_id, layout_id, project_id, company_id, currency_id, now(), u.state, 'available', 'property.unit.request',
                due.id, due.name, 'Expired', 1, gross_area, list_price, 1, now(), 1, now()
            FROM property_unit u JOIN due ON due.unit_id = u.id
        ), said AS (
            INSERT INTO mail_message (
                model, res_id, message_type, subtype_id, author_id, email_from, body, date, message_id, reply_to, is_internal,
                create_uid, create_date, write_uid, write_date)
            SELECT 'property.unit.request', id, 'notification', %(note)s, 2, 'bot@example.com', 'The time of the hold is over', now(),
                'message-' || id, 'bot@example.com', TRUE, 1, now(), 1, now() FROM due
        ), told AS (
            INSERT INTO mail_activity (
                res_model_id, res_model, res_id, res_name, user_id, activity_type_id, date_deadline, summary, automated, active,
                create_uid, create_date, write_uid, write_date)
            SELECT %(model)s, 'property.unit.request', id, name, requester_id, %(todo)s, now(), name || ' is over', TRUE, TRUE, 1, now(), 1, now()
            FROM due
        )
        UPDATE property_unit SET state = 'available', write_date = now(), write_uid = 1 WHERE id IN (SELECT unit_id FROM due)
        """, {"note": env.ref("mail.mt_note").id, "todo": env.ref("mail.mail_activity_data_todo").id,
              "model": env["ir.model"]._get_id("property.unit.request")})
    assert env.cr.rowcount == EXPIRED
    env.cr.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
    _check_expired(env, estate)


def _check_expired(env, estate):
    env.cr.execute("""
        SELECT (SELECT count(*) FROM property_unit WHERE project_id = %(project)s AND state = 'available'),
            (SELECT count(*) FROM property_unit_allocation WHERE project_id = %(project)s),
            (SELECT count(*) FROM property_unit_request WHERE project_id = %(project)s AND state = 'expired')""",
        {"project": estate.project.id})
    assert env.cr.fetchone() == (EXPIRED, HOLDS - EXPIRED, EXPIRED)


@row("expiry", reference=expire_in_sql, aim=5, prepare=prepare_expiry)
def expire(env, prepared):
    requests, estate = prepared
    # A commit would keep what the next run needs again: everything but the writing of the log to disk.
    with patch.object(type(env.cr), "commit", lambda cr: cr.flush()):
        requests._cron_expire()
    _check_expired(env, estate)
