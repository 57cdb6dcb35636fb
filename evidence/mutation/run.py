"""A plugin of pytest: collect the tests once, then fork, for the coverage and for every fault.

The process that has collected the tests never runs one. It forks a child for each file of tests,
which notes the lines of layer 0 that each test runs and the seconds it takes; then a child for each
fault, which puts the fault in, runs the tests of that line until one fails, and ends.
"""

from __future__ import annotations

import ast
import faulthandler
import gc
import json
import os
import re
import resource
import select
import signal
import sys
import time
from collections.abc import Callable, Generator, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import coverage
import pytest
from _pytest.reports import TestReport
from _pytest.runner import runtestprotocol
from _pytest.warnings import catch_warnings_for_item

from evidence.claims import ROOT

from .faults import Fault, is_docstring, make
from .live import Living, constants

WORKERS = 2
SLOWEST = 5.0  # seconds of the processor, of a test that is run against faults
WAITED = 120  # seconds by the clock: a fork waits for good for threads that collecting has started
SECONDS = 15.0  # of tests run against one fault, as they take without it
TESTS = 400  # run against one fault
MEMORY = 6 * 2**30
CONTROL = "control"  # the kind of a fault that is not put in: its tests must pass

Lines = dict[str, dict[int, list[str]]]  # file -> line -> tests


class Verdict(NamedTuple):
    """What became of a fault: killed, time, survived, unseen (no test runs the line) or unfit."""

    fate: str
    by: str
    tests: int
    seconds: float


