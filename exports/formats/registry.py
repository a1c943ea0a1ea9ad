"""Every format a release can leave in. A new one is a module with a FORMAT and a line here."""

from builder.common.errors import BadInput
from exports.formats import canonical, healthbench
from exports.formats.base import BundleFormat

FORMATS: dict[str, BundleFormat] = {each.name: each for each in (canonical.FORMAT, healthbench.FORMAT)}


def get_format(name: str) -> BundleFormat:
    """Return the format of this name; raises BadInput that lists the known ones."""
    try:
        return FORMATS[name]
    except KeyError:
        raise BadInput(f"There is no format {name}. Known: {', '.join(FORMATS)}.", field="format") from None
