import JSON
package import Primitives
package import Web

/// A row of `/cluster/backup`: what is to be backed up, where to and when.
package struct BackupJob: Sendable {
    package let id: String
    package let isEnabled: Bool
    /// A calendar event: `02:30`, `sat 18:15`.
    package let schedule: String?
    package let storage: String?
    /// `snapshot`, `suspend`, `stop`
    package let mode: String?
    /// Which guests: `all`, `pool:prod`, `vmid:100,110`, of a long list `vmid:64 guests`.
    package let selection: String?
    /// Seconds since 1970.
    package let nextRun: Double?

    init?(_ row: JSONValue) {
        guard let id = row["id"]?.word else { return nil }
        self.id = id
        isEnabled = row["enabled"]?.flag ?? true
        schedule = row["schedule"]?.word
        storage = row["storage"]?.word
        mode = row["mode"]?.word
        nextRun = row["next-run"]?.number
        selection =
            row["all"]?.flag == true
            ? "all" : row["pool"]?.word.map { "pool:" + $0 } ?? row["vmid"]?.word.map { "vmid:" + Self.shortened($0) }
    }

    /// A list as it is, or how many it names: a label's value must not grow with a cluster.
    private static func shortened(_ list: String) -> String {
        guard list.utf8.count > 200 else { return list }
        return "\(list.utf8.split(separator: UInt8(ascii: ",")).count) guests"
    }
}

/// A row of `/cluster/backup-info/not-backed-up`: a guest that no job covers.
package struct UncoveredGuest: Sendable {
    package let kind: String
    package let vmid: Int
    package let name: String

    init?(_ row: JSONValue) {
        guard let vmid = row["vmid"]?.integer, vmid >= 0 else { return nil }
        self.vmid = vmid
        kind = row["type"]?.word ?? ""
        name = row["name"]?.word ?? ""
    }
}

extension ProxmoxClient {
    package func backupJobs(http: HTTPClient, by deadline: Deadline) async throws(ProxmoxError) -> Listing<BackupJob> {
        try await get("/cluster/backup", http: http, by: deadline) { Listing($0, BackupJob.init) }
    }

    package func guestsNotBackedUp(http: HTTPClient, by deadline: Deadline) async throws(ProxmoxError) -> Listing<UncoveredGuest> {
        try await get("/cluster/backup-info/not-backed-up", http: http, by: deadline) { Listing($0, UncoveredGuest.init) }
    }
}
