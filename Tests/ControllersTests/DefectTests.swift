import ObjectStore
import Objects
import Primitives
import ProviderRPC
import RPC
import SimulatedProvider
import Synchronization
import Testing

@testable import Controllers

/// What managers before this one did wrong, each as a test that this one does not.
struct DefectTests {
    private static let ready: @Sendable (VirtualMachine?) -> Bool = { machine in
        machine?.status.conditions.isTrue("Ready") == true && machine?.status.ips.isEmpty == false
    }

    private func bed(_ kind: SimulatedSettings.Kind = .local, machine: String? = "web1") async throws -> ManagerBed {
        let bed = ManagerBed()
        try await bed.furnish("sim", kind)
        try await bed.start()
        if let machine {
            try await bed.apply(.virtualMachine, ManagerBed.machine(machine))
            try await bed.wait(VirtualMachine.self, machine, until: Self.ready)
        }
        return bed
    }

    /// Lets a second pass in which nothing is asked for, and says what was called in it.
    private func quietSecond(_ bed: ManagerBed) async -> [String] {
        let before = bed.hypervisors.heard.withLock { $0.count }
        try? await Task.sleep(for: .seconds(1))
        return bed.hypervisors.heard.withLock { $0.dropFirst(before).map { String($0.path.split(separator: "/").last ?? "") } }
    }

