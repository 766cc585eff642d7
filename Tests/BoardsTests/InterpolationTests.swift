import Boards
import Testing

@Suite("Variables in texts")
struct InterpolationTests {
    private static let macros = Macros(from: 1_594_671_549_254, to: 1_594_675_149_254, interval: 60_000, rateInterval: 120_000)

    private static func list(_ name: String, _ values: [String], texts: [String]? = nil) -> VariableValue {
        VariableValue(name: name, values: values, texts: texts ?? values, isList: true)
    }

    /// The examples of Grafana's page about formats, and what follows from them.
    static let formats: [(values: [String], format: String, expected: String)] = [
        (["test1", "test2"], "csv", "test1,test2"), (["test1", "test2"], "distributed", "test1,servers=test2"),
        (["test1", "test2"], "doublequote", "\"test1\",\"test2\""), (["test1", "test2"], "glob", "{test1,test2}"),
        (["test1"], "glob", "test1"),
        (["test1", "test2"], "json", "[\"test1\",\"test2\"]"), (["test1", "test2"], "lucene", "(\"test1\" OR \"test2\")"),
        (["foo()bar BAZ", "test2"], "percentencode", "foo%28%29bar%20BAZ%2Ctest2"), (["test1.", "test2"], "pipe", "test1.|test2"),
        (["test1.", "test2"], "raw", "test1.,test2"), (["test1.", "test2"], "regex", "(test1\\.|test2)"), (["test1."], "regex", "test1\\."),
        (["test1", "test2"], "singlequote", "'test1','test2'"), (["test'1", "test2"], "sqlstring", "'test''1','test2'"),
        (["test1", "test2"], "text", "test1 + test2"), (["test1", "test2"], "queryparam", "var-servers=test1&var-servers=test2"),
        (["a b&c"], "queryparam", "var-servers=a%20b%26c"), (["a\"b"], "doublequote", "\"a\\\"b\""), (["a", "b"], "join: ", "a b"),
        (["a", "b"], "nonsense", "{a,b}"),
    ]

