import ObjectStore
import Objects
import Primitives
import ProviderRPC
import Reconciling

/// What comes of a step of a look.
enum WorkStep {
    /// There may be another one.
    case next
    case end(ReconcileResult)
}

/// One look at one object: the steps that are the same for all kinds. What each kind adds is its own matter.
protocol ObjectWork {
    associatedtype Kind: TypedResource where Kind.Status: ConditionedStatus

    /// As it was last read or written.
    var object: Kind { get set }
    /// As it is to be written.
    var status: Kind.Status { get set }
    var context: ControllerContext { get }
    /// Through which it is written.
    var informer: Informer<Kind> { get }
}

extension ObjectWork {
    typealias Step = WorkStep

    var uid: String { object.metadata.uid }
    var namespace: String { object.metadata.namespace }
    var isDeleting: Bool { object.metadata.isDeleting }
    var journal: OperationJournal { context.journal }
    var driver: OperationDriver { context.driver }
    var now: Double { context.clock.unixSeconds }

    /// Whether somebody who has the right has said that the object shall go, whatever becomes of what it stands for.
    var isForced: Bool { object.metadata.annotations[ObjectAnnotation.forceDelete] == "true" }

    // MARK: status

    /// Says what is so. A message that is too long for a condition is cut.
    mutating func mark(_ type: ConditionType, _ value: Condition.Status, _ reason: String, _ message: String) {
        var all = status.conditions
        all.set(
            type.rawValue, value, reason: reason, message: String(message.prefix(1000)), observedGeneration: object.metadata.generation,
            now: Timestamp.text(now))
        if all != status.conditions { status.conditions = all }
    }

    mutating func unmark(_ type: ConditionType) {
        guard status.conditions[type] != nil else { return }
        status.conditions.remove(type.rawValue)
    }

    /// What a look has come to: an error, whenever it is looked at again, where the object says that it is not as it is wanted, and not that
    /// it is on its way.
    func judgedByConditions(_ result: ReconcileResult) -> ReconcileResult {
        guard let ready = status.conditions[.ready], ready.status == .isFalse else { return result }
        return ConditionReason.underWay.contains(ready.reason) ? result : result.failed
    }

    /// Writes the status, if it is another one than is written.
    mutating func write() async throws(ReconcileError) {
        status.observedGeneration = object.metadata.generation
        guard status.value != object.status.value else { return }
        var changed = object.object
        changed.status = status.value
        object = try await asking { () async throws(StoreError) in try await informer.update(changed, .status) }
        status = object.status
    }

    // MARK: metadata

    mutating func change(_ body: (inout ObjectMetadata) -> Void) async throws(ReconcileError) {
        var changed = object.object
        body(&changed.metadata)
        object = try await asking { () async throws(StoreError) in try await informer.update(changed) }
    }

    /// Before anything is done that somebody has to take away again.
    mutating func keep(_ finalizer: String) async throws(ReconcileError) {
        guard !object.metadata.finalizers.contains(finalizer) else { return }
        try await change { $0.finalizers.append(finalizer) }
    }

    /// The object may go.
    func release(_ finalizers: String...) async throws(ReconcileError) {
        var changed = object.object
        changed.metadata.finalizers.removeAll(where: finalizers.contains)
        do throws(StoreError) {
            _ = try await informer.update(changed)
        } catch {
            guard error.reason == .notFound else { throw ReconcileError(error) }
        }
    }

    // MARK: operations

    /// Writes an operation down, so that the next step goes on with it.
    /// - Parameter provider: `namespace/name`
    func begin(
        _ method: ProviderMethod, _ parameters: ObjectValue, digest: String? = nil, isLinked: Bool? = nil, at provider: String, type: String
    ) async throws(ReconcileError) -> Operation {
        try await begin(draft(method, parameters, digest: digest, isLinked: isLinked, at: provider, type: type))
    }

    func begin(_ draft: Operation) async throws(ReconcileError) -> Operation {
        try await asking { () async throws(StoreError) in try await journal.begin(draft) }
    }

    /// An operation that nobody has written down yet.
    func draft(
        _ method: ProviderMethod, _ parameters: ObjectValue, digest: String? = nil, isLinked: Bool? = nil, at provider: String, type: String
    ) -> Operation {
        var draft = Operation(method, of: object.operationTarget, provider: provider, type: type)
        (draft.parameters, draft.requestDigest, draft.isLinked) = (parameters, digest, isLinked)
        return draft
    }

    /// Nobody waits any more for what is under way, as the object is let go by force.
    func abandon(_ why: String) async throws(ReconcileError) {
        while let operation = journal.open(uid) {
            _ = try await asking { () async throws(StoreError) in
                try await journal.end(operation, .error, message: "the object was let go by force: \(why)")
            }
        }
    }

    /// What may have been written down, and nobody heard of, is taken back.
    func clearDoubt() async throws(ReconcileError) {
        try await asking { () async throws(StoreError) in try await journal.clearDoubt(uid) }
    }
}

/// Reasons of conditions, where more than one place knows them.
enum ConditionReason {
    static let machineGone = "MachineGone"
    /// Why a thing is not ready that nothing is wrong with.
    static let underWay: Set<String> = [
        "Creating", "Updating", "Deleting", "TaskInProgress", "WaitingForDependencies", "PoweringOn", "Suspended", "Scheduled",
    ]
}

/// What people, and controllers among themselves, say of an object beside its fields.
enum ObjectAnnotation {
    /// The object may go without what it stands for.
    static let forceDelete = "virtrigaud.io/force-delete"
    /// Said by a person of a machine that has gone.
    static let recreate = "virtrigaud.io/recreate"
    /// Of a machine that a VMClone makes: its `namespace/name`.
    static let clone = "virtrigaud.io/clone"
    static let cloneUID = "virtrigaud.io/clone-uid"
}

extension String {
    /// kube-apiserver 1.20 takes an empty text of a custom resource for null, and refuses the object.
    var unlessEmpty: String? { isEmpty ? nil : self }
}

extension TypedKind {
    /// As operations name it.
    var operationTarget: Operation.Target {
        Operation.Target(kind: Self.kind.kind, namespace: metadata.namespace, name: metadata.name, uid: metadata.uid)
    }
}

extension [FieldProblem] {
    /// The first of them, for people; nil when there are none.
    var summary: String? { isEmpty ? nil : prefix(5).map(\.description).joined(separator: "; ") }
}
