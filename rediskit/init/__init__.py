"""A new project from live objects: the config, copies of manifests without passwords, the old Redis and its users."""
