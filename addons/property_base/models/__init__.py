from . import property_state_mixin
from . import property_workflow_mixin
