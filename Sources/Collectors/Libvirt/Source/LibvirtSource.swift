import LibvirtAPI
import Primitives
import Synchronization
import XML

/// libvirt's own library, loaded when there is one.
struct LibvirtSource: HypervisorSource {
    let uri: String

    func open() -> Result<any HypervisorConnection, SourceError> {
        let library: LibvirtLibrary
        do throws(Failure) { library = try LibvirtLibrary.load() } catch { return .failure(SourceError(.failed, error.message)) }
        do throws(LibvirtError) {
            return .success(LibvirtWatcher(try LibvirtConnection.openReadOnly(uri, library: library)))
        } catch {
            return .failure(SourceError(error))
        }
    }
}

/// A connection of libvirt's that can only look.
///
/// Domains are found by lists, and what was found is kept for the calls that follow: looking each up by its UUID would be one more call of the daemon
/// for each.
private final class LibvirtWatcher: HypervisorConnection {
    private let connection: LibvirtConnection
    private let found = Mutex<[String: LibvirtDomain]>([:])

    /// Past so many none is kept beside those of the last list.
    private static let foundLimit = 256
    /// What is asked in one call. Not `cpu`, which asks each QEMU once more for what is told by `vcpu` and virDomainGetInfo.
    private static let groups: LibvirtConnection.StatisticsGroups = [.state, .vcpu, .block, .interface, .balloon]
    /// Snapshots whose times are read; of a domain with more only their number is shown.
    private static let snapshotLimit = 256
    private static let kibibyte = 1024.0

    init(_ connection: LibvirtConnection) { self.connection = connection }

    private func attempt<Value>(_ body: () throws(LibvirtError) -> Value) -> Result<Value, SourceError> {
        do throws(LibvirtError) {
            return .success(try body())
        } catch {
            // What a connection that has broken says of a call may be anything.
            return .failure(connection.isAlive ? SourceError(error) : SourceError(.lost, error.message))
        }
    }

    func host() -> Result<HostRecord, SourceError> {
        attempt { () throws(LibvirtError) in
            let node = try connection.nodeInfo()
            var record = HostRecord()
            record.model = node.model
            (record.cpus, record.memoryBytes) = (Double(node.activeCPUs), Double(node.memoryKiB) * Self.kibibyte)
            (record.numaNodes, record.sockets) = (Double(node.numaNodes), Double(node.socketsPerNode))
            (record.coresPerSocket, record.threadsPerCore) = (Double(node.coresPerSocket), Double(node.threadsPerCore))
            record.hostname = (try? connection.hostName()) ?? ""
            record.hypervisor = (try? connection.driver()) ?? ""
            record.hypervisorVersion = Self.version(try? connection.hypervisorVersion())
            record.daemonVersion = Self.version(try? connection.daemonVersion())
            record.libraryVersion = Self.version(connection.library.version)
            return record
        }
    }

    /// `9.0.0` of 9000000; empty where it is not known.
    private static func version(_ number: UInt?) -> String {
        guard let number, number > 0 else { return "" }
        return "\(number / 1_000_000).\(number / 1000 % 1000).\(number % 1000)"
    }

    func domains() -> Result<[DomainBasics], SourceError> {
        attempt { () throws(LibvirtError) in
            let domains = try connection.domains()
            keep(domains)
            let persistent = try marked(.persistent)
            let autostarted = try marked(.autostarted)
            let saved = try marked(.saved)
            return domains.map { domain in
                var basics = DomainBasics(uuid: domain.uuid, name: domain.name, id: domain.number)
                basics.isPersistent = persistent?.contains(domain.uuid)
                basics.isAutostarted = autostarted?.contains(domain.uuid)
                basics.hasManagedSave = saved?.contains(domain.uuid)
                return basics
            }
        }
    }

    /// nil where this hypervisor has no such mark.
    private func marked(_ filter: LibvirtConnection.DomainFilter) throws(LibvirtError) -> Set<String>? {
        do throws(LibvirtError) {
            return Set(try connection.domains(filter).map(\.uuid))
        } catch {
            guard error.isMissing else { throw error }
            return nil
        }
    }

    func states() -> Result<[String: DomainState], SourceError> {
        bulk { () throws(LibvirtError) in
            var states: [String: DomainState] = [:]
            for record in try connection.statistics(.state) { states[record.uuid] = Self.state(record.parameters) }
            return states
        }
    }

    /// A call about many domains that is told not to wait: only QEMU's driver has it, and of that libvirt 4.5 and newer.
    private func bulk<Value>(_ body: () throws(LibvirtError) -> Value) -> Result<Value, SourceError> {
        attempt { () throws(LibvirtError) in
            do throws(LibvirtError) {
                return .success(try body())
            } catch {
                guard error.isMissing else { throw error }
                return .failure(SourceError(.unsupported, error.message))
            }
        }.flatMap { (result: Result<Value, SourceError>) in result }
    }

    func state(_ uuid: String) -> Result<DomainState, SourceError> {
        domain(uuid) { domain throws(LibvirtError) in try domain.state() }
    }

    func info(_ uuid: String) -> Result<DomainInfo, SourceError> {
        domain(uuid) { domain throws(LibvirtError) in
            let info = try domain.info()
            return DomainInfo(
                maximumMemoryBytes: Double(info.maximumMemoryKiB) * Self.kibibyte, memoryBytes: Double(info.memoryKiB) * Self.kibibyte,
                virtualCPUs: Double(info.virtualCPUs), cpuSeconds: Double(info.cpuNanoseconds) / 1e9)
        }
    }

    func control(_ uuid: String) -> Result<DomainControl?, SourceError> {
        domain(uuid) { domain throws(LibvirtError) in
            let control = try domain.control()
            return control.state.map { DomainControl(state: DomainControl.State($0), seconds: Double(control.milliseconds) / 1000) }
        }
    }

