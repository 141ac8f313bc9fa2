"""The subcommands of `rediskit secret`."""
