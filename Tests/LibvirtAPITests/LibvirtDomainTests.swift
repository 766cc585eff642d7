import Primitives
import Synchronization
import Testing
import XML

@testable import LibvirtAPI

/// Domains of libvirt's test driver: life, changes, snapshots, events.
@Suite(.whereLibvirtIs) struct LibvirtDomainTests {
    private static let description = """
        <domain type='test'><name>web1</name><uuid>11111111-2222-3333-4444-555555555555</uuid><memory>65536</memory><vcpu current='1'>4</vcpu>
        <os><type>hvm</type></os><devices><disk type='file' device='disk'><source file='/guest/disk.img'/><target dev='vda'/></disk>
        <interface type='network'><mac address='52:54:00:00:00:01'/><source network='default'/></interface></devices></domain>
        """

    private func kind(_ body: () throws(LibvirtError) -> Void) -> LibvirtError.Kind? {
        do throws(LibvirtError) {
            try body()
            return nil
        } catch {
            return error.kind
        }
    }

    @Test func `a domain is defined, started, stopped and forgotten`() throws {
        let connection = try LibvirtHere.testDriver()
        let domain = try connection.defineDomain(Self.description)
        #expect(domain.uuid == "11111111-2222-3333-4444-555555555555")
        #expect(try domain.state() == DomainState(state: DomainState.State.off.rawValue, reason: 0))
        #expect(domain.number == nil)
        try domain.start()
        #expect(try domain.state().state == .running)
        #expect(try domain.state().reason == "booted")
        #expect(kind { () throws(LibvirtError) in try domain.start() } == .failed)
        try domain.suspend()
        #expect(try domain.state() == DomainState(state: 3, reason: 1))
        try domain.resume()
        try domain.shutDown()
        #expect(try domain.state().state == .off)
        #expect(try domain.state().reason == "shutdown")
        #expect(kind { () throws(LibvirtError) in try domain.shutDown() } == .failed)
        try domain.start()
        try domain.destroy(gracefully: true)
        #expect(try domain.state().reason == "destroyed")
        try domain.setAutostart(true)
        #expect(try domain.isAutostarted())
        #expect(try !domain.hasManagedSave())
        try domain.undefine([.snapshotsMetadata, .managedSave])
        #expect(kind { () throws(LibvirtError) in _ = try domain.state() } == .noDomain)
        #expect(try connection.domains().count == 1)
    }

    @Test(arguments: ["", "<domain", "<domain/>", "<domain type='test'><name>a</name><memory>x</memory></domain>", "<network/>"])
    func `what is no description is refused as that`(xml: String) throws {
        let connection = try LibvirtHere.testDriver()
        let refused = kind { () throws(LibvirtError) in _ = try connection.defineDomain(xml) }
        #expect(refused == .invalidArgument || refused == .failed)
        #expect(try connection.domains().count == 1)
    }

    @Test func `a name belongs to one UUID`() throws {
        let connection = try LibvirtHere.testDriver()
        _ = try connection.defineDomain(Self.description)
        let other = Self.description.replacing("11111111-", with: "99999999-")
        #expect(kind { () throws(LibvirtError) in _ = try connection.defineDomain(other) } != nil)
        #expect(try connection.domain(named: "web1").uuid.hasPrefix("11111111-"))
    }

    @Test func `processors and memory change live and in the configuration`() throws {
        let domain = try LibvirtHere.testDriver().defineDomain(Self.description)
        #expect(try domain.virtualCPUs(maximum: true, .config) == 4)
        #expect(try domain.virtualCPUs(maximum: false, .config) == 1)
        try domain.setVirtualCPUs(3, .config)
        #expect(try domain.virtualCPUs(maximum: false, .config) == 3)
        #expect(kind { () throws(LibvirtError) in try domain.setVirtualCPUs(5, .config) } == .invalidArgument)
        try domain.setMaximumVirtualCPUs(6)
        #expect(try domain.virtualCPUs(maximum: true, .config) == 6)
        try domain.start()
        try domain.setVirtualCPUs(2, .live)
        #expect(try domain.virtualCPUs(maximum: false, .live) == 2)
        try domain.setMemory(kibibytes: 32768, .live)
        #expect(try domain.info().memoryKiB == 32768)
        #expect(kind { () throws(LibvirtError) in try domain.setMemory(kibibytes: 131_072, .live) } == .invalidArgument)
        #expect(kind { () throws(LibvirtError) in try domain.resizeBlock("vda", bytes: 1 << 30) } == .notSupported)
    }

