import ObjectStore
import Objects
import Primitives
import ProviderRPC
import RPC
import Reconciling

/// One look at one snapshot: from what is written, what its machine is and what the journal has to the next thing to do.
///
/// Changes of one machine are done one after the other by its provider, whoever asks for them. So a snapshot is taken while its machine is
/// changed or switched without more ado; only of a machine that is to go none is begun.
struct SnapshotWork: ObjectWork {
    var object: VMSnapshot
    var status: VMSnapshot.Status
    let context: ControllerContext

    var snapshot: VMSnapshot { object }
    var informer: Informer<VMSnapshot> { context.informers.snapshots }

    init(_ snapshot: VMSnapshot, _ context: ControllerContext) {
        object = snapshot
        status = snapshot.status
        self.context = context
    }

    mutating func run() async throws(ReconcileError) -> ReconcileResult {
        if snapshot.metadata.isDeleting { return try await delete() }
        if let problem = snapshot.problems.summary { throw try await invalid(problem) }
        try await keep(VMSnapshot.finalizer)
        if snapshot.isMaker, let schedule = snapshot.spec.schedule { return try await make(schedule) }
        for _ in 0..<4 {
            if let operation = journal.open(uid) {
                if case .end(let result) = try await goOn(operation) { return result }
                continue
            }
            learn()
            if let machine = status.machine, let gone = missing(machine), status.snapshotID != nil || gone == .object {
                return try await outlive(gone)
            }
            if status.snapshotID != nil { return try await keep() }
            if case .end(let result) = try await take() { return result }
        }
        return .requeue
    }

    mutating func invalid(_ message: String) async throws(ReconcileError) -> ReconcileError {
        try await say(nil, .isFalse, "ValidationError", message)
        return .terminal("\(snapshot.name): \(message)")
    }

    // MARK: its machine

    /// What is not there any more of the machine of which it was taken.
    enum Missing {
        /// The VirtualMachine.
        case object
        /// The machine on the hypervisor, in whose place there is another one.
        case machine
    }

    func missing(_ known: SnapshotMachine) -> Missing? {
        guard let machine = context.informers.machines.get(namespace, snapshot.spec.vmRef.name), machine.metadata.uid == known.uid else {
            return .object
        }
        guard !known.id.isEmpty, let id = machine.status.id else { return nil }
        return id == known.id ? nil : .machine
    }

    // MARK: operations

    /// Goes on with what was begun, by this manager or one before it.
    mutating func goOn(_ operation: Operation) async throws(ReconcileError) -> Step {
        guard let connection = context.links[operation.provider] else {
            return .end(try await wait(for: context.whyUnasked(operation.provider)))
        }
        let progress = try await asking { () async throws(StoreError) in
            try await driver.advance(operation, over: connection.link) { operation, client, options throws(RPCError) in
                try await Self.send(operation, client, options)
            }
        }
        guard case .waiting(let seconds, let why) = progress else { return .next }
        status.lastOperation = operation.name
        status.taskRef = journal.open(uid)?.taskID
        let text = "\(operation.method.rawValue): \(why)"
        if operation.method == .snapshotCreate { status.creationTime = Timestamp.text(operation.startedAt) }
        let phase: VMSnapshot.Phase = snapshot.metadata.isDeleting ? .deleting : .creating
        try await say(phase, .isFalse, status.taskRef != nil ? "TaskInProgress" : "ProviderError", text)
        return .end(.after(seconds: seconds))
    }

    private static func send(
        _ operation: Operation, _ client: ProviderClient, _ options: RPCOptions
    ) async throws(RPCError) -> OperationDriver.Acceptance {
        let said = operation.parameters
        let machine = said["id"]?.text ?? ""
        guard operation.method == .snapshotCreate else {
            let request = SnapshotDeleteRequest(vmID: machine, snapshotID: said["snapshot"]?.text ?? "")
            return .init(taskID: try await client.snapshotDelete(request, options).task?.id)
        }
        let request = SnapshotCreateRequest(
            vmID: machine, nameHint: said["name"]?.text ?? "", includeMemory: said["includeMemory"]?.flag ?? false,
            description: said["description"]?.text ?? "")
        let answer = try await client.snapshotCreate(request, options)
        return .init(taskID: answer.task?.id, resultID: answer.snapshotID.isEmpty ? nil : answer.snapshotID)
    }

