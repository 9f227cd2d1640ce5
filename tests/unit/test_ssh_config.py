"""What the SSH configuration says, by the ssh program and without it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xenon_py.exceptions import NotConnectedException
from xenon_py.model.location import Hop
from xenon_py.model.properties import Properties
from xenon_py.plugin.ssh import config as config_module
from xenon_py.plugin.ssh.algorithms import Algorithms, permitted
from xenon_py.plugin.ssh.config import host_config, parse_jumps, parse_ssh_g
from xenon_py.plugin.ssh.settings import SshSettings, settings_from

CONFIG = """
Include {other}
Host box
    HostName 127.0.0.1
    Port 2022
    IdentityFile ~/.ssh/id_%h
    IdentitiesOnly yes
    ProxyJump joe@jump:33,[::1]:44
    UserKnownHostsFile /tmp/known_%p /tmp/more
    ServerAliveInterval 7
    ServerAliveCountMax 2
    StrictHostKeyChecking accept-new
    HostKeyAlias alias
Match host 127.0.0.1 user bob
    CertificateFile /tmp/bob-cert.pub
"""


@pytest.fixture(params=["ssh", "paramiko"])
def settings(request, tmp_path, monkeypatch):
    if request.param == "paramiko":
        monkeypatch.setattr(config_module.shutil, "which", lambda name: None)
    other = tmp_path / "other"
    other.write_text("Host box\n    User bob\n")
    file = tmp_path / "config"
    text = (
        CONFIG
        if request.param == "ssh"
        else CONFIG.replace("Include {other}", "Host box\n    User bob")
    )
    file.write_text(text.format(other=other))
    return SshSettings(config_file=str(file))


def test_everything_of_a_host(settings):
    found = host_config(Hop("box"), "", settings)
    assert (found.hostname, found.port, found.user) == ("127.0.0.1", 2022, "bob")
    assert found.identity_files == (f"{config_module.home()}/.ssh/id_127.0.0.1",)
    assert found.identities_only
    assert found.proxy_jump == (Hop("jump", 33, "joe"), Hop("::1", 44))
    assert found.user_known_hosts == ("/tmp/known_2022", "/tmp/more")
    assert (found.keepalive, found.keepalive_count) == (7.0, 2)
    assert not found.strict
    assert found.host_key_alias == "alias"
    assert found.certificate_files == ("/tmp/bob-cert.pub",)


def test_port_and_user_of_the_location_win(settings):
    found = host_config(Hop("box", 99), "eve", settings)
    assert (found.port, found.user) == (99, "eve")


def test_match_user_sees_the_user_of_the_credential(tmp_path):
    file = tmp_path / "config"
    file.write_text("Match user bob\n    CertificateFile /tmp/bob-cert.pub\n")
    settings = SshSettings(config_file=str(file))
    assert host_config(Hop("box"), "bob", settings).certificate_files == ("/tmp/bob-cert.pub",)
    assert host_config(Hop("box"), "eve", settings).certificate_files == ()


def test_without_configuration(settings):
    found = host_config(Hop("box"), "eve", SshSettings(load_ssh_config=False))
    assert (found.hostname, found.port, found.user) == ("box", 22, "eve")
    assert f"{config_module.home()}/.ssh/known_hosts" in found.user_known_hosts
    assert found.strict


def test_strictness_of_the_property_wins(settings):
    loose = SshSettings(config_file=settings.config_file, strict=True)
    assert host_config(Hop("box"), "", loose).strict


def test_a_faulty_configuration_is_told(tmp_path):
    file = tmp_path / "config"
    file.write_text("NoSuchOption yes\n")
    with pytest.raises(NotConnectedException, match="loadSshConfig=false") as caught:
        host_config(Hop("box"), "", SshSettings(config_file=str(file)))
    assert "nosuchoption" in caught.value.stderr.lower()


@given(st.text())
def test_any_output_of_ssh_g_is_taken(text):
    assert all(isinstance(values, list) for values in parse_ssh_g(text).values())


@pytest.mark.parametrize("text", ["-oProxyCommand=x", "a b", "@host", "host:x", "a,,b"])
def test_bad_jumps(text):
    with pytest.raises(NotConnectedException):
        parse_jumps(text)


def test_no_jumps():
    assert parse_jumps("none") == parse_jumps("") == ()


def test_undeclared_properties_have_their_documented_values():
    assert settings_from(Properties()) == SshSettings()


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ("", ["a1", "a2", "b1"]),
        ("a2,zz,b2", ["a2", "b2"]),
        ("+b2,zz,a1", ["a1", "a2", "b1", "b2"]),
        ("-a*", ["b1"]),
        ("-zz", ["a1", "a2", "b1"]),
        ("^b1,b2", ["b1", "b2", "a1", "a2"]),
    ],
)
def test_lists_of_algorithms(spec, found):
    known = ["a1", "a2", "b1", "b2"]
    assert permitted("ciphers", spec, known[:3], known) == found


@pytest.mark.parametrize("spec", ["zz", "-*"])
def test_lists_that_leave_nothing(spec):
    with pytest.raises(NotConnectedException, match="Ciphers of the SSH configuration"):
        permitted("ciphers", spec, ["a1"], ["a1", "a2"])


def test_lists_that_nobody_configured_are_left_to_the_library(settings):
    assert host_config(Hop("box"), "", settings).algorithms == Algorithms()
    with open(settings.config_file, "a") as file:
        file.write("\nMatch all\n    Ciphers aes256-ctr\n    RevokedHostKeys /tmp/revoked_%h\n")
    found = host_config(Hop("box"), "", settings)
    assert found.algorithms == Algorithms(ciphers="aes256-ctr")
    assert found.revoked_host_keys == ("/tmp/revoked_127.0.0.1",)
