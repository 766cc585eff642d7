import Boards
import JSON
import Testing

@Suite("Frames and transformations")
struct FrameTests {
    /// A panel with so many queries, of which those named have the format of tables.
    private func panel(
        _ refs: String, type: String = "table", format: String = "table", legend: String = "", transformations: String = "",
        fieldConfig: String = "{}"
    ) throws -> PanelView {
        let targets = refs.map { #"{"refId":"\#($0)","expr":"q\#($0)","format":"\#(format)","instant":true,"legendFormat":"\#(legend)"}"# }
            .joined(separator: ",")
        let json = panels(
            #"{"id":1,"type":"\#(type)","targets":[\#(targets)],"transformations":[\#(transformations)],"fieldConfig":\#(fieldConfig)}"#)
        let found = try view(json).panels[0]
        #expect(found.problems == [])
        return found
    }

    /// Series from text: `node=a,disk=x 1 2 3` is two labels and values at seconds 10, 20, 30.
    private func answer(_ ref: String, _ series: String...) -> TargetAnswer {
        TargetAnswer(
            ref: ref,
            series: series.map { text in
                let parts = text.split(separator: " ")
                let labels = parts[0].split(separator: ",").map { pair in
                    let sides = pair.split(separator: "=", omittingEmptySubsequences: false)
                    return SeriesAnswer.Label(String(sides[0]), String(sides[1]))
                }
                let values = parts.dropFirst().map { Double($0) ?? .nan }
                return SeriesAnswer(
                    labels: labels, times: values.indices.map { Double($0 - values.startIndex + 1) * 10 }, values: Array(values))
            })
    }

    /// The frame as lines: titles, then rows; times in seconds.
    private func lines(_ frame: PanelFrame) -> [String] {
        let head = frame.fields.map(\.title).joined(separator: "|")
        return [head]
            + (0..<frame.length).map { row in
                frame.fields.map { field in
                    switch field.values[row] {
                    case .none: "-"
                    case .text(let text): text
                    case .number(let number): plainNumber(number)
                    case .time(let time): "@\(plainNumber(time / 1000))"
                    }
                }.joined(separator: "|")
            }
    }

    @Test("A table of one query: time, labels in order, value")
    func table() throws {
        let frame = try panel("A").frame(from: [answer("A", "node=a,disk=x 1", "node=b 2 3")])
        #expect(lines(frame) == ["Time|disk|node|Value", "@10|x|a|1", "@10|-|b|2", "@20|-|b|3"])
        #expect(frame.fields.map(\.kind) == [.time, .string, .string, .number])
    }

    private static let values = #"{"id":"merge","options":{}}"#

    @Test("merge: the example of Grafana's page")
    func merge() throws {
        let frame = try panel("AB", transformations: Self.values).frame(from: [
            answer("A", "Job=node 25260122", "Job=postgre 123001233"), answer("B", "Job=node 15", "Job=postgre 5"),
        ])
        #expect(lines(frame) == ["Time|Job|Value #A|Value #B", "@10|node|25260122|15", "@10|postgre|123001233|5"])
    }

    @Test("merge: rows that only some have keep their gaps, and what contradicts stays apart")
    func mergeGaps() throws {
        let frame = try panel("ABC", transformations: Self.values).frame(from: [
            answer("A", "n=a 1", "n=b 2"), answer("B", "n=a 10", "n=c 30"), answer("C", "n=a,v=9 1", "n=a,v=8 1"),
        ])
        #expect(
            lines(frame) == ["Time|n|Value #A|Value #B|v|Value #C", "@10|a|1|10|9|1", "@10|b|2|-|-|-", "@10|c|-|30|-|-", "@10|a|-|-|8|1"])
        let one = try panel("AB", transformations: Self.values).frame(from: [answer("A"), answer("B", "n=a 1")])
        #expect(lines(one) == ["Time|n|Value #B", "@10|a|1"])
    }

    @Test("organize leaves out, orders and renames; what the page links to keeps its key")
    func organize() throws {
        let frame = try panel(
            "A",
            transformations:
                #"{"id":"organize","options":{"excludeByName":{"Time":true,"x":false},"indexByName":{"Value":0,"node":1},"renameByName":{"node":"Host","Value":"","disk":"Disk"}}}"#
        )
        .frame(from: [answer("A", "node=a,disk=x 1")])
        #expect(lines(frame) == ["Value|Host|Disk", "1|a|x"])
        #expect(frame.fields.map(\.name) == ["Value", "node", "disk"])
        let only = try panel("A", transformations: #"{"id":"organize","options":{"includeByName":{"node":true}}}"#).frame(from: [
            answer("A", "node=a,disk=x 1")
        ])
        #expect(lines(only) == ["node", "a"])
    }

