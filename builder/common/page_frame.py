"""The context every page shares: the navigation of the person who is signed in."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from builder.common.providers import NavItem, navigation_for


def page_frame(request: HttpRequest) -> dict[str, Any]:
    """Return `nav_items` for base.html; an anonymous page has none."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"nav_items": []}
    items = [
        NavItem(_("My work"), reverse("builder:my-work")),
        NavItem(_("Cases"), reverse("builder:case-list")),
        *navigation_for(user),
    ]
    if user.is_org_admin:
        items.append(NavItem(_("People"), reverse("builder:people")))
    return {
        "nav_items": [_entry(item, request.path) for item in items],
        "account_url": reverse("builder:account"),
    }


def _entry(item: NavItem, path: str) -> dict[str, Any]:
    current = path == item.url or (item.url != "/" and path.startswith(item.url))
    return {"label": item.label, "url": item.url, "current": current}
