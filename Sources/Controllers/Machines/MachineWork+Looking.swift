import ObjectStore
import Objects
import Primitives
import ProviderRPC
import RPC
import Reconciling

/// What becomes of a machine that is there.
extension MachineWork {
    /// How long what is known of a machine that nobody touches may count, in lists of its provider.
    private static let listsThatCount = 3.0
    /// How often a machine is looked at that is as it should be, in seconds.
    private static let restSeconds = 600.0
    /// How long one waits for a first address, by looking more often.
    private static let addressSeconds = 600.0

    mutating func look(
        at id: String, _ connection: ProviderConnection, _ provider: Provider
    ) async throws(ReconcileError) -> Step {
        let entry: MachineBook.Entry
        switch await sighting(of: id, connection) {
        case .success(let seen): entry = seen
        case .failure(let error): return .end(try await unanswered(error))
        }
        guard let seen = entry.sighting else { return try await gone(id) }
        if isForeign(seen) {
            let message =
                "what the hypervisor has as \(id) is another machine now (its owner is \(seen.owner ?? "")): this one has gone, and that one is not touched; \(recreation) makes a new one, or delete this object"
            return try await gone(id, message)
        }
        if status.placedOn == nil { status.placedOn = connection.link.name }
        note(seen, connection)
        noteSnapshots()
        if let step = try await power(seen, id, connection) { return step }
        if let step = try await revert(id, connection) { return step }
        if let step = try await change(seen, id, connection, provider) { return step }
        return .end(try await settle(seen, connection))
    }

    /// What the provider last said of the machine, if it was asked since anything was done to it; or what it says now.
    private func sighting(of id: String, _ connection: ProviderConnection) async -> Result<MachineBook.Entry, LinkError> {
        if let entry = connection.machines[id], let seen = entry.sighting, isKnownSize(seen),
            journal.lastEnd(uid).map({ $0 < entry.askedAt }) ?? true,
            (ContinuousClock.now - entry.askedAt).seconds < connection.link.settings.listSeconds * Self.listsThatCount,
            !waitsForAddress(seen) || (ContinuousClock.now - entry.askedAt).seconds < addressPause
        {
            return .success(entry)
        }
        return await describe(id, connection)
    }

    /// Whether what a list says need not be asked about.
    private func isKnownSize(_ seen: MachineSighting) -> Bool {
        let known = status.currentResources
        return seen.isDescribed
            || (seen.cpu == nil || seen.cpu == known.cpu) && (seen.memoryMiB == nil || seen.memoryMiB == known.memoryMiB)
    }

    /// Whose a machine is that the provider has under this one's identifier, which may have been given away again.
    func isForeign(_ seen: MachineSighting) -> Bool {
        guard let owner = seen.owner, owner != uid else { return false }
        // A clone was made for its VMClone.
        return machine.metadata.annotations[ObjectAnnotation.clone] == nil && machine.metadata.labels["virtrigaud.io/adopted"] == nil
    }

    /// What the provider says now.
    func describe(_ id: String, _ connection: ProviderConnection) async -> Result<MachineBook.Entry, LinkError> {
        let now = ContinuousClock.now
        do throws(LinkError) {
            let owner = ObjectIdentity(uid: uid, namespace: machine.metadata.namespace, name: machine.metadata.name)
            let answer = try await connection.link.call(.describe) { client, options throws(RPCError) in
                try await client.describe(DescribeRequest(id: id, owner: owner), options)
            }
            return .success(connection.machines.note(id, answer, askedAt: now))
        } catch { return .failure(error) }
    }

    private mutating func unanswered(_ error: LinkError) async throws(ReconcileError) -> ReconcileResult {
        switch error {
        case .notAsked(let seconds, let why):
            // As long as others only have the line, what was so is so.
            if context.links[machine.providerName]?.link.isOpen == true {
                try await unknown("ProviderError", context.whyUnasked(machine.providerName, or: why))
            }
            return .after(seconds: max(0.05, seconds))
        case .failed(let error):
            try await unknown("ProviderError", "Describe: \(error.message)")
            throw ReconcileError("\(machine.name): Describe: \(error.message)")
        }
    }

    /// The hypervisor has no such machine, and nobody here has taken it away.
    private mutating func gone(_ id: String, _ why: String? = nil) async throws(ReconcileError) -> Step {
        if machine.metadata.annotations[ObjectAnnotation.recreate] == "true" {
            // It is made from its image, and no clone any more, which its VMClone would not make a second time.
            if machine.metadata.annotations[ObjectAnnotation.clone] != nil {
                try await change {
                    $0.annotations[ObjectAnnotation.clone] = nil; $0.annotations[ObjectAnnotation.cloneUID] = nil
                }
            }
            status = VirtualMachine.Status()
            mark(.provisioning, .isTrue, "Recreating", "machine \(id) has gone, and is made anew")
            try await write()
            journal.forget(target: uid)
            return .next
        }
        status.powerState = nil
        status.ips = []
        let message =
            "the hypervisor has no machine \(id) any more, and it was not deleted here; \(recreation) makes a new one from its image, or delete this object (if Provider \(machine.providerName) was pointed at another hypervisor, point it back)"
        try await fail(ConditionReason.machineGone, why ?? message)
        return .end(.done(againAfterSeconds: Self.restSeconds))
    }

