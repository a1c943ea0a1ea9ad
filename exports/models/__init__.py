"""The rows of room 2: releases and the runs that answer them."""

from exports.models.releases import (
    FIRST_STAGES,
    NEXT_STAGES,
    Release,
    ReleaseItem,
    ReleaseState,
    Split,
    Stage,
)
from exports.models.runs import ModelClass, Response, Run, RunState

__all__ = [
    "FIRST_STAGES",
    "NEXT_STAGES",
    "ModelClass",
    "Release",
    "ReleaseItem",
    "ReleaseState",
    "Response",
    "Run",
    "RunState",
    "Split",
    "Stage",
]