    @Test("Formats", arguments: formats)
    func format(_ values: [String], _ format: String, _ expected: String) {
        var interpolator = Interpolator(values: ["servers": Self.list("servers", values)], macros: Self.macros)
        #expect(interpolator.text("<${servers:\(format)}>", .query) == "<\(expected)>")
        if format.allSatisfy(\.isLetter) { #expect(interpolator.text("<[[servers:\(format)]]>", .words) == "<\(expected)>") }
    }

    private static func all() -> [String: VariableValue] {
        var all = list("all", ["a", "b.c"])
        (all.isAll, all.texts) = (true, ["All"])
        var wide = list("wide", ["a"])
        (wide.isAll, wide.allValue, wide.texts) = (true, ".*", ["All"])
        return [
            "one": VariableValue(name: "one", values: ["x.y"], texts: ["X"], isList: false), "node": list("node", ["pve1"]),
            "nodes": list("nodes", ["pve1", "pve.2"]), "all": all, "wide": wide, "none": list("none", []),
            "evil": VariableValue(name: "evil", values: ["\"} or up{x='\\"], texts: ["e"], isList: false),
            "evils": list("evils", ["a\"b", "c`d"]),
            "n": VariableValue(name: "n", values: ["5"], texts: ["5"], isList: false),
        ]
    }

    static let queries: [(String, String)] = [
        ("up{a=\"$one\"}", "up{a=\"x.y\"}"), ("up{a=~\"$node\"}", "up{a=~\"pve1\"}"),
        ("up{a=~\"${nodes}\"}", "up{a=~\"(pve1|pve\\\\.2)\"}"),
        ("up{a=~'[[nodes]]'}", "up{a=~'(pve1|pve\\\\.2)'}"), ("up{a=~`$nodes`}", "up{a=~`(pve1|pve\\.2)`}"),
        ("up{a=~\"$all\"}", "up{a=~\"(a|b\\\\.c)\"}"),
        ("up{a=~\"$wide\"}", "up{a=~\".*\"}"), ("up{a=~\"(.*;)?($wide)(;.*)?\"}", "up{a=~\"(.*;)?(.*)(;.*)?\"}"),
        ("up{a=~\"$none\"}", "up{a=~\"()\"}"),
        ("topk($n, up)", "topk(5, up)"), ("up[$__rate_interval]", "up[2m]"), ("up[$__interval]", "up[1m]"), ("$__interval_ms", "60000"),
        ("up[$__range]", "up[3600s]"),
        ("$__range_s $__range_ms", "3600 3600000"), ("up[${__range}]", "up[3600s]"),
        ("label_replace(up, \"a\", \"$1\", \"b\", \"(.*)\")", "label_replace(up, \"a\", \"$1\", \"b\", \"(.*)\")"),
        (
            "$unknown ${unknown} [[unknown]] ${__field.labels.a} $$ $ ${ ${} [[",
            "$unknown ${unknown} [[unknown]] ${__field.labels.a} $$ $ ${ ${} [["
        ),
        ("up{a=\"$evil\"}", "up{a=\"\\\"} or up{x='\\\\\"}"), ("up{a='$evil'}", "up{a='\"} or up{x=\\'\\\\'}"),
        ("up{a=~\"$evils\"}", "up{a=~\"(a\\\"b|c`d)\"}"), ("up{a=~`$evils`}", "up{a=~`(a\"b|cd)`}"),
        ("# it's\nup{a=\"$nodes\"}", "# it's\nup{a=\"(pve1|pve\\\\.2)\"}"), ("up{a=\"\\\"$nodes\"}", "up{a=\"\\\"(pve1|pve\\\\.2)\"}"),
        ("$nodesx", "$nodesx"), ("${node}s", "pve1s"),
        ("${all:pipe} ${wide:regex}", "a|b.c .*"), ("$__from ${__to:date:seconds}", "1594671549254 1594675149"),
    ]

    @Test("Queries", arguments: queries)
    func query(_ source: String, _ expected: String) {
        var interpolator = Interpolator(values: Self.all(), macros: Self.macros)
        #expect(interpolator.text(source, .query) == expected)
    }

    static let words: [(String, String)] = [
        ("CPU of $nodes", "CPU of pve1 + pve.2"), ("$all, $one", "All, X"), ("$wide", "All"),
        ("${__from}", "1594671549254"), ("${__from:date}", "2020-07-13T20:19:09.254Z"), ("${__from:date:iso}", "2020-07-13T20:19:09.254Z"),
        ("${__from:date:seconds}", "1594671549"), ("${__from:date:YYYY-MM}", "2020-07"), ("${__to:date:HH:mm}", "21:19"),
    ]

    @Test("Words, with the dates of Grafana's page", arguments: words)
    func title(_ source: String, _ expected: String) {
        var interpolator = Interpolator(values: Self.all(), macros: Self.macros)
        #expect(interpolator.text(source, .words) == expected)
    }

    @Test(
        "Addresses are escaped; All stays All",
        arguments: [
            ("/d/x?var-a=$one&${nodes:queryparam}", "/d/x?var-a=x.y&var-nodes=pve1&var-nodes=pve.2"),
            ("/d/x?a=$evil", "/d/x?a=%22%7D%20or%20up%7Bx%3D%27%5C"),
            ("/d/x?var-all=$all&${wide:queryparam}", "/d/x?var-all=%24__all&var-wide=%24__all"),
            ("/d/x?${__url_time_range}", "/d/x?${__url_time_range}"),
        ])
    func address(_ source: String, _ expected: String) {
        var interpolator = Interpolator(values: Self.all(), macros: Self.macros)
        #expect(interpolator.text(source, .address) == expected)
    }

    @Test("An All that names other Alls ends")
    func recursion() {
        var values: [String: VariableValue] = [:]
        for (name, other) in [("a", "$b$b"), ("b", "$a$a$c"), ("c", "x$c")] {
            var value = Self.list(name, ["v"])
            (value.isAll, value.allValue) = (true, other)
            values[name] = value
        }
        var interpolator = Interpolator(values: values, macros: Self.macros)
        #expect(interpolator.text("$a", .query) == "")
        #expect(interpolator.text("$c", .query) == "x$c")
    }

    @Test("Texts that grow past all bounds stop to grow")
    func growth() {
        let many = Self.list("x", Array(repeating: String(repeating: "v", count: 100), count: 1_000))
        var interpolator = Interpolator(values: ["x": many], macros: Self.macros, limit: 1 << 20)
        let text = interpolator.text(String(repeating: "$x", count: 1_000), .query)
        #expect(interpolator.isExhausted)
        #expect(text.utf8.count < 1 << 20)
        #expect(interpolator.text("$x", .query) == "$x")
    }
}
