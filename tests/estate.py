"""An estate that is ready to be sold, and the people who sell it: for tests and benchmarks that need many units."""

from odoo import Command

from benchmarks.catalogue import imported

POSTS = {"consultant": "sales_consultant", "officer": "signing", "manager": "department_manager", "vp": "vice_president"}


class Estate:
    """A company with a project of ``count`` priced units under a permit.

    ``users`` has one for each of :data:`POSTS`; login and password are the post's name after the estate's.
    """

    def __init__(self, env, name, count):
        env["res.lang"]._activate_lang("en_US")
        self.company = env["res.company"].create({"name": name, "currency_id": env.ref("base.CNY").id})
        env = env(context={"tracking_disable": True, "allowed_company_ids": self.company.ids})
        self.users = {
            post: env["res.users"].with_context(no_reset_password=True).create({
                "name": f"{name} {post}", "login": f"{name}-{post}", "password": f"{name}-{post}", "lang": "en_US",
                "company_id": self.company.id, "company_ids": [Command.set(self.company.ids)],
                "group_ids": [Command.set(env.ref(f"property_base.group_{group}").ids)]})
            for post, group in POSTS.items()}
        manager = env(user=self.users["manager"])
        wizard = imported(manager, name, count)
        wizard.action_import()
        price_list = wizard.list_id.sudo()
        price_list._transition("submitted")
        price_list._on_approved()
        self.project = wizard.project_id.sudo()
        self.project.member_ids = self.users["consultant"]
        self.units = manager["property.unit"].search([("project_id", "=", self.project.id)], order="id").sudo()
        env["property.permit"].create({
            "name": name, "project_id": self.project.id, "date_issue": "2020-01-01",
            "coverage_ids": [Command.create({"building_id": building.id}) for building in self.units.building_id]})

    def as_post(self, post, records):
        return records.with_user(self.users[post]).with_context(allowed_company_ids=self.company.ids, lang="en_US")

    def release(self, units=None):
        batch = self.as_post("officer", self.project.env["property.release.batch"]).create({
            "title": "First", "project_id": self.project.id, "unit_ids": (self.units if units is None else units).ids})
        batch.action_submit()
        self.as_post("manager", batch).action_approve()
        return batch

    def ask(self, units, post="consultant", hours=24):
        """:return: submitted requests to hold the units, one for each"""
        requests = self.as_post(post, self.project.env["property.unit.request"]).create([{
            "kind": "hold", "project_id": self.project.id, "unit_ids": unit.ids, "hours": hours, "reason": "Race"} for unit in units])
        requests.action_submit()
        return requests
