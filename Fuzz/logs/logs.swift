import FuzzSupport
import JSON
@testable import Logs
import Primitives
@testable import Web

// What the journal and container engines tell, what lies on disk of it and what Loki answers; and that what is pushed is what was read.

private let lineBytes = 256

/// libFuzzer's door: one input. Always 0, or the program ends.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let input = Input(start, count)
    // The same bytes are cut in up to 32 ways.
    let size = 1 + Int(input.choice / 8)
    switch input.choice % 8 {
    case 0, 1: journal(input.bytes, pieceBytes: size)
    case 2: containers(input.bytes, hasTerminal: false, pieceBytes: size)
    case 3: containers(input.bytes, hasTerminal: true, pieceBytes: size)
    case 4: places(input.bytes)
    case 5: line(input.bytes)
    case 6: answer(input.bytes)
    default: times(input.text)
    }
    return 0
}

// MARK: the journal

private func entries(_ bytes: [UInt8], pieceBytes: Int) -> [JournalEntry?] {
    // Short, so that longer ones come as well.
    var reader = ExportReader(limit: 64)
    var found: [JournalEntry?] = []
    for first in stride(from: 0, to: bytes.count, by: pieceBytes) {
        bytes[first..<min(first + pieceBytes, bytes.count)].withUnsafeBytes { piece in reader.take(piece) { found.append($0) } }
    }
    return found
}

private func told(_ entry: JournalEntry?) -> [String] {
    guard let entry else { return [] }
    let message = entry.message.map { $0.map { String($0) }.joined(separator: " ") } ?? "none"
    return [
        entry.place.cursor, String(entry.place.microseconds), message, String(entry.isEndless), entry.level?.word ?? "", entry.unit,
        entry.identifier, entry.pid, String(entry.isPIDTold), entry.traceID, entry.container,
    ]
}

private func journal(_ bytes: [UInt8], pieceBytes: Int) {
    let whole = entries(bytes, pieceBytes: max(bytes.count, 1))
    let parts = entries(bytes, pieceBytes: pieceBytes)
    demand(whole.map(told) == parts.map(told), "pieces of \(pieceBytes) bytes are the same entries")
    let streams = StreamTable(labels: [("node", "pve1")], limit: 5)
    var reading = JournalReading(
        streams: streams, lineBytes: lineBytes, ownPID: 7, ownCommand: "martlet", leavesContainers: pieceBytes % 2 == 0)
    let made = whole.compactMap { reading.take($0) }
    let counts = reading.takeCounts()
    demand(counts.skipped.values.reduce(0, +) == whole.count - made.count, "what is left out is counted")
    demand(reading.place?.cursor == whole.last { $0 != nil }??.place.cursor, "the place is that of the last entry")
    // Of each kind of stream one more, of what came when there was no room.
    demand(streams.count <= 5 + 20, "streams are bounded: \(streams.count)")
    push(made)
}

// MARK: containers

/// The lines of a stream, and whether it is none.
private func told(
    _ bytes: [UInt8], hasTerminal: Bool, pieceBytes: Int, _ lines: inout ContainerLines
) -> (lines: [ContainerLines.Line], isStrange: Bool) {
    var frames = LogFrames(hasTerminal: hasTerminal)
    var isStrange = false
    var found: [ContainerLines.Line] = []
    for first in stride(from: 0, to: bytes.count, by: pieceBytes) where !isStrange {
        isStrange = !frames.take(Array(bytes[first..<min(first + pieceBytes, bytes.count)])) { output, text in
            if let line = lines.take(output, text) { found.append(line) }
        }
    }
    return (found, isStrange)
}

