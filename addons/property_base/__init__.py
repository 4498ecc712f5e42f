from . import controllers
from . import models
from . import tools
from . import wizard
from .hooks import _pre_init_hook, _uninstall_hook
