import Testing

@testable import LLMProbe

@Suite struct AnswerReadingTests {
    private static let start = ContinuousClock.now

    /// Reads a piece each second.
    private static func read(_ pieces: [String], _ dialect: ProbeDialect = .chat, maxTokens: Int = 16) -> AnswerReading {
        var reading = AnswerReading(dialect, maxTokens: maxTokens)
        _ = reading.take(status: 200)
        for (index, piece) in pieces.enumerated() {
            guard reading.take(Array(piece.utf8), at: start.advanced(by: .seconds(index + 1))) else { break }
        }
        return reading
    }

    private static func word(_ text: String) -> String { #"data: {"choices":[{"delta":{"content":"\#(text)"}}]}"# + "\n\n" }
    private static let role = #"data: {"choices":[{"delta":{"role":"assistant","content":""}}]}"# + "\n\n"
    private static func usage(_ generated: Int) -> String {
        #"data: {"choices":[],"usage":{"prompt_tokens":17,"completion_tokens":\#(generated),"total_tokens":33}}"# + "\n\n"
    }
    private static let done = "data: [DONE]\n\n"

    @Test func `the first text is the first token, not the message with the role`() {
        let reading = Self.read([Self.role, Self.word("one"), Self.word(" two"), Self.usage(2), Self.done])
        #expect(reading.isComplete && reading.fault == nil)
        #expect(reading.firstText == Self.start.advanced(by: .seconds(2)))
        #expect((reading.textCount, reading.generatedTokens, reading.promptTokens) == (2, 2, 17))
        #expect(reading.secondsBetweenTokens == 1)
    }

    @Test func `messages of several tokens are counted as the server counts`() {
        let reading = Self.read([Self.word("one two three"), Self.word("four five six"), Self.usage(7), Self.done])
        #expect(reading.generatedTokens == 7)
        #expect(reading.secondsBetweenTokens == 1.0 / 6)
    }

    @Test(arguments: [0, -1, 17, 1_000_000_000]) func `a count that cannot be true is not believed`(_ told: Int) {
        let reading = Self.read([Self.word("one"), Self.word("two"), Self.word("three"), Self.usage(told), Self.done])
        #expect(reading.generatedTokens == 3)
        #expect(reading.secondsBetweenTokens == 1)
    }

    @Test(arguments: ["content", "reasoning_content", "reasoning"]) func `thinking is text too`(_ member: String) {
        let reading = Self.read([#"data: {"choices":[{"delta":{"\#(member)":"hm"}}]}"# + "\n", Self.done])
        #expect(reading.textCount == 1)
    }

    @Test func `text completions`() {
        let reading = Self.read([#"data: {"choices":[{"text":"one"}]}"# + "\n", Self.done], .completions)
        #expect(reading.textCount == 1 && reading.isComplete)
    }

    @Test func `llama's own count where there is no usage`() {
        let timings = #"data: {"choices":[{"delta":{}}],"timings":{"prompt_n":9,"predicted_n":4}}"# + "\n\n"
        #expect(Self.read([Self.word("a b c d"), timings, Self.done]).generatedTokens == 4)
    }

    @Test func `lines of Ollama`() {
        let reading = Self.read(
            [
                #"{"message":{"role":"assistant","content":"one"},"done":false}"# + "\n",
                #"{"message":{"content":"","thinking":"two"},"done":false}"# + "\n",
                #"{"message":{"content":""},"done":true,"prompt_eval_count":12,"eval_count":2,"eval_duration":5}"# + "\n",
            ], .ollama)
        #expect(reading.isComplete)
        #expect((reading.textCount, reading.generatedTokens, reading.promptTokens) == (2, 2, 12))
    }

    @Test(arguments: [1, 2, 3, 1000]) func `pieces that end anywhere say the same`(_ size: Int) {
        let text = Array((": a comment\r\n" + Self.role + Self.word("é") + Self.word("b") + Self.done).replacing("\n", with: "\r\n").utf8)
        var reading = AnswerReading(.chat, maxTokens: 16)
        for start in stride(from: 0, to: text.count, by: size) {
            _ = reading.take(Array(text[start..<min(start + size, text.count)]), at: Self.start)
        }
        #expect(reading.isComplete && reading.textCount == 2 && reading.fault == nil)
    }

    @Test func `an answer in one piece has no time between tokens`() {
        let reading = Self.read([Self.word("one") + Self.usage(1) + Self.done])
        #expect(reading.secondsBetweenTokens == nil)
        #expect(reading.firstText != nil)
    }

    @Test(arguments: [
        "data: {\n", "data: []\n", "data: \"x\"\n", "data: [DONE\n", "data: " + String(repeating: "[", count: 10_000) + "\n",
    ]) func `what is no message`(_ text: String) {
        #expect(Self.read([text]).fault != nil)
    }

    @Test func `an error in the stream ends it`() {
        let reading = Self.read([Self.word("one"), #"data: {"error":{"message":"CUDA error"}}"# + "\n", Self.word("two")])
        #expect(reading.isError && reading.textCount == 1)
        // Also where all of it comes at once.
        let whole = Self.read([Self.word("one") + #"data: {"error":{"message":"CUDA error"}}"# + "\n" + Self.word("two") + "data: {\n"])
        #expect(whole.isError && whole.textCount == 1 && whole.fault == nil)
    }

    @Test func `no more is taken than was asked for`() {
        let reading = Self.read((0..<1000).map { Self.word("\($0)") }, maxTokens: 4)
        #expect(reading.fault == "more is sent than was asked for")
        #expect(reading.textCount == 17)
        #expect(reading.generatedTokens == 4)
    }

    @Test func `a stream without end is left`() {
        #expect(
            Self.read([String](repeating: ": " + String(repeating: "x", count: 60_000) + "\n", count: 30)).fault == "the stream has no end")
        #expect(Self.read([String](repeating: String(repeating: "x", count: 60_000), count: 3)).fault == "a line of the stream has no end")
    }
}
