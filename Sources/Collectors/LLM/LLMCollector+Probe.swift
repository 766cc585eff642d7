package import Exporting
import Metrics
package import Primitives
package import Web

extension LLMCollector {
    /// `GET /probe?module=llm&target=`: one server alone, by its name or URL. Those of the settings are shown as they are known; others must stand
    /// in `llm.allowed_targets`, and are shown no credential.
    ///
    /// - Parameter context: of scrapes.
    /// - Parameter deadline: how long it may take.
    package func page(_ context: CollectionContext, deadline: ScrapeDeadline = ScrapeDeadline()) throws(Failure) -> HTTPHandler {
        let table = try FamilyTable([catalogue])
        return { [self] request in
            let module = request.parameter("module") ?? "llm"
            guard module == "llm" else { return HTTPServerResponse(status: 400, text: "There is no module of that name; llm is one.\n") }
            guard let target = request.parameter("target"), !target.isEmpty else {
                return HTTPServerResponse(status: 400, text: "Which server? Name it with target=, by its name or URL.\n")
            }
            let end = deadline.deadline(header: request.headers["X-Prometheus-Scrape-Timeout-Seconds"], from: request.arrival)
            guard let entry = await entry(of: target, by: end, context) else {
                return HTTPServerResponse(
                    status: 403, text: "This target is neither among llm.servers nor in llm.allowed_targets, and is not asked.\n")
            }
            let sink = SampleSink()
            draw([entry], now: .now, into: sink, showsUnknown: true)
            return ExpositionResponse.negotiated(Exposition(table, [sink.contents.committed]), request.headers)
        }
    }

    private func entry(of target: String, by deadline: Deadline, _ context: CollectionContext) async -> ServerBook.Entry? {
        var target = target
        while target.hasSuffix("/") { target.removeLast() }
        // What was found comes last: whoever may start a container says what that is called, and must not answer for others.
        if let known = known(target, isConfigured: true) { return known }
        guard settings.allowedTargets.contains(target) else { return known(target, isConfigured: false) }
        let poll = ServerPoll(
            http: context.http, timeoutSeconds: min(settings.timeoutSeconds, deadline.remainingSeconds), modelLimit: settings.modelLimit)
        return await desk.entry(of: target, poll, intervalSeconds: settings.intervalSeconds, by: deadline, context.clock)
    }
}
