"""A known password is in no output, file, argument, environment variable or error.

Each command runs as a process of its own, with stand-ins that write down how they were called and hand over to the real programs.
Looked for: the value as it is, in base64, in base64 behind one and two other bytes, URL-encoded, in hexadecimal, backwards.
"""

from __future__ import annotations

import subprocess
import sys
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from tests.secrets.conftest import recipient
from tests.secrets.repository import Repository, private_pem
from tests.secrets.stand_in import Recorder

PLAIN = "PlantedQ7vX2kLmZ90bTnRw4SdYhGc81JpE"
"""A valid value for `new`."""
ODD = "Pl@nted/Q7vX 2kLmZ+90bTnéRw4SdYh%Gc81=JpE"
"""A value that can be in use: long enough, with other characters."""


def forms(value: str) -> set[bytes]:
    """Return every form from which the value is readable."""
    raw = value.encode()
    variants = {raw, raw[::-1], raw.hex().encode(), raw.hex().upper().encode(), repr(value)[1:-1].encode(), repr(raw)[2:-1].encode()}
    variants |= {quote(value, safe=safe).encode() for safe in ("", "/")} | {quote_plus(value).encode()}
    for before in range(3):
        for encode in (b64encode, urlsafe_b64encode):
            # The letters at both ends hold bits of what stands beside the value: they are left out.
            encoded = encode(b"\0" * before + raw)
            variants.add(encoded[{0: 0, 1: 2, 2: 3}[before] : -4])
    return variants


class Watched:
    """Run commands, and record all output and files."""

    def __init__(self, folder: Path, recorder: Recorder, environment: dict[str, str]) -> None:
        self.folder, self.recorder, self.environment = folder, recorder, environment
        self.printed: list[bytes] = []
        self.codes: list[int] = []

    def __call__(self, repository: Repository, *arguments: str, stdin: str = "") -> int:
        for more in ([], ["--json", "--debug"]):
            command = [sys.executable, "-m", "rediskit", "secret", *arguments, *more]
            done = subprocess.run(command, cwd=repository.folder, env=self.environment, input=stdin.encode(), capture_output=True)
            self.printed += [done.stdout, done.stderr]
            self.codes.append(done.returncode)
        return self.codes[-1]

    def everything(self, *without: Path) -> bytes:
        """Return all output, and names and contents of all files below the folder except those of the test."""
        parts = list(self.printed)
        for file in self.folder.rglob("*"):
            if file.is_file() and not any(file.is_relative_to(event) for event in without):
                parts += [str(file).encode(), file.read_bytes()]
        return b"\n".join(parts)


