/// The log of a pass of vzdump, line by line as the real one writes it.
///
/// The lines before a guest can be counted without being written, so a page of a long log costs no more than one of a short.
struct BackupLog {
    let world: World
    let run: BackupRun
    let node: Node
    /// Unix time; what comes later is not written yet.
    let now: Int
    private let times: [(start: Int, end: Int)]
    private let head: [String]

    /// - Parameter now: unix time.
    init(_ run: BackupRun, of node: Node, in world: World, now: Int) {
        self.world = world
        self.run = run
        self.node = node
        self.now = now
        times = world.backupTimes(of: run)
        head = Self.head(run, node, world)
    }

    private var guests: [Guest] { world.inventory.guests }
    private var isOver: Bool { run.end <= now }

    /// How many lines there are by now.
    var lineCount: Int {
        var count = head.count
        for (position, time) in times.enumerated() {
            guard time.end <= now else { return count + (time.start <= now ? Self.beginningCount : 0) }
            count += lineCount(of: position)
        }
        return count + (isOver ? 3 : 0)
    }

    /// The lines from one to another, counted from 0.
    func lines(_ range: Range<Int>) -> [String] {
        var chosen: [String] = []
        var first = 0
        func add(_ count: Int, _ lines: () -> [String]) {
            if first + count > range.lowerBound, first < range.upperBound {
                for (offset, line) in lines().enumerated() where range.contains(first + offset) { chosen.append(line) }
            }
            first += count
        }
        add(head.count) { head }
        for (position, time) in times.enumerated() where time.start <= now && first < range.upperBound {
            guard time.end <= now else {
                add(Self.beginningCount) { Array(guestLines(position).prefix(Self.beginningCount)) }
                return chosen
            }
            add(lineCount(of: position)) { guestLines(position) }
        }
        if isOver { add(3) { tail } }
        return chosen
    }

    // MARK: parts

    private static func head(_ run: BackupRun, _ node: Node, _ world: World) -> [String] {
        let inventory = world.dealt
        guard let position = run.job else {
            let vmid = run.guests.first.map { "\(inventory.guests[$0].vmid)" } ?? ""
            return [
                "INFO: starting new backup job: vzdump \(vmid) --node \(node.name) --notes-template '{{guestname}}' --mode \(run.mode) "
                    + "--compress zstd --remove 0 --storage \(run.storage)"
            ]
        }
        let job = inventory.backupJobs[position]
        let vmids = { (positions: [Int], separator: String) in
            positions.map { "\(inventory.guests[$0].vmid)" }.joined(separator: separator)
        }
        let options = "--mode \(run.mode) --storage \(run.storage) --job-id \(job.id) --quiet 1 --mailnotification always"
        switch job.selection {
        case .guests:
            let moment = Double(run.start) - world.timeline.epoch
            let others = job.guests.filter { world.node(ofGuest: $0, at: moment).map { $0 != node.index } ?? false }
            let skipped = others.isEmpty ? [] : ["INFO: skip external VMs: \(vmids(others, ", "))"]
            return ["INFO: starting new backup job: vzdump \(vmids(job.guests, " ")) \(options)"] + skipped
        case .pool(let name): return ["INFO: starting new backup job: vzdump --pool \(name) \(options)"]
        case .allBut(let left):
            return ["INFO: starting new backup job: vzdump --all 1 --exclude \(vmids(left, ",")) \(options)"]
        }
    }

    private var tail: [String] {
        let (result, last) =
            switch run.trouble {
            case .none: ("successfully", "TASK OK")
            case .warning: ("successfully", "TASK WARNINGS: 1")
            case .failure: ("with errors", "TASK ERROR: job errors")
            }
        return ["INFO: Backup job finished \(result)", "INFO: notified via target `mail-to-root`", last]
    }

    /// What is written as soon as a guest has its turn.
    private static let beginningCount = 6

    private func trouble(_ position: Int) -> BackupRun.Trouble { position == run.troubled ? run.trouble : .none }

