package import Protobuf

/// Work that goes on behind an answer.
package struct TaskRef: ProtobufMessage {
    /// What TaskStatus is asked with.
    package var id = ""
    package var unknownFields: [UInt8] = []

    package init() {}

    package init(
        id: String = ""
    ) {
        self.id = id
    }

    package static let fields = FieldTable<TaskRef>(
        "provider.v1.TaskRef",
        [
            .field(1, "id", .string, \.id)
        ])
}

/// The answer of a method that has nothing to say but when it is over.
package struct TaskResponse: ProtobufMessage {
    /// Absent when the work is done.
    package var task: TaskRef?
    package var unknownFields: [UInt8] = []

    package init() {}

    package init(
        task: TaskRef? = nil
    ) {
        self.task = task
    }

    package static let fields = FieldTable<TaskResponse>(
        "provider.v1.TaskResponse",
        [
            .optional(1, "task", .message, \.task)
        ])
}

/// A task to be looked at, without waiting for it.
package struct TaskStatusRequest: ProtobufMessage {
    package var task: TaskRef?
    package var unknownFields: [UInt8] = []

    package init() {}

    package init(
        task: TaskRef? = nil
    ) {
        self.task = task
    }

    package static let fields = FieldTable<TaskStatusRequest>(
        "provider.v1.TaskStatusRequest",
        [
            .optional(1, "task", .message, \.task)
        ])
}

/// Whether a task is over.
package struct TaskStatusResponse: ProtobufMessage {
    package var done = false
    /// Why it failed; empty while it runs and when it went well.
    package var error = ""
    package var unknownFields: [UInt8] = []

    package init() {}

    package init(
        done: Bool = false, error: String = ""
    ) {
        self.done = done
        self.error = error
    }

    package static let fields = FieldTable<TaskStatusResponse>(
        "provider.v1.TaskStatusResponse",
        [
            .field(1, "done", .bool, \.done),
            .field(2, "error", .string, \.error),
        ])
}
