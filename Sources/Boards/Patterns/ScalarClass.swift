/// What one place of a text may be.
struct ScalarClass: Sendable {
    /// Sorted, with gaps between.
    let ranges: [ClosedRange<UInt32>]
    let isNegated: Bool
    let ignoresCase: Bool
    /// Steps of looking whether a letter is in it.
    let cost: Int

    init(ranges: [ClosedRange<UInt32>], isNegated: Bool = false, ignoresCase: Bool = false) {
        self.ranges = Self.joined(ranges)
        (self.isNegated, self.ignoresCase) = (isNegated, ignoresCase)
        let halvings = Int.bitWidth - self.ranges.count.leadingZeroBitCount
        cost = (1 + halvings / 4) * (ignoresCase ? 3 : 1)
    }

    func contains(_ scalar: Unicode.Scalar) -> Bool {
        if isIn(scalar.value) { return !isNegated }
        guard ignoresCase else { return isNegated }
        let cases = LetterCases.of(scalar.value)
        return (isIn(cases.lower) || isIn(cases.upper)) != isNegated
    }

    private func isIn(_ value: UInt32) -> Bool {
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < value { low = middle + 1 } else { high = middle }
        }
        return low < ranges.count && ranges[low].contains(value)
    }

    static let digits: [ClosedRange<UInt32>] = [0x30...0x39]
    static let word: [ClosedRange<UInt32>] = [0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A]
    static let space: [ClosedRange<UInt32>] = [0x09...0x0D, 0x20...0x20, 0xA0...0xA0, 0x2028...0x2029, 0xFEFF...0xFEFF]
    static let lineEnds: [ClosedRange<UInt32>] = [0x0A...0x0A, 0x0D...0x0D, 0x2028...0x2029]
    static let wordLetters = ScalarClass(ranges: word)

    /// What is in none of the ranges, which are sorted.
    static func complement(_ ranges: [ClosedRange<UInt32>]) -> [ClosedRange<UInt32>] {
        var (found, next): ([ClosedRange<UInt32>], UInt32) = ([], 0)
        for range in ranges {
            if range.lowerBound > next { found.append(next...(range.lowerBound - 1)) }
            next = range.upperBound + 1
        }
        return next <= 0x10FFFF ? found + [next...0x10FFFF] : found
    }

    /// The ranges sorted, with those that touch made one.
    static func joined(_ ranges: [ClosedRange<UInt32>]) -> [ClosedRange<UInt32>] {
        guard ranges.count > 1 else { return ranges }
        var found: [ClosedRange<UInt32>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = found.last, range.lowerBound <= last.upperBound + 1 {
                found[found.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                found.append(range)
            }
        }
        return found
    }
}

/// Which letters are the same but for their case.
enum LetterCases {
    typealias Cases = (lower: UInt32, upper: UInt32)

    static func of(_ value: UInt32) -> Cases {
        switch value {
        case 0x41...0x5A: (value + 0x20, value)
        case 0x61...0x7A: (value, value - 0x20)
        case 0..<0x80: (value, value)
        default: others[value] ?? (value, value)
        }
    }

    /// The letters beyond ASCII that are one letter in their other case too; no script with cases lies past U+1E943.
    private static let others: [UInt32: Cases] = {
        var found: [UInt32: Cases] = [:]
        for value in UInt32(0x80)...0x1E943 {
            guard let scalar = Unicode.Scalar(value), scalar.properties.isCased else { continue }
            func single(_ text: String) -> UInt32 {
                let scalars = text.unicodeScalars
                return scalars.count == 1 ? scalars.first?.value ?? value : value
            }
            let cases = (single(scalar.properties.lowercaseMapping), single(scalar.properties.uppercaseMapping))
            if cases != (value, value) { found[value] = cases }
        }
        return found
    }()
}
