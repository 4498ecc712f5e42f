"""The benchmark's machinery: rows register themselves, runs are interleaved, the table says who met its aim.

A row in ``tests/benchmarks/*.py``::

    @row("confirm 100 bookings", reference=one_by_one, aim=0.5, prepare=make_bookings)
    def in_one_batch(env, bookings):
        ...

``aim`` is the largest ratio of ours to the reference (≤); without a reference it is in seconds. A row with ``rate``
is measured in things done per second, which its functions count and return themselves; there ``aim`` is the least
ratio (≥). ``prepare`` may be a generator that yields once, and cleans up after the row.
"""

import contextlib
import importlib
import inspect
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROWS = {}


@dataclass
class Row:
    """One line of the table; each function takes (env, what ``prepare`` returned)."""

    name: str
    work: Callable
    aim: float
    reference: Callable | None = None
    prepare: Callable | None = None
    rate: bool = False

    def met(self, ours, reference):
        """:return: whether the aim was reached"""
        figure = ours / reference if reference else ours
        return figure >= self.aim if self.rate else figure <= self.aim

    def text(self, ours, reference):
        """:return: the line of the table, without its verdict"""
        unit, scale = ("/s", 1) if self.rate else ("ms", 1000)
        text = f"{self.name:<44}{ours * scale:>8.1f} {unit}"
        if not reference:
            return f"{text}{'–':>11}{'–':>8}{f'≤ {self.aim:.2f} s':>11}"
        aim = f"{'≥' if self.rate else '≤'} {self.aim:.2f}"
        return f"{text}{reference * scale:>8.1f} {unit}{ours / reference:>8.2f}{aim:>11}"


def row(name, *, aim, reference=None, prepare=None, rate=False):
    """Register the decorated function as the row's own side."""

    def register(work):
        if name in ROWS:
            raise ValueError(f"two rows are called {name!r}")
        ROWS[name] = Row(name, work, aim, reference, prepare, rate)
        return work

    return register


def load_rows():
    for path in sorted(Path(__file__).with_name("benchmarks").glob("[!_]*.py")):
        importlib.import_module(f"benchmarks.{path.stem}")


class _Undo(Exception):
    pass


def _timed(env, function, prepared):
    """Seconds of one run, from a cold cache; what it wrote is undone."""
    env.invalidate_all()
    seconds = 0.0
    try:
        with env.cr.savepoint():
            start = time.perf_counter()
            function(env, prepared)
            env.flush_all()
            seconds = time.perf_counter() - start
            raise _Undo
    except _Undo:
        env.invalidate_all()
    return seconds


@contextlib.contextmanager
def _prepared(env, line):
    if inspect.isgeneratorfunction(line.prepare):
        with contextlib.contextmanager(line.prepare)(env) as prepared:
            yield prepared
    else:
        yield line.prepare(env) if line.prepare else None


def measure(env, line, runs):
    """Medians of both sides; ours and the reference take turns, so that a slow minute hits both.

    :return: (ours, reference or None), in seconds or per second
    """
    sides = [side for side in (line.work, line.reference) if side]
    run_once = (lambda side: side(env, prepared)) if line.rate else (lambda side: _timed(env, side, prepared))
    with _prepared(env, line) as prepared:
        for side in sides:
            run_once(side)
        figures = {side: [] for side in sides}
        for number in range(runs):
            for side in sides if number % 2 else reversed(sides):
                figures[side].append(run_once(side))
    return tuple(statistics.median(figures[side]) if side else None for side in (line.work, line.reference))


def run(env, names, runs, write=print):
    """Print the table.

    :return: the names of the rows that missed their aim
    """
    unknown = set(names) - set(ROWS)
    if unknown:
        raise SystemExit(f"no such row: {', '.join(sorted(unknown))}; there are: {', '.join(ROWS)}")
    missed = []
    write(f"{'row':<44}{'ours':>11}{'reference':>11}{'ratio':>8}{'aim':>11}")
    for line in [ROWS[name] for name in names or ROWS]:
        ours, reference = measure(env, line, runs)
        met = line.met(ours, reference)
        if not met:
            missed.append(line.name)
        write(line.text(ours, reference) + ("" if met else "  missed"))
        env.cr.rollback()
        env.invalidate_all()
    return missed
