import ObjectStore
import Objects
import Primitives
import ProviderRPC
import SimulatedProvider
import Testing

@testable import Controllers

/// The manager dies at each of its writes; another one goes on with what it left.
struct CrashTests {
    enum Deed: String, CaseIterable, Sendable {
        case create, power, reconfigure, delete
    }

    private static func machine(_ deed: Deed) -> String {
        switch deed {
        case .create, .delete: ManagerBed.machine("web1")
        case .power: ManagerBed.machine("web1", #","powerState":"Off""#)
        case .reconfigure: ManagerBed.machine("web1", #","resources":{"cpu":2}"#)
        }
    }

    private static func isDone(_ deed: Deed, _ machine: VirtualMachine?) -> Bool {
        guard deed != .delete else { return machine == nil }
        guard let machine, machine.status.conditions.isTrue("Ready"), machine.status.observedGeneration == machine.metadata.generation
        else { return false }
        switch deed {
        case .create: return machine.status.phase == .running
        case .power: return machine.status.phase == .stopped
        default: return machine.status.currentResources.cpu == 2
        }
    }

    @Test(arguments: Deed.allCases, DyingStore.Death.allCases) func `whichever write is the last, it is done and counted once`(
        _ deed: Deed, _ death: DyingStore.Death
    ) async throws {
        for number in 1...40 {
            let base = MemoryObjectStore()
            let store = DyingStore(base)
            let bed = ManagerBed(base, manager: store)
            try await bed.furnish()
            try await bed.start()
            if deed != .create {
                try await bed.apply(.virtualMachine, ManagerBed.machine("web1"))
                try await bed.wait(VirtualMachine.self, "web1") { Self.isDone(.create, $0) && $0?.status.ips.isEmpty == false }
            }
            store.die(at: number, death)
            if deed == .delete {
                try await bed.delete(.virtualMachine, "web1")
            } else {
                try await bed.apply(.virtualMachine, Self.machine(deed))
            }
            try await bed.wait(VirtualMachine.self, "web1") { store.isDead || Self.isDone(deed, $0) }
            let isOver = !store.isDead
            await bed.stop()
            store.die(at: nil)
            try await bed.start()
            try await bed.wait(VirtualMachine.self, "web1") { Self.isDone(deed, $0) }
            #expect(try await bed.hypervisors.machines("sim") == (deed == .delete ? [] : ["web1"]), "write \(number)")
            let operations = try await bed.operations()
            #expect(operations.allSatisfy { $0.end != nil }, "write \(number)")
            let sums = bed.context.journal.sums["default/sim"]?.sums
            for method in ProviderMethod.operations {
                for outcome in Controllers.Operation.Outcome.allCases {
                    let count = operations.count { $0.method == method && $0.end?.outcome == outcome }
                    #expect(sums?.count(method, outcome) == count, "write \(number): \(method) \(outcome)")
                    if outcome != .success { #expect(count == 0, "write \(number): \(method) \(outcome)") }
                }
            }
            #expect(
                operations.count { $0.method == .create } == 1 && operations.count { $0.method == .imagePrepare } == 1, "write \(number)")
            for (method, done) in [(ProviderMethod.power, Deed.power), (.reconfigure, .reconfigure), (.delete, .delete)] where done == deed
            {
                #expect(operations.count { $0.method == method } == 1, "write \(number): \(method)")
            }
            await bed.close()
            if isOver {
                #expect(number > 2)
                return
            }
        }
        Issue.record("there is no end of writes")
    }
}
