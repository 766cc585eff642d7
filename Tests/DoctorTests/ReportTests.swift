import JSON
import Testing

@testable import Doctor

@Suite("How a report is printed")
struct ReportTests {
    private static let report = DoctorReport([
        .init(
            .cluster, "cluster lab",
            [
                Finding("version", .ok, "Proxmox VE 9.1.2"),
                Finding(
                    "rights", .problem, "a sentence that is too long for one line of a narrow terminal, so that it goes on in the next one",
                    details: ["a detail"],
                    remedies: [
                        Finding.Remedy(.node, "do this", lines: ["pveum user list", "  indented"]),
                        Finding.Remedy(.settings, lines: ["x: y"]),
                    ]),
                Finding("clock", .warning, "late"),
            ]),
        .init(.zfs, "zfs", []),
    ])

    @Test("sentences are broken between words, what is to be typed is not")
    func text() {
        #expect(
            ReportText(isColoured: false, width: 70).text(Self.report) == """
                cluster lab
                  ok       version      Proxmox VE 9.1.2
                  PROBLEM  rights       a sentence that is too long for one line of a
                                        narrow terminal, so that it goes on in the
                                        next one
                                          a detail
                                        On a node: do this:
                                            pveum user list
                                              indented
                                        In martlet.yml:
                                            x: y
                  WARNING  clock        late

                1 problem, 1 warning.

                """)
        #expect(ReportText(isColoured: true).text(Self.report).contains("\u{1B}[31mPROBLEM\u{1B}[0m"))
    }

    @Test("the exit status is about problems, and with strict about warnings")
    func status() {
        func status(_ states: [Finding.State], isStrict: Bool = false) -> Int32 {
            DoctorReport([.init(.machine, "m", states.map { Finding("x", $0, "") })]).exitStatus(isStrict: isStrict)
        }
        #expect(status([.ok, .information, .skipped, .warning]) == 0)
        #expect(status([.ok, .warning], isStrict: true) == 3)
        #expect(status([.ok, .information, .skipped], isStrict: true) == 0)
        #expect(status([.problem]) == 3)
        #expect(DoctorReport([]).summary == "no problem found")
    }

    @Test("no text from outside is obeyed by a terminal or ends a line")
    func hostile() {
        let finding = Finding(
            "x", .ok, "a\u{1B}[2Jb\nc\u{202E}d", details: ["e\u{07}f"], remedies: [Finding.Remedy(.here, "g\rh", lines: ["i\nj"])])
        let text = ReportText(isColoured: false).text(DoctorReport([.init(.cluster, "k\nl", [finding])]))
        #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || ![.control, .format].contains($0.properties.generalCategory) })
        #expect(text.split(separator: "\n").count == 6)
        #expect(Finding("x", .ok, String(repeating: "y", count: 5000)).summary.count == 600)
    }

    @Test("the report for programs is one object")
    func json() throws {
        let bytes = ReportJSON.bytes(Self.report, version: "1.2.3")
        let document = try JSONDocument(parsing: bytes)
        document.withRoot { root in
            #expect(root["format"]?.integer == 1)
            #expect(root["martlet"]?.text == "1.2.3")
            #expect(root["problems"]?.integer == 1)
            #expect(root["warnings"]?.integer == 1)
            var kinds: [String] = []
            root["sections"]?.forEachElement { kinds.append($0["kind"]?.text ?? "") }
            // One that has nothing to say is left out.
            #expect(kinds == ["cluster"])
        }
        #expect(bytes.last == UInt8(ascii: "\n"))
    }
}
