import Database
import JSON
import Primitives

/// The hypervisor's records at one moment, within a transaction.
struct World {
    let connection: DatabaseConnection
    let settings: SimulatedSettings
    let faults: Faults
    /// Unix seconds.
    let now: Double

    func refused(_ reason: HypervisorError.Reason, _ text: String) -> Failure { HypervisorError(reason: reason, text: text).failure }

    /// How long work takes now, in seconds.
    var workSeconds: Double { settings.taskSeconds * max(0, faults.slowness) }

    /// Whether the answer of that call is one of those that are lost.
    func losesAnswer(of call: String) throws(Failure) -> Bool {
        guard let limit = faults.losesAnswers[call], limit > 0 else { return false }
        guard try connection.number("SELECT count FROM lost WHERE call = ?", call) < limit else { return false }
        try connection.run("INSERT INTO lost (call, count) VALUES (?, 1) ON CONFLICT (call) DO UPDATE SET count = count + 1", call)
        return true
    }

    // MARK: machines

    private static let machineColumns = "row, uuid, number, name, power, cpu, memory, hardware, lock, mark, owner, tags, cards, complete"

    func machines() throws(Failure) -> [Machine] {
        try connection.rows("SELECT \(Self.machineColumns) FROM machines ORDER BY row", as: Self.machine)
    }

    func machine(uuid: String) throws(Failure) -> Machine? {
        try connection.row("SELECT \(Self.machineColumns) FROM machines WHERE uuid = ?", uuid, as: Self.machine)
    }

    func machine(number: Int) throws(Failure) -> Machine? {
        try connection.row("SELECT \(Self.machineColumns) FROM machines WHERE number = ?", number, as: Self.machine)
    }

    func machine(named name: String) throws(Failure) -> Machine? {
        try connection.row("SELECT \(Self.machineColumns) FROM machines WHERE name = ?", name, as: Self.machine)
    }

    /// By what clients call it: its number where there are numbers, else its uuid.
    func machine(id: String) throws(Failure) -> Machine? {
        guard settings.kind == .upid else { return try machine(uuid: id) }
        guard let number = Int(id) else { return nil }
        return try machine(number: number)
    }

    /// One that is all there. Errors: that it is not.
    func known(_ id: String) throws(Failure) -> Machine {
        guard let machine = try machine(id: id), machine.isComplete else { throw refused(.missing, "there is no machine \(id)") }
        return machine
    }

    private static func machine(_ row: DatabaseRow) -> Machine {
        Machine(
            row: row.integer(0) ?? 0, uuid: row.text(1) ?? "", number: row.integer(2).map { Int($0) }, name: row.text(3) ?? "",
            isOn: row.flag(4),
            cpu: Int(row.integer(5) ?? 0), memoryMiB: Int(row.integer(6) ?? 0), hardware: Int(row.integer(7) ?? 0), lock: row.text(8) ?? "",
            mark: row.text(9) ?? "", owner: row.text(10) ?? "", tags: lines(row.text(11)),
            networks: lines(row.text(12)).map { line in
                let parts = line.split(separator: "\t", maxSplits: 1, omittingEmptySubsequences: false)
                return Machine.Card(name: String(parts.last ?? ""), macAddress: String(parts.first ?? ""))
            }, isComplete: row.flag(13))
    }

    // MARK: volumes

    private static let volumeColumns = "row, name, pool, format, capacity, written, backing, machine, label, use, content, mark, complete"

    func volumes() throws(Failure) -> [Volume] {
        try connection.rows("SELECT \(Self.volumeColumns) FROM volumes ORDER BY row", as: Self.volume)
    }

    func volumes(of machine: Int64) throws(Failure) -> [Volume] {
        try connection.rows("SELECT \(Self.volumeColumns) FROM volumes WHERE machine = ? ORDER BY row", machine, as: Self.volume)
    }

    func volumes(mark: String) throws(Failure) -> [Volume] {
        try connection.rows("SELECT \(Self.volumeColumns) FROM volumes WHERE mark = ? ORDER BY row", mark, as: Self.volume)
    }

    func volume(_ pool: String, _ name: String) throws(Failure) -> Volume? {
        try connection.row("SELECT \(Self.volumeColumns) FROM volumes WHERE pool = ? AND name = ?", pool, name, as: Self.volume)
    }

    func volume(row: Int64) throws(Failure) -> Volume? {
        try connection.row("SELECT \(Self.volumeColumns) FROM volumes WHERE row = ?", row, as: Self.volume)
    }

    private static func volume(_ row: DatabaseRow) -> Volume {
        Volume(
            row: row.integer(0) ?? 0, name: row.text(1) ?? "", pool: row.text(2) ?? "", format: row.text(3) ?? "",
            capacityBytes: row.integer(4) ?? 0,
            writtenBytes: row.integer(5) ?? 0, backing: row.integer(6), machine: row.integer(7), label: row.text(8) ?? "",
            use: row.text(9).flatMap(Volume.Use.init) ?? .disk, content: row.text(10) ?? "", mark: row.text(11) ?? "",
            isComplete: row.flag(12))
    }

