import Primitives
import ProviderRPC
import RPC

/// Asks the provider, by the ledger.
struct Client: Sendable {
    let provider: ProviderClient
    let tasks: ProviderTaskClient

    init(_ transport: any RPCTransport) {
        provider = ProviderClient(transport)
        tasks = ProviderTaskClient(transport)
    }

    /// `IDENTIFIER TASK`
    func send(_ entry: Ledger.Entry) async throws(RPCError) -> String {
        let options = RPCOptions(key: IdempotencyKey(entry.key), deadline: .after(seconds: 30))
        let id = entry.members["vm"] ?? ""
        switch entry.method {
        case "Create":
            let request = CreateRequest(
                name: entry.members["name"] ?? "", userData: [1], classJSON: VMClass(cpu: 1, memoryMiB: 256).json,
                disksJSON: DiskSpec.json([DiskSpec(name: "data", sizeGiB: 1)]))
            let answer = try await provider.create(request, options)
            return "\(answer.id) \(answer.task?.id ?? "")"
        case "Clone":
            let request = CloneRequest(sourceVMID: id, targetName: entry.members["name"] ?? "", linked: entry.members["linked"] == "yes")
            let answer = try await provider.clone(request, options)
            return "\(answer.targetVMID) \(answer.task?.id ?? "")"
        case "SnapshotCreate":
            let answer = try await provider.snapshotCreate(SnapshotCreateRequest(vmID: id, nameHint: "kept"), options)
            return "\(answer.snapshotID) \(answer.task?.id ?? "")"
        case "SnapshotDelete":
            let request = SnapshotDeleteRequest(vmID: id, snapshotID: entry.members["snapshot"] ?? "")
            return " \(try await provider.snapshotDelete(request, options).task?.id ?? "")"
        case "SnapshotRevert":
            let request = SnapshotRevertRequest(vmID: id, snapshotID: entry.members["snapshot"] ?? "")
            return " \(try await provider.snapshotRevert(request, options).task?.id ?? "")"
        case "Power": return " \(try await provider.power(PowerRequest(id: id, op: .off), options).task?.id ?? "")"
        case "Delete": return " \(try await provider.delete(DeleteRequest(id: id), options).task?.id ?? "")"
        default: throw RPCError(.internal, "the ledger has a method \(entry.method)")
        }
    }

    /// The task at its end. Errors: `deadlineExceeded`.
    func end(_ answer: String) async throws(RPCError) -> ProviderTask {
        let id = String(answer.split(separator: " ", omittingEmptySubsequences: false).last ?? "")
        let deadline = Deadline.after(seconds: 60)
        while !deadline.hasPassed {
            let task = try await tasks.get(GetTaskRequest(id: id))
            if [.succeeded, .failed, .cancelled].contains(task.state) { return task }
            try? await Task.sleep(for: .milliseconds(5))
        }
        throw RPCError(.deadlineExceeded, "task \(id) does not end")
    }
}
