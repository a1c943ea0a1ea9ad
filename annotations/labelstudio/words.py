"""What Label Studio's pages say to graders and reviewers, in the language of the session.

These are data that leave with a project, not texts of our own pages: the language is the session's, not the reader's.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """Every text a configuration, an instruction or a task's data holds besides its contents."""

    conversation: str
    roles: tuple[tuple[str, str], ...]
    answer: str
    reference: str
    evidence: str
    nothing: str
    criteria: str
    met: str
    not_met: str
    cannot_judge: str
    required: str
    note: str
    points: str
    red_line: str
    overall: str
    overall_hint: str
    agree: str
    disagree: str
    why: str
    wording: str
    decision: str
    approve: str
    request_changes: str
    grading_steps: tuple[str, ...]
    review_steps: tuple[str, ...]

    def role(self, key: str) -> str:
        """Return the name of a turn's speaker."""
        return dict(self.roles).get(key, key)


ENGLISH = Words(
    conversation="Conversation",
    roles=(("system", "System"), ("user", "User"), ("assistant", "Assistant")),
    answer="Answer to grade",
    reference="Reference answer",
    evidence="Evidence",
    nothing="(none)",
    criteria="Criteria",
    met="Met",
    not_met="Not met",
    cannot_judge="Cannot judge",
    required="Give every criterion a verdict.",
    note="Note (optional): press Enter to keep it",
    points="%s points",
    red_line="Red line: if it is met, copy the sentence into the note",
    overall="Anything to add about the whole?",
    overall_hint="Optional: press Shift+Enter (or Add) to keep it",
    agree="Agree",
    disagree="Disagree",
    why="Why (optional): press Enter to keep it",
    wording="Better wording (optional): press Enter to keep it",
    decision="Your decision on the whole rubric",
    approve="Approve",
    request_changes="Ask for changes",
    grading_steps=(
        "Read the conversation and the answer on the left.",
        "On the right, say for each criterion whether the answer meets it. A criterion can describe something bad: "
        "“Met” then means that the answer does it.",
        "Choose “Cannot judge” when the text doesn't let you decide; it is never counted as “Not met”.",
        "A note is kept only after you press Enter, the comment at the end only after Shift+Enter.",
        "Press Submit. You can come back and change it while the session is open.",
        "Grade on your own: please don't open other people's projects.",
    ),
    review_steps=(
        "Read the conversation on the left. It is the case; there is no answer to grade here.",
        "On the right, say for each criterion whether it belongs in the rubric as it is worded.",
        "If you disagree, say why, or write a better wording. Both are kept only after you press Enter, the comment at "
        "the end only after Shift+Enter.",
        "Decide on the rubric as a whole, and press Submit.",
    ),
)

KOREAN = Words(
    conversation="대화",
    roles=(("system", "시스템"), ("user", "사용자"), ("assistant", "어시스턴트")),
    answer="채점할 답변",
    reference="모범 답안",
    evidence="근거",
    nothing="(없음)",
    criteria="기준",
    met="해당함",
    not_met="해당하지 않음",
    cannot_judge="판단 불가",
    required="모든 기준에 판정을 내려 주세요.",
    note="메모(선택): Enter 키를 눌러야 저장됩니다",
    points="%s점",
    red_line="레드라인: 해당하면 그 문장을 메모에 옮겨 적어 주세요",
    overall="전체에 대해 덧붙일 의견이 있습니까?",
    overall_hint="선택: Shift+Enter 키(또는 Add 버튼)를 눌러야 저장됩니다",
    agree="동의",
    disagree="반대",
    why="이유(선택): Enter 키를 눌러야 저장됩니다",
    wording="제안 문구(선택): Enter 키를 눌러야 저장됩니다",
    decision="루브릭 전체에 대한 결정",
    approve="승인",
    request_changes="수정 요청",
    grading_steps=(
        "왼쪽의 대화와 답변을 읽으세요.",
        "오른쪽에서 답변이 각 기준에 해당하는지 판정하세요. 기준이 바람직하지 않은 내용을 설명하기도 합니다. "
        "그때 “해당함”은 답변이 그렇게 했다는 뜻입니다.",
        "본문만으로 정할 수 없으면 “판단 불가”를 고르세요. “해당하지 않음”으로 계산되지 않습니다.",
        "메모는 Enter 키를, 맨 아래 의견은 Shift+Enter 키를 눌러야 저장됩니다.",
        "Submit을 누르세요. 세션이 열려 있는 동안에는 다시 돌아와 고칠 수 있습니다.",
        "혼자서 채점하세요. 다른 사람의 프로젝트는 열지 마세요.",
    ),
    review_steps=(
        "왼쪽의 대화를 읽으세요. 이것이 증례이며, 여기에는 채점할 답변이 없습니다.",
        "오른쪽에서 각 기준이 지금 문구대로 루브릭에 들어갈 만한지 판단하세요.",
        "반대하면 이유를 쓰거나 더 나은 문구를 제안하세요. 둘 다 Enter 키를, 맨 아래 의견은 Shift+Enter 키를 눌러야 "
        "저장됩니다.",
        "루브릭 전체에 대해 결정하고 Submit을 누르세요.",
    ),
)


def words_in(language: str) -> Words:
    """Return the words of a language; English for one that has none here."""
    return KOREAN if language.lower().split("-")[0] == "ko" else ENGLISH
