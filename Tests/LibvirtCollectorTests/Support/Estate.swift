import LibvirtAPI

@testable import LibvirtCollector

/// Domains that have something of everything.
enum Estate {
    static let uuid = "6695eb01-f6a4-8304-79aa-97f2502e193f"

    static func uuid(_ number: Int) -> String {
        "00000000-0000-0000-0000-" + String(repeating: "0", count: 12 - String(number).count) + String(number)
    }

    /// What a running domain of QEMU tells.
    static let statistics = [
        Statistic("state.state", 1), Statistic("state.reason", 1), Statistic("balloon.current", 16384), Statistic("balloon.maximum", 32768),
        Statistic("balloon.swap_in", 1), Statistic("balloon.swap_out", 2), Statistic("balloon.major_fault", 3),
        Statistic("balloon.minor_fault", 4), Statistic("balloon.unused", 5), Statistic("balloon.available", 6),
        Statistic("balloon.usable", 7),
        Statistic("balloon.last-update", 1_700_000_000), Statistic("balloon.disk_caches", 8), Statistic("balloon.hugetlb_pgalloc", 9),
        Statistic("balloon.hugetlb_pgfail", 10), Statistic("balloon.rss", 40580), Statistic("vcpu.current", 1),
        Statistic("vcpu.maximum", 2),
        Statistic("vcpu.0.state", 1), Statistic("vcpu.0.time", 90_000_000), Statistic("vcpu.0.wait", 1_000_000_000),
        Statistic("vcpu.0.delay", 317_413_180), Statistic("net.count", 1), Statistic("net.0.name", text: "vnet0"),
        Statistic("net.0.rx.bytes", 11), Statistic("net.0.rx.pkts", 12), Statistic("net.0.rx.errs", 13), Statistic("net.0.rx.drop", 14),
        Statistic("net.0.tx.bytes", 15), Statistic("net.0.tx.pkts", 16), Statistic("net.0.tx.errs", 17), Statistic("net.0.tx.drop", 18),
        Statistic("block.count", 1), Statistic("block.0.name", text: "vda"), Statistic("block.0.path", text: "/images/a.qcow2"),
        Statistic("block.0.backingIndex", 1), Statistic("block.0.rd.reqs", 19), Statistic("block.0.rd.bytes", 512),
        Statistic("block.0.rd.times", 42403), Statistic("block.0.wr.reqs", 20), Statistic("block.0.wr.bytes", 21),
        Statistic("block.0.wr.times", 22), Statistic("block.0.fl.reqs", 23), Statistic("block.0.fl.times", 24),
        Statistic("block.0.allocation", 25), Statistic("block.0.capacity", 16_777_216), Statistic("block.0.physical", 200_704),
    ]

    /// A running domain, with figures that need no QEMU.
    static func domain(_ uuid: String = uuid, _ name: String = "web") -> DomainBasics {
        var basics = DomainBasics(uuid: uuid, name: name, id: 1, state: DomainState(state: 1, reason: 1))
        (basics.maximumMemoryBytes, basics.memoryBytes, basics.virtualCPUs, basics.cpuSeconds) = (33_554_432, 16_777_216, 1, 2.5)
        (basics.isAutostarted, basics.isPersistent, basics.hasManagedSave) = (true, true, false)
        return basics
    }

    static var definition: DomainDefinition {
        var definition = DomainDefinition()
        (definition.title, definition.osType, definition.architecture, definition.machine) = ("Web", "hvm", "x86_64", "pc-q35-7.2")
        definition.openStack = .init(
            instanceName: "shop", flavor: "m1.tiny", userName: "ann", userID: "u1", projectName: "shop", projectID: "p1")
        var disk = DomainDefinition.Disk()
        (disk.target, disk.type, disk.device, disk.bus, disk.source) = ("vda", "file", "disk", "virtio", "/images/a.qcow2")
        (disk.backingDepth, disk.limits) = (
            1, DomainDefinition.Disk.Limit.Kind.allCases.map { .init(kind: $0, type: $0 == .operationSize ? nil : .total, value: 7) }
        )
        definition.disks = [disk]
        var interface = DomainDefinition.Interface()
        (interface.target, interface.type, interface.source, interface.hardwareAddress) = ("vnet0", "bridge", "br0", "52:54:00:00:00:01")
        definition.interfaces = [interface]
        definition.balloonPeriodSeconds = 10
        return definition
    }

    /// A job with a figure of every kind.
    static var job: DomainDetails.Job {
        DomainDetails.Job(type: 2, [Statistic("operation", 5)] + DomainDetails.Job.Field.allCases.map { Statistic($0.rawValue, 7) })
    }

    /// A hypervisor with one domain that has everything, and one that is shut off.
    static func fill(_ state: inout ScriptedHypervisor.State) {
        var off = DomainBasics(uuid: uuid(1), name: "off", state: DomainState(state: 5, reason: 1))
        off.maximumMemoryBytes = 1024
        state.domains = [domain(), off]
        state.statistics = [uuid: statistics]
        state.definitions = [uuid: definition, uuid(1): DomainDefinition()]
        state.snapshots = [uuid: .init(count: 2, oldestUnixSeconds: 1000, newestUnixSeconds: 2000), uuid(1): .init(count: 0)]
        state.jobs = [uuid: job]
        state.blockJobs = [uuid: .init(disk: "vda", type: 3, position: 1, end: 4)]
        (state.host.hostname, state.host.hypervisor, state.host.model) = ("kvm1", "QEMU", "x86_64")
        (state.host.hypervisorVersion, state.host.daemonVersion, state.host.libraryVersion) = ("7.2.22", "9.0.0", "9.0.0")
        (state.host.cpus, state.host.memoryBytes, state.host.numaNodes, state.host.sockets) = (8, 1e10, 1, 1)
        (state.host.coresPerSocket, state.host.threadsPerCore) = (4, 2)
        var pool = PoolRecord(name: "default")
        pool.type = "dir"
        (pool.state, pool.isAutostarted, pool.capacityBytes, pool.allocationBytes, pool.availableBytes) = (2, true, 100, 40, 60)
        state.pools = [pool]
        var network = NetworkRecord(name: "default")
        (network.bridge, network.isActive, network.isAutostarted) = ("virbr0", true, true)
        state.networks = [network]
    }

    /// So many running domains.
    static func fill(_ state: inout ScriptedHypervisor.State, count: Int) {
        state.domains = (0..<count).map { domain(uuid($0), "vm\($0)") }
        for domain in state.domains {
            state.statistics[domain.uuid] = statistics
            state.definitions[domain.uuid] = definition
            state.snapshots[domain.uuid] = .init(count: 0)
        }
    }
}
