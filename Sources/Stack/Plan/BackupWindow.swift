/// The hours of the night in which guests may go down for their backup without anybody being told.
package enum BackupWindow: Sendable, Equatable {
    /// There are none.
    case none
    /// Minutes after midnight, by the clock of this machine. The end may be before the beginning: midnight lies between them then.
    case daily(from: Int, to: Int)

    /// `22:00-05:00`, or `off`; nil for anything else.
    package init?(parsing text: String) {
        if text == "off" {
            self = .none
            return
        }
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let from = Self.minutes(parts[0]), let to = Self.minutes(parts[1]), from != to, from < 1440 else {
            return nil
        }
        self = .daily(from: from, to: to)
    }

    private static func minutes(_ text: Substring) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.utf8.count == 2 && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }),
            let hours = Int(parts[0]), let minutes = Int(parts[1]), hours <= 24, minutes < 60, hours < 24 || minutes == 0
        else { return nil }
        return hours * 60 + minutes
    }

    /// The ranges as Alertmanager takes them: from one hour to a later one of the same day.
    var ranges: [(start: String, end: String)] {
        guard case .daily(let from, let to) = self else { return [] }
        let ranges = from < to ? [(from, to)] : [(from, 1440)] + (to == 0 ? [] : [(0, to)])
        return ranges.map { (Self.text($0.0), Self.text($0.1)) }
    }

    private static func text(_ minutes: Int) -> String {
        func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(twoDigits(minutes / 60)):\(twoDigits(minutes % 60))"
    }
}
