"""A client of a language server: the Language Server Protocol 3.17 over standard input and output."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

Json = dict[str, Any]

LIMIT = 60.0
"""Seconds to wait for an answer; a busy machine takes some."""
OFFLINE = Path(__file__).parent / "offline.cjs"


class Server:
    """A server process without a schema setting, so that the comment in the file selects the schema."""

    def __init__(self, program: Path, root: Path, attempts: Path) -> None:
        """root: the folder that is open. attempts: a file to which every attempt to reach the network is written; it fails, too."""
        environment = {**os.environ, "NODE_OPTIONS": f"--require={OFFLINE}", "OFFLINE_LOG": str(attempts)}
        self._process = subprocess.Popen(
            [program, "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, cwd=root
        )
        self._answers: dict[int, queue.Queue[Json]] = {}
        self._diagnostics: queue.Queue[Json] = queue.Queue()
        self._number = 0
        self._lock = threading.Lock()
        threading.Thread(target=self._read, daemon=True).start()
        self.request("initialize", {"processId": os.getpid(), "rootUri": root.as_uri(), "capabilities": _CAPABILITIES})
        self.notify("initialized", {})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.request("shutdown", None)
            self.notify("exit", None)
            self._process.wait(LIMIT)
        finally:
            if self._process.poll() is None:
                self._process.kill()
                self._process.wait()
            for stream in (self._process.stdin, self._process.stdout):
                if stream:
                    stream.close()

    def request(self, method: str, parameters: Any) -> Any:
        """Asks, and waits for the answer."""
        with self._lock:
            self._number += 1
            number = self._number
            self._answers[number] = queue.Queue()
        self._send({"id": number, "method": method, "params": parameters})
        try:
            answer = self._answers[number].get(timeout=LIMIT)
        except queue.Empty:
            raise AssertionError(f"the server did not answer {method} within {LIMIT:g} s") from None
        assert "error" not in answer, answer
        return answer.get("result")

    def notify(self, method: str, parameters: Any) -> None:
        self._send({"method": method, "params": parameters})

    def diagnostics(self, uri: str) -> list[Json]:
        """Return the next message of the server about a document."""
        end = time.monotonic() + LIMIT
        while (left := end - time.monotonic()) > 0:
            try:
                message = self._diagnostics.get(timeout=left)
            except queue.Empty:
                break
            if message["uri"] == uri:
                diagnostics: list[Json] = message["diagnostics"]
                return diagnostics
        raise AssertionError(f"the server said nothing of {uri} within {LIMIT:g} s")

    def _send(self, message: Mapping[str, Any]) -> None:
        content = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin
        with self._lock:
            self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(content), content))
            self._process.stdin.flush()

    def _read(self) -> None:
        stream = self._process.stdout
        assert stream
        while header := stream.readline():
            length = 0
            while header.strip():
                name, _, value = header.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
                header = stream.readline()
            self._take(json.loads(stream.read(length)))

    def _take(self, message: Json) -> None:
        if "method" not in message:
            self._answers[message["id"]].put(message)
        elif message["method"] == "textDocument/publishDiagnostics":
            self._diagnostics.put(message["params"])
        elif "id" in message:
            self._send({"id": message["id"], "result": self._settings(message)})

    def _settings(self, message: Json) -> Any:
        """Answer the request of the server for settings. Formatting and completion as in every editor, and no store of schemas."""
        if message["method"] != "workspace/configuration":
            return None
        known = {"yaml": {"schemaStore": {"enable": False}, "completion": True, "hover": True, "validate": True}}
        return [known.get(item.get("section", ""), {}) for item in message["params"]["items"]]


_CAPABILITIES = {
    "textDocument": {
        "completion": {"completionItem": {"snippetSupport": True, "documentationFormat": ["markdown"]}},
        "hover": {"contentFormat": ["markdown"]},
        "publishDiagnostics": {},
    },
    "workspace": {"configuration": True},
}


class Document:
    """A file that is open in the editor, with its text there. Each has a name that no other had.

    A server also publishes diagnostics when a file is closed, and they look like those of the next file with that name.
    """

    def __init__(self, server: Server, path: Path, text: str | None = None) -> None:
        self.server, self.uri = server, path.as_uri()
        self.text = path.read_text(encoding="utf-8") if text is None else text
        item = {"uri": self.uri, "languageId": "yaml", "version": 1, "text": self.text}
        server.notify("textDocument/didOpen", {"textDocument": item})
        self.diagnostics = server.diagnostics(self.uri)

    def complete(self, line: int, column: int) -> dict[str, Json]:
        """Return what is offered at a place (counted from 0), by its label."""
        answer = self.server.request("textDocument/completion", self._at(line, column))
        items = answer["items"] if isinstance(answer, dict) else answer or []
        return {item["label"]: item for item in items}

    def hover(self, line: int, column: int) -> str:
        """Return what is shown over a place; "" for nothing."""
        answer = self.server.request("textDocument/hover", self._at(line, column))
        return str(answer["contents"]["value"]) if answer else ""

    def _at(self, line: int, column: int) -> Json:
        return {"textDocument": {"uri": self.uri}, "position": {"line": line, "character": column}}


def underlined(text: str, diagnostic: Json) -> str:
    """Return the text that a diagnostic underlines."""
    start, end = diagnostic["range"]["start"], diagnostic["range"]["end"]
    assert start["line"] == end["line"], diagnostic
    line: str = text.splitlines()[start["line"]]
    return line[start["character"] : end["character"]]
