from . import property_calendar_year
from . import property_document_handling
