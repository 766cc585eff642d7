import Primitives

/// A duration as Go writes it: `30m`, `1h30m`, `1.5s`, `0`.
package enum DurationText {
    private static let units: [(name: String, seconds: Double)] = [
        ("ns", 1e-9), ("us", 1e-6), ("µs", 1e-6), ("ms", 1e-3), ("s", 1), ("m", 60), ("h", 3600),
    ]

    /// Of Go: 292 years, in nanoseconds.
    private static let longestSeconds = 9_223_372_036.0

    /// Nil for what is no duration, or a longer one than Go can say.
    package static func seconds(_ text: String) -> Double? {
        if text == "0" { return 0 }
        guard (1...40).contains(text.utf8.count) else { return nil }
        var (rest, sum) = (Substring(text), 0.0)
        while !rest.isEmpty {
            let number = rest.prefix { $0 == "." || $0.isASCII && $0.isWholeNumber }
            rest = rest.dropFirst(number.count)
            let name = rest.prefix { !($0 == "." || $0.isASCII && $0.isWholeNumber) }
            rest = rest.dropFirst(name.count)
            guard let first = number.first, let last = number.last, first != ".", last != ".", let value = Double(String(number)),
                let unit = units.first(where: { $0.name.utf8.elementsEqual(name.utf8) })
            else { return nil }
            sum += value * unit.seconds
        }
        return sum <= longestSeconds ? sum : nil
    }

    package static func seconds(_ value: ObjectValue?) -> Double? { value?.text.flatMap { seconds($0) } }
}

/// A schedule in cron's five fields, `@daily` and its like, or `@every 6h`.
package enum CronText {
    private static let ranges: [ClosedRange<Int>] = [0...59, 0...23, 1...31, 1...12, 0...7]
    private static let names: [[String]] = [
        [], [], [], ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
        ["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
    ]

    package static func isValid(_ text: String) -> Bool {
        if text.hasPrefix("@every ") { return (DurationText.seconds(String(text.dropFirst(7))) ?? 0) >= 1 }
        if text.hasPrefix("@") { return ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"].contains(text) }
        let fields = text.split(separator: " ").map(String.init)
        return fields.count == 5 && !text.hasPrefix(" ") && !text.hasSuffix(" ")
            && fields.enumerated().allSatisfy { index, field in values(of: field, index) != nil }
    }

    /// What a field stands for: minutes, hours, days of the month, months, or days of the week with Sunday as 0.
    package static func values(of field: String, _ index: Int) -> Set<Int>? {
        guard ranges.indices.contains(index) else { return nil }
        var values: Set<Int> = []
        for part in field.split(separator: ",", omittingEmptySubsequences: false) {
            guard let some = self.values(ofPart: part.lowercased(), index) else { return nil }
            values.formUnion(some)
        }
        if index == 4, values.remove(7) != nil { values.insert(0) }
        return values
    }

    private static func values(ofPart part: String, _ index: Int) -> Set<Int>? {
        let pieces = part.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard (1...2).contains(pieces.count) else { return nil }
        var step = 1
        if pieces.count == 2 {
            guard let said = pieces[1].utf8.decimalNumber, said >= 1 else { return nil }
            step = said
        }
        var range = ranges[index]
        if pieces[0] != "*", pieces[0] != "?" {
            let ends = pieces[0].split(separator: "-", omittingEmptySubsequences: false).map(String.init)
            guard (1...2).contains(ends.count), let first = number(ends[0], index) else { return nil }
            var last = first
            if ends.count == 2 {
                guard let said = number(ends[1], index) else { return nil }
                last = said
            } else if pieces.count == 2 {
                last = range.upperBound
            }
            guard first <= last else { return nil }
            range = first...last
        }
        return Set(stride(from: range.lowerBound, through: range.upperBound, by: step))
    }

    private static func number(_ text: String, _ index: Int) -> Int? {
        if let place = names[index].firstIndex(of: text) { return place + (index == 3 ? 1 : 0) }
        guard let number = text.utf8.decimalNumber, ranges[index].contains(number) else { return nil }
        return number
    }
}

/// A time as RFC 3339 writes it.
package enum Timestamp {
    /// `2026-11-23T03:04:05Z`
    package static func text(_ unixSeconds: Double) -> String { String(timestampText(unixSeconds).dropLast(5)) + "Z" }

    /// With microseconds: `2026-11-23T03:04:05.678901Z`.
    package static func preciseText(_ unixSeconds: Double) -> String {
        let whole = unixSeconds.rounded(.down)
        let micros = Int(((unixSeconds - whole) * 1e6).rounded(.down).clamped(to: 0...999_999))
        let digits = String(micros)
        return "\(text(whole).dropLast()).\(String(repeating: "0", count: 6 - digits.count))\(digits)Z"
    }

    @Sendable package static func isValid(_ text: String) -> Bool { unixSeconds(text) != nil }

    /// Seconds since 1970; nil for what is no time of the years 1970 to 9999.
    package static func unixSeconds(_ text: String) -> Double? {
        let bytes = Array(text.utf8)
        guard (20...40).contains(bytes.count), bytes[10] | 0x20 == UInt8(ascii: "t") else { return nil }
        func part(_ range: Range<Int>) -> Substring { Substring(text.utf8.dropFirst(range.lowerBound).prefix(range.count)) }
        guard let civil = CivilTime(parsing: "\(part(0..<10)) \(part(11..<19))") else { return nil }
        var (seconds, index) = (civil.unixSeconds, 19)
        if bytes[index] == UInt8(ascii: ".") {
            var (scale, start) = (0.1, index + 1)
            while start < bytes.count, TextFormat.isDigit(bytes[start]) {
                seconds += Double(bytes[start] - 0x30) * scale
                scale /= 10
                start += 1
            }
            guard start > index + 1 else { return nil }
            index = start
        }
        let zone = Array(bytes[index...])
        if zone.count == 1, zone[0] | 0x20 == UInt8(ascii: "z") { return seconds }
        guard zone.count == 6, zone[0] == UInt8(ascii: "+") || zone[0] == UInt8(ascii: "-"), zone[3] == UInt8(ascii: ":"),
            let hours = zone[1...2].decimalNumber, let minutes = zone[4...5].decimalNumber, hours < 24, minutes < 60
        else { return nil }
        let offset = Double(hours * 3600 + minutes * 60)
        return zone[0] == UInt8(ascii: "+") ? seconds - offset : seconds + offset
    }
}
