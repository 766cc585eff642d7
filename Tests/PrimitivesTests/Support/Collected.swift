import Primitives
import Synchronization

/// Collects what is handed to it from any thread.
final class Collected<Element: Sendable>: Sendable {
    private let elements = Mutex<[Element]>([])

    var all: [Element] { elements.withLock { $0 } }

    func add(_ element: Element) { elements.withLock { $0.append(element) } }
}

/// What one call of a logger writes, as text.
func logged(
    _ format: Logger.Format = .logfmt, level: Logger.Level = .debug, at unixSeconds: Double = 1_795_226_645.678,
    _ body: (Logger) -> Void
) -> [String] {
    let written = Collected<[UInt8]>()
    body(Logger(level: level, format: format, clock: .fixed(unixSeconds), write: { written.add($0) }))
    return written.all.map { String(decoding: $0, as: UTF8.self) }
}
