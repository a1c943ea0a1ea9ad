"""Who may call what: one line for every address and method, one column for everybody.

`in` asks to sign in, `yes` lets through (even if the body was bad), a number refuses. The objects belong to the
emergency department: Ada writes there, Rui reviews, Gia grades, Lou leads, Ana analyses. Eve holds every role
elsewhere, Ola administers the organization. What a line is about, when it isn't the usual object, stands last.
"""

from dataclasses import dataclass, field
from typing import Any

# Everything of the emergency department that a name or text can give away holds this.
SECRET = "zebra"
ASKERS = ("anonymous", "eve", "ada", "rui", "gia", "lou", "ana", "ola")

PAGES = """
                                          anon eve ada rui gia lou ana ola
builder:my-work                    GET    in  yes yes yes yes yes yes yes
builder:account                    GET    in  yes yes yes yes yes yes yes
builder:account                    POST   in  yes yes yes yes yes yes yes
builder:tokens                     GET    in  yes yes yes yes yes yes yes
builder:tokens                     POST   in  yes yes yes yes yes yes yes
builder:token-revoke               POST   in  404 yes 404 404 404 404 yes
builder:invitation-accept          GET    yes yes yes yes yes yes yes yes
builder:invitation-accept          POST   yes yes yes yes yes yes yes yes
set_language                       POST   yes yes yes yes yes yes yes yes
builder:case-list                  GET    in  yes yes yes yes yes yes yes
builder:case-new                   GET    in  yes yes 403 403 yes 403 403
builder:case-new                   POST   in  yes yes 403 403 yes 403 403
builder:case-paste                 GET    in  yes yes 403 403 yes 403 403
builder:case-paste                 POST   in  yes yes 403 403 yes 403 403
builder:markdown-preview           POST   in  yes yes yes yes yes yes yes
builder:case-import                GET    in  yes yes yes yes yes yes yes
builder:case-import                POST   in  yes yes yes yes yes yes yes
builder:case-import-preview        GET    in  404 404 404 404 404 404 404
builder:case-import-preview        POST   in  404 404 404 404 404 404 404
builder:case-template              GET    in  yes yes yes yes yes yes yes
builder:case-keep-template         GET    in  404 yes 403 404 yes 403 403
builder:case-keep-template         POST   in  404 yes 403 404 yes 403 403
builder:case-criteria              GET    in  404 yes 403 404 yes 403 403
builder:library                    GET    in  yes yes yes yes yes yes yes
builder:library-new                GET    in  yes yes yes yes yes yes yes
builder:library-new                POST   in  yes yes yes yes yes yes yes
builder:library-criterion          GET    in  404 yes yes 404 yes yes yes
builder:library-retire             POST   in  404 yes 403 404 yes 403 403
builder:template-list              GET    in  yes yes yes yes yes yes yes
builder:template-remove            POST   in  404 yes 404 404 yes 404 404
builder:department-tags            GET    in  404 403 403 403 yes 403 yes
builder:department-tags            POST   in  404 403 403 403 yes 403 yes
builder:case-duplicate             GET    in  404 yes 403 404 yes 403 403
builder:case-duplicate             POST   in  404 yes 403 404 yes 403 403
builder:case-preview               GET    in  404 yes yes 404 yes yes yes
builder:case-edit                  GET    in  404 yes 403 404 yes 403 403
builder:case-edit                  POST   in  404 yes 403 404 yes 403 403
builder:case-autosave              POST   in  404 yes 403 404 yes 403 403
builder:case-live                  GET    in  404 yes 403 404 yes 403 403
builder:case-discard               GET    in  404 yes 403 404 yes 403 403
builder:case-discard               POST   in  404 yes 403 404 yes 403 403
builder:case-identifiers           GET    in  404 yes yes 404 yes yes yes
builder:case-identifiers           POST   in  404 yes 403 404 yes 403 403
builder:case-submit                POST   in  404 yes 403 404 yes 403 403
builder:case-review                GET    in  404 403 yes 404 yes 403 403  in-review
builder:case-review                POST   in  404 403 yes 404 yes 403 403  in-review
builder:case-conflict              GET    in  404 403 yes 404 yes 403 403
builder:case-conflict              POST   in  404 403 yes 404 yes 403 403
builder:thread-new                 GET    in  404 yes yes 404 yes 403 403
builder:thread-new                 POST   in  404 yes yes 404 yes 403 403
builder:thread                     GET    in  404 yes yes 404 yes yes yes  in-review
builder:thread                     POST   in  404 yes yes 404 yes 403 403  in-review
builder:case-history               GET    in  404 yes yes 404 yes yes yes
builder:case-revision              GET    in  404 yes yes 404 yes yes yes
builder:case-retire                GET    in  404 403 403 404 yes 403 yes
builder:case-retire                POST   in  404 403 403 404 yes 403 yes
builder:job-list                   GET    in  yes yes yes yes yes yes yes
builder:job                        GET    in  404 yes 404 404 404 404 yes
builder:job-cancel                 POST   in  404 yes 404 404 404 404 yes
builder:check-help-list            GET    in  yes yes yes yes yes yes yes
builder:check-help                 GET    in  yes yes yes yes yes yes yes
builder:people                     GET    in  403 403 403 403 403 403 yes
builder:invitation-create          GET    in  403 403 403 403 403 403 yes
builder:invitation-create          POST   in  403 403 403 403 403 403 yes
builder:all-tokens                 GET    in  403 403 403 403 403 403 yes
builder:person                     GET    in  403 403 403 403 403 403 yes
builder:person-roles               POST   in  403 403 403 403 403 403 yes
builder:person-link                POST   in  403 403 403 403 403 403 yes
builder:person-link-revoke         POST   in  403 403 403 403 403 403 yes
builder:person-state               POST   in  403 403 403 403 403 403 yes
builder:person-office              POST   in  403 403 403 403 403 403 yes
builder:department-list            GET    in  403 403 403 403 403 403 yes
builder:department-create          GET    in  403 403 403 403 403 403 yes
builder:department-create          POST   in  403 403 403 403 403 403 yes
builder:benchmark-list             GET    in  yes yes yes yes yes yes yes
builder:benchmark                  GET    in  404 yes yes 403 yes yes yes
builder:benchmark-csv              GET    in  404 yes yes 403 yes yes yes
builder:department-settings        GET    in  404 403 403 403 yes 403 yes
builder:department-settings        POST   in  404 403 403 403 yes 403 yes
exports:release-list               GET    in  yes yes yes yes yes yes yes
exports:release-new                GET    in  404 403 403 403 yes 403 403
exports:release-new                POST   in  404 403 403 403 yes 403 403
exports:release-detail             GET    in  404 yes yes 404 yes yes yes
exports:release-item               GET    in  404 yes yes 404 yes yes yes  item
exports:release-manifest           GET    in  404 yes yes 404 yes yes yes
exports:release-verify             POST   in  404 yes yes 404 yes yes yes
exports:release-state              GET    in  404 403 403 404 yes 403 403
exports:release-state              POST   in  404 403 403 404 yes 403 403
exports:release-download           GET    in  404 403 403 404 yes yes 403
exports:release-download           POST   in  404 403 403 404 yes yes 403
exports:run-list                   GET    in  yes yes yes yes yes yes yes
exports:run-new                    GET    in  yes yes yes yes yes yes yes
exports:run-new                    POST   in  yes yes yes yes yes yes yes
exports:run-detail                 GET    in  404 404 404 404 yes yes yes  run
exports:run-response               GET    in  404 404 404 404 yes yes yes  run
annotations:session-list           GET    in  yes yes yes yes yes yes yes
annotations:session-new            GET    in  yes yes yes yes yes yes yes
annotations:session-set-up         GET    in  404 403 403 404 yes 403 403
annotations:session-set-up         POST   in  404 403 403 404 yes 403 403
annotations:session-detail         GET    in  404 404 404 404 yes yes yes
annotations:session-end            GET    in  404 404 404 404 yes 403 403
annotations:session-end            POST   in  404 404 404 404 yes 403 403
annotations:session-close          GET    in  404 404 404 404 yes 403 403
annotations:session-close          POST   in  404 404 404 404 yes 403 403
annotations:session-people         GET    in  404 404 404 404 yes 403 403
annotations:session-people         POST   in  404 404 404 404 yes 403 403
annotations:session-grader-remove  GET    in  404 404 404 404 yes 403 403
annotations:session-grader-remove  POST   in  404 404 404 404 yes 403 403
annotations:session-run-withdraw   GET    in  404 404 404 404 yes 403 403
annotations:session-run-withdraw   POST   in  404 404 404 404 yes 403 403
annotations:session-reopen         GET    in  404 404 404 404 yes 403 403
annotations:session-reopen         POST   in  404 404 404 404 yes 403 403
annotations:calibration            GET    in  404 404 404 404 yes 403 403  planned
annotations:calibration            POST   in  404 404 404 404 yes 403 403  planned
annotations:calibration-item       GET    in  404 404 404 404 yes 403 403  planned
annotations:calibration-item       POST   in  404 404 404 404 yes 403 403  planned
annotations:session-discard        GET    in  404 404 404 404 yes 403 403  planned
annotations:session-discard        POST   in  404 404 404 404 yes 403 403  planned
annotations:grade                  GET    in  404 404 404 yes 404 404 404
annotations:grade-done             GET    in  404 404 404 yes 404 404 404
annotations:grade-done             POST   in  404 404 404 yes 404 404 404
annotations:grade-feedback         GET    in  404 404 404 yes 404 404 404
annotations:grade-item             GET    in  404 404 404 yes 404 404 404
annotations:grade-item             POST   in  404 404 404 yes 404 404 404
annotations:grade-save             POST   in  404 404 404 yes 404 404 404
annotations:session-agreement      GET    in  404 404 404 404 yes yes yes  closed
annotations:session-agreement-json GET    in  404 404 404 404 yes yes yes  closed
annotations:session-quality        GET    in  404 404 404 404 yes 403 403
annotations:session-quality-mine   GET    in  404 404 404 yes 404 404 404
annotations:session-grades         GET    in  404 404 404 404 yes yes 403  closed
annotations:session-grades         POST   in  404 404 404 404 yes yes 403  closed
annotations:session-scores         GET    in  404 404 404 404 yes yes yes  closed
annotations:session-scores-json    GET    in  404 404 404 404 yes yes yes  closed
annotations:session-disagreements  GET    in  404 404 404 404 yes 403 403  disputed
annotations:session-disagreement   GET    in  404 404 404 404 yes 403 403  disputed
annotations:session-disagreement   POST   in  404 404 404 404 yes 403 403  disputed
annotations:session-disagreement-third GET  in 404 404 404 404 yes 403 403 disputed
annotations:session-disagreement-third POST in 404 404 404 404 yes 403 403 disputed
annotations:session-ruling-withdraw GET   in  404 404 404 404 yes 403 403  disputed
annotations:session-ruling-withdraw POST  in  404 404 404 404 yes 403 403  disputed
annotations:session-label-studio   GET    in  404 404 404 404 yes 403 403  there
annotations:session-label-studio   POST   in  404 404 404 404 yes 403 403  there
annotations:label-studio-connection GET   in  404 403 403 403 yes 403 yes  there
annotations:label-studio-connection POST  in  404 403 403 403 yes 403 yes  there
annotations:label-studio-reviews   GET    in  404 403 403 403 yes 403 403  there
annotations:label-studio-reviews   POST   in  404 403 403 403 yes 403 403  there
annotations:verdicts-new           GET    in  404 404 404 404 yes yes 403  run
annotations:verdicts-new           POST   in  404 404 404 404 yes yes 403  run
annotations:results                GET    in  404 404 404 404 yes yes yes  log
annotations:results-new            GET    in  404 403 403 404 yes yes 403
annotations:results-new            POST   in  404 403 403 404 yes yes 403
"""

