import ObjectStore
import Objects
import Primitives
import ProviderRPC
import Reconciling

/// How a snapshot comes to be.
extension SnapshotWork {
    /// After so many failures in a row nothing is tried until the object changes.
    private static let attempts = 5
    private static let restSeconds = 600.0

    /// What the journal has and the status has not: it may be the last thing that a manager before this one heard.
    mutating func learn() {
        status.taskRef = nil
        // What may be there is not tried again for a change of the object.
        if status.snapshotID == nil, status.observedGeneration != snapshot.metadata.generation { status.failures = 0 }
        guard let made = journal.past(uid, .snapshotCreate), made.name != status.noted else { return }
        status.noted = made.name
        switch made.end.outcome {
        case .success:
            status.snapshotID = made.resultID
            status.completionTime = Timestamp.text(made.end.at)
            status.failures = made.resultID == nil ? Self.attempts : 0
            if made.resultID == nil { status.message = "the provider took it and did not say what it is called" }
        case .failure:
            status.failures += 1
            status.message = made.end.message
        case .error:
            // Another attempt might leave two of them.
            status.failures = Self.attempts
            status.snapshotID = made.resultID
            status.message = "nobody knows whether it was taken: \(made.end.message)"
        }
    }

    mutating func take() async throws(ReconcileError) -> Step {
        guard status.failures < Self.attempts else {
            let why = status.message ?? "it could not be taken"
            try await say(.failed, .isFalse, "SnapshotFailed", why)
            return .end(.done)
        }
        let reference = snapshot.spec.vmRef.name
        guard let machine = context.informers.machines.get(namespace, reference) else {
            return .end(try await wait(for: "VirtualMachine \(namespace)/\(reference) is not there"))
        }
        guard !machine.metadata.isDeleting else {
            return .end(try await wait(for: "VirtualMachine \(namespace)/\(reference) is being deleted"))
        }
        guard let id = machine.status.id else {
            return .end(try await wait(for: "VirtualMachine \(namespace)/\(reference) has not been made yet"))
        }
        guard machine.status.conditions[.ready]?.reason != "MachineGone" else {
            return .end(try await wait(for: "the hypervisor has no machine of VirtualMachine \(namespace)/\(reference) any more"))
        }
        let name = machine.status.placedOn ?? machine.providerName
        let parts = Operation.parts(name)
        guard let connection = context.links[name], let provider = context.informers.providers.get(parts.namespace, parts.name) else {
            return .end(try await wait(for: context.whyUnasked(name)))
        }
        switch ability(connection, provider) {
        case .yes: break
        case .unknown: return .end(try await wait(for: "Provider \(name) has not said yet what it can do", seconds: 2))
        case .no(let why):
            try await say(.failed, .isFalse, "NotSupported", why)
            return .end(.done(againAfterSeconds: Self.restSeconds))
        }
        if let past = journal.past(uid, .snapshotCreate), status.failures > 0 {
            let seconds = past.waitSeconds(now)
            if seconds > 0 {
                try await say(.pending, .isFalse, "ProviderError", "attempt \(status.failures) of \(Self.attempts): \(past.end.message)")
                return .end(.after(seconds: seconds))
            }
        }
        // Before the operation, so that it is known what a snapshot that was taken is one of.
        status.machine = SnapshotMachine(uid: machine.metadata.uid, id: id, provider: name)
        try await say(.creating, .isFalse, "Creating", "")
        let spec = snapshot.spec
        try await begin(
            .snapshotCreate,
            [
                "id": .text(id), "name": .text(spec.name ?? snapshot.metadata.name), "includeMemory": .flag(spec.includesMemory),
                "description": .text(spec.description ?? ""), "generation": .whole(snapshot.metadata.generation),
            ], connection)
        return .next
    }

    private enum Ability {
        case yes
        case no(String)
        case unknown
    }

