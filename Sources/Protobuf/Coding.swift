import Primitives

/// How values of one of proto3's types are written and read.
package struct Coding<Value: Sendable>: Sendable {
    /// As in the .proto.
    package let name: String
    let wire: WireType
    /// The default of the type.
    let blank: Value
    let isDefault: @Sendable (Value) -> Bool
    let write: @Sendable (Value, inout ProtobufWriter) -> Void
    /// Reads over the value, or into it when it is a message.
    let read: @Sendable (inout Value, inout ProtobufReader) throws(Failure) -> Void
    /// The order of entries whose key it is: that of Google's C library, and so of Python, which has the greatest bits first, and of texts the longer
    /// before its beginning. Other languages have others.
    let precedes: @Sendable (Value, Value) -> Bool

    /// Of keys that are equal, whether they are so to the byte.
    func isSame(_ left: Value, _ right: Value) -> Bool { !precedes(left, right) && !precedes(right, left) }

    fileprivate init(
        _ name: String, _ wire: WireType, blank: Value, isDefault: @escaping @Sendable (Value) -> Bool,
        precedes: @escaping @Sendable (Value, Value) -> Bool = { _, _ in false },
        write: @escaping @Sendable (Value, inout ProtobufWriter) -> Void,
        read: @escaping @Sendable (inout Value, inout ProtobufReader) throws(Failure) -> Void
    ) {
        self.name = name
        self.wire = wire
        self.blank = blank
        self.isDefault = isDefault
        self.precedes = precedes
        self.write = write
        self.read = read
    }

    /// Of a whole number that is carried as a varint.
    fileprivate init(
        varint name: String, to bits: @escaping @Sendable (Value) -> UInt64, from value: @escaping @Sendable (UInt64) -> Value
    ) where Value: FixedWidthInteger {
        self.init(
            name, .varint, blank: 0, isDefault: { $0 == 0 },
            precedes: { Value.Magnitude(truncatingIfNeeded: $0) > Value.Magnitude(truncatingIfNeeded: $1) },
            write: { $1.varint(bits($0)) },
            read: { target, reader throws(Failure) in target = value(try reader.varint()) })
    }
}

extension Coding where Value == Int32 {
    /// A negative number takes ten bytes.
    package static var int32: Coding {
        Coding(varint: "int32", to: { UInt64(truncatingIfNeeded: $0) }, from: { Int32(truncatingIfNeeded: $0) })
    }

    package static var sint32: Coding {
        Coding(
            varint: "sint32", to: { UInt64(UInt32(bitPattern: ($0 &<< 1) ^ ($0 &>> 31))) },
            from: { bits in
                let bits = UInt32(truncatingIfNeeded: bits)
                return Int32(bitPattern: (bits &>> 1) ^ (0 &- (bits & 1)))
            })
    }

    package static var sfixed32: Coding {
        Coding(
            "sfixed32", .fixed32, blank: 0, isDefault: { $0 == 0 }, precedes: { UInt32(bitPattern: $0) > UInt32(bitPattern: $1) },
            write: { $1.fixed32(UInt32(bitPattern: $0)) },
            read: { target, reader throws(Failure) in target = Int32(bitPattern: try reader.fixed32()) })
    }
}

extension Coding where Value == Int64 {
    package static var int64: Coding {
        Coding(varint: "int64", to: { UInt64(bitPattern: $0) }, from: { Int64(bitPattern: $0) })
    }

    package static var sint64: Coding {
        Coding(
            varint: "sint64", to: { UInt64(bitPattern: ($0 &<< 1) ^ ($0 &>> 63)) },
            from: { Int64(bitPattern: ($0 &>> 1) ^ (0 &- ($0 & 1))) })
    }

    package static var sfixed64: Coding {
        Coding(
            "sfixed64", .fixed64, blank: 0, isDefault: { $0 == 0 }, precedes: { UInt64(bitPattern: $0) > UInt64(bitPattern: $1) },
            write: { $1.fixed64(UInt64(bitPattern: $0)) },
            read: { target, reader throws(Failure) in target = Int64(bitPattern: try reader.fixed64()) })
    }
}

