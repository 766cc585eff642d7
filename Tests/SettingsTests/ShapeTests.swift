import Primitives
@testable import Settings
import Testing

@Suite("The shape of settings")
struct ShapeTests {
    private func check(_ text: String) throws { try everyShape.check(try yaml(text), at: "") }

    static let fitting = [
        "", "log:\n", "log: {level: warn, color: on}", "targets: one", "targets: [one, two]", "targets:\n  -\n  - two", "port: 1",
        "port: 65535", "port: \"80\"",
        "interval: 0.5", "interval: 500ms", "interval: 1h", "name: 7", "clusters: []",
        "clusters:\n- name: a\n- name: b\n  nodes: [x, y]\n-\n",
        "port:\ninterval: ~\n",
    ]

    @Test("What fits passes", arguments: fitting)
    func fits(_ text: String) throws { try check(text) }

    /// What does not fit, with the complete message: file, line, column, key, what is expected, what stands there, the nearest word.
    static let misfits: [(String, String)] = [
        ("just words", "martlet.yml:1:1: expected a section with keys"),
        ("- a", "martlet.yml:1:1: expected a section with keys"),
        ("logs:\n  level: info\n", #"martlet.yml:1:1: unknown key "logs"; did you mean "log"?"#),
        ("log:\n  levle: info\n", #"martlet.yml:2:3: unknown key "levle" in log; did you mean "level"?"#),
        ("log:\n  verbosity: 9\n", #"martlet.yml:2:3: unknown key "verbosity" in log; known: level, color"#),
        ("zzz: 1", #"martlet.yml:1:1: unknown key "zzz"; known: log, targets, port, interval, name, clusters"#),
        ("\"\": 1", #"martlet.yml:1:1: unknown key ""; known: log, targets, port, interval, name, clusters"#),
        ("\"a\\nb\\e[31m\": 1", #"martlet.yml:1:1: unknown key "a\nb\u001b[31m"; known: log, targets, port, interval, name, clusters"#),
        ("log: info", "martlet.yml:1:6: log: expected a section with keys"),
        ("log: [level]", "martlet.yml:1:6: log: expected a section with keys"),
        ("log:\n  level: warning\n", #"martlet.yml:2:10: log.level: expected one of debug, info, warn, error, not "warning""#),
        ("log:\n  level: inf\n", #"martlet.yml:2:10: log.level: expected one of debug, info, warn, error, not "inf"; did you mean info?"#),
        (
            "log:\n  level: INFO\n",
            #"martlet.yml:2:10: log.level: expected one of debug, info, warn, error, not "INFO"; did you mean info?"#
        ),
        ("log:\n  level: {a: b}\n", "martlet.yml:2:10: log.level: expected one of debug, info, warn, error"),
        ("log:\n  level: \"a\\nb\"\n", #"martlet.yml:2:10: log.level: expected one of debug, info, warn, error, not "a\nb""#),
        ("log:\n  color: maybe\n", #"martlet.yml:2:10: log.color: expected true or false, not "maybe""#),
        ("log:\n  color: 2\n", #"martlet.yml:2:10: log.color: expected true or false, not "2""#),
        ("port: 0", #"martlet.yml:1:7: port: expected a whole number from 1 to 65535, not "0""#),
        ("port: 65536", #"martlet.yml:1:7: port: expected a whole number from 1 to 65535, not "65536""#),
        ("port: 0x50", #"martlet.yml:1:7: port: expected a whole number from 1 to 65535, not "0x50""#),
        ("port: 80.0", #"martlet.yml:1:7: port: expected a whole number from 1 to 65535, not "80.0""#),
        ("port: 99999999999999999999", #"martlet.yml:1:7: port: expected a whole number from 1 to 65535, not "99999999999999999999""#),
        ("port: \"\"", #"martlet.yml:1:7: port: expected a whole number from 1 to 65535, not """#),
        ("port: \(String(repeating: "9", count: 41))", "martlet.yml:1:7: port: expected a whole number from 1 to 65535"),
        ("interval: soon", #"martlet.yml:1:11: interval: expected a duration from 500ms to 1h, as in 500ms, 15s or 2m, not "soon""#),
        ("interval: 499ms", #"martlet.yml:1:11: interval: expected a duration from 500ms to 1h, as in 500ms, 15s or 2m, not "499ms""#),
        ("interval: 2h", #"martlet.yml:1:11: interval: expected a duration from 500ms to 1h, as in 500ms, 15s or 2m, not "2h""#),
        ("interval: inf", #"martlet.yml:1:11: interval: expected a duration from 500ms to 1h, as in 500ms, 15s or 2m, not "inf""#),
        ("interval: 0x10", #"martlet.yml:1:11: interval: expected a duration from 500ms to 1h, as in 500ms, 15s or 2m, not "0x10""#),
        ("name: [a]", "martlet.yml:1:7: name: expected text, not a list"),
        ("name: {a: b}", "martlet.yml:1:7: name: expected text"),
        ("targets: {a: b}", "martlet.yml:1:10: targets: expected a list of texts"),
        ("targets: [a, [b]]", "martlet.yml:1:14: targets: expected text, not a list"),
        ("clusters: a", "martlet.yml:1:11: clusters: expected a list of sections"),
        ("clusters:\n  name: a\n", #"martlet.yml:2:3: clusters: expected a list of sections; begin each of them with "- ""#),
        ("clusters:\n- a\n", "martlet.yml:2:3: clusters[0]: expected a section with keys"),
        ("clusters:\n- name: a\n- nmae: b\n", #"martlet.yml:3:3: unknown key "nmae" in clusters[1]; did you mean "name"?"#),
        (
            "clusters:\n- timeout: 1h\n",
            #"martlet.yml:2:12: clusters[0].timeout: expected a duration from 1s to 1m, as in 15s, not "1h""#
        ),
    ]

    @Test("What does not fit is told in full", arguments: misfits)
    func misfit(_ text: String, _ expected: String) { #expect(message(.configuration) { try check(text) } == expected) }

    static let durations: [(String, Double?)] = [
        ("0", 0), ("15", 15), ("1.5", 1.5), ("500ms", 0.5), ("0.5ms", 0.0005), ("15s", 15), ("0s", 0), ("2m", 120), ("1.5h", 5400),
        ("1d", 86_400), ("30d", 2_592_000),
        ("1w", 604_800), ("1y", 31_536_000), (".5s", 0.5), ("5.s", 5), ("007s", 7), ("", nil), ("s", nil), ("ms", nil), (".", nil),
        (".s", nil), ("-1s", nil),
        ("-0", nil), ("+1s", nil), (" 1s", nil), ("1s ", nil), ("1 s", nil), ("1S", nil), ("1M", nil), ("1min", nil), ("1h30m", nil),
        ("1e3s", nil), ("0x10", nil),
        ("0x10s", nil), ("inf", nil), ("infs", nil), ("nan", nil), ("nans", nil), ("1_000s", nil), ("1,5s", nil), ("1e308y", nil),
        ("1.2.3s", nil), ("١s", nil),
        ("999999999999999", 999_999_999_999_999), ("9999999999999999", nil),
    ]

    @Test("Durations", arguments: durations)
    func duration(_ text: String, _ expected: Double?) {
        guard let expected else {
            #expect(SettingsShape.seconds(of: text) == nil)
            return
        }
        #expect(SettingsShape.seconds(of: text).map { abs($0 - expected) < 1e-9 } == true)
    }

    static let words: [(String, Bool?)] = [
        ("true", true), ("True", true), ("TRUE", true), ("yes", true), ("on", true), ("1", true), ("false", false), ("no", false),
        ("Off", false), ("0", false),
        ("", nil), ("y", nil), ("n", nil), ("2", nil), ("01", nil), ("t", nil), (" true", nil), ("enabled", nil), ("ｔｒｕｅ", nil),
    ]

    @Test("Flags", arguments: words)
    func flag(_ text: String, _ expected: Bool?) { #expect(SettingsShape.flag(of: text) == expected) }

    static let expectations: [(SettingsShape, String)] = [
        (.text, "text"), (.flag, "true or false"), (.texts, "a list of texts"), (.section([]), "a section with keys"),
        (.sections([]), "a list of sections"),
        (.integer(-5...5), "a whole number from -5 to 5"), (.choice(["a"]), "one of a"),
        (.seconds(0...1), "a duration from 0s to 1s, as in 500ms"),
        (.seconds(0.001...90), "a duration from 1ms to 90s, as in 500ms or 15s"),
        (.seconds(1.5...86_400), "a duration from 1500ms to 1d, as in 15s or 2m"),
        (.seconds(0...(.infinity)), "a duration from 0s to infs, as in 500ms, 15s or 2m"),
        (.seconds(0...1e300), "a duration from 0s to 1e+300s, as in 500ms, 15s or 2m"),
    ]

    @Test("What is expected, in words", arguments: expectations)
    func expectation(_ shape: SettingsShape, _ expected: String) { #expect(shape.expectation == expected) }
}
