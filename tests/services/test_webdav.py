"""The WebDAV servers of the tests: each kind of authentication, https, one file there and back."""

import pytest
import requests
from requests.auth import AuthBase, HTTPBasicAuth, HTTPDigestAuth

from services.records import DavServer


@pytest.fixture(params=["apache", "nginx", "lighttpd"])
def server(request: pytest.FixtureRequest) -> DavServer:
    made = request.getfixturevalue(request.param)
    assert isinstance(made, DavServer)
    return made


def write_list_delete(base: str, auth: AuthBase | None, trust: str | None = None) -> None:
    with requests.Session() as session:
        session.trust_env = False  # REQUESTS_CA_BUNDLE would outdo `verify`
        session.auth = auth
        session.verify = trust or True
        url = f"{base}/some-file"
        # Asked for first, so that the body is not sent without authentication.
        listing = session.request("PROPFIND", f"{base}/", headers={"Depth": "1"}, timeout=10)
        assert (listing.status_code, b"some-file" in listing.content) == (207, False)
        assert session.put(url, data=b"x" * 100_000, timeout=10).status_code == 201
        assert session.get(url, timeout=10).content == b"x" * 100_000
        listing = session.request("PROPFIND", f"{base}/", headers={"Depth": "1"}, timeout=10)
        assert b"some-file" in listing.content
        assert session.delete(url, timeout=10).status_code == 204


def test_basic(server: DavServer) -> None:
    base = f"http://{server.host}:{server.port}{server.basic}"
    assert requests.get(f"{base}/", timeout=10).status_code == 401
    write_list_delete(base, HTTPBasicAuth(server.user, server.password))


def test_digest(apache: DavServer) -> None:
    base = f"http://{apache.host}:{apache.port}{apache.digest}"
    auth = HTTPDigestAuth(apache.user, apache.password)
    write_list_delete(base, auth)
    assert requests.get(f"{base}/", auth=auth, timeout=10).status_code == 403  # no Indexes


def test_public_and_https(apache: DavServer) -> None:
    base = f"https://{apache.host}:{apache.tls_port}{apache.public}"
    write_list_delete(base, None, str(apache.certificate))
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(base, timeout=10)
