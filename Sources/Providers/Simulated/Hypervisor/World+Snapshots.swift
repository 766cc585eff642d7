import Database
import Primitives

/// What can be done to snapshots: a tree, of which a machine stands on one.
extension World {
    struct SnapshotPlan: Sendable {
        let reference: String
        let name: String
        let text: String
        let hasMemory: Bool
        let mark: String
    }

    /// Errors: `nameTaken`, `state` for memory of a machine that has none now.
    func beginSnapshot(_ machine: Machine, _ plan: SnapshotPlan) throws(Failure) -> Snapshot {
        guard try snapshot(of: machine.row, plan.reference) == nil else {
            throw refused(.nameTaken, "machine \(machine.name) has a snapshot \(plan.reference) already")
        }
        guard !plan.hasMemory || machine.isOn else {
            throw refused(.state, "machine \(machine.name) is off and has nothing in memory; take the snapshot without, or switch it on")
        }
        try connection.run(
            """
            INSERT INTO snapshots (machine, reference, name, description, parent, memory, cpu, memory_mib, power, mark, complete)
            SELECT row, ?, ?, ?, snapshot, ?, cpu, memory, power, ?, 0 FROM machines WHERE row = ?
            """, plan.reference, plan.name, plan.text, plan.hasMemory, plan.mark, machine.row)
        guard let made = try snapshot(of: machine.row, plan.reference) else { throw refused(.broken, "the snapshot was not made") }
        for volume in try volumes(of: machine.row) where volume.use == .disk {
            try connection.run("INSERT INTO kept (snapshot, volume, content) VALUES (?, ?, ?)", made.row, volume.row, volume.content)
        }
        return made
    }

    func completeSnapshot(_ snapshot: Snapshot) throws(Failure) {
        try connection.run("UPDATE snapshots SET complete = 1 WHERE row = ?", snapshot.row)
        try connection.run("UPDATE machines SET snapshot = ?, lock = '' WHERE row = ?", snapshot.row, snapshot.machine)
    }

    /// Those after it stand on the one before it then.
    func removeSnapshot(_ snapshot: Snapshot) throws(Failure) {
        try connection.run("UPDATE snapshots SET parent = ? WHERE parent = ?", snapshot.parent, snapshot.row)
        try connection.run(
            "UPDATE machines SET snapshot = ? WHERE row = ? AND snapshot = ?", snapshot.parent, snapshot.machine, snapshot.row)
        try connection.run("DELETE FROM snapshots WHERE row = ?", snapshot.row)
    }

    /// Errors: `state`, when linked clones stand on the machine's disks.
    func revert(_ snapshot: Snapshot) throws(Failure) {
        try refuseBases(of: snapshot.machine)
        try connection.run(
            """
            UPDATE volumes SET content = (SELECT k.content FROM kept k WHERE k.snapshot = ? AND k.volume = volumes.row)
            WHERE row IN (SELECT volume FROM kept WHERE snapshot = ?)
            """, snapshot.row, snapshot.row)
        try connection.run(
            """
            UPDATE machines SET snapshot = s.row, cpu = s.cpu, memory = s.memory_mib, power = s.memory AND s.power, lock = ''
            FROM snapshots s WHERE s.row = ? AND machines.row = s.machine
            """, snapshot.row)
    }
}

extension World {
    /// What the disk held at the snapshot; nil when it was not there then.
    func content(of volume: Volume, at snapshot: Snapshot) throws(Failure) -> String? {
        try connection.row("SELECT content FROM kept WHERE snapshot = ? AND volume = ?", snapshot.row, volume.row) { $0.text(0) ?? "" }
    }
}
