"""What one table is about: a function at a point, and what is known of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, Self, runtime_checkable

from ..calls import Argnums, Call
from ..methods import Manual
from ..problems import Problem
from ..problems.sizes import Sized
from ..problems.sizes import sizes as sizes_of
from ..records import Derivative


def chosen_sizes(sizes: str | Iterable[Any] | None, problem: Problem) -> Iterable[Any]:
    """The sizes that are meant, or the problem's own."""
    return problem.sizes if sizes is None else sizes_of(sizes, problem)


class Source(Protocol):
    """How a subject is made again in another process: it can be pickled, which a function may not."""

    def subject(self) -> Subject:
        """The subject, made anew."""
        ...


@runtime_checkable
class Loaded(Protocol):
    """A source in a file of the person's own, which is run first: to import takes what it takes."""

    def load(self) -> object:
        """Run the file."""
        ...


@dataclass(frozen=True)
class ProblemSource:
    """A problem by name, at a size, with the numbers that a sweep over such sizes is drawn over."""

    name: str
    size: str
    seed: int
    parameters: tuple[tuple[str, float], ...] = ()

    def subject(self) -> Subject:
        from ..problems import problems

        made = Subject.of(problems[self.name], self.size, self.seed)
        return replace(made, parameters=dict(self.parameters), source=self)

    @classmethod
    def each(cls, problem: Problem, sizes: str | Iterable[Any] | None = None, seed: int = 0, **more: Any) -> list[Self]:
        """A problem at each of these sizes; by default its own."""
        return [cls.of(problem, size, seed, **more) for size in chosen_sizes(sizes, problem)]

    @classmethod
    def of(cls, problem: Problem, size: Any, seed: int = 0, **more: Any) -> Self:
        """A problem at a size, which may bring the numbers that a sweep is drawn over."""
        sized = size if isinstance(size, Sized) else Sized(problem.size(size), problem.numbers(size))
        return cls(problem.name, problem.label(sized.size), seed, tuple(sized.parameters.items()), **more)


def _elsewhere(*args: Any, **kwargs: Any) -> Any:
    """An f that is in another process."""
    raise AssertionError("f is in another process")


@dataclass(frozen=True)
class Subject:
    """A function at a point: what one table is about."""

    f: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    argnums: Argnums = 0
    problem: str = "f"
    size: str = ""
    condition: float = 1.0
    gradient: Callable[..., Any] | None = None
    joint: Callable[..., tuple[Any, Any]] | None = None
    point: str = ""
    # What is asked of a method, and the Jacobian derived by hand where there is one.
    derivative: Derivative = "gradient"
    jacobian: Callable[..., Any] | None = None
    # The numbers that the size stands for, by name: what a sweep is drawn over.
    parameters: Mapping[str, float] = field(default_factory=dict[str, float])
    # Outcomes other than "ok" that are known beforehand, by the name of the method.
    expect: Mapping[str, str] = field(default_factory=dict[str, str])
    seed: int = 0
    source: Source | None = None
    # Whether there is a derivative by hand, where it is known without having it.
    by_hand: bool | None = None

    @classmethod
    def of(cls, problem: Problem, size: Any, seed: int = 0) -> Subject:
        """A problem at the point that it has for this size."""
        source = ProblemSource.of(problem, size, seed)
        size = problem.size(source.size)
        return cls(
            problem.f,
            problem.arguments(size, seed),
            argnums=problem.argnums,
            problem=problem.name,
            size=problem.label(size),
            condition=problem.condition(*size),
            joint=problem.value_and_gradient,
            derivative="jacobian" if problem.derivative == "jacobian" else "gradient",
            jacobian=problem.jacobian,
            parameters=dict(source.parameters),
            expect=problem.expected(size),
            seed=seed,
            source=source,
        )

    @classmethod
    def each(cls, problem: Problem, sizes: str | Iterable[Any] | None = None, seed: int = 0) -> list[Subject]:
        """A problem at each of these sizes; by default its own."""
        return [cls.of(problem, size, seed) for size in chosen_sizes(sizes, problem)]

    def subject(self) -> Subject:
        """Itself: a subject that exists is its own source, in this process."""
        return self

    def outline(self) -> Subject:
        """The same without f, its arguments and what is derived by hand: as much as another process has to know."""
        by_hand = self.manual is not None
        nothing: dict[str, Any] = dict.fromkeys(("gradient", "joint", "jacobian"))
        return replace(self, f=_elsewhere, args=(), kwargs={}, by_hand=by_hand, **nothing)

    def call(self) -> Call:
        return Call(self.f, self.argnums, self.args, self.kwargs)

    @property
    def manual(self) -> Manual | None:
        """The derivative by hand, as a method: the one handed in, or the one that the problem brings."""
        if self.derivative == "jacobian":
            jacobian = self.gradient or self.jacobian or getattr(self.f, "__hand_derived_jacobian__", None)
            return None if jacobian is None else Manual(jacobian_of=jacobian)
        joint = self.joint or getattr(self.f, "__hand_derived__", None)
        if self.gradient is not None:
            return Manual(self.gradient)
        return None if joint is None else Manual(value_and_gradient_of=joint)


@dataclass(frozen=True)
class Asked:
    """A subject of which another derivative is asked for than its problem's own."""

    source: Source
    derivative: Derivative

    def subject(self) -> Subject:
        """The subject, made anew."""
        return replace(self.source.subject(), derivative=self.derivative, source=self)
