"""Forms that begin a case from something that exists: a pasted conversation, or another case."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from builder.common.canonical_json import sha256_text
from builder.common.errors import BadInput
from builder.content import CaseContent, Turn, last_answer_as_reference
from builder.forms.case_editor import LANGUAGES, ROLES, language_choices
from builder.forms.cases import offer_departments
from builder.forms.service_form import ServiceForm, offer
from builder.importers.conversation import Pasted, read_conversation
from builder.models import Case, Department, Kind, User
from builder.services.cases import create_case, duplicate_case

_REFUSALS = {
    "empty": _("Paste a conversation"),
    "long": _("The text is longer than a million characters. Paste a part of it."),
    "turns": _("The text has more than 400 turns. Paste a part of it."),
    "character": _("The text holds a character that can’t be stored (half of a surrogate pair). Remove it."),
}


class PasteTextForm(ServiceForm):
    """The text somebody pastes."""

    text = forms.CharField(
        label=_("Conversation"),
        help_text=_(
            "Lines that begin with a name and a colon, such as “Patient:”, “Doctor:”, “User:”, “Assistant:” or “Q:” "
            "and “A:”, or the JSON of a chat program."
        ),
        strip=False,
        required=False,
        widget=forms.Textarea(attrs={"rows": 10}),
    )

    def read(self) -> Pasted | None:
        """Recognise the turns; None, with the error beside the text, when that can't be done."""
        self.full_clean()
        try:
            return read_conversation(self.cleaned_data.get("text") or "")
        except BadInput as error:
            self.add_error("text", _REFUSALS[error.data["reason"]])
            return None


class PastedCaseForm(ServiceForm):
    """What was recognised in a pasted text, who speaks in which role, and the case it becomes."""

    # The text that was looked at: another one is shown before it is kept.
    seen = forms.CharField(widget=forms.HiddenInput, required=False)
    title = forms.CharField(
        label=_("Title"),
        help_text=_("A few words colleagues will know the case by. The model never sees it."),
        max_length=300,
        error_messages={"required": _("Give the case a title")},
    )
    department = forms.ChoiceField(
        label=_("Department"), error_messages={"required": _("Choose a department")}
    )
    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=[("", _("Choose a kind")), *Kind.choices],
        error_messages={"required": _("Choose what the case measures")},
    )
    language = forms.ChoiceField(label=_("Language of the conversation"))
    last_is_reference = forms.BooleanField(
        label=_("Keep the last answer as the reference answer, not as a turn"),
        help_text=_("A case ends with what the person says: the model writes the answer."),
        required=False,
    )

    def __init__(self, post: Any, *, text: str, pasted: Pasted, departments: list[Department]) -> None:
        seen = sha256_text("\n".join(text.splitlines()))
        self.was_seen = post.get("seen") == seen
        is_start = self.was_seen and post.get("action") == "start"
        typed = {name: post[name] for name in ("title", "department", "kind", "language") if post.get(name)}
        initial = {"language": _guessed_language(text), "last_is_reference": True, **typed, "seen": seen}
        super().__init__(post if is_start else None, initial=initial)
        self.pasted, self.departments = pasted, {each.code: each for each in departments}
        offer_departments(self, departments)
        offer(self, "language", language_choices())
        for place, (speaker, role) in enumerate(pasted.roles.items()):
            name = f"role-{place}"
            chosen = post.get(name) if self.was_seen else None
            self.fields[name] = forms.ChoiceField(
                label=speaker or gettext("Text without a name"), choices=ROLES,
                initial=chosen if chosen in dict(ROLES) else role,
            )  # fmt: skip
        if not self.ends_with_answer:
            del self.fields["last_is_reference"]

    @property
    def role_fields(self) -> list[forms.BoundField]:
        """The choice of a role for each speaker."""
        return [self[f"role-{place}"] for place in range(len(self.pasted.roles))]

    def turns(self) -> list[Turn]:
        """Return the turns with the chosen roles."""
        values = [str(field.value()) for field in self.role_fields]
        return self.pasted.conversation(dict(zip(self.pasted.roles, values, strict=True)))

    def preview(self) -> list[dict[str, str]]:
        """Return the turns as the page shows them: role, text, and the speaker's name in the pasted text."""
        return [
            {"role": turn.role, "content": turn.content, "name": pasted.speaker}
            for turn, pasted in zip(self.turns(), self.pasted.turns, strict=True)
        ]

    @property
    def ends_with_answer(self) -> bool:
        """Whether the last turn is the model's."""
        turns = self.turns()
        return bool(turns) and turns[-1].role == "assistant"

    def create(self, *, by: User) -> Case | None:
        """Start the case; None when the service refuses."""
        data, turns = self.cleaned_data, self.turns()
        content = CaseContent(
            prompt=turns, rubrics=[], title=data["title"], kind=data["kind"], language=data["language"]
        )
        if data.get("last_is_reference"):
            content = last_answer_as_reference(content)
        department = self.departments[data["department"]]
        return self.attempt(
            lambda: create_case(department=department, content=content, by=by, origin="paste")
        )


def _guessed_language(text: str) -> str:
    start = text[:20_000]
    hangul = sum("가" <= sign <= "힣" for sign in start)
    return "ko" if hangul * 5 > len(start.strip()) else LANGUAGES[0]


class DuplicateForm(ServiceForm):
    """Where the copy of a case belongs and what it is called."""

    title = forms.CharField(
        label=_("Title of the new case"),
        max_length=300,
        error_messages={"required": _("Give the case a title")},
    )
    department = forms.ChoiceField(
        label=_("Department"), error_messages={"required": _("Choose a department")}
    )

    def __init__(self, data: Any = None, *, case: Case, departments: list[Department]) -> None:
        title = (gettext("Copy of %(title)s") % {"title": case})[:300]
        super().__init__(data, initial={"title": title, "department": case.department.code})
        self.case = case
        self.departments = {department.code: department for department in departments}
        offer_departments(self, departments)

    def create(self, *, by: User) -> Case | None:
        """Start the copy; None when the service refuses."""
        data = self.cleaned_data
        department = self.departments[data["department"]]
        return self.attempt(
            lambda: duplicate_case(case=self.case, department=department, by=by, title=data["title"])
        )
