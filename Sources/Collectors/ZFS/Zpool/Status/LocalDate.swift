import Glibc

/// A moment as ctime(3) writes it in English, in this machine's time zone: `Sun Nov 15 01:26:04 2026`.
enum LocalDate {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// Seconds since 1970 of the first five words; nil when they are no such date.
    static func seconds(_ words: some Collection<Substring>) -> Double? {
        let words = Array(words.prefix(5))
        guard words.count == 5, let month = months.firstIndex(where: { words[1] == $0 }), let day = number(words[2], 1...31),
            let year = number(words[4], 1900...9999)
        else { return nil }
        let clock = words[3].split(separator: ":", omittingEmptySubsequences: false)
        guard clock.count == 3, let hour = number(clock[0], 0...23), let minute = number(clock[1], 0...59),
            let second = number(clock[2], 0...60)
        else { return nil }
        var parts = tm()
        parts.tm_year = year - 1900
        parts.tm_mon = Int32(month)
        (parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec) = (day, hour, minute, second)
        // Whether summer time holds then, the C library finds out.
        parts.tm_isdst = -1
        let time = mktime(&parts)
        return time == -1 ? nil : Double(time)
    }

    private static func number(_ text: Substring, _ range: ClosedRange<Int32>) -> Int32? {
        guard let number = Int32(text), range.contains(number) else { return nil }
        return number
    }
}
