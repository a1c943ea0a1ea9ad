"""Which addresses this server connects to: what the operator allowed, in the one spelling everybody reads alike."""

from ipaddress import IPv4Address

import pytest
from django.test import override_settings

from builder.common.remote_addresses import AddressGuard, AddressRefused, guard_from_settings

# Every way to write an address that must not be connected to, whoever is allowed.
MALFORMED = (
    "", "labels.example.org", "//labels.example.org", "ftp://labels.example.org", "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_INFO", "javascript:alert(1)", "https://", "https:///path", "http://",
    "https://user@labels.example.org", "https://user:word@labels.example.org", "https://labels.example.org@127.0.0.1",
    "https://127.0.0.1#@labels.example.org", "https://127.0.0.1?@labels.example.org",
    "https://labels.example.org\\@127.0.0.1", "https://labels.example.org%2f@127.0.0.1",
    "https://labels.example.org%00.evil.example", "https://labels.example.org\n.evil.example",
    "https://labels.example.org .evil.example", "\thttps://labels.example.org", "https://labels.example.org:0",
    "https://labels.example.org:99999", "https://labels.example.org:", "https://labels.example.org:8o80",
    "https://labels.example.org./", "https://-labels.example.org", "https://labels..example.org",
    "https://lábels.example.org", "https://127。0。0。1", "https://①②⑦.0.0.1", "https://[::1", "https://[::1%25lo]",
    "https://[not-a-number]", "https://labels.example.org/../admin", "https://labels.example.org/a//b",
    "https://labels.example.org/?next=http://127.0.0.1", "https://labels.example.org/#x",
    "https://labels.example.org/%2e%2e/", "https://" + "a" * 300 + ".example.org",
    "http://2130706433", "http://0x7f000001", "http://0x7f.1", "http://0177.0.0.1", "http://127.1", "http://127.0.1",
    "http://017700000001", "http://127.0.0.0x1", "http://127.0.0.256", "http://1.2.3.4.5",
)  # fmt: skip

# Numeric addresses that are never connected to, even where private ones are allowed.
NEVER = (
    str(IPv4Address(0)), "0.1.2.3", "169.254.169.254", "169.254.0.1", "168.63.129.16", "100.100.100.200", "192.0.0.192",
    "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "::", "fe80::1", "ff02::1", "fd00:ec2::254",
    "::ffff:169.254.169.254", "::ffff:0.0.0.0", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::", "::169.254.169.254",
    "2001:0:a9fe:a9fe::1", "fe80::1%lo", "not-a-number", "",
)  # fmt: skip

PRIVATE = (
    "127.0.0.1", "127.255.255.254", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1",
    "198.18.0.1", "192.0.2.1", "::1", "fc00::1", "fd12:3456::1", "fec0::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
    "64:ff9b::7f00:1", "2002:7f00:1::", "2002:c0a8:101::", "::127.0.0.1", "2001:db8::1",
)  # fmt: skip

PUBLIC = (
    "8.8.8.8",
    "1.1.1.1",
    "2606:4700::1111",
    "::ffff:8.8.8.8",
    "172.15.255.255",
    "172.32.0.1",
    "11.0.0.1",
)


def guard(*hosts: str, private: bool = False, leads_to: tuple[str, ...] = ()) -> AddressGuard:
    """Return a guard whose resolver answers with the given numbers."""
    return AddressGuard(frozenset(hosts), private, lambda host, port: leads_to)


@pytest.mark.parametrize("url", MALFORMED)
def test_what_can_be_read_in_two_ways_is_refused(url: str) -> None:
    """Even where every host it might mean is allowed, private addresses are, and it would resolve."""
    lenient = guard(
        "labels.example.org", "127.0.0.1", "::1", "evil.example", "a" * 300 + ".example.org", private=True
    )
    with pytest.raises(AddressRefused) as told:
        lenient.check(url)
    assert "https://labels.example.org" in told.value.message


def test_the_list_is_long_enough() -> None:
    """At least forty spellings are tried."""
    assert len(set(MALFORMED)) >= 40


