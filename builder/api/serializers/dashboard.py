"""Shapes of a department's benchmark."""

from rest_framework import serializers

from builder.api.base import Shape


class ColumnOut(Shape):
    """A column: its key in each row, and how it reads."""

    key = serializers.CharField()
    title = serializers.CharField(source="label")


class TableOut(Shape):
    """One table of the dashboard; a row maps each column's key to a text or a number."""

    key = serializers.CharField()
    title = serializers.CharField()
    note = serializers.CharField()
    columns = ColumnOut(many=True)
    rows = serializers.ListField(child=serializers.DictField())


class BenchmarkOut(Shape):
    """The state of a department's benchmark; `gaps` counts the pairs of theme and kind without a case."""

    department = serializers.CharField()
    cases = serializers.IntegerField(help_text="All but the retired ones.")
    approved = serializers.IntegerField()
    expired = serializers.IntegerField(help_text="Approved cases whose approval has ended.")
    gaps = serializers.IntegerField()
    tables = TableOut(many=True)
