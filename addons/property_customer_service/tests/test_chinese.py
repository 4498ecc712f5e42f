from odoo.addons.property_customer_service.tools.price_table import Fault, TableError
from odoo.tests import TransactionCase, tagged


@tagged('post_install', '-at_install')
class TestChinese(TransactionCase):
    """What is named outside of a field's own label comes in the user's language too."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env['res.lang']._activate_lang('zh_CN')
        cls.env['ir.module.module']._load_module_terms(['property_customer_service'], ['zh_CN'])
        cls.chinese = cls.env(context={'lang': 'zh_CN'})

    def test_faults_of_a_table(self):
        wizard = self.chinese['property.price.import']
        fault = Fault(12, '8', 'inside_area', 'inside_above_gross', {'inside': '94.56', 'gross': '89.56'})
        self.assertEqual(wizard._finding(fault), (12, '8', '套内建筑面积', '套内面积 94.56 大于建筑面积 89.56。'))
        error = TableError('missing_columns', keys=['building', 'total_price'], fields='楼栋, 总价')
        self.assertEqual(wizard._message(error), '表中缺少以下列：楼栋和总价。')
        self.assertEqual(str(error), "The table lacks these columns: 楼栋, 总价.")

    def test_labels_that_methods_give(self):
        unit = self.chinese['property.unit'].fields_get(['usage', 'pricing_mode', 'orientation'])
        self.assertIn(('residential', '住宅'), unit['usage']['selection'])
        self.assertIn(('inside', '按套内建筑面积'), unit['pricing_mode']['selection'])
        self.assertIn(('north_south', '南北'), unit['orientation']['selection'])
        for model in ('property.price.premium', 'property.price.base', 'property.price.reprice', 'property.layout'):
            fields = self.chinese[model].fields_get(['usage', 'orientation'])
            for name, description in fields.items():
                self.assertEqual(description['selection'], unit[name]['selection'], (model, name))
        columns = dict(self.chinese['property.price.import.column']._field_selection())
        self.assertEqual(columns['shared_area'], '分摊面积')
