import Primitives
import ProviderTasks
import RPC

/// The hypervisor does small things at once, and what lasts is done here, a piece at a time: it stops where this process stops.
struct LocalManner: Manner {
    let hypervisor: SimulatedHypervisor
    /// In how many pieces what lasts is done.
    private static let pieces = 5

    func perform(_ named: NamedOrder, _ operation: OperationContext) async throws(RPCError) {
        let order = named.order
        switch order {
        case .make(let plan, _): try await make(plan, order, operation)
        case .delete(let uuid): try await delete(uuid, order, operation)
        case .power(let uuid, let change, let timeoutSeconds): try await power(uuid, change, timeoutSeconds, named, operation)
        case .reconfigure(let uuid, let changes): try await reconfigure(uuid, changes, order, operation)
        case .snapshot(let uuid, let plan):
            try await step("keep", operation, "snapshot") { (world) throws(Failure) in
                let machine = try world.free(uuid)
                if let there = try world.snapshot(of: machine.row, plan.reference), there.mark == plan.mark { return }
                _ = try world.beginSnapshot(machine, plan)
            }
            try await last("copy", order, operation)
            try await step("finish", operation, "finish") { (world) throws(Failure) in
                guard let machine = try world.machine(uuid: uuid), let snapshot = try world.snapshot(of: machine.row, plan.reference) else {
                    throw world.refused(.missing, "the snapshot is gone")
                }
                try world.completeSnapshot(snapshot)
            }
        case .removeSnapshot(let uuid, let reference):
            try await last("merge", order, operation)
            try await step("remove", operation, "snapshot-delete") { (world) throws(Failure) in
                guard let machine = try world.machine(uuid: uuid), let snapshot = try world.snapshot(of: machine.row, reference) else {
                    return
                }
                try world.removeSnapshot(snapshot)
            }
        case .revert(let uuid, let reference):
            try await last("stop", order, operation)
            try await step("revert", operation, "revert") { (world) throws(Failure) in
                let machine = try world.free(uuid)
                guard let snapshot = try world.snapshot(of: machine.row, reference) else {
                    throw world.refused(.missing, "machine \(machine.name) has no snapshot \(reference)")
                }
                try world.revert(snapshot)
            }
        case .image(let plan):
            try await step("volume", operation, "image") { (world) throws(Failure) in
                if let there = try world.volume(plan.pool, plan.volume), there.mark == plan.mark { return }
                _ = try world.beginImage(plan)
            }
            try await last("download", order, operation)
            try await step("verify", operation, "finish") { (world) throws(Failure) in
                guard let volume = try world.volume(plan.pool, plan.volume) else { throw world.refused(.missing, "the image is gone") }
                try world.completeImage(volume, checksum: plan.checksum)
            }
        }
    }

    private func make(_ plan: MachinePlan, _ order: Order, _ operation: OperationContext) async throws(RPCError) {
        for disk in plan.disks {
            try await step("volume \(disk.label)", operation, "volume") { (world) throws(Failure) in
                // Made before, by a process that died before it noted that.
                if try world.volumes(mark: plan.mark).contains(where: { $0.label == disk.label }) { return }
                _ = try world.allocate(disk, of: plan)
            }
        }
        if plan.hasSeed {
            try await step("seed", operation, "volume") { (world) throws(Failure) in
                if try world.volumes(mark: plan.mark).contains(where: { $0.use == .seed }) { return }
                _ = try world.allocateSeed(of: plan)
            }
        }
        try await last("copy", order, operation) { (world, share) throws(Failure) in
            for volume in try world.volumes(mark: plan.mark) { try world.fill(volume.row, share: share) }
        }
        try await step("define", operation, "define") { (world) throws(Failure) in
            if let there = try world.machine(uuid: plan.uuid), there.mark == plan.mark { return }
            _ = try world.define(plan, lock: "", isComplete: true)
        }
    }

