import CollectorConformance
import Primitives
import Testing

@testable import ContainerCollector

@Suite struct NetworkTests {
    private static func reading(_ folder: TemporaryFolder, _ pid: Int, isOwn: Bool? = nil) -> NetworkReader.Reading? {
        NetworkReader(fileSystemRoot: folder.path, files: KernelFileReader()).read(ofProcess: pid, isOwn: isOwn)
    }

    @Test func `the host's network is nobody's own`() throws {
        let folder = try TemporaryFolder()
        for (pid, namespace) in [(1, 4_026_531_840), (7, 4_026_531_840), (8, 4_026_532_177)] {
            try folder.process(pid)
            try folder.namespace(pid, namespace)
        }
        #expect(Self.reading(folder, 7) == nil)
        #expect(Self.reading(folder, 8)?.outward.map(\.name) == ["eth0"])
        // The engine's word goes first.
        #expect(Self.reading(folder, 8, isOwn: false) == nil)
        #expect(Self.reading(folder, 9) == nil)
    }

    @Test func `where namespaces cannot be told, what looks like the host's is taken for it`() throws {
        let folder = try TemporaryFolder()
        try folder.process(1, network: [("lo", 1, 1), ("eno1", 5, 5)])
        try folder.process(7, network: [("lo", 1, 1), ("eno1", 5, 5)])
        try folder.process(8, network: [("lo", 1, 1), ("eth0", 5, 5)])
        #expect(Self.reading(folder, 7) == nil)
        #expect(Self.reading(folder, 7, isOwn: true) != nil)
        #expect(Self.reading(folder, 8) != nil)
    }

    @Test func `containers of one namespace are shown once`() async throws {
        let folder = try TemporaryFolder()
        try folder.machine()
        try folder.namespace(1, 1)
        for (index, id) in [TemporaryFolder.docker, TemporaryFolder.podman].enumerated() {
            try folder.group("docker/\(id)", pids: [50 + index])
            try folder.process(50 + index)
            try folder.namespace(50 + index, 2)
        }
        let trial = try await scrape(collector(), folder)
        let shown = trial.containers.filter { trial.value("network_bytes_total", $0, "receive") != nil }
        #expect(trial.containers.count == 2 && shown.count == 1)
    }

    @Test func `interfaces whose names are the same as text are one`() throws {
        let folder = try TemporaryFolder()
        try folder.process(7)
        var bytes: [UInt8] = []
        // A container may call its interfaces as it likes.
        for name: UInt8 in [0xFE, 0xFF] { bytes += [name] + Array(": 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0\n".utf8) }
        try Files.write(bytes, to: "\(folder.path)/proc/7/net/dev")
        let found = try #require(Self.reading(folder, 7, isOwn: true)?.outward)
        #expect(found.count == 1)
        #expect(found.first?.received == NetworkReader.Counts(bytes: 2, packets: 4, errors: 6, dropped: 8))
        #expect(found.first?.transmitted == NetworkReader.Counts(bytes: 10, packets: 12, errors: 14, dropped: 16))
    }
}
