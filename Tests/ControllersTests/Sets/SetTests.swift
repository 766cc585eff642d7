import ObjectStore
import Objects
import Primitives
import Testing

@testable import Controllers

struct SetTests {
    @Test func `machines come in order, the highest goes first, and all go with the set`() async throws {
        let bed = ManagerBed()
        try await bed.furnishSet()
        let watch = try await MachineWatch(bed.store)
        let three = try await bed.settle(ManagerBed.set(3))
        #expect(three.status.readyReplicas == 3 && three.status.availableReplicas == 3 && three.status.selector == "app=web")
        #expect(three.status.currentReplicas == 3 && three.status.updatedReplicas == 3)
        #expect(watch.story.filter { $0.hasPrefix("+") } == ["+web-0", "+web-1", "+web-2"])
        let owners = try await bed.machines().map { $0.metadata.controller?.uid }
        #expect(owners == [String?](repeating: three.metadata.uid, count: 3))
        try await bed.settle(ManagerBed.set(5))
        #expect(try await bed.hypervisors.machines("sim") == (0..<5).map { "web-\($0)" })
        watch.count()
        try await bed.settle(ManagerBed.set(2))
        #expect(watch.story.filter { !$0.hasPrefix("~") } == ["-web-4", "-web-3", "-web-2"])
        #expect(watch.fewestReady ?? 0 >= 2)
        try await bed.delete(.vmSet, "web")
        try await bed.wait(VMSet.self, "web") { $0 == nil }
        #expect(try await bed.machines().isEmpty)
        #expect(try await bed.hypervisors.machines("sim").isEmpty)
        await bed.close()
    }

