import AwkwardMessages
import FuzzSupport
import Primitives
import Protobuf

// Bytes as every message there is: what was read is written, what was written reads the same, and nothing is lost of what is unknown.

/// libFuzzer's door: one input. Always 0, or the program ends.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let input = Input(start, count)
    let type = knownMessages[Int(input.choice) % knownMessages.count]
    judge(input.bytes, as: type)
    return 0
}

private func judge<Message: ProtobufMessage>(_ bytes: [UInt8], as type: Message.Type) {
    let message: Message
    do {
        message = try Message(protobuf: bytes)
    } catch {
        demandFitForTerminal(error.message)
        demand(error.message.hasPrefix("not a message "), "an error says of which message: \(error.message)")
        demand(error.code == .malformed || error.code == .limit, "what is no message is malformed or too deep")
        return
    }
    let written = message.protobuf
    demand(message.protobuf == written, "a message is written the same each time")
    // A negative int32 may come in five bytes and is written in ten, and an entry may come without its key and its value.
    demand(written.count <= 10 * bytes.count, "what is written is not much longer than what was read: \(written.count), \(bytes.count)")
    do {
        let again = try Message(protobuf: written)
        demand(again.protobuf == written, "what was written reads the same")
        demand(again.unknownFields == message.unknownFields, "what is unknown stays so")
    } catch {
        demand(false, "what was written can be read: \(error)")
    }
    // Two messages behind each other are one, merged.
    do {
        let twice = try Message(protobuf: written + written)
        let merged = twice.protobuf
        demand(try Message(protobuf: merged).protobuf == merged, "a merged message reads the same")
    } catch {
        demand(false, "a message twice is a message: \(error)")
    }
}
