import Metrics
import Primitives

/// All families of LLM servers, and how what is known of one is written.
struct LLMFamilies {
    static let server = LabelSchema("server", "engine")
    static let model = server.adding("model")
    private static let version = server.adding("version")
    private static let place = server.adding("url", "container", "found_by")
    private static let outcome = server.adding("outcome")
    private static let label = server.adding("label")
    private static let reason = server.adding("reason")
    /// Why series are left out, as readers and tables count them.
    private static let lossReasons = ["histogram", "value", "duplicate", "type", "line", "models", "series"]
    private static let capability = server.adding("metric", "source")

    private let up, ready, nativeMetrics, buildInfo, serverInfo, modelsLoaded, modelsOverLimit, lastAnswer, pollDuration, polls: Metric
    private let unmapped, labelsDropped, seriesDropped, capabilityMetric: Metric
    /// By the family's number.
    private let serving: [(metric: Metric, schema: LabelSchema)]

    init(_ catalogue: inout Catalogue) {
        func name(_ name: String) -> String { ServingFamily.prefix + name }
        up = catalogue.gauge(
            name("up"),
            "Whether the server answered in the last round of questions; 0 also of one of llm.servers that has not been asked yet.",
            labels: Self.server, source: "martlet")
        ready = catalogue.gauge(
            name("ready"), "Whether the server says that it is ready; 0 also where it does not answer.", labels: Self.server,
            source: "server: /health, or what its kind has for that")
        nativeMetrics = catalogue.gauge(
            name("native_metrics_up"), "Whether the server has metrics of its own; 0 where it answers and was started without.",
            labels: Self.server, source: "server: /metrics")
        buildInfo = catalogue.info(
            name("build_info"), "Version of the server.", labels: Self.version, source: "server: /version, or what its kind has for that")
        serverInfo = catalogue.info(
            name("server_info"), "Where the server is and how it was found: configuration, container or port.", labels: Self.place,
            source: "llm.servers; engine: /containers/ID/json; llm.ports")
        modelsLoaded = catalogue.gauge(
            name("models_loaded"), "Models that are ready to answer.", labels: Self.server, source: "server: its list of models")
        modelsOverLimit = catalogue.gauge(
            name("models_over_limit"), "Models past llm.model_limit, whose series are together in model=\"other\".", labels: Self.server,
            source: "server: /metrics and its list of models")
        lastAnswer = catalogue.gauge(
            name("last_answer_timestamp_seconds"),
            "When the server told all that it is asked, in unix seconds; what is older than three times llm.min_interval is not shown.",
            labels: Self.server, source: "martlet")
        pollDuration = catalogue.gauge(
            name("poll_duration_seconds"), "How long the last round of questions took.", labels: Self.server, source: "martlet")
        polls = catalogue.counter(
            name("polls_total"), "Rounds of questions, by how they ended.", labels: Self.outcome, source: "martlet")
        unmapped = catalogue.gauge(
            name("unmapped_families"), "Families of the server's exposition that martlet does not know.", labels: Self.server,
            source: "server: /metrics")
        labelsDropped = catalogue.counter(
            name("labels_dropped_total"), "Labels of the server's samples that were left out, such as those of users and keys, by name.",
            labels: Self.label, source: "server: /metrics")
        seriesDropped = catalogue.counter(
            name("series_dropped_total"),
            "Series of the server that were left out: histogram (buckets that cannot be true), value (no number, or a counter below 0), "
                + "duplicate, type (another than the table has), line (cannot be read); models (past llm.model_limit, together in other); or "
                + "series (families past what one server may have, or all together).",
            labels: Self.reason, source: "server: /metrics")
        var serving: [(Metric, LabelSchema)] = []
        for family in ServingFamily.allCases {
            let shape = family.shape
            let schema = LabelSchema(names: (shape.hasModel ? Self.model : Self.server).names + shape.labels)
            let metric: Metric
            let source = "server: docs/llm-servers.md"
            switch shape.kind {
            case .gauge: metric = catalogue.gauge(family.name, shape.help, labels: schema, source: source)
            case .counter: metric = catalogue.counter(family.name, shape.help, labels: schema, source: source)
            case .info: metric = catalogue.info(family.name, shape.help, labels: schema, source: source)
            case .histogram, .summary: metric = catalogue.histogram(family.name, shape.help, labels: schema, source: source)
            }
            serving.append((metric, schema))
        }
        self.serving = serving
        capabilityMetric = catalogue.gauge(
            name("capability"),
            "Where a family's numbers come from: native, derived, probe, or none, which is why there are no series.",
            labels: Self.capability, source: "martlet")
    }

