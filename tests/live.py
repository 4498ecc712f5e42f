"""A real server with a database of its own, and clients or a browser before it: for what a test's cursor cannot show."""

import contextlib
import http.client
import json
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import psutil
from playwright.sync_api import sync_playwright

import odoo.sql_db
import odoo.tools
from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tools.misc import find_in_path

STARTED_WITHIN = 60
# Seconds that a server process waits for what a client has to say; the clients share their machine with it.
PATIENCE = 30
# Of a server's log, in the report of what failed before it.
LOGGED = 5000
PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True}
DESK = {"viewport": {"width": 1400, "height": 900}}


def run_sql(name, query):
    """The lines that another connection, to the database ``name``, answers."""
    command = ["psql", "-d", name, "-v", "ON_ERROR_STOP=1", "-XqAtc", query]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def database(source):
    """A copy of the template that tests/run made of the test database ``source``; dropped at the end."""
    name = f"{source}_live_{os.getpid()}_{time.monotonic_ns()}"
    filestore = Path(odoo.tools.config["data_dir"]) / "filestore"
    try:
        run_sql("postgres", f'create database "{name}" template "{source}_tpl"')
        if (filestore / f"{source}_tpl").exists():
            shutil.copytree(filestore / f"{source}_tpl", filestore / name, copy_function=os.link)
        yield name
    finally:
        odoo.sql_db.close_db(name)
        Registry.delete(name)
        run_sql("postgres", f'drop database if exists "{name}" with (force)')
        shutil.rmtree(filestore / name, ignore_errors=True)


def registry(name):
    """The models of the database ``name``, in this process."""
    # Or it would run the modules' tests while it loads them.
    enabled = odoo.tools.config["test_enable"]
    odoo.tools.config["test_enable"] = False
    try:
        return Registry(name)
    finally:
        odoo.tools.config["test_enable"] = enabled


@contextlib.contextmanager
def environment(name):
    """The ORM on the database ``name`` in a transaction of its own, which is committed at the end."""
    with registry(name).cursor() as cr:
        yield api.Environment(cr, SUPERUSER_ID, {})


@contextlib.contextmanager
def server(source, *options, prepare=None):
    """Odoo in processes of its own on a copy of ``source``.

    :param prepare: function of (env), which fills the database before the server starts
    :return: its address and the name of its database
    """
    with database(source) as name, tempfile.NamedTemporaryFile("w+", suffix=".log") as log:
        if prepare:
            with environment(name) as env:
                prepare(env)
        port = _free_port()
        # The script and not the module: with workers it starts itself again, for the websocket.
        process = subprocess.Popen([
            sys.executable, find_in_path("odoo"), "-c", odoo.tools.config["config"], "-d", name, "--db-filter", f"^{name}$",
            "--http-port", str(port), "--gevent-port", str(_free_port()), "--http-interface", "127.0.0.1",
            "--max-cron-threads", "0", "--log-level", "warn", *options,
        ], env={**os.environ, "ODOO_HTTP_SOCKET_TIMEOUT": str(PATIENCE)}, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            url = f"http://127.0.0.1:{port}"
            deadline = time.monotonic() + STARTED_WITHIN
            while True:
                try:
                    urllib.request.urlopen(f"{url}/web/health", timeout=5).close()
                    break
                except (urllib.error.URLError, OSError):
                    if process.poll() is not None or time.monotonic() > deadline:
                        raise RuntimeError(f"the server did not start:\n{Path(log.name).read_text()}") from None
                    time.sleep(0.2)
            try:
                yield url, name
            except Exception as error:
                error.add_note(f"the server's log:\n{Path(log.name).read_text()[-LOGGED:]}")
                raise
        finally:
            process.terminate()
            process.wait(30)


def workers(name):
    """:return: ids of the processes that serve HTTP on the database ``name``, each one request at a time"""
    ours = {
        process.pid: process.info for process in psutil.process_iter(["ppid", "cmdline"])
        if f"^{name}$" in (process.info["cmdline"] or ())}
    return [pid for pid, info in ours.items() if info["ppid"] in ours and "gevent" not in info["cmdline"]]


class Refused(Exception):
    """What the server answered instead of a result: one sentence, if all is well."""


class Client:
    """Somebody who is logged in and calls the server as the web client does. One thread each."""

    def __init__(self, url, database, login):
        self.address = urllib.parse.urlsplit(url)
        self.headers = {"Content-Type": "application/json"}
        response, answer = self._post("/web/session/authenticate", {"db": database, "login": login, "password": login})
        self.uid = answer["uid"]
        self.headers["Cookie"] = response.headers["Set-Cookie"].partition(";")[0]

    def _post(self, path, params):
        connection = http.client.HTTPConnection(self.address.hostname, self.address.port, timeout=120)
        try:
            connection.request("POST", path, json.dumps({"jsonrpc": "2.0", "params": params}), self.headers)
            response = connection.getresponse()
            answer = json.loads(response.read())
        finally:
            connection.close()
        if "error" in answer:
            raise Refused(answer["error"]["data"]["message"])
        return response, answer["result"]

    def call(self, model, method, *args, **kwargs):
        """:raise Refused: what the server does not do, with its sentence"""
        params = {"model": model, "method": method, "args": args, "kwargs": kwargs}
        return self._post(f"/web/dataset/call_kw/{model}/{method}", params)[1]


@contextlib.contextmanager
def browser():
    """The system's chromium; ``new_page`` opens one for a user."""
    # Odoo bounds the address space of its process, which a browser would inherit and die of.
    _soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=find_in_path("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"])
        try:
            yield chromium
        finally:
            chromium.close()


def new_page(chromium, url, login, device=None):
    """A page of a browser of its own, logged in as a demo user; console errors are kept in ``page.errors``."""
    context = chromium.new_context(base_url=url, locale="zh-CN", timezone_id="Asia/Shanghai", **(device or DESK))
    page = context.new_page()
    page.errors = []
    page.on("console", lambda message: page.errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.goto("/web/login")
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", login)
    page.click("button[type=submit]")
    page.wait_for_url("**/odoo**", timeout=60_000)
    page.wait_for_selector(".o_main_navbar", timeout=60_000)
    return page
