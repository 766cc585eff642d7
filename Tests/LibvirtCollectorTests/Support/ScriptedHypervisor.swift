import LibvirtAPI
import Synchronization

@testable import LibvirtCollector

/// A hypervisor that says what a test wants, and of which some domains hang.
final class ScriptedHypervisor: HypervisorSource {
    struct State {
        var domains: [DomainBasics] = []
        var statistics: [String: [Statistic]] = [:]
        var definitions: [String: DomainDefinition] = [:]
        var snapshots: [String: SnapshotSummary] = [:]
        var jobs: [String: DomainDetails.Job] = [:]
        var blockJobs: [String: DomainDetails.BlockJob] = [:]
        var diskErrors: [String: [String: Int]] = [:]
        var host = HostRecord()
        var pools: [PoolRecord] = []
        var networks: [NetworkRecord] = []
        /// What calls answer with in place of anything, by call.
        var errors: [String: SourceError] = [:]
        /// Calls that hang, of all domains or of one: `call` or `call uuid`.
        var hanging: Set<String> = []
        /// Domains that a command of somebody else holds, which is not answered.
        var held: Set<String> = []
        /// Domains that a job holds which lets nothing else in and is well, as a snapshot with memory.
        var busy: Set<String> = []
        /// Domains of which libvirt says that they are at a job, whatever becomes of their commands, as in a migration.
        var atJob: Set<String> = []
        /// For how long a command has waited for its answer where one does.
        var occupiedSeconds = 1000.0
        /// Told of each call that begins to hang, and of whom it is, so that no test has to wait for its time to pass.
        var hangs: @Sendable (_ call: String, _ uuid: String?) -> Void = { _, _ in }
        /// Whether libvirt says which monitor owes an answer.
        var tellsControls = true
        /// How often its daemon was restarted; connections of before are lost.
        var restarts = 0
        /// Connections that are open, and calls that were made.
        var open = 0
        var calls: [String: Int] = [:]
    }

    private let state = Mutex(State())
    /// Threads that hang in each domain.
    private let held = Mutex<[String: Int]>([:])

    init(_ prepare: (inout State) -> Void = { _ in }) { set(prepare) }

    func set(_ change: (inout State) -> Void) { state.withLock { change(&$0) } }

    func get<Value: Sendable>(_ read: (State) -> Value) -> Value { state.withLock { read($0) } }

    func open() -> Result<any HypervisorConnection, SourceError> {
        enter("open")
        if let error = get({ $0.errors["open"] }) { return .failure(error) }
        set { $0.open += 1 }
        return .success(ScriptedConnection(self))
    }

    /// Calls that wait for whoever holds their domain.
    private static let waiting: Set<String> = ["virDomainGetJobStats", "virDomainGetBlockJobInfo", "virDomainGetDiskErrors"]

    /// Waits while the call hangs; while it does, its domain is held, and others that ask it are told less.
    func enter(_ call: String, _ uuids: [String] = []) {
        set { $0.calls[call, default: 0] += 1 }
        if get({ $0.hanging.contains(call) }) { hang(call, nil) { $0.hanging.contains(call) } }
        for uuid in uuids {
            if Self.waiting.contains(call), get({ $0.busy.contains(uuid) }) { hang(call, uuid) { $0.busy.contains(uuid) } }
            guard get({ $0.hanging.contains("\(call) \(uuid)") }), hold(uuid, passingBy: call == ShardReading.call) else { continue }
            hang(call, uuid) { $0.hanging.contains("\(call) \(uuid)") }
            held.withLock { $0[uuid] = max(0, ($0[uuid] ?? 0) - 1) }
        }
    }

    private func hang(_ call: String, _ uuid: String?, while isSo: (State) -> Bool) {
        get(\.hangs)(call, uuid)
        while get(isSo) { ThreadPause.run() }
    }

    /// - Parameter passingBy: one that is held already, as libvirt does when it is told not to wait.
    private func hold(_ uuid: String, passingBy: Bool) -> Bool {
        let isBusy = get { $0.held.contains(uuid) || $0.busy.contains(uuid) }
        return held.withLock { held in
            if passingBy, isBusy || held[uuid] ?? 0 > 0 { return false }
            held[uuid, default: 0] += 1
            return true
        }
    }

    func isHeld(_ uuid: String) -> Bool {
        get { $0.held.contains(uuid) || $0.busy.contains(uuid) } || held.withLock { $0[uuid] ?? 0 } > 0
    }

