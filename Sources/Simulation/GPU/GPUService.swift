import JSON
import Primitives
import Synchronization
import Web

/// Keeps the state file at the present moment, and answers for it.
final class GPUService: Sendable {
    static let cardsPath = "/api/v1/cards"
    static let faultsPath = "/api/v1/faults"
    /// No test has so many, and the state file has no room for them.
    static let faultLimit = 100

    private struct State {
        var faults: [GPUFault] = []
        /// Messages that a test has asked for.
        var events: [GPUState.Event] = []
        /// As it was published last.
        var last: GPUState?
    }

    private let source: WorldSource
    private let plan: GPUPlan
    private let driver: GPUDriver
    private let file: GPUStateFile
    private let tree: OwnersTree?
    private let scenarios: ScenarioEndpoint
    private let state = Mutex(State())

    init(source: WorldSource, plan: GPUPlan, driver: GPUDriver, file: GPUStateFile, tree: OwnersTree?) {
        self.source = source
        self.plan = plan
        self.driver = driver
        self.file = file
        self.tree = tree
        scenarios = ScenarioEndpoint(store: source.scenarios, nodeCount: source.inventory.nodes.count, clock: source.clock)
    }

    /// Puts the present moment into the file.
    ///
    /// Errors: a full disk.
    func publish() throws(Failure) {
        let world = source.current()
        let cards = GPUWorld(plan: plan, world: world, driver: driver)
        var now = cards.state(at: world.moment(of: source.clock.unixSeconds))
        let absent = driver.absent.compactMap(CardSupport.position(of:))
        let result: Result<Void, Failure> = state.withLock { state in
            state.events.removeAll { $0.unixSeconds < now.unixSeconds - 120 }
            now.events = (now.events + state.events).sorted { $0.unixSeconds < $1.unixSeconds }
            do throws(Failure) {
                try file.publish(now, faults: state.faults, absent: absent + state.faults.filter(\.isAbsent).compactMap(\.call))
            } catch {
                return .failure(error)
            }
            state.last = now
            return .success(())
        }
        try result.get()
    }

    /// Puts into the tree who works on the cards now.
    ///
    /// Errors: a folder that cannot be written.
    func writeTree() throws(Failure) {
        guard let tree else { return }
        let world = source.current()
        let cards = GPUWorld(plan: plan, world: world, driver: driver)
        try tree.write(cards, at: world.moment(of: source.clock.unixSeconds))
    }

    func close() { file.close() }

    /// What the machine's container engine says.
    func engineAnswer(_ request: HTTPServerRequest) async -> HTTPServerResponse {
        await EngineAnswers(cards: GPUWorld(plan: plan, world: source.current(), driver: driver)).answer(request)
    }

    // MARK: Answers

    func answer(_ request: HTTPServerRequest) async -> HTTPServerResponse {
        switch request.path {
        case ScenarioEndpoint.path:
            let response = await scenarios.answer(request)
            // Who has asked for something sees it at once.
            if request.method == "PUT" || request.method == "POST" { try? publish() }
            return response
        case Self.faultsPath: return faults(request)
        case Self.cardsPath: return HTTPServerResponse(json: state.withLock { $0.last }?.json() ?? Array("{}".utf8))
        case "/health", "/-/healthy", "/ready", "/-/ready": return HTTPServerResponse(text: "OK\n")
        case "/":
            return HTTPServerResponse(
                text: "A machine with \(plan.cards.count) simulated cards (\(plan.profile.rawValue)). State file: \(file.path)\n"
                    + "Scenario: \(ScenarioEndpoint.path)  Faults: \(Self.faultsPath)  The cards: \(Self.cardsPath)\n")
        default: return HTTPServerResponse(status: 404, text: "Not found.\n")
        }
    }

    private func faults(_ request: HTTPServerRequest) -> HTTPServerResponse {
        if let refusal = request.refusalOfOtherSites { return refusal }
        switch request.method {
        case "GET", "HEAD": break
        case "DELETE":
            state.withLock { state in
                state.faults = []
                state.events = []
            }
        case "PUT", "POST":
            do { try add(request.body) } catch {
                var json = JSONWriter()
                json.object { $0.member("error", error.description) }
                return HTTPServerResponse(status: error.code == .limit ? 409 : 400, json: json.bytes)
            }
        default:
            var response = HTTPServerResponse(status: 405, text: "Method not allowed.\n")
            response.headers.add("Allow", "GET, HEAD, PUT, DELETE")
            return response
        }
        if request.method != "GET", request.method != "HEAD" {
            do { try publish() } catch { return HTTPServerResponse(status: 500, text: "\(error)\n") }
        }
        var json = JSONWriter()
        json.object { json in
            json.key("faults")
            json.array { json in
                for fault in state.withLock({ $0.faults }) { fault.write(into: &json) }
            }
        }
        return HTTPServerResponse(json: json.bytes)
    }

    /// One fault, or `{"xid": 79, "card": 0}` for a message of the driver.
    private func add(_ body: [UInt8]) throws(Failure) {
        let document: JSONDocument
        do { document = try JSONDocument(parsing: body) } catch { throw Failure(.malformed, error.message) }
        let now = source.clock.unixSeconds
        let cardCount = plan.cards.count
        let result: Result<(GPUFault?, GPUState.Event?), Failure> = document.withRoot { root in
            do throws(Failure) {
                guard let number = root["xid"] else { return .success((try GPUFault(root), nil)) }
                guard let xid = number.integer, (1...999).contains(xid) else {
                    throw Failure(.malformed, "\"xid\" is no number from 1 to 999")
                }
                let card = root["card"]?.integer ?? 0
                guard (0..<cardCount).contains(card) else { throw Failure(.malformed, "there is no card \(card)") }
                return .success((nil, GPUState.Event(unixSeconds: now, card: card, xid: xid)))
            } catch {
                return .failure(error)
            }
        }
        let (fault, event) = try result.get()
        let hasRoom = state.withLock { state in
            guard state.faults.count < Self.faultLimit, state.events.count < Self.faultLimit else { return false }
            if let fault { state.faults.append(fault) }
            if let event { state.events.append(event) }
            return true
        }
        if !hasRoom { throw Failure(.limit, "there are \(Self.faultLimit) faults or messages already; DELETE removes them") }
    }
}
