import Primitives
import ProxmoxAPI
import Synchronization
import Testing

@testable import ProxmoxDropIn

@Suite struct DropInJournalTests {
    private final class Lines: Sendable {
        let bytes = Mutex<[UInt8]>([])

        var all: [String] {
            String(decoding: bytes.withLock { $0 }, as: UTF8.self).split(separator: "\n").map { String($0.drop { $0 != " " }.dropFirst()) }
        }
    }

    private func journal() -> (DropInJournal, Lines) {
        let lines = Lines()
        return (DropInJournal(Logger(level: .debug) { line in lines.bytes.withLock { $0 += line } }), lines)
    }

    @Test func `a target that goes on failing is one line for each kind of failure`() {
        let (journal, lines) = journal()
        for milliseconds in 0..<50 { journal.failed("default", "pve1:8006", .timeout, "timed out after \(milliseconds) milliseconds") }
        journal.failed("default", "pve1:8006", .unauthorized, "401 no")
        journal.failed("default", "pve1:8006", .unauthorized, "401 still no")
        journal.succeeded("default", "pve1:8006")
        journal.succeeded("default", "pve1:8006")
        journal.failed("default", "pve1:8006", .unauthorized, "401 no")
        #expect(
            lines.all == [
                #"level=warn msg="/pve fails" module=default target=pve1:8006 detail="timed out after 0 milliseconds""#,
                #"level=warn msg="/pve fails" module=default target=pve1:8006 detail="401 no""#,
                #"level=info msg="/pve answers again" module=default target=pve1:8006"#,
                #"level=warn msg="/pve fails" module=default target=pve1:8006 detail="401 no""#,
            ])
    }

    @Test func `targets and modules are told apart`() {
        let (journal, lines) = journal()
        for module in ["a", "b"] {
            for target in ["x", "y"] { journal.failed(module, target, .timeout, "no") }
        }
        journal.succeeded("a", "y")
        journal.succeeded("b", "z")
        #expect(lines.all.count == 5)
    }

    @Test func `neither memory nor log grows with the targets`() {
        let (journal, lines) = journal()
        for _ in 0..<2 {
            for number in 0..<3000 { journal.failed("default", "pve\(number)", .timeout, "no") }
        }
        #expect(lines.all.count == 1024)
        journal.succeeded("default", "pve0")
        journal.failed("default", "pve2999", .timeout, "no")
        #expect(lines.all.count == 1026)
    }

    @Test func `what a module is called cannot forge a line`() {
        let (journal, lines) = journal()
        journal.failed("a\nlevel=error", "x\" y=\"z", .timeout, "b\r\nc")
        #expect(lines.all == [#"level=warn msg="/pve fails" module="a\nlevel=error" target="x\" y=\"z" detail="b\r\nc""#])
    }

    @Test func `what is turned away is told once, shortened, and not without end`() {
        let (journal, lines) = journal()
        for _ in 0..<3 { journal.refused("default", "evil", "no") }
        #expect(lines.all == [#"level=warn msg="/pve refuses" module=default target=evil detail=no"#])
        // A letter may have any number of accents.
        let long = "e" + String(repeating: "\u{301}", count: 10_000)
        journal.refused(long, long + "\n", "no")
        #expect(lines.all.count == 2 && lines.all[1].utf8.count < 400)
        for number in 0..<3000 { journal.refused("default", "evil\(number)", "no") }
        #expect(lines.all.count == 1024)
    }
}
