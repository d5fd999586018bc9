"""Programs drawn step by step, each step run in plain NumPy as soon as it is written, and kept if it went well.

All randomness comes from one `random.Random`: that of a seed, or one that Hypothesis draws and shrinks. A row is drawn
if adkit has every function that it names; one of `OPTIONS` or `WRITING` if, tried once, adkit takes it.
"""

from __future__ import annotations

import functools
import operator
import random
import re
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import adkit as ad
from adkit.tracing import implementation_of, implementations, load_all

from . import operations, statements
from .blanks import MOST, Blanks, Operand, Unfit
from .program import NAMES, Program, Step, code, literal
from .rows import Row

LARGEST = 12.0  # how large a number may get
APART = 0.05  # how far a program stays from its kinks
SHAPES = [
    (),
    (1,),
    (2,),
    (3,),
    (4,),
    (2, 2),
    (2, 2),
    (2, 3),
    (3, 3),
    (3, 3),
    (1, 3),
    (2, 1),
    (2, 2, 2),
    (2, 1, 3),
    (0,),
    (0, 3),
]
TABLE = [
    *operations.ELEMENTWISE, *operations.COMPLEX, *operations.REDUCTIONS, *operations.INDEXING, *operations.SHAPES,
    *operations.PRODUCTS, *operations.LINALG, *operations.FOURIER, *operations.SPECIAL,
    *statements.CONTROL, *statements.ASSEMBLED, *statements.NESTED,
]  # fmt: skip
TRIED = [*operations.OPTIONS, *statements.WRITING]
# What adkit is known to do wrong, and why: not drawn, and the tests see when it is right.
NOT_YET: dict[str, str] = {}


# -- which rows there are --------------------------------------------------------------------------
# What makes arrays out of plain numbers, or is asked no protocol.
_FREE = re.compile(r"np\.(array|arange|eye|ones|zeros|full|float\w+|complex\w+|pi|inf)\b")
_NAMED = re.compile(r"\b(?:np|special|ad)(?:\.\w+)+")


@functools.cache
def available() -> tuple[Row, ...]:
    """The rows whose functions adkit has."""
    load_all()
    rows = (*filter(_is_implemented, TABLE), *(row for row in TRIED if _is_implemented(row) and _is_taken(row)))
    return tuple(row for row in rows if row.text not in NOT_YET)


def _is_implemented(row: Row) -> bool:
    return all(map(_has, _NAMED.findall(_FREE.sub("", row.text))))


def _has(name: str) -> bool:
    """Whether adkit has this transformation of its own, or an implementation of this function."""
    module, _, rest = name.partition(".")
    try:
        found = operator.attrgetter(rest)(NAMES[module])
    except AttributeError:
        return False
    if module == "ad":
        return True
    owner = getattr(found, "__self__", None)
    key = (owner, found.__name__) if isinstance(owner, np.ufunc) else found
    return implementation_of(key) is not None and key in implementations


def _is_taken(row: Row) -> bool:
    """Whether adkit differentiates the first program of this row alone."""
    program = next(alone(row), None)
    try:
        return program is not None and bool(ad.vjp(program.compiled(), *program.point()))
    except ad.AdkitError:
        return False


def alone(row: Row, tries: int = 100) -> Iterator[Program]:
    """Programs of this row and no other."""
    for seed in range(tries):
        writer = Writer(random.Random(seed))
        try:
            writer.add(row)
        except Unfit:
            continue
        yield Program(writer.arguments, tuple(writer.steps), (writer.steps[0].name,))


# -- writing a program -----------------------------------------------------------------------------
_METHOD = re.compile(r"^np\.(\w+)\((\w+)(?:, )?(.*)\)$")
# Not those that write into the array, nor x.dot(y), which of a plain x asks nobody and makes an object array.
_METHODS = frozenset(name for name in dir(np.ndarray) if callable(vars(np).get(name))) - {
    *("sort", "partition", "put", "resize", "dot")
}


