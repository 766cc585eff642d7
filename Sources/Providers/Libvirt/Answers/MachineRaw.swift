import JSON
import LibvirtAPI
import ProviderRPC

/// What else is known of a machine: `provider_raw_json`.
enum MachineRaw {
    static func json(_ machine: Hypervisor.Machine) -> String {
        var writer = JSONWriter(reservingBytes: 1024)
        writer.object { object in
            object.member("name", machine.name)
            object.member("uuid", machine.uuid)
            object.member("state", machine.state.name)
            object.member("state_reason", machine.state.reason)
            object.member("vcpus", machine.now.virtualCPUs)
            object.member("vcpus_maximum", machine.now.maximumVirtualCPUs)
            object.member("memory_kib", machine.now.memoryKiB)
            object.member("memory_maximum_kib", machine.now.maximumMemoryKiB)
            if let target = balloonTarget(machine) { object.member("memory_target_kib", target) }
            if let type = machine.now.domainType { object.member("domain_type", type) }
            if let type = machine.now.machine { object.member("machine_type", type) }
            if let isConnected = machine.now.isAgentConnected { object.member("guest_agent_connected", isConnected) }
            writeMark(machine.mark, &object)
            object.key("disks")
            object.array { disks in for disk in machine.now.disks { write(disk, &disks) } }
            object.key("networks")
            object.array { cards in for card in machine.now.cards { write(card, &cards) } }
            writePending(machine, &object)
        }
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    /// What a guest is to have and has not yet, or never will: its balloon begins with all memory there is, and takes from it what the guest gives.
    private static func balloonTarget(_ machine: Hypervisor.Machine) -> Int? {
        let (now, next) = (machine.now, machine.next)
        guard machine.isActive, now.maximumMemoryKiB == next.maximumMemoryKiB, now.memoryKiB != next.memoryKiB else { return nil }
        return next.memoryKiB
    }

    /// What the next start will bring, as the machine is defined otherwise than it runs.
    private static func writePending(_ machine: Hypervisor.Machine, _ object: inout JSONWriter) {
        let (now, next) = (machine.now, machine.next)
        guard
            now.virtualCPUs != next.virtualCPUs || now.maximumVirtualCPUs != next.maximumVirtualCPUs
                || now.maximumMemoryKiB != next.maximumMemoryKiB
        else { return }
        object.key("pending_restart")
        object.object { pending in
            if now.virtualCPUs != next.virtualCPUs { pending.member("vcpus", next.virtualCPUs) }
            if now.maximumVirtualCPUs != next.maximumVirtualCPUs { pending.member("vcpus_maximum", next.maximumVirtualCPUs) }
            if now.maximumMemoryKiB != next.maximumMemoryKiB {
                pending.member("memory_kib", next.memoryKiB)
                pending.member("memory_maximum_kib", next.maximumMemoryKiB)
            }
        }
    }

    private static func writeMark(_ mark: MachineMark?, _ object: inout JSONWriter) {
        guard let mark else { return }
        object.member("operation", mark.operation)
        if let image = mark.image { object.member("image", image) }
        if let owner = mark.owner {
            object.key("owner")
            object.object { writer in
                writer.member("uid", owner.uid)
                writer.member("namespace", owner.namespace)
                writer.member("name", owner.name)
            }
        }
        guard !mark.tags.isEmpty else { return }
        object.key("tags")
        object.array { tags in for tag in mark.tags { tags.string(tag) } }
    }

    private static func write(_ disk: MachineView.Disk, _ disks: inout JSONWriter) {
        disks.object { object in
            object.member("target", disk.target)
            object.member("device", disk.device)
            if let path = disk.path { object.member("path", path) }
            if let format = disk.format { object.member("format", format) }
            object.member("read_only", disk.isReadOnly)
            guard !disk.backing.isEmpty else { return }
            object.key("backing")
            object.array { backing in for path in disk.backing { backing.string(path) } }
        }
    }

    private static func write(_ card: MachineView.Card, _ cards: inout JSONWriter) {
        cards.object { object in
            if let mac = card.mac { object.member("mac", mac) }
            if let network = card.network { object.member("network", network) }
            if let bridge = card.bridge { object.member("bridge", bridge) }
            if let model = card.model { object.member("model", model) }
        }
    }
}

extension Hypervisor {
    /// Where a person sees the machine's screen: `vnc://host:5900`. nil while there is none.
    func consoleURL(_ machine: Machine) -> String? {
        guard machine.isActive, let port = machine.now.vncPort else { return nil }
        var host = machine.now.vncListen ?? "127.0.0.1"
        // Of all addresses of another host, the one by which that is known here.
        if ["0.0.0.0", "::", ""].contains(host) { host = remoteHost ?? "127.0.0.1" }
        return "vnc://\(host.contains(":") ? "[\(host)]" : host):\(port)"
    }

    /// Of the connection's URI; nil for this host.
    var remoteHost: String? {
        guard let start = settings.uri.firstRange(of: "://") else { return nil }
        let authority = settings.uri[start.upperBound...].prefix { !"/?#".contains($0) }
        let host = authority.split(separator: "@").last.map { $0.prefix { $0 != ":" } } ?? ""
        return host.isEmpty ? nil : String(host)
    }
}
