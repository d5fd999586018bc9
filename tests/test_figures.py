"""Figures: every cell has its mark, every axis its unit, and every word can be read on a light and a dark page."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from adkit.errors import BadRequest
from adkit.records import STATUSES, Row
from adkit.report import figures
from adkit.report.looks import COLOURS, DARK_PAGE, INK, LIGHT_PAGE, SPARE, WRONG, looks, settings
from adkit.report.quantities import QUANTITIES, quantity
from adkit.report.scenes import Drawing, Scene, scene

SVG = "{http://www.w3.org/2000/svg}"
SIZES = (2, 8, 32, 128, 512)
DRAWING = Drawing("line", "n", ("steady_s",), "Time over n", label="inputs n (numbers)")
POINTS = Drawing("points", "size", ("steady_s",), "Time by size")
DOTS = Drawing("dots", "size", ("steady_s",), "Time by size, read across")


def a_row(method: str, n: int, status: Any = "ok", **more: Any) -> Row:
    if status == "ok":
        t = 1e-5 * n if method == "forward" else 4e-5
        more = {"steady_s": t, "samples": (t, 1.1 * t, 0.9 * t, t, 1.05 * t), "max_rel_error": 1e-15 * n} | more
    return Row("valley", str(n), method, status, inputs=n, parameters={"n": n}, **more)


ROWS = [a_row(method, n) for n in SIZES for method in ("forward", "reverse")]


def drawn(rows: Sequence[Row], drawing: Drawing = DRAWING, lines: dict[str, str] | None = None) -> tuple[Scene, str]:
    """The scene of rows, and its SVG."""
    lines = lines or {}
    shown = scene(drawing, rows, lines, "[[draw]] 1 of x.toml")
    return shown, figures.svg(shown, looks({lines.get(row.method, row.method): row.method for row in rows}))


def ids(svg: str) -> list[str]:
    return [element.get("id", "") for element in ET.fromstring(svg).iter()]


def words(svg: str) -> list[str]:
    found = ("".join(element.itertext()).strip() for element in ET.fromstring(svg).iter(f"{SVG}text"))
    return [text for text in found if text]


# -- every cell has its mark -----------------------------------------------------------------------
@pytest.mark.parametrize("drawing", [DRAWING, POINTS, DOTS], ids=["line", "points", "dots"])
@pytest.mark.parametrize("status", [status for status in STATUSES if status != "ok"])
def test_a_cell_without_a_value_is_marked_with_its_word(drawing: Drawing, status: str) -> None:
    rows = [row if (row.method, row.size) != ("reverse", "32") else a_row("reverse", 32, status) for row in ROWS]
    place = 32 if drawing is DRAWING else 2
    svg = drawn(rows, drawing)[1]
    assert ids(svg).count(f"{status} reverse at {place}") == 1
    assert status in words(svg)


def test_every_cell_that_was_measured_has_a_point() -> None:
    svg = drawn(ROWS)[1]
    for row in ROWS:
        assert ids(svg).count(f"{row.method} at {row.size}") == 1


def test_dots_stand_in_the_row_of_their_size_and_the_quickest_stands_for_its_line() -> None:
    rows = [*ROWS, *(replace(row, method="reverse(native=True)", steady_s=1e-9) for row in ROWS if row.inputs == 8)]
    lines = {"reverse": "mine", "reverse(native=True)": "mine"}
    shown, svg = drawn(rows, DOTS, lines)
    (panel,) = shown.panels
    assert panel.ticks == tuple(f"valley\n{n}" for n in SIZES)
    forward, mine = panel.series
    assert [point.y for point in mine.points] == [4e-5, 1e-9, 4e-5, 4e-5, 4e-5]
    assert [point.y for point in forward.points] == pytest.approx([1e-5 * n for n in SIZES])
    for place in range(len(SIZES)):
        assert ids(svg).count(f"mine at {place}") == ids(svg).count(f"forward at {place}") == 1


def test_dots_that_are_multiples_of_the_hand_written_one_stand_beside_its_line() -> None:
    rows = [replace(row, ratio_to_manual=row.inputs / 4, manual_low=0.1, manual_high=200.0) for row in ROWS]
    shown, svg = drawn(rows, replace(DOTS, y=("ratio_to_manual",)))
    assert "one" in ids(svg)
    assert "hand-written" in words(svg)
    assert "the 95 % interval of the ratio" in shown.caption


def test_dots_of_what_is_0_or_wrong_or_not_there_at_all_are_drawn_as_such() -> None:
    rows = [replace(row, max_rel_error=0.0 if row.inputs == 8 else row.inputs * 1e-9) for row in ROWS]
    rows[-1] = replace(rows[-1], status="wrong")
    svg = drawn(rows, replace(DOTS, y=("max_rel_error",)))[1]
    assert "zero reverse at 1" in ids(svg)
    assert "wrong reverse at 4" in ids(svg)
    assert "no result has this" in words(drawn(ROWS, replace(DOTS, y=("flops",)))[1])


def test_neighbours_that_are_missing_for_one_reason_share_their_word() -> None:
    rows = [
        row if row.method == "forward" or row.inputs < 32 else a_row("reverse", row.inputs, "timeout") for row in ROWS
    ]
    svg = drawn(rows)[1]
    assert sum(name.startswith("timeout reverse at") for name in ids(svg)) == 3
    assert words(svg).count("timeout") == 1


def test_a_wrong_row_is_a_cross_at_its_error_and_said_to_be_wrong() -> None:
    wrong = a_row("reverse", 32, "wrong", max_rel_error=0.3)
    rows = [wrong if (row.method, row.size) == ("reverse", "32") else row for row in ROWS]
    shown, svg = drawn(rows, replace(DRAWING, y=("max_rel_error",)))
    (point,) = [point for series in shown.panels[0].series for point in series.points if point.wrong]
    assert (point.x, point.y) == (32, 0.3)
    assert "wrong reverse at 32" in ids(svg)
    assert "wrong: not ranked" in words(svg)


def test_a_wrong_row_leaves_a_gap_in_the_line_of_times() -> None:
    rows = [a_row("reverse", n, "wrong" if n == 32 else "ok", steady_s=1e-5) for n in SIZES]
    shown, _ = drawn(rows)
    (series,) = shown.panels[0].series
    x, y = figures._broken(series, [point for point in series.points if not point.wrong])
    assert x == list(SIZES)
    assert [value == value for value in y] == [True, True, False, True, True]


def test_an_error_of_zero_stands_on_the_edge_of_a_logarithmic_axis() -> None:
    rows = [a_row("reverse", n, max_rel_error=0.0 if n == 8 else 1e-16 * n) for n in SIZES]
    svg = drawn(rows, replace(DRAWING, y=("max_rel_error",)))[1]
    assert "zero reverse at 8" in ids(svg)
    assert "0" in words(svg)


@pytest.mark.parametrize("value", [float("inf"), float("nan"), None])
def test_what_is_no_number_is_marked_as_not_measured(value: float | None) -> None:
    rows = [a_row("reverse", n, steady_s=value if n == 8 else 1e-5) for n in SIZES]
    svg = drawn(rows)[1]
    assert "not measured reverse at 8" in ids(svg)


def test_what_a_method_does_not_have_is_not_missing() -> None:
    rows = [replace(row, tape_bytes=100 * row.inputs if row.method == "reverse" else None) for row in ROWS]
    shown, _ = drawn(rows, replace(DRAWING, y=("tape_bytes",)))
    assert [series.label for series in shown.panels[0].series] == ["reverse"]


def test_where_nothing_was_measured_the_panel_says_so() -> None:
    assert "no result has this" in words(drawn(ROWS, replace(DRAWING, y=("flops",)))[1])


# -- what is drawn ---------------------------------------------------------------------------------
def test_intervals_come_from_the_samples() -> None:
    (series, _) = drawn(ROWS)[0].panels[0].series
    assert series.points[0].span == pytest.approx((2e-5, 2.1e-5))
    assert "middle half" in drawn(ROWS)[0].caption


def test_methods_of_one_sweep_are_one_line() -> None:
    lines = {f"numerical(step={h:g})": "central" for h in (0.1, 0.01)}
    rows = [
        Row("valley", "", name, "ok", max_rel_error=1e-6, parameters={"h": h})
        for name, h in zip(lines, (0.1, 0.01), strict=True)
    ]
    shown, _ = drawn(rows, Drawing("line", "h", ("max_rel_error",), "t", label="h (relative)"), lines)
    (series,) = shown.panels[0].series
    assert series.label == "central"
    assert [point.x for point in series.points] == [0.01, 0.1]


def test_another_parameter_makes_lines_of_their_own_unless_it_is_fixed() -> None:
    rows = [replace(row, parameters={"n": row.inputs, "m": m}, size=f"{row.size}x{m}") for m in (1, 4) for row in ROWS]
    labels = [series.label for series in drawn(rows)[0].panels[0].series]
    assert labels == ["forward, m = 1", "reverse, m = 1", "forward, m = 4", "reverse, m = 4"]
    fixed = drawn(rows, replace(DRAWING, where={"m": 4}))[0]
    assert [series.label for series in fixed.panels[0].series] == ["forward", "reverse"]


def test_problems_have_panels_of_their_own() -> None:
    rows = [*ROWS, *(replace(row, problem="hill") for row in ROWS)]
    assert [panel.title for panel in drawn(rows)[0].panels] == ["valley", "hill"]
    assert [panel.title for panel in drawn(rows, replace(DRAWING, over="hill"))[0].panels] == [""]


def test_sizes_and_methods_are_chosen_by_pattern() -> None:
    shown, _ = drawn(ROWS, replace(DRAWING, sizes=("*2",), methods=("rev*",)))
    (series,) = shown.panels[0].series
    assert (series.label, [point.x for point in series.points]) == ("reverse", [2, 32, 512])


def test_the_crossover_is_shown_with_its_interval() -> None:
    shown, svg = drawn(ROWS, replace(DRAWING, y=("steady_s", "max_rel_error"), crossing=("forward", "reverse")))
    timed, other = shown.panels
    assert timed.crossing is not None
    assert other.crossing is None
    assert timed.crossing.estimate == pytest.approx(4, rel=0.1)
    assert "crossover" in ids(svg)
    assert any(text.startswith("crossover at 4") for text in words(svg))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"x": "m"}, "has x = 'm', which no result has; known: n, inputs, outputs"),
        ({"over": "hill"}, "is over 'hill', of which there are no results"),
        ({"methods": ("jax",)}, "draws nothing"),
        ({"where": {"n": 3}}, "draws nothing"),
        ({"crossing": ("forward", "revers")}, "Did you mean 'reverse'?"),
        ({"y": ("steady",)}, "Did you mean 'steady_s'?"),
    ],
)
def test_a_figure_that_cannot_be_drawn_is_refused_in_a_sentence(change: dict[str, Any], said: str) -> None:
    with pytest.raises(BadRequest) as refusal:
        drawn(ROWS, replace(DRAWING, **change))
    assert said in str(refusal.value)


# -- how it is drawn -------------------------------------------------------------------------------
@pytest.mark.parametrize("drawing", [DRAWING, POINTS, DOTS], ids=["line", "points", "dots"])
def test_the_same_rows_give_the_same_bytes_whatever_a_person_has_set(drawing: Drawing) -> None:
    import matplotlib

    once = drawn(ROWS, drawing)[1]
    with matplotlib.rc_context({"font.size": 20, "axes.facecolor": "red", "svg.hashsalt": "other"}):
        assert drawn(ROWS, drawing)[1] == once
    assert not re.search(r"<dc:date>|20\d\d-\d\d-\d\d", once)
    assert not [line for line in once.splitlines() if line != line.rstrip()]


@pytest.mark.parametrize("name", QUANTITIES)
def test_every_quantity_has_a_unit(name: str) -> None:
    assert re.fullmatch(r"[^(]+ \([^)]+\)", quantity(name).axis)


def test_every_axis_names_its_unit() -> None:
    svg = drawn(ROWS, replace(DRAWING, y=("steady_s", "max_rel_error")))[1]
    assert {"time per call (s)", "largest error (relative)", "inputs n (numbers)"} <= set(words(svg))
    assert words(svg).count("inputs n (numbers)") == 2


def test_ticks_of_times_and_memory_have_units_too() -> None:
    assert {"100 µs", "1 ms"} <= set(words(drawn(ROWS)[1]))
    held = [replace(row, peak_bytes=1000 * row.inputs) for row in ROWS]
    assert {"10 kB", "100 kB"} <= set(words(drawn(held, replace(DRAWING, y=("peak_bytes",)))[1]))


def luminance(colour: str) -> float:
    """Relative luminance, as the contrast of the web's guidelines has it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("page", [LIGHT_PAGE, DARK_PAGE], ids=["light", "dark"])
