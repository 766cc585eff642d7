import ProviderRPC
import RPC

/// Machines made, cloned, kept and removed, one thing after the other.
struct Lane: Sendable {
    let client: Client
    let ledger: Ledger
    let name: String

    func round(_ number: Int) async throws(RPCError) {
        let machine = try await ask("Create", ["name": name])
        let snapshot = try await ask("SnapshotCreate", ["vm": machine])
        _ = try await ask("Power", ["vm": machine])
        let clone = try await ask(
            "Clone", ["vm": machine, "name": name + "-clone", "linked": number.isMultiple(of: 2) ? "yes" : "no", "mayFail": "yes"])
        if number.isMultiple(of: 3) {
            // Somebody changes his mind.
            let unwanted = try await ask("Create", ["name": name + "-unwanted"], cancelled: true)
            if !unwanted.isEmpty { _ = try await ask("Delete", ["vm": unwanted]) }
        }
        if !clone.isEmpty { _ = try await ask("Delete", ["vm": clone]) }
        _ = try await ask("SnapshotRevert", ["vm": machine, "snapshot": snapshot])
        _ = try await ask("SnapshotDelete", ["vm": machine, "snapshot": snapshot])
        _ = try await ask("Delete", ["vm": machine])
    }

    /// The identifier of what was made, at its end; empty for what was cancelled, and for what failed and may.
    private func ask(_ method: String, _ members: [String: String], cancelled: Bool = false) async throws(RPCError) -> String {
        let subject = members["name"] ?? members["vm"] ?? ""
        var entry = Ledger.Entry(key: "\(name)/\(method)/\(subject)", method: method, members: members)
        if cancelled { entry.members["cancelled"] = "yes" }
        ledger.asked(entry)
        let answer = try await client.send(entry)
        ledger.answered(entry.key, answer)
        let id = String(answer.split(separator: " ", omittingEmptySubsequences: false).first ?? "")
        if cancelled, let task = answer.split(separator: " ").last {
            _ = try? await client.tasks.cancel(CancelTaskRequest(id: String(task)))
        }
        let end = try await client.end(answer)
        if end.state == .cancelled || end.state == .failed && members["mayFail"] != nil { return "" }
        guard end.state == .succeeded else {
            throw RPCError(RPCCode(rawValue: end.code) ?? .unknown, "\(method) of \(subject): \(end.error)")
        }
        return id
    }
}
