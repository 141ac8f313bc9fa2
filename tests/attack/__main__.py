"""`make attack`: hostile input by group, and kills of commands; the figures, and exit code 1 where one got through."""

from __future__ import annotations

import sys

from tests.attack.run import main

sys.exit(main(sys.argv[1:]))
