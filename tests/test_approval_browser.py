from odoo.tests import BaseCase, get_db_name, tagged

import live

UNITS = ("1号楼-1单元-2001", "1号楼-1单元-2002", "1号楼-1单元-2003")


@tagged("post_install", "-at_install")
class TestApprovalBrowser(BaseCase):
    """The department manager on his phone, in Chinese: three holds are asked for, and he decides each in another way."""

    def prepare(self, env):
        users = {post: env.ref(f"property_base.user_{post}") for post in ("consultant", "signing", "manager")}

        def as_post(post, model):
            return env[model].with_user(users[post]).with_context(lang="zh_CN", allowed_company_ids=users[post].company_id.ids)
        units = env["property.unit"].search([("full_name", "in", UNITS)], order="full_name")
        if unreleased := units.filtered(lambda unit: unit.state == "unreleased"):
            batch = as_post("signing", "property.release.batch").create({
                "title": "加推", "project_id": units.project_id.id, "unit_ids": unreleased.ids})
            batch.action_submit()
            batch.with_user(users["manager"]).action_approve()
        requests = as_post("consultant", "property.unit.request").create([{
            "kind": "hold", "project_id": unit.project_id.id, "unit_ids": unit.ids, "hours": 12, "reason": f"客户{number}明天来定"}
            for number, unit in enumerate(units, 1)])
        requests.action_submit()
        self.requests = dict(zip(("agree", "return", "reject"), requests.mapped("name"), strict=True))
        self.ids = requests.ids

    def card(self, page, name):
        return page.locator(".o_kanban_record", has_text=name)

    def send_back(self, page, name, button, opinion):
        self.card(page, name).get_by_role("button", name=button).click()
        dialog = page.locator(".modal")
        dialog.locator("[name=opinion] textarea").fill(opinion)
        dialog.locator("button[name=action_confirm]").click()
        dialog.wait_for(state="hidden")
        self.card(page, name).wait_for(state="hidden")

    def test_three_decisions_on_a_phone(self):
        with live.server(get_db_name(), prepare=self.prepare) as (url, name), live.browser() as chromium:
            page = live.new_page(chromium, url, "manager", live.PHONE)
            page.goto("/odoo/waiting-for-me")
            for request in self.requests.values():
                self.card(page, request).wait_for(timeout=60_000)
            text = self.card(page, self.requests["agree"]).inner_text()
            for shown in ("销控申请", UNITS[0], "12", "客户1明天来定", "置业顾问"):
                self.assertIn(shown, text)
            self.card(page, self.requests["agree"]).get_by_role("button", name="同意").click()
            self.card(page, self.requests["agree"]).wait_for(state="hidden")
            self.send_back(page, self.requests["return"], "退回", "请写明客户姓名")
            self.send_back(page, self.requests["reject"], "否决", "该房源另有安排")
            self.assertEqual(live.run_sql(name, f"""
                select r.state, d.kind, coalesce(d.opinion, ''), q.state from property_unit_request r
                join property_approval_request q on q.res_model = 'property.unit.request' and q.res_id = r.id
                join property_approval_decision d on d.request_id = q.id where r.id in {tuple(self.ids)} order by r.id"""), [
                "active|agree||approved", "draft|return|请写明客户姓名|returned", "rejected|reject|该房源另有安排|rejected"])
            self.assertEqual(live.run_sql(name, f"select full_name from property_unit where state = 'held' and full_name in {UNITS}"), [UNITS[0]])
            # Whoever asked finds on the document what was said.
            consultant = live.new_page(chromium, url, "consultant", live.PHONE)
            consultant.goto(f"/odoo/action-property_customer_service.property_unit_request_action/{self.ids[1]}")
            consultant.get_by_text("请写明客户姓名").first.wait_for()
            self.assertEqual(page.errors + consultant.errors, [])
