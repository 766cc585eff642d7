import LibvirtAPI
import Primitives
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
/// Domains are found anew in each call by one list of all: what a reference to a domain is good for ends with its connection, and a list costs less than
/// looking each up by its UUID.
private struct LibvirtWatcher: HypervisorConnection {
    private let connection: LibvirtConnection

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

    func domains(skipping skipped: Set<String>, _ step: (_ call: String, _ uuid: String) -> Void) -> Result<[DomainBasics], SourceError> {
        attempt { () throws(LibvirtError) in
            let domains = try connection.domains()
            let persistent = Set(try connection.domains(.persistent).map(\.uuid))
            let autostarted = Set(try connection.domains(.autostarted).map(\.uuid))
            let saved = Set(try connection.domains(.saved).map(\.uuid))
            var states: [String: DomainState] = [:]
            for record in try connection.statistics(.state) { states[record.uuid] = Self.state(record.parameters) }
            return domains.map { domain in
                var basics = DomainBasics(uuid: domain.uuid, name: domain.name, id: domain.number, state: states[domain.uuid])
                basics.isPersistent = persistent.contains(domain.uuid)
                basics.isAutostarted = autostarted.contains(domain.uuid)
                basics.hasManagedSave = saved.contains(domain.uuid)
                guard !skipped.contains(domain.uuid) else { return basics }
                step("virDomainGetInfo", domain.uuid)
                if let info = try? domain.info() {
                    basics.maximumMemoryBytes = Double(info.maximumMemoryKiB) * Self.kibibyte
                    basics.virtualCPUs = Double(info.virtualCPUs)
                    // Of one that is off they are what it will begin with.
                    if basics.isActive {
                        basics.memoryBytes = Double(info.memoryKiB) * Self.kibibyte
                        basics.cpuSeconds = Double(info.cpuNanoseconds) / 1e9
                    }
                }
                if basics.isActive {
                    step("virDomainGetControlInfo", domain.uuid)
                    basics.control = Self.control(domain)
                }
                return basics
            }
        }
    }

    private static func state(_ parameters: [TypedParameter]) -> DomainState? {
        func number(_ name: String) -> Int? { parameters.first { $0.name == name }?.number.flatMap { Int(exactly: $0) } }
        guard let state = number("state.state") else { return nil }
        return DomainState(state: state, reason: number("state.reason") ?? 0)
    }

    private static func control(_ domain: LibvirtDomain) -> DomainControl? {
        guard let control = try? domain.control(), let state = control.state else { return nil }
        return DomainControl(state: DomainControl.State(state), seconds: Double(control.milliseconds) / 1000)
    }

    func controls(_ uuids: [String]) -> Result<[String: DomainControl], SourceError> {
        found(uuids).map { $0.compactMapValues(Self.control) }
    }

    /// Those that are there and run.
    private func found(_ uuids: [String]) -> Result<[String: LibvirtDomain], SourceError> {
        let wanted = Set(uuids)
        return attempt { () throws(LibvirtError) in
            let domains = try connection.domains(.active).filter { wanted.contains($0.uuid) }
            return Dictionary(domains.map { ($0.uuid, $0) }, uniquingKeysWith: { first, _ in first })
        }
    }

    func statistics(_ uuids: [String]) -> Result<[String: DomainStatistics], SourceError> {
        found(uuids).flatMap { domains in
            attempt { () throws(LibvirtError) in
                let records = try connection.statistics(of: domains.values.sorted { $0.uuid < $1.uuid }, Self.groups)
                return Dictionary(
                    records.map { ($0.uuid, DomainStatistics($0.parameters.map { Statistic($0) })) },
                    uniquingKeysWith: { first, _ in first })
            }
        }
    }

    private func domain<Value>(_ uuid: String, _ body: (LibvirtDomain) throws(LibvirtError) -> Value) -> Result<Value, SourceError> {
        attempt { () throws(LibvirtError) in try body(try connection.domain(uuid: uuid)) }
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
