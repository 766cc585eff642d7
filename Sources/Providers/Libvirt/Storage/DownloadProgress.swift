import Primitives
import RPC
import Synchronization

/// How far a download is, for those who bring, write and watch it.
final class DownloadProgress: Sendable {
    private struct State {
        var status = 0
        var bytes: UInt64 = 0
        var pace = TransferPace()
        var refusal: RPCError?
    }

    private let state = Mutex(State())

    var status: Int { state.withLock { $0.status } }
    var bytes: UInt64 { state.withLock { $0.bytes } }
    var isTooSlow: Bool { state.withLock { $0.pace.isTooSlow() } }
    /// Why the rest is not wanted.
    var refusal: RPCError? { state.withLock { $0.refusal } }
    func begin(_ status: Int) { state.withLock { $0.status = status } }
    /// How many there are with these.
    func add(_ count: Int) -> UInt64 {
        state.withLock { state in
            state.bytes += UInt64(count)
            state.pace.add(count, waited: 0)
            return state.bytes
        }
    }
    func waited(_ seconds: Double) { state.withLock { $0.pace.add(0, waited: seconds) } }
    /// The first stays.
    func refuse(_ error: RPCError) { state.withLock { $0.refusal = $0.refusal ?? error } }
}
