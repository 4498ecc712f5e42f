from . import test_price_table
