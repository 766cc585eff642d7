import FuzzSupport
import JSON
import Primitives
@testable import Simulation
import Web

// What a simulated Loki is pushed and asked: it answers with sense, and keeps no more than it may.

private let now = 1_795_320_000.0

/// libFuzzer's door: one input. Always 0, or the program ends.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let input = Input(start, count)
    switch input.choice % 4 {
    case 0: query(input.text)
    case 1: push(input.bytes)
    case 2: question(input.bytes)
    default: selection(input.bytes)
    }
    return 0
}

private let labels = [LokiPush.Label(name: "job", value: "journal"), LokiPush.Label(name: "unit", value: "ssh.service")]

private func query(_ text: String) {
    do throws(Failure) {
        let query = try LogQuery(parsing: text)
        demand(!query.accepts([]), "a stream without labels is nobody's: \(text.debugDescription)")
        demand(query.matchers.count <= 32 && query.filters.count <= 32, "a query is short")
        _ = query.accepts(labels)
        for line in ["", "a", "error: no such file"] { _ = query.accepts(line: Array(line.utf8)) }
        // A text that stands behind it in quotes is one filter more, which only takes away.
        if query.filters.count < 32, let narrow = try? LogQuery(parsing: text + " |= `error`") {
            demand(narrow.matchers.count == query.matchers.count && narrow.filters.count == query.filters.count + 1, "one filter more")
            demand(!narrow.accepts(line: Array("a".utf8)), "a line without the text is left out")
            let line = Array("error: no such file".utf8)
            demand(narrow.accepts(line: line) == query.accepts(line: line), "one with it is not")
        }
    } catch {
        demandFitForTerminal(error.message)
    }
    if let selector = try? LogQuery(selector: text) { demand(selector.filters.isEmpty, "a selector has no filters") }
}

private func store(keptBytes: Int = 2_000) -> LokiStore {
    var limits = LokiLimits()
    limits.keptBytes = keptBytes
    limits.lineBytes = 200
    limits.streams = 4
    return LokiStore(limits, clock: WallClock { now })
}

private func push(_ bytes: [UInt8]) {
    let push: LokiPush
    do throws(Failure) { push = try LokiPush(parsing: bytes) } catch { return demandFitForTerminal(error.message) }
    let store = store()
    let sent = push.streams.reduce(0) { $0 + $1.entries.count }
    for _ in 0..<2 {
        let before = store.counts
        let verdict = store.take(push)
        let counts = store.counts
        let refused = counts.refused.values.reduce(0, +) - before.refused.values.reduce(0, +)
        demand(
            counts.lines + counts.repeated - before.lines - before.repeated + refused == sent,
            "each line is stored, there already or refused: \(counts)")
        demand([204, 400, 429].contains(verdict.status), "a verdict")
        demand((verdict.status == 204) == verdict.text.isEmpty, "a refusal says why")
        demand(store.bytes <= store.limits.keptBytes && store.streamCount <= store.limits.streams, "no more is kept than may be")
        if store.bytes == 0 { demand(store.streamCount == 0, "a stream has lines") }
    }
    demand(store.counts.pushes == 2, "both are counted")
    for direction in ["forward", "backward"] {
        ask(store, [("query", #"{job=~".+"}"#), ("start", "1790000000"), ("end", "1800000000"), ("limit", "5"), ("direction", direction)])
    }
    demand(LokiAnswers.metrics(store).utf8.count < 10_000, "what is counted has few names")
}

/// A query, as a form.
private func question(_ bytes: [UInt8]) {
    let fields = FormText.pairs(bytes).map { pair in
        (
            String(decoding: FormText.decoded(pair.name).bytes, as: UTF8.self),
            String(decoding: FormText.decoded(pair.value).bytes, as: UTF8.self)
        )
    }
    ask(filled, fields)
}

/// The same query of what a form pushes.
private func selection(_ bytes: [UInt8]) {
    ask(filled, [("query", String(decoding: bytes, as: UTF8.self)), ("start", "1790000000"), ("limit", "7")])
}

/// With lines of two streams.
private let filled: LokiStore = {
    let store = store(keptBytes: 1 << 20)
    func values(_ word: String) -> String {
        let times = [now - 30, now - 20, now - 20, now - 10].map { Int64($0) * 1_000_000_000 }
        return times.enumerated().map { #"["\#($1)","\#(word) \#($0)"]"# }.joined(separator: ",")
    }
    let streams = [
        #"{"stream":{"job":"journal","unit":"ssh.service"},"values":[\#(values("error"))]}"#,
        #"{"stream":{"job":"containers","container":"web"},"values":[\#(values("info"))]}"#,
    ]
    let push = try? LokiPush(parsing: Array(#"{"streams":[\#(streams.joined(separator: ","))]}"#.utf8))
    demand(push.map { store.take($0) } == .stored, "what is good is stored")
    return store
}()

private func ask(_ store: LokiStore, _ fields: [(name: String, value: String)]) {
    let request = HTTPServerRequest(method: "GET", path: "/loki/api/v1/query_range", query: fields)
    do throws(Failure) {
        let question = try LokiQuestion(request, limits: store.limits, now: now)
        demand(question.start <= question.end && question.limit > 0, "a question is one: \(question)")
        for answer in [
            try? LokiAnswers.lines(store, question, isInstant: false), try? LokiAnswers.lines(store, question, isInstant: true),
            try? LokiAnswers.labels(store, question), try? LokiAnswers.values(of: "job", store, question),
            try? LokiAnswers.series(store, question), try? LokiAnswers.statistics(store, question),
        ] {
            guard let answer, case .bytes(let bytes) = answer.body else { continue }
            demand((try? JSONDocument(parsing: bytes)) != nil, "an answer is JSON")
        }
        judge(try LokiAnswers.lines(store, question, isInstant: false), question)
    } catch {
        demandFitForTerminal(error.message)
    }
}

/// Lines of the time that is asked for, in the order and number that is.
private func judge(_ answer: HTTPServerResponse, _ question: LokiQuestion) {
    guard case .bytes(let bytes) = answer.body, let document = try? JSONDocument(parsing: bytes) else { return demand(false, "an answer") }
    var count = 0
    document.withRoot { root in
        root["data"]?["result"]?.forEachElement { stream in
            var last: Int64?
            stream["values"]?.forEachElement { value in
                var parts: [String] = []
                value.forEachElement { parts.append($0.text ?? "") }
                guard parts.count == 2, let time = Int64(parts[0]) else { return demand(false, "a line has a time") }
                demand(time >= question.start && time < question.end, "a line is of the time that is asked for: \(time), \(question)")
                if let last { demand(question.isForward ? last <= time : last >= time, "lines are in the order that is asked for") }
                last = time
                count += 1
            }
        }
    }
    demand(count <= question.limit, "no more lines than are wanted")
}
