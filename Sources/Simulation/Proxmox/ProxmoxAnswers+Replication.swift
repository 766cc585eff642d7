import JSON

/// The replication jobs whose source a node is.
extension ProxmoxAnswers {
    /// /nodes/N/replication
    ///
    /// - Parameter vmid: only the jobs of this guest; nil for all.
    func replication(_ view: NodeView, vmid: Int?) -> [UInt8] {
        let jobs = inventory.replication[view.node.index].filter {
            (vmid == nil || inventory.guests[$0.guest].vmid == vmid) && rights.show(inventory.guests[$0.guest])
        }
        return document(reservingBytes: 256 + jobs.count * 384) { json in
            json.array { json in
                for job in jobs { write(job, view, into: &json) }
            }
        }
    }

    /// /nodes/N/replication/ID/status; nil when the node is not the source of such a job.
    func replicationStatus(_ name: String, _ view: NodeView) -> [UInt8]? {
        guard let job = inventory.replication[view.node.index].first(where: { $0.name == name }) else { return nil }
        return document { write(job, view, into: &$0) }
    }

    private func write(_ job: ReplicationJob, _ view: NodeView, into json: inout JSONWriter) {
        let guest = inventory.guests[job.guest]
        let state = world.state(of: job, at: moment)
        json.object { json in
            json.member("id", job.name)
            json.member("guest", guest.vmid)
            json.member("jobnum", job.number)
            json.member("vmtype", guest.kind == .qemu ? "qemu" : "lxc")
            json.member("type", "local")
            json.member("source", view.node.name)
            json.member("target", inventory.nodes[job.target].name)
            json.member("schedule", job.schedule)
            if let rate = job.rate { json.member("rate", rate) }
            if let comment = job.comment { json.member("comment", comment) }
            if job.condition == .disabled { json.member("disable", 1) }
            json.member("last_sync", state.lastSync)
            json.member("last_try", state.lastTry)
            json.member("next_sync", state.nextSync)
            json.member("fail_count", state.failCount)
            if let duration = state.durationSeconds { json.member("duration", duration) }
            if let error = state.error { json.member("error", error) }
            if let process = state.processID { json.member("pid", process) }
        }
    }
}
