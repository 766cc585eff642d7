import Primitives

/// A moment as HTTP writes it: `Sun, 06 Nov 1994 08:49:37 GMT`.
package enum HTTPDate {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// In seconds since 1970; nil for what is none. The two older forms, which nobody may write any more, are none.
    package static func unixSeconds(_ text: String) -> Double? {
        guard text.utf8.count <= 64 else { return nil }
        let words = text.split(whereSeparator: \.isWhitespace)
        guard words.count == 6, words[5] == "GMT", let month = months.firstIndex(of: String(words[2])) else { return nil }
        return CivilTime(parsing: "\(words[3])-\(month < 9 ? "0" : "")\(month + 1)-\(words[1]) \(words[4])")?.unixSeconds
    }
}
