import Primitives
@testable import Settings
import Testing

@Suite("Sections under names that the writer chooses")
struct NamedTests {
    static let shape = SettingsShape.named([
        SettingsKey("user", .text, "Who."), SettingsKey("port", .integer(1...65_535), "Where."), SettingsKey("files", .texts, "Which."),
        SettingsKey("inner", .section([SettingsKey("word", .text, "A word.")]), "More."),
    ])

    /// The same below a key.
    static let nested = SettingsShape.section([SettingsKey("modules", shape, "Modules.")])

    @Test("Members stand in the order of the file, whatever their names")
    func members() throws {
        let tree = try settings(
            file: """
                zebra: {user: one}
                "": {user: two}
                "a b: c": {user: three}
                7: {user: four}
                "0": {user: five}
                user: {user: six}
                empty:
                bare: {}
                ünï: {user: seven}
                """, shape: Self.shape)
        #expect(tree.members.map(\.name) == ["zebra", "", "a b: c", "7", "0", "user", "empty", "bare", "ünï"])
        #expect(tree.members.map { $0.value["user"].text } == ["one", "two", "three", "four", "five", "six", nil, nil, "seven"])
        #expect(tree.members.map { $0.value.isSet } == [true, true, true, true, true, true, false, true, true])
        #expect("\(tree.members[0].value.origin)".hasSuffix(":1:8"))
        #expect("\(tree.members[0].value.failure("no"))".hasSuffix(":1:8: no"))
    }

    @Test("Nothing has no members", arguments: ["", "{}", "null", "~", "# nothing\n"])
    func nothing(_ text: String) throws {
        #expect(try settings(file: text, shape: Self.shape).members.isEmpty)
        #expect(try settings(shape: Self.shape).members.isEmpty && SettingsTree.empty.members.isEmpty)
    }

    @Test("What is no section has no members")
    func noSection() throws {
        let tree = try settings(file: "a: {user: x, files: [y, z], inner: {word: w}}", shape: Self.shape)["a"]
        #expect(tree["user"].members.isEmpty && tree["files"].members.isEmpty && tree["none"].members.isEmpty)
        #expect(tree.members.map(\.name) == ["user", "files", "inner"] && tree["inner"].members.map { $0.value.text } == ["w"])
    }

    static let misfits: [(String, String)] = [
        ("- a", "martlet.yml:1:1: expected names, each with a section of keys"),
        ("words", "martlet.yml:1:1: expected names, each with a section of keys"),
        ("a: [b]", "martlet.yml:1:4: a: expected a section with keys"),
        ("a: {usr: x}", #"martlet.yml:1:5: unknown key "usr" in a; did you mean "user"?"#),
        ("a:\n  port: x\n", #"martlet.yml:2:9: a.port: expected a whole number from 1 to 65535, not "x""#),
        ("a: {user: x}\nb: {user: [x]}\n", "martlet.yml:2:11: b.user: expected text, not a list"),
        ("a: {inner: {wrd: x}}", #"martlet.yml:1:13: unknown key "wrd" in a.inner; did you mean "word"?"#),
        ("a: {user: x}\na: {user: y}\n", #"martlet.yml:2:1: key "a" stands here twice; keep one of the two"#),
    ]

    /// `key:value` without the space between them is one word, and may end with a secret.
    @Test(
        "What stands in the place of a section is not shown",
        arguments: ["password:hunter2", "a: password:hunter2", "a: {inner: hunter2}", "a: [hunter2]"])
    func secret(_ text: String) {
        do {
            _ = try settings(file: text, shape: Self.shape)
            Issue.record("\(text) is taken")
        } catch {
            #expect("\(error)".hasPrefix("martlet.yml:1:") && !"\(error)".contains("hunter2"))
        }
    }

    @Test("What does not fit is told in full", arguments: misfits)
    func misfit(_ text: String, _ expected: String) {
        do {
            _ = try settings(file: text, shape: Self.shape)
            Issue.record("\(text) is taken")
        } catch {
            #expect((error as? Failure)?.message == expected)
        }
    }

    @Test("Below a key the path begins with it")
    func below() throws {
        let tree = try settings(file: "modules: {a: {user: x}, b: {port: 5}}", shape: Self.nested)["modules"]
        #expect(tree.members.map(\.name) == ["a", "b"] && tree["b"]["port"].integer == 5)
        #expect(
            message(.configuration) { try settings(file: "modules: {a: {port: 0}}", shape: Self.nested) }
                == #"martlet.yml:1:21: modules.a.port: expected a whole number from 1 to 65535, not "0""#)
        #expect(
            message(.configuration) { try settings(file: "modules: {a: {x: 0}}", shape: Self.nested) }
                == #"martlet.yml:1:15: unknown key "x" in modules.a; known: user, port, files, inner"#)
        #expect(
            message(.configuration) { try settings(file: "modules: x", shape: Self.nested) }
                == "martlet.yml:1:10: modules: expected names, each with a section of keys")
    }

    @Test("The environment names members too, in lower case")
    func environment() throws {
        let tree = try settings(
            file: "modules: {a: {user: file}}", environment: ["MARTLET_MODULES__A__USER": "other", "MARTLET_MODULES__LAB_2__PORT": "7"],
            shape: Self.nested)["modules"]
        #expect(tree["a"]["user"].text == "other" && tree["lab_2"]["port"].integer == 7)
        #expect(
            message(.configuration) { try settings(environment: ["MARTLET_MODULES__A__USR": "x"], shape: Self.nested) }
                == #"environment variable MARTLET_MODULES__A__USR: unknown key "usr" in modules.a; did you mean "user"?"#)
    }

    @Test("Elements are those of a list, or the one value in its place")
    func elements() throws {
        let tree = try settings(
            file: "a: {files: [x, '', y]}\nb: {files: z}\nc: {files: []}\nd: {files: ''}\ne: {files: }\n", shape: Self.shape)
        func texts(_ name: String) -> [String?] { tree[name]["files"].elements.map(\.text) }
        #expect(
            texts("a") == ["x", "", "y"] && texts("b") == ["z"] && texts("c") == [] && texts("d") == [""] && texts("e") == []
                && texts("f") == [])
        // Each knows where it stands.
        #expect(tree["a"]["files"].elements.map { "\($0.origin)".suffix(4) } == ["1:13", "1:16", "1:20"])
        #expect("\(tree["b"]["files"].elements[0].origin)".hasSuffix(":2:12"))
        #expect(tree["a"].elements.count == 1, "a section is one value")
    }

    @Test("A word is text that is not empty")
    func words() throws {
        let tree = try settings(
            file: "a: {user: x}\nb: {user: ''}\nc: {user: }\nd: {user: ' '}\ne: {files: [x]}\nf: {user: 'null'}\n", shape: Self.shape)
        #expect(["a", "b", "c", "d", "e", "f", "g"].map { tree[$0].word("user") } == ["x", nil, nil, " ", nil, "null", nil])
        #expect(tree["e"].word("files") == nil && tree["a"].word("none") == nil && tree["a"]["user"].word("user") == nil)
    }
}