class Plugin:
    """Takes the place of pytest's loop over tests."""

    def __init__(
        self, paths: dict[str, Path], faults: Callable[[], list[Fault]], cover: Path, keep: bool
    ) -> None:
        self.paths, self.faults, self.cover, self.keep = paths, faults, cover, keep
        self.traced = [*paths.values(), *_readers(paths)]
        self.verdicts: dict[Fault, Verdict] = {}
        self.found: dict[
            tuple[str, ...], Verdict
        ] = {}  # in the last run, by a test that is still there
        self.seconds: dict[str, float] = {}
        self.lines: Lines = {}
        self.rare: dict[str, dict[str, float]] = {}
        self.tracer: coverage.Coverage | None = None
        self.context = ""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self.items = {item.nodeid: item for item in session.items}
        session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
        self.living = Living(list(self.paths.values()))
        gc.collect()
        gc.freeze()  # a child has none of the threads that ending some of these would wait for
        self._see(session)
        known = json.loads(self.cover.read_text("utf-8"))
        self.seconds = {k: v for k, v in known["seconds"].items() if k in self.items}
        self.lines = {f: {int(k): v for k, v in t.items()} for f, t in known["lines"].items()}
        for path in self.paths.values():
            self._rare(str(path))
        gc.freeze()
        asked = []
        for fault in dict.fromkeys(self.faults()):
            before = self.found.get(fault.key)
            if before is not None and before.by in self.items and fault.kind != CONTROL:
                self.verdicts[fault] = before
            else:
                asked.append(fault)
        began = time.perf_counter()
        for count, (fault, verdict) in enumerate(_side_by_side(asked, self._attempt), start=1):
            self.verdicts[fault] = Verdict(*verdict)
            if count % 50 == 0:
                lived = sum(v.fate in ("survived", "unseen") for v in self.verdicts.values())
                minutes = (time.perf_counter() - began) / 60
                print(
                    f"{count} of {len(asked)} faults, {lived} survive, {minutes:.1f} min",
                    flush=True,
                )
        return True

    def _see(self, session: pytest.Session) -> None:
        """Run every test once, each file in a child, and note lines and seconds.

        With `keep` only the files of tests that are newer than what is known.
        """
        files: dict[str, list[pytest.Item]] = {}
        for item in session.items:
            files.setdefault(item.nodeid.partition("::")[0], []).append(item)
        seconds: dict[str, float] = {}
        lines: Lines = {str(path): {} for path in self.traced}
        if self.keep and self.cover.exists():
            when = self.cover.stat().st_mtime
            known = json.loads(self.cover.read_text("utf-8"))
            there = {test.partition("::")[0] for test in known["seconds"]}
            files = {
                name: items
                for name, items in files.items()
                if name not in there or (ROOT / name).stat().st_mtime > when
            }
            seconds = {
                k: v for k, v in known["seconds"].items() if k.partition("::")[0] not in files
            }
            for file, table in known["lines"].items():
                lines[file] = {
                    int(n): [t for t in tests if t in seconds] for n, tests in table.items()
                }
        self.cover.parent.mkdir(parents=True, exist_ok=True)
        order = sorted(files, key=lambda name: -len(files[name]))
        for name, found in _side_by_side(order, lambda name: self._covered(files[name])):
            if "lines" not in found:
                raise RuntimeError(
                    f"learning the lines of {name} ended: {found[1] or 'see build/mutation/stuck-*.txt'}"
                )
            seconds.update(found["seconds"])
            for file, table in found["lines"].items():
                for line, tests in table.items():
                    lines[file].setdefault(int(line), []).extend(tests)
        self.cover.write_text(json.dumps({"seconds": seconds, "lines": lines}), encoding="utf-8")

    def _covered(self, items: list[pytest.Item]) -> dict[str, Any]:
        _quiet()
        tracer = coverage.Coverage(
            data_file=None, include=[str(path) for path in self.traced], config_file=False
        )
        tracer.set_option("run:disable_warnings", ["no-data-collected"])
        seconds = {}
        stuck = self.cover.with_name(f"stuck-{os.getpid()}.txt").open("w", encoding="utf-8")
        tracer.start()
        self.tracer = tracer
        for i, item in enumerate(items):
            for cached in self.living.caches:  # a line counts for every test that needs it
                cached.cache_clear()
            self._switch(item.nodeid)
            faulthandler.dump_traceback_later(WAITED, exit=True, file=stuck)
            began = time.process_time()
            reports = _reports(item, ([*items, None])[i + 1])
            if all(r.passed for r in reports):
                seconds[item.nodeid] = time.process_time() - began
        tracer.stop()
        faulthandler.cancel_dump_traceback_later()
        stuck.close()
        Path(stuck.name).unlink()
        data = tracer.get_data()
        users = _users(items, seconds)
        return {
            "seconds": seconds,
            "lines": {
                file: {
                    line: sorted({t for context in contexts for t in users.get(context, [])})
                    for line, contexts in data.contexts_by_lineno(file).items()
                }
                for file in data.measured_files()
            },
        }

    def _switch(self, context: str) -> None:
        assert self.tracer is not None
        self.context = context
        self.tracer.switch_context(context)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any]
    ) -> Generator[None, object, object]:
        """Note the lines of a fixture that tests share as those of all of them."""
        if self.tracer is None or fixturedef.scope == "function":
            return (yield)
        before = self.context
        self._switch(f"fixture {fixturedef.argname}")
        try:
            return (yield)
        finally:
            self._switch(before)

    def tests_of(self, fault: Fault) -> list[str]:
        """Return the tests of a fault in the order in which they are run."""
        path = self.paths[fault.module]
        table = self.lines.get(str(path), {})
        site = make(path, fault.number)[1]
        if site.place == "constant":
            lines = self._naming(fault, path)
        elif site.place == "default":
            body = site.owner.body  # type: ignore[union-attr]
            lines = [(str(path), next(s.lineno for s in body if not is_docstring(s)))]
        else:
            lines = [(str(path), fault.line)]
        tests = {t for file, line in lines for t in self.lines.get(file, {}).get(line, [])}
        if not tests and site.place != "constant":  # the later lines of one expression
            own = range(site.owner.lineno, site.owner.end_lineno + 1)  # type: ignore[union-attr]
            before = [n for n in own if n <= fault.line and table.get(n)]
            tests = set(table[max(before)]) if before else set()
        known = {t: self.seconds[t] for t in tests if self.seconds.get(t, 1e9) < SLOWEST}
        rare = self._rare(str(path))
        close = sorted(known, key=lambda t: (-rare.get(t, 0.0) / (known[t] + 0.05), t))
        return _within(known, close, _in_turn(known))

    def _rare(self, file: str) -> dict[str, float]:
        """Return how much each test runs of a module that few others run."""
        if file not in self.rare:
            rare: dict[str, float] = {}
            for tests in self.lines.get(file, {}).values():
                for test in tests:
                    rare[test] = rare.get(test, 0.0) + 1 / len(tests)
            self.rare[file] = rare
        return self.rare[file]

    def _naming(self, fault: Fault, path: Path) -> list[tuple[str, int]]:
        """Return the lines that name a constant of a module, or one made of it."""
        owner = make(path, fault.number)[1].owner
        assert isinstance(owner, ast.Assign | ast.AnnAssign)
        target = owner.targets[0] if isinstance(owner, ast.Assign) else owner.target
        made = [
            n for n, value in constants(path, owner.lineno) if ast.unparse(target) in _names(value)
        ]
        word = re.compile(rf"\b({'|'.join([ast.unparse(target), *made])})\b")
        found = []
        for other in self.traced:
            for i, line in enumerate(other.read_text("utf-8").splitlines(), start=1):
                if word.search(line):
                    found.append((str(other), i))
        return found

    def _attempt(self, fault: Fault) -> Verdict:
        """Put a fault in and run its tests, in a child."""
        _quiet()
        tests = self.tests_of(fault)
        if not tests:
            return Verdict("unseen", "", 0, 0.0)
        usual = sum(self.seconds[t] for t in tests)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        began = time.perf_counter()
        control = fault.kind == CONTROL
        if not control and not self.living.put(self.paths[fault.module], fault.number):
            return Verdict("unfit", "", 0, 0.0)
        limit = int(time.process_time() + 10 + 5 * usual)
        signal.signal(signal.SIGXCPU, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 5))
        signal.alarm(int(120 + 20 * usual))
        items = [self.items[t] for t in tests]
        for i, item in enumerate(items):
            reports = _reports(item, ([*items, None])[i + 1])
            if any(r.failed for r in reports):
                return Verdict("killed", item.nodeid, i + 1, time.perf_counter() - began)
        return Verdict("survived", "", len(items), time.perf_counter() - began)


