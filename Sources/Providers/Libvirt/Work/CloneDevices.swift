import LibvirtAPI
import RPC
import XML

/// What a clone may have of its source. Whoever asks for a clone says what its cloud-init does, so he is root in it: what of the host the source was given
/// by a person, he would have. So a source has nothing but what Create may give a machine, and devices that are the guest's alone.
enum CloneDevices {
    /// Devices that reach nothing of the host.
    private static let harmless: Set<String> = [
        "emulator", "controller", "hub", "sound", "memballoon", "watchdog", "panic", "iommu",
    ]
    /// Ends of lines to the guest that are made anew for each machine.
    private static let ownEnds: Set<String> = ["pty", "unix", "null", "vc", "spicevmc", "qemu-vdagent"]
    private static let randomSources: Set<String> = ["/dev/urandom", "/dev/random", "/dev/hwrng"]

    /// - Parameter source: its description.
    /// - Parameter bridges: of the host, that requests may attach cards to.
    /// Errors: `permissionDenied` with what would have to be taken out first.
    static func check(_ source: XMLElement, bridges: [String]) throws(RPCError) {
        let name = source.text(at: "name") ?? ""
        // Arguments for QEMU, which may be anything.
        if let foreign = source.children.first(where: { $0.name.contains(":") }) {
            throw refused("<\(foreign.name)>", of: name)
        }
        for device in source.child("devices")?.children ?? [] {
            if device.name == "interface" {
                try check(card: device, of: name, bridges)
            } else if !isGuestsAlone(device) {
                let type = device["type"] ?? device["model"] ?? device.child("backend")?["model"]
                throw refused("<\(device.name)>\(type.map { " of type \($0)" } ?? "")", of: name)
            }
        }
    }

    /// The same of a machine as it is now.
    static func check(_ uuid: String, bridges: [String], _ hypervisor: Hypervisor) async throws(RPCError) {
        let text = try await hypervisor.look("look at the devices of machine \(uuid)") { connection throws(LibvirtError) in
            try connection.domain(uuid: uuid).xml(.inactive)
        }
        guard let source = try? XMLReader.read(text, source: "machine") else {
            throw RPCError(.internal, "the description of machine \(uuid) cannot be read")
        }
        try check(source, bridges: bridges)
    }

    private static func refused(_ what: String, of name: String) -> RPCError {
        RPCError(
            .permissionDenied, "machine \(name) has \(what), by which its clone would reach the host or what else it has; take it out first"
        )
    }

    private static func check(card: XMLElement, of name: String, _ bridges: [String]) throws(RPCError) {
        switch card["type"] {
        case "network": break
        case "bridge":
            let bridge = card.child("source")?["bridge"] ?? ""
            guard bridges.contains(bridge) else {
                throw RPCError(
                    .permissionDenied,
                    "machine \(name) has a card on \(bridge), which is no bridge that machines may be attached to; libvirt.bridges lists those"
                )
            }
        case let type: throw refused("a card of type \(type ?? "unknown")", of: name)
        }
        if card.child("vlan") != nil { throw refused("a card with a VLAN of its own", of: name) }
        if card.child("script") != nil { throw refused("a card with a script", of: name) }
    }

    private static func isGuestsAlone(_ device: XMLElement) -> Bool {
        let backend = device.child("backend")
        return switch device.name {
        // The host's own input devices have a source.
        case "input": device.child("source") == nil
        case "video": device.child("driver")?["name"] != "vhostuser"
        case "disk": isDisk(device)
        case "serial", "parallel", "console", "channel", "redirdev": device["type"].map(ownEnds.contains) ?? true
        case "graphics": device["type"] == "vnc" || device["type"] == "spice" && device.child("gl")?["rendernode"] == nil
        case "audio": device["type"] == "none" || device["type"] == "spice"
        case "rng": backend?["model"] == "builtin" || backend?["model"] == "random" && isRandom(backend?.trimmedText)
        case "tpm": backend?["type"] == "emulator" && backend?.child("source") == nil
        // What a file of the host is behind has a path.
        case "memory": device["model"] == "dimm" || device["model"] == "virtio-mem"
        default: harmless.contains(device.name)
        }
    }

    /// Which of those that are written to are copied is seen elsewhere (`ClonePlan`).
    private static func isDisk(_ disk: XMLElement) -> Bool {
        guard disk.child("source") != nil else { return true }
        return switch disk["type"] {
        case nil, "file", "volume": true
        // A copy takes its place, unless it is only read: then it would be the host's own.
        case "block": disk.child("readonly") == nil && disk["device"] != "cdrom"
        default: false
        }
    }

    private static func isRandom(_ path: String?) -> Bool { path.map(randomSources.contains) ?? true }
}
