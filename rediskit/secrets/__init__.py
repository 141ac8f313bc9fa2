"""The password in encrypted files and in the cluster. `render` never imports this package."""
