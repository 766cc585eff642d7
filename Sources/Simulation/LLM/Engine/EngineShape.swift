import Glibc

/// What an engine can do with its model on its cards.
struct EngineShape: Sendable {
    /// Requests that it works at side by side.
    let slots: Int
    /// Tokens that its cache has room for.
    let cacheTokens: Int
    /// Tokens of one request, prompt and answer.
    let contextTokens: Int
    /// Tokens of prompts a second.
    let prefillRate: Double
    /// Seconds from token to token of a request that is alone, and what each further one adds.
    let tokenSeconds: Double
    let tokenSecondsPerRequest: Double
    /// Of what comes to it, in tokens.
    let meanPrompt: Double
    let meanAnswer: Double
    /// Of a prompt, what the cache has already; 0 for engines without one.
    let cachedPart: Double

    /// Part of the slots that is in use when nothing is out of the ordinary.
    private static let usualUse = 0.3

    /// Seconds from token to token when so many are at it.
    func latency(of requests: Int) -> Double { tokenSeconds + tokenSecondsPerRequest * Double(max(0, requests - 1)) }

    /// Seconds for which one request has its slot, when so many have.
    func serviceSeconds(among requests: Int) -> Double {
        meanPrompt * (1 - cachedPart) / prefillRate + Self.prefillOverheadSeconds + meanAnswer * latency(of: requests)
    }

    /// Requests a second in ordinary times.
    var usualRate: Double { use * Double(slots) / serviceSeconds(among: Int(use * Double(slots))) }
    /// Requests a second that it can serve at most.
    var fullRate: Double { Double(slots) / serviceSeconds(among: slots) }

    /// Few slots are rarely all free at once.
    private var use: Double { slots >= 16 ? Self.usualUse : 0.35 }

    /// Before the first token of whatever prompt.
    static let prefillOverheadSeconds = 0.012
}
