from .models import property_board_mixin


def _uninstall_hook(env):
    # The triggers go with their tables; the functions that they call would stay.
    env.cr.execute(
        "DROP FUNCTION IF EXISTS property_price_list_frozen(), property_moves_with_merge(), property_unit_agrees(),"
        " property_inventory_close_is_open() CASCADE")
    property_board_mixin.drop_functions(env.cr)
