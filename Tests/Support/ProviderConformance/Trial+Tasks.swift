import Primitives
import ProviderRPC
import RPC

extension Trial {
    func tokens() async throws {
        let request = bed.machine("once")
        let first = try await provider.create(request, options("key-1"))
        func again(_ when: String) async throws {
            let answer = try await provider.create(request, options("key-1"))
            expect(
                answer == first,
                "the same key gives \(answer.id) \(answer.task?.id ?? "-") instead of \(first.id) \(first.task?.id ?? "-") \(when)")
            try await expectCode(.invalidArgument, "the same key with another request \(when)") {
                _ = try await provider.create(bed.machine("another"), options("key-1"))
            }
            try await expectCode(.invalidArgument, "the same key with another method \(when)") {
                _ = try await provider.delete(DeleteRequest(id: first.id), options("key-1"))
            }
        }
        try await again("at once")
        try await bed.kill()
        try await again("after the provider was ended at once")
        try await succeed("Create", first.task)
        try await again("after the end")
        try await bed.restart()
        try await again("after the end and a restart")
        expect(try await bed.view().count(named: "once") == 1, "one key made \(try await bed.view().count(named: "once")) machines")
        try await expectCode(.alreadyExists, "another key for a name that is taken") {
            _ = try await provider.create(request, options("key-2"))
        }
        try await expectCode(.alreadyExists, "no key for a name that is taken") { _ = try await provider.create(request, options()) }
        for key in ["", "two words", String(repeating: "k", count: 129)] {
            let metadata = RPCMetadata([(IdempotencyKey.metadataName, key)])
            try await expectCode(.invalidArgument, "a key that is none") {
                _ = try await provider.create(bed.machine("keyless"), RPCOptions(deadline: .after(seconds: 60), metadata: metadata))
            }
        }

        // An owner stands for its machine, of a client that sends no key.
        var owned = bed.machine("owned")
        owned.owner = ObjectIdentity(uid: "6e1f-uid", namespace: "shop", name: "owned")
        let made = try await provider.create(owned, options())
        let twice = try await provider.create(owned, options())
        expect(twice.id == made.id, "the same owner gives \(twice.id) instead of \(made.id)")
        try await succeed("Create", made.task)
        try await bed.restart()
        expect(try await provider.create(owned, options()).id == made.id, "the same owner gives another machine after a restart")
        expect(try await bed.view().count(named: "owned") == 1, "one owner has \(try await bed.view().count(named: "owned")) machines")
        owned.owner = ObjectIdentity(uid: "another-uid", namespace: "other", name: "owned")
        try await expectCode(.alreadyExists, "another owner for a name that is taken") { _ = try await provider.create(owned, options()) }
        // A snapshot is work like any other.
        let snapshot = SnapshotCreateRequest(vmID: made.id, nameHint: "one")
        guard try await provider.getCapabilities(GetCapabilitiesRequest(), options()).supportsSnapshots else { return }
        let taken = try await provider.snapshotCreate(snapshot, options("key-s"))
        try await succeed("SnapshotCreate", taken.task)
        let same = try await provider.snapshotCreate(snapshot, options("key-s"))
        expect(same == taken, "the same key takes another snapshot")
        expect(try await bed.view().snapshots.count == 1, "one key took \(try await bed.view().snapshots.count) snapshots")
    }

