import Boards
import JSON
import Testing

@Suite("Patterns that the page matches")
struct PagePatternTests {
    /// The problems of a panel with an override and a mapping by a pattern, and how many of the two are left.
    private func left(_ pattern: String) throws -> (count: Int, problems: [String]) {
        let escaped = pattern.map { $0 == "\\" || $0 == "\"" ? "\\\($0)" : "\($0)" }.joined()
        let mapping = #"{"type":"regex","options":{"pattern":"\#(escaped)","result":{"text":"x"}}}"#
        let panel = try view(
            panels(
                #"""
                {"type":"timeseries","targets":[{"refId":"A","expr":"x"}],"fieldConfig":{"defaults":{"mappings":[\#(mapping),{"type":"value","options":{}}]},
                "overrides":[{"matcher":{"id":"byRegexp","options":"\#(escaped)"},"properties":[{"id":"unit","value":"s"}]},{"matcher":{"id":"byName","options":"a"},"properties":[{"id":"mappings","value":[\#(mapping)]}]}]}}
                """#
            )
        ).panels[0]
        let mappings = panel.defaults["mappings"]?.elements.count ?? 0
        let own = panel.overrides.last?.properties.first?.value.elements.count ?? 0
        #expect(mappings == own + 1 && panel.overrides.count == own + 1)
        return (own, panel.problems)
    }

    /// As boards that many people use have them.
    static let quick = [
        "", "cpu", "/.*Trans.*/", "/.*[Tt]rans.*/", "/^(?!lo$).*$/", "/Used|Free/i", "/.*_out.*/", "^(?:eth|ens)[0-9]+$",
        "/.*Receive.*|.*In$/",
        "/(\\d+\\.){3}\\d+/", "/^\\d+\\.\\d+\\.\\d+\\.\\d+:\\d+$/", "/[^,]+,[^,]+,[^,]+,[^,]+,/", "/^([a-z0-9]+-)+[0-9]+$/", "/(ab|cd)*e/",
        "/(a|b)+c/",
        "/^.*a.*b.*$/", "/.*a.*b/", "/^a{50}$/", "/(foo )?bar( baz)?/", "/Total: (\\S+) of (\\S+)/", "/(?<name>\\w+)=/", "/.{0,5}x/",
        "/\\bidle\\b/i",
        "/Σ.*/i", "/[a-c]*[d-f]*[g-i]*[j-l]*[m-o]*$/", "/$/", "(a)(b)(c)",
    ]

    @Test("Patterns as boards have them go to the page", arguments: quick)
    func isQuick(_ pattern: String) throws {
        let found = try left(pattern)
        #expect(found.count == 1 && found.problems == [])
    }

    /// What an engine that goes back takes seconds or years for, some with letters that only look different.
    static let slow = [
        "(x+x+)+y", "/(a+)+$/", "/(a*)*b/", "/(a|a)*b/", "/(a|ab)*c/", "/(aa?)*b/", "/(.*a){12}!/", "/(.*,){8}x/", "/.*.*.*x/",
        "/.*a.*b.*c/",
        "/^.*a.*b.*c.*d/", "/(?:a+b?)+c/", "/((a{1,15}){1,15}){1,15}b/", "/(a?){50}a{50}/", "/(?=(a+)+b)/", "/(?<!(a|aa)+)x/",
        "/([a-z]+[A-Z]?)+!/i",
        "/(k|\u{212A})*!/i", "/(s+\u{17F}*)+!/i", "/(\u{1F600}+\u{1F601}*)+!/", "/(.+\\n)+x/s", "/(^a*$)+b/m", "/(a+|b)+$/m",
        "/(a|b|ab)*c/",
        "/(x|x)(x|x)(x|x)(x|x)(x|x)(x|x)(x|x)(x|x)(x|x)(x|x)(x|x)(x|x)(x|x)(x|x)(x|x)(x|x)(x|x)(x|x)(x|x)(x|x)(x|x)(x|x)(x|x)(x|x)!/",
        String(repeating: "a?", count: 300), "/(\\w+\\s?)+!/", "/([^,]*,?)*;/",
    ]

    @Test("What could keep a browser busy is left out, and it is said", arguments: slow)
    func isSlow(_ pattern: String) throws {
        let found = try left(pattern)
        #expect(found.count == 0)
        let words = "the pattern \(pattern.prefix(100)) could keep a browser busy"
        #expect(found.problems == ["\(words); its mapping is left out", "\(words); its override is left out"])
    }

    @Test("What cannot be read here is not for the page either", arguments: ["(", #"(a)\1"#, #"/\p{L}/u"#, "/a/q", "/(?i:a)/"])
    func unreadable(_ pattern: String) throws {
        let found = try left(pattern)
        #expect(found.count == 0 && found.problems.count == 2)
    }

    @Test("A pattern is judged with its variables put in, in frames too")
    func variables() throws {
        let read = panels(
            #"{"type":"timeseries","targets":[{"refId":"A","expr":"x","legendFormat":"a"}],"fieldConfig":{"defaults":{},"overrides":[{"matcher":{"id":"byRegexp","options":"/$v/"},"properties":[{"id":"unit","value":"s"}]}]}}"#,
            variables: #"{"name":"v","type":"textbox","query":"a"}"#)
        let answer = TargetAnswer(ref: "A", series: [SeriesAnswer(labels: [], times: [1], values: [1])])
        let good = try view(read).panels[0]
        #expect(good.problems == [] && good.frame(from: [answer]).fields[1].config["unit"]?.text == "s")
        let bad = try view(read, chosen: ["v": ["(a+)+"]]).panels[0]
        #expect(bad.problems == ["the pattern /(a+)+/ could keep a browser busy; its override is left out"])
        #expect(bad.overrides.isEmpty && bad.frame(from: [answer]).fields[1].config["unit"] == nil)
    }

    /// What browsers read in another way than others do: the last of two members, a list as its only text.
    @Test(
        "No pattern comes to the page past the judge",
        arguments: [
            #"{"mappings":[],"mappings":[{"type":"regex","options":{"pattern":"(a+)+$"}}]}"#,
            #"{"mappings":[{"type":"value","type":"regex","options":{"pattern":"(a+)+$"}}]}"#,
            #"{"mappings":[{"type":"regex","options":{"pattern":"a"},"options":{"pattern":"(a+)+$"}}]}"#,
            #"{"mappings":[{"type":"regex","options":{"pattern":["(a+)+$"]}}]}"#,
            #"{"mappings":[{"type":"regex","options":{"pattern":["(a+)+$"]}}],"x":1}"#,
        ])
    func smuggled(_ defaults: String) throws {
        let panel = try view(
            panels(
                #"{"type":"stat","fieldConfig":{"defaults":\#(defaults),"overrides":[{"matcher":{"id":"byRegexp","options":["(a+)+$"]},"properties":[]},{"matcher":{"id":"byRegexpOrNames","options":{"pattern":"(a+)+$"}},"properties":[]}]}}"#
            )
        ).panels[0]
        var json = JSONWriter()
        panel.defaults.write(into: &json)
        #expect(
            !String(decoding: json.bytes, as: UTF8.self).contains("regex")
                || !String(decoding: json.bytes, as: UTF8.self).contains("(a+)+$"))
        #expect(panel.overrides.isEmpty)
    }
}
