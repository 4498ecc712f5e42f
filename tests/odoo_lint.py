"""A pytest plugin that turns Odoo's own ``test_lint`` on this repository's addons, and on them alone.

``test_lint`` walks every addon on the addons path. Here the walk ends at ours, and what it only logs
fails the test.
"""

import logging
import os
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

ADDONS = Path(__file__).parent.parent / "addons"


class Warnings(logging.Handler):
    """Keeps what ``test_lint`` reports on the log and not by an exception."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.messages = []

    def emit(self, record):
        self.messages.append(record.getMessage())


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    import odoo.modules  # noqa: PLC0415  (pytest-odoo has to load Odoo's configuration first)
    from odoo.modules import Manifest  # noqa: PLC0415

    all_manifests = Manifest.all_addon_manifests

    def our_manifests():
        return [manifest for manifest in all_manifests() if Path(manifest.path).parent == ADDONS]

    config.our_manifests = our_manifests()
    Manifest.all_addon_manifests = staticmethod(our_manifests)
    odoo.modules.get_modules = lambda: sorted(manifest.name for manifest in our_manifests())


def pytest_collection_modifyitems(config, items):
    """Odoo's eslint check needs Node, which the project does without."""
    if shutil.which("eslint"):
        return
    gone = [item for item in items if item.name == "test_eslint"]
    items[:] = [item for item in items if item not in gone]
    config.hook.pytest_deselected(items=gone)


def covered_inverses(env):
    """:return: set of str, the inverse fields that an index of several columns begins with; of a reference to any
    model the index begins with the model's name
    """
    env.cr.execute("""
        SELECT i.indrelid::regclass::text, pg_get_indexdef(i.indexrelid, 1, false), pg_get_indexdef(i.indexrelid, 2, false)
        FROM pg_index i WHERE i.indpred IS NULL AND i.indnkeyatts > 1""")
    indexes = env.cr.fetchall()
    first = {(table, column) for table, column, _second in indexes}
    return {
        str(field)
        for model in env.registry.values()
        for field in model._fields.values()
        if (model._table, field.name) in first or (model._table, getattr(field, "model_field", None), field.name) in indexes
    }


@pytest.fixture(autouse=True)
def our_addons_only(request, monkeypatch):
    from odoo import tools  # noqa: PLC0415
    from odoo.addons.test_lint.tests import test_docstring, test_index  # noqa: PLC0415

    names = [manifest.name for manifest in request.config.our_manifests]
    check_docstring = test_docstring.TestDocstring._test_docstring_params

    def check_our_docstring(case, method, doctree):
        module = method.__module__.removeprefix("odoo.addons.").split(".")[0]
        if module in names:
            case._subtest = SimpleNamespace(params={"module": module, "model": "", "method": method.__qualname__})
            check_docstring(case, method, doctree)

    monkeypatch.setattr(test_docstring, "MODULES_TO_LINT", ())
    monkeypatch.setattr(test_docstring.TestDocstring, "_test_docstring_params", check_our_docstring)
    if request.node.name == "test_enforce_index_on_one2many_inverse":
        monkeypatch.setattr(test_index, "BTREE_INDEX_IGNORE_FIELDS", test_index.BTREE_INDEX_IGNORE_FIELDS | covered_inverses(request.instance.env))
    if request.node.name == "test_pylint":
        # It checks Odoo's root beside the addons that lie outside of it.
        monkeypatch.setattr(tools.config, "root_path", os.fspath(ADDONS / names[0]))
        # pytest puts Odoo's addons on the path, where "calendar" hides Python's own.
        monkeypatch.setattr(sys, "path", [path for path in sys.path if not path.endswith("odoo/addons")])


@pytest.fixture(autouse=True)
def no_warnings():
    logger = logging.getLogger("odoo.addons.test_lint")
    handler = Warnings()
    logger.addHandler(handler)
    yield
    logger.removeHandler(handler)
    if handler.messages:
        pytest.fail("\n".join(handler.messages), pytrace=False)