    /// Writes an operation down, so that the next step begins it.
    mutating func begin(
        _ method: ProviderMethod, _ parameters: ObjectValue, _ connection: ProviderConnection
    ) async throws(ReconcileError) {
        status.lastOperation = try await begin(method, parameters, at: connection.link.name, type: connection.link.type).name
    }

    // MARK: the object

    /// Something that it needs is not there, and will be told of when it is.
    mutating func wait(for what: String, seconds: Double? = nil) async throws(ReconcileError) -> ReconcileResult {
        let phase: VMSnapshot.Phase? = snapshot.metadata.isDeleting ? .deleting : status.snapshotID == nil ? .pending : nil
        try await say(phase, .isFalse, "WaitingForDependencies", what)
        if let seconds { return .after(seconds: seconds * Double.random(in: 1...2)) }
        return .after(seconds: isTold ? Waiting.toldSeconds : Waiting.untoldSeconds)
    }

    /// Of its machine, and of the provider that this one names; of no other.
    private var isTold: Bool {
        guard let machine = context.informers.machines.get(namespace, snapshot.spec.vmRef.name) else { return !isDeleting }
        let provider = journal.open(uid)?.provider ?? status.machine?.provider ?? machine.status.placedOn
        return provider ?? machine.providerName == machine.providerName && machine.status.conditions[.ready]?.reason != "MachineGone"
    }

    /// Writes how it is, if that is not written already.
    /// - Parameter phase: nil for the one that it has.
    /// - Parameter text: of the condition, where there is no message.
    mutating func say(
        _ phase: VMSnapshot.Phase?, _ isReady: Condition.Status, _ reason: String, _ message: String, otherwise text: String = ""
    ) async throws(ReconcileError) {
        if let phase { status.phase = phase }
        status.message = message.unlessEmpty
        mark(.ready, isReady, reason, message.isEmpty ? text : message)
        try await write()
    }

    /// Asks the object to go, as a person would.
    mutating func goAway(_ why: String) async throws(ReconcileError) -> ReconcileResult {
        context.logger.info("a snapshot goes", ["snapshot": "\(snapshot.name)", "reason": why])
        try await remove(snapshot)
        return .waiting
    }

    func remove(_ snapshot: VMSnapshot) async throws(ReconcileError) {
        do throws(StoreError) {
            _ = try await context.informers.snapshots.delete(snapshot.object)
        } catch {
            // One that has taken its name since is not meant.
            guard error.reason == .notFound || error.reason == .conflict else { throw ReconcileError(error) }
        }
    }
}

/// The machine of which a snapshot was taken.
struct SnapshotMachine: Equatable {
    /// Of the VirtualMachine.
    var uid: String
    /// What the provider calls it; empty where nothing was asked of it.
    var id: String
    /// `namespace/name`
    var provider: String
}

extension VMSnapshot.Status {
    /// Nil before anything was done.
    var machine: SnapshotMachine? {
        get {
            guard let known = value["machine"], let uid = known["uid"]?.text, !uid.isEmpty else { return nil }
            return SnapshotMachine(uid: uid, id: known["id"]?.text ?? "", provider: known["provider"]?.text ?? "")
        }
        set {
            self["machine"] = newValue.map { (machine: SnapshotMachine) -> ObjectValue in
                var members: ObjectMembers = ["uid": .text(machine.uid), "provider": .text(machine.provider)]
                members["id"] = machine.id.unlessEmpty.map { .text($0) }
                return .members(members)
            }
        }
    }

    /// Attempts that have failed since the object was last changed.
    var failures: Int {
        get { self["failures"] ?? 0 }
        set { self["failures"] = newValue == 0 ? nil : newValue }
    }

    /// Name of the VMOperation whose end is in this status.
    var noted: String? {
        get { self["notedOperation"] }
        set { self["notedOperation"] = newValue }
    }
}
