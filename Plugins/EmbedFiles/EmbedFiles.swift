import Foundation
import PackagePlugin

/// Puts the files that the stack ships (rules, configuration, boards) into the program, verbatim, whenever one of them changes.
@main
struct EmbedFiles: BuildToolPlugin {
    /// The folders of the repository whose files are carried, without their tests, and how the names of these end.
    private static let folders = [
        ("prometheus", ".yml"), ("prometheus/rules", ".yml"), ("alertmanager", ".yml"), ("alertmanager/templates", ".tmpl"),
        ("grafana/provisioning/datasources", ".yml"), ("grafana/provisioning/dashboards", ".yml"),
        ("grafana/provisioning/dashboards/json", ".json"), ("deploy/manifests/libvirt", ".yaml"), ("deploy/manifests/simulated", ".yaml"),
    ]

    /// What a browser asks for of the dashboards' page: the script stands for all modules.
    private static let page = ["viewer/index.html", "viewer/icon.svg", "viewer/viewer.css", "viewer/panels.css", "viewer/js/app.js"]

    /// What the dashboards' page says of alerts.
    private static let runbook = "docs/runbook.md"

    func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
        let root = context.package.directoryURL
        let isPage = target.name == "Viewer"
        let files = isPage ? Self.page + [Self.runbook] : try Self.stack(below: root)
        let name = isPage ? "EmbeddedPage" : "EmbeddedFiles"
        let output = context.pluginWorkDirectoryURL.appending(path: "\(name).swift")
        return [
            .buildCommand(
                displayName: "Embedding the stack's files",
                executable: try context.tool(named: "embed-files").url,
                arguments: (isPage ? ["--page"] : []) + [output.path] + files.map { "\($0)=\(root.appending(path: $0).path)" },
                inputFiles: (isPage ? try Self.sources(below: root) + [Self.runbook] : files).map { root.appending(path: $0) },
                outputFiles: [output])
        ]
    }

    private static func stack(below root: URL) throws -> [String] {
        try folders.flatMap { folder, ending in
            try FileManager.default.contentsOfDirectory(atPath: root.appending(path: folder).path)
                .filter { $0.hasSuffix(ending) }.sorted().map { "\(folder)/\($0)" }
        }
    }

    /// All that the page is made of. What is there to try it with is no part of it.
    private static func sources(below root: URL) throws -> [String] {
        try page
            + FileManager.default.subpathsOfDirectory(atPath: root.appending(path: "viewer/js").path)
            .filter { $0.hasSuffix(".js") && $0 != "app.js" }.sorted().map { "viewer/js/\($0)" }
    }
}
