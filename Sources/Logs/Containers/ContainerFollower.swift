import Ownership
import Primitives
import Synchronization
import Web

/// Follows the log of one container, on the thread of all such streams, which it holds when the queue is full: then nothing is read of any of them.
final class ContainerFollower: Sendable {
    private struct State {
        var frames: LogFrames
        var lines: ContainerLines
        var streams: [Int: LogStream] = [:]
        var isStrange = false
        var isClosed = false
    }

    private let container: EngineContainer
    private let engine: ContainerEngine
    private let http: HTTPClient
    private let queue: LogQueue
    private let table: StreamTable
    private let tally: LogsTally
    private let lineBytes: Int
    private let containerID: [UInt8]
    private let state: Mutex<State>
    private let since: Int64

    /// A stream is begun anew after that time, as one that hangs is told from one with nothing to say by nothing else.
    private static let streamSeconds = 3600.0

    /// What came of a stream.
    struct Result: Sendable {
        var end: LogStreamEnd
        /// Where to go on.
        var place: ContainerPlace?
        /// The place to go on from was not there.
        var isLost: Bool
        /// What came was no stream of logs.
        var isStrange: Bool
    }

    /// - Parameter lines: knows what was read before.
    /// - Parameter since: seconds since 1970, where the stream is to begin.
    init(
        _ container: EngineContainer, _ lines: ContainerLines, since: Int64, engine: ContainerEngine, http: HTTPClient, queue: LogQueue,
        table: StreamTable, tally: LogsTally, lineBytes: Int
    ) {
        self.container = container
        self.engine = engine
        self.http = http
        self.queue = queue
        self.table = table
        self.tally = tally
        self.lineBytes = lineBytes
        self.since = since
        containerID = Array(container.id.utf8.prefix(12))
        state = Mutex(State(frames: LogFrames(hasTerminal: container.hasTerminal), lines: lines))
    }

    /// Until the stream ends, or the queue is closed.
    func run() async -> Result {
        let end = await engine.logs(of: container.id, since: since, over: http, by: .after(seconds: Self.streamSeconds)) { [self] in
            take($0)
        }
        let left = state.withLock { state in
            // A line without an end is one when nothing more can come.
            end == .ended && !state.isClosed ? state.lines.takeUnfinished() : []
        }
        if !left.isEmpty { await handOn(left) }
        return state.withLock { state in
            Result(end: end, place: state.lines.place, isLost: state.lines.isLost, isStrange: state.isStrange)
        }
    }

    /// False when no more is wanted. Blocks its thread while the queue is full.
    private func take(_ piece: [UInt8]) -> Bool {
        // Pieces come one after the other, so nobody else waits for this lock but who asks at the end.
        let (entries, goesOn): ([LogEntry], Bool) = state.withLock { state in
            var entries: [LogEntry] = []
            var lines = state.lines
            let isGood = state.frames.take(piece) { output, bytes in
                if let line = lines.take(output, bytes) { entries.append(entry(line, &state.streams)) }
            }
            state.lines = lines
            if !isGood { state.isStrange = true }
            return (entries, isGood && !lines.isLost)
        }
        guard queue.put(entries) else {
            state.withLock { $0.isClosed = true }
            return false
        }
        return goesOn
    }

    /// The last of a stream, from a task, which must not be held.
    private func handOn(_ lines: [ContainerLines.Line]) async {
        let entries = state.withLock { state in lines.map { entry($0, &state.streams) } }
        let answer = OneAnswer<Void>()
        do {
            try Thread.start("logs-last") { [self] in
                _ = queue.put(entries)
                answer.give(())
            }
        } catch {
            return
        }
        await answer.value
    }

    private func entry(_ line: ContainerLines.Line, _ streams: inout [Int: LogStream]) -> LogEntry {
        let text = LineText.line(line.text, limit: lineBytes)
        tally.note(read: .containers, lines: 1, bytes: line.text.count, cut: text.isCut ? 1 : 0)
        let level = Level(ofLine: text.line)
        let key = line.output.rawValue << 8 | (level?.rawValue ?? 255)
        let stream: LogStream
        if let known = streams[key] {
            stream = known
        } else {
            stream = table.stream(
                StreamTable.Key(job: "containers", name: "container", value: container.name, output: line.output.word, level: level))
            streams[key] = stream
        }
        var metadata = Metadata()
        metadata.add("container_id", containerID[...])
        if let trace = TraceID.find(in: text.line) { metadata.add("trace_id", trace) }
        return LogEntry(
            stream: stream, time: line.time, line: text.line, metadata: metadata.bytes, place: .container(id: container.id, line.place))
    }
}
