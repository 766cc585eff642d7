package import Protobuf

/// Where a task stands.
package enum ProviderTaskState: ProtobufEnum {
    case unspecified
    /// Written down, not begun.
    case queued
    case running
    case succeeded
    case failed
    case cancelled
    /// A number that this version has no name for.
    case other(Int32)

    package init(rawValue: Int32) {
        self =
            switch rawValue {
            case 0: .unspecified
            case 1: .queued
            case 2: .running
            case 3: .succeeded
            case 4: .failed
            case 5: .cancelled
            default: .other(rawValue)
            }
    }

    package var rawValue: Int32 {
        switch self {
        case .unspecified: 0
        case .queued: 1
        case .running: 2
        case .succeeded: 3
        case .failed: 4
        case .cancelled: 5
        case .other(let number): number
        }
    }
}

/// A task as it is now.
package struct ProviderTask: ProtobufMessage {
    package var id = ""
    /// The method that began it: Create.
    package var kind = ""
    /// What it is done to: a machine's or an image's identifier or name.
    package var target = ""
    package var state: ProviderTaskState = .unspecified
    /// 0 to 1; absent while nobody knows.
    package var progress: Double?
    /// What is being done, for a person.
    package var step = ""
    /// The number of a gRPC status; 0 unless it failed or was cancelled.
    package var code: Int32 = 0
    /// Why it failed.
    package var error = ""
    /// Whether somebody asked to stop it, which may take a while.
    package var isCancelRequested = false
    /// Identifier of what came of it: of a machine, a snapshot, an image or a disk; empty until it is known.
    package var resultID = ""
    /// Since 1970, in UTC.
    package var createdUnixSeconds: Double = 0
    /// Absent before it begins.
    package var startedUnixSeconds: Double?
    /// Absent until it is over.
    package var finishedUnixSeconds: Double?
    package var unknownFields: [UInt8] = []

    package init() {}

    package init(
        id: String = "", kind: String = "", target: String = "", state: ProviderTaskState = .unspecified, progress: Double? = nil,
        step: String = "", code: Int32 = 0, error: String = "", isCancelRequested: Bool = false, resultID: String = "",
        createdUnixSeconds: Double = 0, startedUnixSeconds: Double? = nil, finishedUnixSeconds: Double? = nil
    ) {
        self.id = id
        self.kind = kind
        self.target = target
        self.state = state
        self.progress = progress
        self.step = step
        self.code = code
        self.error = error
        self.isCancelRequested = isCancelRequested
        self.resultID = resultID
        self.createdUnixSeconds = createdUnixSeconds
        self.startedUnixSeconds = startedUnixSeconds
        self.finishedUnixSeconds = finishedUnixSeconds
    }

    package static let fields = FieldTable<ProviderTask>(
        "martlet.tasks.v1.Task",
        [
            .field(1, "id", .string, \.id),
            .field(2, "kind", .string, \.kind),
            .field(3, "target", .string, \.target),
            .field(4, "state", .enumeration, \.state),
            .optional(5, "progress", .double, \.progress),
            .field(6, "step", .string, \.step),
            .field(7, "code", .int32, \.code),
            .field(8, "error", .string, \.error),
            .field(9, "is_cancel_requested", .bool, \.isCancelRequested),
            .field(10, "result_id", .string, \.resultID),
            .field(11, "created_unix_seconds", .double, \.createdUnixSeconds),
            .optional(12, "started_unix_seconds", .double, \.startedUnixSeconds),
            .optional(13, "finished_unix_seconds", .double, \.finishedUnixSeconds),
        ])
}
