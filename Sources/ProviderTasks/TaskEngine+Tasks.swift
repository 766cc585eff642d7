import Primitives
package import ProviderRPC
package import RPC
import Synchronization

extension TaskEngine: ProviderTaskList {
    private static let pageSize = 100
    private static let mostOnAPage = 1000

    package func listTasks(_ request: ListTasksRequest, _ call: RPCCall) async throws(RPCError) -> ListTasksResponse {
        var before = Int64.max
        if !request.pageToken.isEmpty {
            guard let sequence = Int64(request.pageToken) else {
                throw RPCError(.invalidArgument, "page_token: is none that was given out")
            }
            before = sequence
        }
        guard request.pageSize >= 0 else { throw RPCError(.invalidArgument, "page_size: is less than 0") }
        let size = request.pageSize == 0 ? Self.pageSize : min(Self.mostOnAPage, Int(request.pageSize))
        let found = operations.reversed().filter { operation in
            operation.sequence < before && (request.states.isEmpty || request.states.contains(Self.state(operation.state)))
                && (request.kinds.isEmpty || request.kinds.contains(operation.kind))
                && (request.target.isEmpty || request.target == operation.target || request.target == operation.resultID)
        }
        let page = found.prefix(size)
        return ListTasksResponse(
            tasks: page.map(Self.task), nextPageToken: found.count > size ? page.last.map { String($0.sequence) } ?? "" : "")
    }

    package func getTask(_ request: GetTaskRequest, _ call: RPCCall) async throws(RPCError) -> ProviderTask {
        Self.task(try found(request.id, "id"))
    }

    package func cancelTask(_ request: CancelTaskRequest, _ call: RPCCall) async throws(RPCError) -> ProviderTask {
        Self.task(try await cancel(request.id))
    }

    /// What `provider.v1` says of a task, at once.
    package func status(_ request: TaskStatusRequest) throws(RPCError) -> TaskStatusResponse {
        let operation = try found(request.task?.id ?? "", "task.id")
        guard operation.state.isEnd else { return TaskStatusResponse() }
        guard operation.state != .succeeded else { return TaskStatusResponse(done: true) }
        return TaskStatusResponse(done: true, error: "\(operation.code.name): \(operation.message)")
    }

    /// Asks that the operation stops; it is told as it is then. One that waits is over at once, unless it has done something before a restart.
    ///
    /// Errors: `notFound`; `failedPrecondition` for a kind that cannot be stopped; `unavailable` when it cannot be written down.
    package func cancel(_ id: String) async throws(RPCError) -> Operation {
        let operation = try found(id, "id")
        guard !operation.state.isEnd else { return operation }
        guard kinds[operation.kind]?.canCancel == true else {
            throw RPCError(
                .failedPrecondition, "\(operation.kind) of \(operation.target) cannot be stopped once it is accepted; wait for its end")
        }
        do {
            try await journal.requestCancel(id)
        } catch {
            throw RPCError(.unavailable, "the wish to cancel could not be written down: \(error.message)", cause: error)
        }
        state.withLock { $0.entries[id]?.operation.isCancelRequested = true }
        interrupt(id, .cancel)
        await endIfWaiting(id)
        return try found(id, "id")
    }

    /// One that waits behind others need not wait for them to be told that nothing will be done.
    private func endIfWaiting(_ id: String) async {
        let isMine = state.withLock { state in
            guard let entry = state.entries[id], !entry.isRunning, entry.operation.startedAt == nil, state.waiting.contains(id) else {
                return false
            }
            state.waiting.removeAll { $0 == id }
            state.entries[id]?.isRunning = true
            state.runningCount += 1
            return true
        }
        if isMine { await endUnbegun(id) }
    }

    private func found(_ id: String, _ field: String) throws(RPCError) -> Operation {
        guard !id.isEmpty else { throw RPCError(.invalidArgument, "\(field): is empty; say which task is meant") }
        guard let operation = operation(id) else {
            throw RPCError(
                .notFound, "there is no task \(id); it never was, or ended more than \(Int(limits.keptSeconds / 3600)) hours ago")
        }
        return operation
    }

    private static func state(_ state: OperationState) -> ProviderTaskState {
        switch state {
        case .queued: .queued
        case .running: .running
        case .succeeded: .succeeded
        case .failed: .failed
        case .cancelled: .cancelled
        }
    }

    private static func task(_ operation: Operation) -> ProviderTask {
        ProviderTask(
            id: operation.id, kind: operation.kind, target: operation.target, state: state(operation.state), progress: operation.progress,
            step: operation.step, code: operation.state.isEnd ? operation.code.rawValue : 0,
            error: operation.state.isEnd ? operation.message : "", isCancelRequested: operation.isCancelRequested,
            resultID: operation.resultID,
            createdUnixSeconds: operation.createdAt, startedUnixSeconds: operation.startedAt, finishedUnixSeconds: operation.endedAt)
    }
}
