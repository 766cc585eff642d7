package import Metrics

/// The families of questions that we asked ourselves.
package struct ProbeFamilies: Sendable {
    private let success, status, lastRun: Metric
    private let duration, timeToFirstToken, interTokenLatency: Metric
    private let requests, skipped, tokens: Metric
    private let outcome, reason, type: LabelSchema

    /// - Parameter labels: whom a series is about: the server and the model.
    package init(_ catalogue: inout Catalogue, labels: LabelSchema) {
        (outcome, reason, type) = (labels.adding("outcome"), labels.adding("reason"), labels.adding("type"))
        func name(_ name: String) -> String { "llm_monitor_llm_probe_\(name)" }
        success = catalogue.gauge(
            name("success"), "1 when the last question of the probe was answered whole, 0 when not.", labels: labels,
            source: "a streamed request")
        status = catalogue.gauge(
            name("http_status"), "Status of the answer to the last question of the probe, absent when there was none.", labels: labels,
            source: "a streamed request")
        lastRun = catalogue.gauge(
            name("last_run_timestamp_seconds"), "When the last question of the probe was answered or given up.", labels: labels,
            source: "martlet")
        timeToFirstToken = catalogue.histogram(
            name("time_to_first_token_seconds"), "Time from the start of connecting to the first text of the answer.", labels: labels,
            source: "a streamed request")
        interTokenLatency = catalogue.histogram(
            name("inter_token_latency_seconds"), "Time between one token and the next, the average of an answer.", labels: labels,
            source: "a streamed request")
        duration = catalogue.histogram(
            name("duration_seconds"), "Time from the start of connecting to the end of the answer, of answers that came whole.",
            labels: labels, source: "a streamed request")
        requests = catalogue.counter(
            name("requests_total"), "Questions of the probe by what came of them.", labels: outcome, source: "a streamed request")
        skipped = catalogue.counter(
            name("skipped_total"), "Turns of the probe that went by without a question.", labels: reason, source: "martlet")
        tokens = catalogue.counter(
            name("tokens_total"), "Tokens that the probe itself made the server read and generate, to be taken from its own counts.",
            labels: type, source: "usage of a streamed request; messages counted where there is none")
    }

    /// - Parameter values: those of the labels that the families were made with.
    package func write(_ book: ProbeBook, _ labels: LabelSet, into samples: inout SampleBuffer) {
        for reason in ProbePlan.Reason.allCases {
            samples.add(skipped, samples.labels(self.reason, extending: labels, reason.rawValue), Double(book.skipped[reason] ?? 0))
        }
        for outcome in ProbeResult.Outcome.allCases {
            samples.add(requests, samples.labels(self.outcome, extending: labels, outcome.rawValue), Double(book.outcomes[outcome] ?? 0))
        }
        if let last = book.last {
            samples.add(success, labels, last.outcome == .ok)
            samples.add(status, labels, last.status.map(Double.init))
            samples.add(lastRun, labels, book.lastUnixSeconds)
        }
        // From 0 on, so that the first probe is an increase.
        samples.add(timeToFirstToken, labels, book.timeToFirstToken)
        samples.add(interTokenLatency, labels, book.interTokenLatency)
        samples.add(duration, labels, book.duration)
        samples.add(tokens, samples.labels(type, extending: labels, "prompt"), Double(book.promptTokens))
        samples.add(tokens, samples.labels(type, extending: labels, "generation"), Double(book.generatedTokens))
    }
}