def test_colours_stand_out_on_a_light_and_on_a_dark_page(page: str) -> None:
    for colour in (*COLOURS.values(), *SPARE, WRONG):
        assert contrast(colour, page) >= 3, colour


def test_ink_is_the_pages_own_and_dark_on_light_and_light_on_dark() -> None:
    svg = drawn(ROWS)[1]
    light, dark = re.findall(r"svg{color:(#\w+)", svg)
    assert contrast(light, LIGHT_PAGE) > 7
    assert contrast(dark, DARK_PAGE) > 7
    assert "prefers-color-scheme: dark" in svg
    colours = set(re.findall(r"(?:fill|stroke): (#\w+)", svg))
    assert colours <= {*COLOURS.values(), *SPARE, WRONG}
    assert INK not in svg
    # What has no colour of its own would be black on a dark page.
    for element in ET.fromstring(svg).iter(f"{SVG}text"):
        assert "fill: " in element.get("style", "")


def test_lines_differ_in_colour_and_shape_and_methods_keep_their_colour() -> None:
    names = [
        "forward",
        "forward(chunk=1)",
        "reverse",
        "central",
        "step 2",
        "symbolic",
        "manual",
        "jax",
        "mine",
        "yours",
    ]
    methods = dict(zip(names, [*names[:3], "numerical", "numerical(step=2)", *names[5:]], strict=True))
    found = looks(methods)
    assert len({look.colour for look in found.values()}) == len(names)
    assert len({look.shape for look in found.values()}) == len(names)
    assert found["central"].colour == COLOURS["numerical"]
    assert looks({"reverse": "reverse"})["reverse"].colour == found["reverse"].colour


