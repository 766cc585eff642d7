/// Text of so many tokens, a word each; the same prompt gets the same words.
struct Words: Sendable {
    private var generator: SeededGenerator
    private var position = 0

    private static let all = [
        "swift", "bird", "wing", "high", "over", "the", "roof", "and", "down", "wind", "it", "never", "lands", "but", "sleeps", "while",
        "flying", "in", "summer", "air", "above", "towns", "where", "walls", "are", "old", "a", "nest", "of", "straw", "waits", "there",
    ]

    init(seed: UInt64) { generator = SeededGenerator(seed: seed, "words") }

    mutating func next() -> String {
        defer { position += 1 }
        let word = Self.all[generator.below(Self.all.count)]
        return position == 0 ? word : position % 14 == 13 ? " \(word)." : " \(word)"
    }
}
