import Protobuf

/// Which service one wants to know about; empty for the server. The message of grpc.health.v1.
struct HealthCheckRequest: ProtobufMessage {
    var service = ""
    var unknownFields: [UInt8] = []

    static let fields = FieldTable<HealthCheckRequest>("grpc.health.v1.HealthCheckRequest", [.field(1, "service", .string, \.service)])
}

extension HealthBook.Status {
    /// A `HealthCheckResponse` that says so: its field 1, an enumeration.
    var message: [UInt8] { [0x08, rawValue] }
}
