import Primitives

/// A table of fields without the type of the message, for what is done with each message.
final class FieldCodecs: Sendable {
    let message: String
    let inOrder: [FieldCodec]
    /// Where in `inOrder` a field stands, by its number; nearly all messages number their fields without gaps.
    private let places: [Int32: Int]
    private let isDense: Bool

    init(message: String, inOrder: [FieldCodec]) {
        self.message = message
        self.inOrder = inOrder
        places = Dictionary(inOrder.enumerated().map { ($1.number, $0) }) { first, _ in first }
        isDense = inOrder.enumerated().allSatisfy { $1.number == Int32($0 + 1) }
    }

    private func place(of number: Int32) -> Int? {
        isDense ? (number >= 1 && number <= inOrder.count ? Int(number) - 1 : nil) : places[number]
    }

    func write(_ message: UnsafeRawPointer, to writer: inout ProtobufWriter) {
        for codec in inOrder { codec.write(message, &writer) }
    }

    /// Merges fields into the message up to the reader's end.
    /// - Parameter unknown: gets, byte for byte, what the table does not have or what came as another wire type.
    func read(_ message: UnsafeMutableRawPointer, from reader: inout ProtobufReader, unknown: inout [UInt8]) throws(Failure) {
        let outer = reader.place
        reader.place = ProtobufReader.Place(message: self.message, number: 0)
        while !reader.isAtEnd {
            let start = reader.position
            let tag = try reader.tag()
            if let place = place(of: tag.number), try inOrder[place].read(message, &reader, tag.wire, &unknown) { continue }
            try reader.skip(tag)
            unknown += reader.bytes(from: start)
        }
        reader.place = outer
    }
}