class Writer:
    """A program in the making: its values so far, and which of them nothing has used yet."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.names = dict(NAMES)
        self.values: dict[str, Any] = {}
        self.unused: list[str] = []
        self.steps: list[Step] = []
        self.used: set[str] = set()
        self.narrow = rng.random() < 0.12
        self.arguments: dict[str, str] = {}
        for name in "xyz"[: rng.choice([1, 1, 2, 2, 3])]:
            self.arguments[name] = self._argument(name)

    # -- arguments -----------------------------------------------------------------------------
    def _argument(self, name: str) -> str:
        """An argument as source: mostly an array or a number, sometimes a container of them."""
        kind = self.rng.random()
        if kind < 0.75:
            text = self._leaf()
            parts = [""]
        elif kind < 0.84:
            text, parts = (
                f"{{'w': {self._leaf()}, 'b': [{self._leaf()}, {self._leaf()}]}}",
                ["['w']", "['b'][0]", "['b'][1]"],
            )
        elif kind < 0.92:
            text, parts = f"({self._leaf()}, {self._leaf()})", ["[0]", "[1]"]
        else:
            text, parts = f"[{self._leaf()}]", ["[0]"]
        self.names[name] = eval(text, dict(NAMES))
        for part in parts:
            self.values[name + part] = eval(name + part, self.names)
        return text

    def _leaf(self) -> str:
        """An array or a number as source; some arrays do not lie in memory as they are written."""
        shape = self.rng.choice(SHAPES)
        text = self._literal(shape)
        layout = self.rng.random() if text.startswith("np.array([") else 1.0
        if layout < 0.05:
            return f"np.asfortranarray({text})"
        return f"{text}[::-1]" if layout < 0.1 else text

    def _literal(self, shape: tuple[int, ...]) -> str:
        """Numbers of two decimals, so that they are short to print; sometimes complex, or of single precision."""
        numbers = self._numbers(shape)
        kind = self.rng.random()
        # Beside single precision a Python number and NumPy's are not the same.
        if not shape and kind < 0.6 and not self.narrow:
            return literal(float(numbers))
        if kind < 0.06:
            return literal(numbers + 1j * self._numbers(shape))
        if self.narrow and self.rng.random() < 0.6:
            # Numbers that single precision holds, so that the wider program starts at the same point.
            return literal((np.round(numbers * 64) / 64).astype(np.float32))
        return literal(numbers)

    def _numbers(self, shape: tuple[int, ...]) -> Any:
        return np.array([self.rng.randint(-200, 200) / 100 for _ in range(int(np.prod(shape)))]).reshape(shape)

    # -- steps -----------------------------------------------------------------------------------
    def operand(self, fits: Callable[[Any], bool]) -> Operand:
        """One of the values that fit, more often one that nothing has used."""
        found = [name for name, x in self.values.items() if fits(np.asarray(x))]
        fresh = [name for name in found if name in self.unused]
        if not found:
            raise Unfit("nothing fits")
        name = self.rng.choice(fresh if fresh and self.rng.random() < 0.6 else found)
        self.used.add(name)
        return Operand(name, self.values[name])

    def add(self, row: Row) -> None:
        """One more step, by this row; Unfit, with nothing changed, if it cannot be."""
        name = f"a{len(self.steps) + 1}"
        self.used = set()
        blanks = Blanks(self.operand, row, name, self.rng)
        lines = row.text.format_map(blanks)
        text = lines if "{out}" in row.text else f"{name} = {self._as_method(lines)}"
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                self._check_apart(row, blanks)
                self._run(text, name, row in statements.WRITING)
            except Unfit:
                raise
            except Exception as error:
                raise Unfit(str(error)) from error
        self.steps.append(Step(row, text, name))
        self.unused = [n for n in self.unused if n not in self.used] + [name]

    def _as_method(self, text: str) -> str:
        """np.sum(x, ...) sometimes as x.sum(...)."""
        match = _METHOD.match(text)
        if match is None or match[1] not in _METHODS or self.rng.random() < 0.7:
            return text
        return f"{match[2]}.{match[1]}({match[3]})"

    def _check_apart(self, row: Row, blanks: Blanks) -> None:
        if row.apart and np.any(np.abs(eval(row.apart.format_map(blanks), self.names)) < APART):
            raise Unfit("too near to a kink")

    def _run(self, text: str, name: str, writes: bool) -> None:
        """Run the lines after those before them, all anew if they write into what is there."""
        names = self._replayed() if writes else dict(self.names)
        exec(code(text), names)
        values = {n: eval(n, names) for n in [*self.values, name]} if writes else {**self.values, name: names[name]}
        for n in values if writes else [name]:
            _require_moderate(values[n])
        self.names, self.values = names, values

    def _replayed(self) -> dict[str, Any]:
        """All names as they are after the steps so far, with arrays of their own."""
        names = dict(NAMES) | {name: eval(text, dict(NAMES)) for name, text in self.arguments.items()}
        for step in self.steps:
            exec(code(step.text), names)
        return names

    # -- the whole -------------------------------------------------------------------------------
    def program(self, length: int, table: tuple[Row, ...]) -> Program:
        """A program of this many steps, which returns what nothing has used."""
        tries = 0
        while len(self.steps) < length and tries < 40 * length:
            tries += 1
            try:
                self.add(self.rng.choice(table))
            except Unfit:
                continue
        results = self.unused or list(self.values)[:1]
        container = self.rng.choice(["", "", "", "list", "dict"])
        return Program(self.arguments, tuple(self.steps), tuple(results[-3:]), container)


def _require_moderate(x: Any) -> None:
    """Numbers of a size that differences can see, not too many of them."""
    if not isinstance(x, (np.ndarray, np.floating, np.complexfloating, float, complex)):
        raise Unfit("no number")
    x = np.asarray(x)
    if x.dtype.kind not in "fc" or x.size > MOST or x.ndim > 4:
        raise Unfit("not wanted")
    if not np.all(np.abs(x) < LARGEST):
        raise Unfit("too large, or nan")


def drawn(rng: random.Random) -> Program:
    """A program that depends on nothing but the source of randomness."""
    return Writer(rng).program(rng.randint(1, 8), available())


def numbered(seed: int) -> Program:
    """The program of this number."""
    return drawn(random.Random(seed))
