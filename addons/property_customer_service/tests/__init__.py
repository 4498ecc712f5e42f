from . import test_access
from . import test_permit
from . import test_price_generation
from . import test_price_list
from . import test_price_reprice
from . import test_price_table
from . import test_project
from . import test_unit
