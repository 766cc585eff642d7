import Primitives

/// What a pattern may cost an engine that tries one way after the other, as browsers have: their number for a text of 200 letters.
///
/// A bound from above. Ways multiply where a repetition can end in several places and what follows can begin in each of them; what follows
/// with another letter than the repetition takes leaves one. A repetition of what has several ways itself has no bound.
struct BacktrackingCost {
    /// As many letters as the page cuts texts to before it matches them, and as many ways as are quick.
    static let textLimit = 200
    private static let mostWays = 10_000_000.0
    private static let mostLetters = 500
    private static let mostCopies = 10

    private let ignoresCase: Bool
    /// Whether `.` takes ends of lines, or `^` and `$` stand at them: then no letter is a sure end.
    private let isLoose: Bool

    /// Why a pattern as boards write it is not for the page; nil when it is quick there.
    static func problem(ofBoards source: String, budget: inout Int) -> String? {
        func slow() -> String { "the pattern \(source.prefix(100)) could keep a browser busy" }
        guard source.unicodeScalars.count <= mostLetters else { return slow() }
        var (text, flags) = (source, Substring())
        if source.hasPrefix("/"), let end = source.lastIndex(of: "/"), end != source.startIndex {
            text = String(source[source.index(after: source.startIndex)..<end])
            flags = source[source.index(after: end)...]
        }
        do throws(Failure) {
            _ = try Pattern(board: source, budget: &budget)
            var parser = PatternParser(text, ignoresCase: flags.contains("i"))
            let node = try parser.parse()
            let cost = BacktrackingCost(ignoresCase: flags.contains("i"), isLoose: flags.contains("m") || flags.contains("s"))
            let starts = cost.isAnchored(node) ? 1 : Double(textLimit + 1)
            return cost.ways(node, next: Beginning(ranges: Self.all, mayBeNothing: true)) * starts <= mostWays ? nil : slow()
        } catch {
            return error.description
        }
    }

    private static let all: [ClosedRange<UInt32>] = [0...0x10FFFF]

    // MARK: ways

    /// - Parameter next: what follows.
    private func ways(_ node: PatternNode, next: Beginning) -> Double {
        switch node {
        case .empty, .scalars, .start, .end, .wordEdge: return 1
        case .group(let inside, _): return ways(inside, next: next)
        case .look(let inside, _, _): return ways(inside, next: Beginning(ranges: Self.all, mayBeNothing: true))
        case .sequence(let parts):
            var (product, next) = (1.0, next)
            for part in parts.reversed() {
                product *= ways(part, next: next)
                next = beginning(part).followed(by: next)
            }
            return product
        case .choice(let choices):
            let each = choices.map { ways($0, next: next) }
            return areApart(choices.map(beginning)) ? each.max() ?? 1 : each.reduce(0, +)
        case .repetition(let part, let least, let most, _):
            return ways(repeating: part, least, most, next: next)
        }
    }

    private func ways(repeating part: PatternNode, _ least: Int, _ most: Int?, next: Beginning) -> Double {
        guard most != 0 else { return 1 }
        let first = beginning(part)
        let inner = ways(part, next: Beginning(ranges: first.ranges + next.ranges, mayBeNothing: next.mayBeNothing))
        if inner == 1, !first.mayBeNothing {
            guard most != least, !areApart([first, next]) else { return 1 }
            return Double(max(0, min(most ?? Self.textLimit, Self.textLimit) - least) + 1)
        }
        guard let most, most <= Self.mostCopies else { return .infinity }
        var (sum, power) = (0.0, 1.0)
        for count in 0...most {
            if count >= least { sum += power }
            power *= inner
        }
        return sum
    }

    private func isAnchored(_ node: PatternNode) -> Bool {
        switch node {
        case .start: !isLoose
        case .group(let inside, _): isAnchored(inside)
        case .choice(let choices): choices.allSatisfy(isAnchored)
        case .sequence(let parts): parts.first.map(isAnchored) ?? false
        default: false
        }
    }

    // MARK: beginnings

    /// The letters that something can begin with, and whether it may be nothing.
    private struct Beginning {
        var ranges: [ClosedRange<UInt32>]
        var mayBeNothing: Bool

        func followed(by next: Beginning) -> Beginning {
            mayBeNothing ? Beginning(ranges: ScalarClass.joined(ranges + next.ranges), mayBeNothing: next.mayBeNothing) : self
        }
    }

    private func beginning(_ node: PatternNode) -> Beginning {
        switch node {
        case .empty, .start, .wordEdge, .look: return Beginning(ranges: [], mayBeNothing: true)
        // No letter follows the end, so whatever could take one has ended there too.
        case .end: return Beginning(ranges: [], mayBeNothing: isLoose)
        case .scalars(let scalars):
            return Beginning(ranges: scalars.isNegated ? ScalarClass.complement(scalars.ranges) : scalars.ranges, mayBeNothing: false)
        case .group(let inside, _): return beginning(inside)
        case .sequence(let parts):
            var found = Beginning(ranges: [], mayBeNothing: true)
            for part in parts where found.mayBeNothing { found = found.followed(by: beginning(part)) }
            return found
        case .choice(let choices):
            let all = choices.map(beginning)
            return Beginning(ranges: ScalarClass.joined(all.flatMap(\.ranges)), mayBeNothing: all.contains(where: \.mayBeNothing))
        case .repetition(let part, let least, _, _):
            var found = beginning(part)
            if least == 0 { found.mayBeNothing = true }
            return found
        }
    }

    /// Whether the next letter says which of several it is.
    private func areApart(_ beginnings: [Beginning]) -> Bool {
        guard !isLoose, !beginnings.contains(where: \.mayBeNothing) else { return false }
        let ranges = beginnings.map { spread($0.ranges) }
        return ScalarClass.joined(ranges.flatMap { $0 }).reduce(0) { $0 + $1.count }
            == ranges.reduce(0) { $0 + $1.reduce(0) { $0 + $1.count } }
    }

    /// The ranges with all that an engine may take for the same: letters of either case, and halves of letters, by which browsers count.
    private func spread(_ ranges: [ClosedRange<UInt32>]) -> [ClosedRange<UInt32>] {
        var found = ranges
        for range in ranges {
            if range.upperBound >= 0xD800 { found.append(0xD800...0x10FFFF) }
            guard ignoresCase else { continue }
            if range.upperBound >= 0x80 { found.append(0x80...0x10FFFF) }
            for (capital, small) in [(UInt32(0x41), UInt32(0x61)), (0x61, 0x41)] {
                let both = range.clamped(to: capital...capital + 25)
                if range.overlaps(capital...capital + 25) {
                    found.append(both.lowerBound - capital + small...both.upperBound - capital + small)
                }
            }
        }
        // Two letters beyond ASCII have the other case of one in it: ſ of s, K of k.
        if ignoresCase, found.contains(where: { $0.overlaps(0x41...0x5A) }) { found += [0x17F...0x17F, 0x212A...0x212A] }
        return ScalarClass.joined(found)
    }
}