private func containers(_ bytes: [UInt8], hasTerminal: Bool, pieceBytes: Int) {
    var whole = ContainerLines(after: nil, lineBytes: lineBytes)
    let (found, isStrange) = told(bytes, hasTerminal: hasTerminal, pieceBytes: max(bytes.count, 1), &whole)
    var parts = ContainerLines(after: nil, lineBytes: lineBytes)
    let again = told(bytes, hasTerminal: hasTerminal, pieceBytes: pieceBytes, &parts)
    demand(isStrange == again.isStrange && found.map(\.text) == again.lines.map(\.text), "pieces of \(pieceBytes) bytes are the same lines")
    demand(found.map(\.place) == again.lines.map(\.place) && found.map(\.time) == again.lines.map(\.time), "in the same places")
    demand(!whole.isLost && whole.place == found.last?.place, "the place is that of the last line")
    // After any line: nothing behind it is missing, or that is known.
    if !found.isEmpty {
        let stop = pieceBytes % found.count
        var rest = ContainerLines(after: found[stop].place, lineBytes: lineBytes)
        let (later, _) = told(bytes, hasTerminal: hasTerminal, pieceBytes: pieceBytes, &rest)
        let missing = found[(stop + 1)...].map(\.text)
        demand(rest.isLost || later.map(\.text).suffix(missing.count).elementsEqual(missing), "behind line \(stop) nothing is missing")
        let isInOrder = zip(found, found.dropFirst()).allSatisfy { $0.place.time <= $1.place.time }
        if isInOrder { demand(!rest.isLost && later.count == missing.count, "and in order of time nothing comes twice") }
    }
    let streams = StreamTable(labels: [], limit: 5)
    let made = (found + whole.takeUnfinished()).map { line in
        let text = LineText.line(line.text, limit: lineBytes)
        let key = StreamTable.Key(
            job: "containers", name: "container", value: "web", output: line.output.word, level: Level(ofLine: text.line))
        var metadata = Metadata()
        if let trace = TraceID.find(in: text.line) { metadata.add("trace_id", trace) }
        return LogEntry(
            stream: streams.stream(key), time: line.time, line: text.line, metadata: metadata.bytes,
            place: .container(id: "c", line.place))
    }
    push(made)
}

// MARK: what is pushed

/// What a reader of JSON finds in it are the same lines, streams by streams and in their order.
private func push(_ entries: [LogEntry]) {
    for entry in entries {
        demand(entry.line.count <= lineBytes, "a line is no longer than the limit")
        demand(String(validating: entry.line, as: UTF8.self) != nil, "a line is UTF-8")
    }
    for hasMetadata in [true, false] {
        let json = PushBody.json(entries[...], hasMetadata: hasMetadata)
        do throws(Failure) {
            if let packed = PushBody.packed(json) {
                demand(try Gunzip.bytes(packed, limitBytes: 1 << 30) == json, "what is packed is the same")
            }
            let pushed = try read(json)
            demand(Set(pushed.map(\.labels)).count == pushed.count, "each stream is there once")
            var wanted: [ObjectIdentifier: [LogEntry]] = [:]
            var order: [ObjectIdentifier] = []
            for entry in entries {
                let stream = ObjectIdentifier(entry.stream)
                if wanted[stream] == nil { order.append(stream) }
                wanted[stream, default: []].append(entry)
            }
            demand(pushed.count == order.count, "as many streams as lines have")
            for (stream, number) in zip(pushed, order) {
                let lines = wanted[number] ?? []
                demand(stream.lines == lines.map { String(decoding: $0.line, as: UTF8.self) }, "the same lines")
                demand(stream.times == lines.map { String($0.time) }, "at the same times")
                let isTold = zip(stream.hasMetadata, lines).allSatisfy { $0 == (hasMetadata && !$1.metadata.isEmpty) }
                demand(isTold, "with their metadata, where those are wanted")
            }
        } catch {
            demand(false, "a push can be read: \(error)")
        }
    }
}

private struct PushedStream {
    var labels = ""
    var lines: [String] = []
    var times: [String] = []
    var hasMetadata: [Bool] = []
}

private func read(_ json: [UInt8]) throws(Failure) -> [PushedStream] {
    var streams: [PushedStream] = []
    try JSONDocument(parsing: json).withRoot { root in
        root["streams"]?.forEachElement { value in
            var stream = PushedStream()
            value["stream"]?.forEachMember { name, value in
                demand(value.isString && !name.text.isEmpty && value.text?.isEmpty == false, "a label is a text: \(name.text)")
                stream.labels += "\(name.text)=\((value.text ?? "").debugDescription) "
            }
            demand(!stream.labels.isEmpty, "a stream has labels")
            value["values"]?.forEachElement { entry in
                var parts: [JSONValue] = []
                entry.forEachElement { parts.append($0) }
                demand(parts.count == 2 || parts.count == 3 && parts[2].isObject, "a line has a time, a text and perhaps metadata")
                stream.times.append(parts[0].text ?? "")
                stream.lines.append(parts[1].text ?? "")
                stream.hasMetadata.append(parts.count == 3)
                if parts.count == 3 { parts[2].forEachMember { _, value in demand(value.isString, "metadata are texts") } }
            }
            streams.append(stream)
        }
    }
    return streams
}