    /// Writes what is known of a server. What it told long ago is left out.
    ///
    /// - Parameter measured: what somebody measures of it from outside.
    func write(
        _ entry: ServerBook.Entry, now: ContinuousClock.Instant, maximumAgeSeconds: Double, measured: Set<String>,
        into buffer: inout SampleBuffer
    ) {
        let names = [entry.target.name, entry.kind ?? Self.unknownKind]
        let labels = buffer.labels(Self.server, names)
        // Absent would be an alert that never comes: one that has not answered yet, as it hangs, is no better than one that does not answer.
        let isUp = entry.isUp ?? (entry.target.origin == .configuration ? false : nil)
        buffer.add(up, labels, isUp)
        buffer.add(ready, labels, entry.isUp == nil ? nil : entry.isReady)
        let target = entry.target
        buffer.add(
            serverInfo, buffer.labels(Self.place, names + [target.address.url, target.container, target.origin.rawValue]), 1)
        buffer.add(lastAnswer, labels, entry.answeredUnixSeconds)
        buffer.add(pollDuration, labels, entry.durationSeconds)
        for outcome in PollOutcome.allCases where isUp != nil {
            buffer.add(polls, buffer.labels(Self.outcome, names + [outcome.rawValue]), Double(entry.outcomes[outcome] ?? 0))
        }
        for (label, count) in entry.losses.labels.sorted(by: { $0.key < $1.key }) {
            buffer.add(labelsDropped, buffer.labels(Self.label, names + [label]), Double(count))
        }
        // From 0 on, so that the first to go is noticed.
        for reason in Self.lossReasons {
            buffer.add(seriesDropped, buffer.labels(Self.reason, names + [reason]), Double(entry.losses.series[reason] ?? 0))
        }
        guard let picture = entry.picture else { return }
        func isFresh(_ instant: ContinuousClock.Instant?) -> Bool { ServerBook.Entry.isFresh(instant, now, maximumAgeSeconds) }
        if isFresh(entry.expositionAt) {
            buffer.add(nativeMetrics, labels, picture.hasNativeMetrics)
            buffer.add(unmapped, labels, picture.unmappedFamilies.map(Double.init))
        }
        let fresh = Set(entry.toldAt.filter { isFresh($0.value) }.keys)
        write(picture, fresh, names, labels, into: &buffer)
        guard isFresh(entry.answeredAt) else { return }
        if !picture.version.isEmpty { buffer.add(buildInfo, buffer.labels(Self.version, names + [picture.version]), 1) }
        if fresh.contains(.modelLoaded) { buffer.add(modelsLoaded, labels, picture.loadedModels.map(Double.init)) }
        buffer.add(modelsOverLimit, labels, Double(picture.models.overLimit))
        guard let told = Capability.ofKinds[entry.kind ?? ""] else { return }
        let seen = Capability.Seen(byExposition: entry.seenOfExposition, byQuestion: entry.seenOfAnswers, measured: measured)
        for family in ServingFamily.allCases {
            let source = Capability.present(family, told, seen, hasNativeMetrics: picture.hasNativeMetrics)
            buffer.add(capabilityMetric, buffer.labels(Self.capability, names + [family.shape.name, source.rawValue]), 1)
        }
    }

    /// What stands for the kind of a server that nobody has found out yet.
    static let unknownKind = "unknown"

    private func write(
        _ picture: ServerPicture, _ fresh: Set<ServingFamily>, _ names: [String], _ labels: LabelSet, into buffer: inout SampleBuffer
    ) {
        // Sets of labels are shared by all families that have no more than the model.
        var modelLabels: [LabelSet?] = []
        for (series, value) in picture.ordered where fresh.contains(series.family) {
            let (metric, schema) = serving[series.family.rawValue]
            let shape = series.family.shape
            let model = series.model.map { picture.models.names[$0] } ?? ""
            let set: LabelSet
            if shape.labels.isEmpty, shape.hasModel {
                let place = series.model.map { $0 + 1 } ?? 0
                while modelLabels.count <= place { modelLabels.append(nil) }
                set = modelLabels[place] ?? buffer.labels(schema, names + [model])
                modelLabels[place] = set
            } else if shape.labels.isEmpty {
                set = labels
            } else {
                set = buffer.labels(schema, names + (shape.hasModel ? [model] : []) + series.labels)
            }
            switch value {
            case .number(let number): buffer.add(metric, set, number)
            case .distribution(let distribution): buffer.add(metric, set, distribution)
            }
        }
    }
}
