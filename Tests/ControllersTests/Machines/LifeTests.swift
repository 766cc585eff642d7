import Objects
import Primitives
import ProviderRPC
import SimulatedProvider
import Testing

@testable import Controllers

struct LifeTests {
    @Test(arguments: SimulatedSettings.Kind.allCases) func `a machine is made, changed, switched and deleted`(
        _ kind: SimulatedSettings.Kind
    ) async throws {
        let bed = ManagerBed()
        try await bed.furnish("sim", kind)
        try await bed.start()
        try await bed.apply(.virtualMachine, ManagerBed.machine("web1"))
        let made = try await bed.wait(VirtualMachine.self, "web1") {
            $0?.status.conditions.isTrue("Ready") == true && $0?.status.ips.isEmpty == false
        }
        #expect(made?.status.phase == .running && made?.status.powerState == "On")
        #expect(made?.status.currentResources.cpu == 1 && made?.status.currentResources.memoryMiB == 1024)
        #expect(try await bed.hypervisors.machines("sim") == ["web1"])
        // Changed.
        try await bed.apply(.virtualMachine, ManagerBed.machine("web1", #","resources":{"cpu":2}"#))
        try await bed.wait(VirtualMachine.self, "web1") {
            $0?.status.currentResources.cpu == 2 && $0?.status.conditions.isTrue("Ready") == true
        }
        // Off, by asking its guest: it stays off, and nobody asks again.
        try await bed.apply(.virtualMachine, ManagerBed.machine("web1", #","resources":{"cpu":2},"powerState":"OffGraceful""#))
        try await bed.wait(VirtualMachine.self, "web1") { $0?.status.phase == .stopped && $0?.status.conditions.isTrue("Ready") == true }
        try await bed.delete(.virtualMachine, "web1")
        try await bed.wait(VirtualMachine.self, "web1") { $0 == nil }
        #expect(try await bed.hypervisors.machines("sim").isEmpty)
        let operations = try await bed.operations().sorted { $0.startedAt < $1.startedAt }
        #expect(operations.map(\.method) == [.imagePrepare, .create, .reconfigure, .power, .delete])
        #expect(operations.allSatisfy { $0.end?.outcome == .success })
        await bed.close()
    }

    @Test func `the task that is waited for stands in the status, and goes with its end`() async throws {
        let bed = try await ManagerBed.withMachine(taskSeconds: 0.4)
        try await bed.apply(.virtualMachine, ManagerBed.machine("web1", #","resources":{"cpu":2}"#))
        let changing = try await bed.wait(VirtualMachine.self, "web1") { $0?.status.reconfigureTaskRef != nil }
        #expect(changing?.status.lastTaskRef == changing?.status.reconfigureTaskRef)
        let changed = try await bed.wait(VirtualMachine.self, "web1") {
            $0?.status.conditions.isTrue("Ready") == true && $0?.status.currentResources.cpu == 2
        }
        #expect(changed?.status.lastTaskRef == nil && changed?.status.reconfigureTaskRef == nil)
        try await bed.snapshot("s")
        try await bed.waitSnapshot("s") { $0?.status.taskRef != nil }
        #expect(try await bed.waitSnapshot("s") { $0.isReady }?.status.taskRef == nil)
        await bed.close()
    }
}
