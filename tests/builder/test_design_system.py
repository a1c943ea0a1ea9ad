"""Django's forms come out as the design system's markup, and the frame works without a request."""

import pytest
from django import forms
from django.template.loader import get_template, render_to_string

from builder.common.renderers import DesignSystemRenderer


class _Form(forms.Form):
    default_renderer = DesignSystemRenderer

    title = forms.CharField(
        help_text="Shown in lists.", widget=forms.TextInput(attrs={"placeholder": "Title", "class": "wide"})
    )
    note = forms.CharField(widget=forms.Textarea, required=False)
    kind = forms.ChoiceField(choices=[("a", "A"), ("b", "B")], widget=forms.RadioSelect)
    axis = forms.ChoiceField(choices=[("x", "X")])
    runs = forms.MultipleChoiceField(choices=[("1", "One")], widget=forms.CheckboxSelectMultiple)
    held = forms.BooleanField(label="Held-out", help_text="Not public.", required=False)
    secret = forms.CharField(
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}), required=False
    )
    token = forms.CharField(widget=forms.HiddenInput, required=False)


@pytest.fixture
def html() -> str:
    return str(_Form({}))


@pytest.mark.parametrize(
    "piece",
    [
        'class="nhsuk-input wide nhsuk-input--error"',
        'class="nhsuk-textarea"',
        'class="nhsuk-select nhsuk-select--error"',
        'class="nhsuk-radios__input" type="radio" name="kind" value="b" required',
        'class="nhsuk-checkboxes__input" type="checkbox" name="runs" value="1"',
        '<label class="nhsuk-label nhsuk-checkboxes__label" for="id_held">Held-out</label>',
        'data-module="nhsuk-password-input"',
        '<input type="hidden" name="token" id="id_token">',
    ],
)
def test_each_widget_has_its_classes(html: str, piece: str):
    assert piece in html


def test_a_field_is_described_by_its_hint_and_then_its_error(html: str):
    assert 'aria-describedby="id_title_helptext id_title_error"' in html
    assert 'class="nhsuk-hint" id="id_title_helptext"' in html
    assert 'class="nhsuk-error-message" id="id_title_error"' in html
    assert 'aria-invalid="true"' in html


def test_a_group_is_described_on_its_fieldset_and_placeholders_are_dropped(html: str):
    assert '<fieldset class="nhsuk-fieldset" aria-describedby="id_kind_error">' in html
    assert "placeholder" not in html


def test_the_error_summary_links_to_the_first_input_of_each_field_and_names_it():
    html = render_to_string("components/error_summary.html", {"form": _Form({})})
    assert '<a href="#id_title">Title – ' in html
    assert '<a href="#id_kind_0">Kind – ' in html
    assert "There is a problem" in html


def test_an_own_message_is_not_prefixed_and_a_valid_form_has_no_summary():
    form = _Form({"title": "t", "kind": "a", "axis": "x", "runs": ["1"]})
    assert form.is_valid()
    assert render_to_string("components/error_summary.html", {"form": form}).strip() == ""
    form.add_error("title", "Write a longer title")
    html = render_to_string("components/error_summary.html", {"form": form})
    assert '<a href="#id_title">Write a longer title</a>' in html
    assert "There is a problem" in html


@pytest.mark.parametrize(
    ("points", "expected"), [(9, ("cw-pts--pos", "+9")), (-10, ("cw-pts--neg", "\N{MINUS SIGN}10"))]
)
def test_points_carry_a_true_sign_and_the_class_of_that_sign(points: int, expected: tuple[str, str]):
    html = render_to_string("components/points.html", {"points": points})
    for piece in expected:
        assert piece in html


def test_a_turn_escapes_what_a_model_wrote():
    html = render_to_string("components/turn.html", {"role": "answer", "content": "<script>x</script>"})
    assert "&lt;script&gt;" in html
    assert "<script>" not in html


@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "409", "422", "429", "500"])
def test_error_pages_render_without_a_request_and_say_what_a_service_said(name: str):
    assert "<h1" in get_template(f"{name}.html").render()
    assert "The case is frozen." in get_template(f"{name}.html").render({"message": "The case is frozen."})


def test_the_frame_forbids_eval_and_lets_conflicts_and_invalid_input_swap():
    html = get_template("404.html").render()
    assert '"allowEval": false' in html
    assert '"includeIndicatorStyles": false' in html
    assert '{"code": "409", "swap": true}, {"code": "422", "swap": true}' in html
