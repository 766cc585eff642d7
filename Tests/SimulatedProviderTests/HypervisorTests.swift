import Primitives
import ProviderTasks
import RPC
import Synchronization
import TestSupport
import Testing

@testable import SimulatedProvider

/// Of a clock that a test turns.
final class Hands: Sendable {
    private let time: Mutex<Double>

    init(_ unixSeconds: Double) { time = Mutex(unixSeconds) }

    var clock: WallClock { WallClock { self.time.withLock { $0 } } }

    func advance(_ seconds: Double) { time.withLock { $0 += seconds } }
}

@Suite struct HypervisorTests {
    let folder = ScratchFolder()
    let hands = Hands(1_700_000_000)

    private func hypervisor(_ kind: SimulatedSettings.Kind) async throws -> SimulatedHypervisor {
        try await SimulatedHypervisor(SimulatedSettings(kind, folder: folder.path, taskSeconds: 10), clock: hands.clock)
    }

    private func plan(_ name: String, number: Int? = nil) -> MachinePlan {
        MachinePlan(
            uuid: Identity.uuid(name), number: number, name: name, cpu: 2, memoryMiB: 512, pool: "default", owner: "", tags: ["t"],
            cards: [Machine.Card(name: "lan", macAddress: "52:54:00:00:00:01")],
            disks: [MachinePlan.Disk(label: "root", sizeBytes: 1 << 30, format: "qcow2", content: "c", backing: nil)], hasSeed: true,
            mark: "op-\(name)")
    }

    private func begin(_ hypervisor: SimulatedHypervisor, _ order: Order, mark: String = "m") async throws -> String {
        try await hypervisor.call("begin") { (world) throws(Failure) in try world.begin(order, mark: mark) }
    }

    private func state(_ hypervisor: SimulatedHypervisor, _ id: String) async throws -> ForeignTask.State {
        try await hypervisor.call("status") { (world) throws(Failure) in try world.task(id).state }
    }

    @Test(arguments: [SimulatedSettings.Kind.upid, .moref])
    func `tasks go on while nobody looks, and nobody's looking changes them`(kind: SimulatedSettings.Kind) async throws {
        let watched = try await hypervisor(kind)
        let id = try await begin(watched, .make(plan("web", number: 105), isClone: false))
        for step in 1...9 {
            hands.advance(1)
            guard case .running(let progress) = try await state(watched, id) else {
                Issue.record("it was over after \(step) s")
                return
            }
            #expect(abs(progress - Double(step) / 10) < 0.001)
            #expect(try await watched.inventory().machines.first?.isComplete == false)
        }
        await watched.close()
        hands.advance(1000)
        let later = try await hypervisor(kind)
        guard case .succeeded = try await state(later, id) else {
            Issue.record("it is not over")
            return
        }
        let inventory = try await later.inventory()
        #expect(inventory.machines.map(\.isComplete) == [true] && inventory.machines.first?.lock == "")
        #expect(inventory.volumes.allSatisfy(\.isComplete) && inventory.volumes.count == 2)
    }

    @Test func `a task of Proxmox has an UPID, a log and an exit status, and locks its machine`() async throws {
        let hypervisor = try await hypervisor(.upid)
        let made = try await begin(hypervisor, .make(plan("web", number: 105), isClone: false))
        #expect(made.hasPrefix("UPID:sim:") && made.hasSuffix(":qmcreate:105:martlet@pve!provider:"))
        #expect(made.split(separator: ":", omittingEmptySubsequences: false).count == 9)
        do throws(RPCError) {
            let order = Order.power(uuid: Identity.uuid("web"), .start, timeoutSeconds: 1)
            _ = try await hypervisor.call("begin") { (world) throws(Failure) in try world.begin(order, mark: "m") }
            Issue.record("it was not locked")
        } catch {
            #expect(error.code == .unavailable && error.message.contains("lock-105.conf' - got timeout (VM is locked (create))"))
        }
        do throws(RPCError) {
            let taken = plan("other", number: 105)
            try await hypervisor.call("begin") { (world) throws(Failure) in _ = try world.begin(.make(taken, isClone: false), mark: "m") }
            Issue.record("a number was given twice")
        } catch {
            #expect(error.code == .aborted && error.message.contains("VM 105 already exists"))
        }
        hands.advance(10)
        let status = try await hypervisor.call("status") { (world) throws(Failure) in
            let status = try world.upidStatus(made)
            return [status.status, status.exitStatus ?? ""] + (try world.log(made))
        }
        #expect(status == ["stopped", "OK", "create: started", "TASK OK"])
    }

