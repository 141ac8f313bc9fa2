"""What can be described: Pydantic models, frozen, constructible in Python without any file."""
