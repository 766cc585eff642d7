"""The command."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

from compare_llm_names import expositions, tables
from compare_llm_names.judgement import Difference, compare
from compare_llm_names.kinds import KINDS, OTHERS_FAMILIES
from compare_llm_names.wheels import NotFetched, Wheel, fetched, opened, order

REPOSITORY = Path(__file__).resolve().parents[2]


def main(description: str) -> int:
    arguments = parse(description)
    try:
        wheels = [opened(path) for path in arguments.wheel] if arguments.wheel else all_fetched(arguments.kind or list(KINDS), arguments.cache)
        if arguments.families:
            return list_families(wheels)
        ours = tables.from_file(arguments.tables) if arguments.tables else tables.from_martlet(arguments.martlet)
        shown = {expositions.split(place): expositions.fetch(expositions.split(place)[0]) for place in arguments.expositions}
    except ImportError:
        return fail("--expositions needs Python's Prometheus client: pip install prometheus_client")
    except (NotFetched, OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
        return fail(f"{type(error).__name__}: {error}")
    found = [difference for name, read in by_kind(wheels).items() for difference in compare(KINDS[name], ours.get(name), read)]
    for (url, version), families in shown.items():
        kinds = [ours[name] for name in by_kind(wheels) if name in ours and any(KINDS[name].pattern.fullmatch(family) for family in families)]
        table = kinds[0] if kinds else None
        judged = expositions.compare_with(families, wheels, version, table) if version else expositions.compare(families, wheels)
        if not judged:
            return fail(f"{url}: of no kind that a wheel was read of" + (f" in version {version}" if version else ""))
        print(f"{url} is {'held against' if version else 'most like'} {judged[0].kind.name} {judged[0].version}")
        found += judged[1]
    return report(found, wheels, ours)


def fail(sentence: str) -> int:
    print(f"compare-llm-names: {sentence}", file=sys.stderr)
    return 2


def all_fetched(kinds: list[str], cache: Path) -> list[Wheel]:
    return [fetched(KINDS[name], version, cache) for name in kinds for version in KINDS[name].versions]


def by_kind(wheels: list[Wheel]) -> dict[str, list[Wheel]]:
    return {name: read for name in KINDS if (read := [wheel for wheel in wheels if wheel.kind.name == name])}


def report(found: list[Difference], wheels: list[Wheel], ours: dict[str, tables.Table]) -> int:
    widths = [max((len(text) for text in column), default=0) for column in zip(*((one.kind, one.what, one.name) for one in found), strict=True)]
    for one in found:
        print("  ".join(text.ljust(width) for text, width in zip((one.kind, one.what, one.name), widths, strict=True)) + f"  {one.sentence}")
    for name, read in by_kind(wheels).items():
        families = {family for wheel in read for family in wheel.families}
        versions = ", ".join(wheel.version for wheel in sorted(read, key=lambda wheel: order(wheel.version)))
        for wheel in read:
            if reason := wheel.kind.elsewhere.get(wheel.version):
                print(f"{name} {wheel.version} has none of its families in its wheel: {reason}")
        for beginning, who in KINDS[name].optional.items():
            print(f"{name} {beginning}*: not every server has them, but {who}")
        print(f"{name} {versions}: {len(families)} families; {len(ours[name].rows) if name in ours else 0} rows of martlet's")
    others = sorted({name for table in ours.values() for row in table.rows for name in row.names} & set(OTHERS_FAMILIES))
    if others:
        print("Not looked for, as other packages make them: " + ", ".join(f"{name} ({OTHERS_FAMILIES[name]})" for name in others))
    if left_out := sorted(set(ours) - set(KINDS)):
        print(f"Not compared, as there is no wheel of their source: {', '.join(left_out)}")
    print(f"{len(found)} differences")
    return 1 if found else 0


def list_families(wheels: list[Wheel]) -> int:
    """What was read, as JSON."""
    document = [
        {
            "kind": wheel.kind.name,
            "version": wheel.version,
            "families": [
                {
                    "name": one.name, "type": one.type, "labels": one.labels, "buckets": one.buckets, "is_series": one.is_series,
                    "condition": one.condition, "where": one.where,
                }
                for family in wheel.families.values()
                for one in family.definitions
            ],
        }
        for wheel in wheels
    ]  # fmt: skip
    print(json.dumps(document, indent=1))
    return 0


def parse(description: str) -> argparse.Namespace:
    versions = [f"  {kind.package}: {', '.join(kind.versions)}" for kind in KINDS.values()]
    ends = "Ends with 0, with 1 where something differs, with 2 where it could not be compared."
    parser = argparse.ArgumentParser(
        prog="compare-llm-names", description=description, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join(["Versions that are fetched without --wheel:", *versions, "", ends]))  # fmt: skip
    standard = REPOSITORY / ".build/release/martlet"
    parser.add_argument("--wheel", nargs="+", type=Path, default=[], metavar="FILE", help="wheels that lie here, in place of those that pip fetches")
    parser.add_argument("--kind", nargs="+", choices=list(KINDS), help="fetch only these")
    parser.add_argument("--cache", type=Path, default=REPOSITORY / ".build/llm-wheels", metavar="FOLDER", help="where the source of fetched wheels is kept")
    parser.add_argument("--martlet", default=str(standard) if standard.exists() else "martlet", metavar="PATH", help="the program that is asked for its tables")
    parser.add_argument("--tables", type=Path, metavar="FILE", help="what it printed, in its place")
    parser.add_argument("--expositions", nargs="+", default=[], metavar="URL[=VERSION]",
                        help="/metrics of simulated servers, beside the version that each says it is, or is most like")  # fmt: skip
    parser.add_argument("--families", action="store_true", help="only print what the wheels' source says, as JSON")
    return parser.parse_args()
