from . import test_chinese
from . import test_permit
from . import test_price_import
from . import test_price_table
from . import test_project
from . import test_unit
