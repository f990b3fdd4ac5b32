"""Sets made from pictures that ship with the harness: no download, the same bytes always."""

from harness.engine.data.embedded.digits import digits_on_photos

__all__ = ["digits_on_photos"]
