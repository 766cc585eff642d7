import JSON

/// Devices in slots of nodes, and the names that the cluster has for some.
extension ProxmoxAnswers {
    private struct Device {
        let address: String
        let classCode: String
        let vendor: (code: String, name: String)
        let device: (code: String, name: String)
        let group: Int
        var hasParts = false
    }

    private static let devices = [
        Device(
            address: "0000:00:1f.2", classCode: "0x010601", vendor: ("0x1022", "Advanced Micro Devices, Inc. [AMD]"),
            device: ("0x7901", "FCH SATA Controller [AHCI mode]"), group: 7),
        Device(
            address: "0000:01:00.0", classCode: "0x030000", vendor: ("0x10de", "NVIDIA Corporation"),
            device: ("0x2204", "GA102 [GeForce RTX 3090]"), group: 12),
        Device(
            address: "0000:03:00.0", classCode: "0x020000", vendor: ("0x8086", "Intel Corporation"),
            device: ("0x1593", "Ethernet Controller E810-C for SFP"), group: 15),
        Device(
            address: Passthrough.mappedAddress, classCode: "0x030200", vendor: ("0x10de", "NVIDIA Corporation"),
            device: ("0x26b9", "AD102GL [L40S]"), group: 31, hasParts: true),
    ]

    /// /nodes/N/hardware/pci: the same in all nodes.
    ///
    /// - Parameter isVerbose: with names, and not only addresses.
    func devices(isVerbose: Bool) -> [UInt8] {
        document(reservingBytes: 2048) { json in
            json.array { json in
                for device in Self.devices {
                    json.object { json in
                        json.member("id", device.address)
                        guard isVerbose else { return }
                        json.member("class", device.classCode)
                        json.member("vendor", device.vendor.code)
                        json.member("vendor_name", device.vendor.name)
                        json.member("device", device.device.code)
                        json.member("device_name", device.device.name)
                        json.member("subsystem_vendor", device.vendor.code)
                        json.member("subsystem_vendor_name", device.vendor.name)
                        json.member("subsystem_device", device.device.code)
                        json.member("iommugroup", device.group)
                        if device.hasParts { json.member("mdev", 1) }
                    }
                }
            }
        }
    }

    /// /cluster/mapping/pci: one name for the same device of all nodes; none where no guest has it.
    ///
    /// - Parameter node: looks whether it is there too.
    func deviceMappings(checkedOn node: String?) -> [UInt8] {
        document(reservingBytes: 512 + inventory.nodes.count * 128) { json in
            json.array { json in
                let seeing = Privileges([.mappingAudit, .mappingModify, .mappingUse])
                guard inventory.passthrough.values.contains(where: { $0.hasPrefix("mapping=") }),
                    rights.holds(any: seeing, at: "/mapping/pci/\(Passthrough.mapping)")
                else { return }
                json.object { json in
                    json.member("id", Passthrough.mapping)
                    json.member("description", "the large ones")
                    json.member("mdev", 1)
                    json.member("digest", "4f1c2a9e6d0b47c1a3f5e8d7b6c5a49382716050")
                    json.key("map")
                    json.array { json in
                        for node in inventory.nodes {
                            json.string(
                                "id=10de:26b9,iommugroup=31,node=\(node.name),path=\(Passthrough.mappedAddress),subsystem-id=10de:1851")
                        }
                    }
                    if node != nil {
                        json.key("checks")
                        json.array { _ in }
                    }
                }
            }
        }
    }
}
