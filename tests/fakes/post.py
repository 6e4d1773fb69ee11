"""A real SMTP server and an operator's SMS service, on loopback."""

from __future__ import annotations

import hashlib
import hmac
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD = "yinuo", "s3 cret!"
REFUSED = "nobody@example.com"


@dataclass
class Box:
    """What the server took, and how it behaves."""

    mails: list[EmailMessage] = field(default_factory=list)
    full: bool = False

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address == REFUSED:
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.full:
            return "452 insufficient storage"
        content = cast(bytes, envelope.content)
        self.mails.append(message_from_bytes(content, policy=policy.default))
        return "250 taken"


@dataclass(frozen=True)
class Postman:
    """A running mail server."""

    box: Box
    port: int
    context: ssl.SSLContext


@contextmanager
def mail_server(folder: Path, security: str, *, signs_in: bool = False) -> Iterator[Postman]:
    """An SMTP server that speaks ``tls``, ``starttls`` or ``none``, and wants a password or not."""
    box = Box()
    ours, theirs = contexts(folder)

    def known(
        server: Any, session: Any, envelope: Any, mechanism: str, told: LoginPassword
    ) -> AuthResult:
        right = (told.login.decode(), told.password.decode()) == (USER, PASSWORD)
        return AuthResult(success=right, handled=False)

    said: dict[str, Any] = {"hostname": "127.0.0.1", "port": 0}
    if signs_in:
        said |= {"authenticator": known, "auth_required": True}
        said |= {"auth_require_tls": security == "starttls"}
    if security == "tls":
        said |= {"ssl_context": theirs}
    if security == "starttls":
        said |= {"tls_context": theirs, "require_starttls": True}
    controller = _Controller(box, **said)
    controller.start()
    try:
        port = controller.server.sockets[0].getsockname()[1]
        yield Postman(box=box, port=port, context=ours)
    finally:
        controller.stop()


class _Controller(Controller):
    """On a port the system chooses, which the library would not ask after."""

    def _trigger_server(self) -> None:
        assert self.server is not None
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


def contexts(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A client that believes in a certificate of its own, and the server that has it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "cert.pem").write_bytes(pem)
    (folder / "key.pem").write_bytes(secret)
    ours = ssl.create_default_context(cadata=pem.decode())
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return ours, theirs


@dataclass
class SmsService:
    """What an operator's service was handed. It checks the signature as its documentation says."""

    secret: str
    url: str = ""
    status: int = 200
    taken: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, at: str, sign: str, body: bytes) -> int:
        made = hmac.new(self.secret.encode(), at.encode() + b"." + body, hashlib.sha256)
        if not hmac.compare_digest(sign, f"sha256={made.hexdigest()}"):
            return 403
        if self.status == 200:
            said = json.loads(body)
            if "to" not in said:
                return 422
            self.taken.append(said)
        return self.status


@contextmanager
def sms_service() -> Iterator[SmsService]:
    """The service, running."""
    service = SmsService(secret="s3cret")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            at = self.headers.get("X-Yinuo-Timestamp", "")
            sign = self.headers.get("X-Yinuo-Signature", "")
            self.send_response(service.answer(at, sign, body))
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Quiet: the tests look at what was taken."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    service.url = f"http://127.0.0.1:{server.server_port}/send"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
