import Web

/// Reads the query of a request as the schema of the real API would, and keeps what is wrong in it.
struct QueryReader {
    let request: HTTPServerRequest
    /// By parameter.
    private(set) var errors: [(name: String, text: String)] = []

    init(_ request: HTTPServerRequest) { self.request = request }

    func text(_ name: String) -> String? { request.parameter(name) }

    /// What is not there is `standard`.
    mutating func boolean(_ name: String, standard: Bool = false) -> Bool {
        switch text(name)?.lowercased() {
        case nil: return standard
        case "0", "no", "off", "false": return false
        case "1", "yes", "on", "true": return true
        default:
            errors.append((name, "type check ('boolean') failed - got '\(text(name) ?? "")'"))
            return standard
        }
    }

    /// Not below 0. What is not there is `standard`.
    mutating func integer(_ name: String, standard: Int) -> Int {
        guard let value = text(name) else { return standard }
        guard let number = Int(value) else {
            errors.append((name, "type check ('integer') failed - got '\(value)'"))
            return standard
        }
        if number < 0 { errors.append((name, "value must have a minimum value of 0")) }
        return max(0, number)
    }

    /// One of the values that a type lists; nil for what is not there.
    mutating func choice<Choice: RawRepresentable & CaseIterable>(_ name: String) -> Choice? where Choice.RawValue == String {
        guard let value = text(name) else { return nil }
        if let choice = Choice(rawValue: value) { return choice }
        let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
        errors.append((name, "value '\(value)' does not have a value in the enumeration '\(known)'"))
        return nil
    }

    /// Below `/dev/`; nil for what is not there or no such path.
    mutating func devicePath(_ name: String) -> String? {
        guard let value = text(name) else { return nil }
        let isPath =
            value.hasPrefix("/dev/") && value.utf8.count > 5
            && value.utf8.dropFirst(5).allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x2F
            }
        if isPath { return value }
        errors.append((name, "value does not match the regex pattern"))
        return nil
    }

    /// The answer when nothing was wrong, else the complaint.
    func answer(_ answer: () -> HTTPServerResponse) -> HTTPServerResponse {
        errors.isEmpty ? answer() : ProxmoxResponse.badParameters(errors)
    }
}
