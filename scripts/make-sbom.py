#!/usr/bin/env python3
"""Prints the bill of materials of a built martlet, as SPDX 2.3 in JSON: what is linked into it, and which of Debian's libraries it needs.

    scripts/make-sbom.py PROGRAM

What is linked in is told from the program: an archive of the Swift toolchain is in it when symbols that this archive alone has are. Versions are those of this
machine. SOURCE_DATE_EPOCH is the time of the document.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import quote

HOME = "https://github.com/martlet-monitoring/martlet"
# Of a hundred symbols that an archive alone has, so many are to be in the program; the linker leaves out objects that nobody asked for.
LEAST_SHARE = 0.05
# Archives of the toolchain that are made in another repository than Swift's own.
ELSEWHERE = {"libdispatch": "swift-corelibs-libdispatch", "libBlocksRuntime": "swift-corelibs-libdispatch"}


def said(*command: str | Path) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120, env=os.environ | {"LC_ALL": "C"}).stdout


def symbols(path: Path, kinds: str) -> set[str]:
    rows = (line.split() for line in said("nm", "--defined-only", "-P", path).splitlines())
    return {row[0] for row in rows if len(row) > 1 and row[1] in kinds}


def linked_in(program: Path, archives: Path) -> list[str]:
    """Names of the archives of which there is something in the program."""
    held = symbols(program, "TDBRtdbr")
    if len(held) < 1000:
        sys.exit(f"make-sbom: {program} has no symbols left to tell by; take it as it was built")
    each = {path.stem: symbols(path, "TDBR") for path in sorted(archives.glob("*.a"))}
    owners = Counter(symbol for defined in each.values() for symbol in defined)
    own = {name: {symbol for symbol in defined if owners[symbol] == 1} for name, defined in each.items()}
    return [name for name, defined in own.items() if defined and len(defined & held) / len(defined) >= LEAST_SHARE]


def toolchain(program: Path) -> tuple[str, Path]:
    """Version of the Swift toolchain on PATH, which must be the one that the program tells of, and the folder of its archives."""
    told = json.loads(said("swiftc", "-print-target-info", "-static-stdlib"))
    found = re.search(r"Swift version (\d+(?:\.\d+)+)", told["compilerVersion"])
    built = re.search(r"Swift (\d+(?:\.\d+)+)\)", said(program, "--version"))
    if not found or not built or not f"{found.group(1)}.".startswith(f"{built.group(1)}."):
        sys.exit(f"make-sbom: {program} was not built with the toolchain on PATH, {told['compilerVersion']}")
    return found.group(1), Path(told["paths"]["runtimeLibraryPaths"][0])


def debian_packages(program: Path) -> dict[str, list[str]]:
    """Packages of this machine by the libraries that the program asks for by name."""
    triplet = said("dpkg-architecture", "-qDEB_HOST_MULTIARCH").strip()
    needed = sorted(re.findall(r"\(NEEDED\).*\[(.*)\]", said("readelf", "-d", program)))
    # It ends with 1 when it does not know one of them, which is told below.
    told = subprocess.run(["dpkg-query", "-S", *(f"*/{triplet}/{library}" for library in needed)], capture_output=True, text=True, timeout=120).stdout
    owners: dict[str, set[str]] = {}
    for owner, path in re.findall(r"^([a-z0-9.+-]+)(?::\w+)?: (\S+)$", told, re.MULTILINE):
        owners.setdefault(Path(path).name, set()).add(owner)
    packages: dict[str, list[str]] = {}
    for library in needed:
        if len(owners.get(library, ())) != 1:
            sys.exit(f"make-sbom: {library} is to be in one package of this machine: {sorted(owners.get(library, ()))}")
        packages.setdefault(*owners[library], []).append(library)
    return packages


def package(name: str, version: str, supplier: str, licence: str, locator: str, **more: Any) -> dict[str, Any]:
    return {
        "SPDXID": "SPDXRef-" + re.sub(r"[^A-Za-z0-9.-]", "-", name), "name": name, "versionInfo": version, "supplier": supplier, "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False, "licenseConcluded": "NOASSERTION", "licenseDeclared": licence, "copyrightText": "NOASSERTION",
        "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": locator}], **more}


def document(program: Path) -> dict[str, Any]:
    version = said(program, "--version").split()[1]
    digest = hashlib.sha256(program.read_bytes()).hexdigest()
    swift, archives = toolchain(program)
    release = dict(line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line)
    distribution = f"{release['ID']}-{release['VERSION_ID']}".replace('"', "")
    ours = package("martlet", version, "Organization: martlet maintainers", "Apache-2.0", f"pkg:github/martlet-monitoring/martlet@{version}",
                   primaryPackagePurpose="APPLICATION", checksums=[{"algorithm": "SHA256", "checksumValue": digest}], comment="The checksum is the program's, with its symbols.")
    packages = [ours]
    relations = [("SPDXRef-DOCUMENT", "DESCRIBES", ours["SPDXID"])]
    for name in linked_in(program, archives):
        packages.append(package(name, swift, "Organization: Swift project", "Apache-2.0 WITH Swift-exception", f"pkg:github/swiftlang/{ELSEWHERE.get(name, 'swift')}@swift-{swift}-RELEASE"))
        relations.append((ours["SPDXID"], "STATIC_LINK", packages[-1]["SPDXID"]))
    for name, libraries in sorted(debian_packages(program).items()):
        number, architecture, source = said("dpkg-query", "-W", "-f", "${Version} ${Architecture} ${source:Package}", name).split()[:3]
        packages.append(package(
            name, number, "Organization: Debian", "NOASSERTION", f"pkg:deb/debian/{quote(name)}@{quote(number, safe='~')}?arch={architecture}&distro={distribution}",
            sourceInfo=f"built from {source}", comment=f"Not in the package: {', '.join(libraries)} of the machine that it runs on. The version is that of the machine it was built on."))
        relations.append((ours["SPDXID"], "DYNAMIC_LINK", packages[-1]["SPDXID"]))
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(os.environ["SOURCE_DATE_EPOCH"])))
    return {
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": f"martlet-{version}",
        "documentNamespace": f"{HOME}/spdx/martlet-{version}-{digest}",
        "creationInfo": {"created": created, "creators": ["Organization: martlet maintainers", "Tool: make-sbom"]},
        "packages": packages,
        "relationships": [{"spdxElementId": one, "relationshipType": kind, "relatedSpdxElement": other} for one, kind, other in relations],
    }


if __name__ == "__main__":
    print(json.dumps(document(Path(sys.argv[1]).resolve()), indent=2))
