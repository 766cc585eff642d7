import ObjectStore
import Objects
import Primitives
import ProviderRPC
import RPC
import Reconciling

/// One look at one machine: from what is written, what the hypervisor says and what the journal has to the next thing to do.
struct MachineWork: ObjectWork {
    var object: VirtualMachine
    var status: VirtualMachine.Status
    let context: ControllerContext

    var machine: VirtualMachine { object }
    var informer: Informer<VirtualMachine> { context.informers.machines }

    /// Steps of one look; each is a call of the provider at least.
    private static let steps = 8

    init(_ machine: VirtualMachine, _ context: ControllerContext) {
        object = machine
        status = machine.status
        self.context = context
    }

    mutating func run() async throws(ReconcileError) -> ReconcileResult {
        if machine.metadata.isDeleting { return try await delete() }
        if let problem = machine.problems.summary { throw try await invalid(problem) }
        try await keep(VirtualMachine.finalizer)
        if let place = status.placedOn, place != machine.providerName, status.id != nil {
            // Another hypervisor may have another machine under the same identifier.
            let message =
                "spec.providerRef names \(machine.providerName), and the machine is on \(place): say \(place) again, or make another machine there"
            throw try await invalid(message)
        }
        // Of the provider that was asked, whatever spec.providerRef says by now.
        let asked = journal.open(uid)?.provider ?? machine.providerName
        let name = Operation.parts(asked)
        guard let connection = context.links[asked], let provider = context.informers.providers.get(name.namespace, name.name) else {
            // After a start: what was so is so until somebody has looked.
            if context.informers.providers.get(name.namespace, name.name)?.status.isHealthy == true { return .after(seconds: 5) }
            try await unknown("WaitingForDependencies", context.whyUnasked(asked))
            return .after(seconds: waitSeconds(asked))
        }
        for _ in 0..<Self.steps {
            guard case .end(let result) = try await step(connection, provider) else { continue }
            // What the provider calls it, where nothing else was to be said of it.
            if status.id != machine.status.id { try await write() }
            return result
        }
        return .requeue
    }

    private mutating func invalid(_ message: String) async throws(ReconcileError) -> ReconcileError {
        try await fail("ValidationError", message)
        return .terminal("\(machine.name): \(message)")
    }

