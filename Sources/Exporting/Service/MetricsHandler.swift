import Metrics
import Primitives
import Web

/// `GET /metrics`: scrapes, and writes the format that the scraper likes best.
struct MetricsHandler: Sendable {
    let coordinator: ScrapeCoordinator
    let deadline: ScrapeDeadline
    /// Called with each result, before it is written.
    let onResult: @Sendable (ScrapeResult) -> Void

    func handle(_ request: HTTPServerRequest) async -> HTTPServerResponse {
        let names: Set<String>?
        do {
            names = try selection(request)
        } catch {
            return HTTPServerResponse(status: 400, text: "\(error)\n")
        }
        let deadline = deadline.deadline(header: request.headers["X-Prometheus-Scrape-Timeout-Seconds"], from: request.arrival)
        let result = await coordinator.scrape(by: deadline, only: names)
        onResult(result)
        return ExpositionResponse.negotiated(result.exposition, request.headers)
    }

    /// `collect[]` names those that take part, `exclude[]` those that do not; not both.
    private func selection(_ request: HTTPServerRequest) throws(Failure) -> Set<String>? {
        let known = Set(coordinator.collectors.map(\.name))
        let collect = request.query.filter { $0.name == "collect[]" }.map(\.value)
        let exclude = request.query.filter { $0.name == "exclude[]" }.map(\.value)
        if collect.isEmpty && exclude.isEmpty { return nil }
        guard collect.isEmpty || exclude.isEmpty else { throw Failure(.usage, "collect[] and exclude[] cannot be combined") }
        if let unknown = (collect + exclude).first(where: { !known.contains($0) }) {
            throw Failure(.usage, "no collector \(unknown.prefix(64)) here; there are: \(known.sorted().joined(separator: ", "))")
        }
        return collect.isEmpty ? known.subtracting(exclude) : Set(collect)
    }
}
