"""How often the checks are right: on labelled examples of ours, and on texts that somebody else wrote."""

import hashlib
import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import product
from pathlib import Path

import pytest

from builder.checks import Context, Finding, check_content
from builder.content import CaseContent, Criterion, Evidence, Turn
from builder.importers import read_cases
from tests.factories import make_content

EXAMPLES = Path(__file__).parent / "check_examples"
PRECISION, RECALL, FEWEST = 0.95, 0.90, 30
DESERVED, MOST_READ = 0.80, 40

# The family of examples, and the checks that are meant to tell them apart.
FAMILIES = {
    "sign": {"rubric.sign"}, "double_barrelled": {"rubric.double_barrelled"}, "refers": {"rubric.refers"},
    "vague": {"rubric.vague"}, "unobservable": {"rubric.unobservable"}, "threshold": {"rubric.threshold"},
    "jurisdiction": {"rubric.jurisdiction"}, "near_duplicate": {"rubric.near_duplicate"},
    "contradictory": {"rubric.contradictory"}, "characters": {"text.invisible", "text.surrogate"},
    "review_by": {"evidence.expired"}, "points": set(),
}  # fmt: skip
# Checks of wording, whose findings were read and judged.
JUDGED = {
    "rubric.sign", "rubric.double_barrelled", "rubric.refers", "rubric.vague", "rubric.unobservable",
    "rubric.threshold", "rubric.jurisdiction", "rubric.near_duplicate", "rubric.contradictory",
    "text.invisible", "text.surrogate",
}  # fmt: skip


def write(line: str) -> None:
    """Show a figure, whether or not pytest captures the output."""
    sys.stdout.write(f"{line}\n")


@dataclass
class Tally:
    """How often a family was right."""

    hits: int = 0
    false_alarms: int = 0
    misses: int = 0
    quiet: int = 0
    wrong: list[str] = field(default_factory=list)

    def add(self, expected: bool, found: bool, line: str) -> None:
        """Count one example."""
        self.hits += expected and found
        self.false_alarms += found and not expected
        self.misses += expected and not found
        self.quiet += not expected and not found
        if expected != found:
            self.wrong.append(line)

    @property
    def precision(self) -> float:
        """Of the findings, the share that was meant."""
        return self.hits / (self.hits + self.false_alarms)

    @property
    def recall(self) -> float:
        """Of what was meant, the share that was found."""
        return self.hits / (self.hits + self.misses)


def examples(family: str) -> Iterator[tuple[bool, list[str], str]]:
    """Yield (should fire, fields, line); fields may hold escapes."""
    for line in (EXAMPLES / f"{family}.txt").read_text(encoding="utf-8").splitlines():
        label, *fields = (part.strip() for part in line.split("|"))
        assert label in ("fire", "silent"), line
        yield label == "fire", fields, line


def criterion(text: str, points: str, **fields: str) -> Criterion:
    """Return a criterion that is in order but for its words."""
    return Criterion(text, float(points), ["axis:accuracy"], "c", **fields)


def content_of(family: str, fields: list[str]) -> CaseContent:
    """Return the case an example describes."""
    if family == "near_duplicate":
        rubric = [criterion(fields[0], "5"), criterion(fields[1], "5")]
    elif family == "contradictory":
        rubric = [criterion(fields[1], fields[0]), criterion(fields[3], fields[2])]
    elif family == "threshold":
        rubric = [criterion(fields[1], fields[0], guideline=fields[2])]
    elif family == "jurisdiction":
        rubric = [criterion(fields[1], fields[0], guideline=fields[2], jurisdiction=fields[3])]
    elif family == "points":
        rubric = [
            criterion(f"Names point {number}.", points) for number, points in enumerate(fields[1].split())
        ]
    elif family == "characters":
        text = fields[0].encode("ascii", "backslashreplace").decode("unicode_escape")
        return CaseContent([Turn("user", text)], [])
    elif family == "review_by":
        return CaseContent(
            [], [], evidence=[Evidence("e1", "A passage.", "A guideline", review_by=fields[0])]
        )
    else:
        rubric = [criterion(fields[1], fields[0])]
    return CaseContent([Turn("user", "What now?")], rubric)


def fires(family: str, fields: list[str]) -> bool:
    """Whether the family's check finds something."""
    wanted = FAMILIES[family] or {fields[0]}
    today = date.fromisoformat(fields[1]) if family == "review_by" else None
    found = check_content(content_of(family, fields), Context(today=today))
    return any(finding.check_id in wanted for finding in found)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_is_precise_and_misses_little(family: str, capsys: pytest.CaptureFixture[str]) -> None:
    tuned, held_out, both = Tally(), Tally(), Tally()
    for number, (expected, fields, line) in enumerate(examples(family)):
        found = fires(family, fields)
        both.add(expected, found, line)
        (held_out if number % 2 else tuned).add(expected, found, line)
    with capsys.disabled():
        parts = [
            f"{name} precision {tally.precision:.2f} recall {tally.recall:.2f}"
            for name, tally in (("all", both), ("held out", held_out))
        ]
        write(
            f"\n{family:17} {both.hits + both.misses} fire, {both.quiet + both.false_alarms} silent: {'; '.join(parts)}"
        )
    assert both.hits + both.misses >= FEWEST and both.quiet + both.false_alarms >= FEWEST
    assert both.precision >= PRECISION and both.recall >= RECALL, both.wrong


