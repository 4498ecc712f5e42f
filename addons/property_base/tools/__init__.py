from . import local_time
from . import paper_file
from . import parameter_value
from . import table_objects
from . import working_days
