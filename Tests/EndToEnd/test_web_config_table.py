"""The table of web configurations beside what other programs make of it: promtool, which reads the same format, and GnuTLS, which is told of suites.

What martlet makes of the table is proven by the unit tests of WebConfiguration, which read the same files.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import REPOSITORY

TABLE = REPOSITORY / "Tests/WebConfigurationTests/Files"
FILES = sorted(f"{part}/{path.stem}" for part in ("good", "bad") for path in (TABLE / part).glob("*.yml"))

# Keys that Debian's promtool does not know: it is of an exporter-toolkit before inline certificates, client_allowed_sans and rate_limit, and
# open_paths is ours. Where they are all that it complains of, it says nothing about the rest of the file.
NEWER = {"cert", "key", "client_ca", "client_allowed_sans", "rate_limit", "open_paths"}

# Where promtool accepts what martlet refuses, and why. There is no file the other way round.
DIFFERENCES = {
    "bad/anchor": "anchors and aliases are not read from any file of ours, so that a small file stays small",
    "bad/header-of-two-lines": "Go puts spaces in place of line feeds; a header in two lines is a slip of the pen",
    "bad/http2-on": "HTTP/1.1 is all that martlet speaks",
    "bad/suite-blank": "an entry without a name would count as no suite at all",
    "bad/suites-nothing-for-1.1": "Go would start and refuse every client",
    "bad/suites-nothing-for-1.2": "Go would start and refuse every client",
    "bad/suites-nothing-for-1.3": "Go keeps the suites of TLS 1.3 whatever is listed; GnuTLS has them by their ciphers, and none is listed",
    "bad/suites-that-bring-others": "GnuTLS cannot be told exactly this",
    "bad/suites-whose-1.3-brings-others": "GnuTLS cannot be told exactly this",
    "bad/user-hash-broken-variant": "Go takes $2x$ for $2y$, which it is not",
    "bad/user-hash-cut-short": "Go looks at the beginning only, and then lets nobody in",
    "bad/user-hash-too-long": "Go looks at the beginning only, and then lets nobody in",
    "bad/user-hash-with-other-letters": "Go looks at the beginning only, and then lets nobody in",
    "bad/user-hash-dearest": "one check would take a day and a half, and all others would wait",
    "bad/user-hash-too-dear": "each step doubles the time of a check; 15 takes two seconds",
    "bad/user-name-with-a-colon": "no client can send such a name",
    "bad/user-name-with-a-line-feed": "no client can send such a name",
    "bad/verified-without-authority": "Go would let in whoever has a certificate of any public authority",
    "bad/verified-if-given-without-authority": "Go would let in whoever has a certificate of any public authority",
    "bad/versions-crossed": "Go would start and refuse every client",
    "bad/versions-without-certificate": "Go would serve plain HTTP, though TLS was asked for",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the files of the table name, with a real certificate and its key."""
    folder = tmp_path_factory.mktemp("web-config")
    (folder / "inner").mkdir()
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost"]
        + ["-keyout", folder / "server.key", "-out", folder / "server.crt"],
        check=True, capture_output=True,
    )
    for source, copy in (("server.crt", "ca.crt"), ("server.crt", "inner/server.crt"), ("server.key", "open.key")):
        shutil.copy(folder / source, folder / copy)
    return folder


def test_promtool_thinks_the_same(folder: Path) -> None:
    paths = {name: folder / f"{name.replace('/', '-')}.yml" for name in FILES}
    for name, path in paths.items():
        shutil.copy(TABLE / f"{name}.yml", path)
    accepted, unjudged = {}, set()
    for name, path in paths.items():
        check = subprocess.run(["promtool", "check", "web-config", path], capture_output=True, text=True, errors="replace", timeout=30)
        said = check.stdout + check.stderr
        unknown = re.findall(r"field (\S+) not found", said)
        if unknown and set(unknown) <= NEWER and len(unknown) == len(re.findall(r"^  line \d+:", said, re.MULTILINE)):
            unjudged.add(name)
        else:
            accepted[name] = check.returncode == 0
    assert accepted == {name: name.startswith("good/") or name in DIFFERENCES for name in accepted}
    assert len(accepted) >= 110 and not unjudged & set(DIFFERENCES)


def test_every_difference_is_a_file_of_the_table() -> None:
    assert set(DIFFERENCES) <= set(FILES)
    assert all(name.startswith("bad/") for name in DIFFERENCES)


