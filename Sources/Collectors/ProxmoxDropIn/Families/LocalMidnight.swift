import Glibc

/// The unix time at which a day `YYYY-MM-DD` begins in this machine's time zone; nil for anything else.
func localMidnight(_ date: String) -> Double? {
    let parts = date.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 3,
        parts.allSatisfy({ part in !part.isEmpty && part.utf8.count <= 4 && part.utf8.allSatisfy { (0x30...0x39).contains($0) } }),
        let year = Int32(parts[0]), let month = Int32(parts[1]), let day = Int32(parts[2]), parts[0].utf8.count == 4
    else { return nil }
    var time = tm()
    time.tm_year = year - 1900
    time.tm_mon = month - 1
    time.tm_mday = day
    // Whether summer time holds on that day is the time zone's business.
    time.tm_isdst = -1
    let seconds = mktime(&time)
    // mktime takes the 31st of February for the 3rd of March.
    guard time.tm_mon == month - 1, time.tm_mday == day, time.tm_year == year - 1900 else { return nil }
    return Double(seconds)
}
