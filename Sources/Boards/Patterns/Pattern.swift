package import Primitives

/// A regular expression of a board, in JavaScript's spelling, matched in time that grows with pattern times text, whatever the pattern.
///
/// All ways through the pattern are followed at once, none is tried again, so no pattern can blow up. That leaves no room for references back
/// to a group; looking ahead and behind is possible, but costs a run of its own at each place, which a budget of steps bounds.
package struct Pattern: Sendable {
    /// One match: places of the groups in the text's scalars, the whole first.
    package struct Match: Sendable {
        package let groups: [Range<Int>?]
    }

    let program: [PatternInstruction]
    /// Programs of what is looked for ahead or behind.
    let assertions: [[PatternInstruction]]
    let groupCount: Int
    package let groupNames: [String: Int]
    package let isGlobal: Bool

    /// As many scalars of a text as are looked at.
    package static let textLimit = 20_000
    /// As many steps as the patterns of all variables, or of a panel, may cost: a second or two of plain ones.
    package static let stepLimit = 10_000_000

    /// A pattern as it stands, found anywhere in a text.
    ///
    /// Errors: `malformed` for what is no pattern, or what this one does not have; `limit` for one too large.
    package init(_ source: String, ignoresCase: Bool = false, isGlobal: Bool = false) throws(Failure) {
        var parser = PatternParser(source, ignoresCase: ignoresCase)
        let node = try parser.parse()
        var compiler = PatternCompiler()
        program = try compiler.program(of: node)
        assertions = compiler.assertions
        groupCount = parser.groupCount
        groupNames = parser.groupNames
        self.isGlobal = isGlobal
    }

    /// What it costs to make, in steps of matching.
    private var cost: Int { assertions.reduce(program.count) { $0 + $1.count } }

    /// A pattern as boards write it, whose making is counted too.
    ///
    /// Errors: as without a budget, and `limit` when that is used up.
    init(board source: String, budget: inout Int) throws(Failure) {
        budget -= min(source.utf8.count, PatternParser.sizeLimit)
        guard budget > 0 else { throw Failure(.limit, Self.costsTooMuch) }
        try self.init(board: source)
        budget -= cost
    }

    static let costsTooMuch = "the patterns cost too much to be looked at"

    /// A pattern as boards write it: `/…/flags` is found anywhere, any other text must match as a whole.
    package init(board source: String) throws(Failure) {
        guard source.hasPrefix("/"), let end = source.lastIndex(of: "/"), end != source.startIndex else {
            try self.init("^(?:" + source + ")$")
            return
        }
        let flags = source[source.index(after: end)...]
        guard flags.allSatisfy({ "gimyus".contains($0) }) else {
            throw Failure(.malformed, "the pattern \(source.prefix(100)) has flags that no pattern has")
        }
        try self.init(
            String(source[source.index(after: source.startIndex)..<end]), ignoresCase: flags.contains("i"), isGlobal: flags.contains("g"))
    }

    /// Whether it is found in the text.
    package func matches(_ text: String) -> Bool {
        var budget = Self.stepLimit
        return firstMatch(in: Self.scalars(text), from: 0, budget: &budget) != nil
    }

    /// The matches, one after the other: the first alone unless the pattern is global.
    package func matches(in text: [Unicode.Scalar], budget: inout Int) -> [Match] {
        var found: [Match] = []
        var place = 0
        while place <= text.count, found.count < 1_000, let match = firstMatch(in: text, from: place, budget: &budget) {
            found.append(match)
            guard isGlobal, let whole = match.groups[0] else { break }
            place = whole.isEmpty ? whole.upperBound + 1 : whole.upperBound
        }
        return found
    }

    package static func scalars(_ text: String) -> [Unicode.Scalar] { Array(text.unicodeScalars.prefix(textLimit)) }

    /// The text with the match, or with all of a global pattern, replaced; `$1`, `$<name>`, `$&` and `$$` mean what they do in JavaScript.
    package func replacing(in text: String, with template: String, budget: inout Int) -> String {
        let scalars = Self.scalars(text)
        let matches = matches(in: scalars, budget: &budget)
        guard !matches.isEmpty else { return text }
        var result = String.UnicodeScalarView()
        var place = 0
        var left = Self.textLimit
        for match in matches where left > 0 {
            guard let whole = match.groups[0], whole.lowerBound >= place else { continue }
            let before = left
            result.append(contentsOf: scalars[place..<whole.lowerBound])
            left -= whole.lowerBound - place
            append(template, of: match, in: scalars, to: &result, left: &left)
            place = whole.upperBound
            budget -= before - left
        }
        result.append(contentsOf: scalars[place...])
        return String(result)
    }

    /// - Parameter left: letters that may be put in still.
    private func append(
        _ template: String, of match: Match, in scalars: [Unicode.Scalar], to result: inout String.UnicodeScalarView, left: inout Int
    ) {
        func appendGroup(_ number: Int) {
            guard match.groups.indices.contains(number), let range = match.groups[number] else { return }
            result.append(contentsOf: scalars[range])
            left -= range.count
        }
        var rest = Substring(template).unicodeScalars
        while left > 0, let first = rest.popFirst() {
            left -= 1
            guard first == "$", let sign = rest.first else {
                result.append(first)
                continue
            }
            if sign == "$" || sign == "&" {
                rest.removeFirst()
                if sign == "$" { result.append("$") } else { appendGroup(0) }
            } else if sign == "<", let end = rest.firstIndex(of: ">") {
                let name = String(rest[rest.index(after: rest.startIndex)..<end])
                rest = rest[rest.index(after: end)...]
                if let number = groupNames[name] { appendGroup(number) }
            } else if let digit = sign.digit {
                rest.removeFirst()
                var number = digit
                if let next = rest.first?.digit, number * 10 + next < groupCount {
                    number = number * 10 + next
                    rest.removeFirst()
                }
                if number > 0, number < groupCount { appendGroup(number) } else { result.append(contentsOf: "$\(digit)".unicodeScalars) }
            } else {
                result.append("$")
            }
        }
    }
}

extension Unicode.Scalar {
    var digit: Int? { (0x30...0x39).contains(value) ? Int(value - 0x30) : nil }
}
