import Boards
import JSON
import Primitives
import Synchronization
import Testing

@Suite("What a board may cost")
struct LimitTests {
    private func bytes(_ view: BoardView) -> Int {
        var json = JSONWriter()
        view.write(into: &json)
        return json.bytes.count
    }

    private func bytes(_ frame: PanelFrame) -> Int {
        var json = JSONWriter()
        frame.write(into: &json)
        return json.bytes.count
    }

    /// A variable of so many values, all chosen.
    private func variable(_ count: Int, name: String = "v", length: Int = 4) -> String {
        let values = (0..<count).map { "\($0)" + String(repeating: "x", count: length) }.joined(separator: ",")
        return #"{"name":"\#(name)","type":"custom","multi":true,"includeAll":true,"query":"\#(values)"}"#
    }

    /// A sixteenth of the usual, so that tests are quick.
    private static let limits = {
        var limits = BoardLimits()
        (limits.viewBytes, limits.frameBytes, limits.optionBytes) = (1 << 20, 1 << 20, 1 << 18)
        return limits
    }()

    // MARK: views

    static let long = String(repeating: "x", count: 1 << 16)
    static let controls = String(repeating: #"\u0001"#, count: 20_000)
    static let numbers = "[" + String(repeating: "1,", count: 5_000) + "1]"
    /// Panels that are large by their text, by what escaping makes of it, by their numbers, and by each part that is written.
    static let large = [
        #""type":"text","options":{"content":"\#(long)"}"#, #""type":"text","options":{"content":"\#(controls)"}"#,
        #""type":"stat","options":{"x":\#(numbers)}"#, #""type":"stat","fieldConfig":{"defaults":{"x":\#(numbers)}}"#,
        #""type":"stat","targets":[{"refId":"A","expr":"\#(long)"}]"#,
        #""type":"stat","targets":[{"refId":"A","expr":"x","legendFormat":"\#(long)"}]"#,
        #""type":"stat","description":"\#(long)""#, #""type":"stat","links":[{"title":"\#(long)","url":"/a"}]"#,
        #""type":"stat","fieldConfig":{"overrides":[{"matcher":{"id":"byName","options":"\#(long)"},"properties":[]}]}"#,
        #""type":"stat","fieldConfig":{"overrides":[{"matcher":{"id":"byName","options":"a"},"properties":[{"id":"unit","value":"\#(long)"}]}]}"#,
    ]

    @Test("A large panel is not repeated a thousand times", arguments: large.indices)
    func repeats(_ index: Int) throws {
        let found = try view(
            panels(#"{"id":1,"title":"P","repeat":"v",\#(Self.large[index])}"#, variables: variable(1_000)), limits: Self.limits)
        #expect((1..<100).contains(found.panels.count))
        #expect(found.problems == ["its panels from P on are left out, as they would take more than 1 MiB"])
        #expect(bytes(found) <= 17 << 16)
    }

    @Test("What variables put in is counted as it is written")
    func putIn() throws {
        let quotes = #"{"name":"q","type":"textbox","query":"\#(String(repeating: #"\""#, count: 10_000))"}"#
        let found = try view(
            panels(
                #"{"id":1,"title":"P","repeat":"v","type":"text","options":{"content":"$q$q"}}"#, variables: variable(1_000) + "," + quotes),
            limits: Self.limits)
        #expect((1..<100).contains(found.panels.count) && found.problems.count == 1)
        #expect(bytes(found) <= 17 << 16)
    }

    @Test("A small board loses nothing to the limit, a small limit leaves its first panels")
    func smallLimit() throws {
        var limits = BoardLimits()
        limits.viewBytes = 10_000
        let two = panels(
            #"{"id":1,"type":"stat"},{"id":2,"type":"text","options":{"content":"\#(String(repeating: "y", count: 20_000))"}},{"id":3,"type":"stat"}"#
        )
        #expect(try view(two).panels.count == 3)
        #expect(try view(two, limits: limits).panels.map(\.id) == [1])
    }

    @Test("Titles are cut, and links with all variables are counted")
    func titles() throws {
        let read = try board(#"{"title":"\#(Self.long)","tags":["\#(Self.long)"],"panels":[{"type":"row","title":"ü\#(Self.long)"}]}"#)
        #expect(read.title.utf8.count == 1_000 && read.tags[0].utf8.count == 1_000)
        #expect(read.panels[0].title.utf8.count == 1_000 && read.panels[0].title.hasPrefix("üx"))
        let link = #"{"title":"l","url":"/d/x","type":"link","includeVars":true}"#
        let links = Array(repeating: link, count: 100).joined(separator: ",")
        let saved = (0..<100).map { #""\#($0)\#(String(repeating: "ü", count: 400))""# }.joined(separator: ",")
        let found = try view(
            #"{"title":"t","panels":[],"links":[\#(links)],"templating":{"list":[{"name":"v","type":"textbox"},{"name":"w","type":"custom","multi":true,"query":"","current":{"value":[\#(saved)]}}]}}"#,
            chosen: ["w": (0..<100).map { "\($0)" + String(repeating: "ü", count: 400) }], limits: Self.limits)
        #expect((1..<100).contains(found.links.count) && bytes(found) <= 17 << 16)
    }

    @Test("One panel alone, when one is wanted")
    func only() throws {
        let read = try board(panels(#"{"id":1,"type":"stat","title":"$v","repeat":"v"},{"id":2,"type":"stat"}"#, variables: variable(3)))
        var query = try #require(BoardQuery(from: "now-1h", to: "now", nowMilliseconds: 1_700_000_000_000))
        query.chosen = ["v": ["1xxxx", "2xxxx"]]
        let chain = VariableChain(board: read, query: query)
        let all = BoardView(board: read, query: query, variables: chain)
        let one = BoardView(board: read, query: query, variables: chain, only: "1-2")
        #expect(all.panels.map(\.key) == ["1-1", "1-2", "2"])
        #expect(one.panels.map(\.key) == ["1-2"] && one.panel("1-2")?.title == "2xxxx" && one.panel("1-1") == nil)
    }

    @Test("Options of all variables together have an end")
    func options() throws {
        let read = try board(
            panels(
                "",
                variables: (0..<3).map { #"{"name":"v\#($0)","type":"query","query":"label_values(x)"}"# }.joined(separator: ",") + ","
                    + variable(400, name: "c", length: 600)))
        var query = try #require(BoardQuery(from: "now-1h", to: "now", nowMilliseconds: 1_700_000_000_000))
        query.limits = Self.limits
        var chain = VariableChain(board: read, query: query)
        for ask in chain.asks { chain.answer(ask.name, .texts((0..<300).map { "\($0)" + String(repeating: "y", count: 500) })) }
        let found = BoardView(board: read, query: query, variables: chain)
        #expect(found.variables.map { $0.options.count > 100 } == [false, false, false, true])
        #expect(
            found.variables.allSatisfy { $0.problem == "the options of the board's variables are too long; the rest of them is left out" })
        #expect(bytes(found) <= 5 << 16)
    }

    // MARK: frames

    private func frame(_ panel: String, _ series: [SeriesAnswer], limits: BoardLimits = BoardLimits()) throws -> PanelFrame {
        try view(panels(panel), limits: limits).panels[0].frame(from: [TargetAnswer(ref: "A", series: series)])
    }

    private static let letters = String(repeating: "z", count: 1 << 16)

    @Test("A long label is not written in each of a thousand rows", arguments: ["", #"{"id":"labelsToFields"}"#, #"{"id":"merge"}"#])
    func labels(_ transformation: String) throws {
        let times = (0..<1_000).map(Double.init)
        for format in ["table", "time_series"] {
            let made = try frame(
                #"{"type":"table","targets":[{"refId":"A","expr":"x","format":"\#(format)"}],"transformations":[\#(transformation)]}"#,
                [SeriesAnswer(labels: [.init("l", Self.letters)], times: times, values: times)], limits: Self.limits)
            #expect(bytes(made) <= 17 << 16)
            #expect(made.frame.fields.allSatisfy { $0.values.count == made.length })
            #expect(made.isTruncated || !made.fields.contains { $0.name == "l" })
        }
    }

    @Test("An inner join does not multiply long texts")
    func join() throws {
        let series = (0..<15).map { number in
            SeriesAnswer(labels: [.init("k", "same"), .init("l", Self.letters + "\(number)")], times: [1], values: [1])
        }
        let targets = "AB".map { #"{"refId":"\#($0)","expr":"x","format":"table","instant":true}"# }.joined(separator: ",")
        let panel = try view(
            panels(
                #"{"type":"table","targets":[\#(targets)],"transformations":[{"id":"joinByField","options":{"byField":"k","mode":"inner"}}]}"#
            ), limits: Self.limits
        ).panels[0]
        let made = panel.frame(from: [
            TargetAnswer(ref: "A", series: series),
            TargetAnswer(ref: "B", series: [SeriesAnswer(labels: [.init("k", "same")], times: [1, 2, 3, 4], values: [1, 2, 3, 4])]),
        ])
        #expect(made.isTruncated && bytes(made) <= 17 << 16 && made.length > 0)
    }

    @Test("Names are cut, settings of many fields are counted")
    func names() throws {
        let series = (0..<500).map { SeriesAnswer(labels: [.init("i", "\($0)")], times: [1], values: [1]) }
        let long = String(repeating: "w", count: 50_000)
        for legend in ["{{i}}\(long)", "\(long){{i}}"] {
            let made = try frame(#"{"type":"timeseries","targets":[{"refId":"A","expr":"x","legendFormat":"\#(legend)"}]}"#, series)
            #expect(made.fields.allSatisfy { $0.title.utf8.count <= 1_000 } && made.fields.count == 501)
        }
        let settings = try frame(
            #"{"type":"timeseries","targets":[{"refId":"A","expr":"x","legendFormat":"{{i}}"}],"fieldConfig":{"defaults":{"displayName":"${__field.name}\#(long)","noValue":"\#(long)"}}}"#,
            series, limits: Self.limits)
        #expect(settings.fields.count == 501 && bytes(settings) <= 17 << 16)
        #expect(settings.problems.map(\.message) == ["the settings of the panel's fields are too much; some are left out"])
        #expect(settings.fields[1].title.hasPrefix("0w") && settings.fields[1].title.utf8.count == 1_000)
        let renamed = try frame(
            #"{"type":"table","targets":[{"refId":"A","expr":"x"}],"transformations":[{"id":"organize","options":{"renameByName":{"Time":"\#(long)"}}},{"id":"calculateField","options":{"mode":"index","alias":"\#(long)"}}]}"#,
            series)
        #expect(renamed.fields.allSatisfy { $0.title.utf8.count <= 1_000 && $0.name.utf8.count <= 1_000 })
    }

    @Test("Series without a point cost nothing beside one with thousands of labels")
    func emptySeries() throws {
        let wide = SeriesAnswer(labels: (0..<1_990).map { .init("l\($0)", "v") }, times: [1], values: [1])
        let empty = SeriesAnswer(labels: [.init("a", "b")], times: [], values: [])
        let begin = ContinuousClock.now
        let made = try frame(
            #"{"type":"table","targets":[{"refId":"A","expr":"x","format":"table"}]}"#,
            [wide] + Array(repeating: empty, count: 100_000) + [wide])
        // A hundred thousand times two thousand looks took more than a minute.
        #expect(ContinuousClock.now - begin < .seconds(10))
        #expect(made.length == 2 && made.fields.count == 1_992)
        #expect(made.fields[1].values == [.text("v"), .text("v")])
    }

    @Test("Rows of series with other labels stand beside the right ones")
    func columns() throws {
        let made = try frame(
            #"{"type":"table","targets":[{"refId":"A","expr":"x","format":"table"}]}"#,
            [
                SeriesAnswer(labels: [.init("a", "1"), .init("a", "2")], times: [1, 2], values: [1, 2]),
                SeriesAnswer(labels: [.init("b", "3")], times: [3], values: [3]),
                SeriesAnswer(labels: [.init("a", "4")], times: [4], values: [4]),
            ])
        #expect(made.fields[1].values == [.text("1"), .text("1"), .none, .text("4")])
        #expect(made.fields[2].values == [.none, .none, .text("3"), .none])
    }

    @Test("Calculations for groups are counted before they are made")
    func groups() throws {
        let series = (0..<1_000).map {
            SeriesAnswer(labels: [.init("n", "\($0)")] + (0..<50).map { .init("l\($0)", "v") }, times: [1], values: [1])
        }
        let calculations =
            #"["min","max","mean","sum","count","last","first","lastNotNull","firstNotNull","range","delta","diff","median"]"#
        let fields = (0..<50).map { #""l\#($0)":{"operation":"aggregate","aggregations":\#(calculations)}"# }.joined(separator: ",")
        var limits = BoardLimits()
        limits.values = 200_000
        let made = try frame(
            #"{"type":"table","targets":[{"refId":"A","expr":"x","format":"table","instant":true}],"transformations":[{"id":"groupBy","options":{"fields":{"n":{"operation":"groupby"},\#(fields)}}}]}"#,
            series, limits: limits)
        // All rows of some columns, and not some rows of all.
        #expect(made.isTruncated && made.length == 1_000 && made.fields.count == 200)
    }

    @Test("Many overrides for many fields are applied once for all that they are alike for")
    func overrides() throws {
        let properties = (0..<90).map { #"{"id":"custom.p\#($0)","value":\#($0)}"# }.joined(separator: ",")
        let override = #"{"matcher":{"id":"byType","options":"number"},"properties":[\#(properties)]}"#
        let series = (0..<1_900).map { SeriesAnswer(labels: [.init("i", "\($0)")], times: [1], values: [1]) }
        let begin = ContinuousClock.now
        let made = try frame(
            #"{"type":"timeseries","targets":[{"refId":"A","expr":"x","legendFormat":"{{i}}"}],"fieldConfig":{"defaults":{},"overrides":[\#(Array(repeating: override, count: 400).joined(separator: ","))]}}"#,
            series)
        // Seventy million settings took some minutes.
        #expect(ContinuousClock.now - begin < .seconds(20))
        #expect(made.fields[1].config.at("custom.p89")?.number == 89)
        #expect(made.fields[1_900].config == made.fields[1].config && made.fields[0].config == .object([]))
    }

    @Test("Labels are found by halves: a legend of a thousand, for series with hundreds each")
    func legends() throws {
        let labels = (0..<400).map { SeriesAnswer.Label("l\($0)", "\($0 % 10)") }
        let one = SeriesAnswer(labels: labels.shuffled() + [.init("__name__", "n")], times: [1], values: [1])
        for label in labels { #expect(one[label: label.name] == label.value) }
        #expect(one[label: "l"] == nil && one[label: "l4000"] == nil && one[label: "__name__"] == "n" && one[label: ""] == nil)
        let legend = String(repeating: "{{l399}}", count: 900) + "{{none}}"
        let begin = ContinuousClock.now
        let made = try frame(
            #"{"type":"timeseries","targets":[{"refId":"A","expr":"x","legendFormat":"\#(legend)"}]}"#, Array(repeating: one, count: 1_000))
        #expect(ContinuousClock.now - begin < .seconds(60))
        #expect(made.fields[1].title == String(repeating: "9", count: 900))
    }

    // MARK: giving up

    @Test("A view is given up between panels, a chain between variables, a frame between series")
    func givingUp() throws {
        let looks = Mutex(0)
        var limits = BoardLimits()
        limits.isGivenUp = {
            looks.withLock { looks in
                looks += 1
                return looks > 20
            }
        }
        let many = Array(repeating: #"{"type":"timeseries","targets":[{"refId":"A","expr":"x"}]}"#, count: 100).joined(separator: ",")
        let found = try view(panels(many), limits: limits)
        #expect(found.isGivenUp && (1..<100).contains(found.panels.count))
        looks.withLock { $0 = 0 }
        let series = (0..<500).map { SeriesAnswer(labels: [.init("i", "\($0)")], times: [1], values: [1]) }
        let made = found.panels[0].frame(from: [TargetAnswer(ref: "A", series: series)])
        #expect(made.isGivenUp && made.fields.count < 100)
        let whole = found.panels[0].frame(from: [TargetAnswer(ref: "A", series: series)], isGivenUp: { false })
        #expect(!whole.isGivenUp && whole.fields.count == 501)

        looks.withLock { $0 = 100 }
        let read = try board(panels("", variables: #"{"name":"a","type":"query","query":"label_values(x)"}"#))
        var query = try #require(BoardQuery(from: "now-1h", to: "now", nowMilliseconds: 1_700_000_000_000))
        query.limits = limits
        let chain = VariableChain(board: read, query: query)
        #expect(chain.isGivenUp && chain.asks.isEmpty)
        #expect(BoardView(board: read, query: query, variables: chain).isGivenUp)
    }

    @Test("What is cancelled is given up")
    func cancelled() async throws {
        let read = try board(panels(#"{"type":"stat"}"#))
        let query = try #require(BoardQuery(from: "now-1h", to: "now", nowMilliseconds: 1_700_000_000_000))
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            return BoardView(board: read, query: query, variables: VariableChain(board: read, query: query)).isGivenUp
        }
        task.cancel()
        let isGivenUp = await task.value
        #expect(isGivenUp)
    }
}
