import Boards
import FuzzSupport
import JSON
import Primitives

// Boards of anybody's making, and their patterns, texts and times.

/// What a board may cost here: little, so that many are tried.
private let limits = {
    var limits = BoardLimits()
    (limits.rows, limits.fields, limits.values, limits.patternSteps) = (200, 50, 2_000, 20_000)
    (limits.viewBytes, limits.optionBytes, limits.frameBytes) = (200_000, 20_000, 20_000)
    return limits
}()

/// libFuzzer's door: one input. Always 0, or the program ends.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let input = Input(start, count)
    switch input.choice & 3 {
    case 0, 1: board(input.bytes)
    case 2: pattern(input.halves.first, input.halves.second)
    default: texts(input.text)
    }
    return 0
}

/// A board that can be read can be shown, whatever Prometheus answers, and what the page is told is JSON.
private func board(_ bytes: [UInt8]) {
    do {
        let document = try JSONDocument(parsing: bytes)
        let board = try document.withRoot { root in try Board.read(root) }
        guard var query = BoardQuery(from: "now-6h", to: "now", nowMilliseconds: 1_700_000_000_000) else { return }
        query.limits = limits
        var chain = VariableChain(board: board, query: query)
        var rounds = 0
        while !chain.asks.isEmpty {
            rounds += 1
            demand(rounds <= board.variables.count + 1, "variables end")
            for (number, ask) in chain.asks.enumerated() {
                switch ask.question {
                case .queryResult, .series: chain.answer(ask.name, .samples(series))
                default: chain.answer(ask.name, number % 5 == 4 ? .failed("no") : .texts(["a", "b.c", "10"]))
                }
            }
        }
        show(BoardView(board: board, query: query, variables: chain))
    } catch { demandFitForTerminal("\(error)") }
}

private let series = [
    SeriesAnswer(labels: [.init("__name__", "up"), .init("node", "a")], times: [1, 2], values: [1, .nan]),
    SeriesAnswer(labels: [.init("node", "=b"), .init("le", "1")], times: [2], values: [.infinity]),
    SeriesAnswer(labels: [], times: [], values: []),
]

private func show(_ view: BoardView) {
    var json = JSONWriter()
    view.write(into: &json)
    demandJSON(json.bytes)
    demand(json.bytes.count <= limits.viewBytes + 10_000, "a view has no more bytes than it may")
    demand(view.panels.count <= Board.panelLimit, "there are a thousand panels at most")
    demand(Set(view.panels.map(\.key)).count == view.panels.count, "every panel has a key of its own")
    for panel in view.panels.prefix(50) {
        demand(panel.place.x >= 0 && panel.place.width >= 1 && panel.place.x + panel.place.width <= 24, "panels stand on the grid")
        for target in panel.targets { demand(target.step > 0 && target.start <= target.end, "times run forward") }
        let frame = panel.frame(from: panel.asked.map { TargetAnswer(ref: $0.ref, series: series) })
        demand(frame.fields.allSatisfy { $0.values.count == frame.length }, "the columns of a frame are equally long")
        var json = JSONWriter()
        frame.write(into: &json)
        demandJSON(json.bytes)
        // Numbers, and names of fields, come beside what is limited.
        demand(
            json.bytes.count <= limits.frameBytes + limits.values * 25 + limits.fields * 4_000 + 20_000,
            "a frame has no more bytes than it may")
        for chunk in frame.csv { demand(!chunk.isEmpty, "a piece of CSV has something in it") }
    }
}

private func demandJSON(_ bytes: [UInt8]) {
    do { _ = try JSONDocument(parsing: bytes, depth: 100) } catch { demand(false, "what is written can be read: \(error)") }
}

/// A match lies within the text, and costs no more than it may.
private func pattern(_ source: String, _ text: String) {
    do {
        let pattern = try Pattern(board: source)
        var budget = limits.patternSteps
        let scalars = Pattern.scalars(text)
        for match in pattern.matches(in: scalars, budget: &budget) {
            for group in match.groups { demand(group.map { $0.upperBound <= scalars.count } ?? true, "a group lies within the text") }
        }
        _ = pattern.replacing(in: text, with: "$1$<a>$&$$", budget: &budget)
    } catch { demandFitForTerminal("\(error)") }
}

private func texts(_ text: String) {
    if let milliseconds = Span.milliseconds(text) {
        let again = Span.milliseconds(Span.text(milliseconds: milliseconds))
        demand(again.map { abs($0 - milliseconds) <= 1 } ?? false, "a span is read as it is written: \(text)")
    }
    if let time = TimePoint.milliseconds(text, now: 1_700_000_000_000, isEnd: true) {
        demand(LocalTime(milliseconds: time).milliseconds == time, "a time is its own calendar's")
    }
    var values = Interpolator(
        values: [
            "a": VariableValue(name: "a", values: ["x\"y", "z"], texts: ["x", "z"], isList: true),
            "b": VariableValue(name: "b", values: [], texts: [], isList: false),
        ], macros: Macros(from: 0, to: 1, interval: 1, rateInterval: 4))
    for style in [Interpolator.Style.query, .words, .content, .address, .plain] { _ = values.text(text, style) }
}
