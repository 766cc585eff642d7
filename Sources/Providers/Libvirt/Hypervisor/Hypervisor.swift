import LibvirtAPI
import Primitives
import RPC
import Synchronization

/// The way to libvirt: threads with connections of their own for each purpose, so that what takes long or hangs holds up nothing else.
final class Hypervisor: Sendable {
    let settings: LibvirtProviderSettings
    private let library: LibvirtLibrary
    let connectionsOpened = OpeningCount()
    /// What only looks, and answers at once.
    private let looking: LibvirtThreads
    /// What changes something and is done in seconds.
    private let acting: Lane
    /// What waits for a guest's agent.
    private let asking: LibvirtThreads
    /// What counts machines for metrics, so that no client's call waits behind it.
    private let counting: LibvirtThreads
    /// What copies disks.
    private let hauling: Lane
    let reboots: RebootWatch
    let rooms = RoomBook()
    /// Calls that hang, by all of them together.
    let givenUp = LibvirtThreads.GivenUp(limit: 11)
    let knownHost = Mutex<(host: HostProfile, at: ContinuousClock.Instant)?>(nil)

    /// - Throws: `unavailable` or `environment` when there is no libvirt to call.
    init(_ settings: LibvirtProviderSettings) throws(Failure) {
        self.settings = settings
        let library = try LibvirtLibrary.load(path: settings.library)
        self.library = library
        let opened = connectionsOpened
        let open: LibvirtThreads.Open = { () throws(LibvirtError) in try Self.connect(settings, library, opened) }
        looking = LibvirtThreads("libvirt-look", width: 3, givenUp: givenUp, open: open)
        acting = Lane(threads: LibvirtThreads("libvirt-act", width: 4, givenUp: givenUp, open: open), name: "a change")
        // Guests may make these hang, one for each guest and for seconds, of an old daemon's for as long as they run (AddressFinder): they have a limit of
        // their own. With that of all others, and the one for counting, it is less than the workers that a daemon has (20).
        asking = LibvirtThreads("libvirt-ask", width: 6, givenUp: LibvirtThreads.GivenUp(limit: 7), open: open)
        counting = LibvirtThreads("libvirt-count", givenUp: LibvirtThreads.GivenUp(limit: 1), open: open)
        hauling = Lane(threads: LibvirtThreads("libvirt-haul", width: 4, givenUp: givenUp, open: open), name: "a copy")
        reboots = RebootWatch(LibvirtThreads("libvirt-listen", givenUp: givenUp, open: open))
    }

    private static func connect(
        _ settings: LibvirtProviderSettings, _ library: LibvirtLibrary, _ opened: OpeningCount
    ) throws(LibvirtError) -> LibvirtConnection {
        let credentials = settings.password.map { LibvirtConnection.Credentials(user: settings.user ?? "", password: $0) }
        let connection = try LibvirtConnection.open(settings.connectURI, library: library, credentials: credentials)
        opened.add()
        return connection
    }

    typealias Body<Value> = @Sendable (LibvirtConnection) throws(LibvirtError) -> Value

    /// - Parameter doing: what is tried, for the message: `look at machine web1`.
    func look<Value: Sendable>(_ doing: String, seconds: Double = 10, _ body: @escaping Body<Value>) async throws(RPCError) -> Value {
        try await run(looking, doing, seconds, body)
    }

    /// A call that changes something is not given up soon: whoever does not know whether it was done can neither go on nor take it back. The operation in
    /// hand waits for its end in any case.
    func act<Value: Sendable>(_ doing: String, seconds: Double = 90, _ body: @escaping Body<Value>) async throws(RPCError) -> Value {
        try await run(acting, doing, seconds, body)
    }

    func ask<Value: Sendable>(_ doing: String, seconds: Double, _ body: @escaping Body<Value>) async throws(RPCError) -> Value {
        try await run(asking, doing, seconds, body)
    }

    func count<Value: Sendable>(_ doing: String, seconds: Double, _ body: @escaping Body<Value>) async throws(RPCError) -> Value {
        try await run(counting, doing, seconds, body)
    }

    func haul<Value: Sendable>(_ doing: String, seconds: Double = 6 * 3600, _ body: @escaping Body<Value>) async throws(RPCError) -> Value {
        try await run(hauling, doing, seconds, body)
    }

    /// A thread with a connection of its own, for what goes over several calls: a stream.
    func lane(_ name: String) -> Lane {
        let (settings, library, opened) = (settings, library, connectionsOpened)
        let threads = LibvirtThreads(name, givenUp: givenUp) { () throws(LibvirtError) in try Self.connect(settings, library, opened) }
        return Lane(threads: threads, name: name)
    }

    private func run<Value: Sendable>(
        _ threads: LibvirtThreads, _ doing: String, _ seconds: Double, _ body: @escaping Body<Value>
    ) async throws(RPCError) -> Value {
        do throws(LibvirtError) {
            return try await threads.run(by: .after(seconds: seconds), body)
        } catch {
            throw RPCError(error, doing: doing)
        }
    }

    private func run<Value: Sendable>(
        _ lane: Lane, _ doing: String, _ seconds: Double, _ body: @escaping Body<Value>
    ) async throws(RPCError) -> Value {
        do throws(LibvirtError) {
            return try await lane.run(by: .after(seconds: seconds), doing: doing, body)
        } catch {
            throw RPCError(error, doing: doing)
        }
    }
}

/// How many connections were opened.
final class OpeningCount: Sendable {
    private let state = Mutex(0)

    var count: Int { state.withLock { $0 } }

    func add() { state.withLock { $0 += 1 } }
}
