import Testing
import XML

@testable import LibvirtAPI

/// What a collector asks, of libvirt's test driver: it knows of states, pools and networks, and of the rest nothing.
@Suite(.whereLibvirtIs) struct MonitoringTests {
    @Test func `statistics are of the domains that are asked for, and of no other`() throws {
        let connection = try LibvirtHere.testDriver()
        let domain = try #require(try connection.domains().first)
        let all = try connection.statistics(.state)
        #expect(all.map(\.uuid) == [domain.uuid])
        #expect(all[0].parameters.contains(TypedParameter(name: "state.state", value: .integer(1))))
        #expect(try connection.statistics(of: [domain], [.state, .block, .vcpu, .balloon, .interface]).map(\.uuid) == [domain.uuid])
        #expect(try connection.statistics(of: [], .state).isEmpty)
    }

    @Test func `who starts with the hypervisor, and who is saved`() throws {
        let connection = try LibvirtHere.testDriver()
        #expect(try connection.domains(.autostarted).isEmpty && connection.domains(.saved).isEmpty)
        #expect(try connection.domains(.persistent).count == 1)
    }

    @Test func `pools and networks are told`() throws {
        let connection = try LibvirtHere.testDriver()
        let pool = try #require(try connection.poolStatuses().first)
        #expect(pool.name == "default-pool" && pool.state == 2 && (pool.capacity ?? 0) > 0 && pool.isAutostarted == false)
        #expect(pool.description?.contains("<pool type='dir'>") == true)
        let network = try #require(try connection.networkStatuses().first)
        #expect(network.name == "default" && network.isActive == true && network.bridge == "virbr0")
    }

    @Test func `snapshots are counted, and described up to a limit`() throws {
        let connection = try LibvirtHere.testDriver()
        let domain = try #require(try connection.domains().first)
        #expect(try domain.snapshots(describing: 10) == LibvirtDomain.Snapshots(count: 0, descriptions: []))
    }

    private func refusal(_ body: () throws(LibvirtError) -> Void) -> LibvirtError.Kind? {
        do throws(LibvirtError) {
            try body()
            return nil
        } catch {
            return error.kind
        }
    }

    @Test func `what this driver has not is not supported`() throws {
        let connection = try LibvirtHere.testDriver()
        let domain = try #require(try connection.domains().first)
        #expect(refusal { () throws(LibvirtError) in _ = try domain.jobStatistics() } == .notSupported)
        #expect(refusal { () throws(LibvirtError) in _ = try domain.blockJob(disk: "vda") } == .notSupported)
        // It says of a disk that it has failed, of the second that it is full, and so on.
        #expect(try domain.diskErrors() == [LibvirtDomain.DiskError(disk: "vda", code: 1)])
        #expect(try domain.control().state == .ok)
    }
}
