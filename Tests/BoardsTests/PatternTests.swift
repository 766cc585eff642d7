import Boards
import Primitives
import Testing

@Suite("Patterns")
struct PatternTests {
    static let found: [(pattern: String, text: String, group: String?)] = [
        ("a|ab", "ab", "a"), ("(a|ab)(c|bcd)", "abcd", "abcd"), ("a*?b", "aaab", "aaab"), ("<(.+?)>", "<a><b>", "<a>"),
        ("<.+>", "<a><b>", "<a><b>"),
        ("^b", "ab", nil), ("b$", "ab", "b"), ("\\bfoo\\b", "a foo b", "foo"), ("\\bfoo\\b", "afoob", nil), ("[^;]+", "a;b", "a"),
        ("[a-c]{2,3}", "abcabc", "abc"), ("[a-c]{2,3}?", "abcabc", "ab"), ("x{0}y", "xy", "y"), ("a{,2}", "a{,2}", "a{,2}"),
        ("\\d+\\.\\d", "v12.5", "12.5"),
        ("[\\w.-]+", "node-1.example:9100", "node-1.example"), ("(?:ab)+", "ababx", "abab"), ("\\x41\\u0042", "AB", "AB"), (".", "\n", nil),
        ("[]a]", "a", nil), ("[^]", "\n", "\n"), ("\\/", "/", "/"), ("(?!lo)\\w+", "lo eth0", "o"), ("^(?!lo$).*", "eth0", "eth0"),
        ("^(?!lo$).*", "lo", nil), ("(?<=:)\\d+", "host:9100", "9100"), ("(?<!:)\\b\\d+", "a:1 22", "22"), ("(?=.*b)a", "acb", "a"),
        ("(a*)*", "aaa", "aaa"),
        ("(a|b)*?c", "abac", "abac"), ("é+", "caféé", "éé"), ("[😀-😂]", "x😁", "😁"), ("", "abc", ""), ("(|a)+", "aaa", "aaa"),
        ("a$b", "ab", nil),
    ]

    @Test("The first match is the one that JavaScript finds", arguments: found)
    func match(_ pattern: String, _ text: String, _ expected: String?) throws {
        let pattern = try Pattern(pattern)
        let scalars = Pattern.scalars(text)
        var budget = Pattern.stepLimit
        let match = pattern.matches(in: scalars, budget: &budget).first
        #expect(match.flatMap { $0.groups[0] }.map { range in scalars[range].map { "\($0)" }.joined() } == expected)
        #expect(pattern.matches(text) == (expected != nil))
    }

    @Test("Boards' patterns: in slashes they are found anywhere, bare ones match the whole")
    func boards() throws {
        #expect(try Pattern(board: "/ sent$/").matches("eth0 sent"))
        #expect(try !Pattern(board: "sent").matches("eth0 sent"))
        #expect(try Pattern(board: "eth0|eth1").matches("eth1"))
        #expect(try !Pattern(board: "eth0|eth1").matches("eth10"))
        #expect(try Pattern(board: "/SENT/i").matches("eth0 sent"))
        #expect(try Pattern(board: "/a/b/").matches("a/b"))
    }

    static let refused = [
        "(", ")", "a)", "[a", "*a", "a**", "\\", "(?<n>", "(?<n", "a{3,2}", "(a)\\1", "(?<n>a)\\k<n>", "[b-a]", "\\p{L}", "(?>a)", "/a/q",
    ]

    @Test("What is no pattern, or not ours, is refused with words", arguments: refused)
    func refusal(_ pattern: String) {
        if pattern == "/a/q" {
            #expect((try? Pattern(board: pattern)) == nil)
        } else {
            #expect((try? Pattern(pattern)) == nil)
        }
    }

    @Test(
        "Patterns that blow up elsewhere are matched in time",
        arguments: ["(a+)+$", "(a|aa)+$", "^(a|a?)+$", "(.*a){20}$", "(x+x+)+y", "(?=(a+)+$)b", "((a*)*)*c"])
    func explosion(_ source: String) throws {
        let text = String(repeating: "a", count: 5_000) + "b"
        let pattern = try Pattern(source)
        let clock = ContinuousClock()
        // Seconds where backtracking would take longer than the sun burns.
        var isFound = true
        let time = clock.measure { isFound = pattern.matches(text) }
        #expect(!isFound)
        #expect(time < .seconds(30))
    }

