/// A request in an engine: of the model's own story, or of a client.
struct EngineRequest: Sendable {
    /// Of a client; nil of the story.
    let ticket: Int?
    /// Seconds since the world's epoch.
    let arrival: Double
    /// Tokens.
    let prompt: Int
    /// Of the prompt, what the engine still has from others that began alike.
    let cached: Int
    /// How many tokens it will get, and how it ends then.
    let target: Int
    let ending: EngineBook.Ending
    /// How many tokens it asked for at most.
    let limit: Int

    /// Counts the requests of the engine.
    var number = 0
    /// Its place, while it has one.
    var slot = 0
    var admitted: Double?
    /// Of the last time, for one that lost its place.
    var prefillStart: Double?
    /// When its prompt will have been read.
    var prefillEnd = Double.infinity
    var firstToken: Double?
    var isDecoding = false
    /// The engine's progress when it began to decode, and what it had got before.
    var startProgress = 0.0
    var generatedBefore = 0.0
    var preemptions = 0

    /// Tokens that it has got, with the part of the next.
    func generated(at progress: Double) -> Double { isDecoding ? generatedBefore + progress - startProgress : generatedBefore }

    /// Tokens that it has in the cache.
    func liveTokens(at progress: Double) -> Double { Double(prompt) + generated(at: progress) }
}

/// How far a client's request is.
enum RequestProgress: Sendable {
    case waiting
    /// Tokens that it has got, and seconds until about the next.
    case running(tokens: Int, nextSeconds: Double)
    case ended(RequestOutcome)
}

/// What became of a client's request.
struct RequestOutcome: Sendable {
    let ending: EngineBook.Ending
    let prompt: Int
    let cached: Int
    let tokens: Int
    let queueSeconds: Double
    let prefillSeconds: Double
    let decodeSeconds: Double
}
