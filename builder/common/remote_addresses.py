"""Which addresses of other systems this server may connect to (protection against server-side request forgery).

A department lead enters an address; the operator says which hosts are meant and whether they may lie inside the
organisation. Every connection goes to an address that was checked here, so neither a name that resolves to something
else the second time nor another spelling of 127.0.0.1 leads anywhere.
"""

import re
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from builder.common.errors import BadInput

NumericAddress = IPv4Address | IPv6Address
Resolver = Callable[[str, int], Iterable[str]]

LONGEST_URL = 300
_HOST_NAME = re.compile(r"(?=.{1,253}\Z)(?:(?!-)[a-z0-9-]{1,63}(?<!-)\.)*(?!-)[a-z0-9-]{1,63}(?<!-)")
# A last label of digits or 0x… is a number to the C library: 2130706433, 0x7f.1 and 127.1 are all 127.0.0.1.
_NUMBER = re.compile(r"(?:.*\.)?(?:\d+|0x[0-9a-f]*)\Z")
_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)*/?")
_DEFAULT_PORTS = {"http": 80, "https": 443}

# Cloud machines tell their own credentials at these; some of them look public or like the organisation's own.
_METADATA = tuple(
    ip_address(each)
    for each in ("169.254.169.254", "168.63.129.16", "100.100.100.200", "192.0.0.192", "fd00:ec2::254")
)
_NEVER = (
    IPv4Network("0.0.0.0/8"),
    IPv4Network("169.254.0.0/16"),
    IPv4Network("224.0.0.0/4"),
    IPv4Network("240.0.0.0/4"),
    IPv6Network("::/128"),
    IPv6Network("fe80::/10"),
    IPv6Network("ff00::/8"),
)
_CARRIES_IPV4 = (
    (IPv6Network("64:ff9b::/96"), 0),  # NAT64
    (IPv6Network("64:ff9b:1::/48"), 0),
    (IPv6Network("::/96"), 0),  # the deprecated compatible form
    (IPv6Network("2002::/16"), 80),  # 6to4
)


class AddressRefused(BadInput):
    """This installation doesn't connect to the address; the message says why and who may change it."""

    code = "address_refused"


@dataclass(frozen=True, slots=True)
class RemoteAddress:
    """A checked address: `url` has no slash at its end, `host` no brackets."""

    url: str
    scheme: str
    host: str
    port: int


def look_up(host: str, port: int) -> list[str]:
    """Return the numeric addresses of a host, as the system resolves them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


@dataclass(frozen=True, slots=True)
class AddressGuard:
    """`allowed_hosts` holds `host` or `host:port`; `allow_private` lets those lie inside the organisation."""

    allowed_hosts: frozenset[str]
    allow_private: bool = False
    resolver: Resolver = field(default=look_up)

    def check(self, url: str) -> RemoteAddress:
        """Return the parts of an allowed address, asking no other system. Raises AddressRefused."""
        address = _parsed(url)
        shown = _in_brackets(address.host)
        if not {address.host, shown, f"{shown}:{address.port}"} & self.allowed_hosts:
            raise AddressRefused(
                _(
                    "The host %(host)s isn't among those this installation may connect to. Ask its administrator to "
                    "add it to LABEL_STUDIO_ALLOWED_HOSTS."
                )
                % {"host": address.host}
            )
        if address.scheme == "http" and not self.allow_private:
            raise AddressRefused(
                _("The address must begin with https://, so that the access token isn't sent in the open.")
            )
        return address

    def resolve(self, address: RemoteAddress) -> list[str]:
        """Return the numeric addresses to connect to. Raises AddressRefused if only one of them isn't allowed.

        A name with one allowed and one forbidden address is an attack or a mistake, and neither is worth a try.
        OSError comes through where the name isn't known.
        """
        found = list(self.resolver(address.host, address.port))
        if not found:
            raise OSError(f"no address for {address.host}")
        for each in found:
            self._check_number(each, address)
        return found

    def _check_number(self, number: str, address: RemoteAddress) -> None:
        try:
            every = _every_meaning(ip_address(number))
        except ValueError:
            raise AddressRefused(_never()) from None
        if any(each in _METADATA or any(each in net for net in _nets(each)) for each in every):
            raise AddressRefused(_never())
        private = any(not each.is_global or getattr(each, "is_site_local", False) for each in every)
        if private and not self.allow_private:
            raise AddressRefused(
                _(
                    "The host lies inside the organisation. Its administrator can allow that with "
                    "LABEL_STUDIO_ALLOW_PRIVATE_ADDRESSES."
                )
            )
        if address.scheme == "http" and not private:
            raise AddressRefused(
                _(
                    "Outside the organisation the address must begin with https://: the access token goes along."
                )
            )


def guard_from_settings() -> AddressGuard:
    """Return the guard the operator configured."""
    return AddressGuard(
        allowed_hosts=frozenset(host.strip().lower() for host in settings.LABEL_STUDIO_ALLOWED_HOSTS),
        allow_private=settings.LABEL_STUDIO_ALLOW_PRIVATE_ADDRESSES,
    )


def _parsed(url: str) -> RemoteAddress:
    """Return the parts of an address that can be read in one way only."""
    # Parsers disagree about everything else (spaces, backslashes, other scripts' digits), so it is refused unread.
    if len(url) > LONGEST_URL or not re.fullmatch(r"[!-~]+", url) or re.search(r"[\\@%?#]", url):
        raise AddressRefused(_malformed())
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise AddressRefused(_malformed()) from None
    if parts.scheme not in _DEFAULT_PORTS or port == 0 or parts.netloc.endswith(":"):
        raise AddressRefused(_malformed())
    path = parts.path
    if not _PATH.fullmatch(path) or {".", ".."} & set(path.split("/")):
        raise AddressRefused(_malformed())
    if "[" in parts.netloc or _NUMBER.fullmatch(host):
        host = _numeric_host(host)
    elif not _HOST_NAME.fullmatch(host):
        raise AddressRefused(_malformed())
    base = f"{parts.scheme}://{_in_brackets(host)}{f':{port}' if port else ''}{path.rstrip('/')}"
    return RemoteAddress(base, parts.scheme, host, port or _DEFAULT_PORTS[parts.scheme])


def _in_brackets(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _numeric_host(host: str) -> str:
    try:
        return str(ip_address(host))
    except ValueError:
        raise AddressRefused(_malformed()) from None


def _every_meaning(address: NumericAddress) -> list[NumericAddress]:
    """Return the address and whatever IPv4 address it may stand for."""
    if isinstance(address, IPv4Address):
        return [address]
    found: list[NumericAddress] = [address.ipv4_mapped] if address.ipv4_mapped else [address]
    if address.teredo:
        found.extend(address.teredo)
    number = int(address)
    if number > 1:  # :: and ::1 are themselves
        found.extend(
            IPv4Address((number >> shift) & 0xFFFFFFFF) for net, shift in _CARRIES_IPV4 if address in net
        )
    return found


def _nets(address: NumericAddress) -> list[IPv4Network | IPv6Network]:
    return [net for net in _NEVER if net.version == address.version]


def _malformed() -> str:
    return _(
        "This isn't a usable address. Enter it as the browser shows it on Label Studio's first page, such as "
        "https://labels.example.org, without a name or password in it and with nothing after a ? or #."
    )


def _never() -> str:
    return _("The host leads to an address that is never connected to, such as a cloud machine's own.")
