import Testing

@testable import ProxmoxAPI

@Suite struct GuestConfigurationTests {
    private static func machine(_ json: String) throws -> GuestConfiguration {
        try #require(try decoded(json) { GuestConfiguration($0, .qemu) })
    }

    private static func container(_ json: String) throws -> GuestConfiguration {
        try #require(try decoded(json) { GuestConfiguration($0, .lxc) })
    }

    @Test func `what Proxmox VE gives a guest whose configuration is silent`() throws {
        let machine = try Self.machine("{}")
        #expect(machine.cpus == 1 && machine.memoryBytes == 536_870_912 && machine.hasAgent == false && !machine.startsOnBoot)
        #expect(machine.systemType == nil && machine.tags == nil && machine.bootDisk == nil && machine.disks.isEmpty)
        let container = try Self.container("{}")
        #expect(container.cpus == nil && container.memoryBytes == 536_870_912 && container.hasAgent == nil && container.bootDisk == nil)
        for json in ["[]", "null", "5", "\"x\""] { #expect(try decoded(json) { GuestConfiguration($0, .qemu) } == nil) }
    }

    // MARK: numbers

    @Test(
        arguments: [
            (#""cores":4"#, 4), (#""cores":"4","sockets":"2""#, 8), (#""sockets":2"#, 2), (#""cores":4,"sockets":2,"vcpus":3"#, 3),
            (#""cores":0,"sockets":-2"#, 1), (#""cores":"x""#, 1), (#""cores":9007199254740992,"sockets":9007199254740992"#, nil),
            (#""cores":1e300"#, 1), (#""cores":null,"sockets":[]"#, 1),
        ] as [(String, Int?)])
    func `CPUs of a machine`(members: String, count: Int?) throws { #expect(try Self.machine("{\(members)}").cpus == count) }

    @Test(arguments: [(#""cores":2"#, 2), (#""cores":"16""#, 16), (#""cores":null"#, nil), (#""cpulimit":2"#, nil)] as [(String, Int?)])
    func `CPUs of a container`(members: String, count: Int?) throws { #expect(try Self.container("{\(members)}").cpus == count) }

    @Test(
        arguments: [
            ("2048", 2048), ("\"2048\"", 2048), ("\"current=4096\"", 4096), ("0.5", 0.5), ("null", nil), ("\"\"", nil), ("\"much\"", nil),
            ("[]", nil), ("1e308", nil), ("\"current=inf\"", nil), ("\"current=nan\"", nil), ("\"current=\"", nil),
        ] as [(String, Double?)])
    func memory(json: String, mebibytes: Double?) throws {
        #expect(try Self.machine("{\"memory\":\(json)}").memoryBytes == mebibytes.map { $0 * 1_048_576 })
    }

    // MARK: switches

    @Test(arguments: [
        ("1", true), ("\"1\"", true), ("\"enabled=1\"", true), ("\"1,fstrim_cloned_disks=1\"", true), ("\"enabled=1,type=virtio\"", true),
        ("\"type=isa,enabled=1\"", true), ("\"on\"", true), ("true", true), ("\"True\"", true), ("0", false), ("\"0\"", false),
        ("\"enabled=0\"", false), ("\"0,type=virtio\"", false), ("\"type=virtio\"", false), ("\"\"", false), ("null", false), ("[]", false),
        ("{}", false), ("7", false),
    ])
    func `the agent is on`(json: String, isOn: Bool) throws {
        #expect(try Self.machine("{\"agent\":\(json)}").hasAgent == isOn)
        #expect(try Self.container("{\"agent\":\(json)}").hasAgent == nil)
    }

    @Test(arguments: [("1", true), ("\"1\"", true), ("true", true), ("0", false), ("\"0\"", false), ("null", false), ("[]", false)])
    func `it starts on boot`(json: String, starts: Bool) throws {
        #expect(try Self.machine("{\"onboot\":\(json)}").startsOnBoot == starts)
    }

    // MARK: disks

    private static let many = #"""
        "scsi0":"zfs:vm-1-disk-0,iothread=1,size=32G","scsi10":"zfs:vm-1-disk-10,size=1T","virtio2":"nas:1/vm-1-disk-2.qcow2,size=512M",
        "ide2":"local:iso/debian.iso,media=cdrom,size=600M","ide0":"zfs:vm-1-cloudinit,media=cdrom,size=4M","sata3":"none,media=cdrom",
        "sata1":"cdrom","efidisk0":"zfs:vm-1-disk-1,efitype=4m,pre-enrolled-keys=1,size=528K","tpmstate0":"zfs:vm-1-disk-3,size=4M,version=v2.0",
        "unused0":"zfs:vm-1-disk-9","scsihw":"virtio-scsi-single","sata5":"/dev/disk/by-id/ata-x,size=4000787030016","net0":"virtio=AA:BB"
        """#

    @Test func `disks of all buses, and no drives for media`() throws {
        let disks = try Self.machine("{\(Self.many)}").disks
        #expect(disks.map(\.device) == ["efidisk0", "sata5", "scsi0", "scsi10", "tpmstate0", "virtio2"])
        #expect(disks.map(\.storage) == ["zfs", nil, "zfs", "zfs", "zfs", "nas"])
        #expect(
            disks.map(\.volume) == [
                "vm-1-disk-1", "/dev/disk/by-id/ata-x", "vm-1-disk-0", "vm-1-disk-10", "vm-1-disk-3", "1/vm-1-disk-2.qcow2",
            ])
        #expect(
            disks.map(\.sizeBytes) == [528 * 1024, 4_000_787_030_016, 34_359_738_368, 1_099_511_627_776, 4_194_304, 536_870_912])
    }

    @Test func `file systems of a container`() throws {
        let container = try Self.container(
            #"""
            {"rootfs":"zfs:subvol-2-disk-0,size=8G","mp0":"zfs:subvol-2-disk-1,mp=/data,backup=1,size=1.5G","mp1":"/mnt/host,mp=/host",
            "mp10":"volume=nas:2/x.raw,mp=/x,size=1G","cores":2,"unused0":"zfs:subvol-2-disk-7","lxc":[["lxc.cgroup2","a"]],"swap":512}
            """#)
        #expect(container.disks.map(\.device) == ["mp0", "mp1", "mp10", "rootfs"])
        #expect(container.disks.map(\.storage) == ["zfs", nil, "nas", "zfs"])
        #expect(container.disks.map(\.sizeBytes) == [1_610_612_736, nil, 1_073_741_824, 8_589_934_592])
        #expect(container.bootDisk?.volume == "subvol-2-disk-0")
    }

    @Test(
        arguments: [
            ("32G", 34_359_738_368), ("1", 1), ("0", 0), ("4M", 4_194_304), ("1K", 1024), ("0.5T", 549_755_813_888), ("", nil), ("G", nil),
            ("32g", nil), ("32GB", nil), ("-1G", nil), ("1e9", nil), ("nan", nil), ("0x10", nil), ("1.2.3G", nil), (".", nil),
            ("9999999999999999G", nil), ("999999999999999T", 999_999_999_999_999 * 1_099_511_627_776), ("٣G", nil), (" 1G", nil),
        ] as [(String, Double?)])
    func sizes(text: String, bytes: Double?) throws {
        #expect(try Self.machine("{\"scsi0\":\"a:b,size=\(text)\"}").disks.first?.sizeBytes == bytes)
    }

    @Test func `of two members with one name the first counts`() throws {
        let machine = try Self.machine(#"{"scsi0":"a:b,size=1G","scsi0":"a:b,size=2G","hostpci0":"01:00","hostpci0":"02:00"}"#)
        #expect(machine.disks.map(\.sizeBytes) == [1_073_741_824] && machine.passthrough.map(\.address) == ["01:00"])
    }

    // MARK: where it starts from

    @Test(
        arguments: [
            (#""boot":"order=scsi10;ide2;net0""#, "scsi10"), (#""boot":"order=ide2;virtio2""#, "virtio2"),
            (#""boot":"order=net0;nothing9;virtio2;scsi0""#, "virtio2"), (#""boot":"order=net0""#, "scsi0"), (#""boot":"order=""#, "scsi0"),
            // Before there was an order.
            (#""boot":"cdn","bootdisk":"virtio2""#, "virtio2"), (#""bootdisk":"virtio2","boot":"cdn""#, "virtio2"),
            (#""boot":"legacy=cdn","bootdisk":"scsi10""#, "scsi10"), (#""bootdisk":"virtio2""#, "virtio2"),
            (#""boot":"order=scsi10","bootdisk":"virtio2""#, "scsi10"), (#""bootdisk":"virtio2","boot":"order=scsi10""#, "scsi10"),
            (#""bootdisk":"sata9""#, "scsi0"), (#""boot":"c""#, "scsi0"), (#""boot":null,"bootdisk":[]"#, "scsi0"),
            // Firmware and keys are no disks to start from.
            (#""boot":"order=efidisk0;tpmstate0""#, "scsi0"), (#""boot":"order=scsi0extra;scsi""#, "scsi0"), (#""x":1"#, "scsi0"),
        ])
    func `the boot disk`(members: String, device: String) throws {
        #expect(try Self.machine("{\(members),\(Self.many)}").bootDisk?.device == device)
        #expect(try Self.machine("{\(Self.many),\(members)}").bootDisk?.device == device)
    }

    @Test func `without an order, the lowest of the first bus`() throws {
        func boot(_ devices: [String]) throws -> String? {
            try Self.machine("{\(devices.map { "\"\($0)\":\"a:b\"" }.joined(separator: ","))}").bootDisk?.device
        }
        #expect(try boot(["sata0", "virtio0", "scsi0", "ide0"]) == "ide0")
        #expect(try boot(["sata0", "virtio0", "scsi10", "scsi9"]) == "scsi9")
        #expect(try boot(["sata0", "virtio15"]) == "virtio15")
        #expect(try boot(["sata5"]) == "sata5")
        #expect(try boot(["efidisk0", "tpmstate0", "unused0"]) == nil)
    }

    // MARK: cards

    @Test func `cards by address and by mapping`() throws {
        let cards = try Self.machine(
            #"""
            {"hostpci0":"0000:01:00.0,pcie=1,x-vga=1","hostpci1":"01:00.0;01:00.1","hostpci2":"mapping=gpu,mdev=nvidia-63,pcie=1",
            "hostpci3":"host=0000:02:00,mdev=i915-GVTg","hostpci10":"","hostpci11":null,"hostpci12":";","hostpci":"03:00"}
            """#
        ).passthrough
        #expect(cards.map(\.device) == ["hostpci0", "hostpci1", "hostpci1", "hostpci12", "hostpci2", "hostpci3"])
        #expect(cards.map(\.address) == ["0000:01:00.0", "01:00.0", "01:00.1", "", "", "0000:02:00"])
        #expect(cards.map(\.mapping) == ["", "", "", "", "gpu", ""])
        #expect(cards.map(\.mediatedDevice) == ["", "", "", "", "nvidia-63", "i915-GVTg"])
    }

    // MARK: hostile

    @Test func `odd values are as if they were not there`() throws {
        for value in ["null", "[]", "{}", "\"\"", "[[1]]", "-1e300"] {
            let machine = try Self.machine(
                #"{"ostype":\#(value),"tags":\#(value),"scsi0":\#(value),"hostpci0":\#(value),"boot":\#(value),"rootfs":\#(value)}"#)
            #expect(machine.disks.allSatisfy { $0.sizeBytes == nil } && machine.cpus == 1)
            if value != "-1e300" { #expect(machine.disks.isEmpty && machine.passthrough.isEmpty && machine.systemType == nil) }
        }
    }

    @Test func `more devices than there can be, and names of 5 MB`() throws {
        let disks = (0..<5000).map { "\"scsi\($0)\":\"a:b\(String(repeating: ";", count: 3)),size=1G\"" }.joined(separator: ",")
        let cards = "\"hostpci0\":\"\((0..<5000).map { "\($0)" }.joined(separator: ";"))\""
        let machine = try Self.machine("{\(disks),\(cards)}")
        #expect(machine.disks.count == 512 && machine.passthrough.count <= 8192)
        let long = String(repeating: "n", count: 5_000_000)
        let named = try Self.machine("{\"scsi0\":\"\(long)\",\"scsi\(long)1\":\"a:b\",\"ostype\":\"\(long)\",\"tags\":\"\(long)\"}")
        #expect(named.systemType?.utf8.count == 8192 && named.tags?.utf8.count == 8192)
        #expect(named.disks.allSatisfy { $0.device.utf8.count <= 8192 && $0.volume.utf8.count <= 8192 })
    }
}
