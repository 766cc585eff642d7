import Metrics

/// `martlet_logs_*`
struct LogsFamilies: Sendable {
    let catalogue: Catalogue
    private let readLines, readBytes, cut, skipped, storedLines, storedBytes, pushes, dropped: Metric
    private let queueBytes, queueLimit, lag, lastSuccess, streams, overflow, up, restarts, stateFailures: Metric

    private static let source = LabelSchema("source")
    private static let outcome = LabelSchema("outcome")
    private static let reason = LabelSchema("reason")

    init() {
        var catalogue = Catalogue()
        func counter(_ name: String, _ help: String, labels: LabelSchema = .none) -> Metric {
            catalogue.counter("martlet_logs_\(name)", help, labels: labels, source: "martlet")
        }
        func gauge(_ name: String, _ help: String, labels: LabelSchema = .none) -> Metric {
            catalogue.gauge("martlet_logs_\(name)", help, labels: labels, source: "martlet")
        }
        up = gauge("source_up", "Whether the journal is being read, and whether the engine tells of its containers.", labels: Self.source)
        restarts = counter(
            "source_restarts_total", "Times that journalctl, or the stream of a container that runs, ended and was begun again.",
            labels: Self.source)
        readLines = counter("read_lines_total", "Lines that were read.", labels: Self.source)
        readBytes = counter("read_bytes_total", "Bytes of lines that were read, before any were cut.", labels: Self.source)
        cut = counter("cut_lines_total", "Lines that were longer than logs.line_limit_kib.")
        skipped = counter("skipped_lines_total", "Lines that are left out on purpose, by why.", labels: Self.reason)
        storedLines = counter("stored_lines_total", "Lines that Loki has stored.")
        storedBytes = counter("stored_bytes_total", "Bytes of lines that Loki has stored.")
        pushes = counter("pushes_total", "Pushes to Loki, by what became of them.", labels: Self.outcome)
        dropped = counter(
            "dropped_lines_total",
            "Lines that Loki refuses for good, at most so many: where it does not tell how many of a push, all count.", labels: Self.reason)
        queueBytes = gauge("queue_bytes", "Lines that were read and wait to be pushed, with what surrounds them.")
        queueLimit = gauge("queue_limit_bytes", "Where sources have to wait, as logs.queue_mib says.")
        lag = gauge("lag_seconds", "Age of the oldest line that was read and is not stored; 0 when there is none.")
        lastSuccess = gauge("last_success_timestamp_seconds", "When Loki stored lines last.")
        streams = gauge("streams", "Sets of labels that lines had since the start.")
        overflow = counter("overflow_lines_total", "Lines whose unit or container is called other, past logs.stream_limit.")
        stateFailures = counter("state_write_failures_total", "Times that what Loki has stored could not be remembered on disk.")
        self.catalogue = catalogue
    }

    /// What there is at a moment beside what is counted.
    struct Moment {
        var queueBytes: Int
        var queueLimit: Int
        var lagSeconds: Double
        var streams: Int
        var overflow: Int
    }

    func write(_ contents: LogsTally.Contents, _ moment: Moment, into buffer: inout SampleBuffer) {
        for source in LogsTally.Source.allCases {
            guard let reading = contents.read[source] else { continue }
            let labels = buffer.labels(Self.source, source.rawValue)
            if let isUp = reading.isUp { buffer.add(up, labels, isUp ? 1 : 0) }
            buffer.add(restarts, labels, Double(reading.restarts))
            buffer.add(readLines, labels, Double(reading.lines))
            buffer.add(readBytes, labels, Double(reading.bytes))
        }
        let none = LabelSet.empty
        buffer.add(cut, none, Double(contents.cut))
        for (reason, count) in contents.skipped.sorted(by: { $0.key < $1.key }) {
            buffer.add(skipped, buffer.labels(Self.reason, reason), Double(count))
        }
        buffer.add(storedLines, none, Double(contents.storedLines))
        buffer.add(storedBytes, none, Double(contents.storedBytes))
        for word in PushOutcome.words { buffer.add(pushes, buffer.labels(Self.outcome, word), Double(contents.pushes[word] ?? 0)) }
        for reason in PushOutcome.Refusal.reasonWords + [Sender.tooLarge] {
            buffer.add(dropped, buffer.labels(Self.reason, reason), Double(contents.dropped[reason] ?? 0))
        }
        buffer.add(queueBytes, none, Double(moment.queueBytes))
        buffer.add(queueLimit, none, Double(moment.queueLimit))
        buffer.add(lag, none, moment.lagSeconds)
        if let time = contents.lastSuccess { buffer.add(lastSuccess, none, time) }
        buffer.add(streams, none, Double(moment.streams))
        buffer.add(overflow, none, Double(moment.overflow))
        buffer.add(stateFailures, none, Double(contents.stateFailures))
    }
}
