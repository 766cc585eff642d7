import Primitives

indirect enum PatternNode {
    case empty
    case scalars(ScalarClass)
    case sequence([PatternNode])
    case choice([PatternNode])
    case group(PatternNode, number: Int)
    /// `most` nil without bound.
    case repetition(PatternNode, least: Int, most: Int?, isGreedy: Bool)
    case start
    case end
    case wordEdge(isNegated: Bool)
    case look(PatternNode, isAhead: Bool, isNegated: Bool)
}

/// Reads a pattern in JavaScript's spelling.
struct PatternParser {
    private let source: [Unicode.Scalar]
    private let ignoresCase: Bool
    private var place = 0
    private var depth = 0
    /// With the whole.
    private(set) var groupCount = 1
    private(set) var groupNames: [String: Int] = [:]

    static let sizeLimit = 4_000
    private static let depthLimit = 50

    init(_ source: String, ignoresCase: Bool) {
        self.source = Array(source.unicodeScalars.prefix(Self.sizeLimit + 1))
        self.ignoresCase = ignoresCase
    }

    mutating func parse() throws(Failure) -> PatternNode {
        guard source.count <= Self.sizeLimit else { throw Failure(.limit, "a pattern has more than \(Self.sizeLimit) letters") }
        let node = try choice()
        guard place == source.count else { throw malformed("a ) without a (") }
        return node
    }

    private func malformed(_ what: String) -> Failure {
        var text = ""
        text.unicodeScalars.append(contentsOf: source.prefix(100))
        return Failure(.malformed, "the pattern \(text) cannot be read: \(what) at letter \(place + 1)")
    }

    private var here: Unicode.Scalar? { place < source.count ? source[place] : nil }

    private mutating func take(_ text: StaticString) -> Bool {
        let letters = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        guard place + letters.count <= source.count else { return false }
        for (offset, letter) in letters.enumerated() where source[place + offset].value != UInt32(letter) { return false }
        place += letters.count
        return true
    }

