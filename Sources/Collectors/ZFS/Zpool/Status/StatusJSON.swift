import JSON
import Primitives

/// Reads what `zpool status -j --json-int -ps` prints, OpenZFS 2.3 and newer.
enum StatusJSON {
    /// Errors: it is not JSON, or not that of the command.
    static func read(_ bytes: [UInt8]) throws(Failure) -> [PoolStatus] {
        let document = try JSONDocument(parsing: bytes)
        var reader = Reader()
        let isStatus = document.withRoot { root in
            guard root.isObject, let pools = root["pools"], pools.isObject else {
                // Without a pool there may be no such member.
                return root["output_version"] != nil
            }
            pools.forEachMember { key, pool in reader.read(pool, name: key.text) }
            return true
        }
        guard isStatus else { throw Failure(.malformed, "the JSON has no pools") }
        guard reader.devicesLeft >= 0 else { throw Failure(.limit, "more than \(PoolStatus.deviceLimit) devices") }
        return reader.pools
    }

    private struct Reader {
        var pools: [PoolStatus] = []
        var devicesLeft = PoolStatus.deviceLimit
        private var names: Set<String> = []
        private var known: Set<String> = []

        /// Where devices of a pool stand, and what they are for.
        private static let groups: [(key: String, role: String)] = [
            ("vdevs", "data"), ("special", "special"), ("dedup", "dedup"), ("logs", "log"), ("l2cache", "cache"), ("spares", "spare"),
        ]

        mutating func read(_ value: JSONValue, name key: String) {
            guard value.isObject else { return }
            var pool = PoolStatus(name: value["name"]?.text ?? key)
            guard known.insert(pool.name).inserted else { return }
            pool.state = value["state"]?.text.flatMap { PoolState(word: $0) }
            pool.dataErrors = value["error_count"]?.count
            pool.tellsScans = true
            if let scan = value["scan_stats"].flatMap(scan) { pool.scans = [scan] }
            names = []
            for group in Self.groups {
                value.forEachMember { key, members in
                    guard key.text == group.key else { return }
                    readDevices(members, parent: "", role: group.role, into: &pool)
                }
            }
            pools.append(pool)
        }

        private mutating func readDevices(_ members: JSONValue, parent: String, role: String, into pool: inout PoolStatus) {
            members.forEachMember { key, value in
                guard value.isObject, devicesLeft >= 0 else { return }
                let name = value["name"]?.text ?? key.text
                let kind = value["vdev_type"]?.text ?? StatusConfiguration.kind(name)
                // A hole is where a log device was.
                guard kind != "hole", kind != "missing" else { return }
                devicesLeft -= 1
                let isRoot = kind == "root"
                let device = PoolDevice(
                    name: name, parent: parent, kind: isRoot ? kind : Self.plain(kind), role: Self.role(of: value, in: role),
                    state: value["state"]?.text.flatMap { PoolState(word: $0) }, readErrors: value["read_errors"]?.count,
                    writeErrors: value["write_errors"]?.count, checksumErrors: value["checksum_errors"]?.count,
                    slowOperations: value["slow_ios"]?.count)
                pool.devices.append(unique: device, &names)
                if let inner = value["vdevs"] { readDevices(inner, parent: name, role: device.role, into: &pool) }
            }
        }

        /// `raidz1`, `raidz2` and `raidz3` are one kind, as in the text.
        private static func plain(_ kind: String) -> String {
            ["raidz", "draid"].first(where: kind.hasPrefix) ?? kind
        }

        /// Groups of other classes stand among the data in some versions. A spare at work is of the group that it helps out in.
        private static func role(of value: JSONValue, in role: String) -> String {
            guard role == "data", let word = value["class"]?.text else { return role }
            return ["special": "special", "dedup": "dedup", "log": "log", "logs": "log", "l2cache": "cache"][word] ?? role
        }

        private func scan(_ value: JSONValue) -> PoolScan? {
            let kind: PoolScan.Kind
            switch value["function"]?.text {
            case "SCRUB": kind = .scrub
            case "RESILVER": kind = .resilver
            default: return nil
            }
            let pause = value["scrub_pause"]?.moment ?? 0
            let state: PoolScan.State
            switch value["state"]?.text {
            case "SCANNING": state = pause > 0 ? .paused : .running
            case "FINISHED": state = .finished
            case "CANCELED": state = .canceled
            default: return nil
            }
            var scan = PoolScan(kind: kind, state: state, startSeconds: value["start_time"]?.moment, errors: value["errors"]?.count)
            scan.repairedBytes = value["processed"]?.count
            scan.examinedBytes = value["examined"]?.count
            let skipped = value["skipped"]?.count ?? 0
            scan.toExamineBytes = value["to_examine"]?.count.map { max(0, $0 - skipped) }
            // What was read counts: examined is only what was found to be read.
            if let whole = scan.toExamineBytes, whole > 0, let part = value["issued"]?.count ?? scan.examinedBytes {
                scan.progressRatio = min(1, part / whole)
            }
            if state == .finished, let end = value["end_time"]?.moment {
                scan.endSeconds = end
                if let start = scan.startSeconds, start <= end { scan.durationSeconds = end - start }
            }
            return scan
        }
    }
}

extension JSONValue {
    /// A number that is not negative; also one for people (`1.2K`), as it stands there without `-p`.
    fileprivate var count: Double? {
        let value = number ?? text.flatMap { StatusNumber.value($0) }
        return value.flatMap { $0 >= 0 ? $0 : nil }
    }

    /// Seconds since 1970; a date without `--json-int`.
    fileprivate var moment: Double? { number ?? text.flatMap { LocalDate.seconds($0.split(separator: " ")) } }
}
