import JSON

/// How guests are set up. What is not set is not there.
extension ProxmoxAnswers {
    /// /nodes/N/qemu/ID/config
    func qemuConfiguration(_ guest: Guest) -> [UInt8] {
        let identity = GuestIdentity(guest, in: world)
        return document { json in
            json.object { json in
                json.member("name", guest.name)
                // Text, where a container's is a number.
                json.member("memory", "\(guest.memoryBytes >> 20)")
                if let minimum = guest.balloonMinimumBytes { json.member("balloon", minimum >> 20) }
                json.member("cores", guest.cpus)
                json.member("sockets", 1)
                json.member("cpu", "x86-64-v2-AES")
                if guest.hasAgent { json.member("agent", identity.agent) }
                json.member("scsihw", "virtio-scsi-single")
                json.member("boot", "order=scsi0;ide2")
                let hasCloudInit = world.hasCloudInit(guest)
                json.member("ide2", hasCloudInit ? "local-zfs:vm-\(guest.vmid)-cloudinit,media=cdrom" : "none,media=cdrom")
                if hasCloudInit { json.member("ipconfig0", "ip=\(world.addressText(of: guest)),gw=\(world.gateway(of: guest))") }
                let volume = guest.role == .template ? "base" : "vm"
                for (number, size) in [guest.diskBytes, guest.diskBytes / 2, guest.diskBytes / 4].enumerated() {
                    json.key(text: "scsi\(number)")
                    json.string("local-zfs:\(volume)-\(guest.vmid)-disk-\(number),iothread=1,size=\(size >> 30)G")
                }
                json.member("net0", "virtio=\(identity.hardwareAddresses.0),bridge=vmbr0")
                json.member("net1", "virtio=\(identity.hardwareAddresses.1),bridge=vmbr1")
                if let device = inventory.passthrough[guest.index] { json.member("hostpci0", device) }
                json.member("smbios1", "uuid=\(identity.machine)")
                json.member("vmgenid", identity.generation)
                json.member("meta", "creation-qemu=\(inventory.release.emulator),ctime=\(identity.created)")
                writeCommon(guest, identity, into: &json)
            }
        }
    }

    /// /nodes/N/lxc/ID/config
    func lxcConfiguration(_ guest: Guest) -> [UInt8] {
        let identity = GuestIdentity(guest, in: world)
        return document { json in
            json.object { json in
                json.member("hostname", guest.name)
                json.member("arch", "amd64")
                json.member("memory", guest.memoryBytes >> 20)
                json.member("swap", guest.swapBytes >> 20)
                json.member("cores", guest.cpus)
                json.member("unprivileged", 1)
                let volume = guest.role == .template ? "basevol" : "subvol"
                json.member("rootfs", "local-zfs:\(volume)-\(guest.vmid)-disk-0,size=\(guest.diskBytes >> 30)G")
                let isStatic = world.hasStaticAddress(guest)
                json.member(
                    "net0",
                    "name=eth0,bridge=vmbr0,\(isStatic ? "gw=\(world.gateway(of: guest))," : "")hwaddr=\(identity.hardwareAddresses.0),"
                        + "ip=\(isStatic ? world.addressText(of: guest) : "dhcp"),type=veth")
                writeCommon(guest, identity, into: &json)
            }
        }
    }

    private func writeCommon(_ guest: Guest, _ identity: GuestIdentity, into json: inout JSONWriter) {
        json.member("ostype", identity.systemType)
        json.member("digest", identity.digest)
        if identity.startsOnBoot { json.member("onboot", 1) }
        if let tags = guest.tags { json.member("tags", tags) }
        if let description = identity.description { json.member("description", description) }
        if let last = world.snapshots(of: guest, at: moment).last { json.member("parent", last.name) }
        if let lock = guest.lock { json.member("lock", lock) }
        if guest.role == .template { json.member("template", 1) }
    }
}
