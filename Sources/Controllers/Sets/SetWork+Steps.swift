import ObjectStore
import Objects
import Primitives
import Reconciling

/// What is done with a set's machines: each step looks at what the one before has left.
///
/// A machine that fails is not replaced for it, as its disks may be somebody's: the set waits for it, and says so.
extension SetWork {
    private var isOrdered: Bool { self.set.spec.order == .orderedReady }

    // MARK: more of them

    /// Makes what is missing: in order one after the other, each when the one before is available.
    mutating func create(_ template: SetTemplate) async throws(ReconcileError) {
        if set.spec.strategy == .recreate, let old = wanted.last(where: { isToGo($0, template) }) {
            return hold("waits until all machines of the template before have gone, of which \(old.machine.metadata.name) is one")
        }
        for ordinal in ordinals {
            if let member = members[ordinal] {
                guard !isAvailable(member) else { continue }
                hold(for: member)
                if isOrdered { return }
                continue
            }
            let name = SetMember.name(set.metadata.name, ordinal)
            if let other = context.informers.machines.get(set.metadata.namespace, name) {
                hold(
                    "VirtualMachine \(name) is not this set's: \(other.metadata.controller.map { "\($0.kind) \($0.name) has it" } ?? "the selector does not choose it"); delete it, or give it labels that the selector chooses"
                )
                if isOrdered { return }
                continue
            }
            let revisions = revisions(template)
            let isBefore = set.spec.strategy == .rollingUpdate && ordinal < set.spec.partition
            let object = (isBefore ? revisions.current : revisions.update).machine(name, of: set)
            let machine = try await asking { () async throws(StoreError) in try await context.informers.machines.create(object) }
            members[ordinal] = SetMember(machine: machine, ordinal: ordinal)
            hold("\(name) is being made")
            if isOrdered { return }
        }
    }

    private func isToGo(_ member: SetMember, _ template: SetTemplate) -> Bool {
        member.isDeleting || member.revision != template.revision && !template.fits(member.machine)
    }

    // MARK: fewer of them

    /// Takes away what is too much: in order the highest first, each when the one before has gone.
    mutating func shrink() async throws(ReconcileError) {
        let extra = members.values.filter { !ordinals.contains($0.ordinal) }.sorted { $0.ordinal > $1.ordinal }
        if isOrdered, let going = extra.first(where: \.isDeleting) { return hold(for: going) }
        for member in extra where !member.isDeleting {
            try await remove(member)
            hold("\(member.machine.metadata.name) is to go")
            if isOrdered { return }
        }
    }

    // MARK: others of them

    mutating func update(_ template: SetTemplate) async throws(ReconcileError) {
        let old = wanted.filter { !$0.isDeleting && $0.revision != template.revision }
        switch set.spec.strategy {
        case .onDelete: return
        case .recreate: for member in old { try await follow(member, template) }
        case .rollingUpdate:
            let old = old.filter { $0.ordinal >= set.spec.partition }
            // Those that are away already cost nobody anything; by them a template that was wrong is put right.
            let (up, down) = (old.filter(isAvailable), old.filter { !isAvailable($0) })
            for member in down.reversed() + up.reversed() {
                guard mayFollow(member) else {
                    if let other = wanted.first(where: { !isAvailable($0) }) { hold(for: other) }
                    continue
                }
                try await follow(member, template)
            }
        }
    }

    /// Whether no more machines than allowed are away when this one is.
    ///
    /// One that is away itself may follow though others are not made yet, as these may wait for it.
    private func mayFollow(_ member: SetMember) -> Bool {
        let others = wanted.count { $0.ordinal != member.ordinal && !isAvailable($0) }
        let missing = isAvailable(member) ? ordinals.count - wanted.count : 0
        return others + missing < set.spec.maxUnavailable
    }

    /// Makes a machine like the template: as it is where that can be, and else by another one in its place.
    private mutating func follow(_ member: SetMember, _ template: SetTemplate) async throws(ReconcileError) {
        guard template.fits(member.machine) else {
            try await remove(member)
            return hold("\(member.machine.metadata.name) is being replaced")
        }
        let object = template.changed(member.machine)
        let machine = try await asking { () async throws(StoreError) in try await context.informers.machines.update(object) }
        members[member.ordinal] = SetMember(machine: machine, ordinal: member.ordinal)
        hold("\(member.machine.metadata.name) is being changed")
    }

    // MARK: how far it is

    mutating func sumUp(_ template: SetTemplate) {
        let (all, wanted) = (Array(members.values), wanted)
        let updated = wanted.count { !$0.isDeleting && $0.revision == template.revision }
        let available = wanted.count(where: isAvailable)
        let extra = all.count - wanted.count
        // All of the newest, and nobody to wait for: what was the newest is the one that there is.
        if updated == ordinals.count, available == ordinals.count {
            (status.currentTemplate, status.currentRevision) = (template.value, template.revision)
        }
        status.replicas = all.count
        status.readyReplicas = all.count(where: \.isReady)
        status.availableReplicas = all.count(where: isAvailable)
        status.updatedReplicas = updated
        status.currentReplicas = wanted.count { !$0.isDeleting && $0.revision == status.currentRevision }
        status.selector = set.spec.selector?.text
        if available == ordinals.count, extra == 0 {
            mark(.ready, .isTrue, "ReconcileSuccess", "all of its machines are available")
        } else {
            let failed = wanted.filter(\.hasFailed)
            let reason = wanted.count < ordinals.count ? "Creating" : extra > 0 ? "Deleting" : "Updating"
            let message = failed.isEmpty ? held : failed.prefix(3).map(\.problem).joined(separator: "; ")
            mark(
                .ready, .isFalse, failed.isEmpty ? reason : "MachineFailed",
                message ?? "\(available) of \(ordinals.count) machines are available")
            if let message, !failed.isEmpty { held = message }
        }
        if updated < ordinals.count, status.currentRevision != template.revision {
            mark(.reconfiguring, .isTrue, "Updating", "\(updated) of \(ordinals.count) machines are of the newest template")
        } else {
            unmark(.reconfiguring)
        }
        status.message = held
    }
}
