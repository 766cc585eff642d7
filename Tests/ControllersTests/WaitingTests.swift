import ObjectStore
import Objects
import Reconciling
import Testing

@testable import Controllers

/// Objects that wait for what they will be told of are not looked at all the time.
struct WaitingTests {
    private func seconds(_ result: ReconcileResult) -> Double? {
        guard case .after(let seconds) = result.next else { return nil }
        return seconds
    }

    @Test func `a machine whose provider is missing rests, and is made when it comes`() async throws {
        let bed = ManagerBed()
        try await bed.start()
        try await bed.apply(.virtualMachine, ManagerBed.machine("web1"))
        let machine = try #require(
            try await bed.wait(VirtualMachine.self, "web1") { $0?.status.conditions["Ready"]?.reason == "WaitingForDependencies" })
        var work = MachineWork(machine, bed.context)
        #expect((540...660).contains(try #require(seconds(try await work.run()))))
        try await bed.furnish("sim")
        try await bed.wait(VirtualMachine.self, "web1", until: EdgeTests.ready)
        await bed.close()
    }

    @Test func `one that is to go and cannot rests, and goes when its provider comes back`() async throws {
        let bed = ManagerBed()
        try await bed.furnish("sim")
        try await bed.start()
        try await bed.apply(.virtualMachine, ManagerBed.machine("web1"))
        try await bed.wait(VirtualMachine.self, "web1", until: EdgeTests.ready)
        try await bed.annotate(.provider, "sim", ["virtrigaud.io/force-delete": "true"])
        try await bed.delete(.provider, "sim")
        try await bed.wait(Provider.self, "sim") { $0 == nil }
        try await bed.eventually { bed.context.links["default/sim"] == nil }
        try await bed.delete(.virtualMachine, "web1")
        let machine = try #require(
            try await bed.wait(VirtualMachine.self, "web1") { $0?.status.conditions["Deleting"]?.reason == "WaitingForDependencies" })
        var work = MachineWork(machine, bed.context)
        #expect((540...660).contains(try #require(seconds(try await work.run()))))
        try await bed.apply(
            .provider,
            #"{"metadata":{"name":"sim"},"spec":{"type":"simulated","endpoint":"unix:///bed/sim","healthCheck":{"interval":"1s"}}}"#)
        try await bed.wait(VirtualMachine.self, "web1", seconds: 20) { $0 == nil }
        await bed.close()
    }

    @Test func `a snapshot and a clone of a machine that is missing rest, and are made when it comes`() async throws {
        let bed = ManagerBed()
        try await bed.furnish("sim")
        try await bed.start()
        try await bed.snapshot("s")
        try await bed.apply(.vmClone, ManagerBed.clone(source: #"{"vmRef":{"name":"web1"}}"#))
        let snapshot = try #require(try await bed.waitSnapshot("s") { $0?.status.phase == .pending })
        let clone = try #require(
            try await bed.wait(VMClone.self, "c") { $0?.status.conditions["Ready"]?.reason == "WaitingForDependencies" })
        var taking = SnapshotWork(snapshot, bed.context)
        #expect((540...660).contains(try #require(seconds(try await taking.run()))))
        var making = CloneWork(clone, bed.context)
        #expect(try #require(seconds(try await making.run())) > 500)
        try await bed.apply(.virtualMachine, ManagerBed.machine("web1", #","powerState":"Off""#))
        try await bed.waitSnapshot("s") { $0?.status.phase == .ready }
        _ = try await bed.phase(.ready)
        await bed.close()
    }
}
