package import Metrics

/// What one scrape found, and how it went for each collector.
package struct ScrapeResult: Sendable {
    package struct Share: Sendable {
        package let collector: String
        package let durationSeconds: Double
        package let isFinished: Bool
        package let problems: [PartProblem]
        package let parts: [String]
        package let sampleCount: Int
        /// Families that did not fit under the limit of series.
        package var dropped: [Exposition.Dropped] = []

        /// In time, and nothing is missing.
        package var isSuccess: Bool { isFinished && problems.isEmpty }

        /// For a person, what did not fit; nil when everything did.
        var dropNotice: String? {
            guard !dropped.isEmpty else { return nil }
            let series = dropped.reduce(0) { $0 + $1.series }
            return "\(series) series are past exporter.series_limit; left out: " + dropped.map(\.family).joined(separator: ", ")
        }
    }

    package let exposition: Exposition
    package let shares: [Share]
}
