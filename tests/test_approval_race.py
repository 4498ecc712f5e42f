import threading

from odoo.fields import Command
from odoo.tests import BaseCase, get_db_name, tagged

import live

CLAIMS = 12


@tagged("post_install", "-at_install")
class TestApprovalRace(BaseCase):
    """Two who decide at one moment, in server processes of their own."""

    def prepare(self, env):
        env["res.lang"]._activate_lang("en_US")
        company = env["res.company"].create({"name": "Race", "currency_id": env.ref("base.CNY").id})
        users = {
            post: env["res.users"].with_context(no_reset_password=True).create({
                "name": post, "login": f"race-{post}", "password": f"race-{post}", "lang": "en_US", "company_id": company.id,
                "company_ids": [Command.set(company.ids)], "group_ids": [Command.set(env.ref(f"property_base.group_{post}").ids)]})
            for post in ("sales_consultant", "finance", "legal")}
        kind = env["property.approval.type"].create({"name": "Claim", "code": "test_claim"})
        env["property.approval.rule"].create({"name": "Side by side", "type_id": kind.id, "step_ids": [
            Command.create({"sequence": 10, "group_id": env.ref(f"property_base.group_{post}").id}) for post in ("finance", "legal")]})
        claims = env["test_property.claim"].with_user(users["sales_consultant"]).with_context(allowed_company_ids=company.ids).create(
            [{"amount": 1 + number, "company_id": company.id} for number in range(2 * CLAIMS)])
        claims.action_submit()
        self.claims = claims.ids

    def at_once(self, *calls):
        """:return: list of what the calls answered, True or the sentence of the refusal"""
        answers, barrier = [None] * len(calls), threading.Barrier(len(calls))

        def run(number, client, claim):
            barrier.wait()
            try:
                answers[number] = client.call("test_property.claim", "action_approve", [claim])
            except live.Refused as refusal:
                answers[number] = str(refusal)
        threads = [threading.Thread(target=run, args=(number, *call)) for number, call in enumerate(calls)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return answers

    def test_side_by_side_and_twice(self):
        with live.server(get_db_name(), "--workers", "2", prepare=self.prepare) as (url, name):
            finance, again, legal = (live.Client(url, name, f"race-{post}") for post in ("finance", "finance", "legal"))
            # Neither may overlook what the other does: together they make it approved.
            for claim in self.claims[:CLAIMS]:
                self.assertEqual(self.at_once((finance, claim), (legal, claim)), [True, True])
            self.assertEqual(live.run_sql(name, f"""
                select c.state, r.state, count(*), sum((select count(*) from property_approval_decision d where d.request_id = r.id))
                from test_property_claim c join property_approval_request r on r.res_model = 'test_property.claim' and r.res_id = c.id
                where c.id in {tuple(self.claims[:CLAIMS])} group by 1, 2"""), [f"paid|approved|{CLAIMS}|{2 * CLAIMS}"])
            # The button pressed in two browsers: one decision, and a sentence.
            for claim in self.claims[CLAIMS:]:
                answers = self.at_once((finance, claim), (again, claim))
                self.assertEqual(answers.count(True), 1, answers)
                self.assertRegex(next(answer for answer in answers if answer is not True), r"waits for Legal: it is not your turn\.$")
            self.assertEqual(live.run_sql(name, f"""
                select count(*), count(distinct request_step_id) from property_approval_decision d
                join property_approval_request r on r.id = d.request_id where r.res_id in {tuple(self.claims[CLAIMS:])}
                and r.res_model = 'test_property.claim'"""), [f"{CLAIMS}|{CLAIMS}"])
