import Primitives

/// An entry of a map on the wire, which is a message with a key and a value.
struct MapEntry<Key: Sendable, Value: Sendable> {
    private(set) var key: Key
    private(set) var value: Value
    private(set) var unknownFields: [UInt8] = []
    private var hasValue = false

    init(_ keys: Coding<Key>, _ values: Coding<Value>, _ reader: inout ProtobufReader) throws(Failure) {
        (key, value) = (keys.blank, values.blank)
        let outer = try reader.enter()
        try reader.descend()
        while !reader.isAtEnd {
            let start = reader.position
            let tag = try reader.tag()
            switch (tag.number, tag.wire) {
            case (1, keys.wire): try keys.read(&key, &reader)
            case (2, values.wire):
                try values.read(&value, &reader)
                hasValue = true
            default:
                try reader.skip(tag)
                unknownFields += reader.bytes(from: start)
            }
        }
        reader.ascend()
        reader.leave(to: outer)
    }

    /// As any message is written, without what is default.
    func write(_ keys: Coding<Key>, _ values: Coding<Value>, to writer: inout ProtobufWriter) {
        if !keys.isDefault(key) { writer.value(1, keys, key) }
        if hasValue, !values.isDefault(value) { writer.value(2, values, value) }
        writer.append(unknownFields)
    }
}
