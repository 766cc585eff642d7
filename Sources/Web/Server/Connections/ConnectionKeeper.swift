import Glibc
import MicroHTTPDShim
import Primitives
import Synchronization

/// The thread that accepts connections, hands them to the event loops, and ends those whose time is over.
///
/// libmicrohttpd can do the first, but knows one clock for each connection only, which every byte sets back: a client that sends a byte a minute
/// would keep its place for ever. So it gets connections from here, and which have lived long enough is `ConnectionTable`'s to say.
final class ConnectionKeeper: Sendable {
    /// Hands an accepted connection to an event loop. Returns false when it was not taken.
    typealias Serve = @Sendable (_ descriptor: Int32, _ address: UnsafePointer<sockaddr>, _ size: socklen_t) -> Bool

    private struct State {
        var table: ConnectionTable
        var isListening = true
        var isOver = false
        /// Waits for the listeners to be closed.
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let listeners: [Listener]
    private let state: Mutex<State>
    /// An eventfd: written to when the thread should look at its state.
    private let bell: Int32
    private let logger: Logger

    init(_ listeners: [Listener], limits: ConnectionTable.Limits, logger: Logger) throws(Failure) {
        self.listeners = listeners
        self.logger = logger
        state = Mutex(State(table: ConnectionTable(limits: limits)))
        bell = mlt_bell()
        guard bell >= 0 else { throw Failure(.environment, "cannot start an HTTP server: \(systemMessage(errno))") }
    }

    deinit { close(bell) }

    func start(_ serve: @escaping Serve) throws(Failure) {
        try Thread.start("http-accept") { [self] in run(serve) }
    }

    // MARK: what the server tells

    /// Returns when no new connection can come. Those that the kernel had completed by then have been accepted: to them it would look as if
    /// they were let in and thrown out.
    func stopListening() async {
        await withCheckedContinuation { continuation in
            let isDone = state.withLock { state in
                state.isListening = false
                if state.isOver { return true }
                state.waiters.append(continuation)
                return false
            }
            if isDone { continuation.resume() } else { ring() }
        }
    }

    /// The thread ends, and with it the deadlines.
    func end() {
        state.withLock { $0.isOver = true }
        ring()
    }

    func endResting(_ ids: [UInt]) { state.withLock { Self.shutDown($0.table.endResting(ids)) } }

    /// Whether the thread has been told to end.
    var isOver: Bool { state.withLock { $0.isOver } }

    /// The event loop has taken the connection; returns its number.
    func serve(_ descriptor: Int32) -> UInt? { state.withLock { $0.table.serve(descriptor) } }

    func move(_ id: UInt, to phase: ConnectionTable.Phase) { state.withLock { $0.table.move(id, to: phase, now: .now) } }

    /// Called while the descriptor is still open: whoever shuts one down under the lock shuts down the right one.
    func remove(_ id: UInt) { state.withLock { $0.table.remove(id) } }

    func hasRoom(for bytes: Int, of id: UInt) -> Bool {
        state.withLock { state in
            let (isThere, ending) = state.table.hasRoom(for: bytes, of: id, now: .now)
            Self.shutDown(ending)
            return isThere
        }
    }

    /// Whether nobody is at the other end of a connection any more. Whoever closes only his half has sent all that he wants to ask, and says by it
    /// that he goes.
    func isGone(_ id: UInt) -> Bool {
        state.withLock { state in
            guard let connection = state.table.connections[id], !connection.isEnding else { return true }
            // Under the lock, and so of a descriptor that is still open.
            return mlt_peer_is_gone(connection.descriptor) == 1
        }
    }

    /// Where a connection comes from: which listener and who can reach it, and its client.
    func origin(of id: UInt) -> (reach: Listener.Reach, listener: Int, client: ClientAddress) {
        guard let connection = state.withLock({ $0.table.connections[id] }) else { return (.network, 0, .local) }
        return (listeners[connection.listener].reach, connection.listener, connection.address)
    }

    /// Whether somebody may have asked what no event loop has read yet. One who has just come has a moment to ask.
    var hasUnreadQuestions: Bool {
        state.withLock { state in
            let now = ContinuousClock.now
            return state.table.connections.values.contains { connection in
                guard !connection.isEnding else { return false }
                switch connection.phase {
                case .opening:
                    let isNew = !connection.isServed || (now - connection.since).seconds < Self.openingGraceSeconds
                    return isNew || Self.hasBytes(connection.descriptor)
                // Under the lock, and so of a descriptor that is still open.
                case .resting: return Self.hasBytes(connection.descriptor)
                case .receiving, .working, .sending, .streaming: return false
                }
            }
        }
    }

    private static let openingGraceSeconds = 0.25

    private static func hasBytes(_ descriptor: Int32) -> Bool {
        var byte: UInt8 = 0
        return recv(descriptor, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT)) > 0
    }

    var counts: (open: Int, accepted: Int, refused: Int, ended: [ConnectionTable.EndReason: Int]) {
        state.withLock { ($0.table.openCount, $0.table.accepted, $0.table.refused, $0.table.ended) }
    }

    // MARK: the thread

    private func ring() {
        var one: UInt64 = 1
        write(bell, &one, MemoryLayout<UInt64>.size)
    }