    /// Takes room in a pool. Errors: `full`, `missing`, and a name that a volume has, whoever made it.
    func allocate(
        _ name: String, pool: String, format: String, bytes: Int64, content: String, backing: Int64?, machine: Int64?, label: String,
        use: Volume.Use,
        mark: String
    ) throws(Failure) -> Volume {
        guard try volume(pool, name) == nil else { throw refused(.nameTaken, "pool \(pool) has a volume \(name) already") }
        try checkRoom(pool, bytes: backing == nil ? bytes : 0)
        try connection.run(
            """
            INSERT INTO volumes (name, pool, format, capacity, written, backing, machine, label, use, content, mark, complete)
            VALUES (?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, 0)
            """, name, pool, format, bytes, backing, machine, label, use.rawValue, content, mark)
        guard let made = try volume(pool, name) else { throw refused(.broken, "volume \(name) was not made") }
        return made
    }

    /// Errors: `missing` for a pool that is not there, `full`.
    func checkRoom(_ pool: String, bytes: Int64) throws(Failure) {
        guard let capacity = try connection.row("SELECT capacity FROM pools WHERE name = ?", pool, as: { $0.integer(0) ?? 0 }) else {
            throw refused(
                .missing, "there is no pool \(pool); those that there are: \(settings.poolsGiB.keys.sorted().joined(separator: ", "))")
        }
        let taken = try connection.number("SELECT coalesce(sum(capacity), 0) FROM volumes WHERE pool = ? AND backing IS NULL", pool)
        guard !faults.poolFull, Double(taken) + Double(bytes) <= Double(capacity) else {
            throw refused(
                .full,
                "pool \(pool) has no room for \(bytes >> 30) GiB (\(taken >> 30) of \(capacity >> 30) GiB are taken); remove something or choose another"
            )
        }
    }

    func fill(_ row: Int64, share: Double) throws(Failure) {
        try connection.run(
            "UPDATE volumes SET written = max(written, CAST(capacity * ? AS INTEGER)), complete = max(complete, ?) WHERE row = ?",
            share.clamped(to: 0...1), share >= 1, row)
    }

    /// Errors: `state`, when others stand on it.
    func removeVolume(_ row: Int64) throws(Failure) {
        try refuseBase(row)
        try connection.run("DELETE FROM volumes WHERE row = ?", row)
    }

    private func refuseBase(_ row: Int64) throws(Failure) {
        let above = try connection.row(
            "SELECT v.name, m.name FROM volumes v LEFT JOIN machines m ON m.row = v.machine WHERE v.backing = ?", row
        ) { $0.text(1) ?? $0.text(0) ?? "" }
        if let above { throw refused(.state, "disks of \(above) stand on it, as a linked clone; remove those first") }
    }

    /// Errors: `state`, when linked clones stand on its disks.
    func refuseBases(of machine: Int64) throws(Failure) {
        for volume in try volumes(of: machine) { try refuseBase(volume.row) }
    }

    // MARK: snapshots

    private static let snapshotColumns = "row, machine, reference, name, parent, memory, mark, complete"

    func snapshots() throws(Failure) -> [Snapshot] {
        try connection.rows("SELECT \(Self.snapshotColumns) FROM snapshots ORDER BY row", as: Self.snapshot)
    }

    func snapshots(of machine: Int64) throws(Failure) -> [Snapshot] {
        try connection.rows("SELECT \(Self.snapshotColumns) FROM snapshots WHERE machine = ? ORDER BY row", machine, as: Self.snapshot)
    }

    func snapshot(of machine: Int64, _ reference: String) throws(Failure) -> Snapshot? {
        try connection.row(
            "SELECT \(Self.snapshotColumns) FROM snapshots WHERE machine = ? AND reference = ?", machine, reference, as: Self.snapshot)
    }

    private static func snapshot(_ row: DatabaseRow) -> Snapshot {
        Snapshot(
            row: row.integer(0) ?? 0, machine: row.integer(1) ?? 0, reference: row.text(2) ?? "", name: row.text(3) ?? "",
            parent: row.integer(4),
            hasMemory: row.flag(5), mark: row.text(6) ?? "", isComplete: row.flag(7))
    }

    // MARK: lists in a column

    static func lines(_ json: String?) -> [String] {
        var lines: [String] = []
        guard let json, let document = try? JSONDocument(parsing: Array(json.utf8)) else { return [] }
        document.withRoot { $0.forEachElement { if let text = $0.text { lines.append(text) } } }
        return lines
    }

    static func json(_ lines: [String]) -> String {
        var writer = JSONWriter()
        writer.array { writer in
            for line in lines { writer.string(line) }
        }
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
