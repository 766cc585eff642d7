import ObjectStore
import Objects
import Primitives
import ProviderRPC
import Reconciling

/// How a clone begins, and how it comes to its object.
extension CloneWork {
    // MARK: before

    /// Begins the operation, when it is time and all is there.
    mutating func nextAttempt() async throws(ReconcileError) -> Step {
        if isDeleting { return .end(try await leave()) }
        if status.phase == .failed { return .end(.done) }
        if let at = status.nextRetryTime.flatMap(Timestamp.unixSeconds) {
            // A clock may have been set back.
            guard at <= now || at - now > 86_400 else { return .end(.after(seconds: at - now)) }
            status.nextRetryTime = nil
            status.lastRetryTime = Timestamp.preciseText(now)
            try await write()
        }
        if let refusal { return try await fail(refusal.reason, refusal.message, isFinal: true) }
        let found: (source: VirtualMachine, connection: ProviderConnection, parameters: CloneParameters)
        switch parts() {
        case .waits(let what, let isTold): return try await wait(for: what, isTold: isTold)
        case .refused(let refusal): return try await fail(refusal.reason, refusal.message, isFinal: true)
        case .ready(let source, let connection, let parameters): found = (source, connection, parameters)
        }
        if let other = try await target(), !CloneTarget.isOurs(other, clone) {
            return try await fail("NameTaken", "VirtualMachine \(other.name) is there already, and nothing was cloned", isFinal: true)
        }
        _ = try await begin(
            .clone, found.parameters.parameters, digest: found.parameters.digest, isLinked: clone.spec.options.type == .linked,
            at: found.source.providerName, type: found.connection.link.type)
        return .next
    }

    /// What no provider does, whatever it says.
    private var refusal: Refusal? {
        let (spec, said) = (clone.spec, clone.object.spec)
        if let problem = clone.problems.first { return Refusal(reason: "ValidationError", message: "\(problem)") }
        if spec.sourceVM == nil {
            return Refusal(
                reason: "UnsupportedSource",
                message: "spec.source.\(spec.sourceName ?? "vmRef"): providers clone machines as they are now; name one by vmRef")
        }
        if spec.options.type == .instant {
            return Refusal(
                reason: "UnsupportedType", message: "spec.options.type: no provider makes an InstantClone; say LinkedClone or FullClone")
        }
        let others = ["sysprep", "guestCommands", "certificates"].filter { name in
            guard let value = said["customization"]?[name] else { return false }
            return name == "sysprep" ? value["enabled"]?.flag == true : value.list?.isEmpty == false
        }
        if let name = others.first ?? (spec.customization?.userData?.ignition == nil ? nil : "userData.ignition") {
            return Refusal(
                reason: "UnsupportedCustomization", message: "spec.customization.\(name): no provider does it; use userData.cloudInit")
        }
        return nil
    }

    private enum Parts {
        case ready(VirtualMachine, ProviderConnection, CloneParameters)
        /// - isTold: whether it will be told of it.
        case waits(String, isTold: Bool)
        case refused(Refusal)
    }

    private func parts() -> Parts {
        let (spec, namespace) = (clone.spec, clone.metadata.namespace)
        let name = spec.sourceVM?.fullName(in: namespace) ?? ""
        guard let source, !source.metadata.isDeleting else { return .waits("VirtualMachine \(name) is not there", isTold: true) }
        if let said = spec.target.providerRef?.fullName(in: namespace), said != source.providerName {
            return .refused(
                Refusal(
                    reason: "OtherProvider",
                    message:
                        "spec.target.providerRef: is \(said), and VirtualMachine \(name) is on \(source.providerName), where its clone will be too"
                ))
        }
        if let refusal = checkCards(source) { return .refused(refusal) }
        guard source.status.id != nil else { return .waits("VirtualMachine \(name) is not made yet", isTold: true) }
        guard let connection = context.links[source.providerName], let capabilities = connection.capabilities else {
            return .waits("Provider \(source.providerName) is not there, or not ready to be asked", isTold: true)
        }
        if spec.options.type == .linked, !capabilities.supportsLinkedClones {
            return .refused(
                Refusal(
                    reason: "UnsupportedType",
                    message: "spec.options.type: provider \(source.providerName) makes no linked clones; say FullClone"))
        }
        var vmClass: VMClass?
        if let reference = spec.target.classRef {
            vmClass = context.informers.classes.get(reference.objectName(in: namespace))
            guard vmClass != nil else { return .waits("VMClass \(reference.fullName(in: namespace)) is not there", isTold: false) }
        }
        var value = CloneParameters.make(clone, of: source, vmClass: vmClass) { reference, member in
            context.informers.member(of: reference, in: namespace, usually: member)
        }
        // Written down too, as the source may be gone when its clone is there.
        value.set("target", CloneTarget.object(clone, of: source).value)
        if CloneTarget.hasOtherDisks(clone, source) { value.set("hasOtherDisks", true) }
        guard let parameters = parameters(value) else {
            return .waits("the Secret that spec.customization.userData names is not there, or has no such member", isTold: false)
        }
        return .ready(source, connection, parameters)
    }

