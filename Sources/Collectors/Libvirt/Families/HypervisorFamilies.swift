import Metrics

/// The connection, and the machine behind it.
struct HypervisorFamilies: Sendable {
    private static let labels = LibvirtFamilies.hypervisorLabels
    private static let versionLabels = labels.adding("hypervisor", "hypervisor_running", "libvirtd_running", "libvirt_library")
    private static let hostLabels = labels.adding("hostname", "model")

    private let up, domains, active: Metric
    private let versions, host: Metric
    private let cpus, memory, nodes, sockets, cores, threads: Metric

    init(_ catalogue: inout Catalogue) {
        func gauge(_ name: String, _ help: String, source: String) -> Metric {
            catalogue.gauge("libvirt_" + name, help, labels: Self.labels, source: source)
        }
        up = gauge(
            "up", "1 if the hypervisor's domains could be listed last time it was asked.",
            source: "virConnectOpenReadOnly, virConnectListAllDomains")
        domains = gauge("domains_number", "Domains, active or not.", source: "virConnectListAllDomains")
        active = gauge("domains_active", "Domains that are active: running, paused or on the way to either.", source: "virDomainGetID")
        versions = catalogue.info(
            "libvirt_versions_info", "Versions of the hypervisor, of the daemon, and of the library that asks it.",
            labels: Self.versionLabels,
            source: "virConnectGetType, virConnectGetVersion, virConnectGetLibVersion, virGetVersion")
        host = catalogue.info(
            "libvirt_host_info", "The machine of the hypervisor, with the model of its CPUs.", labels: Self.hostLabels,
            source: "virConnectGetHostname, virNodeGetInfo model")
        cpus = gauge("host_cpus", "CPUs of the machine that are active, each thread counted.", source: "virNodeGetInfo cpus")
        memory = gauge("host_memory_bytes", "Memory of the machine.", source: "virNodeGetInfo memory")
        nodes = gauge("host_numa_nodes", "NUMA nodes of the machine, 1 where it has no such nodes.", source: "virNodeGetInfo nodes")
        sockets = gauge("host_sockets_per_node", "CPU sockets in each NUMA node.", source: "virNodeGetInfo sockets")
        cores = gauge("host_cores_per_socket", "Cores of each CPU.", source: "virNodeGetInfo cores")
        threads = gauge("host_threads_per_core", "Threads of each core.", source: "virNodeGetInfo threads")
    }

    func write(isUp: Bool, _ uri: String, into buffer: inout SampleBuffer) {
        buffer.add(up, buffer.labels(Self.labels, uri), isUp)
    }

    func write(domains count: Int, active activeCount: Int, _ uri: String, into buffer: inout SampleBuffer) {
        let labels = buffer.labels(Self.labels, uri)
        buffer.add(domains, labels, Double(count))
        buffer.add(active, labels, Double(activeCount))
    }

    func write(_ record: HostRecord, _ uri: String, into buffer: inout SampleBuffer) {
        let labels = buffer.labels(Self.labels, uri)
        buffer.add(
            versions,
            buffer.labels(
                Self.versionLabels, uri, record.hypervisor, record.hypervisorVersion, record.daemonVersion, record.libraryVersion), true)
        buffer.add(host, buffer.labels(Self.hostLabels, uri, record.hostname, record.model), true)
        buffer.add(cpus, labels, record.cpus)
        buffer.add(memory, labels, record.memoryBytes)
        buffer.add(nodes, labels, record.numaNodes)
        buffer.add(sockets, labels, record.sockets)
        buffer.add(cores, labels, record.coresPerSocket)
        buffer.add(threads, labels, record.threadsPerCore)
    }
}
