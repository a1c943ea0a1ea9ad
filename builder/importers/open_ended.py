"""From a multiple-choice question to the draft of an open-ended case.

The options are dropped and the lead-in is turned into a question that makes sense without them. The key and the
distractors become the reference and *suggested* criteria, which an author confirms, changes or deletes: an exam's key
says what is right, not what a good answer looks like.
"""

import re

from builder.content import CaseContent, Criterion, Turn
from builder.importers.exams import ExamQuestion

# What an author sees beside a criterion that no person has confirmed yet; it leaves with the confirmation.
SUGGESTED = {"suggested": True}
# On a case whose question means nothing without its options.
REWRITE_TAG = "todo:rewrite_question"
# The exam's key is right or wrong, so its own criteria measure accuracy.
_ACCURACY = ["axis:accuracy"]
_TITLE = 150
_KEY_POINTS, _REASON_POINTS, _WRONG_POINTS = 5, 3, -5

_OF_THE_FOLLOWING = re.compile(
    r"\b(?:which|what)\s+(?:one\s+)?(?:of|among)\s+(?:the|these)\s+(?:following|options|choices)"
    r"(?:\s+(?:options?|choices?|answers?)\b)?",
    re.IGNORECASE,
)
_OPENER = re.compile(
    r"(?:(?<=[.?!]\s)|^)(?:of|among)\s+the\s+following(?:\s+(?:options|choices))?,\s*(?P<next>\w)",
    re.IGNORECASE,
)
_VERBS = re.compile(
    r"\s*(?:is|are|was|were|will|would|can|could|should|may|might|must|has|have|had|does|do|did|best|most|"
    r"describes?|explains?|represents?)\b",
    re.IGNORECASE,
)
# Questions that only mean something beside their options; an author must ask something else.
_NEEDS_OPTIONS = re.compile(
    r"\b(?:except|false|incorrect|not\s+true|true\s+(?:about|regarding)|all\s+of\s+the\s+(?:following|above)|"
    r"not\s+a\b|is\s+not\b|are\s+not\b|following\s+statements?|shown\s+in|the\s+following\s+(?:image|ecg|picture))",
    re.IGNORECASE,
)
_DIAGNOSIS = re.compile(
    r"\b(?:likely|probable|possible|correct|provisional|underlying|the|your)\s+diagnosis\b(?=\s*(?:[?:.]|is\b|in\b|for\b|of\b|$))"
    r"|^\W*diagnosis\b",
    re.IGNORECASE,
)
_MANAGEMENT = re.compile(
    r"\b(?:next\s+(?:best\s+)?(?:\w+\s+)?step|step\s+in|management|treatment|treated|therapy|pharmacotherapy|intervention|"
    r"drug\s+of\s+choice|course\s+of\s+action|recommend\w*|administer\w*|prescri\w*)\b",
    re.IGNORECASE,
)
_EXPLAINS = re.compile(
    r"\b(?:mechanisms?|cause[ds]?|effects?|due\s+to|risk|associated|complications?|explain\w*|responsible|prevented|"
    r"after|confirm\w*|diagnos\w+|findings?)\b",
    re.IGNORECASE,
)
# "Which of the following features is" has to read "Which features are" without its options.
_PLURAL_IS = re.compile(
    r"(?P<noun>\b[Ww]hich(?:\s+[\w'-]+){0,3}?\s+\w+(?<![isu])s(?:\s+(?:of|in|on|for)\s+[\w\s'’-]{1,40}?)?)"
    r"\s+(?P<verb>is|was|has)\b"
)
_PLURAL = {"is": "are", "was": "were", "has": "have"}


def open_ended_case(question: ExamQuestion) -> tuple[str, CaseContent]:
    """Return the prompt_id and the draft of a question."""
    asked = open_question(question.question)
    content = CaseContent(
        prompt=[Turn("user", _prompt(question, asked))],
        rubrics=_suggested_criteria(question),
        example_tags=_tags(question),
        ideal_completions_data={
            "ideal_completion": _reference(question),
            "ideal_completions_group": None,
            "ideal_completions_ref_completions": None,
        },
        title=_title(asked),
        kind="knowledge",
        language="en",
        metadata={"source": {"dataset": question.dataset, "source_id": question.source_id}},
    )
    return f"{question.dataset}-{question.source_id}", content


