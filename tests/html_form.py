"""Reads a form out of a page and fills it in as a browser without script would."""

from html.parser import HTMLParser


class _FormReader(HTMLParser):
    """Collects what the form with this id would send."""

    def __init__(self, form_id: str) -> None:
        super().__init__(convert_charrefs=True)
        self.form_id = form_id
        self.inside = False
        self.fields: dict[str, list[str]] = {}
        self.buttons: list[str] = []
        self._select = ""
        self._area: str | None = None
        self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.inside = given.get("id") == self.form_id
        if not self.inside:
            return
        if tag == "input":
            self._input(given)
        elif tag == "select":
            self._select = given["name"]
        elif tag == "option" and self._select and "selected" in given:
            self.fields[self._select] = [given["value"]]
        elif tag == "option" and self._select:
            self.fields.setdefault(self._select, [given["value"]])
        elif tag == "textarea":
            self._area, self._text = given["name"], ""
        elif tag == "button" and given.get("name") == "action":
            self.buttons.append(given["value"])

    def _input(self, given: dict[str, str]) -> None:
        kind, name = given.get("type", "text"), given.get("name", "")
        if kind in ("checkbox", "radio") and "checked" not in given:
            return
        if kind not in ("hidden", "checkbox", "radio"):
            # A one-line field drops line ends.
            given["value"] = given.get("value", "").replace("\r", "").replace("\n", "")
        self.fields.setdefault(name, []).append(given.get("value", "on" if kind == "checkbox" else ""))

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = False
        elif tag == "select":
            self._select = ""
        elif tag == "textarea" and self._area is not None:
            text = self._text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\n")
            self.fields[self._area] = [text.replace("\n", "\r\n")]
            self._area = None


def read_form(html: str, form_id: str = "case-form") -> dict[str, list[str]]:
    """Return what the form would send, by field name, without any button."""
    reader = _FormReader(form_id)
    reader.feed(html)
    assert reader.fields, f"no form {form_id} on the page"
    return reader.fields


def buttons_of(html: str, form_id: str = "case-form") -> list[str]:
    """Return the values of the form's action buttons, in order."""
    reader = _FormReader(form_id)
    reader.feed(html)
    return reader.buttons
