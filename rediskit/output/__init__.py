"""Output directories and input files on disk: plan, write, compare, lock, diff."""
