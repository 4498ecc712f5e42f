from . import test_append_only
from . import test_rpc
from . import test_state_mixin
from . import test_workflow_mixin