def open_question(text: str) -> str:
    """Return the question as it reads without options: "Which of the following is …?" becomes "What is …?"."""
    text = _OPENER.sub(lambda found: found["next"].upper(), text.strip())
    # The lead-in is the last one; an earlier one belongs to the vignette.
    match = next(reversed(list(_OF_THE_FOLLOWING.finditer(text))), None)
    if match is None:
        return text
    after = text[match.end() :]
    word = "what" if _VERBS.match(after) else "which"
    begins_sentence = not text[: match.start()].strip() or text[: match.start()].rstrip()[-1:] in ".?!:"
    word = word.capitalize() if begins_sentence else word
    asked = word + after
    return text[: match.start()] + _PLURAL_IS.sub(
        lambda found: f"{found['noun']} {_PLURAL[found['verb']]}", asked
    )


def needs_options(text: str) -> bool:
    """Whether the question only means something beside its options, so that an author must rewrite it."""
    return bool(_NEEDS_OPTIONS.search(_lead_in(text)))


def _prompt(question: ExamQuestion, asked: str) -> str:
    return "\n\n".join([*question.contexts, asked])


def _tags(question: ExamQuestion) -> list[str]:
    tags = [f"source:{question.dataset}"]
    if subject := str(question.details.get("subject_name") or "").strip():
        tags.append("theme:" + re.sub(r"\W+", "_", subject.lower()).strip("_"))
    if question.dataset != "pubmedqa" and needs_options(question.question):
        tags.append(REWRITE_TAG)
    return tags


def _suggested_criteria(question: ExamQuestion) -> list[Criterion]:
    if question.dataset == "pubmedqa":
        return _decision_criteria(question)
    says = _wording(question.question)
    criteria = [
        _suggested(says % question.answer_text.strip(" ."), _KEY_POINTS),
        _suggested("Gives a reason for the answer that is drawn from the question", _REASON_POINTS),
    ]
    criteria += [
        _suggested(says % text.strip(" ."), _WRONG_POINTS)
        for text in _different(question)
        if text.strip(" .")
    ]
    return criteria


def _decision_criteria(question: ExamQuestion) -> list[Criterion]:
    conclusions = {
        "yes": "Concludes that the answer is yes",
        "no": "Concludes that the answer is no",
        "maybe": "Concludes that the evidence leaves the answer open",
    }
    criteria = [
        _suggested(conclusions[question.answer], _KEY_POINTS),
        _suggested("Names a result of the study that the conclusion rests on", _REASON_POINTS),
    ]
    return criteria + [_suggested(conclusions[each], _WRONG_POINTS) for each in question.distractors]


def _suggested(text: str, points: int) -> Criterion:
    return Criterion(criterion=text, points=points, tags=list(_ACCURACY), extra=dict(SUGGESTED))


def _different(question: ExamQuestion) -> list[str]:
    """Return the distractors once each, without those that read like the key."""
    key = question.answer_text.strip(" .").casefold()
    texts = {text.strip(" .").casefold(): text for text in question.distractors.values()}
    return [text for folded, text in texts.items() if folded != key]


def _wording(text: str) -> str:
    lead_in = _lead_in(text)
    if _DIAGNOSIS.search(lead_in):
        return "Names %s as the most likely diagnosis"
    if _MANAGEMENT.search(lead_in) and not _EXPLAINS.search(lead_in):
        return "Recommends this: %s"
    return "Gives this as the answer: %s"


def _lead_in(text: str) -> str:
    """Return the sentence that asks: the last one with a question mark (laboratory values may follow it)."""
    sentences = re.split(r"(?<=[.?!])\s+", text.strip())
    return next((each for each in reversed(sentences) if "?" in each), sentences[-1])


def _reference(question: ExamQuestion) -> str:
    if question.dataset == "pubmedqa":
        return f"{question.answer.capitalize()}. {question.explanation.strip()}"
    wrong = "; ".join(text.strip() for text in question.distractors.values())
    parts = [f"The exam's key: {question.answer_text.strip()}", f"Its wrong options: {wrong}"]
    if question.explanation.strip():
        parts.append(question.explanation.strip())
    return "\n\n".join(parts)


def _title(asked: str) -> str:
    """Return how the case begins and what it asks: the question alone is the same for hundreds of cases."""
    whole, lead_in = " ".join(asked.split()), " ".join(_lead_in(asked).split())
    if len(whole) <= _TITLE:
        return whole
    asks = lead_in if len(lead_in) <= _TITLE // 2 else ""
    start = whole[: _TITLE - len(asks) - 2].rsplit(" ", 1)[0]
    return f"{start} … {asks}".strip()
