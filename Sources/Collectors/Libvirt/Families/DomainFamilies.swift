import LibvirtAPI
import Metrics

/// What a domain is and how it is, without a word of its QEMU.
struct DomainFamilies: Sendable {
    private static let labels = LibvirtFamilies.domainLabels
    private static let stateLabels = labels.adding("state", "reason")
    private static let infoLabels = labels.adding("title", "os_type", "os_type_arch", "os_type_machine")
    private static let openStackLabels = labels.adding(
        "instance_name", "instance_id", "flavor_name", "user_name", "user_id", "project_name", "project_id")

    private let code, state: Metric
    private let maximumMemory, memory, cpus, cpuTime: Metric
    private let autostart, persistent, managedSave: Metric
    private let snapshots, oldest, newest: Metric
    private let info, openStack: Metric

    init(_ catalogue: inout Catalogue) {
        func gauge(_ name: String, _ help: String, source: String) -> Metric {
            catalogue.gauge("libvirt_domain_" + name, help, labels: Self.labels, source: source)
        }
        code = gauge(
            "state_code",
            "The domain's state: 0 none, 1 running, 2 blocked, 3 paused, 4 shutting down, 5 shut off, 6 crashed, 7 suspended by its guest.",
            source: "virDomainGetState state")
        state = catalogue.info(
            "libvirt_domain_state_info", "The domain's state and why it is in it, as paused and ioerror.", labels: Self.stateLabels,
            source: "virDomainGetState state, reason")
        maximumMemory = gauge("info_maximum_memory_bytes", "Memory that the domain may have at most.", source: "virDomainGetInfo maxMem")
        memory = gauge(
            "info_memory_usage_bytes", "Memory that the domain has, as the balloon leaves it; not what its guest uses.",
            source: "virDomainGetInfo memory")
        cpus = gauge("info_virtual_cpus", "Virtual CPUs of the domain.", source: "virDomainGetInfo nrVirtCpu")
        cpuTime = catalogue.counter(
            "libvirt_domain_info_cpu_time_seconds_total", "CPU time of the domain, that of its QEMU itself included.", labels: Self.labels,
            source: "virDomainGetInfo cpuTime")
        autostart = gauge("autostart", "1 if the domain starts with its hypervisor.", source: "virDomainGetAutostart")
        persistent = gauge("persistent", "1 if the domain is defined, 0 if it goes when it stops.", source: "virDomainIsPersistent")
        managedSave = gauge(
            "managed_save", "1 if the domain was saved and its next start goes on from there.", source: "virDomainHasManagedSaveImage")
        snapshots = gauge("snapshots", "Snapshots of the domain that libvirt knows.", source: "virDomainListAllSnapshots")
        oldest = gauge(
            "snapshot_oldest_timestamp_seconds", "When the oldest snapshot was made, in seconds since 1970.",
            source: "virDomainSnapshotGetXMLDesc creationTime")
        newest = gauge(
            "snapshot_newest_timestamp_seconds", "When the newest snapshot was made, in seconds since 1970.",
            source: "virDomainSnapshotGetXMLDesc creationTime")
        info = catalogue.info(
            "libvirt_domain_info", "What is defined of the domain.", labels: Self.infoLabels, source: "virDomainGetXMLDesc title, os/type")
        openStack = catalogue.info(
            "libvirt_domain_openstack_info", "What OpenStack Nova has written about the domain.", labels: Self.openStackLabels,
            source: "virDomainGetXMLDesc metadata/nova:instance")
    }

    /// - Parameter labels: those of the domain.
    func write(_ domain: DomainRecord, _ uri: String, _ labels: LabelSet, into buffer: inout SampleBuffer) {
        let basics = domain.basics
        let (name, uuid) = (basics.name, basics.uuid)
        if let found = basics.state {
            buffer.add(code, labels, Double(found.stateNumber))
            buffer.add(state, buffer.labels(Self.stateLabels, uri, name, uuid, found.name, found.reason), true)
        }
        buffer.add(maximumMemory, labels, basics.maximumMemoryBytes)
        buffer.add(memory, labels, basics.memoryBytes)
        buffer.add(cpus, labels, basics.virtualCPUs)
        buffer.add(cpuTime, labels, basics.cpuSeconds)
        buffer.add(autostart, labels, basics.isAutostarted)
        buffer.add(persistent, labels, basics.isPersistent)
        buffer.add(managedSave, labels, basics.hasManagedSave)
        if let kept = domain.snapshots {
            buffer.add(snapshots, labels, Double(kept.count))
            buffer.add(oldest, labels, kept.oldestUnixSeconds)
            buffer.add(newest, labels, kept.newestUnixSeconds)
        }
        guard let definition = domain.definition else { return }
        buffer.add(
            info,
            buffer.labels(
                Self.infoLabels, uri, name, uuid, definition.title, definition.osType, definition.architecture, definition.machine), true)
        guard let nova = definition.openStack else { return }
        buffer.add(
            openStack,
            buffer.labels(
                Self.openStackLabels, uri, name, uuid, nova.instanceName, uuid, nova.flavor, nova.userName, nova.userID, nova.projectName,
                nova.projectID), true)
    }
}