    @Test func `notes are kept under a namespace`() throws {
        let domain = try LibvirtHere.testDriver().defineDomain(Self.description)
        #expect(kind { () throws(LibvirtError) in _ = try domain.metadata(namespace: "urn:martlet:test") } == .noMetadata)
        try domain.setMetadata("<vm operation='7'><owner>a&amp;b</owner></vm>", prefix: "m", namespace: "urn:martlet:test", .config)
        let note = try XMLReader.read(domain.metadata(namespace: "urn:martlet:test", .config), source: "note")
        #expect(note["operation"] == "7")
        #expect(note.text(at: "owner") == "a&b")
        let within = try XMLReader.read(domain.xml(.inactive), source: "domain").child("metadata")?.child(
            "vm", namespace: "urn:martlet:test")
        #expect(within?["operation"] == "7")
        try domain.setMetadata(nil, prefix: "m", namespace: "urn:martlet:test", .config)
        #expect(kind { () throws(LibvirtError) in _ = try domain.metadata(namespace: "urn:martlet:test") } == .noMetadata)
    }

    @Test func `addresses of a guest`() throws {
        let domain = try LibvirtHere.testDriver().domain(named: "test")
        let card = try #require(try domain.interfaces(.lease).first)
        #expect(card.name == "testnet0")
        #expect(card.mac == "aa:bb:cc:dd:ee:ff")
        #expect(card.addresses == [LibvirtDomain.Address(text: "192.168.122.3", prefix: 24, isIPv6: false)])
    }

    @Test func `snapshots are made, listed, reverted to and removed`() throws {
        let domain = try LibvirtHere.testDriver().defineDomain(Self.description)
        try domain.start()
        let first = try domain.createSnapshot("<domainsnapshot><name>first</name></domainsnapshot>")
        _ = try domain.createSnapshot("<domainsnapshot><name>second</name></domainsnapshot>")
        #expect(try domain.snapshots().map(\.name) == ["first", "second"])
        #expect(try domain.currentSnapshot().name == "second")
        #expect(try first.childrenCount() == 1)
        let xml = try XMLReader.read(domain.snapshot(named: "second").xml(), source: "snapshot")
        #expect(xml.text(at: "parent/name") == "first")
        try domain.destroy(gracefully: false)
        try first.revert()
        #expect(try domain.state().state == .running)
        #expect(try domain.currentSnapshot().name == "first")
        try domain.snapshot(named: "second").delete()
        #expect(kind { () throws(LibvirtError) in _ = try domain.snapshot(named: "second") } == .noSnapshot)
        #expect(try domain.snapshots().count == 1)
    }

    @Test func `events are heard as long as the connection lives, and it closes all the same`() async throws {
        let heard = Mutex<[DomainEvent]>([])
        let (events, more) = AsyncStream.makeStream(of: DomainEvent.self)
        weak var watched: LibvirtConnection?
        do {
            let connection = try LibvirtHere.testDriver()
            watched = connection
            try connection.listen(to: .lifecycle) { more.yield($0) }
            for other in DomainEvent.Kind.allCases where other != .lifecycle { try connection.listen(to: other) { more.yield($0) } }
            let domain = try connection.defineDomain(Self.description)
            try domain.start()
            try domain.destroy(gracefully: false)
            for await event in events {
                heard.withLock { $0.append(event) }
                if event.lifecycle == .stopped { break }
            }
        }
        #expect(heard.withLock { $0.map(\.lifecycle) } == [.defined, .started, .stopped])
        #expect(heard.withLock { $0.allSatisfy { $0.name == "web1" && $0.uuid.hasPrefix("11111111-") } })
        #expect(watched == nil)
    }
}