@pytest.mark.parametrize(
    ("url", "base", "port"),
    [
        ("https://labels.example.org", "https://labels.example.org", 443),
        ("https://labels.example.org/", "https://labels.example.org", 443),
        ("https://LABELS.example.org:8443/", "https://labels.example.org:8443", 8443),
        (
            "HTTPS://labels.example.org/tools/label-studio/",
            "https://labels.example.org/tools/label-studio",
            443,
        ),
        ("http://10.1.2.3:8080", "http://10.1.2.3:8080", 8080),
        ("http://[::1]:8080/", "http://[::1]:8080", 8080),
        ("http://[0:0:0:0:0:0:0:1]:8080/", "http://[::1]:8080", 8080),
        ("http://labels", "http://labels", 80),
    ],
)
def test_a_plain_address_is_read(url: str, base: str, port: int) -> None:
    """Without its last slash, in lower case, with whatever port and path."""
    allowed = guard("labels.example.org", "10.1.2.3", "::1", "labels", private=True)
    address = allowed.check(url)
    assert (address.url, address.port) == (base, port)


def test_only_hosts_the_operator_named() -> None:
    """Neither a part of a name nor a longer one; a port can be named too."""
    allowed = guard("labels.example.org", "other.example.org:8443", "[fd00::1]:8080", private=True)
    assert allowed.check("https://other.example.org:8443").port == 8443
    assert allowed.check("https://[fd00::1]:8080").host == "fd00::1"
    for url in (
        "https://example.org",
        "https://x.labels.example.org",
        "https://labels.example.org.evil.example",
        "https://xlabels.example.org",
        "https://other.example.org",
        "https://other.example.org:8444",
        "https://[fd00::1]:8081",
    ):
        with pytest.raises(AddressRefused) as told:
            allowed.check(url)
        assert "LABEL_STUDIO_ALLOWED_HOSTS" in told.value.message


def test_without_settings_nothing_is_allowed() -> None:
    """Whoever installs it decides."""
    with (
        override_settings(LABEL_STUDIO_ALLOWED_HOSTS=[], LABEL_STUDIO_ALLOW_PRIVATE_ADDRESSES=False),
        pytest.raises(AddressRefused),
    ):
        guard_from_settings().check("https://labels.example.org")
    with override_settings(
        LABEL_STUDIO_ALLOWED_HOSTS=[" Labels.Example.org "], LABEL_STUDIO_ALLOW_PRIVATE_ADDRESSES=False
    ):
        assert guard_from_settings().check("https://labels.example.org").host == "labels.example.org"


def test_plain_http_needs_private_addresses_allowed() -> None:
    """The token would be read by everybody on the way."""
    with pytest.raises(AddressRefused, match="https"):
        guard("labels.example.org").check("http://labels.example.org")


@pytest.mark.parametrize("number", NEVER)
def test_some_addresses_are_never_connected_to(number: str) -> None:
    """A name may lead to them by mistake or by malice."""
    lenient = guard("labels.example.org", private=True, leads_to=(number,))
    with pytest.raises(AddressRefused, match="never"):
        lenient.resolve(lenient.check("https://labels.example.org"))


@pytest.mark.parametrize("number", PRIVATE)
def test_private_addresses_only_where_the_operator_allows_them(number: str) -> None:
    """In whatever form they come."""
    strict = guard("labels.example.org", leads_to=(number,))
    with pytest.raises(AddressRefused, match="LABEL_STUDIO_ALLOW_PRIVATE_ADDRESSES"):
        strict.resolve(strict.check("https://labels.example.org"))
    lenient = guard("labels.example.org", private=True, leads_to=(number,))
    for scheme in ("https", "http"):
        assert lenient.resolve(lenient.check(f"{scheme}://labels.example.org")) == [number]


@pytest.mark.parametrize("number", PUBLIC)
def test_public_addresses_need_https(number: str) -> None:
    """Also where private ones are allowed."""
    for private in (False, True):
        allowed = guard("labels.example.org", private=private, leads_to=(number,))
        assert allowed.resolve(allowed.check("https://labels.example.org")) == [number]
    with pytest.raises(AddressRefused, match="https"):
        allowed.resolve(allowed.check("http://labels.example.org"))


def test_one_forbidden_address_among_good_ones_is_enough() -> None:
    """A name with both is an attack or a mistake."""
    mixed = guard("labels.example.org", leads_to=("8.8.8.8", "127.0.0.1"))
    with pytest.raises(AddressRefused):
        mixed.resolve(mixed.check("https://labels.example.org"))


def test_a_name_that_leads_nowhere_is_no_refusal() -> None:
    """It is a name server that doesn't know it, today."""
    nowhere = guard("labels.example.org")
    with pytest.raises(OSError, match="labels"):
        nowhere.resolve(nowhere.check("https://labels.example.org"))
