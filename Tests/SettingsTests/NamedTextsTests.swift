import Primitives
@testable import Settings
import Testing

@Suite("Texts under names that the writer chooses")
struct NamedTextsTests {
    static let shape = SettingsShape.section([SettingsKey("users", .namedTexts, "Users.")])

    @Test("Members stand in the order of the file, whatever their names")
    func members() throws {
        let tree = try settings(file: "users: {zoë: x, \"\": y, 7: z, \"a b\": 1.5, none: , blank: \"\"}", shape: Self.shape)["users"]
        #expect(tree.members.map(\.name) == ["zoë", "", "7", "a b", "none", "blank"])
        #expect(tree.members.map(\.value.text) == ["x", "y", "z", "1.5", nil, ""])
        #expect("\(tree.members[0].value.origin)".hasSuffix(":1:14"))
    }

    @Test("Nothing has no members", arguments: ["", "users:", "users: {}", "users: ~"])
    func nothing(_ text: String) throws { #expect(try settings(file: text, shape: Self.shape)["users"].members.isEmpty) }

    static let misfits: [(String, String)] = [
        ("users: [a]", "martlet.yml:1:8: users: expected names, each with a text"),
        ("users: word", "martlet.yml:1:8: users: expected names, each with a text"),
        ("users:\n  a:hidden", "martlet.yml:2:3: users: expected names, each with a text; write a space behind the colon of a key"),
        ("users: {a: [hidden]}", "martlet.yml:1:12: users.a: expected text, not a list"),
        ("users: {a: {b: hidden}}", "martlet.yml:1:12: users.a: expected text"),
        ("users: {\"a\\nb\": [hidden]}", #"martlet.yml:1:17: users."a\nb": expected text, not a list"#),
    ]

    @Test("What is neither is an error that shows no value", arguments: misfits)
    func refuses(_ text: String, _ expected: String) {
        #expect(message(.configuration) { try settings(file: text, shape: Self.shape) } == expected)
    }
}
