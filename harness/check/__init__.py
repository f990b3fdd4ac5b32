"""Frames against golden values and claims → a verdict with a status for each cell. No torch."""