    /// The last connections of listeners that are about to be closed.
    private struct Drain {
        /// Until then who had begun a handshake has ended it. On this machine that takes no time but that of a kernel that is busy.
        let graceEnd: ContinuousClock.Instant
        /// So long at most.
        let end: ContinuousClock.Instant
        /// Whether the last look found nobody.
        var isEmpty = false

        init(_ listeners: [Listener]) {
            let now = ContinuousClock.now
            graceEnd = now.advanced(by: .seconds(listeners.contains { $0.reach == .network && !$0.isInherited } ? 0.1 : 0.02))
            end = now.advanced(by: .seconds(2))
        }

        func isOver(now: ContinuousClock.Instant) -> Bool { now >= end || isEmpty && now >= graceEnd }
    }

    private func run(_ serve: Serve) {
        var isListening = true
        var isOutOfDescriptors = false
        var drain: Drain?
        while true {
            let (wantsListening, isOver, count, isBehind) = state.withLock { state in
                Self.shutDown(state.table.expire(now: .now))
                return (state.isListening, state.isOver, state.table.connections.count, Self.isBehind(state.table))
            }
            if isListening, !wantsListening, drain == nil {
                for listener in listeners { listener.turnAwayNewcomers() }
                drain = Drain(listeners)
            }
            if isListening, isOver || drain?.isOver(now: .now) == true {
                for listener in listeners { listener.close() }
                isListening = false
                let waiters = state.withLock { state in
                    defer { state.waiters = [] }
                    return state.waiters
                }
                for waiter in waiters { waiter.resume() }
            }
            if isOver { return }
            // The kernel keeps who comes while the loops are behind, or while there is no descriptor to be had.
            let accepts = isListening && !isBehind && !isOutOfDescriptors
            let milliseconds: Int32 = isListening && (!accepts || drain != nil) ? 5 : count > 0 ? 250 : -1
            let ready = wait(accepts: accepts, isDraining: drain != nil, milliseconds: milliseconds)
            if accepts { drain?.isEmpty = ready.isEmpty }
            isOutOfDescriptors = false
            for listener in ready where !accept(from: listener, serve) { isOutOfDescriptors = true }
        }
    }

    /// Whether the event loops have to catch up first, with those that came or with those that must go.
    private static func isBehind(_ table: ConnectionTable) -> Bool {
        table.unservedCount >= backlog || !table.isClear || table.isCrowdedByNewcomers(now: .now)
    }

    /// How many connections the event loops may be behind.
    private static let backlog = 64
    /// How many are accepted before other listeners have their turn.
    private static let batch = backlog / 4

    /// The places of the listeners where somebody waits.
    private func wait(accepts: Bool, isDraining: Bool, milliseconds: Int32) -> [Int] {
        var waits = [pollfd(fd: bell, events: Int16(POLLIN), revents: 0)]
        // A negative descriptor is passed over.
        if accepts {
            waits += listeners.map { pollfd(fd: isDraining && $0.isInherited ? -1 : $0.descriptor, events: Int16(POLLIN), revents: 0) }
        }
        guard poll(&waits, nfds_t(waits.count), milliseconds) > 0 else { return [] }
        if waits[0].revents != 0 {
            var rung: UInt64 = 0
            read(bell, &rung, MemoryLayout<UInt64>.size)
        }
        return waits.indices.dropFirst().filter { waits[$0].revents != 0 }.map { $0 - 1 }
    }

    /// Accepts some of those who wait. Returns false when the process has no descriptor left.
    private func accept(from place: Int, _ serve: Serve) -> Bool {
        for _ in 0..<Self.batch {
            if state.withLock({ Self.isBehind($0.table) }) { return true }
            var storage = sockaddr_storage()
            var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let isTaken: Bool? = withUnsafeMutablePointer(to: &storage) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                    let descriptor = mlt_accept(listeners[place].descriptor, address, &size)
                    guard descriptor >= 0 else { return nil }
                    admit(descriptor, pointer, size, place, serve)
                    return true
                }
            }
            if isTaken == nil {
                switch errno {
                case EMFILE, ENFILE, ENOBUFS, ENOMEM:
                    let reason = systemMessage(errno)
                    let ending = state.withLock { state in
                        // For all who are accepted at a time: with a place each, who waits behind a crowd would wait for long.
                        let ending = state.table.yield(upTo: Self.batch, now: .now)
                        Self.shutDown(ending)
                        return ending.count
                    }
                    logger.debug("cannot accept a connection", ["listener": listeners[place].name, "reason": reason, "ended": ending])
                    return false
                default: return true
                }
            }
        }
        return true
    }

    private func admit(
        _ descriptor: Int32, _ storage: UnsafeMutablePointer<sockaddr_storage>, _ size: socklen_t, _ place: Int, _ serve: Serve
    ) {
        let address = ClientAddress(&storage.pointee)
        let id: UInt? = state.withLock { state in
            switch state.table.admit(descriptor, from: address, listener: place, now: .now) {
            case .admitted(let id, let ending):
                Self.shutDown(ending)
                return id
            case .full: return nil
            }
        }
        guard let id else {
            close(descriptor)
            return
        }
        let isTaken = storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { serve(descriptor, $0, size) }
        if !isTaken { remove(id) }
    }

    /// The event loop sees the end of the stream and closes the descriptor.
    private static func shutDown(_ descriptors: [Int32]) {
        for descriptor in descriptors { shutdown(descriptor, Int32(SHUT_RDWR)) }
    }
}
