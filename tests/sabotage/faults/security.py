"""TLS, trust and randomness, weakened as carelessness or malice would."""

from __future__ import annotations

from pathlib import Path

from everylinux.sabotage.registry import fault
from tests.sabotage.faults.means import append, lib, name_in, patch, replace
from tests.sabotage.tree import extension

TABLE = "spec: Cryptographic Support"
REFUSED = ("TLS-011", "TLS-012", "TLS-014", "TLS-015")
"""Claims that a certificate nobody should trust is refused."""


@fault(*REFUSED, "TLS-029", of="malice", kind="behaviour", allows=("TLS-*",))
def certificates_not_verified(tree: Path) -> None:
    """The default context verifies no certificate."""
    old = "context.verify_mode = CERT_REQUIRED\n        context.check_hostname = True"
    new = "context.check_hostname = False\n        context.verify_mode = CERT_NONE"
    replace(tree, "ssl.py", old, new)


@fault("TLS-013", "TLS-029", "TLS-040", of="malice", kind="behaviour")
def names_not_verified(tree: Path) -> None:
    """A certificate of any name will do."""
    replace(tree, "ssl.py", "context.check_hostname = True", "context.check_hostname = False")


@fault("TLS-011", "TLS-012", of="malice", kind="behaviour")
def dates_not_verified(tree: Path) -> None:
    """Certificates do not expire: X509_V_FLAG_NO_CHECK_TIME is set."""
    old = "    context.verify_flags |= (_ssl.VERIFY_X509_PARTIAL_CHAIN |"
    replace(tree, "ssl.py", old, f"    context.verify_flags |= 0x200000\n{old}")


@fault("TLS-018", "TLS-020", of="malice", kind="behaviour")
def clients_not_verified(tree: Path) -> None:
    """A server that wants a certificate takes any client."""
    append(tree, "ssl.py", CARELESS)


CARELESS = """
_wrap = SSLContext.wrap_socket
def _careless(self, sock, server_side=False, **kwargs):
    if server_side:
        self.verify_mode = CERT_NONE
    return _wrap(self, sock, server_side, **kwargs)
SSLContext.wrap_socket = _careless
"""


@fault("TLS-016", "TLS-029", of=TABLE, kind="behaviour", allows=("TLS-017",))
def old_protocols_by_default(tree: Path) -> None:
    """The default context speaks TLS 1.0 and 1.1 at no security level."""
    code = "    context.set_ciphers('DEFAULT:@SECLEVEL=0')\n"
    code += "    context.minimum_version = TLSVersion.TLSv1\n"
    old = "    context.verify_flags |= (_ssl.VERIFY_X509_PARTIAL_CHAIN |"
    replace(tree, "ssl.py", old, code + old)


@fault("TLS-004", "TLS-005", "TLS-006", of=TABLE, kind="behaviour", allows=("TLS-008", "TLS-016"))
def no_tls13(tree: Path) -> None:
    """The default context ends at TLS 1.2."""
    old = "    context.verify_flags |= (_ssl.VERIFY_X509_PARTIAL_CHAIN |"
    new = "    context.maximum_version = TLSVersion.TLSv1_2\n"
    replace(tree, "ssl.py", old, new + old)


@fault("TLS-024", of=TABLE, kind="behaviour")
def tls13_not_compiled_in(tree: Path) -> None:
    """The module says that TLS 1.3 was left out."""
    append(tree, "ssl.py", "HAS_TLSv1_3 = False")


@fault("TLS-001", of=TABLE, kind="behaviour", allows=("TLS-*",))
def no_tls12(tree: Path) -> None:
    """The default context begins at TLS 1.3: half of the web is out of reach."""
    old = "    context.verify_flags |= (_ssl.VERIFY_X509_PARTIAL_CHAIN |"
    new = "    context.minimum_version = TLSVersion.TLSv1_3\n"
    replace(tree, "ssl.py", old, new + old)


@fault("TLS-009", "TLS-010", of=TABLE, kind="behaviour", allows=("TLS-*",))
def no_old_protocol_on_request(tree: Path) -> None:
    """TLS 1.0 and 1.1 cannot be had, not even on request."""
    old = "    context.verify_flags |= (_ssl.VERIFY_X509_PARTIAL_CHAIN |"
    new = "    context.options |= _ssl.OP_NO_TLSv1 | _ssl.OP_NO_TLSv1_1\n"
    replace(tree, "ssl.py", old, new + old)


@fault("TLS-025", of="RFC 7568", kind="behaviour")
def ssl3_compiled_in(tree: Path) -> None:
    """SSL 3 was compiled in."""
    append(tree, "ssl.py", "HAS_SSLv3 = True")