    /// Work of each kind is begun, the provider ended a moment later, and started again.
    func interruption(isKill: Bool) async throws {
        func interrupt() async throws { if isKill { try await bed.kill() } else { try await bed.restart() } }
        let before = try await bed.view()
        let created = try await provider.create(bed.machine("survivor"), options("create"))
        try await interrupt()
        guard try await succeed("Create that was interrupted", created.task) else { return }
        var view = try await bed.view()
        expect(
            view.count(named: "survivor") == 1, "there are \(view.count(named: "survivor")) machines after a Create that was interrupted")
        expectWhole(view, "after a Create that was interrupted")
        expect(
            try await powerState(created.id) == "On",
            "after a Create that was interrupted the machine is \(try await powerState(created.id))")

        try await succeed("Power off", try await provider.power(PowerRequest(id: created.id, op: .off), options()).task)
        let cloned = try await provider.clone(CloneRequest(sourceVMID: created.id, targetName: "clone"), options("clone"))
        try await interrupt()
        try await succeed("Clone that was interrupted", cloned.task)
        view = try await bed.view()
        expect(view.count(named: "clone") == 1, "there are \(view.count(named: "clone")) machines after a Clone that was interrupted")
        expectWhole(view, "after a Clone that was interrupted")

        if try await provider.getCapabilities(GetCapabilitiesRequest(), options()).supportsSnapshots {
            let taken = try await provider.snapshotCreate(SnapshotCreateRequest(vmID: created.id, nameHint: "one"), options("snapshot"))
            try await interrupt()
            try await succeed("SnapshotCreate that was interrupted", taken.task)
            view = try await bed.view()
            expect(view.snapshots.count == 1, "there are \(view.snapshots.count) snapshots after a SnapshotCreate that was interrupted")
            expectWhole(view, "after a SnapshotCreate that was interrupted")
        }

        let disks = try await provider.getDiskInfo(GetDiskInfoRequest(vmID: created.id), options())
        expect(!disks.path.isEmpty, "GetDiskInfo tells no path")
        for id in [cloned.targetVMID, created.id] {
            let deleted = try await provider.delete(DeleteRequest(id: id), options("delete-\(id)"))
            try await interrupt()
            try await succeed("Delete that was interrupted", deleted.task)
        }
        try await expectNothing(beside: before, "after a Delete that was interrupted")

        // What somebody cancelled before stays so.
        _ = try await bed.setFault(.slow(4))
        let unwanted = try await provider.create(bed.machine("unwanted"), options("unwanted"))
        if let task = unwanted.task {
            _ = try? await tasks.cancel(CancelTaskRequest(id: task.id), options())
            try await interrupt()
            _ = try await bed.setFault(nil)
            if let end = try await end(task), end.state == .cancelled {
                try await expectNothing(beside: before, "after a Create that was cancelled and interrupted")
            } else {
                expect(try await bed.view().count(named: "unwanted") == 1, "a Create that was not cancelled made no machine")
            }
        }
    }

    func taskStatus() async throws {
        _ = try await bed.setFault(.slow(3))
        let provider = try await provider
        let created = try await provider.create(bed.machine("watched"), options())
        if let task = created.task {
            for _ in 0..<5 {
                let start = ContinuousClock.now
                _ = try await provider.taskStatus(TaskStatusRequest(task: task), options())
                let seconds = (ContinuousClock.now - start).seconds
                expect(seconds < limits.callSeconds, "TaskStatus takes \(seconds) s while work goes on")
            }
            if try await succeed("Create", task) {
                let status = try await provider.taskStatus(TaskStatusRequest(task: task), options())
                expect(
                    status.done && status.error.isEmpty, "TaskStatus of what succeeded is done \(status.done), error \"\(status.error)\"")
            }
            try await bed.restart()
            let status = try await self.provider.taskStatus(TaskStatusRequest(task: task), options())
            expect(status.done, "TaskStatus has forgotten a task after a restart")
        }
        let now = try await self.provider
        try await expectCode(.notFound, "TaskStatus of a task that never was") {
            _ = try await now.taskStatus(TaskStatusRequest(task: TaskRef(id: "never")), options())
        }
        try await expectCode(.invalidArgument, "TaskStatus of no task") { _ = try await now.taskStatus(TaskStatusRequest(), options()) }
    }

