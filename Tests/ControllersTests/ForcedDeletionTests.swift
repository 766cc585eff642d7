import ObjectStore
import Objects
import Primitives
import ProviderRPC
import Testing

@testable import Controllers

/// `virtrigaud.io/force-delete=true` where the provider answers, and what it was asked for does not end.
struct ForcedDeletionTests {
    @Test(.timeLimit(.minutes(1)), arguments: [ResourceKind.virtualMachine, .vmSnapshot, .vmClone])
    func `an object goes by force when its operation hangs, and not before it had time`(_ kind: ResourceKind) async throws {
        let (bed, clock) = (ManagerBed(), SkippingClock())
        try await bed.furnish("sim")
        try await bed.start(clock: clock.clock)
        try await bed.apply(.virtualMachine, ManagerBed.machine("web1", #","powerState":"Off""#))
        try await bed.wait(VirtualMachine.self, "web1") { $0.map(SetMember.isReady) ?? false }
        if kind == .vmSnapshot {
            try await bed.snapshot("s")
            try await bed.waitSnapshot("s") { $0?.status.phase == .ready }
        }
        bed.hypervisors.stub("sim", "TaskStatus") { .success([]) }
        let (name, method): (String, ProviderMethod) =
            switch kind {
            case .virtualMachine: ("web1", .delete)
            case .vmSnapshot: ("s", .snapshotDelete)
            default: ("c", .clone)
            }
        if kind == .vmClone {
            try await bed.apply(.vmClone, ManagerBed.clone(source: #"{"vmRef":{"name":"web1"}}"#))
            try await bed.eventually { try await bed.operations(.clone).first?.taskID != nil }
        }
        try await bed.annotate(kind, name, ["virtrigaud.io/force-delete": "true"])
        try await bed.delete(kind, name)
        try await bed.eventually { try await bed.operations(method).first?.taskID != nil }
        // It is looked at, and has its time.
        let looks = bed.hypervisors.count("sim", "TaskStatus")
        try await bed.eventually { bed.hypervisors.count("sim", "TaskStatus") > looks + 2 }
        #expect(try await bed.operations(method).first?.end == nil)
        #expect(bed.hypervisors.count("sim", "Cancel") == 0)
        clock.skip(ForcedDeletion.patienceSeconds)
        try await bed.eventually { try await bed.store.list(kind).items.isEmpty }
        let operation = try #require(try await bed.operations(method).first)
        #expect(operation.end?.outcome == .error && operation.end?.message.contains("has not ended in 5 minutes") == true)
        #expect(bed.hypervisors.count("sim", "Cancel") == 1)
        await bed.close()
    }
}
