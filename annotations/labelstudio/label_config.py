"""The labelling configurations of Label Studio projects, and what they tell graders first.

One configuration serves every case of a session, however many criteria each has: a Repeater makes a card for each item
of the task's `criteria`. Names end in the criterion's place (`verdict_0`, `note_0` …), and a choice is stored by its
alias, so that no language is in the results. `payloads` reads them back.
"""

from dataclasses import dataclass
from html import escape

from annotations.labelstudio.words import Words, words_in

STYLE = """
    .cw-root{display:flex;gap:16px;align-items:flex-start}
    .cw-side{flex:1 1 50%;min-width:0;max-height:82vh;overflow-y:auto;overflow-wrap:anywhere;word-break:keep-all}
    .cw-card{border:1px solid #b8c2cc;border-radius:6px;padding:8px 12px;margin-bottom:10px}
    .cw-card .lsf-richtext,.cw-plain .lsf-richtext{white-space:pre-wrap}
    .cw-answer{border-left:4px solid #1d5fa8;padding:4px 12px;background:#f4f8fd}
    .cw-turns{border-left:4px solid #8a949e;padding:4px 12px}
    .cw-side table{border-collapse:collapse}
    .cw-side td,.cw-side th{border:1px solid #b8c2cc;padding:2px 8px}
    .cw-side pre{white-space:pre-wrap}
    .cw-turns p,.cw-answer p{white-space:pre-line}
    .cw-answer :is(h1,h2,h3,h4),.cw-turns :is(h1,h2,h3,h4){font-size:1.15rem;line-height:1.4;margin:8px 0}
    @media (max-width:900px){.cw-root{flex-direction:column}.cw-side{max-height:none;width:100%}}
"""


@dataclass(frozen=True, slots=True)
class GradingLook:
    """What graders of a session see. Points aren't here: they stand in the criteria's own labels, if at all."""

    language: str = "en"
    shows_reference: bool = True
    shows_evidence: bool = True


def grading_config(look: GradingLook) -> str:
    """Return the configuration under which answers are graded."""
    words = words_in(look.language)
    left = _titled(words.conversation, "turns", "$conversation_md") + _titled(
        words.answer, "answer", "$response_md"
    )
    if look.shows_reference:
        left += _folded(words.reference, "reference")
    if look.shows_evidence:
        left += _folded(words.evidence, "evidence")
    verdicts = (("met", words.met), ("not_met", words.not_met), ("cannot_judge", words.cannot_judge))
    card = _choices("verdict", verdicts, words.required) + _line("note", words.note)
    return _page(left, words, card, _overall(words))


def review_config(language: str = "en") -> str:
    """Return the configuration under which the rubric of a case is reviewed."""
    words = words_in(language)
    votes = (("agree", words.agree), ("disagree", words.disagree), ("cannot_judge", words.cannot_judge))
    card = (
        _choices("vote", votes, words.required)
        + _line("comment", words.why)
        + _line("wording", words.wording)
    )
    decisions = (("approve", words.approve), ("request_changes", words.request_changes))
    decision = f"""
    <Header value={_quoted(words.decision)} size="4"/>
    <Choices name="decision" toName="overall" choice="single-radio" showInline="true" required="true" {
        ""
    }requiredMessage={_quoted(words.required)}>{_options(decisions)}
    </Choices>"""
    left = _titled(words.conversation, "turns", "$conversation_md") + _folded(words.reference, "reference")
    return _page(left, words, card, decision + _overall(words))


def grading_instruction(look: GradingLook) -> str:
    """Return, as HTML, what a grader reads before the first answer."""
    return _steps(words_in(look.language).grading_steps)


def review_instruction(language: str = "en") -> str:
    """Return, as HTML, what a reviewer reads before the first rubric."""
    return _steps(words_in(language).review_steps)


def _page(left: str, words: Words, card: str, foot: str) -> str:
    return f"""<View className="cw-root">
  <Style>{STYLE}  </Style>
  <View className="cw-side">{left}
  </View>
  <View className="cw-side">
    <Header value={_quoted(words.criteria)} size="4"/>
    <Repeater on="$criteria" indexFlag="{{{{idx}}}}">
      <View className="cw-card">
        <Text name="crit_{{{{idx}}}}" value="$criteria[{{{{idx}}}}].label"/>{card}
      </View>
    </Repeater>{foot}
  </View>
</View>"""


def _titled(title: str, kind: str, value: str) -> str:
    return f"""
    <Header value={_quoted(title)} size="4"/>
    <View className="cw-{kind}"><Markdown value="{value}"/></View>"""


def _folded(title: str, name: str) -> str:
    return f"""
    <Collapse accordion="false" bordered="true">
      <Panel value={_quoted(title)}><View className="cw-plain"><Text name="{name}" value="${name}"/></View></Panel>
    </Collapse>"""


def _choices(name: str, options: tuple[tuple[str, str], ...], required: str) -> str:
    return f"""
        <Choices name="{name}_{{{{idx}}}}" toName="crit_{{{{idx}}}}" choice="single-radio" showInline="true" {
        ""
    }required="true" requiredMessage={_quoted(required)}>{_options(options)}
        </Choices>"""


def _options(options: tuple[tuple[str, str], ...]) -> str:
    return "".join(
        f"""
          <Choice value={_quoted(shown)} alias="{alias}"/>"""
        for alias, shown in options
    )


def _line(name: str, hint: str) -> str:
    return f"""
        <TextArea name="{name}_{{{{idx}}}}" toName="crit_{{{{idx}}}}" maxSubmissions="1" rows="1" {
        ""
    }editable="true" placeholder={_quoted(hint)}/>"""


def _overall(words: Words) -> str:
    return f"""
    <View className="cw-plain"><Text name="overall" value="$overall"/></View>
    <TextArea name="overall_comment" toName="overall" maxSubmissions="1" rows="3" editable="true" {
        ""
    }placeholder={_quoted(words.overall_hint)}/>"""


def _steps(steps: tuple[str, ...]) -> str:
    return "<ol>" + "".join(f"<li>{escape(step, quote=False)}</li>" for step in steps) + "</ol>"


def _quoted(text: str) -> str:
    return f'"{escape(text)}"'
