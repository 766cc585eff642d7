import Metrics
import ObjectStore
import Objects
import Primitives
import ProviderRPC
import RPC
import Reconciling
import SimulatedProvider
import Testing

@testable import Controllers

/// How looks end, what they say then, and when the next one is.
struct OutcomeTests {
    private func bed(_ time: DayClock? = nil, _ change: (ManagerBed) throws -> Void = { _ in }) async throws -> ManagerBed {
        let bed = ManagerBed()
        try await bed.furnish()
        try change(bed)
        try await bed.start(clock: time?.clock ?? .system)
        return bed
    }

    @discardableResult
    private func wait(_ bed: ManagerBed, _ condition: (VirtualMachine) -> Bool) async throws -> VirtualMachine {
        try #require(try await bed.wait(VirtualMachine.self, "web1") { $0.map(condition) ?? false })
    }

    private func make(_ bed: ManagerBed, _ more: String = "") async throws {
        try await bed.apply(.virtualMachine, ManagerBed.machine("web1", more))
    }

    private func run(_ bed: ManagerBed) async throws -> VirtualMachine {
        try await make(bed)
        return try await wait(bed) { $0.isReady && !$0.status.ips.isEmpty }
    }

    /// Has it looked at, past what is known of it.
    private func kick(_ bed: ManagerBed) async throws {
        if let id = try await bed.get(VirtualMachine.self, "web1")?.status.id { bed.context.links["default/sim"]?.machines.forget(id) }
        try await bed.annotate(.virtualMachine, "web1", ["test/kick": String(UInt64.random(in: 0...UInt64.max))])
    }

    /// The hypervisor says so of all machines, and lists none.
    private func say(_ bed: ManagerBed, _ power: String, ips: [String] = []) {
        // `exists`, `power_state` and `ips`.
        let answer = [0x08, 0x01, 0x12, UInt8(power.utf8.count)] + power.utf8 + ips.flatMap { [0x1a, UInt8($0.utf8.count)] + $0.utf8 }
        bed.hypervisors.stub("sim", "Describe") { .success(answer) }
        bed.hypervisors.stub("sim", "ListVMs") { .failure(RPCError(.invalidArgument, "no list")) }
    }

    @Test func `a clock that was set back keeps nobody busy`() async throws {
        let time = DayClock("2026-11-23T12:00:00Z")
        let bed = try await bed(time)
        say(bed, "On")
        try await make(bed)
        try await wait(bed) { $0.isReady && $0.status.ips.isEmpty }
        time.set("2026-11-23T11:00:00Z")
        try await kick(bed)
        try? await Task.sleep(for: .milliseconds(500))
        let before = bed.hypervisors.count("sim", "Describe")
        try? await Task.sleep(for: .seconds(1))
        #expect(bed.hypervisors.count("sim", "Describe") - before <= 1)
        await bed.close()
    }

    @Test func `what was refused before a clock was set back is tried again after as long as ever`() async throws {
        let journal = OperationJournal(MemoryObjectStore(), clock: DayClock("2026-11-23T12:00:00Z").clock)
        let target = Controllers.Operation.Target(kind: "VirtualMachine", namespace: "default", name: "web1", uid: "u1")
        let operation = try await journal.begin(Operation(.power, of: target, provider: "default/one", type: "libvirt"))
        _ = try await journal.end(operation, .failure, message: "no")
        let past = try #require(journal.past("u1", .power))
        let now = try #require(Timestamp.unixSeconds("2026-11-23T11:00:00Z"))
        #expect(past.waitSeconds(now) <= 5)
    }

