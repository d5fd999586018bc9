"""`ad.compile`: a function recorded once for each kind of arguments, and run as straight-line code from then on.

A recording holds for the types, shapes and dtypes of the arguments that it was made for, for whatever else f read (a
guard watches that), and for the decisions that f took. Where one of these is otherwise, f is run as it is, which gives
the caller's result, and recorded again; where it cannot be recorded, it goes on being run as it is. So what comes out
is always what f itself gives.
"""

from __future__ import annotations

from .compiled import Compiled, compile

__all__ = ["Compiled", "compile"]
