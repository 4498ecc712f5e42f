from . import test_property_case
from . import test_property_document
from . import test_property_log
from . import test_property_promise
from . import test_property_ticket
from . import test_property_claim
from . import test_property_vault
