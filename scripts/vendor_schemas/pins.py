"""The packages of the vendored schemas. Run `python -m scripts.vendor_schemas` after a change."""

from __future__ import annotations

from typing import NamedTuple

WHEEL = ("kubernetes-validate", "1.37.0")
"""The PyPI package with the JSON schemas of each Kubernetes release."""

KUBERNETES = ("1.31", "1.32", "1.33", "1.34", "1.35", "1.36", "1.37")
"""The supported minor versions of Kubernetes."""

CORE_KINDS = (
    "configmap-v1",
    "cronjob-batch-v1",
    "deployment-apps-v1",
    "horizontalpodautoscaler-autoscaling-v2",
    "job-batch-v1",
    "namespace-v1",
    "networkpolicy-networking-v1",
    "poddisruptionbudget-policy-v1",
    "role-rbac-v1",
    "rolebinding-rbac-v1",
    "secret-v1",
    "service-v1",
    "serviceaccount-v1",
    "statefulset-apps-v1",
)
"""Built-in kinds, by file name in the wheel: kind, first label of the group, version."""


class Module(NamedTuple):
    """A Go module with CustomResourceDefinitions.

    Attributes:
        path: The path of the module.
        version: The version of the module.
        crds: The API version to use of each CRD, by path in the module.
    """

    path: str
    version: str
    crds: dict[str, str]


MODULES = (
    Module(
        "github.com/argoproj/argo-cd/v3",
        "v3.6.1",
        {"manifests/crds/application-crd.yaml": "v1alpha1", "manifests/crds/appproject-crd.yaml": "v1alpha1"},
    ),
    Module("github.com/argoproj/argo-rollouts", "v1.10.2", {"manifests/crds/rollout-crd.yaml": "v1alpha1"}),
    Module("github.com/bitnami-labs/sealed-secrets", "v0.36.6", {"helm/sealed-secrets/crds/bitnami.com_sealedsecrets.yaml": "v1alpha1"}),
    Module(
        "github.com/external-secrets/external-secrets",
        "v1.3.2",
        {
            "config/crds/bases/external-secrets.io_clustersecretstores.yaml": "v1",
            "config/crds/bases/external-secrets.io_externalsecrets.yaml": "v1",
            "config/crds/bases/external-secrets.io_secretstores.yaml": "v1",
            "config/crds/bases/generators.external-secrets.io_passwords.yaml": "v1alpha1",
        },
    ),
    Module(
        "github.com/external-secrets/external-secrets",
        "v1.3.2",
        {
            "config/crds/bases/external-secrets.io_externalsecrets.yaml": "v1beta1",
            "config/crds/bases/external-secrets.io_secretstores.yaml": "v1beta1",
        },
    ),
    Module("github.com/fluxcd/helm-controller", "v1.6.4", {"config/crd/bases/helm.toolkit.fluxcd.io_helmreleases.yaml": "v2"}),
    Module("github.com/fluxcd/kustomize-controller", "v1.9.4", {"config/crd/bases/kustomize.toolkit.fluxcd.io_kustomizations.yaml": "v1"}),
    Module(
        "github.com/fluxcd/source-controller",
        "v1.9.1",
        {
            "config/crd/bases/source.toolkit.fluxcd.io_gitrepositories.yaml": "v1",
            "config/crd/bases/source.toolkit.fluxcd.io_ocirepositories.yaml": "v1",
            "config/crd/bases/source.toolkit.fluxcd.io_helmrepositories.yaml": "v1",
        },
    ),
    Module("github.com/kedacore/keda/v2", "v2.21.0", {"config/crd/bases/keda.sh_scaledobjects.yaml": "v1alpha1"}),
    Module(
        "github.com/prometheus-operator/prometheus-operator",
        "v0.85.0",
        {
            "example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml": "v1",
            "example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml": "v1",
        },
    ),
    Module(
        "go.universe.tf/metallb",
        "v0.15.2",
        {"config/crd/bases/metallb.io_ipaddresspools.yaml": "v1beta1", "config/crd/bases/metallb.io_l2advertisements.yaml": "v1beta1"},
    ),
)
