import Boards
import JSON
import Primitives
import Testing

@Suite("Boards that mean ill")
struct HostileBoardTests {
    @Test("Boards nested without end are refused")
    func depth() {
        let deep = String(repeating: #"{"panels":["#, count: 50) + String(repeating: "]}", count: 50)
        #expect((try? board(deep)) == nil)
        let options = String(repeating: #"{"a":"#, count: 62) + "1" + String(repeating: "}", count: 62)
        #expect((try? board(panels(#"{"type":"stat","options":\#(options)}"#))) == nil)
    }

    @Test("Boards with too many values are refused")
    func size() throws {
        let many = String(repeating: "1,", count: 500_000) + "1"
        var said: String?
        do { _ = try board(#"{"title":"t","panels":[],"x":[\#(many)]}"#) } catch { said = "\(error)" }
        #expect(said == "the board has more than 400000 values")
    }

    @Test("Panels past a thousand are not shown, and it is said")
    func manyPanels() throws {
        let read = try board(panels(Array(repeating: #"{"type":"stat"}"#, count: 3_000).joined(separator: ",")))
        #expect(read.panels.count == 1_000)
        #expect(read.problems == ["it has more than 1000 panels; the rest is not shown"])
    }

    @Test("Millions of repeats stop at a thousand panels")
    func manyRepeats() throws {
        let values = (0..<2_000).map { "v\($0)" }.joined(separator: ",")
        let variable =
            #"{"name":"a","type":"custom","multi":true,"includeAll":true,"query":"\#(values)"},{"name":"b","type":"custom","multi":true,"includeAll":true,"query":"\#(values)"}"#
        let row =
            #"{"id":1,"type":"row","repeat":"a","panels":[{"id":2,"type":"stat","repeat":"b","title":"$a $b","targets":[{"refId":"A","expr":"x{a=~\"$a\",b=~\"$b\"}"}]}],"collapsed":true},{"id":3,"type":"stat","repeat":"a","repeatDirection":"v"}"#
        let found = try view(panels(row, variables: variable))
        #expect(found.panels.count == 1_000)
        #expect(found.problems == ["its repeats make more than 1000 panels; the rest is not shown"])
        var json = JSONWriter()
        found.write(into: &json)
        #expect(json.bytes.count < 4 << 20)
    }

    @Test("Texts that variables blow up stop to grow")
    func growth() throws {
        let values = (0..<2_000).map { "value-number-\($0)" }.joined(separator: ",")
        let variable = #"{"name":"a","type":"custom","multi":true,"includeAll":true,"query":"\#(values)"}"#
        let expression = Array(repeating: "$a", count: 500).joined(separator: " ")
        let many = Array(repeating: #"{"type":"stat","targets":[{"refId":"A","expr":"\#(expression)"}]}"#, count: 500).joined(
            separator: ",")
        let found = try view(panels(many, variables: variable))
        #expect(found.problems == ["its panels from one without a title on are left out, as they would take more than 16 MiB"])
        #expect(found.panels.reduce(0) { $0 + ($1.targets.first?.expression.utf8.count ?? 0) } < 16 << 20)
    }

    @Test("Places, sizes and numbers past all reason")
    func numbers() throws {
        let numbers = [
            "-1", "1e300", "-1e300", "9223372036854775807", "-9223372036854775808", "1e-300", "\"x\"", "null", "[]", "{}", "true",
        ]
        for number in numbers {
            let found = try view(
                panels(
                    #"""
                    {"id":\#(number),"type":"stat","gridPos":{"x":\#(number),"y":\#(number),"w":\#(number),"h":\#(number)},"maxPerRow":\#(number),"maxDataPoints":\#(number),"interval":\#(number),"timeFrom":\#(number),"timeShift":\#(number),"repeat":"v",
                    "targets":[{"expr":"x","refId":\#(number),"intervalFactor":\#(number),"interval":\#(number)}],"fieldConfig":{"defaults":{"decimals":\#(number)},"overrides":\#(number)},"transformations":[{"id":"limit","options":{"limitField":\#(number)}}]}
                    """#,
                    variables:
                        #"{"name":"v","type":"interval","query":"1m","auto":true,"auto_count":\#(number),"sort":\#(number),"hide":\#(number)}"#
                ))
            #expect(found.panels.count == 1)
            let place = found.panels[0].place
            #expect((0...23).contains(place.x) && (1...24).contains(place.width) && place.x + place.width <= 24 && place.height >= 1)
            _ = found.panels[0].frame(from: [TargetAnswer(ref: "A", series: [SeriesAnswer(labels: [], times: [1], values: [2])])])
        }
    }

    @Test("Every member of the wrong kind", arguments: ["1", "\"x\"", "[]", "{}", "null", "[1]", "[{}]", "{\"list\":[{}]}", "{\"a\":{}}"])
    func kinds(_ value: String) throws {
        let names = [
            "uid", "tags", "templating", "annotations", "links", "time", "refresh", "timezone", "schemaVersion", "rows", "__inputs",
            "graphTooltip",
        ]
        for name in names { _ = try view(#"{"title":"t","panels":[],"\#(name)":\#(value)}"#) }
        let members = [
            "type", "gridPos", "datasource", "fieldConfig", "options", "targets", "transformations", "links", "panels", "libraryPanel",
            "styles", "yaxes", "thresholds", "colors",
        ]
        for name in members {
            for type in ["timeseries", "graph", "singlestat", "table", "row"] {
                let found = try view(panels(#"{"type":"\#(type)","\#(name)":\#(value),"targets":[\#(value),{"expr":"x"}]}"#))
                for panel in found.panels {
                    _ = panel.frame(from: [TargetAnswer(ref: "B", series: [SeriesAnswer(labels: [], times: [1], values: [2])])])
                }
            }
        }
        for id in BoardLint.transformations {
            for name in ["options", "filter", "id"] {
                let found = try view(
                    panels(
                        #"{"type":"table","targets":[{"refId":"A","expr":"x"}],"transformations":[{"id":"\#(id)","\#(name)":\#(value)}]}"#))
                for panel in found.panels {
                    _ = panel.frame(from: [TargetAnswer(ref: "A", series: [SeriesAnswer(labels: [], times: [1], values: [2])])])
                }
            }
        }
    }

    /// As many series, labelled or not, as an answer may bring.
    private func answer(series: Int, points: Int, labels: Int) -> TargetAnswer {
        TargetAnswer(
            ref: "A",
            series: (0..<series).map { number in
                SeriesAnswer(
                    labels: (0..<labels).map { .init("l\(number * labels + $0)", "v") }, times: (0..<points).map(Double.init),
                    values: Array(repeating: 1, count: points))
            })
    }

    static let shapes: [(series: Int, points: Int, labels: Int)] = [(500, 1, 1), (1, 3_000, 0), (150, 40, 1), (30, 2, 10), (1_001, 1, 0)]
    static let steps = [
        "", #"{"id":"merge"}"#, #"{"id":"joinByField"}"#, #"{"id":"labelsToFields"}"#,
        #"{"id":"reduce","options":{"labelsToFields":true}}"#, #"{"id":"joinByField","options":{"byField":"Value","mode":"inner"}}"#,
    ]

    @Test("Answers past all bounds are cut, and it is said", arguments: shapes, steps)
    func answers(_ shape: (series: Int, points: Int, labels: Int), _ transformation: String) throws {
        for format in ["table", "time_series"] {
            var limits = BoardLimits()
            (limits.rows, limits.fields, limits.values) = (1_000, 100, 5_000)
            let found = try view(
                panels(
                    #"{"type":"table","targets":[{"refId":"A","expr":"x","format":"\#(format)"}],"transformations":[\#(transformation)]}"#),
                limits: limits)
            let frame = found.panels[0].frame(from: [answer(series: shape.series, points: shape.points, labels: shape.labels)])
            #expect(frame.length <= limits.rows)
            #expect(frame.fields.count <= limits.fields)
            #expect(frame.length * frame.fields.count <= limits.values)
            #expect(frame.fields.allSatisfy { $0.values.count == frame.length })
        }
    }

    @Test("Series with hundreds of labels each are named by the first that differ, and soon")
    func labels() throws {
        let series = (0..<2_000).map { number in
            SeriesAnswer(labels: (0..<400).map { .init("l\(number)_\($0)", "v") }, times: [1], values: [1])
        }
        let found = try view(panels(#"{"type":"timeseries","targets":[{"refId":"A","expr":"x"}]}"#))
        let begin = ContinuousClock.now
        let frame = found.panels[0].frame(from: [TargetAnswer(ref: "A", series: series)])
        // Four hundred times four million looks took half an hour.
        #expect(ContinuousClock.now - begin < .seconds(60) && !frame.fields.isEmpty)
    }

    @Test("Names are cut, whatever a legend or a label says", arguments: ["", "{{i}}", "{{i}}{{i}}{{i}}"])
    func names(_ legend: String) throws {
        let series = (0..<2).map {
            SeriesAnswer(labels: [.init("i", String(repeating: "x", count: 100_000) + "\($0)")], times: [1], values: [1])
        }
        let found = try view(
            panels(
                #"{"type":"timeseries","targets":[{"refId":"A","expr":"x","legendFormat":"\#(legend + String(repeating: "y", count: 50_000))"}]}"#
            ))
        let frame = found.panels[0].frame(from: [TargetAnswer(ref: "A", series: series)])
        #expect(frame.fields.allSatisfy { $0.title.utf8.count <= 1_000 })
    }

    @Test("A replacement that grows past all bounds stops to grow")
    func replacement() throws {
        var budget = Pattern.stepLimit
        let text = String(repeating: "x", count: 20_000)
        let grown = try Pattern(board: "/.*/").replacing(in: text, with: String(repeating: "$&", count: 100_000), budget: &budget)
        #expect(grown.unicodeScalars.count <= 3 * Pattern.textLimit)
    }

    @Test("Overrides with patterns that blow up elsewhere end")
    func overrides() throws {
        var limits = BoardLimits()
        limits.patternSteps = 200_000
        let override = #"{"matcher":{"id":"byRegexp","options":"/a.*b.*x/"},"properties":[{"id":"unit","value":"s"}]}"#
        let found = try view(
            panels(
                #"{"type":"timeseries","targets":[{"refId":"A","expr":"x","legendFormat":"{{n}}"}],"fieldConfig":{"defaults":{},"overrides":[\#(Array(repeating: override, count: 100).joined(separator: ","))]}}"#
            ), limits: limits)
        let series = (0..<200).map {
            SeriesAnswer(labels: [.init("n", String(repeating: "ab", count: 400) + "\($0)")], times: [1], values: [1])
        }
        let frame = found.panels[0].frame(from: [TargetAnswer(ref: "A", series: series)])
        #expect(frame.problems.map(\.message) == ["the patterns of the panel's overrides cost too much"])
    }
}