    private mutating func choice() throws(Failure) -> PatternNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.depthLimit else { throw Failure(.limit, "a pattern has groups nested deeper than \(Self.depthLimit)") }
        var choices = [try sequence()]
        while take("|") { choices.append(try sequence()) }
        return choices.count == 1 ? choices[0] : .choice(choices)
    }

    private mutating func sequence() throws(Failure) -> PatternNode {
        var parts: [PatternNode] = []
        while let letter = here, letter != "|", letter != ")" {
            let part = try atom()
            parts.append(try repeated(part))
        }
        return parts.count == 1 ? parts[0] : parts.isEmpty ? .empty : .sequence(parts)
    }

    private mutating func repeated(_ part: PatternNode) throws(Failure) -> PatternNode {
        let bounds: (Int, Int?)
        if take("*") {
            bounds = (0, nil)
        } else if take("+") {
            bounds = (1, nil)
        } else if take("?") {
            bounds = (0, 1)
        } else {
            guard here == "{", let counted = counts() else { return part }
            bounds = counted
        }
        if let most = bounds.1, most < bounds.0 { throw malformed("a repetition whose most is less than its least") }
        let isGreedy = !take("?")
        if let letter = here, letter == "*" || letter == "+" { throw malformed("nothing to repeat") }
        return .repetition(part, least: bounds.0, most: bounds.1, isGreedy: isGreedy)
    }

    /// `{2}`, `{2,}` and `{2,5}`; what only looks like one is letters.
    private mutating func counts() -> (Int, Int?)? {
        let start = place
        _ = take("{")
        guard let least = number() else {
            place = start
            return nil
        }
        var most: Int? = least
        if take(",") { most = here == "}" ? nil : number() ?? -1 }
        guard take("}"), most != -1 else {
            place = start
            return nil
        }
        return (least, most)
    }

    private mutating func number() -> Int? {
        var number: Int?
        while let digit = here?.digit, (number ?? 0) < 100_000 {
            number = (number ?? 0) * 10 + digit
            place += 1
        }
        return number
    }

    private mutating func atom() throws(Failure) -> PatternNode {
        guard let letter = here else { return .empty }
        switch letter {
        case "(": return try group()
        case "[": return .scalars(try bracket())
        case "*", "+", "?": throw malformed("nothing to repeat")
        default: place += 1
        }
        switch letter {
        case "^": return .start
        case "$": return .end
        case ".": return .scalars(ScalarClass(ranges: ScalarClass.lineEnds, isNegated: true))
        case "\\": return try escape()
        default: return literal(letter)
        }
    }

    private func literal(_ letter: Unicode.Scalar) -> PatternNode {
        .scalars(ScalarClass(ranges: [letter.value...letter.value], ignoresCase: ignoresCase))
    }

    private mutating func group() throws(Failure) -> PatternNode {
        _ = take("(")
        var wrap: (PatternNode) -> PatternNode
        if take("?:") {
            wrap = { $0 }
        } else if take("?=") {
            wrap = { .look($0, isAhead: true, isNegated: false) }
        } else if take("?!") {
            wrap = { .look($0, isAhead: true, isNegated: true) }
        } else if take("?<=") {
            wrap = { .look($0, isAhead: false, isNegated: false) }
        } else if take("?<!") {
            wrap = { .look($0, isAhead: false, isNegated: true) }
        } else {
            let number = groupCount
            groupCount += 1
            guard groupCount <= 100 else { throw Failure(.limit, "a pattern has more than 99 groups") }
            if take("?<") || take("?P<") {
                var name = ""
                while let letter = here, letter != ">" {
                    name.unicodeScalars.append(letter)
                    place += 1
                }
                guard take(">"), !name.isEmpty else { throw malformed("a name without an end") }
                groupNames[name] = groupNames[name] ?? number
            } else if here == "?" {
                throw malformed("a group of a kind that is not supported")
            }
            wrap = { .group($0, number: number) }
        }
        let inside = try choice()
        guard take(")") else { throw malformed("a ( without a )") }
        return wrap(inside)
    }

    private mutating func escape() throws(Failure) -> PatternNode {
        guard let letter = here else { throw malformed("a \\ at the end") }
        if letter == "b" || letter == "B" {
            place += 1
            return .wordEdge(isNegated: letter == "B")
        }
        if let digit = letter.digit, digit > 0 { throw malformed("a reference to a group, which is not supported") }
        if letter == "k", !groupNames.isEmpty { throw malformed("a reference to a group, which is not supported") }
        if let ranges = try classEscape() { return .scalars(ScalarClass(ranges: ranges)) }
        return literal(try escapedLetter())
    }

    /// The ranges of `\d` and its like.
    private mutating func classEscape() throws(Failure) -> [ClosedRange<UInt32>]? {
        let ranges: [ClosedRange<UInt32>]
        switch here {
        case "d": ranges = ScalarClass.digits
        case "D": ranges = ScalarClass.complement(ScalarClass.digits)
        case "w": ranges = ScalarClass.word
        case "W": ranges = ScalarClass.complement(ScalarClass.word)
        case "s": ranges = ScalarClass.space
        case "S": ranges = ScalarClass.complement(ScalarClass.space)
        case "p", "P": throw malformed("a class of Unicode, which is not supported")
        default: return nil
        }
        place += 1
        return ranges
    }

    /// The letter behind a backslash.
    private mutating func escapedLetter() throws(Failure) -> Unicode.Scalar {
        guard let letter = here else { throw malformed("a \\ at the end") }
        place += 1
        switch letter {
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "f": return "\u{0C}"
        case "v": return "\u{0B}"
        case "0": return "\0"
        case "x": return hexadecimal(2) ?? letter
        case "u": return hexadecimal(4) ?? letter
        default: return letter
        }
    }

    private mutating func hexadecimal(_ count: Int) -> Unicode.Scalar? {
        guard place + count <= source.count else { return nil }
        var value: UInt32 = 0
        for offset in 0..<count {
            guard let digit = Character(source[place + offset]).hexDigitValue else { return nil }
            value = value * 16 + UInt32(digit)
        }
        guard let scalar = Unicode.Scalar(value) else { return nil }
        place += count
        return scalar
    }

    private mutating func bracket() throws(Failure) -> ScalarClass {
        _ = take("[")
        var found: [ClosedRange<UInt32>] = []
        let isNegated = take("^")
        while let letter = here, letter != "]" {
            guard let low = try bracketLetter(&found) else { continue }
            guard here == "-", place + 1 < source.count, source[place + 1] != "]" else {
                found.append(low.value...low.value)
                continue
            }
            place += 1
            if let high = try bracketLetter(&found) {
                guard low.value <= high.value else { throw malformed("a range that goes down") }
                found.append(low.value...high.value)
            } else {
                found += [low.value...low.value, 0x2D...0x2D]
            }
        }
        guard take("]") else { throw malformed("a [ without a ]") }
        return ScalarClass(ranges: found, isNegated: isNegated, ignoresCase: ignoresCase)
    }

    /// A letter of a class, or nil when it was a class of its own and is in `found` already.
    private mutating func bracketLetter(_ found: inout [ClosedRange<UInt32>]) throws(Failure) -> Unicode.Scalar? {
        guard let letter = here else { throw malformed("a [ without a ]") }
        place += 1
        guard letter == "\\" else { return letter }
        if here == "b" {
            place += 1
            return "\u{08}"
        }
        if let ranges = try classEscape() {
            found += ranges
            return nil
        }
        return try escapedLetter()
    }
}
