/// The queue, the slots and the cache of one model on one server, event by event. Whatever a simulated server says or does is read from here.
///
/// Requests come as a Poisson process, wait in line, read their prompt, then get a token at each step of the engine, the slower the more of them
/// there are. Who finds the cache full while it grows goes back to the head of the line and reads its prompt again.
/// Its state changes at events alone, so it does not depend on when anybody looks: two processes with the same seed tell one story.
struct QueueEngine: Sendable {
    let shape: EngineShape
    private(set) var load: EngineLoad
    private(set) var book: EngineBook
    /// A second book with edges of its own, of a proxy through which everything comes.
    private(set) var proxyBook: EngineBook?
    /// When it started.
    let start: Double

    private var dealer: RequestDealer
    /// The moment of the last event.
    private var moment: Double
    private var conditions: EngineLoad.Conditions
    private var nextChange: Double
    private var nextArrival: Double
    private(set) var waiting: [EngineRequest] = []
    private(set) var running: [EngineRequest] = []
    /// Tokens that a request would have got which has been there from the start.
    private var progress = 0.0
    private var liveTokens = 0.0
    private var decoding = 0
    private var cancelled: Set<Int> = []
    private var outcomes: [Int: RequestOutcome] = [:]
    private(set) var nextTicket: Int

    /// Who waits longer gives up.
    static let patienceSeconds = 150.0
    /// Nobody waits behind so many.
    static let queueLimit = 2_000
    /// What prompts take longer while the first token is slow.
    static let slowSeconds = 6.0
    /// An engine admits nobody into the last part of its cache.
    private static let watermark = 0.99

    /// - Parameter index: separates the engines of one seed.
    init(
        shape: EngineShape, load: EngineLoad, seed: UInt64, index: Int, start: Double, firstTicket: Int = 1,
        edges: (EngineBook.Measure) -> [Double],
        proxyEdges: ((EngineBook.Measure) -> [Double])? = nil
    ) {
        self.shape = shape
        self.load = load
        self.start = start
        nextTicket = firstTicket
        book = EngineBook(edges: edges)
        proxyBook = proxyEdges.map { EngineBook(edges: $0) }
        dealer = RequestDealer(shape: shape, seed: seed, index: index)
        moment = start
        conditions = load.conditions(at: start)
        nextChange = load.nextChange(after: start)
        nextArrival = start
        nextArrival = dealer.arrival(after: start, load, conditions)
    }

    // MARK: What is seen

    /// When a request has come or ended last.
    private(set) var lastActivity = -Double.infinity
    /// Those that lost their place and wait for another.
    var retractedCount: Int { waiting.count { $0.preemptions > 0 } }
    var runningCount: Int { running.count }
    var waitingCount: Int { waiting.count }
    var isStalled: Bool { conditions.isStalled }
    var isFailing: Bool { conditions.fails }
    var decodingCount: Int { decoding }
    /// Tokens that live in the cache, at the moment to which it was brought.
    var cacheTokens: Double { min(liveTokens, Double(shape.cacheTokens)) }
    var cacheUse: Double { cacheTokens / Double(shape.cacheTokens) }
    /// Seconds from token to token.
    var latency: Double { shape.latency(of: decoding) }
    /// Tokens so far of one that runs.
    func tokens(of request: EngineRequest) -> Int { Self.shown(request.generated(at: progress)) }

    /// The engine as it is at a moment that is not before its last event.
    func seen(at moment: Double) -> QueueEngine {
        var seen = self
        seen.advance(to: moment)
        seen.settle(to: moment)
        return seen
    }

    // MARK: Time

    /// Lets everything happen until a moment.
    mutating func advance(to end: Double) {
        while true {
            let event = nextEvent()
            guard event.moment <= end else { return }
            settle(to: event.moment)
            carryOut(event.kind)
            admit()
        }
    }

    /// Takes what was asked of the world since. What began a moment ago begins now; what is another past is none of this engine's.
    ///
    /// Returns false when the story would have been another one, seconds ago or earlier.
    mutating func take(_ load: EngineLoad, toleranceSeconds: Double) -> Bool {
        guard load != self.load else { return true }
        let old = self.load
        let seen = moment - toleranceSeconds
        for time in (old.troubles + load.troubles).flatMap({ [$0.span.start, $0.span.end] }) where time < seen {
            let instant = time + 1e-9
            guard old.conditions(at: instant) == load.conditions(at: instant) else { return false }
        }
        self.load = load
        change()
        return true
    }

    private enum Event { case change, arrival, patience, prefill(Int), end(Int), full }

