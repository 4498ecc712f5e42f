from . import controllers
from . import models
from . import wizard
from .hooks import _uninstall_hook