    func control(_ uuid: String) -> DomainControl {
        guard isHeld(uuid) else { return DomainControl(state: .ok, seconds: 0) }
        return get { state in
            DomainControl(
                state: state.busy.contains(uuid) || state.atJob.contains(uuid) ? .job : .occupied, seconds: state.occupiedSeconds)
        }
    }
}

final class ScriptedConnection: HypervisorConnection {
    private let hypervisor: ScriptedHypervisor
    private let restarts: Int

    init(_ hypervisor: ScriptedHypervisor) {
        self.hypervisor = hypervisor
        restarts = hypervisor.get(\.restarts)
    }

    private func answer<Value: Sendable>(
        _ call: String, _ uuids: [String] = [], _ read: (ScriptedHypervisor.State) -> Value?
    ) -> Result<Value, SourceError> {
        hypervisor.enter(call, uuids)
        if hypervisor.get(\.restarts) != restarts { return .failure(SourceError(.lost, "the daemon was restarted")) }
        if let error = hypervisor.get({ state in state.errors[call] ?? uuids.compactMap { state.errors["\(call) \($0)"] }.first }) {
            return .failure(error)
        }
        guard let value = hypervisor.get({ read($0) }) else { return .failure(SourceError(.gone, "no such domain")) }
        return .success(value)
    }

    func host() -> Result<HostRecord, SourceError> { answer("virNodeGetInfo") { $0.host } }

    func domains() -> Result<[DomainBasics], SourceError> { answer("virConnectListAllDomains") { $0.domains } }

    func states() -> Result<[String: DomainState], SourceError> {
        answer("virConnectGetAllDomainStats") { state in
            Dictionary(
                state.domains.compactMap { domain in domain.state.map { (domain.uuid, $0) } }, uniquingKeysWith: { first, _ in first })
        }
    }

    func state(_ uuid: String) -> Result<DomainState, SourceError> {
        answer("virDomainGetState", [uuid]) { state in state.domains.first { $0.uuid == uuid }?.state }
    }

    func info(_ uuid: String) -> Result<DomainInfo, SourceError> {
        answer("virDomainGetInfo", [uuid]) { state in
            state.domains.first { $0.uuid == uuid }.map {
                DomainInfo(
                    maximumMemoryBytes: $0.maximumMemoryBytes, memoryBytes: $0.memoryBytes, virtualCPUs: $0.virtualCPUs,
                    cpuSeconds: $0.cpuSeconds)
            }
        }
    }

    func control(_ uuid: String) -> Result<DomainControl?, SourceError> {
        guard hypervisor.get(\.tellsControls) else { return .failure(SourceError(.unsupported, "not by this driver")) }
        return answer(MonitorReading.call, [uuid]) { _ in true }.map { _ in hypervisor.control(uuid) }
    }

    func statistics(_ uuids: [String]) -> Result<[String: DomainStatistics], SourceError> {
        answer(ShardReading.call, uuids) { $0.statistics.filter { uuids.contains($0.key) } }.map { told in
            Dictionary(
                uniqueKeysWithValues: told.map { uuid, statistics in
                    let isHeld = self.hypervisor.isHeld(uuid)
                    return (uuid, DomainStatistics(isHeld ? statistics.filter { $0.name != "balloon.rss" } : statistics))
                })
        }
    }

    func definition(_ uuid: String) -> Result<DomainDefinition, SourceError> {
        answer("virDomainGetXMLDesc", [uuid]) { $0.definitions[uuid] }
    }

    func snapshots(_ uuid: String) -> Result<SnapshotSummary, SourceError> {
        answer("virDomainListAllSnapshots", [uuid]) { $0.snapshots[uuid] }
    }

    func job(_ uuid: String) -> Result<DomainDetails.Job, SourceError> {
        answer("virDomainGetJobStats", [uuid]) { $0.jobs[uuid] ?? .init(type: 0) }
    }

    func blockJob(_ uuid: String, disk: String) -> Result<DomainDetails.BlockJob?, SourceError> {
        answer("virDomainGetBlockJobInfo", [uuid]) { .some($0.blockJobs[uuid].flatMap { $0.disk == disk ? $0 : nil }) }
    }

    func diskErrors(_ uuid: String) -> Result<[String: Int], SourceError> {
        answer("virDomainGetDiskErrors", [uuid]) { $0.diskErrors[uuid] ?? [:] }
    }

    func pools() -> Result<[PoolRecord], SourceError> { answer("virConnectListAllStoragePools") { $0.pools } }

    func networks() -> Result<[NetworkRecord], SourceError> { answer("virConnectListAllNetworks") { $0.networks } }

    func close() { hypervisor.set { $0.open -= 1 } }
}
