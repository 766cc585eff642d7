import Primitives

/// The scan line of `zpool status`: what the last scrub or resilver found, or how far the present one is.
///
/// It is made for people, and every release of OpenZFS words it a little differently; what it does not say stays nil.
package struct PoolScan: Sendable, Equatable {
    package private(set) var isScrubRunning: Bool?
    package private(set) var isResilverRunning: Bool?
    /// How much of a scan that runs or pauses is done, 0-1.
    package private(set) var progressRatio: Double?
    /// When the last scrub ended, on the node's clock: as if that were UTC.
    package private(set) var lastScrubLocalSeconds: Double?
    /// There never was a scan: what an earlier pool of the name has seen is nothing to this one.
    package private(set) var isFirst = false
    /// What that scrub could not repair.
    package private(set) var lastScrubErrors: Double?

    /// The longest honest text is a tenth of it.
    private static let textLimit = 4096

    /// nil of a text that is none of those known.
    package init?(_ text: String) {
        let words = text.utf8.prefix(Self.textLimit).split { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
            .map { String(decoding: $0, as: UTF8.self) }
        guard let subject = words.first else { return nil }
        // A device that is rebuilt as a whole is named in brackets: "resilver (draid1:3d:5c-0) in progress".
        let rest = words.dropFirst().first?.hasPrefix("(") == true ? words.dropFirst(2) : words.dropFirst()
        switch (subject, rest.first) {
        case ("none", "requested"): (isScrubRunning, isResilverRunning, isFirst) = (false, false, true)
        case ("scrub", "in"), ("resilver", "in"):
            guard rest.dropFirst().first == "progress" else { return nil }
            (isScrubRunning, isResilverRunning) = (subject == "scrub", subject == "resilver")
            progressRatio = Self.progress(rest)
        case ("scrub", "paused"), ("resilver", "paused"):
            (isScrubRunning, isResilverRunning) = (false, false)
            progressRatio = Self.progress(rest)
        case ("scrub", "canceled"), ("resilver", "canceled"): (isScrubRunning, isResilverRunning) = (false, false)
        case ("scrub", "repaired"):
            (isScrubRunning, isResilverRunning) = (false, false)
            lastScrubLocalSeconds = Self.date(rest)
            lastScrubErrors = Self.errors(rest)
        case ("resilvered", _?): (isScrubRunning, isResilverRunning) = (false, false)
        default: return nil
        }
    }

    /// Of `… 12.34% done, …`
    private static func progress(_ words: ArraySlice<String>) -> Double? {
        for (word, next) in zip(words, words.dropFirst()) where word.hasSuffix("%") && next.hasPrefix("done") {
            guard let percent = LeadingNumber(word)?.value, (0...100).contains(percent) else { return nil }
            return percent / 100
        }
        return nil
    }

    /// Of `… with 0 errors on …`
    private static func errors(_ words: ArraySlice<String>) -> Double? {
        guard let with = words.firstIndex(of: "with") else { return nil }
        let words = words[with...].dropFirst().prefix(2)
        guard let count = words.first?.utf8.decimalNumber, words.last?.hasPrefix("error") == true else { return nil }
        return Double(count)
    }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// Of `… on Sun Nov 15 01:26:04 2026`
    private static func date(_ words: ArraySlice<String>) -> Double? {
        guard let on = words.lastIndex(of: "on") else { return nil }
        let words = Array(words[on...].dropFirst().prefix(5))
        guard words.count == 5, let month = months.firstIndex(of: words[1]), let day = words[2].utf8.decimalNumber,
            let year = words[4].utf8.decimalNumber
        else { return nil }
        let time = words[3].utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false).compactMap(\.decimalNumber)
        guard time.count == 3 else { return nil }
        return CivilTime(year: year, month: month + 1, day: day, hour: time[0], minute: time[1], second: time[2])?.unixSeconds
    }
}