    private func nextEvent() -> (moment: Double, kind: Event) {
        var next: (moment: Double, kind: Event) = (nextChange, .change)
        func consider(_ moment: Double, _ kind: Event) {
            if moment < next.moment { next = (moment, kind) }
        }
        consider(nextArrival, .arrival)
        // An engine that stands still does not notice who has given up either.
        guard !conditions.isStalled else { return next }
        if let head = waiting.first, head.admitted == nil, head.ticket == nil { consider(head.arrival + Self.patienceSeconds, .patience) }
        let latency = shape.latency(of: decoding)
        var least = Double.infinity
        var position: Int?
        for (index, request) in running.enumerated() {
            if request.isDecoding {
                let left = Double(request.target) - request.generated(at: progress)
                if left < least { (least, position) = (left, index) }
            } else {
                consider(request.prefillEnd, .prefill(index))
            }
        }
        if let position { consider(moment + max(0, least) * latency, .end(position)) }
        if decoding > 0 {
            let room = max(0, Double(shape.cacheTokens) - liveTokens)
            consider(moment + room / Double(decoding) * latency, .full)
        }
        // Rounding may put it a hair before the last one.
        return (max(next.moment, moment), next.kind)
    }

    /// Brings everything that grows by itself to a moment.
    private mutating func settle(to end: Double) {
        let seconds = end - moment
        guard seconds > 0 else { return }
        let latency = shape.latency(of: decoding)
        let tokens = conditions.isStalled || decoding == 0 ? 0 : seconds / latency
        let (runs, waits, decodes) = (running.count, waiting.count, decoding)
        inBooks { $0.note(seconds: seconds, running: runs, waiting: waits, decoding: decodes, tokens: tokens, latency: latency) }
        progress += tokens
        liveTokens += tokens * Double(decoding)
        moment = end
    }

    private mutating func inBooks(_ body: (inout EngineBook) -> Void) {
        body(&book)
        if proxyBook != nil, var proxy = proxyBook {
            proxyBook = nil
            body(&proxy)
            proxyBook = proxy
        }
    }

    private mutating func carryOut(_ event: Event) {
        switch event {
        case .change: change()
        case .arrival:
            arrive(dealer.request(at: moment, conditions))
            nextArrival = dealer.arrival(after: moment, load, conditions)
        case .patience: leaveQueue(at: 0)
        case .prefill(let position): endPrefill(at: position)
        case .end(let position): end(at: position, running[position].ending)
        case .full: makeRoom()
        }
    }

    private mutating func change() {
        let before = conditions
        conditions = load.conditions(at: moment)
        nextChange = load.nextChange(after: moment)
        nextArrival = dealer.arrival(after: moment, load, conditions)
        guard before.isStalled, !conditions.isStalled else { return }
        // Prompts that should have been read meanwhile are read one after the other.
        var delay = 0.05
        for index in running.indices where !running[index].isDecoding && running[index].prefillEnd < moment + delay {
            running[index].prefillEnd = moment + delay
            delay += 0.05
        }
    }

    // MARK: Queue, slots, cache

    private mutating func arrive(_ request: EngineRequest) {
        inBooks { $0.noteArrival() }
        lastActivity = moment
        var request = request
        request.number = Int(book.arrivals)
        guard waiting.count < Self.queueLimit else {
            inBooks { $0.noteRejection() }
            return
        }
        waiting.append(request)
    }

    private mutating func admit() {
        guard !conditions.isStalled || running.isEmpty else { return }
        while let first = waiting.first, running.count < shape.slots {
            let tokens = first.liveTokens(at: progress)
            guard running.isEmpty || liveTokens + tokens <= Double(shape.cacheTokens) * Self.watermark else { return }
            waiting.removeFirst()
            var request = first
            request.admitted = request.admitted ?? moment
            request.prefillStart = moment
            let unread = Double(request.prompt - request.cached) + request.generatedBefore
            request.prefillEnd =
                moment + unread / shape.prefillRate + EngineShape.prefillOverheadSeconds + (conditions.isSlow ? Self.slowSeconds : 0)
            liveTokens += tokens
            let taken = Set(running.map(\.slot))
            request.slot = (0..<shape.slots).first { !taken.contains($0) } ?? 0
            running.append(request)
        }
    }

    private mutating func endPrefill(at position: Int) {
        var request = running[position]
        let now = moment
        if request.ending == .error {
            end(at: position, .error)
            return
        }
        inBooks { $0.noteFirstToken(of: request, at: now) }
        if request.firstToken == nil {
            request.firstToken = moment
            request.generatedBefore = 1
            liveTokens += 1
        }
        request.isDecoding = true
        request.startProgress = progress
        decoding += 1
        running[position] = request
        if request.target <= 1 { end(at: position, request.ending) }
    }

    private mutating func end(at position: Int, _ ending: EngineBook.Ending) {
        let request = running.remove(at: position)
        liveTokens = running.isEmpty ? 0 : max(0, liveTokens - request.liveTokens(at: progress))
        if request.isDecoding { decoding -= 1 }
        // Of one that had its tokens, all: what is left of the last is rounding.
        let generated =
            ending == request.ending && request.isDecoding ? request.target : Self.shown(request.generated(at: progress))
        leave(request, ending, generated: generated)
    }

