from . import base_partner_merge
from . import property_inventory_report
from . import property_permit_revoke
from . import property_price_import
from . import property_price_reprice