    @Test func `what a failed task of Proxmox made stays, and what one of vSphere made does not`() async throws {
        for kind in [SimulatedSettings.Kind.upid, .moref] {
            let folder = ScratchFolder()
            let settings = SimulatedSettings(kind, folder: folder.path, taskSeconds: 10)
            var faults = Faults()
            faults.failsAt = 0.3
            try faults.write(to: settings.faultsFile)
            let hypervisor = try await SimulatedHypervisor(settings, clock: hands.clock)
            let id = try await begin(hypervisor, .make(plan("web", number: 105), isClone: false))
            hands.advance(2.9)
            guard case .running = try await state(hypervisor, id) else {
                Issue.record("it failed too early")
                return
            }
            hands.advance(0.2)
            guard case .failed(let error) = try await state(hypervisor, id) else {
                Issue.record("it did not fail")
                return
            }
            #expect(error.text == "create failed at 30 %: the storage gave an error")
            let inventory = try await hypervisor.inventory()
            #expect(inventory.machines.map(\.lock) == (kind == .upid ? ["create"] : []))
            #expect(inventory.volumes.isEmpty == (kind == .moref))
        }
    }

    @Test func `a task of vSphere is cancelled where it lets itself be`() async throws {
        let hypervisor = try await hypervisor(.moref)
        let first = try await begin(hypervisor, .make(plan("a"), isClone: false))
        #expect(first == "task-1")
        hands.advance(1)
        try await hypervisor.call("cancel") { (world) throws(Failure) in try world.cancel(first) }
        guard case .failed(let error) = try await state(hypervisor, first) else {
            Issue.record("it goes on")
            return
        }
        #expect(error.reason == .cancelled)
        #expect(try await hypervisor.inventory().machines.isEmpty)
        var faults = Faults()
        faults.refusesCancel = true
        try faults.write(to: hypervisor.settings.faultsFile)
        let second = try await begin(hypervisor, .make(plan("b"), isClone: false))
        do throws(RPCError) {
            try await hypervisor.call("cancel") { (world) throws(Failure) in try world.cancel(second) }
            Issue.record("it was cancelled")
        } catch {
            #expect(error.code == .failedPrecondition)
        }
        hands.advance(10)
        guard case .succeeded(let result) = try await state(hypervisor, second) else {
            Issue.record("it is not over")
            return
        }
        #expect(result.hasPrefix("vm-"))
    }

    @Test func `snapshots are a tree, and a machine comes back to what it was`() async throws {
        let hypervisor = try await hypervisor(.local)
        let plan = plan("web")
        let kept = try await hypervisor.call("test") { (world) throws(Failure) in
            _ = try world.allocate(plan.disks[0], of: plan)
            var machine = try world.define(plan, lock: "", isComplete: true)
            func snapshot(_ reference: String) throws(Failure) -> Snapshot {
                let made = try world.beginSnapshot(
                    machine, World.SnapshotPlan(reference: reference, name: reference, text: "", hasMemory: false, mark: "m"))
                try world.completeSnapshot(made)
                return made
            }
            func renew() throws(Failure) { machine = try world.known(machine.uuid) }
            let first = try snapshot("one")
            try world.setPower(machine, isOn: true)
            try renew()
            let booted = try world.volumes(of: machine.row).first?.content ?? ""
            _ = try snapshot("two")
            try world.resize(machine, cpu: 8, memoryMiB: 4096)
            try renew()
            // A branch beside the second.
            try world.revert(first)
            try renew()
            let reverted = try world.volumes(of: machine.row).first?.content ?? ""
            let third = try snapshot("three")
            let parents = try world.snapshots(of: machine.row).map { "\($0.reference) \($0.parent == first.row)" }
            try world.removeSnapshot(first)
            let after = try world.snapshots(of: machine.row).map { "\($0.reference) \($0.parent == nil)" }
            #expect(third.parent == first.row)
            return [booted == "c" ? "same" : "changed", reverted, "\(machine.cpu) \(machine.isOn)"] + parents + after
        }
        #expect(kept == ["changed", "c", "2 false", "one false", "two true", "three true", "two true", "three true"])
    }

