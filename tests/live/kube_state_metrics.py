"""A stand-in for kube-state-metrics: restarts of containers and failed Jobs of the lab, as a target of its Prometheus."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import yaml

from tests.live.lab import Lab


def _jobs(lab: Lab) -> Iterator[str]:
    """Yield a line per Job: without a reason while no pod has failed."""
    for kind, namespace, name in list(lab.cluster.objects):
        pod = lab.cluster.pods.get(f"{name}-pod")
        if kind == "Job" and pod:
            failed = pod.status()["status"]["phase"] == "Failed"
            reason = ',reason="BackoffLimitExceeded"' if failed else ""
            yield f'kube_job_status_failed{{namespace="{namespace}",job_name="{name}"{reason}}} {int(failed)}\n'


@contextmanager
def kube_state_metrics(lab: Lab) -> Iterator[None]:
    """Let Prometheus scrape it meanwhile."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            lines = [
                f'kube_pod_container_status_restarts_total{{namespace="{pod.namespace}",pod="{pod.name}",container="{container.name}"}} '
                f"{container.restarts}\n"
                for pod in list(lab.cluster.pods.values())
                for container in pod.containers.values()
            ]
            lines += list(_jobs(lab))
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write("".join(lines).encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Write no log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    file = lab.folder / "programs/prometheus/prometheus.yml"
    settings = yaml.safe_load(file.read_text())
    targets = [{"targets": [f"127.0.0.1:{server.server_port}"]}]
    settings["scrape_configs"].append({"job_name": "kube-state-metrics", "honor_labels": True, "static_configs": targets})
    file.write_text(yaml.safe_dump(settings))
    lab.prometheus.reload()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
