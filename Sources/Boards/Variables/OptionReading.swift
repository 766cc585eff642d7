import Primitives

/// Makes a variable's options of what was answered: what its pattern takes, each once, in order.
struct OptionReading {
    private let pattern: Pattern?
    private let sort: Int
    /// Steps of patterns that are left.
    private(set) var budget: Int
    /// Bytes of options that are left.
    private(set) var bytes: Int
    private let isGivenUp: @Sendable () -> Bool
    var problem: String?
    private(set) var options: [VariableOption] = []

    /// As many options as a variable has, and texts as are looked at for them.
    static let limit = 5_000
    static let readLimit = 100_000

    init(regex: String, sort: Int, steps: Int, bytes: Int, isGivenUp: @escaping @Sendable () -> Bool) {
        (self.sort, budget, self.bytes, self.isGivenUp) = (sort, steps, bytes, isGivenUp)
        guard !regex.isEmpty else {
            pattern = nil
            return
        }
        do throws(Failure) { pattern = try Pattern(board: regex, budget: &budget) } catch {
            pattern = nil
            problem = error.description
        }
    }

    /// The names that `metrics(…)` means.
    mutating func filtered(_ texts: [String], by filter: String) -> [String] {
        do throws(Failure) {
            let pattern = try Pattern(filter)
            return texts.filter { !isGivenUp() && !pattern.matches(in: Pattern.scalars($0), budget: &budget).isEmpty }
        } catch {
            problem = error.description
            return []
        }
    }

    mutating func take(_ texts: some Sequence<String>) {
        guard problem == nil else { return }
        var seen: Set<String> = []
        for text in texts.prefix(Self.readLimit) {
            for option in found(in: text) where seen.insert(option.value).inserted { keep(option) }
            guard problem == nil, budget > 0, !isGivenUp() else { break }
        }
        if budget <= 0, pattern != nil { problem = "the pattern costs too much; the options are not complete" }
        options = Self.sorted(options, sort)
    }

    /// Takes what a variable lists itself.
    mutating func take(listed: [VariableOption]) {
        for option in listed where problem == nil { keep(option) }
    }

    private mutating func keep(_ option: VariableOption) {
        guard problem == nil else { return }
        let size = 32 + option.text.writtenBytes + option.value.writtenBytes
        if options.count >= Self.limit {
            problem = "there are more than \(Self.limit) options"
        } else if size > bytes {
            problem = "the options of the board's variables are too long; the rest of them is left out"
        } else {
            bytes -= size
            options.append(option)
        }
    }

    /// What one text gives: itself, what the pattern's groups have, or with `g` what its first group has at each place.
    private mutating func found(in text: String) -> [VariableOption] {
        guard let pattern else { return [VariableOption(text: text, value: text)] }
        let scalars = Pattern.scalars(text)
        let matches = pattern.matches(in: scalars, budget: &budget)
        guard let first = matches.first else { return [] }
        func group(_ number: Int, _ match: Pattern.Match) -> String? {
            guard match.groups.indices.contains(number), let range = match.groups[number] else { return nil }
            var text = String.UnicodeScalarView()
            text.append(contentsOf: scalars[range])
            return String(text)
        }
        func named(_ name: String) -> String? {
            guard let number = pattern.groupNames[name] else { return nil }
            for match in matches { if let text = group(number, match), !text.isEmpty { return text } }
            return nil
        }
        let (value, words) = (named("value"), named("text"))
        if let value = value ?? words { return [VariableOption(text: words ?? value, value: value)] }
        if pattern.groupCount == 1 { return [VariableOption(text: text, value: text)] }
        if matches.count > 1 { return matches.compactMap { group(1, $0) }.map { VariableOption(text: $0, value: $0) } }
        return group(1, first).map { [VariableOption(text: $0, value: $0)] } ?? []
    }

    /// `a, b : c` as a custom variable has it: values with commas between, which `\,` is not, and before a ` : ` what is shown for them.
    static func listed(_ query: String) -> [VariableOption] {
        var options: [VariableOption] = []
        var word = ""
        var isEscaped = false
        func end() {
            let text = trimmed(word)
            word = ""
            guard !text.isEmpty, options.count < limit else { return }
            if let split = split(text) {
                options.append(VariableOption(text: trimmed(split.0), value: trimmed(split.1)))
            } else {
                let bare = text.count > 1 && text.hasPrefix("\"") && text.hasSuffix("\"") ? String(text.dropFirst().dropLast()) : text
                options.append(VariableOption(text: bare, value: bare))
            }
        }
        for letter in query {
            if isEscaped {
                if letter != "," { word.append("\\") }
                word.append(letter)
                isEscaped = false
            } else if letter == "\\" {
                isEscaped = true
            } else if letter == "," {
                end()
            } else {
                word.append(letter)
            }
        }
        if isEscaped { word.append("\\") }
        end()
        return options
    }

    private static func split(_ text: String) -> (String, String)? {
        var letters = Array(text)
        guard letters.count > 3 else { return nil }
        // The last of several separates.
        for place in (1..<letters.count - 1).reversed()
        where letters[place] == ":" && letters[place - 1].isWhitespace && letters[place + 1].isWhitespace {
            let value = String(letters[(place + 1)...])
            letters.removeLast(letters.count - place)
            return (String(letters), value)
        }
        return nil
    }

    private static func trimmed(_ text: String) -> String {
        var rest = Substring(text)
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return String(rest)
    }

    // MARK: order

    /// Grafana's orders: 1, 2 by letters, 3, 4 by the first number, 5, 6 by letters of either case, 7, 8 with numbers as numbers; the even ones downward.
    static func sorted(_ options: [VariableOption], _ sort: Int) -> [VariableOption] {
        let isUpward = sort % 2 == 1
        func by<Key>(_ key: (VariableOption) -> Key, _ isBefore: (Key, Key) -> Bool) -> [VariableOption] {
            let keyed = options.enumerated().map { (key($0.element), $0.offset, $0.element) }
            let sorted = keyed.sorted { left, right in
                if isBefore(left.0, right.0) { return isUpward }
                if isBefore(right.0, left.0) { return !isUpward }
                return left.1 < right.1
            }
            return sorted.map(\.2)
        }
        switch sort {
        case 1, 2: return by({ $0.text }, <)
        case 3, 4: return by({ firstNumber(in: $0.text) }, <)
        case 5, 6: return by({ $0.text.lowercased() }, <)
        case 7, 8: return by({ naturalParts($0.text) }) { left, right in left.lexicographicallyPrecedes(right) }
        default: return options
        }
    }

    private static func firstNumber(in text: String) -> Double {
        let digits = text.drop { !($0.isASCII && $0.isNumber) }.prefix { $0.isASCII && $0.isNumber }
        return Double(digits.prefix(300)) ?? -1
    }

    private enum NaturalPart: Comparable {
        case number(Double)
        case text(String)
    }

    private static func naturalParts(_ text: String) -> [NaturalPart] {
        var parts: [NaturalPart] = []
        var rest = text.lowercased()[...]
        while let first = rest.first {
            let isNumber = first.isASCII && first.isNumber
            let run = rest.prefix { ($0.isASCII && $0.isNumber) == isNumber }
            rest = rest.dropFirst(run.count)
            parts.append(isNumber ? .number(Double(run.prefix(300)) ?? 0) : .text(String(run)))
        }
        return parts
    }
}
