import CollectorConformance
import Primitives
import Testing

@testable import Exporting

@Suite struct ProblemJournalTests {
    private let log = LogLines()

    private func lines(_ scrapes: [[PartProblem]]...) -> [[String]] {
        let journal = ProblemJournal(log.logger)
        var seen = 0
        return scrapes.map { collectors in
            journal.note(
                collectors.enumerated().map { index, problems in
                    ScrapeResult.Share(
                        collector: "c\(index)", durationSeconds: 1, isFinished: true, problems: problems, parts: [], sampleCount: 0)
                })
            defer { seen = log.lines.count }
            return Array(log.lines.dropFirst(seen))
        }
    }

    private static let down = PartProblem(part: "pve1", .unreachable, "no route")
    private static let downLine = #"level=warn msg="scrape incomplete" collector=c0 part=pve1 reason=unreachable detail="no route""#
    private static let endLine = #"level=info msg="scrape complete again" collector=c0 part=pve1"#

    @Test func `a problem is told when it begins and when it ends`() {
        #expect(
            lines([[Self.down]], [[Self.down]], [[Self.down]], [[]], [[]], [[Self.down]]) == [
                [Self.downLine], [], [], [Self.endLine], [], [Self.downLine],
            ])
    }

    @Test func `a change is told`() {
        let denied = PartProblem(part: "pve1", .forbidden, "no right")
        let line = #"level=warn msg="scrape incomplete" collector=c0 part=pve1 reason=forbidden detail="no right""#
        #expect(lines([[Self.down]], [[denied]], [[Self.down, denied]]) == [[Self.downLine], [line], [Self.downLine, line]])
    }

    @Test func `the order of problems is no change`() {
        let other = PartProblem(part: "pve1", .failed, "broken")
        #expect(lines([[Self.down, other]], [[other, Self.down]]).map(\.count) == [2, 0])
    }

    @Test func `numbers are no change`() {
        func late(_ milliseconds: Int) -> PartProblem {
            PartProblem(part: "pve1", .deadline, "timed out after \(milliseconds) milliseconds with 0 bytes")
        }
        #expect(lines([[late(999)]], [[late(1000)]], [[PartProblem(part: "pve1", .deadline, "no time left")]]).map(\.count) == [1, 0, 1])
    }

    @Test func `parts and collectors have each their own`() {
        let other = PartProblem(part: "pve2", .unreachable, "no route")
        let story = lines([[Self.down], [Self.down]], [[Self.down, other], []], [[other], []])
        #expect(story.map(\.count) == [2, 2, 1])
        #expect(story[1].contains(#"level=info msg="scrape complete again" collector=c1 part=pve1"#))
        #expect(story[2] == [Self.endLine])
    }

    @Test func `a scrape of other collectors ends nothing`() {
        let journal = ProblemJournal(log.logger)
        func share(_ collector: String, _ problems: [PartProblem]) -> ScrapeResult.Share {
            ScrapeResult.Share(collector: collector, durationSeconds: 1, isFinished: true, problems: problems, parts: [], sampleCount: 0)
        }
        journal.note([share("a", [Self.down])])
        journal.note([share("b", [])])
        journal.note([share("a", [Self.down])])
        #expect(log.lines.count == 1)
    }

    @Test func `a hostile text stays in its field`() {
        let hostile = PartProblem(part: "a\nb", .failed, "x\" level=error msg=\"forged\n")
        #expect(lines([[hostile]])[0].count == 1)
    }
}
