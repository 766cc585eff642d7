/// One line on its way to Loki.
struct LogEntry: Sendable {
    var stream: LogStream
    /// In nanoseconds since 1970.
    var time: Int64
    /// UTF-8, and no longer than the limit.
    var line: [UInt8]
    /// A JSON object of structured metadata, or nothing.
    var metadata: [UInt8] = []
    /// Where its source goes on behind it.
    var place: SourcePlace

    /// What it takes of the queue's room: the line and what surrounds it.
    var bytes: Int { line.count + metadata.count + 200 }
}

/// How far a source has been read.
enum SourcePlace: Sendable, Equatable {
    case journal(JournalPlace)
    case container(id: String, ContainerPlace)
}

/// An entry of the journal.
struct JournalPlace: Sendable, Equatable {
    var cursor: String
    /// When it was written, in microseconds since 1970, for a journal that knows the cursor no more.
    var microseconds: Int64
}

/// A line of a container's log. Podman tells whole seconds, so many lines may bear the same time; those are counted.
struct ContainerPlace: Sendable, Equatable {
    /// The time that the engine tells, in nanoseconds since 1970.
    var time: Int64
    /// Lines of that time up to this one.
    var count: Int
    /// Of this line.
    var hash: UInt64
}
