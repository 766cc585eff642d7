import XML

/// A machine to be defined, with everything chosen that a request leaves open.
struct MachinePlan: Sendable, Equatable {
    enum Graphics: Sendable, Equatable {
        case none
        /// QEMU's own VNC server, on a port that libvirt chooses.
        case vnc(listen: String)
    }

    struct Disk: Sendable, Equatable {
        /// `vda`
        let target: String
        let path: String
        /// qcow2 or raw.
        let format: String
        /// A block device, not a file.
        var isBlock = false
        var isReadOnly = false
        /// What the guest sees as its serial number; 20 bytes.
        var serial: String?
    }

    struct Card: Sendable, Equatable {
        enum Source: Sendable, Hashable {
            case network(String)
            case bridge(String)
        }

        let source: Source
        let mac: String
        var model = "virtio"
    }

    var name: String
    var uuid: String
    var mark: MachineMark
    /// kvm or qemu.
    var domainType: String
    var architecture: String
    /// nil leaves it to libvirt.
    var machine: String?
    /// `host-model`, `host-passthrough`, `maximum`; nil leaves it to libvirt.
    var cpuMode: String?
    var isUEFI = false
    var hasSecureBoot = false
    var hasTPM = false
    var virtualCPUs: Int
    var maximumVirtualCPUs: Int
    var memoryKiB: Int
    var maximumMemoryKiB: Int
    var disks: [Disk] = []
    var cards: [Card] = []
    var graphics = Graphics.none
    /// How often the balloon tells figures of the guest's memory.
    var statsPeriodSeconds = 10
    /// Of cgroup weights; nil for libvirt's.
    var cpuShares: Int?

    private var isX86: Bool { ["x86_64", "i686"].contains(architecture) }
    private var isPCIExpress: Bool { machine.map { $0.contains("q35") || $0.hasPrefix("virt") } ?? !isX86 }
    /// Places for devices that come while the machine runs.
    private static let freePorts = 8

    /// libvirt's description.
    var xml: String {
        var writer = XMLWriter(reservingBytes: 4096)
        writer.element("domain", ["type": domainType]) { domain in
            domain.element("name", text: name)
            domain.element("uuid", text: uuid)
            domain.element("metadata") { mark.write(to: &$0, isWhole: true) }
            domain.element("memory", ["unit": "KiB"], text: String(maximumMemoryKiB))
            domain.element("currentMemory", ["unit": "KiB"], text: String(memoryKiB))
            let current = virtualCPUs == maximumVirtualCPUs ? nil : String(virtualCPUs)
            domain.element("vcpu", ["placement": "static", "current": current], text: String(maximumVirtualCPUs))
            if let cpuShares { domain.element("cputune") { $0.element("shares", text: String(cpuShares)) } }
            writeSystem(&domain)
            domain.element("on_poweroff", text: "destroy")
            domain.element("on_reboot", text: "restart")
            domain.element("on_crash", text: "destroy")
            domain.element("devices") { writeDevices(&$0) }
        }
        return writer.text
    }

    private func writeSystem(_ domain: inout XMLWriter) {
        domain.element("os", ["firmware": isUEFI ? "efi" : nil]) { system in
            system.element("type", ["arch": architecture, "machine": machine], text: "hvm")
            if isUEFI {
                system.element("firmware") { firmware in
                    firmware.element("feature", ["enabled": hasSecureBoot ? "yes" : "no", "name": "secure-boot"])
                    if !hasSecureBoot { firmware.element("feature", ["enabled": "no", "name": "enrolled-keys"]) }
                }
            }
            system.element("boot", ["dev": "hd"])
        }
        domain.element("features") { features in
            features.element("acpi")
            if isX86 { features.element("apic") }
            if hasSecureBoot { features.element("smm", ["state": "on"]) }
        }
        if let cpuMode { domain.element("cpu", ["mode": cpuMode]) }
        domain.element("clock", ["offset": "utc"]) { clock in
            guard isX86 else { return }
            clock.element("timer", ["name": "rtc", "tickpolicy": "catchup"])
            clock.element("timer", ["name": "pit", "tickpolicy": "delay"])
            clock.element("timer", ["name": "hpet", "present": "no"])
        }
    }

    private func writeDevices(_ devices: inout XMLWriter) {
        for disk in disks { disk.write(to: &devices) }
        if isPCIExpress {
            devices.element("controller", ["type": "pci", "index": "0", "model": "pcie-root"])
            // Beside disks and cards: serial lines, USB, balloon, random numbers.
            for _ in 0..<(disks.count + cards.count + 4 + Self.freePorts) {
                devices.element("controller", ["type": "pci", "model": "pcie-root-port"])
            }
        }
        for card in cards { card.write(to: &devices) }
        devices.element("serial", ["type": "pty"])
        devices.element("console", ["type": "pty"])
        devices.element("channel", ["type": "unix"]) { $0.element("target", ["type": "virtio", "name": "org.qemu.guest_agent.0"]) }
        devices.element("memballoon", ["model": "virtio"]) { $0.element("stats", ["period": String(statsPeriodSeconds)]) }
        devices.element("rng", ["model": "virtio"]) { $0.element("backend", ["model": "random"], text: "/dev/urandom") }
        if hasTPM {
            devices.element("tpm", ["model": isX86 ? "tpm-crb" : "tpm-tis"]) {
                $0.element("backend", ["type": "emulator", "version": "2.0"])
            }
        }
        guard case .vnc(let listen) = graphics else { return }
        devices.element("graphics", ["type": "vnc", "port": "-1", "autoport": "yes", "listen": listen])
        devices.element("video") { $0.element("model", ["type": isX86 ? "vga" : "virtio"]) }
    }
}

extension MachinePlan.Disk {
    func write(to devices: inout XMLWriter) {
        devices.element("disk", ["type": isBlock ? "block" : "file", "device": "disk"]) { disk in
            disk.element("driver", ["name": "qemu", "type": format, "discard": isReadOnly ? nil : "unmap"])
            disk.element("source", [isBlock ? "dev" : "file": path])
            disk.element("target", ["dev": target, "bus": "virtio"])
            if let serial { disk.element("serial", text: String(serial.prefix(20))) }
            if isReadOnly { disk.element("readonly") }
        }
    }

    /// As `LibvirtDomain.attachDevice` takes it.
    var xml: String {
        var writer = XMLWriter()
        write(to: &writer)
        return writer.text
    }
}

extension MachinePlan.Card {
    func write(to devices: inout XMLWriter) {
        let (type, source): (String, KeyValuePairs<String, String?>) =
            switch source {
            case .network(let name): ("network", ["network": name])
            case .bridge(let name): ("bridge", ["bridge": name])
            }
        devices.element("interface", ["type": type]) { card in
            card.element("mac", ["address": mac])
            card.element("source", source)
            card.element("model", ["type": model])
        }
    }
}
