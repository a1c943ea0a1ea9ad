"""Every format a release can leave in: each module of this folder with a FORMAT is one."""

import pkgutil
from collections.abc import Iterator
from importlib import import_module

from builder.common.errors import BadInput
from exports import formats
from exports.formats.base import BundleFormat


def _found() -> Iterator[BundleFormat]:
    for module in pkgutil.iter_modules(formats.__path__):
        found = getattr(import_module(f"{formats.__name__}.{module.name}"), "FORMAT", None)
        if isinstance(found, BundleFormat):
            yield found


FORMATS: dict[str, BundleFormat] = {
    each.name: each for each in sorted(_found(), key=lambda each: (each.rank, each.name))
}


def get_format(name: str) -> BundleFormat:
    """Return the format of this name; raises BadInput that lists the known ones."""
    try:
        return FORMATS[name]
    except KeyError:
        raise BadInput(f"There is no format {name}. Known: {', '.join(FORMATS)}.", field="format") from None
