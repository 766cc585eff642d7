import Foundation
import PackagePlugin

/// Puts the files that the stack ships (rules, configuration) into the program, verbatim, whenever one of them changes.
@main
struct EmbedFiles: BuildToolPlugin {
    /// The folders of the repository whose `.yml` files are carried, without their tests.
    private static let folders = ["prometheus", "prometheus/rules", "alertmanager"]
    /// Those of Grafana, which are carried as a list of their own.
    private static let grafanaFolders = [
        "grafana/provisioning/datasources", "grafana/provisioning/dashboards", "grafana/provisioning/dashboards/json",
    ]

    func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
        let root = context.package.directoryURL
        let files =
            try Self.folders.flatMap { folder in
                try FileManager.default.contentsOfDirectory(atPath: root.appending(path: folder).path)
                    .filter { $0.hasSuffix(".yml") }.sorted().map { "\(folder)/\($0)" }
            }
            + Self.grafanaFolders.flatMap { folder in
                // Grafana is one of the ways to look at boards, so a copy of the repository without it builds too.
                ((try? FileManager.default.contentsOfDirectory(atPath: root.appending(path: folder).path)) ?? [])
                    .filter { $0.hasSuffix(".yml") || $0.hasSuffix(".yaml") || $0.hasSuffix(".json") }.sorted().map { "\(folder)/\($0)" }
            }
        let output = context.pluginWorkDirectoryURL.appending(path: "EmbeddedFiles.swift")
        return [
            .buildCommand(
                displayName: "Embedding the stack's files",
                executable: try context.tool(named: "embed-files").url,
                arguments: [output.path] + files.map { "\($0)=\(root.appending(path: $0).path)" },
                inputFiles: files.map { root.appending(path: $0) },
                outputFiles: [output])
        ]
    }
}