    /// What a person says to have it made anew.
    private var recreation: String {
        "kubectl annotate -n \(namespace) vm \(machine.metadata.name) \(ObjectAnnotation.recreate)=true"
    }

    private mutating func note(_ seen: MachineSighting, _ connection: ProviderConnection) {
        // An address that was lost and is back says nothing of how long the start took.
        if !seen.ips.isEmpty, let start = switchedOn, start.name != status.addressOperation {
            status.addressOperation = start.name
            if status.ips.isEmpty { context.addresses.note(type: connection.link.type, seconds: now - start.end.at) }
        }
        status.powerState = seen.power.text
        let ips = seen.ips.filter { !$0.isEmpty }
        if status.ips != ips { status.ips = ips }
        if let url = seen.consoleURL { status.consoleURL = url }
        var resources = status.currentResources
        (resources.cpu, resources.memoryMiB) = (seen.cpu ?? resources.cpu, seen.memoryMiB ?? resources.memoryMiB)
        if resources != status.currentResources { status.currentResources = resources }
        let facts = seen.facts.filter { !$0.value.isEmpty }
        if !facts.isEmpty, status.provider != facts { status.provider = facts }
    }

    /// The operation that is known to have switched it on last.
    private var switchedOn: OperationJournal.Past? {
        let power = journal.past(uid, .power).flatMap { $0.wish == PowerStep.on.rawValue ? $0 : nil }
        return [journal.past(uid, .create), power].compactMap { $0 }.filter { $0.end.outcome == .success }
            .max { $0.end.at < $1.end.at }
    }

    private func waitsForAddress(_ seen: MachineSighting?) -> Bool {
        guard let seen, seen.power == .on, seen.ips.isEmpty, let start = switchedOn else { return false }
        return start.ageSeconds(now) < Self.addressSeconds
    }

    /// Longer, the longer it is waited; the longest where the clock was set back since.
    private var addressPause: Double {
        let longest = 10.0
        guard let start = switchedOn, start.end.at <= now else { return longest }
        return (start.ageSeconds(now) * 0.1).clamped(to: 0.2...longest)
    }

    // MARK: what is to be done

    private mutating func power(_ seen: MachineSighting, _ id: String, _ connection: ProviderConnection) async throws(ReconcileError)
        -> Step?
    {
        let step: PowerStep
        switch (machine.spec.powerState, seen.power) {
        // Off is off, however it came to be.
        case (.on, .on), (.off, .off), (.offGraceful, .off): return nil
        case (_, .other(let text)) where ["Unknown", "ShuttingDown"].contains(text):
            mark(.ready, .isFalse, "Updating", "the machine is \(text)")
            try await write()
            connection.machines.forget(id)
            return .end(.after(seconds: 2))
        case (.on, _): step = .on
        case (.off, _): step = .off
        case (.offGraceful, _): step = .shutDown
        }
        var parameters: ObjectMembers = ["id": .text(id), "op": .text(step.rawValue)]
        if step == .shutDown {
            parameters["gracefulTimeoutSeconds"] = .whole(
                Int64(machine.spec.gracefulShutdownTimeoutSeconds.rounded(.up).clamped(to: 1...3600)))
        }
        let vain = "it was \(step.done), and it is \(seen.power.text.lowercased()) again"
        return try await begin(.power, .members(parameters), connection, vain: vain)
    }