    private func ability(_ connection: ProviderConnection, _ provider: Provider) -> Ability {
        let told = provider.status.reportedCapabilities
        guard let snapshots = connection.capabilities?.supportsSnapshots ?? told?.supportsSnapshots,
            let memory = connection.capabilities?.supportsMemorySnapshots ?? told?.supportsMemorySnapshots
        else {
            // One whose health nobody looks at is never asked; it will say itself what it cannot.
            return provider.spec.healthCheck.isEnabled ? .unknown : .yes
        }
        guard snapshots else { return .no("provider \(provider.fullName) says that it can take no snapshots (supportsSnapshots)") }
        guard memory || !snapshot.spec.includesMemory else {
            return .no(
                "provider \(provider.fullName) says that it can take no snapshot with memory (supportsMemorySnapshots); say snapshotConfig.includeMemory=false to have one of the disks alone"
            )
        }
        return .yes
    }

    // MARK: it is there

    /// What the object says and the provider was not told, as the contract has no words for it.
    private var undone: String {
        let said = snapshot.object.spec["snapshotConfig"]
        var fields: [String] = []
        // With memory nothing of the guest is lost that its disks have not.
        if said?["quiesce"]?.flag == true, !snapshot.spec.includesMemory { fields.append("quiesce") }
        if let type = said?["type"]?.text, type != "Standard" { fields.append("type=\(type)") }
        if said?["consistencyLevel"]?.text == "ApplicationConsistent" { fields.append("consistencyLevel=ApplicationConsistent") }
        if said?["compression"]?.flag == true { fields.append("compression") }
        if said?["encryption"]?["enabled"]?.flag == true { fields.append("encryption") }
        return fields.isEmpty ? "" : "taken without \(fields.joined(separator: ", ")), of which providers know nothing"
    }

    mutating func keep() async throws(ReconcileError) -> ReconcileResult {
        guard status.failures < Self.attempts else {
            let why = status.message ?? "nobody knows whether it was taken"
            try await say(.failed, .isFalse, "OutcomeUnknown", why.hasSuffix(Self.advice) ? why : why + Self.advice)
            return .done
        }
        switch age {
        case .unlimited:
            status.expiryTime = nil
            try await say(.ready, .isTrue, "ReconcileSuccess", undone, otherwise: "can be gone back to")
            return .done
        case .young(let until):
            status.expiryTime = Timestamp.text(until)
            try await say(.ready, .isTrue, "ReconcileSuccess", undone, otherwise: "can be gone back to")
            return .done(againAfterSeconds: pause(until))
        case .old(let since, let until):
            status.expiryTime = Timestamp.text(since)
            try await say(.expired, .isTrue, "Expired", "older than retentionPolicy.maxAge; it goes at \(Timestamp.text(until))")
            return .done(againAfterSeconds: pause(until))
        case .over: return try await goAway("older than retentionPolicy.maxAge and gracePeriod")
        }
    }

    private static let advice = "; delete this object, which takes away what there is, and make another one"

    /// Its machine is gone, and what was taken of it with it.
    mutating func outlive(_ missing: Missing) async throws(ReconcileError) -> ReconcileResult {
        if case .object = missing, snapshot.spec.retention.deletesWithVM { return try await goAway("its machine was deleted") }
        if case .over = age { return try await goAway("older than retentionPolicy.maxAge and gracePeriod") }
        let what =
            switch missing {
            case .object: "VirtualMachine \(namespace)/\(snapshot.spec.vmRef.name) was deleted"
            case .machine: "the machine has gone from the hypervisor and was made anew"
            }
        try await say(.failed, .isFalse, "MachineGone", "\(what), and its snapshots are gone with it")
        return .done(againAfterSeconds: Self.restSeconds)
    }

    // MARK: age

    private enum Age {
        case unlimited
        case young(until: Double)
        case old(since: Double, until: Double)
        case over
    }

    private var age: Age {
        let retention = snapshot.spec.retention
        guard let seconds = retention.maxAgeSeconds, !snapshot.isKeptByPin,
            let made = (status.completionTime ?? status.creationTime).flatMap(Timestamp.unixSeconds)
        else { return .unlimited }
        let (old, over) = (made + seconds, made + seconds + retention.gracePeriodSeconds)
        return now < old ? .young(until: old) : now < over ? .old(since: old, until: over) : .over
    }

    /// Clocks are set, so that one looks now and then.
    func pause(_ until: Double) -> Double { (until - now).clamped(to: 0.01...Self.restSeconds) }
}

extension VMSnapshot {
    /// A person has said that it shall not go by itself.
    var isKeptByPin: Bool { spec.isPinned && spec.retention.preservesPinned }
}
