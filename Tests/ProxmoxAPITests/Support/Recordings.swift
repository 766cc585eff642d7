import JSON
import Primitives
import Testing

@testable import ProxmoxAPI

/// Bodies of a real API, as the end-to-end tests replay them.
enum Recordings {
    private static let folder =
        #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined() + "/EndToEnd/recordings/pve-9.2-cluster/"

    /// What a client makes of the answer's `data`.
    static func decode<Value>(_ name: String, _ make: (JSONValue) -> Value?) throws -> Value {
        try #require(decoded(try Files.read(folder + name), make))
    }

    /// Status, reason phrase and path of what was refused; without a body when it was for want of a credential, or of a node.
    static func refusals() throws -> [(status: Int, reason: String, path: String)] {
        let document = try JSONDocument(parsing: try Files.read(folder + "manifest.json"))
        var found: [(status: Int, reason: String, path: String)] = []
        document.withRoot { root in
            root.forEachElement { entry in
                guard let status = entry["status"]?.integer, status != 200 else { return }
                found.append((status, entry["reason"]?.text ?? "", entry["path"]?.text ?? ""))
            }
        }
        return found
    }
}

/// Decodes `{"data": …}`.
func decoded<Value>(_ body: [UInt8], _ make: (JSONValue) -> Value?) throws -> Value? {
    let document = try JSONDocument(parsing: body)
    return document.withRoot { root in root["data"].flatMap(make) }
}

/// Decodes the text of one value.
func decoded<Value>(_ json: String, _ make: (JSONValue) -> Value?) throws -> Value? {
    try decoded(Array("{\"data\":\(json)}".utf8), make)
}