def test_the_examples_are_in_both_languages() -> None:
    for family in set(FAMILIES) - {"points", "review_by", "characters"}:
        lines = (EXAMPLES / f"{family}.txt").read_text(encoding="utf-8").splitlines()
        korean = [line for line in lines if any("가" <= character <= "힣" for character in line)]
        for label in ("fire", "silent"):
            of_label = [line for line in lines if line.startswith(label)]
            share = sum(line in korean for line in of_label) / len(of_label)
            assert 0.3 <= share <= 0.7, (family, label, share)


def test_every_order_of_turns_is_judged() -> None:
    """The last turn is the user's, and only the first is the system's: all 120 orders of up to four turns."""
    for length in range(1, 5):
        for roles in product(("system", "user", "assistant"), repeat=length):
            found = {
                each.check_id
                for each in check_content(make_content(prompt=[Turn(role, "Hm.") for role in roles]))
            }
            assert ("prompt.last_turn" in found) == (roles[-1] != "user"), roles
            assert ("prompt.system_turn" in found) == ("system" in roles[1:]), roles


def test_every_small_set_of_tags_is_judged() -> None:
    """A tag once, and on the case or on a criterion: all 81 ways to tag a case and a criterion with up to two tags."""
    choices = [[], ["a"], ["b"], ["a", "a"], ["a", "b"], ["b", "a"], ["b", "b"], ["c"], ["a", "c"]]
    for case_tags, tags in product(choices, choices):
        content = make_content(example_tags=case_tags, rubrics=[Criterion("Asks why.", 5, tags)])
        found = {each.check_id for each in check_content(content)}
        assert ("tags.duplicate" in found) == (len(set(case_tags)) < len(case_tags))
        assert ("rubric.duplicate_tag" in found) == (len(set(tags)) < len(tags))
        assert ("tags.both" in found) == bool(set(case_tags) & set(tags))


def texts_of_findings(content: CaseContent) -> Iterator[tuple[Finding, str]]:
    """Yield what the checks of wording find, with the text they find it in."""
    for finding in check_content(content):
        if finding.check_id in JUDGED:
            place = finding.field.partition("[")[2].partition("]")[0]
            is_criterion = finding.field.startswith("rubrics[")
            yield finding, content.rubrics[int(place)].criterion if is_criterion else finding.field


def hash_of(finding: Finding, text: str) -> str:
    """Return what a judgement is kept under."""
    return hashlib.sha256(f"{finding.check_id}\n{text}".encode()).hexdigest()[:16]


def print_rates(title: str, contents: list[CaseContent], capsys: pytest.CaptureFixture[str]) -> Counter[str]:
    """Print how often each check fires; return the counts."""
    counts = Counter(finding.check_id for content in contents for finding in check_content(content))
    criteria = sum(len(content.rubrics) for content in contents)
    with capsys.disabled():
        write(f"\n{title}: {len(contents):,} cases, {criteria:,} criteria")
        for check_id, count in counts.most_common():
            per = f", {100 * count / criteria:5.2f} % of criteria" if criteria else ""
            write(f"  {check_id:26} {count:5}{per}")
    return counts


def test_findings_in_published_criteria_are_deserved(
    shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of the findings that were read and still come, four in five are deserved; and most of those read still come."""
    rows = read_cases(shared_data / "healthbench" / "cases_100.jsonl", "healthbench")
    contents = [row.content for row in rows]
    assert sum(len(content.rubrics) for content in contents) == 1_157
    print_rates("HealthBench", contents, capsys)
    judged = json.loads((EXAMPLES / "judged_findings.json").read_text(encoding="utf-8"))
    assert len(judged) == MOST_READ
    now = {hash_of(finding, text) for content in contents for finding, text in texts_of_findings(content)}
    still = [each for each in judged if each["finding"] in now]
    deserved = sum(each["deserved"] for each in still)
    with capsys.disabled():
        write(f"  read and judged: {len(judged)}; still found {len(still)}, of these deserved {deserved}")
    assert len(still) >= 30
    assert deserved / len(still) >= DESERVED


def test_exam_questions_raise_few_alarms(shared_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Vignettes hold nothing invisible, and drafts made from them hardly any fault of wording."""
    rows = read_cases(shared_data / "medqa" / "phrases_no_exclude_test.jsonl", "medqa")
    contents = [row.content for row in rows]
    assert len(contents) == 1_273
    counts = print_rates("MedQA", contents, capsys)
    criteria = sum(len(content.rubrics) for content in contents)
    assert sum(counts[check_id] for check_id in JUDGED) <= 0.02 * criteria
    assert counts["text.invisible"] == counts["text.surrogate"] == 0
