"""Who has what: the claims that a second environment runs into."""

from __future__ import annotations

from rediskit import Environment, Tree, load, render
from rediskit.renderers.claims import is_claim
from tests.samples import CONFIG, environment_of

FLUX = CONFIG.with_name("chocolandia-flux.yaml")


def claims(tree: Tree) -> dict[str, str]:
    """Path to namespace of each claim."""
    return {path: content["metadata"]["namespace"] for path, content in tree.objects.items() if is_claim(content)}


def owner_in(environment: Environment) -> dict[str, str]:
    """Return the content of the claim on the Applications."""
    return dict(render(environment).objects["argocd/configmap-redis-shared-claim.yaml"]["data"])


def test_argo_cd_claims_the_names_of_its_applications_before_anything_else() -> None:
    tree = render(environment_of("validate"))
    assert claims(tree) == {"argocd/configmap-redis-shared-claim.yaml": "argocd"}
    waves = {
        path: int(content["metadata"].get("annotations", {}).get("argocd.argoproj.io/sync-wave", 0))
        for path, content in tree.objects.items()
        if path.startswith("argocd/") and not path.endswith("/kustomization.yaml")
    }
    assert [path for path, wave in waves.items() if wave == min(waves.values())] == list(claims(tree))


def test_argo_cd_claims_by_prefix() -> None:
    assert list(claims(render(environment_of("validate", over={"gitops": {"argocd": {"prefix": "north"}}})))) == [
        "argocd/configmap-north-claim.yaml"
    ]


def test_flux_claims_the_namespace_and_the_secrets_of_clients_too() -> None:
    assert claims(render(load(FLUX))) == {
        "flux/configmap-redis-shared-claim.yaml": "flux-system",
        "platform/redis/configmap-namespace-claim.yaml": "redis",
        "platform/beersystem/configmap-redis-credentials-claim.yaml": "beersystem",
    }


def test_without_a_secret_in_git_there_is_no_unit_of_a_client_to_claim_it() -> None:
    tree = render(environment_of("validate", over={"gitops": {"tool": "flux"}}))
    assert set(claims(tree).values()) == {"flux-system", "redis"}


def test_an_environment_is_its_repository_and_its_cluster() -> None:
    first = owner_in(environment_of("validate", over={"cluster": "north"}))
    assert owner_in(environment_of("validate", over={"cluster": "north", "name": "renamed"})) == first
    assert owner_in(environment_of("validate", over={"cluster": "south"})) != first
    assert (
        owner_in(environment_of("validate", over={"cluster": "north", "gitops": {"repository": "https://git.example.org/another.git"}}))
        != first
    )
