"""The index of old Redis finds every client that can have the same one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.usage.clients import may_be_same, same_redis
from rediskit.usage.neighbours import neighbours

HOSTS = (
    *("redis", "cache", "redis.a", "redis.b.svc", "redis-0.redis.a.svc.cluster.local"),
    *("10.43.0.7", "10.43.0.8", "redis.example.com"),
)
REMOVE = ("Deployment/redis", "Service/redis", "Service/cache", "StatefulSet/redis")
previous = st.fixed_dictionaries({"host": st.sampled_from(HOSTS), "remove": st.lists(st.sampled_from(REMOVE), unique=True, max_size=2)})
clients = st.lists(st.tuples(st.sampled_from(("a", "b", "c")), st.none() | previous), max_size=9)


def environment(shapes: list[tuple[str, object]]) -> Environment:
    return Environment.model_validate(
        {
            "name": "home",
            "gitops": {"tool": "argocd", "repository": "https://github.com/example/platform.git"},
            "clients": [
                {
                    "name": f"app{number}",
                    "namespace": namespace,
                    "workloads": [
                        {"kind": "Deployment", "name": f"web{number}", "replicas": 1, "containers": {"app": {"env": {"H": "${host}"}}}}
                    ],
                    **({"previous": old, "migration": {"step": "prepare"}} if old else {}),
                }
                for number, (namespace, old) in enumerate(shapes)
            ],
        }
    )


def has_old_redis(client: Client) -> bool:
    return client.previous is not None


@given(clients)
def test_the_index_has_every_client_that_a_comparison_of_all_pairs_finds(shapes: list[tuple[str, object]]) -> None:
    env = environment(shapes)
    index = neighbours(env, has_old_redis)
    for client in env.clients:
        pairs = list(enumerate(env.clients))
        assert [number for number, other in pairs if same_redis(client, other)] == list(index.near(client))
        possible = {number for number, other in pairs if same_redis(client, other) or may_be_same(client, other)}
        assert possible <= set(index.possible(client))
        assert list(index.possible(client)) == sorted(set(index.possible(client)))
