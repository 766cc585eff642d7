import GRPCShim
import Primitives
import RPC
import Synchronization

/// One call of a client, from its first bytes to its end.
///
/// gRPC's memory of it is freed once it is over and no operation is under way. A handler that is not done by then goes on, and what it returns is
/// dropped: a call that was cancelled holds up nobody.
final class ServerCall: Sendable {
    private struct State {
        var cell: Handle?
        var operations = 0
        /// Answered, or ended by the client.
        var isOver = false
        var wasCancelled = false
        var task: Task<Void, Never>?
    }

    private let queue: CompletionQueue
    private let state: Mutex<State>

    init(_ cell: Handle, _ queue: CompletionQueue) {
        self.queue = queue
        state = Mutex(State(cell: cell))
    }

    /// Ended by the client, its deadline, the network or a limit of gRPC (a message that is too long) before it was answered.
    var wasCancelled: Bool { state.withLock { $0.wasCancelled } }

    /// Reads something of the call while it is there.
    func read<Value: Sendable>(_ body: (OpaquePointer) -> Value) -> Value? { state.withLock { $0.cell.map { body($0.pointer) } } }

    // MARK: operations

    /// Hears of the call's end, and cancels its task then.
    func watch() {
        let hasBegun = begin({ mlt_grpc_incoming_watch($0, $1) }) { [self] _ in
            let task: Task<Void, Never>? = state.withLock { state in
                guard let cell = state.cell, mlt_grpc_incoming_was_cancelled(cell.pointer) != 0 else { return nil }
                state.wasCancelled = !state.isOver
                state.isOver = true
                return state.task
            }
            task?.cancel()
        }
        if !hasBegun { abandon() }
    }

    /// Reads the one message; nil when there is none that can be used.
    func readMessage(_ body: @escaping @Sendable ([UInt8]?) -> Void) {
        let hasBegun = begin({ mlt_grpc_incoming_read($0, $1) }) { [self] _ in
            let message: [UInt8]? = state.withLock { state in
                guard let cell = state.cell else { return nil }
                if mlt_grpc_incoming_read_failed(cell.pointer) != 0 { state.wasCancelled = true }
                return Self.message(cell.pointer)
            }
            body(message)
        }
        guard !hasBegun else { return }
        abandon()
        body(nil)
    }

    /// Runs the handler; it is cancelled when the client no longer waits.
    func run(_ handler: @escaping @Sendable () async -> Void) {
        let task = Task { await handler() }
        let isLate = state.withLock { state in
            state.task = task
            return state.isOver
        }
        if isLate { task.cancel() }
    }

    /// Ends the call, unless it has ended.
    func answer(_ message: [UInt8]?, _ code: RPCCode, _ details: String) {
        let mayAnswer = state.withLock { state in
            defer { state.isOver = true }
            return !state.isOver
        }
        guard mayAnswer else { return }
        let hasBegun = details.withGRPCBytes { details in
            guard let message else {
                return begin({ mlt_grpc_incoming_answer($0, mlt_grpc_bytes(), code.rawValue, details, $1) }) { _ in }
            }
            return message.withGRPCBytes { message in
                begin({ mlt_grpc_incoming_answer($0, message, code.rawValue, details, $1) }) { _ in }
            }
        }
        if !hasBegun { abandon() }
    }

    /// Sends one message of several; false when nobody reads it any more.
    func send(_ message: [UInt8]) async -> Bool {
        let sent = OneAnswer<Bool>()
        let hasBegun =
            state.withLock { !$0.isOver }
            && message.withGRPCBytes { message in begin({ mlt_grpc_incoming_send($0, message, $1) }) { sent.give($0) } }
        return hasBegun ? await sent.value : false
    }

    // MARK: life

    /// Begins an operation whose memory is the call's.
    private func begin(
        _ operation: (OpaquePointer, UnsafeMutableRawPointer) -> Int32, _ done: @escaping @Sendable (Bool) -> Void
    ) -> Bool {
        state.withLock { state in
            guard let cell = state.cell else { return false }
            let begun: Void? = queue.begin { [self] success in
                done(success)
                finishOperation()
            } _: { tag in
                operation(cell.pointer, tag) != 0 ? () : nil
            }
            if begun != nil { state.operations += 1 }
            return begun != nil
        }
    }

    private func finishOperation() {
        let cell: Handle? = state.withLock { state in
            state.operations -= 1
            guard state.operations == 0, state.isOver else { return nil }
            defer { state.cell = nil }
            return state.cell
        }
        if let cell { mlt_grpc_incoming_free(cell.pointer) }
    }

    /// gRPC did not take an operation that a call needs: it is ended, and freed by the last of its others.
    private func abandon() {
        let cell: Handle? = state.withLock { state in
            state.isOver = true
            if let cell = state.cell { mlt_grpc_incoming_cancel(cell.pointer) }
            guard state.operations == 0 else { return nil }
            defer { state.cell = nil }
            return state.cell
        }
        if let cell { mlt_grpc_incoming_free(cell.pointer) }
    }

    private static func message(_ cell: OpaquePointer) -> [UInt8]? {
        guard mlt_grpc_incoming_has_message(cell) != 0 else { return nil }
        return [UInt8](grpcMessage: mlt_grpc_incoming_message_size(cell)) { mlt_grpc_incoming_message(cell, $0, $1) }
    }
}
