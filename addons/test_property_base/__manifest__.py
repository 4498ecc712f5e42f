{
    'name': 'Test Property Base',
    'version': '19.0.1.0.0',
    'summary': 'Models to attack the shared mechanisms with; installed in test databases only',
    'category': 'Hidden/Tests',
    'author': 'Property Desk',
    'website': 'https://github.com/property-desk/property-desk',
    'license': 'LGPL-3',
    'depends': ['property_base'],
    'data': [
        'security/ir.model.access.csv',
        'data/ir_sequence_data.xml',
        'views/test_property_case_views.xml',
    ],
}
