"""`python -m rediskit` is the command."""

from rediskit.cli import program

program()
