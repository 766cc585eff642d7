import Boards
import JSON
import Testing

@Suite("Panels of old boards")
struct LegacyTests {
    private func panel(_ json: String) throws -> BoardPanel { try board(panels(json)).panels[0] }

    private func written(_ tree: JSONTree?) -> String {
        var json = JSONWriter()
        tree?.write(into: &json)
        return String(decoding: json.bytes, as: UTF8.self)
    }

    /// Overrides as text: `byName a: custom.fillOpacity=10 unit="s"`.
    private func overrides(_ panel: BoardPanel) -> [String] {
        panel.overrides.map { override in
            "\(override.matcher) \(override.matcherOptions.text ?? ""): "
                + override.properties.map { "\($0.id)=\(written($0.value))" }.joined(separator: " ")
        }
    }

    // MARK: graph

    private func graph(_ members: String) throws -> BoardPanel { try panel(#"{"type":"graph",\#(members)}"#) }

    @Test("Lines, bars, points, and what they look like")
    func lines() throws {
        func custom(_ members: String, _ name: String) throws -> String { written(try graph(members).defaults.at("custom.\(name)")) }
        #expect(try custom(#""lines":true"#, "drawStyle") == #""line""# && custom(#""lines":true"#, "fillOpacity") == "10")
        #expect(try custom(#""lines":false,"points":true,"pointradius":5"#, "drawStyle") == #""points""#)
        #expect(try custom(#""lines":false,"points":true,"pointradius":5"#, "pointSize") == "12")
        #expect(
            try custom(#""lines":true,"points":true"#, "showPoints") == #""always""#
                && custom(#""lines":true"#, "showPoints") == #""never""#)
        #expect(try custom(#""bars":true,"lines":false,"fill":1"#, "drawStyle") == #""bars""#)
        #expect(try custom(#""lines":false"#, "lineWidth") == "0" && custom(#""linewidth":3"#, "lineWidth") == "3")
        #expect(try custom(#""stack":true,"percentage":true"#, "stacking.mode") == #""percent""#)
        #expect(try custom(#""steppedLine":true"#, "lineInterpolation") == #""stepAfter""#)
        #expect(try custom(#""dashes":true,"dashLength":4"#, "lineStyle") == #"{"fill":"dash","dash":[4,10]}"#)
        #expect(try custom(#""nullPointMode":"connected""#, "spanNulls") == "true")
    }

    @Test("The legend's numbers, order and place; the tooltip")
    func legend() throws {
        let found = try graph(
            #""legend":{"show":true,"values":true,"alignAsTable":true,"rightSide":true,"sideWidth":200,"min":true,"avg":true,"current":true,"max":true,"total":true,"sort":"current","sortDesc":true},"tooltip":{"shared":false,"sort":2}"#
        )
        #expect(
            written(found.options)
                == #"{"tooltip":{"mode":"single","sort":"desc"},"legend":{"showLegend":true,"displayMode":"table","placement":"right","width":200,"calcs":["min","max","mean","lastNotNull","sum"],"sortBy":"Last *","sortDesc":true}}"#
        )
        #expect(found.problems == [])
        let bare = try graph(#""legend":{"show":false,"values":false,"avg":true}"#)
        #expect(written(bare.options.at("legend.calcs")) == "[]" && bare.options.at("legend.showLegend")?.flag == false)
    }

    @Test("Axes: unit, bounds, label, logarithm; a second one for the series on it")
    func axes() throws {
        let found = try graph(
            #""yaxes":[{"format":"Bps","label":"in","logBase":10,"max":null,"min":"0"},{"format":"percentunit","label":null,"logBase":1,"max":"1","min":"0"}],"seriesOverrides":[{"alias":"Total","yaxis":2}]"#
        )
        #expect(found.defaults["unit"]?.text == "Bps" && found.defaults["min"]?.number == 0 && found.defaults["max"] == nil)
        #expect(written(found.defaults.at("custom.scaleDistribution")) == #"{"type":"log","log":10}"#)
        #expect(found.defaults.at("custom.axisLabel")?.text == "in")
        #expect(overrides(found) == [#"byName Total: custom.axisPlacement="right" unit="percentunit" min=0 max=1"#])
        let oldest = try graph(#""y_formats":["bytes","short"],"leftYAxisLabel":"l","grid":{"leftMin":0,"leftMax":"9"}"#)
        #expect(oldest.defaults["unit"]?.text == "bytes" && oldest.defaults["max"]?.number == 9)
        #expect(oldest.defaults.at("custom.axisLabel")?.text == "l")
        #expect(try graph(#""yaxes":[{"show":false}]"#).defaults.at("custom.axisPlacement")?.text == "hidden")
    }

    @Test("Series of their own looks, by name and by pattern, and colours")
    func series() throws {
        let found = try graph(
            ##""aliasColors":{"Total":"#000000"},"seriesOverrides":[{"alias":"/Sent/","transform":"negative-Y"},{"alias":"Total","fill":0,"linewidth":3,"color":"#BF1B00","stack":false,"zindex":2},{"alias":"P","lines":false,"points":true},{"alias":"B","bars":true,"stack":"C","dashes":true,"legend":false},{"alias":""},{"alias":"/(a+)+/","fill":1}]"##
        )
        #expect(
            overrides(found) == [
                ##"byName Total: color={"mode":"fixed","fixedColor":"#000000"}"##, #"byRegexp /Sent/: custom.transform="negative-Y""#,
                ##"byName Total: custom.fillOpacity=0 custom.lineWidth=3 color={"mode":"fixed","fixedColor":"#BF1B00"} custom.stacking={"mode":"none"}"##,
                #"byName P: custom.lineWidth=0 custom.drawStyle="points""#,
                #"byName B: custom.drawStyle="bars" custom.stacking={"mode":"normal","group":"C"} custom.lineStyle={"fill":"dash","dash":[10,10]} custom.hideFrom={"legend":true,"viz":false,"tooltip":false}"#,
            ])
        #expect(found.problems == ["the pattern /(a+)+/ could keep a browser busy; its override is left out"])
    }

    @Test("Thresholds above and below")
    func thresholds() throws {
        func steps(_ thresholds: String) throws -> String {
            written(try graph(#""thresholds":[\#(thresholds)]"#).defaults.at("thresholds.steps"))
        }
        let above = #"{"value":0.8,"op":"gt","fill":true,"line":true,"colorMode":"critical"}"#
        #expect(try steps(above) == #"[{"color":"transparent","value":null},{"color":"red","value":0.8}]"#)
        #expect(try graph(#""thresholds":[\#(above)]"#).defaults.at("custom.thresholdsStyle.mode")?.text == "line+area")
        #expect(
            try steps(#"{"value":5,"op":"lt","line":true,"colorMode":"warning"},{"value":2,"op":"lt","colorMode":"critical"}"#)
                == #"[{"color":"red","value":null},{"color":"orange","value":2},{"color":"transparent","value":5}]"#)
        #expect(
            try graph(#""thresholds":[\#(above),{"value":1,"op":"lt"}]"#).problems == [
                "the old panel graph is drawn as a time series, without its thresholds of several kinds"
            ])
    }

    @Test("What is lost is named, and what is not is no problem")
    func lost() throws {
        #expect(
            try graph(
                #""nullPointMode":"null as zero","xaxis":{"mode":"histogram"},"legend":{"hideZero":true},"seriesOverrides":[{"alias":"a","magic":1},{"alias":"b","magic":1}],"yaxis":{"align":true}"#
            ).problems == [
                "the old panel graph is drawn as a time series, without its zeros for what lacks, axis as a histogram, alignment of axes, legend without series of zeros, override magic of series"
            ])
        let common = try graph(
            #""bars":false,"dashLength":10,"dashes":false,"fieldConfig":{"defaults":{"custom":{}},"overrides":[]},"fill":1,"fillGradient":0,"hiddenSeries":false,"nullPointMode":"null","options":{"alertThreshold":true},"percentage":false,"renderer":"flot","spaceLength":10,"thresholds":[],"timeRegions":[],"xaxis":{"mode":"time","show":true,"values":[]},"yaxis":{"align":false,"alignLevel":null}"#
        )
        #expect(common.problems == [] && common.type == "timeseries")
    }

    @Test("A graph by series is bars")
    func bySeries() throws {
        let found = try graph(
            #""xaxis":{"mode":"series","values":["current"]},"bars":true,"yaxes":[{"format":"Bps"}],"legend":{"show":true}"#)
        #expect(found.type == "bargauge" && found.defaults["unit"]?.text == "Bps")
        #expect(written(found.options.at("reduceOptions.calcs")) == #"["lastNotNull"]"#)
        #expect(found.problems == ["the old panel graph by series is drawn as a bar gauge"])
    }

    // MARK: the others

    @Test("A single number as a gauge or a stat has nothing to complain about")
    func singleStat() throws {
        let gauge = try panel(
            ##"{"type":"singlestat","format":"percent","colors":["#299c46","orange","#d44a3a"],"thresholds":"50,80","gauge":{"show":true,"minValue":0,"maxValue":100,"thresholdLabels":true},"colorValue":true,"sparkline":{"show":true}}"##
        )
        #expect(gauge.problems == [] && gauge.type == "gauge" && gauge.defaults["max"]?.number == 100)
        #expect(gauge.options["colorMode"] == nil && gauge.options["graphMode"] == nil)
        let stat = try panel(
            #"{"type":"singlestat","prefix":"~","postfix":"","mappingType":2,"rangeMaps":[{"from":"0","to":"1","text":"low"},{"from":"null","to":"null","text":"none"}],"tableColumn":"a.b","valueName":"total"}"#
        )
        #expect(stat.problems == ["the old panel singlestat is drawn as a stat, without its prefix"])
        #expect(
            written(stat.defaults["mappings"])
                == #"[{"type":"range","options":{"from":0,"to":1,"result":{"text":"low"}}},{"type":"special","options":{"match":"null","result":{"text":"none"}}}]"#
        )
        #expect(stat.options.at("reduceOptions.fields")?.text == #"/^a\.b$/"# && stat.options.at("reduceOptions.calcs")?.texts == ["sum"])
    }

    @Test("Styles of an old table: the first that fits holds")
    func table() throws {
        let found = try panel(
            #"{"type":"table","styles":[{"pattern":"Time","type":"date","alias":"When"},{"pattern":"/Value #A/","type":"number","unit":"bytes","decimals":1,"colorMode":"cell","thresholds":["1","2"],"colors":["a","b","c"],"link":true,"linkUrl":"/d/x?v=$__cell","linkTooltip":"t"},{"pattern":"job","type":"hidden"},{"pattern":"/.*/","type":"number","unit":"short"},{"pattern":"late","type":"hidden"}],"targets":[{"expr":"x","refId":"A","format":"table"},{"expr":"y","refId":"B","format":"table"}]}"#
        )
        #expect(found.problems == [])
        #expect(found.defaults["unit"]?.text == "short" && found.transformations.map(\.id) == ["merge"])
        #expect(
            overrides(found) == [
                "byName job: custom.hidden=true",
                #"byRegexp /Value #A/: unit="bytes" decimals=1 custom.cellOptions={"type":"color-background"} thresholds={"mode":"absolute","steps":[{"color":"a","value":null},{"color":"b","value":1},{"color":"c","value":2}]} links=[{"title":"t","url":"/d/x?v=${__value.raw}","targetBlank":false}]"#,
                #"byName Time: displayName="When" unit="time: YYYY-MM-DD HH:mm:ss""#,
            ])
        let aggregated = try panel(
            #"{"type":"table-old","transform":"timeseries_aggregations","columns":[{"text":"Avg","value":"avg"},{"value":"current"}],"styles":[{"pattern":"a","colorMode":"row","link":true,"linkUrl":"/x?$__cell_2"}]}"#
        )
        #expect(written(aggregated.transformations[0].options) == #"{"reducers":["mean","lastNotNull"]}"#)
        #expect(
            aggregated.problems == [
                "the old panel table is drawn as a table, without its colours of whole rows, links to what other columns say"
            ])
    }

    @Test("An old table that hides all columns without a style of their own shows those with one")
    func hidden() throws {
        let found = try panel(
            #"{"type":"table","styles":[{"pattern":"osd","type":"string","alias":"OSD"},{"pattern":"job","type":"hidden"},{"pattern":"/.*/","type":"hidden"}]}"#
        )
        #expect(written(found.defaults) == #"{"custom":{"hidden":true}}"#)
        #expect(overrides(found) == ["byName job: custom.hidden=true", #"byName osd: displayName="OSD" custom.hidden=false"#])
    }

    @Test("An old heatmap counts, unless what it is given are buckets")
    func heatmap() throws {
        #expect(try panel(#"{"type":"heatmap","dataFormat":"timeseries"}"#).options["calculate"]?.flag == true)
        #expect(try panel(#"{"type":"heatmap","options":{}}"#).options["calculate"]?.flag == true)
        #expect(try panel(#"{"type":"heatmap","dataFormat":"tsbuckets"}"#).options["calculate"] == nil)
        #expect(try panel(#"{"type":"heatmap","options":{"cellGap":2}}"#).options["calculate"] == nil)
    }

    @Test("Text from before options; one without any says so")
    func text() throws {
        let old = try panel(##"{"type":"text","mode":"markdown","content":"# a $v"}"##)
        #expect(old.options["content"]?.text == "# a $v" && old.options["mode"]?.text == "markdown" && old.problems == [])
        #expect(try panel(#"{"type":"text","mode":"text","content":"a"}"#).options["mode"]?.text == "code")
        #expect(try panel(#"{"type":"text","content":"old","options":{"mode":"html","content":"new"}}"#).options["content"]?.text == "new")
        #expect(try panel(#"{"type":"text"}"#).problems == ["it has no text"])
        #expect(try panel(#"{"type":"text","options":{"content":""}}"#).problems == [])
    }

    @Test("A pie is drawn as bars, with its colours")
    func pie() throws {
        let old = try panel(
            ##"{"type":"grafana-piechart-panel","valueName":"current","format":"bytes","pieType":"donut","aliasColors":{"a":"#fff"}}"##)
        #expect(old.type == "bargauge" && old.problems == ["the pie chart is drawn as a bar gauge"])
        #expect(old.defaults["unit"]?.text == "bytes" && old.options.at("reduceOptions.calcs")?.texts == ["lastNotNull"])
        #expect(overrides(old) == [##"byName a: color={"mode":"fixed","fixedColor":"#fff"}"##])
        let new = try panel(
            #"{"type":"piechart","options":{"reduceOptions":{"calcs":["sum"],"fields":"","values":false},"pieType":"pie","displayLabels":["name"],"legend":{"values":["percent"]}},"fieldConfig":{"defaults":{"unit":"s","custom":{"hideFrom":{"viz":false}}},"overrides":[{"matcher":{"id":"byName","options":"x"},"properties":[]}]}}"#
        )
        #expect(new.options.at("reduceOptions.calcs")?.texts == ["sum"] && new.problems == ["the pie chart is drawn as a bar gauge"])
        #expect(new.overrides.count == 1 && new.defaults["unit"]?.text == "s")
    }

    @Test("Queries without an expression are not there; a history of states is")
    func queries() throws {
        let found = try view(
            panels(
                #"{"type":"timeseries","targets":[{"expr":"up","refId":"A"},{"expr":"","refId":"B"},{"expr":" \n","refId":"C"},{"refId":"D"}]},{"type":"timeseries","targets":[{"expr":"","refId":"A"}]},{"type":"status-history","options":{"colWidth":0.9,"rowHeight":0.9,"showValue":"auto","legend":{}},"targets":[{"expr":"up","refId":"A"}]}"#
            ))
        #expect(found.panels.map { $0.targets.map(\.ref) } == [["A"], [], ["A"]])
        #expect(found.panels.map(\.hasNoQuery) == [false, true, false] && found.panels.allSatisfy { $0.problems == [] })
        #expect(found.panels[2].isSupported && !found.panels[2].isTable && found.panels[2].type == "status-history")
    }

    @Test("An old schema is said once, a board's own times are told", arguments: [(0, 0), (16, 1), (35, 1), (36, 0), (42, 0)])
    func schema(_ version: Int, _ count: Int) throws {
        let found = try view(#"{"title":"t","panels":[],"schemaVersion":\#(version),"time":{"from":"now-6h","to":"now"}}"#)
        #expect(found.problems.count == count)
        if count > 0 {
            #expect(
                found.problems == ["its schema \(version) is older than 36, the first that is known here: it is renewed as far as known"])
        }
        var json = JSONWriter()
        found.write(into: &json)
        #expect(String(decoding: json.bytes, as: UTF8.self).contains(#""time":{"from":"now-6h","to":"now"}"#))
    }

    @Test("Times that nobody can read are not a board's own", arguments: [#"{"from":"x","to":"now"}"#, #"{"from":"now-1h"}"#, "{}", "1"])
    func times(_ time: String) throws {
        let read = try board(#"{"title":"t","panels":[],"time":\#(time)}"#)
        #expect(!read.hasOwnTimes && read.from == "now-6h" && read.to == "now")
    }
}
