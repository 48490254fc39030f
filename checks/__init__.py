"""Our own checks: what ruff, mypy and import-linter cannot say. `python -m checks` runs them all."""
