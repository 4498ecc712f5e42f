{
    'name': 'Property Base',
    'version': '19.0.1.0.0',
    'summary': 'Posts and shared mechanisms of a developer\'s customer-service department',
    'category': 'Real Estate',
    'author': 'Property Desk',
    'website': 'https://github.com/property-desk/property-desk',
    'license': 'LGPL-3',
    'depends': ['mail'],
    'data': [
        'security/property_base_groups.xml',
        'views/property_base_menus.xml',
    ],
    'demo': [
        'demo/res_lang_demo.xml',
        'demo/res_company_demo.xml',
        'demo/res_users_demo.xml',
    ],
    'pre_init_hook': '_pre_init_hook',
    'uninstall_hook': '_uninstall_hook',
}
