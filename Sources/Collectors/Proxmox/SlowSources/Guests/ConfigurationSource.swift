import Metrics
import ProxmoxAPI

/// How guests are set up, for joins: what they have, where their disks lie, and which cards of the host are theirs.
struct ConfigurationSource: SlowSource {
    private static let infoLabels = GuestFamilies.labels.adding("ostype", "vcpus", "memory_gb", "tags", "disk_type")
    private static let diskLabels = GuestFamilies.labels.adding("device", "storage", "volume")
    private static let cardLabels = GuestFamilies.labels.adding("device", "address", "mapping", "mdev")

    var profile = SlowProfile(
        name: "config", scope: .guest, periodSeconds: 900, endpoint: "/nodes/N/qemu/ID/config, /nodes/N/lxc/ID/config")
    /// Told whose agent is switched on.
    private var switches: AgentSwitches?
    private let info: Metric
    private let startsOnBoot: Metric
    private let agent: Metric
    private let diskSize: Metric
    private let card: Metric

    init(_ catalogue: inout Catalogue) {
        let source = profile.endpoint + ": "
        info = catalogue.info(
            "pve_guest_config_info",
            "How the guest is set up: CPUs (empty for a container without a limit), memory in GiB, and the plugin of its boot disk's storage.",
            labels: Self.infoLabels,
            source: source + "ostype, sockets, cores, vcpus, memory, boot")
        startsOnBoot = catalogue.gauge(
            "pve_guest_onboot", "1 if the guest starts when its node does.", labels: GuestFamilies.labels, source: source + "onboot")
        agent = catalogue.gauge(
            "pve_guest_agent_enabled", "1 if the guest agent of the virtual machine is switched on.", labels: GuestFamilies.labels,
            source: source + "agent")
        diskSize = catalogue.gauge(
            "pve_guest_disk_size_bytes", "Size of a virtual disk or of a container's file system, and the volume that it is.",
            labels: Self.diskLabels, detail: .disk, source: source + "scsi0, virtio0, rootfs, … size")
        card = catalogue.info(
            "pve_guest_pci_passthrough_info", "A card of the node that the virtual machine has for itself.", labels: Self.cardLabels,
            source: source + "hostpci0, …")
    }

    mutating func connect(_ switches: AgentSwitches?) { self.switches = switches }

    func ask(_ subject: SlowSubject, _ call: SlowCall, last: GuestConfiguration?) async throws(ProxmoxError) -> GuestConfiguration {
        guard let guest = subject.guest else { throw .malformed("config", "no guest") }
        let configuration = try await call.client.configuration(
            of: guest.vmid, guest.kind, on: subject.node, http: call.http, by: call.deadline)
        if let hasAgent = configuration.hasAgent { switches?.learn(guest.vmid, hasAgent) }
        return configuration
    }

    func isAbsence(_ error: ProxmoxError) -> Bool { error.isOfGuestElsewhere }

    func write(_ subject: SlowSubject, _ configuration: GuestConfiguration, into page: inout SlowPage) {
        guard let guest = page.picture.guest(subject), let labels = page.labels(ofGuest: guest.vmid) else { return }
        let boot = configuration.bootDisk?.storage.map { ClusterPicture.Storage(node: guest.node, name: $0) }
        let infoLabels = page.buffer.labels(
            Self.infoLabels, page.cluster, guest.node, String(guest.vmid), guest.identity.name, guest.kind.rawValue,
            configuration.systemType ?? "", configuration.cpus.map(String.init) ?? "",
            configuration.memoryBytes.map { Self.text($0 / 1_073_741_824) } ?? "", configuration.tags ?? "",
            boot.flatMap(page.picture.storageType) ?? "")
        page.buffer.add(info, infoLabels, true)
        page.buffer.add(startsOnBoot, labels, configuration.startsOnBoot)
        page.buffer.add(agent, labels, configuration.hasAgent)
        var seen: Set<[String]> = []
        for passthrough in configuration.passthrough where seen.insert([passthrough.device, passthrough.address]).inserted {
            let cardLabels = page.buffer.labels(
                Self.cardLabels, page.cluster, guest.node, String(guest.vmid), guest.identity.name, guest.kind.rawValue,
                passthrough.device, passthrough.address, passthrough.mapping, passthrough.mediatedDevice)
            page.buffer.add(card, cardLabels, true)
        }
        guard page.detail >= .disk else { return }
        for disk in configuration.disks {
            guard let size = disk.sizeBytes else { continue }
            let diskLabels = page.buffer.labels(
                Self.diskLabels, page.cluster, guest.node, String(guest.vmid), guest.identity.name, guest.kind.rawValue, disk.device,
                disk.storage ?? "", disk.volume)
            page.buffer.add(diskSize, diskLabels, size)
        }
    }

    /// `4`, `0.5`
    private static func text(_ number: Double) -> String { Int(exactly: number).map(String.init) ?? "\(number)" }
}

extension ProxmoxError {
    /// The guest has moved on or is gone since the last scrape.
    var isOfGuestElsewhere: Bool { status == 500 && description.contains("does not exist") }
}
