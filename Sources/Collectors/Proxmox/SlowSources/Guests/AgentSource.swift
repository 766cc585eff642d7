import Metrics
import ProxmoxAPI

/// What the guest agent tells from inside virtual machines. One that is dead costs a worker of the node three seconds, so it is asked ever
/// more rarely.
struct AgentSource: SlowSource {
    struct Reading: Sendable {
        var isUp = false
        var fileSystems: [AgentFileSystem] = []
        var addresses: [GuestAddress] = []
        var system: AgentSystem?
        /// When addresses and system are asked for again.
        var nextIdentity = -Double.infinity
        /// Times in a row that it was dead.
        var failures = 0
    }

    private static let fileSystemLabels = GuestFamilies.labels.adding("mountpoint", "fstype", "device")
    private static let systemLabels = GuestFamilies.labels.adding("os", "os_name", "os_version", "kernel")
    /// Who a guest is changes more rarely than how full its disks are.
    private static let identitySeconds = 1800.0

    /// Who has one, where configurations are asked for; else it shows when a machine is asked.
    private var switches: AgentSwitches?
    var profile = SlowProfile(
        name: "agent", scope: .guest, periodSeconds: 300,
        endpoint: "/nodes/N/qemu/ID/agent/get-fsinfo, network-get-interfaces, get-osinfo")
    private let up: Metric
    private let size: Metric
    private let used: Metric
    private let system: Metric
    private let addresses: AddressFamily

    init(_ catalogue: inout Catalogue, _ addresses: AddressFamily) {
        let source = "/nodes/N/qemu/ID/agent/"
        self.addresses = addresses
        up = catalogue.gauge(
            "pve_guest_agent_up",
            "1 if the guest agent answered when it was last asked, for a dead one up to an hour ago; absent where it is not switched on or the machine does not run.",
            labels: GuestFamilies.labels,
            source: source + "get-fsinfo")
        size = catalogue.gauge(
            "pve_guest_filesystem_size_bytes", "Size of a file system inside the guest.", labels: Self.fileSystemLabels, detail: .disk,
            source: source + "get-fsinfo total-bytes")
        used = catalogue.gauge(
            "pve_guest_filesystem_used_bytes", "Used space of a file system inside the guest.", labels: Self.fileSystemLabels,
            detail: .disk, source: source + "get-fsinfo used-bytes")
        system = catalogue.info(
            "pve_guest_os_info", "The operating system inside the guest.", labels: Self.systemLabels,
            source: source + "get-osinfo id, pretty-name, version-id, kernel-release")
    }

    func subjects(_ picture: ClusterPicture) -> [SlowSubject] {
        let hasAgent = switches?.known(of: picture)
        return picture.guestsInOrder.filter { guest in
            guest.kind == .qemu && guest.isRunning == true && hasAgent.map { $0[guest.vmid] == true } ?? true
        }.map(SlowSubject.guest)
    }

    mutating func connect(_ switches: AgentSwitches?) { self.switches = switches }

    func ask(_ subject: SlowSubject, _ call: SlowCall, last: Reading?) async throws(ProxmoxError) -> Reading {
        guard let vmid = subject.guest?.vmid else { throw .malformed("agent", "no guest") }
        var reading = last ?? Reading()
        do throws(ProxmoxError) {
            reading.fileSystems = try await call.client.fileSystems(of: vmid, on: subject.node, http: call.http, by: call.deadline)
        } catch {
            if error.isOfDeadAgent { return Reading(failures: reading.failures + 1) }
            // It is there and cannot do this.
            guard error.isOfAgentItself else { throw error }
            reading.fileSystems = []
        }
        reading.isUp = true
        reading.failures = 0
        guard call.timer.seconds >= reading.nextIdentity else { return reading }
        // An agent may lack either command.
        if let addresses = try? await call.client.agentAddresses(of: vmid, on: subject.node, http: call.http, by: call.deadline) {
            reading.addresses = addresses
        }
        if let system = try? await call.client.agentSystem(of: vmid, on: subject.node, http: call.http, by: call.deadline) {
            reading.system = system
        }
        reading.nextIdentity = call.timer.seconds + Self.identitySeconds
        return reading
    }

    func delaySeconds(after reading: Reading) -> Double? {
        reading.isUp ? nil : min(max(3600, profile.periodSeconds), profile.periodSeconds * Double(1 << min(reading.failures, 10)))
    }

    /// Also where the right is missing, which pve_missing_privilege_info tells: on version 8 it is more than an auditor has.
    func isAbsence(_ error: ProxmoxError) -> Bool { error.isOfGuestElsewhere || error.isOfNoAgent || error.kind == .forbidden }

    func write(_ subject: SlowSubject, _ reading: Reading, into page: inout SlowPage) {
        guard let guest = page.picture.guest(subject), let labels = page.labels(ofGuest: guest.vmid) else { return }
        page.buffer.add(up, labels, reading.isUp)
        let identity = [page.cluster, guest.node, String(guest.vmid), guest.identity.name, guest.kind.rawValue]
        if let inside = reading.system {
            let labels = page.buffer.labels(Self.systemLabels, identity + [inside.id, inside.name, inside.version, inside.kernel])
            page.buffer.add(system, labels, true)
        }
        guard page.detail >= .disk else { return }
        var seen: Set<[String]> = []
        for fileSystem in reading.fileSystems {
            let own = [fileSystem.mountPoint, fileSystem.type, fileSystem.device]
            guard seen.insert(own).inserted else { continue }
            let labels = page.buffer.labels(Self.fileSystemLabels, identity + own)
            page.buffer.add(size, labels, fileSystem.totalBytes)
            page.buffer.add(used, labels, fileSystem.usedBytes)
        }
        addresses.write(guest, reading.addresses, into: &page)
    }
}

extension ProxmoxError {
    /// The agent is switched on and does not answer.
    fileprivate var isOfDeadAgent: Bool {
        status == 500 && (description.contains("guest agent is not running") || description.contains("timeout"))
    }

    fileprivate var isOfAgentItself: Bool { status == 500 && description.contains("Agent error") }

    /// There is none, or the machine has stopped since the last scrape.
    fileprivate var isOfNoAgent: Bool {
        status == 500
            && (description.contains("No QEMU guest agent configured")
                || description.contains("VM") && description.contains("is not running"))
    }
}