    private mutating func leave(_ request: EngineRequest, _ ending: EngineBook.Ending, generated: Int) {
        let now = moment
        lastActivity = now
        inBooks { $0.noteEnd(of: request, ending, generated: generated, at: now) }
        guard let ticket = request.ticket else { return }
        if cancelled.remove(ticket) != nil { return }
        let first = request.firstToken
        outcomes[ticket] = RequestOutcome(
            ending: ending, prompt: request.prompt, cached: request.cached, tokens: generated,
            queueSeconds: (request.admitted ?? now) - request.arrival,
            prefillSeconds: request.admitted.map { (first ?? now) - $0 } ?? 0, decodeSeconds: first.map { now - $0 } ?? 0)
    }

    private mutating func leaveQueue(at position: Int) { leave(waiting.remove(at: position), .abort, generated: 0) }

    /// The cache is full: whoever came last gives way. One that is alone has reached its end.
    private mutating func makeRoom() {
        guard running.count > 1, let position = running.lastIndex(where: \.isDecoding) else {
            if let position = running.firstIndex(where: \.isDecoding) { end(at: position, .length) }
            return
        }
        var request = running.remove(at: position)
        inBooks { $0.notePreemption() }
        liveTokens = max(0, liveTokens - request.liveTokens(at: progress))
        decoding -= 1
        request.generatedBefore = request.generated(at: progress)
        request.isDecoding = false
        request.prefillEnd = .infinity
        request.preemptions += 1
        waiting.insert(request, at: 0)
    }

    // MARK: Clients

    /// A client's request comes now. nil when there is no place in the queue.
    ///
    /// - Parameter wishes: how many tokens it would get without the limit.
    mutating func submit(prompt: Int, wishes: Int, limit: Int, at now: Double) -> (ticket: Int, fails: Bool)? {
        let target = max(1, min(wishes, limit))
        advance(to: now)
        settle(to: now)
        let ticket = nextTicket
        nextTicket += 1
        // Nothing is drawn from the story's stream, so that it goes on as it would have.
        var own = SeededGenerator(seed: UInt64(ticket), "client", prompt &+ limit)
        let fate = own.fraction()
        let ending = RequestDealer.ending(fate, wish: wishes, target: target, conditions, givesUp: 0)
        let request = EngineRequest(
            ticket: ticket, arrival: moment, prompt: prompt, cached: 0,
            target: ending == .abort ? max(1, target / 2) : target, ending: ending, limit: limit)
        let hasRoom = waiting.count < Self.queueLimit
        arrive(request)
        admit()
        return hasRoom ? (ticket, ending == .error) : nil
    }

    /// How far a client's request is; nil for one that nobody knows. An end is told once.
    mutating func progress(of ticket: Int, at now: Double) -> RequestProgress? {
        advance(to: now)
        if let outcome = outcomes.removeValue(forKey: ticket) { return .ended(outcome) }
        if waiting.contains(where: { $0.ticket == ticket && $0.firstToken == nil }) { return .waiting }
        let now = seenProgress(at: now)
        if let request = waiting.first(where: { $0.ticket == ticket }) {
            return .running(tokens: Self.shown(request.generatedBefore), nextSeconds: 0.05)
        }
        guard let request = running.first(where: { $0.ticket == ticket }) else { return nil }
        guard request.isDecoding else {
            return .running(
                tokens: Self.shown(request.generatedBefore), nextSeconds: conditions.isStalled ? 0.25 : max(0, request.prefillEnd - moment))
        }
        let tokens = min(request.generated(at: now), Double(request.target))
        let shown = Self.shown(tokens)
        let seconds = conditions.isStalled ? 0.25 : (Self.due(shown + 1) - tokens) * latency
        return .running(tokens: shown, nextSeconds: max(0, seconds))
    }

    /// A client has gone.
    mutating func cancel(_ ticket: Int, at now: Double) {
        advance(to: now)
        settle(to: now)
        outcomes[ticket] = nil
        if let position = waiting.firstIndex(where: { $0.ticket == ticket }) {
            cancelled.insert(ticket)
            leaveQueue(at: position)
        } else if let position = running.firstIndex(where: { $0.ticket == ticket }) {
            cancelled.insert(ticket)
            end(at: position, .abort)
        }
        admit()
    }

    private func seenProgress(at now: Double) -> Double {
        conditions.isStalled || decoding == 0 ? progress : progress + max(0, now - moment) / latency
    }

    /// When a token is there, in tokens: not in even steps, but in those that the book counts.
    private static func due(_ token: Int) -> Double {
        let steps = [0, 1, 1.8, 2.8]
        return Double((token - 1) / 4 * 4) + steps[(token - 1) % 4] + 1
    }

    /// How many tokens are there, of so many and a part.
    private static func shown(_ generated: Double) -> Int {
        let whole = Int((generated + 1e-6).rounded(.down))
        return due(whole + 1) <= generated + 1e-6 ? whole + 1 : whole
    }
}
