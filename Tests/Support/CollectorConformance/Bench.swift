import Exporting
import Metrics
import Primitives
import Web

/// Runs a collector in the scenes and judges what it did.
struct Bench: Sendable {
    let http: HTTPClient
    let limits: CollectorConformance.Limits
    let rules: SampleRules
    let ownPrefix: String

    private static let attempts = 3

    /// A healthy source: twice in a row, then twice at once. Also returns the names of the families that were shown.
    func judge(healthy scene: Scene, _ collector: any Collector) async -> (shown: Set<String>, [Violation]) {
        let first = await trial(scene, collector)
        let second = await trial(scene, collector)
        async let left = trial(scene, collector)
        async let right = trial(scene, collector)
        let pair = await [left, right]
        var found: [Violation] = []
        func note(_ check: Check, _ detail: String) { found.append(Violation(check: check, scene: scene.name, detail: detail)) }
        for trial in [first, second] + pair {
            found += common(trial, scene)
            if trial.seconds == nil { note(.health, "collect did not return") }
            for problem in trial.problems { note(.health, "\(problem.part): \(problem.reason.rawValue): \(problem.message)") }
            for part in trial.pending.sorted() { note(.health, "part \(part) is not committed") }
        }
        let series = first.exposition.samples.map(\.series)
        if series.isEmpty { note(.health, "no samples") }
        if let change = Self.difference(series, second.exposition.samples.map(\.series)) { note(.order, change) }
        for trial in pair {
            if let change = Self.difference(series.sorted(), trial.exposition.samples.map(\.series).sorted()) { note(.concurrency, change) }
        }
        return (Set(first.exposition.families.map(\.name)), found)
    }

    /// What is written at each level of detail, beside all that there is.
    func judgeDetail(_ scene: Scene, _ collector: any Collector) async -> [Violation] {
        let whole = await trial(scene, collector).exposition.families
        var found: [Violation] = []
        for level in Detail.allCases {
            let wanted = Set(whole.filter { (rules.descriptors[$0.name]?.detail ?? .guest) <= level }.flatMap(\.samples).map(\.series))
            let written = Set(await trial(scene, collector, detail: level).exposition.samples.map(\.series))
            for (series, fault) in [(written.subtracting(wanted), "finer"), (wanted.subtracting(written), "missing")] {
                guard let first = series.min() else { continue }
                let detail = "at \(level.rawValue), \(series.count) series are \(fault), as \(first)"
                found.append(Violation(check: .detail, scene: scene.name, detail: detail))
            }
        }
        return found
    }

    /// `run` ends when its task is cancelled.
    func judgeLife(_ scene: Scene, _ collector: any Collector) async -> [Violation] {
        let context = LogLines().context(http: http, fileSystemRoot: scene.fileSystemRoot, deadlineSeconds: 86400)
        let seconds = await TimeLimit.run(seconds: limits.marginSeconds + 0.05, cancelAfter: 0.05) { await collector.run(context) }
        guard seconds == nil else { return [] }
        return [Violation(check: .runCancellation, scene: scene.name, detail: "run goes on after it was cancelled")]
    }

    /// What depends on time gets more than one chance: on a machine with other work everything may take long once.
    func judge(broken scene: Scene, _ collector: any Collector, shown: Set<String>) async -> [Violation] {
        var found: [Violation] = []
        for _ in 0..<Self.attempts {
            found = await judgeOnce(broken: scene, collector, shown: shown)
            if !found.contains(where: { [.deadline, .survivors].contains($0.check) }) { break }
        }
        return found
    }