# Numbers of the suites in the IANA registry, by the names that Go has for them.
SUITES = {
    "TLS_RSA_WITH_AES_128_CBC_SHA": 0x002F, "TLS_RSA_WITH_AES_256_CBC_SHA": 0x0035, "TLS_RSA_WITH_AES_128_GCM_SHA256": 0x009C,
    "TLS_RSA_WITH_AES_256_GCM_SHA384": 0x009D, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA": 0xC009, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA": 0xC00A,
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA": 0xC013, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA": 0xC014,
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": 0xC02B, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": 0xC02C,
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": 0xC02F, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": 0xC030,
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": 0xCCA8, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": 0xCCA9,
    "TLS_AES_128_GCM_SHA256": 0x1301, "TLS_AES_256_GCM_SHA384": 0x1302, "TLS_CHACHA20_POLY1305_SHA256": 0x1303,
}
# What Go speaks when nothing is said (1.22 and later), and what martlet does.
STANDARD = [name for name in SUITES if "_RSA_WITH_" not in name or "_ECDHE_" in name]
VERSIONS = ["TLS10", "TLS11", "TLS12", "TLS13"]


def priorities() -> dict[str, str]:
    """What GnuTLS is told for the files of the table that say anything of TLS beside the certificate."""
    blocks = (TABLE / "outcomes.txt").read_text().split("\n== ")
    found = {}
    for block in blocks:
        name, *lines = block.removeprefix("== ").splitlines()
        found |= {name: line for line in lines if line.startswith("NORMAL:")}
    return found


def expected(section: dict[str, Any]) -> set[int]:
    """The suites that a configuration lists, by what its words mean rather than by how GnuTLS is told."""
    low, high = (VERSIONS.index(section.get(key) or word) for key, word in (("min_version", "TLS12"), ("max_version", "TLS13")))
    listed = section.get("cipher_suites") or STANDARD
    suites = set()
    for name in listed:
        classic, combined = "_WITH_" in name, any(word in name for word in ("GCM", "POLY1305"))
        if classic and low <= VERSIONS.index("TLS12") and (high >= VERSIONS.index("TLS12") or not combined):
            suites.add(SUITES[name])
        # TLS 1.3 comes with the ciphers of what is listed.
        if high == VERSIONS.index("TLS13") and combined:
            cipher = name.split("_WITH_")[-1].removeprefix("TLS_")
            suites.add(SUITES[f"TLS_{cipher}"])
    return suites


@pytest.mark.skipif(shutil.which("gnutls-cli") is None, reason="gnutls-cli is not installed")
@pytest.mark.parametrize("name", sorted(priorities()))
def test_gnutls_speaks_exactly_what_is_listed(name: str) -> None:
    section = yaml.safe_load((TABLE / f"{name}.yml").read_text())["tls_server_config"]
    priority = priorities()[name]
    told = subprocess.run(["gnutls-cli", "--list", "--priority", priority], capture_output=True, text=True, timeout=30, check=True).stdout
    spoken = {int(high, 16) << 8 | int(low, 16) for high, low in re.findall(r"^TLS_\S+\s+0x(\w\w), 0x(\w\w)", told, re.MULTILINE)}
    # GnuTLS lists suites of all versions that it is told of, those of 1.1 and 1.0 among those of 1.2.
    assert spoken == expected(section)
    low, high = (VERSIONS.index(section.get(key) or word) for key, word in (("min_version", "TLS12"), ("max_version", "TLS13")))
    offered = {f"TLS1{minor}" for minor in re.findall(r"VERS-TLS1\.(\d)", told.split("Protocols:")[1].splitlines()[0])}
    only_13 = all("_WITH_" not in suite for suite in section.get("cipher_suites") or STANDARD)
    assert offered == ({"TLS13"} if only_13 else set(VERSIONS[low:high + 1]))
    groups = re.findall(r"GROUP-(\w+)", told.split("Groups:")[1].splitlines()[0])
    names = {"X25519": "X25519", "CurveP256": "SECP256R1", "CurveP384": "SECP384R1", "CurveP521": "SECP521R1"}
    assert groups == [names[curve] for curve in section.get("curve_preferences") or names]
    assert "SHA1" not in told.split("PK-signatures:")[1].splitlines()[0]