    private mutating func step(_ connection: ProviderConnection, _ provider: Provider) async throws(ReconcileError) -> Step {
        if let operation = journal.open(uid) { return try await goOn(operation, connection) }
        (status.lastTaskRef, status.reconfigureTaskRef) = (nil, nil)
        adoptEnds()
        // The answer to a Create may have been the last thing that a manager before this one heard.
        if status.id == nil, let made = journal.past(uid, .create), made.end.outcome == .success, let id = made.resultID {
            (status.id, status.placedOn) = (id, made.provider)
            status.applied = made.wish
            // The journal has it, so that it can be written with what is seen of the machine.
            mark(.provisioning, .isFalse, "Created", "")
        }
        // Somebody has said another one meanwhile, which the next look sees.
        if connection.link.name != machine.providerName || status.placedOn ?? machine.providerName != machine.providerName {
            return .end(.requeue)
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
        let lost = "what was asked for cannot be asked again: the texts for the guest, or the Secret that has them, are others now"
        let progress = try await asking { () async throws(StoreError) in
            try await driver.advance(operation, over: connection.link, sending: { sender(of: operation) }, orEndAs: lost)
        }
        switch progress {
        case .ended(let ended):
            if ended.end?.outcome == .success { note(success: ended) }
            return .next
        case .waiting(let seconds, let why):
            status.lastOperation = operation.name
            let task = journal.open(uid)?.taskID
            (status.lastTaskRef, status.reconfigureTaskRef) = (task, operation.method == .reconfigure ? task : nil)
            // One that only waits for its turn has nothing to complain of.
            let isUnanswered = task == nil && (connection.link.isOpen || driver.isUnanswered(operation))
            say(
                operation, connection.link.isOpen ? context.whyUnasked(connection.link.name, or: why) : why,
                isAnswered: task != nil, isUnanswered: isUnanswered)
            try await write()
            return .end(.after(seconds: seconds))
        }
    }

    private mutating func note(success operation: Operation) {
        switch operation.method {
        case .create:
            status.applied = operation.wish
            mark(.provisioning, .isFalse, "Created", "")
        case .reconfigure:
            status.lastReconfigureTime = Timestamp.text(now)
            status.applied = operation.parameters["applied"]?.text
            mark(.reconfiguring, .isFalse, "Reconfigured", "")
        case .snapshotRevert: (status.reverted, status.revertOperation) = (operation.parameters["request"]?.text, operation.name)
        default: break
        }
    }

    /// What a look has come to; one at a task that goes well has not failed, though what was tried before it did.
    func judged(_ result: ReconcileResult) -> ReconcileResult {
        journal.open(uid)?.taskID != nil ? result : judgedByConditions(result)
    }

    /// What is under way, as the object says it.
    private mutating func say(_ operation: Operation, _ why: String, isAnswered: Bool, isUnanswered: Bool) {
        // What could not be done has failed until it is done.
        if status.phase == .failed, let past = journal.past(uid, operation.method), past.failures > 0 || past.repeats > 1,
            past.request == operation.request
        {
            status.message = "\(operation.method.rawValue) is tried again: \(why)"
            return
        }
        let reason = isUnanswered ? "ProviderError" : "TaskInProgress"
        status.message = why
        switch operation.method {
        case .create:
            status.phase = .provisioning
            mark(.provisioning, .isTrue, "Creating", why)
        case .reconfigure:
            status.phase = .reconfiguring
            mark(.reconfiguring, .isTrue, "Updating", why)
        case .delete: status.phase = .deleting
        default: break
        }
        mark(.ready, .isFalse, reason, "\(operation.method.rawValue): \(why)")
    }

    /// Writes an operation down, so that the next step begins it.
    /// - Parameter isSaid: whether the status is written with it.
    /// - Parameter vain: what is so though the last of the same ended well; nil where that may be.
    /// - Returns: the end of the look when it is too soon after the last that failed, or was in vain.
    mutating func begin(
        _ method: ProviderMethod, _ parameters: ObjectValue, digest: String? = nil, _ connection: ProviderConnection, isSaid: Bool = false,
        vain: String? = nil
    ) async throws(ReconcileError) -> Step {
        let draft = draft(method, parameters, digest: digest, at: connection.link.name, type: connection.link.type)
        // Another thing than was refused may be had at once.
        if let past = journal.past(uid, method), past.request == draft.request {
            let seconds = past.waitSeconds(now)
            if seconds > 0 {
                try await fail("ProviderError", "\(method.rawValue): \(past.end.message)")
                return .end(.after(seconds: seconds))
            }
            if let vain, past.vainSeconds(now) > 0 { return try await wait(inVain: vain, method, past, connection) }
        }
        // Neither waits for the other, so that the store writes both as one; nobody is asked before both are written.
        let work = self
        async let begun = work.begun(draft)
        if isSaid { try await write() }
        status.lastOperation = try await begun.get().name
        return .next
    }

    /// A success that has not brought what was wanted is as bad as a failure, but for the first one: some hypervisors say late what is so.
    private mutating func wait(
        inVain why: String, _ method: ProviderMethod, _ past: OperationJournal.Past, _ connection: ProviderConnection
    ) async throws(ReconcileError) -> Step {
        let seconds = past.vainSeconds(now)
        guard past.repeats == 1 else {
            try await fail("ProviderError", "\(method.rawValue): \(why)")
            return .end(.after(seconds: seconds))
        }
        mark(.ready, .isFalse, "Updating", "\(method.rawValue): \(why)")
        try await write()
        if let id = status.id { connection.machines.forget(id) }
        return .end(.after(seconds: min(1, seconds)))
    }

    private func begun(_ draft: Operation) async -> Result<Operation, ReconcileError> {
        do throws(ReconcileError) {
            return .success(try await begin(draft))
        } catch { return .failure(error) }
    }

    // MARK: the object

    /// Something that it needs is not there, and will be told of when it is.
    mutating func wait(for what: String) async throws(ReconcileError) -> ReconcileResult {
        status.phase = status.id == nil ? .pending : restingPhase
        clearChange()
        status.message = what
        mark(.ready, .isFalse, "WaitingForDependencies", what)
        try await write()
        return .after(seconds: waitSeconds(journal.open(uid)?.provider))
    }

    /// It is told of the provider that it names now, and of no other.
    /// - Parameter provider: whom it waits for; nil for the one that it names.
    func waitSeconds(_ provider: String?) -> Double {
        provider ?? machine.providerName == machine.providerName ? Waiting.toldSeconds : Waiting.untoldSeconds
    }

    mutating func fail(_ reason: String, _ message: String) async throws(ReconcileError) {
        status.phase = .failed
        clearChange()
        status.message = message
        mark(.ready, .isFalse, reason, message)
        mark(.error, .isTrue, reason, message)
        try await write()
    }

    /// Nobody can say how it is: what was wrong with it is wrong until somebody has looked.
    mutating func unknown(_ reason: String, _ message: String) async throws(ReconcileError) {
        let isKept = status.phase == .failed || status.conditions[.ready]?.reason == ConditionReason.machineGone
        if isKept, let ready = status.conditions[.ready], ready.status == .isFalse {
            status.message = "\(ready.message); so it was when it was last looked at: \(message)"
        } else {
            if journal.open(uid) == nil {
                status.phase = status.id == nil ? .pending : restingPhase
                clearChange()
            }
            status.message = message
            mark(.ready, .isFalse, reason, message)
            if reason == "ProviderError" { mark(.error, .isTrue, reason, message) }
        }
        try await write()
    }

    /// What it is when nothing is done to it.
    private var restingPhase: VirtualMachine.Phase { status.powerState == "On" ? .running : .stopped }

    /// Nobody is at it.
    mutating func clearChange() {
        unmark(.provisioning)
        if status.conditions[.reconfiguring]?.reason == "Updating" { unmark(.reconfiguring) }
    }
}
