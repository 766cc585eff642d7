import Primitives
import Testing

@testable import Simulation

@Suite struct LogQueryTests {
    private static let labels = ["job": "journal", "level": "error", "node": "pve1"].map { LokiPush.Label(name: $0, value: $1) }

    private static func problem(_ text: String) -> Failure? {
        do throws(Failure) {
            _ = try LogQuery(parsing: text)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [
        (#"{job="journal"}"#, true), (#"{job="journa"}"#, false), (#"{job=~"jour.*"}"#, true),
        // A pattern is about the whole value.
        (#"{job=~"our"}"#, false), (#"{job=~"x|journal"}"#, true), (#"{job=~"x|journa"}"#, false),
        (#"{job="journal",level!="error"}"#, false), (#"{job="journal", level!="info",}"#, true),
        (#"{job="journal",level!~"err.*"}"#, false), (#"{job="journal",level!~"err"}"#, true),
        // A label that is not there is an empty one.
        (#"{job="journal",unit=""}"#, true), (#"{job="journal",unit!=""}"#, false), (#"{job="journal",unit=~".+"}"#, false),
        (#"{job="journal",unit!~"x.*"}"#, true), ("{ job = `journal` , node =~ `pve\\d` }", true), (#"{job="a",job="journal"}"#, false),
    ])
    func `a selector chooses streams`(text: String, isChosen: Bool) throws {
        #expect(try LogQuery(parsing: text).accepts(Self.labels) == isChosen)
        #expect(try LogQuery(selector: text).accepts(Self.labels) == isChosen)
    }

    @Test(arguments: [
        ("|= `time-out`", true), ("|= `Time-out`", false), ("!= `time-out`", false), ("!= `x`", true), ("|~ `time.o`", true),
        ("|~ `^read.*ms$`", true), ("|~ `^time`", false), ("!~ `[0-9]+. ms`", false), ("!~ `^ms`", true), ("|= ``", true), ("!= ``", false),
        ("|= `x` or `read`", true), ("|= `x` or `y`", false), ("!= `x` or `read`", false), ("!= `x` or `y`", true),
        ("|= `read` |= `ms` != `x`", true), ("|= `read` |= `s` |= `x`", false), (#"|= "\"12\"""#, true), (#"|= "\t""#, false),
        ("|=`read`or`x`|~`m`", true),
    ])
    func `filters choose lines`(filters: String, isChosen: Bool) throws {
        let query = try LogQuery(parsing: #"{job="journal"}"# + filters)
        #expect(query.accepts(line: Array(#"read: time-out after "12" ms"#.utf8)) == isChosen)
    }

    @Test(arguments: [
        "", "{", "{}", "}", "{job}", "{job=}", "{job=journal}", #"{job="a""#, #"{job="a"; b="c"}"#, #"{job="a" b="c"}"#, #"{="a"}"#,
        #"{job=="a"}"#, #"{job="a}"#, #"{job="\d"}"#, #"{job=~"("}"#, #"{job="a"} |="#, #"{job="a"} |= x"#, #"{job="a"} | json"#,
        #"{job="a"} or "b""#, #"{job="a"} |= "b" or"#, #"{job="a"} |~ "[""#, #"rate({job="a"}[5m])"#, #"{job=~".*"}"#, #"{job!="a"}"#,
        #"{job=""}"#, #"{job!~"a"}"#, #"{job="a"} }"#,
    ])
    func `what is no query is told`(text: String) {
        #expect(Self.problem(text)?.code == .malformed)
    }

    @Test func `a fault is told with its place`() {
        #expect(Self.problem(#"{job="a", 7="#)?.message == "parse error at column 13: expected a text in quotes")
        #expect(Self.problem(#"{job="a"} json"#)?.message.hasPrefix("parse error at column 11: expected |=") == true)
        #expect(Self.problem("{job=\"ä")?.message == "parse error at column 6: the text has no end")
    }

    @Test func `a long word is not said again`() {
        let word = String(repeating: "rate", count: 1000)
        #expect((Self.problem(word + "(x)")?.message.utf8.count ?? 1000) < 300)
    }

    @Test func `a query is bounded`() throws {
        let matchers = { (count: Int) in "{" + (0..<count).map { "l\($0)=\"x\"" }.joined(separator: ",") + "}" }
        #expect(try LogQuery(parsing: matchers(32)).matchers.count == 32)
        #expect(Self.problem(matchers(33))?.code == .limit)
        let filters = { (count: Int) in #"{job="a"}"# + String(repeating: "|=`x`", count: count) }
        #expect(try LogQuery(parsing: filters(32)).filters.count == 32)
        #expect(Self.problem(filters(33))?.code == .limit)
        // However they are put.
        #expect(Self.problem(#"{job="a"} |= `x`"# + String(repeating: "or`x`", count: 32))?.code == .limit)
    }

    @Test func `a selector ends with its brace`() {
        #expect((try? LogQuery(selector: #"{job="a"} |= "x""#)) == nil)
    }
}
