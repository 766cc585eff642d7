import Primitives
import Synchronization

/// The streams that lines belong to: sets of labels, each rendered once.
///
/// Their number is bounded. What comes after shares a stream of its kind, with `other` where the name of a unit or container would stand.
final class StreamTable: Sendable {
    /// What tells streams apart.
    struct Key: Hashable, Sendable {
        var job: String
        /// The label `unit` or `container`, and its value.
        var name = ""
        var value = ""
        /// `stdout` or `stderr` of a container.
        var output = ""
        var level: Level?
    }

    private struct State {
        var numbers: [Key: Int] = [:]
        var rendered: [[UInt8]] = []
        var overflow = 0
    }

    private let labels: [(name: String, value: String)]
    private let limit: Int
    private let state = Mutex(State())

    /// - Parameter labels: of all streams.
    init(labels: [(name: String, value: String)], limit: Int) {
        self.labels = labels
        self.limit = limit
    }

    func number(_ key: Key) -> Int {
        state.withLock { state in
            if let known = state.numbers[key] { return known }
            var key = key
            if state.rendered.count >= limit {
                state.overflow += 1
                key.value = key.value.isEmpty ? "" : "other"
                if let known = state.numbers[key] { return known }
            }
            state.rendered.append(render(key))
            state.numbers[key] = state.rendered.count - 1
            return state.rendered.count - 1
        }
    }

    /// The labels as a JSON object.
    func rendered(_ number: Int) -> [UInt8] { state.withLock { $0.rendered[number] } }

    var count: Int { state.withLock { $0.rendered.count } }
    /// Lines whose unit or container is not told.
    var overflow: Int { state.withLock { $0.overflow } }

    private func render(_ key: Key) -> [UInt8] {
        var pairs = labels + [("job", key.job)]
        if !key.value.isEmpty { pairs.append((key.name, key.value)) }
        if !key.output.isEmpty { pairs.append(("stream", key.output)) }
        if let level = key.level { pairs.append(("level", level.word)) }
        var bytes: [UInt8] = []
        for (name, value) in pairs.sorted(by: { $0.0 < $1.0 }) {
            bytes.append(bytes.isEmpty ? UInt8(ascii: "{") : UInt8(ascii: ","))
            bytes.append(quoted: name)
            bytes.append(UInt8(ascii: ":"))
            bytes.append(quoted: value)
        }
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }
}
