/// What the control groups and the configurations of tenants say.
struct TenantFiles {
    let cards: GPUWorld
    let moment: Double

    static let containerLimitBytes = 96 << 30

    /// By path below the root.
    private(set) var files: [String: String] = [:]

    init(cards: GPUWorld, moment: Double) {
        self.cards = cards
        self.moment = moment
        for (index, tenant) in cards.plan.tenants.enumerated() { add(tenant, number: index) }
        let machines = cards.machines(at: moment)
        for guest in machines { add(guest) }
        if !machines.isEmpty {
            add(
                group: "system.slice/nvidia-vgpu-mgr.service", number: 900, memory: 96 << 20, limit: nil,
                pids: machines.map(GPUWorld.managerPID))
        }
    }

    /// All processes of tenants: those on cards, and the virtual machines that have parts of some.
    static func processes(of cards: GPUWorld, at moment: Double) -> [OwnersTree.Process] {
        var processes: [Int: OwnersTree.Process] = [:]
        for card in cards.plan.cards {
            for process in card.processes {
                let tenant = cards.plan.tenants[process.tenant]
                processes[process.pid] = OwnersTree.Process(
                    pid: process.pid, cgroup: tenant.cgroup, arguments: process.arguments, startedAt: cards.start(ofTenant: process.tenant),
                    received: tenant.kind == .container
                        ? Int(cards.wave(ofTenant: process.tenant).network.area(from: cards.start(ofTenant: process.tenant), to: moment))
                        : nil)
            }
        }
        for guest in cards.machines(at: moment) {
            let start = cards.world.starts(of: guest, nodeBootedAt: -1).counters
            let pid = cards.pid(of: guest)
            processes[pid] = OwnersTree.Process(
                pid: pid, cgroup: "/qemu.slice/\(guest.vmid).scope",
                arguments: [
                    "/usr/bin/kvm", "-id", "\(guest.vmid)", "-name", "\(guest.name),debug-threads=on", "-no-shutdown", "-uuid",
                    GuestIdentity(guest, in: cards.world).machine,
                ], startedAt: start)
            let manager = GPUWorld.managerPID(of: guest)
            processes[manager] = OwnersTree.Process(
                pid: manager, cgroup: "/system.slice/nvidia-vgpu-mgr.service", arguments: ["vgpu"], startedAt: start)
        }
        return processes.values.sorted { $0.pid < $1.pid }
    }

    private mutating func add(_ tenant: Tenant, number: Int) {
        let processes = cards.plan.cards.flatMap(\.processes).filter { $0.tenant == number }
        let pids = Array(Set(processes.map(\.pid))).sorted()
        switch tenant.kind {
        case .container:
            add(group: String(tenant.cgroup.dropFirst()), number: number, memory: 24 << 30, limit: Self.containerLimitBytes, pids: pids)
        case .lxc:
            add(group: "lxc/\(tenant.id)", number: number, memory: 6 << 30, limit: 32 << 30, pids: [])
            add(group: String(tenant.cgroup.dropFirst()), number: number, memory: 5 << 30, limit: nil, pids: pids)
            files["etc/pve/lxc/\(tenant.id).conf"] =
                "arch: amd64\ncores: 8\ndev0: /dev/nvidia\(cards.plan.cards.first { $0.processes.contains { $0.tenant == number } }?.index ?? 0)\n"
                + "dev1: /dev/nvidiactl\nhostname: \(tenant.name)\nmemory: 32768\nostype: debian\n"
        case .unit, .host, .vm: add(group: String(tenant.cgroup.dropFirst()), number: number, memory: 3 << 30, limit: nil, pids: pids)
        }
    }

    private mutating func add(_ guest: Guest) {
        add(
            group: "qemu.slice/\(guest.vmid).scope", number: guest.vmid, memory: guest.memoryBytes, limit: nil, pids: [cards.pid(of: guest)]
        )
        files["etc/pve/qemu-server/\(guest.vmid).conf"] =
            "cores: \(guest.cpus)\nhostpci0: mapping=\(Passthrough.mapping),mdev=nvidia-\(Passthrough.partType)\nmemory: \(guest.memoryBytes >> 20)\n"
            + "name: \(guest.name)\nsmbios1: uuid=\(GuestIdentity(guest, in: cards.world).machine)\n"
    }

