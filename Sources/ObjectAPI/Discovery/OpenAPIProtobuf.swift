import Objects

/// A document of OpenAPI 2 in protobuf, the only form in which kubectl reads it: messages of `openapi.v2` as gnostic's OpenAPIv2.proto numbers their fields.
enum OpenAPIProtobuf {
    static func bytes(of document: ObjectValue) -> [UInt8] {
        var message = Message()
        message.text(1, document["swagger"]?.text)
        message.message(2) { info in
            info.text(1, document["info"]?["title"]?.text)
            info.text(2, document["info"]?["version"]?.text)
        }
        message.message(8) { paths in
            for path in document["paths"]?.members ?? ObjectMembers() {
                paths.named(2, path.name) { pathItem(path.value, &$0) }
            }
        }
        message.message(9) { definitions in
            for definition in document["definitions"]?.members ?? ObjectMembers() {
                definitions.named(1, definition.name) { schema(definition.value, &$0) }
            }
        }
        return message.bytes
    }

    /// `PathItem`
    private static func pathItem(_ value: ObjectValue, _ message: inout Message) {
        for (method, field) in [("get", 2), ("put", 3), ("post", 4), ("delete", 5), ("patch", 8)] {
            guard let operation = value[method] else { continue }
            message.message(field) { message in
                for parameter in operation["parameters"]?.list ?? [] {
                    // ParametersItem, Parameter, NonBodyParameter, QueryParameterSubSchema.
                    message.message(8) { item in
                        item.message(1) { parameterMessage in
                            parameterMessage.message(2) { nonBody in
                                nonBody.message(3) { query in
                                    query.text(2, parameter["in"]?.text)
                                    query.text(4, parameter["name"]?.text)
                                    query.text(6, parameter["type"]?.text)
                                }
                            }
                        }
                    }
                }
                // Responses, NamedResponseValue, ResponseValue, Response.
                message.message(9) { responses in
                    responses.named(1, "200") { value in value.message(1) { $0.text(1, "OK") } }
                }
                extensions(13, operation, &message)
            }
        }
    }

    /// `Schema`
    private static func schema(_ value: ObjectValue, _ message: inout Message) {
        message.text(1, value["$ref"]?.text)
        message.text(2, value["format"]?.text)
        message.text(3, value["title"]?.text)
        message.text(4, value["description"]?.text)
        if let standard = value["default"] { message.message(5) { any(standard, &$0) } }
        for (name, field) in [("multipleOf", 6), ("maximum", 7), ("minimum", 9)] { message.double(field, value[name]?.number) }
        for (name, field) in [
            ("maxLength", 11), ("minLength", 12), ("maxItems", 14), ("minItems", 15), ("maxProperties", 17), ("minProperties", 18),
        ] { message.whole(field, value[name]?.whole) }
        message.text(13, value["pattern"]?.text)
        for name in value["required"]?.list ?? [] { message.text(19, name.text) }
        for choice in value["enum"]?.list ?? [] { message.message(20) { any(choice, &$0) } }
        switch value["additionalProperties"] {
        case .flag(let flag): message.message(21) { $0.whole(2, flag ? 1 : 0) }
        case let inner?: message.message(21) { $0.message(1) { schema(inner, &$0) } }
        case nil: break
        }
        if let type = value["type"]?.text { message.message(22) { $0.text(1, type) } }
        if let items = value["items"] { message.message(23) { $0.message(1) { schema(items, &$0) } } }
        for part in value["allOf"]?.list ?? [] { message.message(24) { schema(part, &$0) } }
        if let properties = value["properties"]?.members, !properties.isEmpty {
            message.message(25) { message in
                for property in properties { message.named(1, property.name) { schema(property.value, &$0) } }
            }
        }
        extensions(31, value, &message)
    }

    /// `NamedAny` for each `x-`.
    private static func extensions(_ field: Int, _ value: ObjectValue, _ message: inout Message) {
        for member in value.members ?? ObjectMembers() where member.name.hasPrefix("x-") {
            message.named(field, member.name) { any(member.value, &$0) }
        }
    }

    /// `Any`, whose text is YAML, and so JSON too.
    private static func any(_ value: ObjectValue, _ message: inout Message) {
        message.text(2, String(decoding: value.json, as: UTF8.self) + "\n")
    }

    /// A message as it is written.
    private struct Message {
        private(set) var bytes: [UInt8] = []

        mutating func text(_ field: Int, _ text: String?) {
            guard let text, !text.isEmpty else { return }
            delimited(field, Array(text.utf8))
        }

        mutating func whole(_ field: Int, _ whole: Int64?) {
            guard let whole else { return }
            varint(UInt64(field) << 3)
            varint(UInt64(bitPattern: whole))
        }

        mutating func double(_ field: Int, _ number: Double?) {
            guard let number else { return }
            varint(UInt64(field) << 3 | 1)
            withUnsafeBytes(of: number.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
        }

        mutating func message(_ field: Int, _ body: (inout Message) -> Void) {
            var inner = Message()
            body(&inner)
            delimited(field, inner.bytes)
        }

        /// A pair of a name and a message.
        mutating func named(_ field: Int, _ name: String, _ body: (inout Message) -> Void) {
            message(field) { pair in
                pair.text(1, name)
                pair.message(2, body)
            }
        }

        private mutating func delimited(_ field: Int, _ content: [UInt8]) {
            varint(UInt64(field) << 3 | 2)
            varint(UInt64(content.count))
            bytes += content
        }

        private mutating func varint(_ value: UInt64) {
            var rest = value
            while rest >= 0x80 {
                bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
                rest >>= 7
            }
            bytes.append(UInt8(truncatingIfNeeded: rest))
        }
    }
}
