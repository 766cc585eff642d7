package import Protobuf

/// A machine to be looked at.
package struct DescribeRequest: ProtobufMessage {
    package var id = ""
    /// For providers of several hosts; others pay no heed to it.
    package var targetHostID = ""
    /// Whose the machine must be, for providers of several hosts.
    package var owner: ObjectIdentity?
    package var unknownFields: [UInt8] = []

    package init() {}

    package init(
        id: String = "", targetHostID: String = "", owner: ObjectIdentity? = nil
    ) {
        self.id = id
        self.targetHostID = targetHostID
        self.owner = owner
    }

    package static let fields = FieldTable<DescribeRequest>(
        "provider.v1.DescribeRequest",
        [
            .field(1, "id", .string, \.id),
            .field(2, "target_host_id", .string, \.targetHostID),
            .optional(3, "owner", .message, \.owner),
        ])
}

/// A machine as it is now.
package struct DescribeResponse: ProtobufMessage {
    /// False, with nothing else said, when there is no such machine.
    package var exists = false
    /// On, Off, or what else the provider tells apart.
    package var powerState = ""
    package var ips: [String] = []
    /// Where a person sees its screen.
    package var consoleURL = ""
    /// An object of what else the provider knows.
    package var providerRawJSON = ""
    package var unknownFields: [UInt8] = []

    package init() {}

    package init(
        exists: Bool = false, powerState: String = "", ips: [String] = [], consoleURL: String = "", providerRawJSON: String = ""
    ) {
        self.exists = exists
        self.powerState = powerState
        self.ips = ips
        self.consoleURL = consoleURL
        self.providerRawJSON = providerRawJSON
    }

    package static let fields = FieldTable<DescribeResponse>(
        "provider.v1.DescribeResponse",
        [
            .field(1, "exists", .bool, \.exists),
            .field(2, "power_state", .string, \.powerState),
            .repeated(3, "ips", .string, \.ips),
            .field(4, "console_url", .string, \.consoleURL),
            .field(5, "provider_raw_json", .string, \.providerRawJSON),
        ])
}
