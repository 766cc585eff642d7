import Primitives
import Testing
import XML

@testable import LibvirtAPI

/// Connections to libvirt's test driver, and to daemons that are not there.
@Suite(.whereLibvirtIs) struct LibvirtConnectionTests {
    private func failure(_ body: () throws(LibvirtError) -> Void) -> LibvirtError? {
        do throws(LibvirtError) {
            try body()
            return nil
        } catch {
            return error
        }
    }

    @Test func `what a connection tells of itself`() throws {
        let connection = try LibvirtHere.testDriver()
        #expect(connection.isAlive)
        #expect(try connection.uri() == LibvirtHere.uri)
        #expect(try connection.driver() == "TEST")
        #expect(try connection.hypervisorVersion() == 2)
        #expect(try connection.daemonVersion() == connection.library.version)
        #expect(try !connection.hostName().isEmpty)
        let node = try connection.nodeInfo()
        #expect(node.model == "i986")
        #expect(node.activeCPUs == 50)
        #expect(node.memoryKiB == 8_192_000)
        let capabilities = try XMLReader.read(connection.capabilities(), source: "capabilities")
        #expect(capabilities.first("guest/os_type") != nil)
    }

    @Test func `what this driver cannot is told as that`() throws {
        let connection = try LibvirtHere.testDriver()
        #expect(failure { () throws(LibvirtError) in _ = try connection.domainCapabilities() }?.kind == .notSupported)
    }

    @Test(arguments: [
        ("qemu+unix:///system?socket=/nowhere/libvirt-sock", LibvirtError.Kind.unreachable),
        ("qemu+tcp://127.0.0.1:1/system", .unreachable),
        ("nonsense:///x", .unreachable), ("test:///nowhere.xml", .invalidArgument),
    ])
    func `a daemon that is not there is told as that`(uri: String, kind: LibvirtError.Kind) throws {
        let library = try #require(LibvirtHere.library)
        let error = try #require(failure { () throws(LibvirtError) in _ = try LibvirtConnection.open(uri, library: library) })
        #expect(error.kind == kind, "\(error.code) of \(error.domain): \(error)")
        #expect(!error.message.isEmpty)
    }

    @Test func `a connection that only looks refuses to change`() throws {
        let connection = try LibvirtConnection.openReadOnly(LibvirtHere.uri, library: #require(LibvirtHere.library))
        #expect(connection.isReadOnly)
        #expect(try connection.domains().count == 1)
    }

    @Test func `domains are found by list, name and UUID`() throws {
        let connection = try LibvirtHere.testDriver()
        let domain = try #require(try connection.domains().first)
        #expect(domain.name == "test")
        #expect(domain.uuid == "6695eb01-f6a4-8304-79aa-97f2502e193f")
        #expect(domain.number == 1)
        #expect(try connection.domain(named: "test").uuid == domain.uuid)
        #expect(try connection.domain(uuid: domain.uuid).name == "test")
        #expect(try connection.domains(.active).count == 1)
        #expect(try connection.domains(.inactive).isEmpty)
        #expect(failure { () throws(LibvirtError) in _ = try connection.domain(named: "none") }?.kind == .noDomain)
        #expect(
            failure { () throws(LibvirtError) in _ = try connection.domain(uuid: "00000000-0000-0000-0000-000000000000") }?.kind
                == .noDomain)
        #expect(failure { () throws(LibvirtError) in _ = try connection.domain(uuid: "no uuid") }?.kind == .invalidArgument)
    }

    @Test func `what a domain tells`() throws {
        let domain = try LibvirtHere.testDriver().domain(named: "test")
        let state = try domain.state()
        #expect(state.state == .running)
        #expect(state.name == "running")
        #expect(state.reason == "unknown")
        let info = try domain.info()
        #expect(info.state == .running)
        #expect(info.memoryKiB == 2_097_152)
        #expect(info.virtualCPUs == 2)
        #expect(try domain.isActive())
        #expect(try domain.isPersistent())
        #expect(try !domain.isAutostarted())
        let xml = try XMLReader.read(domain.xml(), source: "domain")
        #expect(xml.text(at: "name") == "test")
        #expect(xml["id"] == "1")
        #expect(try XMLReader.read(domain.xml(.inactive), source: "domain")["id"] == nil)
    }

    @Test func `a domain keeps its connection`() throws {
        let domain = try LibvirtHere.testDriver().domain(named: "test")
        #expect(domain.connection.isAlive)
        #expect(try domain.state().state == .running)
    }

    @Test(arguments: DomainState.State.allCases) func `every state has a name and reasons that libvirt numbers from 0`(
        state: DomainState.State
    ) {
        #expect(DomainState(state: state.rawValue, reason: 0).reason == "unknown")
        #expect(DomainState(state: state.rawValue, reason: 99).reason == "99")
        #expect(DomainState(state: 99, reason: 1).name == "99")
        #expect(DomainState(state: 3, reason: 5).reason == "ioerror")
    }

    @Test func `an error belongs to the call before, not to one further back`() throws {
        let connection = try LibvirtHere.testDriver()
        let first = failure { () throws(LibvirtError) in _ = try connection.domain(named: "none") }
        _ = try connection.domains()
        let second = failure { () throws(LibvirtError) in _ = try connection.domain(uuid: "no uuid") }
        #expect(first?.kind == .noDomain)
        #expect(second?.message.contains("none") == false)
        #expect(second?.during("cannot look").message.hasPrefix("cannot look: ") == true)
    }
}