    @Test("joinByField: series side by side by time, gaps where there is nothing", arguments: ["joinByField", "seriesToColumns"])
    func joinTime(_ id: String) throws {
        let frame = try panel(
            "AB", type: "timeseries", format: "time_series", legend: "{{n}}",
            transformations: #"{"id":"\#(id)","options":{"byField":"Time","mode":"outer"}}"#
        )
        .frame(from: [answer("A", "n=a 1 2", "n=b 3"), answer("B", "n=c 4 NaN 6")])
        #expect(lines(frame) == ["Time|a|b|c", "@10|1|3|4", "@20|2|-|NaN", "@30|-|-|6"])
        #expect(frame.fields[1].labels == [.init("n", "a")])
        #expect(frame.fields.map(\.ref) == ["A", "A", "A", "B"])
    }

    @Test(
        "joinByField on a label, outer and inner",
        arguments: [
            ("outer", ["n|Value #A|Value #B", "a|1|-", "b|2|20", "c|-|30"]), ("inner", ["n|Value #A|Value #B", "b|2|20"]),
            ("outerTabular", ["n|Value #A|Value #B", "a|1|-", "b|2|20", "c|-|30"]),
        ])
    func joinLabel(_ mode: String, _ expected: [String]) throws {
        let frame = try panel(
            "AB",
            transformations:
                #"{"id":"joinByField","options":{"byField":"n","mode":"\#(mode)"}},{"id":"organize","options":{"excludeByName":{"Time 1":true,"Time 2":true}}}"#
        )
        .frame(from: [answer("A", "n=b 2", "n=a 1"), answer("B", "n=b 20", "n=c 30")])
        #expect(lines(frame) == expected)
    }

