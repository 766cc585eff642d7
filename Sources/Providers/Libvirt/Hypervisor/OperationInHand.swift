import LibvirtAPI
import Primitives
import ProviderTasks
import RPC
import Synchronization

/// For which operation the hypervisor is called: calls that change something are known to it until they have really ended, so that it is neither taken
/// back nor tried again beside one of them.
enum OperationInHand {
    @TaskLocal static var context: OperationContext?
}

/// Work whose calls are known to its operation, whoever makes them.
struct AccountedWork: OperationWork {
    let work: any OperationWork

    func run(_ operation: OperationContext) async throws(RPCError) {
        let work = work
        try await Self.account(operation) { () throws(RPCError) in try await work.run(operation) }
    }

    func undo(_ operation: OperationContext) async throws(RPCError) {
        let work = work
        try await Self.account(operation) { () throws(RPCError) in try await work.undo(operation) }
    }

    private static func account(_ operation: OperationContext, _ body: () async throws(RPCError) -> Void) async throws(RPCError) {
        try await OperationInHand.$context.withValue(operation) { () async -> Result<Void, RPCError> in
            do throws(RPCError) { return .success(try await body()) } catch { return .failure(error) }
        }.get()
    }
}

extension OperationKind {
    var accounted: OperationKind {
        var kind = OperationKind(
            name, deadlineSeconds: deadlineSeconds, retrySeconds: retrySeconds, undoSeconds: undoSeconds, canCancel: canCancel,
            atShutdown: atShutdown, place: place, work: AccountedWork(work: work))
        (kind.places, kind.lateSeconds) = (places, lateSeconds)
        return kind
    }
}

/// Threads for calls that change something.
struct Lane: Sendable {
    let threads: LibvirtThreads
    /// What they do, for a person.
    let name: String

    /// As `LibvirtThreads.run`; the operation in hand knows of the body until it has ended.
    ///
    /// - Parameter doing: for a person; nil for the lane's name.
    func run<Value: Sendable>(
        by deadline: Deadline, doing: String? = nil, _ body: @escaping @Sendable (LibvirtConnection) throws(LibvirtError) -> Value
    ) async throws(LibvirtError) -> Value {
        guard let operation = OperationInHand.context else { return try await threads.run(by: deadline, body) }
        let outside = operation.outside(doing ?? name)
        let call = LateCall { outside.end() }
        do throws(LibvirtError) {
            return try await threads.run(by: deadline) { connection throws(LibvirtError) in
                guard call.begin() else { throw LibvirtError(.aborted, "nobody waits for the answer any more") }
                defer { call.end() }
                return try body(connection)
            }
        } catch {
            call.giveUp()
            throw error
        }
    }
}
