import Foundation
import PackagePlugin

/// Writes the list of collectors that the program has, from what its target needs below Sources/Collectors, in the order of Package.swift.
@main
struct RegisterCollectors: BuildToolPlugin {
    /// What the program puts together itself (docs/decisions/0023-a-collector-is-a-line.md).
    private static let others = ["ProxmoxCollector", "ProxmoxDropIn"]

    func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
        let folder = context.package.directoryURL.appending(path: "Sources/Collectors").path + "/"
        let modules = target.dependencies.compactMap { dependency -> String? in
            guard case .target(let module) = dependency, module.directoryURL.path.hasPrefix(folder), !Self.others.contains(module.name)
            else { return nil }
            return module.name
        }
        let output = context.pluginWorkDirectoryURL.appending(path: "Collectors+Registered.swift")
        return [
            .buildCommand(
                displayName: "Registering \(modules.count) collectors",
                executable: try context.tool(named: "embed-files").url,
                arguments: ["--collectors", output.path] + modules,
                outputFiles: [output])
        ]
    }
}
