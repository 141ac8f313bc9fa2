"""Generate `rediskit/data/schemas` from packages: `python -m scripts.vendor_schemas`."""