    @Test func `in parallel all come at once, from the number that is said`() async throws {
        let bed = ManagerBed()
        try await bed.furnishSet()
        let watch = try await MachineWatch(bed.store)
        try await bed.settle(ManagerBed.set(4, strategy: ManagerBed.parallel, more: #","ordinals":{"start":7}"#))
        #expect(try await bed.hypervisors.machines("sim") == ["web-10", "web-7", "web-8", "web-9"])
        #expect(watch.story.prefix(4) == ["+web-7", "+web-8", "+web-9", "+web-10"])
        await bed.close()
    }

    @Test func `an update replaces one machine after the other, from the highest number`() async throws {
        let bed = ManagerBed()
        try await bed.furnishSet()
        let watch = try await MachineWatch(bed.store)
        let before = try await bed.settle(ManagerBed.set(3, strategy: ManagerBed.parallel))
        watch.count()
        let after = try await bed.settle(ManagerBed.set(3, image: "newer"), ManagerBed.isUpdated)
        #expect(watch.story == ["-web-2", "+web-2", "-web-1", "+web-1", "-web-0", "+web-0"])
        #expect(watch.fewestReady == 2)
        #expect(before.status.currentRevision != after.status.currentRevision)
        #expect(try await bed.machines().allSatisfy { $0.spec.imageRef?.name == "newer" })
        #expect(after.status.conditions["Reconfiguring"] == nil)
        await bed.close()
    }

    @Test func `as many machines are away during an update as may be`() async throws {
        let bed = ManagerBed()
        try await bed.furnishSet()
        let watch = try await MachineWatch(bed.store)
        let strategy = #"{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":2,"podManagementPolicy":"Parallel"}}"#
        try await bed.settle(ManagerBed.set(4, strategy: strategy))
        watch.count()
        try await bed.settle(ManagerBed.set(4, image: "newer", strategy: strategy), ManagerBed.isUpdated)
        #expect(watch.fewestReady == 2)
        #expect(Set(watch.story.filter { $0.hasPrefix("-") }.prefix(2)) == ["-web-3", "-web-2"])
        await bed.close()
    }

    @Test func `what machines can become they become where they are`() async throws {
        let bed = ManagerBed()
        try await bed.furnishSet()
        let watch = try await MachineWatch(bed.store)
        try await bed.settle(ManagerBed.set(3, strategy: ManagerBed.parallel))
        let uids = try await bed.machines().map(\.metadata.uid)
        watch.count()
        try await bed.settle(ManagerBed.set(3, cpu: 2), ManagerBed.isUpdated)
        #expect(try await bed.machines().map(\.metadata.uid) == uids)
        #expect(try await bed.machines().allSatisfy { $0.status.currentResources.cpu == 2 })
        #expect(watch.story == ["~web-2", "~web-1", "~web-0"])
        #expect(watch.fewestReady ?? 0 >= 2)
        await bed.close()
    }

    @Test func `machines below the partition stay, and are made anew as they were`() async throws {
        let bed = ManagerBed()
        try await bed.furnishSet()
        try await bed.settle(ManagerBed.set(3, strategy: ManagerBed.parallel))
        let strategy = #"{"type":"RollingUpdate","rollingUpdate":{"partition":2,"podManagementPolicy":"Parallel"}}"#
        let half = try await bed.settle(ManagerBed.set(3, image: "newer", strategy: strategy)) { $0.status.updatedReplicas == 1 }
        #expect(half.status.currentReplicas == 2 && half.status.currentRevision != half.status.updateRevision)
        let uid = try await bed.get(VirtualMachine.self, "web-0")?.metadata.uid
        try await bed.delete(.virtualMachine, "web-0")
        try await bed.wait(VirtualMachine.self, "web-0") { $0.map { $0.metadata.uid != uid && SetMember.isReady($0) } ?? false }
        #expect(try await bed.machines().map { $0.spec.imageRef?.name } == ["debian", "debian", "newer"])
        try await bed.settle(ManagerBed.set(3, image: "newer", strategy: ManagerBed.parallel), ManagerBed.isUpdated)
        #expect(try await bed.machines().allSatisfy { $0.spec.imageRef?.name == "newer" })
        await bed.close()
    }

    @Test func `OnDelete changes nobody who is there`() async throws {
        let bed = ManagerBed()
        try await bed.furnishSet()
        try await bed.settle(ManagerBed.set(2, strategy: #"{"type":"OnDelete"}"#))
        let uid = try await bed.get(VirtualMachine.self, "web-1")?.metadata.uid
        let still = try await bed.settle(ManagerBed.set(2, image: "newer", strategy: #"{"type":"OnDelete"}"#))
        #expect(still.status.updatedReplicas == 0)
        try await bed.delete(.virtualMachine, "web-1")
        try await bed.wait(VirtualMachine.self, "web-1") { $0.map { $0.metadata.uid != uid && SetMember.isReady($0) } ?? false }
        #expect(try await bed.machines().map { $0.spec.imageRef?.name } == ["debian", "newer"])
        await bed.close()
    }

    @Test func `Recreate makes none of the new ones before all old ones have gone`() async throws {
        let bed = ManagerBed()
        try await bed.furnishSet()
        let watch = try await MachineWatch(bed.store)
        try await bed.settle(ManagerBed.set(3, strategy: ManagerBed.parallel))
        watch.count()
        try await bed.settle(ManagerBed.set(3, image: "newer", strategy: #"{"type":"Recreate"}"#), ManagerBed.isUpdated)
        #expect(Set(watch.story.prefix(3)) == ["-web-0", "-web-1", "-web-2"])
        #expect(watch.story.suffix(3) == ["+web-0", "+web-1", "+web-2"])
        await bed.close()
    }

    @Test func `a machine that is never ready holds the update, until the template is put right`() async throws {
        let bed = ManagerBed()
        try await bed.furnishSet()
        let watch = try await MachineWatch(bed.store)
        try await bed.settle(ManagerBed.set(3, strategy: ManagerBed.parallel))
        watch.count()
        try await bed.apply(.vmSet, ManagerBed.set(3, image: "nowhere"))
        try await bed.wait(VMSet.self, "web") { $0?.status.message?.contains("VMImage default/nowhere is not there") == true }
        #expect(try await bed.machines().map { $0.spec.imageRef?.name } == ["debian", "debian", "nowhere"])
        try await bed.settle(ManagerBed.set(3, image: "newer"), ManagerBed.isUpdated)
        #expect(watch.fewestReady == 2)
        #expect(watch.story.prefix(4) == ["-web-2", "+web-2", "-web-2", "+web-2"])
        await bed.close()
    }

    @Test func `the first machine of a template that was wrong is made by one that is right`() async throws {
        let bed = ManagerBed()
        try await bed.furnishSet()
        try await bed.apply(.vmSet, ManagerBed.set(2, image: "nowhere"))
        try await bed.wait(VMSet.self, "web") { $0?.status.message?.contains("nowhere") == true }
        #expect(try await bed.machines().map(\.metadata.name) == ["web-0"])
        try await bed.settle(ManagerBed.set(2), ManagerBed.isUpdated)
        await bed.close()
    }

    @Test func `an update that another overtakes ends with the last`() async throws {
        let bed = ManagerBed()
        try await bed.furnishSet()
        let watch = try await MachineWatch(bed.store)
        try await bed.settle(ManagerBed.set(3, strategy: ManagerBed.parallel))
        watch.count()
        try await bed.apply(.vmSet, ManagerBed.set(3, image: "newer"))
        try await bed.wait(VirtualMachine.self, "web-2") { $0?.spec.imageRef?.name == "newer" }
        let end = try await bed.settle(ManagerBed.set(3, image: "debian", cpu: 2), ManagerBed.isUpdated)
        #expect(try await bed.machines().allSatisfy { $0.spec.imageRef?.name == "debian" && $0.status.currentResources.cpu == 2 })
        #expect(watch.fewestReady ?? 0 >= 2 && end.status.currentReplicas == 3)
        await bed.close()
    }

    @Test(arguments: [1, 4, 7, 10, 14]) func `a manager that ends in the middle is gone on from`(_ events: Int) async throws {
        let bed = ManagerBed()
        try await bed.furnishSet()
        let watch = try await MachineWatch(bed.store)
        try await bed.settle(ManagerBed.set(2, strategy: ManagerBed.parallel))
        watch.count()
        let generation = try await bed.apply(.vmSet, ManagerBed.set(2, image: "newer")).metadata.generation
        // At another moment each time.
        let goal = try await bed.operations().count + events / 3
        for _ in 0..<500 where try await bed.operations().count < goal { try? await Task.sleep(for: .milliseconds(2)) }
        await bed.stop()
        try await bed.start()
        try await bed.settled(generation, ManagerBed.isUpdated)
        #expect(watch.story == ["-web-1", "+web-1", "-web-0", "+web-0"])
        #expect(watch.fewestReady == 1)
        #expect(try await bed.hypervisors.machines("sim") == ["web-0", "web-1"])
        await bed.close()
    }

    @Test func `machines that nobody has are taken up, and those of others are left`() async throws {
        let bed = ManagerBed()
        try await bed.furnishSet()
        func machine(_ name: String, _ more: String) -> String {
            ManagerBed.machine(name, #","resources":{"cpu":1}"#).replacing("\"name\":\"\(name)\"}", with: "\"name\":\"\(name)\",\(more)}")
        }
        try await bed.apply(.virtualMachine, machine("web-0", #""labels":{"app":"web"}"#))
        try await bed.apply(.virtualMachine, machine("web-1", #""labels":{"app":"other"}"#))
        let uid = try await bed.wait(VirtualMachine.self, "web-0") { $0.map(SetMember.isReady) ?? false }?.metadata.uid
        try await bed.apply(.vmSet, ManagerBed.set(2))
        let set = try await bed.wait(VMSet.self, "web") { $0?.status.message?.contains("web-1 is not this set's") == true }
        #expect(try await bed.get(VirtualMachine.self, "web-0")?.metadata.uid == uid)
        #expect(try await bed.get(VirtualMachine.self, "web-0")?.metadata.controller?.uid == set?.metadata.uid)
        #expect(try await bed.get(VirtualMachine.self, "web-1")?.metadata.controller == nil)
        // Given the label, it belongs to it.
        try await bed.apply(.virtualMachine, machine("web-1", #""labels":{"app":"web"}"#))
        try await bed.settled(1, ManagerBed.isUpdated)
        // And without it no more.
        var object = try #require(try await bed.get(VirtualMachine.self, "web-1")).object
        object.metadata.labels["app"] = nil
        _ = try await bed.store.update(object)
        try await bed.wait(VirtualMachine.self, "web-1") { $0?.metadata.controller == nil }
        await bed.close()
    }

    @Test func `a set that goes as an orphan leaves its machines`() async throws {
        let bed = ManagerBed()
        try await bed.furnishSet()
        try await bed.settle(ManagerBed.set(2, strategy: ManagerBed.parallel))
        var object = try #require(try await bed.get(VMSet.self, "web")).object
        object.metadata.finalizers.append(SetWork.orphanFinalizer)
        _ = try await bed.store.update(object)
        try await bed.delete(.vmSet, "web")
        try await bed.wait(VMSet.self, "web") { $0 == nil }
        #expect(try await bed.machines().map { $0.metadata.ownerReferences.count } == [0, 0])
        #expect(try await bed.hypervisors.machines("sim") == ["web-0", "web-1"])
        // One of the same name takes them up as they are.
        let uids = try await bed.machines().map(\.metadata.uid)
        try await bed.settle(ManagerBed.set(2), ManagerBed.isUpdated)
        #expect(try await bed.machines().map(\.metadata.uid) == uids)
        await bed.close()
    }

    @Test func `one must be ready for long enough before the next is made`() async throws {
        let bed = ManagerBed()
        try await bed.furnishSet()
        try await bed.apply(.vmSet, ManagerBed.set(2, more: #","minReadySeconds":3600"#))
        let first = try await bed.wait(VMSet.self, "web") { $0?.status.readyReplicas == 1 && $0?.status.message?.isEmpty == false }
        #expect(first?.status.replicas == 1 && first?.status.availableReplicas == 0)
        try await bed.settle(ManagerBed.set(2)) { $0.status.availableReplicas == 2 }
        await bed.close()
    }

    @Test func `ready counts for the object as it is, and from when it came to be so`() {
        var machine = VirtualMachine(name: "web-0", namespace: "default")
        var status = VirtualMachine.Status()
        var conditions: [Condition] = []
        conditions.set("Ready", .isTrue, reason: "ReconcileSuccess", message: "", now: Timestamp.text(1000))
        (status.conditions, status.observedGeneration, machine.metadata.generation) = (conditions, 1, 1)
        machine.status = status
        func seconds(_ minimum: Int, at now: Double) -> Double? {
            SetMember(machine: machine, ordinal: 0).availableIn(minimum, now: now)
        }
        #expect(seconds(0, at: 1000) == 0 && seconds(30, at: 1010) == 20 && seconds(30, at: 1031) == 0)
        machine.metadata.generation = 2
        #expect(seconds(0, at: 1000) == nil)
        (machine.metadata.generation, machine.metadata.deletionTimestamp) = (1, Timestamp.text(1000))
        #expect(seconds(0, at: 1000) == nil)
    }

    @Test(arguments: [
        #"{"app":"web","spec":{"replicas":2,"template":{"spec":{"networks":[{"name":"lan","macAddress":"52:54:00:00:00:01"}]}}}}"#,
        #"{"app":"web","spec":{"replicas":2,"template":{"spec":{"networks":[{"name":"lan","ipAddress":"192.0.2.7"}]}}}}"#,
        #"{"app":"web","spec":{"replicas":2,"template":{"spec":{"importedDisk":{"diskID":"d"}}}}}"#,
    ]) func `what cannot be so of two machines is refused`(_ text: String) throws {
        var problems: [FieldProblem] = []
        var set = VMSet(APIObject(.vmSet, try ObjectValue(parsing: Array(text.utf8)), &problems))
        #expect(set.setProblems.contains { $0.path.hasPrefix("spec.template.spec.") && $0.message.hasPrefix("is one") })
        set.object.spec.set("replicas", 1)
        #expect(!set.setProblems.contains { $0.message.hasPrefix("is one") })
    }
}

/// The manager is killed at writes of an update, before they are kept and after.
struct SetCrashTests {
    @Test(arguments: [0, 1, 5, 9, 14, 19, 25, 31].enumerated().map { ($1, $0 % 2 == 0) }) func `wherever it is killed the update ends`(
        _ writes: Int, _ isKept: Bool
    ) async throws {
        let memory = MemoryObjectStore()
        let store = DyingStore(memory)
        let bed = ManagerBed(store)
        try await bed.furnishSet()
        try await bed.settle(ManagerBed.set(2, strategy: ManagerBed.parallel))
        let hand = ManagerBed(memory)
        let watch = try await MachineWatch(memory)
        watch.count()
        store.die(at: writes + 1, isKept ? .after : .before)
        let generation = try await hand.apply(.vmSet, ManagerBed.set(2, image: "newer")).metadata.generation
        let deadline = Deadline.after(seconds: 20)
        while !store.isDead, !deadline.hasPassed {
            if let set = try await hand.get(VMSet.self, "web"), ManagerBed.isUpdated(set) { break }
            try? await Task.sleep(for: .milliseconds(5))
        }
        await bed.stop()
        store.die(at: nil)
        try await bed.start()
        try await bed.settled(generation, ManagerBed.isUpdated)
        #expect(watch.story == ["-web-1", "+web-1", "-web-0", "+web-0"])
        #expect(watch.fewestReady == 1)
        #expect(try await bed.hypervisors.machines("sim") == ["web-0", "web-1"])
        await bed.close()
    }
}
