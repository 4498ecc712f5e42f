from . import models
from . import tools
from .hooks import _pre_init_hook, _uninstall_hook
