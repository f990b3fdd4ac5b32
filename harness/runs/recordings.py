"""Specs of event recordings → sets of frames of the engine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from harness.engine.data.events.formats import FORMATS
from harness.engine.data.events.load import Framing, frame_set, held_out, recordings
from harness.engine.data.events.published import Archive, fetch_events
from harness.engine.data.events.recording import Sensor
from harness.engine.data.events.saccades import Saccades as Movement
from harness.engine.data.events.saccades import for_testing, simulated
from harness.engine.data.labelled import FrameSet, ImageSet
from harness.spec.dataset import Recordings, Saccades


def published(spec: Recordings, data: Path, cache: Path, frames: int) -> FrameSet:
    """CIFAR10-DVS or N-Caltech101 in so many frames, from `data` or fetched into it.

    What is unpacked and decoded lies in `cache`.
    """
    archives = [
        Archive(one.name, one.checksum, one.mirrors, spec.page, one.folder, one.target)
        for one in spec.archives
    ]
    pins = {one.name: one.checksum for one in archives}
    room = unpacked_in(cache, data, pins)
    root = fetch_events(archives, data, FORMATS[spec.format].suffix, unpacked=room)
    framing = Framing(frames, spec.frames_by, spec.size, Sensor(*spec.sensor))
    listing, events = recordings(
        root / spec.folder,
        spec.format,
        sensor=framing.sensor,
        faults=spec.faults,
        place=cache,
    )
    testing = held_out(listing.labels, share=spec.test_share, how=spec.split, seed=spec.split_seed)
    return frame_set(spec.name, listing, events, framing, testing=testing, origin="published")


def looked_at(spec: Saccades, pictures: ImageSet, cache: Path, frames: int) -> FrameSet:
    """What the simulated camera records of the pictures, in so many frames; its files and their
    decoded events lie in `cache`.
    """
    movement = Movement(spec.amplitude, spec.threshold, spec.steps)
    folder = simulated(pictures, cache, movement)
    framing = Framing(frames, spec.frames_by, spec.size, Sensor(spec.picture, spec.picture))
    listing, events = recordings(
        folder,
        "atis",
        sensor=framing.sensor,
        faults="refuse",
        place=cache,
    )
    testing = for_testing(listing.files)
    return frame_set(spec.name, listing, events, framing, testing=testing, origin="embedded")


def unpacked_in(cache: Path, data: Path, pins: Mapping[str, str]) -> Path:
    """Where archives of `data` are unpacked: another place for other folders and other `pins`, the
    checksums of the archives by their names.
    """
    said = json.dumps([str(data.absolute()), pins], sort_keys=True)
    return cache / f"unpacked-{hashlib.sha256(said.encode()).hexdigest()[:16]}"
