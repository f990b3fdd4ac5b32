"""How the numbers of an exhibit were made, as the bytes of provenance.json."""

from __future__ import annotations

import json
from typing import Any

from harness.plan.expand import Plan, PlannedExhibit
from harness.report.provenance import Manifests, command
from harness.spec.document import Document
from harness.spec.profile import Profile

VERSION = 1


def provenance_json(
    planned: PlannedExhibit,
    plan: Plan,
    document: Document,
    profile: Profile,
    manifests: Manifests,
) -> bytes:
    """provenance.json: the spec as it was written, and each node as resolved and as it was run.

    `nodes[].spec`, `kind`, `revision` and `inputs` are what `key` is made of; the fields after
    `stored` are null for a node that is not.
    """
    content = {
        "version": VERSION,
        "exhibit": planned.exhibit.id,
        "profile": profile.id,
        "command": command(planned, profile),
        "set": [override.typed for override in planned.overridden],
        "spec": {"file": document.shown, "text": document.text},
        "nodes": [_node(key, plan, manifests) for key in planned.nodes],
    }
    return (json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _node(key: str, plan: Plan, manifests: Manifests) -> dict[str, Any]:
    node, stored = plan.nodes[key], manifests.get(key)
    said: dict[str, Any] = {"key": key}
    said |= {name: getattr(node, name) for name in ("kind", "revision", "label")}
    said |= {"spec": dict(node.spec), "inputs": dict(node.inputs), "stored": stored is not None}
    for name in ("started", "wall_s", "peak_memory_mb", "resumed", "environment"):
        said[name] = getattr(stored, name) if stored is not None else None
    return said
