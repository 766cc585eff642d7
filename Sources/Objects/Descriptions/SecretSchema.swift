extension KindSchema {
    static let secret = KindSchema(
        .secret, "Credentials and certificates, which other kinds name.",
        [
            Field("type", .text(atMost: 253), "What is in it, for those who ask.", standard: "Opaque"),
            Field("data", .map(.text(.base64), MapRule(names: .key, atMost: 500)), "Its members, in base64."),
            Field(
                "stringData", .map(.text(atMost: 1_048_576), MapRule(names: .key, atMost: 500)),
                "Members as they are; they are stored in `data`, and never shown here."),
            Field("immutable", .flag, "Whether it may not change any more."),
        ],
        columns: [Column("Type", ".type", "What is in it."), .age],
        fixed: ["data", "immutable"].map { FixedField($0, since: .flag("immutable"), "delete it and make it anew") }
            + [FixedField("type", "delete it and make it anew")],
        settle: takeTexts, rules: check)

    @Sendable private static func takeTexts(_ object: inout APIObject) {
        // What is no text stays where it is said, for the problem that it is.
        guard let texts = object.content["stringData"]?.members, texts.allSatisfy({ $0.value.text != nil }) else { return }
        var data = object.content["data"]?.members ?? ObjectMembers()
        for member in texts {
            if let text = member.value.text { data[member.name] = .text(Base64Text.text(Array(text.utf8))) }
        }
        object.content["data"] = .members(data)
        object.content["stringData"] = nil
    }

    @Sendable private static func check(_ object: APIObject, _ problems: inout [FieldProblem]) {
        let needed: [String] =
            switch object.content["type"]?.text {
            case "kubernetes.io/tls": ["tls.crt", "tls.key"]
            default: []
            }
        for name in needed where object.content["data"]?[name] == nil && object.content["stringData"]?[name] == nil {
            problems.append(FieldProblem("data[\(name)]", .required, "must be said in a Secret of the type kubernetes.io/tls"))
        }
    }
}
