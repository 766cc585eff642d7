import Primitives

/// What the log of a backup task tells: which job it was, and how each guest fared. It is read line by line, as it may be long.
///
/// Its times are local to the node, whose zone nobody tells. But the first of them is the moment at which the task began, which the API
/// gives in unix time; the difference is the zone's, to the quarter of an hour. Of one that waited for another, the end tells.
package struct BackupLog: Sendable {
    package struct Run: Sendable, Equatable {
        package let vmid: Int
        /// Seconds since 1970.
        package fileprivate(set) var end: Double
        package let durationSeconds: Double?
        package let isGood: Bool
    }

    /// The job that started it; nil by hand, or where the log does not tell.
    package private(set) var job: String?
    /// Those that ended.
    package private(set) var runs: [Run] = []

    private let taskStart: Double
    /// Of the node's clock, once a line has told.
    private var zoneSeconds: Double?
    /// Another job was at work, so that the first backup began later than the task.
    private var hasWaited = false
    /// The first backup has begun.
    private var hasStarted = false
    /// Of the guest whose lines are read.
    private var vmid: Int?
    private var start: Double?
    private var isGood: Bool?
    /// When its backup ended, by how long it took.
    private var toldEnd: Double?

    /// Guests of one task that are believed.
    private static let runLimit = 10_000

    package init(taskStart: Double) { self.taskStart = taskStart }

    package mutating func read(_ line: String) {
        if let text = Self.rest(line, "INFO: starting new backup job: ") {
            job = Self.word(after: " --job-id ", in: text)
        } else if line.hasPrefix("INFO: trying to get global lock") {
            hasWaited = true
        } else if let text = Self.rest(line, "INFO: Starting Backup of VM ") {
            // Of one that failed without a word of when, the start must do.
            if isGood == false, let start { end(at: start, nil) }
            (vmid, start, isGood, toldEnd) = (Self.number(text), nil, nil, nil)
        } else if let text = Self.rest(line, "INFO: Backup started at ") {
            if !hasStarted { zoneSeconds = Self.zone(text, at: taskStart) }
            hasStarted = true
            start = moment(text)
        } else if let text = Self.rest(line, "INFO: Finished Backup of VM "), Self.number(text) == vmid {
            isGood = true
            if let start, let seconds = Self.duration(text) {
                toldEnd = start + seconds
                end(at: start + seconds, seconds)
            }
        } else if let text = Self.rest(line, "ERROR: Backup of VM "), Self.number(text) == vmid {
            isGood = false
        } else if let text = Self.rest(line, "INFO: Backup finished at ") ?? Self.rest(line, "INFO: Failed at ") {
            if let toldEnd { changeZone(text, at: toldEnd) }
            toldEnd = nil
            guard let moment = moment(text) else { return }
            end(at: moment, start.map { max(0, moment - $0) })
        }
    }

    /// The log is over.
    ///
    /// - Parameter taskEnd: in seconds since 1970. Of a task that had to wait, only the end is known to be that of its last backup.
    package mutating func finish(taskEnd: Double? = nil) {
        if isGood == false, let start { end(at: start, nil) }
        guard hasWaited, let taskEnd, let last = runs.last?.end else { return }
        let waited = ((taskEnd - last) / 900).rounded() * 900
        guard waited > 0 else { return }
        for index in runs.indices { runs[index].end += waited }
    }

    private mutating func end(at end: Double, _ durationSeconds: Double?) {
        if let vmid, let isGood, runs.count < Self.runLimit {
            runs.append(Run(vmid: vmid, end: end, durationSeconds: durationSeconds, isGood: isGood))
        }
        isGood = nil
    }

    /// Unix time of a local time.
    private func moment(_ text: Substring) -> Double? {
        guard let zoneSeconds, let local = CivilTime(parsing: text.trimmingSpaces)?.unixSeconds else { return nil }
        return local - zoneSeconds
    }

    /// Summer time may begin or end while a backup runs. How long it took is told too, by a clock that does not jump.
    private mutating func changeZone(_ text: Substring, at moment: Double) {
        guard let zoneSeconds, let zone = Self.zone(text, at: moment), [1800, 3600].contains(abs(zone - zoneSeconds)) else { return }
        self.zoneSeconds = zone
    }

    /// How far the local time of a moment is from UTC. No clock on Earth is further than that; then it is another moment, or no time.
    private static func zone(_ text: Substring, at moment: Double) -> Double? {
        guard let local = CivilTime(parsing: text.trimmingSpaces)?.unixSeconds else { return nil }
        let zone = ((local - moment) / 900).rounded() * 900
        return abs(zone) <= 15 * 3600 ? zone : nil
    }

    private static func rest(_ line: String, _ prefix: String) -> Substring? {
        line.hasPrefix(prefix) ? line.dropFirst(prefix.count) : nil
    }

    private static func number(_ text: Substring) -> Int? { Int(text.prefix { $0.isASCII && $0.isNumber }) }

    private static func word(after mark: String, in text: Substring) -> String? {
        guard let range = text.firstRange(of: mark) else { return nil }
        let word = text[range.upperBound...].prefix { $0 != " " }
        return word.isEmpty || word.utf8.count > 256 ? nil : String(word)
    }

    /// `100 (00:01:23)`, with as many hours as it took.
    private static func duration(_ text: Substring) -> Double? {
        guard let open = text.lastIndex(of: "("), let close = text.lastIndex(of: ")"), open < close else { return nil }
        let parts = text[text.index(after: open)..<close].split(separator: ":", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { $0.utf8.count <= 6 ? UInt32($0) : nil }
        guard parts.count == 3, numbers.count == 3 else { return nil }
        return Double(numbers[0]) * 3600 + Double(numbers[1]) * 60 + Double(numbers[2])
    }
}

extension Substring {
    fileprivate var trimmingSpaces: Substring {
        var text = self
        while text.first == " " { text.removeFirst() }
        while let last = text.last, last == " " || last == "\r" { text.removeLast() }
        return text
    }
}
