import CollectorConformance
import Testing

@testable import Logs

@Suite struct ConformanceTests {
    @Test func aShipperAtWorkConforms() async {
        let tally = LogsTally()
        for source in LogsTally.Source.allCases {
            tally.note(source, isUp: true)
            tally.note(read: source, lines: 5, bytes: 50, cut: 1)
        }
        tally.note(stored: 4, bytes: 40, at: 1_700_000_000)
        tally.note(skipped: 1, for: "own")
        let healthy = Scene("at work", .healthy)
        let violations = await CollectorConformance(prefixes: ["martlet_logs_"], unseen: [], healthy: healthy, broken: []) {
            LogsCollector(tally: tally)
        }.violations()
        #expect(violations.isEmpty)
    }

    @Test func itIsReadyOnceLinesArrive() {
        let tally = LogsTally()
        let collector = LogsCollector(tally: tally)
        #expect(collector.unreadiness == "Nothing was read yet.")
        tally.note(.journal, isUp: true)
        #expect(collector.unreadiness == nil)
        tally.note(obstacle: "status 500")
        #expect(collector.unreadiness == "Loki stores nothing: status 500")
        tally.note(stored: 1, bytes: 1, at: 0)
        tally.note(.journal, isUp: false, problem: "journalctl ended")
        #expect(collector.unreadiness == "journal: journalctl ended")
    }
}
