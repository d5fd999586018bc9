"""The registry that gives the methods their names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import plugins
from ..errors import BadRequest
from .base import Method
from .engine import Engine
from .given import External, Manual
from .numerical import Numerical
from .symbolic import Symbolic
from .traced import Auto, Forward, Reverse


class Methods(plugins.Registry[Method]):
    """The methods by name. A name stands for a default object; an object may be given wherever a name may.

    Methods of installed packages are looked for when a name is not known or all are asked for.

    Example:
        >>> import adkit as ad
        >>> "reverse" in ad.methods
        True
        >>> ad.grad(lambda x: x, method="revers")
        Traceback (most recent call last):
        adkit.errors.BadRequest: unknown method 'revers'. Did you mean 'reverse'? Known: ...
    """

    kind = "method"

    def _take(self, name: str, found: Any) -> None:
        self.register(name, found)

    def register(self, name: str, method: Method | Callable[..., Callable[..., Any]]) -> None:
        """Name a method of your own.

        Args:
            name: an identifier that adkit does not use itself.
            method: a `Method`, or a function `transform(f, argnums)` that returns f's gradient: a function of f's
                arguments whose result has the structure of the differentiated ones.

        Raises:
            BadRequest: the name is adkit's own or no identifier, or the method is neither.

        Example:
            >>> import adkit as ad
            >>> ad.methods.register("few", ad.Forward(chunk=2))
            >>> ad.grad(lambda x: x * x, method="few")(3.0)
            6.0
            >>> ad.methods.unregister("few")
        """
        if not isinstance(name, str) or not name.isidentifier():
            raise BadRequest(f"a method's name must be an identifier, not {name!r}")
        if name in BUILT_IN or name == AUTO.name:
            raise BadRequest(f"method {name!r} is adkit's own and cannot be replaced; choose another name")
        self._known[name] = as_method(name, method)

    def unregister(self, name: str) -> None:
        """Take back a name given by `register`."""
        if name in BUILT_IN:
            raise BadRequest(f"method {name!r} is adkit's own and cannot be taken away")
        self._known.pop(self[name] and name)

    def resolve(self, method: str | Method) -> Method:
        """The method that a name stands for, or the one that was given.

        Args:
            method: a name; a name with parameters, as in "forward(chunk=1)"; a method; or a kind of method.

        Raises:
            BadRequest: an unknown name or parameter, or one that makes no sense.

        Example:
            >>> import adkit as ad
            >>> ad.methods.resolve("numerical(scheme='complex', step=1e-20)")
            Numerical(scheme='complex', step=1e-20, order=2, bounds=None)
        """
        if isinstance(method, Method):
            return method
        if isinstance(method, type) and issubclass(method, Method):
            return method()
        if isinstance(method, str) and method not in self._known and "(" in method:
            from .spelling import spelled

            return spelled(method, self)
        return self[method]


def as_method(name: str, given: Method | type[Method] | Callable[..., Callable[..., Any]]) -> Method:
    """A method, a kind of method in its default form, or a `transform(f, argnums)` as a method of this name."""
    if isinstance(given, Method):
        return given
    if isinstance(given, type) and issubclass(given, Method):
        return given()
    if not callable(given):
        raise BadRequest(f"a method must be an ad.Method or a function transform(f, argnums), not {given!r}")
    return External(name, given)


BUILT_IN: dict[str, Method] = {
    "forward": Forward(),
    "reverse": Reverse(),
    "symbolic": Symbolic(),
    "numerical": Numerical(),
    "manual": Manual(),
    "autograd": Engine("autograd"),
    "jax": Engine("jax"),
    "torch": Engine("torch"),
    "casadi": Engine("casadi"),
}
methods = Methods(BUILT_IN)
AUTO = Auto()
