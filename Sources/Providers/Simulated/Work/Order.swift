import Primitives

/// Something that the hypervisor shall do and that lasts.
enum Order: Sendable {
    enum PowerChange: String, Sendable { case start, stop, reboot, shutdown }

    struct Changes: Sendable {
        var cpu: Int?
        var memoryMiB: Int?
        var hardware: Int?
        var disks: [(label: String, bytes: Int64)] = []
        var mark = ""
    }

    case make(MachinePlan, isClone: Bool)
    case delete(uuid: String)
    case power(uuid: String, PowerChange, timeoutSeconds: Double)
    case reconfigure(uuid: String, Changes)
    case snapshot(uuid: String, World.SnapshotPlan)
    case removeSnapshot(uuid: String, reference: String)
    case revert(uuid: String, reference: String)
    case image(World.ImagePlan)

    /// As `Faults.failingKinds` calls it, and tasks of the hypervisor.
    var kind: String {
        switch self {
        case .make(_, let isClone): isClone ? "clone" : "create"
        case .delete: "delete"
        case .power: "power"
        case .reconfigure: "reconfigure"
        case .snapshot: "snapshot"
        case .removeSnapshot: "snapshot-delete"
        case .revert: "revert"
        case .image: "image"
        }
    }

    /// What a task of it is listed under.
    var subject: String {
        switch self {
        case .make(let plan, _): plan.uuid
        case .delete(let uuid), .power(let uuid, _, _), .reconfigure(let uuid, _), .snapshot(let uuid, _), .removeSnapshot(let uuid, _),
            .revert(let uuid, _):
            uuid
        case .image(let plan): "\(plan.pool)/\(plan.volume)"
        }
    }

    /// How long it takes, as a share of what work takes.
    var share: Double {
        switch self {
        case .make, .image, .snapshot: 1
        case .power, .reconfigure, .removeSnapshot: 0.25
        case .delete, .revert: 0.5
        }
    }
}

/// An order of an operation that has several, with a name that tells them apart.
struct NamedOrder: Sendable {
    let name: String
    let order: Order
}

extension World {
    /// Whether what the order asks for is so; false where nobody could tell.
    func isDone(_ order: Order) throws(Failure) -> Bool {
        switch order {
        case .make(let plan, _): return try machine(uuid: plan.uuid).map { $0.isComplete && $0.mark == plan.mark } ?? false
        case .delete(let uuid): return try machine(uuid: uuid) == nil
        case .power(let uuid, let change, _):
            guard let machine = try machine(uuid: uuid), change != .reboot else { return false }
            return machine.isOn == (change == .start) && machine.lock.isEmpty
        case .reconfigure(let uuid, let changes):
            guard let machine = try machine(uuid: uuid), machine.lock.isEmpty else { return false }
            let disks = try volumes(of: machine.row)
            return (changes.cpu ?? machine.cpu) == machine.cpu && (changes.memoryMiB ?? machine.memoryMiB) == machine.memoryMiB
                && (changes.hardware ?? machine.hardware) == machine.hardware
                && changes.disks.allSatisfy { wanted in disks.contains { $0.label == wanted.label && $0.capacityBytes == wanted.bytes } }
        case .snapshot(let uuid, let plan):
            guard let machine = try machine(uuid: uuid) else { return false }
            return try snapshot(of: machine.row, plan.reference).map { $0.isComplete && $0.mark == plan.mark } ?? false
        case .removeSnapshot(let uuid, let reference):
            guard let machine = try machine(uuid: uuid) else { return true }
            return try snapshot(of: machine.row, reference) == nil
        case .revert: return false
        case .image(let plan): return try volume(plan.pool, plan.volume).map { $0.isComplete && $0.mark == plan.mark } ?? false
        }
    }

    /// The machine that an order is for. Errors: `missing`; `locked`, when somebody works on it.
    func free(_ uuid: String) throws(Failure) -> Machine {
        guard let machine = try machine(uuid: uuid) else { throw refused(.missing, "there is no machine \(uuid)") }
        guard machine.lock.isEmpty else {
            throw refused(
                .locked,
                settings.kind == .upid
                    ? "can't lock file '/var/lock/qemu-server/lock-\(machine.number ?? 0).conf' - got timeout (VM is locked (\(machine.lock)))"
                    : "machine \(machine.name) is busy with another task (\(machine.lock))")
        }
        return machine
    }

    /// Begins a task of the hypervisor's own for the order; its id.
    func begin(_ order: Order, mark: String) throws(Failure) -> String {
        var task = TaskOrder(kind: order.kind, subject: order.subject, share: order.share)
        switch order {
        case .make(let plan, _):
            for disk in plan.disks { _ = try allocate(disk, of: plan) }
            if plan.hasSeed { _ = try allocateSeed(of: plan) }
            _ = try define(plan, lock: order.kind, isComplete: false)
        case .delete(let uuid):
            let machine = try free(uuid)
            try refuseBases(of: machine.row)
            guard settings.kind != .moref || !machine.isOn else {
                throw refused(.state, "machine \(machine.name) runs; switch it off before (spec.powerState: Off)")
            }
            try setLock(machine.row, order.kind)
        case .power(let uuid, let change, let timeoutSeconds):
            try setLock(try free(uuid).row, order.kind)
            task.arguments = [change.rawValue]
            if change == .shutdown, faults.deafGuests { task.share = timeoutSeconds / max(0.001, workSeconds) }
        case .reconfigure(let uuid, let changes):
            try setLock(try free(uuid).row, order.kind)
            task.arguments =
                [
                    changes.cpu.map(String.init) ?? "", changes.memoryMiB.map(String.init) ?? "", changes.hardware.map(String.init) ?? "",
                    changes.mark,
                ]
                + changes.disks.flatMap { [$0.label, String($0.bytes)] }
        case .snapshot(let uuid, let plan):
            let machine = try free(uuid)
            _ = try beginSnapshot(machine, plan)
            try setLock(machine.row, order.kind)
            task.arguments = [plan.reference]
        case .removeSnapshot(let uuid, let reference), .revert(let uuid, let reference):
            let machine = try free(uuid)
            guard try snapshot(of: machine.row, reference) != nil else {
                throw refused(.missing, "machine \(machine.name) has no snapshot \(reference)")
            }
            if case .revert = order { try refuseBases(of: machine.row) }
            try setLock(machine.row, order.kind)
            task.arguments = [reference]
        case .image(let plan):
            _ = try beginImage(plan)
            task.arguments = [plan.checksum]
        }
        return try start(task, mark: mark)
    }
}
