import ObjectStore
import Objects
import Primitives
import Reconciling

/// One look at one set.
struct SetWork: ObjectWork {
    /// Of Kubernetes: whoever deletes the set wants to keep its machines.
    static let orphanFinalizer = "orphan"

    var object: VMSet
    var status: VMSet.Status
    let context: ControllerContext
    /// Its machines, by number: those that it is to have, and those that it is to lose.
    var members: [Int: SetMember] = [:]
    /// What it waits for, for people: the first that was said.
    var held: String?
    private var againSeconds: Double?

    init(_ set: VMSet, _ context: ControllerContext) {
        object = set
        status = set.status
        self.context = context
    }

    var set: VMSet { object }
    var informer: Informer<VMSet> { context.informers.sets }
    var ordinals: Range<Int> { self.set.spec.firstOrdinal..<set.spec.firstOrdinal + set.spec.replicas.clamped(to: 0...1000) }
    var wanted: [SetMember] { ordinals.compactMap { members[$0] } }

    mutating func run() async throws(ReconcileError) -> ReconcileResult {
        if set.metadata.isDeleting { return try await delete() }
        if let problem = set.setProblems.summary {
            mark(.ready, .isFalse, "ValidationError", problem)
            try await write()
            throw .terminal("\(set.name): \(problem)")
        }
        try await keep(VMSet.finalizer)
        try await gather()
        let template = set.template
        try await noteRevisions(template)
        try await create(template)
        try await shrink()
        try await update(template)
        sumUp(template)
        try await write()
        return againSeconds.map { .after(seconds: max(0.05, $0)) } ?? .done(againAfterSeconds: 600)
    }

    // MARK: its machines

    /// Machines that are its own; those that nobody has, and that its selector and its names choose, become so.
    private mutating func gather() async throws(ReconcileError) {
        members = [:]
        let selector = set.spec.selector
        for machine in context.informers.machinesBySet.lookup(set.name.description) {
            guard let ordinal = SetMember.ordinal(machine.metadata.name, of: set.metadata.name) else { continue }
            let isChosen = selector?.matches(machine.metadata.labels) ?? false
            var machine = machine
            if let owner = machine.metadata.controller {
                guard owner.uid == set.metadata.uid else { continue }
                if !isChosen, !machine.metadata.isDeleting, !set.metadata.isDeleting {
                    _ = try await release(machine)
                    continue
                }
            } else {
                guard isChosen, !machine.metadata.isDeleting, !set.metadata.isDeleting else { continue }
                var object = machine.object
                object.metadata.ownerReferences.append(set.ownerReference)
                machine = try await asking { () async throws(StoreError) in try await context.informers.machines.update(object) }
            }
            members[ordinal] = SetMember(machine: machine, ordinal: ordinal)
        }
    }

    private func release(_ machine: VirtualMachine) async throws(ReconcileError) -> VirtualMachine {
        var object = machine.object
        object.metadata.ownerReferences.removeAll { $0.uid == set.metadata.uid }
        return try await asking { () async throws(StoreError) in try await context.informers.machines.update(object) }
    }

    /// Whether a machine has been ready for long enough.
    func isAvailable(_ member: SetMember) -> Bool { member.availableIn(set.spec.minReadySeconds, now: now) == 0 }

    mutating func hold(_ why: String) { if held == nil { held = why } }

    mutating func hold(for member: SetMember) {
        if let seconds = member.availableIn(set.spec.minReadySeconds, now: now), seconds > 0 { again(seconds) }
        let message = member.machine.status.message ?? ""
        hold(
            member.isDeleting
                ? "waits until \(member.machine.metadata.name) has gone"
                : "waits until \(member.machine.metadata.name) is ready\(message.isEmpty ? "" : ": \(message)")")
    }

    private mutating func again(_ seconds: Double) { againSeconds = min(againSeconds ?? seconds, seconds) }

    mutating func remove(_ member: SetMember) async throws(ReconcileError) {
        let object = member.machine.object
        do throws(StoreError) {
            let left = try await context.informers.machines.delete(object)
            members[member.ordinal] = left.map { SetMember(machine: $0, ordinal: member.ordinal) }
            // One that was gone at once is made anew at the next look.
            if left == nil { again(0.05) }
        } catch {
            guard error.reason == .notFound else { throw ReconcileError(error) }
            members[member.ordinal] = nil
        }
    }

    // MARK: the set goes

    private mutating func delete() async throws(ReconcileError) -> ReconcileResult {
        guard set.metadata.finalizers.contains(VMSet.finalizer) else { return .done }
        let (namespace, uid) = (set.metadata.namespace, set.metadata.uid)
        // From the store, as what is not seen here stays behind.
        let all = try await asking { () async throws(StoreError) in
            try await context.journal.store.list(.virtualMachine, in: namespace).items
        }
        let machines = all.map { VirtualMachine($0) }.filter { $0.metadata.controller?.uid == uid }
        if set.metadata.finalizers.contains(Self.orphanFinalizer) {
            for machine in machines { _ = try await release(machine) }
            return try await finish()
        }
        guard !machines.isEmpty else { return try await finish() }
        for machine in machines where !machine.metadata.isDeleting {
            do throws(StoreError) {
                _ = try await context.informers.machines.delete(machine.object)
            } catch {
                guard error.reason == .notFound else { throw ReconcileError(error) }
            }
        }
        status.replicas = machines.count
        mark(.deleting, .isTrue, "Deleting", "\(machines.count) machines are to go before the set")
        mark(.ready, .isFalse, "Deleting", "the set is being deleted")
        try await write()
        return .after(seconds: 1)
    }

    private mutating func finish() async throws(ReconcileError) -> ReconcileResult {
        try await release(VMSet.finalizer, Self.orphanFinalizer)
        return .done
    }

    // MARK: the object

    func revisions(_ template: SetTemplate) -> (current: SetTemplate, update: SetTemplate) {
        (status.currentTemplate.map { SetTemplate($0) } ?? template, template)
    }

    /// The template that machines are of is in the status, as the spec has only the next one when it changes.
    private mutating func noteRevisions(_ template: SetTemplate) async throws(ReconcileError) {
        if status.currentTemplate == nil { (status.currentTemplate, status.currentRevision) = (template.value, template.revision) }
        status.updateRevision = template.revision
        if status.currentTemplate != set.status.currentTemplate { try await write() }
    }
}
