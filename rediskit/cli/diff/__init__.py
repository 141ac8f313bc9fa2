"""`rediskit diff` and its output formats."""
