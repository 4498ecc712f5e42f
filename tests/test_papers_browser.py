import base64
import json

from odoo.tests import BaseCase, get_db_name, tagged

import live

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==")
EXE = b"MZ\x90\x00" + bytes(56) + b"\x40\x00\x00\x00PE\x00\x00" + bytes(200)


@tagged("post_install", "-at_install")
class TestPapersBrowser(BaseCase):
    """A buyer sends a paper from his phone; the staff receive and verify it on the document's own page."""

    def call(self, page, model, method, *args):
        answer = page.request.post(
            f"/web/dataset/call_kw/{model}/{method}", headers={"Content-Type": "application/json"},
            data=json.dumps({"params": {"model": model, "method": method, "args": args, "kwargs": {}}})).json()
        self.assertNotIn("error", answer)
        return answer.get("result")

    def make_case(self, page, name):
        """:return: id of a document at its handover, and of its buyer, who has a login of his own"""
        [[company, portal]] = [row.split("|") for row in live.run_sql(name, """
            select c.res_id, g.res_id from ir_model_data c, ir_model_data g
            where c.module = 'property_base' and c.name = 'company_yunqi' and g.module = 'base' and g.name = 'group_portal'""")]
        [buyer] = self.call(page, "res.partner", "create", [{"name": "王建国", "email": "wang@example.com"}])
        self.call(page, "res.users", "create", [{
            "login": "wang", "password": "wang", "partner_id": buyer, "lang": "zh_CN", "company_id": int(company),
            "company_ids": [[6, 0, [int(company)]]], "group_ids": [[6, 0, [int(portal)]]]}])
        [case] = self.call(page, "test_property.case", "create", [{
            "name": "YQ-1", "company_id": int(company), "partner_ids": [[6, 0, [buyer]]], "process": "handover"}])
        self.call(page, "test_property.case", "action_make_checklist", [case])
        return case

    def test_from_the_phone_to_the_file(self):
        with live.server(get_db_name()) as (url, name), live.browser() as chromium:
            case = self.make_case(live.new_page(chromium, url, "admin"), name)
            files = "select count(*) from ir_attachment where res_model = 'property.document'"

            context = chromium.new_context(base_url=url, locale="zh-CN", **live.PHONE)
            phone = context.new_page()
            phone.goto("/web/login")
            phone.fill("input[name=login]", "wang")
            phone.fill("input[name=password]", "wang")
            phone.click("button[type=submit]")
            phone.wait_for_selector(".o_portal_my_home")
            phone.goto("/my/papers")
            # The page must fit the phone.
            self.assertLessEqual(phone.evaluate("document.documentElement.scrollWidth"), 390)

            def choose(file_name, content, index=1):
                card = phone.locator(".card", has_text="维修资金收据")
                card.locator("input[type=file]").nth(index).set_input_files(
                    {"name": file_name, "mimeType": "image/png", "buffer": content})
                return card

            card = choose("large.png", PNG + bytes(10 * 1024 * 1024))
            card.locator(".o_property_paper_refusal:visible").wait_for()
            self.assertEqual(live.run_sql(name, files), ["0"])
            choose("photo.png", EXE)
            phone.wait_for_selector(".o_property_paper_error")
            self.assertEqual(
                phone.inner_text(".o_property_paper_error"), "“photo.png”不是 PDF、JPEG、PNG、HEIC 或 WebP 文件：请拍照或另存为 PDF。")
            self.assertEqual(live.run_sql(name, files), ["0"])
            choose("photo.png", PNG, index=0)
            phone.wait_for_url("**/my/papers#paper-*")
            self.assertIn("核验中", phone.locator(".card", has_text="维修资金收据").inner_text())
            self.assertEqual(live.run_sql(name, files), ["1"])

            def row(page, text):
                return page.locator("[name=document_ids] .o_data_row", has_text=text)

            for login, button, paper, state in (
                ("signing", "action_receive", "入伙通知书", "待核验"), ("registration", "action_verify", "入伙通知书", "已核验"),
                ("registration", "action_verify", "维修资金收据", "已核验"),
            ):
                page = live.new_page(chromium, url, login)
                page.goto(f"/odoo/action-test_property_base.test_property_case_action/{case}")
                row(page, paper).locator(f"button[name={button}]").click()
                row(page, paper).locator(".badge", has_text=state).wait_for()
                self.assertEqual(page.errors, [])
            self.assertEqual(page.inner_text(".o_stat_value"), "2/5")
            # Whoever received it is offered no button to verify it.
            page = live.new_page(chromium, url, "signing")
            page.goto(f"/odoo/action-test_property_base.test_property_case_action/{case}")
            row(page, "身份证").locator("button[name=action_receive]").click()
            row(page, "身份证").locator(".badge", has_text="待核验").wait_for()
            self.assertEqual(row(page, "身份证").locator("button[name=action_verify]").count(), 0)
