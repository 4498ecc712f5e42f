from . import identity
from . import key_ring
from . import local_time
from . import masks
from . import parameter_value
from . import secret_field
from . import table_objects
from . import working_days
