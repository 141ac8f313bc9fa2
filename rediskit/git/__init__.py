"""Read Git: `program` runs git, `work_tree` reads a work tree and its remotes, `revision` the content of commits."""
