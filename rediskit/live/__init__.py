"""Clients of the running platform: the Kubernetes API, Redis and Prometheus."""
