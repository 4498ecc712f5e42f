from . import table_objects