    /// A control group of version 2.
    private mutating func add(group: String, number: Int, memory: Int, limit: Int?, pids: [Int]) {
        let folder = "sys/fs/cgroup/\(group)"
        let waves = cards.wave(ofTenant: number)
        let start = cards.start(ofTenant: number)
        let used = World.pages(Double(memory) * waves.memory.value(at: moment))
        let microseconds = Int(waves.processors.area(from: start, to: moment) * 1e6)
        let bytes = Int(waves.network.area(from: start, to: moment))
        let waited = microseconds / 50
        files["\(folder)/cgroup.procs"] = pids.map { "\($0)\n" }.joined()
        files["\(folder)/cgroup.events"] = "populated \(pids.isEmpty ? 0 : 1)\nfrozen 0\n"
        files["\(folder)/cpu.stat"] =
            "usage_usec \(microseconds)\nuser_usec \(microseconds - microseconds / 5)\nsystem_usec \(microseconds / 5)\n"
            + "nr_periods 0\nnr_throttled 0\nthrottled_usec 0\n"
        files["\(folder)/cpu.max"] = "max 100000\n"
        files["\(folder)/memory.current"] = "\(used)\n"
        files["\(folder)/memory.peak"] = "\(World.pages(Double(memory) * waves.memory.peak))\n"
        files["\(folder)/memory.max"] = "\(limit.map(String.init) ?? "max")\n"
        files["\(folder)/memory.swap.current"] = "0\n"
        files["\(folder)/memory.stat"] =
            "anon \(used / 4 * 3)\nfile \(used / 4)\nslab \(used / 100)\ninactive_file \(used / 8)\nactive_file \(used / 8)\npgfault \(bytes / 4096)\npgmajfault 0\n"
        files["\(folder)/memory.events"] = "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\n"
        files["\(folder)/io.stat"] =
            "259:0 rbytes=\(bytes / 8) wbytes=\(bytes / 16) rios=\(bytes >> 15) wios=\(bytes >> 16) dbytes=0 dios=0\n"
        files["\(folder)/pids.current"] = "\(max(1, pids.count) * 12)\n"
        files["\(folder)/pids.max"] = "max\n"
        for resource in ["cpu", "memory", "io"] {
            let total = resource == "cpu" ? waited : 0
            files["\(folder)/\(resource).pressure"] =
                "some avg10=0.00 avg60=0.00 avg300=0.00 total=\(total)\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=\(total / 4)\n"
        }
    }
}

extension GPUWorld {
    /// What a tenant uses beside cards: processors, a fraction of its memory, bytes a second from the network.
    func wave(ofTenant number: Int) -> (processors: Wave, memory: Wave, network: Wave) {
        var generator = SeededGenerator(seed: plan.seed, "tenant", number)
        return (
            Wave(base: generator.uniform(0.4, 3), depth: 0.6, &generator), Wave(base: generator.uniform(0.5, 0.8), depth: 0.1, &generator),
            Wave(base: generator.logUniform(2e4, 4e6), depth: 0.8, &generator)
        )
    }

    /// When a tenant began, in seconds since the epoch.
    func start(ofTenant number: Int) -> Double {
        var generator = SeededGenerator(seed: plan.seed, "tenant start", number)
        return -generator.uniform(3_600, 86_400)
    }

    /// The virtual machines with a part of a card that run on this machine now.
    func machines(at moment: Double) -> [Guest] {
        plan.cards.flatMap { sharers(of: $0) }.filter { guest in stays(of: guest).contains { $0.contains(moment) } }.map {
            world.inventory.guests[$0.index]
        }
    }

    /// The process in which the host runs a guest's part of a card.
    static func managerPID(of guest: Guest) -> Int { 2_000_000 + guest.vmid }

    func pid(of guest: Guest) -> Int { world.processID(of: guest, bootedAt: world.starts(of: guest, nodeBootedAt: -1).counters) }
}
