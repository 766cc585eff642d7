import ObjectStore
import Objects
import Primitives
import Reconciling

/// What one does that makes others on time.
extension SnapshotWork {
    /// The name of the VMSnapshot whose schedule made it, where a label can have it.
    static let scheduleLabel = "virtrigaud.io/snapshot-schedule"
    /// The time for which it was made.
    static let timeAnnotation = "virtrigaud.io/scheduled-at"

    /// The snapshots that its schedule has made, the oldest first.
    var children: [VMSnapshot] {
        context.informers.snapshotsByMachine.lookup("\(namespace)/\(snapshot.spec.vmRef.name)")
            .filter { $0.scheduleReference?.uid == uid }.sorted { ($0.scheduledAt, $0.name) < ($1.scheduledAt, $1.name) }
    }

    mutating func make(_ schedule: VMSnapshot.Schedule) async throws(ReconcileError) -> ReconcileResult {
        let plan: CronSchedule
        let anchor = Timestamp.unixSeconds(snapshot.metadata.creationTimestamp) ?? 0
        switch CronSchedule.make(schedule.cron ?? "", zone: schedule.timeZone, anchor: anchor, now: now) {
        case .success(let value): plan = value
        case .failure(let problem): throw try await invalid("spec.schedule.\(problem.message)")
        }
        guard let machine = context.informers.machines.get(namespace, snapshot.spec.vmRef.name) else {
            if status.machine != nil, snapshot.spec.retention.deletesWithVM { return try await goAway("its machine was deleted") }
            return try await wait(for: "VirtualMachine \(namespace)/\(snapshot.spec.vmRef.name) is not there")
        }
        if status.machine == nil || status.snapshotID == nil && status.machine?.uid != machine.metadata.uid {
            status.machine = SnapshotMachine(uid: machine.metadata.uid, id: "", provider: machine.providerName)
        }
        try await prune(schedule)
        guard schedule.isEnabled, !schedule.isSuspended else {
            // What falls due meanwhile is not made up for.
            status.nextScheduleTime = nil
            try await say(.scheduled, .isTrue, "Suspended", "its schedule rests")
            return .done
        }
        var next = status.nextScheduleTime.flatMap(Timestamp.unixSeconds)
        // The schedule may be another one now: what was to come is asked anew, and what is late counts if it is of this one too.
        if let time = next, time > now || !plan.contains(time) { next = nil }
        guard let first = next ?? plan.next(after: now) else { throw try await invalid("spec.schedule.cronSpec: never falls due") }
        guard first <= now else {
            // Why there was none the last time stays to be read until the next.
            let isKept = status.conditions[.ready]?.reason == "Scheduled" && status.phase == .scheduled
            return try await rest(first, isKept ? status.message ?? "" : "")
        }
        guard machine.status.id != nil, !machine.metadata.isDeleting else {
            return try await wait(for: "VirtualMachine \(namespace)/\(snapshot.spec.vmRef.name) has not been made yet, or is to go")
        }
        // Of all that fell due while nobody was there, the last.
        let due = plan.last(by: now) ?? first
        let skipped = try await make(due, schedule.concurrency)
        if skipped == nil { status.lastScheduleTime = Timestamp.text(due) }
        return try await rest(plan.next(after: now) ?? .infinity, skipped ?? "")
    }

    private mutating func rest(_ next: Double, _ message: String) async throws(ReconcileError) -> ReconcileResult {
        status.nextScheduleTime = next.isFinite ? Timestamp.text(next) : nil
        let text = status.nextScheduleTime.map { "the next is made at \($0)" } ?? "never falls due again"
        try await say(.scheduled, .isTrue, "Scheduled", message, otherwise: text)
        return .done(againAfterSeconds: pause(next))
    }

