import Boards
import JSON
import Primitives
import Testing

@Suite("Boards of other people's making")
struct BoardReadingTests {
    private func problem(_ json: String) -> String? {
        do {
            _ = try board(json)
            return nil
        } catch { return "\(error)" }
    }

    @Test(
        "Schema v2 is refused with words for its maker",
        arguments: [
            #"{"apiVersion":"dashboard.grafana.app/v2beta1","kind":"Dashboard","metadata":{"name":"x"},"spec":{"title":"t","elements":{},"layout":{}}}"#,
            #"{"title":"t","elements":{"panel-1":{}},"layout":{"kind":"GridLayout"}}"#,
            #"{"apiVersion":"dashboard.grafana.app/v2alpha1","spec":{"title":"t"}}"#,
        ])
    func version2(_ json: String) {
        #expect(problem(json)?.hasPrefix("it is written in Grafana's schema v2, which is not read here") == true)
    }

    @Test("What is no board is refused", arguments: ["[]", "1", "null", "\"panels\"", "{}", #"{"status":"success"}"#])
    func noBoard(_ json: String) { #expect(problem(json)?.hasPrefix("it is no Grafana board") == true) }

    @Test(
        "Boards in what an API or a cluster wraps around them",
        arguments: [
            #"{"dashboard":{"uid":"u","title":"t","panels":[]},"meta":{}}"#,
            #"{"apiVersion":"dashboard.grafana.app/v1beta1","kind":"Dashboard","metadata":{"name":"u"},"spec":{"title":"t","panels":[]}}"#,
        ])
    func wrapped(_ json: String) throws {
        let read = try board(json)
        #expect(read.uid == "u")
        #expect(read.title == "t")
    }

    @Test("The head of a board")
    func head() throws {
        let read = try board(
            #"{"uid":"u","title":"t","description":"d","tags":["a","b"],"schemaVersion":39,"timezone":"","refresh":false,"time":{"from":"now-3h","to":"now-1h"},"sharedCrosshair":true,"panels":[]}"#
        )
        #expect(read.description == "d" && read.tags == ["a", "b"] && read.schemaVersion == 39 && read.timezone == "browser")
        #expect(read.refresh.isEmpty && read.from == "now-3h" && read.to == "now-1h" && read.graphTooltip == 1)
        #expect(read.problems == [])
    }

    @Test("Types that Grafana no longer has are drawn by their successors, with words")
    func legacy() throws {
        let read = try board(
            panels(
                #"""
                {"id":1,"type":"graph","title":"Load","datasource":"${DS_PROMETHEUS}","fill":2,"linewidth":1,"stack":true,"yaxes":[{"format":"bytes","min":"0"},{"format":"short"}],"legend":{"show":true,"alignAsTable":true,"rightSide":true},
                 "targets":[{"expr":"node_load1","legendFormat":"{{instance}}","refId":"A","step":20,"intervalFactor":2}]},
                {"id":2,"type":"singlestat","format":"percent","valueMaps":[{"op":"=","text":"N/A","value":"null"},{"op":"=","text":"up","value":"1"}],"valueName":"current","thresholds":"70, 90","colors":["green","orange","red"],"colorValue":true,"sparkline":{"show":true},"targets":[{"expr":"up","refId":"A"}]},
                {"id":3,"type":"singlestat","gauge":{"show":true,"minValue":0,"maxValue":100}},{"id":4,"type":"table-old"},{"id":5,"type":"grafana-piechart-panel","title":"p"},{"id":6,"type":"alertlist"},{"id":7},{"id":8,"libraryPanel":{"uid":"x","name":"y"}}
                """#))
        #expect(read.panels.map(\.type) == ["timeseries", "stat", "gauge", "table", "bargauge", "alertlist", "", "library-panel"])
        #expect(read.panels.prefix(4).allSatisfy { $0.problems == [] })
        #expect(read.panels[0].defaults["unit"]?.text == "bytes")
        #expect(read.panels[0].defaults["min"]?.number == 0)
        #expect(read.panels[0].defaults.at("custom.fillOpacity")?.number == 20)
        #expect(read.panels[0].defaults.at("custom.stacking.mode")?.text == "normal")
        #expect(read.panels[0].options.at("legend.placement")?.text == "right")
        #expect(read.panels[1].defaults.at("thresholds.steps")?.elements.map { $0["color"]?.text } == ["green", "orange", "red"])
        #expect(read.panels[1].defaults.at("thresholds.steps")?.elements.map { $0["value"]?.number } == [nil, 70, 90])
        let mappings = read.panels[1].defaults["mappings"]?.elements ?? []
        #expect(mappings.map { $0["type"]?.text } == ["special", "value"])
        #expect(mappings.last?.at("options.1.text")?.text == "up")
        #expect(read.panels[0].targets[0].minimumStep.isEmpty)
        #expect(read.panels[1].options.at("reduceOptions.calcs")?.texts == ["lastNotNull"])
        #expect(read.panels[1].options["graphMode"]?.text == "area")
        #expect(read.panels[4].problems == ["the pie chart is drawn as a bar gauge"])
        #expect(read.panels[6].problems == ["the panel type (none) is not supported"])
        #expect(read.panels[7].problems.first == "it is a panel of Grafana's library, whose contents are not in the board")
        #expect(read.problems == [])
    }

    @Test("Boards from before the grid: rows of panels, widths in twelfths")
    func oldRows() throws {
        let found = try view(
            #"""
            {"title":"t","schemaVersion":14,"rows":[{"title":"CPU","showTitle":true,"height":"250px","panels":[{"id":1,"type":"graph","span":6},{"id":2,"type":"graph","span":6},{"id":3,"type":"graph","span":12}]},
            {"title":"Closed","collapse":true,"panels":[{"id":4,"type":"text","span":4}]},{"panels":[{"id":5,"type":"text","span":9999999999}]}]}
            """#)
        #expect(found.panels.map(\.type) == ["row", "timeseries", "timeseries", "timeseries", "row", "text", "row", "text"])
        #expect(found.panels.map(\.place.width) == [24, 12, 12, 24, 24, 8, 24, 24])
        #expect(found.panels.map(\.place.x) == [0, 0, 12, 0, 0, 0, 0, 0])
        #expect(found.panels[4].isCollapsed)
        #expect(found.panels[5].row == found.panels[4].key)
        // What comes after a closed row is not in it, whether it has a title or not.
        #expect(found.panels[7].row == found.panels[6].key && !found.panels[6].isCollapsed)
    }

    @Test("What an import would ask for is resolved: data sources and constants")
    func inputs() throws {
        let found = try view(
            #"""
            {"__inputs":[{"name":"DS_PROMETHEUS","label":"Prometheus","type":"datasource","pluginId":"prometheus"},{"name":"VAR_JOB","type":"constant","value":"node"},{"name":"DS_INFLUX","type":"datasource","pluginId":"influxdb"}],
            "__requires":[],"title":"t","templating":{"list":[{"name":"job","type":"constant","query":"${VAR_JOB}"},{"name":"ds","type":"datasource","query":"loki"}]},
            "panels":[{"id":1,"type":"timeseries","datasource":"${DS_PROMETHEUS}","targets":[{"expr":"up{job=\"${VAR_JOB}\"}","refId":"A"},{"expr":"up{job=\"$job\"}","refId":"B"}]},
            {"id":2,"type":"timeseries","datasource":{"type":"influxdb","uid":"x"},"targets":[{"query":"SELECT","refId":"A"}]},{"id":3,"type":"stat","datasource":"${DS_INFLUX}","targets":[{"refId":"A"}]},
            {"id":4,"type":"logs","datasource":{"uid":"$ds"},"targets":[{"expr":"{a=\"b\"}","refId":"A"}]},
            {"id":5,"type":"stat","datasource":{"uid":"-- Mixed --","type":"datasource"},"targets":[{"expr":"up","refId":"A","datasource":{"type":"prometheus"}},{"refId":"B","datasource":{"type":"__expr__","uid":"__expr__"},"expression":"$A"}]}]}
            """#)
        #expect(found.panels[0].problems == [])
        #expect(found.panels[0].targets.map(\.expression) == [#"up{job="node"}"#, #"up{job="node"}"#])
        #expect(found.panels[1].problems == ["query A asks influxdb, which is not supported"])
        #expect(found.panels[1].hasNoQuery)
        #expect(found.panels[2].problems == ["query A asks influxdb, which is not supported"])
        #expect(found.panels[3].targets[0].source == .loki)
        #expect(found.panels[3].asked.isEmpty && !found.panels[3].hasNoQuery)
        #expect(found.panels[4].problems == ["query B asks an expression, which is not supported"])
        #expect(found.panels[4].asked.map(\.ref) == ["A"])
    }

    /// A panel in the manner of the boards that many people use, and its problems.
    static let community: [(panel: String, problems: [String])] = [
        // As boards about node_exporter have them: hundreds of time series with much in `custom`.
        (
            #""type":"timeseries","description":"x","pluginVersion":"11.6.1","datasource":{"type":"prometheus","uid":"${ds_prometheus}"},"fieldConfig":{"defaults":{"color":{"mode":"palette-classic"},"custom":{"axisBorderShow":false,"axisCenteredZero":false,"axisColorMode":"text","axisLabel":"bytes","axisPlacement":"auto","barAlignment":0,"barWidthFactor":0.6,"drawStyle":"line","fillOpacity":40,"gradientMode":"none","hideFrom":{"legend":false,"tooltip":false,"viz":false},"insertNulls":false,"lineInterpolation":"linear","lineWidth":1,"pointSize":5,"scaleDistribution":{"type":"linear"},"showPoints":"never","spanNulls":false,"stacking":{"group":"A","mode":"normal"},"thresholdsStyle":{"mode":"off"}},"mappings":[],"min":0,"thresholds":{"mode":"absolute","steps":[{"color":"green"},{"color":"red","value":80}]},"unit":"bytes"},"overrides":[{"__systemRef":"hideSeriesFrom","matcher":{"id":"byName","options":"Swap"},"properties":[{"id":"color","value":{"fixedColor":"dark-red","mode":"fixed"}},{"id":"custom.transform","value":"negative-Y"},{"id":"custom.stacking","value":{"group":false,"mode":"normal"}}]},{"matcher":{"id":"byRegexp","options":"/.*Trans.*/"},"properties":[{"id":"custom.fillOpacity","value":0}]}]},"options":{"legend":{"calcs":["mean"],"displayMode":"table","placement":"bottom","showLegend":true,"width":350},"tooltip":{"hideZeros":false,"mode":"multi","sort":"none"}},"targets":[{"editorMode":"code","exemplar":false,"expr":"x","format":"time_series","hide":false,"instant":false,"intervalFactor":1,"legendFormat":"a","range":true,"refId":"A","step":240}]"#,
            []
        ),
        (
            #""type":"timeseries","fieldConfig":{"defaults":{"custom":{"scaleDistribution":{"log":2,"type":"ordinal"},"drawStyle":"candles"}},"overrides":[]}"#,
            [
                "the field setting custom.scaleDistribution is not supported as ordinal",
                "the field setting custom.drawStyle is not supported as candles",
            ]
        ),
        (
            #""type":"bargauge","options":{"displayMode":"lcd","orientation":"horizontal","namePlacement":"auto","showUnfilled":true,"valueMode":"color","sizing":"auto","maxVizHeight":300,"minVizHeight":10,"minVizWidth":0,"reduceOptions":{"calcs":["lastNotNull"],"fields":"","values":false},"legend":{"calcs":[]}}"#,
            []
        ),
        (
            #""type":"stat","options":{"colorMode":"value","graphMode":"area","justifyMode":"auto","orientation":"auto","percentChangeColorMode":"standard","reduceOptions":{"calcs":["lastNotNull"],"fields":"","values":false},"showPercentChange":false,"textMode":"auto","wideLayout":true}"#,
            []
        ),
        (
            #""type":"stat","options":{"graphMode":"bars","sparkles":1}"#,
            ["the option graphMode is not supported as bars", "the option sparkles is not supported"]
        ),
        // As boards about Windows and Proxmox have them: tables of merged queries.
        (
            #""type":"table","fieldConfig":{"defaults":{"custom":{"align":"left","cellOptions":{"type":"auto"},"inspect":false,"filterable":true}},"overrides":[{"matcher":{"id":"byName","options":"CPU %"},"properties":[{"id":"unit","value":"percent"},{"id":"custom.cellOptions","value":{"mode":"gradient","type":"gauge"}},{"id":"custom.width","value":160}]}]},"transformations":[{"id":"merge","options":{"reducers":[]}},{"id":"groupBy","options":{"fields":{"a":{"aggregations":["lastNotNull"],"operation":"aggregate"}}}},{"id":"organize","options":{"excludeByName":{"Time":true},"includeByName":{},"indexByName":{},"renameByName":{"a":"b"}}}]"#,
            []
        ),
        (
            #""type":"table","transformations":[{"id":"groupingToMatrix","options":{}},{"id":"reduce","options":{"reducers":["max","logmin"]}},{"id":"configFromData"},{"id":"calculateField","options":{"mode":"window"}}]"#,
            [
                "the transformation groupingToMatrix is not supported",
                "the transformation reduce: the calculation logmin is not supported", "the transformation configFromData is not supported",
                "the transformation calculateField: the mode window is not supported",
            ]
        ),
        (#""type":"text","options":{"mode":"latex","content":"<b>"}"#, ["the option mode is not supported as latex"]),
        (#""type":"geomap""#, ["the panel type geomap is not supported"]),
        (
            #""type":"stat","fieldConfig":{"defaults":{},"overrides":[{"matcher":{"id":"byValue","options":{}},"properties":[]},{"matcher":{"id":"byRegexp","options":"/(/"},"properties":[]}]}"#,
            [
                "the pattern ( cannot be read: a ( without a ) at letter 2; its override is left out",
                "an override chooses fields byValue, which is not supported",
            ]
        ),
    ]

    @Test("Panels in the manner of well-known boards, and what they have that is not drawn", arguments: community)
    func panel(_ panel: String, _ problems: [String]) throws {
        let read = try board(panels("{\"id\":1,\(panel)}"))
        #expect(read.panels[0].problems == problems)
        #expect(read.problems == [])
        #expect(BoardLint.problems(of: read).count == problems.count)
    }

    @Test("A panel with an unknown transformation is drawn from what the known ones make")
    func degrade() throws {
        let found = try view(
            panels(
                #"{"id":1,"type":"table","targets":[{"refId":"A","expr":"x","format":"table","instant":true}],"transformations":[{"id":"magic"},{"id":"limit","options":{"limitField":1}}]},{"id":2,"type":"geomap","targets":[{"refId":"A","expr":"x"}]}"#
            ))
        #expect(found.panels[0].isSupported && found.panels[0].isTable)
        #expect(found.panels[0].transformations.map(\.id) == ["limit"])
        #expect(!found.panels[1].isSupported && !found.panels[1].isTable && found.panels[1].asked.isEmpty)
        #expect(found.problems == [])
    }

    @Test("Kinds of variables that are not there are told, and keep their value")
    func otherVariables() throws {
        let read = try board(
            #"""
            {"title":"t","panels":[],"schemaVersion":43,"templating":{"list":[{"name":"f","type":"adhoc"},{"name":"s","type":"snapshot","current":{"value":"kept"}},{"name":"q","type":"query","datasource":{"type":"influxdb"},"query":"x"},{"type":"custom"},{"name":"s","type":"custom"},{"name":"a b","type":"custom"}]}}
            """#)
        #expect(read.variables.map(\.name) == ["s", "q"])
        #expect(read.variables[0].query == "kept")
        #expect(read.variables[1].problem == "asks a data source that is not Prometheus")
        #expect(
            read.problems == [
                "its schema 43 is newer than 42, the last that is known here",
                "the variable f is a filter of all queries, which is not supported",
                "the variable s is of the kind snapshot, which is not supported, and keeps its value", "a variable has no name",
                "there are two variables called s", "a variable has no name",
            ])
    }

    @Test("Ids are made where they lack or are given twice; panels behind a closed row are not in it")
    func ids() throws {
        let read = try board(
            panels(
                #"""
                {"id":2,"type":"text","gridPos":{"x":0,"y":9,"w":1,"h":1}},{"type":"text","gridPos":{"x":0,"y":8,"w":1,"h":1}},{"id":2,"type":"text","gridPos":{"x":0,"y":10,"w":1,"h":1}},{"id":-5,"type":"text","gridPos":{"x":0,"y":11,"w":1,"h":1}},
                {"id":9,"type":"row","collapsed":true,"gridPos":{"x":0,"y":12,"w":24,"h":1},"panels":[{"id":3,"type":"text"}]},{"id":10,"type":"text","gridPos":{"x":0,"y":13,"w":1,"h":1}},{"id":11,"type":"row","gridPos":{"x":0,"y":14,"w":24,"h":1}},{"id":12,"type":"text","gridPos":{"x":0,"y":15,"w":1,"h":1}}
                """#))
        #expect(read.panels.map(\.id) == [13, 2, 14, 15, 9, 3, 10, 11, 12])
        #expect(read.panels.map(\.row) == [nil, nil, nil, nil, nil, 9, nil, nil, 11])
    }
}
