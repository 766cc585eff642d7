import JSON
import Web

extension HTTPServerRequest {
    /// The parameters of a form or of a JSON object; the real server takes both.
    var bodyFields: [(name: String, value: String)] {
        guard headers["Content-Type"]?.lowercased().hasPrefix("application/json") == true else { return PercentText.form(body) }
        var fields: [(name: String, value: String)] = []
        try? JSONDocument(parsing: body).withRoot { root in
            root.forEachMember { name, value in fields.append((name.text, value.text ?? "")) }
        }
        return fields
    }
}

/// Reads the parameters of a request that may change something, as the schema of the real API would, and keeps what is wrong in them.
struct FieldReader {
    private var values: [String: String] = [:]
    /// By parameter.
    private(set) var errors: [(name: String, text: String)] = []

    /// - Parameter known: the parameters of the schema.
    init(_ request: HTTPServerRequest, known: [String]) {
        for (name, value) in request.query + request.bodyFields {
            if known.contains(name) { values[name] = value } else { complain(name, ProxmoxResponse.notInSchema) }
        }
    }

    func isGiven(_ name: String) -> Bool { values[name] != nil }

    /// What the parameter says, however wrong that may be.
    func raw(_ name: String) -> String? { values[name] }

    mutating func complain(_ name: String, _ text: String) {
        if !errors.contains(where: { $0.name == name }) { errors.append((name, text)) }
    }

    /// - Parameter longest: in characters.
    mutating func text(_ name: String, longest: Int = 2048) -> String? {
        guard let value = values[name] else { return nil }
        if value.count > longest { complain(name, "value may only be \(longest) characters long") }
        return value
    }

    /// A text that must be there, in a form that `check` finds nothing wrong in.
    mutating func required(_ name: String, _ check: (String) -> String?) -> String {
        guard let value = text(name) else {
            complain(name, "property is missing and it is not optional")
            return ""
        }
        if let fault = check(value) { complain(name, fault) }
        return value
    }

    mutating func boolean(_ name: String) -> Bool? {
        switch values[name]?.lowercased() {
        case nil: return nil
        case "0", "no", "off", "false": return false
        case "1", "yes", "on", "true": return true
        default:
            complain(name, "type check ('boolean') failed - got '\(values[name] ?? "")'")
            return nil
        }
    }

    /// Not below 0.
    mutating func integer(_ name: String) -> Int? {
        guard let value = values[name] else { return nil }
        guard let number = Int(value) else {
            complain(name, "type check ('integer') failed - got '\(value)'")
            return nil
        }
        if number < 0 { complain(name, "value must have a minimum value of 0") }
        return max(0, number)
    }

    /// The words of a list that commas, semicolons or spaces separate, each in a form that `check` finds nothing wrong in.
    mutating func list(_ name: String, _ check: (String) -> String?) -> [String] {
        let words = (text(name, longest: 16384) ?? "").split { $0 == "," || $0 == ";" || $0.isWhitespace }.map(String.init)
        if words.count > 64 { complain(name, "the simulated cluster takes no more than 64 at once") }
        for word in words.prefix(64) {
            guard let fault = check(word) else { continue }
            complain(name, "invalid format - \(fault)")
        }
        return Array(words.prefix(64))
    }
}
