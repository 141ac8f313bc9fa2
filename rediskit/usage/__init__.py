"""The uses of a Redis in objects: the forms of its address, the texts that can contain one, and the certainty of a use. Pure."""
