"""The one Git reader: `program` runs git, `work_tree` answers questions about a work tree and its remotes."""
