import AwkwardMessages
import Glibc
import Primitives
import Protobuf

/// All of standard input.
func standardInput() -> [UInt8] {
    var all: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 20)
    while true {
        let count = read(STDIN_FILENO, &piece, piece.count)
        guard count > 0 else { return all }
        all += piece[..<count]
    }
}

func give(_ word: String, _ bytes: [UInt8], to output: inout [UInt8]) {
    output += Array("\(word) \(bytes.count)\n".utf8)
    output += bytes
}

/// The answers to all frames; nil when what came is no row of frames.
func answers(_ input: [UInt8]) -> [UInt8]? {
    let types = Dictionary(uniqueKeysWithValues: knownMessages.map { ($0.protobufName, $0) })
    var output: [UInt8] = []
    var rest = input[...]
    while !rest.isEmpty {
        guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        let words = String(decoding: rest[..<end], as: UTF8.self).split(separator: " ")
        rest = rest[(end + 1)...]
        guard words.count == 2, let type = types[String(words[0])], let count = Int(words[1]), (0...rest.count).contains(count) else {
            return nil
        }
        do {
            give("yes", try type.again(Array(rest.prefix(count))), to: &output)
        } catch {
            give("no", Array("\(error)".utf8), to: &output)
        }
        rest = rest.dropFirst(count)
    }
    return output
}

guard let output = answers(standardInput()) else {
    _ = "protobuf-echo: the input must be lines NAME LENGTH, each with so many bytes behind it\n".withCString {
        write(STDERR_FILENO, $0, strlen($0))
    }
    exit(2)
}
var written = 0
while written < output.count {
    let count = output[written...].withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
    guard count > 0 else { exit(1) }
    written += count
}
