/// What is asked of one domain alone.
struct DomainDetails: Sendable, Equatable {
    /// A job of the whole domain: a migration, a save, a dump. nil where none is under way.
    struct Job: Sendable, Equatable {
        enum Field: String, Sendable, CaseIterable {
            case elapsed = "time_elapsed", remaining = "time_remaining", downtime
            case dataTotal = "data_total", dataProcessed = "data_processed", dataRemaining = "data_remaining"
            case memoryTotal = "memory_total", memoryProcessed = "memory_processed", memoryRemaining = "memory_remaining"
            case memoryPerSecond = "memory_bps", dirtyRate = "memory_dirty_rate", pageSize = "memory_page_size", iteration =
                "memory_iteration"
            case fileTotal = "disk_total", fileProcessed = "disk_processed", fileRemaining = "disk_remaining"
        }

        /// virDomainJobType; 0 is none.
        var type: Int
        /// virDomainJobOperation, where libvirt tells it.
        var operation: Int?
        var fields: [Field: Double] = [:]

        init(type: Int, _ statistics: [Statistic] = []) {
            self.type = type
            for statistic in statistics {
                guard let number = statistic.number, number >= 0 else { continue }
                if statistic.name == "operation" { operation = Int(exactly: number) }
                if let field = Field(rawValue: statistic.name) { fields[field] = number }
            }
        }

        /// As `virsh domjobinfo` names operations; of a newer libvirt the number.
        var operationWord: String {
            guard let operation else { return "" }
            return Self.operations.indices.contains(operation) ? Self.operations[operation] : String(operation)
        }

        private static let operations = [
            "unknown", "start", "save", "restore", "migration_in", "migration_out", "snapshot", "snapshot_revert", "dump", "backup",
            "snapshot_delete",
        ]
    }

    /// A job of one disk.
    struct BlockJob: Sendable, Equatable {
        let disk: String
        /// virDomainBlockJobType.
        let type: Int
        let position: Double
        /// 0 while nobody knows yet.
        let end: Double

        var word: String { Self.words.indices.contains(type) ? Self.words[type] : String(type) }

        /// How much of it is done; nil while nobody knows.
        var ratio: Double? { end > 0 ? min(1, max(0, position / end)) : nil }

        private static let words = ["unknown", "pull", "copy", "commit", "active_commit", "backup"]
    }

    var job: Job?
    var blockJobs: [BlockJob]?
    /// By disk: virDomainDiskErrorCode, 0 for none. nil where they were not told.
    var diskErrors: [String: Int]?
}

/// The snapshots of a domain, as libvirt keeps them.
struct SnapshotSummary: Sendable, Equatable {
    var count: Int
    var oldestUnixSeconds: Double?
    var newestUnixSeconds: Double?
}
