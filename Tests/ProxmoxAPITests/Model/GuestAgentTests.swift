import Testing

@testable import ProxmoxAPI

@Suite struct GuestAgentTests {
    private static func systems(_ rows: String) throws -> [AgentFileSystem] {
        try #require(try decoded(#"{"result":\#(rows)}"#, AgentFileSystem.list))
    }

    @Test func `file systems that lie on a disk, each once`() throws {
        let systems = try Self.systems(
            #"""
            [{"mountpoint":"/var","type":"ext4","name":"sda2","total-bytes":20,"used-bytes":7,"disk":[{"dev":"/dev/sda2"},{"dev":"/dev/sdb1"}]},
            {"mountpoint":"/","type":"ext4","name":"sda1","total-bytes":"10","used-bytes":"5","disk":[{"dev":"/dev/sda1"}]},
            {"mountpoint":"/bind","type":"ext4","name":"sda1","total-bytes":10,"used-bytes":5,"disk":[{"dev":"/dev/sda1"}]},
            {"mountpoint":"/home","type":"xfs","name":"dm-1","total-bytes":30,"used-bytes":9,"disk":[{"dev":"/dev/sda1"}]},
            {"mountpoint":"/snap/x","type":"squashfs","name":"loop0","total-bytes":1,"disk":[{"dev":"/dev/loop0"}]},
            {"mountpoint":"/run","type":"tmpfs","total-bytes":1,"disk":[]},{"mountpoint":"/efi","type":"vfat","disk":[]},
            {"mountpoint":"/media","type":"ISO9660","total-bytes":1,"disk":[{"dev":"/dev/sr0"}]},
            {"mountpoint":"C:\\","type":"NTFS","name":"\\\\?\\Volume{1}\\","total-bytes":40,"used-bytes":11,"disk":[{"bus-type":"sata"}]}]
            """#)
        #expect(systems.map(\.mountPoint) == ["/", "/home", "/var", "C:\\"])
        #expect(systems.map(\.device) == ["/dev/sda1", "/dev/sda1", "/dev/sda2", ""])
        #expect(systems.map(\.type) == ["ext4", "xfs", "ext4", "NTFS"])
        #expect(systems.map(\.totalBytes) == [10, 30, 20, 40] && systems.map(\.usedBytes) == [5, 9, 7, 11])
    }

    @Test func `a disk is enough for a device, a size is enough for a disk without one`() throws {
        #expect(try Self.systems(#"[{"mountpoint":"/","disk":[{"dev":"/dev/sda"}]}]"#).map(\.totalBytes) == [nil])
        #expect(try Self.systems(#"[{"mountpoint":"/","disk":[{}]}]"#).isEmpty)
        #expect(try Self.systems(#"[{"mountpoint":"/","total-bytes":5,"disk":[]}]"#).isEmpty)
        #expect(try Self.systems(#"[{"mountpoint":"/","total-bytes":5}]"#).isEmpty)
        #expect(try Self.systems(#"[{"mountpoint":"/","total-bytes":5,"disk":[{"dev":""},{"dev":"b"}]}]"#).map(\.device) == ["b"])
    }

    @Test func `whoever is inside a guest cannot fill a page with long names`() throws {
        let long = String(repeating: "x", count: 8000)
        let system = try #require(
            try Self.systems(#"[{"mountpoint":"/\#(long)","type":"\#(long)","disk":[{"dev":"\#(long)"}]}]"#).first)
        #expect(system.mountPoint.utf8.count == 256 && system.type.utf8.count == 256 && system.device.utf8.count == 256)
    }

    @Test func `odd rows are left out`() throws {
        let odd = #"[null,5,"x",[],{},{"mountpoint":""},{"mountpoint":[],"disk":[{"dev":"a"}]},{"mountpoint":"/","disk":{"dev":"a"}}]"#
        #expect(try Self.systems(odd).isEmpty)
        for rows in ["null", "{}", "5", #"{"error":{"class":"CommandNotFound"}}"#] { #expect(try Self.systems(rows).isEmpty) }
        for answer in ["null", "[]", "{}", "5"] { #expect(try decoded(answer, AgentFileSystem.list) == nil) }
    }

    @Test func `no guest has file systems without end`() throws {
        let rows = (0..<5000).map { #"{"mountpoint":"/\#($0)","disk":[{"dev":"/dev/sd\#($0)"}]}"# }.joined(separator: ",")
        #expect(try Self.systems("[\(rows)]").count == 256)
    }

    // MARK: addresses

    private static let interfaces = #"""
        [{"name":"lo","hardware-address":"00:00","ip-addresses":[{"ip-address":"127.0.0.1"},{"ip-address":"10.9.9.9"}]},
        {"name":"eth1","hardware-address":"aa:02","ip-addresses":[{"ip-address":"fe80::2","ip-address-type":"ipv6","prefix":64},
        {"ip-address":"10.0.0.2","ip-address-type":"ipv4"},{"ip-address":"10.0.0.2","ip-address-type":"inet"}]},
        {"name":"Loopback Pseudo-Interface 1","ip-addresses":[{"ip-address":"::1"},{"ip-address":"127.0.0.2"}]},
        {"name":"eth0","hwaddr":"aa:01","inet":"10.0.0.1/24","inet6":"fe80::1/64"},{"name":"eth2","hardware-address":"aa:03"},
        {"name":"eth3","ip-addresses":[{"ip-address":""},{"ip-address":null},{},null,5]},{"ip-addresses":[{"ip-address":"1.1.1.1"}]},
        {"name":"eth4","ip-addresses":{"ip-address":"1.1.1.1"},"inet":[]},null,7,"x"]
        """#

    @Test func `addresses of an agent and of a container`() throws {
        let agent = try #require(try decoded(#"{"result":\#(Self.interfaces)}"#, GuestAddress.listOfAgent))
        let container = try #require(try decoded(Self.interfaces, GuestAddress.listOfContainer))
        #expect(agent == container)
        #expect(agent.map(\.interface) == ["eth0", "eth0", "eth1", "eth1"])
        #expect(agent.map(\.hardwareAddress) == ["aa:01", "aa:01", "aa:02", "aa:02"])
        #expect(agent.map(\.family) == ["ipv4", "ipv6", "ipv4", "ipv6"])
        #expect(agent.map(\.address) == ["10.0.0.1", "fe80::1", "10.0.0.2", "fe80::2"])
    }

    @Test(arguments: [
        ("lo", "10.0.0.1", false), ("Loopback Pseudo-Interface 1", "10.0.0.1", false), ("Loopback Pseudo-Interface 2", "127.0.0.9", false),
        ("eth0", "127.0.0.1", false), ("eth0", "::1", false), ("eth0", "127.16.0.1", true), ("eth0", "127.0.0.10", true),
        ("lo0", "127.0.0.2", true), ("Ethernet", "::10", true),
    ])
    func `only what is surely the loopback's is left out`(interface: String, address: String, isTold: Bool) throws {
        let row = #"{"name":"\#(interface)","ip-addresses":[{"ip-address":"\#(address)"}],"inet":"\#(address)/8"}"#
        let agent = try #require(try decoded(#"{"result":[\#(row)]}"#, GuestAddress.listOfAgent))
        #expect(agent.map(\.address) == (isTold ? [address] : []))
        let old = #"[{"name":"\#(interface)","inet":"\#(address)/8"}]"#
        #expect(try decoded(old, GuestAddress.listOfContainer)?.map(\.address) == (isTold ? [address] : []))
    }

    @Test func `no list of addresses is no answer`() throws {
        for answer in ["null", "[]", "{}", "5"] { #expect(try decoded(answer, GuestAddress.listOfAgent) == nil) }
        for answer in ["{}", "5", "\"x\""] { #expect(try decoded(answer, GuestAddress.listOfContainer) == nil) }
        #expect(try decoded("[]", GuestAddress.listOfContainer)?.isEmpty == true)
        let rows = (0..<5000).map { #"{"ip-address":"10.0.\#($0 / 256).\#($0 % 256)"}"# }.joined(separator: ",")
        #expect(try decoded(#"[{"name":"eth0","ip-addresses":[\#(rows)]}]"#, GuestAddress.listOfContainer)?.count == 256)
    }

    // MARK: the system

    @Test func `the system inside`() throws {
        let debian = try #require(
            try decoded(
                #"""
                {"result":{"id":"debian","name":"Debian GNU/Linux","pretty-name":"Debian GNU/Linux 13 (trixie)","version":"13 (trixie)",
                "version-id":"13","kernel-release":"6.12.1","kernel-version":"#1 SMP"}}
                """#, AgentSystem.init))
        #expect(
            debian.id == "debian" && debian.name == "Debian GNU/Linux 13 (trixie)" && debian.version == "13" && debian.kernel == "6.12.1")
        let bare = try #require(try decoded(#"{"result":{"name":"X","version":"1","kernel-release":[]}}"#, AgentSystem.init))
        #expect(bare.id == "" && bare.name == "X" && bare.version == "1" && bare.kernel == "")
        for answer in ["null", "{}", "[]", #"{"result":[]}"#, #"{"result":null}"#] { #expect(try decoded(answer, AgentSystem.init) == nil) }
    }
}
