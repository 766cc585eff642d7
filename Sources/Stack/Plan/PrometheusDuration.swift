/// Whether Prometheus reads the text as a time that is not zero: `15d`, `1h30m`, largest unit first and each once.
func isPrometheusDuration(_ text: String) -> Bool {
    let units = ["y", "w", "d", "h", "m", "s", "ms"]
    var rest = text[...]
    var next = 0
    var isZero = true
    while !rest.isEmpty {
        let digits = rest.prefix { $0.isASCII && $0.isNumber }
        guard !digits.isEmpty, digits.count <= 9 else { return false }
        rest = rest.dropFirst(digits.count)
        let unit = rest.prefix { $0.isLetter }
        guard let position = units.firstIndex(of: String(unit)), position >= next else { return false }
        next = position + 1
        rest = rest.dropFirst(unit.count)
        if digits.contains(where: { $0 != "0" }) { isZero = false }
    }
    return !isZero
}

/// Seconds as Prometheus writes them: `15s`, or `500ms` when they are not whole.
func prometheusDuration(seconds: Double) -> String {
    let milliseconds = Int((seconds * 1000).rounded())
    return milliseconds % 1000 == 0 ? "\(milliseconds / 1000)s" : "\(milliseconds)ms"
}
