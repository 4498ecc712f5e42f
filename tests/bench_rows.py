"""The benchmark's machinery: rows register themselves, runs are interleaved, the table says who met its aim.

A row in ``tests/benchmarks/*.py``::

    @row("confirm 100 bookings", reference=one_by_one, aim=0.5, prepare=make_bookings)
    def in_one_batch(env, bookings):
        ...

``aim`` is the largest ratio of ours to the reference; without a reference it is in seconds.
"""

import importlib
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


def row(name, *, aim, reference=None, prepare=None):
    """Register the decorated function as the row's own side."""

    def register(work):
        if name in ROWS:
            raise ValueError(f"two rows are called {name!r}")
        ROWS[name] = Row(name, work, aim, reference, prepare)
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


def measure(env, line, runs):
    """Medians of both sides; ours and the reference take turns, so that a slow minute hits both.

    :return: (ours, reference or None), in seconds
    """
    prepared = line.prepare(env) if line.prepare else None
    sides = [side for side in (line.work, line.reference) if side]
    for side in sides:
        _timed(env, side, prepared)
    times = {side: [] for side in sides}
    for number in range(runs):
        for side in sides if number % 2 else reversed(sides):
            times[side].append(_timed(env, side, prepared))
    return tuple(statistics.median(times[side]) if side else None for side in (line.work, line.reference))


def run(env, names, runs, write=print):
    """Print the table.

    :return: the names of the rows that missed their aim
    """
    unknown = set(names) - set(ROWS)
    if unknown:
        raise SystemExit(f"no such row: {', '.join(sorted(unknown))}; there are: {', '.join(ROWS)}")
    missed = []
    write(f"{'row':<44}{'ours':>11}{'reference':>11}{'ratio':>8}{'aim':>9}")
    for line in [ROWS[name] for name in names or ROWS]:
        ours, reference = measure(env, line, runs)
        met = (ours / reference if reference else ours) <= line.aim
        if not met:
            missed.append(line.name)
        write(
            f"{line.name:<44}{ours * 1000:>8.1f} ms"
            + (f"{reference * 1000:>8.1f} ms{ours / reference:>8.2f}{line.aim:>9.2f}" if reference
               else f"{'–':>11}{'–':>8}{line.aim:>7.2f} s")
            + ("" if met else "  missed")
        )
        env.cr.rollback()
        env.invalidate_all()
    return missed
