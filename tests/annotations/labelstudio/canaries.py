"""A session whose every word about the systems occurs nowhere else, to look for them in what reaches a Label Studio."""

from typing import Any

from annotations.models import GradingSession
from annotations.services.sessions import open_session
from annotations.session_choices import GraderPlan
from builder.content import Criterion
from tests.annotations.rows import make_release, make_run
from tests.cast import Cast
from tests.factories import make_content

# Of two runs: name, model, prompting, retrieval, parameters and log; of a case: what no grader is shown.
CANARIES = tuple(f"zqcanary{number:02d}" for number in range(22))
ANSWER = "Record an ECG now."


def open_telltale_session(cast: Cast) -> GradingSession:
    """Open a session of Gia's and Gus's in Label Studio, with a canary in every field that isn't for graders."""
    left = list(CANARIES)

    def word() -> str:
        return left.pop()

    criterion = Criterion("Names the ECG.", 5, [f"axis:accuracy {word()}"], extra={word(): word()})
    content = make_content(
        "Chest pain", rubrics=[criterion], example_tags=[word()], metadata={word(): word()}, extra={"file": word()},
        canary=word(),
    )  # fmt: skip
    release = make_release(cast, contents=[content])
    runs = []
    for number in range(2):
        fields: dict[str, Any] = {"model": word(), "prompting": word(), "retrieval": word()}
        if number == 0:
            fields |= {
                "parameters": {word(): word()}, "log_format": word(), "harness": word(), "harness_version": word(),
                "grader": word(),
            }  # fmt: skip
        runs.append(make_run(release, word(), by=cast.lou, **fields))
    assert not left
    plans = [GraderPlan(each, "label-studio") for each in (cast.gia, cast.gus)]
    return open_session(release=release, runs=runs, graders=plans, by=cast.lou)


def found_in(text: str) -> list[str]:
    """Return the canaries a text holds."""
    return [canary for canary in CANARIES if canary in text.lower()]