    @Test func `pools have as much room as they have`() async throws {
        let settings = SimulatedSettings(.local, folder: folder.path, poolsGiB: ["tiny": 3])
        let hypervisor = try await SimulatedHypervisor(settings)
        do throws(RPCError) {
            try await hypervisor.call("test") { (world) throws(Failure) in
                for name in ["a", "b"] {
                    _ = try world.allocate(
                        name, pool: "tiny", format: "raw", bytes: 2 << 30, content: "", backing: nil, machine: nil, label: name, use: .disk,
                        mark: "m")
                }
            }
            Issue.record("4 GiB fit into 3")
        } catch {
            #expect(error.code == .resourceExhausted && error.message.contains("pool tiny has no room for 2 GiB (2 of 3 GiB are taken)"))
        }
        #expect(try await hypervisor.inventory().volumes.isEmpty)
    }

    @Test func `faults are as the file says, and a file that says nothing sensible is named`() async throws {
        var faults = Faults()
        faults.failsAt = 0.25
        faults.failingKinds = ["clone"]
        faults.losesAnswers = ["define": 2]
        faults.forbidden = true
        faults.slowness = 3
        let path = folder.path + "/faults.json"
        try faults.write(to: path)
        #expect(try Faults.read(path) == faults)
        #expect(faults.end(of: "clone") == 0.25 && faults.end(of: "create") == nil)
        let hypervisor = try await hypervisor(.local)
        do throws(RPCError) {
            try await hypervisor.call("define") { _ in }
            Issue.record("a change was allowed")
        } catch {
            #expect(error.code == .permissionDenied)
        }
        try await hypervisor.call("look", changes: false) { _ in }
        try Files.write(Array("{".utf8), to: path)
        do throws(RPCError) {
            try await hypervisor.call("look", changes: false) { _ in }
            Issue.record("it was read")
        } catch {
            #expect(error.code == .unavailable && error.message.contains("not JSON"))
        }
    }

    @Test func `one that hangs answers when it does not any more, and nothing is done before`() async throws {
        var faults = Faults()
        faults.hangs = true
        let hypervisor = try await hypervisor(.local)
        try faults.write(to: hypervisor.settings.faultsFile)
        let plan = plan("web")
        let waiting = Task {
            do throws(RPCError) {
                try await hypervisor.call("define") { (world) throws(Failure) in _ = try world.define(plan, lock: "", isComplete: true) }
                return nil as RPCCode?
            } catch { return error.code }
        }
        let givenUp = Task {
            do throws(RPCError) {
                try await hypervisor.call("look", changes: false) { _ in }
                return nil as RPCCode?
            } catch { return error.code }
        }
        givenUp.cancel()
        #expect(await givenUp.value == .cancelled)
        #expect(try await hypervisor.inventory().machines.isEmpty)
        Files.remove(hypervisor.settings.faultsFile)
        #expect(await waiting.value == nil)
        #expect(try await hypervisor.inventory().machines.count == 1)
    }

    @Test func `so many answers are lost as the file says, and what they answered was done`() async throws {
        var faults = Faults()
        faults.losesAnswers = ["define": 1]
        let hypervisor = try await hypervisor(.local)
        try faults.write(to: hypervisor.settings.faultsFile)
        let plan = plan("web")
        do throws(RPCError) {
            try await hypervisor.call("define") { (world) throws(Failure) in _ = try world.define(plan, lock: "", isComplete: true) }
            Issue.record("it was answered")
        } catch {
            #expect(error.code == .unavailable)
        }
        #expect(try await hypervisor.inventory().machines.count == 1)
        try await hypervisor.call("define") { _ in }
    }
}
