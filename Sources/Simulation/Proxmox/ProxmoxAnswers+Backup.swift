import JSON

/// The jobs that copy guests away.
extension ProxmoxAnswers {
    /// /cluster/backup
    func backupJobs() -> [UInt8] {
        document(reservingBytes: 1024 + inventory.guests.count * 8) { json in
            json.array { json in
                for job in inventory.backupJobs { write(job, hasNextRun: true, into: &json) }
            }
        }
    }

    /// /cluster/backup/ID, which does not tell when it runs; nil for no such job.
    func backupJob(_ id: String) -> [UInt8]? {
        guard let job = inventory.backupJobs.first(where: { $0.id == id }) else { return nil }
        return document { write(job, hasNextRun: false, into: &$0) }
    }

    private func write(_ job: BackupJob, hasNextRun: Bool, into json: inout JSONWriter) {
        func vmids(_ positions: [Int]) -> String {
            positions.filter { !isLeftOut(inventory.guests[$0]) }.map { "\(inventory.guests[$0].vmid)" }.joined(separator: ",")
        }
        // A job that names those that it leaves out leaves out more of them.
        func others(_ positions: [Int]) -> String {
            let more = inventory.presentGuests.filter { isLeftOut($0) && !positions.contains($0.index) }.map(\.index)
            return (positions + more).sorted().map { "\(inventory.guests[$0].vmid)" }.joined(separator: ",")
        }
        json.object { json in
            json.member("id", job.id)
            json.member("type", "vzdump")
            json.member("schedule", job.schedule)
            json.member("storage", job.storage)
            json.member("enabled", job.isEnabled ? 1 : 0)
            if let mode = job.mode { json.member("mode", mode) }
            if let comment = job.comment { json.member("comment", comment) }
            switch job.selection {
            case .guests: json.member("vmid", vmids(job.guests))
            case .pool(let name): json.member("pool", name)
            case .allBut(let left):
                json.member("all", 1)
                let left = others(left)
                if !left.isEmpty { json.member("exclude", left) }
            }
            if hasNextRun { json.member("next-run", job.nextRun(after: unixSeconds)) }
        }
    }
}
