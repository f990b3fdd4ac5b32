"""The simulated camera: events say what changed, and the same bytes come out everywhere."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from harness.engine.data.embedded import digits_on_photos
from harness.engine.data.events.saccades import SACCADE_US, Saccades, record
from harness.errors import HarnessError
from tests.engine.data.events.made import atis_bytes, rows_of


def grey(rows: list[list[int]]) -> np.ndarray:
    return np.repeat(np.array(rows, np.uint8)[None, None], 3, axis=1)


def edge(left: int, right: int, side: int = 8) -> np.ndarray:
    return grey([[left] * (side // 2) + [right] * (side // 2)] * side)


def test_the_events_of_embedded_images_are_pinned() -> None:
    images = digits_on_photos(train_images=4, test_images=2).train_images.numpy()
    content = b"".join(atis_bytes(rows_of(events)) for events in record(images, Saccades()))
    assert hashlib.sha256(content).hexdigest() == (
        "6edcafb652b095260d10449223e072e00fb474a90194da070f66d02040e4b222"
    )


def test_an_image_gives_the_same_events_alone_and_among_others() -> None:
    images = digits_on_photos(train_images=6, test_images=2).train_images.numpy()
    together = record(images, Saccades())
    for number in range(len(images)):
        (alone,) = record(images[number : number + 1], Saccades())
        assert rows_of(alone) == rows_of(together[number])


def test_nothing_moves_in_an_image_without_contrast() -> None:
    assert [len(events) for events in record(edge(90, 90), Saccades())] == [0]


def test_an_edge_between_bright_and_dark_is_seen_where_it_is() -> None:
    (events,) = record(edge(250, 5), Saccades(amplitude=2.0))
    assert set(events["x"]) <= {2, 3, 4, 5}  # within a pixel of columns 3 and 4
    assert set(events["y"]) == set(range(8))


def test_polarity_follows_the_movement_of_the_edge() -> None:
    """In the third saccade the image moves left: where bright leaves, pixels turn dark."""
    (bright_left,) = record(edge(250, 5), Saccades())
    (dark_left,) = record(edge(5, 250), Saccades())
    for events, polarity in ((bright_left, 0), (dark_left, 1)):
        third = events.t > 2 * SACCADE_US
        assert third.any()
        assert set(events.p[third]) == {polarity}


def test_the_way_back_undoes_the_way_there() -> None:
    """A closed path: ON and OFF events of a pixel differ by less than one threshold's worth."""
    images = digits_on_photos(train_images=3, test_images=2).train_images.numpy()
    for events in record(images, Saccades()):
        balance = np.zeros((8, 8), int)
        np.add.at(balance, (events["y"], events["x"]), np.where(events["p"], 1, -1))
        assert np.abs(balance).max() <= 1


def test_a_lower_threshold_sees_more_and_all_events_are_in_order() -> None:
    image = edge(250, 5)
    counts = []
    for threshold in (0.1, 0.25, 1.0):
        (events,) = record(image, Saccades(threshold=threshold))
        counts.append(len(events))
        assert (np.diff(events["t"]) >= 0).all()
        assert 0 < events["t"].min() < events["t"].max() <= 3 * SACCADE_US
    assert counts == sorted(counts, reverse=True)


@pytest.mark.parametrize(
    ("choice", "problem"),
    [
        ({"amplitude": 0.0}, "amplitude must lie in 0.25"),
        ({"threshold": float("nan")}, "threshold must lie in"),
        ({"steps": 0}, "steps must lie in 1"),
    ],
)
def test_numbers_out_of_range_are_refused(choice: dict[str, float], problem: str) -> None:
    with pytest.raises(HarnessError, match=problem):
        Saccades(**choice)  # type: ignore[arg-type]


def test_only_rgb_images_are_looked_at() -> None:
    with pytest.raises(
        HarnessError, match=r"must be uint8 \[M, 3, H, W\], got uint8 \[1, 1, 4, 4\]"
    ):
        record(np.zeros((1, 1, 4, 4), np.uint8), Saccades())