    @Test func `a machine that is to shut down is asked to once, and off is what was wanted`() async throws {
        let bed = try await bed()
        try await bed.apply(.virtualMachine, ManagerBed.machine("web1", #","powerState":"OffGraceful""#))
        try await bed.wait(VirtualMachine.self, "web1") { $0?.status.phase == .stopped && $0?.status.conditions.isTrue("Ready") == true }
        _ = await quietSecond(bed)
        #expect(bed.hypervisors.count("sim", "Power") == 1)
        await bed.close()
    }

    @Test func `machines that are as they should be are not asked about one by one`() async throws {
        let bed = try await bed(machine: nil)
        for number in 1...10 { try await bed.apply(.virtualMachine, ManagerBed.machine("web\(number)")) }
        for number in 1...10 { try await bed.wait(VirtualMachine.self, "web\(number)", until: Self.ready) }
        let calls = await quietSecond(bed)
        #expect(calls.allSatisfy { ["Validate", "ListVMs", "GetCapabilities"].contains($0) } && calls.count < 5, "\(calls)")
        await bed.close()
    }

    @Test func `a machine says that it is being made when it is, and not while it waits to be made again`() async throws {
        let bed = try await bed(machine: nil)
        let watch = try await bed.store.watch(.virtualMachine, in: nil, from: try await bed.store.list(.virtualMachine).resourceVersion)
        bed.hypervisors.stub("sim", "Create") { .failure(RPCError(.invalidArgument, "no")) }
        try await bed.apply(.virtualMachine, ManagerBed.machine("web1"))
        try await bed.wait(VirtualMachine.self, "web1") { $0?.status.conditions["Ready"]?.reason == "ProviderError" }
        // Each has the machine looked at once more.
        for number in 0..<5 {
            let reconciles = bed.reconciles
            try await bed.apply(
                .vmClass,
                #"{"metadata":{"name":"small","labels":{"turn":"\#(number)"}},"spec":{"cpu":1,"memory":"1Gi","diskDefaults":{"type":"thin","size":"4Gi"}}}"#
            )
            try await bed.eventually { bed.reconciles > reconciles }
        }
        try await bed.delete(.virtualMachine, "web1")
        var said = 0
        var reason: String?
        while let object = try await watch.next()?.object {
            let machine = VirtualMachine(object)
            if machine.metadata.isDeleting { break }
            let now = machine.status.conditions["Ready"]?.reason
            if now == "Creating", reason != now { said += 1 }
            reason = now
        }
        let creates = try await bed.operations().count { $0.method == .create }
        #expect(creates > 0 && said <= creates)
        await bed.close()
    }

    @Test func `a task that failed is over, and is not asked about for ever`() async throws {
        let bed = ManagerBed()
        try await bed.furnish()
        try bed.hypervisors.faults("sim") { ($0.failsAt, $0.failingKinds) = (0.5, ["create"]) }
        try await bed.start()
        try await bed.apply(.virtualMachine, ManagerBed.machine("web1"))
        let failed = try await bed.wait(VirtualMachine.self, "web1") { $0?.status.conditions["Error"]?.status == .isTrue }
        #expect(failed?.status.conditions["Ready"]?.reason == "ProviderError" && failed?.status.phase == .failed)
        let calls = await quietSecond(bed)
        #expect(!calls.contains("TaskStatus") && !calls.contains("Create"))
        let create = try #require(try await bed.operations().first { $0.method == .create })
        #expect(create.end?.outcome == .failure && create.end?.message.isEmpty == false)
        await bed.close()
    }

    @Test func `who says another thing than was refused does not wait for what was refused`() async throws {
        let bed = try await bed()
        try bed.hypervisors.faults("sim") { ($0.failsAt, $0.failingKinds) = (0.5, ["power"]) }
        try await bed.apply(.virtualMachine, ManagerBed.machine("web1", #","powerState":"OffGraceful""#))
        try await bed.wait(VirtualMachine.self, "web1") { $0?.status.conditions["Error"]?.status == .isTrue }
        try bed.hypervisors.faults("sim") { $0.failingKinds = [] }
        try await bed.apply(.virtualMachine, ManagerBed.machine("web1", #","powerState":"Off""#))
        try await bed.wait(VirtualMachine.self, "web1") { $0?.status.phase == .stopped && $0?.status.conditions.isTrue("Ready") == true }
        let operations = try await bed.operations().filter { $0.method == .power }.sorted { $0.startedAt < $1.startedAt }
        let refused = try #require(operations.first?.end)
        #expect(operations.count == 2 && operations[1].startedAt - refused.at < 3, "\(operations.map(\.startedAt)), \(refused)")
        await bed.close()
    }

    @Test(arguments: [("Reconfigure", #","resources":{"cpu":2}"#), ("Power", #","powerState":"Off""#)])
    func `a machine that hangs, and does not let a change begin, can be deleted`(_ method: String, _ change: String) async throws {
        let bed = try await bed()
        bed.hypervisors.stub("sim", method) { .failure(RPCError(.deadlineExceeded, "its monitor does not answer")) }
        try await bed.apply(.virtualMachine, ManagerBed.machine("web1", change))
        try await bed.wait(VirtualMachine.self, "web1") { $0?.status.conditions["Ready"]?.reason == "ProviderError" }
        try await bed.delete(.virtualMachine, "web1")
        try await bed.wait(VirtualMachine.self, "web1") { $0 == nil }
        let ends = try await bed.operations().reduce(into: [:]) { $0[$1.method.rawValue] = $1.end?.outcome }
        #expect(ends[method] == .error && ends["Delete"] == .success && ends["Create"] == .success, "\(ends)")
        #expect(try await bed.hypervisors.machines("sim").isEmpty)
        await bed.close()
    }

    @Test func `tasks that take longer than a call may do not open the breaker`() async throws {
        let link = ProviderLink(
            name: "default/one", type: "vsphere", transport: Refusing(RPCError(.deadlineExceeded, "it waits for the task")),
            counts: CallCounts())
        for _ in 0..<50 {
            _ = try? await link.call(.taskStatus) { client, options throws(RPCError) in
                try await client.taskStatus(TaskStatusRequest(task: TaskRef(id: "task-1")), options)
            }
        }
        #expect(link.breakerState == 0 && link.breakerFailures == 0)
    }

    @Test(arguments: [RPCCode.notFound, .unknown, .internal, .invalidArgument, .failedPrecondition, .alreadyExists, .resourceExhausted])
    func `a provider that says no, in whatever words, is asked on`(_ code: RPCCode) async throws {
        var settings = LinkSettings()
        settings.callsPerSecond = 0
        let link = ProviderLink(
            name: "default/one", type: "libvirt", transport: Refusing(RPCError(code, "connection unavailable, deadline exceeded")),
            settings: settings, counts: CallCounts())
        for _ in 0..<50 {
            _ = try? await link.call(.delete) { client, options throws(RPCError) in
                try await client.delete(DeleteRequest(id: "1"), options)
            }
        }
        #expect(link.breakerState == 0)
    }

    @Test func `providers of one name in two namespaces have a breaker and series each, and series go with the provider`() async throws {
        let bed = try await bed(machine: nil)
        try await bed.hypervisors.start("other")
        try await bed.apply(
            .provider,
            #"{"metadata":{"name":"sim","namespace":"blue"},"spec":{"type":"simulated","endpoint":"unix:///bed/other","healthCheck":{"interval":"1s"}}}"#
        )
        try await bed.wait(Provider.self, "sim", in: "blue") { $0?.status.isHealthy == true }
        try await bed.wait(Provider.self, "sim") { $0?.status.isHealthy == true }
        bed.context.links["blue/sim"]?.link.openBreaker()
        #expect(bed.context.links["default/sim"]?.link.breakerState == 0)
        #expect(bed.context.links["blue/sim"]?.link.breakerState == 2)
        #expect(bed.providersWithSeries == ["blue/sim", "default/sim"])
        try await bed.delete(.provider, "sim", in: "blue")
        try await bed.wait(Provider.self, "sim", in: "blue") { $0 == nil }
        try await bed.eventually { bed.providersWithSeries == ["default/sim"] }
        await bed.close()
    }

    @Test func `operations that are under way are counted by the manager that comes next`() async throws {
        let bed = ManagerBed()
        try await bed.furnish("sim", .upid)
        try bed.hypervisors.faults("sim") { $0.slowness = 1e6 }
        try await bed.start()
        try await bed.apply(.virtualMachine, ManagerBed.machine("web1"))
        try await bed.eventually { bed.context.journal.openByProvider["default/sim"]?.count == 1 }
        await bed.stop()
        try await bed.start()
        #expect(bed.context.journal.openByProvider["default/sim"]?.count == 1)
        await bed.close()
    }

    @Test func `a machine whose provider cannot be asked keeps its finalizer`() async throws {
        let bed = try await bed()
        await bed.hypervisors.kill("sim")
        try await bed.delete(.virtualMachine, "web1")
        try await bed.wait(VirtualMachine.self, "web1") { $0?.status.conditions["Deleting"]?.reason == "ProviderError" }
        // Nor does it go with its provider's object.
        try await bed.delete(.provider, "sim")
        try await bed.wait(Provider.self, "sim") { $0?.status.conditions["Deleting"]?.reason == "WaitingForDependencies" }
        #expect(try await bed.get(VirtualMachine.self, "web1")?.metadata.finalizers == [VirtualMachine.finalizer])
        await bed.close()
    }

    @Test func `whether a call is tried again is said by its code and not by its words`() async throws {
        for (code, isTriedAgain) in [(RPCCode.internal, false), (.unavailable, true), (.deadlineExceeded, true), (.unknown, false)] {
            let journal = OperationJournal(MemoryObjectStore())
            let target = Controllers.Operation.Target(kind: "VirtualMachine", namespace: "default", name: "web1", uid: "u1")
            let operation = try await journal.begin(Operation(.delete, of: target, provider: "default/one", type: "libvirt"))
            let link = ProviderLink(
                name: "default/one", type: "libvirt", transport: Refusing(RPCError(code, "not found: connection unavailable")),
                counts: CallCounts())
            let progress = try await OperationDriver(journal).advance(operation, over: link) {
                operation, client, options throws(RPCError) in
                .init(taskID: try await client.delete(DeleteRequest(id: "1"), options).task?.id)
            }
            if case .waiting = progress { #expect(isTriedAgain, "\(code)") } else { #expect(!isTriedAgain, "\(code)") }
        }
    }

    @Test func `a provider that answers that its hypervisor is gone is not healthy, is counted, and heals`() async throws {
        let bed = try await bed(machine: nil)
        try await bed.wait(Provider.self, "sim") { $0?.status.isHealthy == true }

        // `ok` is not set, and field 2 is the message.
        let said = "no route to host pve1"
        bed.hypervisors.stub("sim", "Validate") { .success([0x12, UInt8(said.utf8.count)] + said.utf8) }
        let sick = try await bed.wait(Provider.self, "sim") { $0?.status.isHealthy == false }
        #expect(sick?.status.conditions["Healthy"]?.reason == "HypervisorUnavailable" && sick?.status.message == said)
        #expect(bed.context.links.counts.contents.errors[.connectionFailed, default: 0] >= 3)
        bed.hypervisors.stub("sim", "Validate", nil)
        try await bed.wait(Provider.self, "sim") { $0?.status.isHealthy == true && $0?.status.message == nil }
        await bed.close()
    }
}

/// Answers everything with one error.
private struct Refusing: RPCTransport {
    let error: RPCError

    init(_ error: RPCError) { self.error = error }

    func call(_ path: String, _ message: [UInt8], by deadline: Deadline, metadata: RPCMetadata) async throws(RPCError) -> [UInt8] {
        throw error
    }
}
