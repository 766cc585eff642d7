import JSON

/// What the nodes are and were working on.
extension ProxmoxAnswers {
    /// How far back the cluster remembers tasks of its nodes that are over, and how long one may take.
    private static let recentSeconds = 3600
    private static let longestSeconds = 6 * 3600

    /// /nodes/N/tasks: finished ones unless the source says otherwise.
    func nodeTasks(_ view: NodeView, _ filter: TaskFilter) -> [UInt8] {
        let (chosen, total) = filter.apply(world.tasks(of: view.node, at: moment, since: filter.since ?? 0))
        var json = JSONWriter(reservingBytes: 512 + chosen.count * 256)
        json.object { json in
            json.key("data")
            json.array { json in
                for task in chosen {
                    json.object { json in
                        writeTask(task, into: &json)
                        writeProcess(task, into: &json)
                    }
                }
            }
            // Where there is nothing, the real server does not count.
            if total > 0 { json.member("total", total) }
        }
        return json.bytes
    }

    /// /cluster/tasks: the recent ones of all nodes that are online, and those that run, newest first.
    func clusterTasks() -> [UInt8] {
        let now = unixSeconds
        let tasks = world.views(at: moment).filter(\.isOnline).flatMap { view in
            world.tasks(of: view.node, at: moment, since: now - Self.longestSeconds)
                .filter { $0.isRunning || $0.start >= now - Self.recentSeconds }
        }
        return document(reservingBytes: 256 + tasks.count * 256) { json in
            json.array { json in
                for task in tasks.sorted(by: { $0.start > $1.start }) {
                    json.object { json in
                        writeTask(task, into: &json)
                        if task.isRunning { writeProcess(task, into: &json) } else { json.member("saved", "1") }
                    }
                }
            }
        }
    }

    /// /nodes/N/tasks/UPID/status; nil when the node knows no such task.
    func taskStatus(_ upid: String, _ view: NodeView) -> [UInt8]? {
        guard let task = world.task(of: view.node, upid: upid, at: moment) else { return nil }
        return document { json in
            json.object { json in
                json.member("upid", task.upid)
                json.member("node", task.node)
                json.member("type", task.type)
                json.member("id", task.id)
                json.member("user", WorldTask.user)
                json.member("starttime", task.start)
                writeProcess(task, into: &json)
                json.member("status", task.isRunning ? "running" : "stopped")
                if !task.isRunning { json.member("exitstatus", task.outcome) }
            }
        }
    }

    /// /nodes/N/tasks/UPID/log; nil when the node knows no such task.
    ///
    /// - Parameter limit: 0 for all lines.
    func taskLog(_ upid: String, _ view: NodeView, start: Int, limit: Int) -> [UInt8]? {
        guard let task = world.task(of: view.node, upid: upid, at: moment) else { return nil }
        let total: Int
        let lines: [String]
        if let run = task.run {
            let log = BackupLog(run, of: view.node, in: world, now: unixSeconds)
            total = log.lineCount
            lines = log.lines(Self.page(of: total, start, limit))
        } else {
            let all = Self.updateLog(task)
            total = all.count
            lines = Array(all[Self.page(of: total, start, limit)])
        }
        var json = JSONWriter(reservingBytes: 512 + lines.count * 128)
        json.object { json in
            json.key("data")
            json.array { json in
                for (offset, line) in lines.enumerated() {
                    json.object { json in
                        json.member("n", start + offset + 1)
                        json.member("t", line)
                    }
                }
            }
            json.member("total", total)
        }
        return json.bytes
    }

    private static func page(of total: Int, _ start: Int, _ limit: Int) -> Range<Int> {
        let first = min(max(0, start), total)
        return first..<(limit == 0 ? total : min(total, first + min(limit, total)))
    }

    private static func updateLog(_ task: WorldTask) -> [String] {
        let begun = ["starting apt-get update", "Hit:1 http://deb.debian.org/debian trixie InRelease"]
        if task.isRunning { return begun }
        switch task.outcome {
        case "OK": return begun + ["Reading package lists...", "TASK OK"]
        case "WARNINGS: 1": return begun + ["WARN: the repository is not signed", "Reading package lists...", "TASK WARNINGS: 1"]
        default: return begun + ["Err:2 https://enterprise.proxmox.com/debian/pve trixie InRelease", "TASK ERROR: \(task.outcome)"]
        }
    }

    /// A running task has no end and no status.
    private func writeTask(_ task: WorldTask, into json: inout JSONWriter) {
        json.member("upid", task.upid)
        json.member("node", task.node)
        json.member("type", task.type)
        json.member("id", task.id)
        json.member("user", WorldTask.user)
        json.member("starttime", task.start)
        guard !task.isRunning else { return }
        json.member("endtime", task.end)
        json.member("status", task.outcome)
    }

    private func writeProcess(_ task: WorldTask, into json: inout JSONWriter) {
        json.member("pid", task.processID)
        json.member("pstart", task.processStart)
    }
}