    @Test func `a success that has not brought what is wanted is repeated less and less often`() async throws {
        let time = DayClock("2026-11-23T12:00:00Z")
        let bed = try await bed(time)
        _ = try await run(bed)
        bed.hypervisors.stub("sim", "Power") { .success([]) }
        try await make(bed, #","powerState":"Off""#)
        try await bed.eventually { bed.hypervisors.count("sim", "Power") == 1 }
        try? await Task.sleep(for: .seconds(1))
        #expect(bed.hypervisors.count("sim", "Power") == 1)
        time.advance(seconds: 6)
        try await kick(bed)
        let failed = try await wait(bed) { $0.status.conditions["Ready"]?.reason == "ProviderError" }
        #expect(failed.status.message?.contains("switched off, and it is on again") == true)
        #expect(failed.status.phase == .failed)
        #expect(bed.hypervisors.count("sim", "Power") == 2)
        // And then it works.
        bed.hypervisors.stub("sim", "Power", nil)
        time.advance(seconds: 11)
        try await kick(bed)
        try await wait(bed) { $0.status.phase == .stopped && $0.isReady }
        await bed.close()
    }

    @Test func `a change that has changed nothing is repeated less and less often`() async throws {
        let time = DayClock("2026-11-23T12:00:00Z")
        let bed = try await bed(time)
        _ = try await run(bed)
        bed.hypervisors.stub("sim", "Reconfigure") { .success([]) }
        try await make(bed, #","resources":{"cpu":2}"#)
        try await bed.eventually { bed.hypervisors.count("sim", "Reconfigure") == 1 }
        time.advance(seconds: 6)
        try await kick(bed)
        let failed = try await wait(bed) { $0.status.conditions["Ready"]?.reason == "ProviderError" }
        #expect(failed.status.message?.contains("it was changed, and the hypervisor says 1 processors") == true)
        #expect(!failed.status.conditions.isTrue(.reconfiguring))
        try? await Task.sleep(for: .seconds(1))
        #expect(bed.hypervisors.count("sim", "Reconfigure") == 2)
        bed.hypervisors.stub("sim", "Reconfigure", nil)
        time.advance(seconds: 11)
        try await kick(bed)
        try await wait(bed) { $0.isReady && $0.status.currentResources.cpu == 2 }
        await bed.close()
    }

    @Test func `looks that end with what could not be had are errors`() async throws {
        let bed = try await bed { try $0.hypervisors.faults("sim") { ($0.failsAt, $0.failingKinds) = (0.5, ["create"]) } }
        try await make(bed)
        try await wait(bed) { $0.status.phase == .failed }
        try await bed.eventually { bed.looks("virtualmachine", .error) > 0 }
        #expect(bed.looks("provider", .error) == 0)
        await bed.hypervisors.kill("sim")
        try await bed.wait(Provider.self, "sim") { $0?.status.isHealthy == false }
        try await bed.eventually { bed.looks("provider", .error) > 0 }
        await bed.close()
    }

    @Test func `a machine that is on its way is no error`() async throws {
        let bed = try await bed()
        _ = try await run(bed)
        try await bed.eventually { bed.looks("virtualmachine", .success) > 0 }
        #expect(bed.looks("virtualmachine", .error) == 0)
        await bed.close()
    }

    @Test func `operations of an object are found by its uid`() async throws {
        let bed = try await bed()
        let machine = try await run(bed)
        let selector = try LabelSelector(parsing: "virtrigaud.io/target-uid=\(machine.metadata.uid)")
        let found = try await bed.store.list(.vmOperation, in: "default", selector).items
        #expect(found.compactMap { $0.spec["operation"]?.text } == ["Create"])
        #expect(try await bed.operations().count > 1)
        await bed.close()
    }

    @Test func `an address that was lost and is back is not counted again`() async throws {
        let bed = try await bed()
        _ = try await run(bed)
        func count() -> Int? { bed.context.addresses.contents["simulated"]?.count }
        #expect(count() == 1)
        say(bed, "On")
        try await kick(bed)
        try await wait(bed) { $0.status.ips.isEmpty }
        say(bed, "On", ips: ["192.0.2.7"])
        try await kick(bed)
        try await wait(bed) { $0.status.ips == ["192.0.2.7"] }
        #expect(count() == 1)
        await bed.close()
    }

    @Test func `a change that fails says so, and not that somebody is at it`() async throws {
        let time = DayClock("2026-11-23T12:00:00Z")
        let bed = try await bed(time)
        _ = try await run(bed)
        try bed.hypervisors.faults("sim") { ($0.failsAt, $0.failingKinds) = (0.5, ["reconfigure"]) }
        try await make(bed, #","resources":{"cpu":2}"#)
        let failed = try await wait(bed) { $0.status.conditions["Ready"]?.reason == "ProviderError" }
        #expect(failed.status.phase == .failed && failed.status.powerState == "On")
        #expect(!failed.status.conditions.isTrue(.reconfiguring) && !failed.status.conditions.isTrue(.provisioning))
        try bed.hypervisors.faults("sim") { $0.failingKinds = [] }
        time.advance(seconds: 6)
        try await kick(bed)
        try await wait(bed) { $0.isReady && $0.status.phase == .running && $0.status.currentResources.cpu == 2 }
        await bed.close()
    }

    @Test func `a machine that is gone is gone, though its provider does not answer any more`() async throws {
        let bed = try await bed()
        let machine = try await run(bed)
        try await bed.takeAway(machine.status.id)
        try await kick(bed)
        let gone = try await wait(bed) { $0.status.conditions["Ready"]?.reason == "MachineGone" }
        #expect(gone.status.message?.contains("kubectl annotate -n default vm web1 virtrigaud.io/recreate=true") == true)
        await bed.hypervisors.kill("sim")
        try await bed.wait(Provider.self, "sim") { $0?.status.isHealthy == false }
        try await kick(bed)
        let kept = try await wait(bed) { $0.status.message != gone.status.message }
        #expect(kept.status.conditions["Ready"] == gone.status.conditions["Ready"] && kept.status.phase == .failed)
        await bed.close()
    }

    @Test func `a machine that could not be made has failed, though its provider does not answer any more`() async throws {
        let time = DayClock("2026-11-23T12:00:00Z")
        let bed = try await bed(time) { try $0.hypervisors.faults("sim") { ($0.failsAt, $0.failingKinds) = (0.5, ["create"]) } }
        try await make(bed)
        let failed = try await wait(bed) { $0.status.phase == .failed }
        await bed.hypervisors.kill("sim")
        time.advance(seconds: 6)
        try await kick(bed)
        let kept = try await wait(bed) { $0.status.message != failed.status.message }
        #expect(kept.status.phase == .failed && kept.status.conditions["Ready"]?.reason == "ProviderError")
        await bed.close()
    }

    @Test func `a machine that runs says what it names and is not there any more`() async throws {
        let bed = try await bed()
        let machine = try await run(bed)
        #expect(machine.status.conditions["Ready"]?.message == "is as wanted")
        try await bed.delete(.vmClass, "small")
        try await bed.delete(.vmImage, "debian")
        let left = try await wait(bed) { $0.status.message?.contains("VMImage default/debian") == true }
        #expect(left.isReady && left.status.message?.contains("VMClass default/small") == true)
        try await bed.apply(
            .vmImage, #"{"metadata":{"name":"debian"},"spec":{"source":{"http":{"url":"https://example.org/debian.qcow2"}}}}"#)
        try await bed.apply(.vmClass, #"{"metadata":{"name":"small"},"spec":{"cpu":1,"memory":"1Gi"}}"#)
        try await wait(bed) { $0.isReady && $0.status.message == nil }
        await bed.close()
    }

    @Test func `a machine that was adopted and is not there says what it could be made from`() async throws {
        let bed = try await bed()
        try await bed.apply(
            .virtualMachine,
            #"{"metadata":{"name":"web1","labels":{"virtrigaud.io/adopted":"true"}},"spec":{"providerRef":{"name":"sim"},"classRef":{"name":"small"}}}"#
        )
        let machine = try await wait(bed) { $0.status.message?.contains("spec.imageRef") == true }
        #expect(machine.status.conditions["Ready"]?.reason == "WaitingForDependencies" && machine.status.phase == .pending)
        #expect(bed.hypervisors.count("sim", "Create") == 0)
        await bed.close()
    }

    @Test func `a set that waits for a machine that failed says which, and why`() async throws {
        let bed = try await bed { try $0.hypervisors.faults("sim") { ($0.failsAt, $0.failingKinds) = (0.5, ["create"]) } }
        try await bed.apply(.vmSet, ManagerBed.set(2))
        let set = try await bed.wait(VMSet.self, "web") { $0?.status.conditions["Ready"]?.reason == "MachineFailed" }
        let machine = try #require(try await bed.get(VirtualMachine.self, "web-0"))
        let message = try #require(set?.status.conditions["Ready"]?.message)
        #expect(message.hasPrefix("web-0 (ProviderError): ") && message.contains(machine.status.message ?? "?"), "\(message)")
        await bed.close()
    }
}

extension VirtualMachine {
    fileprivate var isReady: Bool { status.conditions.isTrue("Ready") && status.observedGeneration == metadata.generation }
}
