"""Authors, leads and machines at the same moment, where cases are written, reused and brought in: once is once."""

from functools import partial
from pathlib import Path

from builder.common.errors import Conflict, NotFound
from builder.content import Criterion
from builder.models import Case, CaseTemplate, DepartmentTag, IdentifierAttestation, LibraryCriterion
from builder.selectors.identifiers import identifiers_page
from builder.services.identifiers import attest_identifier
from builder.services.imports import import_cases
from builder.services.library import (
    add_to_library,
    keep_template,
    remove_template,
    retire_from_library,
    set_tags,
)
from builder.services.threads import open_thread, resolve_thread
from tests import test_races
from tests.cast import Cast
from tests.factories import make_content, make_draft, make_submitted
from tests.test_races import THREADS, at_once, events, tally

crowd = test_races.crowd  # the fixture


def test_of_vocabularies_saved_at_once_one_stands_whole(crowd: Cast) -> None:
    for turn in range(4):
        lists = [[f"theme:{turn}-{place}", f"setting:{turn}-{place}"] for place in range(THREADS)]
        at_once(*(partial(set_tags, department=crowd.department, tags=tags, by=crowd.lou) for tags in lists))
        kept = set(DepartmentTag.objects.values_list("tag", flat=True))
        assert kept in [set(tags) for tags in lists]
    assert events("department:tags") == 4 * THREADS


def test_one_criterion_is_added_to_the_library_once(crowd: Cast) -> None:
    criterion = Criterion("Asks for an ECG.", 5)
    add = partial(add_to_library, criterion=criterion, department=crowd.department, by=crowd.ada)
    assert tally(at_once(*[add] * THREADS), Conflict) == (1, THREADS - 1)
    everywhere = partial(add_to_library, criterion=criterion, department=None, by=crowd.lou)
    assert tally(at_once(*[everywhere] * THREADS), Conflict) == (1, THREADS - 1)
    assert events("library:add") == LibraryCriterion.objects.count() == 2


def test_a_criterion_is_retired_once(crowd: Cast) -> None:
    row = add_to_library(
        criterion=Criterion("Asks for an ECG.", 5), department=crowd.department, by=crowd.ada
    )
    again = [LibraryCriterion.objects.get(pk=row.pk) for _thread in range(THREADS)]
    at_once(*(partial(retire_from_library, row=each, by=crowd.ada) for each in again))
    assert events("library:retire") == 1


def test_a_template_kept_twice_under_a_name_is_one(crowd: Cast) -> None:
    keep = partial(keep_template, department=crowd.department, name="Chest pain", by=crowd.ada)
    at_once(*(partial(keep, content=make_content(f"Version {place}")) for place in range(THREADS)))
    assert CaseTemplate.objects.count() == 1
    assert events("template:keep") == THREADS


def test_a_template_is_removed_once(crowd: Cast) -> None:
    template = keep_template(
        department=crowd.department, name="Chest pain", content=make_content(), by=crowd.ada
    )
    again = [CaseTemplate.objects.select_related("department").get() for _thread in range(THREADS)]
    removals = [partial(remove_template, template=each, by=crowd.ada) for each in again]
    assert tally(at_once(*removals), NotFound) == (1, THREADS - 1)
    assert not CaseTemplate.objects.filter(pk=template.pk).exists()
    assert events("template:remove") == 1


def test_an_identifier_is_attested_once(crowd: Cast) -> None:
    case = make_draft(crowd, title="Call Mr John Smith on 020 7946 0958")
    found = identifiers_page(case, crowd.ada).open[0]
    attest = partial(attest_identifier, case=case, reference=found.reference, reason="Made up.")
    at_once(*(partial(attest, by=person) for person in (crowd.ada, crowd.lou) * (THREADS // 2)))
    assert IdentifierAttestation.objects.count() == events("identifier:attest") == 1


def test_a_point_is_resolved_once(crowd: Cast) -> None:
    thread = open_thread(case=make_submitted(crowd), text="Why?", by=crowd.rui)
    at_once(*(partial(resolve_thread, thread=thread, by=each) for each in (crowd.ada, crowd.rui) * 4))
    assert events("thread:resolve") == 1


def test_one_file_of_cases_at_once_is_brought_in_once(crowd: Cast, tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_bytes(
        b"\n".join(
            b'{"prompt_id":"case-%d","prompt":[{"role":"user","content":"What now? %d"}],'
            b'"rubrics":[{"criterion":"Asks for an ECG.","points":5}]}' % (place, place)
            for place in range(20)
        )
    )
    bring_in = partial(import_cases, path=path, file_format="auto", department=crowd.department, by=crowd.lou)
    results = at_once(*[bring_in] * THREADS)
    written = [each for each in results if not isinstance(each, Conflict) and each.created]
    assert len(written) == 1
    assert Case.objects.count() == 20
    assert events("case:import") == 1
