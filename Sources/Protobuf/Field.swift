import Primitives

/// One field of a message: its number, its name, and how it is written and read.
package struct Field<Message: ProtobufMessage>: Sendable {
    /// 1 to 2²⁹ − 1.
    package let number: Int32
    /// As in the .proto.
    package let name: String
    /// As the .proto says it: `repeated string`.
    package let type: String
    let write: @Sendable (_ message: Message, inout ProtobufWriter) -> Void
    /// False, with nothing read, when the field cannot come as this wire type.
    let read: @Sendable (_ message: inout Message, inout ProtobufReader, WireType) throws(Failure) -> Bool

    /// A field that is not written while it has its type's default.
    package static func field<Value>(
        _ number: Int32, _ name: String, _ coding: Coding<Value>, _ path: any WritableKeyPath<Message, Value> & Sendable
    ) -> Field {
        Field(number: number, name: name, type: coding.name) { message, writer in
            let value = message[keyPath: path]
            guard !coding.isDefault(value) else { return }
            writer.value(number, coding, value)
        } read: { message, reader, wire throws(Failure) in
            guard wire == coding.wire else { return false }
            try coding.read(&message[keyPath: path], &reader)
            return true
        }
    }

    /// A field that is absent or there, default or not: what the .proto calls optional, and every field that is a message.
    package static func optional<Value>(
        _ number: Int32, _ name: String, _ coding: Coding<Value>, _ path: any WritableKeyPath<Message, Value?> & Sendable
    ) -> Field {
        Field(number: number, name: name, type: "optional \(coding.name)") { message, writer in
            guard let value = message[keyPath: path] else { return }
            writer.value(number, coding, value)
        } read: { message, reader, wire throws(Failure) in
            guard wire == coding.wire else { return false }
            // Taken out while it is read into, so that what it holds is not copied.
            var value = message[keyPath: path] ?? coding.blank
            message[keyPath: path] = nil
            try coding.read(&value, &reader)
            message[keyPath: path] = value
            return true
        }
    }

    /// Any number of values, packed when they are numbers; read either way.
    package static func repeated<Value>(
        _ number: Int32, _ name: String, _ coding: Coding<Value>, _ path: any WritableKeyPath<Message, [Value]> & Sendable
    ) -> Field {
        Field(number: number, name: name, type: "repeated \(coding.name)") { message, writer in
            let values = message[keyPath: path]
            guard !values.isEmpty else { return }
            if coding.wire == .length {
                for value in values {
                    writer.value(number, coding, value)
                }
            } else {
                writer.tag(number, .length)
                writer.delimited { writer in
                    for value in values { coding.write(value, &writer) }
                }
            }
        } read: { message, reader, wire throws(Failure) in
            if wire == coding.wire {
                var value = coding.blank
                try coding.read(&value, &reader)
                message[keyPath: path].append(value)
                return true
            }
            guard wire == .length else { return false }
            let outer = try reader.enter()
            while !reader.isAtEnd {
                var value = coding.blank
                try coding.read(&value, &reader)
                message[keyPath: path].append(value)
            }
            reader.leave(to: outer)
            return true
        }
    }

    /// Entries by key. Of a key that comes twice, the last counts.
    ///
    /// Two kinds of entries are not understood and stay among the unknown fields, so that none is lost on the way through: one with more in it than a
    /// key and a value, as with Python; and one whose key looks like another's and is other bytes (é, and e with an accent), which to a Dictionary are
    /// one.
    package static func map<Key: Hashable, Value>(
        _ number: Int32, _ name: String, _ keys: Coding<Key>, _ values: Coding<Value>,
        _ path: any WritableKeyPath<Message, [Key: Value]> & Sendable
    ) -> Field {
        Field(number: number, name: name, type: "map<\(keys.name), \(values.name)>") { message, writer in
            let entries = message[keyPath: path]
            guard !entries.isEmpty else { return }
            for (key, value) in entries.sorted(by: { keys.precedes($0.key, $1.key) }) {
                writer.tag(number, .length)
                writer.delimited { writer in
                    writer.value(1, keys, key)
                    writer.value(2, values, value)
                }
            }
        } read: { message, reader, wire throws(Failure) in
            guard wire == .length else { return false }
            let before = reader
            let entry = try MapEntry(keys, values, &reader)
            if !entry.unknownFields.isEmpty {
                var writer = ProtobufWriter()
                writer.tag(number, .length)
                writer.delimited { entry.write(keys, values, to: &$0) }
                message.unknownFields += writer.bytes
                return true
            }
            if let place = message[keyPath: path].index(forKey: entry.key), !keys.isSame(message[keyPath: path][place].key, entry.key) {
                reader = before
                return false
            }
            message[keyPath: path][entry.key] = entry.value
            return true
        }
    }
}