API = """
                                          anon eve ada rui gia lou ana ola
api:root                           GET    in  yes yes yes yes yes yes yes
api:schema                         GET    in  yes yes yes yes yes yes yes
api:anything-else                  GET    in  404 404 404 404 404 404 404
api:me                             GET    in  yes yes yes yes yes yes yes
api:me                             PATCH  in  yes yes yes yes yes yes yes
api:tokens                         GET    in  yes yes yes yes yes yes yes
api:tokens                         POST   in  yes yes yes yes yes yes yes
api:everybodys-tokens              GET    in  403 403 403 403 403 403 yes
api:token                          DELETE in  404 yes 404 404 404 404 yes
api:jobs                           GET    in  yes yes yes yes yes yes yes
api:job                            GET    in  404 yes 404 404 404 404 yes
api:job-cancel                     POST   in  404 yes 404 404 404 404 yes
api:people                         GET    in  403 403 403 403 403 403 yes
api:people                         POST   in  403 403 403 403 403 403 yes
api:person                         GET    in  403 403 403 403 403 403 yes
api:person-roles                   PUT    in  403 403 403 403 403 403 yes
api:person-active                  PUT    in  403 403 403 403 403 403 yes
api:person-office                  PUT    in  403 403 403 403 403 403 yes
api:person-invitation              POST   in  403 403 403 403 403 403 yes
api:person-invitation              DELETE in  403 403 403 403 403 403 yes
api:departments                    GET    in  yes yes yes yes yes yes yes
api:departments                    POST   in  403 403 403 403 403 403 yes
api:department                     GET    in  404 yes yes yes yes yes yes
api:department-benchmark           GET    in  404 yes yes 403 yes yes yes
api:department                     PUT    in  404 403 403 403 yes 403 yes
api:cases                          GET    in  yes yes yes yes yes yes yes
api:cases                          POST   in  404 yes 403 403 yes 403 403
api:case-start                     POST   in  404 yes 403 403 yes 403 403
api:conversation                   POST   in  yes yes yes yes yes yes yes
api:case-import                    POST   in  yes yes yes yes yes yes yes
api:case-import-preview            POST   in  yes yes yes yes yes yes yes
api:case-import-job                POST   in  yes yes yes yes yes yes yes
api:case-template                  GET    in  yes yes yes yes yes yes yes
api:library                        GET    in  yes yes yes yes yes yes yes
api:library                        POST   in  404 yes 403 403 yes 403 403
api:library-criterion              GET    in  404 yes yes 404 yes yes yes
api:library-retire                 POST   in  404 yes 403 404 yes 403 403
api:case-templates                 GET    in  yes yes yes yes yes yes yes
api:case-keep-template             POST   in  404 yes 403 404 yes 403 403
api:template                       DELETE in  404 yes 404 404 yes 404 404
api:department-tags                GET    in  404 yes yes yes yes yes yes
api:department-tags                PUT    in  404 403 403 403 yes 403 yes
api:case-criteria                  GET    in  404 yes 403 404 yes 403 403
api:case                           GET    in  404 yes yes 404 yes yes yes
api:case                           PUT    in  404 yes 403 404 yes 403 403
api:case                           PATCH  in  404 yes 403 404 yes 403 403
api:case-draft                     GET    in  404 404 403 404 404 403 403
api:case-draft                     PUT    in  404 yes 403 404 yes 403 403
api:case-draft                     DELETE in  404 yes 403 404 yes 403 403
api:case-revisions                 GET    in  404 yes yes 404 yes yes yes
api:case-revision                  GET    in  404 yes yes 404 yes yes yes
api:case-identifiers               GET    in  404 yes yes 404 yes yes yes
api:case-identifiers               POST   in  404 yes 403 404 yes 403 403
api:case-submit                    POST   in  404 yes 403 404 yes 403 403
api:case-reviews                   GET    in  404 yes yes 404 yes yes yes
api:case-reviews                   POST   in  404 403 yes 404 yes 403 403  in-review
api:case-threads                   GET    in  404 yes yes 404 yes yes yes
api:case-threads                   POST   in  404 yes yes 404 yes 403 403
api:thread-messages                POST   in  404 yes yes 404 yes 403 403  in-review
api:thread-resolution              PUT    in  404 yes yes 404 yes 403 403  in-review
api:thread-adoption                POST   in  404 yes 403 404 yes 403 403  in-review
api:case-conflicts                 GET    in  404 yes yes 404 yes yes yes
api:case-conflicts                 POST   in  404 403 yes 404 yes 403 403
api:case-retire                    POST   in  404 403 403 404 yes 403 yes
api:releases                       GET    in  yes yes yes yes yes yes yes
api:releases                       POST   in  404 403 403 403 yes 403 403
api:release                        GET    in  404 yes yes 404 yes yes yes
api:release-state                  GET    in  404 yes yes 404 yes yes yes
api:release-state                  POST   in  404 403 403 404 yes 403 403
api:release-items                  GET    in  404 yes yes 404 yes yes yes
api:release-verification           GET    in  404 yes yes 404 yes yes yes
api:release-bundle                 GET    in  404 403 403 404 yes yes 403
api:release-bundle                 POST   in  404 403 403 404 yes yes 403
api:formats                        GET    in  yes yes yes yes yes yes yes
api:runs                           GET    in  yes yes yes yes yes yes yes
api:runs                           POST   in  yes yes yes yes yes yes yes
api:run                            GET    in  404 404 404 404 yes yes yes  run
api:run-responses                  GET    in  404 404 404 404 yes yes yes  run
api:run-withdraw                   POST   in  404 404 404 404 yes yes 403  run
api:run-verdicts                   POST   in  404 404 404 404 yes yes 403  run
api:results                        POST   in  yes yes yes yes yes yes yes
api:run-results                    GET    in  404 404 404 404 yes yes yes  log
api:run-differences                GET    in  404 404 404 404 yes yes yes  log
api:run-score                      GET    in  404 404 404 404 yes yes yes  run
api:scores                         GET    in  404 404 404 404 yes yes yes
api:sessions                       GET    in  yes yes yes yes yes yes yes
api:sessions                       POST   in  404 403 403 404 yes 403 403
api:own-sessions                   GET    in  yes yes yes yes yes yes yes
api:session                        GET    in  404 404 404 404 yes yes yes
api:session-end-grading            POST   in  404 404 404 404 yes 403 403
api:session-close                  POST   in  404 404 404 404 yes 403 403
api:session-reopen                 POST   in  404 404 404 404 yes 403 403
api:session-plan                   POST   in  404 403 403 404 yes 403 403
api:session-start                  POST   in  404 404 404 404 yes 403 403  planned
api:session                        DELETE in  404 404 404 404 yes 403 403  planned
api:calibration                    GET    in  404 404 404 404 yes 403 403  planned
api:calibration-item               GET    in  404 404 404 404 yes 403 403  planned
api:calibration-item               PUT    in  404 404 404 404 yes 403 403  planned
api:session-label-studio           GET    in  404 404 404 404 yes 403 403  there
api:session-label-studio-quarantine GET   in  404 404 404 404 yes 403 403  there
api:session-label-studio-act       POST   in  404 404 404 404 yes 403 403  there
api:session-label-studio-again     POST   in  404 404 404 404 yes 403 403  there
api:label-studio-connection        GET    in  404 403 403 403 yes 403 yes  there
api:label-studio-connection        PUT    in  404 403 403 403 yes 403 yes  there
api:label-studio-connection        POST   in  404 403 403 403 yes 403 yes  there
api:label-studio-connection        DELETE in  404 403 403 403 yes 403 yes  there
api:label-studio-reviews           GET    in  404 403 403 403 yes 403 403  there
api:label-studio-reviews           POST   in  404 403 403 403 yes 403 403  there
api:label-studio-webhook           POST   in  in  in  in  in  in  in  in   there
api:session-agreement              GET    in  404 404 404 404 yes yes yes  closed
api:session-quality                GET    in  404 404 404 404 yes 403 403
api:session-set-aside              GET    in  404 404 404 404 yes 403 403
api:session-quality-mine           GET    in  404 404 404 yes 404 404 404
api:session-graded-dataset         GET    in  404 404 404 404 yes yes 403  closed
api:session-graded-dataset         POST   in  404 404 404 404 yes yes 403  closed
api:session-scores                 GET    in  404 404 404 404 yes yes yes  closed
api:session-disagreements          GET    in  404 404 404 404 yes 403 403  disputed
api:session-disagreement           GET    in  404 404 404 404 yes 403 403  disputed
api:session-rule                   POST   in  404 404 404 404 yes 403 403  disputed
api:session-third                  POST   in  404 404 404 404 yes 403 403  disputed
api:session-rulings                GET    in  404 404 404 404 yes 403 403  disputed
api:session-ruling-withdraw        POST   in  404 404 404 404 yes 403 403  disputed
api:session-next                   GET    in  404 404 404 yes 404 404 404
api:session-item                   GET    in  404 404 404 yes 404 404 404
api:session-grades                 PUT    in  404 404 404 yes 404 404 404
api:session-skip                   POST   in  404 404 404 yes 404 404 404
api:session-skip                   DELETE in  404 404 404 yes 404 404 404
api:session-flag                   PUT    in  404 404 404 yes 404 404 404
api:session-flag                   DELETE in  404 404 404 yes 404 404 404
api:session-graders                POST   in  404 404 404 404 yes 403 403
api:session-grader-remove          POST   in  404 404 404 404 yes 403 403
api:session-run-withdraw           POST   in  404 404 404 404 yes 403 403
"""

