from odoo import models


class ResCompany(models.Model):
    _inherit = 'res.company'

    def _load_chinese_chart(self):
        """Give the company the Chinese chart for business enterprises, where l10n_cn is installed.

        Before its country is set: a company in China loads the small enterprises' chart by itself.
        """
        Template = self.env['account.chart.template']
        for company in self:
            if not company.chart_template and 'cn_large_bis' in Template._get_chart_template_mapping():
                # Not try_loading, which wants every module loaded: demo data come earlier, and the chart's are.
                Template._load('cn_large_bis', company, install_demo=False)
            company.country_id = self.env.ref('base.cn')