    private static func state(_ parameters: [TypedParameter]) -> DomainState? {
        func number(_ name: String) -> Int? { parameters.first { $0.name == name }?.number.flatMap { Int(exactly: $0) } }
        guard let state = number("state.state") else { return nil }
        return DomainState(state: state, reason: number("state.reason") ?? 0)
    }

    private func keep(_ domains: [LibvirtDomain]) {
        let kept = Dictionary(domains.map { ($0.uuid, $0) }, uniquingKeysWith: { first, _ in first })
        found.withLock { $0 = kept }
    }

    func statistics(_ uuids: [String]) -> Result<[String: DomainStatistics], SourceError> {
        let wanted = Set(uuids)
        return bulk { () throws(LibvirtError) in
            // Those that are there and run.
            let domains = try connection.domains(.active).filter { wanted.contains($0.uuid) }
            keep(domains)
            let records = try connection.statistics(of: domains.sorted { $0.uuid < $1.uuid }, Self.groups)
            return Dictionary(
                records.map { ($0.uuid, DomainStatistics($0.parameters.map { Statistic($0) })) }, uniquingKeysWith: { first, _ in first })
        }
    }

    private func domain<Value>(_ uuid: String, _ body: (LibvirtDomain) throws(LibvirtError) -> Value) -> Result<Value, SourceError> {
        attempt { () throws(LibvirtError) in
            if let domain = found.withLock({ $0[uuid] }) { return try body(domain) }
            let domain = try connection.domain(uuid: uuid)
            found.withLock { found in
                if found.count >= Self.foundLimit { found = [:] }
                found[uuid] = domain
            }
            return try body(domain)
        }
    }

    func definition(_ uuid: String) -> Result<DomainDefinition, SourceError> {
        domain(uuid) { domain throws(LibvirtError) in try domain.xml() }.flatMap { text in
            do throws(Failure) {
                return .success(DomainDefinition(try XMLReader.read(text, source: "description of domain \(uuid)")))
            } catch {
                return .failure(SourceError(.failed, error.message))
            }
        }
    }

    func snapshots(_ uuid: String) -> Result<SnapshotSummary, SourceError> {
        domain(uuid) { domain throws(LibvirtError) in
            let found = try domain.snapshots(describing: Self.snapshotLimit)
            return SnapshotSummary(count: found.count, descriptions: found.descriptions)
        }
    }

    func job(_ uuid: String) -> Result<DomainDetails.Job, SourceError> {
        domain(uuid) { domain throws(LibvirtError) in
            let job = try domain.jobStatistics()
            return DomainDetails.Job(type: job.type, job.parameters.map { Statistic($0) })
        }
    }

    func blockJob(_ uuid: String, disk: String) -> Result<DomainDetails.BlockJob?, SourceError> {
        domain(uuid) { domain throws(LibvirtError) in
            try domain.blockJob(disk: disk).map {
                DomainDetails.BlockJob(disk: disk, type: $0.type, position: Double($0.position), end: Double($0.end))
            }
        }
    }

    func diskErrors(_ uuid: String) -> Result<[String: Int], SourceError> {
        domain(uuid) { domain throws(LibvirtError) in
            Dictionary(try domain.diskErrors().map { ($0.disk, $0.code) }, uniquingKeysWith: { first, _ in first })
        }
    }

    func pools() -> Result<[PoolRecord], SourceError> {
        attempt { () throws(LibvirtError) in
            try connection.poolStatuses().map { status in
                var pool = PoolRecord(name: status.name)
                if let description = status.description,
                    let root = try? XMLReader.read(description, source: "description of storage pool \(status.name)")
                {
                    pool.type = root["type"] ?? ""
                }
                (pool.state, pool.isAutostarted) = (status.state, status.isAutostarted)
                // Of one that is not active nothing is measured.
                guard let state = status.state, state != PoolRecord.inactiveState else { return pool }
                (pool.capacityBytes, pool.allocationBytes) = (status.capacity.map { Double($0) }, status.allocation.map { Double($0) })
                pool.availableBytes = status.available.map { Double($0) }
                return pool
            }
        }
    }

    func networks() -> Result<[NetworkRecord], SourceError> {
        attempt { () throws(LibvirtError) in
            try connection.networkStatuses().map { status in
                var network = NetworkRecord(name: status.name)
                (network.bridge, network.isActive, network.isAutostarted) = (status.bridge, status.isActive, status.isAutostarted)
                return network
            }
        }
    }

    /// The last reference closes it.
    func close() {}
}

extension SourceError {
    fileprivate init(_ error: LibvirtError) {
        let kind: Kind =
            switch error.kind {
            case .noDomain, .noSnapshot, .noStoragePool, .noNetwork: .gone
            case .unreachable: .lost
            case .authenticationFailed, .accessDenied: .denied
            case .notSupported: .unsupported
            default: .failed
            }
        self.init(kind, error.message)
    }
}

extension LibvirtError {
    /// Whether there is no such call, or it does not know what it was told: an older version calls a flag that it has not a wrong argument.
    fileprivate var isMissing: Bool { kind == .notSupported || kind == .invalidArgument }
}

extension DomainControl.State {
    fileprivate init(_ state: LibvirtDomain.Control.State) {
        self =
            switch state {
            case .ok: .ok
            case .job: .job
            case .occupied: .occupied
            case .error: .error
            }
    }
}

extension Statistic {
    fileprivate init(_ parameter: TypedParameter) {
        if let text = parameter.text { self.init(parameter.name, text: text) } else { self.init(parameter.name, parameter.number ?? .nan) }
    }
}
