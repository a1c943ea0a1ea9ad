"""No request of the gateway reaches anything but the checked address, and the token goes nowhere else."""

import itertools
import json
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from annotations.labelstudio.errors import (
    AddressNotAllowed,
    BadAnswer,
    LabelStudioError,
    Unauthorised,
    Unreachable,
)
from annotations.labelstudio.gateway import Gateway, connect
from annotations.labelstudio.wire import Limits
from builder.common.remote_addresses import AddressGuard, look_up
from tests.annotations.labelstudio.small_server import Asked, SmallServer, answer, small_server
from tests.builder.test_remote_addresses import MALFORMED

TOKEN = "0123456789abcdef0123456789abcdef01234567"
QUICK = Limits(connect=1, read=1, total=3, attempts=2, first_wait=0)
VERSION = {"release": "1.23.2"}


@pytest.fixture
def canary() -> Iterator[SmallServer]:
    """A listener that nothing may connect to."""
    with small_server(lambda asked: answer(200, VERSION)) as server:
        yield server
        assert server.connections == 0


def gateway(
    url: str,
    *hosts: str,
    private: bool = True,
    resolver: Callable[[str, int], Iterable[str]] = look_up,
    limits: Limits = QUICK,
    token: str = TOKEN,
) -> Gateway:
    """Return a gateway to a test's server."""
    allowed = AddressGuard(frozenset(hosts or ("127.0.0.1",)), private, resolver)
    return connect(url, token, guard=allowed, limits=limits, sleep=lambda seconds: None)


@pytest.mark.parametrize("url", [*MALFORMED, "http://127.0.0.1", "https://localhost", "http://[::1]"])
def test_refused_addresses_are_never_connected_to(url: str, canary: SmallServer) -> None:
    """Whatever port they name, the canary hears nothing; here only another host is allowed."""
    for variant in {url, url.replace("127.0.0.1", f"127.0.0.1:{canary.port}")}:
        with pytest.raises(LabelStudioError) as told, gateway(variant, "labels.example.org") as server:
            server.check()
        assert isinstance(told.value, AddressNotAllowed)
        assert told.value.permanent


def test_a_private_address_is_refused_before_a_connection(canary: SmallServer) -> None:
    """The name is allowed, but it leads inside."""
    url = f"https://labels.example.org:{canary.port}"
    with gateway(url, "labels.example.org", private=False, resolver=lambda *_: ["127.0.0.1"]) as server:
        with pytest.raises(AddressNotAllowed):
            server.version()
        assert server.requests == 1


def test_a_name_is_checked_at_every_connection(canary: SmallServer) -> None:
    """A name server that tells a good address first and a bad one then gains nothing: each answer is checked.

    Whoever checks one look-up and connects by another one falls for this.
    """
    numbers = itertools.chain([["8.8.8.8"]], itertools.repeat(["127.0.0.1"]))
    asked: list[str] = []

    def rebinding(host: str, port: int) -> Iterable[str]:
        asked.append(host)
        return next(numbers)

    url = f"https://labels.example.org:{canary.port}"
    with gateway(url, "labels.example.org", private=False, resolver=rebinding) as server:
        guard = AddressGuard(frozenset({"labels.example.org"}), False, rebinding)
        assert guard.resolve(guard.check(url)) == ["8.8.8.8"]
        with pytest.raises(AddressNotAllowed):
            server.version()
    assert asked == ["labels.example.org"] * 2


def test_the_connection_goes_to_the_checked_number_under_the_right_name() -> None:
    """The server hears the name it is known by, though the connection was made to a number."""
    with small_server(lambda asked: answer(200, VERSION)) as real:
        url = f"http://labels.example.org:{real.port}/tools/ls"
        with gateway(url, "labels.example.org", resolver=lambda *_: ["127.0.0.1"]) as server:
            assert server.version() == "1.23.2"
        assert real.asked[0].headers["host"] == f"labels.example.org:{real.port}"
        assert real.asked[0].path == "/tools/ls/api/version/"
        assert real.asked[0].headers["authorization"] == f"Token {TOKEN}"


