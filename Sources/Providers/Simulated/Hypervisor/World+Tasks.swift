import Database
import Primitives

/// Tasks of the hypervisor's own. They are over when their time has come, whoever looks: what they do is done the first time that anybody does.
extension World {
    /// What a task is to do, as it is kept.
    struct TaskOrder: Sendable {
        /// create, clone, delete, power, reconfigure, snapshot, snapshot-delete, revert, image.
        let kind: String
        /// The machine's uuid, or the image's pool and volume.
        let subject: String
        /// What else it must know.
        var arguments: [String] = []
        /// How long it takes, as a share of what work takes.
        var share: Double = 1
    }

    func start(_ order: TaskOrder, mark: String) throws(Failure) -> String {
        let number = try connection.number("SELECT coalesce(max(number), 0) + 1 FROM tasks")
        let id = settings.kind == .upid ? try upid(order, number) : "task-\(number)"
        try connection.run(
            "INSERT INTO tasks (id, kind, subject, mark, arguments, started, seconds, fails, deaf) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", id,
            order.kind, order.subject, mark, Self.json(order.arguments), now, workSeconds * order.share, faults.end(of: order.kind),
            faults.refusesCancel)
        return id
    }

    private static let upidTypes = [
        "create": "qmcreate", "clone": "qmclone", "delete": "qmdestroy", "reconfigure": "qmconfig", "snapshot": "qmsnapshot",
        "snapshot-delete": "qmdelsnapshot", "revert": "qmrollback", "image": "download", "start": "qmstart", "stop": "qmstop",
        "shutdown": "qmshutdown", "reboot": "qmreboot",
    ]

    /// `UPID:NODE:PID:PSTART:STARTTIME:TYPE:ID:USER:`, numbers in hex.
    private func upid(_ order: TaskOrder, _ number: Int64) throws(Failure) -> String {
        func hex(_ value: Int64) -> String {
            let digits = String(value & 0xFFFF_FFFF, radix: 16, uppercase: true)
            return String(repeating: "0", count: 8 - digits.utf8.count) + digits
        }
        let type = Self.upidTypes[order.kind == "power" ? order.arguments.first ?? "" : order.kind] ?? order.kind
        let subject = try machine(uuid: order.subject)?.number.map(String.init) ?? ""
        return "UPID:sim:\(hex(1000 + number)):\(hex(Int64(now * 100))):\(hex(Int64(now))):\(type):\(subject):martlet@pve!provider:"
    }

    // MARK: looking

    /// Errors: `missing`.
    func task(_ id: String) throws(Failure) -> ForeignTask {
        let found = try connection.row(
            "SELECT kind, started, seconds, ended, reason, text, result FROM tasks WHERE id = ?", id
        ) { row in
            let state: ForeignTask.State
            if row.real(3) == nil {
                let seconds = row.real(2) ?? 0
                state = .running(progress: seconds > 0 ? ((now - (row.real(1) ?? now)) / seconds).clamped(to: 0...0.99) : 0)
            } else if let reason = row.text(4).flatMap(HypervisorError.Reason.init) {
                state = .failed(HypervisorError(reason: reason, text: row.text(5) ?? ""))
            } else {
                state = .succeeded(result: row.text(6) ?? "")
            }
            return ForeignTask(id: id, kind: row.text(0) ?? "", state: state)
        }
        guard let found else { throw refused(.missing, "there is no task \(id)") }
        return found
    }

    /// What Proxmox' API says of it: `running`, or `stopped` with the exit status.
    func upidStatus(_ id: String) throws(Failure) -> (status: String, exitStatus: String?) {
        switch try task(id).state {
        case .running: ("running", nil)
        case .succeeded: ("stopped", "OK")
        case .failed(let error): ("stopped", error.text)
        }
    }

    /// The lines of its log, as Proxmox has them.
    func log(_ id: String) throws(Failure) -> [String] {
        let task = try task(id)
        switch task.state {
        case .running(let progress): return ["\(task.kind): started", "progress \(Int(progress * 100)) %"]
        case .succeeded: return ["\(task.kind): started", "TASK OK"]
        case .failed(let error): return ["\(task.kind): started", "TASK ERROR: \(error.text)"]
        }
    }

    /// By the token that the caller gave; vSphere calls it the activation id.
    func task(mark: String) throws(Failure) -> String? {
        try connection.row("SELECT id FROM tasks WHERE mark = ? ORDER BY number DESC LIMIT 1", mark) { $0.text(0) ?? "" }
    }

    /// The last one of that kind on that machine, if it is no older: all that Proxmox tells of whose a task is.
    func task(_ kind: String, on subject: String, since: Double) throws(Failure) -> String? {
        try connection.row(
            "SELECT id FROM tasks WHERE kind = ? AND subject = ? AND started >= ? ORDER BY number DESC LIMIT 1", kind, subject, since
        ) { $0.text(0) ?? "" }
    }

    func runningTasks(on subject: String) throws(Failure) -> [String] {
        try connection.rows("SELECT id FROM tasks WHERE subject = ? AND ended IS NULL ORDER BY number", subject) { $0.text(0) ?? "" }
    }

    /// Errors: `state` where the hypervisor says that it does not; Proxmox says nothing, and the task goes on.
    func cancel(_ id: String) throws(Failure) {
        let isDeaf = try connection.number("SELECT deaf FROM tasks WHERE id = ?", id) != 0
        guard !isDeaf else {
            if settings.kind == .moref { throw refused(.state, "task \(id) cannot be cancelled") }
            return
        }
        try connection.run("UPDATE tasks SET cancelled = ? WHERE id = ? AND ended IS NULL AND cancelled IS NULL", now, id)
        try settle()
    }

