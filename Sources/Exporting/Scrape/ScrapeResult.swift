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

        /// In time, and nothing is missing.
        package var isSuccess: Bool { isFinished && problems.isEmpty }
    }

    package let exposition: Exposition
    package let shares: [Share]
}