    @Test(
        "Patterns are bounded in size",
        arguments: [
            "((a{1000}){1000}){1000}", "(?:(?=a{900})){900}", String(repeating: "(", count: 3_000), String(repeating: "a", count: 5_000),
            "(){99999}",
        ])
    func size(_ source: String) { #expect((try? Pattern(source)) == nil) }

    static let replaced: [(String, String, String, String)] = [
        ("/(.*) sent/", "$1 out", "eth0 sent", "eth0 out"), ("/e/g", "E", "eve", "EvE"), ("/e/", "E", "eve", "Eve"),
        ("/(?<n>\\d+)/", "<$<n>>", "a12", "a<12>"),
        ("/x/", "y", "abc", "abc"), ("/b/", "$&$&$$", "abc", "abb$c"), ("(.*)", "$1$2", "ab", "ab$2"), ("/^/", ">", "ab", ">ab"),
        ("/$/g", "!", "ab", "ab!"),
    ]

    @Test("Replacing as JavaScript does", arguments: replaced)
    func replacing(_ source: String, _ template: String, _ text: String, _ expected: String) throws {
        var budget = Pattern.stepLimit
        #expect(try Pattern(board: source).replacing(in: text, with: template, budget: &budget) == expected)
    }

    @Test("Letters are the same but for their case, in classes too")
    func cases() throws {
        func matches(_ pattern: String, _ text: String) throws -> Bool { try Pattern(pattern, ignoresCase: true).matches(text) }
        #expect(try matches("^[a-c]+$", "AbC") && matches("^ÄÖσ$", "äöΣ") && matches("^[à-ý]$", "É") && matches("k", "\u{212A}"))
        #expect(try !matches("^[^a-c]$", "B") && !matches("^[^é]$", "É") && matches("^[^a-c]$", "D"))
        #expect(try !matches("ß", "S") && !matches("[a-c]", "ä") && !matches("é", "e"))
        #expect(try !Pattern("[a-c]").matches("B"))
    }

    @Test("Classes are found by halves, whatever the order and the overlap of their ranges")
    func ranges() throws {
        let pattern = try Pattern("^[zx-yb-df0-9c-e\\sa]$")
        for letter in "abcdef0189xyz \t" { #expect(pattern.matches(String(letter)), "\(letter)") }
        for letter in "ghijw/:A`" { #expect(!pattern.matches(String(letter)), "\(letter)") }
        #expect(
            try Pattern("^[^\\W\\d]$").matches("a") && !Pattern("^[^\\W\\d]$").matches("1") && Pattern("^[\\s\\S]$").matches("\u{10FFFF}"))
    }

    @Test("A step costs as much as it takes: classes of many ranges, letters of either case, many groups")
    func steps() throws {
        func cost(_ pattern: String, _ text: String) throws -> Int {
            var budget = Pattern.stepLimit
            _ = try Pattern(board: pattern).matches(in: Pattern.scalars(text), budget: &budget)
            return Pattern.stepLimit - budget
        }
        let text = String(repeating: "ɐ", count: 400)
        let many = (0..<1_700).map { String(Unicode.Scalar(0x4E00 + 2 * $0) ?? "a") }.joined()
        #expect(try cost("/[^\(many)]{400}!/", text) > cost("/.{400}!/", text) * 5 / 4)
        #expect(try cost("/[^\(many)]{400}!/i", text) > cost("/[^\(many)]{400}!/", text) * 3 / 2)
        #expect(try cost("/" + String(repeating: "()", count: 90) + "a/", text) > 90 * 400 * 5)
    }

    @Test("Steps of two seconds at most, of the dearest pattern")
    func dear() throws {
        let many = (0..<1_700).map { String(Unicode.Scalar(0x4E00 + 2 * $0) ?? "a") }.joined()
        let pattern = try Pattern(board: "/[^\(many)]{900}!/i")
        var budget = Pattern.stepLimit
        let begin = ContinuousClock.now
        for _ in 0..<200 where budget > 0 { _ = pattern.matches(in: Pattern.scalars(String(repeating: "ɐ", count: 900)), budget: &budget) }
        // Unoptimized; one look through all ranges a step took some minutes.
        #expect(budget <= 0 && ContinuousClock.now - begin < .seconds(30))
    }

    @Test("Reading a board has one purse for all of its patterns")
    func purse() throws {
        let override = #"{"matcher":{"id":"byRegexp","options":"/(?:a{99}){99}#/"},"properties":[]}"#
        let panel =
            #"{"type":"stat","fieldConfig":{"defaults":{},"overrides":[\#((0..<300).map { override.replacing("#", with: "\($0)") }.joined(separator: ","))]}}"#
        let read = try board(
            panels(
                Array(repeating: panel, count: 8).enumerated().map { $0.element.replacing("/(", with: "/\($0.offset)(") }.joined(
                    separator: ",")))
        #expect(read.panels[0].overrides.count == 300 && read.panels[7].overrides.isEmpty)
        #expect(read.panels[7].problems == ["the patterns cost too much to be looked at; its override is left out"])
    }
}
