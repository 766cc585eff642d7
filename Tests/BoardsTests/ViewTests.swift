import Boards
import JSON
import Testing

/// A board's view, with variables that ask nobody.
func view(
    _ json: String, from: String = "1700000000000", to: String = "1700021600000", width: Int = 1280, chosen: [String: [String]] = [:],
    limits: BoardLimits = BoardLimits()
) throws -> BoardView {
    let board = try board(json)
    var query = try #require(BoardQuery(from: from, to: to, nowMilliseconds: 1_700_021_600_000, width: width))
    (query.chosen, query.limits) = (chosen, limits)
    return BoardView(board: board, query: query, variables: VariableChain(board: board, query: query))
}

/// A board of panels.
func panels(_ panels: String, variables: String = "") -> String {
    #"{"title":"t","uid":"u","panels":[\#(panels)],"templating":{"list":[\#(variables)]}}"#
}

@Suite("The board, resolved")
struct ViewTests {
    private static let nodes = #"{"name":"node","type":"custom","query":"a,b,c,d,e","multi":true,"includeAll":true}"#

    private func places(_ view: BoardView) -> [String] {
        view.panels.map { "\($0.key) \($0.place.x),\($0.place.y) \($0.place.width)x\($0.place.height)" }
    }

    @Test("Repeats side by side: as many in a row as there may be, what is below moves down")
    func horizontal() throws {
        let json = panels(
            #"""
            {"id":1,"type":"stat","repeat":"node","maxPerRow":3,"title":"$node","gridPos":{"x":0,"y":0,"w":24,"h":4}},
            {"id":2,"type":"stat","gridPos":{"x":0,"y":4,"w":12,"h":4}}
            """#, variables: Self.nodes)
        #expect(try places(view(json)) == ["1-1 0,0 8x4", "1-2 8,0 8x4", "1-3 16,0 8x4", "1-4 0,4 8x4", "1-5 8,4 8x4", "2 0,8 12x4"])
        let few = try view(json, chosen: ["node": ["b", "z"]])
        #expect(places(few) == ["1-1 0,0 12x4", "1-2 12,0 12x4", "2 0,4 12x4"])
        #expect(few.panels.map(\.title) == ["b", "z", ""])
    }

    @Test("Repeats below each other stay in their columns")
    func vertical() throws {
        let json = panels(
            #"""
            {"id":1,"type":"stat","repeat":"node","repeatDirection":"v","gridPos":{"x":0,"y":0,"w":6,"h":3}},
            {"id":2,"type":"stat","gridPos":{"x":6,"y":0,"w":18,"h":4}},{"id":3,"type":"stat","gridPos":{"x":0,"y":4,"w":24,"h":1}}
            """#, variables: Self.nodes)
        #expect(try places(view(json, chosen: ["node": ["a", "b"]])) == ["1-1 0,0 6x3", "1-2 0,3 6x3", "2 6,0 18x4", "3 0,6 24x1"])
    }

    @Test("Rows are repeated with what stands in them, which sees its own value")
    func rows() throws {
        let json = panels(
            #"""
            {"id":1,"type":"row","title":"Host $node","repeat":"node","gridPos":{"x":0,"y":0,"w":24,"h":1},"collapsed":true,
             "panels":[{"id":2,"type":"timeseries","title":"$node","gridPos":{"x":0,"y":1,"w":12,"h":5},"targets":[{"refId":"A","expr":"x{n=~\"$node\"}"}]}]},
            {"id":3,"type":"stat","gridPos":{"x":0,"y":7,"w":24,"h":2}}
            """#, variables: Self.nodes)
        let found = try view(json, chosen: ["node": ["a.1", "b"]])
        #expect(places(found) == ["1-1 0,0 24x1", "2-1 0,1 12x5", "1-2 0,6 24x1", "2-2 0,7 12x5", "3 0,12 24x2"])
        #expect(found.panels.map(\.row) == [nil, "1-1", nil, "1-2", nil])
        #expect(found.panels.map(\.title) == ["Host a.1", "a.1", "Host b", "b", ""])
        #expect(found.panels.map(\.isCollapsed) == [true, false, true, false, false])
        #expect(found.panels[1].targets[0].expression == #"x{n=~"a\\.1"}"#)
        #expect(found.panel("2-2")?.targets[0].expression == #"x{n=~"b"}"#)
    }

    @Test("A repeat for what is not there, or has no values, says so")
    func noRepeat() throws {
        let found = try view(
            panels(
                #"{"id":1,"type":"stat","repeat":"gone"},{"id":2,"type":"stat","repeat":"none"}"#,
                variables: #"{"name":"none","type":"custom","query":""}"#))
        #expect(found.panels.map(\.key) == ["1", "2"])
        #expect(found.panels[0].problems == ["it is to be repeated for gone, which is no variable"])
        #expect(found.panels[1].problems == ["it is to be repeated for none, which has no values"])
    }

    /// Page width, panel width in columns, more of the panel, range in hours: step and rate in the expression.
    static let steps: [(width: Int, columns: Int, panel: String, target: String, hours: Int, step: Double, text: String)] = [
        (1280, 24, "", "", 6, 30, "30s 2m"), (1280, 12, "", "", 6, 30, "30s 2m"), (1280, 6, "", "", 6, 60, "1m 2m"),
        (1280, 24, "", "", 24, 60, "1m 2m"), (1280, 24, "", "", 168, 600, "10m 10m30s"),
        (390, 6, "", "", 6, 60, "1m 2m"), (1280, 24, #""interval":"5m","#, "", 6, 300, "5m 5m30s"),
        (1280, 24, #""maxDataPoints":10,"#, "", 6, 1_800, "30m 30m30s"),
        (1280, 24, "", #""interval":"2m","#, 6, 120, "2m 8m"), (1280, 24, "", #""interval":"1s","#, 1, 2, "2s 4s"),
        (1280, 24, "", #""intervalFactor":2,"#, 6, 60, "1m 2m"),
    ]

    @Test("Steps follow the width, what is scraped, and what the panel says", arguments: steps)
    func step(_ width: Int, _ columns: Int, _ panel: String, _ target: String, _ hours: Int, _ step: Double, _ text: String) throws {
        let json = panels(
            #"{"id":1,"type":"timeseries",\#(panel)"gridPos":{"x":0,"y":0,"w":\#(columns),"h":8},"targets":[{"refId":"A",\#(target)"expr":"$__interval $__rate_interval"}]}"#
        )
        let found = try view(json, from: "\(1_700_021_600_000 - hours * 3_600_000)", width: width).panels[0].targets[0]
        #expect(found.step == step)
        #expect(found.expression == text)
        #expect(found.start.truncatingRemainder(dividingBy: step) == 0)
        #expect(found.end.truncatingRemainder(dividingBy: step) == 0)
        #expect(found.end <= 1_700_021_600 && found.end > 1_700_021_600 - step)
    }

    @Test("Instant queries are all asked for the same moment, that of the range queries beside them")
    func instants() throws {
        let found = try view(
            panels(
                #"""
                {"id":1,"type":"table","targets":[{"refId":"A","expr":"a","instant":true,"range":false},{"refId":"B","expr":"b","instant":true,"interval":"7m"}]},
                {"id":2,"type":"timeseries","targets":[{"refId":"A","expr":"a","instant":true},{"refId":"B","expr":"b","range":true,"instant":false}]}
                """#), to: "1700021607000")
        #expect(found.panels[0].targets.map(\.isInstant) == [true, true])
        #expect(found.panels[0].targets.map(\.end) == [1_700_021_600, 1_700_021_600])
        #expect(found.panels[1].targets.map(\.isInstant) == [true, false])
        #expect(found.panels[1].targets[0].end == found.panels[1].targets[1].end)
    }

    @Test("A panel may have a range of its own")
    func ownTime() throws {
        let found = try view(
            panels(
                #"""
                {"id":1,"type":"stat","timeFrom":"1h","targets":[{"refId":"A","expr":"x[$__range]"}]},{"id":2,"type":"stat","timeShift":"1d","targets":[{"refId":"A","expr":"x"}]},
                {"id":3,"type":"stat","timeFrom":"sometime","targets":[{"refId":"A","expr":"x"}]}
                """#))
        #expect(found.panels[0].targets[0].expression == "x[3600s]")
        #expect(found.panels[0].end - found.panels[0].start == 3600)
        #expect(
            found.panels[1].end == 1_700_021_600 - 86_400
                - (1_700_021_600.0).truncatingRemainder(dividingBy: found.panels[1].targets[0].step))
        #expect(found.panels[2].problems == ["its own time sometime cannot be read"])
    }

    static let urls: [(String, String?)] = [
        ("/d/x?var-node=$node", "/d/x?var-node=%24__all"), ("https://example.org/?q=${node:raw}", "https://example.org/?q=a,b,c,d,e"),
        ("d/x", "d/x"), ("?viewPanel=1", "?viewPanel=1"),
        ("javascript:alert(1)", nil), ("JaVaScRiPt:alert(1)", nil), ("java\\nscript:alert(1)", nil), (" javascript:alert(1)", nil),
        ("data:text/html,x", nil), ("vbscript:x", nil), ("$node:alert(1)", nil),
        ("${__data.fields.url}", nil), ("java${__value.raw}", nil), ("mailto:x@example.org", nil), ("", nil), ("&#106;avascript:x", nil),
        (
            "/d/x?u=${__data.fields.a}&${__url_time_range}&${__all_variables}",
            "/d/x?u=${__data.fields.a}&${__url_time_range}&${__all_variables}"
        ), ("//example.org", "//example.org"), ("/\\\\example.org", "//example.org"),
    ]

    @Test("Addresses that lead into a script are left out, wherever they stand", arguments: urls)
    func addresses(_ source: String, _ expected: String?) throws {
        let link = #"{"title":"of $node","url":"\#(source)","targetBlank":true}"#
        let json = #"""
            {"title":"t","templating":{"list":[\#(Self.nodes)]},"links":[{"type":"link","title":"l","url":"\#(source)"}],
            "panels":[{"id":1,"type":"table","links":[\#(link)],"fieldConfig":{"defaults":{"links":[\#(link)]},"overrides":[{"matcher":{"id":"byName","options":"a"},"properties":[{"id":"links","value":[\#(link)]}]}]}}]}
            """#
        let found = try view(json)
        let panel = found.panels[0]
        let all = [
            found.links.first?.url, panel.links.first?["url"]?.text, panel.defaults["links"]?.elements.first?["url"]?.text,
            panel.overrides[0].properties[0].value.elements.first?["url"]?.text,
        ]
        #expect(all == [expected, expected, expected, expected])
        if expected != nil {
            #expect(panel.links[0]["title"]?.text == "of All")
            #expect(panel.links[0]["newTab"]?.flag == true)
        }
    }

    @Test("Links of the board carry what is chosen")
    func links() throws {
        let json = #"""
            {"title":"t","templating":{"list":[\#(Self.nodes),{"name":"c","type":"constant","query":"x"}]},"panels":[],
            "links":[{"type":"link","title":"a","url":"/d/a","includeVars":true,"keepTime":true},{"type":"link","title":"b","url":"/d/b?x=1","includeVars":true,"targetBlank":true},{"type":"dashboards","tags":["m"],"title":"c"}]}
            """#
        let found = try view(json, chosen: ["node": ["a", "b c"]])
        #expect(found.links.map(\.url) == ["/d/a?var-node=a&var-node=b%20c", "/d/b?x=1&var-node=a&var-node=b%20c", ""])
        #expect(found.links.map(\.keepTime) == [true, false, false])
        #expect(found.links.map(\.newTab) == [false, true, false])
        #expect(found.links[2].tags == ["m"])
    }

    @Test("What people read is filled in, mappings and thresholds stay as they stand")
    func words() throws {
        let found = try view(
            panels(
                #"""
                {"id":1,"type":"text","title":"On $node","description":"of ${node:csv}","options":{"mode":"markdown","content":"# $node <b>"}},
                {"id":2,"type":"stat","fieldConfig":{"defaults":{"displayName":"$node ${__field.labels.a}","noValue":"none of $node","mappings":[{"type":"value","options":{"$node":{"text":"$1","color":"red"}}}],"thresholds":{"mode":"absolute","steps":[{"color":"green","value":null},{"color":"red","value":0.9}]}},"overrides":[]}}
                """#, variables: #"{"name":"node","type":"custom","query":"a,b"}"#))
        #expect(found.panels[0].title == "On a")
        #expect(found.panels[0].description == "of a")
        #expect(found.panels[0].options["content"]?.text == "# a <b>")
        #expect(found.panels[1].defaults["displayName"]?.text == "a ${__field.labels.a}")
        #expect(found.panels[1].defaults["noValue"]?.text == "none of a")
        #expect(found.panels[1].defaults["mappings"]?.elements[0].at("options.$node.text")?.text == "$1")
        var json = JSONWriter()
        found.panels[1].defaults.write(into: &json)
        #expect(
            String(decoding: json.bytes, as: UTF8.self).contains(#""steps":[{"color":"green","value":null},{"color":"red","value":0.9}]"#))
    }

    @Test("A number that shows a label of a table is drawn from the table")
    func columnOfTable() throws {
        let found = try view(
            panels(
                #"""
                {"id":1,"type":"stat","options":{"reduceOptions":{"fields":"/^product$/"}},"targets":[{"refId":"A","expr":"x","format":"table","instant":true}]},
                {"id":2,"type":"stat","options":{"reduceOptions":{"fields":""}},"targets":[{"refId":"A","expr":"x","format":"table","instant":true}]}
                """#))
        #expect(found.panels.map(\.isTable) == [true, false])
    }

    @Test("Annotations are queries with a step")
    func annotations() throws {
        let found = try view(
            #"""
            {"title":"t","panels":[],"annotations":{"list":[{"builtIn":1,"type":"dashboard","name":"x"},{"name":"Reboots","datasource":{"type":"prometheus","uid":"p"},"enable":false,"iconColor":"red","expr":"changes(x[$__rate_interval])","step":"60s","titleFormat":"R","textFormat":"{{node}}"},{"name":"Other","datasource":{"type":"influxdb","uid":"p"},"query":"x"},{"name":"Boots","expr":"x","useValueForTime":"on"}]}}
            """#)
        #expect(found.annotations.count == 1)
        #expect(found.annotations[0].expression == "changes(x[2m])")
        #expect(found.annotations[0].step == 60)
        #expect(!found.annotations[0].isEnabled)
        #expect(
            found.problems == [
                "the annotation Other asks a data source that is not supported",
                "the annotation Boots takes its times from values, which is not supported",
            ])
    }

    @Test("The page's JSON has what the page counts on")
    func writing() throws {
        let found = try view(
            panels(
                #"{"id":7,"type":"timeseries","title":"CPU","gridPos":{"x":0,"y":1,"w":12,"h":8},"targets":[{"refId":"A","expr":"up","legendFormat":"{{node}}"}]}"#,
                variables: Self.nodes))
        var json = JSONWriter()
        found.write(into: &json)
        let text = String(decoding: json.bytes, as: UTF8.self)
        #expect(
            text.hasPrefix(
                #"{"uid":"u","title":"t","description":"","tags":[],"refresh":"","timezone":"browser","graphTooltip":0,"from":1700000000000,"to":1700021600000,"time":null,"problems":[],"links":[],"#
            ))
        #expect(
            text.contains(
                #"{"name":"node","label":"node","type":"custom","multi":true,"includeAll":true,"hidden":false,"options":[{"text":"All","value":"$__all"},{"text":"a","value":"a"},"#
            ))
        #expect(text.contains(#""current":["$__all"],"problem":null}]"#))
        #expect(
            text.contains(
                #"{"key":"7","id":7,"type":"timeseries","title":"CPU","description":"","x":0,"y":0,"w":12,"h":8,"row":null,"supported":true,"problems":[],"noQuery":false,"targets":[{"ref":"A","expr":"up","step":30,"start":1699999980,"end":1700021580,"instant":false,"legend":"{{node}}","format":"time_series","source":"prometheus","hidden":false}],"start":1699999980,"end":1700021580,"table":false,"defaults":{},"overrides":[],"options":{},"links":[]}"#
            ))
    }

    @Test("Names of files have nothing that a header or a file system minds")
    func fileName() throws {
        let found = try view(#"{"title":"../x\r\nSet-Cookie: a","panels":[{"id":1,"type":"stat","title":"CPU \"p95\"/ü"}]}"#)
        #expect(found.panels[0].fileName == "x Set-Cookie a - CPU p95.csv")
    }
}
