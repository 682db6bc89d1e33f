"""What is said in several places says the same: settings, commands, options, the protocol and their documentation."""

from __future__ import annotations

import json
import re
import typing
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import click
import pytest

from command import Command
from logsieve import operations
from logsieve.cli import cli
from logsieve.cli.operations import EXTRA
from logsieve.lsp import protocol
from logsieve.parameters import Operation
from logsieve.settings import CLIENT_ONLY, DEFAULTS
from logsieve.tools import TOOLS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
MANUAL = README + "".join(path.read_text("utf-8") for path in sorted((ROOT / "docs").glob("*.md")))
CLIENT = ROOT / "vscode-client"
WORDS: dict[str, str] = json.loads((CLIENT / "package.nls.json").read_text("utf-8"))
# The manifest as VS Code shows it: `%name%` stands for words that may be translated.
PACKAGE: dict[str, Any] = json.loads(
    re.sub(r'"%([\w.]+)%"', lambda name: json.dumps(WORDS[name[1]]), (CLIENT / "package.json").read_text("utf-8"))
)
CLIENT_README = (CLIENT / "README.md").read_text("utf-8")
NVIM = ROOT / "server" / "logsieve" / "nvim"
NVIM_HELP = (NVIM / "doc" / "logsieve.txt").read_text("utf-8")


# How to get it


def test_whoever_lacks_the_server_is_told_what_works() -> None:
    """The package is on no index: it comes with the extension, or is installed from a checkout."""
    assert not re.search(r"install[\s`]+logsieve\b", CLIENT_README)
    told = [NVIM / "lua" / "logsieve" / "health.lua"]
    for text in (NVIM_HELP, *(path.read_text("utf-8") for path in told)):
        assert "<path to the LogSieve checkout>" in text
        assert "pip install" in text
        assert not re.search(r"install[\s`]+logsieve\b", text)
    assert "    pip install .  " in README


def test_no_words_are_left_over() -> None:
    manifest = (CLIENT / "package.json").read_text("utf-8")
    assert set(re.findall(r'"%([\w.]+)%"', manifest)) == set(WORDS)


# Settings


def server_settings(tree: Any = DEFAULTS, prefix: str = "logsieve") -> dict[str, dict[str, Any]]:
    """Each setting as package.json would declare it."""
    hints = get_type_hints(type(tree))
    out: dict[str, dict[str, Any]] = {}
    for field in fields(tree):
        value, key, hint = getattr(tree, field.name), f"{prefix}.{field.name}", hints[field.name]
        if is_dataclass(value):
            out |= server_settings(value, key)
            continue
        told: dict[str, Any] = {"default": list(value) if isinstance(value, tuple) else value}
        if get_origin(hint) is Literal:
            told |= {"type": "string", "enum": list(get_args(hint))}
        elif hint is bool:
            told |= {"type": "boolean"}
        elif hint is int:
            told |= {"type": "integer", "minimum": field.metadata["minimum"], "maximum": field.metadata["maximum"]}
        elif hint is float:
            told |= {"type": "number", "minimum": field.metadata["minimum"], "maximum": field.metadata["maximum"]}
        elif hint is str:
            told |= {"type": "string"}
        else:
            choices = list(get_args(get_args(hint)[0]))
            told |= {"type": "array", "items": {"type": "string"} | ({"enum": choices} if choices else {})}
        out[key] = told | {"description": field.metadata["help"]}
    return out


def guarded(tree: Any = DEFAULTS, prefix: str = "logsieve") -> set[str]:
    """The settings that no untrusted workspace may change."""
    out: set[str] = set()
    for field in fields(tree):
        value, key = getattr(tree, field.name), f"{prefix}.{field.name}"
        out |= guarded(value, key) if is_dataclass(value) else {key} if field.metadata["guarded"] else set()
    return out


def client_settings() -> dict[str, dict[str, Any]]:
    return {key: told for group in PACKAGE["contributes"]["configuration"] for key, told in group["properties"].items()}


def is_client_only(key: str) -> bool:
    return any(key == known or key.startswith(known + ".") for known in CLIENT_ONLY)


def test_package_json_declares_the_settings_of_the_server_and_the_clients_own() -> None:
    assert {key for key in client_settings() if not is_client_only(key)} == set(server_settings())


@pytest.mark.parametrize("key", server_settings())
def test_a_setting_is_the_same_in_package_json(key: str) -> None:
    declared = client_settings()[key]
    told = {k: v for k, v in declared.items() if k not in ("order", "scope", "markdownDescription", "enumDescriptions")}
    # The first sentence is the same; an editor may go on, and a description may be the short one.
    ours = server_settings()[key]
    assert ours.pop("description").startswith(told.pop("description"))
    assert told == ours


@pytest.mark.parametrize("key", client_settings())
def test_every_setting_is_documented(key: str) -> None:
    name = key.removeprefix("logsieve.")
    assert f"`{name}`" in MANUAL or f"`{key}`" in CLIENT_README


