import Testing
import XML

@testable import LibvirtCollector

@Suite struct DomainDefinitionTests {
    private static func definition(_ text: String) throws -> DomainDefinition {
        DomainDefinition(try XMLReader.read(text, source: "test"))
    }

    @Test func `a running domain's definition is read`() throws {
        let web = try Self.definition(try Fixtures.text("web.xml"))
        #expect(
            web.title == "Shop's web server" && web.osType == "hvm" && web.architecture == "x86_64" && web.machine.hasPrefix("pc-i440fx"))
        #expect(
            web.openStack
                == .init(instanceName: "shop", flavor: "m1.tiny", userName: "ann", userID: "u-1", projectName: "retail", projectID: "p-1"))
        #expect(web.disks.map(\.target) == ["vda", "vdb", "hda"] && web.disks.map(\.device) == ["disk", "disk", "cdrom"])
        let disk = try #require(web.disks.first)
        #expect(disk.source == "/var/lib/libvirt/images/web.two" && disk.bus == "virtio" && disk.cache == "none" && disk.discard == "unmap")
        #expect(
            disk.serial == "WEB1" && disk.format == "qcow2"
                && disk.limits == [
                    .init(kind: .bytes, type: .total, value: 10_485_760), .init(kind: .operations, type: .read, value: 500),
                ])
        // Two snapshots outside of the image, its own backing image, and the image itself.
        #expect(web.disks.map(\.backingDepth) == [3, 0, nil])
        #expect(web.interfaces.count == 1 && web.balloonPeriodSeconds == 5)
        let card = try #require(web.interfaces.first)
        #expect(
            card.target == "vnet0" && card.source == "br0" && card.hardwareAddress == "52:54:00:00:00:01" && card.largestPacket == "1400")
    }

    @Test func `one that is off has no network devices, and nobody has looked for its images`() throws {
        let web = try Self.definition(try Fixtures.text("web-inactive.xml"))
        #expect(web.interfaces.isEmpty && web.disks.count == 3 && web.openStack?.flavor == "m1.tiny")
    }

    @Test func `a balloon without statistics is never asked, and none has no period`() throws {
        func period(_ devices: String) throws -> Double? {
            try Self.definition("<domain><devices>\(devices)</devices></domain>").balloonPeriodSeconds
        }
        #expect(try period("<memballoon model='virtio'/>") == 0)
        #expect(try period("<memballoon model='virtio'><stats period='x'/></memballoon>") == 0)
        #expect(try period("<memballoon model='none'/>") == nil)
        #expect(try period("") == nil)
    }

    @Test func `disks of every kind have a source, those without a target are left out`() throws {
        let disks = try Self.definition(
            """
            <domain><devices>
            <disk type='block'><source dev='/dev/vg/a'/><target dev='a'/></disk>
            <disk type='volume'><source pool='p' volume='v'/><target dev='b'/></disk>
            <disk type='network'><source protocol='rbd' name='pool/image'/><target dev='c'/></disk>
            <disk type='dir'><source dir='/d'/><target dev='d'/></disk>
            <disk type='file'><source file='/f'/></disk>
            <disk type='file'><source file='/again'/><target dev='a'/></disk>
            </devices></domain>
            """
        ).disks
        #expect(disks.map(\.target) == ["a", "b", "c", "d"] && disks.map(\.source) == ["/dev/vg/a", "p/v", "pool/image", "/d"])
        #expect(disks[2].networkProtocol == "rbd")
    }

    @Test func `metadata that only looks like Nova's is none`() throws {
        let text = "<domain><metadata><n:instance xmlns:n='http://example.org/'><n:name>x</n:name></n:instance></metadata></domain>"
        #expect(try Self.definition(text).openStack == nil)
    }

    @Test func `times of snapshots`() throws {
        let recorded = try Fixtures.text("snapshot.xml")
        let older = "<domainsnapshot><name>a</name><creationTime>1000</creationTime></domainsnapshot>"
        let summary = SnapshotSummary(count: 3, descriptions: [recorded, older, "<domainsnapshot/>"])
        #expect(summary.count == 3 && summary.oldestUnixSeconds == 1000)
        #expect((summary.newestUnixSeconds ?? 0) > 1_700_000_000)
        #expect(SnapshotSummary(count: 300, descriptions: []) == SnapshotSummary(count: 300))
        #expect(SnapshotSummary(count: 1, descriptions: ["not XML"]) == SnapshotSummary(count: 1))
    }

    /// Each by what libvirt calls it.
    @Test(arguments: ["total", "read", "write"])
    func `each limit has its unit`(_ way: String) throws {
        let names = ["bytes_sec", "iops_sec", "bytes_sec_max", "iops_sec_max", "bytes_sec_max_length", "iops_sec_max_length"]
        let elements = names.enumerated().map { "<\(way)_\($1)>\($0 + 1)</\(way)_\($1)>" }.joined()
        let text = "<domain><devices><disk><target dev='vda'/><iotune>\(elements)<size_iops_sec>7</size_iops_sec><group_name>g</group_name>"
        let root = try XMLReader.read("\(text)</iotune></disk></devices></domain>", source: "domain")
        let disk = try #require(DomainDefinition(root).disks.first)
        let type = DomainDefinition.Disk.Limit.Way(rawValue: way)
        let kinds = DomainDefinition.Disk.Limit.Kind.allCases.enumerated()
        #expect(disk.limits == kinds.map { .init(kind: $1, type: $1 == .operationSize ? nil : type, value: Double($0 + 1)) })
    }

    @Test(arguments: ["0", "-1", "", "x", "1e3"])
    func `what is no limit is none`(_ value: String) throws {
        let limit = "<total_bytes_sec>\(value)</total_bytes_sec>"
        let root = try XMLReader.read(
            "<domain><devices><disk><target dev='vda'/><iotune>\(limit)</iotune></disk></devices></domain>", source: "domain")
        #expect(DomainDefinition(root).disks.first?.limits == [])
    }
}
