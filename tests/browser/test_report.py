"""The report as a reader uses it: pointer, keyboard, either theme, any width, on paper, offline."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.browser.conftest import NARROW, Opened
from tests.browser.whole import percent
from tests.synthetic import metrics, plan

axe = pytest.importorskip(
    "axe_playwright_python.sync_playwright",
    reason="NOT TESTED: playwright is not installed; `nox -s browser` has it",
)

MEGABYTE = 1_000_000
LOOKS = [
    {"color_scheme": "light"},
    {"color_scheme": "dark"},
    {"color_scheme": "light", "viewport": NARROW},
]


def maps_of(opened: Opened, exhibit: str) -> Any:
    """The maps of an exhibit, in sight and drawn."""
    maps = opened.page.locator(f"#{exhibit} .maps")
    maps.scroll_into_view_if_needed()
    maps.locator("canvas.plane[aria-label]").wait_for()
    return maps


def value(maps: Any) -> str:
    return str(maps.locator(".value").inner_text())


def test_it_is_small(report: Path, opened: Opened) -> None:
    assert report.stat().st_size < 15 * MEGABYTE
    assert opened.page.evaluate("document.querySelectorAll('*').length") < 20_000


def test_every_cell_of_a_table_is_there_once_it_is_opened(opened: Opened) -> None:
    fold = opened.page.locator("#table1 details.late").first
    assert fold.locator("tr").count() == 0
    fold.locator("summary").click()
    fold.locator("tbody tr").first.wait_for()
    rows = fold.locator("tbody tr").count()
    fold.locator("summary").click()
    fold.locator("summary").click()
    assert fold.locator("tbody tr").count() == rows > 20


def test_a_map_of_577_layers_comes_from_the_largest_network(opened: Opened) -> None:
    maps = maps_of(opened, "fig2")
    maps.get_by_role("button", name="depth 164").click()
    maps.get_by_text("of 577").first.wait_for()
    plane, pictures = maps.locator("canvas.plane"), set()
    for _ in range(8):  # down to the four cells of a side that are the closest
        plane.focus()
        opened.page.keyboard.press("+")
        opened.page.wait_for_timeout(50)
        pictures.add(plane.screenshot())
    assert len(pictures) == 8


def test_pointing_at_a_cell_says_both_layers_and_the_value(opened: Opened) -> None:
    maps = maps_of(opened, "fig2")
    plane = maps.locator("canvas.plane")
    before = (value(maps), maps.locator(".across").inner_text())
    plane.hover(position={"x": 130, "y": 60})
    assert (value(maps), maps.locator(".across").inner_text()) != before
    assert re.fullmatch(r"→ SNN layer \S+ \(\d+ of 73\)", maps.locator(".across").inner_text())
    assert re.fullmatch(r"↑ ANN layer \S+ \(\d+ of 73\)", maps.locator(".up").inner_text())
    assert re.fullmatch(r"\d\.\d{3}", value(maps))


def test_a_value_is_the_one_of_the_frame(report: Path, opened: Opened) -> None:
    maps = maps_of(opened, "fig2")
    maps.locator("canvas.plane").focus()
    for key in ["Shift+ArrowDown"] * 8 + ["Shift+ArrowLeft"] * 8 + ["ArrowUp"] * 5:
        opened.page.keyboard.press(key)
    for _ in range(5):
        opened.page.keyboard.press("ArrowRight")
    assert value(maps) == "undefined"  # the cell (5, 5) of the made-up maps
    assert "(6 of 73)" in maps.locator(".up").inner_text()
    opened.page.keyboard.press("ArrowRight")
    table = pd.read_csv(report.parent / "fig2/maps.csv.gz")
    (row,) = table.query("depth == 20 and width == 1 and y == 5 and x == 6").itertuples()
    assert value(maps) == f"{row.value:.3f}"
    assert maps.locator(".across").inner_text() == f"→ SNN layer {row.label_x} (7 of 73)"


def test_a_cell_has_its_interval_and_an_undefined_one_none(opened: Opened) -> None:
    maps = maps_of(opened, "fig2")
    found = maps.locator(".interval").inner_text()
    low, high = map(float, found.strip("[]").split(", "))
    of = float(value(maps))
    by = 1.96 * 0.04  # on the scale of atanh, 5 % rough
    for end, sign in ((low, -1), (high, 1)):
        assert math.atanh(end) == pytest.approx(math.atanh(of) + sign * by, rel=0.05)
    maps.locator("canvas.plane").focus()
    for key in ["Shift+ArrowDown"] * 8 + ["Shift+ArrowLeft"] * 8:
        opened.page.keyboard.press(key)
    for _ in range(5):
        opened.page.keyboard.press("ArrowRight")
        opened.page.keyboard.press("ArrowUp")
    assert (value(maps), maps.locator(".interval").inner_text()) == ("undefined", "")


def test_a_click_pins_row_and_column_and_changes_the_picture(opened: Opened) -> None:
    maps = maps_of(opened, "fig2")
    plane = maps.locator("canvas.plane")
    before = plane.screenshot()
    plane.click(position={"x": 150, "y": 80})
    opened.page.mouse.move(0, 0)
    pinned = value(maps)
    assert plane.screenshot() != before
    plane.hover(position={"x": 300, "y": 300})
    opened.page.mouse.move(0, 0)
    assert value(maps) == pinned


def test_a_dragged_rectangle_is_looked_at_closely_and_a_double_click_leaves(opened: Opened) -> None:
    maps = maps_of(opened, "fig2")
    plane = maps.locator("canvas.plane")
    corner = plane.bounding_box()
    whole = plane.screenshot()
    opened.page.mouse.move(corner["x"] + 110, corner["y"] + 30)
    opened.page.mouse.down()
    opened.page.mouse.move(corner["x"] + 200, corner["y"] + 120, steps=4)
    opened.page.mouse.up()
    opened.page.mouse.move(corner["x"] + 525, corner["y"] + 30)
    across = maps.locator(".across").inner_text()
    assert int(re.search(r"\((\d+) of", across)[1]) < 20  # the right edge is no longer the 73rd
    plane.dblclick(position={"x": 300, "y": 300})
    plane.hover(position={"x": 525, "y": 30})
    assert "(73 of 73)" in maps.locator(".across").inner_text()
    assert plane.screenshot() != whole


def test_keys_zoom_and_the_buttons_do_the_same(opened: Opened) -> None:
    maps = maps_of(opened, "fig4")
    plane = maps.locator("canvas.plane")
    plane.focus()
    pictures = [plane.screenshot()]
    for key in ("+", "+", "-", "0"):
        opened.page.keyboard.press(key)
        opened.page.wait_for_timeout(100)
        pictures.append(plane.screenshot())
    whole, once, twice, back, again = pictures
    assert len({whole, once, twice}) == 3
    assert back != twice
    assert again == whole
    maps.get_by_role("button", name="Closer").click()
    plane.focus()
    opened.page.wait_for_timeout(100)
    assert plane.screenshot() == once


def test_a_curve_can_be_hidden_and_read(opened: Opened) -> None:
    chart = opened.page.locator("#fig8 .chart").nth(1)
    chart.scroll_into_view_if_needed()
    box = chart.get_by_role("checkbox").first
    curve = chart.locator("svg path").first
    assert curve.is_visible()
    box.focus()
    opened.page.keyboard.press("Space")
    assert not curve.is_visible()
    chart.locator("svg").focus()
    opened.page.keyboard.press("End")
    said = chart.locator(".said span")
    assert said.count() == chart.get_by_role("checkbox").count() - 1
    assert "pool" in said.first.inner_text()
    chart.locator("svg").hover(position={"x": 60, "y": 60})
    assert "pool" not in said.first.inner_text()


def test_learning_curves_are_hidden_by_series(opened: Opened) -> None:
    learning = opened.page.locator("#table1 .learning")
    lines = learning.locator("svg polyline:visible")
    before = lines.count()
    learning.get_by_role("checkbox", name="on the training set").uncheck()
    assert lines.count() == before // 2


def test_learning_curves_say_their_values_at_one_epoch_in_every_panel(opened: Opened) -> None:
    learning = opened.page.locator("#table1 .learning")
    learning.scroll_into_view_if_needed()
    said = learning.locator(".said")
    said.first.get_by_text("epoch 5").wait_for()  # the last one, before anybody points
    learning.locator("svg").nth(2).hover(position={"x": 18, "y": 40})
    assert {text.split("ANN")[0].strip() for text in said.all_inner_texts()} == {"epoch 1"}
    shown = said.first.locator("span").first.inner_text()
    points = plan("table1", profile="smoke").exhibits[0].points
    drawn = [metrics(percent(point.key))["history"][0] for point in points]  # as the store has them
    pairs = [
        f"ANN {row['test_accuracy']:.2f} (training {row['train_accuracy']:.2f})" for row in drawn
    ]
    assert shown in pairs
    learning.locator(".panels").focus()
    opened.page.keyboard.press("End")
    opened.page.keyboard.press("ArrowLeft")
    assert all("epoch 4" in text for text in said.all_inner_texts())
    learning.get_by_role("checkbox", name="on the training set").uncheck()
    assert not any("training" in text for text in said.all_inner_texts())


def test_the_theme_can_be_chosen(opened: Opened) -> None:
    def ground() -> str:
        root = "getComputedStyle(document.documentElement).backgroundColor"
        return str(opened.page.evaluate(root))

    light = ground()
    opened.page.get_by_role("button", name="Dark theme").click()
    assert ground() != light
    opened.page.reload()
    assert ground() != light  # it is remembered
    opened.page.get_by_role("button", name="Light theme").click()
    assert ground() == light


def test_a_command_is_copied(opened: Opened) -> None:
    opened.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    shell = opened.page.locator("#fig2 .shell")
    shell.get_by_role("button").click()
    shell.get_by_text("Copied").wait_for()
    copied = opened.page.evaluate("navigator.clipboard.readText()")
    assert copied == "python -m harness reproduce fig2 --profile smoke"


@pytest.mark.parametrize("opened", LOOKS, ids=str, indirect=True)
def test_axe_finds_nothing_serious(opened: Opened) -> None:
    for exhibit in ("fig2", "fig8", "table1"):
        opened.page.locator(f"#{exhibit}").scroll_into_view_if_needed()
    maps_of(opened, "fig2")
    found = axe.Axe().run(opened.page).response["violations"]
    serious = [one for one in found if one["impact"] in ("serious", "critical")]
    told = [(one["id"], [n["html"][:90] for n in one["nodes"][:3]]) for one in serious]
    assert told == []


@pytest.mark.parametrize("opened", LOOKS, ids=str, indirect=True)
def test_nothing_is_wider_than_the_window(opened: Opened) -> None:
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert opened.page.evaluate(wide) <= 0


@pytest.mark.parametrize("opened", LOOKS, ids=str, indirect=True)
def test_the_index_of_claims_is_reached_from_the_first_screen_and_leads_back(
    opened: Opened,
) -> None:
    page = opened.page
    page.get_by_role("link", name="All claims, one by one").click()
    assert page.url.endswith("/claims.html")
    assert page.locator(".claims li").count() > 100
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wide) <= 0
    found = axe.Axe().run(page).response["violations"]
    assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
    page.locator("#fig3-title a").click()
    assert page.url.endswith("/report.html#fig3")


@pytest.mark.parametrize("opened", [{"java_script_enabled": False}], ids=str, indirect=True)
def test_without_a_script_all_numbers_are_there(opened: Opened) -> None:
    page = opened.page
    assert page.locator("#fig2 .maps").is_hidden()
    assert page.locator("#fig2 img").is_visible()
    assert page.locator("#fig8 .chart svg path").first.is_visible()
    page.locator("#fig8 .chart input").first.uncheck()
    assert page.locator("#fig8 .chart svg path").first.is_hidden()


def test_on_paper_there_is_nothing_to_press(opened: Opened) -> None:
    opened.page.emulate_media(media="print")
    for gone in ("button", ".maps", ".contents"):
        assert opened.page.locator(f"{gone}:visible").count() == 0
    assert opened.page.locator("#fig2 img").is_visible()


def test_every_script_of_the_policy_is_the_one_that_runs(opened: Opened) -> None:
    """A script that somebody adds to the file does not run."""
    ran = opened.page.evaluate(
        """() => {
          const added = document.createElement("script");
          added.textContent = "window.ran = true";
          document.body.append(added);
          return window.ran === true;
        }"""
    )
    assert ran is False
    assert any("Content Security Policy" in said for said in opened.complaints)
    opened.complaints.clear()
