import ObjectStore
import Objects
import Primitives
import ProviderRPC
import Testing

@testable import Controllers

/// The manager is killed at each write that a clone takes, before it is kept and after.
struct CloneCrashTests {
    @Test(arguments: 0..<12, [false, true]) func `whenever it is killed there is one machine and one object`(
        _ writes: Int, _ isKept: Bool
    ) async throws {
        let memory = MemoryObjectStore()
        let store = DyingStore(memory)
        let bed = ManagerBed(store)
        try await bed.furnishSource()
        let hand = ManagerBed(memory)
        store.die(at: writes + 1, isKept ? .after : .before)
        try await hand.apply(.vmClone, ManagerBed.clone())
        let deadline = Deadline.after(seconds: 20)
        while !store.isDead, try await hand.get(VMClone.self, "c")?.status.phase != .ready, !deadline.hasPassed {
            try? await Task.sleep(for: .milliseconds(5))
        }
        await bed.stop()
        store.die(at: nil)
        try await bed.start()
        let clone = try await bed.phase(.ready)
        let copy = try await bed.wait(VirtualMachine.self, "copy") { $0.map(SetMember.isReady) ?? false }
        #expect(copy?.status.id == clone.status.targetID)
        #expect(try await bed.hypervisors.machines("sim") == ["copy", "src"])
        #expect(try await bed.store.list(.virtualMachine).items.map(\.metadata.name) == ["copy", "src"])
        #expect(try await bed.operations(.clone).map { $0.end?.outcome } == [.success])
        #expect(try await bed.operations(.delete).isEmpty)
        await bed.close()
    }
}
