"""Run every check of the house; print each breach as file:line and what to do; exit 1 when there is any."""

import sys
from pathlib import Path

from checks import floats, furniture, places, sizes

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    breaches = [breach for check in (floats, sizes, furniture, places) for breach in check.breaches(ROOT)]
    for breach in breaches:
        print(breach)
    print(f"house rules: {len(breaches)} breach(es)")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
