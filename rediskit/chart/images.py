"""Images that several profiles use. Each digest is that of the index for all platforms."""

from rediskit.chart.profile import ChartImage

REDIS = ChartImage("docker.io", "library/redis", "8.10.0", "sha256:344e3945a0b431c8ff1eecd58c5573538126bd756f02fc7e218ddf1fc2546366")
"""The official image of Redis, as chart 0.34.18 of CloudPirates pins it."""
VALKEY = ChartImage("docker.io", "valkey/valkey", "9.1.1", "sha256:70739f85ad2ee01a726a965584a0f94895f01b0c60b3cc8b0aeef11eaa6888cf")
"""The official image of Valkey, in the version of chart 0.11.0. The chart has no digest: this one is pinned in public repositories."""
EXPORTER = ChartImage(
    "docker.io", "oliver006/redis_exporter", "v1.89.0-alpine", "sha256:d4e0a0ad55fa4f968eea4519b518b16dac887debd06c790a6be2f60940538d82"
)
"""The image of redis_exporter from its author, as chart 0.34.18 of CloudPirates pins it."""
