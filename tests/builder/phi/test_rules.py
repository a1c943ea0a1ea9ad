"""What fires and what must not, disguises, sizes, and the way back into the original text."""

import subprocess
import sys
import time

import pytest

from builder.content import CaseContent, Criterion, Evidence, Turn
from builder.phi import find_identifiers, find_in_content, mask, same_passage
from builder.phi.checksums import has_resident_check_digit, is_nhs_number, resident_birth_date
from builder.phi.scan import RULES
from tests.builder.phi.gold_set import HALVES, LANGUAGES, sentences
from tests.product_files import ROOT


def found(text: str) -> list[tuple[str, str]]:
    return [(span.kind, text[span.start : span.end]) for span in find_identifiers(text)]


@pytest.mark.parametrize(
    "text",
    [
        "A 93-year-old woman, BP 120/80, 010 mg was a typing error.",
        "Parkinson's disease, Wilson disease, Glasgow Coma Scale 15, Wells score 3.",
        "Dr. X, Ms. A and Mr. Y",
        "ISBN 9788956748146 and 1617181723000 ms",
        "Call 911, 999, 119, 988 or 1-800-222-1222.",
        "Sodium 135-145-155; 2023-01-05; 12.5.2021",
        "생검은 2021.03.04 생검 결과이며 2021년 3월 4일 생존을 확인하였다.",
        "고위험군 환자와 대조군 환자, 신경외과 의사, 고혈압 환자, 주치의 선생님, 고객님",
        "정맥 경로 2개, 대조군에게 주사로 10 mg",
        "Drug name: Aspirin. Trial registration KCT0001234.",
        "The username is needed. Name: the most likely diagnosis.",
        "This is Grand Rounds material. I am Basque. This is Diabetic Ketoacidosis.",
        "Drug name: ASPIRIN PLUS, DIPYRIDAMOLE. Test name: LIPID PANEL",
    ],
)
def test_clinical_text_is_let_through(text: str):
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "kind", "passage"),
    [
        ("전화 ０１０－１２３４－５６７８ 입니다", "phone", "０１０－１２３４－５６７８"),
        ("주민번호 8501\u200b01-1234\u200b567 확인", "resident_number", "8501\u200b01-1234\u200b567"),
        ("SSN 123\u201145\u20116789", "social_security", "123\u201145\u20116789"),
        ("Mr.\u00a0Calloway sleeps badly", "name", "Calloway"),
        ("Dr Bee\u00adthamson sleeps", "name", "Bee\u00adthamson"),
        ("등록번호 १२३४५६७८", "record_number", "१२३४५६७८"),
        (
            "성명: \u1100\u1175\u11b7\u1103\u1169\u1112\u1167\u11ab, 남자",
            "name",
            "\u1100\u1175\u11b7\u1103\u1169\u1112\u1167\u11ab",
        ),
        ("전화 010ㅡ1234ㅡ5678", "phone", "010ㅡ1234ㅡ5678"),
        ("name (at): jd[at]example.org", "email", "jd[at]example.org"),
        ("850101-1******", "resident_number", "850101-1******"),
        ("PATIENT NAME: CALLOWAY, JONAS SEX: M", "name", "CALLOWAY, JONAS"),
        ("Name: Calloway, Jonas", "name", "Calloway, Jonas"),
        ("Dr Vance and Mr Manning agree", "name", "Manning"),
    ],
)
def test_disguises_hide_nothing(text: str, kind: str, passage: str):
    assert (kind, passage) in found(text)


def test_two_numbers_joined_by_an_invisible_character_are_both_found():
    kinds = [kind for kind, _passage in found("850101-1234567\u200b010-1234-5678")]
    assert kinds == ["resident_number", "phone"]


def test_check_digits_raise_confidence_and_veto_nothing():
    # 850101-123456?: 8·2+5·3+0·4+1·5+0·6+1·7+1·8+2·9+3·2+4·3+5·4+6·5 = 137; (11 − 137 mod 11) mod 10 = 6.
    assert has_resident_check_digit("8501011234566")
    assert [span.is_sure for span in find_identifiers("850101-1234566")] == [True]
    assert [span.is_sure for span in find_identifiers("850101-1234565")] == [False]
    # 401 023 213?: 4·10+0·9+1·8+0·7+2·6+3·5+2·4+1·3+3·2 = 92; 11 − 92 mod 11 = 7.
    assert is_nhs_number("4010232137")
    assert not is_nhs_number("4010232138")
    assert found("NHS number 401 023 2138") == [("nhs_number", "401 023 2138")]


def test_a_resident_number_needs_a_day_that_exists():
    assert resident_birth_date("8502301") is None
    assert resident_birth_date("0002293") is not None
    assert found("850230-1234567") == []


