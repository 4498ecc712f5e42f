import subprocess

from odoo.tests import HttpCase, tagged


@tagged("post_install", "-at_install")
class TestPlatform(HttpCase):
    """What the installer has to bring beside Odoo: a browser, and PDFs with Chinese on them."""

    def test_browser(self):
        self.browser_js("/odoo", "console.log('test successful')", "odoo.isReady", login="admin")

    def test_chinese_pdf(self):
        html = "<html><head><meta charset='utf-8'/></head><body><p>认购书 壹佰万元整</p></body></html>"
        pdf = self.env["ir.actions.report"]._run_wkhtmltopdf([html])
        text = subprocess.run(["pdftotext", "-", "-"], input=pdf, capture_output=True, check=True).stdout.decode()
        self.assertIn("壹佰万元整", text)
        fonts = subprocess.run(["pdffonts", "-"], input=pdf, capture_output=True, check=True).stdout.decode()
        self.assertRegex(fonts, "(?i)cjk|wqy|wenquanyi", "no font with Chinese glyphs is embedded")
