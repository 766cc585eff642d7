package import Protobuf

/// Whether the provider works and reaches its hypervisor.
package struct ValidateRequest: ProtobufMessage {
    package var unknownFields: [UInt8] = []

    package init() {}

    package static let fields = FieldTable<ValidateRequest>("provider.v1.ValidateRequest", [])
}

/// What came of looking at the hypervisor.
package struct ValidateResponse: ProtobufMessage {
    package var ok = false
    /// For a person: what is wrong, or what was found.
    package var message = ""
    package var unknownFields: [UInt8] = []

    package init() {}

    package init(
        ok: Bool = false, message: String = ""
    ) {
        self.ok = ok
        self.message = message
    }

    package static let fields = FieldTable<ValidateResponse>(
        "provider.v1.ValidateResponse",
        [
            .field(1, "ok", .bool, \.ok),
            .field(2, "message", .string, \.message),
        ])
}
