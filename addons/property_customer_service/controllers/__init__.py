from . import inventory_report
from . import price_list
