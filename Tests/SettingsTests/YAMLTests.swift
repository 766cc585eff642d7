import Primitives
@testable import Settings
import Testing

@Suite("YAML")
struct YAMLTests {
    /// Texts, and what is read from them.
    static let texts: [(String, String)] = [
        ("", "-"), (" \n\n", "-"), ("# a comment\n  # and another\n", "-"), ("---\n", "-"), ("---\n...\n", "-"), ("~", "-"), ("null", "-"),
        ("a: 1\nb:\n", "{a: 1, b: -}"), ("a: ~\nb: null\nc: \"\"\nd: 'null'\ne: \"~\"", "{a: -, b: -, c: , d: null, e: ~}"),
        ("a: [1, 2.50, x]\n", "{a: [1, 2.50, x]}"), ("a:\n- 1\n-\n- - 2\n", "{a: [1, -, [2]]}"), ("a: {b: {c: d}}", "{a: {b: {c: d}}}"),
        ("{}", "{}"), ("[]", "[]"), ("a: yes\nb: 0x10\nc: 1_000\nd: 007\n", "{a: yes, b: 0x10, c: 1_000, d: 007}"),
        ("a: |\n  one\n  two\n", "{a: one\ntwo\n}"), ("a: >-\n  one\n  two\n", "{a: one two}"), ("a: \"x\\ny\\u00e9\"", "{a: x\nyé}"),
        ("é: ü\n😀: 1", "{é: ü, 😀: 1}"), ("a: http://x:1/#y", "{a: http://x:1/#y}"), ("a: b # c", "{a: b}"), ("a : 1", "{a: 1}"),
        ("\u{FEFF}a: 1\n", "{a: 1}"), ("a: 1\r\nb: 2\r\n", "{a: 1, b: 2}"), ("? a\n: 1\n", "{a: 1}"), ("\"\": 1", "{: 1}"),
        ("just words", "just words"),
        ("%YAML 1.1\n---\na: 1\n", "{a: 1}"), ("a: 'it''s'", "{a: it's}"), ("a: 2001-01-01\nb: 1:30\n", "{a: 2001-01-01, b: 1:30}"),
    ]

