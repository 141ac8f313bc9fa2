"""`python -m rediskit` is the command."""

import sys

from rediskit.cli import main

sys.exit(main())