def _names(value: ast.expr) -> set[str]:
    return {node.id for node in ast.walk(value) if isinstance(node, ast.Name)}


def _imported(path: Path) -> set[str]:
    nodes = ast.walk(ast.parse(path.read_text("utf-8")))
    return {one.name for node in nodes if isinstance(node, ast.ImportFrom) for one in node.names}


def _readers(paths: dict[str, Path]) -> list[Path]:
    """Return the files of the package beyond layer 0 that import a constant of it."""
    known = {name for path in paths.values() for name, _ in constants(path) if name.isupper()}
    package = next(path for path in paths["errors"].parents if path.name == "prevalence")
    return [
        path
        for path in sorted(package.rglob("*.py"))
        if path not in paths.values() and known & _imported(path)
    ]


def _reports(item: pytest.Item, following: pytest.Item | None) -> list[TestReport]:
    """Run a test with the filters of warnings that it asks for, and return what became of it."""
    with catch_warnings_for_item(
        config=item.config, ihook=item.ihook, when="runtest", item=item, record=False
    ):
        return runtestprotocol(item, log=False, nextitem=following)


def _users(items: list[pytest.Item], passed: dict[str, float]) -> dict[str, list[str]]:
    """Return the tests of each context: a test is its own, a fixture that of all that ask for it."""
    users = {test: [test] for test in passed}
    for item in items:
        for name in getattr(item, "fixturenames", ()):
            if item.nodeid in passed:
                users.setdefault(f"fixture {name}", []).append(item.nodeid)
    return users


def _in_turn(seconds: dict[str, float]) -> list[str]:
    """Return tests of every file in turn, each file's fastest first."""
    files: dict[str, list[str]] = {}
    for test in sorted(seconds, key=lambda t: (seconds[t], t)):
        files.setdefault(test.partition("::")[0], []).append(test)
    rows = list(files.values())
    most = max(map(len, rows), default=0)
    return [row[turn] for turn in range(most) for row in rows if turn < len(row)]


def _within(seconds: dict[str, float], *orders: list[str]) -> list[str]:
    """Return tests of several orders by turns, as many as the limits allow."""
    chosen: dict[str, None] = {}
    used = 0.0
    for test in chain.from_iterable(zip(*orders, strict=True)):
        if test not in chosen and used + seconds[test] < SECONDS and len(chosen) < TESTS:
            chosen[test] = None
            used += seconds[test]
    return list(chosen)


def _quiet() -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)


def _side_by_side(
    tasks: list[Any], work: Callable[[Any], Any], workers: int = WORKERS
) -> Iterator[tuple[Any, Any]]:
    """Run each task in a child of its own, a few at a time, and yield what each returns."""
    waiting = list(reversed(tasks))
    running: dict[int, tuple[Any, int, float]] = {}
    while waiting or running:
        while waiting and len(running) < workers:
            task = waiting.pop()
            reading, writing = os.pipe()
            sys.stdout.flush()
            child = os.fork()
            if child == 0:
                os.close(reading)
                try:
                    text = json.dumps(work(task)).encode()
                except BaseException as error:  # noqa: BLE001
                    text = json.dumps(
                        ["killed", f"({type(error).__name__}: {error})", 0, 0.0]
                    ).encode()
                with os.fdopen(writing, "wb") as pipe:
                    pipe.write(text)
                os._exit(0)
            os.close(writing)
            running[child] = (task, reading, time.perf_counter())
        pipes = {entry[1]: child for child, entry in running.items()}
        child = pipes[select.select(list(pipes), [], [])[0][0]]
        task, reading, began = running.pop(child)
        with os.fdopen(reading, "rb") as pipe:
            text = pipe.read()
        os.waitpid(child, 0)
        yield task, (json.loads(text) if text else ["time", "", 0, time.perf_counter() - began])
