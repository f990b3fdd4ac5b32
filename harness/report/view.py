"""What the page shows, as frozen values that are formatted already: templates decide nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.report.plots import Chart, Curves, MapsView, PlanGraph


@dataclass(frozen=True)
class Mark:
    """A status as word, symbol and tone (good, bad, open, calm): never by colour alone."""

    word: str
    symbol: str
    tone: str


@dataclass(frozen=True)
class Count:
    """How many cells or claims have a status."""

    n: int
    mark: Mark


@dataclass(frozen=True)
class Banner:
    """Something that a reader must know before any number."""

    title: str
    text: str


@dataclass(frozen=True)
class Fact:
    """A label and what it says."""

    label: str
    text: str


@dataclass(frozen=True)
class Problem:
    """One thing that is not reproduced, and why."""

    exhibit: str
    what: str
    why: str
    mark: Mark


@dataclass(frozen=True)
class GridCell:
    """One cell of a table; `mark` where it carries a status, `note` for its tooltip.

    `span` columns are covered by what is about all of them, as a loss from one to the other.
    """

    text: str
    note: str = ""
    mark: Mark | None = None
    is_first: bool = False  # of a group of columns
    span: int = 1


@dataclass(frozen=True)
class GridRow:
    """A line of a table: measured, golden, difference or published."""

    label: str
    role: str
    cells: tuple[GridCell, ...]


@dataclass(frozen=True)
class GridBody:
    """The lines that belong to one row of the paper's table."""

    label: str
    rows: tuple[GridRow, ...]


@dataclass(frozen=True)
class ColumnGroup:
    """Columns under a common heading."""

    title: str
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Grid:
    """A table in the paper's layout."""

    caption: str
    corner: str
    groups: tuple[ColumnGroup, ...]
    bodies: tuple[GridBody, ...]
    is_marked: bool  # any cell carries a status
    is_words: bool  # rather than numbers


@dataclass(frozen=True)
class Listing:
    """Numbers as lines of text: there may be hundreds of them."""

    caption: str
    text: str


@dataclass(frozen=True)
class DetailRow:
    """One cell with all that is known of it."""

    quantity: str
    levels: str
    value: str
    golden: str
    difference: str
    tolerance: str
    computed: str
    place: str
    published: str
    mark: Mark
    sentence: str
    interval: str  # of the mean over the seeds
    seeds: Mark  # what they say of the published value
    seeds_note: str


@dataclass(frozen=True)
class EvidenceView:
    """What the seeds of an exhibit say of the published values."""

    mark: Mark
    why: str
    counts: tuple[Count, ...]


@dataclass(frozen=True)
class Figure:
    """A drawing as a data address, or the reason why there is none."""

    address: str
    alt: str
    svg: str
    png: str
    mark: Mark
    problem: str = ""


@dataclass(frozen=True)
class ClaimView:
    """A claim, its predicate, what was measured."""

    text: str
    place: str
    predicate: str
    basis: str  # of its threshold
    measured: str
    noise: str  # how often noise alone would bear it out
    sentence: str
    counted: str
    mark: Mark


@dataclass(frozen=True)
class DeviationView:
    """A setting on which the sources differ."""

    setting: str
    paper: str
    code: str
    follows: str
    reason: str


@dataclass(frozen=True)
class Shared:
    """Something said once for several exhibits."""

    text: str
    exhibits: tuple[str, ...]


@dataclass(frozen=True)
class SharedDeviation:
    """A setting on which the sources differ, and the exhibits that it touches."""

    what: DeviationView
    exhibits: tuple[str, ...]


@dataclass(frozen=True)
class FailureView:
    """A run that went wrong, with the end of its log, and all others with the same problem."""

    label: str
    key: str
    problem: str
    log: str
    tail: tuple[str, ...]
    others: tuple[str, ...]  # their labels


@dataclass(frozen=True)
class NodeView:
    """One run of an exhibit as it is stored."""

    label: str
    key_start: str
    key_rest: str
    state: str
    took: str
    memory: str
    started: str


@dataclass(frozen=True)
class Provenance:
    """Where the numbers of an exhibit come from."""

    facts: tuple[Fact, ...]
    settings: tuple[Fact, ...]
    environment: tuple[Fact, ...]
    nodes: tuple[NodeView, ...]
    widest: int  # letters of the longest label of a node
    spec_name: str
    spec_text: str
    command: str


@dataclass(frozen=True)
class Link:
    """A file beside the page."""

    name: str
    address: str


@dataclass(frozen=True)
class ExhibitView:
    """One exhibit, from its verdict to its provenance."""

    id: str
    title: str
    source: str
    mark: Mark
    sentence: str
    against: str
    sees: str  # which change the verdict would have shown
    evidence: EvidenceView | None
    cells: tuple[Count, ...]
    claims_counts: tuple[Count, ...]
    failures: tuple[FailureView, ...]
    grid: Grid | None  # none where there is nothing to hold the numbers against
    tolerances: tuple[Fact, ...]
    details: tuple[DetailRow, ...]
    intervals: str  # what those of the details are called; nothing where there are none
    more: Listing | None
    figure: Figure | None
    maps: MapsView | None
    charts: tuple[Chart, ...]
    curves: Curves | None
    claims: tuple[ClaimView, ...]
    deviations: tuple[DeviationView, ...]
    errata: tuple[str, ...]
    notes: tuple[str, ...]
    provenance: Provenance
    graph: PlanGraph
    links: tuple[Link, ...]


@dataclass(frozen=True)
class Page:
    """The whole report."""

    title: str
    headline: str
    mark: Mark
    profile: str
    profile_title: str
    command: str
    banners: tuple[Banner, ...]
    tallies: tuple[Count, ...]  # exhibits by status
    problems: tuple[Problem, ...]
    errata: tuple[Shared, ...]
    deviations: tuple[SharedDeviation, ...]
    exhibits: tuple[ExhibitView, ...]
    scale: tuple[Fact, ...]
    made_with: str
    packed: Mapping[str, str]  # cells of maps, by name
