import LibvirtAPI
import Primitives
import RPC
import Synchronization

/// Hears when guests start over: libvirt answers the question at once, and tells by an event when it was done.
final class RebootWatch: Sendable {
    private let lane: LibvirtThreads
    /// Of machines that somebody waits for.
    private let counts = Counts()

    private final class Counts: Sendable {
        private let counts = Mutex<[String: Int]>([:])

        func watch(_ uuid: String) { counts.withLock { $0[uuid] = 0 } }
        func forget(_ uuid: String) { counts.withLock { $0[uuid] = nil } }
        func count(_ uuid: String) -> Int { counts.withLock { $0[uuid] ?? 0 } }
        func heard(_ uuid: String) { counts.withLock { counts in if let count = counts[uuid] { counts[uuid] = count + 1 } } }
    }

    init(_ lane: LibvirtThreads) { self.lane = lane }

    /// - Parameter body: asks the guest, and may ask here whether it has started over since.
    func watch(_ uuid: String, _ body: (_ hasStartedOver: () -> Bool) async throws(RPCError) -> Void) async throws(RPCError) {
        counts.watch(uuid)
        defer { counts.forget(uuid) }
        let isTold = try await listen()
        // Of hypervisors that tell of nothing the answer must do.
        try await body { counts.count(uuid) > 0 || !isTold }
    }

    /// Whether this hypervisor tells of it.
    private func listen() async throws(RPCError) -> Bool {
        let counts = counts
        do throws(LibvirtError) {
            return try await lane.run(by: .after(seconds: 30)) { connection throws(LibvirtError) in
                // A connection that was opened anew listens to nothing yet.
                if !connection.isListening { try connection.listen(to: .reboot) { counts.heard($0.uuid) } }
                return try connection.driver() == "QEMU"
            }
        } catch {
            throw RPCError(error, doing: "listen to events")
        }
    }
}
