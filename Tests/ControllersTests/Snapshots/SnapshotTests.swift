import ObjectStore
import Objects
import Primitives
import ProviderRPC
import RPC
import SimulatedProvider
import Testing

@testable import Controllers

struct SnapshotTests {
    @Test(arguments: SimulatedSettings.Kind.allCases) func `a snapshot is taken, stands in its machine's status, and goes`(
        _ kind: SimulatedSettings.Kind
    ) async throws {
        let bed = try await ManagerBed.withMachine(kind)
        try await bed.snapshot(
            "before", #","snapshotConfig":{"name":"own-name","description":"before it","includeMemory":true,"compression":true}"#)
        let taken = try await bed.waitSnapshot("before") { $0.isReady }
        #expect(taken?.status.snapshotID != nil && taken?.status.completionTime != nil)
        #expect(taken?.metadata.finalizers == [VMSnapshot.finalizer])
        #expect(taken?.status.message == "taken without compression, of which providers know nothing")
        #expect(try await bed.hypervisorSnapshots() == ["own-name"])
        let machine = try await bed.wait(VirtualMachine.self, "web1") { $0?.status.snapshots.count == 1 }
        let entry = try #require(machine?.status.snapshots.first)
        #expect(entry.id == taken?.status.snapshotID && entry.name == "before" && entry.hasMemory == true)
        #expect(entry.creationTime == taken?.status.completionTime && entry.description == "before it")
        try await bed.delete(.vmSnapshot, "before")
        try await bed.waitSnapshot("before") { $0 == nil }
        #expect(try await bed.hypervisorSnapshots().isEmpty)
        try await bed.wait(VirtualMachine.self, "web1") { $0?.status.snapshots.isEmpty == true }
        let ended = try await bed.operations().filter { [.snapshotCreate, .snapshotDelete].contains($0.method) }
        #expect(ended.count == 2 && ended.allSatisfy { $0.end?.outcome == .success && $0.target.uid == taken?.metadata.uid })
        await bed.close()
    }

    @Test func `what the contract has no word for is said not to be done`() async throws {
        let bed = try await ManagerBed.withMachine()
        try await bed.snapshot("still", #","snapshotConfig":{"quiesce":true,"type":"Application"}"#)
        let taken = try await bed.waitSnapshot("still") { $0.isReady }
        #expect(taken?.status.conditions["Ready"]?.message == "taken without quiesce, type=Application, of which providers know nothing")
        await bed.close()
    }

    @Test func `it waits for its machine, and is taken when that is there`() async throws {
        let bed = ManagerBed()
        try await bed.furnish()
        try await bed.start()
        try await bed.snapshot("early")
        let waiting = try await bed.waitSnapshot("early") { $0?.status.phase == .pending }
        #expect(waiting.reason == "WaitingForDependencies")
        #expect(waiting?.status.message == "VirtualMachine default/web1 is not there")
        try await bed.apply(.virtualMachine, ManagerBed.machine("web1"))
        try await bed.waitSnapshot("early") { $0.isReady }
        await bed.close()
    }

    @Test(arguments: [
        (snapshots: false, memory: false, config: "{}", word: "supportsSnapshots"),
        (snapshots: true, memory: false, config: #"{"includeMemory":true}"#, word: "supportsMemorySnapshots"),
    ]) func `what a provider says it cannot do is not asked of it`(
        _ snapshots: Bool, _ memory: Bool, _ config: String, _ word: String
    ) async throws {
        let bed = try await ManagerBed.withMachine()
        bed.context.links["default/sim"]?.capabilities = GetCapabilitiesResponse(
            supportsSnapshots: snapshots, supportsMemorySnapshots: memory)
        try await bed.snapshot("one", #","snapshotConfig":\#(config)"#)
        let refused = try await bed.waitSnapshot("one") { $0?.status.phase == .failed }
        #expect(refused.reason == "NotSupported" && refused?.status.message?.contains(word) == true)
        #expect(try await bed.operations(.snapshotCreate).isEmpty)
        // There is none that had to go.
        try await bed.delete(.vmSnapshot, "one")
        try await bed.waitSnapshot("one") { $0 == nil }
        #expect(try await bed.operations(.snapshotDelete).isEmpty)
        await bed.close()
    }

    @Test func `failures are tried again, later each time, and not for ever`() async throws {
        let time = DayClock("2026-11-23T12:00:00Z")
        let bed = try await ManagerBed.withMachine(clock: time.clock)
        try await bed.apply(.virtualMachine, ManagerBed.machine("web1", #","powerState":"Off""#))
        try await bed.wait(VirtualMachine.self, "web1") { $0?.status.phase == .stopped }
        // A machine that is off has nothing in memory.
        try await bed.snapshot("memory", #","snapshotConfig":{"includeMemory":true}"#)
        for count in 1...4 {
            let failed = try await bed.waitSnapshot("memory") { $0?.status.failures == count && $0.reason == "ProviderError" }
            #expect(failed?.status.phase == .pending && failed?.status.message?.hasPrefix("attempt \(count) of 5: ") == true)
            #expect(try await bed.operations(.snapshotCreate).count == count)
            time.advance(seconds: 300)
            try await bed.kick("memory")
        }
        let failed = try await bed.waitSnapshot("memory") { $0?.status.phase == .failed }
        #expect(failed.reason == "SnapshotFailed")
        time.advance(seconds: 10_000)
        // Neither by a look nor by another manager.
        await bed.stop()
        try await bed.start(clock: time.clock)
        try await bed.kick("memory")
        try await bed.snapshot("other")
        try await bed.waitSnapshot("other") { $0.isReady }
        #expect(try await bed.operations(.snapshotCreate).filter { $0.target.name == "memory" }.count == 5)
        try await bed.snapshot("memory", #","snapshotConfig":{"includeMemory":false}"#)
        try await bed.waitSnapshot("memory") { $0.isReady }
        await bed.close()
    }

    @Test func `an answer that came to a manager that is gone is not asked for again`() async throws {
        let bed = try await ManagerBed.withMachine()
        try await bed.snapshot("one")
        let taken = try await bed.waitSnapshot("one") { $0.isReady }
        await bed.stop()
        // As if it had died before it wrote what the journal has already.
        var object = try #require(taken).object
        object.status = ["phase": "Creating", "machine": object.status["machine"] ?? [:]]
        _ = try await bed.store.update(object, .status)
        try await bed.start()
        let again = try await bed.waitSnapshot("one") { $0.isReady }
        #expect(again?.status.snapshotID == taken?.status.snapshotID)
        #expect(try await bed.operations(.snapshotCreate).count == 1)
        await bed.close()
    }

    @Test func `one that goes while it is taken is taken first`() async throws {
        let bed = try await ManagerBed.withMachine(taskSeconds: 0.2)
        try await bed.snapshot("short")
        try await bed.waitSnapshot("short") { $0?.status.phase == .creating && $0?.status.lastOperation != nil }
        try await bed.delete(.vmSnapshot, "short")
        try await bed.waitSnapshot("short") { $0?.status.phase == .deleting }
        try await bed.waitSnapshot("short") { $0 == nil }
        #expect(try await bed.operations(.snapshotCreate).map(\.end?.outcome) == [.success])
        #expect(try await bed.operations(.snapshotDelete).map(\.end?.outcome) == [.success])
        #expect(try await bed.hypervisorSnapshots().isEmpty)
        await bed.close()
    }

    @Test func `while nobody answers it stays, until a person says otherwise`() async throws {
        let bed = try await ManagerBed.withMachine()
        try await bed.snapshot("one")
        try await bed.waitSnapshot("one") { $0.isReady }
        bed.hypervisors.breakCalls("sim", RPCError(.unavailable, "nobody answers"))
        bed.context.links["default/sim"]?.link.openBreaker()
        try await bed.delete(.vmSnapshot, "one")
        let held = try await bed.waitSnapshot("one") { $0?.status.phase == .deleting && $0.reason == "ProviderError" }
        #expect(held?.metadata.finalizers == [VMSnapshot.finalizer])
        try await bed.kick("one", ["virtrigaud.io/force-delete": "true"])
        try await bed.waitSnapshot("one") { $0 == nil }
        #expect(try await bed.operations(.snapshotDelete).map(\.end?.outcome) == [.error])
        await bed.close()
    }

    @Test func `one that the hypervisor has no more is gone`() async throws {
        let bed = try await ManagerBed.withMachine()
        try await bed.snapshot("one")
        let taken = try await bed.waitSnapshot("one") { $0.isReady }
        var object = try #require(taken).object
        object.status.set("snapshotID", .text("another"))
        _ = try await bed.store.update(object, .status)
        try await bed.delete(.vmSnapshot, "one")
        try await bed.waitSnapshot("one") { $0 == nil }
        let ended = try await bed.operations(.snapshotDelete)
        #expect(ended.map(\.end?.outcome) == [.success] && ended.first?.end?.code == "NOT_FOUND")
        await bed.close()
    }

    @Test func `with its machine it goes or stays, and nobody is asked to delete it`() async throws {
        let bed = try await ManagerBed.withMachine()
        try await bed.snapshot("goes")
        try await bed.snapshot("stays", #","retentionPolicy":{"deleteOnVMDelete":false}"#)
        for name in ["goes", "stays"] { try await bed.waitSnapshot(name) { $0.isReady } }
        try await bed.delete(.virtualMachine, "web1")
        try await bed.waitSnapshot("goes") { $0 == nil }
        let left = try await bed.waitSnapshot("stays") { $0.reason == "MachineGone" }
        #expect(left?.status.phase == .failed && left?.status.conditions.isTrue("Ready") == false)
        // Another machine of that name is not its machine.
        try await bed.apply(.virtualMachine, ManagerBed.machine("web1"))
        let machine = try await bed.wait(VirtualMachine.self, "web1") { $0?.status.conditions.isTrue("Ready") == true }
        #expect(machine?.status.snapshots.isEmpty == true)
        #expect(try await bed.get(VMSnapshot.self, "stays").reason == "MachineGone")
        try await bed.delete(.vmSnapshot, "stays")
        try await bed.waitSnapshot("stays") { $0 == nil }
        #expect(try await bed.operations(.snapshotDelete).isEmpty)
        await bed.close()
    }

    @Test func `one that is old is expired, and then gone; a pin keeps it`() async throws {
        let time = DayClock("2026-11-23T12:00:00Z")
        let bed = try await ManagerBed.withMachine(clock: time.clock)
        let policy = #","retentionPolicy":{"maxAge":"1h","gracePeriod":"30m"}"#
        try await bed.snapshot("old", policy)
        try await bed.snapshot("pinned", policy + #","metadata":{"pinned":true}"#)
        let young = try await bed.waitSnapshot("old") { $0.isReady }
        #expect(young?.status.expiryTime == "2026-11-23T13:00:00Z")
        let pinned = try await bed.waitSnapshot("pinned") { $0.isReady }
        #expect(pinned?.status.expiryTime == nil)
        time.set("2026-11-23T13:00:00Z")
        try await bed.kick("old")
        let expired = try await bed.waitSnapshot("old") { $0?.status.phase == .expired }
        #expect(expired?.status.message == "older than retentionPolicy.maxAge; it goes at 2026-11-23T13:30:00Z")
        // Nothing is lost before it is gone.
        try await bed.snapshot("old", #","retentionPolicy":{"maxAge":"2h","gracePeriod":"30m"}"#)
        try await bed.waitSnapshot("old") { $0.isReady }
        time.set("2026-11-23T14:30:00Z")
        for name in ["old", "pinned"] { try await bed.kick(name) }
        try await bed.waitSnapshot("old") { $0 == nil }
        #expect(try await bed.get(VMSnapshot.self, "pinned").isReady)
        #expect(try await bed.hypervisorSnapshots() == ["pinned"])
        await bed.close()
    }
}