def test_the_extension_s_readme_has_each_setting_with_its_default_and_its_range() -> None:
    wanted = [_row(key.removeprefix("logsieve."), told) for key, told in client_settings().items()]
    section = CLIENT_README.partition("\n## Settings\n")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `.*$", section, re.MULTILINE) == wanted, "\n".join(wanted)


def _row(name: str, told: dict[str, Any]) -> str:
    default = told["default"]
    shown = default if isinstance(default, str) else ", ".join(default) if isinstance(default, list) else str(default)
    values = ", ".join(f"`{value}`" for value in told.get("items", told).get("enum", ()))
    if told["type"] == "boolean":
        shown, values = json.dumps(default), "`true`, `false`"
    elif "minimum" in told:
        values = f"{told['minimum']:,} to {told['maximum']:,}"
    return f"| `{name}` | {f'`{shown}`' if shown else 'empty'} | {values} | {told['description']} |"


def test_documented_settings_exist() -> None:
    section = (ROOT / "docs" / "settings.md").read_text("utf-8")
    rows = re.findall(r"^\| `([\w.]+)` \| (\S.*?) \|", section, re.MULTILINE)
    assert len(rows) >= len(server_settings())
    for name, default in rows:
        known = client_settings()[f"logsieve.{name}"]["default"]
        shown = "empty" if known == "" else known if isinstance(known, str) else json.dumps(known)
        assert default.strip("`") == shown, name


def test_what_decides_where_text_goes_what_is_redacted_in_it_or_what_is_run_is_restricted() -> None:
    restricted = set(PACKAGE["capabilities"]["untrustedWorkspaces"]["restrictedConfigurations"])
    started = {key for key in client_settings() if key.startswith("logsieve.server.")}
    assert restricted == started | guarded()
    harmless = {"timeout", "context", "budget", "followUp", "inputPrice", "outputPrice"}  # how much, not where or what
    assert {key.rpartition(".")[2] for key in server_settings() if ".llm." in key and key not in restricted} == harmless


# The command line


def commands() -> Mapping[str, click.Command]:
    return cli.commands


def test_every_operation_is_a_command_with_its_parameters() -> None:
    for operation in operations.OPERATIONS:
        options = {p.name: p for p in commands()[operation.name].params}
        for parameter in operation.parameters:
            option = options[parameter.name]
            assert isinstance(option, click.Argument) == parameter.required
            if not isinstance(option, click.Option):
                continue
            assert (option.help or "").startswith(parameter.help)
            assert option.default == parameter.default
            if parameter.minimum is not None:
                assert isinstance(option.type, click.IntRange | click.FloatRange)
                assert (option.type.min, option.type.max) == (parameter.minimum, parameter.maximum)
        own = {p.name for p in (*EXTRA.get(operation.name, ()), *operation.parameters)}
        assert set(options) == own | {"format_", "color", "folders", "paths"}


@pytest.mark.parametrize("name", commands())
def test_every_command_is_documented_and_helps(name: str, tmp_path: Path) -> None:
    assert f"`logsieve {name}" in MANUAL
    done = Command(tmp_path)(name, "--help")
    assert done.returncode == 0
    shown = done.stdout.decode()
    for option in commands()[name].params:
        if isinstance(option, click.Option):
            assert option.opts[0] in shown
            assert option.help


def test_documented_commands_and_options_exist() -> None:
    known = {option for command in (cli, *commands().values()) for p in command.params for option in p.opts} | {
        "--help"
    }
    for line in re.findall(r"logsieve ((?:[a-z-]+ )?[^`|#\n]*)", MANUAL):
        for option in re.findall(r"(?<!\S)--[a-z-]+", line):
            assert option in known, line
    for option in re.findall(r"`(--[a-z-]+)`", MANUAL):
        assert option in known
    for name in re.findall(r"^\| `logsieve ([a-z-]+)", MANUAL, re.MULTILINE):
        assert name in commands()
    for name in re.findall(r"^ {4}(?:.*\| )?logsieve ([a-z-]+)", MANUAL, re.MULTILINE):
        assert name in commands()


