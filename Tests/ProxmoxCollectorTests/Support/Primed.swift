import CollectorConformance
import Exporting
import Metrics
import Primitives
import Testing
import Web

@testable import ProxmoxCollector

/// A collector whose timers have run until every family is shown. They stand still then, and so do its answers.
struct Primed: Sendable {
    let collector: ProxmoxCollector
    private let clock = HandClock()

    init(_ settings: ProxmoxSettings) { collector = ProxmoxCollector(settings, clock: clock.clock) }

    /// Lets the timers run until nothing is missing.
    func prime(withinSeconds limit: Double = 60) async {
        guard let http = try? HTTPClient() else { return }
        defer { http.close() }
        let context = LogLines().context(http: http, deadlineSeconds: 86_400)
        let timers = Task { await collector.run(context) }
        let end = Deadline.after(seconds: limit)
        var missing: Set<String> = []
        repeat {
            let trial = await Trial(collector, http: http)
            missing = Set(collector.catalogue.descriptors.map(\.name)).subtracting(trial.families)
            if !missing.isEmpty { try? await Task.sleep(for: .milliseconds(100)) }
        } while !missing.isEmpty && !end.hasPassed
        timers.cancel()
        await timers.value
        #expect(missing.sorted() == [])
    }
}
