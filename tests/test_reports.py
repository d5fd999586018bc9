"""The committed reports are what is rendered from the committed results."""

from __future__ import annotations

from pathlib import Path

import pytest

from adkit import loading
from adkit.cli.reporting import page_of

ROOT = Path(__file__).parents[1]
PLANS = sorted(path.name for path in (ROOT / "comparisons").glob("*.toml"))


@pytest.mark.parametrize("name", PLANS)
def test_a_committed_report_is_what_its_results_say_today(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where this fails, `adkit report` renders all of them anew."""
    monkeypatch.chdir(ROOT)
    plan = loading.plan(Path("comparisons", name))
    assert Path("reports", f"{plan.name}.md").read_text(encoding="utf-8") == page_of(plan, Path("reports"))


@pytest.mark.parametrize("name", PLANS)
def test_committed_results_are_those_of_their_comparison_file(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert "**Not up to date.**" not in page_of(loading.plan(Path("comparisons", name)), Path("reports"))
