import CollectorConformance
import Glibc
import Testing

@testable import GPUCollector

@Suite struct PresenceTests {
    private static func add(_ folder: TemporaryFolder, _ place: String, vendor: String, class kind: String, driver: String? = nil) throws {
        try folder.write("sys/bus/pci/devices/\(place)/vendor", "\(vendor)\n")
        try folder.write("sys/bus/pci/devices/\(place)/class", "\(kind)\n")
        if let driver { symlink("../../../bus/pci/drivers/\(driver)", "\(folder.path)/sys/bus/pci/devices/\(place)/driver") }
    }

    @Test func `cards on the bus are counted, but those of others`() throws {
        let folder = try TemporaryFolder()
        #expect(GPUPresence(fileSystemRoot: folder.path) == GPUPresence())
        try Self.add(folder, "0000:18:00.0", vendor: "0x10de", class: "0x030200")
        try Self.add(folder, "0000:19:00.0", vendor: "0x10de", class: "0x030000", driver: "nvidia")
        try Self.add(folder, "0000:1a:00.0", vendor: "0x10de", class: "0x030200", driver: "vfio-pci")
        try Self.add(folder, "0000:19:00.1", vendor: "0x10de", class: "0x040300")
        try Self.add(folder, "0000:02:00.0", vendor: "0x1002", class: "0x030000")
        let presence = GPUPresence(fileSystemRoot: folder.path)
        #expect(presence.cards == 2 && !presence.isDriverLoaded && presence.isThere)
    }

    @Test func `a host without cards says nothing until there is one`() async throws {
        let estate = try Estate()
        let still = try await estate.scrape(waitsForCards: true)
        #expect(still.exposition.samples.isEmpty && still.problems.isEmpty)
    }
}