    @Test("What stands there is read, numbers and words as text", arguments: texts)
    func reading(_ text: String, _ expected: String) throws { #expect(try yaml(text).outline == expected) }

    /// What is refused, with the complete message.
    static let refusals: [(String, String)] = [
        ("a: 1\nb: 2\na: 3\n", #"martlet.yml:3:1: key "a" stands here twice"#),
        ("x:\n  - a: 1\n    a: 2\n", #"martlet.yml:3:5: key "a" stands here twice"#),
        ("{a: 1, \"a\": 2}", #"martlet.yml:1:8: key "a" stands here twice"#),
        ("\"a\\nb\": 1\n\"a\\nb\": 2", #"martlet.yml:2:1: key "a\nb" stands here twice"#),
        ("a: &x 1\n", "martlet.yml:1:4: anchors (&name) are not supported"),
        ("a: &x [1]\n", "martlet.yml:1:4: anchors (&name) are not supported"),
        ("a:\n  &x {b: 1}\n", "martlet.yml:2:3: anchors (&name) are not supported"),
        ("&x a: 1\n", "martlet.yml:1:1: anchors (&name) are not supported"),
        ("a: *x\n", "martlet.yml:1:4: aliases (*name) are not supported; write the value out"),
        ("*x : 1\n", "martlet.yml:1:1: aliases (*name) are not supported; write the value out"),
        ("a:\n  <<: *x\n", "martlet.yml:2:7: aliases (*name) are not supported; write the value out"),
        ("a: !!int 1\n", "martlet.yml:1:4: tags (!name) are not supported"),
        ("a: !secret x\n", "martlet.yml:1:4: tags (!name) are not supported"),
        ("a: !!map {}\n", "martlet.yml:1:4: tags (!name) are not supported"),
        ("a: !x [1]\n", "martlet.yml:1:4: tags (!name) are not supported"),
        ("!!str a: 1\n", "martlet.yml:1:1: tags (!name) are not supported"),
        ("{a: 1}: 2\n", "martlet.yml:1:1: a key must be plain text"),
        ("[a]: 2\n", "martlet.yml:1:1: a key must be plain text"),
        ("? - a\n: 1\n", "martlet.yml:1:3: a key must be plain text"),
        ("a: 1\n---\nb: 2\n", "martlet.yml:2:1: one document is expected, and here begins another"),
        ("a: 1\n...\n---\n", "martlet.yml:3:1: one document is expected, and here begins another"),
        ("a:\n\tb: 1\n", "martlet.yml:2:1: not valid YAML: found character that cannot start any token: a tab; indent with spaces"),
        ("a: 1\n b: 2\n", "martlet.yml:2:3: not valid YAML: mapping values are not allowed in this context"),
        ("a: [1, 2\nb: 3\n", "martlet.yml:2:2: not valid YAML: did not find expected ',' or ']'"),
        ("a: {b\n", "martlet.yml:2:1: not valid YAML: did not find expected ',' or '}'"),
        ("a: \"b\n", "martlet.yml:2:1: not valid YAML: found unexpected end of stream"),
        ("a: 'b", "martlet.yml:1:6: not valid YAML: found unexpected end of stream"),
        ("a: \"\\q\"", "martlet.yml:1:5: not valid YAML: found unknown escape character"),
        ("a: b: c", "martlet.yml:1:5: not valid YAML: mapping values are not allowed in this context"),
        ("- a\nb: 1\n", "martlet.yml:2:1: not valid YAML: did not find expected '-' indicator"),
        ("a: @x", "martlet.yml:1:4: not valid YAML: found character that cannot start any token"),
        ("a: `x`", "martlet.yml:1:4: not valid YAML: found character that cannot start any token"),
        (": 1", "martlet.yml:1:1: not valid YAML: did not find expected key"),
        ("]", "martlet.yml:1:1: not valid YAML: did not find expected node content"),
        ("%YAML 3.0\n---\na: 1\n", "martlet.yml:1:1: not valid YAML: found incompatible YAML document"),
        ("a: 1\nb: x\u{0}y\n", "martlet.yml:2:5: not valid YAML: control characters are not allowed"),
        ("\u{0}", "martlet.yml:1:1: not valid YAML: control characters are not allowed"),
        ("é: \u{1B}[31m\n", "martlet.yml:1:4: not valid YAML: control characters are not allowed"),
        ("a: \u{7F}", "martlet.yml:1:4: not valid YAML: control characters are not allowed"),
    ]

    @Test("What is not supported is refused where it stands", arguments: refusals)
    func refusal(_ text: String, _ expected: String) { #expect(message(.malformed) { try yaml(text) } == expected) }

    /// Bytes that are no UTF-8, far behind what libyaml has scanned when it finds them.
    static let bytes: [([UInt8], String)] = [
        ([0xFF], "martlet.yml:1:1: not valid YAML: invalid leading UTF-8 octet"),
        (Array("a: 1\nb: é".utf8) + [0xE9], "martlet.yml:2:5: not valid YAML: incomplete UTF-8 octet sequence"),
        (Array("a: 1\n# é\nb: é".utf8) + [0xE9, 0x20, 0x0A], "martlet.yml:3:6: not valid YAML: invalid trailing UTF-8 octet"),
        (Array("a: ".utf8) + [0xC3, 0x28, 0x0A], "martlet.yml:1:5: not valid YAML: invalid trailing UTF-8 octet"),
        (Array("a: ".utf8) + [0xED, 0xA0, 0x80, 0x0A], "martlet.yml:1:4: not valid YAML: invalid Unicode character"),
        (Array("a: ".utf8) + [0xC0, 0x80, 0x0A], "martlet.yml:1:4: not valid YAML: invalid length of a UTF-8 sequence"),
        ([0xFF, 0xFE, 0x61, 0x00], "martlet.yml:1:1: not valid YAML: invalid leading UTF-8 octet"),
        (Array(repeatElement("key: value # 30 bytes of it...\n", count: 2_000).joined().utf8) + [0x80], ""),
    ]

    @Test("Bytes that are no text are refused where they stand", arguments: bytes)
    func badBytes(_ bytes: [UInt8], _ expected: String) {
        let found = message(.malformed) { try YAMLReader.read(bytes, path: "martlet.yml") }
        if expected.isEmpty {
            #expect(found == #"martlet.yml:2:1: key "key" stands here twice"#)
        } else {
            #expect(found == expected)
        }
    }

    @Test("Depth is bounded, closed or not", arguments: ["[", "- ", "{a: ", "? "])
    func depth(_ opening: String) {
        let text = String(repeating: opening, count: 20_000)
        let found = message(.malformed) { try yaml(text) }
        #expect(found == "martlet.yml:1:\(1 + 33 * opening.utf8.count): nested deeper than 32 levels" || opening == "? ")
    }

    @Test("Thirty-two levels are fine")
    func allowedDepth() throws {
        let text = String(repeating: "[", count: 32) + String(repeating: "]", count: 32)
        #expect(try yaml(text).outline == text)
    }

    @Test("The number of values is bounded")
    func manyValues() {
        let few = "[" + String(repeating: "1,", count: 50_000) + "]"
        #expect(throws: Never.self) { try yaml(few) }
        let many = "[" + String(repeating: "1,", count: 100_001) + "]"
        #expect(message(.malformed) { try yaml(many) } == "martlet.yml:1:200000: more than 100000 values")
    }

    @Test("Forty thousand different keys take no longer than as many values")
    func manyKeys() throws {
        let node = try yaml((0..<40_000).map { "key\($0): 1\n" }.joined())
        guard case .mapping(let members) = node.content else {
            Issue.record("not a mapping")
            return
        }
        #expect(members.count == 40_000)
    }

    @Test("A document cut at any byte is read or refused, and never more than that")
    func truncation() {
        let sample = Array("# é\na: \"x\\u00e9\" # c\nb:\n  - {c: [1, 'two'], d: |\n      e\n  - f: >-\n      g\n".utf8)
        for size in 0...sample.count {
            do { _ = try YAMLReader.read(Array(sample.prefix(size)), path: "f") } catch { #expect(error.code == .malformed) }
        }
    }

    @Test("Values and keys know where they were written")
    func origins() throws {
        let node = try yaml("# one\na: 1\nb:\n  - x\n  -   y: \"z\"\n")
        guard case .mapping(let members) = node.content, case .sequence(let elements) = members[1].node.content,
            case .mapping(let inner) = elements[1].content
        else {
            Issue.record("another structure: \(node.outline)")
            return
        }
        #expect("\(node.origin)" == "martlet.yml:2:1")
        #expect("\(members[0].keyOrigin)" == "martlet.yml:2:1")
        #expect("\(members[0].node.origin)" == "martlet.yml:2:4")
        #expect("\(members[1].node.origin)" == "martlet.yml:4:3")
        #expect("\(elements[0].origin)" == "martlet.yml:4:5")
        #expect("\(inner[0].keyOrigin)" == "martlet.yml:5:7")
        #expect("\(inner[0].node.origin)" == "martlet.yml:5:10")
    }
}
