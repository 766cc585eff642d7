import Primitives
import Testing
import WebConfiguration

@Suite("docs/security.md")
struct SecurityPageTests {
    private static let page = String(#filePath.dropLast("Tests/WebConfigurationTests/SecurityPageTests.swift".count)) + "docs/security.md"

    /// The examples of web configurations, as they stand there.
    static let examples: [String] = {
        guard let bytes = try? Files.read(page) else { return [] }
        return String(decoding: bytes, as: UTF8.self).split(separator: "```yaml\n").dropFirst().compactMap { rest in
            let block = rest.prefix(upTo: rest.firstRange(of: "```")?.lowerBound ?? rest.startIndex)
            return block.hasPrefix("# /etc/martlet/web.yml\n") ? String(block) : nil
        }
    }()

    @Test("There are examples")
    func count() { #expect(Self.examples.count >= 7) }

    @Test("Each can be read", arguments: examples)
    func example(_ text: String) throws {
        let folder = try ConfigurationFolder()
        let configuration = try WebConfiguration(file: try folder.write(Array(text.utf8)))
        #expect(!outline(configuration.doors).isEmpty)
        // Only the one that is about something else leaves TLS out beside a password.
        #expect(configuration.warnings.isEmpty || text.contains("open_paths"))
    }
}
