import JSON

/// What the nodes are and were working on.
extension ProxmoxAnswers {
    /// /nodes/N/tasks: finished ones unless the source says otherwise.
    func nodeTasks(_ view: NodeView, _ filter: TaskFilter) -> [UInt8] {
        let (chosen, total) = filter.apply(world.tasks(of: view.node, at: moment, slots: 9))
        var json = JSONWriter(reservingBytes: 4096)
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
            json.member("total", total)
        }
        return json.bytes
    }

    /// /cluster/tasks: the recent ones of all nodes that are online, newest first.
    func clusterTasks() -> [UInt8] {
        let tasks = world.views(at: moment).filter(\.isOnline).flatMap { world.tasks(of: $0.node, at: moment, slots: 6) }
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
