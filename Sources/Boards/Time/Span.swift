/// Spans of time as Grafana and Prometheus write them.
package enum Span {
    private static let units: [(name: String, milliseconds: Double)] = [
        ("y", 31_536_000_000), ("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1),
    ]
    /// A month, which Prometheus has no letter for.
    private static let month = 2_592_000_000.0

    /// Milliseconds of `30s`, `1m30s`, `500ms`, `1d`, also `>10s` and a bare number of seconds; nil for what is none, or longer than a century.
    package static func milliseconds(_ text: String) -> Double? {
        guard text.utf8.count <= 32 else { return nil }
        var rest = Substring(text)
        while let first = rest.first, first == " " || first == ">" { rest.removeFirst() }
        while rest.last == " " { rest.removeLast() }
        guard !rest.isEmpty else { return nil }
        if let seconds = decimalNumber(rest) { return bounded(seconds * 1000) }
        var total = 0.0
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            rest = rest.dropFirst(digits.count)
            let letters = rest.prefix { $0.isASCII && $0.isLetter }
            rest = rest.dropFirst(letters.count)
            guard let count = decimalNumber(digits) else { return nil }
            if letters == "M" {
                total += count * month
            } else {
                guard let unit = units.first(where: { $0.name == letters }) else { return nil }
                total += count * unit.milliseconds
            }
        }
        return bounded(total)
    }

    private static func bounded(_ milliseconds: Double) -> Double? {
        milliseconds >= 0 && milliseconds <= 3_200_000_000_000 ? milliseconds : nil
    }

    /// The span as Prometheus reads it: `1h30m`, `500ms`; `0s` for none.
    package static func text(milliseconds: Double) -> String {
        guard milliseconds.isFinite, milliseconds >= 1, milliseconds < 9e15 else { return "0s" }
        var rest = milliseconds.rounded()
        var text = ""
        for unit in units where rest >= unit.milliseconds && unit.name != "y" && unit.name != "w" {
            let count = (rest / unit.milliseconds).rounded(.down)
            text += plainNumber(count) + unit.name
            rest -= count * unit.milliseconds
        }
        return text
    }
}