@pytest.fixture
def watched(tmp_path: Path, sops: Path, kubeseal: Path) -> Watched:
    recorder = Recorder(tmp_path / "stand-in")
    recorder.pass_on("sops", sops)
    recorder.pass_on("kubeseal", kubeseal)
    for name in ("home", "temporary"):
        (tmp_path / name).mkdir()
    environment = {
        "PATH": f"{recorder.programs}:/usr/bin:/bin",
        "HOME": str(tmp_path / "home"),
        "TMPDIR": str(tmp_path / "temporary"),
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return Watched(tmp_path, recorder, environment)


def test_every_form_is_found_where_it_is() -> None:
    """The search finds each form in a text that contains it."""
    for value in (PLAIN, ODD):
        for text in (
            value,
            quote(value, safe=""),
            b64encode(f"x{value}y".encode()).decode(),
            b64encode(f"data: {value}\n".encode()).decode(),
        ):
            assert any(form in text.encode() for form in forms(value)), text
        assert not any(form in b"nothing of it" for form in forms(value))
        assert min(map(len, forms(value))) > 20


def absent(watched: Watched, value: str, *without: Path) -> None:
    text = watched.everything(*without)
    assert not [form for form in forms(value) if form in text]


def test_sealed_secrets(sealed: Repository, watched: Watched, key: RSAPrivateKey, other_key: RSAPrivateKey, tmp_path: Path) -> None:
    for name, private in (("key", key), ("other", other_key)):
        (tmp_path / name).write_bytes(private_pem(private))
    file = tmp_path / "value"
    file.write_text(PLAIN)
    assert watched(sealed, "new", "--from-stdin", "--force", stdin=PLAIN) == 0
    watched(sealed, "new", "--from-stdin", stdin=PLAIN)
    watched(sealed, "new", "--from-stdin", "--force", "--dry-run", stdin=PLAIN)
    watched(sealed, "new", "--from-stdin", "--force", stdin=PLAIN + "\n\n")
    watched(sealed, "rotate", "--from-file", str(file))
    watched(sealed, "seal", "--force", "--from-file", str(file))
    watched(sealed, "check")
    assert watched(sealed, "check", "--key", str(tmp_path / "key")) == 0
    assert watched(sealed, "check", "--key", str(tmp_path / "other")) == 1
    assert watched(sealed, "check", "--key", str(file)) == 2
    watched(sealed, "new", "--from-file", str(file), "--from-stdin")
    watched(sealed, "new", PLAIN[:5])
    sealed.certificate.write_text("broken")
    assert watched(sealed, "rotate", "--from-stdin", stdin=PLAIN) == 2
    watched(sealed, "fetch-cert")
    assert set(watched.codes) == {0, 1, 2, 3}
    absent(watched, PLAIN, file)


def test_values_in_use(sealed: Repository, watched: Watched, key: RSAPrivateKey, tmp_path: Path) -> None:
    """A value with characters that each form of quoting changes, from the cluster and from standard input."""
    (tmp_path / "key").write_bytes(private_pem(key))
    watched.recorder.put("redis", ODD.encode())
    assert watched(sealed, "new", "--from-cluster", "--force") == 0
    assert watched(sealed, "seal", "--from-stdin", "--force", stdin=ODD) == 0
    assert watched(sealed, "check", "--key", str(tmp_path / "key")) == 0
    (watched.recorder.cluster / "fails-get").touch()
    assert watched(sealed, "new", "--from-cluster", "--force") == 3
    absent(watched, ODD, watched.recorder.cluster)


def test_sops(encrypted: Repository, watched: Watched, age_keys: tuple[Path, Path]) -> None:
    assert watched(encrypted, "new", "--from-stdin", "--force", stdin=PLAIN) == 0
    ours, theirs = map(str, age_keys)
    assert watched(encrypted, "seal", "--force", "--key", ours) == 0
    assert watched(encrypted, "seal", "--force", "--key", theirs) == 1
    assert watched(encrypted, "check", "--key", ours) == 0
    assert watched(encrypted, "check", "--key", theirs) == 1
    content = encrypted.content("shop")
    content["metadata"]["annotations"]["more"] = "x"
    encrypted.put("shop", content)
    assert watched(encrypted, "check", "--key", ours) == 1
    encrypted.write(f"mode: sops, recipients: [{recipient(age_keys[0])}], pgp: ['00']", ("shop",), "flux")
    assert watched(encrypted, "rotate", "--from-stdin", stdin=PLAIN) == 3
    assert any("decrypt" in call for call in watched.recorder.calls)
    (watched.recorder.record.parent / "fails-sops").touch()
    assert watched(encrypted, "rotate", "--from-stdin", stdin=PLAIN) == 3
    assert b"***" in b"".join(watched.printed[-2:])
    absent(watched, PLAIN)


def test_manual(repository: Callable[..., Repository], watched: Watched) -> None:
    manual = repository("mode: manual", "shop")
    assert watched(manual, "apply", "--from-stdin", "--dry-run", stdin=PLAIN) == 0
    assert watched(manual, "apply", "--from-stdin", stdin=PLAIN) == 0
    assert watched(manual, "apply") == 0
    assert watched(manual, "check") == 0
    watched.recorder.put("shop", ODD.encode())
    assert watched(manual, "apply") == 1
    assert watched(manual, "apply", "--from-stdin", stdin=PLAIN) == 1
    (watched.recorder.cluster / "fails-apply").touch()
    assert watched(manual, "apply", "--from-stdin", "--force", stdin=PLAIN) == 3
    output = b"".join(watched.printed)
    assert output.count(b"Error from server") == output.count(b"***") == 3, "kubectl's own words, without the value that it echoed"
    absent(watched, PLAIN, watched.recorder.cluster)
    absent(watched, ODD, watched.recorder.cluster)


def test_a_generated_password_is_never_printed(repository: Callable[..., Repository], watched: Watched, key: RSAPrivateKey) -> None:
    """The generated value, read from the files."""
    from rediskit.model.ciphertext import sealing_label
    from rediskit.secrets.sealing import unseal

    project = repository("mode: sealed-secrets, certificate: home/sealing.crt")
    assert watched(project, "new", "--force") == 0
    text = project.content("redis")["spec"]["encryptedData"]["redis-password"]
    value = unseal([key], text, sealing_label("strict", "redis", "redis-credentials"))
    assert value is not None
    absent(watched, value.reveal().decode())
    project.write("mode: manual", ("shop",))
    assert watched(project, "apply") == 0
    absent(watched, b64decode(watched.recorder.values()["redis"]).decode(), watched.recorder.cluster)


def test_no_process_has_the_password_in_arguments_or_environment(sealed: Repository, watched: Watched) -> None:
    """The process is inspected while it waits for the rest of its input."""
    command = [sys.executable, "-m", "rediskit", "secret", "new", "--from-stdin"]
    with subprocess.Popen(command, cwd=sealed.folder, env=watched.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.write(PLAIN.encode())
        process.stdin.flush()
        about = Path(f"/proc/{process.pid}")
        seen = (about / "cmdline").read_bytes() + (about / "environ").read_bytes()
        process.stdin.close()
        assert process.stdout is not None
        seen += process.stdout.read()
        assert process.wait() == 0
    assert b"rediskit" in seen
    assert not [form for form in forms(PLAIN) if form in seen]
    assert not list(Path(watched.environment["TMPDIR"]).iterdir())
