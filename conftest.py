"""A test that does not run proves nothing: here a skip fails the run, and so does an empty run."""

import pytest

NOT_RUN = ("skipped", "xfailed")


def _not_run(terminal):
    return [report for outcome in NOT_RUN for report in terminal.stats.get(outcome, [])]


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session, exitstatus):
    terminal = session.config.pluginmanager.get_plugin("terminalreporter")
    if exitstatus == pytest.ExitCode.OK and _not_run(terminal):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter):
    reports = _not_run(terminalreporter)
    if not reports:
        return
    terminalreporter.section("did not run, which counts as failed", red=True)
    for report in reports:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        terminalreporter.line(f"{report.nodeid}: {reason}")
