import Primitives

/// How journalctl is called.
enum JournalCommand {
    /// Where to begin.
    enum Start: Equatable {
        /// With the entry of this cursor, so that one sees whether it is there; the one behind it would be left out where it is not.
        case cursor(String)
        /// Seconds since 1970.
        case since(Int64)

        /// - Parameter place: what was read last; nil when nothing was.
        /// - Parameter begin: seconds since 1970, for who has read nothing.
        init(_ place: JournalPlace?, isCursorLost: Bool, begin: Int64, now: Double) {
            guard let place else {
                self = .since(begin)
                return
            }
            let seconds = place.microseconds / 1_000_000
            // A time to come is one of a clock that was wrong: nothing would be read until then.
            self = !isCursorLost ? .cursor(place.cursor) : .since(Double(seconds) > now ? begin : seconds)
        }
    }

    static func arguments(_ settings: JournalSettings, from start: Start) -> [String] {
        // Without --no-tail a journal is followed from its last ten lines.
        var words = [
            "--output=export", "--all", "--follow", "--no-tail", "--no-pager",
            "--output-fields=" + JournalFields.wanted.joined(separator: ","),
        ]
        words += place(settings)
        if let priority = settings.priority { words.append("--priority=\(priority.rawValue)") }
        words += settings.units.map { "--unit=" + $0 }
        switch start {
        case .cursor(let cursor): words.append("--cursor=" + cursor)
        case .since(let seconds): words.append("--since=@\(max(0, seconds))")
        }
        return words
    }

    /// Which journal it is about.
    private static func place(_ settings: JournalSettings) -> [String] {
        [settings.namespace.map { "--namespace=" + $0 }, settings.directory.map { "--directory=" + $0 }].compactMap { $0 }
    }

    /// For who wants to know whether there is anything, whatever is wanted of it.
    static func lastEntry(_ settings: JournalSettings) -> [String] {
        ["--output=export", "--output-fields=PRIORITY", "--lines=1", "--no-pager"] + place(settings)
    }
}