extension Coding where Value == UInt32 {
    package static var uint32: Coding { Coding(varint: "uint32", to: { UInt64($0) }, from: { UInt32(truncatingIfNeeded: $0) }) }

    package static var fixed32: Coding {
        Coding(
            "fixed32", .fixed32, blank: 0, isDefault: { $0 == 0 }, precedes: { $0 > $1 }, write: { $1.fixed32($0) },
            read: { target, reader throws(Failure) in target = try reader.fixed32() })
    }
}

extension Coding where Value == UInt64 {
    package static var uint64: Coding { Coding(varint: "uint64", to: { $0 }, from: { $0 }) }

    package static var fixed64: Coding {
        Coding(
            "fixed64", .fixed64, blank: 0, isDefault: { $0 == 0 }, precedes: { $0 > $1 }, write: { $1.fixed64($0) },
            read: { target, reader throws(Failure) in target = try reader.fixed64() })
    }
}

extension Coding where Value == Bool {
    package static var bool: Coding {
        Coding(
            "bool", .varint, blank: false, isDefault: { !$0 }, precedes: { $0 && !$1 }, write: { $1.varint($0 ? 1 : 0) },
            read: { target, reader throws(Failure) in target = try reader.varint() != 0 })
    }
}

extension Coding where Value == Float {
    /// Negative zero is no default, as it is other bits.
    package static var float: Coding {
        Coding(
            "float", .fixed32, blank: 0, isDefault: { $0.bitPattern == 0 }, write: { $1.fixed32($0.bitPattern) },
            read: { target, reader throws(Failure) in target = Float(bitPattern: try reader.fixed32()) })
    }
}

extension Coding where Value == Double {
    /// Negative zero is no default, as it is other bits.
    package static var double: Coding {
        Coding(
            "double", .fixed64, blank: 0, isDefault: { $0.bitPattern == 0 }, write: { $1.fixed64($0.bitPattern) },
            read: { target, reader throws(Failure) in target = Double(bitPattern: try reader.fixed64()) })
    }
}

extension Coding where Value == String {
    /// Bytes that are not UTF-8 are refused.
    package static var string: Coding {
        Coding(
            "string", .length, blank: "", isDefault: { $0.isEmpty }, precedes: textPrecedes,
            write: { $1.delimited($0) }, read: { target, reader throws(Failure) in target = try reader.text() })
    }
}

/// By bytes, as Swift's own order takes texts for one that are canonically equivalent.
private func textPrecedes(_ left: String, _ right: String) -> Bool {
    var (left, right) = (left.utf8.makeIterator(), right.utf8.makeIterator())
    while let byte = left.next() {
        guard let other = right.next() else { return true }
        if byte != other { return byte < other }
    }
    return false
}

extension Coding where Value == [UInt8] {
    package static var bytes: Coding {
        Coding(
            "bytes", .length, blank: [], isDefault: { $0.isEmpty }, write: { $1.delimited($0) },
            read: { target, reader throws(Failure) in target = Array(try reader.delimited()) })
    }
}

extension Coding where Value: ProtobufEnum {
    /// Open, as proto3 has it: a number without a name is kept.
    package static var enumeration: Coding {
        Coding(
            "enum", .varint, blank: Value(rawValue: 0), isDefault: { $0.rawValue == 0 },
            write: { $1.varint(UInt64(truncatingIfNeeded: $0.rawValue)) },
            read: { target, reader throws(Failure) in target = Value(rawValue: Int32(truncatingIfNeeded: try reader.varint())) })
    }
}

extension Coding where Value: ProtobufMessage {
    /// What comes of one message in two pieces is merged.
    package static var message: Coding {
        Coding(
            "message", .length, blank: Value(), isDefault: { _ in false },
            write: { value, writer in writer.delimited { value.write(to: &$0) } },
            read: { target, reader throws(Failure) in
                let outer = try reader.enter()
                try reader.descend()
                try target.read(from: &reader)
                reader.ascend()
                reader.leave(to: outer)
            })
    }
}
