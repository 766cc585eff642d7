import Objects
import Primitives
import ProviderRPC
import Testing

@testable import Controllers

/// Providers that take calls and never answer.
struct HungProviderTests {
    @Test func `a provider that hangs keeps nobody else's machines waiting`() async throws {
        let bed = ManagerBed()
        try await bed.furnish("hung")
        try await bed.furnish("sim")
        try await bed.start()
        try await bed.apply(.virtualMachine, ManagerBed.machine("first", provider: "hung"))
        try await bed.wait(VirtualMachine.self, "first", until: EdgeTests.ready)
        let latch = HangingCalls()
        bed.hypervisors.stub("hung", "Create") { await latch.wait() }
        for number in 1...100 { try await bed.apply(.virtualMachine, ManagerBed.machine("hung\(number)", provider: "hung")) }
        try await bed.eventually { latch.count == 16 }
        for number in 1...20 { try await bed.apply(.virtualMachine, ManagerBed.machine("web\(number)")) }
        for number in 1...20 { try await bed.wait(VirtualMachine.self, "web\(number)", until: EdgeTests.ready) }
        #expect(latch.count == 16)
        // It is not taken for one that is not there, as it answers when it is asked how it is.
        #expect(try await bed.get(Provider.self, "hung")?.status.isHealthy == true)
        latch.open()
        await bed.close()
    }
    @Test func `providers that hang leave workers for those that do not, however many they are`() async throws {
        let bed = ManagerBed()
        let hung = (1...3).map { "hung\($0)" }
        let latch = HangingCalls()
        for name in hung {
            try await bed.furnish(name)
            bed.hypervisors.stub(name, "Create") { await latch.wait() }
        }
        try await bed.furnish("sim")
        try await bed.start(workers: 16)
        for name in hung {
            for number in 1...16 { try await bed.apply(.virtualMachine, ManagerBed.machine("\(name)-m\(number)", provider: name)) }
        }
        // Half of them, and half of what is left, and so on.
        try await bed.eventually { latch.count >= 12 }
        for number in 1...5 { try await bed.apply(.virtualMachine, ManagerBed.machine("web\(number)")) }
        for number in 1...5 { try await bed.wait(VirtualMachine.self, "web\(number)", until: EdgeTests.ready) }
        #expect(latch.count < 16)
        latch.open()
        await bed.close()
    }

    @Test(arguments: [ResourceKind.vmSnapshot, .vmClone])
    func `a provider that hangs leaves workers of each kind to the others`(_ kind: ResourceKind) async throws {
        let bed = ManagerBed()
        try await bed.furnish("hung")
        try await bed.furnish("sim")
        try await bed.start()
        for name in ["hung", "sim"] {
            try await bed.apply(.virtualMachine, ManagerBed.machine("m-\(name)", provider: name, #","powerState":"Off""#))
            try await bed.wait(VirtualMachine.self, "m-\(name)") { $0.map(SetMember.isReady) ?? false }
        }
        let latch = HangingCalls()
        bed.hypervisors.stub("hung", kind == .vmClone ? "Clone" : "SnapshotCreate") { await latch.wait() }
        func make(_ name: String, of machine: String) async throws {
            guard kind == .vmClone else { return try await bed.snapshot(name, of: machine) }
            let spec = #"{"source":{"vmRef":{"name":"\#(machine)"}},"target":{"name":"\#(name)"}}"#
            try await bed.apply(.vmClone, #"{"metadata":{"name":"\#(name)"},"spec":\#(spec)}"#)
        }
        for number in 1...20 { try await make("h\(number)", of: "m-hung") }
        try await bed.eventually { latch.count >= 8 }
        try await make("s", of: "m-sim")
        if kind == .vmClone {
            try await bed.wait(VMClone.self, "s") { $0?.status.phase == .ready }
        } else {
            try await bed.wait(VMSnapshot.self, "s") { $0?.status.phase == .ready }
        }
        latch.open()
        await bed.close()
    }

    @Test func `an image that one provider does not answer for comes to the others`() async throws {
        let bed = ManagerBed()
        try await bed.furnish("hung")
        try await bed.furnish("sim")
        let latch = HangingCalls()
        bed.hypervisors.stub("hung", "ImagePrepare") { await latch.wait() }
        try await bed.start()
        try await bed.apply(.virtualMachine, ManagerBed.machine("web1", provider: "hung"))
        try await bed.eventually { latch.count == 1 }
        try await bed.apply(.virtualMachine, ManagerBed.machine("web2"))
        try await bed.wait(VirtualMachine.self, "web2", until: EdgeTests.ready)
        #expect(latch.count == 1)
        let image = try await bed.wait(VMImage.self, "debian") { $0?.status.providerStatus["default/hung"]?.message != nil }
        #expect(image?.status.availableOn == ["default/sim"])
        latch.open()
        await bed.close()
    }
}
