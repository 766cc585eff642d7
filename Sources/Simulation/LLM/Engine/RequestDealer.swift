import Glibc

/// Deals out the requests of an engine's story: when the next one comes, how long it is and how it will end.
struct RequestDealer: Sendable {
    let shape: EngineShape
    private var generator: SeededGenerator

    private static let errorPart = 0.35
    private static let abortPart = 0.15
    /// Who gives up in ordinary times.
    private static let usualAbortPart = 0.01

    init(shape: EngineShape, seed: UInt64, index: Int) {
        self.shape = shape
        generator = SeededGenerator(seed: seed, "engine", index)
    }

    /// The moment of the next one, of a Poisson process whose rate is that of now.
    mutating func arrival(after moment: Double, _ load: EngineLoad, _ conditions: EngineLoad.Conditions) -> Double {
        let rate = load.rate(of: shape, at: moment, conditions)
        return rate > 0 ? moment - log(1 - generator.fraction()) / rate : .infinity
    }

    /// A request that comes now.
    mutating func request(at moment: Double, _ conditions: EngineLoad.Conditions) -> EngineRequest {
        var (meanPrompt, meanAnswer) = (shape.meanPrompt, shape.meanAnswer)
        // What each slot has of the cache: prompts take most of it, and answers more than the rest.
        let share = Double(shape.cacheTokens) / Double(shape.slots)
        if conditions.hasLongPrompts { (meanPrompt, meanAnswer) = (max(meanPrompt, share * 0.8), max(meanAnswer, share * 0.6)) }
        let longest = min(Double(shape.contextTokens) / 2, Double(shape.cacheTokens) / 4)
        let prompt = Int(min(max(4, length(mean: meanPrompt, spread: 0.7)), longest))
        let limit = conditions.hasLongPrompts ? 8_192 : [256, 512, 1024, 2048, 4096][generator.below(5)]
        let wish = Int(max(1, length(mean: meanAnswer, spread: 0.6)))
        let isCached = generator.fraction() < 0.7
        let cached = isCached ? min(prompt - 1, Int(Double(prompt) * shape.cachedPart / 0.7)) / 16 * 16 : 0
        let (fate, part) = (generator.fraction(), generator.fraction())
        let target = min(wish, limit, max(1, shape.contextTokens - prompt))
        let ending = Self.ending(fate, wish: wish, target: target, conditions, givesUp: Self.usualAbortPart)
        return EngineRequest(
            ticket: nil, arrival: moment, prompt: prompt, cached: cached,
            target: ending == .abort ? max(1, Int(Double(target) * part)) : target, ending: ending, limit: limit)
    }

    /// How a request ends.
    ///
    /// - Parameter fate: from 0 to 1.
    /// - Parameter givesUp: part of those that give up in ordinary times.
    static func ending(
        _ fate: Double, wish: Int, target: Int, _ conditions: EngineLoad.Conditions, givesUp: Double
    ) -> EngineBook.Ending {
        if conditions.fails {
            if fate < errorPart { return .error }
            if fate < errorPart + abortPart { return .abort }
        } else if fate < givesUp {
            return .abort
        }
        return wish > target ? .length : .stop
    }

    /// Log-normal around a mean.
    private mutating func length(mean: Double, spread: Double) -> Double {
        let (first, second) = (1 - generator.fraction(), generator.fraction())
        let normal = (-2 * log(first)).squareRoot() * cos(2 * .pi * second)
        return mean * exp(spread * normal - spread * spread / 2)
    }
}
