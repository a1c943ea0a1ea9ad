"""The workbook's sheets and columns, as both its writer and its reader know them. Pure."""

ABOUT, CASES, TURNS, CRITERIA, ANSWERS, VERDICTS = (
    "About", "Cases", "Conversations", "Criteria", "Answers", "Verdicts",
)  # fmt: skip
COLUMNS = {
    CASES: (
        "prompt_id", "title", "kind", "language", "split", "tags", "reference_answer", "evidence", "sha256", "canary",
    ),
    TURNS: ("prompt_id", "turn", "role", "content"),
    CRITERIA: ("prompt_id", "number", "points", "criterion", "red_line", "tags", "guideline", "jurisdiction"),
    ANSWERS: ("prompt_id", "epoch", "answer", "sha256"),
    VERDICTS: ("prompt_id", "epoch", "number", "points", "criterion", "verdict", "explanation"),
}  # fmt: skip
WITHOUT_RUBRIC = {
    CASES: ("prompt_id", "split", "sha256", "canary"),
    TURNS: COLUMNS[TURNS],
    ANSWERS: COLUMNS[ANSWERS],
}
MET, NOT_MET, CANNOT_JUDGE = "met", "not met", "cannot judge"
RELEASE, RELEASE_SHA256, MODEL, GRADER = "Release", "Release sha256", "Model (fill in)", "Graded by (fill in)"
