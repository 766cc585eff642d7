package import Metrics

/// What martlet tells of each scrape.
package struct ScrapeMetrics: Sendable {
    package private(set) var catalogue = Catalogue()
    let duration: Metric
    let success: Metric
    let samples: Metric
    let partSuccess: Metric
    let partProblem: Metric
    private let duplicates: Metric
    private let seriesDropped: Metric
    private let seriesLimit: Metric

    private static let collector = LabelSchema("collector")
    private static let part = LabelSchema("collector", "part")
    private static let level = LabelSchema("collector", "detail")
    private static let problem = LabelSchema("collector", "part", "reason")

    package init() {
        duration = catalogue.gauge(
            "martlet_scrape_collector_duration_seconds", "How long the collector took in this scrape; up to now if it has not finished.",
            labels: Self.collector, source: "martlet")
        success = catalogue.gauge(
            "martlet_scrape_collector_success", "1 if the collector finished in time and none of its parts had a problem.",
            labels: Self.collector, source: "martlet")
        samples = catalogue.gauge(
            "martlet_scrape_collector_samples", "Samples that the collector gave to this scrape.", labels: Self.collector, source: "martlet"
        )
        partSuccess = catalogue.gauge(
            "martlet_scrape_part_success", "1 if the part (a cluster, a node, a card) was read without a problem.", labels: Self.part,
            source: "martlet")
        partProblem = catalogue.info(
            "martlet_scrape_part_problem_info", "Why values of the part are missing; the log has the words.", labels: Self.problem,
            source: "martlet")
        duplicates = catalogue.counter(
            "martlet_scrape_duplicate_samples_total",
            "Samples left out of earlier scrapes because the same series stood in the exposition already.", source: "martlet")
        seriesDropped = catalogue.counter(
            "martlet_scrape_series_dropped_total",
            "Series left out of earlier scrapes, in whole families, because there were more than martlet_scrape_series_limit.",
            labels: Self.level, source: "martlet")
        seriesLimit = catalogue.gauge(
            "martlet_scrape_series_limit", "The most series that a scrape may have; the setting exporter.series_limit.", source: "martlet")
    }

    func write(_ result: ScrapeResult.Share, into buffer: inout SampleBuffer) {
        let collector = buffer.labels(Self.collector, result.collector)
        buffer.add(duration, collector, result.durationSeconds)
        buffer.add(success, collector, result.isSuccess)
        buffer.add(samples, collector, Double(result.sampleCount))
        let troubled = Dictionary(grouping: result.problems, by: \.part)
        for part in Set(result.parts).union(troubled.keys).sorted() {
            buffer.add(partSuccess, buffer.labels(Self.part, result.collector, part), troubled[part] == nil)
            for reason in Set((troubled[part] ?? []).map(\.reason.rawValue)).sorted() {
                buffer.add(partProblem, buffer.labels(Self.problem, result.collector, part, reason), true)
            }
        }
    }

    /// - Parameter dropped: of each level that the collector has families of, series left out so far.
    func write(_ collector: String, dropped: [(detail: Detail, series: Int)], into buffer: inout SampleBuffer) {
        for level in dropped {
            buffer.add(seriesDropped, buffer.labels(Self.level, collector, level.detail.rawValue), Double(level.series))
        }
    }

    func write(seriesLimit limit: Int, duplicates count: Int, into buffer: inout SampleBuffer) {
        buffer.add(duplicates, .empty, Double(count))
        buffer.add(seriesLimit, .empty, Double(limit))
    }
}
