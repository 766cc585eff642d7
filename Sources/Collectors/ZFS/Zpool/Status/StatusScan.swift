/// Reads what stands behind `scan:`, with the lines that go on from it.
///
///     scrub in progress since Sun Nov 15 00:24:01 2026
///     	1.23T / 2.00T scanned at 500M/s, 800G / 2.00T issued at 300M/s
///     	0B repaired, 39.06% done, 01:02:03 to go
enum StatusScan {
    /// Nil when there was none.
    static func read(_ lines: [Substring]) -> PoolScan? {
        let words = lines[0].split(separator: " ").map { $0 }
        guard let first = words.first else { return nil }
        // `resilver (mirror-0) in progress`, `resilvered (mirror-0) 1.2G in …`
        let plain = words.filter { !($0.hasPrefix("(") && $0.hasSuffix(")")) }
        let kind: PoolScan.Kind
        switch first {
        case "scrub": kind = .scrub
        case "resilver", "resilvered": kind = .resilver
        default: return nil
        }
        if first == "resilvered" || plain.count > 1 && plain[1] == "repaired" { return finished(kind, plain) }
        guard plain.count > 2 else { return nil }
        switch (plain[1], plain[2]) {
        case ("in", "progress"):
            var scan = PoolScan(kind: kind, state: .running, startSeconds: date(plain, behind: "since"))
            readProgress(lines.dropFirst(), into: &scan)
            return scan
        case ("paused", _):
            let start = lines.dropFirst().first { $0.contains("started on") }.map { $0.split(separator: " ").map { $0 } }
            var scan = PoolScan(kind: kind, state: .paused, startSeconds: start.flatMap { date($0, behind: "on") })
            readProgress(lines.dropFirst(), into: &scan)
            return scan
        case ("canceled", _): return PoolScan(kind: kind, state: .canceled)
        default: return nil
        }
    }

    /// `scrub repaired 0B in 1 days 02:03:04 with 0 errors on Sun Nov 15 01:26:04 2026`; `resilvered 1.2G in …`
    private static func finished(_ kind: PoolScan.Kind, _ words: [Substring]) -> PoolScan? {
        guard let with = words.firstIndex(of: "with"), let start = words.firstIndex(of: "in"), start + 1 < with, start > 0 else {
            return nil
        }
        var scan = PoolScan(kind: kind, state: .finished)
        scan.repairedBytes = StatusNumber.value(words[start - 1])
        scan.durationSeconds = StatusNumber.duration(Array(words[(start + 1)..<with]))
        scan.errors = with + 1 < words.count ? StatusNumber.decimal(words[with + 1]) : nil
        scan.endSeconds = date(words, behind: "on")
        if let end = scan.endSeconds, let duration = scan.durationSeconds { scan.startSeconds = end - duration }
        return scan
    }

    private static func date(_ words: [Substring], behind word: Substring) -> Double? {
        words.firstIndex(of: word).flatMap { LocalDate.seconds(words[($0 + 1)...]) }
    }

    private static func readProgress(_ lines: ArraySlice<Substring>, into scan: inout PoolScan) {
        for line in lines {
            for piece in line.drop(while: { $0 == "\t" || $0 == " " }).split(separator: ",") {
                let words = piece.split(separator: " ").map { $0 }
                guard let first = words.first else { continue }
                if words.count > 1, words[1] == "repaired" || words[1] == "resilvered" {
                    scan.repairedBytes = StatusNumber.value(first)
                } else if words.count > 1, words[1] == "done", first.last == "%" {
                    scan.progressRatio = StatusNumber.decimal(first.dropLast()).map { min(1, $0 / 100) }
                } else if words.count > 1, words[1] == "total" {
                    scan.toExamineBytes = StatusNumber.value(first)
                } else if let scanned = words.firstIndex(of: "scanned") {
                    scan.examinedBytes = StatusNumber.value(first)
                    // `1.23T / 2.00T scanned`, and before ZFS 0.8 `1.23T scanned out of 2.00T`
                    if scanned == 3, words[1] == "/" { scan.toExamineBytes = StatusNumber.value(words[2]) }
                    if words.count > scanned + 3, words[scanned + 1] == "out" {
                        scan.toExamineBytes = StatusNumber.value(words[scanned + 3])
                    }
                }
            }
        }
    }
}
