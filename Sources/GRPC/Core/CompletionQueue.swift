import GRPCShim
import Primitives

/// Where gRPC says that something is done, and the one thread that hears it.
final class CompletionQueue: Sendable {
    /// What is to happen at an event; kept alive by gRPC until then.
    private final class Tag: Sendable {
        let happen: @Sendable (Bool) -> Void
        init(_ happen: @escaping @Sendable (Bool) -> Void) { self.happen = happen }
    }

    /// For all clients of the process; it is never shut down.
    static let ofClients = Result { () throws(Failure) in try CompletionQueue("grpc-client") }

    let handle: Handle
    private let ended = OneAnswer<Void>()

    init(_ threadName: String) throws(Failure) {
        guard let handle = Handle(mlt_grpc_queue_new()) else { throw Failure(.environment, "gRPC has no memory for a queue of events") }
        self.handle = handle
        do {
            try Thread.start(threadName) { [self] in run() }
        } catch {
            mlt_grpc_queue_shutdown(handle.pointer)
            throw error
        }
    }

    /// Begins an operation whose event calls `happen` once, with whether it succeeded. `happen` runs on the queue's thread and does not block.
    ///
    /// - Parameter start: hands the tag to gRPC; false, or nil, when the operation did not begin, and then `happen` is not called.
    func begin<Begun>(_ happen: @escaping @Sendable (Bool) -> Void, _ start: (UnsafeMutableRawPointer) -> Begun?) -> Begun? {
        let tag = Unmanaged.passRetained(Tag(happen))
        let begun = start(tag.toOpaque())
        if begun == nil { tag.release() }
        return begun
    }

    /// Returns when the last event was heard. Nothing may be begun any more.
    func shutdown() async {
        mlt_grpc_queue_shutdown(handle.pointer)
        await ended.value
    }

    private func run() {
        var tag: UnsafeMutableRawPointer?
        var success: Int32 = 0
        while mlt_grpc_queue_next(handle.pointer, &tag, &success) != 0 {
            guard let tag else { continue }
            Unmanaged<Tag>.fromOpaque(tag).takeRetainedValue().happen(success != 0)
        }
        mlt_grpc_queue_free(handle.pointer)
        ended.give(())
    }
}
