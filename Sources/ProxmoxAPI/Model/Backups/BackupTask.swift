import JSON
package import Primitives
package import Web

/// A finished row of `/nodes/N/tasks?typefilter=vzdump`: a backup of one guest, or of all that a job covers on the node.
package struct BackupTask: Sendable {
    package let upid: String
    /// nil when it is about several guests.
    package let vmid: Int?
    /// Seconds since 1970.
    package let start: Double
    /// nil while it runs.
    package let end: Double?
    /// Whether all went well, with warnings or without.
    package let isGood: Bool
}

extension BackupTask {
    init?(_ row: JSONValue) {
        guard let upid = row["upid"]?.text, upid.hasPrefix("UPID:"), upid.utf8.count <= 512, let start = row["starttime"]?.number else {
            return nil
        }
        self.upid = upid
        self.start = start
        vmid = row["id"]?.integer
        end = row["endtime"]?.number
        let status = row["status"]?.text ?? ""
        isGood = status == "OK" || status.hasPrefix("WARNINGS:")
    }
}

extension ProxmoxClient {
    /// The node's tasks of that kind, newest first, that began since a moment of unix time.
    package func backupTasks(
        _ node: String, since: Double, limit: Int, http: HTTPClient, by deadline: Deadline
    ) async throws(ProxmoxError) -> Listing<BackupTask> {
        let query = "typefilter=vzdump&source=archive&limit=\(limit)&since=\(Int(since.clamped(to: 0...4e9)))"
        return try await get("/nodes/\(Self.pathPart(node))/tasks?\(query)", node: node, http: http, by: deadline) {
            Listing($0, BackupTask.init)
        }
    }

    /// Lines of a task's log. Shorter than the limit, they are the last.
    package func taskLog(
        _ upid: String, on node: String, from line: Int, limit: Int, http: HTTPClient, by deadline: Deadline
    ) async throws(ProxmoxError) -> [String] {
        let path = "/nodes/\(Self.pathPart(node))/tasks/\(Self.pathPart(upid))/log?start=\(line)&limit=\(limit)"
        return try await get(path, node: node, http: http, by: deadline) { data in
            guard data.isArray else { return nil }
            var lines: [String] = []
            data.forEachElement { row in if lines.count < limit { lines.append(String((row["t"]?.text ?? "").prefix(1000))) } }
            return lines
        }
    }
}
