import Primitives
import Testing
import Web
import WebConfiguration

/// Files/good and Files/bad: one web configuration a file, and what comes of all of them in Files/outcomes.txt.
///
/// Renew that with `RECORD=1 swift test --filter WebConfigurationTests` and read its diff.
@Suite("Web configuration, file by file", .serialized)
struct TableTests {
    static let good = ConfigurationFile.all(in: "good")
    static let bad = ConfigurationFile.all(in: "bad")
    /// Read by the first test that compares, after they were renewed.
    static let outcomes = (try? ConfigurationFile.outcomes()) ?? [:]

    @Test("The table is not empty, and each of its files has an outcome")
    func completeness() throws {
        #expect(Self.good.count >= 40 && Self.bad.count >= 40)
        if ProcessEnvironment.all["RECORD"] == "1" { try ConfigurationFile.record(Self.good + Self.bad) }
        #expect(Self.outcomes.keys.sorted() == (Self.good + Self.bad).map(\.name).sorted())
    }

    @Test("What is good is read as it stands", arguments: good)
    func reading(_ file: ConfigurationFile) throws {
        let outcome = try file.outcome()
        #expect(outcome.wasRead)
        #expect(outcome.text == Self.outcomes[file.name])
    }

    @Test("What is bad is refused in one line that says where, and shows no secret", arguments: bad)
    func refusing(_ file: ConfigurationFile) throws {
        let outcome = try file.outcome()
        #expect(!outcome.wasRead)
        #expect(outcome.text == Self.outcomes[file.name])
        #expect(outcome.text.contains("web.yml:"))
        for secret in ["hidden", "aGlkZGVu"] + (try file.hashes()) { #expect(!outcome.text.contains(secret)) }
    }
}
