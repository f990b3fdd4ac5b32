"""Frames and verdicts → one self-contained page. Needs no torch, no network and no clock."""
