/// An enumeration of proto3: any number may come, also one without a name.
package protocol ProtobufEnum: Sendable, Hashable {
    var rawValue: Int32 { get }

    init(rawValue: Int32)
}