    private func judgeOnce(broken scene: Scene, _ collector: any Collector, shown: Set<String>) async -> [Violation] {
        let trial = await trial(scene, collector, isShort: scene.hangs)
        var found = common(trial, scene)
        func note(_ check: Check, _ detail: String) { found.append(Violation(check: check, scene: scene.name, detail: detail)) }
        if trial.seconds == nil { note(.deadline, "collect did not return \(limits.marginSeconds) s after its deadline") }
        switch scene.expectation {
        case .healthy: break
        case .dead:
            if trial.problems.isEmpty { note(.silence, "no problem is reported") }
            for family in trial.exposition.families where !family.name.hasPrefix(ownPrefix) { note(.invention, family.name) }
        case .hanging(let part, let survivors):
            for survivor in survivors.subtracting(trial.earlyParts).sorted() {
                note(.survivors, "part \(survivor) is not committed well before the deadline")
            }
            // A part that was begun and never committed is reported by the coordinator.
            let isReported = trial.problems.contains { $0.part == part && $0.reason == .deadline } || trial.pending.contains(part)
            if !isReported { note(.hungPart, "nobody hears that \(part) was late") }
        case .lacking(let families):
            for family in families.subtracting(shown).sorted() { note(.coverage, "\(family) is absent from the healthy scene too") }
            for family in trial.exposition.families where families.contains(family.name) { note(.absence, family.name) }
        }
        return found
    }

    /// A source that hangs, and a deadline far away: only the cancellation can end it.
    func judgeCancellation(_ scene: Scene, _ collector: any Collector) async -> [Violation] {
        let cancelAfter = limits.deadlineSeconds / 4
        // Far enough, and not so far that a collector that blocks its thread would keep the tests for good.
        let far = cancelAfter + 4 * limits.marginSeconds
        let trial = await Trial(
            collector, http: http, fileSystemRoot: scene.fileSystemRoot, deadlineSeconds: far, marginSeconds: -3 * limits.marginSeconds,
            cancelAfter: cancelAfter)
        guard trial.seconds == nil else { return [] }
        return [Violation(check: .cancellation, scene: scene.name, detail: "collect goes on after it was cancelled")]
    }

    func judgeThreads(_ scene: Scene, _ collector: any Collector) async -> [Violation] {
        for _ in 0..<Self.attempts {
            let limit = limits.deadlineSeconds + limits.marginSeconds
            let leavesRoom = await PoolProbe.leavesRoom(seconds: limits.deadlineSeconds, limit: limit) {
                let context = LogLines().context(
                    http: http, fileSystemRoot: scene.fileSystemRoot, deadlineSeconds: limits.deadlineSeconds)
                await collector.collect(into: SampleSink(), context)
            }
            if leavesRoom { return [] }
        }
        return [Violation(check: .pool, scene: scene.name, detail: "no other task ran while the source hung")]
    }

    private func trial(_ scene: Scene, _ collector: any Collector, isShort: Bool = false, detail: Detail = .all) async -> Trial {
        await Trial(
            collector, http: http, fileSystemRoot: scene.fileSystemRoot, deadlineSeconds: isShort ? limits.deadlineSeconds : 10,
            marginSeconds: limits.marginSeconds, detail: detail)
    }

    /// What holds in every scene.
    private func common(_ trial: Trial, _ scene: Scene) -> [Violation] {
        var found = rules.violations(trial, scene: scene.name)
        func note(_ check: Check, _ detail: String) { found.append(Violation(check: check, scene: scene.name, detail: detail)) }
        for problem in trial.problems where !Self.isLine(problem.message) { note(.problemText, "\(problem.part): \(problem.message)") }
        let places = [
            ("the exposition", trial.text), ("the log", trial.log),
            ("a problem", trial.problems.map { "\($0.part) \($0.message)" }.joined(separator: "\n")),
        ]
        for secret in scene.secrets where !secret.isEmpty {
            for (place, text) in places where text.contains(secret) { note(.secret, "a secret stands in \(place)") }
        }
        return found
    }

    private static func isLine(_ text: String) -> Bool {
        !text.isEmpty
            && text.unicodeScalars.allSatisfy { letter in
                switch letter.properties.generalCategory {
                case .control, .lineSeparator, .paragraphSeparator: false
                default: true
                }
            }
    }

    private static func difference(_ left: [String], _ right: [String]) -> String? {
        guard left != right else { return nil }
        if left.count != right.count { return "\(left.count) series, then \(right.count)" }
        return zip(left, right).first { $0 != $1 }.map { "\($0), then \($1)" }
    }
}
