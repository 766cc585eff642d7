import Primitives

/// Reads what `zpool status -ps` prints: for people, and the only form before OpenZFS 2.3.
struct StatusText {
    private var pools: [PoolStatus] = []
    private var names: Set<String> = []
    private var devicesLeft = PoolStatus.deviceLimit
    /// The section of the pool that the line is in: `scan`, `config`.
    private var section = ""
    /// Lines of the scan that is being read.
    private var scan: [Substring] = []
    private var configuration = StatusConfiguration()

    /// Errors: there is text, and no pool in it.
    static func read(_ bytes: [UInt8]) throws(Failure) -> [PoolStatus] {
        var reader = StatusText()
        let text = String(decoding: bytes, as: UTF8.self)
        var hasText = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: true) where line != PoolStatus.noPools && line != "\r" {
            hasText = true
            reader.read(line)
        }
        reader.endPool()
        guard !reader.pools.isEmpty || !hasText else {
            throw Failure(.malformed, "\(text.prefix(80)) is not the status of pools")
        }
        guard reader.devicesLeft >= 0 else { throw Failure(.limit, "more than \(PoolStatus.deviceLimit) devices") }
        return reader.pools
    }

    private mutating func read(_ line: Substring) {
        // Headings are pushed to the right so that their colons stand in one column; what goes on from the line before begins with a tab.
        guard line.first != "\t", let colon = line.firstIndex(of: ":"), let heading = Self.heading(line[..<colon]) else {
            if section == "scan" { scan.append(line) }
            if section == "config", !pools.isEmpty, devicesLeft >= 0,
                let device = configuration.device(line, pool: pools[pools.count - 1].name)
            {
                devicesLeft -= 1
                pools[pools.count - 1].devices.append(unique: device, &names)
            }
            return
        }
        endScan()
        section = heading
        let rest = line[line.index(after: colon)...].drop { $0 == " " }
        if heading == "pool" {
            endPool()
            pools.append(PoolStatus(name: String(rest)))
            return
        }
        guard !pools.isEmpty else { return }
        switch heading {
        case "state": pools[pools.count - 1].state = PoolState(word: rest)
        case "scan", "scrub": scan = [rest]
        case "errors": pools[pools.count - 1].dataErrors = Self.dataErrors(rest)
        default: break
        }
    }

    private static func heading(_ text: Substring) -> String? {
        let word = text.drop { $0 == " " }
        return [
            "pool", "state", "status", "action", "see", "scan", "scrub", "remove", "checkpoint", "expand", "config", "errors", "comment",
        ]
        .first { $0 == word }
    }

    private static func dataErrors(_ text: Substring) -> Double? {
        if text.hasPrefix("No known data errors") { return 0 }
        let words = text.split(separator: " ")
        // `3 data errors, use '-v' for a list`
        guard words.count > 2, words[1] == "data", words[2].hasPrefix("error") else { return nil }
        return StatusNumber.decimal(words[0])
    }

    private mutating func endScan() {
        defer { scan = [] }
        guard !scan.isEmpty, !pools.isEmpty else { return }
        pools[pools.count - 1].tellsScans = true
        if let found = StatusScan.read(scan) { pools[pools.count - 1].scans.append(found) }
    }

    private mutating func endPool() {
        endScan()
        names = []
        configuration = StatusConfiguration()
        section = ""
    }
}
