package import Exporting
package import Metrics
package import Primitives
import Synchronization
package import Web

/// Keeps what is logged.
package final class LogLines: Sendable {
    private let bytes = Mutex<[UInt8]>([])

    package init() {}

    package var text: String { String(decoding: bytes.withLock { $0 }, as: UTF8.self) }

    /// Each message as it was written, without the time in front.
    package var lines: [String] {
        text.split(separator: "\n").map { line in
            line.hasPrefix("time=") ? String(line.drop { $0 != " " }.dropFirst()) : String(line)
        }
    }

    /// A logger that writes everything here.
    package var logger: Logger { Logger(level: .debug) { [self] line in bytes.withLock { $0 += line } } }

    /// What a collector sees, with this log.
    package func context(
        http: HTTPClient, fileSystemRoot: String = "", deadlineSeconds: Double = 10, detail: Detail = .all
    ) -> CollectionContext {
        CollectionContext(
            deadline: .after(seconds: deadlineSeconds), detail: detail, fileSystemRoot: fileSystemRoot, http: http, logger: logger)
    }
}
