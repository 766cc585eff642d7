import Database
import Primitives
import ProviderTasks

/// What can be done to machines.
extension World {
    /// Makes the machine, with those volumes that carry its mark.
    ///
    /// Errors: `numberTaken` and `nameTaken`, whoever has them: it is for the caller to look before.
    func define(_ plan: MachinePlan, lock: String, isComplete: Bool) throws(Failure) -> Machine {
        if let number = plan.number, try machine(number: number) != nil {
            throw refused(
                .numberTaken, "VM \(number) already exists: somebody took the number meanwhile; send the request again as a new one")
        }
        let hasName = try machine(named: plan.name) != nil
        let hasUUID = try machine(uuid: plan.uuid) != nil
        if hasName || hasUUID { throw refused(.nameTaken, "there is a machine \(plan.name) already; choose another name") }
        try connection.run(
            """
            INSERT INTO machines (uuid, number, name, power, cpu, memory, lock, mark, owner, tags, cards, complete)
            VALUES (?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?)
            """, plan.uuid, plan.number, plan.name, plan.cpu, plan.memoryMiB, lock, plan.mark, plan.owner, Self.json(plan.tags),
            Self.json(plan.cards.map { "\($0.macAddress)\t\($0.name)" }), isComplete)
        guard let made = try machine(uuid: plan.uuid) else { throw refused(.broken, "machine \(plan.name) was not made") }
        try connection.run("UPDATE volumes SET machine = ? WHERE mark = ? AND use <> 'image'", made.row, plan.mark)
        return made
    }

    /// The volume of a machine to be made; the name says whose it is, also when the machine is not there yet.
    func allocate(_ disk: MachinePlan.Disk, of plan: MachinePlan) throws(Failure) -> Volume {
        try allocate(
            "\(plan.mark)-\(disk.label).\(disk.format)", pool: plan.pool, format: disk.format, bytes: disk.sizeBytes, content: disk.content,
            backing: disk.backing, machine: nil, label: disk.label, use: .disk, mark: plan.mark)
    }

    func allocateSeed(of plan: MachinePlan) throws(Failure) -> Volume {
        try allocate(
            "\(plan.mark)-seed.iso", pool: plan.pool, format: "raw", bytes: 1 << 20, content: SHA256.hex(plan.name.utf8), backing: nil,
            machine: nil,
            label: "seed", use: .seed, mark: plan.mark)
    }

    func complete(_ machine: Int64) throws(Failure) {
        for volume in try volumes(of: machine) { try fill(volume.row, share: 1) }
        try connection.run("UPDATE machines SET complete = 1, lock = '' WHERE row = ?", machine)
    }

    /// A guest that starts writes to its first disk.
    func setPower(_ machine: Machine, isOn: Bool) throws(Failure) {
        guard machine.isOn != isOn else { return }
        if isOn { try boot(machine) }
        try connection.run("UPDATE machines SET power = ? WHERE row = ?", isOn, machine.row)
    }

    func boot(_ machine: Machine) throws(Failure) {
        try connection.run("UPDATE machines SET boots = boots + 1 WHERE row = ?", machine.row)
        let boots = try connection.number("SELECT boots FROM machines WHERE row = ?", machine.row)
        guard let disk = try volumes(of: machine.row).first(where: { $0.use == .disk }) else { return }
        try connection.run("UPDATE volumes SET content = ? WHERE row = ?", SHA256.hex("\(disk.content) boot \(boots)".utf8), disk.row)
    }

    func setLock(_ machine: Int64, _ lock: String) throws(Failure) {
        try connection.run("UPDATE machines SET lock = ? WHERE row = ?", lock, machine)
    }

    /// Removes the machine from the list; its volumes stay.
    func undefine(_ machine: Machine) throws(Failure) {
        guard !machine.isOn else { throw refused(.state, "machine \(machine.name) runs") }
        try connection.run("DELETE FROM machines WHERE row = ?", machine.row)
    }

    /// Removes the machine and its volumes, on or off.
    func destroy(_ machine: Machine) throws(Failure) {
        try refuseBases(of: machine.row)
        let disks = try volumes(of: machine.row)
        try connection.run("DELETE FROM machines WHERE row = ?", machine.row)
        for disk in disks { try removeVolume(disk.row) }
    }

    /// Everything that an operation has made.
    ///
    /// Errors: `locked`, while a task works on it.
    func destroyAll(mark: String) throws(Failure) {
        for machine in try machines() where machine.mark == mark {
            guard try runningTasks(on: machine.uuid).isEmpty else { throw refused(.locked, "machine \(machine.name) is busy with a task") }
            try destroy(machine)
        }
        for volume in try volumes(mark: mark) { try removeVolume(volume.row) }
        for snapshot in try snapshots() where snapshot.mark == mark { try removeSnapshot(snapshot) }
    }

    /// Errors: `state`, when a machine that runs would get less.
    func resize(_ machine: Machine, cpu: Int?, memoryMiB: Int?) throws(Failure) {
        let less = (cpu ?? machine.cpu) < machine.cpu || (memoryMiB ?? machine.memoryMiB) < machine.memoryMiB
        guard !machine.isOn || !less else {
            throw refused(
                .state, "machine \(machine.name) runs and cannot get less processors or memory; switch it off before (spec.powerState: Off)"
            )
        }
        try connection.run(
            "UPDATE machines SET cpu = ?, memory = ? WHERE row = ?", cpu ?? machine.cpu, memoryMiB ?? machine.memoryMiB, machine.row)
    }

    /// Makes a disk larger, or a new one. Errors: `state`, when it would be smaller; `full`.
    func grow(_ machine: Machine, _ label: String, bytes: Int64, mark: String) throws(Failure) {
        let disks = try volumes(of: machine.row)
        guard let disk = disks.first(where: { $0.label == label }) else {
            let made = try allocate(
                "\(mark)-\(label).qcow2", pool: disks.first?.pool ?? defaultPool, format: "qcow2", bytes: bytes,
                content: SHA256.hex("empty".utf8),
                backing: nil, machine: machine.row, label: label, use: .disk, mark: machine.mark)
            return try fill(made.row, share: 1)
        }
        guard bytes >= disk.capacityBytes else {
            throw refused(.state, "disk \(label) of \(machine.name) has \(disk.capacityBytes >> 30) GiB and cannot be made smaller")
        }
        if faults.poolFull, bytes > disk.capacityBytes { throw refused(.full, "pool \(disk.pool) has no room; remove something") }
        try connection.run("UPDATE volumes SET capacity = ?, written = ? WHERE row = ?", bytes, bytes, disk.row)
    }

    var defaultPool: String { settings.poolsGiB.keys.sorted().first ?? "default" }

    func setHardware(_ machine: Machine, _ version: Int) throws(Failure) {
        guard !machine.isOn else {
            throw refused(.state, "machine \(machine.name) runs; switch it off (spec.powerState: Off) before its hardware is made newer")
        }
        guard version >= machine.hardware else {
            throw refused(.state, "machine \(machine.name) has hardware \(machine.hardware), which is newer")
        }
        try connection.run("UPDATE machines SET hardware = ? WHERE row = ?", version, machine.row)
    }
}
