package import Exporting
package import Metrics
import ObjectClient
import Primitives
import Synchronization

/// The last look at the folder of manifests.
final class ManifestsSource: Sendable {
    struct Pass: Sendable {
        /// Files and objects that could not be applied.
        let problems: Int
        let unixSeconds: Double
    }

    private let clock: WallClock
    private let state = Mutex<Pass?>(nil)

    init(clock: WallClock = .system) { self.clock = clock }

    /// nil without a folder, and before the first look has come to its end.
    var last: Pass? { state.withLock { $0 } }

    func note(_ pass: ManifestFolder.Pass) {
        state.withLock { $0 = Pass(problems: pass.problems.count, unixSeconds: clock.unixSeconds) }
    }
}

/// How it is with the folder of manifests.
package struct ManifestsCollector: Collector {
    package let name = "manifests"
    package let catalogue: Catalogue
    private let problems, lastPass: Metric
    private let source: ManifestsSource?

    /// For lists of what there is.
    package init() { self.init(nil) }

    init(_ source: ManifestsSource?) {
        var catalogue = Catalogue()
        problems = catalogue.gauge(
            "martlet_manifests_problems",
            "Files and objects of the folder of manifests that could not be read, applied or deleted at the last pass; the log names each. Absent without a folder.",
            source: "the folder of manifests")
        lastPass = catalogue.gauge(
            "martlet_manifests_last_pass_timestamp_seconds",
            "When the folder of manifests was applied last, whatever came of it, in seconds since 1970. Absent without a folder.",
            source: "the folder of manifests")
        self.catalogue = catalogue
        self.source = source
    }

    package func collect(into sink: SampleSink, _ context: CollectionContext) async {
        guard let last = source?.last else { return }
        var buffer = sink.begin("manifests")
        buffer.add(problems, .empty, Double(last.problems))
        buffer.add(lastPass, .empty, last.unixSeconds)
        sink.commit(buffer)
    }
}
