/// What may be asked of Loki: lines of a span of time.
struct LokiQuestions: Sendable {
    /// The only path.
    static let path = "/loki/api/v1/query_range"
    private static let mostLines = 5000

    let maxRangeSeconds: Double

    /// - Parameter fields: times are whole nanoseconds, as Loki has them.
    func question(_ fields: [(name: String, value: String)]) throws(Refusal) -> Upstream.Question {
        let fields = try QueryFields(fields, known: ["query", "start", "end", "limit", "direction", "step"])
        var form = Form()
        let query = try fields.required("query")
        // Functions and sums can look back further than the time that is asked for, and no panel has one.
        guard query.utf8.first(where: { $0 != 0x20 && $0 != 0x0A && $0 != 0x09 }) == UInt8(ascii: "{") else {
            throw Refusal(400, "query: only lines are asked for here, so a selector of streams begins it, {…}.")
        }
        form.add("query", query)
        guard let start = try fields.count("start", in: 0...Int.max), let end = try fields.count("end", in: 0...Int.max) else {
            throw Refusal(400, "The parameters start and end are needed, in nanoseconds.")
        }
        guard start <= end, Double(end - start) <= maxRangeSeconds * 1e9 else {
            throw Refusal(400, "The end lies before the start, or the time is longer than dashboards.max_range allows.")
        }
        form.add("start", String(start))
        form.add("end", String(end))
        form.add("limit", String(try fields.count("limit", in: 1...Self.mostLines) ?? 1000))
        if let direction = fields.text("direction") {
            guard direction == "forward" || direction == "backward" else { throw Refusal(400, "direction: expected forward or backward.") }
            form.add("direction", direction)
        }
        if let step = try fields.number("step") {
            guard step > 0, Double(end - start) / 1e9 / step <= PrometheusQuestions.mostPoints else {
                throw Refusal(400, "These are more than 11,000 points a series: take a longer step or a shorter time.")
            }
            form.add("step", "\(step)")
        }
        return Upstream.Question(path: Self.path, form: form.encoded)
    }
}

/// What may be read of Alertmanager.
enum AlertmanagerQuestions {
    /// - Parameter path: behind `/api/alertmanager`.
    static func question(_ path: String, _ fields: [(name: String, value: String)]) throws(Refusal) -> Upstream.Question {
        let states = ["active", "silenced", "inhibited", "unprocessed"]
        let fields = try QueryFields(fields, known: path == "/api/v2/alerts" ? ["filter", "receiver"] + states : ["filter"])
        var form = Form()
        for filter in fields.texts("filter") { form.add("filter", filter) }
        if let receiver = fields.text("receiver") { form.add("receiver", receiver) }
        for state in states {
            guard let text = fields.text(state) else { continue }
            guard text == "true" || text == "false" else { throw Refusal(400, "\(state): expected true or false.") }
            form.add(state, text)
        }
        return Upstream.Question(path: path, form: form.encoded)
    }
}
