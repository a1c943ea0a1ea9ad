"""`import_cases` and `create_department`: all or nothing, told line by line, and idempotent."""

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from builder.common.errors import BadInput, NotAllowed
from builder.importers import read_cases
from builder.models import AuditEvent, Case, CaseRevision, Department, ExternalApproval, User
from builder.services.audit import verify_chain
from builder.services.imports import import_cases
from tests.cast import Cast

Rows = list[dict[str, Any] | bytes]


def row(number: int = 1, **changes: Any) -> dict[str, Any]:
    """Return one case in HealthBench's shape; a field changed to ... is left out."""
    values: dict[str, Any] = {
        "prompt_id": f"case-{number}",
        "prompt": [{"role": "user", "content": f"What now? ({number})"}],
        "rubrics": [
            {"criterion": "Asks for an ECG.", "points": 5, "tags": ["axis:accuracy"]},
            {"criterion": "Sends the patient home.", "points": -8, "tags": ["axis:accuracy"]},
        ],
        "example_tags": ["theme:emergency_referrals"],
        "ideal_completions_data": None,
    }
    return {key: value for key, value in {**values, **changes}.items() if value is not ...}


def with_points(points: Any) -> dict[str, Any]:
    return row(2, rubrics=[{"criterion": "Good.", "points": 1}, {"criterion": "Odd.", "points": points}])


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes rows to a file."""

    def write_rows(*rows: dict[str, Any] | bytes) -> Path:
        path = tmp_path / "cases.jsonl"
        lines = [each if isinstance(each, bytes) else json.dumps(each).encode() for each in rows]
        path.write_bytes(b"\n".join(lines) + b"\n")
        return path

    return write_rows


def run(path: Path, *options: str) -> str:
    out = StringIO()
    call_command(
        "import_cases", str(path), "--department", "ED", "--by", "lou@example.org", *options, stdout=out
    )
    return out.getvalue()


BAD_ROWS = {
    "bad JSON": (b'{"prompt_id": ', "bad JSON"),
    "missing rubrics": (row(2, rubrics=...), "rubrics: a list with at least one element was expected"),
    "empty rubrics": (row(2, rubrics=[]), "rubrics: a list with at least one element was expected"),
    "rubric of texts": (row(2, rubrics=["Asks."]), "rubrics[0]: an object was expected"),
    "points 0": (with_points(0), "rubrics[1].points: a number from -10 to 10, not 0, was expected, not 0"),
    "points 11": (with_points(11), "rubrics[1].points: a number from -10 to 10, not 0, was expected, not 11"),
    "points -10.5": (with_points(-10.5), "rubrics[1].points: a number"),
    "points text": (
        with_points("5"),
        "rubrics[1].points: a number from -10 to 10, not 0, was expected, not '5'",
    ),
    "points NaN": (with_points(float("nan")), "points: a finite number was expected, not NaN"),
    "points infinite": (with_points(float("-inf")), "points: a finite number was expected, not -Infinity"),
    "points true": (with_points(True), "rubrics[1].points: a number"),
    "points null": (with_points(None), "rubrics[1].points: a number"),
    "no points": (row(2, rubrics=[{"criterion": "Good."}]), "rubrics[0].points: a number"),
    "no positive": (
        row(2, rubrics=[{"criterion": "Bad.", "points": -1}]),
        "rubrics: at least one criterion with positive points was expected",
    ),
    "empty criterion": (
        row(2, rubrics=[{"criterion": " ", "points": 1}]),
        "rubrics[0].criterion: a text was expected",
    ),
    "another text": (row(1, example_tags=[]), "prompt_id: case-1 has another text than line 1"),
    "last turn": (
        row(2, prompt=[{"role": "user", "content": "?"}, {"role": "assistant", "content": "!"}]),
        "prompt: the last turn must be the user's",
    ),
    "no turn": (row(2, prompt=[]), "prompt: a list with at least one element was expected"),
    "unknown role": (
        row(2, prompt=[{"role": "tool", "content": "?"}]),
        "prompt[0].role: system, user or assistant",
    ),
    "turn without text": (
        row(2, prompt=[{"role": "user", "content": 5}]),
        "prompt[0].content: a text was expected",
    ),
    "empty turn": (
        row(2, prompt=[{"role": "user", "content": "  "}]),
        "prompt[0].content: This turn is empty",
    ),
    "no prompt_id": (row(2, prompt_id=...), "prompt_id: a text was expected"),
    "prompt_id a number": (row(2, prompt_id=2), "prompt_id: a text was expected"),
    "prompt_id of digits": (row(2, prompt_id="2"), "prompt_id: an id with at least one letter was expected"),
    "prompt_id a path": (row(2, prompt_id="../2"), "prompt_id: up to 200 letters"),
    "tags a text": (row(2, example_tags="theme:x"), "example_tags: a list of texts was expected"),
    "tag twice": (
        row(2, example_tags=["theme:x", "theme:x"]),
        "example_tags: The tag theme:x is given twice",
    ),
    "title a number": (row(2, title=5), "title: Expected `str`, got `int`"),
    "red line with points": (
        row(2, title="A case", rubrics=[{"criterion": "Good.", "points": 1, "red_line": True}]),
        "rubrics[0].points: a red line needs negative points",
    ),
    "deep": (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "the JSON is nested too deeply"),
    "long": (b'{"a": "' + b"x" * 64 * 2**20 + b'"}', "the line is longer than 8 MiB"),
    "not UTF-8": (b'{"prompt_id": "\xff"}', "not valid UTF-8"),
    "NUL": (row(2, title="a\0b"), "the NUL character"),
    "half a surrogate": (b'{"prompt_id": "a\\ud800"}', "half of a surrogate pair"),
}


@pytest.mark.parametrize("name", BAD_ROWS)
def test_bad_line_is_named_and_nothing_is_written(cast: Cast, write: Callable[..., Path], name: str) -> None:
    bad, problem = BAD_ROWS[name]
    with pytest.raises(CommandError) as refused:
        run(write(row(1), bad, row(3)))
    assert refused.value.returncode == 1
    assert str(refused.value).startswith("cases.jsonl, line 2: ")
    assert problem in str(refused.value)
    assert not Case.objects.exists()
    assert not CaseRevision.objects.exists()
    assert not AuditEvent.objects.exists()


def test_missing_file_directory_and_empty_file(
    cast: Cast, tmp_path: Path, write: Callable[..., Path]
) -> None:
    for path, problem in (
        (tmp_path / "absent.jsonl", "can't be read: No such file or directory"),
        (tmp_path, "is a directory or a pipe"),
        (write(b""), "The file cases.jsonl holds no case"),
    ):
        with pytest.raises(CommandError, match=problem) as refused:
            run(path)
        assert refused.value.returncode == 1


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("", "name the SOURCE"),
        ("  ", "name the SOURCE"),
        ("x" * 201, "in one line of up to 200 characters"),
        ("a\nb", "in one line of up to 200 characters"),
    ],
)
def test_source_of_approval_is_named_in_one_line(
    cast: Cast, write: Callable[..., Path], source: str, problem: str
) -> None:
    with pytest.raises(CommandError, match=problem):
        run(write(row(1)), "--approved-elsewhere", source)
    assert not Case.objects.exists()


def test_second_import_changes_nothing_and_says_so(cast: Cast, write: Callable[..., Path]) -> None:
    path = write(row(1), row(2), row(1))
    assert "Imported 2 cases into ED; 0 were already there." in run(path)
    before = list(Case.objects.values()), AuditEvent.objects.count()
    assert "Nothing changed: all 2 cases are already in ED." in run(path)
    assert (list(Case.objects.values()), AuditEvent.objects.count()) == before
    assert "Imported 1 cases into ED; 2 were already there." in run(write(row(1), row(2), row(3)))
    assert verify_chain() is None


def test_case_of_the_department_is_not_overwritten(cast: Cast, write: Callable[..., Path]) -> None:
    run(write(row(1)))
    with pytest.raises(
        CommandError, match="line 2: prompt_id: case-1 has another text than the department's case"
    ):
        run(write(row(2), row(1, example_tags=[])))
    assert Case.objects.count() == 1


def test_department_may_hold_a_prompt_id_of_another(cast: Cast, write: Callable[..., Path]) -> None:
    path = write(row(1))
    run(path)
    result = import_cases(path=path, file_format="auto", department=cast.elsewhere, by=cast.eve)
    assert result.created == 1


def test_imported_case_is_a_draft_with_one_revision(cast: Cast, write: Callable[..., Path]) -> None:
    run(write(row(1)))
    case = Case.objects.get()
    assert (case.state, case.version, case.head.number, case.created_by) == ("draft", 1, 1, cast.lou)
    assert (case.title, case.theme) == ("What now? (1)", "emergency_referrals")
    event = AuditEvent.objects.get(verb="case:import")
    assert (event.actor, event.department, event.why) == (cast.lou, cast.department, "")
    assert json.loads(event.details_text)["file"] == "cases.jsonl"


def test_approval_elsewhere_is_vouched_for_and_audited(cast: Cast, write: Callable[..., Path]) -> None:
    said = run(write(row(1), row(2)), "--approved-elsewhere", "HealthBench")
    assert 'Approved elsewhere: "HealthBench"; lou@example.org vouches for it.' in said
    assert set(Case.objects.values_list("state", flat=True)) == {"approved"}
    assert set(ExternalApproval.objects.values_list("source", "vouched_by")) == {("HealthBench", cast.lou.pk)}
    event = AuditEvent.objects.get(verb="case:import")
    assert event.why == "HealthBench"
    assert json.loads(event.details_text)["approved_elsewhere"] == "HealthBench"
    assert verify_chain() is None


def test_findings_are_recorded_and_do_not_block(cast: Cast, write: Callable[..., Path]) -> None:
    twice = {"criterion": "Asks for an ECG.", "points": 5, "tags": ["axis:accuracy"]}
    assert "recorded, not blocking: rubric.repeated × 2" in run(write(row(1, rubrics=[twice, twice])))
    findings = json.loads(AuditEvent.objects.get(verb="case:import").details_text)["findings"]
    assert findings["rubric.repeated"] == 2


def test_authors_import_drafts_and_only_leads_vouch_for_them(cast: Cast, write: Callable[..., Path]) -> None:
    path = write(row(1))
    with pytest.raises(NotAllowed, match="vouch for cases"):
        import_cases(
            path=path,
            file_format="auto",
            department=cast.department,
            by=cast.ada,
            approved_elsewhere="Elsewhere",
        )
    assert not Case.objects.exists()
    import_cases(path=path, file_format="auto", department=cast.department, by=cast.ada)
    assert Case.objects.get().state == "draft"


def test_others_do_not_import_and_do_not_learn_of_the_department(
    cast: Cast, write: Callable[..., Path]
) -> None:
    path = write(row(1))
    with pytest.raises(NotAllowed):
        import_cases(path=path, file_format="auto", department=cast.department, by=cast.rui)
    for person, problem in (
        ("rui", "no role in ED that allows"),
        ("eve", "no such department"),
        ("nobody", "no active account"),
    ):
        with pytest.raises(CommandError, match=problem):
            call_command("import_cases", str(path), "--department", "ED", "--by", f"{person}@example.org")
    assert not Case.objects.exists()


def test_unknown_fields_survive(cast: Cast, write: Callable[..., Path]) -> None:
    run(
        write(
            row(1, source={"page": 7}, rubrics=[{"criterion": "Good.", "points": 1, "tags": [], "weight": 2}])
        )
    )
    content = Case.objects.get().head.content
    assert content.extra == {"source": {"page": 7}}
    assert content.rubrics[0].extra == {"weight": 2}


def test_kinds_of_numbers_and_texts_are_kept(write: Callable[..., Path]) -> None:
    rubrics = [
        {"criterion": "하나", "points": 5.0, "tags": []},
        {"criterion": "둘", "points": 2.5, "tags": []},
    ]
    (case,) = read_cases(write(row(1, rubrics=rubrics, ideal_completions_data=...)))
    assert [repr(criterion.points) for criterion in case.content.rubrics] == ["5.0", "2.5"]
    assert case.content.rubrics[0].criterion == "하나"


def test_file_that_changes_while_it_is_read_is_refused(cast: Cast, write: Callable[..., Path]) -> None:
    """It is read twice, to check and to write; what was announced must be what is written."""
    path = write(row(1), row(2))

    def shrink_before_writing(rows, label):  # type: ignore[no-untyped-def]
        if label == "Writing":
            write(row(1))
        yield from rows

    with pytest.raises(BadInput, match="changed while it was imported"):
        import_cases(
            path=path,
            file_format="auto",
            department=cast.department,
            by=cast.lou,
            progress=shrink_before_writing,
        )
    assert not Case.objects.exists()


def test_published_rows_come_in_and_once(cast: Cast, shared_data: Path) -> None:
    path = shared_data / "healthbench" / "cases_100.jsonl"
    options = ("--format", "healthbench", "--approved-elsewhere", "HealthBench")
    assert "Imported 100 cases into ED" in run(path, *options)
    assert "Nothing changed: all 100 cases" in run(path, *options)
    assert Case.objects.approved().count() == 100


def test_command_makes_department_and_lead_once(db: None) -> None:
    def create() -> str:
        out = StringIO()
        call_command(
            "create_department",
            "--code",
            "ED",
            "--name",
            "Emergency",
            "--lead",
            "Lead@Example.org",
            stdout=out,
        )
        return out.getvalue()

    said = create()
    assert "Department ED (Emergency) is ready; lead@example.org leads it." in said
    assert "/invitations/" in said
    again = create()
    assert "Nothing changed. Department ED" in again and "/invitations/" not in again
    assert Department.objects.count() == User.objects.count() == 1


def test_lead_whose_account_is_deactivated_is_refused(cast: Cast) -> None:
    cast.ada.is_active = False
    cast.ada.save(update_fields=["is_active"])
    with pytest.raises(CommandError, match="is deactivated"):
        call_command("create_department", "--code", "NEW", "--name", "New", "--lead", cast.ada.email)
    assert not Department.objects.filter(code="NEW").exists()


@pytest.mark.parametrize("name", ["", " "])
def test_department_needs_a_name(db: None, name: str) -> None:
    with pytest.raises(CommandError, match="name: This field cannot be blank"):
        call_command("create_department", "--code", "NEW", "--name", name, "--lead", "lead@example.org")
    assert not Department.objects.exists()


def test_command_refuses_another_name_in_a_sentence(cast: Cast) -> None:
    with pytest.raises(CommandError, match="Department ED exists under the name Emergency") as refused:
        call_command("create_department", "--code", "ED", "--name", "Eyes", "--lead", "lou@example.org")
    assert refused.value.returncode == 1


def test_nobody_vouches_for_a_criterion_that_no_author_confirmed(
    cast: Cast, write: Callable[..., Path]
) -> None:
    suggested = {"criterion": "Names sepsis.", "points": 5, "tags": ["axis:accuracy"], "suggested": True}
    path = write(row(rubrics=[suggested]))
    with pytest.raises(BadInput, match=r"line 1: rubrics.*Confirm it"):
        import_cases(
            path=path,
            file_format="auto",
            department=cast.department,
            by=cast.lou,
            approved_elsewhere="Elsewhere",
        )
    assert not Case.objects.exists()
    import_cases(path=path, file_format="auto", department=cast.department, by=cast.lou)
    assert Case.objects.get().state == "draft"


def test_a_case_too_long_for_the_editor_is_not_imported(cast: Cast, write: Callable[..., Path]) -> None:
    path = write(row(prompt=[{"role": "user", "content": "a" * 1_000_001}]))
    with pytest.raises(BadInput, match=r"line 1: prompt: .*a million is the most"):
        import_cases(path=path, file_format="auto", department=cast.department, by=cast.lou)
    assert not Case.objects.exists()