    // MARK: going on

    private struct Due: Sendable {
        let number: Int64
        let kind: String
        let subject: String
        let arguments: [String]
        let endsAt: Double
        let isCancelled: Bool
        let failsAt: Double?
    }

    /// Does what tasks have done whose time has come, in the order of their ends.
    func settle() throws(Failure) {
        let due = try connection.rows(
            "SELECT number, kind, subject, arguments, started, seconds, fails, cancelled FROM tasks WHERE ended IS NULL"
        ) { row in
            let (fails, cancelled) = (row.real(6), row.real(7))
            let end = (row.real(4) ?? 0) + (row.real(5) ?? 0) * (fails ?? 1).clamped(to: 0...1)
            let isCancelled = cancelled.map { $0 < end } ?? false
            return Due(
                number: row.integer(0) ?? 0, kind: row.text(1) ?? "", subject: row.text(2) ?? "", arguments: Self.lines(row.text(3)),
                endsAt: isCancelled ? cancelled ?? end : end, isCancelled: isCancelled, failsAt: fails)
        }
        for task in due.sorted(by: { $0.endsAt < $1.endsAt }) where task.endsAt <= now { try end(task) }
    }

    private func end(_ task: Due) throws(Failure) {
        var error: HypervisorError?
        var result = ""
        if task.isCancelled {
            error = HypervisorError(reason: .cancelled, text: settings.kind == .upid ? "interrupted by signal" : "the task was cancelled")
        } else if let share = task.failsAt {
            error = HypervisorError(reason: .broken, text: "\(task.kind) failed at \(Int(share * 100)) %: the storage gave an error")
        } else {
            do throws(Failure) {
                result = try connection.attempt { () throws(Failure) in try finish(task) }
            } catch let failure {
                guard let refusal = failure.cause as? HypervisorError else { throw failure }
                error = refusal
            }
        }
        if error != nil { try abort(task) }
        try connection.run(
            "UPDATE tasks SET ended = ?, reason = ?, text = ?, result = ? WHERE number = ?", task.endsAt, error?.reason.rawValue ?? "",
            error?.text ?? "", result, task.number)
    }

    /// - Returns: what the task's result names.
    private func finish(_ task: Due) throws(Failure) -> String {
        if task.kind == "image" {
            guard let volume = try imageVolume(task.subject) else { throw refused(.missing, "the image is gone") }
            try completeImage(volume, checksum: task.arguments.first ?? "")
            return volume.name
        }
        guard let machine = try machine(uuid: task.subject) else { throw refused(.missing, "the machine is gone") }
        switch task.kind {
        case "create", "clone": try complete(machine.row)
        case "delete": try destroy(machine)
        case "power": try finishPower(machine, task.arguments.first ?? "")
        case "reconfigure": try finishReconfigure(machine, task.arguments)
        case "snapshot":
            guard let snapshot = try snapshot(of: machine.row, task.arguments.first ?? "") else {
                throw refused(.missing, "the snapshot is gone")
            }
            try completeSnapshot(snapshot)
        case "snapshot-delete":
            if let snapshot = try snapshot(of: machine.row, task.arguments.first ?? "") { try removeSnapshot(snapshot) }
        case "revert":
            guard let snapshot = try snapshot(of: machine.row, task.arguments.first ?? "") else {
                throw refused(.missing, "the snapshot is gone")
            }
            try revert(snapshot)
        default: throw refused(.unsupported, "nothing does \(task.kind)")
        }
        try setLock(machine.row, "")
        return settings.kind == .moref ? "vm-\(machine.row)" : ""
    }

    private func finishPower(_ machine: Machine, _ change: String) throws(Failure) {
        switch change {
        case "start": try setPower(machine, isOn: true)
        case "reboot": try boot(machine)
        case "shutdown" where faults.deafGuests:
            throw refused(.state, "the guest of \(machine.name) did not shut down in time; switch the machine off instead")
        default: try setPower(machine, isOn: false)
        }
    }

    /// Arguments are processors, memory, hardware, then a label and a size for each disk.
    private func finishReconfigure(_ machine: Machine, _ arguments: [String]) throws(Failure) {
        var rest = arguments[...]
        func next() -> String { rest.popFirst() ?? "" }
        try resize(machine, cpu: Int(next()), memoryMiB: Int(next()))
        if let version = Int(next()) { try setHardware(machine, version) }
        let mark = next()
        while let label = rest.popFirst(), let bytes = rest.popFirst().flatMap({ Int64($0) }) {
            try grow(machine, label, bytes: bytes, mark: mark)
        }
    }

    /// What is left of a task that did not do what it should: on Proxmox everything, with the lock; on vSphere nothing.
    private func abort(_ task: Due) throws(Failure) {
        if task.kind == "image" {
            // A file that is no image is kept by nobody.
            if let volume = try imageVolume(task.subject), settings.kind == .moref || !task.isCancelled { try removeVolume(volume.row) }
            return
        }
        guard let machine = try machine(uuid: task.subject) else { return }
        let makesMachine = task.kind == "create" || task.kind == "clone"
        if settings.kind == .upid {
            if !makesMachine, task.kind != "snapshot" { try setLock(machine.row, "") }
            return
        }
        if makesMachine { return try destroy(machine) }
        if task.kind == "snapshot", let snapshot = try snapshot(of: machine.row, task.arguments.first ?? "") {
            try removeSnapshot(snapshot)
        }
        try setLock(machine.row, "")
    }

    private func imageVolume(_ subject: String) throws(Failure) -> Volume? {
        let parts = subject.split(separator: "/", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { return nil }
        return try volume(parts[0], parts[1])
    }
}
