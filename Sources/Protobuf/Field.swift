import Primitives

/// One field of a message: its number, its name, and how it is written and read.
package struct Field<Message: ProtobufMessage>: Sendable {
    /// 1 to 2²⁹ − 1.
    package let number: Int32
    /// As in the .proto.
    package let name: String
    /// As the .proto says it: `repeated string`.
    package let type: String
    let codec: FieldCodec

    /// A field that is not written while it has its type's default.
    package static func field<Value>(_ number: Int32, _ name: String, _ coding: Coding<Value>, _ path: WritableKeyPath<Message, Value>)
        -> Field
    {
        Field(number: number, name: name, type: coding.name, codec: .single(number, coding, at: offset(of: path)))
    }

    /// A field that is absent or there, default or not: what the .proto calls optional, and every field that is a message.
    package static func optional<Value>(
        _ number: Int32, _ name: String, _ coding: Coding<Value>, _ path: WritableKeyPath<Message, Value?>
    ) -> Field {
        Field(number: number, name: name, type: "optional \(coding.name)", codec: .optional(number, coding, at: offset(of: path)))
    }

    /// Any number of values, packed when they are numbers; read either way.
    package static func repeated<Value>(
        _ number: Int32, _ name: String, _ coding: Coding<Value>, _ path: WritableKeyPath<Message, [Value]>
    ) -> Field {
        let codec: FieldCodec =
            coding.wire == .length ? .repeated(number, coding, at: offset(of: path)) : .packed(number, coding, at: offset(of: path))
        return Field(number: number, name: name, type: "repeated \(coding.name)", codec: codec)
    }

    /// Entries by key. Of a key that comes twice, the last counts.
    ///
    /// Two kinds of entries are not understood and stay among the unknown fields, so that none is lost on the way through: one with more in it than a
    /// key and a value, as with Python; and one whose key looks like another's and is other bytes (é, and e with an accent), which to a Dictionary are
    /// one.
    package static func map<Key: Hashable, Value>(
        _ number: Int32, _ name: String, _ keys: Coding<Key>, _ values: Coding<Value>, _ path: WritableKeyPath<Message, [Key: Value]>
    ) -> Field {
        Field(
            number: number, name: name, type: "map<\(keys.name), \(values.name)>", codec: .map(number, keys, values, at: offset(of: path)))
    }

    /// Where in a message the property is: key paths themselves are too slow for each field of each message.
    private static func offset<Value>(of path: WritableKeyPath<Message, Value>) -> Int {
        guard let offset = MemoryLayout<Message>.offset(of: path) else {
            preconditionFailure("a field of \(Message.self) is no stored property")
        }
        return offset
    }
}
