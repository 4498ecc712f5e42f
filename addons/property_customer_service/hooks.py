from .models import property_board_mixin


def _uninstall_hook(env):
    # The triggers go with their tables; the functions that they call would stay.
    property_board_mixin.drop_functions(env.cr)
