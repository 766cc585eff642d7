import Metrics

/// `martlet_dashboards_*`
struct ViewerFamilies: Sendable {
    let catalogue: Catalogue
    private let answers: Metric
    private let questions: Metric
    private let upstream: Metric
    private let inFlight: Metric
    private let keptBytes: Metric
    private let boards: Metric
    private let silences: Metric
    private let givenUp: Metric

    private static let partLabels = LabelSchema("part", "code")
    private static let outcomeLabels = LabelSchema("program", "outcome")
    private static let codeLabels = LabelSchema("program", "code")
    private static let programLabels = LabelSchema("program")
    private static let stateLabels = LabelSchema("state")
    private static let actionLabels = LabelSchema("action")
    private static let reasonLabels = LabelSchema("reason")

    init() {
        var catalogue = Catalogue()
        answers = catalogue.counter(
            "martlet_dashboards_answers_total", "Answers of the dashboards' own paths, by what they are about and status code.",
            labels: Self.partLabels, source: "martlet")
        questions = catalogue.counter(
            "martlet_dashboards_questions_total",
            "Questions of browsers by what became of them: asked, joined to an equal one on its way, kept for a moment, or refused as too many wait.",
            labels: Self.outcomeLabels, source: "martlet")
        upstream = catalogue.counter(
            "martlet_dashboards_upstream_answers_total",
            "Answers of Prometheus, Alertmanager and Loki by status code, or why there was none.", labels: Self.codeLabels,
            source: "martlet")
        inFlight = catalogue.gauge(
            "martlet_dashboards_questions_in_flight", "Questions that a program works at or that wait for their turn.",
            labels: Self.programLabels, source: "martlet")
        keptBytes = catalogue.gauge(
            "martlet_dashboards_kept_bytes", "Answers that are kept for a moment, in bytes.", labels: Self.programLabels, source: "martlet")
        boards = catalogue.gauge(
            "martlet_dashboards_boards", "Boards that can be shown (good), and files that hold none (bad).", labels: Self.stateLabels,
            source: "martlet")
        silences = catalogue.counter(
            "martlet_dashboards_silences_total", "Silences that users created or expired.", labels: Self.actionLabels, source: "martlet")
        givenUp = catalogue.counter(
            "martlet_dashboards_given_up_total",
            "Boards, tables and files that were not worked out: too many others were (busy), it took too long (time), or nobody waited any more (gone).",
            labels: Self.reasonLabels, source: "martlet")
        self.catalogue = catalogue
    }

    func write(_ contents: ViewerTally.Contents, _ desks: [QuestionDesk], into buffer: inout SampleBuffer) {
        for part in ViewerTally.Part.allCases {
            // Those that one watches are there before the first of them.
            let counts = contents.answers[part] ?? [:]
            for status in Set(counts.keys).union([200]).sorted() {
                buffer.add(answers, buffer.labels(Self.partLabels, part.rawValue, String(status)), Double(counts[status] ?? 0))
            }
        }
        for desk in desks {
            let (program, name) = (desk.program, desk.program.rawValue)
            for outcome in ViewerTally.Outcome.allCases {
                let count = contents.questions[program]?[outcome] ?? 0
                buffer.add(questions, buffer.labels(Self.outcomeLabels, name, outcome.rawValue), Double(count))
            }
            let counts = contents.upstream[program] ?? [:]
            for code in Set(counts.keys).union(["200"]).sorted() {
                buffer.add(upstream, buffer.labels(Self.codeLabels, name, code), Double(counts[code] ?? 0))
            }
            buffer.add(inFlight, buffer.labels(Self.programLabels, name), Double(desk.inFlight))
            buffer.add(keptBytes, buffer.labels(Self.programLabels, name), Double(desk.keptBytes))
        }
        for silencing in ViewerTally.Silencing.allCases {
            buffer.add(silences, buffer.labels(Self.actionLabels, silencing.rawValue), Double(contents.silences[silencing] ?? 0))
        }
        for reason in ViewerTally.GivingUp.allCases {
            buffer.add(givenUp, buffer.labels(Self.reasonLabels, reason.rawValue), Double(contents.givenUp[reason] ?? 0))
        }
    }

    func write(good: Int, bad: Int, into buffer: inout SampleBuffer) {
        buffer.add(boards, buffer.labels(Self.stateLabels, "good"), Double(good))
        buffer.add(boards, buffer.labels(Self.stateLabels, "bad"), Double(bad))
    }
}