    func taskList() async throws {
        _ = try await bed.setFault(.slow(2))
        let created = try await provider.create(bed.machine("listed"), options())
        guard let task = created.task else { return note("Create gives no task") }
        var last = 0.0
        let deadline = Deadline.after(seconds: limits.taskSeconds)
        var isOver = false
        while !isOver, !deadline.hasPassed {
            let now = try await tasks.get(GetTaskRequest(id: task.id), options())
            isOver = [.succeeded, .failed, .cancelled].contains(now.state)
            if let progress = now.progress {
                expect((0...1).contains(progress), "progress is \(progress)")
                expect(progress >= last, "progress goes back from \(last) to \(progress)")
                last = progress
            }
            try await Task.sleep(for: .milliseconds(10))
        }
        let all = try await tasks.list(ListTasksRequest(), options()).tasks
        guard let found = all.first(where: { $0.id == task.id }) else { return note("List does not show the task") }
        expect(found.kind == "Create", "the task's kind is \"\(found.kind)\"")
        expect(found.resultID == created.id, "the task's result is \"\(found.resultID)\", and the answer said \(created.id)")
        expect(found.state == .succeeded && found.progress == 1 && found.code == 0 && found.error.isEmpty, "the task ended as \(found)")
        let times = [found.createdUnixSeconds, found.startedUnixSeconds ?? -1, found.finishedUnixSeconds ?? -1]
        expect(times.allSatisfy { $0 > 1_600_000_000 } && times == times.sorted(), "the task's times are \(times)")
        let failed = try await tasks.list(ListTasksRequest(states: [.failed]), options()).tasks
        expect(failed.isEmpty, "List of failed tasks shows \(failed.map(\.state))")
        try await expectCode(.notFound, "Get of a task that never was") { _ = try await tasks.get(GetTaskRequest(id: "never"), options()) }
        try await expectCode(.notFound, "Cancel of a task that never was") {
            _ = try await tasks.cancel(CancelTaskRequest(id: "never"), options())
        }
        let after = try await tasks.cancel(CancelTaskRequest(id: task.id), options())
        expect(after.state == .succeeded, "Cancel of what succeeded makes it \(after.state)")
    }

    func cancel() async throws {
        let before = try await bed.view()
        for isDeaf in [false, true] {
            guard try await bed.setFault(isDeaf ? .refusesCancel : .slow(4)) else { continue }
            let name = isDeaf ? "deaf" : "cancelled"
            let created = try await provider.create(bed.machine(name), options())
            guard let task = created.task else { return note("Create gives no task") }
            // Somewhere on its way.
            try await Task.sleep(for: .milliseconds(50))
            _ = try await tasks.cancel(CancelTaskRequest(id: task.id), options())
            guard let end = try await end(task) else { return }
            switch end.state {
            case .cancelled:
                expect(end.code == RPCCode.cancelled.rawValue, "a cancelled task has the code \(end.code)")
                try await expectNothing(beside: before, "after Cancel")
            case .succeeded:
                // It came too late, which a hypervisor that does not listen may make it.
                expect(isDeaf, "a Create that takes long was not cancelled")
                expect(try await bed.view().count(named: name) == 1, "a Create that was not cancelled made no machine")
                try await succeed("Delete", try await provider.delete(DeleteRequest(id: created.id), options()).task)
            default: note("a cancelled task ends \(end.state): \(end.error)")
            }
            let again = try await tasks.cancel(CancelTaskRequest(id: task.id), options())
            expect(again.state == end.state, "a task that is over was \(end.state) and is \(again.state) after another Cancel")
        }
        _ = try await bed.setFault(nil)
        // The name is free again.
        expect(try await made("cancelled") != nil, "a name is taken by what was cancelled")
    }

    func promptness() async throws {
        _ = try await bed.setFault(.slow(10))
        let provider = try await provider
        func timed<Value>(_ what: String, _ body: () async throws -> Value) async throws -> Value {
            let start = ContinuousClock.now
            let value = try await body()
            let seconds = (ContinuousClock.now - start).seconds
            expect(
                seconds < limits.callSeconds, "\(what) takes \(seconds) s, must answer within \(limits.callSeconds) s and go on as a task")
            return value
        }
        let created = try await timed("Create") { try await provider.create(bed.machine("slow"), options()) }
        if let request = bed.image("slow-image") {
            _ = try await timed("ImagePrepare") { try await provider.imagePrepare(request, options()) }
        }
        // On a machine that is being worked on they wait as tasks.
        _ = try await timed("Power") { try await provider.power(PowerRequest(id: created.id, op: .shutdownGraceful), options()) }
        _ = try await timed("Delete") { try await provider.delete(DeleteRequest(id: created.id), options()) }
        _ = try await timed("Describe") { try await provider.describe(DescribeRequest(id: created.id), options()) }
        _ = try await timed("ListVMs") { try await provider.listVMs(ListVMsRequest(), options()) }
    }
}