@pytest.mark.parametrize("operation", operations.OPERATIONS, ids=lambda operation: operation.name)
def test_the_help_names_every_key_of_the_answer(operation: Operation, tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("##[group]Run make\nerror: no such file a.c:3\n##[endgroup]\nexit status 1\n")
    run = Command(tmp_path)
    more = {"explain": ["--dry-run"], "search": ["no such file"]}.get(operation.name, [])
    answer = json.loads(run(operation.name, *more, "--format", "jsonl", log).stdout)
    inner = [key for value in answer.values() if isinstance(value, list) for item in value[:1] for key in _keys(item)]
    told = set(re.findall(r"[a-z_]+", operation.answer))
    assert {*answer, *inner} <= told


def _keys(item: object) -> list[str]:
    return list(item) if isinstance(item, dict) else []


# The protocol and the editors' commands


def typescript_interfaces() -> dict[str, dict[str, bool]]:
    """Per interface of protocol.ts its fields, and whether each may be left out."""
    source = (CLIENT / "src" / "protocol.ts").read_text("utf-8")
    found = re.findall(r"^export interface (\w+) \{\n(.*?)^\}", source, re.MULTILINE | re.DOTALL)
    return {name: {f: bool(o) for f, o in re.findall(r"^ {2}(\w+)(\?)?:", body, re.MULTILINE)} for name, body in found}


def protocol_types() -> dict[str, type]:
    found = [t for pair in protocol.REQUESTS.values() for t in pair] + list(protocol.NOTIFICATIONS.values())
    for kind in list(found):
        for hint in get_type_hints(kind).values():
            found += [inner for inner in get_args(hint) if is_dataclass(inner) and isinstance(inner, type)]
    return {kind.__name__: kind for kind in found}


@pytest.mark.parametrize("name", protocol_types())
def test_the_client_mirrors_the_protocols_data(name: str) -> None:
    kind = protocol_types()[name]
    assert is_dataclass(kind)
    optional = {f.name: f.default is not MISSING for f in fields(kind)}
    assert typescript_interfaces()[name] == optional


def test_the_client_mirrors_the_protocols_methods() -> None:
    source = (CLIENT / "src" / "protocol.ts").read_text("utf-8")
    requests = re.findall(r'new RequestType<(\w+), (\w+), void>\("([^"]+)"\)', source)
    assert {m: (p, r) for p, r, m in requests} == {
        method: (params.__name__, result.__name__) for method, (params, result) in protocol.REQUESTS.items()
    }
    notifications = re.findall(r'new NotificationType<(\w+)>\("([^"]+)"\)', source)
    assert {m: p for p, m in notifications} == {m: p.__name__ for m, p in protocol.NOTIFICATIONS.items()}
    offered = re.search(r"OFFERED = \[(.*?)\]", source)
    assert offered
    assert tuple(re.findall(r'"([^"]+)"', offered[1])) == protocol.COMMANDS


@pytest.mark.parametrize("method", [*protocol.REQUESTS, *protocol.NOTIFICATIONS])
def test_every_custom_method_is_documented_where_it_is_defined(method: str) -> None:
    kind = protocol.REQUESTS[method][0] if method in protocol.REQUESTS else protocol.NOTIFICATIONS[method]
    assert f"`{method}`" in (typing.cast("str", kind.__doc__) or "")


@pytest.mark.parametrize("command", [c["title"] for c in PACKAGE["contributes"]["commands"]])
def test_every_command_of_the_client_is_documented(command: str) -> None:
    assert f"*{command}*" in CLIENT_README or f"*LogSieve: {command}*" in CLIENT_README


def test_every_command_that_the_server_offers_is_the_clients() -> None:
    shown = {c["command"] for c in PACKAGE["contributes"]["commands"]}
    assert set(protocol.COMMANDS) - shown == {protocol.SHOW_LINE}  # which needs a line: no palette has it


@pytest.mark.parametrize("declared", PACKAGE["contributes"]["languageModelTools"], ids=lambda tool: tool["name"])
def test_a_tool_in_vs_code_is_that_of_mcp(declared: dict[str, Any]) -> None:
    """It takes an editor's URI as well, and no member of an archive."""
    tool = TOOLS[declared["name"].removeprefix("logsieve_")]
    assert declared["modelDescription"] == tool.description
    told = declared["inputSchema"]
    assert told["properties"].pop("path") == {"type": "string", "description": "Path or URI of the log."}
    wanted = tool.takes
    del wanted["properties"]["path"]
    assert told == wanted


def test_every_command_in_neovim_is_documented() -> None:
    source = (NVIM / "plugin" / "logsieve.lua").read_text("utf-8")
    source += "".join(path.read_text("utf-8") for path in sorted((NVIM / "lua").rglob("*.lua")))
    documented = set(re.findall(r"^:LogSieve (\w+)", NVIM_HELP, re.MULTILINE))
    assert documented >= {"copy", "view", "explain", "next", "prev"}
    assert [name for name in documented if not re.search(rf"\b{name}\b", source)] == []
    told = README.partition("### Neovim")[2].partition("\n## ")[0]
    assert [name for name in ("copy", "view", "explain", "next", "prev") if name not in told] == []


def test_settings_named_in_neovims_help_exist() -> None:
    section = NVIM_HELP.partition("*logsieve-settings*")[2].partition("=====")[0]
    named = set(re.findall(r"(\w+) = ", section))
    parts = {part for key in client_settings() for part in key.split(".")}
    assert "budget" in named
    assert named <= parts | {"settings"}
