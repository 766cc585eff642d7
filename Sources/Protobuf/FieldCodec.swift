import Primitives

/// How one field is written from a message and read into it, whatever the message's type.
///
/// It is made for a stored property of a type by that property's offset, so that a message of that type lies behind every pointer that it is handed.
struct FieldCodec: Sendable {
    let number: Int32
    let write: @Sendable (_ message: UnsafeRawPointer, inout ProtobufWriter) -> Void
    /// False, with nothing read, when the field cannot come as this wire type. `unknown` gets what is not understood.
    let read:
        @Sendable (
            _ message: UnsafeMutableRawPointer, inout ProtobufReader, WireType, _ unknown: inout [UInt8]
        ) throws(Failure) -> Bool

    // The parts of a coding are captured one by one: to reach them through it, its type would be looked up each time.

    static func single<Value>(_ number: Int32, _ coding: Coding<Value>, at offset: Int) -> FieldCodec {
        let (codingWire, isDefault, write, read) = (coding.wire, coding.isDefault, coding.write, coding.read)
        return FieldCodec(number: number) { message, writer in
            let value = message.advanced(by: offset).assumingMemoryBound(to: Value.self)
            guard !isDefault(value.pointee) else { return }
            writer.tag(number, codingWire)
            write(value.pointee, &writer)
        } read: { message, reader, wire, _ throws(Failure) in
            guard wire == codingWire else { return false }
            try read(&message.advanced(by: offset).assumingMemoryBound(to: Value.self).pointee, &reader)
            return true
        }
    }

    static func optional<Value>(_ number: Int32, _ coding: Coding<Value>, at offset: Int) -> FieldCodec {
        let (codingWire, blank, write, read) = (coding.wire, coding.blank, coding.write, coding.read)
        return FieldCodec(number: number) { message, writer in
            guard let value = message.advanced(by: offset).assumingMemoryBound(to: Value?.self).pointee else { return }
            writer.tag(number, codingWire)
            write(value, &writer)
        } read: { message, reader, wire, _ throws(Failure) in
            guard wire == codingWire else { return false }
            let place = message.advanced(by: offset).assumingMemoryBound(to: Value?.self)
            // Taken out while it is read into, so that what it holds is not copied.
            var value = place.pointee ?? blank
            place.pointee = nil
            try read(&value, &reader)
            place.pointee = value
            return true
        }
    }

    /// Of values that have a length.
    static func repeated<Value>(_ number: Int32, _ coding: Coding<Value>, at offset: Int) -> FieldCodec {
        let (blank, write, read) = (coding.blank, coding.write, coding.read)
        return FieldCodec(number: number) { message, writer in
            for value in message.advanced(by: offset).assumingMemoryBound(to: [Value].self).pointee {
                writer.tag(number, .length)
                write(value, &writer)
            }
        } read: { message, reader, wire, _ throws(Failure) in
            guard wire == .length else { return false }
            var value = blank
            try read(&value, &reader)
            message.advanced(by: offset).assumingMemoryBound(to: [Value].self).pointee.append(value)
            return true
        }
    }

    /// Of numbers.
    static func packed<Value>(_ number: Int32, _ coding: Coding<Value>, at offset: Int) -> FieldCodec {
        let (codingWire, blank, write, read) = (coding.wire, coding.blank, coding.write, coding.read)
        return FieldCodec(number: number) { message, writer in
            let values = message.advanced(by: offset).assumingMemoryBound(to: [Value].self).pointee
            guard !values.isEmpty else { return }
            writer.tag(number, .length)
            writer.delimited { writer in
                for value in values { write(value, &writer) }
            }
        } read: { message, reader, wire, _ throws(Failure) in
            let values = message.advanced(by: offset).assumingMemoryBound(to: [Value].self)
            var value = blank
            if wire == codingWire {
                try read(&value, &reader)
                values.pointee.append(value)
                return true
            }
            guard wire == .length else { return false }
            let outer = try reader.enter()
            while !reader.isAtEnd {
                try read(&value, &reader)
                values.pointee.append(value)
            }
            reader.leave(to: outer)
            return true
        }
    }

    static func map<Key: Hashable, Value>(_ number: Int32, _ keys: Coding<Key>, _ values: Coding<Value>, at offset: Int) -> FieldCodec {
        FieldCodec(number: number) { message, writer in
            let entries = message.advanced(by: offset).assumingMemoryBound(to: [Key: Value].self).pointee
            guard !entries.isEmpty else { return }
            for (key, value) in entries.sorted(by: { keys.precedes($0.key, $1.key) }) {
                writer.tag(number, .length)
                writer.delimited { writer in
                    writer.value(1, keys, key)
                    writer.value(2, values, value)
                }
            }
        } read: { message, reader, wire, unknown throws(Failure) in
            guard wire == .length else { return false }
            let before = reader
            let entry = try MapEntry(keys, values, &reader)
            if !entry.unknownFields.isEmpty {
                var writer = ProtobufWriter()
                writer.tag(number, .length)
                writer.delimited { entry.write(keys, values, to: &$0) }
                unknown += writer.bytes
                return true
            }
            let entries = message.advanced(by: offset).assumingMemoryBound(to: [Key: Value].self)
            if let place = entries.pointee.index(forKey: entry.key), !keys.isSame(entries.pointee[place].key, entry.key) {
                reader = before
                return false
            }
            entries.pointee[entry.key] = entry.value
            return true
        }
    }
}
