import GRPCShim
import Primitives
import RPC
import Synchronization

/// One call to a server, from its beginning to its end. gRPC ends it at its deadline.
final class ClientCall: Sendable {
    struct Outcome: Sendable {
        let status: Int32
        let details: String
        /// Nil when there is none that can be used.
        let message: [UInt8]?
        /// Whether it was given to a connection, so that the server may have begun.
        let wasSent: Bool

        /// Ended on this side before a connection took it.
        var neverBegan: Bool { !wasSent && status == RPCCode.unavailable.rawValue }
    }

    private struct State {
        var cell: Handle?
        /// Events that are still to come.
        var events = 2
        var wasSent = false
        var isCancelled = false
    }

    private let state = Mutex(State())
    private let outcome = OneAnswer<Outcome?>()

    /// Nil when it was cancelled before it began, or gRPC does not take it.
    ///
    /// - Parameters:
    ///   - seconds: more than thirty years are for ever.
    ///   - waits: for a connection.
    func run(
        _ path: String, _ message: [UInt8], _ metadata: RPCMetadata, seconds: Double, waits: Bool, over channel: Channel,
        _ queue: CompletionQueue
    ) async -> Outcome? {
        await withTaskCancellationHandler {
            let hasBegun = state.withLock { state in
                guard !state.isCancelled else { return false }
                let nanoseconds = seconds < 1e9 ? Int64(seconds * 1e9) : mlt_grpc_never
                // A channel outlives its calls.
                let begun: Void? = queue.begin { [self] _ in
                    withExtendedLifetime(channel) { hear(wasSent: nil) }
                } _: { tag in
                    queue.begin { [self] in
                        hear(wasSent: $0)
                    } _: { sent -> Void? in
                        state.cell = Self.start(path, message, metadata, nanoseconds, waits, channel, queue, sent, tag)
                        return state.cell == nil ? nil : ()
                    }
                }
                return begun != nil
            }
            return hasBegun ? await outcome.value : nil
        } onCancel: {
            state.withLock { state in
                state.isCancelled = true
                if let cell = state.cell { mlt_grpc_outgoing_cancel(cell.pointer) }
            }
        }
    }

    private static func start(
        _ path: String, _ message: [UInt8], _ metadata: RPCMetadata, _ nanoseconds: Int64, _ waits: Bool, _ channel: Channel,
        _ queue: CompletionQueue, _ sent: UnsafeMutableRawPointer, _ tag: UnsafeMutableRawPointer
    ) -> Handle? {
        path.withGRPCBytes { path in
            message.withGRPCBytes { message in
                metadata.withGRPCPairs { pairs in
                    Handle(
                        mlt_grpc_call(
                            channel.handle.pointer, queue.handle.pointer, path, message, pairs.baseAddress, pairs.count, nanoseconds,
                            waits ? 1 : 0, sent, tag))
                }
            }
        }
    }

    /// An event, on the queue's thread; the last one ends the call.
    private func hear(wasSent: Bool?) {
        let last: (cell: Handle?, wasSent: Bool)? = state.withLock { state in
            state.events -= 1
            if let wasSent { state.wasSent = wasSent }
            guard state.events == 0 else { return nil }
            defer { state.cell = nil }
            return (state.cell, state.wasSent)
        }
        guard let last else { return }
        guard let call = last.cell?.pointer else { return outcome.give(nil) }
        let hasMessage = mlt_grpc_outgoing_has_message(call) != 0
        let result = Outcome(
            status: mlt_grpc_outgoing_status(call), details: String(mlt_grpc_outgoing_details(call)),
            message: hasMessage
                ? [UInt8](grpcMessage: mlt_grpc_outgoing_message_size(call)) { mlt_grpc_outgoing_message(call, $0, $1) } : nil,
            wasSent: last.wasSent)
        mlt_grpc_outgoing_free(call)
        outcome.give(result)
    }
}