// MARK: other bytes

private func places(_ bytes: [UInt8]) {
    do throws(Failure) {
        let places = try Places(reading: bytes, of: "places.json")
        let written = try Places(reading: places.written, of: "places.json")
        demand(written == places, "what is written reads the same")
        if let journal = places.journal {
            demand(!JournalCommand.arguments(JournalSettings(), from: .cursor(journal.cursor)).isEmpty, "the journal can be asked")
        }
        for place in places.containers.values {
            var lines = ContainerLines(after: place, lineBytes: lineBytes)
            _ = lines.take(.stdout, Array("2026-11-22T23:01:38Z a\n".utf8)[...])
        }
    } catch {
        demandFitForTerminal("\(error)")
    }
}

private func line(_ bytes: [UInt8]) {
    for limit in [64, lineBytes, 8192] {
        let (line, isCut) = LineText.line(bytes, limit: limit)
        demand(line.count <= limit, "a line is no longer than \(limit): \(line.count)")
        demand(String(validating: line, as: UTF8.self) != nil, "a line is UTF-8")
        demand(LineText.line(line, limit: limit).line == line || isCut || line.last == 0x0A, "a good line stays as it is")
    }
    if let trace = TraceID.find(in: bytes) { demand(TraceID.isID(trace), "a trace has an id") }
    _ = Level(ofLine: bytes)
    let unit = String(decoding: bytes, as: UTF8.self)
    let label = UnitName.label(unit)
    demand(label.isEmpty == unit.isEmpty, "a unit has a name")
    demand(UnitName.label(label) == label, "a name is its own name: \(label.debugDescription)")
    let table = StreamTable(labels: [("node", unit)], limit: 1)
    for value in [unit, "a", "b"] {
        let stream = table.stream(StreamTable.Key(job: "journal", name: "unit", value: value))
        demand((try? JSONDocument(parsing: stream.rendered).withRoot { $0["node"]?.text }) == unit, "a label is what it was")
    }
}

/// The first two bytes choose the status, up to a line feed stands `Retry-After`, and behind it the body.
private func answer(_ bytes: [UInt8]) {
    guard bytes.count >= 2 else { return }
    let statuses = [204, 200, 260, 400, 401, 403, 404, 408, 413, 415, 422, 429, 500, 503, 302]
    let parts = bytes.dropFirst(2).split(separator: 0x0A, maxSplits: 1, omittingEmptySubsequences: false)
    let retry = String(decoding: parts.first ?? [], as: UTF8.self)
    let response = HTTPResponse(
        status: statuses[Int(bytes[0]) % statuses.count], reason: "", headers: HTTPHeaders([("Retry-After", retry)]),
        body: Array(parts.count > 1 ? parts[1] : []), connectionsOpened: 0)
    let outcome = PushOutcome(response, now: 1_795_320_000)
    demand(PushOutcome.words.contains(outcome.word), "an outcome has one of few names")
    switch outcome {
    case .stored: demand(response.status == 204, "stored is what Loki says is stored")
    case .tooLarge: break
    case .refused(let refusal):
        demand(PushOutcome.Refusal.reasonWords.contains(refusal.reason), "a refusal has one of few reasons")
        demand(refusal.lines.map { $0 >= 0 } ?? true, "lines can be counted")
        if !refusal.words.isEmpty { demandFitForTerminal(refusal.words) }
    case .later(let obstacle, let seconds):
        demandFitForTerminal(obstacle.words)
        demand(seconds.map { $0 >= 0 && $0.isFinite } ?? true, "a pause is one")
        var backOff = BackOff()
        demand((0...3600).contains(backOff.pause(obstacle.kind, told: seconds)), "and not for ever")
    }
}

private func times(_ text: String) {
    let bytes = Array(text.utf8)
    guard let time = EngineTime.nanoseconds(bytes[...]) else { return }
    demand(time > -400_000_000_000_000 && time / 1_000_000_000 < 7_260_000_000, "a time is one of an engine: \(time)")
    let line = bytes + Array(" x".utf8)
    if bytes.count < 40, !bytes.contains(0x20) { demand(EngineTime.split(line[...])?.time == time, "it stands in front of a line") }
}
