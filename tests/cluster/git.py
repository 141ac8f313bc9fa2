"""A real Git server on loopback (`git http-backend`), and the repositories that the controllers read."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.cluster.processes import free_port

_PERSON = {
    "GIT_AUTHOR_NAME": "Test",
    "GIT_AUTHOR_EMAIL": "test@example.com",
    "GIT_COMMITTER_NAME": "Test",
    "GIT_COMMITTER_EMAIL": "test@example.com",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
}


class GitServer:
    """Serves the bare repositories of a folder. `stop` and `start` end it and start it again on the same port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._server: ThreadingHTTPServer | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self.start()

    def start(self) -> None:
        folder = self.folder

        class Handler(_Handler):
            root = folder

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def repository(self, name: str) -> Repository:
        """Return a new repository with a work tree beside it."""
        bare = self.folder / f"{name}.git"
        _git(self.folder, "init", "--quiet", "--bare", "--initial-branch=main", str(bare))
        tree = self.folder.parent / f"work-{name}"
        _git(self.folder, "init", "--quiet", "--initial-branch=main", str(tree))
        _git(tree, "remote", "add", "origin", str(bare))
        return Repository(tree, f"http://127.0.0.1:{self.port}/{name}.git")


class Repository:
    """A work tree whose commits are pushed to the server."""

    def __init__(self, tree: Path, url: str) -> None:
        self.tree = tree
        self.url = url

    def write(self, files: dict[str, str | bytes]) -> None:
        """Write files into the work tree."""
        for name, content in files.items():
            path = self.tree / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def replace(self, folder: str, files: dict[str, bytes]) -> None:
        """Replace the files of a folder."""
        shutil.rmtree(self.tree / folder, ignore_errors=True)
        self.write({f"{folder}/{name}": content for name, content in files.items()})

    def commit(self, message: str) -> str:
        """Commit everything and push it; the new commit, or the one of before where nothing changed."""
        _git(self.tree, "add", "--all")
        if _git(self.tree, "status", "--porcelain"):
            _git(self.tree, "commit", "--quiet", "--message", message)
            _git(self.tree, "push", "--quiet", "origin", "HEAD:main")
        return self.head()

    def revert(self) -> str:
        """Take the last commit back by a commit of its own."""
        _git(self.tree, "revert", "--no-edit", "HEAD")
        _git(self.tree, "push", "--quiet", "origin", "HEAD:main")
        return self.head()

    def head(self) -> str:
        return _git(self.tree, "rev-parse", "HEAD")


class _Handler(BaseHTTPRequestHandler):
    """The CGI side of `git http-backend`, as far as a clone and a fetch need it."""

    root: Path

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def _answer(self, body: bytes) -> None:
        path, _, query = self.path.partition("?")
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "REMOTE_ADDR": "127.0.0.1",
        }
        done = subprocess.run(["git", "http-backend"], input=body, env=environment, capture_output=True, timeout=60)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().splitlines() if ": " in line)
        self.send_response(int(headers.pop("Status", "200").split()[0]))
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Write no log: the controllers log each request."""


def _git(folder: Path, *arguments: str) -> str:
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), **_PERSON}
    done = subprocess.run(["git", *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"git {' '.join(arguments)}: {done.stderr}"
    return done.stdout.strip()
