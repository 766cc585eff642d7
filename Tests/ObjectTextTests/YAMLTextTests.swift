import Objects
import Primitives
import Testing

@testable import ObjectText

@Suite struct YAMLTextTests {
    @Test(
        arguments: [
            ("1", 1), ("\"1\"", "1"), ("'1'", "1"), ("yes", true), ("on", true), ("Off", false), ("y", "y"), ("n", "n"), ("~", .null),
            ("null", .null),
            ("\"null\"", "null"), ("1.5", .number(1.5)), ("1e3", .number(1000)), ("0x1F", 31), ("017", 15), ("0o17", 15), ("0b101", 5),
            ("1_000", 1000),
            ("+7", 7), ("-7", -7), ("2Gi", "2Gi"), ("1.2.3", "1.2.3"), ("2026-11-23", "2026-11-23"), ("0.5.", "0.5."), (".inf", ".inf"),
            (".nan", ".nan"),
            ("-", nil), ("08", .number(8)), ("9223372036854775807", 9_223_372_036_854_775_807), ("1e999", "1e999"),
            ("text with: colon", nil),
        ] as [(String, ObjectValue?)])
    func `plain scalars have kubectl's types`(text: String, expected: ObjectValue?) throws {
        do {
            let documents = try YAMLText.documents(Array("a: \(text)\n".utf8), path: "f.yaml")
            #expect(documents.first?.value["a"] == expected)
        } catch { #expect(expected == nil) }
    }

    @Test func `documents are many, and empty ones are none`() throws {
        let text = "# a comment\n---\na: 1\n---\n---\n# nothing\n---\n{\"b\": [2, x]}\n...\n"
        let documents = try YAMLText.documents(Array(text.utf8), path: "f.yaml")
        #expect(documents.map(\.value) == [["a": 1], ["b": [2, "x"]]])
        #expect(documents.map(\.place) == ["f.yaml:3", "f.yaml:8"])
    }

    @Test(arguments: ["\u{1B}[2J", "\u{7F}", "\u{9B}", "\u{202E}", "\u{200B}", "\u{2028}", "\u{2066}", "\u{E0041}", "\u{FEFF}"])
    func `no terminal obeys what is written`(text: String) throws {
        for value in [[.text(text)], [.text("one\n\(text)two\n")], ["a": .members([text: .text("x\(text)")])]] as [ObjectValue] {
            let (yaml, json) = (YAMLText.text(of: value), String(decoding: value.prettyJSON, as: UTF8.self))
            for shown in [yaml, json] {
                #expect(!shown.unicodeScalars.contains { $0 != "\n" && TerminalText.isObeyed($0) }, "\(value)")
            }
            #expect(try ObjectValue(parsing: Array(json.utf8)) == value)
        }
    }

    @Test(arguments: [
        ("a: 1\n  b: 2\n", "f.yaml:2:"), ("a: &x 1\n", "f.yaml:1:4"), ("a: *x\n", "f.yaml:1:4"), ("a: !t 1\n", "f.yaml:1:4"),
        ("a: 1\na: 2\n", "f.yaml:2:1"),
        ("---\na: 1\n---\n\tb: 1\n", "f.yaml:4:"),
    ])
    func `what is wrong has its place`(text: String, place: String) {
        do {
            _ = try YAMLText.documents(Array(text.utf8), path: "f.yaml")
            Issue.record("was read")
        } catch { #expect(error.message.hasPrefix(place), "\(error.message)") }
    }

    @Test(
        arguments: [
            [:], ["a": "1"], ["a": 1], ["a": true], ["a": "true"], ["a": "yes"], ["a": "y"], ["a": .null], ["a": "null"], ["a": ""],
            ["a": " x"], ["a": "x "],
            ["a": "- x"], ["a": "-x"], ["a": "a: b"], ["a": "a #b"], ["a": "#"], ["a": "{"], ["a": "2026-01-01"], ["a": "one\ntwo\n"],
            ["a": "one\ntwo"],
            ["a": "one\n\ntwo\n"], ["a": "one\n"], ["a": "\n"], ["a": "one\n\n"], ["a": " one\ntwo"], ["a": "one \ntwo"],
            ["a": "\u{1}\u{7F}\u{85}\u{2028}"], ["a": "\u{202E}\u{200B}\u{E0041}\u{9B}x\u{FEFF}", "\u{202E}": "x\ny\u{2066}"],
            ["a": "one\u{2028}two"], ["a": "b: \u{301}"], ["a": "b #\u{301}"], ["a": "- \u{301}"],
            ["a": " \u{301}one\ntwo"], ["a": "one \u{301}\ntwo"], ["a": "one \u{85}two \u{2029}three\u{FEFF}"],
            ["a": "tab\there"], ["a": "ä € 😀"], ["a": "\"quoted\" \\ back"], ["a": []], ["a": [[]]], ["a": [[1, 2], ["b": 3]]],
            ["a": [["b": ["c": 1]]]],
            ["a": ["b": []]], ["a": .number(1.5)], ["a": .number(1e300)], ["y": 1, "1": 2, "": 3, "a b": 4, "a:": 5],
            ["a": [["b": "one\ntwo\n", "c": 1]]],
            ["a": "---"], ["a": "..."], ["... x": 1], ["--- x": 1], "...", "... x", ["a": "%x"], ["a": "@x"], ["a": "`x"], ["a": "0x10"],
            ["a": "1_0"], ["a": "?"], ["a": "!x"],
            ["a": "*x"], ["a": "&x"],
            ["kind": "K", "apiVersion": "v1", "metadata": ["name": "x"], "a": 1],
        ] as [ObjectValue])
    func `what is written is read as the same`(value: ObjectValue) throws {
        let text = YAMLText.text(of: value)
        let read = try YAMLText.documents(Array(text.utf8), path: "f.yaml")
        #expect(read.first?.value == value, "\(text)")
    }
}