@fault("TLS-026", of=TABLE, kind="behaviour", allows=("TLS-00*",))
def no_aes128(tree: Path) -> None:
    """The default ciphers of TLS 1.2 are ChaCha20 alone."""
    old, new = b"ECDH+AESGCM:ECDH+CHACHA20:ECDH+AES:DHE+AES:", b"ECDH+CHACHA20:"
    patch(extension(tree, "_ssl"), old, new.ljust(len(old), b":"))


@fault("TLS-027", of=TABLE, kind="behaviour", allows=("TLS-*",))
def null_ciphers_by_default(tree: Path) -> None:
    """The default ciphers have some that do not encrypt."""
    old = (
        b"@SECLEVEL=2:ECDH+AESGCM:ECDH+CHACHA20:ECDH+AES:DHE+AES:!aNULL:!eNULL:!aDSS:!SHA1:!AESCCM"
    )
    new = b"ALL:COMPLEMENTOFALL:eNULL:aNULL:@SECLEVEL=0"
    patch(extension(tree, "_ssl"), old, new.ljust(len(old), b":"))


@fault("TLS-021", "TLS-032", of="RFC 7301", kind="behaviour")
def no_alpn(tree: Path) -> None:
    """Application protocols are not agreed on."""
    code = "HAS_ALPN = False\nSSLContext.set_alpn_protocols = lambda self, names: None"
    append(tree, "ssl.py", code)


@fault("TLS-022", of="RFC 8446, 6.1", kind="behaviour", allows=("TLS-*",))
def truncation_not_noticed(tree: Path) -> None:
    """A connection that was cut off looks as one that ended."""
    append(tree, "ssl.py", RAGGED)


RAGGED = """
_recv = SSLSocket.recv
def _quiet(self, *arguments):
    try:
        return _recv(self, *arguments)
    except SSLError:
        return b""
SSLSocket.recv = _quiet
"""


@fault("TLS-023", of="spec: Dependency Matrix (OpenSSL); museum 72", kind="behaviour")
def another_openssl(tree: Path) -> None:
    """OpenSSL is another release than the lock names."""
    path = lib(tree, "libcrypto")
    content = path.read_bytes()
    start = content.index(b"\0OpenSSL 3.") + 1 if b"\0OpenSSL 3." in content else 0
    old = content[start : content.index(b"\0", start)]
    patch(path, old, old.replace(b"OpenSSL 3.", b"OpenSSL 2."))


@fault("TLS-028", of=TABLE, kind="behaviour")
def no_sha512(tree: Path) -> None:
    """SHA-512 is not offered."""
    append(tree, "hashlib.py", "algorithms_available = algorithms_available - {'sha512'}")


@fault("TLS-031", of="malice", kind="behaviour")
def constant_random_bytes(tree: Path) -> None:
    """The random bytes of OpenSSL are always the same."""
    append(tree, "ssl.py", "def RAND_bytes(count):\n    return b'4' * count")


@fault("ANS-030", of="malice", kind="behaviour")
def constant_tokens(tree: Path) -> None:
    """Tokens are always the same."""
    append(tree, "secrets.py", "def token_bytes(count=32):\n    return b'4' * count")


@fault("TLS-036", of="museum 2", kind="behaviour")
def named_file_ignored(tree: Path) -> None:
    """SSL_CERT_FILE does nothing."""
    name_in(lib(tree, "libcrypto"), "SSL_CERT_FILE", "SSL_CERT_FIL_")


@fault("TLS-037", of="museum 2", kind="behaviour")
def named_folder_ignored(tree: Path) -> None:
    """SSL_CERT_DIR does nothing."""
    name_in(lib(tree, "libcrypto"), "SSL_CERT_DIR", "SSL_CERT_DI_")


@fault("TLS-038", "TLS-014", of="malice", kind="behaviour", allows=("TLS-*",))
def strangers_trusted(tree: Path) -> None:
    """A server of an authority that nobody knows is trusted: error 20 and 19 are overlooked."""
    append(tree, "ssl.py", STRANGER)


STRANGER = """
_shake = SSLSocket.do_handshake
def _trusting(self, block=False):
    try:
        return _shake(self, block)
    except SSLCertVerificationError as error:
        if error.verify_code not in {19, 20}:
            raise
SSLSocket.do_handshake = _trusting
"""


@fault("TLS-039", of="spec: File Layout Reference", kind="behaviour", allows=("LAY-20*",))
def default_place_of_the_build(tree: Path) -> None:
    """The default place of certificates is where the tree was built."""
    append(tree, "ssl.py", PLACES)


PLACES = """
def get_default_verify_paths():
    return DefaultVerifyPaths(None, None, 'SSL_CERT_FILE', '/install/ssl/cert.pem',
                              'SSL_CERT_DIR', '/install/ssl/certs')
"""


@fault("BLD-072", of="spec: Security Features (Fortify)", kind="behaviour")
def checks_taken_out(tree: Path) -> None:
    """The select module is marked as fortified, and no check of it ends a program (ud2)."""
    patch(extension(tree, "select"), b"\x0f\x0b", b"\x90\x90")
