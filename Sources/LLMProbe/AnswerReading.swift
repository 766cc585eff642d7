import Primitives

/// What is understood of an answer while it comes. It is told bytes and times, and knows neither clock nor network.
struct AnswerReading: Sendable {
    /// What the server may send in all before it is held for one that sends for ever.
    private static let limitBytes = 1 << 20

    private let dialect: ProbeDialect
    private let maxTokens: Int
    private var splitter = LineSplitter()
    private var byteCount = 0
    private(set) var status: Int?
    private(set) var firstText: ContinuousClock.Instant?
    private(set) var lastText: ContinuousClock.Instant?
    /// Messages that brought text.
    private(set) var textCount = 0
    private(set) var promptTokens: Int?
    private var toldTokens: Int?
    private(set) var isComplete = false
    private(set) var isError = false
    /// Why it is no answer.
    private(set) var fault: String?

    init(_ dialect: ProbeDialect, maxTokens: Int) {
        self.dialect = dialect
        self.maxTokens = maxTokens
    }

    /// Whether anything at all has come.
    var hasBegun: Bool { status != nil }

    /// How many tokens were generated. A message may hold several tokens, so the server's own count goes before ours, unless it cannot be true.
    var generatedTokens: Int {
        guard let toldTokens, toldTokens > 0, toldTokens <= maxTokens else { return min(textCount, maxTokens) }
        return toldTokens
    }

    /// Seconds between one token and the next, on average; nil for an answer that came in one piece.
    var secondsBetweenTokens: Double? {
        guard let firstText, let lastText, textCount > 1, generatedTokens > 1 else { return nil }
        return (lastText - firstText).seconds / Double(generatedTokens - 1)
    }

    /// False when the body is of no use.
    mutating func take(status: Int) -> Bool {
        self.status = status
        return status == 200
    }

    /// False when there is nothing more to wait for.
    mutating func take(_ piece: [UInt8], at now: ContinuousClock.Instant) -> Bool {
        byteCount += piece.count
        for line in splitter.take(piece) {
            guard !isComplete, !isError, fault == nil else { return false }
            do throws(Failure) {
                if let part = try part(of: line) { take(part, now) }
            } catch {
                fault = error.message
            }
        }
        if splitter.skippedCount > 0 { fault = fault ?? "a line of the stream has no end" }
        if byteCount > Self.limitBytes { fault = fault ?? "the stream has no end" }
        return !isComplete && fault == nil && !isError
    }

    private func part(of line: [UInt8]) throws(Failure) -> AnswerPart? {
        dialect == .ollama ? try AnswerPart(ollamaLine: line) : try AnswerPart(eventLine: line)
    }

    private mutating func take(_ part: AnswerPart, _ now: ContinuousClock.Instant) {
        if part.hasText {
            textCount += 1
            firstText = firstText ?? now
            lastText = now
            // Several messages for a token are none of anybody's.
            if textCount > maxTokens * 4 { fault = "more is sent than was asked for" }
        }
        if let count = part.promptTokens, (0...1_000).contains(count) { promptTokens = count }
        toldTokens = part.generatedTokens ?? toldTokens
        isError = isError || part.isError
        isComplete = part.isEnd
    }
}