    @Test("Columns of one name are numbered, and called so until one of them is left")
    func twins() throws {
        func columns(_ organize: String) throws -> [String] {
            try panel("AB", transformations: #"{"id":"joinByField","options":{"byField":"n"}},{"id":"organize","options":\#(organize)}"#)
                .frame(from: [answer("A", "n=a 1"), answer("B", "n=a 2")]).fields.map(\.title)
        }
        #expect(try columns("{}") == ["n", "Time 1", "Value #A", "Time 2", "Value #B"])
        #expect(try columns(#"{"excludeByName":{"Time 1":true}}"#) == ["n", "Value #A", "Time", "Value #B"])
        #expect(try columns(#"{"excludeByName":{"Time":true}}"#).count == 5)
        #expect(try columns(#"{"renameByName":{"Time 2":"When"}}"#) == ["n", "Time", "Value #A", "When", "Value #B"])
    }

    @Test("Panels of series without transformations are joined by time")
    func plainSeries() throws {
        let panel = try panel("A", type: "timeseries", format: "time_series")
        #expect(!panel.isTable)
        #expect(lines(panel.frame(from: [answer("A", "n=a,j=x 1 2", "n=b,j=x 3")])) == ["Time|a|b", "@10|1|3", "@20|2|-"])
        #expect(lines(panel.frame(from: [answer("A", "n=a,j=x 1", "n=b,j=y 3")])) == [#"Time|{j="x", n="a"}|{j="y", n="b"}"#, "@10|1|3"])
        #expect(lines(panel.frame(from: [answer("A", "__name__=up,j=x 1")])) == ["Time|x", "@10|1"])
    }

    /// A transformation of a table of `node=b 3`, `node=a 1`, `node=c 2`, and what comes of it.
    static let small: [(String, [String])] = [
        (#"{"id":"sortBy","options":{"sort":[{"field":"Value"}]}}"#, ["Time|node|Value", "@10|a|1", "@10|c|2", "@10|b|3"]),
        (#"{"id":"sortBy","options":{"sort":[{"field":"node","desc":true}]}}"#, ["Time|node|Value", "@10|c|2", "@10|b|3", "@10|a|1"]),
        (#"{"id":"limit","options":{"limitField":2}}"#, ["Time|node|Value", "@10|b|3", "@10|a|1"]),
        (#"{"id":"limit","options":{"limitField":"1"}}"#, ["Time|node|Value", "@10|b|3"]),
        (#"{"id":"filterFieldsByName","options":{"include":{"names":["node","Value"]}}}"#, ["node|Value", "b|3", "a|1", "c|2"]),
        (#"{"id":"filterFieldsByName","options":{"include":{"pattern":"/^no/"}}}"#, ["node", "b", "a", "c"]),
        (#"{"id":"filterFieldsByName","options":{"exclude":{"names":["Time"]}}}"#, ["node|Value", "b|3", "a|1", "c|2"]),
        (
            #"{"id":"renameByRegex","options":{"regex":"/(V)al(ue)/","renamePattern":"$1-$2"}}"#,
            ["Time|node|V-ue", "@10|b|3", "@10|a|1", "@10|c|2"]
        ),
        (#"{"id":"reduce","options":{"reducers":["max","mean","lastNotNull"]}}"#, ["Field|Max|Mean|Last *", "node|-|-|c", "Value|3|2|2"]),
        (
            #"{"id":"reduce","options":{"reducers":["sum"],"mode":"reduceFields"}},{"id":"filterFieldsByName","options":{"include":{"names":["Value"]}}}"#,
            ["Value", "6"]
        ),
        (
            #"{"id":"calculateField","options":{"mode":"binary","binary":{"left":"Value","operator":"*","right":"10"},"alias":"ten"}}"#,
            ["Time|node|Value|ten", "@10|b|3|30", "@10|a|1|10", "@10|c|2|20"]
        ),
        (
            #"{"id":"calculateField","options":{"mode":"binary","binary":{"left":{"matcher":{"id":"byName","options":"Value"}},"operator":"-","right":{"fixed":"1"}},"replaceFields":true}}"#,
            ["Time|Value - 1", "@10|2", "@10|0", "@10|1"]
        ),
        (
            #"{"id":"calculateField","options":{"mode":"reduceRow","reduce":{"reducer":"sum"}}}"#,
            ["Time|node|Value|Total", "@10|b|3|3", "@10|a|1|1", "@10|c|2|2"]
        ),
        (
            #"{"id":"groupBy","options":{"fields":{"Time":{"operation":"groupby","aggregations":[]},"Value":{"operation":"aggregate","aggregations":["mean","max"]}}}}"#,
            ["Time|Value (mean)|Value (max)", "@10|2|3"]
        ),
        (#"{"id":"filterByRefId","options":{"include":"A|C"}}"#, ["Time|node|Value", "@10|b|3", "@10|a|1", "@10|c|2"]),
        (#"{"id":"filterByRefId","options":{"include":"B"}}"#, [""]),
        (#"{"id":"limit","disabled":true,"options":{"limitField":1}}"#, ["Time|node|Value", "@10|b|3", "@10|a|1", "@10|c|2"]),
        (
            #"{"id":"limit","filter":{"id":"byRefId","options":"B"},"options":{"limitField":1}}"#,
            ["Time|node|Value", "@10|b|3", "@10|a|1", "@10|c|2"]
        ),
    ]

    @Test("Transformations of one table", arguments: small)
    func transformation(_ transformation: String, _ expected: [String]) throws {
        let frame = try panel("A", transformations: transformation).frame(from: [answer("A", "node=b 3", "node=a 1", "node=c 2")])
        #expect(lines(frame) == expected)
    }

    @Test("labelsToFields: labels become columns, also with a label for the names of values")
    func labels() throws {
        let transformations = [
            (#"{"id":"labelsToFields","options":{}}"#, ["Time|datacenter|server|Value", "@10|east|a|1", "@10|west|b|2"]),
            (#"{"id":"labelsToFields","options":{"valueLabel":"server"}}"#, ["Time|datacenter|a|b", "@10|east|1|-", "@10|west|-|2"]),
            (#"{"id":"labelsToFields","options":{"keepLabels":["server"]}}"#, ["Time|server|Value", "@10|a|1", "@10|b|2"]),
        ]
        for (transformation, expected) in transformations {
            let frame = try panel("A", format: "time_series", transformations: transformation).frame(from: [
                answer("A", "server=a,datacenter=east 1", "server=b,datacenter=west 2")
            ])
            #expect(lines(frame) == expected)
        }
    }

    @Test("reduce: a row for each series, with its labels when they are wanted")
    func reduceSeries() throws {
        let plain = try panel(
            "A", format: "time_series", legend: "{{n}}", transformations: #"{"id":"reduce","options":{"reducers":["lastNotNull","max"]}}"#)
        #expect(lines(plain.frame(from: [answer("A", "n=a 1 5 2", "n=b 7 NaN")])) == ["Field|Last *|Max", "a|2|5", "b|7|7"])
        let labelled = try panel(
            "A", format: "time_series", transformations: #"{"id":"reduce","options":{"reducers":["mean"],"labelsToFields":true}}"#)
        #expect(lines(labelled.frame(from: [answer("A", "n=a 1 3", "m=b 7")])) == ["Field|n|m|Mean", "Value|a|-|2", "Value|-|b|7"])
    }

    /// Calculations over 4, none, 2, 8, NaN.
    static let calculations: [(String, String)] = [
        ("last", "NaN"), ("lastNotNull", "8"), ("first", "4"), ("firstNotNull", "4"), ("min", "2"), ("max", "8"),
        ("mean", "4.666666666666667"), ("sum", "14"), ("count", "4"),
        ("range", "6"), ("diff", "4"), ("delta", "8"), ("median", "4"), ("distinctCount", "4"), ("allIsNull", "0"), ("p95", "7.6"),
        ("stdDev", "2.494438257849294"), ("changeCount", "3"),
    ]

    @Test("Calculations", arguments: calculations)
    func calculation(_ name: String, _ expected: String) throws {
        let panel = try panel("A", format: "time_series", transformations: #"{"id":"reduce","options":{"reducers":["\#(name)"]}}"#)
        #expect(lines(panel.frame(from: [answer("A", "n=a 4 2 8 NaN")])).last?.split(separator: "|").last.map(String.init) == expected)
    }

    @Test("Overrides by name, pattern, type, query and names, the later over the earlier")
    func overrides() throws {
        func override(_ id: String, _ options: String, _ property: String, _ value: String) -> String {
            #"{"matcher":{"id":"\#(id)","options":\#(options)},"properties":[{"id":"\#(property)","value":\#(value)}]}"#
        }
        let config = [
            override("byType", #""number""#, "unit", #""bytes""#), override("byName", #""Host""#, "custom.width", "80"),
            override("byName", #""Value #A""#, "unit", #""s""#),
            override("byRegexp", #""/ostx?$/""#, "custom.align", #""left""#), override("byRegexp", #""Val""#, "min", "1"),
            override("byFrameRefID", #""B""#, "decimals", "2"),
            override("byNames", #"{"mode":"exclude","names":["Time"]}"#, "noValue", #""-""#),
            override("byName", #""Value #B""#, "displayName", #""${__field.name} of B""#),
        ].joined(separator: ",")
        let frame = try panel(
            "AB", transformations: #"{"id":"merge","options":{}},{"id":"organize","options":{"renameByName":{"n":"Host"}}}"#,
            fieldConfig: #"{"defaults":{"unit":"none","custom":{"align":"auto"}},"overrides":[\#(config)]}"#
        )
        .frame(from: [answer("A", "n=a 1"), answer("B", "n=a 2")])
        #expect(frame.fields.map(\.title) == ["Time", "Host", "Value #A", "Value #B of B"])
        #expect(frame.fields.map { $0.config["unit"]?.text } == [nil, "none", "s", "bytes"])
        #expect(frame.fields.map { $0.config.at("custom.align")?.text } == ["auto", "left", "auto", "auto"])
        #expect(frame.fields[1].config.at("custom.width")?.number == 80)
        #expect(frame.fields.map { $0.config["decimals"]?.integer } == [nil, nil, nil, 2])
        #expect(frame.fields.map { $0.config["noValue"]?.text } == [nil, "-", "-", "-"])
        #expect(frame.fields.allSatisfy { $0.config["min"] == nil })
    }

    @Test("A failed query is said, the others are shown")
    func failure() throws {
        let frame = try panel("AB", transformations: Self.values).frame(from: [
            TargetAnswer(ref: "A", failure: "parse error"), answer("B", "n=a 2"),
        ])
        #expect(frame.problems.map(\.ref) == ["A"])
        #expect(frame.problems.map(\.message) == ["parse error"])
        #expect(lines(frame) == ["Time|n|Value #B", "@10|a|2"])
    }

    @Test("Answers of Prometheus are read")
    func reading() throws {
        func read(_ json: String) throws -> TargetAnswer {
            try JSONDocument(parsing: Array(json.utf8)).withRoot { TargetAnswer(ref: "A", answer: $0) }
        }
        let vector = try read(
            #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"n":"a"},"value":[1700000000.5,"1.5"]},{"metric":{},"value":[1,"NaN"]}]}}"#
        )
        #expect(vector.series[0].times == [1_700_000_000.5] && vector.series[0].values == [1.5])
        #expect(vector.series[1].values[0].isNaN)
        let matrix = try read(
            #"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"n":"a"},"values":[[1,"1"],[2,"+Inf"],[3,"-Inf"],[4],["x","y"],null]}]}}"#
        )
        #expect(matrix.series[0].values == [1, .infinity, -.infinity])
        #expect(try read(#"{"status":"success","data":{"resultType":"scalar","result":[1,"2"]}}"#).series[0].values == [2])
        #expect(try read(#"{"status":"error","error":"bad"}"#).failure == "bad")
        #expect(try read("[]").failure == "the answer is not one of Prometheus")
        #expect(try read(#"{"status":"success","data":{"resultType":"vector","result":[1,{},{"metric":3,"value":{}}]}}"#).series.count == 3)
    }

    @Test("The page's JSON of a frame")
    func writing() throws {
        let frame = try panel("A", fieldConfig: #"{"defaults":{"unit":"s"}}"#).frame(from: [answer("A", "n=a 1.5", "n=b NaN")])
        var json = JSONWriter()
        frame.write(into: &json)
        #expect(
            String(decoding: json.bytes, as: UTF8.self)
                == #"{"fields":[{"name":"Time","key":"Time","type":"time","ref":"A","labels":{},"config":{},"values":[10000,10000]},{"name":"n","key":"n","type":"string","ref":"A","labels":{},"config":{"unit":"s"},"values":["a","b"]},{"name":"Value","key":"Value","type":"number","ref":"A","labels":{},"config":{"unit":"s"},"values":[1.5,"NaN"]}],"length":2,"problems":[],"truncated":false}"#
        )
    }

    private func csv(_ frame: PanelFrame) -> String { frame.csv.map { String(decoding: $0, as: UTF8.self) }.joined() }

    @Test("CSV by RFC 4180; formulas are no formulas; numbers stay numbers")
    func csvText() throws {
        let field = [#"a"b"#, "a,b", "a\r\nb", "=1+1", "+1", "-1", "@x", "\tx", " =1", "", "ü", " x"].enumerated().map {
            SeriesAnswer(labels: [.init("n", $0.element), .init("i", "\($0.offset)")], times: [1.5], values: [-1])
        }
        let frame = try panel("A", transformations: #"{"id":"organize","options":{"excludeByName":{"i":true},"renameByName":{"n":"=N"}}}"#)
            .frame(from: [TargetAnswer(ref: "A", series: field)])
        let time = "1970-01-01T00:00:01.500Z"
        #expect(
            csv(frame).split(separator: "\r\n\(time)", omittingEmptySubsequences: false).map(String.init) == [
                "Time,'=N,Value", #","a""b",-1"#, #","a,b",-1"#, ",\"a\r\nb\",-1", ",'=1+1,-1", ",'+1,-1", ",'-1,-1", ",'@x,-1",
                ",\"'\tx\",-1",
                ",' =1,-1", ",,-1", ",ü,-1", ",\" x\",-1\r\n",
            ])
    }

    /// What stands in the cell of a text, and what for.
    static let formulas: [(text: String, cell: String)] = [
        ("a;=1+1", "\"a;'=1+1\""), ("a\t=1", "\"a\t'=1\""), ("a|@x", "\"a|'@x\""), ("a\n -1", "\"a\n' -1\""), ("a; ;+1", "\"a; ;'+1\""),
        ("a;\u{A0}=1", "\"a;'\u{A0}=1\""), ("\u{A0}=1", "'\u{A0}=1"), ("\u{FEFF}=1", "'\u{FEFF}=1"), ("\u{3000} =1", "'\u{3000} =1"),
        ("\u{FF1D}1", "'\u{FF1D}1"), ("\u{FF0B}1", "'\u{FF0B}1"), ("\u{FF0D}1", "'\u{FF0D}1"), ("\u{FF20}x", "'\u{FF20}x"),
        ("a;b", "\"a;b\""), ("a=1", "a=1"), ("a -b", "a -b"), ("x,-1", "\"x,-1\""),
    ]

    @Test("No formula stands behind what some spreadsheet takes for the end of a cell", arguments: formulas)
    func csvFormula(_ text: String, _ cell: String) throws {
        let frame = try panel("A").frame(from: [
            TargetAnswer(ref: "A", series: [SeriesAnswer(labels: [.init("n", text)], times: [1], values: [1])])
        ])
        #expect(csv(frame) == "Time,n,Value\r\n1970-01-01T00:00:01.000Z,\(cell),1\r\n")
    }

    @Test("A time has the panel's unit only when that is one of dates")
    func timeUnit() throws {
        func units(_ unit: String) throws -> [String?] {
            try panel("A", fieldConfig: #"{"defaults":{"unit":"\#(unit)"}}"#).frame(from: [answer("A", "n=a 1")]).fields.map {
                $0.config["unit"]?.text
            }
        }
        #expect(try units("bytes") == [nil, "bytes", "bytes"])
        #expect(try units("dateTimeAsIso") == ["dateTimeAsIso", "dateTimeAsIso", "dateTimeAsIso"])
        #expect(try units("time:YYYY") == ["time:YYYY", "time:YYYY", "time:YYYY"])
    }

    @Test("CSV comes in pieces")
    func csvChunks() throws {
        let series = SeriesAnswer(labels: [], times: (0..<10_000).map(Double.init), values: (0..<10_000).map(Double.init))
        let frame = try panel("A", type: "timeseries", format: "time_series").frame(from: [TargetAnswer(ref: "A", series: [series])])
        let chunks = Array(frame.csv)
        #expect(chunks.count > 10)
        #expect(chunks.allSatisfy { $0.count < 18 << 10 })
        #expect(csv(frame).split(separator: "\r\n").count == 10_001)
        #expect(csv(PanelFrame(frame: Frame(), problems: [], isTruncated: false)) == "")
    }
}
