from . import local_time
from . import parameter_value
from . import qr_code
from . import table_objects
from . import working_days
