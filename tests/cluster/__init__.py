"""A control plane on loopback, the real controllers of Argo CD and Flux, and what they make of our trees: `make test-cluster`."""
