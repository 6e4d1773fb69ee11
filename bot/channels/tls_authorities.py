"""Whom the channels believe on the wire: the certificate authorities, read once a process."""

from __future__ import annotations

import ssl
from functools import cache

import httpx


@cache
def authorities() -> ssl.SSLContext:
    """httpx's own choice (``SSL_CERT_FILE`` counts as it is at the first call), for every client.

    Reading them takes a tenth of a second, and whoever asks first on the event loop holds it up.
    """
    return httpx.create_ssl_context()
