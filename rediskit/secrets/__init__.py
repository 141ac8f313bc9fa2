"""The password in encrypted files, in the cluster, and in memory. `render` never imports this package."""
