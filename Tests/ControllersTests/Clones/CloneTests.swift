import ObjectStore
import Objects
import Primitives
import ProviderRPC
import SimulatedProvider
import Synchronization
import Testing

@testable import Controllers

struct CloneTests {
    @Test func `a full clone is a machine of its own, and stays when its VMClone goes`() async throws {
        let bed = ManagerBed()
        try await bed.furnishSource(isOn: true)
        try await bed.apply(.vmClone, ManagerBed.clone(#""powerOn":true"#, target: #","labels":{"app":"x"},"annotations":{"note":"y"}"#))
        let clone = try await bed.phase(.ready)
        #expect(clone.status.conditions.isTrue("Ready") && clone.status.actualCloneType == .full && clone.status.completionTime != nil)
        let copy = try #require(try await bed.get(VirtualMachine.self, "copy"))
        #expect(copy.status.id == clone.status.targetID && copy.status.powerState == "On")
        #expect(copy.metadata.labels == ["app": "x", "virtrigaud.io/adopted": "true", "virtrigaud.io/cloned-from": "src"])
        #expect(copy.metadata.annotations["virtrigaud.io/clone"] == "default/c" && copy.metadata.annotations["note"] == "y")
        #expect(copy.problems.isEmpty && copy.spec.classRef.name == "small")
        let operations = try await bed.operations(.clone)
        #expect(operations.map(\.isLinked) == [false] && operations.map(\.target.uid) == [clone.metadata.uid])
        #expect(try await bed.operations(.reconfigure).isEmpty)
        try await bed.delete(.vmClone, "c")
        try await bed.wait(VMClone.self, "c") { $0 == nil }
        #expect(try await bed.hypervisors.machines("sim") == ["copy", "src"])
        // Another VMClone of that name does not take it for its own.
        try await bed.apply(.vmClone, ManagerBed.clone())
        #expect(try await bed.phase(.failed).status.conditions["Ready"]?.reason == "NameTaken")
        await bed.close()
    }

    @Test func `a clone that has gone is made anew from its image when a person says so`() async throws {
        let bed = ManagerBed()
        try await bed.furnishSource()
        try await bed.apply(.vmClone, ManagerBed.clone())
        let first = try #require(try await bed.phase(.ready).status.targetID)
        try await bed.wait(VirtualMachine.self, "copy") { $0.map(SetMember.isReady) ?? false }
        try await bed.takeAway(first)
        try await bed.annotate(.virtualMachine, "copy", ["virtrigaud.io/recreate": "true"])
        let copy = try await bed.wait(VirtualMachine.self, "copy") { $0.map { SetMember.isReady($0) && $0.status.id != first } ?? false }
        #expect(copy?.metadata.annotations["virtrigaud.io/recreate"] == nil)
        #expect(try await bed.operations(.create).map(\.target.name).sorted() == ["copy", "src"])
        #expect(try await bed.hypervisors.machines("sim") == ["copy", "src"])
        #expect(try await bed.get(VMClone.self, "c")?.status.phase == .ready)
        await bed.close()
    }

    @Test func `a linked clone is one, and is off when it need not run`() async throws {
        let bed = ManagerBed()
        try await bed.furnishSource()
        try await bed.apply(.vmClone, ManagerBed.clone(#""type":"LinkedClone""#))
        #expect(try await bed.phase(.ready).status.actualCloneType == .linked)
        let copy = try await bed.wait(VirtualMachine.self, "copy") { $0.map(SetMember.isReady) ?? false }
        #expect(copy?.spec.powerState == .off && copy?.status.phase == .stopped)
        #expect(try await bed.operations(.clone).map(\.isLinked) == [true])
        await bed.close()
    }

    @Test func `what its provider does not make is not made otherwise`() async throws {
        let bed = ManagerBed()
        // A message without a field: nothing is supported.
        bed.hypervisors.stub("sim", "GetCapabilities") { .success([]) }
        try await bed.furnishSource()
        try await bed.apply(.vmClone, ManagerBed.clone(#""type":"LinkedClone""#))
        let clone = try await bed.phase(.failed)
        #expect(clone.status.conditions["Ready"]?.reason == "UnsupportedType")
        #expect(clone.status.message?.contains("makes no linked clones") == true)
        #expect(try await bed.operations(.clone).isEmpty)
        await bed.close()
    }

    private static let refused: [(text: String, reason: String)] = [
        (ManagerBed.clone(source: #"{"snapshotRef":{"name":"s"}}"#), "UnsupportedSource"),
        (ManagerBed.clone(source: #"{"templateRef":{"name":"t"}}"#), "UnsupportedSource"),
        (ManagerBed.clone(source: #"{"imageRef":{"name":"debian"}}"#), "UnsupportedSource"),
        (ManagerBed.clone(#""type":"InstantClone""#), "UnsupportedType"),
        (ManagerBed.clone(more: #","customization":{"sysprep":{"enabled":true}}"#), "UnsupportedCustomization"),
        (ManagerBed.clone(more: #","customization":{"guestCommands":[{"command":"ls"}]}"#), "UnsupportedCustomization"),
        (ManagerBed.clone(more: #","customization":{"userData":{"ignition":{"inline":"{}"}}}"#), "UnsupportedCustomization"),
        (ManagerBed.clone(target: #","providerRef":{"name":"other"}"#), "OtherProvider"),
        (ManagerBed.clone(target: #","networks":[{"name":"a"},{"name":"b"}]"#), "OtherNetworks"),
        (ManagerBed.clone(target: #","networks":[{"name":"lan","macAddress":"52:54:00:00:00:01"}]"#), "OtherNetworks"),
        (ManagerBed.clone(name: "src"), "ValidationError"), (ManagerBed.clone(name: "taken"), "NameTaken"),
    ]

    @Test func `what cannot be is refused before anything is cloned`() async throws {
        let bed = ManagerBed()
        try await bed.furnishSource()
        try await bed.apply(.virtualMachine, ManagerBed.machine("taken", provider: "nobody"))
        for (text, reason) in Self.refused {
            try await bed.apply(.vmClone, text)
            let clone = try await bed.phase(.failed)
            #expect(clone.status.conditions["Ready"]?.reason == reason && clone.status.conditions.isTrue("Error"), "\(text)")
            #expect(clone.status.message?.isEmpty == false && !(clone.status.message ?? "").contains("\n"))
            // It can go.
            try await bed.delete(.vmClone, "c")
            try await bed.wait(VMClone.self, "c") { $0 == nil }
        }
        #expect(!bed.hypervisors.heard.withLock { $0 }.contains { $0.path.hasSuffix("/Clone") })
        await bed.close()
    }

    @Test func `what the hypervisor refuses has failed, and leaves nothing`() async throws {
        let bed = ManagerBed()
        try await bed.furnishSource(isOn: true)
        try await bed.apply(.vmClone, ManagerBed.clone(#""type":"LinkedClone""#))
        let clone = try await bed.phase(.failed)
        #expect(clone.status.message?.contains("switch it off before") == true)
        #expect(try await bed.get(VirtualMachine.self, "copy") == nil)
        #expect(try await bed.operations(.clone).map { $0.end?.outcome } == [.failure])
        await bed.close()
    }

    @Test func `it is tried again as often as is said`() async throws {
        let bed = ManagerBed()
        try await bed.furnishSource()
        var faults = Faults()
        (faults.failsAt, faults.failingKinds) = (0.5, ["clone"])
        try bed.hypervisors.spoil("sim", faults)
        let policy = #""retryPolicy":{"maxRetries":1,"retryDelay":"1ms","backoffMultiplier":1}"#
        try await bed.apply(.vmClone, ManagerBed.clone(policy))
        #expect(try await bed.phase(.failed).status.retryCount == 1)
        #expect(try await bed.operations(.clone).map { $0.end?.outcome } == [.failure, .failure])
        // Another one, whose hypervisor gets well.
        try await bed.delete(.vmClone, "c")
        try await bed.wait(VMClone.self, "c") { $0 == nil }
        try await bed.apply(.vmClone, ManagerBed.clone(#""retryPolicy":{"maxRetries":10,"retryDelay":"200ms","backoffMultiplier":1}"#))
        try await bed.wait(VMClone.self, "c") { $0?.status.retryCount == 1 }
        try bed.hypervisors.spoil("sim", Faults())
        #expect(try await bed.phase(.ready).status.retryCount ?? 0 >= 1)
        #expect(try await bed.hypervisors.machines("sim") == ["copy", "src"])
        await bed.close()
    }

    @Test func `what takes too long has failed, and what comes of it is taken away`() async throws {
        let bed = ManagerBed()
        try await bed.furnishSource()
        var faults = Faults()
        faults.slowness = 25
        try bed.hypervisors.spoil("sim", faults)
        try await bed.apply(.vmClone, ManagerBed.clone(#""timeout":"100ms""#))
        let clone = try await bed.phase(.failed)
        #expect(clone.status.conditions["Ready"]?.reason == "Timeout")
        try await bed.ended(.delete)
        #expect(try await bed.operations(.clone).map { $0.end?.outcome } == [.success])
        #expect(try await bed.hypervisors.machines("sim") == ["src"])
        #expect(try await bed.get(VirtualMachine.self, "copy") == nil)
        #expect(try await bed.phase(.failed).status.conditions["Ready"]?.reason == "Timeout")
        await bed.close()
    }

    @Test func `by force it goes, though the provider does not take away what came too late`() async throws {
        let bed = ManagerBed()
        try await bed.furnishSource()
        var faults = Faults()
        (faults.slowness, faults.failsAt, faults.failingKinds) = (25, 0.5, ["delete"])
        try bed.hypervisors.spoil("sim", faults)
        try await bed.apply(.vmClone, ManagerBed.clone(#""timeout":"100ms""#))
        try await bed.ended(.delete)
        #expect(try await bed.operations(.delete).first?.end?.outcome == .failure)
        try await bed.delete(.vmClone, "c")
        try await Task.sleep(for: .milliseconds(300))
        #expect(try await bed.get(VMClone.self, "c") != nil)
        try await bed.annotate(.vmClone, "c", ["virtrigaud.io/force-delete": "true"])
        try await bed.wait(VMClone.self, "c", seconds: 3) { $0 == nil }
        #expect(try await bed.hypervisors.machines("sim").count == 2)
        await bed.close()
    }

    @Test func `a source that does not come is not waited for without end`() async throws {
        let bed = ManagerBed()
        try await bed.furnish()
        try await bed.start()
        try await bed.apply(.vmClone, ManagerBed.clone(#""timeout":"200ms""#))
        let clone = try await bed.phase(.failed)
        #expect(clone.status.conditions["Ready"]?.reason == "Timeout")
        #expect(clone.status.message == "VirtualMachine default/src is not there")
        await bed.close()
    }

    @Test func `a name that somebody takes meanwhile is his`() async throws {
        let bed = ManagerBed()
        try await bed.furnishSource()
        var faults = Faults()
        faults.slowness = 15
        try bed.hypervisors.spoil("sim", faults)
        try await bed.apply(.vmClone, ManagerBed.clone())
        _ = try await bed.phase(.cloning)
        try await bed.apply(.virtualMachine, ManagerBed.machine("copy", provider: "nobody"))
        #expect(try await bed.phase(.failed).status.conditions["Ready"]?.reason == "NameTaken")
        try await bed.ended(.delete)
        #expect(try await bed.hypervisors.machines("sim") == ["src"])
        #expect(try await bed.get(VirtualMachine.self, "copy")?.metadata.labels.isEmpty == true)
        await bed.close()
    }

    @Test func `a VMClone that goes meanwhile waits for what was begun, and leaves the machine`() async throws {
        let bed = ManagerBed()
        try await bed.furnishSource()
        var faults = Faults()
        faults.slowness = 15
        try bed.hypervisors.spoil("sim", faults)
        try await bed.apply(.vmClone, ManagerBed.clone())
        _ = try await bed.phase(.cloning)
        try await bed.delete(.vmClone, "c")
        try await bed.wait(VMClone.self, "c") { $0 == nil }
        #expect(try await bed.get(VirtualMachine.self, "copy")?.status.id != nil)
        #expect(try await bed.hypervisors.machines("sim") == ["copy", "src"])
        await bed.close()
    }

    @Test func `what the target says is so of the clone`() async throws {
        let bed = ManagerBed()
        try await bed.furnishSource(#","tags":["t"],"networks":[{"name":"lan","ipAddress":"192.0.2.7","prefix":24}]"#)
        try await bed.apply(
            .vmClass, #"{"metadata":{"name":"big"},"spec":{"cpu":2,"memory":"2Gi","diskDefaults":{"type":"thin","size":"4Gi"}}}"#)
        try await bed.apply(.secret, #"{"metadata":{"name":"data"},"data":{"userdata":"I2Nsb3VkLWNvbmZpZyBoaWRkZW4="}}"#)
        let target = #","namespace":"other","classRef":{"name":"big"},"disks":[{"name":"data","sizeGiB":5}]"#
        let more = #","customization":{"hostname":"h","userData":{"cloudInit":{"secretRef":{"name":"data"}}}}"#
        try await bed.apply(.vmClone, ManagerBed.clone(target: target, more: more))
        _ = try await bed.phase(.ready)
        let copy = try await bed.wait(VirtualMachine.self, "copy", in: "other") {
            $0.map(SetMember.isReady) == true && $0?.status.currentResources.cpu == 2
        }
        #expect(copy?.spec.classRef.namespace == "default" && copy?.providerName == "default/sim")
        // The source's address is the source's, and its Secret cannot be named from elsewhere.
        #expect(copy?.spec.networks.map(\.ipAddress) == [nil] && copy?.spec.userData == nil)
        #expect(try await bed.operations(.reconfigure).count == 1)
        let operation = try #require(try await bed.operations(.clone).first)
        #expect(!String(decoding: operation.object.json, as: UTF8.self).contains("hidden") && operation.requestDigest != nil)
        #expect(operation.parameters["class"] == ["cpu": 2, "memoryMiB": 2048])
        await bed.close()
    }
}
