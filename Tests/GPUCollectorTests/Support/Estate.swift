import CollectorConformance
import Exporting
import Ownership
import Primitives
import Web

@testable import GPUCollector

/// A machine with two cards, a VM with a vGPU, and processes of a container, a unit and a VM.
struct Estate {
    let folder: TemporaryFolder
    let book = CardBook()

    init() throws {
        folder = try TemporaryFolder()
        let container = String(repeating: "c0ffee12", count: 8)
        for (pid, group, arguments) in [
            (101, "/system.slice/docker-\(container).scope", "vllm\0serve\0"), (102, "/system.slice/ollama.service", "ollama\0serve\0"),
            (103, "/qemu.slice/101.scope", "/usr/bin/kvm\0-id\0101\0-name\0web01,debug-threads=on\0"),
        ] {
            try folder.write("proc/\(pid)/stat", "\(pid) (x) S 1 1 1 0 -1 4194560 1 0 0 0 1 1 0 0 20 0 1 0 777 1 1\n")
            try folder.write("proc/\(pid)/cgroup", "0::\(group)\n")
            try folder.write("proc/\(pid)/cmdline", arguments)
        }
        try folder.write("etc/pve/qemu-server/101.conf", "name: web01\nsmbios1: uuid=0a0a0a0a-1111-2222-3333-444444444444\n")
    }

    var finder: OwnerFinder { OwnerFinder(fileSystemRoot: folder.path) }

    /// Both cards have answered.
    func fill() throws {
        var hello = ReaderLine.Hello(code: 0)
        (hello.driverVersion, hello.cudaVersion, hello.cards, hello.count) = ("575.57.08", "12.8", ["GPU-1", "GPU-2"], 2)
        book.take(.hello(hello), from: 1)
        guard var first = Self.sample(.mig()), var second = Self.sample(.vgpu()) else {
            throw Failure(.malformed, "the scripted cards do not answer")
        }
        for fact in [Fact.listensForXIDs, .pcieTransmitRate, .pcieReceiveRate, .held(.thermal)] { first.facts[fact] = 1 }
        first.processes?[0].instances = [2: 4_294_967_296]
        second.identity = CardIdentity(
            uuid: "GPU-2", index: 1, name: "NVIDIA L40S", busID: "00000000:19:00.0", minorNumber: 1, virtualizationMode: "host_vgpu",
            architecture: "ada")
        book.take(.card(first), from: 1)
        book.take(.card(second), from: 1)
        book.take(.event(ReaderLine.XIDEvent(uuid: "GPU-1", xid: 31, unixSeconds: 1_700_000_000)), from: 1)
        book.take(.calls([ReaderLine.CallCount(call: "nvmlDeviceGetPowerUsage", code: 0, count: 12)]), from: 1)
        resolve()
    }

    func resolve() {
        var known: [String: Int] = [:]
        OwnerResolver(finder).resolve(book, &known)
    }

    private static func sample(_ bench: Bench) -> CardSample? {
        _ = bench.reader.read()
        bench.clock.advance(seconds: 2)
        return bench.reader.read()
    }

    /// - Parameter settings: with a series for each process where nothing else is said.
    func collector(waitsForCards: Bool = false, _ change: (inout GPUSettings) -> Void = { $0.isPerProcess = true }) -> GPUCollector {
        var settings = GPUSettings()
        change(&settings)
        let options = ReaderSupervisor.Options(program: "/bin/sh", arguments: ["-c", "exec sleep 60"], environment: [:])
        return GPUCollector(
            settings, finder: finder, waitsForCards: waitsForCards, supervisor: ReaderSupervisor(options, book: book))
    }

    /// One scrape, as text.
    func scrape(
        waitsForCards: Bool = false, _ change: (inout GPUSettings) -> Void = { $0.isPerProcess = true }
    ) async throws -> Trial {
        let http = try HTTPClient()
        defer { http.close() }
        return await Trial(collector(waitsForCards: waitsForCards, change), http: http)
    }
}
