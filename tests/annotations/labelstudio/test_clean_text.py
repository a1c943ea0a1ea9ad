"""Texts that go to Label Studio load nothing and lead nowhere, whichever Markdown library lays them out there."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from annotations.labelstudio.clean_text import JOINER, clean, clean_block

HOSTILE = (
    "![x](https://evil.example/a.png)", "![x][r]\n\n[r]: https://evil.example/a.png", "![r]\n\n[r]: //evil.example/a",
    "[![x](https://evil.example/a.png)](https://evil.example)", "[a](https://evil.example)", "[a](//evil.example/x)",
    "[a](/data/upload/1)", "[a] (https://evil.example)", "[a]\t(https://evil.example)", "<https://evil.example>",
    "https://evil.example/x", "www.evil.example", "//evil.example/x.png", "<img src=x onerror=alert(1)>", "<img/src=x>",
    "<IMG SRC='https://evil.example/x'>", "<script>alert(1)</script>", "<svg/onload=alert(1)>", "<!-- x -->",
    "<?xml x?>", "<![CDATA[x]]>", "</div><img src=x>", "<a href='javascript:alert(1)'>x</a>", "&lt;img src=x&gt;",
    "&#60;img src=x&#62;", "&#x3c;img src=x&#x3e;", "[x](javascript:alert(1))", "[x](data:text/html;base64,AAAA)",
    "javascript:alert(1)", "someone@evil.example", "<someone@evil.example>", "> ![x](https://evil.example/a.png)",
    "- ![x](https://evil.example/a.png)", "| ![x](https://evil.example/a) |\n|---|\n| [a](https://evil.example) |",
    "> [r]: https://evil.example\n\n[r]", "![x](<https://evil.example/a.png>)", "!\\[x](https://evil.example/a.png)",
    "s3://bucket/key", "file:///etc/passwd", "<iframe src=//evil.example>", "<style>@import '//evil.example'</style>",
    "<math><mtext></mtext><img src=x></math>", "<x:img src=x>", "![한글](https://evil.example/가.png)",
    "[a]<b>(https://evil.example)", "[a]\n(https://evil.example)", "![a\nb](https://evil.example)",
)  # fmt: skip

LAID_OUT = [
    MarkdownIt("commonmark", {"html": True}),
    MarkdownIt("gfm-like", {"html": True, "linkify": False}),
    MarkdownIt("js-default", {"html": True}).enable("table"),
]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("library", range(len(LAID_OUT)))
def test_nothing_becomes_a_tag_that_loads_or_leads(text: str, library: int) -> None:
    """With HTML let through, as Label Studio does."""
    shown = LAID_OUT[library].render(clean(text))
    found = {tag.lower() for tag in re.findall(r"<\s*/?\s*([A-Za-z!?][\w:-]*)", shown)}
    assert found <= {
        "p",
        "ul",
        "li",
        "ol",
        "blockquote",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "br",
        "em",
    }
    assert not re.search(r"<[^>]*\b(src|href|style|on\w+)\s*=", shown)


@pytest.mark.parametrize("text", HOSTILE)
def test_what_people_read_stays(text: str) -> None:
    """Only an invisible character is added."""
    assert clean(text).replace(JOINER, "") == text
    assert clean(text) != text


@pytest.mark.parametrize(
    "text",
    [
        "Give 5 mg if <2 h, 10 mg if > 3 h & no bleeding.", "a < b <= c", "**bold** _it_ `x < y`", "- one\n- two",
        "| a | b |\n|---|---|\n| 1 | 2 |", "# Heading\n\ntext", "1. one\n2. two", "Really! [sic], as written",
        "혈압이 <90이면 수액을 줍니다. 5~10 mg/kg.", "R&D and AT&T", "ratio 3:1, at 10:30", "AC/DC // comment",
        "[ ] todo\n[x] done", "p. 3 [12], see fig. 2", "HbA1c ≥ 6.5 % (48 mmol/mol)", "5 @ 10 L/min",
    ],
)  # fmt: skip
def test_ordinary_texts_are_untouched(text: str) -> None:
    """Clinical prose, lists and tables in both languages."""
    assert clean(text) == text


def test_unprintable_characters_are_shown_as_such() -> None:
    """A database on the other side refuses the first."""
    assert clean("a\x00b\x1bc\ud800d\te\r\nf\rg") == "a\ufffdb\ufffdc\ufffdd\te\nf\ng"


@given(st.text(alphabet="![]()<>/:&;.#@\\`~ \nahtpsw가", max_size=60))
def test_no_mixture_of_signs_becomes_a_picture_or_a_link(text: str) -> None:
    """Nor does cleaning twice change anything that is seen."""
    for library in LAID_OUT:
        shown = library.render(clean(text))
        assert not re.search(r"<(img|a|script|iframe|svg|style)\b", shown, re.IGNORECASE)
        assert "src=" not in shown and "href=" not in shown
    assert clean(text).replace(JOINER, "") == text


@pytest.mark.parametrize(
    ("text", "closed"),
    [
        ("```\ncode", "```"), ("~~~~ python\ncode\n~~~", "~~~~"), ("```\na\n```\n```\nb", "```"),
        ("   ````\ncode\n```", "````"), ("```\na\n``` x", "```"),
    ],
)  # fmt: skip
def test_an_open_code_block_is_closed(text: str, closed: str) -> None:
    """The next turn would be swallowed by it."""
    assert clean_block(text) == f"{clean(text)}\n{closed}"
    shown = LAID_OUT[0].render(clean_block(text) + "\n\n**User**")
    assert "<strong>User</strong>" in shown


@pytest.mark.parametrize("text", ["```\ncode\n```", "``` a ` b", "    ```\nindented", "plain", ""])
def test_a_closed_one_stays(text: str) -> None:
    """So does what only looks like one."""
    assert clean_block(text) == text
