import Primitives
@testable import Settings
import Testing

/// A YAML text as settings read it from a file `martlet.yml`.
func yaml(_ text: String) throws -> SettingsNode { try YAMLReader.read(Array(text.utf8), path: "martlet.yml") }

/// The message of the failure that a body ends with.
func message(_ code: Failure.Code, _ body: () throws -> some Any) -> String? {
    let error = #expect(throws: Failure.self) { _ = try body() }
    #expect(error?.code == code)
    #expect(error?.message.contains("\n") != true, "a message is one line")
    return error?.message
}

extension SettingsNode {
    /// The node as a short text, for comparisons: `{a: [1, -]}`; `-` is nothing.
    var outline: String {
        switch content {
        case .empty: "-"
        case .scalar(let text): text
        case .sequence(let elements): "[" + elements.map(\.outline).joined(separator: ", ") + "]"
        case .mapping(let members): "{" + members.map { "\($0.key): \($0.node.outline)" }.joined(separator: ", ") + "}"
        }
    }
}

/// Settings of every shape that there is.
let everyShape = SettingsShape.section([
    SettingsKey(
        "log",
        .section([
            SettingsKey("level", .choice(["debug", "info", "warn", "error"]), "What is worth a line.", standard: "info"),
            SettingsKey("color", .flag, "Whether lines are coloured."),
        ]), "Log lines."),
    SettingsKey("targets", .texts, "Whom to ask."),
    SettingsKey("port", .integer(1...65_535), "Where to listen.", standard: "9221"),
    SettingsKey("interval", .seconds(0.5...3600), "How often.", standard: "15s"),
    SettingsKey("name", .text, "Who we are."),
    SettingsKey(
        "clusters",
        .sections([
            SettingsKey("name", .text, "The cluster's name."), SettingsKey("token", .text, "The secret."),
            SettingsKey("nodes", .texts, "Its nodes."), SettingsKey("timeout", .seconds(1...60), "How long to wait."),
        ]), "Clusters."),
])

/// Settings from a text that stands in a file for the time of the call.
func settings(
    file: String? = nil, environment: [String: String] = [:], flags: [SettingsFlagValue] = [], shape: SettingsShape = everyShape
) throws -> SettingsTree {
    guard let file else { return try SettingsTree(file: nil, environment: environment, flags: flags, shape: shape) }
    let path = "/tmp/martlet-settings-\(UInt64.random(in: 0 ... .max)).yml"
    try Files.write(Array(file.utf8), to: path)
    defer { Files.remove(path) }
    do {
        return try SettingsTree(file: path, environment: environment, flags: flags, shape: shape)
    } catch {
        // The random name of the file must not be part of what a test compares.
        guard error.message.hasPrefix(path) else { throw error }
        throw Failure(error.code, "martlet.yml" + error.message.dropFirst(path.count))
    }
}
