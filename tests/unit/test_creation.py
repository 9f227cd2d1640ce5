"""From the arguments of ``create`` to a checked target."""

from __future__ import annotations

import pytest

import xenon_py as xenon
from xenon_adaptors import descriptions
from xenon_py import exceptions as exc
from xenon_py.engine.creation import AdaptorDescription, make_target
from xenon_py.model.credentials import Credential
from xenon_py.model.location import Hop

PASSWORD = xenon.PasswordCredential(username="bob", password="S3CRET")
CERTIFICATE = xenon.CertificateCredential(certfile="/k", username="al")
KEYTAB = xenon.KeytabCredential(username="k", keytabfile="/t")
DEFAULT = xenon.DefaultCredential()
MAP = xenon.CredentialMap(entries={"h": PASSWORD}, default_credential=DEFAULT)
SSH_LOCATION = {"sftp": "h", "ssh": "h"}


def test_all_parts_arrive() -> None:
    target = make_target(
        descriptions.SFTP, "u@h:22/d via:g", MAP, {"sftp.agent": "true", "sftp.bufferSize": "1M"}
    )
    assert target.location.target == Hop("h", 22, "u")
    assert target.location.hops == (Hop("g"),)
    assert target.credential is MAP
    assert target.properties.boolean("sftp.agent")
    assert target.properties.integer("sftp.bufferSize") == 1 << 20
    assert target.properties.integer("sftp.connection.timeout") == 10_000


def test_defaults() -> None:
    target = make_target(descriptions.FILE)
    assert (target.location.path, target.credential, dict(target.properties)) == ("", DEFAULT, {})


ACCEPTED: list[tuple[AdaptorDescription, str, Credential]] = [
    (descriptions.FILE, "", DEFAULT),
    *((descriptions.SFTP, "h", c) for c in (DEFAULT, PASSWORD, CERTIFICATE, MAP)),
    *((descriptions.SLURM, "ssh://h", c) for c in (DEFAULT, PASSWORD, CERTIFICATE, MAP)),
    (descriptions.SLURM, "local://", DEFAULT),
    (descriptions.FTP, "h", PASSWORD),
    (descriptions.S3, "https://h/b", DEFAULT),
]
REFUSED: list[tuple[AdaptorDescription, str, Credential]] = [
    *((descriptions.FILE, "", c) for c in (PASSWORD, CERTIFICATE, MAP)),
    *((descriptions.FTP, "h", c) for c in (CERTIFICATE, MAP)),
    (descriptions.S3, "https://h/b", CERTIFICATE),
    *((descriptions.SLURM, "local://", c) for c in (PASSWORD, MAP)),
    *((d, "h", KEYTAB) for d in (descriptions.SFTP, descriptions.SSH, descriptions.FTP)),
    (descriptions.SFTP, "h", xenon.CredentialMap(entries={"h": KEYTAB})),
    (descriptions.SFTP, "h", xenon.CredentialMap(keytab_credential=KEYTAB)),
    (
        descriptions.SFTP,
        "h",
        xenon.CredentialMap(entries={"h": xenon.UserCredential(keytab_credential=KEYTAB)}),
    ),
]


@pytest.mark.parametrize(("description", "location", "credential"), ACCEPTED)
def test_accepted(description: AdaptorDescription, location: str, credential: Credential) -> None:
    assert make_target(description, location, credential).credential is credential


@pytest.mark.parametrize(("description", "location", "credential"), REFUSED)
def test_refused_credentials_are_told_what_is_accepted(
    description: AdaptorDescription, location: str, credential: Credential
) -> None:
    with pytest.raises(exc.InvalidCredentialException, match=r"accepted: .*DefaultCred") as caught:
        make_target(description, location, credential)
    assert caught.value.adaptor == description.name
    assert "S3CRET" not in str(caught.value)


@pytest.mark.parametrize("credential", ["bob:S3CRET", 7, xenon.UserCredential(), ("bob", "S3CRET")])
def test_what_is_no_credential(credential: object) -> None:
    with pytest.raises(exc.IllegalArgumentException) as caught:
        make_target(descriptions.SFTP, "h", credential)  # type: ignore[arg-type]
    assert "S3CRET" not in str(caught.value)


def test_faults_of_location_and_properties_name_the_adaptor() -> None:
    with pytest.raises(exc.InvalidLocationException) as location:
        make_target(descriptions.FTP, "h via:g")
    with pytest.raises(exc.UnknownPropertyException) as unknown:
        make_target(descriptions.FTP, "h", properties={"sftp.agent": "true"})
    with pytest.raises(exc.PropertyTypeException):
        make_target(descriptions.SFTP, "h", properties={"sftp.agent": "perhaps"})
    assert location.value.adaptor == unknown.value.adaptor == "ftp"


def test_components_get_their_own_properties() -> None:
    given = {"slurm.poll.delay": "10", "ssh.timeout": "5", "local.queue.pollingDelay": "200"}
    values = make_target(descriptions.SLURM, "ssh://h", properties=given).properties
    assert len(values) == 3
    ssh = values.subset(descriptions.SSH_PROPERTIES)
    assert [*ssh.values()] == ["5"]
    make_target(descriptions.SSH, "h", properties=ssh)
    make_target(descriptions.LOCAL, "", properties=values.subset(descriptions.LOCAL_PROPERTIES))
