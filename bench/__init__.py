"""Reproducible timings. `python -m bench` prints one JSON line a figure: name, value, unit, n (rows it was measured on)."""