# A list names no object: these bodies and queries do. Files of cases and answers are sent in the tests of each room.
RELEASE = f"{SECRET}-set==1.0.0"
BODIES: dict[str, Any] = {
    "api:cases": {"department": "ED", "content": {"prompt": [], "rubrics": []}},
    "api:case-start": {"department": "ED", "conversation": "User: Hello"},
    "api:conversation": {"conversation": "User: Hello"},
    "api:library": {"department": "ED", "criterion": "Asks for an ECG.", "points": 5},
    "api:releases": {"department": "ED", "name": "next", "version": "1.0.0"},
    "api:sessions": {"release": RELEASE, "runs": [f"{SECRET}-run"], "graders": ["gia@example.org"]},
    "api:session-plan": {"release": RELEASE, "runs": [f"{SECRET}-run"], "graders": ["gia@example.org"]},
}
QUERIES = {"exports:release-new": "?department=ED", "api:scores": f"?run={SECRET}-run&run={SECRET}-run"}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table."""

    route: str
    method: str
    outcomes: tuple[str, ...]
    about: str = "usual"
    query: str = ""
    body: Any = field(default=None)


def read_rows(table: str) -> list[Row]:
    """Return the lines below the table's head."""
    rows = []
    for line in table.strip().splitlines()[1:]:
        route, method, *rest = line.split()
        outcomes, about = tuple(rest[: len(ASKERS)]), rest[len(ASKERS) :]
        body = BODIES.get(route) if method == "POST" else None
        rows.append(
            Row(route, method, outcomes, about[0] if about else "usual", QUERIES.get(route, ""), body)
        )
    return rows


ROWS = [*read_rows(PAGES), *read_rows(API)]