def test_the_next_number_is_tried_when_one_is_dead() -> None:
    """A name with an address of either family, of which one isn't served."""
    with (
        small_server(lambda asked: answer(200, VERSION)) as real,
        gateway(
            f"http://labels.example.org:{real.port}",
            "labels.example.org",
            resolver=lambda *_: ["::1", "127.0.0.1"],
        ) as server,
    ):
        assert server.version() == "1.23.2"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("with_path", ["/", "/api/version/"])
def test_redirects_are_not_followed(status: int, with_path: str, canary: SmallServer) -> None:
    """The token would go along to whoever is named."""
    location = canary.url + with_path
    with (
        small_server(lambda asked: answer(status, {}, Location=location)) as real,
        gateway(real.url) as server,
    ):
        with pytest.raises(BadAnswer, match="sends on") as told:
            server.check()
        assert told.value.permanent
        with pytest.raises(BadAnswer):
            server.import_tasks(1, [{"text": "x"}])
        assert real.connections == 2


def test_a_personal_token_is_renewed_at_the_same_address_only(canary: SmallServer) -> None:
    """Below the path of the address, and a redirect isn't followed there either."""
    in_an_hour = datetime.now(UTC) + timedelta(hours=1)
    access = jwt.encode({"exp": in_an_hour, "token_type": "access"}, "k" * 32)
    refresh = jwt.encode({"exp": in_an_hour, "token_type": "refresh"}, "k" * 32)

    def renewing(asked: Asked) -> bytes:
        if asked.path.endswith("/api/token/refresh/"):
            assert json.loads(asked.body) == {"refresh": refresh}
            return answer(200, {"access": access})
        return answer(200, VERSION)

    with small_server(renewing) as real, gateway(real.url + "/tools", token=refresh) as server:
        server.version()
        server.version()
        assert [asked.path for asked in real.asked] == [
            "/tools/api/token/refresh/", "/tools/api/version/", "/tools/api/version/",
        ]  # fmt: skip
        assert real.asked[1].headers["authorization"] == f"Bearer {access}"
    left = [answer(502, "<html>"), answer(200, {"access": access}), answer(200, VERSION)]
    with small_server(lambda asked: left.pop(0)) as real, gateway(real.url, token=refresh) as server:
        assert server.version() == "1.23.2"
    redirecting = small_server(lambda asked: answer(302, {}, Location=canary.url))
    with redirecting as real, gateway(real.url, token=refresh) as server, pytest.raises(BadAnswer):
        server.version()


def test_an_expired_personal_token_is_told_before_anything_is_asked(canary: SmallServer) -> None:
    """It says itself when it ends."""
    yesterday = datetime.now(UTC) - timedelta(days=1)
    token = jwt.encode({"exp": yesterday, "token_type": "refresh"}, "k" * 32)
    with pytest.raises(Unauthorised, match="expired") as told:
        gateway(canary.url, token=token)
    assert told.value.expired
    assert token not in str(told.value)


@pytest.mark.parametrize(
    "token", ["", "short", "two words of it", "line\r\nX-Evil: 1", "토큰" * 10, "x" * 5000]
)
def test_what_can_be_no_token_is_not_sent(token: str, canary: SmallServer) -> None:
    """A line break would write a header of its own."""
    with pytest.raises(Unauthorised):
        gateway(canary.url, token=token)


