import Objects
import Primitives
import Reconciling

/// A machine of a set, and how it is with it.
struct SetMember: Sendable {
    /// Digest of the template that the machine was last made like.
    static let revisionLabel = "virtrigaud.io/vmset-revision"

    let machine: VirtualMachine
    let ordinal: Int

    var isDeleting: Bool { machine.metadata.isDeleting }
    var revision: String? { machine.metadata.labels[Self.revisionLabel] }

    /// Whether it waits for a person, or for what has failed to go well.
    var hasFailed: Bool { !isDeleting && machine.status.phase == .failed }

    /// Of one that has failed.
    var problem: String {
        "\(machine.metadata.name) (\(machine.status.conditions[.ready]?.reason ?? "Failed")): \(machine.status.message ?? "")"
    }

    /// Whether the machine is as its object wants it: the object as it is now, not as it was before the last change.
    var isReady: Bool { !isDeleting && Self.isReady(machine) }

    static func isReady(_ machine: VirtualMachine) -> Bool {
        machine.status.observedGeneration == machine.metadata.generation && machine.status.conditions.isTrue(.ready)
    }

    /// In how many seconds it has been ready for long enough; 0 when it has, nil when it is not ready.
    func availableIn(_ minReadySeconds: Int, now: Double) -> Double? {
        guard isReady else { return nil }
        guard minReadySeconds > 0 else { return 0 }
        guard let since = machine.status.conditions[.ready].flatMap({ Timestamp.unixSeconds($0.lastTransitionTime) }) else {
            return nil
        }
        // At most so long, as a clock may have been set back.
        return (since + Double(minReadySeconds) - now).clamped(to: 0...Double(minReadySeconds))
    }

    // MARK: names

    static func name(_ set: String, _ ordinal: Int) -> String { "\(set)-\(ordinal)" }

    /// The number at the end of a name; nil for a name that no set gives.
    static func ordinal(_ name: String, of set: String) -> Int? {
        guard name.hasPrefix(set + "-") else { return nil }
        let digits = name.dropFirst(set.count + 1)
        guard let number = Int(digits), number >= 0, String(number) == digits else { return nil }
        return number
    }

    /// Which set looks after a machine: its controller, or the one that it may come to belong to by its name.
    static func set(of machine: VirtualMachine) -> ObjectName? {
        if let owner = machine.metadata.controller {
            guard owner.kind == VMSet.kind.kind, owner.apiVersion == VMSet.kind.apiVersion else { return nil }
            return ObjectName(machine.metadata.namespace, owner.name)
        }
        let name = machine.metadata.name
        guard let dash = name.lastIndex(of: "-"), ordinal(name, of: String(name[..<dash])) != nil else { return nil }
        return ObjectName(machine.metadata.namespace, String(name[..<dash]))
    }

    /// Whether a change of a machine is none to its set.
    static func isSame(_ old: VirtualMachine, _ new: VirtualMachine) -> Bool {
        old.metadata.uid == new.metadata.uid && old.metadata.generation == new.metadata.generation
            && old.metadata.labels == new.metadata.labels && old.metadata.ownerReferences == new.metadata.ownerReferences
            && isReady(old) == isReady(new) && old.status.message == new.status.message && old.status.phase == new.status.phase
            && old.status.conditions[.ready]?.lastTransitionTime
                == new.status.conditions[.ready]?.lastTransitionTime
    }
}
