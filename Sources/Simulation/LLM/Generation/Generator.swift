import Primitives
import Synchronization
import Web

/// Serves clients what their requests' turn in the engine brings: tokens come when the engine has made them.
struct Generator: Sendable {
    let desk: EngineDesk

    /// Looks at the engine are no further apart, and no nearer.
    private static let longestSleep = 0.05
    private static let shortestSleep = 0.001
    /// How often it is looked whether the client is still there.
    private static let presenceSeconds = 0.5
    /// How long SGLang waits for the token that tells whether it is well.
    private static let probeSeconds = 20.0

    /// A stream at once, as real servers begin one before there is a token; everything else when it is complete.
    func answer(_ request: HTTPServerRequest, _ order: GenerationOrder, _ form: some AnswerForm) async -> HTTPServerResponse {
        let context = desk.model.contextTokens
        guard order.prompt < context else {
            return form.refusal(400, "This model's maximum context length is \(context) tokens, and the prompt has \(order.prompt).")
        }
        let limit = min(order.limit ?? context, context - order.prompt)
        let wishes = order.wishes(of: desk.shape)
        guard let own = desk.submit(prompt: order.prompt, wishes: wishes, limit: limit) else {
            return form.refusal(503, "The server is busy: too many requests wait.")
        }
        guard order.isStream, !own.fails else {
            guard let (text, outcome) = await complete(own.ticket, order, { request.isAbandoned() }) else {
                return form.refusal(500, "The engine has stopped.")
            }
            guard outcome.ending != .error else { return form.refusal(500, "The engine has failed (simulated).") }
            return HTTPServerResponse(json: form.whole(text, outcome))
        }
        let stream = BodyStream()
        Task.detached { await feed(stream, own.ticket, order, form) { request.isAbandoned() } }
        var response = HTTPServerResponse(status: 200, body: .stream(stream))
        response.headers.add("Content-Type", form.streamType)
        response.headers.add("Cache-Control", "no-cache")
        return response
    }

    /// Whether one token comes, within a while.
    func probe(_ request: HTTPServerRequest) async -> Bool {
        guard let own = desk.submit(prompt: 4, wishes: 1, limit: 1) else { return false }
        let began = ContinuousClock.now
        let order = GenerationOrder.probe
        let (_, outcome) = await follow(own.ticket, order, { request.isAbandoned() || (.now - began).seconds > Self.probeSeconds }) {
            _, _, _ in true
        }
        return outcome.map { $0.ending != .error } ?? false
    }

    private func feed(
        _ stream: BodyStream, _ ticket: Int, _ order: GenerationOrder, _ form: some AnswerForm, _ isGone: @Sendable () -> Bool
    ) async {
        let opening = form.opening()
        var hasOpened = opening.isEmpty
        let (text, outcome) = await follow(ticket, order, { stream.isOver || isGone() }) { word, number, isLast in
            var piece: [UInt8] = []
            if !hasOpened {
                piece = opening
                hasOpened = true
            }
            return stream.send(piece + form.piece(word, number: number, isLast: isLast))
        }
        if let outcome, outcome.ending != .error {
            stream.send((hasOpened ? [] : opening) + form.closing(text, outcome))
        } else {
            stream.send(form.interruption())
        }
        stream.finish()
    }

    private func complete(
        _ ticket: Int, _ order: GenerationOrder, _ isGone: @Sendable () -> Bool
    ) async -> (text: String, outcome: RequestOutcome)? {
        let (text, outcome) = await follow(ticket, order, isGone) { _, _, _ in true }
        return outcome.map { (text, $0) }
    }

    /// Hands on each token as it comes. Without an outcome the client has gone, or the server has started anew.
    private func follow(
        _ ticket: Int, _ order: GenerationOrder, _ isGone: @Sendable () -> Bool, _ token: (String, Int, Bool) -> Bool
    ) async -> (String, RequestOutcome?) {
        var words = Words(seed: order.seed)
        var text = ""
        var count = 0
        var lastLook = ContinuousClock.now
        /// Whether all were wanted.
        func hand(on target: Int, isEnd: Bool) -> Bool {
            while count < target {
                let word = words.next()
                text += word
                count += 1
                guard token(word, count, isEnd && count == target) else { return false }
            }
            return true
        }
        while true {
            var sleep = Self.longestSleep
            switch desk.progress(of: ticket) {
            case nil: return (text, nil)
            case .waiting: break
            case .running(let tokens, let next):
                guard hand(on: tokens, isEnd: false) else {
                    desk.cancel(ticket)
                    return (text, nil)
                }
                sleep = next
            case .ended(let outcome):
                _ = hand(on: outcome.tokens, isEnd: true)
                return (text, outcome)
            }
            if (ContinuousClock.now - lastLook).seconds > Self.presenceSeconds {
                lastLook = .now
                if isGone() {
                    desk.cancel(ticket)
                    return (text, nil)
                }
            }
            try? await Task.sleep(for: .seconds(min(max(sleep, Self.shortestSleep), Self.longestSleep)))
        }
    }
}
