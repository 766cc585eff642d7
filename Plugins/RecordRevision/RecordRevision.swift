import Foundation
import PackagePlugin

/// Tells the program which commit it is built from, by reading the repository's own files.
@main
struct RecordRevision: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
        let output = context.pluginWorkDirectoryURL.appending(path: "BuildRevision.swift")
        let revision = Self.revision(context.package.directoryURL.appending(path: ".git"))
        return [
            .buildCommand(
                displayName: "Recording revision \(revision)",
                executable: try context.tool(named: "embed-files").url,
                arguments: ["--revision", output.path, revision],
                outputFiles: [output])
        ]
    }

    /// The first twelve digits of HEAD's commit, or `unknown` outside a repository.
    private static func revision(_ folder: URL) -> String {
        func text(_ name: String) -> String? {
            (try? String(contentsOf: folder.appending(path: name), encoding: .utf8))?.trimmingCharacters(in: .whitespacesAndNewlines)
        }
        guard let head = text("HEAD") else { return "unknown" }
        guard head.hasPrefix("ref: ") else { return String(head.prefix(12)) }
        let reference = String(head.dropFirst(5))
        if let commit = text(reference) { return String(commit.prefix(12)) }
        let packed = (text("packed-refs") ?? "").split(separator: "\n").first { $0.hasSuffix(" " + reference) }
        return packed.map { String($0.prefix(12)) } ?? "unknown"
    }
}
