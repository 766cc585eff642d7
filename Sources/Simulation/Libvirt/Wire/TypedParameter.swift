/// A named value of one of libvirt's kinds (virTypedParameter).
struct TypedParameter: Sendable, Equatable {
    enum Value: Sendable, Equatable {
        case integer(Int32)
        case unsigned(UInt32)
        case long(Int64)
        case unsignedLong(UInt64)
        case double(Double)
        case boolean(Bool)
        case text(String)
    }

    let name: String
    var value: Value

    init(_ name: String, _ value: Value) {
        self.name = name
        self.value = value
    }

    /// `remote_typed_param`: the name, the number of the kind, the value.
    static func write(_ writer: inout XDRWriter, _ parameter: TypedParameter) {
        writer.string(parameter.name)
        switch parameter.value {
        case .integer(let value):
            writer.integer(Int32(1))
            writer.integer(value)
        case .unsigned(let value):
            writer.integer(Int32(2))
            writer.unsignedInteger(value)
        case .long(let value):
            writer.integer(Int32(3))
            writer.hyper(value)
        case .unsignedLong(let value):
            writer.integer(Int32(4))
            writer.unsignedHyper(value)
        case .double(let value):
            writer.integer(Int32(5))
            writer.double(value)
        case .boolean(let value):
            writer.integer(Int32(6))
            writer.boolean(value)
        case .text(let value):
            writer.integer(Int32(7))
            writer.string(value)
        }
    }
}