def test_a_lone_surrogate_and_controls_do_no_harm():
    assert found("\ud800 Mr Brockway \udfff\x00\x01") == [("name", "Brockway")]
    assert same_passage("\ud800 Mr  BROCKWAY") == "\ufffd mr brockway"


@pytest.mark.parametrize(
    "piece",
    ["a", "1", "A", "Mr. ", "김", "환자 김", "@", "a@a.", "+1 ", "0-", "Aa Bb ", "서울 강남구 ", "MRN no ", "- ", " ",
     "https://a.b/?a&", "1985년 1월 ", "\u200b1", "１", "e\u0301", "I am ", "(", "phone 1"],
)  # fmt: skip
def test_the_cost_is_linear(piece: str):
    """Sixteen times the text costs at most forty times the time: a quadratic rule would cost 256 times."""

    def seconds(size: int) -> float:
        text = (piece * (size // len(piece) + 1))[:size]
        best = 1e9
        for _attempt in range(3):
            begin = time.perf_counter()
            find_identifiers(text)
            best = min(best, time.perf_counter() - begin)
        return best

    assert seconds(80_000) < 40 * max(seconds(5_000), 1e-3)


def test_a_million_characters_are_read():
    text = "The patient sleeps well. " * 40_000 + "Call Mr Calloway on 010-1234-5678."
    assert len(text) > 1_000_000
    begin = time.perf_counter()
    assert [kind for kind, _passage in found(text)] == ["name", "phone"]
    assert time.perf_counter() - begin < 30


def test_nothing_opens_a_socket():
    """A process of its own, in which any use of the network is refused and told."""
    code = """
import sys
told = []
def refuse(event, args):
    if event.startswith("socket.") and event != "socket.gethostname":
        told.append(event)
        raise OSError(event)
sys.addaudithook(refuse)
from builder.phi import find_identifiers
from tests.builder.phi.gold_set import HALVES, LANGUAGES, sentences
count = sum(len(find_identifiers(s.text)) for lang in LANGUAGES for half in HALVES for s in sentences(lang, half))
print(count > 350, told)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "True []", done.stderr


def test_masks_keep_little():
    assert mask("010-1234-5678", "phone") == "01•-••••-5678"
    assert mask("Adeline Brockway", "name") == "A•••••• B•••••••"
    assert mask("김도현", "name") == "김••"
    assert mask("850101-1234567", "resident_number") == "85••••-•••••67"
    assert mask("kim@example.org", "email") == "k••@•••••••.org"
    assert mask("12345", "record_number") == "1•••5"
    for language in LANGUAGES:
        for half in HALVES:
            for sentence in sentences(language, half):
                for kind, start, end in sentence.spans:
                    assert mask(sentence.text[start:end], kind) != sentence.text[start:end]


def test_every_text_of_a_case_is_read():
    number = "010-1234-567"
    content = CaseContent(
        title=f"Call {number}0",
        prompt=[Turn("user", f"Call {number}1")],
        rubrics=[
            Criterion(
                f"Call {number}2",
                5,
                [f"axis:{number}3"],
                guideline=f"{number}4",
                extra={"note": f"{number}5"},
            )
        ],
        example_tags=[f"tag {number}6"],
        ideal_completions_data={
            "ideal_completion": f"Call {number}7",
            "ideal_completions_group": f"{number}8",
        },
        evidence=[Evidence("e1", "Quote", f"Source {number}9")],
        metadata={"a": {"b": ["x", "010-9999-0000"]}, "MRN": 12345678, "size": 12, "010-8888-0000": True},
        extra={"row": "MRN 7654321"},
        kind="010-9999-0001",
        language="010-9999-0002",
    )
    places = {(each.field, each.passage) for each in find_in_content(content)}
    assert {
        ("title", f"{number}0"), ("prompt[0].content", f"{number}1"), ("rubrics[0].criterion", f"{number}2"),
        ("rubrics[0].tags", f"{number}3"), ("rubrics[0].guideline", f"{number}4"), ("rubrics[0].extra", f"{number}5"),
        ("example_tags", f"{number}6"), ("reference", f"{number}7"), ("reference", f"{number}8"),
        ("evidence[0].source", f"{number}9"), ("metadata", "010-9999-0000"), ("metadata", "12345678"),
        ("extra", "7654321"), ("kind", "010-9999-0001"), ("language", "010-9999-0002"),
    } <= places  # fmt: skip
    assert all(each.passage != "12" for each in find_in_content(content))


def test_every_rule_finds_something_of_the_gold_set():
    texts = [s.text for language in LANGUAGES for half in HALVES for s in sentences(language, half)]
    for rule in RULES:
        assert any(list(rule(text)) for text in texts), rule
