import Metrics
import Primitives
import Protobuf
import ProviderRPC
import ProviderTasks
import RPC
import Synchronization

/// How long machines take from being switched on to their first address.
///
/// It begins with the end of the operation that made the machine or switched it on, and ends when somebody who describes the machine is told an
/// address: as often as machines are described, so exactly is it known. A machine counts once each time that it is switched on.
final class AddressBook: Sendable {
    private struct State {
        /// When machines were switched on that nobody has seen an address of since.
        var waiting: [String: Double] = [:]
        var durations = Distribution(bounds: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600])
    }

    /// What providers call it.
    private static let switchingOn: Set<String> = ["on", "start"]
    /// Machines that never get an address must not fill the memory.
    private static let waitingLimit = 10_000

    private let state = Mutex(State())
    private let clock: WallClock

    init(clock: WallClock) { self.clock = clock }

    var durations: Distribution { state.withLock { $0.durations } }

    func note(_ end: OperationEnd) {
        guard end.outcome == .success else { return }
        let operation = end.operation
        switch ProviderMethod(rawValue: operation.kind) {
        case .create, .clone: wait(operation.resultID)
        case .power where Self.switchingOn.contains(operation.variant): wait(operation.target)
        case .power, .delete: forget(operation.target)
        default: break
        }
    }

    private func wait(_ id: String) {
        let now = clock.unixSeconds
        state.withLock { state in
            guard state.waiting.count < Self.waitingLimit || state.waiting[id] != nil else { return }
            state.waiting[id] = now
        }
    }

    private func forget(_ id: String) { state.withLock { _ = $0.waiting.removeValue(forKey: id) } }

    func note(_ id: String, addresses: Int) {
        guard addresses > 0 else { return }
        let now = clock.unixSeconds
        state.withLock { state in
            guard let start = state.waiting.removeValue(forKey: id) else { return }
            state.durations.observe(max(0, now - start))
        }
    }

    /// The service, with an ear at what is described.
    func hearing(_ service: RPCService) -> RPCService {
        guard let describe = service.methods[ProviderMethod.describe.rawValue] else { return service }
        var methods = service.methods
        methods[ProviderMethod.describe.rawValue] = { [self] (message, call) throws(RPCError) in
            let answer = try await describe(message, call)
            if let request = try? DescribeRequest(protobuf: message), let response = try? DescribeResponse(protobuf: answer) {
                note(request.id, addresses: response.ips.count)
            }
            return answer
        }
        return RPCService(name: service.name, methods: methods)
    }
}
