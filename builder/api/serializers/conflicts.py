"""The answer to a stale save: nothing was overwritten, and both texts are there."""

from rest_framework import serializers

from builder.api.base import ErrorOut
from builder.api.serializers.content import ContentField


class StaleOut(ErrorOut):
    """An error with what was sent, what is stored, and the version that is stored."""

    yours = ContentField(required=False)
    theirs = ContentField(required=False)
    version = serializers.IntegerField(required=False)
