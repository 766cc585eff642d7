package import Primitives

/// A message of proto3: a struct, and the table that says which of its properties stands under which number.
package protocol ProtobufMessage: Sendable, Equatable {
    static var fields: FieldTable<Self> { get }

    /// Fields that the table does not have or that came as another wire type, byte for byte. They are written again behind the known ones.
    var unknownFields: [UInt8] { get set }

    /// With the default of every field.
    init()
}

extension ProtobufMessage {
    /// Reads a whole message.
    /// - Throws: `malformed`, naming the message, the field's number and the byte; `limit` when messages stand in messages too deeply.
    package init(protobuf bytes: [UInt8]) throws(Failure) {
        self.init()
        var reader = ProtobufReader(bytes)
        try read(from: &reader)
    }

    /// The message as bytes, the same for the same message: fields by number, entries of maps by key, defaults left out.
    package var protobuf: [UInt8] {
        var writer = ProtobufWriter()
        write(to: &writer)
        return writer.bytes
    }

    func write(to writer: inout ProtobufWriter) {
        let codecs = Self.fields.codecs
        withUnsafePointer(to: self) { codecs.write($0, to: &writer) }
        writer.append(unknownFields)
    }

    /// Merges fields into the message up to the reader's end.
    mutating func read(from reader: inout ProtobufReader) throws(Failure) {
        let codecs = Self.fields.codecs
        var unknown = unknownFields
        // Only one may hold them, so that what is added is not added to a copy.
        unknownFields = []
        try withUnsafeMutablePointer(to: &self) { message throws(Failure) in
            try codecs.read(message, from: &reader, unknown: &unknown)
        }
        unknownFields = unknown
    }
}
