from odoo.tests import HttpCase, tagged


@tagged("post_install", "-at_install")
class TestClickEverywhere(HttpCase):
    """Odoo's own robot opens every menu, view and filter of ours; an error on any page fails."""

    def click(self, login):
        self.browser_js(
            "/odoo",
            "odoo.loader.modules.get('@web/webclient/clickbot/clickbot_loader')"
            ".startClickEverywhere('property_base.menu_root');",
            "odoo.isReady === true", login=login, timeout=900, success_signal="clickbot test succeeded")

    def test_department_manager(self):
        self.click("manager")

    def test_sales_consultant(self):
        self.click("consultant")
