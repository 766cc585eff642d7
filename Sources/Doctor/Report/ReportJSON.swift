import JSON

/// The report for a program: one object, whose shape docs/doctor.md tells.
package enum ReportJSON {
    /// Grows when a key changes its meaning; new keys may come without that.
    private static let format = 1

    package static func bytes(_ report: DoctorReport, version: String) -> [UInt8] {
        var json = JSONWriter(reservingBytes: 4096)
        json.object { json in
            json.member("format", format)
            json.member("martlet", version)
            json.member("problems", report.count(.problem))
            json.member("warnings", report.count(.warning))
            json.key("sections")
            json.array { json in
                for section in report.sections {
                    json.object { json in
                        json.member("kind", section.kind.rawValue)
                        json.member("name", section.name)
                        json.key("checks")
                        json.array { json in
                            for finding in section.findings { write(finding, &json) }
                        }
                    }
                }
            }
        }
        return json.bytes + [UInt8(ascii: "\n")]
    }

    private static func write(_ finding: Finding, _ json: inout JSONWriter) {
        json.object { json in
            json.member("check", finding.check)
            json.member("state", finding.state.rawValue)
            json.member("summary", finding.summary)
            json.key("details")
            write(finding.details, &json)
            json.key("remedies")
            json.array { json in
                for remedy in finding.remedies {
                    json.object { json in
                        json.member("where", remedy.place.rawValue)
                        if let text = remedy.text { json.member("text", text) }
                        json.key("lines")
                        write(remedy.lines, &json)
                    }
                }
            }
        }
    }

    private static func write(_ texts: [String], _ json: inout JSONWriter) {
        json.array { json in
            for text in texts { json.string(text) }
        }
    }
}