    /// Its name is that of its time, so that one that was made before a crash is not made again.
    /// - Returns: why there is none.
    private func make(_ due: Double, _ concurrency: VMSnapshot.Concurrency) async throws(ReconcileError) -> String? {
        let name = Self.name(snapshot.metadata.name, due, atMost: 253)
        let unfinished = children.filter { $0.isUnfinished && $0.metadata.name != name }
        switch concurrency {
        case .allow: break
        case .forbid:
            if let one = unfinished.first {
                return "none was made for \(Timestamp.text(due)), as \(one.metadata.name) was not ready yet (concurrencyPolicy Forbid)"
            }
        case .replace: for one in unfinished { try await remove(one) }
        }
        let draft = draft(name, due)
        do throws(StoreError) {
            _ = try await context.informers.snapshots.create(draft.object)
            return nil
        } catch {
            guard error.reason == .alreadyExists else { throw ReconcileError(error) }
        }
        let there = try await asking { () async throws(StoreError) in try await journal.store.get(draft.key) }
        guard VMSnapshot(there).scheduleReference?.uid != uid else { return nil }
        return "none was made for \(Timestamp.text(due)), as VMSnapshot \(name) is there and is not of this schedule"
    }

    private func draft(_ name: String, _ due: Double) -> VMSnapshot {
        var draft = VMSnapshot(name: name, namespace: namespace)
        if snapshot.metadata.name.utf8.count <= 63 { draft.metadata.labels[Self.scheduleLabel] = snapshot.metadata.name }
        draft.metadata.annotations[Self.timeAnnotation] = Timestamp.text(due)
        draft.metadata.ownerReferences = [
            OwnerReference(
                apiVersion: VMSnapshot.kind.apiVersion, kind: VMSnapshot.kind.kind, name: snapshot.metadata.name, uid: uid,
                blocksDeletion: false)
        ]
        let said = snapshot.object.spec
        var spec = said.members ?? ObjectMembers()
        spec["schedule"] = nil
        if let own = snapshot.spec.name, var configuration = said["snapshotConfig"] {
            configuration.set("name", .text(Self.name(own, due, atMost: 255)))
            spec["snapshotConfig"] = configuration
        }
        // The pin of the schedule is the schedule's.
        if var words = said["metadata"] {
            words.set("pinned", nil)
            spec["metadata"] = words.members?.isEmpty == true ? nil : words
        }
        draft.object.spec = .members(spec)
        return draft
    }

    private static func name(_ name: String, _ due: Double, atMost count: Int) -> String {
        let number = String(Int64(due))
        var start = name.prefix(count - number.utf8.count - 1)
        while let last = start.last, !last.isLetter, !last.isNumber { start.removeLast() }
        return "\(start)-\(number)"
    }

    /// Takes away what is too many. The retention policy goes before the limits of history, which are there without anybody's word.
    private func prune(_ schedule: VMSnapshot.Schedule) async throws(ReconcileError) {
        let retention = snapshot.spec.retention
        let candidates = children.filter { !$0.metadata.isDeleting && !$0.isKeptByPin }
        let good = candidates.filter { $0.status.phase == .ready || $0.status.phase == .expired }
        // One that has outlived its machine is kept by its own policy.
        let failed = candidates.filter { $0.status.phase == .failed && $0.status.conditions[.ready]?.reason != "MachineGone" }
        let kept = retention.maxCount ?? (retention.maxAgeSeconds == nil ? schedule.goodOnesKept : good.count)
        for child in good.dropLast(kept) + failed.dropLast(schedule.failedOnesKept) {
            context.logger.info("a snapshot goes, as its schedule has made enough", ["snapshot": "\(child.name)"])
            try await remove(child)
        }
    }
}

extension VMSnapshot {
    /// The time for which a schedule made it; as long as all are of one form, texts compare as times do.
    fileprivate var scheduledAt: String { metadata.annotations[SnapshotWork.timeAnnotation] ?? metadata.creationTimestamp }

    fileprivate var isUnfinished: Bool {
        guard !metadata.isDeleting else { return false }
        switch status.phase {
        case nil, .pending, .creating: return true
        case .ready, .scheduled, .deleting, .failed, .expired: return false
        }
    }
}

extension VMSnapshot.Schedule {
    fileprivate var timeZone: String { self["timezone"] ?? "UTC" }
}
