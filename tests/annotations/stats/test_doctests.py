"""The examples in the docstrings are true."""

import doctest
import importlib
import inspect
import pkgutil

import pytest

from annotations import stats

MODULES = ["annotations.stats"] + [
    f"annotations.stats.{module.name}" for module in pkgutil.iter_modules(stats.__path__)
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_module_hold(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_every_public_name_has_a_docstring_with_an_example() -> None:
    lacking = []
    for name in stats.__all__:
        item = getattr(stats, name)
        if not callable(item):
            continue
        text = inspect.getdoc(item) or ""
        if inspect.isclass(item):
            text += "".join(inspect.getdoc(member) or "" for _, member in inspect.getmembers(item, callable))
        if ">>>" not in text:
            lacking.append(name)
    assert lacking == []
