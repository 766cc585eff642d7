import Primitives
import Testing
import XML

@testable import LibvirtAPI

/// Pools, volumes and networks of libvirt's test driver.
@Suite(.whereLibvirtIs) struct LibvirtStorageTests {
    private func kind(_ body: () throws(LibvirtError) -> Void) -> LibvirtError.Kind? {
        do throws(LibvirtError) {
            try body()
            return nil
        } catch {
            return error.kind
        }
    }

    private func volume(_ name: String, megabytes: Int = 1) -> String {
        "<volume><name>\(name)</name><capacity unit='MiB'>\(megabytes)</capacity><target><format type='qcow2'/></target></volume>"
    }

    @Test func `a pool tells what it has`() throws {
        let connection = try LibvirtHere.testDriver()
        #expect(try connection.pools().map(\.name) == ["default-pool"])
        let pool = try connection.pool(named: "default-pool")
        #expect(try pool.uuid() == "dfe224cb-28fb-8dd0-c4b2-64eb3f0f4566")
        #expect(try pool.info().state == .running)
        #expect(try pool.info().capacityBytes == 100 << 30)
        #expect(try pool.isActive())
        try pool.refresh()
        #expect(try XMLReader.read(pool.xml(), source: "pool").text(at: "target/path") == "/default-pool")
        #expect(kind { () throws(LibvirtError) in _ = try connection.pool(named: "none") } == .noStoragePool)
    }

    @Test func `volumes are made, found, copied and removed`() throws {
        let connection = try LibvirtHere.testDriver()
        let pool = try connection.pool(named: "default-pool")
        let disk = try pool.createVolume(volume("disk.qcow2"))
        #expect(disk.name == "disk.qcow2")
        #expect(try disk.path() == "/default-pool/disk.qcow2")
        #expect(try disk.info().capacityBytes == 1 << 20)
        #expect(try disk.pool().name == "default-pool")
        #expect(try XMLReader.read(disk.xml(), source: "volume").text(at: "name") == "disk.qcow2")
        #expect(try connection.volume(path: "/default-pool/disk.qcow2").name == "disk.qcow2")
        let copy = try pool.createVolume(volume("copy.qcow2", megabytes: 2), from: disk)
        #expect(try pool.volumes().map(\.name).sorted() == ["copy.qcow2", "disk.qcow2"])
        #expect(kind { () throws(LibvirtError) in _ = try pool.createVolume(volume("disk.qcow2")) } == .failed)
        try copy.delete()
        #expect(kind { () throws(LibvirtError) in _ = try pool.volume(named: "copy.qcow2") } == .noStorageVolume)
        #expect(kind { () throws(LibvirtError) in _ = try connection.volume(path: "/nowhere") } == .noStorageVolume)
        #expect(kind { () throws(LibvirtError) in try disk.resize(bytes: 2 << 20) } == .notSupported)
        #expect(kind { () throws(LibvirtError) in _ = try disk.upload(length: 10) } == .notSupported)
    }

    @Test func `networks are found`() throws {
        let connection = try LibvirtHere.testDriver()
        #expect(try connection.networks().map(\.name) == ["default"])
        let network = try connection.network(named: "default")
        #expect(try network.isActive())
        #expect(try network.bridge() == "virbr0")
        #expect(kind { () throws(LibvirtError) in _ = try connection.network(named: "none") } == .noNetwork)
        #expect(kind { () throws(LibvirtError) in _ = try network.leases() } == .notSupported)
    }
}
