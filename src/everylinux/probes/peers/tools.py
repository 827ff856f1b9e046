"""How OpenSSL's and GnuTLS's command lines are started, as a client and as a server."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from everylinux.probes.peers.chains import HOST
from everylinux.probes.peers.relay import LOOPBACK, PORT

VERSION_SECONDS = 10
PACKAGES = {"openssl": "openssl", "gnutls-cli": "gnutls-bin", "gnutls-serv": "gnutls-bin"}


@dataclass(frozen=True, slots=True)
class Wish:
    """What a conversation shall be; the same words for both tools."""

    version: str = ""  # "TLSv1.2", "TLSv1.3", "" for any
    cipher: str = ""  # OpenSSL's name of a suite; "" for any
    alpn: str = ""
    certificate: str = ""  # files of the tool's own; a server always has one
    key: str = ""
    authority: str = ""  # a file
    wants: bool = False  # a server that wants a certificate of its client
    resumes: bool = False  # a client that comes a second time
    renegotiates: bool = False
    named: bool = False  # a server that serves nobody who does not name it


# OpenSSL's names of suites as GnuTLS's priority strings have them.
CIPHERS = {
    "TLS_AES_128_GCM_SHA256": "AES-128-GCM",
    "TLS_AES_256_GCM_SHA384": "AES-256-GCM",
    "TLS_CHACHA20_POLY1305_SHA256": "CHACHA20-POLY1305",
    "ECDHE-ECDSA-AES128-GCM-SHA256": "AES-128-GCM",
    "ECDHE-ECDSA-AES256-GCM-SHA384": "AES-256-GCM",
    "ECDHE-ECDSA-CHACHA20-POLY1305": "CHACHA20-POLY1305",
}


def lacking(tool: str) -> str:
    """What the host lacks for a tool: a program and the package that has it; "" if nothing."""
    needed = {"openssl": ("openssl",), "gnutls": ("gnutls-cli", "gnutls-serv")}[tool]
    missing = [program for program in needed if not shutil.which(program)]
    return f"{missing[0]} on the host: apt-get install {PACKAGES[missing[0]]}" if missing else ""


@cache
def version(tool: str) -> str:
    """The first line that a tool says of itself; "" if it cannot be asked."""
    words = {"openssl": ["openssl", "version"], "gnutls": ["gnutls-cli", "--version"]}[tool]
    try:
        done = subprocess.run(words, capture_output=True, timeout=VERSION_SECONDS, check=False)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode("utf-8", "replace").partition("\n")[0].strip()


def client(tool: str, wish: Wish, folder: Path) -> tuple[tuple[str, ...], ...]:
    """The arguments of each start of a client; files are written below `folder` by their users."""
    return _openssl_client(wish, folder) if tool == "openssl" else (_gnutls_client(wish),)


def server(tool: str, wish: Wish) -> tuple[str, ...]:
    """The arguments of a server that sends lines back: OpenSSL's reversed, GnuTLS's as they are."""
    return _openssl_server(wish) if tool == "openssl" else _gnutls_server(wish)


def _openssl_common(wish: Wish) -> tuple[str, ...]:
    words = {"TLSv1.2": ("-tls1_2",), "TLSv1.3": ("-tls1_3",), "": ()}[wish.version]
    if wish.cipher:
        words += ("-ciphersuites" if wish.cipher.startswith("TLS_") else "-cipher", wish.cipher)
    if wish.alpn:
        words += ("-alpn", wish.alpn)
    if wish.certificate:
        words += ("-cert", wish.certificate, "-key", wish.key)
    return words


def _openssl_client(wish: Wish, folder: Path) -> tuple[tuple[str, ...], ...]:
    words: tuple[str, ...] = (
        "openssl",
        "s_client",
        "-connect",
        f"{LOOPBACK}:{PORT}",
        "-servername",
        HOST,
    )
    words += ("-CAfile", wish.authority, "-verify_return_error", "-verify_hostname", HOST)
    words += (*_openssl_common(wish), *(() if wish.renegotiates else ("-nocommands",)))
    if not wish.resumes:
        return (words,)
    kept = str(folder / "session.pem")
    return (*words, "-sess_out", kept), (*words, "-sess_in", kept)


def _openssl_server(wish: Wish) -> tuple[str, ...]:
    words: tuple[str, ...] = (
        "openssl",
        "s_server",
        "-accept",
        f"{LOOPBACK}:{PORT}",
        "-rev",
        *_openssl_common(wish),
    )
    if wish.wants:
        words += ("-CAfile", wish.authority, "-Verify", "1", "-verify_return_error")
    if wish.named:
        words += ("-servername", HOST, "-servername_fatal", "-cert2", wish.certificate)
        words += ("-key2", wish.key)
    return words


def _gnutls_common(wish: Wish) -> tuple[str, ...]:
    priority = "NORMAL"
    if wish.version:
        priority += f":-VERS-ALL:+VERS-{wish.version.replace('TLSv', 'TLS')}"
    if wish.cipher:
        priority += f":-CIPHER-ALL:+{CIPHERS[wish.cipher]}"
    words: tuple[str, ...] = ("--priority", priority)
    if wish.alpn:
        words += ("--alpn", wish.alpn)
    if wish.certificate:
        words += ("--x509certfile", wish.certificate, "--x509keyfile", wish.key)
    if wish.authority:
        words += ("--x509cafile", wish.authority)
    return words


def _gnutls_client(wish: Wish) -> tuple[str, ...]:
    words: tuple[str, ...] = (
        "gnutls-cli",
        "--port",
        PORT,
        "--sni-hostname",
        HOST,
        "--verify-hostname",
        HOST,
    )
    words += (*_gnutls_common(wish), *(("--resume", "--waitresumption") if wish.resumes else ()))
    return (*words, *(("--rehandshake",) if wish.renegotiates else ()), LOOPBACK)


def _gnutls_server(wish: Wish) -> tuple[str, ...]:
    words = ("gnutls-serv", "--port", PORT, "--echo", "--crlf", *_gnutls_common(wish))
    if wish.wants:
        words += ("--require-client-cert", "--verify-client-cert")
    else:
        words += ("--disable-client-cert",)
    if wish.named:
        words += ("--sni-hostname", HOST, "--sni-hostname-fatal")
    return words


def told(tool: str, said: str) -> Mapping[str, object]:
    """What a tool said: whether it verified, resumed, was refused, and which protocol it has."""
    marks = {
        "openssl": ("Verify return code: 0 (ok)", "Reused, TLS", "ALPN protocol: "),
        "gnutls": ("- Status: The certificate is trusted", "This is a resumed", "protocol: "),
    }[tool]
    verified, resumed, protocol = marks
    lines = [line.strip() for line in said.splitlines()]
    alpn = [line.partition(protocol)[2] for line in lines if line.rfind(protocol) >= 0]
    return {
        "verified": verified in said,
        "resumed": resumed in said,
        "alpn": alpn[-1] if alpn else "",
        "after": "after the end" in lines,
        "no_renegotiation": "no renegotiation" in said.lower(),
        "last": lines[-1][:200] if lines else "",
    }
