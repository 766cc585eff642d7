import Primitives
import Synchronization

/// Where an engine is asked: it brings it to the present moment first, and to what the world has come to.
final class EngineDesk: Sendable {
    private struct State {
        var engine: QueueEngine
        /// Of clients, where the world's clock stands still.
        var copy: QueueEngine?
        /// As it is shown, and until when.
        var shown: (engine: QueueEngine, interval: Int)?
        /// When somebody let it start anew.
        var resetAt = -Double.infinity
        var generation = -1
        var clients = 0
    }

    let model: ServedModel
    var shape: EngineShape { server.shape }
    /// As the world's moments go.
    private let source: WorldSource
    private let server: LLMPlan.Server
    private let names: [String]
    /// Of its server's requests; whoever has several models uses one most.
    private let weight: Double
    /// 0 where every look sees another moment.
    private let updateSeconds: Double
    /// The world's clock does not move.
    private let isStill: Bool
    /// Since when clients' requests go on by themselves in a world that stands still.
    private let began = ContinuousClock.now
    private let makeEngine: @Sendable (EngineLoad, _ start: Double, _ firstTicket: Int) -> QueueEngine
    private let state: Mutex<State>

    /// No more clients' requests at a time.
    static let clientLimit = 64
    private static let weightOfOthers = 0.02
    /// What was asked of the world so long ago happens now.
    private static let toleranceSeconds = 10.0

    /// - Parameter position: of the model among the server's.
    init(
        _ model: ServedModel, position: Int, of server: LLMPlan.Server, seed: UInt64, source: WorldSource, updateSeconds: Double,
        isStill: Bool,
        edges: @escaping @Sendable (EngineBook.Measure) -> [Double], proxyEdges: (@Sendable (EngineBook.Measure) -> [Double])?
    ) {
        self.model = model
        self.source = source
        self.server = server
        self.updateSeconds = updateSeconds
        self.isStill = isStill
        names = [server.name, model.name]
        weight = position == 0 ? 1 : Self.weightOfOthers
        let makeEngine: @Sendable (EngineLoad, Double, Int) -> QueueEngine = { load, start, firstTicket in
            QueueEngine(
                shape: server.shape, load: load, seed: seed, index: server.index * 16 + position, start: start, firstTicket: firstTicket,
                edges: edges, proxyEdges: proxyEdges)
        }
        self.makeEngine = makeEngine
        let timeline = source.scenarios.current().timeline
        let load = EngineLoad(wave: server.wave, weight: weight, troubles: LLMPlan.troubles(of: names, in: timeline))
        let moment = source.clock.unixSeconds - timeline.epoch
        state = Mutex(State(engine: makeEngine(load, LLMPlan.start(of: server, at: moment, epoch: timeline.epoch), 1)))
        // Whoever asks first shall not wait until a day has been counted.
        _ = view()
    }

    /// The unix time of the world's beginning.
    var epoch: Double { source.scenarios.current().timeline.epoch }

    /// The engine as it is shown now.
    func view() -> QueueEngine {
        state.withLock { state in
            let moment = bring(&state)
            let unixSeconds = source.clock.unixSeconds
            guard updateSeconds > 0 else { return state.engine.seen(at: moment) }
            let interval = Int(unixSeconds / updateSeconds)
            if let shown = state.shown, shown.interval == interval { return shown.engine }
            let engine = state.engine.seen(at: moment)
            state.shown = (engine, interval)
            return engine
        }
    }

    /// Counters begin at 0 and nobody is there, now.
    func reset() {
        state.withLock { state in
            let moment = bring(&state)
            state.resetAt = moment
            state.shown = nil
            state.engine = makeEngine(state.engine.load, moment, state.engine.nextTicket)
        }
    }

    /// Lets the world's story and the time reach the engine. Returns the moment.
    private func bring(_ state: inout State) -> Double {
        let (timeline, generation) = source.scenarios.current()
        let moment = source.clock.unixSeconds - timeline.epoch
        let start = max(LLMPlan.start(of: server, at: moment, epoch: timeline.epoch), state.resetAt)
        if generation != state.generation || start != state.engine.start {
            state.generation = generation
            let load = EngineLoad(wave: server.wave, weight: weight, troubles: LLMPlan.troubles(of: names, in: timeline))
            if start != state.engine.start || !state.engine.take(load, toleranceSeconds: Self.toleranceSeconds) {
                state.engine = makeEngine(load, start, state.engine.nextTicket)
            }
        }
        state.engine.advance(to: moment)
        return moment
    }

    // MARK: Clients

    /// nil when there is no place.
    func submit(prompt: Int, wishes: Int, limit: Int) -> (ticket: Int, fails: Bool)? {
        state.withLock { state in
            guard state.clients < Self.clientLimit else { return nil }
            let request = withClients(&state) { $0.submit(prompt: prompt, wishes: wishes, limit: limit, at: $1) }
            if request != nil { state.clients += 1 }
            return request
        }
    }

    /// nil when the server has started anew meanwhile.
    func progress(of ticket: Int) -> RequestProgress? {
        state.withLock { state in
            let progress = withClients(&state) { $0.progress(of: ticket, at: $1) }
            switch progress {
            case nil, .ended: state.clients -= 1
            case .waiting, .running: break
            }
            return progress
        }
    }

    func cancel(_ ticket: Int) {
        state.withLock { state in
            state.clients -= 1
            withClients(&state) { $0.cancel(ticket, at: $1) }
        }
    }

    /// The engine that serves clients. In a world that stands still it is a copy, which goes on from there.
    private func withClients<Result>(_ state: inout State, _ body: (inout QueueEngine, Double) -> Result) -> Result {
        let moment = bring(&state)
        guard isStill else { return body(&state.engine, moment) }
        var copy = state.copy ?? state.engine
        let result = body(&copy, moment + (ContinuousClock.now - began).seconds)
        state.copy = copy
        return result
    }
}