    /// A clone has the cards of its source; what its guest is told of them may differ.
    private func checkCards(_ source: VirtualMachine) -> Refusal? {
        guard let cards = clone.spec.target.networks else { return nil }
        func plugs(_ cards: [VirtualMachine.Network], _ namespace: String) -> [String] {
            cards.map { $0.networkRef?.fullName(in: namespace) ?? "" }
        }
        guard plugs(cards, clone.metadata.namespace) == plugs(source.spec.networks, source.metadata.namespace) else {
            return Refusal(
                reason: "OtherNetworks",
                message:
                    "spec.target.networks: a clone has the cards of its source, on the same networks and in their order; what can differ is ipAddress, prefix, gateway and dns"
            )
        }
        guard cards.allSatisfy({ $0.macAddress == nil }) else {
            return Refusal(
                reason: "OtherNetworks", message: "spec.target.networks: a clone's cards get macAddresses of their own; leave them out")
        }
        return nil
    }

    private mutating func wait(for what: String, isTold: Bool) async throws(ReconcileError) -> Step {
        let left = secondsLeft
        guard left > 0 else { return try await fail("Timeout", what) }
        status.phase = .pending
        status.message = what
        mark(.ready, .isFalse, "WaitingForDependencies", what)
        try await write()
        return .end(.after(seconds: min(isTold ? Waiting.toldSeconds : 5, left)))
    }

    /// The VirtualMachine of the target's name, as the store has it.
    private func target() async throws(ReconcileError) -> VirtualMachine? {
        let name = clone.targetName
        do throws(StoreError) {
            return VirtualMachine(try await journal.store.get(ObjectKey(.virtualMachine, name.namespace, name.name)))
        } catch {
            guard error.reason == .notFound else { throw ReconcileError(error) }
            return nil
        }
    }

    // MARK: after

    /// The machine is on the hypervisor: its object is made, and then told which machine it is.
    mutating func finish(_ id: String) async throws(ReconcileError) -> Step {
        if status.targetID != id || status.phase != .customizing {
            (status.targetID, status.phase, status.taskRef) = (id, .customizing, nil)
            status.actualCloneType = clone.spec.options.type == .linked ? .linked : .full
            status.message = nil
            status.lastOperation = journal.past(uid, .clone)?.name ?? status.lastOperation
            mark(.ready, .isFalse, "Creating", "VirtualMachine \(clone.targetName) is being made")
            try await write()
        }
        let plan = try await plan()
        var machine: VirtualMachine
        if let there = try await target() {
            guard CloneTarget.isOurs(there, clone) else { return try await stolen(there) }
            machine = there
        } else {
            guard let object = plan?.object else {
                let message = "nobody knows any more what \(id) was to be, as its source and its operation are gone; it is taken away"
                return try await fail("SourceGone", message, operation: journal.past(uid, .clone)?.name, isFinal: true)
            }
            machine = try await asking { () async throws(StoreError) in try await context.informers.machines.create(object) }
        }
        if machine.status.id == nil {
            var written = machine.status
            written.id = id
            // Another sum than any: what is wanted beside the source's disks is applied then.
            if plan?.hasOtherDisks == true { written.applied = "clone" }
            var object = machine.object
            object.status = written.value
            machine = try await asking { () async throws(StoreError) in try await context.informers.machines.update(object, .status) }
        }
        status.targetRef = ObjectReference(machine.metadata.name, namespace: machine.metadata.namespace)
        status.phase = .poweringOn
        try await write()
        return .next
    }

    private struct Plan {
        let object: APIObject
        let hasOtherDisks: Bool
    }

    /// The object as it was written down when the clone was begun; as the source has it now when that is not kept any more.
    private func plan() async throws(ReconcileError) -> Plan? {
        if let name = journal.past(uid, .clone)?.name ?? status.lastOperation {
            do throws(StoreError) {
                let operation = try await journal.store.get(ObjectKey(.vmOperation, clone.metadata.namespace, name))
                let parameters = operation.spec["parameters"]
                var problems: [FieldProblem] = []
                if let value = parameters?["target"] {
                    let object = APIObject(.virtualMachine, value, &problems)
                    return Plan(object: object, hasOtherDisks: parameters?["hasOtherDisks"]?.flag ?? false)
                }
            } catch {
                guard error.reason == .notFound else { throw ReconcileError(error) }
            }
        }
        return source.map { Plan(object: CloneTarget.object(clone, of: $0), hasOtherDisks: CloneTarget.hasOtherDisks(clone, $0)) }
    }

    /// The name was free when the clone was begun. What was made has no object, and never had one.
    private mutating func stolen(_ other: VirtualMachine) async throws(ReconcileError) -> Step {
        let message = "VirtualMachine \(other.name) was made by somebody else meanwhile; what was cloned is taken away"
        status.targetID = nil
        return try await fail("NameTaken", message, operation: journal.past(uid, .clone)?.name, isFinal: true)
    }

    /// Waits until the machine is as it is to be; it is another controller that sees to it.
    mutating func attend() async throws(ReconcileError) -> Step {
        if isDeleting { return .end(try await leave()) }
        if status.phase == .ready || status.phase == .failed { return .end(.done) }
        guard let machine = try await target(), CloneTarget.isOurs(machine, clone) else {
            _ = try await fail("MachineGone", "VirtualMachine \(clone.targetName) was deleted before it ran", isFinal: true)
            return .end(.done)
        }
        if clone.spec.options.powersOn, !(SetMember.isReady(machine) && machine.status.powerState == "On") {
            mark(.ready, .isFalse, "PoweringOn", machine.status.message ?? "")
            try await write()
            return .end(.after(seconds: 30))
        }
        status.phase = .ready
        status.completionTime = Timestamp.text(now)
        status.message = nil
        mark(.ready, .isTrue, "ReconcileSuccess", "was made, and is as wanted")
        try await write()
        return .end(.done)
    }
}
