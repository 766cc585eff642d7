/// The versions of a kind of server that its table was held against, by scripts/compare-llm-names or by a program that ran.
package struct KnownVersions: Sendable, Equatable {
    package let oldest: String
    package let newest: String

    package init(oldest: String, newest: String) { (self.oldest, self.newest) = (oldest, newest) }

    /// Of kinds whose names a script reads out of releases; the others change theirs seldom.
    static func of(_ kind: String) -> KnownVersions? {
        switch kind {
        case "vllm": KnownVersions(oldest: "0.6.6", newest: "0.33.0")
        case "sglang": KnownVersions(oldest: "0.4.1", newest: "0.5.23")
        case "litellm": KnownVersions(oldest: "1.60.0", newest: "1.109.1")
        default: nil
        }
    }

    package enum Place: Sendable, Equatable {
        case older, known, newer
    }

    /// nil for a text that begins with no version.
    package func place(of version: String) -> Place? {
        guard let numbers = Self.numbers(version), let first = Self.numbers(oldest), let last = Self.numbers(newest) else { return nil }
        // A further number behind the newest is a mended one of the same.
        if numbers.lexicographicallyPrecedes(first) { return .older }
        return last.lexicographicallyPrecedes(Array(numbers.prefix(last.count))) ? .newer : .known
    }

    /// `[0, 5, 3]` of `v0.5.3.post1+cu128`.
    private static func numbers(_ version: String) -> [Int]? {
        let text = version.hasPrefix("v") ? version.dropFirst() : version[...]
        var numbers: [Int] = []
        for part in text.split(separator: ".", omittingEmptySubsequences: false).prefix(4) {
            let digits = part.utf8.prefix { (0x30...0x39).contains($0) }
            guard (1...9).contains(digits.count) else { break }
            numbers.append(digits.reduce(0) { $0 * 10 + Int($1 - 0x30) })
            // `0rc1` is the last.
            if digits.count != part.utf8.count { break }
        }
        return numbers.count >= 2 ? numbers : nil
    }
}
