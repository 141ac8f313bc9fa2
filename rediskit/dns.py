"""Names that the Kubernetes API accepts (RFC 1123), as regular expressions."""

LABEL = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
"""A DNS label, such as the name of a namespace or a container. Its length, at most 63 characters, is not part of the expression."""
SUBDOMAIN = rf"{LABEL}(?:\.{LABEL})*"
"""Labels joined by dots, such as the name of a Deployment or a host."""
