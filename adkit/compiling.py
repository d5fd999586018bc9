"""`ad.compile`: a function recorded once for each kind of arguments, and run as straight-line code from then on.

A recording holds for the types, shapes and dtypes of the arguments that it was made for, for whatever else f read (a
guard watches that), and for the decisions that f took. Where one of these is otherwise, f is run as it is, which gives
the caller's result, and recorded again; where it cannot be recorded, it goes on being run as it is. So what comes out
is always what f itself gives.
"""

from __future__ import annotations

import functools
import sys
import threading
import time
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np

from .codegen import MISS, Program, Static, entry, generate
from .containers import Container, Structure, count, flatten, is_container, unflatten
from .errors import AdkitError, ArgumentError, CannotCompile, CompileWarning, origin, place, warn
from .graph import Graph, Node
from .snapshots import Guard, OpaqueError, Snapshot, Surroundings, surroundings
from .staging import stage
from .tracing import Box, is_traced

# How many operations are written down before it is given up.
LIMIT = 200_000
# Up to so many operations f is recorded a second time, to see whether it does the same again.
TWICE = 5_000
# How many recordings that fit no second call are made before there are no more: of one kind of arguments, and of all;
# and how much of a recording is made up for by a second call.
BRANCHES, KINDS, CREDIT = 16, 64, 0.5
# Of how many kinds of arguments recordings are kept.
MOST_KINDS = 256
# How many recordings are kept of one kind of arguments, and how many are tried before the arguments are looked at.
KEPT, QUICK = 8, 16
# How much may be passed at once: every leaf is looked at on each call.
MOST_LEAVES = 10_000

