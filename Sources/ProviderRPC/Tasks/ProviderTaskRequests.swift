package import Protobuf

/// Tasks to be shown; what is left empty chooses none out.
package struct ListTasksRequest: ProtobufMessage {
    package var states: [ProviderTaskState] = []
    /// Methods: Create.
    package var kinds: [String] = []
    package var target = ""
    /// How many at most; the provider's own measure when it is 0.
    package var pageSize: Int32 = 0
    /// From the answer before, asked with the same words; empty for the first page.
    package var pageToken = ""
    package var unknownFields: [UInt8] = []

    package init() {}

    package init(
        states: [ProviderTaskState] = [], kinds: [String] = [], target: String = "", pageSize: Int32 = 0, pageToken: String = ""
    ) {
        self.states = states
        self.kinds = kinds
        self.target = target
        self.pageSize = pageSize
        self.pageToken = pageToken
    }

    package static let fields = FieldTable<ListTasksRequest>(
        "martlet.tasks.v1.ListTasksRequest",
        [
            .repeated(1, "states", .enumeration, \.states),
            .repeated(2, "kinds", .string, \.kinds),
            .field(3, "target", .string, \.target),
            .field(4, "page_size", .int32, \.pageSize),
            .field(5, "page_token", .string, \.pageToken),
        ])
}

/// A page of tasks, the newest first.
package struct ListTasksResponse: ProtobufMessage {
    package var tasks: [ProviderTask] = []
    /// Empty when this is the last page.
    package var nextPageToken = ""
    package var unknownFields: [UInt8] = []

    package init() {}

    package init(
        tasks: [ProviderTask] = [], nextPageToken: String = ""
    ) {
        self.tasks = tasks
        self.nextPageToken = nextPageToken
    }

    package static let fields = FieldTable<ListTasksResponse>(
        "martlet.tasks.v1.ListTasksResponse",
        [
            .repeated(1, "tasks", .message, \.tasks),
            .field(2, "next_page_token", .string, \.nextPageToken),
        ])
}

/// A task to be looked at.
package struct GetTaskRequest: ProtobufMessage {
    package var id = ""
    package var unknownFields: [UInt8] = []

    package init() {}

    package init(
        id: String = ""
    ) {
        self.id = id
    }

    package static let fields = FieldTable<GetTaskRequest>(
        "martlet.tasks.v1.GetTaskRequest",
        [
            .field(1, "id", .string, \.id)
        ])
}

/// A task that shall not go on.
package struct CancelTaskRequest: ProtobufMessage {
    package var id = ""
    package var unknownFields: [UInt8] = []

    package init() {}

    package init(
        id: String = ""
    ) {
        self.id = id
    }

    package static let fields = FieldTable<CancelTaskRequest>(
        "martlet.tasks.v1.CancelTaskRequest",
        [
            .field(1, "id", .string, \.id)
        ])
}
