package import Exporting
import Metrics
import Primitives
import Web

/// The contract of `Collector` as a suite: hand it a collector and the states of its source.
///
///     let suite = CollectorConformance(prefixes: ["zfs_"], healthy: pools, broken: [noModule, hung]) { ZFSCollector() }
///     #expect(await suite.violations().isEmpty)
///
/// A source that cannot hang needs no hanging scene; then nothing is said about deadline, cancellation and threads.
package struct CollectorConformance: Sendable {
    /// How long things may take, in seconds.
    package struct Limits: Sendable {
        /// What a collector is given when its source hangs.
        package var deadlineSeconds: Double
        /// How much later it may return, on a machine that has other work too.
        package var marginSeconds: Double

        package init(deadlineSeconds: Double = 1, marginSeconds: Double = 5) {
            self.deadlineSeconds = deadlineSeconds
            self.marginSeconds = marginSeconds
        }
    }

    private let prefixes: [String]
    private let ownPrefix: String
    private let exceptions: Set<String>
    private let unseen: Set<String>
    private let limits: Limits
    private let healthy: Scene
    private let broken: [Scene]
    private let make: @Sendable () -> any Collector

    /// - Parameter prefixes: what the names of its families begin with.
    /// - Parameter ownPrefix: what the families begin with that the collector has of itself, and may write when its source is dead.
    /// - Parameter exceptions: names that break the rules of suffix and unit for a reason.
    /// - Parameter unseen: families that the healthy scene cannot show.
    /// - Parameter collector: makes the collector; each scene gets a new one.
    package init(
        prefixes: [String], ownPrefix: String = "martlet_", exceptions: Set<String> = [], unseen: Set<String> = [],
        limits: Limits = Limits(), healthy: Scene, broken: [Scene] = [], collector: @escaping @Sendable () -> any Collector
    ) {
        self.prefixes = prefixes
        self.ownPrefix = ownPrefix
        self.exceptions = exceptions
        self.unseen = unseen
        self.limits = limits
        self.healthy = healthy
        self.broken = broken
        make = collector
    }

    /// Everything in which the collector breaks its contract. Takes a few times the deadline for each scene that hangs.
    package func violations() async -> [Violation] {
        guard let http = try? HTTPClient() else {
            return [Violation(check: .health, scene: "", detail: "no HTTP client could be made")]
        }
        defer { http.close() }
        let catalogue = make().catalogue
        var found = CatalogueRules(prefixes: prefixes, exceptions: exceptions).violations(catalogue.descriptors)
        let bench = Bench(http: http, limits: limits, rules: SampleRules(catalogue), ownPrefix: ownPrefix)

        await healthy.enter()
        let (shown, faults) = await bench.judge(healthy: healthy, make())
        found += faults
        let lacking = catalogue.descriptors.map(\.name).filter { !shown.contains($0) && !unseen.contains($0) }
        found += Set(lacking).sorted().map { Violation(check: .coverage, scene: healthy.name, detail: "shows no \($0)") }
        found += await bench.judgeDetail(healthy, make())
        found += await bench.judgeLife(healthy, make())
        await healthy.leave()

        for scene in broken {
            await scene.enter()
            found += await bench.judge(broken: scene, make(), shown: shown)
            if scene.hangs {
                found += await bench.judgeCancellation(scene, make())
                found += await bench.judgeThreads(scene, make())
            }
            await scene.leave()
        }
        return found
    }
}
