from .tools import table_objects


def _pre_init_hook(env):
    """What our constraints and triggers stand on, made before the first table is."""
    # btree_gist lets an exclusion constraint mix "the same building" with "overlapping dates".
    env.cr.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    table_objects.create_functions(env.cr)


def _uninstall_hook(env):
    # The triggers go with their tables; the functions that they call would stay.
    table_objects.drop_functions(env.cr)
