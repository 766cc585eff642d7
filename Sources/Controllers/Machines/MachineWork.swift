import ObjectStore
import Objects
import Primitives
import ProviderRPC
import RPC
import Reconciling

/// One look at one machine: from what is written, what the hypervisor says and what the journal has to the next thing to do.
struct MachineWork {
    /// What comes of a step.
    enum Step {
        /// There may be another one.
        case next
        case end(ReconcileResult)
    }

    var machine: VirtualMachine
    var status: VirtualMachine.Status
    let context: ControllerContext
    let driver: OperationDriver

    var uid: String { machine.metadata.uid }
    var journal: OperationJournal { context.journal }
    var now: Double { context.clock.unixSeconds }

    /// Steps of one look; each is a call of the provider at least.
    private static let steps = 8

    init(_ machine: VirtualMachine, _ context: ControllerContext, _ driver: OperationDriver) {
        self.machine = machine
        status = machine.status
        self.context = context
        self.driver = driver
    }

    mutating func run() async throws(ReconcileError) -> ReconcileResult {
        if machine.metadata.isDeleting { return try await delete() }
        let problems = machine.problems
        guard problems.isEmpty else {
            let message = problems.prefix(5).map(\.description).joined(separator: "; ")
            try await fail("ValidationError", message)
            throw .terminal("\(machine.name): \(message)")
        }
        try await keepFinalizer()
        if let place = status.placedOn, place != machine.providerName, status.id != nil {
            // Another hypervisor may have another machine under the same identifier.
            let message =
                "spec.providerRef names \(machine.providerName), and the machine is on \(place): say \(place) again, or make another machine there"
            try await fail("ValidationError", message)
            throw .terminal("\(machine.name): \(message)")
        }
        guard let connection = context.links[machine.providerName], let provider = context.informers.providers.get(providerName) else {
            // After a start: what was so is so until somebody has looked.
            if context.informers.providers.get(providerName)?.status.isHealthy == true { return .after(seconds: 5) }
            return try await wait(for: "Provider \(machine.providerName) is not there, or not ready to be asked")
        }
        for _ in 0..<Self.steps {
            if case .end(let result) = try await step(connection, provider) { return result }
        }
        return .requeue
    }

    var providerName: ObjectName { machine.spec.providerRef.objectName(in: machine.metadata.namespace) }

    private mutating func step(_ connection: ProviderConnection, _ provider: Provider) async throws(ReconcileError) -> Step {
        if let operation = journal.open(uid) { return try await goOn(operation, connection) }
        adoptEnds()
        // The answer to a Create may have been the last thing that a manager before this one heard.
        if status.id == nil, let made = journal.past(uid, .create), made.end.outcome == .success, let id = made.resultID {
            (status.id, status.placedOn) = (id, connection.link.name)
            status.applied = made.wish
            status.set(.provisioning, .isFalse, "Created", "", self)
            try await write()
        }
        guard let id = status.id else { return try await create(connection, provider) }
        return try await look(at: id, connection, provider)
    }

    /// What ended well and is not in the status, as a manager before this one died between the two.
    private mutating func adoptEnds() {
        let written = status.observedGeneration ?? 0
        func wish(_ method: ProviderMethod) -> String? {
            guard let past = journal.past(uid, method), past.end.outcome == .success,
                past.name == status.lastOperation || (past.generation ?? -1) >= written
            else { return nil }
            return past.wish
        }
        if let applied = wish(.reconfigure) { status.applied = applied }
    }

    // MARK: operations

    /// Goes on with what was begun, by this manager or one before it.
    mutating func goOn(_ operation: Operation, _ connection: ProviderConnection) async throws(ReconcileError) -> Step {
        // One that was accepted is asked about only, whatever has become of what it was made of.
        guard let send = operation.taskID == nil ? try await sender(of: operation) : Self.unsent else {
            // The request cannot be made as it was: whether it was accepted is for the next one to find, by the machine's owner.
            try await end(
                operation, .error,
                "what was asked for cannot be asked again: the texts for the guest, or the Secret that has them, are others now")
            return .next
        }
        let progress = try await asking { () async throws(StoreError) in try await driver.advance(operation, over: connection.link, send) }
        switch progress {
        case .ended(let ended):
            if ended.end?.outcome == .success { note(success: ended) }
            return .next
        case .waiting(let seconds, let why):
            status.lastOperation = operation.name
            say(operation, why, isAnswered: journal.open(uid)?.taskID != nil)
            try await write()
            return .end(.after(seconds: seconds))
        }
    }

    private static let unsent: OperationDriver.Send = { _, _, _ throws(RPCError) in
        throw RPCError(.internal, "the operation was accepted already")
    }

    private func end(_ operation: Operation, _ outcome: Operation.Outcome, _ message: String) async throws(ReconcileError) {
        _ = try await asking { () async throws(StoreError) in try await journal.end(operation, outcome, message: message) }
    }

