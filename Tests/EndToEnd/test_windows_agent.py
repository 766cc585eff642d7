"""agents/windows: no PowerShell runs here, so its grammar judges the scripts, and what they say is held against the release's facts and our rules."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import tree_sitter_powershell
from conftest import REPOSITORY
from tree_sitter import Language, Node, Parser

FOLDER = REPOSITORY / "agents/windows"
INSTALL, UNINSTALL = FOLDER / "Install-WindowsExporter.ps1", FOLDER / "Uninstall-WindowsExporter.ps1"
SCRIPTS = [INSTALL, UNINSTALL]
PARSER = Parser(Language(tree_sitter_powershell.language()))
# The collectors of the release that is installed.
RELEASED = [line for line in (FOLDER / "collectors.txt").read_text().split("\n") if line and not line.startswith("#")]


def nodes(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from nodes(child)


def errors(source: str) -> list[str]:
    """Where the grammar stumbles."""
    tree = PARSER.parse(source.encode())
    return [f"line {node.start_point[0] + 1}: {node.text.decode()[:60] if node.text else ''}"
            for node in nodes(tree.root_node) if node.is_error or node.is_missing]


def text_of(node: Node | None) -> str:
    return node.text.decode() if node is not None and node.text else ""


def commands(source: str) -> list[tuple[str, str]]:
    """Every command: its name and its whole text."""
    return [(text_of(node.child_by_field_name("command_name")), text_of(node))
            for node in nodes(PARSER.parse(source.encode()).root_node) if node.type == "command"]


def array(name: str) -> list[str]:
    """The words of an array that a variable or a parameter begins with."""
    found = re.search(rf"\${name} = @\(([^)]*)\)", INSTALL.read_text())
    assert found, name
    return re.findall(r"'([^']+)'", found[1])


def constant(name: str) -> str:
    found = re.search(rf"^\${name} = ['\"]([^'\"]+)['\"]$", INSTALL.read_text(), re.MULTILINE)
    assert found, name
    return found[1]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_are_powershell(path: Path) -> None:
    assert errors(path.read_text()) == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
@pytest.mark.parametrize(
    "break_it",
    [
        lambda text: text[: text.rindex("}")],
        lambda text: text.replace("catch {", "catch (", 1) if "catch {" in text else text.replace("param(", "param{", 1),
        lambda text: text.replace("Stop-Run '", "Stop-Run \"", 1),
        lambda text: text.replace("foreach (", "foreach ", 1),
        lambda text: text.replace("if (", "if ((", 1),
    ],
    ids=["brace", "catch", "quote", "foreach", "parenthesis"],
)
def test_a_broken_script_is_seen(path: Path, break_it) -> None:  # type: ignore[no-untyped-def]
    broken = break_it(path.read_text())
    assert broken != path.read_text() and errors(broken)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_can_be_tried_without_a_change(path: Path) -> None:
    source = path.read_text()
    assert "[CmdletBinding(SupportsShouldProcess = $true" in source
    # Whatever changes the machine stands in a function that a ShouldProcess guards, or below one itself.
    changing = ["Remove-NetFirewallRule", "Remove-Item", "Start-Service", "New-NetFirewallRule", "Set-Service", "Set-ItemProperty", "Start-Process"]
    used = [name for name, _ in commands(source) if name in changing]
    assert used and source.count("ShouldProcess(") >= 3
    body = source[source.index("\nAssert-Machine\n") if path == INSTALL else source.index("$changed = $false"):]
    depth_guard = 0
    guarded: list[bool] = []
    for line in body.split("\n"):
        opens, closes = line.count("{") - line.count("@{"), line.count("}")
        if depth_guard or "ShouldProcess(" in line:
            depth_guard += opens - closes
        if any(re.search(rf"(^|[\s(]){name}\b", line) for name in changing):
            guarded.append(depth_guard > 0)
    assert all(guarded), "a change outside ShouldProcess"


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_every_parameter_is_explained(path: Path) -> None:
    source = path.read_text()
    block = source[source.index("\nparam(") : source.index("\n)\n", source.index("\nparam("))]
    names = re.findall(r"\]\s+\$(\w+)", block)
    assert names and names == re.findall(r"^\.PARAMETER (\w+)$", source, re.MULTILINE)
    readme = (FOLDER / "README.md").read_text()
    assert path.name in readme


def test_the_version_is_pinned_and_its_installer_is_checked_before_it_runs() -> None:
    source = INSTALL.read_text()
    version = constant("Version")
    assert re.fullmatch(r"0\.31\.\d+", version), "the rules read the names of 0.31"
    assert re.fullmatch(r"[0-9a-f]{64}", constant("InstallerSha256"))
    assert constant("InstallerUrl").startswith("https://github.com/prometheus-community/windows_exporter/releases/download/v$Version/")
    assert version in (FOLDER / "README.md").read_text() and f"windows_exporter {version}," in (FOLDER / "collectors.txt").read_text()
    names = [name for name, _ in commands(source)]
    # In the function that fetches: first the hash, then the file is given out; and only it gives the installer its file.
    fetch = source[source.index("function Get-Installer") : source.index("function Invoke-Installer")]
    assert fetch.index("Get-FileHash") < fetch.index("-ne $InstallerSha256") < fetch.index("return $file")
    assert names.count("Get-Installer") == 1 and "Invoke-Installer -File $file" in source


def test_collectors_are_those_of_the_version() -> None:
    assert RELEASED == sorted(set(RELEASED)) and len(RELEASED) > 40
    assert array("KnownCollectors") == RELEASED
    assert "cs" not in RELEASED
    chosen = array("Collectors")
    assert set(chosen) <= set(RELEASED) and chosen == sorted(chosen)


def test_what_rules_and_boards_read_is_collected() -> None:
    files = [*(REPOSITORY / "prometheus/rules").glob("*.yml"), *(REPOSITORY / "grafana").rglob("*.json")]
    families = {name for path in files for name in re.findall(r"\bwindows_[a-z0-9_]+", path.read_text())} - {"windows_vms", "windows_exporter"}
    chosen = array("Collectors")
    strange = {family for family in families
               if not family.startswith("windows_exporter_") and not any(family.startswith(f"windows_{collector}_") for collector in chosen)}
    assert families and not strange


def test_a_firewall_that_keeps_nobody_out_is_named() -> None:
    source = INSTALL.read_text()
    body = source[source.index("function Show-OpenProfiles") : source.index("function Show-OtherRules")]
    # What holds, with what Group Policy says, and not what is written on this machine only.
    assert ("Get-NetFirewallProfile", "Get-NetFirewallProfile -PolicyStore ActiveStore -ErrorAction SilentlyContinue") in commands(body)
    assert '.Enabled)" -ne \'True\'' in body and '.DefaultInboundAction)" -eq \'Allow\'' in body and body.count("Write-Warning") == 2
    assert [name for name, _ in commands(source)].count("Show-OpenProfiles") == 1


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_what_the_installer_reads_and_writes_is_closed_to_others(path: Path) -> None:
    """In C:\\Windows\\Temp everybody may make files: a name known before can be a link that somebody put there."""
    source = path.read_text()
    body = source[source.index("function New-WorkFolder") : source.index("return $folder")]
    # Closed as it is made, with one call of each .NET; afterwards there would be a moment between.
    assert body.count("$folder), $security)") == body.count("CreateDirectory($folder, $security)") == 1 and "New-Item" not in body and "icacls" not in source
    assert "SetAccessRuleProtection($true, $false)" in body and "SetOwner($administrators)" in body
    assert re.findall(r"'(S-1-5-[\d-]+)'", body) == ["S-1-5-32-544", "S-1-5-18"]
    # The one name below Temp is the folder's, and nobody can know it.
    assert source.count("'Temp\\") == 1 and "'Temp\\martlet-' + [guid]::NewGuid()" in source
    assert re.findall(r"^ +\$log = (.*)$", source, re.MULTILINE) == [f"Join-Path $folder '{'install' if path == INSTALL else 'uninstall'}.log'"]
    # Programs by their whole path: the first in the search path may be somebody else's.
    assert not [text for name, text in commands(source) if ".exe" in name and "$env:SystemRoot\\System32\\" not in name]


def test_both_scripts_close_their_folder_alike() -> None:
    functions = [source[source.index("# A folder that is made closed") : source.index("return $folder")] for source in (path.read_text() for path in SCRIPTS)]
    assert functions[0] == functions[1]


def test_the_firewall_is_opened_to_those_who_are_named_only() -> None:
    source = INSTALL.read_text()
    block = source[source.index("\nparam(") : source.index("\n)\n", source.index("\nparam("))]
    assert re.search(r"Mandatory = \$true\)\]\s+\[string\[\]\] \$PrometheusAddress", block)
    [rule] = re.findall(r"\$rule = @\{(.*?)\n    \}", source, re.DOTALL)
    assert "RemoteAddress = @($PrometheusAddress | Sort-Object -Unique)" in rule and "LocalPort     = $Port" in rule
    # The installer's own rule knows no addresses: its feature is never asked for.
    assert "FirewallException" not in source and "ADDLOCAL" not in source


def test_a_second_run_finds_its_firewall_rule_whichever_way_a_network_is_written() -> None:
    """The firewall tells 192.0.2.0/255.255.255.0 of 192.0.2.0/24: what is there and what is wanted are compared after both went through one function."""
    source = INSTALL.read_text()
    compare = source[source.index("function Test-FirewallRule") : source.index("function Set-FirewallRule")]
    for side, start in (("remote", "($rule | Get-NetFirewallAddressFilter).RemoteAddress"), ("named", "$PrometheusAddress")):
        assert f"${side} = @({start} | ForEach-Object {{ Format-Network $_ }} | Sort-Object -Unique)" in compare, side
    assert "($remote -join ',') -eq ($named -join ',')" in compare


def test_the_service_comes_back() -> None:
    source = INSTALL.read_text()
    assert re.search(r"failure \$ServiceName reset= \d+ actions= (restart/\d+/?){3}", source) and "failureflag $ServiceName 1" in source


def test_what_is_put_into_a_command_line_is_checked() -> None:
    """Patterns, addresses and collectors become words of the service's command line, with its rights."""
    source = INSTALL.read_text()
    [refused] = re.findall(r"\$pattern -match '(\[[^']+\])'", source)
    for character in ' \t"%&<>':
        assert re.search(refused, f"a{character}b"), character
    assert re.search(r"\^\\\{\[0-9A-Fa-f-\]\{36\}\\\}\$", UNINSTALL.read_text())


def test_what_the_page_types_is_taken() -> None:
    """Parameters that are there, and patterns that the script does not refuse."""
    page, source = (FOLDER / "README.md").read_text(), INSTALL.read_text()
    [refused] = re.findall(r"\$pattern -match '(\[[^']+\])'", source)
    patterns = re.findall(r"-(?:Process|Service)Include '([^']*)'", page)
    assert patterns and all(pattern and re.compile(pattern) and not re.search(refused, pattern) for pattern in patterns), patterns
    known = set(re.findall(r"^\.PARAMETER (\w+)$", source, re.MULTILINE)) | {"WhatIf", "Scope", "Detailed"}
    assert {"ProcessInclude", "PrometheusAddress"} <= (named := set(re.findall(r"(?<=[\s`])-([A-Z]\w+)", page))) <= known, named - known
