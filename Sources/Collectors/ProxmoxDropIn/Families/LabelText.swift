import JSON

extension JSONValue {
    /// A value as the label that it has always been: 0 and 1 as digits, true as `True`, null as `None`, text as it stands.
    var labelText: String {
        if isNull { return "None" }
        guard let text = shortText else { return "" }
        // Text that says "true" is no number; the value true is one.
        if number != nil, text == "true" || text == "false" { return text == "true" ? "True" : "False" }
        return text
    }

    /// The text, cut where no honest one reaches.
    var shortText: String? {
        text.map { $0.utf8.count <= Self.limit ? $0 : String(decoding: $0.utf8.prefix(Self.limit), as: UTF8.self) }
    }

    /// Longer than any honest name; each stands in many label sets.
    private static let limit = 8192
}
