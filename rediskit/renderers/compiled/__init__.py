"""The templates of rediskit/data/templates as Python. Made by `make docs`; `texts` takes them where they are current."""
