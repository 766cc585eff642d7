import Primitives

extension [UInt8] {
    /// A bucket's bound as the label `le` has it: the canonical number of OpenMetrics, which is Go's `%g` with `.0` where neither
    /// a point nor an exponent shows that it is no integer: `0.005`, `1.0`, `100000.0`, `1e+06`.
    ///
    /// The text format has no rule for it, and Go's own library writes `1` and `10` there. Prometheus before 3.0 stores the label as
    /// it stands in either format, so a histogram written by that custom would become another series whenever a scraper changed its
    /// mind about the format. Prometheus since 3.0 rewrites `le` of both formats into this form. So both formats have it here.
    mutating func append(bound: Double) {
        guard bound.isFinite else {
            append(sampleValue: bound)
            return
        }
        // Swift's description has the shortest digits too; it changes to exponents elsewhere: 1000000.0, 1e+16, 0.0001, 1e-05.
        let text = Array("\(bound.magnitude)".utf8)
        let mantissaEnd = text.firstIndex(of: UInt8(ascii: "e")) ?? text.endIndex
        let mantissa = text[..<mantissaEnd]
        let point = mantissa.firstIndex(of: UInt8(ascii: ".")) ?? mantissaEnd
        let written = Int(String(decoding: text[mantissaEnd...].dropFirst(), as: UTF8.self)) ?? 0
        let all = mantissa.filter { $0 != UInt8(ascii: ".") }
        let leadingZeros = all.prefix { $0 == UInt8(ascii: "0") }.count
        let exponent = written + point - 1 - leadingZeros
        if bound.sign == .minus && bound != 0 { append(UInt8(ascii: "-")) }
        if bound == 0 || (-4..<6).contains(exponent) {
            append(contentsOf: text)
            return
        }
        var digits = all.dropFirst(leadingZeros)
        while digits.last == UInt8(ascii: "0") { digits.removeLast() }
        append(contentsOf: digits.prefix(1))
        if digits.count > 1 {
            append(UInt8(ascii: "."))
            append(contentsOf: digits.dropFirst())
        }
        append(UInt8(ascii: "e"))
        append(UInt8(ascii: exponent < 0 ? "-" : "+"))
        if exponent.magnitude < 10 { append(UInt8(ascii: "0")) }
        append(decimal: Int64(exponent.magnitude))
    }
}
