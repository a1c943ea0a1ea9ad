"""How a table is described: to `datasets` in a front matter, to everybody else in Croissant 1.0. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from exports.records import ReleaseRecord

_TYPES = {"string": "sc:Text", "float64": "sc:Float", "bool": "sc:Boolean"}
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `many` is a list of texts, `parts` a list of objects with these fields."""

    name: str
    description: str
    dtype: str = "string"
    many: bool = False
    parts: tuple["Column", ...] = ()


def front_matter(file_name: str, columns: Sequence[Column]) -> str:
    """Return the YAML by which `datasets` finds the file and the types of its columns."""
    lines = [
        "---", "configs:", "- config_name: default", "  data_files:", "  - split: test", f"    path: {file_name}",
        "dataset_info:", "- config_name: default", "  features:",
    ]  # fmt: skip
    for column in columns:
        lines += [f"  {line}" for line in _feature(column)]
    return "\n".join([*lines, "---", "", ""])


def _feature(column: Column) -> Iterator[str]:
    yield f"- name: {column.name}"
    if column.parts:
        yield "  list:"
        for part in column.parts:
            yield from (f"  {line}" for line in _feature(part))
    elif column.many:
        yield f"  list: {column.dtype}"
    else:
        yield f"  dtype: {column.dtype}"


def croissant(
    release: ReleaseRecord, file_name: str, sha256: str, columns: Sequence[Column]
) -> dict[str, Any]:
    """Return the Croissant description of one JSON Lines file, whose records a reader can iterate.

    A list of objects must be a repeated field with a sub-field and a bare JSONPath for each key: the shorter form, one
    text field over such a column, passes validation and fails when it is read.
    """
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": release.name,
        "version": release.version,
        "description": f"Cases of the clinical benchmark {release.label}, release sha256 {release.sha256}.",
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": "rows",
                "name": "rows",
                "contentUrl": file_name,
                "encodingFormat": "application/jsonlines",
                "sha256": sha256,
            }
        ],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": "cases",
                "name": "cases",
                "field": [_field(column) for column in columns],
            }
        ],
    }


def _field(column: Column) -> dict[str, Any]:
    field = {"@type": "cr:Field", "@id": f"cases/{column.name}", "name": column.name,
             "description": column.description}  # fmt: skip
    source: dict[str, Any] = {"fileObject": {"@id": "rows"}, "extract": {"column": column.name}}
    if not column.parts:
        repeated = {"repeated": True} if column.many else {}
        return {**field, "dataType": _TYPES[column.dtype], **repeated, "source": source}
    parts = [
        {
            "@type": "cr:Field",
            "@id": f"cases/{column.name}/{part.name}",
            "name": part.name,
            "description": part.description,
            "dataType": _TYPES[part.dtype],
            **({"repeated": True} if part.many else {}),
            "source": {**source, "transform": [{"jsonPath": part.name}]},
        }
        for part in column.parts
    ]
    return {**field, "repeated": True, "subField": parts}
