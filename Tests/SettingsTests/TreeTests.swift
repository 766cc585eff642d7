import Primitives
@testable import Settings
import Testing

@Suite("Settings from file, environment and flags")
struct TreeTests {
    @Test("Nothing anywhere")
    func nothing() throws {
        for tree in [SettingsTree.empty, try settings(), try settings(file: ""), try settings(file: "# nothing\n")] {
            #expect(!tree["log"].isSet)
            #expect(tree["log"]["level"].text == nil)
            #expect(tree["port"].integer == nil)
            #expect(tree["interval"].seconds == nil)
            #expect(tree["log"]["color"].flag == nil)
            #expect(tree["targets"].texts == nil)
            #expect(tree["clusters"].sections.isEmpty)
            #expect("\(tree.origin)" == "settings")
        }
    }

    @Test("Values are read as what their shape says")
    func values() throws {
        let tree = try settings(
            file: """
                log: {level: warn, color: yes}
                targets: [a, "", c]
                port: 80
                interval: 2m
                name: 007
                clusters:
                - name: one
                  nodes: n1
                - name: two
                """)
        #expect(tree["log"].isSet)
        #expect(tree["log"]["level"].text == "warn")
        #expect(tree["log"]["color"].flag == true)
        #expect(tree["targets"].texts == ["a", "", "c"])
        #expect(tree["targets"].text == nil)
        #expect(tree["port"].integer == 80)
        #expect(tree["interval"].seconds == 120)
        #expect(tree["name"].text == "007")
        #expect(tree["clusters"].sections.map { $0["name"].text } == ["one", "two"])
        #expect(tree["clusters"].sections[0]["nodes"].texts == ["n1"])
        #expect(tree["nothing"]["of"]["that"].text == nil)
        #expect(tree["name"]["below"].isSet == false)
        #expect("\(tree["port"].failure("no"))".hasSuffix(":3:7: no"))
        #expect(tree["port"].failure("no").code == .configuration)
    }

    @Test("Environment goes over the file, flags over the environment")
    func precedence() throws {
        let file = "log: {level: warn}\nport: 1\nname: file\n"
        let environment = ["MARTLET_PORT": "2", "MARTLET_LOG__LEVEL": "error", "PORT": "9", "MARTLETX_PORT": "9", "martlet_port": "9"]
        let flags = [SettingsFlagValue(name: "port", path: ["port"], values: ["3"], isList: false)]
        let all = try settings(file: file, environment: environment, flags: flags)
        #expect(all["port"].integer == 3)
        #expect("\(all["port"].origin)" == "--port")
        #expect(all["log"]["level"].text == "error")
        #expect("\(all["log"]["level"].origin)" == "environment variable MARTLET_LOG__LEVEL")
        #expect(all["name"].text == "file")
        #expect(try settings(file: file, environment: environment)["port"].integer == 2)
        #expect(try settings(file: file)["port"].integer == 1)
        #expect(try settings(environment: environment)["log"]["level"].text == "error")
    }

    @Test("Flags replace whole lists; the last of several values of a plain flag holds")
    func flags() throws {
        let file = "targets: [a, b, c]\nlog:\n  level: warn\n"
        let list = SettingsFlagValue(name: "target", path: ["targets"], values: ["x", "y"], isList: true)
        let level = SettingsFlagValue(name: "log.level", path: ["log", "level"], values: ["debug", "error"], isList: false)
        let tree = try settings(file: file, environment: ["MARTLET_TARGETS__0": "e"], flags: [list, level])
        #expect(tree["targets"].texts == ["x", "y"])
        #expect(tree["log"]["level"].text == "error")
    }

