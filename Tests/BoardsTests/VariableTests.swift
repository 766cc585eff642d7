import Boards
import JSON
import Testing

@Suite("Variables of a board")
struct VariableTests {
    /// A board with these variables.
    private func chain(_ variables: String, chosen: [String: [String]] = [:], sources: [DataSource]? = nil, steps: Int = Pattern.stepLimit)
        throws -> VariableChain
    {
        let board = try board(#"{"title":"t","panels":[],"templating":{"list":[\#(variables)]}}"#)
        var query = try #require(BoardQuery(from: "now-1h", to: "now", nowMilliseconds: 1_700_000_000_000))
        (query.chosen, query.limits.patternSteps) = (chosen, steps)
        if let sources { query.dataSources = sources }
        return VariableChain(board: board, query: query)
    }

    static let questions: [(String, VariableQuestion?)] = [
        ("label_values(up, job)", .labelValues(selector: "up", label: "job")),
        ("label_values(job)", .labelValues(selector: nil, label: "job")),
        (" label_values( up{a=\"x,y\"} , job ) ", .labelValues(selector: "up{a=\"x,y\"}", label: "job")),
        ("label_values(up{a=~\"$b\"}, job)", .labelValues(selector: "up{a=~\"$b\"}", label: "job")),
        ("label_names()", .labelNames(selector: nil)), ("label_names(up)", .labelNames(selector: "up")), ("metrics(node_.*)", .metricNames),
        ("query_result(topk(5, up))", .queryResult(expression: "topk(5, up)")), ("up{job=\"a\"}", .series(selector: "up{job=\"a\"}")),
        ("label_values(up, a b())", nil), ("", nil),
        ("label_values(rate(x[$__range]), job)", .labelValues(selector: "rate(x[3600s])", label: "job")),
    ]

    @Test("What a query variable asks", arguments: questions)
    func question(_ query: String, _ expected: VariableQuestion?) throws {
        var json = JSONWriter()
        json.string(query)
        let chain = try chain(#"{"name":"v","type":"query","query":\#(String(decoding: json.bytes, as: UTF8.self))}"#)
        #expect(chain.asks.first?.question == expected)
        #expect((chain.variables[0].problem == nil || expected != nil) == (expected != nil))
    }

    @Test("The form of newer boards: the query in an object")
    func queryObject() throws {
        let chain = try chain(#"{"name":"v","type":"query","query":{"query":"label_values(up, job)","refId":"x"}}"#)
        #expect(chain.asks.first?.question == .labelValues(selector: "up", label: "job"))
    }

    /// regex, sort, what was answered, options as text=value.
    static let readings: [(String, Int, [String], [String])] = [
        ("", 0, ["b", "a", "b"], ["b=b", "a=a"]), ("", 1, ["b", "A", "a"], ["A=A", "a=a", "b=b"]), ("", 2, ["a", "b"], ["b=b", "a=a"]),
        ("", 3, ["a10", "a9", "x"], ["x=x", "a9=a9", "a10=a10"]), ("", 4, ["1", "10", "9"], ["10=10", "9=9", "1=1"]),
        ("", 5, ["b", "A", "C"], ["A=A", "b=b", "C=C"]),
        ("", 6, ["b", "A", "C"], ["C=C", "b=b", "A=A"]), ("", 7, ["n10", "n9", "N1"], ["N1=N1", "n9=n9", "n10=n10"]),
        ("", 8, ["n9", "n10"], ["n10=n10", "n9=n9"]),
        ("/b/", 0, ["abc", "xyz"], ["abc=abc"]), ("b", 0, ["abc", "b"], ["b=b"]), ("/^(\\w+):/", 0, ["host:9100", "x"], ["host=host"]),
        ("/([^;]+)/g", 1, ["web;prod", "db;prod", ""], ["db=db", "prod=prod", "web=web"]),
        ("/vm_id=\\\"(?<value>[^\\\"]+)\\\".*name=\\\"(?<text>[^\\\"]*)\\\"/", 0, ["{vm_id=\"1\",name=\"web\"}"], ["web=1"]),
        ("/(?<text>[a-z]+)(?<value>\\d+)/", 0, ["web1"], ["web=1"]), ("/(?<text>[a-z]+)/", 0, ["web1"], ["web=web"]),
        ("/WEB/i", 0, ["web"], ["web=web"]),
        ("/(?!lo)^(.*)$/", 0, ["lo", "eth0"], ["eth0=eth0"]),
    ]

    @Test("Options of an answer", arguments: readings)
    func reading(_ regex: String, _ sort: Int, _ texts: [String], _ expected: [String]) throws {
        let escaped = regex.map { $0 == "\\" || $0 == "\"" ? "\\\($0)" : "\($0)" }.joined().split(separator: "\\\\\\\"").joined(
            separator: "\\\"")
        var chain = try chain(#"{"name":"v","type":"query","query":"label_values(x)","regex":"\#(escaped)","sort":\#(sort)}"#)
        chain.answer("v", .texts(texts))
        #expect(chain.variables[0].options.map { "\($0.text)=\($0.value)" } == expected)
        #expect(chain.variables[0].problem == nil)
    }

    @Test("Results of a query as options")
    func queryResult() throws {
        var chain = try chain(#"{"name":"v","type":"query","query":"query_result(up)"}"#)
        chain.answer(
            "v", .samples([SeriesAnswer(labels: [.init("job", "a"), .init("__name__", "up")], times: [1_435_781_451.781], values: [1])]))
        #expect(chain.variables[0].options.map(\.value) == ["up{job=\"a\"} 1 1435781451781"])
    }

    @Test("Metrics are told by a pattern")
    func metrics() throws {
        var chain = try chain(#"{"name":"v","type":"query","query":"metrics(^node_)"}"#)
        chain.answer("v", .texts(["node_load1", "up", "x_node_"]))
        #expect(chain.variables[0].options.map(\.value) == ["node_load1"])
    }

    private static let chained = #"""
        {"name":"vm","type":"query","query":"label_values(vm{node=~\"$node\",cluster=\"$cluster\"}, vm)","includeAll":true,"multi":true},
        {"name":"cluster","type":"query","query":"label_values(up, cluster)"},
        {"name":"node","type":"query","query":"label_values(up{cluster=\"$cluster\"}, node)","includeAll":true,"multi":true}
        """#

    @Test("Variables are asked in the order of what they need, with what was chosen before")
    func order() throws {
        var chain = try chain(Self.chained, chosen: ["node": ["a", "b"]])
        #expect(chain.asks.map(\.name) == ["cluster"])
        chain.answer("vm", .texts(["nobody asked"]))
        chain.answer("cluster", .texts(["lab", "prod"]))
        #expect(chain.asks.map(\.name) == ["node"])
        #expect(chain.asks[0].question == .labelValues(selector: #"up{cluster="lab"}"#, label: "node"))
        chain.answer("node", .texts(["a", "b", "c"]))
        #expect(chain.asks[0].question == .labelValues(selector: #"vm{node=~"(a|b)",cluster="lab"}"#, label: "vm"))
        chain.answer("vm", .failed("bad_data: no"))
        #expect(chain.asks.isEmpty)
        #expect(chain.variables.map(\.problem) == ["bad_data: no", nil, nil])
        #expect(chain.variables[0].current == ["$__all"])
    }

    @Test("Variables that need each other end with words, and those that need them go on")
    func circle() throws {
        var chain = try chain(
            #"""
            {"name":"a","type":"query","query":"label_values(x{b=\"$b\"}, a)"},{"name":"b","type":"query","query":"label_values(x{a=\"$a\"}, b)"},
            {"name":"c","type":"query","query":"label_values(x{a=\"$a\"}, c)"},{"name":"d","type":"query","query":"label_values(x{d=\"$d\"}, d)"}
            """#)
        for _ in 0..<10 { for ask in chain.asks { chain.answer(ask.name, .texts(["v"])) } }
        #expect(chain.asks.isEmpty)
        #expect(chain.variables[0].problem == "a needs b, which in turn needs a")
        #expect(chain.variables[1...].allSatisfy { $0.problem == nil && $0.current == ["v"] })
    }

    /// Kind and options of the variable, what the URL has, what holds.
    static let choices: [(String, [String]?, [String])] = [
        (#""type":"custom","query":"a,b""#, nil, ["a"]), (#""type":"custom","query":"a,b""#, ["b"], ["b"]),
        (#""type":"custom","query":"a,b""#, ["z"], ["z"]),
        (#""type":"custom","query":"a,b""#, ["b", "a"], ["b"]),
        (#""type":"custom","query":"a,b","multi":true"#, ["b", "a", "b"], ["b", "a"]),
        (#""type":"custom","query":"a,b","includeAll":true"#, nil, ["$__all"]),
        (#""type":"custom","query":"a,b","includeAll":true"#, ["All"], ["$__all"]), (#""type":"custom","query":"a,b""#, ["All"], ["All"]),
        (#""type":"custom","query":"a,b""#, ["$__all"], ["a"]), (#""type":"custom","query":"a,b","current":{"value":"b"}"#, nil, ["b"]),
        (#""type":"custom","query":"a,b","current":{"value":"gone"}"#, nil, ["a"]),
        (#""type":"custom","query":"a,b","multi":true,"current":{"value":["b","gone"]}"#, nil, ["b"]),
        (#""type":"custom","query":"one : 1, two : 2""#, ["two"], ["2"]),
        (#""type":"custom","query":"""#, nil, []), (#""type":"constant","query":"c""#, ["x"], ["c"]),
        (#""type":"textbox","query":"t""#, nil, ["t"]), (#""type":"textbox","query":"t""#, ["typed"], ["typed"]),
        (#""type":"interval","query":"1m,10m,1h","current":{"value":"10m"}"#, nil, ["10m"]),
        (#""type":"datasource","query":"prometheus""#, nil, ["prometheus"]),
        (#""type":"datasource","query":"prometheus""#, ["Second"], ["p2"]),
        (#""type":"datasource","query":"prometheus","regex":"/^S/""#, nil, ["p2"]), (#""type":"datasource","query":"loki""#, nil, []),
    ]

    @Test("What is chosen", arguments: choices)
    func choice(_ variable: String, _ chosen: [String]?, _ expected: [String]) throws {
        let sources = [
            DataSource(type: "prometheus", name: "Prometheus", uid: "prometheus"),
            DataSource(type: "prometheus", name: "Second", uid: "p2"),
        ]
        let chain = try chain(#"{"name":"v",\#(variable)}"#, chosen: chosen.map { ["v": $0] } ?? [:], sources: sources)
        #expect(chain.variables[0].current == expected)
    }

    @Test("Options of custom variables: escaped commas, words for values")
    func custom() throws {
        let chain = try chain(#"{"name":"v","type":"custom","query":"a\\,b, one : 1 , http://x:80, \"5m\""}"#)
        #expect(chain.variables[0].options.map(\.text) == ["a,b", "one", "http://x:80", "5m"])
        #expect(chain.variables[0].options.map(\.value) == ["a,b", "1", "http://x:80", "5m"])
    }

    @Test("An interval may follow the range")
    func automaticInterval() throws {
        let board = try board(
            #"""
            {"title":"t","templating":{"list":[{"name":"i","type":"interval","query":"1m,5m","auto":true,"auto_count":10,"auto_min":"1m","current":{"value":"$__auto_interval_i"}}]},
            "panels":[{"type":"stat","targets":[{"expr":"rate(x[$i])","refId":"A"}]}]}
            """#)
        let query = try #require(BoardQuery(from: "now-1h", to: "now", nowMilliseconds: 1_700_000_000_000))
        let view = BoardView(board: board, query: query, variables: VariableChain(board: board, query: query))
        #expect(view.panels[0].targets[0].expression == "rate(x[5m])")
    }

    @Test("Too many options are cut with words")
    func manyOptions() throws {
        var chain = try chain(#"{"name":"v","type":"query","query":"label_values(x)"}"#)
        chain.answer("v", .texts((0..<200_000).map { "v\($0)" }))
        #expect(chain.variables[0].options.count == 5_000)
        #expect(chain.variables[0].problem == "there are more than 5000 options")
    }

    @Test("A pattern that costs too much ends with words")
    func dearPattern() throws {
        var chain = try chain(
            #"{"name":"v","type":"query","query":"label_values(x)","regex":"/(?=(a|b|ab)*c)(?=(a|b|ab)*d)x/"}"#, steps: 200_000)
        chain.answer("v", .texts((0..<2_000).map { String(repeating: "ab", count: 500) + "\($0)" }))
        #expect(chain.variables[0].problem == "the pattern costs too much; the options are not complete")
    }

    @Test("The patterns of all variables have one purse")
    func dearPatterns() throws {
        let dear = #""type":"query","query":"label_values(x)","regex":"/(?=(a|b|ab)*c)(?=(a|b|ab)*d)x/""#
        var chain = try chain(
            #"{"name":"v",\#(dear)},{"name":"w",\#(dear)},{"name":"free","type":"query","query":"label_values(x)"}"#, steps: 200_000)
        chain.answer("v", .texts((0..<2_000).map { String(repeating: "ab", count: 500) + "\($0)" }))
        chain.answer("w", .texts(["x"]))
        chain.answer("free", .texts(["x"]))
        #expect(chain.variables.map { $0.problem == nil } == [false, false, true])
        #expect(chain.variables[2].options.count == 1)
    }

    @Test("A pattern that cannot be read is said, not ignored")
    func badPattern() throws {
        var chain = try chain(#"{"name":"v","type":"query","query":"label_values(x)","regex":"/(/"}"#)
        chain.answer("v", .texts(["a"]))
        #expect(chain.variables[0].problem?.hasPrefix("the pattern ( cannot be read") == true)
        #expect(chain.variables[0].options.isEmpty)
    }

    @Test("Prometheus' answers, and its errors")
    func answers() throws {
        func read(_ question: VariableQuestion, _ json: String) throws -> VariableAnswer {
            try JSONDocument(parsing: Array(json.utf8)).withRoot { VariableAnswer.reading(question, $0) }
        }
        if case .texts(let texts) = try read(.metricNames, #"{"status":"success","data":["a","b"]}"#) {
            #expect(texts == ["a", "b"])
        } else {
            Issue.record("no texts")
        }
        let series = try read(.series(selector: "up"), #"{"status":"success","data":[{"__name__":"up","job":"a"}]}"#)
        if case .samples(let series) = series { #expect(series[0][label: "job"] == "a") } else { Issue.record("no series") }
        let failed = try read(.metricNames, #"{"status":"error","errorType":"bad_data","error":"parse error"}"#)
        if case .failed(let words) = failed { #expect(words == "parse error") } else { Issue.record("no failure") }
    }
}
