"""Pages of the organization's administrators: people, their roles and their invitation links."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from builder import access
from builder.common.pagination import page_of
from builder.common.requests import SignedInRequest, invitation_link
from builder.forms.people import InvitationForm, RolesForm
from builder.models import User
from builder.selectors.people import list_people, person_row, person_rows, role_grid
from builder.services.people import (
    INVITATION_LIFETIME,
    invite_person,
    revoke_invitation,
    set_active,
    set_org_admin,
)


@login_required
@require_safe
def people(request: SignedInRequest) -> HttpResponse:
    """List everybody."""
    access.require_admin(request.user)
    search = request.GET.get("q", "").strip()
    page = page_of(list_people(search), request)
    return render(
        request, "builder/people.html", {"page_obj": page, "rows": person_rows(page), "search": search}
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def invitation_create(request: SignedInRequest) -> HttpResponse:
    """Invite a person and show the link, this once."""
    access.require_admin(request.user)
    form = InvitationForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid() and (invited := form.invite(by=request.user)):
        person, token = invited
        return person_page(request, person, link=invitation_link(request, token))
    return render(request, "builder/invite.html", {"form": form}, status=form.status)


@login_required
@require_safe
def person(request: SignedInRequest, person_id: int) -> HttpResponse:
    """Show one person."""
    return person_page(request, access.get_person(request.user, person_id))


@login_required
@require_POST
def person_roles(request: SignedInRequest, person_id: int) -> HttpResponse:
    """Give the person the roles that are ticked."""
    person = access.get_person(request.user, person_id)
    form = RolesForm(request.POST, grid=role_grid(person))
    if form.is_valid() and form.give(person, by=request.user):
        messages.success(request, _("The roles of %(person)s are saved.") % {"person": person})
        return redirect("builder:person", person.pk)
    return person_page(request, person, form=form)


@login_required
@require_POST
def person_link(request: SignedInRequest, person_id: int) -> HttpResponse:
    """Make a new invitation link and show it, this once; the one before ends."""
    person = access.get_person(request.user, person_id)
    person, token = invite_person(email=person.email, by=request.user)
    return person_page(request, person, link=invitation_link(request, token))


@login_required
@require_POST
def person_link_revoke(request: SignedInRequest, person_id: int) -> HttpResponse:
    """End the person's invitation link."""
    person = access.get_person(request.user, person_id)
    revoke_invitation(user=person, by=request.user)
    messages.success(request, _("The invitation link of %(person)s no longer works.") % {"person": person})
    return redirect("builder:person", person.pk)


@login_required
@require_POST
def person_state(request: SignedInRequest, person_id: int) -> HttpResponse:
    """Let the person sign in, or stop them."""
    person = access.get_person(request.user, person_id)
    is_active = request.POST.get("is_active") == "1"
    set_active(user=person, is_active=is_active, by=request.user)
    done = _("%(person)s can sign in again.") if is_active else _("%(person)s can no longer sign in.")
    messages.success(request, done % {"person": person})
    return redirect("builder:person", person.pk)


@login_required
@require_POST
def person_office(request: SignedInRequest, person_id: int) -> HttpResponse:
    """Make the person an administrator of the organization, or no longer."""
    person = access.get_person(request.user, person_id)
    is_org_admin = request.POST.get("is_org_admin") == "1"
    set_org_admin(user=person, is_org_admin=is_org_admin, by=request.user)
    done = (
        _("%(person)s is now an administrator.")
        if is_org_admin
        else _("%(person)s is no longer an administrator.")
    )
    messages.success(request, done % {"person": person})
    return redirect("builder:person", person.pk)


def person_page(
    request: SignedInRequest, person: User, *, link: str = "", form: RolesForm | None = None
) -> HttpResponse:
    """Answer with a person's page. A link on it is a secret that is stored nowhere: the page isn't either."""
    context = {
        "person": person, "row": person_row(person), "grid": role_grid(person), "form": form, "link": link,
        "link_days": INVITATION_LIFETIME.days,
    }  # fmt: skip
    response = render(request, "builder/person.html", context, status=form.status if form else 200)
    if link:
        add_never_cache_headers(response)
    return response
