"""Carries out lines of `pveum`, the command of Proxmox VE that manages users and rights, through its API: each of its commands is one call."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from proxmoxer import ProxmoxAPI

USER = ("enable", "expire", "firstname", "lastname", "email", "comment", "keys", "groups")
TOKEN = ("privsep", "expire", "comment")
ENTRY = ("roles", "users", "tokens", "groups", "propagate")


@dataclass(frozen=True)
class Call:
    """What a command asks the API for. `words` are its arguments without a name, in their order; those that are in the path go there."""

    method: str
    path: str
    words: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    always: tuple[tuple[str, str], ...] = ()


CALLS = {
    "user add": Call("post", "access/users", ("userid",), (*USER, "password")),
    "user modify": Call("put", "access/users/{userid}", ("userid",), (*USER, "append")),
    "user delete": Call("delete", "access/users/{userid}", ("userid",)),
    "user list": Call("get", "access/users", (), ("enabled", "full")),
    "user permissions": Call("get", "access/permissions", ("userid",), ("path",)),
    "user token add": Call("post", "access/users/{userid}/token/{tokenid}", ("userid", "tokenid"), TOKEN),
    "user token modify": Call("put", "access/users/{userid}/token/{tokenid}", ("userid", "tokenid"), TOKEN),
    "user token delete": Call("delete", "access/users/{userid}/token/{tokenid}", ("userid", "tokenid")),
    "user token list": Call("get", "access/users/{userid}/token", ("userid",)),
    "user token permissions": Call("get", "access/permissions", ("userid", "tokenid"), ("path",)),
    "role add": Call("post", "access/roles", ("roleid",), ("privs",)),
    "role modify": Call("put", "access/roles/{roleid}", ("roleid",), ("privs", "append")),
    "role delete": Call("delete", "access/roles/{roleid}", ("roleid",)),
    "role list": Call("get", "access/roles"),
    "acl modify": Call("put", "access/acl", ("path",), ENTRY, ("roles",)),
    "acl delete": Call("put", "access/acl", ("path",), ENTRY, ("roles",), (("delete", "1"),)),
    "acl list": Call("get", "access/acl"),
}
OTHER_NAMES = {
    "user token remove": "user token delete",
    "useradd": "user add", "usermod": "user modify", "userdel": "user delete",
    "roleadd": "role add", "rolemod": "role modify", "roledel": "role delete",
    "aclmod": "acl modify", "acldel": "acl delete",
}  # fmt: skip
SWITCHES = ("append", "enable", "enabled", "full", "privsep", "propagate")
"""Options that may stand without a value."""
PRINTING = ("output-format", "noborder", "noheader", "human-readable", "quiet")
"""Options of commands that print, which change how and not what."""


class NotUnderstood(Exception):
    """A line that is no command of pveum, or one that is not known here."""


@dataclass(frozen=True)
class Request:
    """A call with everything that it needs."""

    method: str
    path: str
    parameters: dict[str, str]


def request(line: str) -> Request:
    """The call that a line of a shell stands for; a comment behind it is left out."""
    try:
        words = shlex.split(line, comments=True)
    except ValueError as error:
        raise NotUnderstood(f"{line!r}: {error}") from None
    if words[:1] == ["sudo"]:
        words = words[1:]
    if words[:1] != ["pveum"]:
        raise NotUnderstood(f"{line!r} does not begin with pveum")
    name, rest = _command(words[1:], line)
    call = CALLS[name]
    given, parameters = _arguments(rest, call, name, line)
    if len(given) != len(call.words):
        wanted = " ".join(f"<{word}>" for word in call.words) or "no argument"
        raise NotUnderstood(f"{line!r}: pveum {name} takes {wanted}, not {given}")
    named = dict(zip(call.words, given))
    if name == "user token permissions":
        named = {"userid": f"{named['userid']}!{named['tokenid']}"}
    for option in call.required:
        if option not in parameters:
            raise NotUnderstood(f"{line!r}: pveum {name} needs --{option}")
    in_body = {word: value for word, value in named.items() if "{" + word + "}" not in call.path}
    return Request(call.method, call.path.format(**named), in_body | parameters | dict(call.always))


def _command(words: list[str], line: str) -> tuple[str, list[str]]:
    for count in (3, 2, 1):
        name = " ".join(words[:count])
        name = OTHER_NAMES.get(name, name)
        if name in CALLS:
            return name, words[count:]
    known = ", ".join(sorted([*CALLS, *OTHER_NAMES]))
    raise NotUnderstood(f"{line!r}: no command of pveum that is known here; known are {known}")


def _arguments(words: list[str], call: Call, name: str, line: str) -> tuple[list[str], dict[str, str]]:
    given: list[str] = []
    parameters: dict[str, str] = {}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if not word.startswith("-") or word == "-":
            given.append(word)
            continue
        # One hyphen does as well as two, and the beginning of a name as well as the whole where only one begins so.
        option, equals, value = word.lstrip("-").partition("=")
        meant = [one for one in (*call.options, *PRINTING) if one == option] or [
            one for one in (*call.options, *PRINTING) if option and one.startswith(option)]
        if len(meant) != 1:
            known = ", ".join(f"--{one}" for one in call.options) or "none"
            raise NotUnderstood(f"{line!r}: pveum {name} has no option --{option}; known are: {known}")
        if not equals:
            if rest and not rest[0].startswith("-"):
                value = rest.pop(0)
            elif meant[0] in (*SWITCHES, *PRINTING):
                value = "1"
            else:
                raise NotUnderstood(f"{line!r}: --{option} wants a value")
        if meant[0] not in PRINTING:
            parameters[meant[0]] = value
    return given, parameters


def run(api: ProxmoxAPI, line: str) -> Any:
    """What the API answers to a line. Its refusals are proxmoxer's ResourceException."""
    wanted = request(line)
    return getattr(api(wanted.path), wanted.method)(**wanted.parameters)


def run_all(api: ProxmoxAPI, lines: Iterable[str]) -> list[Any]:
    """The answers to all lines that are not empty or comments."""
    return [run(api, line) for line in lines if line.split("#")[0].strip()]


def main() -> int:
    """python3 pveum.py HOST:PORT PASSWORD < LINES: as root@pam, without a look at the certificate; prints the answers."""
    if len(sys.argv) != 3:
        print(main.__doc__, file=sys.stderr)
        return 2
    host, _, port = sys.argv[1].rpartition(":")
    api = ProxmoxAPI(host, port=int(port), user="root@pam", password=sys.argv[2], verify_ssl=False)
    for line in sys.stdin:
        if line.split("#")[0].strip():
            print(json.dumps(run(api, line)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