    /// Once for each wish: the snapshot, and the change of the field that named it.
    private mutating func revert(_ id: String, _ connection: ProviderConnection) async throws(ReconcileError) -> Step? {
        let past = journal.past(uid, .snapshotRevert)
        guard let reference = machine.spec.revertToRef else {
            status.reverted = nil
            status.revertOperation = past?.name
            return nil
        }
        // It may have been done without a word of it in the status, and what the machine has done since would be lost.
        if let past, past.end.outcome == .success, past.name != status.revertOperation {
            (status.reverted, status.revertOperation) = (past.wish, past.name)
        }
        let namespace = machine.metadata.namespace
        guard let snapshot = context.informers.snapshots.get(namespace, reference.name), let snapshotID = snapshot.status.snapshotID else {
            guard status.reverted?.hasPrefix(reference.name + " ") != true else { return nil }
            return .end(try await wait(for: "VMSnapshot \(namespace)/\(reference.name) is not there, or not ready"))
        }
        let wish = "\(reference.name) \(snapshot.metadata.uid)"
        guard status.reverted != wish else { return nil }
        guard snapshot.spec.vmRef.name == machine.metadata.name, snapshot.status.machine?.uid == uid, snapshot.status.machine?.id == id
        else {
            try await fail(
                "ValidationError",
                "spec.snapshot.revertToRef: VMSnapshot \(reference.name) is of another machine, or of one that was in this one's place before"
            )
            return .end(.waiting)
        }
        guard !snapshot.metadata.isDeleting, snapshot.status.phase != .failed else {
            return .end(try await wait(for: "VMSnapshot \(namespace)/\(reference.name) is to go, or has failed"))
        }
        return try await begin(
            .snapshotRevert,
            [
                "id": .text(id), "snapshot": .text(snapshotID), "request": .text(wish), "generation": .whole(machine.metadata.generation),
            ], connection)
    }

    /// What can be gone back to. It is written here and nowhere else, as two who write one status are in each other's way.
    mutating func noteSnapshots() {
        let all = context.informers.snapshotsByMachine.lookup(machine.name.description).compactMap { snapshot -> VirtualMachine.Snapshot? in
            guard let id = snapshot.status.snapshotID, snapshot.status.phase != .failed, let known = snapshot.status.machine,
                known.uid == uid, known.id == status.id
            else { return nil }
            var entry = VirtualMachine.Snapshot()
            (entry.id, entry.name, entry.hasMemory) = (id, snapshot.metadata.name, snapshot.spec.includesMemory)
            entry.creationTime = snapshot.status.completionTime ?? snapshot.status.creationTime
            entry.description = snapshot.spec.description
            return entry
        }
        // More than a status may have are the newest.
        let sorted = all.sorted { ($0.creationTime ?? "", $0.name) < ($1.creationTime ?? "", $1.name) }.suffix(1000)
        if status.snapshots != Array(sorted) { status.snapshots = Array(sorted) }
    }

    /// Processors, memory and disks: when another thing is wanted than was last applied, and when the hypervisor has another thing than is wanted.
    private mutating func change(
        _ seen: MachineSighting, _ id: String, _ connection: ProviderConnection, _ provider: Provider
    ) async throws(ReconcileError) -> Step? {
        // Without its class it stays as it is.
        guard case .success(let parameters) = parts(connection, provider, isThere: true) else {
            clearChange()
            return nil
        }
        let applied = Self.sum(MachineParameters.changeable(parameters))
        if status.applied == nil { status.applied = applied }
        let (cpu, memory) = (parameters["class"]?["cpu"]?.whole, parameters["class"]?["memoryMiB"]?.whole)
        let differs =
            (seen.cpu != nil && cpu != nil && seen.cpu.map(Int64.init) != cpu)
            || (seen.memoryMiB != nil && memory != nil && seen.memoryMiB.map(Int64.init) != memory)
        guard status.applied != applied || differs && !seen.waitsForRestart else {
            if seen.waitsForRestart {
                mark(.reconfiguring, .isTrue, "WaitsForRestart", "what was changed counts from the machine's next start on")
            } else {
                unmark(.reconfiguring)
            }
            return nil
        }
        let has = "\(seen.cpu.map(String.init) ?? "?") processors and \(seen.memoryMiB.map(String.init) ?? "?") MiB"
        let vain = status.applied == applied ? "it was changed, and the hypervisor says \(has) all the same" : nil
        return try await begin(
            .reconfigure,
            [
                "id": .text(id), "desired": .text(MachineRequest.desired(parameters)), "applied": .text(applied),
                "generation": .whole(machine.metadata.generation),
            ], connection, vain: vain)
    }

    /// The word counts for once: the next time that the machine goes, its disks are somebody's again.
    private mutating func forgetRecreation() async throws(ReconcileError) {
        guard machine.metadata.annotations[ObjectAnnotation.recreate] != nil else { return }
        try await change { $0.annotations[ObjectAnnotation.recreate] = nil }
    }

    /// What is so is what is wanted.
    private mutating func settle(_ seen: MachineSighting, _ connection: ProviderConnection) async throws(ReconcileError) -> ReconcileResult
    {
        try await clearDoubt()
        try await forgetRecreation()
        status.phase = seen.power == .on ? .running : .stopped
        status.message = missingParts.map { "is as it was; no change of it can be made: \($0)" }
        mark(.ready, .isTrue, "ReconcileSuccess", status.message ?? "is as wanted")
        unmark(.error)
        unmark(.provisioning)
        try await write()
        return .done(againAfterSeconds: waitsForAddress(seen) ? addressPause : Self.restSeconds * Double.random(in: 0.9...1.1))
    }
}