    private func delete(_ uuid: String, _ order: Order, _ operation: OperationContext) async throws(RPCError) {
        try await last("prepare", order, operation) { (world, _) throws(Failure) in
            if let machine = try world.machine(uuid: uuid) { try world.refuseBases(of: machine.row) }
        }
        try await step("off", operation, "power") { (world) throws(Failure) in
            if let machine = try world.machine(uuid: uuid) { try world.setPower(machine, isOn: false) }
        }
        // Once the machine is gone nothing says which volumes were its own.
        if operation.note("volumes") == nil {
            let rows = try await hypervisor.call("look", changes: false) { (world) throws(Failure) in
                guard let machine = try world.machine(uuid: uuid) else { return [Int64]() }
                return try world.volumes(of: machine.row).map(\.row)
            }
            try await operation.note("volumes", rows.map(String.init).joined(separator: " "))
        }
        try await step("undefine", operation, "undefine") { (world) throws(Failure) in
            if let machine = try world.machine(uuid: uuid) { try world.undefine(machine) }
        }
        for row in operation.note("volumes")?.split(separator: " ").compactMap({ Int64($0) }) ?? [] {
            try await step("volume \(row)", operation, "volume") { (world) throws(Failure) in try world.removeVolume(row) }
        }
    }

    private func power(
        _ uuid: String, _ change: Order.PowerChange, _ timeoutSeconds: Double, _ named: NamedOrder, _ operation: OperationContext
    ) async throws(RPCError) {
        if change == .shutdown {
            let isDeaf = try await hypervisor.call("shutdown") { (world) throws(Failure) in
                _ = try world.free(uuid)
                return world.faults.deafGuests
            }
            if isDeaf {
                try await operation.sleep(seconds: timeoutSeconds)
                throw RPCError(
                    .failedPrecondition,
                    "the guest of \(operation.target) did not shut down within \(Int(timeoutSeconds)) s; switch the machine off instead")
            }
        }
        try await last("\(named.name) wait", named.order, operation)
        try await step(named.name, operation, "power") { (world) throws(Failure) in
            let machine = try world.free(uuid)
            if change == .reboot { try world.boot(machine) } else { try world.setPower(machine, isOn: change == .start) }
        }
    }

    private func reconfigure(_ uuid: String, _ changes: Order.Changes, _ order: Order, _ operation: OperationContext) async throws(RPCError)
    {
        try await last("prepare", order, operation)
        try await step("resize", operation, "resize") { (world) throws(Failure) in
            let machine = try world.free(uuid)
            if let version = changes.hardware { try world.setHardware(machine, version) }
            try world.resize(machine, cpu: changes.cpu, memoryMiB: changes.memoryMiB)
        }
        for disk in changes.disks {
            let (label, bytes) = disk
            try await step("disk \(label)", operation, "volume") { (world) throws(Failure) in
                try world.grow(try world.free(uuid), label, bytes: bytes, mark: changes.mark)
            }
        }
    }

    func takeBack(_ operation: OperationContext) async throws(RPCError) {
        let mark = operation.id
        // As libvirt has no call for it: the machine first, then each volume.
        try await hypervisor.call("undefine") { (world) throws(Failure) in
            for machine in try world.machines() where machine.mark == mark {
                try world.setPower(machine, isOn: false)
                guard let off = try world.machine(uuid: machine.uuid) else { continue }
                try world.undefine(off)
            }
        }
        try await hypervisor.call("clean") { (world) throws(Failure) in try world.destroyAll(mark: mark) }
    }

    // MARK: pieces

    private func step(
        _ name: String, _ operation: OperationContext, _ call: String, _ body: @escaping @Sendable (World) throws(Failure) -> Void
    ) async throws(RPCError) {
        try await operation.step(name) { () throws(RPCError) in try await hypervisor.call(call, body) }
    }

    /// What lasts: a piece after the other, so that it can be cancelled, and fails where it is told to.
    private func last(
        _ name: String, _ order: Order, _ operation: OperationContext,
        _ body: @escaping @Sendable (World, Double) throws(Failure) -> Void = { _, _ in }
    ) async throws(RPCError) {
        try await operation.step(name) { () throws(RPCError) in
            for piece in 1...Self.pieces {
                let share = Double(piece) / Double(Self.pieces)
                let seconds = try await hypervisor.call("work") { (world) throws(Failure) in
                    if let end = world.faults.end(of: order.kind), share >= end {
                        throw world.refused(.broken, "\(order.kind) failed at \(Int(end * 100)) %: the storage gave an error")
                    }
                    try body(world, share)
                    return world.workSeconds * order.share / Double(Self.pieces)
                }
                await operation.report(share * 0.95)
                try await operation.sleep(seconds: seconds)
            }
        }
    }
}
