/// What an engine has counted since it started: its dialect writes nothing that does not come from here or from the queue itself.
struct EngineBook: Sendable {
    /// What histograms are kept of.
    enum Measure: Int, Sendable, CaseIterable {
        /// Seconds.
        case timeToFirstToken, interTokenLatency, timePerOutputToken, duration, queue, inference, prefill, decode
        /// Tokens of a request, and what it asked for at most.
        case promptTokens, generationTokens, tokenLimit
        /// Tokens that one step of the engine has computed.
        case stepTokens
    }

    /// How a request ended.
    enum Ending: Int, Sendable, CaseIterable { case stop, length, abort, error }

    private(set) var distributions: [Distribution]
    private(set) var endings = [Double](repeating: 0, count: Ending.allCases.count)
    /// Requests that have come, whatever became of them.
    private(set) var arrivals = 0.0
    /// Requests for which there was no place in the queue.
    private(set) var rejections = 0.0
    private(set) var preemptions = 0.0
    /// Prompts that were read, with what was known already, and that alone.
    private(set) var promptTokens = 0.0
    private(set) var cachedTokens = 0.0
    private(set) var firstTokens = 0.0
    private(set) var laterTokens = 0.0
    /// Steps of the engine, with one token for each request that is at it.
    private(set) var steps = 0.0
    /// Seconds of all requests together.
    private(set) var prefillSeconds = 0.0
    private(set) var decodeSeconds = 0.0
    /// The most tokens that one request had.
    private(set) var longestTokens = 0
    /// The integral of how many ran.
    private(set) var runningArea = 0.0
    /// The integral of how many waited.
    private(set) var waitingArea = 0.0

    /// - Parameter edges: of each measure; empty for those that are not kept.
    init(edges: (Measure) -> [Double]) { distributions = Measure.allCases.map { Distribution(edges: edges($0)) } }

    subscript(measure: Measure) -> Distribution { distributions[measure.rawValue] }

    func count(of ending: Ending) -> Double { endings[ending.rawValue] }
    var ended: Double { endings.reduce(0, +) }
    var succeeded: Double { count(of: .stop) + count(of: .length) }
    /// Whole tokens, as counters have them.
    var generationTokens: Double { firstTokens + laterTokens.rounded(.down) }

    /// How the time between two tokens varies around its mean, and how often; a stream's tokens come in the same manner.
    static let cadence: [(factor: Double, part: Double)] = [(0.8, 0.25), (1, 0.5), (1.2, 0.25)]

    mutating func noteArrival() { arrivals += 1 }
    mutating func noteRejection() { rejections += 1 }
    mutating func notePreemption() { preemptions += 1 }

    /// A stretch of time in which nothing began or ended.
    ///
    /// - Parameter tokens: how many each of those that decode has got.
    mutating func note(seconds: Double, running: Int, waiting: Int, decoding: Int, tokens: Double, latency: Double) {
        runningArea += Double(running) * seconds
        waitingArea += Double(waiting) * seconds
        guard decoding > 0, tokens > 0 else { return }
        let all = Double(decoding) * tokens
        laterTokens += all
        steps += tokens
        decodeSeconds += Double(decoding) * seconds
        for (factor, part) in Self.cadence { distributions[Measure.interTokenLatency.rawValue].add(latency * factor, weight: all * part) }
        distributions[Measure.stepTokens.rawValue].add(Double(decoding), weight: tokens)
    }

    /// A prompt was read, and the first token is there.
    mutating func noteFirstToken(of request: EngineRequest, at moment: Double) {
        let seconds = moment - (request.prefillStart ?? moment)
        prefillSeconds += seconds
        guard request.preemptions == 0 else { return }
        firstTokens += 1
        promptTokens += Double(request.prompt)
        cachedTokens += Double(request.cached)
        add(.timeToFirstToken, moment - request.arrival)
        add(.prefill, seconds)
        add(.stepTokens, Double(request.prompt - request.cached))
    }

    /// - Parameter generated: tokens that it has got.
    mutating func noteEnd(of request: EngineRequest, _ ending: Ending, generated: Int, at moment: Double) {
        endings[ending.rawValue] += 1
        add(.duration, moment - request.arrival)
        add(.queue, (request.admitted ?? moment) - request.arrival)
        add(.tokenLimit, Double(request.limit))
        add(.promptTokens, Double(request.prompt))
        add(.generationTokens, Double(generated))
        longestTokens = max(longestTokens, request.prompt + generated)
        if let admitted = request.admitted { add(.inference, moment - admitted) }
        guard let first = request.firstToken else { return }
        add(.decode, moment - first)
        if generated > 1 { add(.timePerOutputToken, (moment - first) / Double(generated - 1)) }
    }

    private mutating func add(_ measure: Measure, _ value: Double) { distributions[measure.rawValue].add(value) }
}
