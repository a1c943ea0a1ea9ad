"""Shapes of files of cases."""

from rest_framework import serializers

from builder.api.base import Shape


class ShownCaseOut(Shape):
    """One of the first cases of a file."""

    prompt_id = serializers.CharField()
    title = serializers.CharField()
    criteria = serializers.IntegerField()
    suggested = serializers.IntegerField(help_text="How many criteria an author has to confirm.")


class FilePreviewOut(Shape):
    """What a file holds and what is wrong with it; nothing is written."""

    file_format = serializers.CharField(help_text="What the file was taken for.")
    cases = serializers.IntegerField()
    criteria = serializers.IntegerField()
    to_rewrite = serializers.IntegerField(help_text="Questions that make sense only beside their options.")
    shown = ShownCaseOut(many=True)
    problems = serializers.ListField(
        child=serializers.CharField(),
        help_text="Of a workbook every one with its cell, of other files the first.",
    )


class LanguageQuery(Shape):
    """The language of the workbook's headings."""

    language = serializers.ChoiceField(choices=["en", "ko"], required=False, default="en")
