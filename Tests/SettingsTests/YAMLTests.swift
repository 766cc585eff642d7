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
        ("%YAML 1.1\n---\na: 1\n", "{a: 1}"), ("a: 'it''s'", "{a: it's}"), ("\"<<\": 1", "{<<: 1}"), ("a: <<", "{a: <<}"),
        ("a: \"\\e[31m\"", "{a: \u{1B}[31m}"),
        ("%TAG !e! tag:example.org,2000:\n---\na: 1\n", "{a: 1}"), ("a: 2001-01-01\nb: 1:30\n", "{a: 2001-01-01, b: 1:30}"),
    ]

    @Test("What stands there is read, numbers and words as text", arguments: texts)
    func reading(_ text: String, _ expected: String) throws { #expect(try yaml(text).outline == expected) }

    /// What is refused, with the complete message.
    static let refusals: [(String, String)] = [
        ("a: 1\nb: 2\na: 3\n", #"martlet.yml:3:1: key "a" stands here twice; keep one of the two"#),
        ("x:\n  - a: 1\n    a: 2\n", #"martlet.yml:3:5: key "a" stands here twice; keep one of the two"#),
        ("{a: 1, \"a\": 2}", #"martlet.yml:1:8: key "a" stands here twice; keep one of the two"#),
        ("\"a\\nb\": 1\n\"a\\nb\": 2", #"martlet.yml:2:1: key "a\nb" stands here twice; keep one of the two"#),
        ("a: &x 1\n", "martlet.yml:1:4: anchors (&name) are not supported; write the value out wherever it is needed"),
        ("a: &x [1]\n", "martlet.yml:1:4: anchors (&name) are not supported; write the value out wherever it is needed"),
        ("a:\n  &x {b: 1}\n", "martlet.yml:2:3: anchors (&name) are not supported; write the value out wherever it is needed"),
        ("&x a: 1\n", "martlet.yml:1:1: anchors (&name) are not supported; write the value out wherever it is needed"),
        ("a: *x\n", "martlet.yml:1:4: aliases (*name) are not supported; write the value out"),
        ("*x : 1\n", "martlet.yml:1:1: aliases (*name) are not supported; write the value out"),
        ("a:\n  <<: *x\n", "martlet.yml:2:3: merge keys (<<) are not supported; write the keys out"),
        (
            "a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]\n",
            "martlet.yml:1:4: anchors (&name) are not supported; write the value out wherever it is needed"
        ),
        ("<<: {a: 1}\n", "martlet.yml:1:1: merge keys (<<) are not supported; write the keys out"),
        ("a:\n  <<: [{b: 1}]\n  c: 2\n", "martlet.yml:2:3: merge keys (<<) are not supported; write the keys out"),
        ("a: !!int 1\n", "martlet.yml:1:4: tags (!name) are not supported; write the value without one"),
        ("a: !secret x\n", "martlet.yml:1:4: tags (!name) are not supported; write the value without one"),
        ("a: !!map {}\n", "martlet.yml:1:4: tags (!name) are not supported; write the value without one"),
        ("a: !x [1]\n", "martlet.yml:1:4: tags (!name) are not supported; write the value without one"),
        ("!!str a: 1\n", "martlet.yml:1:1: tags (!name) are not supported; write the value without one"),
        ("a: !!binary aGk=\n", "martlet.yml:1:4: tags (!name) are not supported; write the value without one"),
        ("a: !<tag:yaml.org,2002:str> x\n", "martlet.yml:1:4: tags (!name) are not supported; write the value without one"),
        (
            "%TAG !e! tag:example.org,2000:\n---\na: !e!x y\n",
            "martlet.yml:3:4: tags (!name) are not supported; write the value without one"
        ),
        (
            "a: !e!x y\n",
            "martlet.yml:1:4: not valid YAML: found undefined tag handle; tags (!name) are not supported, write the value without one"
        ),
        ("a: ! x\n", "martlet.yml:1:4: tags (!name) are not supported; write the value without one"),
        ("{a: 1}: 2\n", "martlet.yml:1:1: a key must be plain text; a list or a section stands behind a key, not in its place"),
        ("[a]: 2\n", "martlet.yml:1:1: a key must be plain text; a list or a section stands behind a key, not in its place"),
        ("? - a\n: 1\n", "martlet.yml:1:3: a key must be plain text; a list or a section stands behind a key, not in its place"),
        ("a: 1\n---\nb: 2\n", "martlet.yml:2:1: one document is expected, and here begins another; put everything into the first"),
        ("a: 1\n...\n---\n", "martlet.yml:3:1: one document is expected, and here begins another; put everything into the first"),
        ("a:\n\tb: 1\n", "martlet.yml:2:1: not valid YAML: found character that cannot start any token: a tab; indent with spaces"),
        (
            "a: 1\n b: 2\n",
            "martlet.yml:2:3: not valid YAML: mapping values are not allowed in this context; indent as above, or quote a text with a colon"
        ),
        (
            "a: [1, 2\nb: 3\n",
            "martlet.yml:2:2: not valid YAML: did not find expected ',' or ']'; close the bracket that was opened in line 1"
        ),
        ("a: {b\n", "martlet.yml:2:1: not valid YAML: did not find expected ',' or '}'; close the bracket that was opened in line 1"),
        ("a: \"b\n", "martlet.yml:2:1: not valid YAML: found unexpected end of stream; close the quote that was opened in line 1"),
        ("a: 'b", "martlet.yml:1:6: not valid YAML: found unexpected end of stream; close the quote that was opened in line 1"),
        ("a: \"\\q\"", "martlet.yml:1:5: not valid YAML: found unknown escape character; write \\\\ for a backslash, or use single quotes"),
        (
            "a: b: c",
            "martlet.yml:1:5: not valid YAML: mapping values are not allowed in this context; indent as above, or quote a text with a colon"
        ),
        ("- a\nb: 1\n", "martlet.yml:2:1: not valid YAML: did not find expected '-' indicator; indent as the lines above"),
        (
            "a: @x",
            "martlet.yml:1:4: not valid YAML: found character that cannot start any token; put quotes around a text that begins with it"
        ),
        (
            "a: `x`",
            "martlet.yml:1:4: not valid YAML: found character that cannot start any token; put quotes around a text that begins with it"
        ),
        (": 1", "martlet.yml:1:1: not valid YAML: did not find expected key; indent as the lines above"),
        ("]", "martlet.yml:1:1: not valid YAML: did not find expected node content; a value is missing, or a bracket is not closed"),
        ("%YAML 3.0\n---\na: 1\n", "martlet.yml:1:1: not valid YAML: found incompatible YAML document; remove the line"),
        ("%MARTLET 1\n---\na: 1\n", "martlet.yml:1:9: not valid YAML: found unknown directive name; remove the line"),
        (
            "%YAML 1.1\n%YAML 1.1\n---\na: 1\n",
            "martlet.yml:2:1: not valid YAML: found duplicate %YAML directive; check this line and the one above"
        ),
        ("a: [1,\n  \"b\n\n", "martlet.yml:4:1: not valid YAML: found unexpected end of stream; close the quote that was opened in line 2"),
        (
            "a: 'b\n---\nc'",
            "martlet.yml:2:1: not valid YAML: found unexpected document indicator; close the quote that was opened in line 1"
        ),
        ("a: \"x\\0y\"\n", #"martlet.yml:1:4: text with a NUL character (\0) in it; leave that out"#),
        ("\"x\\u0000\": 1\n", #"martlet.yml:1:1: text with a NUL character (\0) in it; leave that out"#),
        ("a: 1\nb: x\u{0}y\n", "martlet.yml:2:5: not valid YAML: control characters are not allowed; remove the character"),
        ("\u{0}", "martlet.yml:1:1: not valid YAML: control characters are not allowed; remove the character"),
        ("é: \u{1B}[31m\n", "martlet.yml:1:4: not valid YAML: control characters are not allowed; remove the character"),
        ("a: \u{7F}", "martlet.yml:1:4: not valid YAML: control characters are not allowed; remove the character"),
    ]

    @Test("What is not supported is refused where it stands", arguments: refusals)
    func refusal(_ text: String, _ expected: String) { #expect(message(.malformed) { try yaml(text) } == expected) }

    /// Bytes that are no UTF-8, far behind what libyaml has scanned when it finds them.
    static let bytes: [([UInt8], String)] = [
        ([0xFF], "martlet.yml:1:1: not valid YAML: invalid leading UTF-8 octet; save the file as UTF-8"),
        (Array("a: 1\nb: é".utf8) + [0xE9], "martlet.yml:2:5: not valid YAML: incomplete UTF-8 octet sequence; save the file as UTF-8"),
        (
            Array("a: 1\n# é\nb: é".utf8) + [0xE9, 0x20, 0x0A],
            "martlet.yml:3:6: not valid YAML: invalid trailing UTF-8 octet; save the file as UTF-8"
        ),
        (Array("a: ".utf8) + [0xC3, 0x28, 0x0A], "martlet.yml:1:5: not valid YAML: invalid trailing UTF-8 octet; save the file as UTF-8"),
        (
            Array("a: ".utf8) + [0xED, 0xA0, 0x80, 0x0A],
            "martlet.yml:1:4: not valid YAML: invalid Unicode character; save the file as UTF-8"
        ),
        (
            Array("a: ".utf8) + [0xC0, 0x80, 0x0A],
            "martlet.yml:1:4: not valid YAML: invalid length of a UTF-8 sequence; save the file as UTF-8"
        ),
        ([0xFF, 0xFE, 0x61, 0x00], "martlet.yml:1:1: not valid YAML: invalid leading UTF-8 octet; save the file as UTF-8"),
        (Array(repeatElement("key: value # 30 bytes of it...\n", count: 2_000).joined().utf8) + [0x80], ""),
    ]

    @Test("Bytes that are no text are refused where they stand", arguments: bytes)
    func badBytes(_ bytes: [UInt8], _ expected: String) {
        let found = message(.malformed) { try YAMLReader.read(bytes, path: "martlet.yml") }
        if expected.isEmpty {
            #expect(found == #"martlet.yml:2:1: key "key" stands here twice; keep one of the two"#)
        } else {
            #expect(found == expected)
        }
    }

    @Test("Depth is bounded, closed or not", arguments: ["[", "- ", "{a: "])
    func depth(_ opening: String) {
        let text = String(repeating: opening, count: 20_000)
        let found = message(.malformed) { try yaml(text) }
        #expect(
            found
                == "martlet.yml:1:\(1 + 65 * opening.utf8.count): nested deeper than 64 levels; check brackets and indentation"
        )
    }

    @Test("Sixty-four levels are fine")
    func allowedDepth() throws {
        let text = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
        #expect(try yaml(text).outline == text)
    }

    @Test("The number of values is bounded")
    func manyValues() {
        let few = "[" + String(repeating: "1,", count: 50_000) + "]"
        #expect(throws: Never.self) { try yaml(few) }
        let many = "[" + String(repeating: "1,", count: 100_001) + "]"
        #expect(
            message(.malformed) { try yaml(many) } == "martlet.yml:1:200000: more than 100000 values; check whether this is the right file")
    }

    @Test("Size is bounded")
    func size() throws {
        let line = "a: " + String(repeating: "x", count: (1 << 20) - 4)
        #expect(try yaml(line + "\n").outline.utf8.count == (1 << 20) + 1)
        let found = message(.limit) { try yaml(line + "xx\n") }
        #expect(
            found == "martlet.yml: larger than 1048576 bytes; no configuration needs so many, check whether this is the right file")
    }

    @Test("The length of keys is bounded, and messages are short whatever stands in the file")
    func longKeys() throws {
        let longest = String(repeating: "k", count: 256)
        #expect(try yaml("\(longest): 1\n").outline == "{\(longest): 1}")
        let found = message(.malformed) { try yaml("a: 1\n? \(longest)k\n: 1\n") }
        #expect(found == "martlet.yml:2:3: a key of 257 bytes; keys have at most 256, check quotes and indentation")
        let twice = message(.malformed) { try yaml("\(longest): 1\n\(longest): 2\n") }
        #expect(twice == "martlet.yml:2:1: key \"\(longest.prefix(100))…\" stands here twice; keep one of the two")
    }

    @Test("The number of directives is bounded, as each is compared with all before it")
    func manyDirectives() throws {
        func text(_ count: Int) -> String { (0..<count).map { "%TAG !\($0)! x\n" }.joined() + "---\na: 1\n" }
        #expect(try yaml(text(16)).outline == "{a: 1}")
        let found = message(.malformed) { try yaml("# é\n" + text(60_000)) }
        #expect(found == "martlet.yml:18:1: %TAG more than 16 times; remove the directives")
    }

    /// Pieces of which a file of the size limit is made; what takes the square of the time does not come to an end here.
    static let pieces = [
        "[", "]", "{", "- ", "? ", ": ", "a: ", "a:\n ", "\n", " ", "\t", "#", "'", "\"", "\\", "&a ", "*a ", "!a ", "%", "|\n", ">",
        "- - ", "[]", "x\n", "--- ", "...\n", "é", "\r", "\u{FEFF}", "? a\n", "\"a\": ", "a,", "\u{85}",
    ]

    @Test("A megabyte of anything is read or refused", arguments: pieces)
    func manyPieces(_ piece: String) {
        // A quarter of a megabyte shows what grows with the square, too.
        for (opening, size) in [("", 1 << 20), ("a: [", 1 << 18), ("a: \"", 1 << 18)] {
            let text = opening + String(repeating: piece, count: (size - 16) / piece.utf8.count)
            do { _ = try yaml(text) } catch {
                #expect((error as? Failure)?.code == .malformed)
                #expect("\(error)".utf8.count < 400)
            }
        }
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