def test_proxies_of_the_environment_are_not_used(
    canary: SmallServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy resolves names itself, so what was checked here would count for nothing."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, canary.url)
    with small_server(lambda asked: answer(200, VERSION)) as real, gateway(real.url) as server:
        assert server.version() == "1.23.2"


def test_no_connection_is_used_twice() -> None:
    """Bytes sent twice by something in between would be read as the next request's answer."""
    doubled = answer(200, VERSION, Connection="keep-alive") * 2
    with small_server(lambda asked: doubled) as real, gateway(real.url) as server:
        assert [server.version() for _ in range(3)] == ["1.23.2"] * 3
        assert real.connections == 3


def test_an_endless_answer_is_cut_off() -> None:
    """By size; nothing is repeated, since it would be as large again."""
    huge = answer(200, b"[" + b" " * 5_000_000)
    limits = Limits(connect=1, read=1, total=3, attempts=3, first_wait=0, largest_answer=1_000_000)
    with small_server(lambda asked: huge) as real, gateway(real.url, limits=limits) as server:
        with pytest.raises(BadAnswer):
            server.version()
        assert real.connections == 1


def dripping(asked: Asked) -> Iterator[bytes]:
    """Answer for as long as somebody listens."""
    yield b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
    while True:
        time.sleep(0.05)
        yield b" "


def test_a_dripping_answer_is_cut_off() -> None:
    """By time, though every single byte comes soon enough."""
    limits = Limits(connect=1, read=1, total=0.5, attempts=1)
    started = time.monotonic()
    with (
        small_server(dripping) as real,
        gateway(real.url, limits=limits) as server,
        pytest.raises(Unreachable, match="in time"),
    ):
        server.version()
    assert time.monotonic() - started < 3


def test_packed_answers_are_not_unpacked() -> None:
    """They weren't asked for, and a small one can hold gigabytes."""
    packed = answer(200, b"\x1f\x8b", Content_Encoding="gzip")
    with small_server(lambda asked: packed) as real, gateway(real.url) as server, pytest.raises(BadAnswer):
        server.version()


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ssl.SSLContext]:
    """Return what makes a server's side of TLS for a name, under an authority that this machine trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Example authority")])
    root = signed(name, name, key, key, x509.BasicConstraints(ca=True, path_length=0))
    (tmp_path / "root.pem").write_bytes(root.public_bytes(Encoding.PEM))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "root.pem"))

    def side_of(host: str) -> ssl.SSLContext:
        own = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        certificate = signed(subject, name, own, key, x509.SubjectAlternativeName([x509.DNSName(host)]))
        private = own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (tmp_path / "server.pem").write_bytes(certificate.public_bytes(Encoding.PEM) + private)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(tmp_path / "server.pem")
        return context

    return side_of


def signed(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    by: ec.EllipticCurvePrivateKey,
    extension: x509.ExtensionType,
) -> x509.Certificate:
    """Return a certificate that is good for an hour."""
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder(subject_name=subject, issuer_name=issuer, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(extension, critical=False)
        .sign(by, hashes.SHA256())
    )


def over_tls(server: SmallServer, host: str) -> Gateway:
    """Return a gateway that reaches the server under a name, whose number is this machine's."""
    return gateway(f"https://{host}:{server.port}", host, resolver=lambda *_: ["127.0.0.1"])


def test_the_certificate_is_that_of_the_name(authority: Callable[[str], ssl.SSLContext]) -> None:
    """Though the connection goes to a number: the server is told the name, and must prove it."""
    named: list[str | None] = []
    side = authority("labels.example.org")
    side.sni_callback = lambda _socket, name, _context: named.append(name)
    with small_server(lambda asked: answer(200, VERSION), side) as real:
        with over_tls(real, "labels.example.org") as server:
            assert server.version() == "1.23.2"
        assert named == ["labels.example.org"]
        with over_tls(real, "other.example.org") as server, pytest.raises(Unreachable, match="certificate"):
            server.import_tasks(1, [{"text": "x"}])
        assert len(real.asked) == 1


def test_a_certificate_of_nobody_is_refused(
    authority: Callable[[str], ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here its authority isn't installed; the token isn't sent."""
    side = authority("labels.example.org")
    monkeypatch.delenv("SSL_CERT_FILE")
    with (
        small_server(lambda asked: answer(200, VERSION), side) as real,
        over_tls(real, "labels.example.org") as server,
    ):
        with pytest.raises(Unreachable, match="isn't trusted") as told:
            server.import_tasks(1, [{"text": "x"}])
        assert not told.value.may_have_happened
        assert real.asked == []
