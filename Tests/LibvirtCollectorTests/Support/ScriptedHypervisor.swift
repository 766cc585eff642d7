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
        /// Domains that a command of somebody else holds.
        var held: Set<String> = []
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

    /// Waits while the call hangs; while it does, its domain is held, and others that ask it are told less.
    func enter(_ call: String, _ uuids: [String] = []) {
        set { $0.calls[call, default: 0] += 1 }
        let names = [call] + uuids.map { "\(call) \($0)" }
        guard let hang = get({ state in names.first(where: state.hanging.contains) }) else { return }
        let uuid = uuids.first { hang.hasSuffix($0) }
        // A domain that is held already is passed by, as libvirt does when it is told not to wait.
        if let uuid, held.withLock({ $0[uuid] ?? 0 }) > 0, call == ShardReading.call { return }
        if let uuid { held.withLock { $0[uuid, default: 0] += 1 } }
        defer { if let uuid { held.withLock { $0[uuid] = max(0, ($0[uuid] ?? 0) - 1) } } }
        while get({ $0.hanging.contains(hang) }) { ThreadPause.run() }
    }

    func isHeld(_ uuid: String) -> Bool { get { $0.held.contains(uuid) } || held.withLock { $0[uuid] ?? 0 } > 0 }
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

    func domains(skipping skipped: Set<String>, _ step: (_ call: String, _ uuid: String) -> Void) -> Result<[DomainBasics], SourceError> {
        answer("virConnectListAllDomains") { ($0.domains, $0.tellsControls) }.map { domains, tellsControls in
            domains.map { domain in
                var domain = domain
                guard !skipped.contains(domain.uuid) else { return domain }
                step("virDomainGetInfo", domain.uuid)
                self.hypervisor.enter("virDomainGetInfo", [domain.uuid])
                if tellsControls, domain.isActive { domain.control = self.control(domain.uuid) }
                return domain
            }
        }
    }

    private func control(_ uuid: String) -> DomainControl {
        hypervisor.isHeld(uuid) ? DomainControl(state: .occupied, seconds: 1000) : DomainControl(state: .ok, seconds: 0)
    }

    func controls(_ uuids: [String]) -> Result<[String: DomainControl], SourceError> {
        answer("virDomainGetControlInfo") { $0.tellsControls }.map { tellsControls in
            tellsControls ? Dictionary(uniqueKeysWithValues: uuids.map { ($0, self.control($0)) }) : [:]
        }
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
