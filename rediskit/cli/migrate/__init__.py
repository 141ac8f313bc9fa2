"""The subcommands of `rediskit migrate`."""
