package import Primitives
import ProviderRPC
package import ProviderTasks
import RPC
import Synchronization

/// A provider for a simulated hypervisor: all eighteen methods, with the hypervisor's own way of doing long work behind them.
package final class SimulatedProvider: Provider {
    package let hypervisor: SimulatedHypervisor
    package let engine: TaskEngine
    /// The last number that was given to a machine, where machines have numbers.
    private let lastNumber = Mutex(99)

    /// Opens hypervisor and journal, and goes on with what was not over. Errors: those of the two files.
    package init(
        _ settings: SimulatedSettings, clock: WallClock = .system, limits: TaskEngine.Limits = TaskEngine.Limits(),
        logger: Logger = .silent,
        observer: TaskEngine.Observer? = nil
    ) async throws(Failure) {
        let hypervisor = try await SimulatedHypervisor(settings, clock: clock)
        self.hypervisor = hypervisor
        engine = try await TaskEngine(
            TaskJournal(settings.journalFile), kinds: Self.kinds(hypervisor), limits: limits, clock: clock, logger: logger,
            observer: observer)
    }

    private static func kinds(_ hypervisor: SimulatedHypervisor) -> [OperationKind] {
        func kind(_ method: ProviderMethod, canCancel: Bool = true) -> OperationKind {
            OperationKind(method.rawValue, retrySeconds: 20, canCancel: canCancel, work: SimulatedWork(method, hypervisor))
        }
        return [
            kind(.create), kind(.clone), kind(.imagePrepare), kind(.importDisk), kind(.snapshotCreate), kind(.power),
            // What is gone is gone: these can only go on.
            kind(.delete, canCancel: false), kind(.reconfigure, canCancel: false), kind(.hardwareUpgrade, canCancel: false),
            kind(.snapshotDelete, canCancel: false), kind(.snapshotRevert, canCancel: false),
            OperationKind(ProviderMethod.exportDisk.rawValue, retrySeconds: 20, work: ExportWork(hypervisor: hypervisor)),
        ]
    }

    /// Leaves what runs for the next start.
    package func shutdown(by deadline: Deadline) async {
        await engine.shutdown(by: deadline)
        await hypervisor.close()
    }

    // MARK: what methods share

    var kind: SimulatedSettings.Kind { hypervisor.settings.kind }

    func token(_ call: RPCCall, owner: ObjectIdentity? = nil) throws(RPCError) -> OperationToken? {
        if let key = try call.idempotencyKey() { return .key(key.text) }
        guard let uid = owner?.uid, !uid.isEmpty else { return nil }
        return .owner(uid)
    }

    /// The uuid of a machine that is there, or that is being made. Errors: `notFound`.
    func uuid(_ id: String, _ field: String) async throws(RPCError) -> String {
        guard !id.isEmpty else { throw RPCError(.invalidArgument, "\(field): is empty; say which machine is meant") }
        let machine = try await hypervisor.call("look", changes: false) { (world) throws(Failure) in try world.machine(id: id) }
        if let machine, machine.isComplete { return machine.uuid }
        let makers = [ProviderMethod.create.rawValue, ProviderMethod.clone.rawValue]
        if let making = engine.liveOperations.first(where: { $0.resultID == id && makers.contains($0.kind) }) {
            return Identity.uuid(making.id)
        }
        throw RPCError(.notFound, "there is no machine \(id) on this hypervisor")
    }

    func look<Value: Sendable>(_ body: @escaping @Sendable (World) throws(Failure) -> Value) async throws(RPCError) -> Value {
        try await hypervisor.call("look", changes: false, body)
    }

    /// What clients call the machine that an operation will make, and its number.
    func newIdentity(_ operation: String) async throws(RPCError) -> (id: String, number: Int?) {
        guard kind == .upid else { return (Identity.uuid(operation), nil) }
        let taken = try await look { (world) throws(Failure) in try world.machines().compactMap(\.number).max() ?? 0 }
        let promised = engine.liveOperations.compactMap { $0.notes["number"].flatMap { Int($0) } }.max() ?? 0
        let number = lastNumber.withLock { last in
            last = max(last, taken, promised) + 1
            return last
        }
        return (String(number), number)
    }

    /// An operation on a machine that there is.
    func change(
        _ method: ProviderMethod, _ id: String, _ field: String, _ request: [UInt8], _ call: RPCCall, variant: String = "",
        check: (_ uuid: String) async throws(RPCError) -> Void = { _ in }
    ) async throws(RPCError) -> TaskResponse {
        let operation = try await engine.accept(method, request: request, token: try token(call)) { _ throws(RPCError) in
            let uuid = try await uuid(id, field)
            try await check(uuid)
            return OperationDraft(target: id, variant: variant, locks: ["vm:" + uuid], notes: ["uuid": uuid])
        }
        return TaskResponse(task: TaskRef(id: operation.id))
    }
}
