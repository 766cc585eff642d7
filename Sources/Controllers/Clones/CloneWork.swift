import ObjectStore
import Objects
import Primitives
import ProviderRPC
import RPC
import Reconciling

/// One look at one clone: from what is written and what the journal has to the next thing to do.
///
/// What a step finds is in the store or in the journal; so it goes on in the same way wherever the one before was stopped.
struct CloneWork: ObjectWork {
    /// Why a clone cannot be had.
    struct Refusal: Error {
        let reason: String
        let message: String
    }

    var object: VMClone
    var status: VMClone.Status
    let context: ControllerContext

    private static let steps = 8

    init(_ clone: VMClone, _ context: ControllerContext) {
        object = clone
        status = clone.status
        self.context = context
    }

    var clone: VMClone { object }
    var informer: Informer<VMClone> { context.informers.clones }

    mutating func run() async throws(ReconcileError) -> ReconcileResult {
        if isDeleting {
            guard clone.metadata.finalizers.contains(VMClone.finalizer) else { return .done }
        } else if status.phase == nil || !clone.metadata.finalizers.contains(VMClone.finalizer) {
            try await begin()
        }
        for _ in 0..<Self.steps {
            if case .end(let result) = try await step() { return result }
        }
        return .requeue
    }

    private mutating func step() async throws(ReconcileError) -> Step {
        if let operation = journal.open(uid) { return try await goOn(operation) }
        // The machine is there, and so is its object: what becomes of them is theirs.
        if status.targetRef != nil { return try await attend() }
        guard let past = journal.past(uid, .clone) else {
            if let id = status.targetID { return try await finish(id) }
            return try await nextAttempt()
        }
        let isFormer = past.name == status.formerOperation
        let id = try await identifier(past)
        if let id, isFormer {
            // Nobody waits for it any more.
            let taken = journal.past(uid, .delete)
            guard taken?.end.outcome == .success, taken?.resultID == id else { return try await takeAway(id, past) }
            return try await nextAttempt()
        }
        if isFormer { return try await nextAttempt() }
        if let id { return try await finish(id) }
        return try await fail("ProviderError", past.end.message, operation: past.name)
    }

    /// What the provider calls what an operation has made; nil when there is nothing.
    private func identifier(_ past: OperationJournal.Past) async throws(ReconcileError) -> String? {
        switch past.end.outcome {
        case .success: return past.resultID
        case .failure: return nil
        case .error: break
        }
        // Nobody knows how it ended: one that is there has this clone for its owner.
        guard let connection = context.links[past.provider] else {
            throw ReconcileError("\(clone.name): Provider \(past.provider) is not there, so that nobody knows whether it made the machine")
        }
        do throws(LinkError) {
            return try await connection.link.machine(ownedBy: uid)
        } catch {
            throw ReconcileError("\(clone.name): ListVMs: \(error.description)")
        }
    }

    var source: VirtualMachine? {
        clone.spec.sourceVM.flatMap { context.informers.machines.get($0.objectName(in: clone.metadata.namespace)) }
    }

    // MARK: operations

    private mutating func goOn(_ operation: Operation) async throws(ReconcileError) -> Step {
        let mayLetGo = isDeleting && isForced
        guard let connection = context.links[operation.provider] else {
            if mayLetGo { return try await letGo("its provider is not there") }
            return try await wait("Provider \(operation.provider) is not there", for: operation, seconds: Waiting.toldSeconds)
        }
        let lost = "what was asked for cannot be asked again, as the Secret that it needs is another one now"
        let progress = try await asking { () async throws(StoreError) in
            try await driver.advance(operation, over: connection.link, sending: { sender(of: operation) }, orEndAs: lost)
        }
        guard case .waiting(let seconds, let why) = progress else { return .next }
        if let why = await whyLeft(connection.link) { return try await letGo(why) }
        return try await wait(why, for: journal.open(uid) ?? operation, seconds: seconds)
    }

    private func sender(of operation: Operation) -> OperationDriver.Send? {
        guard operation.method == .clone else {
            return { operation, client, options throws(RPCError) in
                let id = operation.parameters["id"]?.text ?? ""
                return .init(taskID: try await client.delete(DeleteRequest(id: id), options).task?.id, resultID: id.unlessEmpty)
            }
        }
        guard let parameters = parameters(operation.parameters), parameters.digest == operation.requestDigest else { return nil }
        return { operation, client, options throws(RPCError) in
            let answer = try await client.clone(parameters.request(operation.target), options)
            return .init(taskID: answer.task?.id, resultID: answer.targetVMID.unlessEmpty)
        }
    }

