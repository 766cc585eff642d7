import Primitives
import Testing
import Web

@testable import Exporting

@Suite struct LandingPageTests {
    private static func page(_ shares: [ScrapeResult.Share], version: String = "1") -> String {
        let page = LandingPage(version: Version(number: version, revision: "r", swift: "6"))
        return String(decoding: page.response(shares).body.bytes, as: UTF8.self)
    }

    private static func share(_ collector: String = "a", _ problems: [PartProblem], sampleCount: Int = 7) -> ScrapeResult.Share {
        ScrapeResult.Share(
            collector: collector, durationSeconds: 1, isFinished: true, problems: problems, parts: [], sampleCount: sampleCount)
    }

    @Test(arguments: [
        "<script>alert(1)</script>", "</td></tr></table><img src=x onerror=alert(1)>", "\"onmouseover=\"alert(1)", "' onclick='alert(1)",
        "&lt;script&gt;", "a\u{0}b<b>", "\u{202E}<evil>", "<!--", "]]>",
    ])
    func `what comes from outside is text`(hostile: String) throws {
        let page = Self.page([Self.share(hostile, [PartProblem(part: hostile, .failed, hostile)])], version: hostile)
        let harmless = Self.page([Self.share("x", [PartProblem(part: "x", .failed, "x")])], version: "x")
        // Whatever was put in, the page has no more marks than with harmless words.
        for mark in ["<", ">", "\"", "'"] as [Character] {
            #expect(page.count { $0 == mark } == harmless.count { $0 == mark }, "\(mark)")
        }
        #expect(!page.contains(hostile) || !hostile.contains { "<>\"'&".contains($0) })
    }

    @Test func `ampersands do not come undone`() throws {
        #expect(Self.page([Self.share("a", [PartProblem(part: "", .failed, "&lt;b&gt;")])]).contains("<td>&amp;lt;b&amp;gt;</td>"))
    }

    @Test func `what is missing stands beside the collector`() throws {
        let page = Self.page([
            Self.share("proxmox", [PartProblem(part: "lab/pve1", .unreachable, "no route")]), Self.share("zfs", []),
        ])
        #expect(page.contains("<tr><td>proxmox</td><td class=bad>incomplete</td><td>7</td><td>lab/pve1: no route</td></tr>"))
        #expect(page.contains("<tr><td>zfs</td><td class=good>complete</td><td>7</td><td></td></tr>"))
    }

    @Test func `a collector that finds nothing is not called complete`() throws {
        let page = Self.page([Self.share("zfs", [], sampleCount: 0)])
        #expect(page.contains("<tr><td>zfs</td><td>nothing found</td><td>0</td><td></td></tr>"))
    }

    @Test func `before the first scrape it says so`() {
        let page = LandingPage(version: Version(number: "1", revision: "r", swift: "6")).response([])
        #expect(page.status == 200)
        #expect(String(decoding: page.body.bytes, as: UTF8.self).contains("Nothing has been scraped yet."))
    }

    @Test func `a flood of problems is cut`() throws {
        let problems = (0..<1000).map { PartProblem(part: "p\($0)", .failed, "broken") }
        #expect(Self.page([Self.share("a", problems)]).count < 10_000)
    }
}
