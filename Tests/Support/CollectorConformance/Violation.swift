/// What the suite looks at. Each of them has a collector in the suite's own tests that is caught by it.
package enum Check: String, Sendable, CaseIterable {
    // The catalogue.

    /// A family's name is legal in Prometheus' legacy character set and begins with a prefix of the collector.
    case name
    /// Counters and nothing else end in `_total`, info families and nothing else in `_info`; the suffixes of histograms end no name.
    case suffix
    /// Names and helps speak of base units: seconds, bytes, ratios.
    case unit
    /// The help is one sentence that ends with a stop.
    case help
    /// The source is told.
    case source
    /// A name is declared once.
    case duplicateName
    /// No two families may have one name in OpenMetrics, where a name lacks the suffix of its type.
    case clash
    /// Label names are legal, unlike each other, and none that Prometheus keeps for itself.
    case labelName
    /// A name that was handed in as an exception needs to be one.
    case exception

    // The samples.

    /// Samples are of metrics of the collector's own catalogue.
    case foreignSample
    /// A sample has the labels of its descriptor, in their order.
    case labels
    /// A series stands once in an exposition.
    case duplicateSeries
    /// Values are finite, counters are not negative, info is 1.
    case value
    /// The exposition is read as it is meant: families in one block, labels and values as the format wants them.
    case format

    // The healthy scene.

    /// Every part is committed and no problem reported.
    case health
    /// Every family of the catalogue is shown, and what a lacking scene takes away.
    case coverage
    /// Two scrapes at once give the same series as one.
    case concurrency
    /// Two scrapes, one after the other, give the same series in the same order.
    case order
    /// At each level of detail there is no finer family, and of the others each series.
    case detail

    // Broken scenes.

    /// `collect` returns by the deadline.
    case deadline
    /// What does not hang is committed all the same.
    case survivors
    /// What hangs is reported with the reason `deadline`.
    case hungPart
    /// A source that is dead is a problem.
    case silence
    /// A source that is dead gives no samples.
    case invention
    /// What is absent at the source gives no sample.
    case absence
    /// The text of a problem is one line that is not empty.
    case problemText
    /// No secret is in exposition, problems or log lines.
    case secret

    // Life.

    /// A cancelled `collect` ends before its deadline.
    case cancellation
    /// A cancelled `run` ends.
    case runCancellation
    /// Other tasks run while a source hangs.
    case pool
}

/// A breach of the contract of a collector.
package struct Violation: Sendable, CustomStringConvertible {
    package let check: Check
    /// The scene's name, or `catalogue`.
    package let scene: String
    /// What was seen.
    package let detail: String

    package var description: String { "[\(check.rawValue)] \(scene): \(detail)" }
}
