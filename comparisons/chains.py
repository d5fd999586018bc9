"""Long chains of steps, and reverse mode with each of the schedules of `ad.checkpoint` for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import adkit as ad
from adkit.calls import Call


def step(x: float, h: float) -> float:
    """One step of Euler's method along x' = sin x."""
    return x + h * np.sin(x)


def pendulum(x: float, n: int, schedule: str) -> float:
    """f(x) = x_n, where x_0 = x and x_{k+1} = x_k + sin(x_k) / n"""
    return ad.checkpoint(step, steps=n, schedule=schedule)(x, 1 / n)


def pendulum_by_hand(x: float, n: int, schedule: str) -> tuple[float, float]:
    """x_n and its slope: x_0' = 1 and x_{k+1}' = (1 + cos(x_k) / n) x_k'"""
    slope = 1.0
    for _ in range(n):
        x, slope = step(x, 1 / n), (1 + np.cos(x) / n) * slope
    return x, slope


def flow(u: Any, h: float) -> Any:
    """One explicit step of u_t = (u^2 u_x)_x on a ring: a medium that conducts the better the warmer it is."""
    ahead = np.roll(u, -1)
    flux = (u + ahead) ** 2 / 4 * (ahead - u)
    return u + h * (flux - np.roll(flux, 1))


def diffusion(u: Any, n: int, schedule: str) -> float:
    """f(u) = |u_n|^2 / 2 after n steps of nonlinear diffusion"""
    u = ad.checkpoint(flow, steps=n, schedule=schedule)(u, 0.1)
    return np.sum(u * u) / 2


def diffusion_by_hand(u: Any, n: int, schedule: str) -> tuple[float, Any]:
    """Each step backwards from the state that it began with, all of which are stored."""
    h, states = 0.1, [u]
    for _ in range(n):
        states.append(flow(states[-1], h))
    by_u = states.pop()
    value = np.sum(by_u * by_u) / 2
    while states:
        u = states.pop()
        ahead = np.roll(u, -1)
        by_flux = h * (by_u - np.roll(by_u, -1))
        slope, mean = (ahead * ahead - u * u) / 2, (u + ahead) ** 2 / 4
        by_u = by_u + by_flux * (slope - mean) + np.roll(by_flux * (slope + mean), 1)
    return value, by_u


ad.problem(
    pendulum,
    point=lambda n=100: (0.5, n, "all"),
    value_and_gradient=pendulum_by_hand,
)
ad.problem(
    diffusion,
    point=lambda n=100, m=1000: (1 + 0.5 * np.sin(2 * np.pi * np.arange(m) / m), n, "all"),
    value_and_gradient=diffusion_by_hand,
)


@dataclass(frozen=True)
class Scheduled(ad.Reverse):
    """Reverse mode, in which the chain goes by this schedule."""

    name = "scheduled"
    schedule: str = "all"

    def _of(self, call: Call) -> Call:
        return Call(call.f, 0, (call.leaves[0], call.args[1], self.schedule))

    def value_and_gradient(self, call: Call, cache: Any) -> Any:
        return super().value_and_gradient(self._of(call), cache)

    def tape(self, call: Call) -> None:
        """The snapshots are on no tape: what is held is told by the peak."""

    def bound(self, call: Call, outputs: int = 1) -> None:
        """Theory's bound is for a tape of everything."""

    def cost(self, call: Call, cache: Any, derivative: str = "gradient") -> Any:
        return super().cost(self._of(call), cache, derivative)


everything = Scheduled(schedule="all")
sqrt = Scheduled(schedule="sqrt")
binomial = Scheduled(schedule="binomial")
