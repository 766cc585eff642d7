package import Exporting
package import Metrics
import Primitives
package import Web

/// One call of `collect`, and all that can be seen of it.
package struct Trial: Sendable {
    /// What stands in the exposition.
    package let exposition: ExpositionText
    /// The same as text.
    package let text: String
    package let problems: [PartProblem]
    /// Parts that were committed.
    package let parts: Set<String>
    /// Parts that were committed well before the deadline.
    package let earlyParts: Set<String>
    /// Parts that were begun and not committed.
    package let pending: Set<String>
    /// Samples that belong to no metric of the catalogue.
    package let foreignCount: Int
    /// Samples that were left out because their series stood in the exposition already, and the family of the first.
    package let duplicateCount: Int
    package let firstDuplicate: String?
    /// All lines that were logged.
    package let log: String
    /// Seconds that it took; nil when it did not return in time and was given up.
    package let seconds: Double?

    /// Reads the collector's source once.
    ///
    /// - Parameter deadlineSeconds: what the collector is given.
    /// - Parameter marginSeconds: how much later it may return before it is given up.
    /// - Parameter cancelAfter: seconds after which it is cancelled, or nil.
    /// - Parameter detail: what it is asked for; what it gives beyond that is shown all the same.
    package init(
        _ collector: any Collector, http: HTTPClient, fileSystemRoot: String = "", deadlineSeconds: Double = 10, marginSeconds: Double = 10,
        cancelAfter: Double? = nil, detail: Detail = .all
    ) async {
        let sink = SampleSink()
        let lines = LogLines()
        let context = lines.context(http: http, fileSystemRoot: fileSystemRoot, deadlineSeconds: deadlineSeconds, detail: detail)
        let early = Task.detached {
            // Cut short when `collect` returns before.
            try? await Task.sleep(for: .seconds(deadlineSeconds * 0.85))
            return Set(sink.contents.committed.map(\.part))
        }
        seconds = await TimeLimit.run(seconds: deadlineSeconds + marginSeconds, cancelAfter: cancelAfter) {
            await collector.collect(into: sink, context)
        }
        sink.close()
        early.cancel()
        earlyParts = await early.value
        let contents = sink.contents
        problems = contents.problems
        parts = Set(contents.committed.map(\.part))
        pending = contents.pending
        log = lines.text
        var bytes: [UInt8] = []
        var written = 0
        var duplicates: (count: Int, first: String?) = (0, nil)
        if let table = try? FamilyTable([collector.catalogue], textOnly: true) {
            let exposition = Exposition(table, [contents.committed])
            duplicates = (exposition.duplicateCount, exposition.firstDuplicate)
            written = exposition.sampleCount + exposition.duplicateCount
            TextFormat.write(exposition, through: &bytes) { _ in }
        }
        (duplicateCount, firstDuplicate) = duplicates
        foreignCount = contents.committed.reduce(0) { $0 + $1.count } - written
        text = String(decoding: bytes, as: UTF8.self)
        exposition = ExpositionText(text)
    }
}
