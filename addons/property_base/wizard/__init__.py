from . import property_calendar_year
