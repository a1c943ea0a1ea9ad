"""A model's answer is laid out, and nothing in it acts, leads or loads."""

import pytest
from django.template import Context, Template

from builder.common.markdown import render_markdown


def shown(text: str) -> str:
    """Return the text as a template prints it."""
    return Template("{{ html }}").render(Context({"html": render_markdown(text)}))


def test_lists_emphasis_tables_and_lines_are_laid_out() -> None:
    html = shown("## Now\n**Call** 119.\nAt once.\n\n3. Rest\n4. Wait\n\n| a | b |\n|---|---|\n| 1 | 2 |")
    assert "<p><strong>Now</strong></p>" in html
    assert "<strong>Call</strong> 119.<br>" in html
    assert '<ol start="3">' in html
    assert "<td>2</td>" in html


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "[x](javascript:alert(1))",
        "![x](http://a.example/b.png)",
        "<http://a.example>",
        "[x]: http://a.example\n\n[x]", "`<b onclick=x>`", "<style>p{}</style>", "# <a href=x>y</a>",
    ],
)  # fmt: skip
def test_nothing_acts_leads_or_loads(text: str) -> None:
    html = shown(text).lower()
    for tag in ("<script", "<img", "<a ", "<a>", "<style", "<b ", "<iframe"):
        assert tag not in html


PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


@pytest.mark.parametrize("kind", ["png", "jpeg", "gif", "webp"])
def test_an_image_the_text_brings_along_is_shown(kind: str) -> None:
    html = shown(f'Look:\n\n![An ECG "strip"](data:image/{kind};base64,{PIXEL})')
    assert f'<img src="data:image/{kind};base64,{PIXEL}" alt="An ECG &quot;strip&quot;">' in html


@pytest.mark.parametrize(
    ("address", "named"),
    [
        ("https://a.example/b.png", "(https://a.example/b.png)"), ("//a.example/b.png", "(//a.example/b.png)"),
        ("/accounts/logout/", "(/accounts/logout/)"), ("javascript:alert(1)", "(javascript:alert(1))"),
        ("data:image/svg+xml;base64,PHN2Zz4=", ""), ("data:text/html;base64,AAAA", ""),
        ('data:image/png;base64,AA"onerror=x', ""), ("data:image/png,AAAA", ""),
        ("DATA:image/png;base64,AAAA\njavascript:x", None),
    ],
)  # fmt: skip
def test_every_other_image_is_named_and_never_asked_for(address: str, named: str | None) -> None:
    html = shown(f"See ![the <b>strip</b>]({address}) here")
    assert "<img" not in html
    assert "<b>" not in html
    if named is not None:
        expected = f"Image not shown: the &lt;b&gt;strip&lt;/b&gt; {named}".rstrip()
        assert f'See <span class="cw-noimage">{expected}</span> here' in html


def test_an_image_without_a_description_says_so() -> None:
    assert "Image not shown: no description (x.png)" in shown("![](x.png)")


def test_a_links_address_can_still_be_read() -> None:
    assert "[guideline](https://a.example/x)" in shown("See [guideline](https://a.example/x).")


def test_what_looks_like_an_entity_stays_as_written() -> None:
    assert shown("K &lt; 3.5 & falling") == "<p>K &amp;lt; 3.5 &amp; falling</p>\n"


@pytest.mark.parametrize(
    "text",
    ["> " * 3_000 + "deep", "[" * 50_000, "![" * 20_000, "![a](" * 5_000, "*a " * 20_000, "- " * 3_000],
)
def test_a_hostile_text_is_still_shown(text: str) -> None:
    assert len(shown(text)) > 0
