import CollectorConformance
import Testing

@testable import GPUCollector

@Suite struct InventoryTests {
    private func hello(_ files: [DriverFiles.Card], _ prepare: (inout ScriptedNVML.State) -> Void, isThorough: Bool = false)
        -> ReaderLine.Hello
    {
        let nvml = ScriptedNVML()
        nvml.set { state in
            state.numbers[.count] = [2, 0, 0, 0]
            prepare(&state)
        }
        return Inventory(caller: Caller(nvml, ledger: CallLedger()), files: files, isThorough: isThorough).read().hello
    }

    private static let files = [
        DriverFiles.Card(uuid: "GPU-1", busID: "00000000:18:00.0", name: "NVIDIA H200"),
        DriverFiles.Card(uuid: "GPU-2", busID: "00000000:19:00.0", name: "NVIDIA L40S"),
    ]

    @Test func `a card that is lost is known by the driver's files`() {
        let found = hello(Self.files) { $0.codesOfArguments[.handle] = [1: .gpuIsLost] }
        #expect(found.cards == ["GPU-1"] && found.count == 2)
        #expect(
            found.missing == [
                ReaderLine.MissingCard(index: 1, uuid: "GPU-2", busID: "00000000:19:00.0", name: "NVIDIA L40S", condition: .lost)
            ])
    }

    @Test func `without files a lost card has its index`() {
        #expect(
            hello([]) { $0.codesOfArguments[.handle] = [1: .gpuIsLost] }.missing == [ReaderLine.MissingCard(index: 1, condition: .lost)])
        // Nobody says that one is lost because we may not look at it.
        #expect(
            hello([]) { $0.codesOfArguments[.handle] = [1: .noPermission] }.missing
                == [ReaderLine.MissingCard(index: 1, condition: .unknown)])
    }

    @Test func `a survey believes a card that says more than its name`() {
        #expect(
            hello([], { $0.codes[.power] = .resetRequired }, isThorough: true).missing.map(\.condition) == [.resetRequired, .resetRequired])
        #expect(hello([], { _ in }, isThorough: true).missing.isEmpty)
        #expect(hello([]) { $0.codes[.power] = .resetRequired }.missing.isEmpty)
    }

    @Test func `files of the driver`() throws {
        let folder = try TemporaryFolder()
        try folder.write(
            "proc/driver/nvidia/gpus/0000:1a:00.0/information",
            "Model: \t\t NVIDIA H200\nIRQ:   \t\t 42\nGPU UUID: \t GPU-1234\nBus Location: \t 0000:1a:00.0\n")
        try folder.write("proc/driver/nvidia/gpus/0000:1b:00.0/information", "Model: NVIDIA H200\nGPU UUID: GPU-????????-????\n")
        #expect(
            DriverFiles(fileSystemRoot: folder.path).cards == [
                DriverFiles.Card(uuid: "GPU-1234", busID: "00000000:1A:00.0", name: "NVIDIA H200"),
                DriverFiles.Card(uuid: "", busID: "00000000:1B:00.0", name: "NVIDIA H200"),
            ])
        #expect(DriverFiles(fileSystemRoot: "/nonexistent").places == nil)
    }
}
