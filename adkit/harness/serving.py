"""The process at the other end of a bench that is away: it makes its subject again, and answers until it is let go."""

from __future__ import annotations

import gc
import importlib
import os
import signal
import sys
from contextlib import ExitStack, redirect_stdout, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..calls import Call
from ..errors import AdkitError, BadRequest
from ..methods import Method
from .benches import AFTERWARDS, GRACE, ORPHANED, PATIENCE, Here, LostError, Stage
from .contenders import Contender
from .settings import Settings
from .subjects import Loaded, Source, Subject
from .threads import confine, tell_loaded, threads_limited
from .timing import Batch


def serve(connection: Any, source: Source, contender: Contender | None, settings: Settings) -> None:
    """The other end of `Away`: make the subject again and answer until nothing more is asked."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What has been imported stays: the collector need not look at it.
    gc.freeze()
    confine(settings.threads)
    with ExitStack() as stack:
        # What f prints does not mix with the results, by whatever way it prints.
        os.dup2(sys.__stderr__.fileno() if sys.__stderr__ else 2, 1)
        stack.enter_context(redirect_stdout(sys.stderr))
        stack.enter_context(threads_limited(settings.threads))
        # Whoever asked may be gone before there is an answer.
        stack.enter_context(suppress(BrokenPipeError, ConnectionResetError))
        try:
            bench = _bench(connection, source, contender, settings, stack)
        except BaseException as error:
            connection.send(_sendable(error))
            return
        _answer(connection, bench)


def _bench(connection: Any, source: Source, contender: Contender | None, settings: Settings, stack: ExitStack) -> Here:
    stack.enter_context(np.errstate(all="ignore"))

    def stage(name: str) -> None:
        share, more = AFTERWARDS if name == "afterwards" else GRACE
        seconds = share * settings.timeout + more
        _alarm(seconds + ORPHANED)
        connection.send(Stage(name, seconds))

    # A file may import what it likes; then f is called, which is to be quick.
    if isinstance(source, Loaded):
        source.load()
    if contender is not None and contender.source is not None:
        contender = replace(contender, method=contender.source.method())
    limit_memory(settings.memory)
    stage("subject")
    subject = source.subject()
    if contender is not None:
        _warm(subject, contender.method, settings.threads)
    _alarm(0)
    connection.send(Stage("ready", 0.0))
    return Here(subject, contender, settings, stage)


def _warm(subject: Subject, method: Method, threads: int | None) -> None:
    """What only a process's first call pays is no method's cost.

    f is called once before anything is timed, and a method derives another function first: with that it loads what it
    needs, and a compiler sets itself up.
    """
    with suppress(Exception):
        call = subject.call()
        call(call.leaves)
    for name in method.imports:
        with suppress(Exception):  # what cannot be loaded says so when it is asked
            importlib.import_module(name)
    tell_loaded(threads)
    with suppress(Exception):
        method.value_and_gradient(Call(_small, 0, (0.5,)), {})


def _small(x: Any) -> Any:
    """A function to warm a library up with."""
    return np.sin(x) * x + x / 2


def _answer(connection: Any, bench: Here) -> None:
    timed: dict[str, Batch] = {}
    mine = os.getpid()
    while True:
        try:
            what, *arguments = connection.recv()
        except (EOFError, OSError):
            return
        _alarm(PATIENCE + ORPHANED)
        try:
            if what == "time":
                name, loops = arguments
                if name not in timed:
                    gc.collect()
                    gc.disable()
                    timed[name] = bench.batch(name)
                answer = timed[name](loops)
            else:
                answer = getattr(bench, what)(*arguments)
        except BaseException as error:
            answer = _sendable(error)
        if os.getpid() != mine:
            os._exit(0)  # a fork that f or a method has left running must not answer a second time
        _alarm(0)
        connection.send(answer)


def _sendable(error: BaseException) -> BaseException:
    """An error that survives the way: what is not adkit's own is told in words."""
    if isinstance(error, AdkitError):
        return BadRequest(str(error))
    return LostError(f"raised {type(error).__name__}: {error}")


def _alarm(seconds: float) -> None:
    """The system stops this process so much later, whatever it is doing by then; 0 calls it off."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)


def limit_memory(limit: int | None) -> None:
    """This process may take so much more memory than it has now."""
    if limit is None:
        return
    try:
        import resource
    except ImportError:
        raise BadRequest("a limit of memory needs a system that knows them (Linux, macOS)") from None
    resource.setrlimit(resource.RLIMIT_AS, (_virtual() + limit, resource.RLIM_INFINITY))


def _virtual() -> int:
    """The virtual memory of this process, in bytes."""
    status = Path("/proc/self/statm")
    if not status.is_file():
        return 0
    import resource

    return int(status.read_text().split()[0]) * resource.getpagesize()
