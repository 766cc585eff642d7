import Objects
import Primitives
import ProviderRPC
import RPC
import Testing

@testable import Controllers

/// An image that somebody removes on the hypervisor, past the manager.
struct LostImageTests {
    @Test(.timeLimit(.minutes(1)))
    func `an image that a machine could not be made from is brought again, once`() async throws {
        let (bed, clock) = (ManagerBed(), SkippingClock())
        try await bed.furnish()
        try await bed.start(clock: clock.clock)
        try await bed.apply(.virtualMachine, ManagerBed.machine("first"))
        try await bed.wait(VirtualMachine.self, "first") { $0.map(SetMember.isReady) ?? false }
        #expect(bed.hypervisors.count("sim", "ImagePrepare") == 1)
        clock.skip(ImageWork.trustSeconds)
        let hypervisors = bed.hypervisors
        hypervisors.stub("sim", "Create") { .failure(RPCError(.notFound, "there is no image debian in pool default")) }
        try await bed.apply(.virtualMachine, ManagerBed.machine("second"))
        try await bed.eventually { hypervisors.count("sim", "ImagePrepare") == 2 }
        // It is something else that is not there.
        clock.skip(10)
        try await bed.apply(.virtualMachine, ManagerBed.machine("third"))
        try await bed.eventually { try await bed.operations(.create).count { $0.end?.outcome == .failure } >= 3 }
        #expect(hypervisors.count("sim", "ImagePrepare") == 2)
        hypervisors.stub("sim", "Create", nil)
        clock.skip(300)
        for name in ["second", "third"] {
            try await bed.wait(VirtualMachine.self, name) { $0.map(SetMember.isReady) ?? false }
        }
        #expect(try await bed.get(VMImage.self, "debian")?.status.conditions.isTrue("Ready") == true)
        await bed.close()
    }
}
