import ObjectStore
import Objects
import Primitives
import ProviderRPC
import RPC
import SimulatedProvider
import Synchronization
import Testing

@testable import Controllers

/// What people and hypervisors do that nobody planned.
struct EdgeTests {
    private static let ready: @Sendable (VirtualMachine?) -> Bool = { machine in
        machine?.status.conditions.isTrue("Ready") == true && machine?.status.ips.isEmpty == false
    }

    private func bed(_ kind: SimulatedSettings.Kind = .local) async throws -> ManagerBed {
        let bed = ManagerBed()
        try await bed.furnish("sim", kind)
        try await bed.start()
        return bed
    }

    private func make(_ bed: ManagerBed, _ name: String = "web1") async throws -> VirtualMachine {
        try await bed.apply(.virtualMachine, ManagerBed.machine(name))
        return try #require(try await bed.wait(VirtualMachine.self, name, until: Self.ready))
    }

    /// Makes a machine's object name another machine, as when a hypervisor gives a number a second time.
    private func point(_ bed: ManagerBed, _ name: String, at id: String?) async throws {
        try await bed.eventually {
            var object = try await bed.store.get(ObjectKey(.virtualMachine, "default", name))
            object.status = .members(ObjectMembers([("id", .text(id ?? ""))]))
            do throws(StoreError) {
                _ = try await bed.store.update(object, .status)
                return true
            } catch { return false }
        }
    }

