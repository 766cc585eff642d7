import JSON

extension JSONValue {
    /// A value as the label that it has always been: 0 and 1 as digits, true as `True`, null as `None`, text as it stands.
    var labelText: String {
        if isNull { return "None" }
        guard let text else { return "" }
        // Text that says "true" is no number; the value true is one.
        if number != nil, text == "true" || text == "false" { return text == "true" ? "True" : "False" }
        return text.utf8.count <= Self.limit ? text : String(decoding: text.utf8.prefix(Self.limit), as: UTF8.self)
    }

    /// Longer than any honest name; each stands in many label sets.
    private static let limit = 8192
}
