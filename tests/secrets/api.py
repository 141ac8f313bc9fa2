"""An API server on loopback with the two paths from which kubeseal and kubectl download the certificate."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SERVICE = "/api/v1/namespaces/kube-system/services/sealed-secrets-controller"
PROXY = "/api/v1/namespaces/kube-system/services/http:sealed-secrets-controller:"


class Api:
    """Serve the two paths of the certificate."""

    def __init__(self, folder: Path) -> None:
        self.certificate = b""
        self.asked: list[str] = []
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                api.asked.append(self.path)
                answer, kind = b"", "application/json"
                if self.path == SERVICE:
                    answer = json.dumps(
                        {"apiVersion": "v1", "kind": "Service", "spec": {"ports": [{"name": "http", "port": 8080}]}}
                    ).encode()
                elif self.path.startswith(PROXY) and self.path.endswith("/proxy/v1/cert.pem"):
                    answer, kind = api.certificate, "application/x-pem-file"
                self.send_response(200 if answer else 404)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        self.kubeconfig = folder / "kubeconfig"
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "home", "cluster": {"server": f"http://127.0.0.1:{self.server.server_port}"}}],
            "users": [{"name": "me", "user": {}}],
            "contexts": [{"name": "home", "context": {"cluster": "home", "user": "me"}}],
            "current-context": "home",
        }
        self.kubeconfig.write_text(json.dumps(content))

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
