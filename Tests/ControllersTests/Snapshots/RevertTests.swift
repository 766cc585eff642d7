import ObjectStore
import Objects
import Primitives
import ProviderRPC
import Testing

@testable import Controllers

struct RevertTests {
    private static func wish(_ name: String) -> String {
        ManagerBed.machine("web1", #","snapshot":{"revertToRef":{"name":"\#(name)"}}"#)
    }

    private static func isBack(_ machine: VirtualMachine?, _ name: String) -> Bool {
        machine?.status.reverted?.hasPrefix(name + " ") == true && machine?.status.conditions.isTrue("Ready") == true
    }

    @Test func `a machine goes back once for each wish`() async throws {
        let bed = try await ManagerBed.withMachine()
        try await bed.apply(.virtualMachine, Self.wish("one"))
        // It is not there yet.
        try await bed.wait(VirtualMachine.self, "web1") { $0?.status.conditions["Ready"]?.reason == "WaitingForDependencies" }
        var ids: [String] = []
        for name in ["one", "two"] {
            try await bed.snapshot(name)
            ids.append(try await bed.waitSnapshot(name) { $0.isReady }?.status.snapshotID ?? "")
        }
        try await bed.wait(VirtualMachine.self, "web1") { Self.isBack($0, "one") }
        for name in ["two", "one"] {
            try await bed.apply(.virtualMachine, Self.wish(name))
            try await bed.wait(VirtualMachine.self, "web1") { Self.isBack($0, name) }
        }
        // Another change of the machine is no further wish.
        let changed = try await bed.apply(
            .virtualMachine,
            ManagerBed.machine(
                "web1", #","snapshot":{"revertToRef":{"name":"one"}},"lifecycle":{"gracefulShutdownTimeout":"2m"}"#))
        try await bed.wait(VirtualMachine.self, "web1") {
            $0?.status.observedGeneration == changed.metadata.generation && $0?.status.conditions.isTrue("Ready") == true
        }
        func done() async throws -> [String?] {
            try await bed.operations(.snapshotRevert).sorted { $0.startedAt < $1.startedAt }.map { $0.parameters["snapshot"]?.text }
        }
        #expect(try await done() == [ids[0], ids[1], ids[0]])
        // Taken back, and wished again.
        try await bed.apply(.virtualMachine, ManagerBed.machine("web1"))
        try await bed.wait(VirtualMachine.self, "web1") { $0?.status.reverted == nil && $0?.status.conditions.isTrue("Ready") == true }
        try await bed.apply(.virtualMachine, Self.wish("one"))
        try await bed.wait(VirtualMachine.self, "web1") { Self.isBack($0, "one") }
        #expect(try await done() == [ids[0], ids[1], ids[0], ids[0]])
        await bed.close()
    }

    @Test func `a machine that has gone back does not do so again for a manager that died before it wrote that`() async throws {
        let bed = try await ManagerBed.withMachine()
        try await bed.snapshot("one")
        try await bed.waitSnapshot("one") { $0.isReady }
        try await bed.apply(.virtualMachine, Self.wish("one"))
        try await bed.wait(VirtualMachine.self, "web1") { Self.isBack($0, "one") }
        await bed.stop()
        var machine = try #require(try await bed.get(VirtualMachine.self, "web1"))
        (machine.status.reverted, machine.status.revertOperation) = (nil, nil)
        machine.status.conditions = []
        _ = try await bed.store.update(machine.object, .status)
        try await bed.start()
        try await bed.wait(VirtualMachine.self, "web1") { Self.isBack($0, "one") }
        #expect(try await bed.operations(.snapshotRevert).count == 1)
        await bed.close()
    }
}
