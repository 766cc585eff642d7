"""The command."""

from __future__ import annotations

import argparse
import ctypes
import sys
import time
from pathlib import Path

import pynvml as nv

from compare_nvml.judgement import compare, report
from compare_nvml.martlet import LEFT_OUT, PRESENCE_ONLY, Exporter, Scrape, scrape
from compare_nvml.nvml import NVML
from compare_nvml.reading import Reading

START_SECONDS = 60


def main(description: str) -> int:
    arguments = parse(description)
    if arguments.library:
        # NVIDIA's binding loads the library by its name.
        nv.nvmlLib = ctypes.CDLL(arguments.library)
    try:
        nv.nvmlInit()
    except nv.NVMLError as error:
        print(f"compare-nvml: NVML does not work here: {error}", file=sys.stderr)
        return 2
    exporter = None if arguments.url else Exporter(arguments.martlet, arguments.library, arguments.root)
    try:
        readings, scrapes = watch(NVML(arguments.root), arguments.url, exporter, arguments.seconds)
    finally:
        if exporter:
            exporter.stop()
    if not scrapes:
        print(f"compare-nvml: martlet shows no card\n{exporter.log.read() if exporter else ''}", file=sys.stderr)
        return 2
    result = compare(readings, scrapes)
    if not result.rows:
        print("compare-nvml: no sample lies between the readings; give it more --seconds", file=sys.stderr)
        return 2
    return report(result, arguments.differences)


def watch(nvml: NVML, url: str | None, exporter: Exporter | None, seconds: float) -> tuple[list[Reading], list[Scrape]]:
    """Readings of NVML four times a second and scrapes once a second, for so long after martlet has shown a card."""
    readings: list[Reading] = []
    scrapes: list[Scrape] = []
    end = time.time() + START_SECONDS
    while time.time() < end:
        before = time.time()
        readings.append(nvml.read())
        if len(readings) % 4 == 0 and (found := scrape_if_there(url or (exporter.url if exporter else ""))):
            if not scrapes:
                end = time.time() + seconds
            scrapes.append(found)
        if exporter and exporter.process.poll() is not None:
            break
        time.sleep(max(0.0, before + 0.25 - time.time()))
    return readings, scrapes


def scrape_if_there(url: str) -> Scrape | None:
    try:
        found = scrape(url)
    except OSError:
        return None
    return found if found.taken else None


def parse(description: str) -> argparse.Namespace:
    left_out = [f"  {name}: {reason}." for name, reason in LEFT_OUT.items()]
    looked_for = [f"  {name}: {reason}." for name, reason in PRESENCE_ONLY.items()]
    parser = argparse.ArgumentParser(
        prog="compare-nvml", description=description, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join([
            "Left out, and counted by name in the last line:", *left_out,
            "Only looked for, as is said in the last line, too:", *looked_for, "",
            "An owner is compared by its kind and id. Names are compared, too, but for those of containers, which their engine knows. Owners that are none of",
            "the simple cases (a container, an LXC guest, a VM of Proxmox, a unit of the system, the host) are taken from martlet; their sums are compared.",
            "Whatever else martlet shows of cards, and NVML does not say, is an error."]))  # fmt: skip
    standard = Path(__file__).resolve().parents[2] / ".build/release/martlet"
    parser.add_argument("--martlet", default=str(standard) if standard.exists() else "martlet", help="the program; started on a port of its own")
    parser.add_argument("--url", help="an exporter that runs already, with gpu.interval 1s, gpu.per_process and gpu.names both")
    parser.add_argument("--library", help="NVIDIA's library, where it is not the system's")
    parser.add_argument("--root", help="the folder that stands for / where owners are looked for")
    parser.add_argument("--seconds", type=float, default=12, help="how long both are read")
    parser.add_argument("--differences", action="store_true", help="print the lines that differ only")
    return parser.parse_args()
