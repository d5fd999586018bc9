"""What is drawn for the blanks of a row, so that it suits the values that are there."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np

from .program import literal
from .rows import SQUASHED, Row

MOST = 24  # how many numbers an array may hold


class Unfit(Exception):  # noqa: N818
    """A row that cannot be applied here, or whose result is not wanted."""


class Operand:
    """A value of the program in a row's text: by name, or brought into an interval."""

    def __init__(self, name: str, value: Any) -> None:
        self.name = name
        self.value = np.asarray(value)

    def __format__(self, spec: str) -> str:
        n = self.value.shape[-1] if self.value.ndim else 0
        return SQUASHED[spec].format(x=self.name, n=n) if spec else self.name


class Blanks(dict[str, Any]):
    """What is drawn for the blanks of one row, each when it first comes up."""

    def __init__(
        self, find: Callable[[Callable[[Any], bool]], Operand], row: Row, out: str, rng: random.Random
    ) -> None:
        super().__init__(out=out)
        self._operand, self.row, self.rng = find, row, rng

    def __missing__(self, key: str) -> Any:
        self[key] = getattr(self, f"draw_{key}")()
        return self[key]

    @property
    def value(self) -> Any:
        """The first operand's."""
        return self["x"].value

    def _axes_count(self) -> int:
        if not self.value.ndim:
            raise Unfit("no axes")
        return self.value.ndim

    def draw_x(self) -> Operand:
        return self._operand(self.row.on)

    def draw_y(self) -> Any:
        """A value, or a constant, that broadcasts against x to something not too large."""
        if self.rng.random() < 0.15:
            return Operand(self["c"], float(self["c"]))
        return self._operand(self._broadcasts)

    def _broadcasts(self, y: Any) -> bool:
        try:
            shape = np.broadcast_shapes(self.value.shape, y.shape)
        except ValueError:
            return False
        return np.prod(shape) <= MOST and (y.dtype.kind == "f" or self.value.dtype.kind == "c")

    def draw_same(self) -> Operand:
        kind = self.value.dtype.kind
        return self._operand(lambda y: y.shape == self.value.shape and y.dtype.kind == kind)

    def draw_z(self) -> Operand:
        also = self.row.also
        assert also is not None, self.row
        return self._operand(lambda z: also(self.value, z))

    def draw_c(self) -> str:
        return str(self.rng.choice([-1, 1]) * self.rng.randint(5, 25) / 10)

    def draw_c_positive(self) -> str:
        return str(self.rng.randint(5, 25) / 10)

    def draw_axis(self) -> int:
        n = self._axes_count()
        return self.rng.randrange(-n, n)

    def draw_axis_or_none(self) -> Any:
        return self.draw_axis() if self.value.ndim and self.rng.random() < 0.7 else None

    def draw_axes(self) -> Any:
        n = self.value.ndim
        if n < 2 or self.rng.random() < 0.6:
            return self.draw_axis_or_none()
        return tuple(self.rng.sample(range(n), self.rng.randint(0, n)))

    def draw_keep(self) -> bool:
        return self.rng.random() < 0.5

    def draw_bit(self) -> int:
        return self.rng.randint(0, 1)

    def draw_n(self) -> int:
        return self.rng.randint(0, 3)

    def draw_i(self) -> int:
        self._axes_count()
        if not len(self.value):
            raise Unfit("empty")
        return self.rng.randrange(-len(self.value), len(self.value))

    def draw_length(self) -> int:
        self._axes_count()
        return self.value.shape[-1]

    def draw_rank(self) -> int:
        return self.draw_length()

    def draw_insert(self) -> int:
        return self.rng.randint(-self.value.ndim - 1, self.value.ndim)

    def draw_counts(self) -> list[int]:
        return [self.rng.randint(0, 2) for _ in range(self.value.shape[self["axis"]])]

    def draw_perm(self) -> tuple[int, ...]:
        n = self.value.ndim
        return tuple(i - n * self.draw_bit() for i in self.rng.sample(range(n), n))

    def draw_shape(self) -> tuple[int, ...]:
        """A shape of as many elements as x, perhaps with -1 in it."""
        size = self.value.size
        divisors = [d for d in range(1, size + 1) if size % d == 0] or [0]
        first = self.rng.choice(divisors)
        rest = size // first if first else 3
        return self.rng.choice([(first, rest), (rest, 1, first), (size,), (first, -1) if first else (0, 2)])

    def draw_wider(self) -> tuple[int, ...]:
        stretched = tuple(2 if n == 1 else n for n in self.value.shape)
        return self.rng.choice([(2, *self.value.shape), stretched, (1, 2, *self.value.shape)])

    def draw_mask(self) -> str:
        return self._mask(self.value.shape)

    draw_mask2 = draw_mask

    def _mask(self, shape: tuple[int, ...]) -> str:
        bits = [bool(self.draw_bit()) for _ in range(int(np.prod(shape)))]
        return literal(np.array(bits, bool).reshape(shape))

    def draw_method(self) -> str:
        return self.rng.choice(["'forward'", "'reverse'"])

    draw_method2 = draw_method

    def draw_index(self) -> str:
        """An index for some of the axes of x: numbers, slices, new axes, arrays with repeats, an ellipsis."""
        parts = [self._part(size) for size in self.value.shape[: self.rng.randint(1, self._axes_count())]]
        if self.rng.random() < 0.2:
            parts.insert(self.rng.randint(0, len(parts)), "None")
        if self.rng.random() < 0.2:
            parts.append("...")
        return ", ".join(parts)

    def _part(self, size: int) -> str:
        i, j = (self.rng.randrange(-size, size) if size else 0 for _ in range(2))
        slices = [":", "::-1", "1:", ":-1", "::2", f"{min(i, j)}:{max(i, j)}", f"{i}::-1", "0:0"]
        if not size:
            return self.rng.choice([*slices, "[]"])
        return self.rng.choice([*slices, str(i), str(j), f"[{i}, {j}, {i}]", f"[{j}]", f"np.array([[{i}], [{j}]])"])
