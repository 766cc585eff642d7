/// Texts compared with patterns in which `*` stands for any letters, also none.
///
/// It goes back to the last star only, so that no pattern costs more than its length times the text's.
package enum Wildcard {
    package static func matches(_ text: some StringProtocol, _ pattern: some StringProtocol) -> Bool {
        let (text, pattern) = (Array(text.utf8), Array(pattern.utf8))
        let star = UInt8(ascii: "*")
        var (place, sign) = (0, 0)
        // Where the last star stands, and how far it reaches by now: only that one need ever reach further.
        var last: (sign: Int, place: Int)?
        while place < text.count {
            if sign < pattern.count, pattern[sign] == star {
                last = (sign, place)
                sign += 1
            } else if sign < pattern.count, pattern[sign] == text[place] {
                place += 1
                sign += 1
            } else if let reach = last {
                last = (reach.sign, reach.place + 1)
                place = reach.place + 1
                sign = reach.sign + 1
            } else {
                return false
            }
        }
        return pattern[sign...].allSatisfy { $0 == star }
    }
}