    private func lineCount(of position: Int) -> Int {
        let isMachine = guests[run.guests[position]].kind == .qemu
        switch trouble(position) {
        case .none: return isMachine ? 17 : 13
        case .warning: return isMachine ? 18 : 14
        case .failure: return isMachine ? 15 : 11
        }
    }

    private func guestLines(_ position: Int) -> [String] {
        let guest = guests[run.guests[position]]
        let (start, end) = times[position]
        let trouble = trouble(position)
        let (begun, ended) = (LocalTime(unixSeconds: start), LocalTime(unixSeconds: end))
        let isMachine = guest.kind == .qemu
        let archive =
            "\(run.storage == "local" ? "/var/lib/vz" : "/mnt/pve/\(run.storage)")/dump/vzdump-\(guest.kind.rawValue)-\(guest.vmid)-\(begun.fileText)"
            + (isMachine ? ".vma.zst" : ".tar.zst")
        var lines = [
            "Starting Backup of VM \(guest.vmid) (\(guest.kind.rawValue))", "Backup started at \(begun.text)",
            "status = \(guest.isLive ? "running" : "stopped")", "\(isMachine ? "VM" : "CT") Name: \(guest.name)",
            isMachine
                ? "include disk 'scsi0' 'local-zfs:vm-\(guest.vmid)-disk-0' \(guest.diskBytes >> 30)G"
                : "including mount point rootfs ('/') in backup",
            "backup mode: \(guest.isLive ? run.mode : "stop")", "ionice priority: 7", "creating vzdump archive '\(archive)'",
        ].map { "INFO: " + $0 }
        if isMachine { lines += machineLines(guest, seconds: end - start, hasFailed: trouble == .failure) }
        if trouble == .failure {
            let reason = isMachine ? "job failed with err -5 - Input/output error" : "command 'set -o pipefail' failed: exit code 1"
            lines += [
                "INFO: aborting backup job", "ERROR: Backup of VM \(guest.vmid) failed - \(reason)", "INFO: Failed at \(ended.text)",
            ]
            return lines
        }
        if !isMachine {
            lines += ["INFO: Total bytes written: \(guest.diskBytes / 3)", "INFO: archive file size: \(guest.diskBytes >> 23)MB"]
        }
        if trouble == .warning { lines.append("WARN: unable to add notes - unable to parse volume attributes") }
        lines += [
            "INFO: prune older backups with retention: keep-last=3",
            "INFO: Finished Backup of VM \(guest.vmid) (\(clockText(end - start)))",
            "INFO: Backup finished at \(ended.text)",
        ]
        return lines
    }

    private func machineLines(_ guest: Guest, seconds: Int, hasFailed: Bool) -> [String] {
        let size = guest.diskBytes >> 30
        let begun = ["INFO: started backup task '\(taskName(guest))'", "INFO: resuming VM again"]
        if hasFailed {
            return begun + [
                "INFO:  41% (\(size * 41 / 100).0 GiB of \(size).0 GiB) in 3s", "ERROR: job failed with err -5 - Input/output error",
            ]
        }
        return begun + [
            "INFO:   7% (\(size * 7 / 100).0 GiB of \(size).0 GiB) in 3s, read: 341.3 MiB/s, write: 120.4 MiB/s",
            "INFO: 100% (\(size).0 GiB of \(size).0 GiB) in \(seconds)s, read: 390.1 MiB/s, write: 88.0 MiB/s",
            "INFO: transferred \(size).00 GiB in \(seconds) seconds (\(size << 10 / max(1, seconds)).0 MiB/s)",
            "INFO: archive file size: \(size / 3).21GB",
        ]
    }

    private func taskName(_ guest: Guest) -> String {
        var generator = SeededGenerator(seed: world.inventory.seed ^ UInt64(bitPattern: Int64(run.start)), "task name", guest.vmid)
        return [8, 4, 4, 4, 12].map { generator.hexadecimal(digits: $0) }.joined(separator: "-")
    }
}