def test_a_line_that_shares_a_method_takes_no_colour_that_another_method_owns() -> None:
    found = looks({"reverse": "reverse", "compiled": "reverse(compile=True)", "jax": "jax"})
    assert found["jax"].colour == COLOURS["jax"]
    assert len({look.colour for look in found.values()}) == 3


def test_a_figure_says_in_words_what_it_shows() -> None:
    shown, svg = drawn(ROWS)
    assert shown.alt == "Time over n: time per call (s) over inputs n (numbers); forward, reverse"
    root = ET.fromstring(svg)
    assert (root.get("role"), root.get("aria-label")) == ("img", shown.alt)
    assert root.findtext(f"{SVG}title") == shown.alt


def test_legends_stand_outside_of_the_axes() -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    for y in (("steady_s",), ("steady_s", "max_rel_error")):
        shown = scene(replace(DRAWING, y=y), ROWS, {}, "x")
        with settings():
            figure = figures._drawn(shown, looks({"forward": "forward", "reverse": "reverse"}))
            FigureCanvasAgg(figure).draw()
            (legend,) = figure.legends
            assert not any(axes.get_window_extent().overlaps(legend.get_window_extent()) for axes in figure.axes)


def test_without_matplotlib_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(BadRequest, match=r"pip install 'adkit\[report\]'"):
        figures.require()
