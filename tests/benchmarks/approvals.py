"""Approvals against Odoo's own leaves, and the approver's list among many."""

from datetime import date, timedelta

from lxml import etree

from odoo.fields import Command
from odoo.tools import SQL

from bench_rows import row

DOCUMENTS = 200
PENDING, REQUESTS = 20_000, 200_000


def _users(env, name, posts):
    company = env["res.company"].create({"name": name, "currency_id": env.ref("base.CNY").id})
    users = {}
    for post, groups in posts.items():
        users[post] = env["res.users"].with_context(no_reset_password=True).create({
            "name": f"{name} {post}", "login": f"{name}-{post}", "email": f"{post}@example.com", "notification_type": "email",
            "company_id": company.id, "company_ids": [Command.set(company.ids)],
            "group_ids": [Command.set([env.ref(group).id for group in groups])]})
    return company, users


def prepare_approve(env):
    """Claims that two posts approve one after the other; leaves that the manager and then the officer approve."""
    company, users = _users(env, "Approve", {
        "asker": ["property_base.group_sales_consultant", "base.group_user"],
        "first": ["property_base.group_finance", "base.group_user"],
        "second": ["property_base.group_legal", "base.group_user", "hr_holidays.group_hr_holidays_user"]})
    kind = env["property.approval.type"].search([("code", "=", "test_claim")]) or env["property.approval.type"].create(
        {"name": "Claim", "code": "test_claim"})
    env["property.approval.rule"].create({"name": "Two steps", "type_id": kind.id, "company_id": company.id, "step_ids": [
        Command.create({"sequence": number, "group_id": env.ref(f"property_base.group_{post}").id})
        for number, post in enumerate(("finance", "legal"))]})
    leave_type = env["hr.leave.type"].create({
        "name": "Approve", "requires_allocation": False, "leave_validation_type": "both", "company_id": company.id,
        "responsible_ids": [Command.set(users["second"].ids)], "request_unit": "day"})
    env.flush_all()
    employees = env["hr.employee"].create([{
        "name": f"Employee {number}", "company_id": company.id, "leave_manager_id": users["first"].id,
        **({"user_id": users["asker"].id} if not number else {})} for number in range(DOCUMENTS)])
    return company, users, leave_type, employees


def _as(env, users, post, company):
    return env(user=users[post].id, context={"allowed_company_ids": company.ids, "lang": "en_US"})


def leaves(env, prepared):
    company, users, leave_type, employees = prepared
    start = date.today() + timedelta(days=30)
    for employee in employees:
        leave = _as(env, users, "second", company)["hr.leave"].create({
            "name": "Bench", "employee_id": employee.id, "holiday_status_id": leave_type.id, "request_date_from": start,
            "request_date_to": start})
        leave.with_env(_as(env, users, "first", company)).action_approve()
        leave.with_env(_as(env, users, "second", company)).action_approve()
        assert leave.state == "validate"


@row("approve", reference=leaves, aim=1.0, queries=1.0, prepare=prepare_approve)
def approve(env, prepared):
    company, users, *_rest = prepared
    for number in range(DOCUMENTS):
        claim = _as(env, users, "asker", company)["test_property.claim"].create({"amount": number + 1, "company_id": company.id})
        claim.action_submit()
        claim.with_env(_as(env, users, "first", company)).action_approve()
        claim.with_env(_as(env, users, "second", company)).action_approve()
        assert claim.state == "paid"


def prepare_waiting(env):
    """200,000 requests, of which 20,000 wait for one approver; and as many plain records."""
    company, users = _users(env, "Waiting", {"asker": ["property_base.group_sales_consultant"], "first": ["property_base.group_finance"]})
    kind = env["property.approval.type"].search([("code", "=", "test_claim")]) or env["property.approval.type"].create(
        {"name": "Claim", "code": "test_claim"})
    rule = env["property.approval.rule"].create({"name": "Waiting", "type_id": kind.id, "company_id": company.id, "step_ids": [
        Command.create({"group_id": env.ref("property_base.group_finance").id})]})
    env.flush_all()
    values = {
        "company": company.id, "asker": users["asker"].id, "first": users["first"].id, "kind": kind.id, "rule": rule.id, "requests": REQUESTS,
        "pending": PENDING, "group": env.ref("property_base.group_finance").id, "step": rule.step_ids.id}
    for statement in (
        """INSERT INTO test_property_claim (name, state, company_id, amount, discount, create_uid, write_uid, create_date, write_date)
            SELECT 'W' || n, 'draft', %(company)s, n, 1, 1, 1, now(), now() FROM generate_series(1, %(requests)s) n""",
        """INSERT INTO property_approval_request (
                type_id, rule_id, res_model, res_id, document_name, company_id, requester_id, round, submitted_at, state, snapshot,
                key_figures, decision_count, create_uid, create_date)
            SELECT %(kind)s, %(rule)s, 'test_property.claim', id, name, %(company)s, %(asker)s, 1, now(),
                CASE WHEN amount > %(requests)s - %(pending)s THEN 'pending' ELSE 'withdrawn' END,
                jsonb_build_array(jsonb_build_array('amount', amount)), jsonb_build_array(jsonb_build_array('amount', amount)), 0, 1, now()
            FROM test_property_claim WHERE company_id = %(company)s""",
        # Or every row's foreign keys are looked up as in the small table that it was.
        "ANALYZE property_approval_request, test_property_claim",
        """INSERT INTO property_approval_request_step (
                request_id, step_id, name, summary, round, sequence, type_id, res_model, res_id, document_name, company_id, requester_id, approver,
                group_id, quorum, allow_bulk, state, started_at, create_uid, create_date)
            SELECT id, %(step)s, jsonb_build_object('en_US', 'Finance'), jsonb_build_object('en_US', 'Amount ' || document_name), round, 10, type_id, res_model, res_id, document_name, company_id, requester_id,
                'group', %(group)s, 1, true, CASE state WHEN 'pending' THEN 'pending' ELSE 'skipped' END, submitted_at, 1, now()
            FROM property_approval_request WHERE company_id = %(company)s""",
        "ANALYZE property_approval_request, property_approval_request_step, test_property_claim",
    ):
        env.cr.execute(SQL(statement, **values))
    env.invalidate_all()
    # What the browser reads once, when it opens the list.
    view = env.ref("property_base.property_approval_request_step_view_list_mine").id
    fields = etree.fromstring(env["property.approval.request.step"].get_view(view, "list")["arch"]).iter("field")
    many2one = {"fields": {"display_name": {}}}
    return _as(env, users, "first", company), {
        field.get("name"): many2one if field.get("name").endswith("_id") else {} for field in fields}


def plain_list(_env, prepared):
    env, _fields = prepared
    found = env["test_property.claim"].web_search_read([("company_id", "=", env.company.id)], {
        "name": {}, "amount": {}, "discount": {}, "days": {}, "note": {}, "state": {}, "kind": {},
        "company_id": {"fields": {"display_name": {}}}, "create_uid": {"fields": {"display_name": {}}}}, limit=80, count_limit=10001)
    assert len(found["records"]) == 80


@row("waiting", reference=plain_list, aim=1.3, prepare=prepare_waiting)
def waiting_list(_env, prepared):
    env, fields = prepared
    found = env["property.approval.request.step"].web_search_read([("mine", "=", True)], fields, limit=80, count_limit=10001)
    assert len(found["records"]) == 80
