from . import property_calendar_year
from . import property_document_handling
from . import property_approval_decide
from . import property_approval_simulation
