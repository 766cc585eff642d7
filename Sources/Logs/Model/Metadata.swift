import Primitives

/// Structured metadata of a line, written as a JSON object.
struct Metadata {
    private var content: [UInt8] = []

    /// An empty value is none.
    mutating func add(_ name: StaticString, _ value: ArraySlice<UInt8>) {
        guard !value.isEmpty else { return }
        content.append(content.isEmpty ? UInt8(ascii: "{") : UInt8(ascii: ","))
        content.append(UInt8(ascii: "\""))
        content.append(utf8: name)
        content.append(utf8: "\":\"" as StaticString)
        PushBody.append(escaped: Array(value), to: &content)
        content.append(UInt8(ascii: "\""))
    }

    /// Nothing where nothing was added.
    var bytes: [UInt8] { content.isEmpty ? [] : content + [UInt8(ascii: "}")] }
}
