import Primitives
import Testing

@Suite("Logger")
struct LoggerTests {
    private static let time = "2026-11-21T02:04:05.678Z"

    /// Values, and how logfmt writes them: bare only when nothing in them could end the value or the line.
    static let values: [(String, String)] = [
        ("plain", "plain"), ("", #""""#), ("two words", #""two words""#), ("a=b", #""a=b""#), (#"say "hi""#, #""say \"hi\"""#),
        (#"C:\x"#, #""C:\\x""#), ("line\nlevel=error msg=forged", #""line\nlevel=error msg=forged""#), ("a\rb", #""a\rb""#),
        ("a\tb", #""a\tb""#), ("\u{0}", #""\u0000""#), ("\u{1B}[31mred", #""\u001b[31mred""#), ("\u{7F}", #""\u007f""#),
        ("\u{9B}31m", #""\u009b31m""#), ("a\u{85}b", #""a\u0085b""#), ("\u{A0}", "\"\u{A0}\""), ("é", "\"é\""), ("😀", "\"😀\""),
        ("/var/lib/x:1", "/var/lib/x:1"), ("'", "'"),
    ]

    @Test("logfmt quotes what is not one plain word", arguments: values)
    func logfmt(_ value: String, _ expected: String) {
        #expect(
            logged { $0.warn(value, ["field": value, "number": 7]) } == [
                "time=\(Self.time) level=warn msg=\(expected) field=\(expected) number=7\n"
            ])
    }

    @Test("JSON lines hold the same, always as strings", arguments: values)
    func json(_ value: String, _ expected: String) {
        let quoted = expected.hasPrefix("\"") ? expected : "\"\(expected)\""
        #expect(
            logged(.json) { $0.error(value, ["field": value, "number": 7]) } == [
                #"{"time":"\#(Self.time)","level":"error","msg":\#(quoted),"field":\#(quoted),"number":"7"}"# + "\n"
            ])
    }

    @Test("One line whatever the text, and no byte that a terminal obeys", arguments: Logger.Format.allCases)
    func oneLine(_ format: Logger.Format) {
        let everything = String(String.UnicodeScalarView((0..<0x300).compactMap(Unicode.Scalar.init)))
        for line in logged(format, { $0.info(everything, ["all": everything]) }) {
            #expect(line.unicodeScalars.filter { $0.value < 0x20 || (0x7F..<0xA0).contains($0.value) } == ["\n"])
            #expect(line.hasSuffix("\n"))
        }
    }

    static let levels: [(Logger.Level, [String])] = [
        (.debug, ["debug", "info", "warn", "error"]), (.info, ["info", "warn", "error"]), (.warn, ["warn", "error"]), (.error, ["error"]),
    ]

    @Test("A level lets through itself and what is graver", arguments: levels)
    func level(_ level: Logger.Level, _ expected: [String]) {
        let lines = logged(level: level) { logger in
            logger.debug("debug")
            logger.info("info")
            logger.warn("warn")
            logger.error("error")
        }
        #expect(lines == expected.map { "time=\(Self.time) level=\($0) msg=\($0)\n" })
    }

    @Test("What is not written is not built")
    func laziness() {
        var built = 0
        func text() -> String {
            built += 1
            return "text"
        }
        #expect(logged(level: .error) { $0.info(text(), ["field": text()]) }.isEmpty)
        #expect(built == 0)
    }

    @Test("A secret in a field or a message prints as ***", arguments: Logger.Format.allCases)
    func secrets(_ format: Logger.Format) {
        let secret = Secret("hunter2")
        let lines = logged(format) { $0.error("token \(secret)", ["token": secret]) }
        #expect(lines.allSatisfy { !$0.contains("hunter2") && $0.contains("***") })
        #expect(lines.count == 1)
    }

    @Test("A clock gone mad does not end the program", arguments: [Double.nan, .infinity, -.infinity, 1e300, -1e300])
    func madClock(_ time: Double) { #expect(logged(at: time) { $0.info("still here") }.count == 1) }

    @Test("The silent logger says nothing, not even errors")
    func silent() { Logger.silent.error("nobody hears this") }
}
