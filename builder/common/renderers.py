"""How Django's forms become the design system's markup."""

from typing import Any

from django.forms.renderers import TemplatesSetting
from django.http import HttpRequest

OWN_TEMPLATES = {
    "django/forms/widgets/radio.html": "components/widgets/radios.html",
    "django/forms/widgets/checkbox_select.html": "components/widgets/checkboxes.html",
    "django/forms/widgets/password.html": "components/widgets/password.html",
}
BASE_CLASSES = {
    "textarea": "nhsuk-textarea",
    "select": "nhsuk-select",
    "checkbox": "nhsuk-checkboxes__input",
    "file": "nhsuk-file-upload__input",
    "clearable_file_input": "nhsuk-file-upload__input",
    "password": "nhsuk-input nhsuk-password-input__input nhsuk-js-password-input-input",
} | dict.fromkeys(
    ("text", "number", "email", "url", "search", "tel", "date", "datetime", "time"), "nhsuk-input"
)


class DesignSystemRenderer(TemplatesSetting):
    """Render forms, fields and widgets with the templates in components/ and the design system's classes."""

    form_template_name = "components/form.html"
    formset_template_name = "components/formset.html"
    field_template_name = "components/field.html"

    def render(self, template_name: str, context: dict[str, Any], request: HttpRequest | None = None) -> str:
        """Render as Django does, after dressing a widget in its classes."""
        if "widget" in context:
            context = {**context, "widget": dress(context["widget"])}
            template_name = context["widget"]["template_name"]
        return super().render(template_name, context, request)


def dress(widget: dict[str, Any]) -> dict[str, Any]:
    """Return the widget's context with our template, its base class first and the error class last."""
    name = widget["template_name"]
    attrs = dict(widget.get("attrs", {}))
    # A placeholder vanishes when one types; the label above the field says the same and stays.
    attrs.pop("placeholder", None)
    base = BASE_CLASSES.get(name.rsplit("/", 1)[-1].removesuffix(".html"))
    if base:
        error = f"{base.split()[0]}--error" if attrs.get("aria-invalid") == "true" else ""
        attrs["class"] = " ".join(part for part in (base, attrs.get("class"), error) if part)
    dressed = {**widget, "attrs": attrs, "template_name": OWN_TEMPLATES.get(name, name)}
    if "subwidgets" in widget:
        dressed["subwidgets"] = [dress(each) for each in widget["subwidgets"]]
    return dressed
