import JSON

/// What is known of guests from inside.
extension ProxmoxAnswers {
    /// Why an agent cannot be asked, in the order in which the real server looks; nil when it can.
    func agentFailure(_ guest: Guest) -> String? {
        guard guest.hasAgent else { return "No QEMU guest agent configured\n" }
        guard guest.isLive else { return "VM \(guest.vmid) is not running\n" }
        return world.hasAnsweringAgent(guest) && world.isSettled(guest, at: moment) ? nil : "QEMU guest agent is not running\n"
    }

    /// /nodes/N/qemu/ID/agent/COMMAND, of an agent that answers.
    func agent(_ command: GuestPlace.AgentCommand, _ guest: Guest, _ view: NodeView) -> [UInt8] {
        let inside = inside(guest, view)
        return document(reservingBytes: 2048) { json in
            json.object { json in
                json.key("result")
                switch command {
                case .info: json.object { Self.writeAbilities(into: &$0) }
                case .hostName: json.object { $0.member("host-name", guest.name) }
                case .system: json.object { Self.write(inside.system, into: &$0) }
                case .fileSystems:
                    json.array { json in for system in inside.fileSystems { json.object { Self.write(system, into: &$0) } } }
                case .interfaces:
                    json.array { json in for interface in inside.interfaces { json.object { Self.write(interface, into: &$0) } } }
                }
            }
        }
    }

    /// /nodes/N/lxc/ID/interfaces: nothing of a container that does not run.
    func interfaces(_ guest: Guest, _ view: NodeView) -> [UInt8] {
        document { json in
            guard guest.isLive else {
                json.null()
                return
            }
            json.array { json in
                for interface in inside(guest, view).interfaces {
                    json.object { json in
                        json.member("name", interface.name)
                        json.member("hwaddr", interface.hardwareAddress)
                        json.member("hardware-address", interface.hardwareAddress)
                        if let first = interface.version4.first { json.member("inet", "\(first.address)/\(first.prefix)") }
                        if let first = interface.version6.first { json.member("inet6", "\(first.address)/\(first.prefix)") }
                        Self.write(interface.version4, "inet", interface.version6, "inet6", into: &json)
                    }
                }
            }
        }
    }

    private func inside(_ guest: Guest, _ view: NodeView) -> GuestInside {
        GuestInside(guest, in: world, at: moment, reading: world.reading(of: guest, at: moment, nodeBootedAt: view.bootedAt))
    }

    private static func writeAbilities(into json: inout JSONWriter) {
        json.member("version", "10.0.2")
        json.key("supported_commands")
        json.array { json in
            for name in ["guest-ping", "guest-info", "guest-get-fsinfo", "guest-network-get-interfaces", "guest-get-osinfo", "guest-exec"] {
                json.object { json in
                    json.member("name", name)
                    json.member("enabled", name != "guest-exec")
                    json.member("success-response", true)
                }
            }
        }
    }

    private static func write(_ system: GuestInside.System, into json: inout JSONWriter) {
        json.member("id", system.id)
        json.member("name", system.name)
        json.member("pretty-name", system.prettyName)
        json.member("version", system.version)
        json.member("version-id", system.versionID)
        json.member("kernel-release", system.kernel)
        json.member("kernel-version", system.kernelVersion)
        json.member("machine", "x86_64")
        guard let variant = system.variant else { return }
        json.member("variant", variant)
        json.member("variant-id", variant)
    }

    private static func write(_ system: GuestInside.FileSystem, into json: inout JSONWriter) {
        json.member("name", system.name)
        json.member("mountpoint", system.mountPoint)
        json.member("type", system.type)
        json.member("total-bytes", system.totalBytes)
        json.member("used-bytes", system.usedBytes)
        json.key("disk")
        json.array { json in
            guard let device = system.device else { return }
            json.object { json in
                json.member("dev", device)
                json.member("serial", "0QEMU_QEMU_HARDDISK_drive-scsi\(system.disk)")
                json.member("bus-type", "scsi")
                json.member("bus", 0)
                json.member("target", 0)
                json.member("unit", system.disk)
                json.key("pci-controller")
                json.object { json in
                    json.member("domain", 0)
                    json.member("bus", 9)
                    json.member("slot", system.disk + 1)
                    json.member("function", 0)
                }
            }
        }
    }

    private static func write(_ interface: GuestInside.Interface, into json: inout JSONWriter) {
        json.member("name", interface.name)
        if !interface.hardwareAddress.isEmpty { json.member("hardware-address", interface.hardwareAddress) }
        write(interface.version4, "ipv4", interface.version6, "ipv6", into: &json)
        json.key("statistics")
        json.object { json in
            json.member("rx-bytes", interface.receivedBytes)
            json.member("rx-packets", interface.receivedBytes / 900)
            json.member("rx-errs", interface.brokenPackets)
            json.member("rx-dropped", interface.droppedPackets)
            json.member("tx-bytes", interface.sentBytes)
            json.member("tx-packets", interface.sentBytes / 900)
            json.member("tx-errs", 0)
            json.member("tx-dropped", 0)
        }
    }

    private static func write(
        _ version4: [(address: String, prefix: Int)], _ name4: String, _ version6: [(address: String, prefix: Int)], _ name6: String,
        into json: inout JSONWriter
    ) {
        json.key("ip-addresses")
        json.array { json in
            for (name, addresses) in [(name4, version4), (name6, version6)] {
                for address in addresses {
                    json.object { json in
                        json.member("ip-address", address.address)
                        json.member("ip-address-type", name)
                        json.member("prefix", address.prefix)
                    }
                }
            }
        }
    }
}
