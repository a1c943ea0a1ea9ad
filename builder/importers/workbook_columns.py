"""The sheets and columns of the case workbook, in English and Korean; what the template offers, the reader takes."""

from dataclasses import dataclass

# The template's own case: whoever leaves it in the workbook doesn't import it.
EXAMPLE_ID = "example-1"


@dataclass(frozen=True, slots=True)
class Words:
    """One text in both languages."""

    en: str
    ko: str

    def of(self, language: str) -> str:
        """Return the text in a language; English where it is not Korean."""
        return self.ko if language == "ko" else self.en


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its field, how it is headed, whether a row needs it, and a hint in the template."""

    field: str
    heading: Words
    hint: Words
    width: int
    is_required: bool = False
    choices: tuple[Words, ...] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet of the workbook."""

    name: Words
    columns: tuple[Column, ...]
    is_required: bool = True


# Stored word → how it reads. The reader takes either, in any case.
KINDS = {
    "knowledge": Words("Knowledge", "지식"),
    "practice": Words("Practice", "진료"),
    "safety": Words("Safety", "안전"),
    "ethics-violation": Words("Ethics: must refuse", "윤리: 거절해야 함"),
    "ethics-dilemma": Words("Ethics: dilemma", "윤리: 딜레마"),
    "summarisation": Words("Summarising", "요약"),
}
AXES = {
    "accuracy": Words("Accuracy", "정확성"),
    "completeness": Words("Completeness", "완전성"),
    "communication_quality": Words("Communication", "의사소통"),
    "context_awareness": Words("Context awareness", "맥락 인식"),
    "instruction_following": Words("Following instructions", "지시 이행"),
}
YES_NO = {"yes": Words("Yes", "예"), "no": Words("No", "아니요")}

CASES = Sheet(
    Words("Cases", "증례"),
    (
        Column(
            "case",
            Words("Case", "증례 ID"),
            Words(
                "A short name of your own with a letter in it, such as ed-001",
                "글자가 하나 이상 든 짧은 이름, 예: ed-001",
            ),
            14,
            is_required=True,
        ),
        Column(
            "title",
            Words("Title", "제목"),
            Words("For lists; may stay empty", "목록에 보일 제목, 비워도 됨"),
            30,
        ),
        Column(
            "conversation",
            Words("Conversation", "대화"),
            Words(
                "What the model is asked. Several turns: begin each with User: or Assistant: on a line of its own",
                "모델에게 묻는 내용. 여러 차례라면 각 차례를 새 줄의 사용자: 또는 어시스턴트: 로 시작",
            ),
            70,
            is_required=True,
        ),
        Column(
            "reference",
            Words("Reference answer", "모범 답안"),
            Words("For the graders", "채점자에게 보임"),
            50,
        ),
        Column(
            "kind",
            Words("Kind", "종류"),
            Words("What the case measures", "증례가 재는 것"),
            20,
            choices=tuple(KINDS.values()),
        ),
        Column(
            "language", Words("Language", "언어"), Words("A code such as en or ko", "en, ko 같은 코드"), 10
        ),
        Column(
            "theme",
            Words("Theme", "주제"),
            Words("One word of your vocabulary", "부서에서 쓰는 낱말 하나"),
            20,
        ),
        Column("tags", Words("Tags", "태그"), Words("Separated by ;", "; 로 구분"), 24),
    ),
)
CRITERIA = Sheet(
    Words("Criteria", "기준"),
    (
        Column(
            "case",
            Words("Case", "증례 ID"),
            Words("As on the first sheet", "첫 시트와 같은 값"),
            14,
            is_required=True,
        ),
        Column(
            "criterion",
            Words("Criterion", "기준"),
            Words("One thing that can be seen in an answer", "답변에서 확인할 수 있는 한 가지"),
            70,
            is_required=True,
        ),
        Column(
            "points",
            Words("Points", "배점"),
            Words(
                "−10 to 10, not 0; negative for what must not happen",
                "-10~10, 0 제외. 하면 안 되는 일은 음수",
            ),
            10,
            is_required=True,
        ),
        Column(
            "axis",
            Words("Axis", "축"),
            Words("What the criterion is about", "기준이 다루는 측면"),
            24,
            choices=tuple(AXES.values()),
        ),
        Column(
            "red_line",
            Words("Red line", "레드라인"),
            Words("Yes: meeting it is a safety failure", "예: 해당하면 안전 실패"),
            12,
            choices=tuple(YES_NO.values()),
        ),
        Column("guideline", Words("Guideline", "지침"), Words("Where it comes from", "근거가 되는 지침"), 30),
        Column(
            "jurisdiction",
            Words("Jurisdiction", "관할"),
            Words("Country or law it holds for", "적용되는 나라나 법"),
            16,
        ),
        Column(
            "evidence",
            Words("Evidence", "근거"),
            Words("Passages it cites, separated by ;", "인용하는 근거, ; 로 구분"),
            16,
        ),
    ),
)
EVIDENCE = Sheet(
    Words("Evidence", "근거"),
    (
        Column(
            "case",
            Words("Case", "증례 ID"),
            Words("As on the first sheet", "첫 시트와 같은 값"),
            14,
            is_required=True,
        ),
        Column(
            "evidence_id",
            Words("Passage", "근거 ID"),
            Words("A short name, such as e1", "e1 같은 짧은 이름"),
            12,
            is_required=True,
        ),
        Column(
            "quote", Words("Quote", "인용문"), Words("The passage itself", "근거 본문"), 70, is_required=True
        ),
        Column(
            "source",
            Words("Source", "출처"),
            Words("Guideline, law or article", "지침, 법령, 논문"),
            40,
            is_required=True,
        ),
        Column("edition", Words("Edition", "판"), Words("Such as 2024 or 3rd", "2024, 3판 등"), 14),
        Column("date", Words("Date", "날짜"), Words("YYYY-MM-DD", "YYYY-MM-DD"), 14),
        Column("jurisdiction", Words("Jurisdiction", "관할"), Words("Country or law", "나라나 법"), 16),
        Column("review_by", Words("Review by", "재검토 기한"), Words("YYYY-MM-DD", "YYYY-MM-DD"), 14),
        Column(
            "url", Words("Web address", "웹 주소"), Words("Where it can be read", "읽을 수 있는 주소"), 30
        ),
    ),
    is_required=False,
)
SHEETS = (CASES, CRITERIA, EVIDENCE)


def stored_word(words: dict[str, Words], typed: str) -> str | None:
    """Return the stored word for what was typed, in either language or as stored; None when it is none of them."""
    folded = typed.strip().casefold()
    for stored, reads in words.items():
        if folded in (stored, reads.en.casefold(), reads.ko):
            return stored
    return None
