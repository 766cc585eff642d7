import Synchronization

/// Whether somebody still waits for what a body does on a connection.
final class Errand: Sendable {
    private let stopped = Atomic(false)

    /// Nobody waits any more: what the body has begun comes to its end, and nothing else is changed.
    func stop() { stopped.store(true, ordering: .releasing) }

    var isStopped: Bool { stopped.load(ordering: .acquiring) }

    static let unwanted = LibvirtError(.aborted, "nobody waits for the answer any more")
}

extension LibvirtConnection {
    /// What follows on this connection is of this errand.
    func begin(_ errand: Errand) { self.errand.withLock { $0 = errand } }

    /// To be asked before each call that changes something, and between the pieces of what takes long.
    ///
    /// - Throws: `aborted` when nobody waits for the answer of the body that `LibvirtThreads` runs on this connection.
    func checkWanted() throws(LibvirtError) {
        if errand.withLock({ $0?.isStopped ?? false }) { throw Errand.unwanted }
    }
}
