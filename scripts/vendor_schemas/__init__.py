"""Makes `rediskit/data/schemas` from packages alone: `python -m scripts.vendor_schemas` (see `__main__`)."""