    struct Overlay: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let file: String?
        let environment: [String: String]
        let expected: String
    }

    /// Lists by index, from nothing and over a file.
    static let overlays = [
        Overlay(
            testDescription: "a list from nothing", file: nil, environment: ["MARTLET_TARGETS__0": "a", "MARTLET_TARGETS__1": "b"],
            expected: "{targets: [a, b]}"),
        Overlay(
            testDescription: "one text for a list", file: "targets: [a, b]", environment: ["MARTLET_TARGETS": "c"], expected: "{targets: c}"
        ),
        Overlay(
            testDescription: "an entry replaced", file: "targets: [a, b]", environment: ["MARTLET_TARGETS__1": "c"],
            expected: "{targets: [a, c]}"),
        Overlay(
            testDescription: "an entry added", file: "targets: [a, b]", environment: ["MARTLET_TARGETS__2": "c"],
            expected: "{targets: [a, b, c]}"),
        Overlay(
            testDescription: "a key of an entry replaced", file: "clusters:\n- name: a\n  token: t\n- name: b\n",
            environment: ["MARTLET_CLUSTERS__0__TOKEN": "u", "MARTLET_CLUSTERS__1__TIMEOUT": "5s"],
            expected: "{clusters: [{name: a, token: u}, {name: b, timeout: 5s}]}"),
        Overlay(
            testDescription: "twelve entries keep their order, tenth and later behind ninth", file: nil,
            environment: Dictionary(uniqueKeysWithValues: (0..<12).map { ("MARTLET_TARGETS__\($0)", "t\($0)") }),
            expected: "{targets: [\((0..<12).map { "t\($0)" }.joined(separator: ", "))]}"),
        Overlay(
            testDescription: "twelve sections keep their keys together", file: nil,
            environment: Dictionary(
                uniqueKeysWithValues: (0..<12).flatMap {
                    [("MARTLET_CLUSTERS__\($0)__NAME", "n\($0)"), ("MARTLET_CLUSTERS__\($0)__TOKEN", "t\($0)")]
                }),
            expected: "{clusters: [\((0..<12).map { "{name: n\($0), token: t\($0)}" }.joined(separator: ", "))]}"),
        Overlay(
            testDescription: "an empty section filled", file: "log:\n", environment: ["MARTLET_LOG__LEVEL": "info"],
            expected: "{log: {level: info}}"),
        Overlay(testDescription: "an empty value is a text", file: "name: a", environment: ["MARTLET_NAME": ""], expected: "{name: }"),
        Overlay(
            testDescription: "a value with an equals sign", file: nil, environment: ["MARTLET_NAME": "a=b\nc"], expected: "{name: a=b\nc}"),
    ]

    @Test("The environment reaches every key, entries of lists by number", arguments: overlays)
    func overlay(_ row: Overlay) throws {
        // Compared as a whole, so nothing may change but what was named.
        let expected = try settings(file: row.file, environment: row.environment)
        #expect(Self.outline(expected) == row.expected)
    }

    private static func outline(_ tree: SettingsTree) -> String {
        Mirror(reflecting: tree).descendant("node").flatMap { $0 as? SettingsNode }?.outline ?? "?"
    }

    /// Wrong values of variables; each error names its variable.
    static let wrong: [(String?, [String: String], String)] = [
        (nil, ["MARTLET_PORT": "0"], #"environment variable MARTLET_PORT: port: expected a whole number from 1 to 65535, not "0""#),
        (nil, ["MARTLET_PORT": ""], #"environment variable MARTLET_PORT: port: expected a whole number from 1 to 65535, not """#),
        (nil, ["MARTLET_PROT": "80"], #"environment variable MARTLET_PROT: unknown key "prot"; did you mean "port"?"#),
        (nil, ["MARTLET_LOG": "info"], "environment variable MARTLET_LOG: log: expected a section with keys"),
        (
            nil, ["MARTLET_LOG_LEVEL": "info"],
            #"environment variable MARTLET_LOG_LEVEL: unknown key "log_level"; sections and keys are separated by two underscores, as in MARTLET_LOG__LEVEL"#
        ),
        (
            nil, ["MARTLET_LOG__LEVLE": "info"],
            #"environment variable MARTLET_LOG__LEVLE: unknown key "levle" in log; did you mean "level"?"#
        ),
        (nil, ["MARTLET_": "x"], #"environment variable MARTLET_: unknown key ""; known: log, targets, port, interval, name, clusters"#),
        (nil, ["MARTLET_LOG__": "x"], #"environment variable MARTLET_LOG__: unknown key "" in log; known: level, color"#),
        (nil, ["MARTLET_LOG__0": "x"], "environment variable MARTLET_LOG__0: log: expected a section with keys"),
        (
            "log: {level: info}", ["MARTLET_LOG__0": "x"],
            #"environment variable MARTLET_LOG__0: unknown key "0" in log; known: level, color"#
        ),
        ("name: a", ["MARTLET_NAME__X": "x"], "environment variable MARTLET_NAME__X: name: expected text"),
        ("targets: [a]", ["MARTLET_TARGETS__X": "x"], "environment variable MARTLET_TARGETS__X: targets: expected a list of texts"),
        (
            "clusters:\n- name: a", ["MARTLET_CLUSTERS__NAME": "x"],
            "environment variable MARTLET_CLUSTERS__NAME: clusters: expected a list of sections; number its entries from 0, as in CLUSTERS__0__KEY"
        ),
        (
            "clusters:\n- name: a", ["MARTLET_CLUSTERS__0": "x"],
            "environment variable MARTLET_CLUSTERS__0: clusters[0]: expected a section with keys"
        ),
        (
            "clusters:\n- name: a", ["MARTLET_CLUSTERS__0__TIMEOUT": "2h"],
            "environment variable MARTLET_CLUSTERS__0__TIMEOUT: clusters[0].timeout: "
                + #"expected a duration from 1s to 1m, as in 15s, not "2h""#
        ),
        (
            "clusters:\n- name: a", ["MARTLET_CLUSTERS__5__TOKEN": "x", "MARTLET_CLUSTERS__5__NAME": "x"],
            "environment variable MARTLET_CLUSTERS__5__NAME: there is no entry 5, as the list has 1 so far; entries count from 0 without gaps"
        ),
        (
            nil, ["MARTLET_TARGETS__1": "x"],
            "environment variable MARTLET_TARGETS__1: there is no entry 1, as the list has none so far; entries count from 0 without gaps"
        ),
        (
            nil, ["MARTLET_TARGETS__-1": "x"],
            "environment variable MARTLET_TARGETS__-1: there is no entry -1, as the list has none so far; entries count from 0 without gaps"
        ),
        (
            nil, ["MARTLET_TARGETS__9223372036854775807": "x"],
            "environment variable MARTLET_TARGETS__9223372036854775807: there is no entry 9223372036854775807, as the list has none so far; entries count from 0 without gaps"
        ),
        (
            nil, ["MARTLET_TARGETS__99999999999999999999": "x"],
            "environment variable MARTLET_TARGETS__99999999999999999999: targets: expected a list of texts"
        ),
    ]

    @Test("A wrong variable is named", arguments: wrong)
    func wrongVariable(_ file: String?, _ environment: [String: String], _ expected: String) {
        #expect(message(.configuration) { try settings(file: file, environment: environment) } == expected)
    }

    @Test("A wrong flag is named")
    func wrongFlag() {
        let flag = SettingsFlagValue(name: "log.level", path: ["log", "level"], values: ["loud"], isList: false)
        #expect(
            message(.usage) { try settings(flags: [flag]) }
                == #"--log.level: log.level: expected one of debug, info, warn, error, not "loud""#)
    }

    @Test("A file that is wrong is refused even where a variable or flag would hide it")
    func wrongFileBelow() {
        #expect(
            message(.configuration) { try settings(file: "port: x", environment: ["MARTLET_PORT": "80"]) }
                == #"martlet.yml:1:7: port: expected a whole number from 1 to 65535, not "x""#)
    }

    @Test("A missing file is an error that names it")
    func missingFile() {
        #expect(
            message(.environment) { try SettingsTree(file: "/nowhere/martlet.yml", environment: [:], flags: [], shape: everyShape) }
                == "cannot read /nowhere/martlet.yml: No such file or directory")
    }

    @Test("A file past a megabyte is refused")
    func largeFile() {
        #expect(
            message(.limit) { try settings(file: String(repeating: "# comment\n", count: 120_000)) }
                == "martlet.yml is larger than 1048576 bytes")
    }
}
