import Web

/// The parameters of a query: each is known, and stands there once unless it may stand there often. What is made of them is written anew.
struct QueryFields: Sendable {
    /// Longest expression. Boards of the field stay below a tenth of it.
    static let expressionBytes = 64 << 10
    /// Most values of a parameter that may stand there often.
    private static let repeats = 100

    private let fields: [(name: String, value: String)]

    /// - Parameter known: the names that may be there; those that end in `[]` often.
    init(_ fields: [(name: String, value: String)], known: [String]) throws(Refusal) {
        var counts: [String: Int] = [:]
        for field in fields {
            guard known.contains(field.name) else {
                throw Refusal(400, "There is no parameter \(field.name.prefix(40)) here; there are \(known.joined(separator: ", ")).")
            }
            counts[field.name, default: 0] += 1
            guard counts[field.name, default: 0] <= (field.name.hasSuffix("[]") || field.name == "filter" ? Self.repeats : 1) else {
                throw Refusal(400, "The parameter \(field.name) stands there too often.")
            }
            guard field.value.utf8.count <= Self.expressionBytes else {
                throw Refusal(413, "The parameter \(field.name) is longer than 64 KiB.")
            }
        }
        self.fields = fields
    }

    /// The parameters of a GET, or of the form that a POST brings.
    static func of(_ request: HTTPServerRequest) throws(Refusal) -> [(name: String, value: String)] {
        guard request.method == "POST" else { return request.query }
        let type = request.headers["Content-Type"]?.split(separator: ";").first.map { $0.lowercased() }
        guard type == "application/x-www-form-urlencoded", request.query.isEmpty else {
            throw Refusal(415, "A query that is posted comes as a form, application/x-www-form-urlencoded, and with nothing in its URL.")
        }
        guard let form = Form(parsing: request.body) else { throw Refusal(400, "The form has an escape that is none.") }
        return form.fields
    }

    func text(_ name: String) -> String? { fields.first { $0.name == name }?.value }

    func texts(_ name: String) -> [String] { fields.filter { $0.name == name }.map(\.value) }

    /// A plain decimal number.
    func number(_ name: String) throws(Refusal) -> Double? {
        guard let text = text(name) else { return nil }
        let isDecimal = text.utf8.count <= 32 && text.utf8.allSatisfy { (0x30...0x39).contains($0) || "+-.eE".utf8.contains($0) }
        guard isDecimal, let number = Double(text), number.isFinite else {
            throw Refusal(400, "\(name): expected a number in seconds, not \(text.prefix(40)).")
        }
        return number
    }

    func required(_ name: String) throws(Refusal) -> String {
        guard let text = text(name), !text.isEmpty else { throw Refusal(400, "The parameter \(name) is missing.") }
        return text
    }

    func requiredNumber(_ name: String) throws(Refusal) -> Double {
        guard let number = try number(name) else { throw Refusal(400, "The parameter \(name) is missing.") }
        return number
    }

    /// A whole number of the range.
    func count(_ name: String, in range: ClosedRange<Int>) throws(Refusal) -> Int? {
        guard let text = text(name) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw Refusal(400, "\(name): expected a whole number from \(range.lowerBound) to \(range.upperBound), not \(text.prefix(40)).")
        }
        return number
    }
}
