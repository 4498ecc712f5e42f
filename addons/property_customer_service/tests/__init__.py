from . import test_permit
from . import test_price_table
from . import test_project
from . import test_unit
from . import test_price_import
