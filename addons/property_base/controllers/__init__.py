from . import binary
from . import portal
