"""The function that `ad.compile` returns: who serves a call, and what is said where nobody but f itself can."""

from __future__ import annotations

import functools
import operator
import threading
import time
import types
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, overload

import numpy as np

from ..codegen import MISS, Link, Program
from ..errors import ArgumentError, CannotCompile, CompileWarning, place, warn
from ..snapshots import OpaqueError, Surroundings, surroundings
from ..tracing import Box
from .arguments import Names, Taken
from .legend import legend
from .paths import ASKING, Path
from .recording import LIMIT, Kind, Recording, recorded, require_untouched, unseen

# How many recordings that fit no second call are made before there are no more: of one kind of arguments, and of all;
# and how much of a recording is made up for by a second call.
BRANCHES, KINDS, CREDIT = 16, 64, 0.5
# How many recordings are kept of one kind of arguments, and how many are tried before the arguments are looked at.
KEPT, QUICK = 8, 16
# Of how many kinds of arguments recordings are kept.
MOST_KINDS = 256


class Compiled:
    """What `ad.compile` returns: a function of the same arguments, and how it fared.

    Attributes:
        recordings: how many times f has been recorded.
        source: the code of the most recent recording, to read.
        backend: what runs it: "python" or "native"; "eager" while nothing has been recorded.
        seconds: the time that recording and generating code have taken.
        note: why f is run as it is, or what else there is to know of the most recent recording.

    Example:
        >>> import adkit as ad
        >>> f = ad.compile(lambda x, y: x * y + x)
        >>> f(2.0, 3.0), f(3.0, 4.0), f.recordings
        (8.0, 15.0, 1)
    """

    # What its results depend on, for whoever has to know whether they may have changed.
    depends_on: ClassVar[tuple[str, ...]] = ("g",)

    def __init__(self, g: Callable[..., Any], strict: bool = False, limit: int = LIMIT) -> None:
        if not callable(g):
            raise ArgumentError(f"a function is needed to compile, not {type(g).__name__}{place()}")
        functools.update_wrapper(self, g, updated=())
        self.g = g
        self.strict = strict
        self.limit = limit
        self.recordings = 0
        self.seconds = 0.0
        self.note = ""
        self._program: Program | None = None
        self._legend: Callable[[], list[str]] | None = None
        # By the names of keyword arguments: what is tried before all else, and the function that tries it.
        self._entries: dict[Names, tuple[Link, ...]] = {}
        self._by_names: dict[Names, Callable[..., Any]] = {}
        self._followers: list[Any] = []
        self._kinds: dict[Any, Kind] = {}
        # Why it is run as it is, whatever the arguments, and why at all that it has not been recorded for.
        self._refusal = self._full = ""
        self._unused = 0.0
        self._warned: set[str] = set()
        self._recording = threading.Lock()

    def __reduce__(self) -> Any:
        return type(self), (self.g, self.strict, self.limit)

    def __repr__(self) -> str:
        name = getattr(self.g, "__name__", None) or repr(self.g)
        return f"<compiled {name}: {self.recordings} recording{'s' * (self.recordings != 1)}, {self.backend}>"

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """In a class body it is a method, as a function would be."""
        return self if instance is None else types.MethodType(self, instance)

    def lead(self, follower: Any) -> None:
        """Let another object run what this one runs."""
        self._followers.append(follower)
        follower.run = self.run

    @property
    def source(self) -> str:
        """The code of the most recent recording, with what its names mean; for machine code too it is Python."""
        if self._program is None or self._legend is None:
            return ""
        return "\n".join([*self._legend(), self._program.source])

    @property
    def backend(self) -> str:
        """What runs the most recent recording."""
        return "eager" if self._program is None else self._program.backend

    @property
    def program(self) -> Program | None:
        """The most recent recording as a program; None while there is none."""
        return self._program

    # -- a call that no entry took -----------------------------------------------------------------
    def at_length(self, *args: Any, **kwargs: Any) -> Any:
        """A call that no entry has taken: by a recording that fits it, or by f itself, which is recorded."""
        if kwargs and (found := self._by_name(args, kwargs)) is not MISS:
            return found
        if self._refusal:
            return self._eagerly(args, kwargs, self._refusal)
        taken = Taken(args, kwargs, getattr(self.g, "argnums", ()))
        if taken.traced:
            return self.g(*args, **kwargs)
        if taken.unfit:
            return self._refused(taken.unfit, args, kwargs)
        kind = self._kind(taken)
        found = self._by_known(kind, taken)
        if found is not MISS:
            return found
        if refusal := kind.refusal or self._full:
            return self._eagerly(args, kwargs, refusal)
        # Who else calls meanwhile, be it f itself, is served by f.
        if not self._recording.acquire(blocking=False):
            return self.g(*args, **kwargs)
        try:
            return self._anew(kind, taken)
        finally:
            self._recording.release()

    run = at_length
    # What is called is what the instance holds as `run`: its newest entry, which calls the next where it does not fit.
    # Reading it takes no frame of Python's own, which would take longer than short code itself.
    __call__: Any = property(operator.attrgetter("run"))

    def _by_name(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """The result by an entry for arguments of these names; or MISS."""
        run = self._by_names.get(tuple(kwargs), _missed)
        return run(*args, *kwargs.values())

    def _eagerly(self, args: tuple[Any, ...], kwargs: Mapping[str, Any], reason: str) -> Any:
        if self.strict and reason:
            raise CannotCompile(self._refused_as(reason))
        return self.g(*args, **kwargs)

    def _refused(self, reason: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        self._complain(reason)
        return self._eagerly(args, kwargs, reason)

    def _kind(self, taken: Taken) -> Kind:
        """What is known of arguments of this kind."""
        kind = self._kinds.get(taken.key)
        if kind is None:
            if len(self._kinds) >= MOST_KINDS:
                self._kinds.pop(next(iter(self._kinds)), None)
            kind = self._kinds.setdefault(taken.key, Kind())
        return kind

    def _by_known(self, kind: Kind, taken: Taken) -> Any:
        """The result by a recording that fits; MISS where there is none."""
        entries = self._entries.get(taken.names, ())
        for recording in kind.recordings:
            tried = recording.entry is not None and recording.entry in entries and not taken.promoted
            if not tried and recording.fits(taken):
                found = recording.run(taken.leaves)
                if found is not MISS:
                    self._served(kind, recording, taken)
                    return found
        return MISS

    def _anew(self, kind: Kind, taken: Taken) -> Any:
        """The result by f itself, which is recorded; or by a recording for the same surroundings in other objects."""
        try:
            known = kind.recordings[0].arrays if kind.recordings else {}
            before = surroundings(self.g, *taken.roots, known=known)
        except OpaqueError as error:
            if isinstance(error.thing, Box):  # f has been given a traced value by another way than its arguments
                return self.g(*taken.args, **taken.kwargs)
            self._refusal = unseen(error)
            return self._refused(self._refusal, taken.args, taken.kwargs)
        for recording in kind.recordings:
            if recording.content == before.content and not recording.fits(taken) and recording.moves(taken, before):
                self._forget(recording)
                found = recording.run(taken.leaves)
                if found is not MISS:
                    self._served(kind, recording, taken)
                    return found
        if not kind.due():
            return self.g(*taken.args, **taken.kwargs)
        return self._first(kind, taken, before)

    def _first(self, kind: Kind, taken: Taken, before: Surroundings) -> Any:
        """The result by f itself, which is recorded."""
        kept = [leaf.copy() if isinstance(leaf, np.ndarray) else leaf for leaf in taken.given]
        with Path(0 if ASKING & before.mentions else None) as path:
            result = self.g(*taken.args, **taken.kwargs)
        taken.path = path.steps
        began = time.perf_counter()
        try:
            require_untouched(self.g, taken, kept, before)
            recording = recorded(self.g, taken, before, result, self.limit)
            if any(recording.repeats(other) for other in kind.recordings):
                raise CannotCompile("arithmetic fails here", passing=True)
        except CannotCompile as error:
            self._failed(kind, error)
        else:
            self._keep(kind, recording, taken)
        finally:
            self.seconds += time.perf_counter() - began
        return result

    def _failed(self, kind: Kind, error: CannotCompile) -> None:
        """f could not be recorded: at these numbers, or of this kind of arguments not at all."""
        if getattr(error, "passing", False) or kind.recordings:
            kind.wait()
            self.note = self.note or f"not recorded yet: {error}"
            return
        kind.refusal = str(error)
        self._complain(kind.refusal)
        if self.strict:
            raise CannotCompile(self._refused_as(kind.refusal)) from error

    # -- recordings --------------------------------------------------------------------------------
    def _keep(self, kind: Kind, recording: Recording, taken: Taken) -> None:
        """A new recording: the first of all is used at once, any other once it has fitted a second call."""
        self.recordings += 1
        self._program, self.note = recording.program, recording.program.note
        self._legend = functools.partial(legend, self.g, recording)
        kind.recordings = (recording, *kind.recordings)[:KEPT]
        if self.recordings == 1:
            self._install(recording, taken)
        kind.unused += 1
        self._unused += 1
        if kind.unused >= BRANCHES:
            kind.refusal = f"what it decides or reads differs from call to call, recorded {BRANCHES} times in vain"
            self._complain(kind.refusal)
        elif self._unused >= KINDS:
            self._full = (
                f"its arguments are of another kind on each call, recorded {KINDS} times in vain (whole numbers "
                "and strings count as fixed: pass a number that varies as a float)"
            )
            self._complain(self._full)

    def _served(self, kind: Kind, recording: Recording, taken: Taken) -> None:
        """A recording has fitted once more."""
        kind.unused, self._unused = max(0.0, kind.unused - CREDIT), max(0.0, self._unused - CREDIT)
        kind.failures = 0
        if kind.recordings[0] is not recording:
            kind.recordings = (recording, *[other for other in kind.recordings if other is not recording])
        self._install(recording, taken)

    def _try(self, names: Names, entries: tuple[Link, ...]) -> None:
        """Let these be tried first from now on, one after the other."""
        self._entries[names] = entries
        run = _missed if names else self.at_length
        for link in reversed(entries):
            run = link(run)
        if names:
            self._by_names[names] = run
            return
        for holder in (self, *self._followers):
            holder.run = run

    def _install(self, recording: Recording, taken: Taken) -> None:
        """Let a recording be tried first from now on."""
        if recording.entry is None:
            recording.entry = recording.make_entry()
        if (run := recording.entry) is not None:
            others = [other for other in self._entries.get(taken.names, ()) if other is not run]
            self._try(taken.names, (run, *others)[:QUICK])

    def _forget(self, recording: Recording) -> None:
        """The entry of a recording holds no more."""
        gone, names = recording.entry, recording.names
        recording.entry = None
        self._try(names, tuple([other for other in self._entries.get(names, ()) if other is not gone]))

    # -- what is said ------------------------------------------------------------------------------
    def _refused_as(self, reason: str) -> str:
        return f"{where(self.g)} cannot be compiled: {reason}"

    def _complain(self, reason: str) -> None:
        """Warn, once for each reason."""
        self.note = f"run as it is: {reason}"
        if not self.strict and reason not in self._warned:
            self._warned.add(reason)
            warn(f"{where(self.g)} cannot be compiled and is run as it is: {reason}", CompileWarning)


def _missed(*args: Any) -> Any:
    """What is called where no entry applies and the caller knows how to go on."""
    return MISS


@overload
def compile(g: Callable[..., Any], *, strict: bool = False, limit: int = LIMIT) -> Compiled: ...
@overload
def compile(
    g: None = None, *, strict: bool = False, limit: int = LIMIT
) -> Callable[[Callable[..., Any]], Compiled]: ...
def compile(g: Callable[..., Any] | None = None, *, strict: bool = False, limit: int = LIMIT) -> Any:
    """A function that is recorded once for each kind of arguments, and run as straight-line code from then on.

    Recorded are g's operations and those of the derivatives that it takes, so that `ad.compile(ad.grad(f))` is code in
    which nothing of the tape is left. A call of another kind (types, shapes, dtypes, containers; whole numbers, strings
    and functions by value) is recorded anew, and so is one in which g decides otherwise (`if x > 0`) or reads something
    else (a closure, a global, an attribute) than before. Results are those of g, to rounding, in arrays of their own.

    Args:
        g: a function in plain NumPy, of floats, arrays and containers of them; or a derivative of one. Without it the
            call is a decorator.
        strict: refuse what cannot be compiled (random numbers, side effects, an iteration of another length on each
            call) instead of warning and running g as it is.
        limit: how many operations are recorded before it is given up.

    Returns:
        A function with g's signature. `.source` is the code of the latest recording, `.recordings` how many there have
        been, `.backend` what runs it ("native" with llvmlite, else "python"), `.note` why g is run as it is where it
        is. Within a function that is differentiated, it is g.

    Raises:
        CannotCompile: with strict, when it is called: why it cannot be compiled.

    Example:
        >>> import numpy as np
        >>> import adkit as ad
        >>> def f(x1, x2):
        ...     return x1 * x2 + np.sin(x1)
        >>> gradient = ad.compile(ad.grad(f, argnums=(0, 1)))
        >>> gradient(2.0, 5.0)
        (4.583853163452858, 2.0)
        >>> gradient(1.0, 5.0), gradient.recordings
        ((5.54030230586814, 1.0), 1)
        >>> print(gradient.source)
        # None: a branch is taken or a number met that this code does not hold for; f itself is run
        def run(x1, x2):
            try:
                return (cos(x1) + x2, x1)
            except (ArithmeticError, ValueError):
                return None
    """
    return functools.partial(Compiled, strict=strict, limit=limit) if g is None else Compiled(g, strict, limit)


def where(g: Any) -> str:
    """The name of the innermost function, and the place of its definition."""
    seen: set[int] = set()
    while not hasattr(g, "__code__") and id(g) not in seen:
        seen.add(id(g))
        inner = next(
            (x for x in (getattr(g, name, None) for name in ("f", "g", "func", "__func__")) if callable(x)), None
        )
        g = g if inner is None else inner
    code = getattr(g, "__code__", None)
    name = getattr(g, "__qualname__", None) or type(g).__qualname__
    return f"{name} ({code.co_filename}:{code.co_firstlineno})" if code else name
