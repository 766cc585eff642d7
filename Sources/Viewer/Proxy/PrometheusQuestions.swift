import Primitives

/// What may be asked of Prometheus, and how it is written: a list of paths that only read, with known parameters and bounds.
struct PrometheusQuestions: Sendable {
    /// Prometheus refuses more itself; so it is told before anything is read.
    static let mostPoints = 11_000.0
    /// Beyond any time that Prometheus knows.
    private static let latest = 1e11

    /// Longest span of time.
    let maxRangeSeconds: Double
    /// What Prometheus is told to spend at most.
    let timeoutSeconds: Double

    /// Whether this may be asked at all.
    ///
    /// - Parameter path: behind `/api/prometheus`, as in `/api/v1/query`.
    func check(_ path: String, method: String) throws(Refusal) {
        let name = Self.name(path)
        let mayPost = name == "query" || name == "query_range" || name == "series"
        guard Self.isKnown(name) else { throw Refusal(404, "This is not among what may be asked of Prometheus here.") }
        guard method == "GET" || method == "HEAD" || method == "POST" && mayPost else {
            throw Refusal(405, "Only reading is possible here.")
        }
    }

    /// - Parameter path: one that was checked.
    func question(_ path: String, _ fields: [(name: String, value: String)]) throws(Refusal) -> Upstream.Question {
        switch Self.name(path) {
        case "query":
            let fields = try QueryFields(fields, known: ["query", "time", "timeout", "limit"])
            return instant(try fields.required("query"), at: try time("time", fields))
        case "query_range":
            let fields = try QueryFields(fields, known: ["query", "start", "end", "step", "timeout", "limit"])
            return try range(
                try fields.required("query"), from: try requiredTime("start", fields), to: try requiredTime("end", fields),
                step: try fields.requiredNumber("step"))
        case "series":
            var question = try selection(fields, path)
            guard question.form.contains("match") else { throw Refusal(400, "The parameter match[] is missing.") }
            question.method = "POST"
            return question
        case "rules":
            let fields = try QueryFields(fields, known: ["type"])
            var form = Form()
            if let type = fields.text("type") {
                guard type == "alert" || type == "record" else { throw Refusal(400, "type: expected alert or record.") }
                form.add("type", type)
            }
            return Upstream.Question(path: path, form: form.encoded)
        case "alerts", "status/buildinfo":
            _ = try QueryFields(fields, known: [])
            return Upstream.Question(path: path)
        default: return try selection(fields, path)
        }
    }

    /// The value of an expression at a time, or now.
    func instant(_ expression: String, at time: Double?) -> Upstream.Question {
        var form = Form()
        form.add("query", expression)
        if let time { form.add("time", text(time)) }
        form.add("timeout", timeout)
        return Upstream.Question(method: "POST", path: "/api/v1/query", form: form.encoded)
    }

    /// Its values over a span of time.
    func range(_ expression: String, from start: Double, to end: Double, step: Double) throws(Refusal) -> Upstream.Question {
        try check(from: start, to: end)
        guard step >= 0.001, step <= Self.latest else { throw Refusal(400, "step: expected a number of seconds above 0.") }
        // Prometheus counts as many steps as fit, and the first point beside them.
        guard ((end - start) / step).rounded(.down) <= Self.mostPoints - 1 else {
            throw Refusal(400, "These are more than 11,000 points a series: take a longer step or a shorter time.")
        }
        var form = Form()
        form.add("query", expression)
        form.add("start", text(start))
        form.add("end", text(end))
        form.add("step", text(step))
        form.add("timeout", timeout)
        return Upstream.Question(method: "POST", path: "/api/v1/query_range", form: form.encoded)
    }

    /// Names of labels, their values, series: with selectors and a span of time.
    func selection(_ fields: [(name: String, value: String)], _ path: String) throws(Refusal) -> Upstream.Question {
        let fields = try QueryFields(fields, known: ["match[]", "start", "end", "limit"])
        var form = Form()
        for match in fields.texts("match[]") { form.add("match[]", match) }
        let (start, end) = (try time("start", fields), try time("end", fields))
        if let start, let end { try check(from: start, to: end) }
        if let start { form.add("start", text(start)) }
        if let end { form.add("end", text(end)) }
        if let limit = try fields.count("limit", in: 1...1_000_000) { form.add("limit", String(limit)) }
        return Upstream.Question(path: path, form: form.encoded)
    }

    private static func name(_ path: String) -> Substring { path.hasPrefix("/api/v1/") ? path.dropFirst("/api/v1/".count) : "" }

    private static func isKnown(_ name: Substring) -> Bool {
        if ["query", "query_range", "series", "labels", "rules", "alerts", "status/buildinfo"].contains(name) { return true }
        guard name.hasPrefix("label/"), name.hasSuffix("/values"), name.utf8.count > "label//values".utf8.count else { return false }
        return isLabel(name.dropFirst("label/".count).dropLast("/values".count))
    }

    /// Whether Prometheus takes it for the name of a label, wherever it stands in a path.
    static func isLabel(_ name: some StringProtocol) -> Bool {
        guard let first = name.utf8.first, !(0x30...0x39).contains(first), name.utf8.count <= 256 else { return false }
        return name.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || $0 == UInt8(ascii: "_")
        }
    }

    private func check(from start: Double, to end: Double) throws(Refusal) {
        guard start <= end else { throw Refusal(400, "The end lies before the start.") }
        guard end - start <= maxRangeSeconds else {
            throw Refusal(400, "This is a longer time than dashboards.max_range allows, which is \(Int(maxRangeSeconds / 86_400)) days.")
        }
    }

    private func time(_ name: String, _ fields: QueryFields) throws(Refusal) -> Double? {
        guard let time = try fields.number(name) else { return nil }
        guard time.magnitude <= Self.latest else { throw Refusal(400, "\(name): no clock shows that time.") }
        return time
    }

    private func requiredTime(_ name: String, _ fields: QueryFields) throws(Refusal) -> Double {
        guard let time = try time(name, fields) else { throw Refusal(400, "The parameter \(name) is missing.") }
        return time
    }

    private var timeout: String { text(timeoutSeconds) + "s" }

    /// To the millisecond, which is all that Prometheus knows.
    private func text(_ number: Double) -> String {
        var bytes: [UInt8] = []
        bytes.append(finite: (number * 1000).rounded() / 1000)
        return String(decoding: bytes, as: UTF8.self)
    }
}
