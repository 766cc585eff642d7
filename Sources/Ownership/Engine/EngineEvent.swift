import JSON
import Primitives

/// What an engine tells of a container as it happens.
struct EngineEvent: Equatable {
    /// `start`, `die`, `oom`, `health_status`, …: what stands before a colon.
    let action: String
    let id: String
    let name: String
    /// Of `die`, where the engine tells.
    let exitCode: Int?

    /// Nil for a line that is none about a container.
    init?(line: [UInt8]) {
        guard let document = try? JSONDocument(parsing: line, depth: 16) else { return nil }
        let parsed: (action: String, id: String, name: String, exitCode: Int?)? = document.withRoot { root in
            guard root["Type"]?.text ?? "container" == "container", let action = root["Action"]?.text ?? root["status"]?.text,
                let id = root["Actor"]?["ID"]?.text ?? root["id"]?.text, EngineContainer.isID(id)
            else { return nil }
            let attributes = root["Actor"]?["Attributes"]
            // Podman has the second, and Docker's for who asks in its language.
            let code = attributes?["exitCode"]?.text ?? attributes?["containerExitCode"]?.text
            return (
                String(action.prefix { $0 != ":" }.prefix(32)), id, shortLine(attributes?["name"]?.text ?? ""),
                code.flatMap { $0.utf8.decimalNumber }
            )
        }
        guard let parsed else { return nil }
        (action, id, name, exitCode) = parsed
    }
}