Entry = Callable[..., Any]
# Arguments by keyword, in the order in which they were given.
Names = tuple[str, ...]


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
        # Tried one after the other before anything else: functions of positional arguments that give the result or MISS.
        self.entries: tuple[Entry, ...] = ()
        self.recordings = 0
        self.seconds = 0.0
        self.note = ""
        self._program: Program | None = None
        # Of machine code, what it was made of.
        self._graph: tuple[Graph, list[Any]] | None = None
        self._by_names: dict[Names, tuple[Entry, ...]] = {}
        self._kinds: dict[Any, _Kind] = {}
        self._refusal = ""
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

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not kwargs:
            try:
                for run in self.entries:
                    if (found := run(*args)) is not MISS:
                        return found
            except Exception:  # what f raises here itself
                return self.at_length(args, kwargs)
        return self.at_length(args, kwargs)

    @property
    def source(self) -> str:
        """The code of the most recent recording; of machine code, the Python that it stands for."""
        if self._program is None or self._program.source or self._graph is None:
            return "" if self._program is None else self._program.source
        return generate(*self._graph, native=False).source

    @property
    def backend(self) -> str:
        """What runs the most recent recording."""
        return "eager" if self._program is None else self._program.backend

    @property
    def program(self) -> Program | None:
        """The most recent recording as a program; None while there is none."""
        return self._program

    # -- a call that no entry took -----------------------------------------------------------------
    def at_length(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
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
        if kind.refusal:
            return self._eagerly(args, kwargs, "" if kind.recordings else kind.refusal)
        # Who else calls meanwhile, be it f itself, is served by f.
        if not self._recording.acquire(blocking=False):
            return self.g(*args, **kwargs)
        try:
            return self._anew(kind, taken)
        finally:
            self._recording.release()

    def _by_name(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """The result by an entry for arguments of these names; or MISS."""
        for run in self._by_names.get(tuple(kwargs), ()):
            try:
                found = run(*args, *kwargs.values())
            except Exception:
                return MISS
            if found is not MISS:
                return found
        return MISS

    def _eagerly(self, args: tuple[Any, ...], kwargs: Mapping[str, Any], reason: str) -> Any:
        if self.strict and reason:
            raise CannotCompile(self._sentence(reason))
        return self.g(*args, **kwargs)

    def _refused(self, reason: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        self._complain(reason)
        return self._eagerly(args, kwargs, reason)

    def _kind(self, taken: Taken) -> _Kind:
        """What is known of arguments of this kind."""
        kind = self._kinds.get(taken.key)
        if kind is None:
            if len(self._kinds) >= MOST_KINDS:
                self._kinds.pop(next(iter(self._kinds)), None)
            kind = self._kinds.setdefault(taken.key, _Kind())
        return kind

    def _by_known(self, kind: _Kind, taken: Taken) -> Any:
        """The result by a recording that fits; MISS where there is none."""
        entries = self._entries(taken.names)
        for recording in kind.recordings:
            tried = recording.entry is not None and recording.entry in entries and not taken.promoted
            if not tried and recording.fits(taken):
                found = recording.run(taken.leaves)
                if found is not MISS:
                    self._served(kind, recording, taken)
                    return found
        return MISS

    def _anew(self, kind: _Kind, taken: Taken) -> Any:
        """The result by f itself, which is recorded; or by a recording for the same surroundings in other objects."""
        try:
            before = surroundings(self.g, *taken.roots)
        except OpaqueError as error:
            if isinstance(error.thing, Box):  # f has been given a traced value by another way than its arguments
                return self.g(*taken.args, **taken.kwargs)
            self._refusal = f"it uses {error.what}, whose state cannot be seen"
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

    def _first(self, kind: _Kind, taken: Taken, before: Surroundings) -> Any:
        """The result by f itself, which is recorded."""
        kept = [leaf.copy() if isinstance(leaf, np.ndarray) else leaf for leaf in taken.given]
        with _Path(0 if _ASKING & before.mentions else None) as path:
            result = self.g(*taken.args, **taken.kwargs)
        taken.path = path.steps
        began = time.perf_counter()
        try:
            _require_untouched(self.g, taken, kept, before)
            recording = self._recorded(taken, before, result)
            if any(recording.repeats(other) for other in kind.recordings):
                raise CannotCompile("arithmetic fails here", passing=True)
        except CannotCompile as error:
            self._failed(kind, error)
        else:
            self.recordings += 1
            self._keep(kind, recording, taken)
        finally:
            self.seconds += time.perf_counter() - began
        return result

    def _failed(self, kind: _Kind, error: CannotCompile) -> None:
        """f could not be recorded: at these numbers, or of this kind of arguments not at all."""
        if getattr(error, "passing", False) or kind.recordings:
            kind.wait()
            return
        kind.refusal = str(error)
        self._complain(kind.refusal)
        if self.strict:
            raise CannotCompile(self._sentence(kind.refusal)) from error

    # -- recordings --------------------------------------------------------------------------------
    def _recorded(self, taken: Taken, before: Surroundings, result: Any) -> _Recording:
        """f written down, and the program of it, which must give the result that f gave."""
        outputs, structure = _results(result)
        graph, traced = self._staged(taken)
        if graph.output_structure != structure:
            raise CannotCompile("on traced values it returns another container than on numbers")
        digest = _digest(graph)
        outputs, structure = _without_fixed(graph, outputs, structure)
        program = _generated(graph, outputs)
        examples = [leaf if i in traced else Static(leaf) for i, leaf in enumerate(taken.leaves)]
        recording = _Recording(program, taken, examples, structure, before, digest)
        self._verify(recording, taken, outputs)
        self._program, self._graph = program, None if program.source else (graph, outputs)
        self.note = program.note
        return recording

    def _staged(self, taken: Taken) -> tuple[Graph, frozenset[int]]:
        """The graph of f, and which leaves are its inputs: whole numbers and marks too, unless f reads them in a way
        that only arrays allow, as an index; then their content is part of what the recording holds for."""
        try:
            return self._stage(taken, taken.traceable), taken.traceable
        except CannotCompile as error:
            if taken.floating == taken.traceable or error.passing:
                raise
            return self._stage(taken, taken.floating), taken.floating

    def _stage(self, taken: Taken, traced: frozenset[int]) -> Graph:
        order = sorted(traced)

        def run(boxes: list[Any]) -> Any:
            leaves = list(taken.leaves)
            for i, box in zip(order, boxes, strict=True):
                leaves[i] = box
            args, kwargs = taken.rebuilt(leaves)
            with _Path(taken.path) as path:
                found = self.g(*args, **kwargs)
            if path.steps != taken.path:
                raise CannotCompile("it asks of what type something is, and does something else with traced values")
            return found

        inputs = [taken.leaves[i] for i in order]
        graph = _written_down(run, inputs, self.limit)
        if len(graph.nodes) <= TWICE and _digest(graph) != _digest(_written_down(run, inputs, self.limit)):
            raise CannotCompile("it does not do the same when it is run again: it draws random numbers, or counts")
        return graph

    def _verify(self, recording: _Recording, taken: Taken, outputs: Sequence[Any]) -> None:
        """The program must give what f gave."""
        inputs = recording.inputs(taken.leaves)
        found = _run(recording.program, inputs)
        if found is None:
            raise CannotCompile("a derivative is nan here, or arithmetic fails", passing=True)
        for mine, wanted in zip(found, outputs, strict=True):
            if type(mine) is not type(wanted) or np.shape(mine) != np.shape(wanted) or not _same_dtype(mine, wanted):
                raise CannotCompile(f"its code returns {_kind_of(mine)} where it returned {_kind_of(wanted)} itself")
        if not _close(found, outputs, recording.program, inputs):
            raise CannotCompile(self._disagreement(taken, outputs))

    def _disagreement(self, taken: Taken, outputs: Sequence[Any]) -> str:
        """Why the code gives another result than f gave: f itself may."""
        again, _ = flatten(self.g(*taken.args, **taken.kwargs))
        if not all(np.array_equal(x, y, equal_nan=True) for x, y in zip(again, outputs, strict=True) if _is_number(x)):
            return "it does not give the same when it is run again: it draws random numbers, or counts"
        return "its code gives another result than it gave itself, perhaps since it asks what type its arguments have"

    def _keep(self, kind: _Kind, recording: _Recording, taken: Taken) -> None:
        """A new recording: the first of all is used at once, any other once it has fitted a second call."""
        kind.recordings = (recording, *kind.recordings)[:KEPT]
        if self.recordings == 1:
            self._install(recording, taken)
        kind.unused += 1
        self._unused += 1
        if kind.unused >= BRANCHES:
            kind.refusal = f"what it decides or reads differs from call to call, recorded {BRANCHES} times in vain"
            self._complain(kind.refusal)
        elif self._unused >= KINDS:
            self._refusal = (
                f"its arguments are of another kind on each call, recorded {KINDS} times in vain (whole numbers "
                "and strings count as fixed: pass a number that varies as a float)"
            )
            self._complain(self._refusal)

    def _served(self, kind: _Kind, recording: _Recording, taken: Taken) -> None:
        """A recording has fitted once more."""
        kind.unused, self._unused = max(0.0, kind.unused - CREDIT), max(0.0, self._unused - CREDIT)
        kind.failures = 0
        if kind.recordings[0] is not recording:
            kind.recordings = (recording, *[other for other in kind.recordings if other is not recording])
        self._install(recording, taken)

    def _entries(self, names: Names) -> tuple[Entry, ...]:
        return self._by_names.get(names, ()) if names else self.entries

    def _set_entries(self, names: Names, entries: tuple[Entry, ...]) -> None:
        if names:
            self._by_names[names] = entries
        else:
            self.entries = entries

    def _install(self, recording: _Recording, taken: Taken) -> None:
        """Let a recording be tried first from now on."""
        if recording.entry is None:
            recording.entry = recording.make_entry()
        if (run := recording.entry) is not None:
            others = [other for other in self._entries(taken.names) if other is not run]
            self._set_entries(taken.names, (run, *others)[:QUICK])

    def _forget(self, recording: _Recording) -> None:
        """The entry of a recording holds no more."""
        gone, names = recording.entry, recording.names
        recording.entry = None
        self._set_entries(names, tuple([other for other in self._entries(names) if other is not gone]))

    # -- what is said ------------------------------------------------------------------------------
    def _sentence(self, reason: str) -> str:
        return f"{_where(self.g)} cannot be compiled and is run as it is: {reason}"

    def _complain(self, reason: str) -> None:
        """Warn, once for each reason."""
        self.note = f"run as it is: {reason}"
        if not self.strict and reason not in self._warned:
            self._warned.add(reason)
            warn(self._sentence(reason), CompileWarning)


def compile(g: Callable[..., Any], *, strict: bool = False, limit: int = LIMIT) -> Compiled:
    """A function that is recorded once for each kind of arguments, and run as straight-line code from then on.

    Recorded are g's operations and those of the derivatives that it takes, so that `ad.compile(ad.grad(f))` is code in
    which nothing of the tape is left. A call of another kind (types, shapes, dtypes, containers; whole numbers, strings
    and functions by value) is recorded anew, and so is one in which g decides otherwise (`if x > 0`) or reads something
    else (a closure, a global, an attribute) than before. Results are those of g, to rounding, in arrays of their own.

    Args:
        g: a function in plain NumPy, of floats, arrays and containers of them; or a derivative of one.
        strict: refuse what cannot be compiled (random numbers, side effects, an iteration of another length on each
            call) instead of warning and running g as it is.
        limit: how many operations are recorded before it is given up.

    Returns:
        A function with g's signature. `.source` is the code, `.recordings` how many there have been, `.note` why g is
        run as it is where it is. Within a function that is differentiated, it is g.

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
    """
    return Compiled(g, strict, limit)


# -- the arguments of a call -----------------------------------------------------------------------
class Taken:
    """The arguments of one call, taken apart, and of what kind they are."""

    def __init__(self, args: tuple[Any, ...], kwargs: Mapping[str, Any], argnums: Any = ()) -> None:
        self.args, self.kwargs = args, kwargs
        self.names: Names = tuple(kwargs)
        self.structures: list[Structure] = []
        self.given: list[Any] = []
        self.leaves: list[Any] = []
        # Why these arguments cannot be compiled for, and whether a traced value is among them.
        self.unfit, self.traced, self.promoted = "", False, False
        # What f did with them, instruction by instruction, where that may be otherwise with traced values.
        self.path: int | None = None
        # Leaves whose state is part of what the recording holds for.
        self.roots: list[Any] = []
        floats = _positions(argnums, len(args))
        for i, value in enumerate((*args, *kwargs.values())):
            self._take(value, i in floats)
        self.key = (self.names, tuple(self.structures), tuple([self._kind_of(leaf) for leaf in self.leaves]))
        numbers = [i for i, leaf in enumerate(self.leaves) if _is_traceable(leaf)]
        self.traceable = frozenset(numbers)
        self.floating = frozenset(i for i in numbers if np.asarray(self.leaves[i]).dtype.kind in "fc")

    def _take(self, value: Any, as_floats: bool) -> None:
        found, structure = flatten(value)
        self.structures.append(structure)
        self.given += found
        self.leaves += [self._promoted(leaf) for leaf in found] if as_floats else found
        for container in _containers(value):
            if type(container) not in (list, tuple, dict):
                self.roots.append(type(container))
        if len(self.leaves) > MOST_LEAVES:
            self.unfit = f"its arguments have more than {MOST_LEAVES} parts: pass arrays instead of long lists"

    def _promoted(self, leaf: Any) -> Any:
        """Whole numbers that are differentiated by count as floats."""
        kind = leaf.dtype.kind if isinstance(leaf, (np.ndarray, np.generic)) else "i" if type(leaf) is int else ""
        if kind not in ("i", "u"):
            return leaf
        self.promoted = True
        try:
            return float(leaf) if type(leaf) is int else leaf.astype(float)
        except OverflowError:
            return leaf

    def _kind_of(self, leaf: Any) -> Any:
        """What of a leaf a recording holds for."""
        kind = type(leaf)
        if kind is np.ndarray and leaf.dtype.kind in "biufc":
            # How it lies in memory decides what is a view of it, and with that what a write changes.
            return leaf.dtype, leaf.shape, leaf.ndim < 2 or leaf.flags.c_contiguous or leaf.strides
        if kind in (float, complex) or (isinstance(leaf, np.generic) and leaf.dtype.kind in "fc"):
            return kind
        if kind in (int, bool, str, bytes, type(None)) or isinstance(leaf, (np.integer, np.bool_)):
            return kind, leaf
        if is_traced(leaf):
            self.traced = True
        elif isinstance(leaf, np.ndarray):
            self.unfit = f"an argument is {_kind_of(leaf)}: pass an array of numbers"
        self.roots.append(leaf)
        return kind

    def rebuilt(self, leaves: Sequence[Any]) -> tuple[list[Any], dict[str, Any]]:
        """Positional and keyword arguments with these leaves."""
        parts, start = [], 0
        for structure in self.structures:
            stop = start + count(structure)
            parts.append(unflatten(structure, leaves[start:stop]))
            start = stop
        n = len(self.args)
        return parts[:n], dict(zip(self.names, parts[n:], strict=True))


def _positions(argnums: Any, n: int) -> frozenset[int]:
    """Which positional arguments g differentiates by, where it is a derivative."""
    chosen = argnums if isinstance(argnums, (tuple, list)) else (argnums,)
    return frozenset(i % n for i in chosen if isinstance(i, int) and -n <= i < n)


def _containers(tree: Any) -> Iterator[Any]:
    """All containers in a nest of them."""
    if is_container(tree):
        yield tree
        parts = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, (list, tuple)) else ()
        for part in parts:
            yield from _containers(part)


def _is_traceable(leaf: Any) -> bool:
    if type(leaf) is np.ndarray:
        return leaf.dtype.kind in "biufc"
    return type(leaf) in (float, complex) or (isinstance(leaf, np.generic) and leaf.dtype.kind in "fc")


# -- the way that f takes --------------------------------------------------------------------------
# By these, f may tell a traced value from a number; the last one stands for every `except`.
_ASKING = frozenset({"isinstance", "issubclass", "type", "callable", "hasattr", "except"})


class _Path:
    """The instructions of the person's own code that are executed within, as one number; nothing where it is None."""

    def __init__(self, steps: int | None) -> None:
        self.steps = None if steps is None else 0

    def __enter__(self) -> _Path:
        self.before = sys.gettrace()
        if self.steps is not None:
            sys.settrace(self._called)
        return self

    def __exit__(self, *error: object) -> None:
        if self.steps is not None:
            sys.settrace(self.before)

    def _called(self, frame: types.FrameType, event: str, arg: Any) -> Any:
        # What dataclasses and named tuples generate has the file name of code that is typed in, also in adkit.
        home = frame.f_globals.get("__name__", "")
        if origin(frame.f_code.co_filename) != "user" or home.startswith(("adkit.", "namedtuple_")):
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return self._step

    def _step(self, frame: types.FrameType, event: str, arg: Any) -> Any:
        if event == "opcode":
            self.steps = hash((self.steps, id(frame.f_code), frame.f_lasti))
        return self._step


# -- recordings ------------------------------------------------------------------------------------
class _Kind:
    """The recordings for one kind of arguments, the latest used first."""

    def __init__(self) -> None:
        self.recordings: tuple[_Recording, ...] = ()
        # Why there are to be no more.
        self.refusal = ""
        # Recordings since one has fitted a second call; attempts in vain, and how many calls to wait for the next.
        self.unused = 0.0
        self.failures = self.waiting = 0

    def due(self) -> bool:
        """Whether f is to be recorded again."""
        self.waiting -= self.waiting > 0
        return self.waiting == 0

    def wait(self) -> None:
        """Twice as long after each attempt in vain."""
        self.failures = min(self.failures + 1, 10)
        self.waiting = 2**self.failures


class _Recording:
    """A program, and what it holds for."""

    def __init__(
        self,
        program: Program,
        taken: Taken,
        examples: list[Any],
        structure: Structure,
        before: Surroundings,
        digest: int,
    ) -> None:
        self.program = program
        self.names = taken.names
        self.structures = taken.structures
        self.examples = [_example(x) for x in examples]
        self.structure = structure
        self.content: Snapshot = before.content
        self.guard: Guard = before.guard()
        self.digest = digest
        self.entry: Entry | None = None

    def inputs(self, leaves: Sequence[Any]) -> list[Any]:
        """The leaves that are inputs of the program."""
        return [leaf for leaf, x in zip(leaves, self.examples, strict=True) if not isinstance(x, Static)]

    def run(self, leaves: Sequence[Any]) -> Any:
        """The result, or MISS."""
        found = _run(self.program, self.inputs(leaves))
        return MISS if found is None else unflatten(self.structure, found)

    def fits(self, taken: Taken) -> bool:
        """Whether arguments of its kind, and what else f reads, are those that it was made for."""
        pairs = zip(taken.leaves, self.examples, strict=True)
        return all(_is_same(leaf, x.value) for leaf, x in pairs if isinstance(x, Static)) and self.guard.holds()

    def moves(self, taken: Taken, before: Surroundings) -> bool:
        """Take over to other objects of the same content; arrays that are read as they are must be the same."""
        for i, (leaf, x) in enumerate(zip(taken.leaves, self.examples, strict=True)):
            if isinstance(x, Static):
                if isinstance(leaf, np.ndarray) and not _is_same(leaf, x.value):
                    return False
                self.examples[i] = _example(Static(leaf))
        self.guard = before.guard()
        return True

    def repeats(self, other: _Recording) -> bool:
        """Whether it is the same recording again."""
        if self.digest != other.digest or self.content != other.content:
            return False
        pairs = zip(self.examples, other.examples, strict=True)
        return all(_is_same(x.value, y.value) for x, y in pairs if isinstance(x, Static) and isinstance(y, Static))

    def make_entry(self) -> Entry | None:
        """A function of the arguments that checks all that this holds for; None where that takes more than a glance."""
        if any(isinstance(x, Static) and not _is_simple(x.value) for x in self.examples):
            return None
        return entry(self.program, self.structures, self.examples, self.structure, self.guard)


def _run(program: Program, inputs: Sequence[Any]) -> tuple[Any, ...] | None:
    """The outputs, or None where f has to say what happens here."""
    try:
        return program.run(*inputs)
    except Exception:  # f raises it too, or would not have come there
        return None


def _example(x: Any) -> Any:
    """A leaf without what does not matter of it; what a static one holds as it is now."""
    if isinstance(x, Static):
        return Static(x.value.copy()) if isinstance(x.value, np.ndarray) else x
    if not isinstance(x, np.ndarray):
        return x
    return np.lib.stride_tricks.as_strided(np.empty(1, x.dtype), x.shape, x.strides)


def _is_same(leaf: Any, value: Any) -> bool:
    """Whether a static leaf is what it was; an object must be the very same, its state is watched."""
    if isinstance(value, np.ndarray):
        return np.array_equal(leaf, value)
    return leaf is value or (_is_plain(value) and type(leaf) is type(value) and leaf == value)


def _is_plain(x: Any) -> bool:
    return isinstance(x, (int, str, bytes, np.generic)) or x is None


def _is_simple(x: Any) -> bool:
    """Whether one comparison shows that a static argument is the same."""
    return _is_plain(x) or type(x).__eq__ is object.__eq__


def _require_untouched(g: Any, taken: Taken, kept: Sequence[Any], before: Surroundings) -> None:
    """f may change nothing that it was given or that it reads."""
    after = Taken(taken.args, taken.kwargs)
    same = after.structures == taken.structures and all(map(_unchanged, after.given, taken.given, kept))
    if not same:
        raise CannotCompile("it changes its arguments: let it change a copy, and return that")
    try:
        content = surroundings(g, *taken.roots).content
    except OpaqueError as error:
        raise CannotCompile(f"it uses {error.what}, whose state cannot be seen") from None
    if content != before.content:
        raise CannotCompile(
            "it changes what it reads (a global, a closure variable, an attribute, a list): return that instead"
        )
    if "print" in before.mentions:
        raise CannotCompile("it prints, which straight-line code would not do")


def _unchanged(leaf: Any, given: Any, kept: Any) -> bool:
    if leaf is not given:
        return False
    if not isinstance(leaf, np.ndarray) or leaf.dtype.hasobject:
        return True
    return leaf.shape == kept.shape and leaf.dtype == kept.dtype and leaf.tobytes() == kept.tobytes()


def _generated(graph: Graph, outputs: Sequence[Any]) -> Program:
    """The program of a graph. That there is none for a graph is nothing that the caller should suffer from."""
    try:
        return generate(graph, outputs)
    except CannotCompile:
        raise
    except Exception as error:
        raise CannotCompile(
            f"no code could be generated, by a fault of adkit: {type(error).__name__}: {error}"
        ) from error


def _written_down(run: Callable[[list[Any]], Any], inputs: Sequence[Any], limit: int) -> Graph:
    """The graph of f, or the reason why there is none."""
    try:
        return stage(run, inputs, limit=limit)
    except CannotCompile:
        raise
    except AdkitError as error:
        raise CannotCompile(str(error)) from error
    except Exception as error:  # f is a person's own code, which traced values may meet in any way
        raise CannotCompile(f"on traced values it raises {type(error).__name__}: {error}") from error


# -- results ---------------------------------------------------------------------------------------
def _results(result: Any) -> tuple[list[Any], Structure]:
    """The numbers and arrays that f returned, and their container."""
    for container in _containers(result):
        if type(container) not in (list, tuple, dict) and isinstance(container, (list, dict)):
            raise CannotCompile(f"it returns a {type(container).__name__}: return a plain list or dict")
    leaves, structure = flatten(result)
    for leaf in leaves:
        if not _is_number(leaf) and not isinstance(leaf, (str, bytes, type(None))):
            raise CannotCompile(f"it returns {_kind_of(leaf)} among its results")
        if _is_number(leaf) and np.asarray(leaf).dtype.kind in "fc" and np.any(np.isnan(leaf)):
            raise CannotCompile("its result is nan here", passing=True)
    return leaves, structure


class _Fixed(Container):
    """The place of a result that is always the same, such as None: a container of nothing, which builds it."""

    def build(self, parts: list[Any]) -> Any:
        return self.keys[0]


def _without_fixed(graph: Graph, outputs: Sequence[Any], structure: Structure) -> tuple[list[Any], Structure]:
    """The outputs that are computed, and the container with the others in it; a graph of the former."""
    computed: list[Any] = []
    left: list[Any] = []
    pairs = zip(graph.outputs, outputs, strict=True)

    def fixed(inner: Structure) -> Structure:
        if inner is not None:
            return inner._replace(parts=tuple(map(fixed, inner.parts)))
        node, out = next(pairs)
        if isinstance(node, Node) or not isinstance(out, (int, str, bytes, type(None))):
            computed.append(out)
            left.append(node)
            return None
        if type(node) is not type(out) or node != out:
            raise CannotCompile(f"on traced values it returns {node!r} where it returns {out!r} on numbers")
        return _Fixed(type(out), (out,), ())

    found = fixed(structure)
    graph.outputs = left
    return computed, found


def _is_number(x: Any) -> bool:
    if type(x) is np.ndarray:
        return x.dtype.kind in "biufc"
    return isinstance(x, (bool, int, float, complex)) or (isinstance(x, np.generic) and x.dtype.kind in "biufc")


def _kind_of(x: Any) -> str:
    if isinstance(x, np.ndarray):
        return f"{type(x).__name__} of dtype {x.dtype} and shape {x.shape}"
    return f"{type(x).__module__}.{type(x).__name__}".removeprefix("builtins.")


def _same_dtype(x: Any, y: Any) -> bool:
    return getattr(x, "dtype", None) == getattr(y, "dtype", None)


def _close(found: Sequence[Any], outputs: Sequence[Any], program: Program, inputs: Sequence[Any]) -> bool:
    """Whether the program gives what f gave, to rounding; where that is amplified, to what it is amplified to."""
    if all(map(_agree, found, outputs)):
        return True
    moved = _run(program, [_next_to(x) for x in inputs])
    if moved is None:
        return False
    triples = zip(found, outputs, moved, strict=True)
    return all(_agree(x, y, 100 * np.max(np.abs(np.subtract(x, z)), initial=0.0)) for x, y, z in triples)


def _agree(x: Any, y: Any, spread: Any = 0.0) -> bool:
    if not _is_number(x) or np.asarray(x).dtype.kind not in "fc":
        return bool(np.all(np.asarray(x) == np.asarray(y)))
    few = 1e5 * float(np.finfo(np.asarray(x).dtype).eps)
    with np.errstate(all="ignore"):
        size = np.max(np.abs(y), initial=0.0, where=np.isfinite(y))
        return np.allclose(x, y, rtol=few, atol=few * size + spread, equal_nan=True)


def _next_to(x: Any) -> Any:
    """Numbers next to those given."""
    if np.asarray(x).dtype.kind not in "fc":
        return x
    step = 8 * np.finfo(np.asarray(x).dtype).eps
    return type(x)(x * (1 + step)) if not isinstance(x, np.ndarray) else x * x.dtype.type(1 + step)


# -- graphs compared -------------------------------------------------------------------------------
class _Reference(NamedTuple):
    """A node, in a key."""

    index: int


def _digest(graph: Graph) -> int:
    """A number that graphs of the same operations, constant numbers and decisions share.

    Arrays among the constants may hold what was in memory before (np.empty); where they matter, results differ.
    """
    parts = [(node.index, _name(node), _key(node.args), _key(node.params)) for node in (*graph.nodes, *graph.decisions)]
    decided = [
        node.value.tobytes() if isinstance(node.value, np.ndarray) else _key(node.value) for node in graph.decisions
    ]
    return hash((tuple(parts), tuple(decided), _key(tuple(graph.outputs))))


def _name(node: Node) -> str:
    return node.primitive.name if node.primitive is not None else ""


def _key(x: Any) -> Any:
    """A constant as something that can be hashed: nan is nan, and an array is its shape and dtype."""
    if isinstance(x, Node):
        return _Reference(x.index)
    if isinstance(x, (int, str, bytes, type(None))):
        return x
    if isinstance(x, float):
        return x if x == x else "nan"
    if isinstance(x, np.ndarray):
        return x.dtype.str, x.shape
    if isinstance(x, np.generic):
        return x.dtype.str, x.tobytes()
    if isinstance(x, (tuple, list)):
        return tuple(map(_key, x))
    if isinstance(x, Mapping):
        return tuple([(name, _key(part)) for name, part in x.items()])
    if isinstance(x, slice):
        return "slice", _key(x.start), _key(x.stop), _key(x.step)
    return type(x).__qualname__, getattr(x, "__qualname__", "")


def _where(g: Any) -> str:
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