    @Test func `a machine that has another owner now is neither switched nor deleted`() async throws {
        let bed = try await bed(.upid)
        let other = try await make(bed, "other")
        _ = try await make(bed, "web1")
        try await point(bed, "web1", at: other.status.id)
        try await bed.apply(.virtualMachine, ManagerBed.machine("web1", #","powerState":"Off""#))
        try await bed.wait(VirtualMachine.self, "web1") { $0?.status.conditions["Ready"]?.reason == "MachineGone" }
        try await bed.delete(.virtualMachine, "web1")
        try await bed.wait(VirtualMachine.self, "web1") { $0 == nil }
        #expect(try await bed.hypervisors.machines("sim").contains("other"))
        #expect(bed.hypervisors.count("sim", "Power") == 0 && bed.hypervisors.count("sim", "Delete") == 0)
        await bed.close()
    }

    @Test func `a machine is made anew once for each time that somebody says so`() async throws {
        let bed = try await bed()
        let first = try await make(bed)
        try await bed.takeAway(first.status.id)
        // Something is wanted of it, so it is looked for.
        try await bed.apply(.virtualMachine, ManagerBed.machine("web1", #","resources":{"cpu":2}"#))
        try await bed.wait(VirtualMachine.self, "web1") { $0?.status.conditions["Ready"]?.reason == "MachineGone" }
        #expect(try await bed.hypervisors.machines("sim").isEmpty)
        try await bed.apply(
            .virtualMachine,
            ManagerBed.machine("web1").replacing(
                #""name":"web1"}"#, with: #""name":"web1","annotations":{"virtrigaud.io/recreate":"true"}}"#))
        let second = try await bed.wait(VirtualMachine.self, "web1") { Self.ready($0) && $0?.status.id != first.status.id }
        #expect(try await bed.hypervisors.machines("sim") == ["web1"])
        #expect(second?.metadata.annotations["virtrigaud.io/recreate"] == nil)
        try await bed.takeAway(second?.status.id)
        try await bed.apply(.virtualMachine, ManagerBed.machine("web1", #","resources":{"cpu":2}"#))
        try await bed.wait(VirtualMachine.self, "web1") { $0?.status.conditions["Ready"]?.reason == "MachineGone" }
        await bed.close()
    }

    @Test func `a machine that is said to be on another provider is not looked for there`() async throws {
        let bed = try await bed()
        _ = try await make(bed)
        try await bed.furnish("far")
        let calls = bed.hypervisors.count("far", "Describe")
        try await bed.applyAnyhow(.virtualMachine, "web1") { spec in
            var members = spec.members ?? ObjectMembers()
            members["providerRef"] = ["name": "far"]
            return .members(members)
        }
        let moved = try await bed.wait(VirtualMachine.self, "web1") { $0?.status.conditions["Ready"]?.reason == "ValidationError" }
        #expect(moved?.status.message?.contains("default/sim") == true)
        #expect(bed.hypervisors.count("far", "Describe") == calls)
        // It is deleted where it is.
        try await bed.delete(.virtualMachine, "web1")
        try await bed.wait(VirtualMachine.self, "web1") { $0 == nil }
        #expect(try await bed.hypervisors.machines("sim").isEmpty)
        await bed.close()
    }

    @Test(arguments: [true, false]) func `a machine is where it was asked for, though another provider is named before that is written`(
        _ isDeleted: Bool
    ) async throws {
        let bed = try await bed()
        try await bed.furnish("far")
        let latch = HangingCalls()
        bed.hypervisors.hold("sim", "Create", latch)
        try await bed.apply(.virtualMachine, ManagerBed.machine("web1"))
        try await bed.eventually { bed.hypervisors.count("sim", "Create") == 1 }
        try await bed.applyAnyhow(.virtualMachine, "web1") { spec in
            var members = spec.members ?? ObjectMembers()
            members["providerRef"] = ["name": "far"]
            return .members(members)
        }
        if isDeleted {
            try await bed.delete(.virtualMachine, "web1")
            latch.open()
        } else {
            latch.open()
            let moved = try await bed.wait(VirtualMachine.self, "web1") { $0?.status.conditions["Ready"]?.reason == "ValidationError" }
            #expect(moved?.status.message?.contains("default/sim") == true && moved?.status.id != nil)
            try await bed.delete(.virtualMachine, "web1")
        }
        try await bed.wait(VirtualMachine.self, "web1") { $0 == nil }
        #expect(try await bed.hypervisors.machines("sim").isEmpty)
        #expect(bed.hypervisors.count("far", "Create") == 0 && bed.hypervisors.count("far", "Describe") == 0)
        await bed.close()
    }

    @Test func `one of two machines of one name does not take the other one along`() async throws {
        let bed = try await bed()
        _ = try await make(bed)
        try await bed.apply(
            .virtualMachine,
            #"{"metadata":{"name":"web1","namespace":"blue"},"spec":{"providerRef":{"name":"sim","namespace":"default"},"classRef":{"name":"small","namespace":"default"},"imageRef":{"name":"debian","namespace":"default"}}}"#
        )
        try await bed.wait(VirtualMachine.self, "web1", in: "blue") { $0?.status.conditions["Error"]?.status == .isTrue }
        try await bed.delete(.virtualMachine, "web1", in: "blue")
        try await bed.wait(VirtualMachine.self, "web1", in: "blue") { $0 == nil }
        #expect(try await bed.hypervisors.machines("sim") == ["web1"])
        await bed.close()
    }

    @Test func `an object that no provider ever heard of goes at once`() async throws {
        let bed = try await bed()
        try await bed.apply(.virtualMachine, ManagerBed.machine("web1", provider: "nobody"))
        try await bed.wait(VirtualMachine.self, "web1") { $0?.status.conditions["Ready"]?.reason == "WaitingForDependencies" }
        try await bed.delete(.virtualMachine, "web1")
        try await bed.wait(VirtualMachine.self, "web1", seconds: 5) { $0 == nil }
        await bed.close()
    }

    @Test func `a machine that was made without an answer goes with its object`() async throws {
        let bed = try await bed()
        // Made, and answered with words that say nothing.
        bed.hypervisors.garble("sim", "Create", RPCError(.unknown, "something went wrong"))
        try await bed.apply(.virtualMachine, ManagerBed.machine("web1"))
        try await bed.wait(VirtualMachine.self, "web1") { $0?.status.conditions["Error"]?.status == .isTrue }
        try await bed.eventually { try await bed.hypervisors.machines("sim") == ["web1"] }
        try await bed.delete(.virtualMachine, "web1")
        try await bed.wait(VirtualMachine.self, "web1") { $0 == nil }
        #expect(try await bed.hypervisors.machines("sim").isEmpty)
        await bed.close()
    }

    @Test func `force lets an object go whose provider does not answer`() async throws {
        let bed = try await bed()
        _ = try await make(bed)
        await bed.hypervisors.kill("sim")
        try await bed.delete(.virtualMachine, "web1")
        try await bed.wait(VirtualMachine.self, "web1") { $0?.status.phase == .deleting }
        try await bed.apply(
            .virtualMachine,
            ManagerBed.machine("web1").replacing(
                #""name":"web1"}"#, with: #""name":"web1","annotations":{"virtrigaud.io/force-delete":"true"}}"#))
        try await bed.wait(VirtualMachine.self, "web1") { $0 == nil }
        await bed.close()
    }

    @Test func `a machine is changed though its image is gone`() async throws {
        let bed = try await bed()
        _ = try await make(bed)
        try await bed.delete(.vmImage, "debian")
        try await bed.apply(.virtualMachine, ManagerBed.machine("web1", #","resources":{"cpu":2}"#))
        try await bed.wait(VirtualMachine.self, "web1") { $0?.status.currentResources.cpu == 2 }
        await bed.close()
    }

    @Test func `texts for a guest are in no operation`() async throws {
        let bed = try await bed()
        try await bed.apply(
            .vmImage,
            #"{"metadata":{"name":"debian"},"spec":{"source":{"http":{"url":"https://example.org/d.qcow2","headers":{"Authorization":"token-word"}}}}}"#
        )
        try await bed.apply(.secret, #"{"metadata":{"name":"guest"},"data":{"metadata":"c2VjcmV0LXdvcmQ="}}"#)
        try await bed.apply(
            .virtualMachine,
            ManagerBed.machine(
                "web1", #","userData":{"cloudInit":{"inline":"password-word"}},"metaData":{"cloudInit":{"secretRef":{"name":"guest"}}}"#))
        try await bed.wait(VirtualMachine.self, "web1", until: Self.ready)
        for object in try await bed.store.list(.vmOperation).items {
            let text = String(decoding: object.json, as: UTF8.self)
            #expect(!text.contains("token-word"))
            #expect(!text.contains("password-word") && !text.contains("secret-word") && !text.contains("c2VjcmV0"))
        }
        await bed.close()
    }

    @Test func `a provider that hangs keeps nobody else's machines waiting`() async throws {
        let bed = ManagerBed()
        try await bed.furnish("hung")
        try await bed.furnish("sim")
        try await bed.start()
        try await bed.apply(.virtualMachine, ManagerBed.machine("first", provider: "hung"))
        try await bed.wait(VirtualMachine.self, "first", until: Self.ready)
        let latch = HangingCalls()
        bed.hypervisors.stub("hung", "Create") { await latch.wait() }
        for number in 1...100 { try await bed.apply(.virtualMachine, ManagerBed.machine("hung\(number)", provider: "hung")) }
        try await bed.eventually { latch.count == 16 }
        for number in 1...20 { try await bed.apply(.virtualMachine, ManagerBed.machine("web\(number)")) }
        for number in 1...20 { try await bed.wait(VirtualMachine.self, "web\(number)", seconds: 10, until: Self.ready) }
        #expect(latch.count == 16)
        // It is not taken for one that is not there, as it answers when it is asked how it is.
        #expect(try await bed.get(Provider.self, "hung")?.status.isHealthy == true)
        latch.open()
        await bed.close()
    }
}

extension EdgeTests {
    @Test func `providers that hang leave workers for those that do not, however many they are`() async throws {
        let bed = ManagerBed()
        let hung = (1...4).map { "hung\($0)" }
        let latch = HangingCalls()
        for name in hung {
            try await bed.furnish(name)
            bed.hypervisors.stub(name, "Create") { await latch.wait() }
        }
        try await bed.furnish("sim")
        try await bed.start()
        for name in hung {
            for number in 1...20 { try await bed.apply(.virtualMachine, ManagerBed.machine("\(name)-m\(number)", provider: name)) }
        }
        // As many as there are workers, if nobody sees to it that some are left.
        try await bed.eventually { latch.count >= 48 }
        for number in 1...20 { try await bed.apply(.virtualMachine, ManagerBed.machine("web\(number)")) }
        for number in 1...20 { try await bed.wait(VirtualMachine.self, "web\(number)", until: Self.ready) }
        #expect(latch.count < 64)
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
        try await bed.wait(VirtualMachine.self, "web2", seconds: 15, until: Self.ready)
        #expect(latch.count == 1)
        let image = try await bed.wait(VMImage.self, "debian") { $0?.status.providerStatus["default/hung"]?.message != nil }
        #expect(image?.status.availableOn == ["default/sim"])
        latch.open()
        await bed.close()
    }

    @Test func `an image that is described otherwise while it is brought is brought again`() async throws {
        let bed = try await bed()
        let latch = HangingCalls()
        bed.hypervisors.hold("sim", "ImagePrepare", latch)
        try await bed.apply(.virtualMachine, ManagerBed.machine("web1"))
        try await bed.eventually { latch.count == 1 }
        try await bed.apply(.vmImage, #"{"metadata":{"name":"debian"},"spec":{"source":{"http":{"url":"https://example.org/new.qcow2"}}}}"#)
        latch.open()
        try await bed.eventually(seconds: 10) { try await bed.operations().contains { $0.method == .imagePrepare && $0.generation == 2 } }
        await bed.close()
    }

    /// States in which something is waited for.
    enum Wait: String, CaseIterable, Sendable {
        case provider, vmClass, image, failedCreate, gone, deadProvider, deletion, hung
    }

    @Test(arguments: Wait.allCases) func `whoever waits does not turn round and round`(_ wait: Wait) async throws {
        let bed = try await bed()
        let latch = HangingCalls()
        var reconciles = 40
        switch wait {
        case .provider: try await bed.apply(.virtualMachine, ManagerBed.machine("web1", provider: "nobody"))
        case .vmClass:
            try await bed.delete(.vmClass, "small")
            try await bed.apply(.virtualMachine, ManagerBed.machine("web1"))
        case .image:
            try bed.hypervisors.faults("sim") { ($0.failsAt, $0.failingKinds) = (0.5, ["image"]) }
            try await bed.apply(.virtualMachine, ManagerBed.machine("web1"))
        case .failedCreate:
            try bed.hypervisors.faults("sim") { ($0.failsAt, $0.failingKinds) = (0.5, ["create"]) }
            try await bed.apply(.virtualMachine, ManagerBed.machine("web1"))
        case .gone:
            _ = try await make(bed)
            try await point(bed, "web1", at: "ffffffff-0000-4000-8000-000000000000")
        case .deadProvider, .deletion:
            _ = try await make(bed)
            await bed.hypervisors.kill("sim")
            if wait == .deletion { try await bed.delete(.virtualMachine, "web1") }
            try await bed.apply(.virtualMachine, ManagerBed.machine("web2"))
        case .hung:
            _ = try await make(bed, "first")
            bed.hypervisors.stub("sim", "Create") { await latch.wait() }
            for number in 1...100 { try await bed.apply(.virtualMachine, ManagerBed.machine("web\(number)")) }
            try await bed.eventually { latch.count == 16 }
            reconciles = 400
        }
        try? await Task.sleep(for: .seconds(1.5))
        let before = bed.reconciles
        try? await Task.sleep(for: .seconds(1))
        #expect(bed.reconciles - before < reconciles)
        latch.open()
        await bed.close()
    }
}

/// Calls that get no answer until somebody says so.
final class HangingCalls: Sendable {
    private struct State {
        var count = 0
        var isOpen = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    var count: Int { state.withLock { $0.count } }

    func wait() async -> Result<[UInt8], RPCError> {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                state.count += 1
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
        return .failure(RPCError(.cancelled, "it hung"))
    }

    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}

extension String {
    fileprivate func replacing(_ text: String, with other: String) -> String {
        guard let range = firstRange(of: text) else { return self }
        return String(self[..<range.lowerBound]) + other + self[range.upperBound...]
    }
}
