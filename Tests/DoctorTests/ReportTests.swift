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
                                            $ pveum user list
                                            $   indented
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

    @Test("a name from outside is no part of the sentence")
    func names() {
        #expect(named("web-1.example_org") == "web-1.example_org")
        #expect(named("a\n   b\u{2028}c") == "\"a b c\"")
        #expect(named("") == "\"\"")
        #expect(named("é") == "\"é\"")
        #expect(named("2.42.0+ds") == "\"2.42.0+ds\"")
        #expect(named("2.42.0+ds", others: "+") == "2.42.0+ds")
        #expect(named("a\" b") == "\"a' b\"")
        #expect(named(String(repeating: "a", count: 64)).count == 64)
        #expect(named(String(repeating: "a", count: 65)) == "\"\(String(repeating: "a", count: 63))…\"")
    }

    @Test("no sentence has the mark of a command, whatever is in it and however narrow the terminal")
    func marks() {
        #expect(prose("a $ rm  -rf\n$\t$  x") == "a $rm -rf $$x")
        let summary = "x" + String(repeating: " ", count: 200) + "$ rm -rf / " + String(repeating: "y", count: 300)
        let report = DoctorReport([
            .init(
                .cluster, "$ x",
                [Finding("x", .warning, summary, details: [summary], remedies: [Finding.Remedy(.here, summary, lines: ["ls"])])])
        ])
        for width in [40, 60, 100] {
            let lines = ReportText(isColoured: false, width: width).text(report).split(separator: "\n")
            #expect(lines.filter { $0.contains("$ ") } == ["                            $ ls"])
            #expect(lines.allSatisfy { $0.count <= max(width, 44) })
        }
    }

    @Test("a person is shown some details, a program all")
    func details() {
        let finding = Finding("x", .warning, "y", details: ["a", "b", "c"], shown: 2)
        let report = DoctorReport([.init(.cluster, "k", [finding, Finding("z", .ok, "few", details: ["d"], shown: 0)])])
        let text = ReportText(isColoured: false).text(report)
        #expect(text.contains("  b\n") && text.contains("and 1 more") && !text.contains("  c\n") && !text.contains("  d\n"))
        let json = String(decoding: ReportJSON.bytes(report, version: "1"), as: UTF8.self)
        #expect(json.contains(#"["a","b","c"]"#) && json.contains(#"["d"]"#))
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