    /// Nil when a Secret that it needs is not there.
    func parameters(_ value: ObjectValue) -> CloneParameters? {
        CloneParameters(value) { secret, member in context.informers.bytes(of: secret, member) }
    }

    /// Says what is under way, unless it has taken too long.
    private mutating func wait(_ why: String, for operation: Operation, seconds: Double) async throws(ReconcileError) -> Step {
        let isWanted = operation.method == .clone && operation.name != status.formerOperation
        guard isWanted, !isDeleting else { return .end(.after(seconds: seconds)) }
        let left = secondsLeft
        guard left > 0 else {
            return try await fail(
                "Timeout", "has taken longer than spec.options.timeout; what comes of it is taken away. \(why)", operation: operation.name)
        }
        status.phase = .cloning
        (status.taskRef, status.lastOperation) = (operation.taskID, operation.name)
        status.message = why
        mark(.ready, .isFalse, operation.taskID == nil ? "ProviderError" : "TaskInProgress", why)
        try await write()
        return .end(.after(seconds: min(seconds, left)))
    }

    /// Of the time that this attempt may take.
    var secondsLeft: Double {
        let since = (status.lastRetryTime ?? status.startTime).flatMap(Timestamp.unixSeconds) ?? now
        return min(clone.spec.options.timeoutSeconds, since + clone.spec.options.timeoutSeconds - now)
    }

    /// A machine that was made too late, or for which there is no name.
    private mutating func takeAway(_ id: String, _ past: OperationJournal.Past) async throws(ReconcileError) -> Step {
        if let failed = journal.past(uid, .delete), failed.failures > 0, failed.waitSeconds(now) > 0 {
            if isDeleting, isForced { return try await letGo("its provider did not delete \(id): \(failed.end.message)") }
            return .end(.after(seconds: failed.waitSeconds(now)))
        }
        _ = try await begin(.delete, ["id": .text(id)], at: past.provider, type: past.providerType)
        return .next
    }

    /// Somebody who has the right has said that the object shall go, whatever becomes of the machine.
    private mutating func letGo(_ why: String) async throws(ReconcileError) -> Step {
        context.logger.warn(
            "a clone's object was let go by force, and a machine may be left on the hypervisor", ["clone": "\(clone.name)", "reason": why])
        try await abandon(why)
        return .end(try await leave())
    }

    // MARK: the object

    private mutating func begin() async throws(ReconcileError) {
        try await keep(VMClone.finalizer)
        guard status.phase == nil else { return }
        status.phase = .pending
        status.startTime = Timestamp.preciseText(now)
        try await write()
    }

    /// The finalizer goes.
    mutating func leave() async throws(ReconcileError) -> ReconcileResult {
        try await clearDoubt()
        try await release(VMClone.finalizer)
        return .done
    }

    /// This attempt is over; there may be another.
    ///
    /// - Parameter operation: the attempt's; what becomes of it is not waited for any more.
    /// - Parameter isFinal: another attempt would end in the same way.
    mutating func fail(_ reason: String, _ message: String, operation: String? = nil, isFinal: Bool = false) async throws(ReconcileError)
        -> Step
    {
        if let operation { (status.formerOperation, status.lastOperation) = (operation, operation) }
        status.taskRef = nil
        let tried = max(0, status.retryCount ?? 0)
        if !isFinal, !isDeleting, let retry = clone.spec.options.retry, tried < retry.maxRetries {
            var delay = retry.delaySeconds
            for _ in 0..<min(tried, 64) { delay *= Double(retry.multiplier) }
            status.retryCount = tried + 1
            status.nextRetryTime = Timestamp.preciseText(now + min(delay, 86_400))
            status.phase = .pending
            status.message = "is tried again, as it failed: \(message)"
            mark(.ready, .isFalse, "Retrying", status.message ?? "")
        } else {
            status.phase = .failed
            status.completionTime = Timestamp.text(now)
            status.message = message
            mark(.ready, .isFalse, reason, message)
            mark(.error, .isTrue, reason, message)
        }
        try await write()
        return .next
    }
}