    private mutating func note(success operation: Operation) {
        switch operation.method {
        case .create:
            status.applied = operation.wish
            status.set(.provisioning, .isFalse, "Created", "", self)
        case .reconfigure:
            status.lastReconfigureTime = Timestamp.text(now)
            status.applied = operation.parameters["applied"]?.text
            status.set(.reconfiguring, .isFalse, "Reconfigured", "", self)
        case .snapshotRevert: (status.reverted, status.revertOperation) = (operation.parameters["request"]?.text, operation.name)
        default: break
        }
    }

    /// What is under way, as the object says it.
    private mutating func say(_ operation: Operation, _ why: String, isAnswered: Bool) {
        let reason = isAnswered ? "TaskInProgress" : "ProviderError"
        status.message = why
        switch operation.method {
        case .create:
            status.phase = .provisioning
            status.set(.provisioning, .isTrue, "Creating", why, self)
        case .reconfigure:
            status.phase = .reconfiguring
            status.set(.reconfiguring, .isTrue, "Updating", why, self)
        case .delete: status.phase = .deleting
        default: break
        }
        status.set(.ready, .isFalse, reason, "\(operation.method.rawValue): \(why)", self)
    }

    /// Writes an operation down, so that the next step begins it.
    /// - Returns: nil when it is too soon after the last that failed.
    mutating func begin(
        _ method: ProviderMethod, _ parameters: ObjectValue, digest: String? = nil, _ connection: ProviderConnection
    ) async throws(ReconcileError) -> Step {
        var draft = Operation(method, of: machine.target, provider: connection.link.name, type: connection.link.type)
        draft.parameters = parameters
        draft.requestDigest = digest
        // Another thing than was refused may be had at once.
        if let past = journal.past(uid, method), past.failures > 0, past.request == draft.request {
            let seconds = past.waitSeconds(now)
            if seconds > 0 {
                try await fail("ProviderError", "\(method.rawValue): \(past.end.message)")
                return .end(.after(seconds: seconds))
            }
        }
        let operation = try await asking { () async throws(StoreError) in try await journal.begin(draft) }
        status.lastOperation = operation.name
        return .next
    }

    // MARK: the object

    private mutating func keepFinalizer() async throws(ReconcileError) {
        guard !machine.metadata.finalizers.contains(VirtualMachine.finalizer) else { return }
        var object = machine.object
        object.metadata.finalizers.append(VirtualMachine.finalizer)
        machine = try await asking { () async throws(StoreError) in try await context.informers.machines.update(object) }
    }

    /// Writes the status, if it is another one than is written.
    mutating func write() async throws(ReconcileError) {
        status.observedGeneration = machine.metadata.generation
        guard status.value != machine.status.value else { return }
        var object = machine.object
        object.status = status.value
        machine = try await asking { () async throws(StoreError) in try await context.informers.machines.update(object, .status) }
        status = machine.status
    }

    /// Something that it needs is not there, and will be told of when it is.
    mutating func wait(for what: String) async throws(ReconcileError) -> ReconcileResult {
        if status.id == nil { status.phase = .pending }
        status.message = what
        status.set(.ready, .isFalse, "WaitingForDependencies", what, self)
        try await write()
        return .after(seconds: Double.random(in: 30...60))
    }

    mutating func fail(_ reason: String, _ message: String) async throws(ReconcileError) {
        if status.id == nil { status.phase = .failed }
        status.message = message
        status.set(.ready, .isFalse, reason, message, self)
        status.set(.error, .isTrue, reason, message, self)
        try await write()
    }
}

extension VirtualMachine.Status {
    /// Types of conditions.
    enum Fact: String {
        case ready = "Ready"
        case provisioning = "Provisioning"
        case reconfiguring = "Reconfiguring"
        case deleting = "Deleting"
        case error = "Error"
    }

    mutating func set(_ fact: Fact, _ value: Condition.Status, _ reason: String, _ message: String, _ work: MachineWork) {
        var all = conditions
        all.set(
            fact.rawValue, value, reason: reason, message: String(message.prefix(1000)),
            observedGeneration: work.machine.metadata.generation,
            now: Timestamp.text(work.now))
        if all != conditions { conditions = all }
    }

    mutating func unset(_ fact: Fact) {
        guard conditions[fact.rawValue] != nil else { return }
        conditions.remove(fact.rawValue)
    }

    /// A sum of what was last applied of what can be changed.
    var applied: String? {
        get { self["appliedConfiguration"] }
        set { self["appliedConfiguration"] = newValue }
    }

    /// The provider that has the machine.
    var placedOn: String? {
        get { self["placedOn"] }
        set { self["placedOn"] = newValue }
    }

    /// The wish to go back to a snapshot that was last fulfilled.
    var reverted: String? {
        get { self["revertedTo"] }
        set { self["revertedTo"] = newValue }
    }

    /// Name of the VMOperation whose end `reverted` has.
    var revertOperation: String? {
        get { self["revertOperation"] }
        set { self["revertOperation"] = newValue }
    }
}
