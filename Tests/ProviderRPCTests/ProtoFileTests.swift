import AwkwardMessages
import Primitives
import Protobuf
import ProviderRPC
import Testing

/// What is said twice: in `proto/` for other languages, and in the tables of this module.
@Suite struct ProtoFileTests {
    /// Messages and enumerations of a .proto by name, each with the lines of its fields.
    struct File {
        var package = ""
        var messages: [String: [String]] = [:]
        var enumerations: Set<String> = []
        var methods: [String] = []

        init(_ text: String) {
            var current = ""
            for line in text.split(separator: "\n") {
                let words = line.split(whereSeparator: { " ;{}()".contains($0) }).map(String.init)
                switch words.first {
                case "//", nil: if line.hasPrefix("}") { current = "" }
                case "package": package = words[1]
                case "message":
                    current = words[1]
                    messages["\(package).\(current)"] = []
                case "enum":
                    enumerations.insert(words[1])
                    current = ""
                case "rpc": methods.append("/\(package).\(current)/\(words[1])")
                case "service": current = words[1]
                case "syntax": break
                default: messages["\(package).\(current)"]?.append(words.joined(separator: " "))
                }
            }
        }

        /// As a table declares the field: other types than numbers, texts and the like are messages, and those are optional.
        func declaration(_ field: String) -> String {
            var words = field.split(separator: " ").map(String.init)
            let place = words.count - 4
            // Of a map, the value's.
            let end = words[place].hasSuffix(">") ? ">" : ""
            let type = String(words[place].dropLast(end.count))
            if enumerations.contains(type) {
                words[place] = "enum\(end)"
            } else if messages.keys.contains("\(package).\(type)") {
                words[place] = words.count == 5 ? "message\(end)" : "optional message"
            }
            return words.joined(separator: " ")
        }
    }

    private static let root = #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" }

    private static func file(_ path: String) throws -> File {
        File(String(decoding: try Files.read("\(root)/\(path)", limitBytes: 1 << 20), as: UTF8.self))
    }

    @Test(arguments: [
        "proto/provider/v1/provider.proto", "proto/martlet/tasks/v1/tasks.proto", "Tests/Support/AwkwardMessages/awkward.proto",
    ])
    func `Each message has the same fields in the .proto and in its table`(_ path: String) throws {
        let file = try Self.file(path)
        let types = knownMessages.filter { $0.protobufName.hasPrefix("\(file.package).") }
        #expect(Set(types.map { $0.protobufName }) == Set(file.messages.keys))
        for type in types {
            let declared = try #require(file.messages[type.protobufName]).map(file.declaration)
            #expect(Set(declared) == Set(type.declaration), "\(type.protobufName)")
        }
    }

    @Test func `Each method of the .proto is one of ours`() throws {
        #expect(try Self.file("proto/provider/v1/provider.proto").methods == ProviderMethod.allCases.map(\.path))
        #expect(try Self.file("proto/martlet/tasks/v1/tasks.proto").methods == ProviderTaskMethod.allCases.map(\.path))
    }
}
